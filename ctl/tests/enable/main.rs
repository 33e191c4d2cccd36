//! `enable` and `disable` as an administrator sees them, and what becomes of the files.

mod all;
mod all_beside;
mod attacks;
#[path = "../common/mod.rs"]
mod common;
mod everything;
mod examples;
mod killed;
mod rewrite;
mod world;

use common::{Daemon, Reply};
use insta::assert_snapshot;
use pam_2fa_protocol::admin;
use serde_json::{Value, json};
use std::fs::{metadata, read_to_string, remove_dir_all, remove_file, set_permissions, write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use world::{LOGIN, SSHD, SU, World};

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
    world.service("mystery", "auth required pam_mystery.so\n");
    world.service("substack", "auth substack password-auth\n");
    world.service("password-auth", "auth sufficient pam_mystery.so\nauth required pam_deny.so\n");
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
            "mystery",
            "a code is asked for without a proven first factor: /etc/pam.d/mystery:1 pam_mystery.so says success, then",
        ),
        ("substack", "a code is asked for without a proven first factor"),
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
    let mut with_app = ada.clone();
    with_app["app_since"] = json!("2026-11-24T08:00:00Z");
    let mut shut_out = ada.clone();
    shut_out["disabled_since"] = json!("2026-11-24T08:00:00Z");
    let works = json!([{"name": "email", "configured": true, "last_success": "2026-11-24T08:00:00Z"}]);
    let untested = json!([{"name": "email", "configured": true}, {"name": "sms", "configured": false}]);
    for (users, channels, state, words, says) in [
        (&ada, &works, "running", &[][..], &[][..]),
        (&ada, &json!([]), "degraded", &[], &[]),
        (&ada, &json!([{"name": "email", "configured": false}]), "running", &[], &["so nobody could answer"]),
        (&with_app, &json!([{"name": "email", "configured": false}]), "running", &[], &[]),
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
