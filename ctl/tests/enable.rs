//! `enable` and `disable` as an administrator sees them, and what becomes of the files.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the tests' own helpers; a test that cannot run must say so"
)]

mod common;

use common::{Daemon, Reply};
use insta::assert_snapshot;
use nix::sys::ptrace;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use pam_2fa_protocol::admin;
use serde_json::{Value, json};
use std::fs::{
    File, create_dir_all, metadata, read, read_dir, read_to_string, remove_dir_all, remove_file, set_permissions, write,
};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

const COMMON_AUTH: &str = "auth\t[success=1 default=ignore]\tpam_unix.so nullok
auth\trequisite\t\t\tpam_deny.so
auth\trequired\t\t\tpam_permit.so
auth\toptional\t\t\tpam_cap.so
";
const SSHD: &str = "# PAM configuration for the Secure Shell service

# Standard Un*x authentication.
@include common-auth

# Disallow non-root logins when /etc/nologin exists.
account    required     pam_nologin.so
";
const LOGIN: &str = "auth       optional   pam_faildelay.so  delay=3000000
auth       requisite  pam_nologin.so
@include common-auth
auth       optional   pam_group.so
";
const SU: &str = "auth       sufficient pam_rootok.so
session       required   pam_env.so readenv=1
@include common-auth
";
/// What is meant where a test is about something else.
const MEANT: [&str; 2] = ["--without-users", "--untested"];

/// A host of its own below a folder, with Debian's files, and the module.
struct World {
    root: TempDir,
    daemon: Daemon,
}

impl World {
    fn new() -> Self {
        Self::with(Daemon::absent())
    }

    fn with(daemon: Daemon) -> Self {
        let world = Self { root: TempDir::new().unwrap(), daemon };
        for folder in ["etc/pam.d", "usr/lib/pam.d", "var/lib/pam-2fa", "usr/lib/x86_64-linux-gnu/security"] {
            create_dir_all(world.path(folder)).unwrap();
        }
        write(world.path("etc/debian_version"), "12.11\n").unwrap();
        write(world.path("usr/lib/x86_64-linux-gnu/security/pam_2fa.so"), "").unwrap();
        world.service("other", "auth required pam_deny.so\n");
        world.service("common-auth", COMMON_AUTH);
        world.service("sshd", SSHD);
        world
    }

    fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    fn file(&self, service: &str) -> PathBuf {
        self.path("etc/pam.d").join(service)
    }

    fn service(&self, name: &str, text: &str) {
        write(self.file(name), text).unwrap();
        set_permissions(self.file(name), PermissionsExt::from_mode(0o644)).unwrap();
    }

    fn text(&self, service: &str) -> String {
        read_to_string(self.file(service)).unwrap()
    }

    fn run(&self, words: &[&str]) -> String {
        let root = self.root.path().to_str().unwrap();
        let (verb, words) = words.split_first().unwrap();
        self.daemon.run(&[&[verb, "--root", root], words].concat()).replace(root, "")
    }

    fn enable(&self, words: &[&str]) -> String {
        self.run(&[&["enable"], &MEANT[..], words].concat())
    }

    /// Every file below it, but for the lock of the receipts and the folder that it is in.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn below(folder: &Path, all: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() {
                    below(&entry.path(), all);
                } else if entry.file_name() != "lock" {
                    all.push((entry.path(), read(entry.path()).unwrap()));
                }
            }
        }
        let mut all = Vec::new();
        below(self.root.path(), &mut all);
        all.sort();
        all
    }
}

