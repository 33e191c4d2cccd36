//! What stands in the host's files: its services and their stacks, its modules, its settings. It reads below one root and nothing
//! else, and judges nothing.

use crate::enable::services;
use crate::enable::stack::line;
use crate::enable::stack::{Action, Answer, Code, Host, Line, Stack, Unreadable, What, is_ours};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Where `enable` keeps them, wherever configd keeps its store.
const RECEIPTS: &str = "var/lib/pam-2fa/enable";

/// A service of the host.
pub(super) struct Service {
    pub(super) name: String,
    /// Its file, as an administrator calls it.
    pub(super) file: String,
    pub(super) stack: Result<Stack, Unreadable>,
    pub(super) answer: Answer,
    /// Lines of ours in account, session or password: `FILE:LINE`, and the lines as sed(1) takes them.
    pub(super) other_phases: Vec<(String, String)>,
    /// Its own text names us, or a receipt of `enable` does.
    pub(super) is_meant: bool,
    pub(super) has_receipt: bool,
}

impl Service {
    /// Whether our line is in its stack.
    pub(super) fn is_on(&self) -> bool {
        self.answer.ours > 0
    }

    pub(super) fn lines(&self) -> &[Line] {
        self.stack.as_ref().map_or(&[], |stack| &stack.lines)
    }
}

/// The host's files.
pub(super) struct Files {
    root: PathBuf,
    host: Host,
    pub(super) services: Vec<Service>,
    /// Folders of modules, each with what is in it, as far as a libpam is beside it or modules are in it.
    pub(super) modules: BTreeMap<PathBuf, BTreeSet<String>>,
    /// Those with a libpam beside them.
    pub(super) with_libpam: Vec<PathBuf>,
}

impl Files {
    /// Reads them.
    pub(super) fn below(root: &Path) -> Self {
        let host = Host::at(root);
        let receipts = receipts(&root.join(RECEIPTS));
        let mut names = services(&host);
        names.extend(receipts.iter().filter(|name| !names.contains(name)).cloned().collect::<Vec<_>>());
        let services = names.into_iter().map(|name| service(root, &host, &receipts, name)).collect();
        let (modules, with_libpam) = modules(root);
        Self { root: root.to_owned(), host, services, modules, with_libpam }
    }

    pub(super) fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }

    pub(super) fn is_on(&self, name: &str) -> bool {
        self.service(name).is_some_and(Service::is_on)
    }

    /// The text of a file; none where there is none, or one that nobody writes by hand (longer than 1 MiB).
    pub(super) fn text(&self, path: impl AsRef<Path>) -> Option<String> {
        let bytes = self.host.read(&below(&self.root, path.as_ref())).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The files of a folder, by their whole names on the host.
    pub(super) fn folder(&self, path: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(below(&self.root, Path::new(path))).into_iter().flatten().flatten();
        let mut all: Vec<PathBuf> = entries.map(|entry| Path::new(path).join(entry.file_name())).collect();
        all.sort();
        all
    }

    /// Whether a module that a line names is there. Where no folder of modules is seen, nobody knows, and it counts as there.
    pub(super) fn has_module(&self, path: &str) -> bool {
        if self.modules.is_empty() {
            return true;
        }
        match path.strip_prefix('/') {
            Some(_) => below(&self.root, Path::new(path)).exists(),
            None => self.modules.values().any(|names| names.contains(path)),
        }
    }

    /// A module of a stack that is missing, where its absence denies.
    pub(super) fn lacks<'a>(&self, service: &'a Service) -> Option<&'a Line> {
        service.lines().iter().filter(|line| !is_ours(line)).find(|line| match &line.what {
            What::Module { path, options } => {
                let is_dead =
                    path.ends_with("pam_debug.so") && options.iter().any(|option| option == "auth=authinfo_unavail");
                let denies = line.control.upon(Code::MODULE_UNKNOWN) != Action::Ignore;
                denies && (is_dead || !self.has_module(path))
            }
            What::Substack(_) | What::Fails(_) => false,
        })
    }
}

/// A path of the host, below a root.
pub(super) fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// The services that `enable` has changed and not changed back.
fn receipts(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let name = |entry: std::fs::DirEntry| Some(entry.file_name().to_str()?.strip_suffix(".json")?.to_owned());
    entries.filter_map(name).collect()
}

