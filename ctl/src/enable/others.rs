//! What others have written into sshd's files under a `Match`, which counts whatever comes before it. It asks sshd nothing: it thinks of a
//! login for each block, as far as one can be thought of, and reads what the block itself says.

use super::sshd::ELSEWHERE;
use crate::exempt::Probe;
use nix::unistd::Group;
use std::path::{Path, PathBuf};

/// Where sshd looks for what a file includes by a relative name (sshd_config(5)).
const RELATIVE_TO: &str = "/etc/ssh";
/// Files that include files that include files.
const DEEPEST: usize = 4;

/// A `Match` and what stands under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// As they are written.
    pub(crate) criteria: String,
    /// A login that they fit, if they can be fitted by a user and an address.
    pub(crate) probe: Probe,
    /// Keywords, in small letters, and their values.
    pub(crate) says: Vec<(String, String)>,
}

/// Those of the main file, of the files in its folder, and of what these include; not of the files with those names.
pub(crate) fn blocks(config: &Path, folder: &Path, but: &[&str]) -> Vec<Block> {
    let mut files = vec![(config.to_owned(), 0)];
    files.extend(fitting(folder, "*.conf").into_iter().map(|file| (file, 0)));
    let (mut all, mut seen): (Vec<Block>, Vec<PathBuf>) = (Vec::new(), Vec::new());
    while let Some((file, depth)) = (!files.is_empty()).then(|| files.remove(0)) {
        let is_ours = but.iter().any(|name| file == folder.join(name));
        if is_ours || seen.contains(&file) || depth > DEEPEST {
            continue;
        }
        let Ok(bytes) = std::fs::read(&file) else { continue };
        seen.push(file);
        let text = String::from_utf8_lossy(&bytes);
        for (_, value) in text.lines().filter_map(setting).filter(|(keyword, _)| keyword == "include") {
            files.extend(value.split_whitespace().flat_map(included).map(|file| (file, depth.saturating_add(1))));
        }
        all.extend(blocks_of(&text));
    }
    all
}

fn blocks_of(text: &str) -> Vec<Block> {
    let mut all: Vec<Block> = Vec::new();
    for (keyword, value) in text.lines().filter_map(setting) {
        if keyword == "match" {
            all.push(Block { probe: probe_of(&value), criteria: value, says: Vec::new() });
        } else if let Some(block) = all.last_mut() {
            block.says.push((keyword, value));
        }
    }
    all
}

/// The keyword of a line in small letters, and its value without quotes and comment.
fn setting(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let (keyword, value) = line.split_once(|c: char| c.is_whitespace() || c == '=')?;
    let value = value.trim_start_matches(|c: char| c.is_whitespace() || c == '=');
    let words = value.split_whitespace().take_while(|word| !word.starts_with('#'));
    let value = words.map(|word| word.trim_matches('"')).collect::<Vec<_>>().join(" ");
    (!keyword.starts_with('#')).then(|| (keyword.to_ascii_lowercase(), value))
}

/// The files that a pattern of `Include` stands for, as far as its stars are in its last part.
fn included(pattern: &str) -> Vec<PathBuf> {
    let path = Path::new(RELATIVE_TO).join(pattern);
    match (path.parent(), path.file_name().and_then(|name| name.to_str())) {
        (Some(folder), Some(name)) if name.contains('*') => fitting(folder, name),
        _ => vec![path],
    }
}

/// The files of a folder whose names fit a pattern with one star, in order.
fn fitting(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let (begins, ends) = pattern.split_once('*').unwrap_or((pattern, ""));
    let ends = ends.rsplit('*').next().unwrap_or_default();
    let fits = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with(begins) && name.ends_with(ends) && !name.starts_with('.')
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut all: Vec<PathBuf> = entries.filter(fits).collect();
    all.sort();
    all
}

