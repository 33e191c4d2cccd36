//! `key to-credential` and `key to-file` against a systemd that is played by two scripts, in mounts of their own: what is asked of whom and in
//! which order, what is left where a step fails, and that a kill at any system call leaves a key for the next start.
//!
//! The real systemd is in `tests/booted/credential`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the tests' own helpers; a test that cannot run must say so"
)]

mod common;

use common::{Daemon, Reply};
use nix::sys::ptrace;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use pam_2fa_protocol::admin;
use serde_json::{Value, json};
use std::fs::{self, File, Permissions, create_dir_all, read_to_string, remove_file, set_permissions, write};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use tempfile::TempDir;

const ID: &str = "00112233";
const KEY: &str = "pam-2fa-key:v1:00112233:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
const PHRASE: &str = "correct horse battery staple\n";

/// What plays systemd-creds(1): base64 of a head in systemd's format and of the key. A file in WORLD says what it does not do.
const CREDS: &str = r#"#!/bin/sh
exec 8> WORLD/lock; flock -s 8
with= pcrs=
for word; do case $word in --with-key=*) with=${word#*=} ;; --tpm2-pcrs=*) pcrs=${word#*=} ;; esac; done
echo "systemd-creds $*" >> WORLD/called
case $1 in
    has-tpm2) echo partial; echo -driver; exit 8 ;;
    encrypt)
        [ ! -e "WORLD/no-$with" ] || { echo 'TPM2 support not installed: Operation not supported' >&2; exit 1; }
        { case $with in
            host) printf '\132\034\152\206\337\235\100\226\261\325\246\136\010\142\361\232' ;;
            tpm2) printf '\014\174\300\173\021\166\105\221\234\113\013\352\010\274\040\376' ;;
          esac
          printf '\040\0\0\0\001\0\0\0\014\0\0\0\020\0\0\0nnnnnnnnnnnn\0\0\0\0'
          [ "$pcrs" = 16 ] && printf '\0\0\001\0\0\0\0\0' || printf '\0\0\0\0\0\0\0\0'
          cat; } | base64 ;;
    decrypt)
        base64 -d > WORLD/bare 2> /dev/null || { echo 'Failed to decode' >&2; exit 1; }
        mask=$(dd if=WORLD/bare bs=1 skip=48 count=3 2> /dev/null | od -An -tx1 | tr -d ' ')
        head=$(dd if=WORLD/bare bs=1 count=2 2> /dev/null | od -An -tx1 | tr -d ' ')
        if [ "$head$mask" = 0c7c000000 ] && [ -e WORLD/opens-no-empty-mask ]; then
            echo 'TPM2 PCR bank invalid or not supported' >&2; exit 1
        fi
        [ ! -e WORLD/opens-nothing ] || { echo 'Failed to unseal' >&2; exit 1; }
        case $head in 5a1c | 0c7c) dd if=WORLD/bare bs=1 skip=56 2> /dev/null ;; *) echo 'Not a credential' >&2; exit 1 ;; esac ;;
esac
"#;

/// What plays systemctl(1), with the two units in it. Where configd has the key from since its start stands in `in-use`.
const SYSTEMCTL: &str = r#"#!/bin/sh
exec 8> WORLD/lock; flock -s 8
echo "systemctl $*" >> WORLD/called
place=/etc/credstore.encrypted/pam-2fa-key key=/run/pam-2fa/key
case "$*" in
    'show --property=LoadState'*) [ -e WORLD/no-unit ] && echo not-found || echo loaded ;;
    'restart pam-2fa-key.service')
        rm -f $key
        if [ -e WORLD/unit-fails ]; then echo 'Job for pam-2fa-key.service failed.' >&2; exit 1; fi
        [ -e $place ] || exit 0
        WORLD/systemd-creds decrypt - - < $place > $key.part && mv $key.part $key || { rm -f $key.part; exit 1; } ;;
    'stop pam-2fa-key.service') rm -f $key ;;
    'restart pam-2fa-configd.service')
        [ ! -e WORLD/configd-fails ] || { echo gone > WORLD/in-use; exit 1; }
        if [ -e $key ]; then echo credential; elif [ -e /var/lib/pam-2fa/key ]; then echo state; else echo none; fi > WORLD/in-use ;;
    'is-active --quiet pam-2fa-key.service') [ -e $key ] ;;
esac
"#;

