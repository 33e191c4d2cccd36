//! RHEL's and Fedora's authselect: a profile of ours, made of the one that is selected, and selected in its place with the same features.
//! Its `system-auth` and `password-auth` have the auth lines that those features gave, written out, with ours among them
//! (`stack/flat`); all else is the template's. It never lets authselect overwrite what somebody has edited, but to undo.
//!
//! What authselect does is taken from authselect(8), authselect-profiles(5) and its source, old and new; it has been run nowhere.

use super::super::file::Found;
use super::super::receipt::Receipts;
use super::super::stack::flat::{self, Ours, Strictness};
use super::super::stack::line;
use super::super::stack::{Answer, Host, Stack, What, difference};
use super::super::whole::Modes;
use super::kept::{Change, create, remove, text};
use crate::clock;
use crate::error::Error;
use crate::program::group_output_within;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

const TOOL: &str = "/usr/bin/authselect";
const TIME: Duration = Duration::from_secs(60);
/// What authselect writes, and links to from etc/pam.d and elsewhere.
const MADE: &str = "etc/authselect";
const STATE: &str = "etc/authselect/authselect.conf";
const OURS: &str = "etc/authselect/custom/pam-2fa";
const NAME: &str = "custom/pam-2fa";
/// Where profiles are; `custom/` is the administrator's.
const PROFILES: [&str; 2] = ["usr/share/authselect/vendor", "usr/share/authselect/default"];
/// Those that ask for a password. Fingers and smart cards alone have files of their own, which stay as they are.
const ASKING: [&str; 3] = ["system-auth", "password-auth", "switchable-auth"];
const LINE: &str = "auth\trequisite\tpam_2fa.so break-glass";

/// The tool of this host.
pub(super) struct Authselect {
    root: PathBuf,
}

/// What is selected: the profile, and its features.
struct Selected {
    profile: String,
    features: Vec<String>,
}

impl Selected {
    fn read(text: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(text);
        let mut words = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        Some(Self { profile: words.next()?.to_owned(), features: words.map(str::to_owned).collect() })
    }
}

impl Authselect {
    /// None where authselect has nothing to do with this host, and has left nothing of ours.
    pub(super) fn of(root: &Path) -> Result<Option<Self>, Error> {
        if !root.join(STATE).exists() {
            return Ok(root.join(OURS).is_dir().then(|| Self { root: root.to_owned() }));
        }
        if root != Path::new("/") {
            let why = "authselect works on its own host alone, so --all does there; name the services with --root";
            return Err(Error::Usage(why.to_owned()));
        }
        if !Path::new(TOOL).exists() {
            return Err(Error::NotFound(format!(
                "there is a {}, and no {TOOL}; name the services",
                root.join(STATE).display()
            )));
        }
        Ok(Some(Self { root: root.to_owned() }))
    }

