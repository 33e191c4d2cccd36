//! `enable --all` and `disable --all` with the pam-auth-update of the host, on a host below a folder.

#![expect(clippy::unwrap_used, reason = "a test that cannot run must say so")]

use crate::common;
use crate::killed::killed_behind;
use crate::needs_root;
use crate::world::{LOGIN, SSHD, SU, World};
use insta::assert_snapshot;
use serde_json::{Value, json};
use std::fs::{create_dir_all, metadata, read_dir, read_to_string, remove_dir_all, set_permissions, write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const COCKPIT: &str =
    "auth required pam_sepermit.so\nauth substack common-auth\nauth optional pam_reauthorize.so prepare\n";
const CRON: &str = "@include common-auth\naccount required pam_permit.so\n";
/// It goes on with a wrong password.
const UNSOUND: &str = "auth sufficient pam_unix.so\n@include common-auth\n";

/// Whether this host is one of pam-auth-update's; elsewhere it says so and is no failure.
#[expect(clippy::disallowed_macros, clippy::print_stderr, reason = "a test that is skipped says so")]
pub(crate) fn has_tool() -> bool {
    let is_there = Path::new("/usr/sbin/pam-auth-update").exists();
    if !is_there {
        eprintln!("NOT CHECKED: no pam-auth-update on this host");
    }
    is_there
}

/// Debian's files, and services that take them in.
pub(crate) fn debian() -> World {
    let world = World::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pam-auth-update");
    for (from, to) in [("pam.d", "etc/pam.d"), ("lib", "var/lib/pam"), ("configs", "usr/share/pam-configs")] {
        create_dir_all(world.path(to)).unwrap();
        for entry in read_dir(fixtures.join(from)).unwrap().map(Result::unwrap) {
            let text = read_to_string(entry.path()).unwrap();
            let file = world.path(to).join(entry.file_name());
            write(&file, text).unwrap();
            set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
        }
    }
    for (name, text) in
        [("sshd", SSHD), ("login", LOGIN), ("su", SU), ("cockpit", COCKPIT), ("cron", CRON), ("other", CRON)]
    {
        world.service(name, text);
    }
    world
}

pub(crate) fn same(world: &World, before: &[(PathBuf, Vec<u8>)], when: &str) {
    let now = world.files();
    let other: Vec<_> = now
        .iter()
        .filter(|file| !before.contains(file))
        .chain(before.iter().filter(|file| !now.contains(file)))
        .collect();
    let names: Vec<_> = other.iter().map(|(path, _)| path.display().to_string()).collect();
    assert!(names.is_empty(), "{when}: {names:?}");
}

pub(crate) fn all(world: &World, words: &[&str]) -> String {
    world.enable(&[&["--all", "--without-break-glass"], words].concat())
}

pub(crate) const CONSTANT: &str =
    "[policy]\nrequired = \"mandatory\"\napplication = \"Example\"\n[codes]\nprompt = \"constant\"\n";

#[test]
fn all_services_ask_by_a_profile_of_pam_auth_updates_and_its_files_come_back_to_the_byte() {
    needs_root!();
    if !has_tool() {
        return;
    }
    let world = debian();
    set_permissions(world.file("common-auth"), PermissionsExt::from_mode(0o640)).unwrap();
    let before = world.files();
    let planned = all(&world, &["--dry-run"]);
    same(&world, &before, "");
    let shown = all(&world, &[]);
    assert_snapshot!(shown, @r#"
    --- /etc/pam.d/common-auth
    +++ /etc/pam.d/common-auth
    @@ -22,5 +22,6 @@
     # since the modules above will each just jump around
     auth    required            pam_permit.so
     # and here are more per-package modules (the "Additional" block)
    +auth    requisite            pam_2fa.so break-glass
     auth    optional            pam_cap.so
     # end of pam-auth-update config
    --- /usr/share/pam-configs/pam-2fa
    +++ /usr/share/pam-configs/pam-2fa
    @@ -0,0 +1,6 @@
    +Name: A code as the second factor (pam-2fa)
    +Default: no
    +Priority: 1024
    +Auth-Type: Additional
    +Auth:
    +    requisite            pam_2fa.so break-glass
    these ask for a code then: cockpit, login, other, sshd, su
    other is every service that has no file of its own
    these take the lines in, too, and ask nobody (their class is ignore): cron
    they ask for a code from their next login on; `pam-2fa disable --all` undoes it
    keep this session until a login in another one has worked
    ---
    pam-2fa: su: /etc/pam.d/su:1 pam_rootok.so lets in with neither a password nor a code, as before
    === 0
    "#);
    assert!(planned.starts_with(shown.split("they ask").next().unwrap()), "{planned}");
    assert_eq!(
        auth_lines(&world),
        [
            "auth\t[success=1 default=ignore]\tpam_unix.so nullok",
            "auth\trequisite\t\t\tpam_deny.so",
            "auth\trequired\t\t\tpam_permit.so",
            "auth\trequisite\t\t\tpam_2fa.so break-glass",
            "auth\toptional\t\t\tpam_cap.so ",
        ]
    );
    says_what_goes_with_it(&world);
    assert_snapshot!(world.run(&["disable", "--all"]), @r"
    no service asks for a code any more by the common lines; they are as they were before
    ---
    === 0
    ");
    same(&world, &before, "");
    assert_eq!(metadata(world.file("common-auth")).unwrap().permissions().mode() & 0o7777, 0o640);
    assert!(world.run(&["disable", "--all"]).contains("no common line of this host is ours"));
}

pub(crate) fn auth_lines(world: &World) -> Vec<String> {
    world.text("common-auth").lines().filter(|line| line.starts_with("auth")).map(str::to_owned).collect()
}

fn says_what_goes_with_it(world: &World) {
    for (words, says) in [
        (&["enable", "--all"][..], "some ask for a code already, and would twice: cockpit cron login other sshd su"),
        (&["enable", "sshd"], "sshd asks for a code already; `pam-2fa disable --all` takes that out"),
        (&["disable", "sshd"], "/etc/pam.d/common-auth:25; `pam-2fa disable --all` takes it out there"),
        (&["enable", "--all", "sshd"], "cannot be used with"),
        (&["enable", "--all", "--key-proven"], "cannot be used with"),
    ] {
        let shown = world.run(words);
        assert!(shown.contains(says), "{words:?}: {shown}");
    }
}

#[test]
fn with_a_decoy_there_are_two_profiles_and_the_jumps_are_counted() {
    needs_root!();
    if !has_tool() {
        return;
    }
    let world = debian();
    world.daemon.write_config(CONSTANT);
    let before = world.files();
    let answer = all(&world, &["--decoy", "--json"]);
    let answer: Value = serde_json::from_str(answer.split("---\n").next().unwrap()).unwrap();
    assert_eq!(
        (&answer["changed"], &answer["asks"], &answer["ignored"]),
        (&json!(true), &json!(["cockpit", "login", "other", "sshd", "su"]), &json!(["cron"]))
    );
    assert_eq!(
        auth_lines(&world),
        [
            "auth\t[success=2 default=ignore]\tpam_unix.so nullok",
            "auth\toptional\t\t\tpam_2fa.so decoy",
            "auth\trequisite\t\t\tpam_deny.so",
            "auth\trequired\t\t\tpam_permit.so",
            "auth\trequisite\t\t\tpam_2fa.so break-glass",
            "auth\toptional\t\t\tpam_cap.so ",
        ]
    );
    assert!(world.run(&["disable", "--all"]).contains("they are as they were before"));
    same(&world, &before, "");
}

#[test]
fn where_one_service_would_not_be_sound_or_the_lines_were_edited_nothing_is_changed_and_one_line_says_why() {
    needs_root!();
    if !has_tool() {
        return;
    }
    let edited = |world: &World, old: &str, new: &str| {
        world.service("common-auth", &world.text("common-auth").replace(old, new));
    };
    type Prepare<'a> = &'a dyn Fn(&World);
    let cases: [(Prepare<'_>, &str); 9] = [
        (&|world| world.service("my.app", UNSOUND), "my.app takes the common lines in, and there a right first factor"),
        (
            &|world| world.service("mine", "auth required \\\n# mine\n pam_env.so\n@include common-auth\n"),
            "/etc/pam.d/mine:2: a comment or an empty line stands in a line that is continued, and not every libpam",
        ),
        (
            &|world| world.service("mine", UNSOUND),
            "mine takes the common lines in, and there a right first factor lets in without",
        ),
        (
            &|world| edited(world, "# here's", "auth optional pam_echo.so\n# here's"),
            "lines between its marks in common-* were edited by hand",
        ),
        (
            &|world| edited(world, "# end of", "auth optional pam_warn.so\n# end of"),
            "lines between its marks in common-* were edited by hand",
        ),
        (&|world| remove_dir_all(world.path("var/lib/pam")).unwrap(), "cannot copy /var/lib/pam"),
        (&|world| world.service("sshd", &format!("{SSHD}auth requisite pam_2fa.so\n")), "would twice: sshd; "),
        (&|world| write(world.path("usr/share/pam-configs/pam-2fa"), "Name: mine\n").unwrap(), "is there already"),
        (
            &|world| set_permissions(world.file("common-auth"), PermissionsExt::from_mode(0o666)).unwrap(),
            "can be written by others",
        ),
    ];
    for (prepare, says) in cases {
        let world = debian();
        prepare(&world);
        let before = world.files();
        let shown = all(&world, &[]);
        let (out, err) = shown.split_once("---\n").unwrap();
        assert!(err.contains(says) && out.is_empty() && shown.ends_with("=== 1"), "{says}: {shown}");
        assert_eq!(err.lines().count(), 2, "{shown}");
        same(&world, &before, says);
    }
    // Policy asks nobody in it; what a package has left beside a file is no service.
    let world = debian();
    world.service("dovecot", UNSOUND);
    world.service("login.dpkg-old", UNSOUND);
    world.service("gdm-fingerprint", "auth required pam_fprintd.so\n");
    let shown = all(&world, &[]);
    assert!(shown.contains("their class is ignore): cron, dovecot\n"), "{shown}");
    assert!(shown.contains("lines of their own, and ask for no code: gdm-fingerprint\n"), "{shown}");
}

#[test]
fn another_profile_that_waits_does_not_come_with_ours_and_a_faillock_that_ends_before_the_decoy_is_seen() {
    needs_root!();
    if !has_tool() {
        return;
    }
    let world = debian();
    let faillock = "Name: Faillock\nDefault: yes\nPriority: 0\nAuth-Type: Primary\nAuth:\n\t[default=die] pam_faillock.so authfail\n";
    write(world.path("usr/share/pam-configs/faillock"), faillock).unwrap();
    let before = world.files();
    let shown = all(&world, &[]);
    assert!(
        shown.contains("common-auth: would be changed by pam-auth-update without us, too") && shown.ends_with("=== 1"),
        "{shown}"
    );
    same(&world, &before, "");
    // A wrong password ends before the decoy.
    world.daemon.write_config(CONSTANT);
    write(world.path("var/lib/pam/auth"), "Module: unix\n[success=end default=ignore]\tpam_unix.so nullok\nModule: faillock\n[default=die] pam_faillock.so authfail\nModule: capability\noptional\t\t\tpam_cap.so\n").unwrap();
    write(world.path("var/lib/pam/seen"), "unix\nsystemd\nfaillock\ncapability\n").unwrap();
    let with = world.text("common-auth").replace(
        "[success=1 default=ignore]\tpam_unix.so nullok\n",
        "[success=2 default=ignore]\tpam_unix.so nullok\nauth\t[default=die] pam_faillock.so authfail\n",
    );
    world.service("common-auth", &with);
    let shown = all(&world, &["--decoy"]);
    assert!(shown.contains("so the decoy would never be shown") && shown.ends_with("=== 1"), "{shown}");
    let shown = all(&world, &[]);
    assert!(
        shown.contains("cockpit, login, other, sshd, su: pam_faillock: authfail before ours; wrong codes do not count"),
        "{shown}"
    );
    assert!(world.run(&["disable", "--all"]).contains("they are as they were before"));
    assert_eq!(world.text("common-auth"), with);
}

#[test]
fn what_was_changed_since_stays_and_ours_alone_is_taken_out_of_it() {
    needs_root!();
    if !has_tool() {
        return;
    }
    // An option of somebody's, which pam-auth-update keeps, and a line outside of its marks.
    let world = debian();
    let before = world.text("common-auth");
    all(&world, &[]);
    let mine = |text: &str| format!("{}auth optional pam_warn.so\n", text.replace("nullok", "nullok nodelay"));
    world.service("common-auth", &mine(&world.text("common-auth")));
    let shown = world.run(&["disable", "--all"]);
    assert!(shown.contains("they were changed since 20") && shown.contains("so ours alone were taken out"), "{shown}");
    assert!(shown.contains("+auth    [success=1 default=ignore]    pam_unix.so nullok nodelay\n"), "{shown}");
    assert_eq!(world.text("common-auth"), mine(&before));
    assert!(!world.path("usr/share/pam-configs/pam-2fa").exists());
    // A line between its marks: pam-auth-update leaves the file, and so it is to be done by hand.
    all(&world, &[]);
    let between = world.text("common-auth").replace("# here's", "auth optional pam_echo.so\n# here's");
    world.service("common-auth", &between);
    let shown = world.run(&["disable", "--all"]);
    assert!(shown.contains("take the lines with pam_2fa.so out by hand") && shown.ends_with("=== 1"), "{shown}");
    assert_eq!(world.text("common-auth"), between);
    let by_hand = between.replace("auth\trequisite\t\t\tpam_2fa.so break-glass\n", "");
    world.service("common-auth", &by_hand);
    assert!(world.run(&["disable", "--all"]).ends_with("=== 0"));
    assert_eq!(world.text("common-auth"), by_hand);
    assert!(!world.path("usr/share/pam-configs/pam-2fa").exists());
    // The state is gone with its receipt.
    let world = debian();
    all(&world, &[]);
    remove_dir_all(world.path("var/lib/pam-2fa")).unwrap();
    let shown = world.run(&["disable", "--all"]);
    assert!(shown.contains("`enable --all` has left no receipt") && shown.ends_with("=== 0"), "{shown}");
    assert_eq!(world.text("common-auth"), before);
}

/// What pam-auth-update writes, one behind the other: its list of what it has seen, then for each type a draft, a list's draft, the file
/// and the list.
#[test]
fn wherever_pam_auth_update_is_killed_disable_gives_the_original_bytes() {
    needs_root!();
    if !has_tool() {
        return;
    }
    let world = debian();
    world.daemon.write_config(CONSTANT);
    let before = world.files();
    all(&world, &["--decoy"]);
    let after = world.files();
    let text = |files: &[(PathBuf, Vec<u8>)], below: &str| {
        files.iter().find(|(path, _)| *path == world.path(below)).map(|(_, text)| text.clone()).unwrap()
    };
    let put_back = |files: &[(PathBuf, Vec<u8>)]| {
        for (path, text) in files {
            write(path, text).unwrap();
            let mode = if path.ends_with("all.services.json") { 0o600 } else { 0o644 };
            set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        }
    };
    let mut steps: Vec<(String, Vec<u8>)> = Vec::new();
    let seen = text(&after, "var/lib/pam/seen");
    steps.extend((0..=seen.len()).step_by(5).map(|end| (String::from("var/lib/pam/seen"), seen[..end].to_vec())));
    steps.push((String::from("var/lib/pam/seen"), seen.clone()));
    for name in ["auth", "account", "password", "session", "session-noninteractive"] {
        let (file, list) = (format!("etc/pam.d/common-{name}"), format!("var/lib/pam/{name}"));
        let (file_text, list_text) = (text(&after, &file), text(&after, &list));
        steps.push((format!("{file}.pam-new"), file_text[..file_text.len() / 2].to_vec()));
        steps.push((format!("{list}.new"), list_text[..list_text.len() / 2].to_vec()));
        steps.push((file, file_text));
        steps.push((list, list_text));
    }
    for killed in 0..=steps.len() {
        put_back(&after);
        for (path, text) in before
            .iter()
            .filter(|(path, _)| path.starts_with(world.path("etc")) || path.starts_with(world.path("var/lib/pam")))
        {
            write(path, text).unwrap();
        }
        for (below, text) in &steps[..killed] {
            write(world.path(below), text).unwrap();
        }
        if killed < 3 {
            let shown = all(&world, &[]);
            assert!(shown.contains("an earlier `enable --all` is not undone"), "{killed}: {shown}");
        }
        let shown = world.run(&["disable", "--all"]);
        assert!(shown.contains("they are as they were before") && shown.ends_with("=== 0"), "{killed}: {shown}");
        same(&world, &before, &killed.to_string());
    }
}

/// The tool goes on where the command is killed, and holds the lock until it is done: `disable` waits for it.
#[test]
fn killed_behind_its_receipt_at_many_a_system_call_disable_all_gives_the_original_bytes() {
    needs_root!();
    if !has_tool() {
        return;
    }
    let world = debian();
    all(&world, &[]);
    let enabled = world.text("common-auth");
    world.run(&["disable", "--all"]);
    let before = world.files();
    let original = world.text("common-auth");
    let receipt = "var/lib/pam-2fa/enable/all.services.json";
    let words = ["enable", "--all", "--without-users", "--untested", "--without-break-glass"];
    let mut news = 0;
    for stop in (0..).step_by(97) {
        if !killed_behind(Some((receipt, true)), stop, &world, &words) {
            break;
        }
        let shown = world.run(&["disable", "--all"]);
        assert!(shown.contains("they are as they were before") && shown.ends_with("=== 0"), "{stop}: {shown}");
        same(&world, &before, &format!("killed at stop {stop}"));
        news += 1;
    }
    assert_eq!(world.text("common-auth"), enabled);
    assert!(news > 10, "{news}");
    // And the undoing itself.
    let mut olds = 0;
    for stop in (1..).step_by(31) {
        if world.text("common-auth") != enabled {
            assert!(all(&world, &[]).ends_with("=== 0"));
        }
        if !killed_behind(None, stop, &world, &["disable", "--all"]) {
            break;
        }
        let now = world.text("common-auth");
        assert!(now == enabled || now == original, "killed at stop {stop}: {now}");
        olds += usize::from(now == original);
        let shown = world.run(&["disable", "--all"]);
        let is_done = shown.ends_with("=== 0") || shown.contains("so there is nothing to take out");
        assert!(is_done, "killed at stop {stop}: {shown}");
        same(&world, &before, &format!("killed at stop {stop}"));
    }
    assert!(olds > 3, "{olds}");
}