/// Each file where the command looks for it; then the command, in the same process.
const ENTER: &str = r#"
set -e
mount --bind "$1/etc" /etc
mount --bind "$1/var" /var/lib
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system /run/pam-2fa
mount --bind "$2" /run/pam-2fa
mount --bind "$1/systemctl" /usr/bin/systemctl
mount --bind "$1/systemd-creds" /usr/bin/systemd-creds
shift 2
exec "$@"
"#;

/// A host, and a configd that is played by the test.
struct World {
    base: TempDir,
    daemon: Daemon,
}

/// Whether mounts can be made here, over what they go.
fn can_mount(test: &str) -> bool {
    let is_there = |path: &&str| Path::new(path).exists();
    let can = ["/usr/bin/systemctl", "/usr/bin/systemd-creds"].iter().all(is_there)
        && Command::new("unshare").args(["--mount", "true"]).status().is_ok_and(|status| status.success());
    if !can {
        let text = format!("SKIPPED {test}: needs mounts of its own, and a systemd to mount over\n");
        std::io::stderr().write_all(text.as_bytes()).unwrap();
    }
    can
}

macro_rules! needs_mounts {
    () => {
        needs_root!();
        if !can_mount(concat!(file!(), ":", line!())) {
            return;
        }
    };
}

impl World {
    fn new() -> Self {
        Self::gated(|_| {})
    }

    /// `each` is told of each call before it is answered.
    fn gated(each: impl Fn(&str) + Send + 'static) -> Self {
        let base = TempDir::new().unwrap();
        let at = base.path().to_owned();
        for folder in ["etc", "var/pam-2fa"] {
            create_dir_all(at.join(folder)).unwrap();
        }
        for (name, text) in [("systemctl", SYSTEMCTL), ("systemd-creds", CREDS)] {
            write(at.join(name), text.replace("WORLD", at.to_str().unwrap())).unwrap();
            set_permissions(at.join(name), Permissions::from_mode(0o755)).unwrap();
        }
        let runtime = Mutex::new(PathBuf::new());
        let daemon = Daemon::start(move |method, parameters| {
            each(method);
            let mut runtime = runtime.lock().unwrap();
            if runtime.as_os_str().is_empty() {
                *runtime = PathBuf::from(read_to_string(at.join("runtime")).unwrap());
            }
            vec![answer(&at, &runtime, method, parameters)]
        });
        let world = Self { base, daemon };
        write(world.at("runtime"), world.daemon.runtime_dir().to_str().unwrap()).unwrap();
        world.daemon.write_config("");
        world.anew();
        world
    }

    fn at(&self, path: &str) -> PathBuf {
        self.base.path().join(path)
    }

    fn file(&self) -> PathBuf {
        self.at("var/pam-2fa/key")
    }

    fn credential(&self) -> PathBuf {
        self.at("etc/credstore.encrypted/pam-2fa-key")
    }

    fn opened(&self) -> PathBuf {
        self.daemon.runtime_dir().join("key")
    }

    /// The key in its file.
    fn anew(&self) {
        let _ = fs::remove_dir_all(self.at("etc/credstore.encrypted"));
        for left in [self.opened(), self.opened().with_extension("part"), self.at("var/pam-2fa/key.gone")] {
            let _ = remove_file(left);
        }
        write(self.file(), KEY).unwrap();
        write(self.at("in-use"), "state\n").unwrap();
    }

    /// The key in its credential.
    fn anew_in_credential(&self) {
        self.anew();
        assert!(self.run(&["to-credential", "--with", "host", "--exported"]).ends_with("=== 0"));
        assert!(!self.file().exists());
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", ENTER, "enter"]);
        command.arg(self.base.path()).arg(self.daemon.runtime_dir()).args(words);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }

    fn pam_2fa(&self, words: &[&str]) -> Command {
        let config = self.daemon.config();
        let all = [&[env!("CARGO_BIN_EXE_pam-2fa"), "--config", config.to_str().unwrap(), "key"], words].concat();
        self.command(&all)
    }

    /// All that an administrator sees.
    fn run(&self, words: &[&str]) -> String {
        let out = self.pam_2fa(words).output().unwrap();
        let text = |bytes: &[u8]| {
            String::from_utf8_lossy(bytes)
                .replace(self.base.path().to_str().unwrap(), "WORLD")
                .replace(self.daemon.runtime_dir().to_str().unwrap(), "DIR")
        };
        format!("{}---\n{}=== {}", text(&out.stdout), text(&out.stderr), out.status.code().unwrap_or(-1))
    }