    /// The files of the profile, and what authselect is to make of them.
    pub(super) fn plan(&self, modes: Modes) -> Result<Vec<Change>, Error> {
        let selected = self.sound()?;
        let folder = self.profile(&selected.profile)?;
        let mut changes = Vec::new();
        let mut templates = Vec::new();
        let entries = std::fs::read_dir(&folder).map_err(|why| failed("cannot read", &folder, why))?;
        for entry in entries.flatten().filter(|entry| entry.path().is_file()) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let template = text(&entry.path())?.unwrap_or_default();
            let template = if ASKING.contains(&name.as_str()) {
                let made = self.root.join(MADE).join(&name);
                let found = Found::read(&made)?.ok_or_else(|| Error::Unfit {
                    path: made.clone(),
                    why: String::from(
                        "is not there, and authselect.conf says that it is; `authselect apply-changes` first",
                    ),
                })?;
                let lines = auth_lines(&self.root, &name, &found.text, modes)?;
                // A feature that is selected later must not open what is closed now.
                let frozen = lines.clone().unwrap_or_else(|| own_lines(&found.text));
                if let Some(lines) = lines {
                    let after = Some(instead(&found.text, &lines));
                    changes.push(Change { path: made, after, before: Some(found) });
                }
                instead(&template, &frozen)
            } else {
                template
            };
            templates.push((name, template));
        }
        if changes.is_empty() {
            let why = format!(
                "no file of the profile {} of authselect's lets somebody in by a password; name the services",
                selected.profile
            );
            return Err(Error::Refused(vec![why]));
        }
        if let Some((_, template)) = templates.iter_mut().find(|(name, _)| name == "system-auth") {
            name_features(template, &selected.features);
        }
        changes.extend(templates.into_iter().map(|(name, template)| Change {
            path: self.root.join(OURS).join(name),
            before: None,
            after: Some(template),
        }));
        let state = self.root.join(STATE);
        let after =
            std::iter::once(NAME).chain(selected.features.iter().map(String::as_str)).collect::<Vec<_>>().join("\n");
        changes.push(Change { before: Found::read(&state)?, path: state, after: Some((after + "\n").into_bytes()) });
        Ok(changes)
    }

    /// What is selected, where authselect has it as it made it, and it is not ours.
    fn sound(&self) -> Result<Selected, Error> {
        if self.is_opted_out() {
            let why = "authselect keeps no file of this host any more; `pam-2fa disable --all`, then name the services";
            return Err(Error::Refused(vec![why.to_owned()]));
        }
        let checked = self.run(&["check"])?;
        if !checked.status.success() {
            let why = format!(
                "authselect finds its files edited ({}), so nothing is changed; mend that first, or name the services",
                said(&checked)
            );
            return Err(Error::Refused(vec![why]));
        }
        let selected = self.selected()?;
        if selected.profile == NAME {
            let why = "an earlier `enable --all` is not undone; `pam-2fa disable --all` first";
            return Err(Error::Refused(vec![why.to_owned()]));
        }
        Ok(selected)
    }

    /// Has it selected, with a backup of authselect's own.
    pub(super) fn enable(&self, receipts: &Receipts, changes: &[Change]) -> Result<(), Error> {
        let folder = self.root.join(OURS);
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o755).create(&folder).map_err(|why| failed("cannot make", &folder, why))?;
        for change in changes.iter().filter(|change| change.path.starts_with(&folder)) {
            let text = change.after.clone().unwrap_or_default();
            create(&Found::new(change.path.clone(), text, (0, 0, 0o644)))?;
        }
        let selected = self.selected()?;
        let backup = format!("--backup={}", backup("pam-2fa"));
        // Where this process is killed, authselect goes on, and nobody is to be at its files meanwhile.
        receipts.lent(|| self.select(NAME, &selected.features, &[&backup]))?
    }

    /// Whether a file is as it was planned: authselect's, by its auth lines.
    pub(super) fn is_made(change: &Change) -> Result<bool, Error> {
        let now = text(&change.path)?;
        let auth = |text: &Option<Vec<u8>>| text.as_deref().map(auth_words);
        Ok(now == change.after || (auth(&now) == auth(&change.after) && change.before.is_some()))
    }

    /// Whether anything of ours is in its hands.
    pub(super) fn has_ours(&self) -> Result<bool, Error> {
        Ok(self.root.join(OURS).exists() || self.selected()?.profile == NAME)
    }

    /// Whether a file is what it was; the first line of some releases has the time.
    pub(super) fn is_as_before(change: &Change) -> bool {
        let before = change.before.as_ref().map(|found| found.text.as_slice());
        before.map(without_time) == change.after.as_deref().map(without_time)
    }

    /// Selects the profile that was selected before, with the features that are selected now, and takes ours away.
    pub(super) fn undo(&self, before: Option<&[u8]>) -> Result<Option<String>, Error> {
        if self.is_opted_out() {
            self.is_out_by_hand()?;
            self.forget()?;
            return Ok(Some(String::from("authselect keeps no file of this host any more")));
        }
        let now = self.selected()?;
        let mut note = None;
        let before = before.and_then(Selected::read);
        // A run that was cut off: authselect writes its files first, and which profile they are of last.
        let is_cut =
            before.as_ref().is_some_and(|before| before.profile == now.profile) && !self.left(MADE)?.is_empty();
        if now.profile == NAME || is_cut {
            let before = before.ok_or_else(|| {
                let why = "nobody knows any more which profile of authselect's was selected before; `authselect select` one, then again";
                Error::Refused(vec![why.to_owned()])
            })?;
            // Cut off, or edited since. Newer releases would overwrite that and keep nothing of it, older ones refuse.
            if self.run(&["check"])?.status.success() {
                self.select(&before.profile, &now.features, &[])?;
            } else {
                let name = backup("pam-2fa-undone");
                self.select(&before.profile, &now.features, &["--force", &format!("--backup={name}")])?;
                note = Some(format!("`authselect backup-list` has its files as {name}"));
            }
        } else if before.is_some_and(|before| before.profile != now.profile) {
            note = Some(format!("another profile, {}, was selected since", now.profile));
        }
        self.forget()?;
        Ok(note)
    }

    /// Our profile goes.
    fn forget(&self) -> Result<(), Error> {
        let folder = self.root.join(OURS);
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            remove(&entry.path())?;
        }
        match std::fs::remove_dir(&folder) {
            Err(why) if why.kind() != std::io::ErrorKind::NotFound => Err(failed("cannot remove", &folder, why)),
            _ => Ok(()),
        }
    }

    /// `authselect opt-out` takes its own word away, and leaves copies of its files in pam.d, ours among them.
    fn is_opted_out(&self) -> bool {
        !self.root.join(STATE).exists()
    }

    /// Refuses while those copies have lines of ours: no tool takes them out any more.
    fn is_out_by_hand(&self) -> Result<(), Error> {
        let left = self.left("etc/pam.d")?;
        if left.is_empty() {
            return Ok(());
        }
        Err(Error::Refused(vec![format!(
            "authselect keeps no file of this host any more (`authselect opt-out`?), and our lines are left in {}; take the lines with \
             pam_2fa.so out by hand (a decoy line counts in the jumps before it), or `authselect select PROFILE FEATURE… --force`, then \
             again",
            left.join(", ")
        )]))
    }

    /// Lines of ours in the files of that folder, `FILE:LINE`.
    fn left(&self, folder: &str) -> Result<Vec<String>, Error> {
        let mut left = Vec::new();
        for path in ASKING.map(|name| self.root.join(folder).join(name)) {
            let ours = line::of_ours(&text(&path)?.unwrap_or_default());
            left.extend(ours.iter().map(|whole| format!("{}:{}", path.display(), whole.number)));
        }
        Ok(left)
    }

    fn selected(&self) -> Result<Selected, Error> {
        let path = self.root.join(STATE);
        let read = text(&path)?.as_deref().and_then(Selected::read);
        read.ok_or_else(|| Error::Unfit { path, why: String::from("names no profile; `authselect select` one first") })
    }

    fn profile(&self, name: &str) -> Result<PathBuf, Error> {
        let folders = match name.strip_prefix("custom/") {
            Some(name) => vec![self.root.join(MADE).join("custom").join(name)],
            None => PROFILES.iter().map(|folder| self.root.join(folder).join(name)).collect(),
        };
        folders
            .into_iter()
            .find(|folder| folder.is_dir())
            .ok_or_else(|| Error::NotFound(format!("there is no profile {name} of authselect's; name the services")))
    }

    fn select(&self, profile: &str, features: &[String], more: &[&str]) -> Result<(), Error> {
        let words =
            ["select", profile].into_iter().chain(features.iter().map(String::as_str)).chain(more.iter().copied());
        let out = self.run(&words.collect::<Vec<_>>())?;
        if out.status.success() {
            return Ok(());
        }
        let why = said(&out);
        Err(Error::Refused(vec![format!(
            "authselect did not select {profile}: {why}; `authselect select` it by hand, then again"
        )]))
    }

    fn run(&self, words: &[&str]) -> Result<Output, Error> {
        let mut command = Command::new("/usr/bin/env");
        command.args(["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", TOOL]).args(words);
        group_output_within(command, TIME).map_err(|why| failed("cannot run", Path::new(TOOL), why))
    }
}

