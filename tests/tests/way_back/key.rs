//! The key: lost, damaged, another's, from a credential, changed.

use super::common::*;
use e2e::mailbox;
use e2e::wait;
use e2e::world::{Plan, text_of};
use std::fs;
use std::process::Command;

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_key_that_is_lost_damaged_or_anothers_is_put_back_by_an_import() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    let (copy, phrase) = (world.path("copy"), phrase(&world));
    done(&world, &["key", "export", copy.to_str().unwrap(), "--passphrase-file", &phrase]);
    let key = world.path("state/key");
    let (right, other) = (fs::read(&key).unwrap(), "pam-2fa-key:v1:00112233:garbage\n");
    for (what, stands) in [("there is no key", None), ("this is no key", Some(other))] {
        world.stop_configd();
        match stands {
            None => fs::remove_file(&key).unwrap(),
            Some(text) => fs::write(&key, text).unwrap(),
        }
        world.start_configd();
        is_sealed(&world, &ada, &[what, "pam-2fa key import"]);
        let said = done(&world, &["key", "import", copy.to_str().unwrap(), "--passphrase-file", &phrase]);
        assert!(said.contains("configd is open"), "{said}");
        assert_eq!(fs::read(&key).unwrap(), right);
        logs_in(&world, &ada);
    }
    let about = Command::new("stat").args(["-c", "%U %a", key.to_str().unwrap()]).output().unwrap();
    assert_eq!(text_of(&about).trim(), "pam-2fa 600");
    let log = done(&world, &["log"]);
    assert!(log.contains("key-exported"), "{log}");
    // Another host's key fits nothing here.
    let elsewhere = Plan::default().start();
    let _ = elsewhere.person("bob");
    world.stop_configd();
    fs::copy(elsewhere.path("state/key"), &key).unwrap();
    world.start_configd();
    is_sealed(&world, &ada, &["was made with key", "pam-2fa key import"]);
    let theirs = elsewhere.path("copy");
    done(&elsewhere, &["key", "export", theirs.to_str().unwrap(), "--passphrase-file", &phrase]);
    let said = refused(&world, &["key", "import", theirs.to_str().unwrap(), "--passphrase-file", &phrase]);
    assert!(said.contains("was made with key") && said.contains("nothing was changed"), "{said}");
    done(&world, &["key", "import", copy.to_str().unwrap(), "--passphrase-file", &phrase]);
    logs_in(&world, &ada);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_credential_that_could_not_be_opened_is_stood_in_for_by_an_import_and_a_bad_one_is_named() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    let (copy, phrase) = (world.path("copy"), phrase(&world));
    done(&world, &["key", "export", copy.to_str().unwrap(), "--passphrase-file", &phrase]);
    // As where the credential brings it: in the runtime folder, and nowhere else.
    world.stop_configd();
    let credential = world.path("run/key");
    fs::rename(world.path("state/key"), &credential).unwrap();
    world.start_configd();
    logs_in(&world, &ada);
    let status = done(&world, &["key", "status"]);
    assert!(status.contains("from a systemd credential"), "{status}");
    let said = refused(&world, &["key", "rotate"]);
    assert!(said.contains("pam-2fa key to-file"), "{said}");
    logs_in(&world, &ada);
    // It brings garbage: a second key would not be looked at.
    world.stop_configd();
    fs::write(&credential, "garbage").unwrap();
    world.start_configd();
    is_sealed(&world, &ada, &["run/key: this is no key"]);
    let said = refused(&world, &["key", "import", copy.to_str().unwrap(), "--passphrase-file", &phrase]);
    assert!(said.contains("credential"), "{said}");
    // It could not be opened: nothing is there.
    fs::remove_file(&credential).unwrap();
    refused(&world, &["config", "reload"]);
    is_sealed(&world, &ada, &["there is no key", "mend the credential"]);
    done(&world, &["key", "import", copy.to_str().unwrap(), "--passphrase-file", &phrase]);
    logs_in(&world, &ada);
}

