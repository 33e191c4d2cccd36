//! Which editor, and a run of it at this terminal. It is no shell's business: the words are split at spaces and nowhere else.

use crate::error::Error;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, ExitStatus};

/// In the order of sudoedit(8) and visudo(8).
const NAMES: [&str; 3] = ["SUDO_EDITOR", "VISUAL", "EDITOR"];
/// Debian's choice, and what POSIX has.
const USUAL: [&str; 2] = ["editor", "vi"];

/// Runs it on a file until its end; `config` is what an error is about.
pub(super) fn run(file: &Path, config: &Path) -> Result<(), Error> {
    let unfit = |why: String| Error::Unfit { path: config.to_owned(), why };
    let status = match wanted() {
        Some(words) => {
            let program = words.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
            start(&words, file)
                .map_err(|why| unfit(format!("cannot run the editor {program}: {why}; nothing was changed")))?
        }
        None => {
            usual(file).map_err(|why| unfit(format!("no editor was found ({why}); set EDITOR; nothing was changed")))?
        }
    };
    if status.success() {
        return Ok(());
    }
    Err(unfit(format!("the editor ended with an error ({status}), so its text is not taken; nothing was changed")))
}

#[expect(
    clippy::disallowed_methods,
    reason = "which editor is for the environment to say, as with visudo; nothing else is read"
)]
fn wanted() -> Option<Vec<OsString>> {
    let set = NAMES.into_iter().find_map(|name| std::env::var_os(name).filter(|value| !value.is_empty()))?;
    let words: Vec<OsString> = match set.to_str() {
        Some(text) => text.split_whitespace().map(OsString::from).collect(),
        None => vec![set],
    };
    (!words.is_empty()).then_some(words)
}

fn usual(file: &Path) -> std::io::Result<ExitStatus> {
    let mut last = std::io::Error::from(ErrorKind::NotFound);
    for name in USUAL {
        match start(&[OsString::from(name)], file) {
            Err(why) if why.kind() == ErrorKind::NotFound => last = why,
            ended => return ended,
        }
    }
    Err(last)
}

fn start(words: &[OsString], file: &Path) -> std::io::Result<ExitStatus> {
    let (program, arguments) = words.split_first().ok_or(ErrorKind::NotFound)?;
    let _held = Held::hold()?;
    Command::new(program).args(arguments).arg(file).status()
}

/// Keys that end programs are the editor's while it runs (std gives it an empty mask): they must not end us and leave a copy behind.
struct Held {
    keys: SigSet,
    arrived: SignalFd,
}

impl Held {
    fn hold() -> std::io::Result<Self> {
        let keys: SigSet = [Signal::SIGINT, Signal::SIGQUIT].into_iter().collect();
        keys.thread_block()?;
        let arrived = SignalFd::with_flags(&keys, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        Ok(Self { keys, arrived })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // What was pressed there was not for us.
        while let Ok(Some(_)) = self.arrived.read_signal() {}
        let _ = self.keys.thread_unblock();
    }
}