/// A name that no backup has: two may be made within a second.
fn backup(of: &str) -> String {
    format!("{of}-{}-{}", clock::wall_s(), std::process::id())
}

/// The auth lines of a file of authselect's with ours among them, or why there are none; nothing where they let nobody in by a first
/// factor (`with-smartcard-required`, a file that is switched off).
fn auth_lines(root: &Path, name: &str, made: &[u8], modes: Modes) -> Result<Option<Vec<String>>, Error> {
    let path = root.join("etc/pam.d").join(name);
    let host = Host::at(root);
    let stack =
        |text: &[u8]| Stack::read(&host.with(&path, text), name).map_err(|why| Error::Refused(vec![why.to_string()]));
    let was = stack(made)?;
    let answer = Answer::of(&was);
    if answer.passed_by.is_none() && !answer.is_cut {
        return Ok(None);
    }
    let modules = was.lines.iter().filter(|line| matches!(line.what, What::Module { .. })).count();
    let ours = Ours { full: LINE, decoy: modes.decoy, key_proven: false };
    let mut why_not = None;
    for strictness in [Strictness::AsItIs, Strictness::DenyEnds, Strictness::ProofEnds] {
        for place in 1..=modules {
            let why = match flat::lines(&was.lines, place, ours, strictness) {
                Ok(lines) => {
                    let then = stack(&instead(made, &lines))?;
                    let why = Answer::of(&then).refusals().into_iter().next();
                    match why.or_else(|| difference(&was.lines, &then.lines)) {
                        None => return Ok(Some(lines)),
                        Some(why) => why,
                    }
                }
                Err(why) => why,
            };
            // Of the last place and the strictest way: the first ones stand before any password.
            why_not = Some(why);
        }
    }
    let why = why_not.unwrap_or_else(|| String::from("it has no auth lines"));
    Err(Error::Refused(vec![format!("{name} of authselect's cannot have our line: {why}; name the services")]))
}