    /// The host starts: the unit, then configd. Where the key is from then.
    fn start(&self) -> String {
        let _ = remove_file(self.opened());
        let _ = self.command(&["/usr/bin/systemctl", "restart", "pam-2fa-key.service"]).output().unwrap();
        let _ = self.command(&["/usr/bin/systemctl", "restart", "pam-2fa-configd.service"]).output().unwrap();
        self.in_use()
    }

    fn in_use(&self) -> String {
        read_to_string(self.at("in-use")).unwrap().trim().to_owned()
    }

    /// What a configd that starts now would take.
    fn key(&self) -> Option<String> {
        let place = if self.opened().exists() { self.opened() } else { self.file() };
        read_to_string(place).ok()
    }

    fn called(&self) -> String {
        let called = read_to_string(self.at("called")).unwrap_or_default();
        let _ = remove_file(self.at("called"));
        called
    }

    fn calls(&self) -> Vec<String> {
        self.daemon.calls().iter().map(|call| call.split(' ').next().unwrap().to_owned()).collect()
    }
}

fn answer(at: &Path, runtime: &Path, method: &str, parameters: &Value) -> Reply {
    let in_use = read_to_string(at.join("in-use")).unwrap();
    let (opened, file) = (runtime.join("key"), at.join("var/pam-2fa/key"));
    let (place, path) = match in_use.trim() {
        "state" => ("state", "/var/lib/pam-2fa/key"),
        "credential" => ("credential", "/run/pam-2fa/key"),
        _ => return Reply::Error(admin::SEALED, json!({"reason": "there is no key"})),
    };
    Reply::Done(match method {
        admin::KEY_EXPORT => json!({"id": ID, "key": KEY}),
        admin::KEY_IMPORT => {
            assert_eq!(parameters["key"], KEY);
            let was_there = opened.exists() || file.exists();
            if !was_there {
                write(file, KEY).unwrap();
                write(at.join("in-use"), "state\n").unwrap();
            }
            json!({"id": ID, "was_there": was_there})
        }
        _ => json!({"id": ID, "place": place, "path": path}),
    })
}

#[test]
fn the_key_goes_into_a_credential_and_back_and_each_step_is_seen_before_the_next() {
    needs_mounts!();
    let world = World::new();
    write(world.at("phrase"), PHRASE).unwrap();
    let (copy, phrase) = (world.at("copy"), world.at("phrase"));
    let export = ["--export", copy.to_str().unwrap(), "--passphrase-file", phrase.to_str().unwrap()];
    let words = [&["to-credential", "--with", "host"][..], &export].concat();
    insta::assert_snapshot!(world.run(&words));
    insta::assert_snapshot!(world.called());
    assert_eq!(world.calls(), ["KeyStatus", "KeyExport", "KeyStatus"]);
    assert_eq!((world.in_use().as_str(), world.file().exists()), ("credential", false));
    let text = read_to_string(world.credential()).unwrap();
    assert!(!text.contains("AAECAwQF") && !read_to_string(&copy).unwrap().contains("AAECAwQF"));
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!(
        [mode(&world.credential()), mode(world.credential().parent().unwrap()), mode(&copy)],
        [0o600, 0o700, 0o600]
    );
    insta::assert_snapshot!(world.run(&["status"]));
    // Once more: the copy that is there is looked at, and nothing is restarted that need not be.
    insta::assert_snapshot!(world.run(&words));
    assert_eq!((text, world.start()), (read_to_string(world.credential()).unwrap(), String::from("credential")));
    // By another way: nothing that stood there keeps a name, since it is the same key.
    insta::assert_snapshot!(world.run(&["to-credential", "--with", "tpm2", "--exported", "--json"]));
    assert_eq!(fs::read_dir(world.credential().parent().unwrap()).unwrap().count(), 1);

    let _ = world.called();
    insta::assert_snapshot!(world.run(&["to-file"]));
    insta::assert_snapshot!(world.called());
    assert_eq!(
        (world.in_use().as_str(), world.credential().exists(), world.opened().exists()),
        ("state", false, false)
    );
    assert_eq!(read_to_string(world.file()).unwrap(), KEY);
    assert!(world.run(&["to-file"]).ends_with("=== 0"));
    assert_eq!(world.start(), "state");
}

