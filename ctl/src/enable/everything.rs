//! `pam-2fa disable --everything`: what `enable` and `exempt` have written on this host, and lines of ours that somebody else has put somewhere.
//! It is what a package runs before the module goes: a stack that names a module which is gone denies everyone. So it ends well only where
//! no file names it any more, and goes on with the next one where one fails.

use super::all::kept;
use super::receipt::Receipts;
use super::sshd::DropIn;
use super::stack::{Host, Place, Stack, is_ours, line};
use super::waits;
use super::{Disabled, all, confirm, disable_one, file, main_file, state};
use crate::args::DisableArgs;
use crate::error::Error;
use crate::exempt;
use crate::screen::Screen;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::Path;

/// What it answers to beside services.
const ALL: &str = "--all";

/// All of it; where configd is, for its journal.
pub(super) fn disable(runtime_dir: &Path, asked: &DisableArgs, screen: &mut Screen<'_>) -> Result<(), Error> {
    if !confirm::is_host(&asked.root) {
        file::grounds(&asked.root)?;
    }
    let (undone, errors) = take_out(asked)?;
    undone.iter().flat_map(|disabled| &disabled.undone).try_for_each(|line| screen.line(line))?;
    let exempt = if confirm::is_host(&asked.root) {
        exempt::remove_all(&exempt::Place { sshd: None, config: &asked.sshd_config, runtime_dir }, screen)
    } else {
        Ok(())
    };
    let left = left(&Host::at(&asked.root));
    let failed = errors.into_iter().chain(exempt.err()).map(|error| error.to_string());
    let why: Vec<String> = left.into_iter().chain(failed).collect();
    if why.is_empty() {
        if undone.is_empty() {
            screen.hint("no service asks for a code, so there is nothing to take out")?;
        }
        return screen.json(&undone);
    }
    screen.json(&undone)?;
    Err(Error::Refused(why))
}

/// The common lines, then each service: those with a receipt, and those with a line of ours from somewhere else.
fn take_out(asked: &DisableArgs) -> Result<(Vec<Disabled>, Vec<Error>), Error> {
    let state = state(&asked.root);
    let receipts = state.exists().then(|| Receipts::hold(&state)).transpose()?;
    let (mut undone, mut errors) = (Vec::new(), Vec::new());
    let waits = receipts.as_ref().and_then(|receipts| waits::of_all(receipts).ok().flatten());
    match all::take_out((&asked.root, main_file(asked, waits.as_ref())), receipts.as_ref()) {
        Ok(out) => undone.push(Disabled { service: String::from(ALL), undone: out.said }),
        Err(Error::NotFound(_)) => {}
        // A host without the tools that keep common lines has none of ours in them, unless a receipt says so.
        Err(error) if receipts.as_ref().is_some_and(|receipts| !matches!(kept::read(receipts), Ok(None))) => {
            errors.push(error);
        }
        Err(_) => {}
    }
    for service in services(asked, receipts.as_ref())? {
        let waits = receipts.as_ref().and_then(|receipts| waits::of_service(receipts, &service).ok().flatten());
        match disable_one((&asked.root, main_file(asked, waits.as_ref())), receipts.as_ref(), &service) {
            Ok(said) => undone.push(Disabled { service, undone: said }),
            // One whose line came from a file that another has rid of it by now.
            Err(Error::NotFound(_)) => {}
            Err(error) => errors.push(error),
        }
    }
    if confirm::is_host(&asked.root) {
        confirm::rest();
    }
    Ok((undone, errors))
}

fn services(asked: &DisableArgs, receipts: Option<&Receipts>) -> Result<BTreeSet<String>, Error> {
    let host = Host::at(&asked.root);
    let mut all: BTreeSet<String> = places(&host).into_iter().map(|(service, _)| service).collect();
    // A receipt that cannot be read is named like its file; what it is of is said by whoever reads it.
    let receipts = receipts.map(Receipts::all).transpose()?.unwrap_or_default();
    all.extend(receipts.into_iter().flatten().map(|receipt| receipt.service));
    if confirm::is_host(&asked.root) && !matches!(DropIn::standing(&asked.sshd_config), Ok(None)) {
        all.insert(String::from("sshd"));
    }
    Ok(all)
}