/// The text with those in the place of its first auth line, and without the others.
fn instead(text: &[u8], lines: &[String]) -> Vec<u8> {
    let mut new = Vec::with_capacity(text.len().saturating_add(1024));
    let mut is_first = true;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if !is_auth(line) {
            new.extend_from_slice(line);
        } else if std::mem::take(&mut is_first) {
            new.extend(lines.iter().flat_map(|line| line.bytes().chain(*b"\n")));
        }
    }
    new
}

/// Its auth lines as they stand there.
fn own_lines(text: &[u8]) -> Vec<String> {
    let lines = text.split_inclusive(|byte| *byte == b'\n').filter(|line| is_auth(line));
    lines.map(|line| String::from_utf8_lossy(line).trim_end().to_owned()).collect()
}

fn is_auth(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line);
    line.split_whitespace().next().is_some_and(|word| word.trim_start_matches('-').eq_ignore_ascii_case("auth"))
}

fn auth_words(text: &[u8]) -> Vec<Vec<String>> {
    let (lines, _) = line::lines(text);
    let words = lines.iter().map(line::Whole::words);
    words.filter(|words| words.first().is_some_and(|word| word.trim_start_matches('-') == "auth")).collect()
}

/// A comment for each feature: authselect takes none that its conditions in the profile's files for pam.d, nsswitch and dconf do not
/// name. What README, REQUIREMENTS and `{imply …}` say does not count.
fn name_features(template: &mut Vec<u8>, features: &[String]) {
    for feature in features {
        template.extend(format!("# {feature} {{include if \"{feature}\"}}\n").bytes());
    }
}

/// `# Generated by authselect on Thu Nov 26 …`, in older releases.
fn without_time(text: &[u8]) -> &[u8] {
    let (first, rest) = text.split_at(text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len()));
    if first.starts_with(b"# Generated by authselect on ") { rest } else { text }
}

fn failed(what: &'static str, path: &Path, why: std::io::Error) -> Error {
    Error::File { what, path: path.to_owned(), why }
}