#[test]
fn a_tpm2_is_bound_to_no_pcr_and_to_one_that_is_never_measured_into_where_systemd_does_not_open_that_again() {
    needs_mounts!();
    let world = World::new();
    let words = ["to-credential", "--with", "tpm2", "--exported"];
    assert!(world.run(&words).ends_with("=== 0"));
    let called = world.called();
    assert!(called.contains("--with-key=tpm2 --tpm2-pcrs= - -") && !called.contains("pcrs=16"), "{called}");
    world.anew();
    write(world.at("opens-no-empty-mask"), "").unwrap();
    assert!(world.run(&words).ends_with("=== 0"));
    let called = world.called();
    assert!(called.contains("--with-key=tpm2 --tpm2-pcrs=16 - -"), "{called}");
    assert_eq!((world.start().as_str(), world.key().as_deref()), ("credential", Some(KEY)));
    let status = world.run(&["status"]);
    assert!(status.contains("locked by the TPM2\n"), "{status}");
}

#[test]
fn a_step_that_fails_leaves_the_key_where_it_was_and_configd_with_it() {
    needs_mounts!();
    let world = World::new();
    let to_credential = ["to-credential", "--with", "tpm2", "--exported"];
    for (fault, why) in [
        ("no-unit", "there is no pam-2fa-key.service"),
        ("no-tpm2", "Operation not supported; `systemd-creds has-tpm2` says: partial -driver"),
        (
            "opens-nothing",
            "could not be opened again by /usr/bin/systemd-creds, and nothing was changed: Failed to unseal",
        ),
        ("unit-fails", "systemctl restart pam-2fa-key.service: Job for pam-2fa-key.service failed"),
        ("configd-fails", "systemctl restart pam-2fa-configd.service"),
    ] {
        world.anew();
        write(world.at(fault), "").unwrap();
        let said = world.run(&to_credential);
        remove_file(world.at(fault)).unwrap();
        assert!(said.contains(why) && said.ends_with("=== 1"), "{fault}: {said}");
        assert!(!world.credential().exists() && !world.opened().exists(), "{fault}: something is left");
        assert_eq!(read_to_string(world.file()).unwrap(), KEY, "{fault}");
        assert_eq!((world.start().as_str(), world.key().as_deref()), ("state", Some(KEY)), "{fault}");
    }
    // Another way, where it is in a credential already: the one before is back.
    world.anew_in_credential();
    let before = read_to_string(world.credential()).unwrap();
    write(world.at("unit-fails"), "").unwrap();
    let said = world.run(&to_credential);
    remove_file(world.at("unit-fails")).unwrap();
    assert!(said.contains("not all could be put back") && said.ends_with("=== 1"), "{said}");
    assert_eq!(read_to_string(world.credential()).unwrap(), before);
    assert_eq!((world.start().as_str(), world.key().as_deref()), ("credential", Some(KEY)));
}

#[test]
fn without_a_copy_or_with_one_of_another_key_nothing_is_begun() {
    needs_mounts!();
    let world = World::new();
    let copy = world.at("copy");
    let copy = copy.to_str().unwrap();
    write(world.at("phrase"), PHRASE).unwrap();
    let phrase = world.at("phrase");
    let with = ["to-credential", "--with", "host"];
    for (more, status, why) in [
        (&[][..], 2, "--export <FILE>"),
        (&["--export", copy, "--exported"][..], 2, "cannot be used with"),
        (&["--export", copy][..], 1, "--passphrase-file"),
    ] {
        let mut command = world.pam_2fa(&[&with[..], more].concat());
        // No terminal to ask at.
        let said = command.stdin(Stdio::null()).process_group(0).output().unwrap();
        let err = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(err.contains(why) || err.contains("/dev/tty"), "{err}");
        assert_eq!(said.status.code(), Some(status), "{err}");
    }
    let all = [&with[..], &["--export", copy, "--passphrase-file", phrase.to_str().unwrap()]].concat();
    for stands in ["what somebody wrote\n", "pam-2fa-key-export:v1\nkey: 00112233\n"] {
        write(copy, stands).unwrap();
        let said = world.run(&all);
        assert!(said.ends_with("=== 1"), "{said}");
        assert_eq!(read_to_string(copy).unwrap(), stands);
    }
    assert!(!world.credential().exists());
    assert_eq!(read_to_string(world.file()).unwrap(), KEY);
}

