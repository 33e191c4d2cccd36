//! Which files: landlock, of Linux 5.13. Each release of it knows more, and what this kernel does not know is left out and said.
//!
//! Rules are allowances of folders, and hold for the folder that stood there when the daemon started, whatever is renamed within it. So
//! `/etc` is allowed as a whole, though one file of it must not be read: `passwd`, `group`, `resolv.conf` are replaced by others of their
//! name all the time, and a rule for the file would allow the one that is gone. Who may read `/etc/shadow`, `config.toml` and the store
//! is a matter of their owners and modes; landlock stands behind that for all else: homes, logs, mail, spools, temporary files, devices.
//!
//! Nothing may be executed. (That does not touch modules of NSS: a library that is loaded is read, and mapped.) Connecting to a socket that
//! has a name is not restricted: NSS asks its daemons that way, and each of them knows whom it answers.

use crate::{Daemon, Landlock};
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What is asked for: the release that this was tried with. What later ones add is another decision.
const KNOWN: ABI = ABI::V7;

/// What both daemons read, where it is there. Programs, libraries and modules of NSS; the settings of all of these; the name server, the
/// sessions, the answers of systemd; what the kernel says of us and of its boot.
const READ: [&str; 16] = [
    "/etc",
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/opt",
    "/nix/store",
    "/gnu/store",
    "/run",
    "/proc",
    // How many processors there are: malloc(3) asks.
    "/sys/devices/system/cpu",
    "/dev/null",
    "/dev/zero",
    "/dev/random",
    "/dev/urandom",
];

/// What modules of NSS keep for everybody to read.
const OF_NSS: [&str; 6] =
    ["/var/lib/sss", "/var/lib/extrausers", "/var/lib/misc", "/var/db", "/var/lib/samba", "/var/cache/nscd"];

/// Where certificates of authorities are beside `/etc` and `/usr`: SUSE's, and an administrator's.
const OF_AUTHORITIES: [&str; 2] = ["/var/lib/ca-certificates", "/srv"];

/// Restricts the calling thread, and those that it starts from now on.
///
/// # Errors
/// The kernel refused what it says that it has.
pub(crate) fn restrict(daemon: Daemon, read: &[&Path], write: &[&Path]) -> Result<Landlock, RulesetError> {
    let reads = AccessFs::ReadFile | AccessFs::ReadDir;
    let of_its_own: &[&str] = if daemon == Daemon::Configd { &OF_NSS } else { &OF_AUTHORITIES };
    // What cannot be looked at is left out: a file that is taken for a folder has the kernel refuse all of the rules.
    let system = READ.iter().chain(of_its_own).map(Path::new).filter(|path| path.metadata().is_ok());
    let named = read.iter().filter_map(|path| existing(path));
    let rules = ruleset(daemon)?.create()?;
    let rules = rules.add_rules(path_beneath_rules(system.chain(named), reads))?;
    let rules = rules.add_rules(path_beneath_rules(["/dev/null"], AccessFs::WriteFile))?;
    let status = writable(rules, write)?.restrict_self()?;
    let abi = ABI::from(status.landlock);
    let on = status.ruleset != RulesetStatus::NotEnforced && refuses();
    Ok(Landlock { on, note: note(status.landlock, abi) })
}

/// What is forbidden where no rule allows it.
fn ruleset(daemon: Daemon) -> Result<Ruleset, RulesetError> {
    let rules = Ruleset::default().set_compatibility(CompatLevel::BestEffort);
    let rules = rules.handle_access(AccessFs::from_all(KNOWN))?.handle_access(AccessNet::BindTcp)?;
    // The courier connects to wherever it is told to.
    let rules = if daemon == Daemon::Configd { rules.handle_access(AccessNet::ConnectTcp)? } else { rules };
    rules.scope(Scope::from_all(KNOWN))
}

/// Folders in which everything may be done but what no daemon does: programs, devices, sockets.
fn writable(mut rules: RulesetCreated, folders: &[&Path]) -> Result<RulesetCreated, RulesetError> {
    let never: BitFlags<AccessFs> = AccessFs::Execute
        | AccessFs::MakeChar
        | AccessFs::MakeBlock
        | AccessFs::MakeSock
        | AccessFs::MakeFifo
        | AccessFs::MakeSym
        | AccessFs::IoctlDev;
    for folder in folders {
        // One that is not there yet gets no rule, and is no place to write.
        if let Ok(folder) = PathFd::new(folder) {
            rules = rules.add_rule(PathBeneath::new(folder, AccessFs::from_all(KNOWN) & !never))?;
        }
    }
    Ok(rules)
}

/// The folder, or the nearest above it that is there: it may be made later. Never all of the files.
fn existing(path: &Path) -> Option<&Path> {
    path.ancestors().find(|path| path.exists()).filter(|path| path.parent().is_some())
}

/// Whether what no rule allows is refused. No rule is for `/` itself, which everybody may list: where that cannot be, it proves nothing, and
/// the kernel's yes to the rules has to do. Asked once, since a host may write down each refusal.
fn refuses() -> bool {
    let everybody_may = Path::new("/").metadata().is_ok_and(|about| about.permissions().mode() & 0o005 == 0o005);
    !everybody_may || File::open("/").is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

/// The kernel's version, and what it has no rules for.
fn note(status: LandlockStatus, abi: ABI) -> String {
    match status {
        LandlockStatus::NotEnabled => return String::from("this kernel has it switched off"),
        LandlockStatus::NotImplemented => return String::from("this kernel has none"),
        LandlockStatus::Available { .. } => {}
    }
    let since =
        [(ABI::V3, "truncation"), (ABI::V4, "TCP"), (ABI::V5, "devices"), (ABI::V6, "abstract sockets and signals")];
    let lacks: Vec<&str> = since.into_iter().filter(|(first, _)| abi < *first).map(|(_, what)| what).collect();
    if lacks.is_empty() { format!("ABI {abi}") } else { format!("ABI {abi}, without {}", lacks.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_kernel_has_no_rules_for_is_named() {
        let of = |abi| note(LandlockStatus::Available { effective_abi: abi, kernel_abi: None }, abi);
        assert_eq!(of(ABI::V2), "ABI 2, without truncation, TCP, devices, abstract sockets and signals");
        assert_eq!(of(ABI::V5), "ABI 5, without abstract sockets and signals");
        assert_eq!(of(ABI::V7), "ABI 7");
        assert_eq!(note(LandlockStatus::NotImplemented, ABI::Unsupported), "this kernel has none");
    }

    #[test]
    fn a_folder_that_is_not_there_yet_stands_for_the_one_above_it_and_never_for_all_files() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(existing(&folder.path().join("a/b")), Some(folder.path()));
        assert_eq!(existing(folder.path()), Some(folder.path()));
        assert_eq!(existing(Path::new("/no-such-folder-here/a")), None);
    }
}
