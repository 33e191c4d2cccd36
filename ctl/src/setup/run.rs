//! The loop: events and answers in, the window drawn. The terminal is as it was whatever becomes of it: left, a signal, a panic.

use super::draw::draw;
use super::form::Choosable;
use super::jobs::{Job, Jobs, Told};
use super::theme::Theme;
use super::window::{Act, Save, Window};
use super::words::Words;
use crate::error::Error;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{MoveTo, Show};
use ratatui::crossterm::event::{
    self, DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, Event, KeyEventKind,
};
use ratatui::crossterm::terminal::{
    self, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{execute, queue};
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use std::io::{self, Stdout, stdout};
use std::mem::ManuallyDrop;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{Builder, sleep};
use std::time::Duration;

/// How long a key is waited for before answers, signals and the terminal itself are looked at.
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
        let held = begin().and_then(|()| {
            let viewport = Viewport::Fixed(area()?);
            Terminal::with_options(CrosstermBackend::new(stdout()), TerminalOptions { viewport })
        });
        held.map(|terminal| Self { terminal: ManuallyDrop::new(terminal) }).inspect_err(|_| give_back())
    }
}

fn begin() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, EnableMouseCapture)
}

impl Held {
    /// Stops, as the shell's ^Z does; whoever goes on finds the window as it was.
    fn stop(&mut self) -> io::Result<()> {
        give_back();
        kill(Pid::this(), Signal::SIGSTOP).map_err(io::Error::from)?;
        self.anew()
    }

    /// All of it is drawn again, whatever has become of the terminal. `Terminal::clear` would ask it where the cursor is, and the thread that
    /// reads keys has the answer.
    fn anew(&mut self) -> io::Result<()> {
        begin()?;
        self.terminal.resize(area()?)
    }

    /// Draws the window; how large it is.
    fn draw(&mut self, window: &mut Window, theme: Theme) -> io::Result<Rect> {
        let size = area()?;
        if self.terminal.get_frame().area() != size {
            self.terminal.resize(size)?;
        }
        let _ = self.terminal.draw(|frame| draw(window, theme, frame))?;
        Ok(size)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        give_back();
    }
}

/// All of the terminal; of a serial line, which says 0 by 0, what such lines have; and no more than anybody sees, since room is taken for
/// each place that a terminal says it has.
fn area() -> io::Result<Rect> {
    let size = rustix::termios::tcgetwinsize(stdout())?;
    let (width, height) = (size.ws_col, size.ws_row);
    let is_unknown = width == 0 || height == 0;
    Ok(if is_unknown { Rect::new(0, 0, 80, 24) } else { Rect::new(0, 0, width.min(500), height.min(200)) })
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
    // Where there is no alternate screen, what was shown must not be left on this one; nor what was typed ahead to the shell.
    let (clear, home) = (terminal::Clear(terminal::ClearType::All), MoveTo(0, 0));
    let _ = execute!(stdout(), DisableMouseCapture, DisableBracketedPaste, clear, home, LeaveAlternateScreen, Show);
    let _ = rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
    let _ = disable_raw_mode();
}

/// What signals have asked for.
#[derive(Debug, Default)]
struct Asked {
    ends: AtomicBool,
    stops: AtomicBool,
    goes_on: AtomicBool,
}

/// Told to end or to stop, by whoever may: then the terminal is given back first.
fn signals() -> Arc<Asked> {
    let mut signals = SigSet::empty();
    [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTSTP, Signal::SIGCONT]
        .into_iter()
        .for_each(|signal| signals.add(signal));
    let asked = Arc::new(Asked::default());
    // Before any other thread is there, which has it from this one. Where it fails, a signal does what it always did.
    if signals.thread_block().is_ok() {
        let told = Arc::clone(&asked);
        let waits = move || {
            while let Ok(signal) = signals.wait() {
                if signal == Signal::SIGTSTP {
                    told.stops.store(true, Ordering::Relaxed);
                } else if signal == Signal::SIGCONT {
                    told.goes_on.store(true, Ordering::Relaxed);
                } else {
                    told.ends.store(true, Ordering::Relaxed);
                    sleep(ENDS_WITHIN);
                    end_at_once();
                }
            }
        };
        let _is_there = Builder::new().name(String::from("signals")).spawn(waits);
    }
    asked
}

