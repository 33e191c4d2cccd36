//! The mailbox of everyone at `example.test`, as the real Postfix filled it.

#![expect(clippy::expect_used, clippy::panic, reason = "a mail that does not come, or cannot be read, fails the test")]

use crate::wait::{PATIENCE, now};
use mail_parser::MessageParser;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Where Postfix delivers to.
pub const INBOX: &str = "/run/pam-2fa-ns/mail/inbox/new";

/// A mail as it arrived.
#[derive(Debug, Clone)]
pub struct Mail {
    /// All of it, headers first, as Postfix wrote it.
    pub raw: String,
    /// The subject, decoded.
    pub subject: String,
    /// The text, decoded.
    pub text: String,
}

impl Mail {
    /// The code: the digits that the text begins with.
    ///
    /// # Panics
    /// When it begins with none.
    #[must_use]
    pub fn code(&self) -> String {
        let digits: String = self.text.chars().take_while(char::is_ascii_digit).collect();
        assert!(digits.len() >= 6, "a mail without a code in front: {}", self.text);
        digits
    }

    /// Whether it brings a code: its subject names the code's tag, as no notice's does.
    #[must_use]
    pub fn brings_a_code(&self) -> bool {
        let is_tag = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.subject.split(['(', ')']).any(is_tag)
    }

    /// The tag in brackets, which stands in the prompt too.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn tag(&self) -> String {
        let tag = self.text.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(tag, _)| tag.to_owned());
        tag.unwrap_or_else(|| panic!("a mail without a tag: {}", self.text))
    }
}

/// Every mail for `recipient`, in the order of arrival.
///
/// # Panics
/// When the mailbox cannot be read.
#[must_use]
pub fn all(recipient: &str) -> Vec<Mail> {
    let delivered = format!("Delivered-To: {recipient}\n");
    let mut files: Vec<_> = fs::read_dir(INBOX)
        .expect("read the mailbox: is this `tests/ns/enter --mail`?")
        .map(|entry| entry.expect("read the mailbox").path())
        .map(|path| (arrival(&path), path))
        .collect();
    files.sort();
    files
        .iter()
        .filter_map(|(_, path)| fs::read_to_string(path).ok())
        .filter(|raw| raw.contains(&delivered))
        .map(parse)
        .collect()
}

/// Those of them that bring a code; the others tell of something.
///
/// # Panics
/// When the mailbox cannot be read.
#[must_use]
pub fn codes(recipient: &str) -> Vec<Mail> {
    all(recipient).into_iter().filter(Mail::brings_a_code).collect()
}

/// The others.
///
/// # Panics
/// When the mailbox cannot be read.
#[must_use]
pub fn notices(recipient: &str) -> Vec<Mail> {
    all(recipient).into_iter().filter(|mail| !mail.brings_a_code()).collect()
}

/// Seconds and microseconds of a maildir name: `1795492764.V4cI3M123.host`.
fn arrival(path: &Path) -> (u64, u64) {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let seconds = name.split('.').next().and_then(|s| s.parse().ok()).unwrap_or(0);
    let micros = name.split('.').nth(1).and_then(|s| s.rsplit_once('M')).and_then(|(_, m)| m.parse().ok()).unwrap_or(0);
    (seconds, micros)
}

fn parse(raw: String) -> Mail {
    let message = MessageParser::default().parse(raw.as_bytes()).expect("a mail that can be parsed");
    let subject = message.subject().unwrap_or_default().to_owned();
    let text = message.body_text(0).unwrap_or_default().into_owned();
    drop(message);
    Mail { raw, subject, text }
}

/// Waits until `count` mails for `recipient` have arrived, and returns the last of these.
///
/// # Panics
/// When they do not arrive, with what Postfix logged.
#[must_use]
pub fn wait_for(recipient: &str, count: usize) -> Mail {
    wait_for_of(all, recipient, count)
}

/// The same of those that bring a code, where something else is told too: a device that is remembered for the first time.
///
/// # Panics
/// When they do not arrive, with what Postfix logged.
#[must_use]
pub fn wait_for_code(recipient: &str, count: usize) -> Mail {
    wait_for_of(codes, recipient, count)
}

/// The same of the others.
///
/// # Panics
/// When they do not arrive, with what Postfix logged.
#[must_use]
pub fn wait_for_notice(recipient: &str, count: usize) -> Mail {
    wait_for_of(notices, recipient, count)
}

fn wait_for_of(which: impl Fn(&str) -> Vec<Mail>, recipient: &str, count: usize) -> Mail {
    let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).expect("inotify");
    inotify.add_watch(INBOX, AddWatchFlags::IN_MOVED_TO | AddWatchFlags::IN_CREATE).expect("watch the mailbox");
    let begun = now();
    loop {
        let mails = which(recipient);
        if let Some(mail) = count.checked_sub(1).and_then(|last| mails.get(last)) {
            return mail.clone();
        }
        if begun.elapsed() > PATIENCE {
            let log = fs::read_to_string("/run/pam-2fa-ns/mail/log").unwrap_or_default();
            let lines: Vec<&str> = log.lines().rev().take(12).collect();
            panic!(
                "{} of {count} mails for {recipient} arrived. Postfix, last line first:\n{}",
                mails.len(),
                lines.join("\n")
            );
        }
        let mut ready = [nix::poll::PollFd::new(std::os::fd::AsFd::as_fd(&inotify), nix::poll::PollFlags::POLLIN)];
        let _ = nix::poll::poll(&mut ready, 1000_u16);
        let _ = inotify.read_events();
    }
}

/// Gives a mail that should not be on its way the time to arrive (a message leaves 300 ms after its prompt at the latest, and
/// this Postfix needs 20 ms), and says how many there are for `recipient`. The one wait here that no event can end.
#[must_use]
pub fn count_after_a_while(recipient: &str) -> usize {
    after_a_while(recipient).len()
}

/// The same of those that bring a code.
#[must_use]
pub fn count_codes_after_a_while(recipient: &str) -> usize {
    after_a_while(recipient).iter().filter(|mail| mail.brings_a_code()).count()
}

fn after_a_while(recipient: &str) -> Vec<Mail> {
    std::thread::sleep(Duration::from_millis(1500));
    all(recipient)
}
