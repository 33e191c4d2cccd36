//! The loop: events and answers in, the window drawn. The terminal is as it was whatever becomes of it: left, a signal, a panic.

use super::draw::draw;
use super::form::Choosable;
use super::jobs::{Job, Jobs, Told};
use super::theme::Theme;
use super::window::{Act, Window};
use super::words::Words;
use crate::error::Error;
use nix::sys::signal::{SigSet, Signal};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{
    self, DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, Event, KeyEventKind,
};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use std::io::{self, Stdout, stdout};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::Builder;
use std::time::Duration;

/// How long a key is waited for before answers are looked at.
const TICK: Duration = Duration::from_millis(50);

/// The terminal while the window has it.
struct Held {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Held {
    fn take() -> io::Result<Self> {
        enable_raw_mode()?;
        let held = execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, EnableMouseCapture)
            .and_then(|()| Terminal::new(CrosstermBackend::new(stdout())));
        held.map(|terminal| Self { terminal }).inspect_err(|_| give_back())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        give_back();
    }
}

/// As far as it goes: who is gone has no terminal to give back.
fn give_back() {
    let _ = execute!(stdout(), DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen);
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
    while !ends.load(Ordering::Relaxed) {
        held.terminal.draw(|frame| draw(&mut window, theme, frame)).map_err(failed)?;
        let size = held.terminal.size().map_err(failed)?;
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
    if event::poll(TICK)? {
        match event::read()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => acts = window.key(key),
            Event::Paste(text) => window.paste(&text),
            Event::Mouse(event) => acts = window.mouse(event, size),
            Event::Key(_) | Event::Resize(..) | Event::FocusGained | Event::FocusLost => {}
        }
    }
    while let Ok(told) = answers.try_recv() {
        acts.extend(window.told(told));
    }
    Ok(acts)
}