#[test]
fn a_credential_that_does_not_open_keeps_a_name_and_one_that_idles_stops_a_rotation() {
    needs_mounts!();
    let world = World::new();
    create_dir_all(world.credential().parent().unwrap()).unwrap();
    write(world.credential(), "of a TPM2 that was\n").unwrap();
    let said = world.run(&["rotate"]);
    assert!(said.contains("`pam-2fa key to-file` takes it away") && said.ends_with("=== 1"), "{said}");
    assert!(!world.calls().contains(&String::from("KeyRotate")));
    let said = world.run(&["status"]);
    assert!(said.contains("which the next start takes first"), "{said}");
    let said = world.run(&["to-credential", "--with", "host", "--exported"]);
    assert!(said.contains("pam-2fa-key.aside now; look whose it was"), "{said}");
    assert_eq!(read_to_string(world.at("etc/credstore.encrypted/pam-2fa-key.aside")).unwrap(), "of a TPM2 that was\n");
    // As after an import on the bad day, where the file is what counts.
    world.anew();
    create_dir_all(world.credential().parent().unwrap()).unwrap();
    write(world.credential(), "of a TPM2 that was\n").unwrap();
    assert!(world.run(&["to-file"]).ends_with("=== 0"));
    assert!(!world.credential().exists());
    assert_eq!(read_to_string(world.file()).unwrap(), KEY);
}

/// Lets the command on from one system call to the next, and kills it with all that it has started at that one; whether it came that far.
fn killed_at(stop: usize, world: &World, words: &[&str], is_asked: &Receiver<()>, answer: &Sender<()>) -> bool {
    let mut command = world.pam_2fa(words);
    let mut child: Child = command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    is_asked.recv().unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    ptrace::attach(pid).expect("this test needs ptrace(2): kernel.yama.ptrace_scope below 3, no seccomp filter on it");
    waitpid(pid, None).unwrap();
    answer.send(()).unwrap();
    let mut pass = None;
    let came_so_far = (0..stop).all(|_| {
        ptrace::syscall(pid, pass.take()).unwrap();
        let stopped = waitpid(pid, None).unwrap();
        // Of a program that it has started: no stop of ours, and handed on.
        if let WaitStatus::Stopped(_, signal) = stopped {
            pass = (signal != Signal::SIGTRAP).then_some(signal);
        }
        !matches!(stopped, WaitStatus::Exited(..))
    });
    if came_so_far {
        killpg(pid, Signal::SIGKILL).unwrap();
    }
    let _ = child.wait();
    // What the scripts have open is closed when the last of them has ended.
    File::create(world.at("lock")).unwrap().lock().unwrap();
    came_so_far
}

/// Kills at each stop in turn, and starts the host; how often it had the key from (the file, the credential).
fn killed_everywhere(words: &[&str], anew: fn(&World)) -> (usize, usize) {
    let (asked, is_asked) = channel();
    let (answer, may_answer) = channel();
    let gate = Mutex::new((asked, may_answer, false));
    let armed = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_armed = std::sync::Arc::clone(&armed);
    let world = World::gated(move |method| {
        // The first call of each run.
        if method == admin::KEY_STATUS && is_armed.swap(false, std::sync::atomic::Ordering::SeqCst) {
            let gate = gate.lock().unwrap();
            gate.0.send(()).unwrap();
            gate.1.recv().unwrap();
        }
    });
    let (mut by_file, mut by_credential) = (0_usize, 0_usize);
    // Two stops a call, at its entry and its end: what it changes is seen at every second one.
    for stop in (1..).step_by(2) {
        anew(&world);
        armed.store(true, std::sync::atomic::Ordering::SeqCst);
        if !killed_at(stop, &world, words, &is_asked, &answer) {
            return (by_file, by_credential);
        }
        let place = world.start();
        assert_eq!(world.key().as_deref(), Some(KEY), "killed at stop {stop}, the next start has another key, or none");
        match place.as_str() {
            "state" => by_file = by_file.saturating_add(1),
            _ => by_credential = by_credential.saturating_add(1),
        }
        if stop % 16 == 1 {
            let said = world.run(words);
            assert!(said.ends_with("=== 0"), "killed at stop {stop}, the next run does not finish: {said}");
            let is_to_file = words == ["to-file"];
            assert_eq!((world.file().exists(), world.credential().exists()), (is_to_file, !is_to_file), "stop {stop}");
        }
        assert!(stop < 4_000, "the command does not end");
    }
    (by_file, by_credential)
}

#[test]
fn killed_at_any_system_call_on_the_way_into_a_credential_the_next_start_has_the_key() {
    needs_mounts!();
    let (by_file, by_credential) = killed_everywhere(&["to-credential", "--with", "host", "--exported"], World::anew);
    assert!(by_file > 20 && by_credential > 20, "{by_file} {by_credential}");
}

#[test]
fn killed_at_any_system_call_on_the_way_back_the_next_start_has_the_key() {
    needs_mounts!();
    let (by_file, by_credential) = killed_everywhere(&["to-file"], World::anew_in_credential);
    assert!(by_file > 5 && by_credential > 20, "{by_file} {by_credential}");
}
