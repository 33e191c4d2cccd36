//! Who becomes another by sudo or doas without a password, and so without a code: by sudoers(5), what it takes in, and doas.conf(5). It decides
//! nothing that sudo decides: hosts and aliases of users are not looked at.

use super::super::files::Files;
use super::super::finding::Finding;
use super::super::known::{Known, NOPASSWD, NOPASSWD_SOME};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Files in files; sudo's own limit.
const DEEPEST: usize = 128;
/// sudo's own where one is there and sudo-rs looks; then sudo's; then openSUSE's, which counts where there is none in /etc.
const MAIN: [&str; 3] = ["/etc/sudoers-rs", "/etc/sudoers", "/usr/etc/sudoers"];

/// Of sudo.
pub(super) fn of_sudo(files: &Files) -> Vec<Finding> {
    let mut rules = Rules::default();
    for main in MAIN.iter().filter(|path| files.text(path).is_some()) {
        rules.read(files, Path::new(main), DEEPEST);
    }
    // Where the main file takes neither in, nothing is lost by looking.
    for path in ["/etc/sudoers.d", "/usr/etc/sudoers.d"] {
        rules.read_folder(files, Path::new(path), DEEPEST);
    }
    let all = rules.lines.iter().filter_map(|(path, line)| finding(path, line, &rules.everything));
    all.collect()
}

/// Lines of all files, each whole and without what is said about it.
#[derive(Default)]
struct Rules {
    lines: Vec<(PathBuf, String)>,
    seen: BTreeSet<PathBuf>,
    /// Names that stand for every command.
    everything: BTreeSet<String>,
}

impl Rules {
    fn read(&mut self, files: &Files, path: &Path, deep: usize) {
        let Some(left) = deep.checked_sub(1).filter(|_| self.seen.insert(path.to_owned())) else { return };
        let text = files.text(path).unwrap_or_default().replace("\\\n", " ");
        for line in text.lines().map(str::trim) {
            if let Some((is_folder, named)) = taken_in(line) {
                let named = path.parent().unwrap_or(path).join(named);
                if is_folder {
                    self.read_folder(files, &named, left);
                } else {
                    self.read(files, &named, left);
                }
                continue;
            }
            let line = without_comment(line).trim();
            if let Some(list) = line.strip_prefix("Cmnd_Alias") {
                let named = list.split(" : ").filter_map(|one| one.split_once('='));
                let all = named.filter(|(_, commands)| commands.split(',').any(|command| command.trim() == "ALL"));
                self.everything.extend(all.map(|(name, _)| name.trim().to_owned()));
            } else if !line.is_empty() {
                self.lines.push((path.to_owned(), line.to_owned()));
            }
        }
    }

    fn read_folder(&mut self, files: &Files, path: &Path, deep: usize) {
        let all = path.to_str().map(|path| files.folder(path)).unwrap_or_default();
        all.iter().filter(|path| is_taken_in(path)).for_each(|path| self.read(files, path, deep));
    }
}

/// `@include FILE`, `#includedir FOLDER`: whether it is a folder, and which.
fn taken_in(line: &str) -> Option<(bool, &str)> {
    let rest = line.strip_prefix(['@', '#'])?.strip_prefix("include")?;
    let (is_folder, rest) = rest.strip_prefix("dir").map_or((false, rest), |rest| (true, rest));
    let named = rest.strip_prefix([' ', '\t'])?.trim().trim_matches('"');
    (!named.is_empty()).then_some((is_folder, named))
}

/// sudoers(5): not with a dot, nor with a tilde at its end.
fn is_taken_in(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| !name.contains('.') && !name.ends_with('~'))
}

/// A number behind the sign is a uid or a gid, and no comment.
fn without_comment(line: &str) -> &str {
    let (mut is_quoted, mut before) = (false, ' ');
    for (at, sign) in line.char_indices() {
        let is_number = || line.as_bytes().get(at.saturating_add(1)).is_some_and(u8::is_ascii_digit);
        match sign {
            '"' if before != '\\' => is_quoted = !is_quoted,
            '#' if !is_quoted && before != '\\' && !is_number() => return line.get(..at).unwrap_or(line),
            _ => {}
        }
        before = sign;
    }
    line
}

fn finding(path: &Path, line: &str, everything: &BTreeSet<String>) -> Option<Finding> {
    let who = line.split_whitespace().next().unwrap_or_default();
    let known: &'static Known = if who.starts_with("Defaults") {
        let words = || line.split([',', ' ', '\t']).map(str::trim);
        let is_open = words().any(|word| word == "!authenticate" || word.starts_with("exempt_group"));
        is_open.then_some(&NOPASSWD)?
    } else if who == "root" || who.ends_with("_Alias") {
        return None;
    } else {
        let free = without_password(line);
        free.first()?;
        let is_all = |command: &&str| *command == "ALL" || everything.contains(*command);
        if free.iter().any(is_all) { &NOPASSWD } else { &NOPASSWD_SOME }
    };
    let file = path.display().to_string();
    Some(Finding::of(known, &file, line).about("sudo").mending("FILE", &file))
}

/// The commands of a rule for which no password is asked.
fn without_password(line: &str) -> Vec<&str> {
    const TAG: &str = "PASSWD";
    let mut all = Vec::new();
    let mut is_free = false;
    let mut from = 0;
    let ends = line.match_indices(TAG).map(|(at, _)| Some(at)).chain([None]);
    for end in ends {
        let before = line.get(..end.unwrap_or(line.len())).unwrap_or_default();
        let after = line.get(before.len()..).and_then(|rest| rest.strip_prefix(TAG)).unwrap_or_default();
        let rest = after.trim_start().strip_prefix(':');
        if end.is_some() && rest.is_none() {
            continue;
        }
        let head = before.strip_suffix("NO");
        if is_free {
            let part = head.unwrap_or(before).get(from..).unwrap_or_default();
            all.extend(part.split(',').map(command).filter(|command| !command.is_empty()));
        }
        is_free = head.is_some();
        from = line.len().saturating_sub(rest.unwrap_or_default().len());
    }
    all
}