/// The first error that it named (those behind it say what came of that), else the last line that it said, or how it ended.
fn said(out: &Output) -> String {
    let all = [&out.stdout, &out.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).join("\n");
    let lines = || all.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines().find_map(|line| line.strip_prefix("[error] "));
    first.or(lines().next_back()).map_or_else(|| out.status.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_selected_is_a_profile_and_its_features() {
        let selected = Selected::read(b"sssd\nwith-faillock\nwith-fingerprint\n\n").unwrap();
        assert_eq!(
            (selected.profile.as_str(), selected.features),
            ("sssd", vec!["with-faillock".into(), "with-fingerprint".into()])
        );
        assert!(Selected::read(b"\n# nothing\n").is_none());
    }

    #[test]
    fn in_a_template_the_auth_lines_alone_are_replaced() {
        let template = "{imply \"a\" if \"b\"}\nauth required pam_env.so {include if \"a\"}\n-auth optional x.so\naccount required pam_unix.so {include if \"c\"}\n";
        let new = instead(template.as_bytes(), &[String::from("auth requisite pam_2fa.so")]);
        assert_eq!(
            String::from_utf8(new.clone()).unwrap(),
            "{imply \"a\" if \"b\"}\nauth requisite pam_2fa.so\naccount required pam_unix.so {include if \"c\"}\n"
        );
    }

    /// How the lines of a profile's file become, in a folder.
    fn written(text: &str, decoy: bool) -> Result<Option<Vec<String>>, String> {
        let root = tempfile::TempDir::new().unwrap();
        std::fs::create_dir_all(root.path().join("etc/pam.d")).unwrap();
        let modes = Modes { decoy, key_proven: false };
        auth_lines(root.path(), "system-auth", text.as_bytes(), modes).map_err(|why| why.to_string())
    }

    /// `password-auth` with `with-smartcard-required`, and `switchable-auth` without `with-switchable-auth`.
    #[test]
    fn a_file_that_lets_nobody_in_by_a_password_is_left_and_is_no_reason_to_refuse_the_others() {
        let closed = "auth required pam_env.so\nauth required pam_deny.so # a card\nauth sufficient pam_unix.so\nauth required pam_deny.so\n";
        assert_eq!(written(closed, false), Ok(None));
        assert_eq!(written("auth required pam_debug.so auth=authinfo_unavail\n", true), Ok(None));
        let open = closed.replace("auth required pam_deny.so # a card\n", "");
        assert!(written(&open, true).unwrap().is_some());
    }

    #[test]
    fn where_no_place_is_sound_the_reason_is_of_a_place_behind_the_passwords() {
        let token = "auth required pam_env.so\nauth sufficient pam_u2f.so cue\nauth sufficient pam_unix.so\nauth required pam_deny.so\n";
        let why = written(token, false).unwrap_err();
        assert!(why.contains("pam_u2f.so") && !why.contains("pam_env.so says success, then"), "{why}");
    }

    #[test]
    fn every_feature_is_named_where_authselect_looks_for_it() {
        let mut template = b"{imply \"with-smartcard\" if \"with-smartcard-required\"}\n".to_vec();
        name_features(&mut template, &["with-smartcard".into()]);
        assert!(template.ends_with(b"# with-smartcard {include if \"with-smartcard\"}\n"));
    }

    #[test]
    fn a_file_that_differs_by_its_time_alone_is_as_before() {
        let old =
            b"# Generated by authselect on Thu Nov 26 08:00:00 2026\n# Do not modify this file manually.\n\nauth x\n";
        let change = |after: &str| Change {
            path: PathBuf::new(),
            before: Some(Found::new(PathBuf::new(), old.to_vec(), (0, 0, 0o644))),
            after: Some(after.into()),
        };
        let new = String::from_utf8_lossy(old).replace("26 08", "27 09");
        assert!(Authselect::is_as_before(&change(&new)));
        assert!(!Authselect::is_as_before(&change(&new.replace("auth x", "auth y"))));
    }
}