/// As `key rotate` prints them, with no restart in between; whoever stops after one of them is not locked out. What `to-file` and `to-credential` do
/// with systemd is done here by hand, and by them in `tests/booted/credential`.
#[test]
#[ignore = "needs tests/ns/enter"]
fn the_steps_that_are_printed_for_a_credentials_key_change_it_and_lock_nobody_out() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    done(&world, &["config", "seal"]);
    let (copy, phrase) = (world.path("copy"), phrase(&world));
    let copy = copy.to_str().unwrap();
    world.stop_configd();
    let (credential, key) = (world.path("run/key"), world.path("state/key"));
    fs::rename(&key, &credential).unwrap();
    world.start_configd();
    let mut standing = world.ssh(&ada).open_with_password();
    standing.wait_for_code_prompt();
    let code = mailbox::wait_for_code(&ada.email, 1).code();
    let said = refused(&world, &["key", "rotate"]);
    for step in ["pam-2fa key to-file", "pam-2fa key rotate", "pam-2fa key to-credential --with LOCK --export FILE"] {
        assert!(said.contains(step), "{step}: {said}");
    }
    // What can be known beforehand cuts nobody off.
    standing.type_line(&code);
    standing.prove_shell();
    done(&world, &["key", "export", copy, "--passphrase-file", &phrase]);
    fs::remove_file(&credential).unwrap();
    let status = done(&world, &["status"]);
    assert!(status.contains("degraded") && status.contains("pam-2fa key import"), "{status}");
    // Too early: it would have nothing to open by.
    let said = refused(&world, &["key", "rotate"]);
    assert!(said.contains("there is no key"), "{said}");
    logs_in(&world, &ada);
    let said = done(&world, &["key", "import", copy, "--passphrase-file", &phrase]);
    assert!(said.contains("is in its place") && said.contains("configd is open"), "{said}");
    world.kill_configd();
    world.start_configd();
    logs_in(&world, &ada);
    let said = done(&world, &["key", "rotate"]);
    assert!(said.contains("is forgotten"), "{said}");
    logs_in(&world, &ada);
    world.stop_configd();
    fs::rename(&key, &credential).unwrap();
    world.start_configd();
    logs_in(&world, &ada);
    let status = done(&world, &["status"]);
    assert!(status.contains("running") && !status.contains("problem"), "{status}");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_key_is_changed_while_people_log_in_and_everything_is_sealed_by_the_new_one() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    done(&world, &["config", "seal"]);
    let before = done(&world, &["key", "status"]);
    let mut standing = world.ssh(&ada).open_with_password();
    standing.wait_for_code_prompt();
    let code = mailbox::wait_for_code(&ada.email, 1).code();
    let said = done(&world, &["key", "rotate"]);
    assert!(said.contains("1 setting sealed by it") && said.contains("is forgotten"), "{said}");
    // It was cut off, and its code is worth nothing.
    standing.type_line(&code);
    standing.wait_for_denial();
    logs_in(&world, &ada);
    let after = done(&world, &["key", "status"]);
    assert_ne!(after, before);
    assert!(after.contains("nothing to be done"), "{after}");
    let names: Vec<_> = fs::read_dir(world.path("state")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().starts_with("key.")), "{names:?}");
    world.stop_configd();
    world.start_configd();
    logs_in(&world, &ada);
    done(&world, &["key", "rotate"]);
    logs_in(&world, &ada);
}

/// The command is killed wherever it stands; what it has begun is gone on with, and nobody is locked out meanwhile.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_rotation_whose_command_or_daemon_is_killed_is_gone_on_with_and_logins_work_meanwhile() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    done(&world, &["config", "seal"]);
    // Nobody can put another file in this folder: the settings cannot be sealed anew, which is as far as a killed command came.
    let etc = world.config_file().parent().unwrap().to_owned();
    run("mount", &["--bind", etc.to_str().unwrap(), etc.to_str().unwrap()]);
    run("mount", &["-o", "remount,bind,ro", etc.to_str().unwrap()]);
    let said = refused(&world, &["key", "rotate"]);
    assert!(said.contains("run `pam-2fa key rotate` again"), "{said}");
    let status = done(&world, &["status"]);
    assert!(status.contains("degraded") && status.contains("a rotation of the key is not finished"), "{status}");
    let said =
        refused(&world, &["backup", world.path("backup").to_str().unwrap(), "--passphrase-file", &phrase(&world)]);
    assert!(said.contains("a rotation of the key is not finished") && !world.path("backup").exists(), "{said}");
    logs_in(&world, &ada);
    world.kill_configd();
    world.start_configd();
    logs_in(&world, &ada);
    run("umount", &[etc.to_str().unwrap()]);
    let said = done(&world, &["key", "rotate"]);
    assert!(said.contains("going on with the rotation") && said.contains("is forgotten"), "{said}");
    let status = done(&world, &["status"]);
    assert!(status.contains("running") && !status.contains("problem"), "{status}");
    logs_in(&world, &ada);
}

/// Each time a little later, up to its end; the daemon goes with it every second time.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_rotation_killed_at_any_moment_locks_nobody_out_and_is_finished_by_the_next() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    done(&world, &["config", "seal"]);
    let begun = wait::now();
    done(&world, &["key", "rotate"]);
    let whole = begun.elapsed();
    for round in 0_u32..12 {
        let mut rotating = world.command_begun(&["key", "rotate"]);
        std::thread::sleep(whole * round / 12);
        rotating.kill().unwrap();
        if round % 2 == 1 {
            world.kill_configd();
        }
        rotating.wait().unwrap();
        if round % 2 == 1 {
            world.start_configd();
        }
        opens(&world);
        if round % 4 >= 2 {
            logs_in(&world, &ada);
        }
        done(&world, &["key", "rotate"]);
        let status = done(&world, &["status"]);
        assert!(status.contains("running") && !status.contains("problem"), "round {round}: {status}");
    }
    logs_in(&world, &ada);
}