/// The loop looks between two events. One that does not, since nobody reads what it draws or configd keeps it waiting, is not waited for:
/// what it would do for the terminal is done here, as far as the terminal takes it now.
fn end_at_once() {
    let mut leave = Vec::new();
    let (clear, home) = (terminal::Clear(terminal::ClearType::All), MoveTo(0, 0));
    let _ = queue!(leave, DisableMouseCapture, DisableBracketedPaste, clear, home, LeaveAlternateScreen, Show);
    // Not by `Stdout`, which the loop may hold.
    let terminal = stdout();
    let mut asked = [PollFd::new(terminal.as_fd(), PollFlags::POLLOUT)];
    let takes_it = poll(&mut asked, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
        && asked.iter().any(|one| one.revents().is_some_and(|is| is.contains(PollFlags::POLLOUT)));
    if takes_it {
        let _ = nix::unistd::write(&terminal, &leave);
    }
    let _ = disable_raw_mode();
    let _ = kill(Pid::this(), Signal::SIGKILL);
}

/// What the window is of.
pub(crate) struct Opening<'a> {
    pub(crate) config: &'a Path,
    pub(crate) runtime_dir: &'a Path,
    /// The text of the settings.
    pub(crate) text: &'a str,
    pub(crate) providers: Vec<Choosable>,
    pub(crate) words: Words,
    pub(crate) theme: Theme,
}

/// Runs the window until it is left.
pub(crate) fn run(opening: Opening<'_>, save: &mut dyn FnMut(&mut Window, Save)) -> Result<(), Error> {
    let Opening { config, runtime_dir, text, providers, words, theme } = opening;
    let failed = |why| Error::File { what: "cannot draw on the terminal of", path: config.to_owned(), why };
    let asked = signals();
    let (sender, answers) = channel();
    let jobs = Jobs::new(runtime_dir, sender);
    jobs.start(Job::Health);
    let mut window = Window::new(text, providers, words);
    let mut held = Held::take().map_err(failed)?;
    let events = events().map_err(failed)?;
    let mut size = held.draw(&mut window, theme).map_err(failed)?;
    while !asked.ends.load(Ordering::Relaxed) && !is_gone() {
        if asked.stops.swap(false, Ordering::Relaxed) {
            held.stop().map_err(failed)?;
            size = held.draw(&mut window, theme).map_err(failed)?;
        }
        // Stopped by what nobody can catch: a shell has set the line as it likes it since.
        if asked.goes_on.swap(false, Ordering::Relaxed) {
            held.anew().map_err(failed)?;
            size = held.draw(&mut window, theme).map_err(failed)?;
        }
        let (acts, is_changed) = wait(&mut window, (&events, &answers), size).map_err(failed)?;
        for act in acts {
            match act {
                Act::Start(job) => jobs.start(job),
                Act::Exit => return Ok(()),
                Act::Save(how) => {
                    // configd may take its time. What is typed meanwhile is meant for what is on the screen now, and not for what comes.
                    window.is_saving();
                    let _ = held.draw(&mut window, theme).map_err(failed)?;
                    save(&mut window, how);
                    while events.try_recv().is_ok() {}
                }
            }
        }
        if is_changed {
            size = held.draw(&mut window, theme).map_err(failed)?;
        }
    }
    drop(held);
    Err(Error::Refused(vec![String::from("the window was told to end; what was not saved is not saved")]))
}

/// Keys and the mouse, read by a thread of its own: a sequence that is cut off keeps it waiting, and the window does not wait with it.
fn events() -> io::Result<Receiver<io::Result<Event>>> {
    let (tell, events) = channel();
    let reads = move || {
        loop {
            let event = event::read();
            let is_over = event.is_err();
            if tell.send(event).is_err() || is_over {
                return;
            }
        }
    };
    Builder::new().name(String::from("keys")).spawn(reads)?;
    Ok(events)
}

/// What happens next: keys, what was pasted, another size, answers; and whether anything did.
fn wait(
    window: &mut Window,
    (events, answers): (&Receiver<io::Result<Event>>, &Receiver<Told>),
    size: Rect,
) -> io::Result<(Vec<Act>, bool)> {
    let (mut acts, mut is_changed) = (Vec::new(), false);
    let was_asking = window.is_asking();
    let mut next = match events.recv_timeout(TICK) {
        Ok(event) => Some(event?),
        Err(RecvTimeoutError::Timeout) => {
            window.rest();
            None
        }
        Err(RecvTimeoutError::Disconnected) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
    };
    for _ in 0..AT_ONCE {
        let Some(event) = next.take() else { break };
        is_changed = true;
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => acts.extend(window.key(key)),
            Event::Paste(text) => window.paste(&text),
            Event::Mouse(event) => acts.extend(window.mouse(event, (size.width, size.height))),
            Event::Key(_) | Event::Resize(..) | Event::FocusGained | Event::FocusLost => {}
        }
        // What comes after it, comes after what it does.
        if !acts.is_empty() {
            break;
        }
        // A question that nobody has seen is answered by nobody.
        if window.is_asking() && !was_asking {
            while events.try_recv().is_ok() {}
            break;
        }
        next = events.try_recv().ok().transpose()?;
    }
    while let Ok(told) = answers.try_recv() {
        is_changed = true;
        acts.extend(window.told(told));
    }
    Ok((acts, is_changed))
}
