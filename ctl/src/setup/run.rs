//! The loop: events and answers in, the window drawn. The terminal is as it was whatever becomes of it: left, a signal, a panic.

use super::draw::draw;
use super::form::Choosable;
use super::jobs::{Job, Jobs, Told};
use super::theme::Theme;
use super::window::{Act, Window};
use super::words::Words;
use crate::error::Error;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{
    self, DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, Event, KeyEventKind,
};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    self, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use std::io::{self, Stdout, stdout};
use std::mem::ManuallyDrop;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{Builder, sleep};
use std::time::Duration;

/// How long a key is waited for before answers are looked at.
const TICK: Duration = Duration::from_millis(50);

/// How long the loop has to end after it was told to.
const ENDS_WITHIN: Duration = Duration::from_secs(3);

/// The most events before it is drawn again.
const AT_ONCE: usize = 256;

/// The terminal while the window has it.
struct Held {
    /// Dropped by nobody: its own end writes to stderr where the terminal is gone, which is a panic where stderr is that terminal.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
}

impl Held {
    fn take() -> io::Result<Self> {
        enable_raw_mode()?;
        let held = execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, EnableMouseCapture).and_then(|()| {
            Terminal::with_options(CrosstermBackend::new(stdout()), TerminalOptions { viewport: viewport()? })
        });
        held.map(|terminal| Self { terminal: ManuallyDrop::new(terminal) }).inspect_err(|_| give_back())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        give_back();
    }
}

/// All of the terminal; of a serial line, which says 0 by 0, what such lines have.
fn viewport() -> io::Result<Viewport> {
    let (width, height) = terminal::size()?;
    Ok(if width == 0 || height == 0 { Viewport::Fixed(Rect::new(0, 0, 80, 24)) } else { Viewport::Fullscreen })
}

/// Whether the terminal is gone: not every one that goes sends SIGHUP.
fn is_gone() -> bool {
    let stdin = io::stdin();
    let mut asked = [PollFd::new(stdin.as_fd(), PollFlags::empty())];
    let gone = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
    let is_told = poll(&mut asked, PollTimeout::ZERO).is_ok_and(|told| told > 0);
    is_told && asked.iter().any(|one| one.revents().is_some_and(|is| is.intersects(gone)))
}

/// As far as it goes: who is gone has no terminal to give back.
fn give_back() {
    let _ = execute!(stdout(), DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}

/// Told to end, by whoever may: then the terminal is given back first.
fn told_to_end() -> Arc<AtomicBool> {
    let mut signals = SigSet::empty();
    [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT]
        .into_iter()
        .for_each(|signal| signals.add(signal));
    let ends = Arc::new(AtomicBool::new(false));
    // Before any other thread is there, which has it from this one. Where it fails, a signal ends the process as it always did.
    if signals.thread_block().is_ok() {
        let told = Arc::clone(&ends);
        let _waits = Builder::new().name(String::from("signals")).spawn(move || {
            if signals.wait().is_ok() {
                told.store(true, Ordering::Relaxed);
                // The loop looks between two events. One that does not, since nobody reads what it draws, is not waited for.
                sleep(ENDS_WITHIN);
                let _ = disable_raw_mode();
                let _ = kill(Pid::this(), Signal::SIGKILL);
            }
        });
    }
    ends
}

/// Runs the window until it is left.
pub(crate) fn run(
    (config, runtime_dir): (&Path, &Path),
    (text, providers): (&str, Vec<Choosable>),
    (words, theme): (Words, Theme),
    save: &mut dyn FnMut(&mut Window, super::window::Save),
) -> Result<(), Error> {
    let failed = |why| Error::File { what: "cannot draw on the terminal of", path: config.to_owned(), why };
    let ends = told_to_end();
    let (sender, answers) = channel();
    let jobs = Jobs::new(runtime_dir, sender);
    jobs.start(Job::Health);
    let mut window = Window::new(text, providers, words);
    let mut held = Held::take().map_err(failed)?;
    while !ends.load(Ordering::Relaxed) && !is_gone() {
        let mut size = Rect::ZERO;
        let drawn = held.terminal.draw(|frame| {
            size = frame.area();
            draw(&mut window, theme, frame);
        });
        drawn.map_err(failed)?;
        for act in wait(&mut window, &answers, (size.width, size.height)).map_err(failed)? {
            match act {
                Act::Start(job) => jobs.start(job),
                Act::Save(how) => save(&mut window, how),
                Act::Exit => return Ok(()),
            }
        }
    }
    drop(held);
    Err(Error::Refused(vec![String::from("the window was told to end; what was not saved is not saved")]))
}

/// What happens next: keys, what was pasted, another size, answers.
fn wait(window: &mut Window, answers: &Receiver<Told>, size: (u16, u16)) -> io::Result<Vec<Act>> {
    let mut acts = Vec::new();
    let mut patience = TICK;
    for _ in 0..AT_ONCE {
        if !event::poll(patience)? {
            break;
        }
        patience = Duration::ZERO;
        match event::read()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => acts.extend(window.key(key)),
            Event::Paste(text) => window.paste(&text),
            Event::Mouse(event) => acts.extend(window.mouse(event, size)),
            Event::Key(_) | Event::Resize(..) | Event::FocusGained | Event::FocusLost => {}
        }
        // What comes after it, comes after what it does.
        if !acts.is_empty() {
            break;
        }
    }
    while let Ok(told) = answers.try_recv() {
        acts.extend(window.told(told));
    }
    Ok(acts)
}
