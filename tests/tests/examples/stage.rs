//! A stack as it stands in its files, with stand-ins for what belongs to somebody, and all that is tried on it. Nothing else is changed: lines,
//! controls and includes are the file's, and so are the modules that are installed here.
//!
//! | module | stand-in |
//! | --- | --- |
//! | ours | the stage's copy, with `socket=` |
//! | checks a first factor | `pam_permit` where that one is right, else `pam_deny` |
//! | lets somebody in with none (`pam_rootok`, `pam_selinux_permit`) | `pam_permit` where that is tried, else what it says of others |
//! | `pam_usertype`, `pam_localuser` | what they say of that user |
//! | `pam_faillock` | `preauth`: what it says of one who is locked or not; `authfail`: a denial, as ever |
//! | not installed here, `optional` (keyrings) | `pam_permit`: the most that it could do; with `-` libpam leaves it out |

use e2e::fake_daemon::{FakeDaemon, verdict};
use e2e::libpam::code::{AUTH_ERR, AUTHINFO_UNAVAIL, MAXTRIES, SUCCESS};
use e2e::libpam::{Item, Pam, Stage};
use std::path::Path;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Debian,
    Rhel,
}

/// Whom the lookups of RHEL's lines tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum User {
    /// In /etc/passwd, no system user.
    Local,
    /// Known to SSSD alone.
    Remote,
    /// A system user.
    System,
    /// Locked by `pam_faillock`.
    Locked,
}

/// What sshd has checked before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    None,
    Checked,
}

/// Files of pam.d by name.
pub(crate) struct Files(pub(crate) Vec<(String, String)>);

pub(crate) struct Example {
    pub(crate) name: String,
    pub(crate) service: String,
    pub(crate) files: Files,
    /// What checks a first factor.
    pub(crate) proofs: &'static [&'static str],
    /// What lets somebody in with none.
    pub(crate) doors: &'static [&'static str],
}

/// What is so in one login.
#[derive(Debug, Clone, Copy)]
struct Case<'a> {
    /// The module that says yes, if any.
    yes: Option<&'a str>,
    user: User,
    key: Key,
}

/// A verdict, and the code of a stack that asked.
const VERDICTS: [(&str, i32); 7] = [
    ("allow", SUCCESS),
    ("not_subject", SUCCESS),
    ("deny", AUTH_ERR),
    ("unavailable", AUTHINFO_UNAVAIL),
    ("max_tries", MAXTRIES),
    ("of_a_later_release", AUTH_ERR),
    (NO_DAEMON, AUTHINFO_UNAVAIL),
];
const NO_DAEMON: &str = "no daemon";

/// How many logins were let in and denied.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tries {
    pub(crate) let_in: usize,
    pub(crate) denied: usize,
}

/// Somebody whom every host has and who is not root: `pam_nologin` and `pam_succeed_if` look the name up.
const NAME: &str = "daemon";

/// Whether a line of ours has that option.
pub(crate) fn has_line(text: &str, option: &str) -> bool {
    lines(text).any(|line| line.module == "pam_2fa.so" && line.options.contains(&option))
}

/// Tries every verdict with every first factor right, none, and every door; panics where one does not end as it must.
pub(crate) fn tried(example: &Example) -> Tries {
    let stage = Stage::new();
    let mut tries = Tries::default();
    let mut users = vec![User::Local];
    if example.has("pam_usertype") {
        users.extend([User::Remote, User::System]);
    }
    if example.has("pam_faillock") {
        users.push(User::Locked);
    }
    for (name, asked) in VERDICTS {
        let daemon = (name != NO_DAEMON).then(|| FakeDaemon::start(&stage.socket(), &[verdict(name)]));
        let mut once = |case: Case<'_>, expected: (i32, Heard)| {
            let before = daemon.as_ref().map_or(0, |daemon| daemon.frames().len());
            let code = example.log_in(&stage, case);
            let frames = daemon.as_ref().map(FakeDaemon::frames).unwrap_or_default();
            let heard = Heard::of(&frames[before..]);
            let of_it = if daemon.is_some() { expected.1 } else { Heard::default() };
            assert_eq!((code, heard), (expected.0, of_it), "{}: {case:?}, {name}", example.name);
            if code == SUCCESS { tries.let_in += 1 } else { tries.denied += 1 }
        };
        for user in users.iter().copied() {
            for yes in example.proofs.iter().copied().map(Some).chain([None]) {
                let keys: &[Key] = if example.service == "sshd" { &[Key::None, Key::Checked] } else { &[Key::None] };
                for key in keys.iter().copied() {
                    let is_proven = example.is_proven(yes, user, key);
                    let heard = if is_proven { Heard::FULL } else { example.heard_of_the_wrong(user) };
                    let code = if is_proven { asked } else { AUTH_ERR };
                    once(Case { yes, user, key }, (code, heard));
                }
            }
        }
        for door in example.doors.iter().copied() {
            once(Case { yes: Some(door), user: User::Local, key: Key::None }, (SUCCESS, Heard::default()));
        }
    }
    tries
}

