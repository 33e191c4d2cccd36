//! What a module can answer, and whether its success proves a first factor. What is not known here is taken for both.

use super::control::Code;
use super::read::{Line, What};

/// What a line of ours is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ours {
    /// The second factor.
    Full,
    /// The same prompts behind a wrong first factor.
    Decoy,
    /// A key that sshd has checked, in place of a password.
    KeyProven,
    /// Its options are wrong: it denies always.
    Wrong,
}

/// What a line is, for the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ours(Ours),
    /// Its success proves who somebody is: a password that is right, a finger.
    Proof,
    /// Not known: its success may prove it or not.
    Unclear,
    /// It asks for nothing that would prove it.
    Gate,
    /// It answers this and nothing else.
    Always(Code),
}

/// An answer, and whether it proves a first factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) code: Code,
    pub(super) proves: bool,
}

/// Modules that check a password, or something in its place that only that user has.
const PROOFS: [&str; 17] = [
    "pam_unix",
    "pam_unix2",
    "pam_unix_auth",
    "pam_tcb",
    "pam_sss",
    "pam_sss_gss",
    "pam_ldap",
    "pam_ldapd",
    "pam_krb5",
    "pam_krb5_afs",
    "pam_winbind",
    "pam_radius_auth",
    "pam_userdb",
    "pam_systemd_home",
    "pam_himmelblau",
    "pam_cockpit_cert",
    "pam_fprintd",
];

/// Modules that look at something else than what a person knows, has or is, or that do something on the way.
const GATES: [&str; 40] = [
    "pam_access",
    "pam_cap",
    "pam_ecryptfs",
    "pam_env",
    "pam_echo",
    "pam_faildelay",
    "pam_faillock",
    "pam_gdm",
    "pam_gnome_keyring",
    "pam_group",
    "pam_issue",
    "pam_keyinit",
    "pam_kwallet",
    "pam_kwallet5",
    "pam_lastlog",
    "pam_lastlog2",
    "pam_limits",
    "pam_listfile",
    "pam_localuser",
    "pam_loginuid",
    "pam_mail",
    "pam_motd",
    "pam_mount",
    "pam_nologin",
    "pam_rootok",
    "pam_rhosts",
    "pam_securetty",
    "pam_selinux",
    "pam_selinux_permit",
    "pam_sepermit",
    "pam_shells",
    "pam_succeed_if",
    "pam_tally",
    "pam_tally2",
    "pam_time",
    "pam_timestamp",
    "pam_umask",
    "pam_usertype",
    "pam_warn",
    "pam_wheel",
];

/// What a line is.
pub(super) fn kind(line: &Line) -> Kind {
    let options = match &line.what {
        What::Module { options, .. } => options,
        What::Substack(_) | What::Fails(_) => return Kind::Always(Code::PERM_DENIED),
    };
    match named(line) {
        // libpam adds no end to a name: there is no such file, or it is one that nobody knows.
        "pam_2fa" if !ends_as_a_module(line) => Kind::Ours(Ours::Wrong),
        _ if !ends_as_a_module(line) => Kind::Unclear,
        "pam_2fa" => Kind::Ours(ours(options)),
        "pam_deny" => Kind::Always(Code::AUTH_ERR),
        "pam_permit" => Kind::Always(Code::SUCCESS),
        // As authselect has it in a file that is switched off.
        "pam_debug" => {
            let said = options.iter().find_map(|option| option.strip_prefix("auth="));
            Kind::Always(said.and_then(Code::named).unwrap_or(Code::SUCCESS))
        }
        "pam_ccreds" => {
            if options.iter().any(|option| option == "action=validate") {
                Kind::Proof
            } else {
                Kind::Gate
            }
        }
        name if PROOFS.contains(&name) => Kind::Proof,
        name if GATES.contains(&name) => Kind::Gate,
        _ => Kind::Unclear,
    }
}

/// Whether it is a line of our module, whatever it says.
pub(crate) fn is_ours(line: &Line) -> bool {
    matches!(kind(line), Kind::Ours(_))
}

/// As the module reads them (pam_2fa/src/options.rs): nothing is guessed, nothing may stand twice.
fn ours(options: &[String]) -> Ours {
    let name = |option: &str| option.split_once('=').map_or_else(|| option.to_owned(), |(name, _)| format!("{name}="));
    let names: Vec<String> = options.iter().map(|option| name(option)).collect();
    let is_known =
        |name: &String| ["decoy", "key-proven", "break-glass", "quiet", "socket=", "timeout="].contains(&name.as_str());
    let is_twice = |(at, name): (usize, &String)| names.iter().take(at).any(|before| before == name);
    let seconds = |option: &String| {
        let seconds = option.strip_prefix("timeout=")?;
        let is_right = seconds.parse().is_ok_and(|seconds: u64| (1..=60).contains(&seconds))
            && seconds.bytes().all(|byte| byte.is_ascii_digit());
        Some(is_right)
    };
    let path = |option: &String| Some(option.strip_prefix("socket=")?.starts_with('/'));
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    if !names.iter().all(is_known)
        || names.iter().enumerate().any(is_twice)
        || options.iter().filter_map(seconds).chain(options.iter().filter_map(path)).any(|is_right| !is_right)
    {
        return Ours::Wrong;
    }
    match (has("decoy"), has("key-proven")) {
        (false, false) => Ours::Full,
        (true, false) => Ours::Decoy,
        (false, true) => Ours::KeyProven,
        (true, true) => Ours::Wrong,
    }
}

/// All that a line can answer.
pub(super) fn answers(line: &Line, kind: Kind) -> Vec<Answered> {
    let all = |proves: bool| Code::all().map(move |code| Answered { code, proves: proves && is_yes(code) });
    // Also where the module is missing. Ours never says that a password is to be changed.
    let denials = || all(false).filter(|answered| !is_yes(answered.code) && answered.code != Code::IGNORE);
    let say = |code: Code, proves: bool| Answered { code, proves };
    match kind {
        Kind::Always(code) => vec![say(code, false)],
        // pam_unix is never no business of its own (as pam_sss with ignore_unknown_user), and leaves what is to be changed to account.
        Kind::Proof if named(line) == "pam_unix" => denials().chain([say(Code::SUCCESS, true)]).collect(),
        Kind::Proof => all(true).collect(),
        Kind::Gate => all(false).collect(),
        Kind::Unclear => all(false).chain(all(true).filter(|answered| answered.proves)).collect(),
        Kind::Ours(Ours::Full) => denials().chain([say(Code::SUCCESS, false), say(Code::IGNORE, false)]).collect(),
        Kind::Ours(Ours::KeyProven) => denials().chain([say(Code::SUCCESS, true), say(Code::IGNORE, false)]).collect(),
        Kind::Ours(Ours::Decoy | Ours::Wrong) => denials().collect(),
    }
}

/// A right password that is to be changed is a right password.
fn is_yes(code: Code) -> bool {
    code == Code::SUCCESS || code == Code::NEW_AUTHTOK_REQD
}

/// The module's name, without its folder and its end.
fn named(line: &Line) -> &str {
    match &line.what {
        What::Module { path, .. } => {
            let name = path.rsplit('/').next().unwrap_or_default();
            name.strip_suffix(".so").unwrap_or(name)
        }
        What::Substack(_) | What::Fails(_) => "",
    }
}

fn ends_as_a_module(line: &Line) -> bool {
    matches!(&line.what, What::Module { path, .. } if path.ends_with(".so"))
}