/// Where our module is named: the service, and the words for it.
fn places(host: &Host) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for service in file::services(host) {
        for path in host.folders().map(|folder| folder.join(&service)) {
            let Ok(text) = std::fs::read(&path) else { continue };
            all.extend(line::of_ours(&text).into_iter().map(|whole| {
                let place = Place { file: path.clone(), line: whole.number };
                (service.clone(), by_hand(&place))
            }));
        }
    }
    all
}

/// Where a file that services take in, wherever it is and whatever it is called, names our module. What libpam cannot follow lets nobody in
/// as it is.
fn taken_in(host: &Host) -> BTreeSet<String> {
    let stacks = file::services(host).into_iter().filter_map(|service| Stack::read(host, &service).ok());
    stacks.flat_map(|stack| stack.lines).filter(is_ours).map(|line| by_hand(&line.place)).collect()
}

/// The same in a file whose lines not every libpam reads alike (`line::lines` ends there, and one of them goes on): each line counts for itself.
fn beyond(host: &Host) -> Vec<String> {
    let files = file::services(host)
        .into_iter()
        .flat_map(|service| host.folders().map(|folder| folder.join(&service)).collect::<Vec<_>>());
    let mut all = Vec::new();
    for file in files {
        let Ok(text) = std::fs::read(&file) else { continue };
        if line::lines(&text).1.is_none() {
            continue;
        }
        for (line, said) in (1..).zip(text.split(|byte| *byte == b'\n')) {
            if !line::of_ours(said.strip_suffix(b"\\").unwrap_or(said)).is_empty() {
                all.push(by_hand(&Place { file: file.clone(), line }));
            }
        }
    }
    all
}

fn by_hand(place: &impl Display) -> String {
    format!("{place} names pam_2fa.so; take that line out by hand")
}

/// What names our module yet.
fn left(host: &Host) -> Vec<String> {
    let mut left: Vec<String> = places(host).into_iter().map(|(_, words)| words).collect();
    let others = taken_in(host).into_iter().chain(beyond(host));
    let others = others.filter(|words| !left.contains(words)).collect::<Vec<_>>();
    left.extend(others);
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_module_is_seen_wherever_a_service_reads_it() {
        let root = tempfile::tempdir().unwrap();
        let put = |file: &str, text: &str| {
            let file = root.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        put("etc/debian_version", "12.0\n");
        let host = || Host::new(root.path(), super::super::stack::Dialect::Debian);
        for (service, elsewhere) in [
            ("@include /etc/security/auth\n", "etc/security/auth"),
            ("@include Company\n", "etc/pam.d/Company"),
            ("auth substack sub/auth\n", "etc/pam.d/sub/auth"),
            ("auth include common-auth.new\n", "etc/pam.d/common-auth.new"),
        ] {
            put("etc/pam.d/sshd", service);
            put(elsewhere, "auth required pam_unix.so\nauth requisite pam_2fa.so\n");
            assert_eq!(left(&host()), [format!("/{elsewhere}:2 names pam_2fa.so; take that line out by hand")]);
            std::fs::remove_file(root.path().join(elsewhere)).unwrap();
        }
        put(
            "etc/pam.d/sshd",
            "auth required pam_unix.so \\\n# nobody knows\n nullok\nauth requisite pam_2fa.so\n#pam_2fa.so\n",
        );
        let words = left(&host());
        assert!(matches!(&words[..], [one] if one.contains("sshd:4 names")), "{words:?}");
        put("etc/pam.d/sshd", "auth required pam_unix.so\n# auth requisite pam_2fa.so\n");
        assert_eq!(left(&host()), Vec::<String>::new());
    }
}