/// What the daemon was asked in one login.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Heard {
    full: usize,
    decoy: usize,
}

impl Heard {
    const FULL: Self = Self { full: 1, decoy: 0 };

    fn of(frames: &[String]) -> Self {
        let mut heard = Self::default();
        for frame in frames.iter().filter(|frame| frame.contains("Login.Begin")) {
            if frame.contains(r#""decoy":true"#) { heard.decoy += 1 } else { heard.full += 1 }
        }
        heard
    }
}

impl Example {
    fn has(&self, what: &str) -> bool {
        // Through what is taken in, too: the service's file may have no such line itself.
        self.reached().any(|line| line.contains(what))
    }

    /// The auth lines of the service's file and of those that it takes in, one in another.
    fn reached(&self) -> impl Iterator<Item = &str> {
        let mut wanted = vec![self.service.as_str()];
        let mut at = 0;
        while let Some(name) = wanted.get(at).copied() {
            at += 1;
            let names: Vec<&str> = lines(self.text(name)).filter_map(Words::taken_in).collect();
            wanted.extend(names);
        }
        wanted.into_iter().flat_map(|name| self.text(name).lines()).filter(|line| is_auth(line))
    }

    fn text(&self, name: &str) -> &str {
        self.files.0.iter().find(|(found, _)| found == name).map_or("", |(_, text)| text)
    }

    /// Written by hand, and not read from the file: who has proven a first factor there.
    fn is_proven(&self, yes: Option<&str>, user: User, key: Key) -> bool {
        if user == User::Locked {
            return yes == Some("pam_cockpit_cert") && self.proofs.contains(&"pam_cockpit_cert");
        }
        let looks_up = self.has("pam_usertype");
        match yes {
            _ if key == Key::Checked && self.name == "sshd-key-proven" => true,
            Some("pam_unix") => !looks_up || user != User::Remote,
            Some("pam_sss") => user != User::System,
            Some("pam_cockpit_cert") => true,
            _ => false,
        }
    }

    /// A decoy is for who has the password wrong, not for who is not let at it.
    fn heard_of_the_wrong(&self, user: User) -> Heard {
        let decoy = self.files.0.iter().any(|(_, text)| has_line(text, "decoy")) && user != User::Locked;
        Heard { full: 0, decoy: usize::from(decoy) }
    }

    /// Whether a code is asked for in that login.
    pub(crate) fn asks(&self, yes: Option<&str>, user: User, key: Key) -> bool {
        let stage = Stage::new();
        let daemon = FakeDaemon::start(&stage.socket(), &[verdict("allow")]);
        self.log_in(&stage, Case { yes, user, key });
        Heard::of(&daemon.frames()).full > 0
    }

    /// Whether that one gets in, whatever the daemon says.
    pub(crate) fn lets_in(&self, user: User) -> bool {
        let stage = Stage::new();
        let _daemon = FakeDaemon::start(&stage.socket(), &[verdict("allow")]);
        let cases = self.proofs.iter().copied().map(Some).chain([None]);
        cases.map(|yes| Case { yes, user, key: Key::None }).any(|case| self.log_in(&stage, case) == SUCCESS)
    }