#[test]
fn one_line_goes_behind_the_include_and_comes_out_again_to_the_byte() {
    needs_root!();
    let world = World::new();
    set_permissions(world.file("sshd"), PermissionsExt::from_mode(0o640)).unwrap();
    chown(world.file("sshd"), Some(0), Some(65_534)).unwrap();
    let before = world.files();
    assert_snapshot!(world.enable(&["sshd"]), @r"
    --- /etc/pam.d/sshd
    +++ /etc/pam.d/sshd
    @@ -2,6 +2,7 @@

     # Standard Un*x authentication.
     @include common-auth
    +auth  requisite  pam_2fa.so

     # Disallow non-root logins when /etc/nologin exists.
     account    required     pam_nologin.so
    sshd asks for a code from its next login on; `pam-2fa disable sshd` undoes it
    keep this session until a login in another one has worked
    ---
    === 0
    ");
    let about = metadata(world.file("sshd")).unwrap();
    assert_eq!((about.mode() & 0o7777, about.uid(), about.gid()), (0o640, 0, 65_534));
    let receipt = metadata(world.path("var/lib/pam-2fa/enable/sshd.json")).unwrap();
    assert_eq!((receipt.mode() & 0o7777, receipt.uid()), (0o600, 0));
    assert_snapshot!(world.run(&["disable", "sshd"]), @r"
    sshd asks for no code any more; its file is as it was before
    ---
    === 0
    ");
    assert_eq!(world.files(), before);
    let about = metadata(world.file("sshd")).unwrap();
    assert_eq!((about.mode() & 0o7777, about.uid(), about.gid()), (0o640, 0, 65_534));
}

#[test]
fn a_dry_run_shows_the_same_and_writes_nothing() {
    needs_root!();
    let world = World::new();
    let before = world.files();
    let shown = world.enable(&["sshd", "--dry-run"]);
    assert!(shown.contains("+auth  requisite  pam_2fa.so\n") && shown.ends_with("---\n=== 0"), "{shown}");
    let answer = world.enable(&["sshd", "--dry-run", "--json"]);
    let answer: Value = serde_json::from_str(answer.split("---\n===").next().unwrap()).unwrap();
    assert_eq!(
        (&answer["changed"], &answer["services"][0]["lines"]),
        (&json!(false), &json!(["auth  requisite  pam_2fa.so"]))
    );
    assert_eq!(world.files(), before);
    assert!(!world.path("var/lib/pam-2fa/enable").exists());
}

#[test]
fn several_services_are_all_planned_before_one_is_changed_and_who_takes_a_file_in_is_named() {
    needs_root!();
    let world = World::new();
    world.service("su", SU);
    world.service("su-l", "auth include su\nsession include su\n");
    let before = world.files();
    let shown = world.enable(&["su", "sshd", "nowhere"]);
    assert!(
        shown.contains("no service nowhere: there is no /etc/pam.d/nowhere") && shown.ends_with("=== 1"),
        "{shown}"
    );
    assert_eq!(world.files(), before);
    let shown = world.enable(&["sshd", "su"]);
    assert!(shown.contains("su-l takes this file in, and asks for a code, too\n"), "{shown}");
    assert!(
        shown.contains("su: /etc/pam.d/su:1 pam_rootok.so lets in with neither a password nor a code, as before\n"),
        "{shown}"
    );
    let shown = world.enable(&["su-l"]);
    assert!(shown.contains("su-l asks for a code already") && shown.ends_with("=== 1"), "{shown}");
    let shown = world.run(&["disable", "su-l"]);
    assert!(shown.contains("su-l has our line from /etc/pam.d/su:4; take it out there"), "{shown}");
    assert!(world.run(&["disable", "su", "sshd"]).ends_with("=== 0"));
    assert_eq!(world.files(), before);
}

#[test]
fn what_cannot_be_sound_is_refused_in_one_line_and_changes_nothing() {
    needs_root!();
    let world = World::new();
    world.service("linked-to", SSHD);
    symlink("linked-to", world.file("linked")).unwrap();
    world.service("not-roots", SSHD);
    chown(world.file("not-roots"), Some(65_534), None).unwrap();
    world.service("open", SSHD);
    set_permissions(world.file("open"), PermissionsExt::from_mode(0o664)).unwrap();
    world.service("two-names", SSHD);
    std::fs::hard_link(world.file("two-names"), world.path("etc/second-name")).unwrap();
    write(world.path("usr/lib/pam.d/vendors"), SSHD).unwrap();
    world.service("no-auth", "account required pam_permit.so\n");
    world.service("required", "auth required pam_unix.so\n");
    world.service("substack", "auth substack password-auth\n");
    world.service("password-auth", "auth sufficient pam_unix.so\nauth required pam_deny.so\n");
    world.service("sufficient", "auth sufficient pam_unix.so\nauth required pam_deny.so\n");
    world.service("no-password", "auth required pam_permit.so\n");
    world.service("broken", "@include nowhere\n");
    world.service("done", "@include common-auth\nauth requisite pam_2fa.so\n");
    // Sound by itself, and not for who takes it in.
    world.service("inner", "auth requisite pam_unix.so\nauth requisite pam_env.so\n");
    world.service("outer", "auth sufficient pam_unix.so\nauth include inner\n");
    let before = world.files();
    for (service, says) in [
        ("linked", "is a link to linked-to, which another program keeps"),
        ("not-roots", "belongs to uid 65534 and not to root"),
        ("open", "can be written by others than root (mode 0664)"),
        ("two-names", "is no plain file with one name"),
        ("vendors", "has its distribution's file alone; copy /usr/lib/pam.d/vendors to /etc/pam.d/vendors first"),
        ("no-auth", "those of `other` count"),
        (
            "required",
            "a code is asked for without a proven first factor: /etc/pam.d/required:1 pam_unix.so says auth_err, then",
        ),
        ("substack", "a code is asked for without a proven first factor"),
        (
            "sufficient",
            "/etc/pam.d/sufficient: a code is asked for without a proven first factor: /etc/pam.d/sufficient:1 pam_unix.so",
        ),
        ("no-password", "a code is asked for without a proven first factor: /etc/pam.d/no-password:1 pam_permit.so"),
        ("broken", "/etc/pam.d/broken:1: there is no file nowhere to take in, so libpam lets nobody in"),
        ("done", "done asks for a code already"),
        ("inner", "outer takes in the file of inner, and there a right first factor lets in without a code"),
        ("common-auth", "common-auth is a file that services take in, and no service"),
        ("other", "other is a file that services take in"),
        ("../shadow", "is no name of a service"),
        ("SSHD", "is no name of a service"),
    ] {
        let shown = world.enable(&[service]);
        let (out, err) = shown.split_once("---\n").unwrap();
        assert!(err.contains(says) && out.is_empty(), "{service}: {shown}");
        assert_eq!(err.lines().count(), 2, "{service}: {shown}");
        assert_eq!(world.files(), before, "{service}");
    }
}

#[test]
fn from_a_file_that_was_edited_since_our_line_alone_is_taken_out_and_it_says_so() {
    needs_root!();
    let world = World::new();
    world.enable(&["sshd"]);
    let edited = world.text("sshd").replace("pam_2fa.so", "pam_2fa.so timeout=9").replace("pam_nologin", "pam_access");
    write(world.file("sshd"), &edited).unwrap();
    set_permissions(world.file("sshd"), PermissionsExt::from_mode(0o600)).unwrap();
    let shown = world.run(&["disable", "sshd"]);
    assert!(
        shown.contains("its file was edited since 20") && shown.contains("our lines alone were taken out"),
        "{shown}"
    );
    assert_eq!(world.text("sshd"), SSHD.replace("pam_nologin", "pam_access"));
    assert_eq!(metadata(world.file("sshd")).unwrap().mode() & 0o7777, 0o600);
    let shown = world.run(&["disable", "sshd"]);
    assert!(
        shown.contains("sshd asks for no code, so there is nothing to take out") && shown.ends_with("=== 1"),
        "{shown}"
    );
    // Taken out by hand.
    world.enable(&["sshd"]);
    write(world.file("sshd"), "@include common-auth\n").unwrap();
    let shown = world.run(&["disable", "sshd"]);
    assert!(shown.contains("our lines were not in it any more") && shown.ends_with("=== 0"), "{shown}");
    assert_eq!(world.text("sshd"), "@include common-auth\n");
    world.enable(&["sshd"]);
    remove_file(world.file("sshd")).unwrap();
    let shown = world.run(&["disable", "sshd"]);
    assert!(shown.contains("its file is gone") && shown.ends_with("=== 0"), "{shown}");
    assert!(!world.path("var/lib/pam-2fa/enable/sshd.json").exists());
}

#[test]
fn a_line_that_somebody_else_put_there_comes_out_where_that_opens_nothing() {
    needs_root!();
    let world = World::new();
    world.service(
        "sshd",
        "@include common-auth\nauth \\\n  requisite \\\n  pam_2fa.so quiet\naccount required pam_permit.so\n",
    );
    remove_dir_all(world.path("var/lib/pam-2fa")).unwrap();
    let shown = world.run(&["disable", "sshd"]);
    assert!(shown.contains("our lines were taken out (`enable` has not put them there)"), "{shown}");
    assert_eq!(world.text("sshd"), "@include common-auth\naccount required pam_permit.so\n");
    for (text, says) in [
        (
            "auth [success=ignore default=2] pam_unix.so\nauth requisite pam_2fa.so\nauth [success=done default=die] pam_permit.so\n\
             auth requisite pam_deny.so\nauth optional pam_permit.so\n",
            "somebody would be let in at /etc/pam.d/sshd:4 pam_permit.so",
        ),
        (
            "auth [success=1 default=die] pam_unix.so\nauth requisite pam_2fa.so\nauth requisite pam_deny.so\n",
            "nobody would get in with a password",
        ),
    ] {
        world.service("sshd", text);
        let shown = world.run(&["disable", "sshd"]);
        assert!(shown.contains(says) && shown.ends_with("=== 1"), "{shown}");
        assert_eq!(world.text("sshd"), text);
    }
}

#[test]
fn a_receipt_that_others_could_have_written_gives_nothing_back() {
    needs_root!();
    let world = World::new();
    world.enable(&["sshd"]);
    let enabled = world.text("sshd");
    let receipt = world.path("var/lib/pam-2fa/enable/sshd.json");
    set_permissions(&receipt, PermissionsExt::from_mode(0o660)).unwrap();
    for says in ["can be written by others than root", "is no folder of root's alone"] {
        let shown = world.run(&["disable", "sshd"]);
        assert!(shown.contains(says) && shown.ends_with("=== 1"), "{shown}");
        assert_eq!(world.text("sshd"), enabled);
        // The folder in a folder of configd's can be moved away, and another put in its place.
        chown(world.path("var/lib/pam-2fa/enable"), Some(65_534), None).unwrap();
    }
    // One that root wrote and that does not fit what it says restores nothing either: the line comes out.
    chown(world.path("var/lib/pam-2fa/enable"), Some(0), None).unwrap();
    let forged = read_to_string(&receipt).unwrap().replacen("\"before\": \"", "\"before\": \"AAAA", 1);
    write(&receipt, forged).unwrap();
    set_permissions(&receipt, PermissionsExt::from_mode(0o600)).unwrap();
    let shown = world.run(&["disable", "sshd"]);
    assert!(shown.ends_with("=== 0"), "{shown}");
    assert_eq!(world.text("sshd"), SSHD);
}

fn answering(users: Value, channels: Value, state: &'static str) -> Daemon {
    Daemon::start(move |method, _| match method {
        admin::STATUS => vec![Reply::Done(json!({"status": {
            "version": "0.1.0", "state": state, "since": "2026-11-24T08:00:00Z", "problems": ["there is no key"],
            "channels": channels,
        }}))],
        admin::USER_LIST => vec![Reply::Done(json!({ "user": users }))],
        _ => vec![Reply::Close],
    })
}

#[test]
fn until_somebody_could_answer_and_a_message_was_sent_it_is_refused_unless_that_is_meant() {
    needs_root!();
    let ada =
        json!({"name": "ada", "uid": 1000, "verify": "new_device", "email": "ada@example.com", "email_verified": true});
    let mut nobody = ada.clone();
    nobody["email_verified"] = json!(false);
    let mut shut_out = ada.clone();
    shut_out["disabled_since"] = json!("2026-11-24T08:00:00Z");
    let works = json!([{"name": "email", "configured": true, "last_success": "2026-11-24T08:00:00Z"}]);
    let untested = json!([{"name": "email", "configured": true}, {"name": "sms", "configured": false}]);
    for (users, channels, state, words, says) in [
        (&ada, &works, "running", &[][..], &[][..]),
        (&ada, &json!([]), "degraded", &[], &[]),
        (&nobody, &works, "running", &[], &["so nobody could answer"]),
        (&shut_out, &works, "running", &[], &["say --without-users"]),
        (&Value::Null, &untested, "running", &[], &["so nobody could answer", "nothing was sent yet by email, so"]),
        (&nobody, &untested, "running", &["--without-users"], &["say --untested"]),
        (&ada, &untested, "running", &["--untested"], &[]),
        (&ada, &works, "sealed", &[], &["configd is sealed and would deny every login: there is no key"]),
    ] {
        let world = World::with(answering(users.clone(), channels.clone(), state));
        let shown = world.run(&[&["enable", "sshd"], words].concat());
        for says in says {
            assert!(shown.contains(says), "{says}: {shown}");
        }
        let (_, err) = shown.split_once("---\n").unwrap();
        assert_eq!(err.lines().count(), says.len() + 1, "{shown}");
        assert_eq!(world.text("sshd").contains("pam_2fa.so"), says.is_empty(), "{shown}");
    }
    let world = World::new();
    let shown = world.run(&["enable", "sshd"]);
    assert!(shown.contains("configd cannot be reached") && shown.ends_with("=== 3"), "{shown}");
    remove_file(world.path("usr/lib/x86_64-linux-gnu/security/pam_2fa.so")).unwrap();
    let shown = world.enable(&["sshd"]);
    assert!(
        shown.contains("there is no pam_2fa.so in the folder of PAM's modules") && shown.ends_with("=== 1"),
        "{shown}"
    );
    assert_eq!(world.text("sshd"), SSHD);
}

#[test]
fn the_console_gets_break_glass_and_only_where_a_code_for_it_is_good_or_that_is_meant() {
    needs_root!();
    let world = World::new();
    world.service("login", LOGIN);
    let shown = world.enable(&["login"]);
    assert!(shown.contains("no break-glass code is good") && shown.ends_with("=== 1"), "{shown}");
    assert_eq!(world.text("login"), LOGIN);
    assert!(world.enable(&["login", "--without-break-glass"]).contains("=== 0"));
    let with = LOGIN.replace("common-auth\n", "common-auth\nauth  requisite  pam_2fa.so break-glass\n");
    assert_eq!(world.text("login"), with);
    world.run(&["disable", "login"]);
    world.daemon.run(&["break-glass", "create", "1", "--reason", "x"]);
    assert!(world.enable(&["login"]).ends_with("=== 0"));
    assert_eq!(world.text("login"), with);
}

const CONSTANT: &str =
    "[policy]\nrequired = \"mandatory\"\napplication = \"Example\"\n[codes]\nprompt = \"constant\"\n";

#[test]
fn with_a_decoy_or_a_key_the_included_lines_are_written_whole_and_given_back() {
    needs_root!();
    let world = World::new();
    world.daemon.write_config(CONSTANT);
    let before = world.files();
    let shown = world.enable(&["sshd", "--decoy", "--key-proven"]);
    assert!(shown.ends_with("=== 0"), "{shown}");
    assert_eq!(
        world.text("sshd"),
        SSHD.replace(
            "@include common-auth\n",
            "auth\t[success=3 default=ignore]\tpam_2fa.so key-proven\n\
             auth\t[success=2 default=ignore]\tpam_unix.so nullok\n\
             auth\toptional\tpam_2fa.so decoy\n\
             auth\trequisite\tpam_deny.so\n\
             auth\trequired\tpam_permit.so\n\
             auth\toptional\tpam_cap.so\n\
             auth  requisite  pam_2fa.so\n"
        )
    );
    assert!(world.run(&["disable", "sshd"]).contains("its file is as it was before"));
    assert_eq!(world.files(), before);
    // Edited beside our lines, and between them.
    world.enable(&["sshd", "--decoy"]);
    let enabled = world.text("sshd");
    write(world.file("sshd"), enabled.replace("pam_nologin", "pam_access")).unwrap();
    assert!(world.run(&["disable", "sshd"]).contains("our lines alone were taken out"));
    assert_eq!(world.text("sshd"), SSHD.replace("pam_nologin", "pam_access"));
    // Behind a substack one line would be reached with a wrong password.
    world.service(
        "cockpit",
        "auth required pam_sepermit.so\nauth substack common-auth\n-auth optional pam_ssh_add.so\n",
    );
    assert!(world.enable(&["cockpit"]).ends_with("=== 0"));
    assert_eq!(
        world.text("cockpit"),
        "auth required pam_sepermit.so\n\
         auth\t[success=1 default=ignore]\tpam_unix.so nullok\n\
         auth\trequisite\tpam_deny.so\n\
         auth\trequired\tpam_permit.so\n\
         auth\toptional\tpam_cap.so\n\
         auth  requisite  pam_2fa.so\n\
         -auth optional pam_ssh_add.so\n"
    );
    world.service("sshd", SSHD);
    world.enable(&["sshd", "--decoy"]);
    let edited = enabled.replace("auth\trequired\tpam_permit.so\n", "auth\trequired\tpam_permit.so\n# mine\n");
    write(world.file("sshd"), &edited).unwrap();
    let shown = world.run(&["disable", "sshd"]);
    assert!(
        shown.contains("the lines that `enable` wrote are not together any more") && shown.ends_with("=== 1"),
        "{shown}"
    );
    assert_eq!(world.text("sshd"), edited);
    remove_file(world.path("var/lib/pam-2fa/enable/sshd.json")).unwrap();
    let shown = world.run(&["disable", "sshd"]);
    assert!(shown.contains("jumps count our lines; take them out by hand"), "{shown}");
}

#[test]
fn a_decoy_that_would_tell_or_never_be_shown_and_a_key_that_nobody_checks_are_refused() {
    needs_root!();
    let world = World::new();
    world.service("login", LOGIN);
    let shown = world.enable(&["sshd", "--decoy"]);
    assert!(shown.contains("a decoy needs one text for everybody") && shown.ends_with("=== 1"), "{shown}");
    world.daemon.write_config(CONSTANT);
    let shown = world.enable(&["login", "--key-proven", "--without-break-glass"]);
    assert!(shown.contains("only sshd checks keys") && shown.ends_with("=== 1"), "{shown}");
    for (common_auth, says) in [
        (
            "auth [success=2 default=ignore] pam_unix.so\nauth [default=die] pam_faillock.so authfail\nauth requisite pam_deny.so\n\
             auth required pam_permit.so\n",
            "the decoy would never be shown",
        ),
        ("auth requisite pam_unix.so\n", "common-auth cannot be written whole: it has no `auth requisite pam_deny.so`"),
        ("@include other\n", "common-auth cannot be written whole: its line 1 takes in another file"),
    ] {
        world.service("common-auth", common_auth);
        let before = world.files();
        let shown = world.enable(&["sshd", "--decoy"]);
        assert!(shown.contains(says) && shown.ends_with("=== 1"), "{says}: {shown}");
        assert_eq!(world.files(), before);
    }
}

/// Runs the command and kills it at that stop of its system calls; whether it came that far. It waits at first for the lock.
fn killed_at(stop: usize, world: &World, words: &[&str]) -> bool {
    let gate = File::options().write(true).open(world.path("var/lib/pam-2fa/enable/lock")).unwrap();
    gate.lock().unwrap();
    let (verb, words) = words.split_first().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pam-2fa"))
        .arg(verb)
        .arg("--runtime-dir")
        .arg("/nonexistent")
        .arg("--config")
        .arg(world.daemon.config())
        .arg("--root")
        .arg(world.root.path())
        .args(words)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = Pid::from_raw(i32::try_from(command.id()).unwrap());
    let waits = format!("/proc/{pid}/syscall");
    // clock_nanosleep(2) is 230 on x86-64 and 115 on arm64.
    let number = if cfg!(target_arch = "x86_64") { "230 " } else { "115 " };
    while !read_to_string(&waits).unwrap().starts_with(number) {
        std::thread::yield_now();
    }
    ptrace::attach(pid).expect("this test needs ptrace(2): kernel.yama.ptrace_scope below 3, no seccomp filter on it");
    waitpid(pid, None).unwrap();
    drop(gate);
    let came_so_far = (0..stop).all(|_| {
        ptrace::syscall(pid, None).unwrap();
        !matches!(waitpid(pid, None).unwrap(), WaitStatus::Exited(..))
    });
    if came_so_far {
        command.kill().unwrap();
    }
    let _ = command.wait();
    came_so_far
}

#[test]
fn killed_at_any_system_call_the_file_is_the_old_or_the_new_one_and_disable_gives_the_original_bytes() {
    needs_root!();
    let world = World::new();
    world.enable(&["sshd"]);
    let enabled = world.text("sshd");
    world.run(&["disable", "sshd"]);
    let before = world.files();
    let (mut olds, mut news) = (0, 0);
    for stop in 1.. {
        if !killed_at(stop, &world, &["enable", "sshd", "--without-users", "--untested"]) {
            break;
        }
        let now = world.text("sshd");
        if now == enabled {
            news += 1;
        } else {
            assert_eq!(now, SSHD, "killed at stop {stop}");
            olds += 1;
        }
        let shown = world.run(&["disable", "sshd"]);
        // Before the receipt there is nothing to undo, and it says so.
        assert!(
            shown.ends_with("=== 0") || shown.contains("there is nothing to take out"),
            "killed at stop {stop}: {shown}"
        );
        assert_eq!(without_draft(world.files()), before, "killed at stop {stop}");
    }
    assert_eq!(world.text("sshd"), enabled);
    assert!(olds > 20 && news > 5, "{olds} {news}");
    // And the undoing itself.
    let (mut olds, mut news) = (0, 0);
    for stop in 1.. {
        if !world.text("sshd").contains("pam_2fa.so") {
            assert!(world.enable(&["sshd"]).ends_with("=== 0"));
        }
        if !killed_at(stop, &world, &["disable", "sshd"]) {
            break;
        }
        let now = world.text("sshd");
        if now == enabled {
            olds += 1;
        } else {
            assert_eq!(now, SSHD, "killed at stop {stop}");
            news += 1;
        }
        let shown = world.run(&["disable", "sshd"]);
        assert!(
            shown.ends_with("=== 0") || shown.contains("there is nothing to take out"),
            "killed at stop {stop}: {shown}"
        );
        assert_eq!(without_draft(world.files()), before, "killed at stop {stop}");
    }
    assert!(olds > 5 && news > 5, "{olds} {news}");
    assert_eq!(without_draft(world.files()), before);
}

/// A receipt that was not whole yet is in nobody's way, and the next one takes it away.
fn without_draft(mut files: Vec<(PathBuf, Vec<u8>)>) -> Vec<(PathBuf, Vec<u8>)> {
    files.retain(|(path, _)| !path.ends_with("enable/.draft"));
    files
}