/// The first user, a member of the first group, the first address.
fn probe_of(criteria: &str) -> Probe {
    let mut probe = Probe { user: String::from("nobody"), from: ELSEWHERE };
    let mut words = criteria.split(|c: char| c.is_whitespace() || c == '=').filter(|word| !word.is_empty());
    while let Some(name) = words.next() {
        if ["all", "invalid-user", "canonical", "final"].iter().any(|alone| name.eq_ignore_ascii_case(alone)) {
            continue;
        }
        let value = words.next().unwrap_or_default().trim_matches('"');
        let first = value.split(',').find(|pattern| !pattern.starts_with('!') && !pattern.contains(['*', '?']));
        match (name.to_ascii_lowercase().as_str(), first) {
            ("user", Some(user)) => user.clone_into(&mut probe.user),
            ("group", Some(group)) => probe.user = member_of(group).unwrap_or(probe.user),
            ("address", Some(network)) => {
                probe.from = network.split('/').next().and_then(|address| address.parse().ok()).unwrap_or(probe.from);
            }
            _ => {}
        }
    }
    probe
}

/// One who is in a group by its list, or whose own group it is.
fn member_of(group: &str) -> Option<String> {
    let group = Group::from_name(group).ok().flatten()?;
    let own = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        let is_its = fields.get(3).and_then(|gid| gid.parse().ok()) == Some(group.gid.as_raw());
        fields.first().filter(|_| is_its).map(|name| (*name).to_owned())
    };
    let users = || std::fs::read_to_string("/etc/passwd").ok()?.lines().find_map(own);
    group.mem.first().cloned().or_else(users)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_is_asked_about_with_a_login_that_it_fits() {
        for (line, user, from) in [
            ("Match User !root,git,ci", "git", "192.0.2.1"),
            ("\tmatch user \"git\" Address 203.0.113.0/24,2001:db8::/32", "git", "203.0.113.0"),
            ("Match all", "nobody", "192.0.2.1"),
            ("Match User *", "nobody", "192.0.2.1"),
            ("Match=User=git", "git", "192.0.2.1"),
            ("Match invalid-user User git # text", "git", "192.0.2.1"),
            ("Match Group root", "root", "192.0.2.1"),
        ] {
            let blocks = blocks_of(line);
            let probe = &blocks.first().unwrap().probe;
            assert_eq!((probe.user.as_str(), probe.from.to_string().as_str()), (user, from), "{line}");
        }
        assert!(["#Match all", "MatchX y", "Port 22", ""].iter().all(|line| blocks_of(line).is_empty()));
    }

    #[test]
    fn blocks_are_found_in_all_that_the_main_file_takes_in_with_what_they_say() {
        let root = tempfile::TempDir::new().unwrap();
        let path = |name: &str| root.path().join(name);
        std::fs::create_dir_all(path("main.d")).unwrap();
        let text = format!(
            "Port 22\nInclude {0}/main.d/*.conf {0}/more*\nMatch LocalPort 2222\n  passwordauthentication=\"yes\" # why\n",
            root.path().display()
        );
        std::fs::write(path("main"), text).unwrap();
        std::fs::write(path("main.d/50-x.conf"), "Match User bob\n\tAuthenticationMethods  publickey password\n")
            .unwrap();
        std::fs::write(path("main.d/00-ours.conf"), "Match User eve\n").unwrap();
        std::fs::write(path("more.conf"), b"Match Host \xff\n").unwrap();
        let said = |(keyword, value): &(String, String)| format!("{keyword} {value}");
        let found: Vec<(String, Vec<String>)> = blocks(&path("main"), &path("main.d"), &["00-ours.conf"])
            .into_iter()
            .map(|block| (block.criteria, block.says.iter().map(said).collect()))
            .collect();
        assert_eq!(
            found,
            [
                (String::from("LocalPort 2222"), vec![String::from("passwordauthentication yes")]),
                (String::from("User bob"), vec![String::from("authenticationmethods publickey password")]),
                (String::from("Host \u{fffd}"), vec![]),
            ]
        );
    }
}