    fn log_in(&self, stage: &Stage, case: Case<'_>) -> i32 {
        for (name, text) in &self.files.0 {
            let lines: Vec<String> = text.lines().map(|line| rewritten(stage, case, line)).collect();
            stage.service(name, &lines);
        }
        let mut pam = Pam::start(stage, &self.service, Some(NAME), &[]);
        if self.service == "sshd" {
            pam.set(Item::Tty, "ssh");
            let key = if case.key == Key::Checked { "publickey ssh-ed25519 AAAA\n" } else { "" };
            pam.put_env(&format!("SSH_AUTH_INFO_0={key}"));
        }
        let code = pam.authenticate(0);
        if code == SUCCESS {
            assert_eq!(pam.set_credentials(), SUCCESS, "{}: {case:?}", self.name);
        }
        code
    }
}

/// An auth line's words: type, control, module, options.
struct Words<'a> {
    control: &'a str,
    module: &'a str,
    options: Vec<&'a str>,
}

fn is_auth(line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    word.trim_start_matches('-').eq_ignore_ascii_case("auth") || word == "@include"
}

fn lines(text: &str) -> impl Iterator<Item = Words<'_>> {
    text.lines().filter(|line| is_auth(line)).map(Words::of)
}

impl<'a> Words<'a> {
    fn of(line: &'a str) -> Self {
        let line = line.trim();
        let (kind, rest) = line.split_once(char::is_whitespace).unwrap();
        let rest = rest.trim_start();
        if kind == "@include" {
            return Self { control: kind, module: rest, options: Vec::new() };
        }
        let end =
            if rest.starts_with('[') { rest.find(']').unwrap() + 1 } else { rest.find(char::is_whitespace).unwrap() };
        let mut words = rest[end..].split_whitespace();
        Self { control: &rest[..end], module: words.next().unwrap(), options: words.collect() }
    }

    fn taken_in(self) -> Option<&'a str> {
        ["include", "substack", "@include"].contains(&self.control).then_some(self.module)
    }
}

/// The line, with the stand-in for its module.
fn rewritten(stage: &Stage, case: Case<'_>, line: &str) -> String {
    let is_line = line.split_whitespace().next().is_some_and(|word| !word.starts_with('#'));
    if let Some(name) = Some(line).filter(|_| is_line).and_then(|line| Words::of(line).taken_in()) {
        // libpam looks for it in /etc/pam.d, whatever folder it was given.
        return line.replace(name, stage.confdir().join(name).to_str().unwrap());
    }
    if !is_auth(line) {
        return line.to_owned();
    }
    let words = Words::of(line);
    let Some(module) = words.module.strip_suffix(".so") else { panic!("{line}") };
    let says = |answer: &str| format!("pam_debug.so auth={answer}");
    let yes_or = |no: &str| if case.yes == Some(module) { "pam_permit.so".to_owned() } else { no.to_owned() };
    let stands_in = match module {
        "pam_2fa" => {
            let options = words.options.join(" ");
            format!("{} socket={} {options}", stage.module().display(), stage.socket().display())
        }
        "pam_unix" | "pam_sss" | "pam_cockpit_cert" | "pam_rootok" => yes_or("pam_deny.so"),
        "pam_selinux_permit" => yes_or(&says("ignore")),
        "pam_usertype" if case.user == User::System => says("auth_err"),
        "pam_localuser" if case.user == User::Remote => says("perm_denied"),
        "pam_usertype" | "pam_localuser" => "pam_permit.so".to_owned(),
        "pam_faillock" if words.options.contains(&"authfail") => "pam_deny.so".to_owned(),
        "pam_faillock" if case.user == User::Locked => says("auth_err"),
        "pam_faillock" => "pam_permit.so".to_owned(),
        _ if is_installed(words.module) => return line.to_owned(),
        "pam_gnome_keyring" | "pam_kwallet5" | "pam_ssh_add" if line.starts_with('-') => return line.to_owned(),
        "pam_gnome_keyring" | "pam_ssh_add" if words.control == "optional" => "pam_permit.so".to_owned(),
        // Without SELinux it is no business of its.
        "pam_sepermit" => says("ignore"),
        _ => panic!("{line}: not installed, and there is no stand-in for it"),
    };
    // Present or not, a line with `-` is run.
    format!("auth {} {stands_in}", words.control)
}

fn is_installed(module: &str) -> bool {
    let folders = ["/usr/lib/x86_64-linux-gnu/security", "/usr/lib/aarch64-linux-gnu/security", "/usr/lib64/security"];
    folders.iter().any(|folder| Path::new(folder).join(module).exists())
}