/// Without other tags, options and whom it is run as before it, and without the next host's rules behind it.
fn command(text: &str) -> &str {
    let mut text = text.split(" : ").next().unwrap_or_default().trim();
    loop {
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        let bare = if let Some((_, rest)) = text.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            rest
        } else if let Some((_, rest)) = text.split_once(':').filter(|(tag, _)| is_name(tag.trim_end())) {
            rest
        } else if let Some((_, rest)) =
            text.split_once([' ', '\t']).filter(|(word, _)| word.split_once('=').is_some_and(|(name, _)| is_name(name)))
        {
            rest
        } else {
            return text;
        };
        text = bare.trim();
    }
}

/// Of doas.
pub(super) fn of_doas(files: &Files) -> Vec<Finding> {
    let path = Path::new("/etc/doas.conf");
    let text = files.text(path).unwrap_or_default();
    let is_open = |line: &&str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.first() == Some(&"permit") && words.contains(&"nopass")
    };
    let say = |line: &str| {
        let known: &'static Known =
            if line.split_whitespace().any(|word| word == "cmd") { &NOPASSWD_SOME } else { &NOPASSWD };
        let file = path.display().to_string();
        Finding::of(known, &file, line).about("doas").by("${EDITOR:-vi} FILE").mending("FILE", &file)
    };
    text.lines().map(str::trim).filter(is_open).map(say).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{create_dir_all, write};

    /// Findings on a host with these files.
    fn found(texts: &[(&str, &str)]) -> Vec<Finding> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in texts {
            let path = root.path().join(path);
            create_dir_all(path.parent().unwrap()).unwrap();
            write(path, text).unwrap();
        }
        of_sudo(&Files::below(root.path()))
    }

    #[test]
    fn who_needs_no_password_is_told_from_who_needs_one_for_most() {
        for (line, id) in [
            ("# %a ALL=(ALL) NOPASSWD: ALL", None),
            ("#%a ALL=(ALL) NOPASSWD: ALL", None),
            ("root ALL=(ALL) NOPASSWD: ALL", None),
            ("%wheel ALL=(ALL) NOPASSWD: ALL", Some("nopasswd")),
            ("ada ALL=(root) \\\n NOPASSWD: /bin/true, PASSWD: ALL", Some("nopasswd-some")),
            ("ada ALL=(root) PASSWD: /bin/true, NOPASSWD: ALL", Some("nopasswd")),
            ("Defaults:bob !authenticate", Some("nopasswd")),
            ("Defaults env_reset, timestamp_timeout=5", None),
            ("Defaults env_reset # not !authenticate", None),
            ("Defaults exempt_group=wheel", Some("nopasswd")),
            ("bob ALL=(ALL:ALL) ALL", None),
            ("bob ALL=(ALL:ALL) ALL # was NOPASSWD: ALL", None),
            // A uid and a gid are no comments.
            ("#1000 ALL=(ALL) NOPASSWD: ALL", Some("nopasswd")),
            ("%#27 ALL=(ALL) NOPASSWD: ALL", Some("nopasswd")),
            ("ada ALL=(ALL) NOPASSWD : ALL", Some("nopasswd")),
            ("ada ALL=(ALL) NOPASSWD:SETENV: ALL", Some("nopasswd")),
            ("ada ALL=(ALL) NOPASSWD: ALL # of the installer", Some("nopasswd")),
            ("ada ALL=(ALL) NOPASSWD: TIMEOUT=5m ALL", Some("nopasswd")),
            ("ada ALL=NOPASSWD: /bin/true, (bob) ALL", Some("nopasswd")),
            ("ada A=NOPASSWD: /bin/true : B=ALL", Some("nopasswd-some")),
            ("Cmnd_Alias ANY = ALL\nada ALL=NOPASSWD: ANY", Some("nopasswd")),
            ("Cmnd_Alias FEW = /bin/true\nada ALL=NOPASSWD: FEW", Some("nopasswd-some")),
        ] {
            let found = found(&[("etc/sudoers", &format!("{line}\n"))]);
            assert_eq!(found.first().map(|finding| finding.id), id, "{line}: {found:?}");
        }
    }

    #[test]
    fn what_a_file_takes_in_is_read_wherever_it_is_and_no_circle_is_gone_round() {
        let rule = "ada ALL=(ALL) NOPASSWD: ALL\n";
        let found = found(&[
            (
                "etc/sudoers",
                "@include sudoers.local\n#includedir /srv/rules\n@include /etc/sudoers\n@include /dev/zero\n",
            ),
            ("etc/sudoers.local", &format!("@include sudoers.local\n{rule}")),
            ("srv/rules/one", rule),
            ("srv/rules/not.this", rule),
            ("srv/rules/nor-this~", rule),
            ("etc/sudoers.d/two", rule),
        ]);
        let places: Vec<&str> = found.iter().map(|finding| finding.place.as_str()).collect();
        assert_eq!(places, ["/etc/sudoers.local", "/srv/rules/one", "/etc/sudoers.d/two"]);
        assert_eq!(found[0].mend, "visudo -f /etc/sudoers.local");
    }
}