fn service(root: &Path, host: &Host, receipts: &[String], name: String) -> Service {
    let stack = Stack::read(host, &name);
    let answer = stack.as_ref().map(Answer::of).unwrap_or_default();
    let (mut is_meant, mut other_phases) = (false, Vec::new());
    for folder in ["etc/pam.d", "usr/lib/pam.d", "usr/etc/pam.d"] {
        let Ok(bytes) = host.read(&root.join(folder).join(&name)) else { continue };
        for whole in line::lines(&bytes).0 {
            let words = whole.words();
            if !words.iter().any(|word| word.ends_with("pam_2fa.so") || word == "pam_2fa") {
                continue;
            }
            is_meant = true;
            let kind = words.first().map(|word| word.trim_start_matches('-').to_ascii_lowercase()).unwrap_or_default();
            if ["account", "session", "password"].contains(&kind.as_str()) {
                let lines = if whole.last == whole.number {
                    whole.number.to_string()
                } else {
                    format!("{},{}", whole.number, whole.last)
                };
                other_phases.push((format!("/{folder}/{name}:{}", whole.number), lines));
            }
        }
        break;
    }
    let has_receipt = receipts.contains(&name);
    let own = stack.as_ref().ok().and_then(|stack| stack.file.as_ref());
    let own = own.and_then(|path| path.strip_prefix(root).ok()).map(|path| format!("/{}", path.display()));
    let file = own.unwrap_or_else(|| format!("/etc/pam.d/{name}"));
    Service { name, file, stack, answer, other_phases, is_meant: is_meant || has_receipt, has_receipt }
}

/// Each folder of modules once, whatever links lead to it.
fn modules(root: &Path) -> (BTreeMap<PathBuf, BTreeSet<String>>, Vec<PathBuf>) {
    let mut folders: Vec<PathBuf> =
        ["usr/lib", "usr/lib64", "usr/lib32", "lib", "lib64", "lib32"].map(PathBuf::from).into();
    for base in ["usr/lib", "lib"] {
        let entries = std::fs::read_dir(root.join(base)).into_iter().flatten().flatten();
        let triples = entries.filter(|entry| entry.file_name().to_string_lossy().contains("-linux-"));
        folders.extend(triples.map(|entry| Path::new(base).join(entry.file_name())));
    }
    let (mut all, mut with_libpam, mut seen) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
    for folder in folders {
        let Ok(real) = root.join(&folder).canonicalize() else { continue };
        if !seen.insert(real.clone()) {
            continue;
        }
        let shown = Path::new("/").join(&folder).join("security");
        let has_libpam = real.join("libpam.so.0").exists();
        let entries = std::fs::read_dir(real.join("security")).into_iter().flatten().flatten();
        let names: BTreeSet<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| name.ends_with(".so"))
            .collect();
        if has_libpam {
            with_libpam.push(shown.clone());
        }
        if !names.is_empty() {
            all.insert(shown, names);
        }
    }
    (all, with_libpam)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A pipe would be waited for without end, and an image's own link is no way out of it.
    #[test]
    fn nothing_that_stands_in_an_image_is_waited_for_and_no_link_of_it_leads_out_of_it() {
        let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for folder in ["etc/pam.d", "srv"] {
            std::fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        let secret = outside.path().join("secret");
        std::fs::write(&secret, "ada ALL=(ALL) NOPASSWD: ALL\n").unwrap();
        let at = |path: &str| root.path().join(path);
        for pipe in ["etc/pam.d/sudo", "etc/sudoers", "etc/passwd"] {
            nix::unistd::mkfifo(&at(pipe), nix::sys::stat::Mode::S_IRWXU).unwrap();
        }
        symlink(&secret, at("etc/link")).unwrap();
        std::fs::write(at("srv/own"), "own").unwrap();
        symlink("/srv/own", at("etc/own")).unwrap();
        std::fs::write(at("etc/long"), vec![b'x'; 2 << 20]).unwrap();
        std::fs::write(at("etc/odd"), b"a\xff\xfeb").unwrap();
        let files = Files::below(root.path());
        for path in ["/etc/pam.d/sudo", "/etc/sudoers", "/etc/passwd", "/etc/link", "/etc/long", "/etc", "/none"] {
            assert_eq!(files.text(path), None, "{path}");
        }
        assert_eq!(files.text("/etc/own").as_deref(), Some("own"));
        assert!(files.text("/etc/odd").is_some_and(|text| text.starts_with('a') && text.ends_with('b')));
        assert!(files.service("sudo").is_some_and(|service| service.stack.is_err()));
    }
}
