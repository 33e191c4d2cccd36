//! A bad day, and the way back from it by the real command (docs/when-it-fails.md): whatever is lost or damaged denies, says what to
//! do, and when that was done the same user logs in again.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

use e2e::mailbox;
use e2e::wait;
use e2e::world::{self, Person, Plan, World, text_of};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Under what copies are kept.
const PHRASE: &str = "correct horse battery staple";

fn phrase(world: &World) -> String {
    let path = world.path("phrase");
    fs::write(&path, PHRASE).unwrap();
    path.to_str().unwrap().to_owned()
}

fn done(world: &World, words: &[&str]) -> String {
    let out = world.command(words);
    assert!(out.status.success(), "pam-2fa {words:?}: {}", text_of(&out));
    text_of(&out)
}

fn refused(world: &World, words: &[&str]) -> String {
    let out = world.command(words);
    assert_eq!(out.status.code(), Some(1), "pam-2fa {words:?}: {}", text_of(&out));
    text_of(&out)
}

/// Who logs in, with a code of now.
fn logs_in(world: &World, person: &Person) {
    let before = mailbox::codes(&person.email).len();
    let mut ssh = world.ssh(person).open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&mailbox::wait_for_code(&person.email, before + 1).code());
    ssh.prove_shell();
}

/// Denied without a prompt of ours, and `status` says that it is sealed, since when, and this.
fn is_sealed(world: &World, person: &Person, says: &[&str]) {
    world.ssh(person).open_with_password().wait_for_denial();
    let status = done(world, &["status"]);
    for word in ["sealed: every login", "sealed since", "problem: "].iter().chain(says) {
        assert!(status.contains(word), "no {word:?} in: {status}");
    }
}

/// Until it says so of itself: what was in the way is gone.
fn opens(world: &World) {
    wait::until("configd to open", || {
        let out = world.command(&["status"]);
        (out.status.success() && !text_of(&out).contains("sealed: every login")).then_some(())
    });
}

/// The state folder as it stands, beside it; configd is not running.
fn copied(world: &World, name: &str) -> PathBuf {
    let copy = world.path(name);
    run("cp", &["-a", world.path("state").to_str().unwrap(), copy.to_str().unwrap()]);
    copy
}

fn run(program: &str, words: &[&str]) {
    let status = Command::new(program).args(words).status().unwrap();
    assert!(status.success(), "{program} {words:?}");
}

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
    assert!(said.contains("systemd-creds encrypt"), "{said}");
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

/// As `key rotate` prints them, with no restart in between; whoever stops after one of them is not locked out.
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
    for step in ["pam-2fa key export FILE", "systemctl edit", "pam-2fa key import FILE", "systemd-creds encrypt"] {
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

#[test]
#[ignore = "needs tests/ns/enter"]
fn an_older_store_seals_and_is_taken_on_demand_alone() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    world.stop_configd();
    let old = copied(&world, "old");
    world.start_configd();
    logs_in(&world, &ada);
    done(&world, &["status"]);
    world.stop_configd();
    fs::remove_dir_all(world.path("state")).unwrap();
    fs::rename(old, world.path("state")).unwrap();
    world.start_configd();
    is_sealed(&world, &ada, &["the store is an older copy", "pam-2fa restore --accept"]);
    let said = done(&world, &["restore", "--accept"]);
    assert!(said.contains("the store is taken as it is"), "{said}");
    logs_in(&world, &ada);
    assert!(done(&world, &["log"]).contains("older-store-accepted"));
}

/// The store is put back from a copy, which is older than what was lost of it.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_store_that_is_damaged_cut_off_or_gone_is_never_begun_anew_and_comes_back_from_a_copy() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    world.stop_configd();
    let old = copied(&world, "old").join("state.db");
    world.start_configd();
    logs_in(&world, &ada);
    done(&world, &["status"]);
    let store = world.path("state/state.db");
    for (what, says) in
        [("damaged", "the store is damaged"), ("cut off", "the store is damaged"), ("gone", "there is no store")]
    {
        world.stop_configd();
        let mut bytes = fs::read(&store).unwrap();
        let page = 4096.min(bytes.len());
        match what {
            "damaged" => bytes.iter_mut().skip(page).step_by(97).for_each(|byte| *byte ^= 0x55),
            "cut off" => bytes.truncate(page),
            _ => bytes.clear(),
        }
        if bytes.is_empty() {
            fs::remove_file(&store).unwrap();
        } else {
            fs::write(&store, &bytes).unwrap();
        }
        world.start_configd();
        is_sealed(&world, &ada, &[says, "restore it from a backup"]);
        assert_eq!(fs::read(&store).unwrap_or_default(), bytes, "{what}: it was not left as it is");
        world.stop_configd();
        run("cp", &["-p", old.to_str().unwrap(), store.to_str().unwrap()]);
        world.start_configd();
        is_sealed(&world, &ada, &["the store is an older copy", "pam-2fa restore --accept"]);
        done(&world, &["restore", "--accept"]);
        logs_in(&world, &ada);
    }
}

/// The disk is gone, and the product was installed anew.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_backup_with_the_key_brings_store_and_settings_back_where_all_was_lost() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    done(&world, &["config", "seal"]);
    logs_in(&world, &ada);
    let (copy, phrase) = (world.path("backup"), phrase(&world));
    let copy = copy.to_str().unwrap();
    let said = done(&world, &["backup", copy, "--with-key", "--passphrase-file", &phrase]);
    assert!(said.contains("the store (1 user"), "{said}");
    assert!(done(&world, &["log"]).contains("backup-with-key"));
    let settings = fs::read(world.config_file()).unwrap();
    world.stop_configd();
    for entry in fs::read_dir(world.path("state")).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    fs::write(world.config_file(), "# as it was shipped\n").unwrap();
    world.start_configd();
    // It is older than what is kept beside the settings, since nothing is in it.
    is_sealed(&world, &ada, &["the store is an older copy, or was lost"]);
    let said = refused(&world, &["restore", copy, "--passphrase-file", &phrase]);
    assert!(said.contains("config.toml: is another one") && said.contains("nothing was changed"), "{said}");
    let said = done(&world, &["restore", copy, "--accept", "--passphrase-file", &phrase]);
    assert!(said.contains("configd is open"), "{said}");
    assert_eq!(fs::read(world.config_file()).unwrap(), settings);
    logs_in(&world, &ada);
    assert!(done(&world, &["log"]).contains("older-store-accepted"));
    world.stop_configd();
    world.start_configd();
    logs_in(&world, &ada);
    let about = Command::new("stat").args(["-c", "%U %a", world.path("state/state.db").to_str().unwrap()]).output();
    assert_eq!(text_of(&about.unwrap()).trim(), "pam-2fa 600");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_backup_without_the_key_opens_on_another_host_by_an_import_and_takes_nobodys_place_unasked() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let (copy, phrase) = (world.path("backup"), phrase(&world));
    let (copy, key) = (copy.to_str().unwrap(), world.path("key.copy"));
    done(&world, &["config", "seal"]);
    done(&world, &["backup", copy, "--passphrase-file", &phrase]);
    done(&world, &["key", "export", key.to_str().unwrap(), "--passphrase-file", &phrase]);
    let elsewhere = Plan::default().start();
    let said = refused(&elsewhere, &["restore", copy, "--passphrase-file", &phrase]);
    assert!(said.contains("is another one"), "{said}");
    let out = elsewhere.command(&["restore", copy, "--accept", "--passphrase-file", &phrase]);
    assert!(text_of(&out).contains("was made with key") && !out.status.success(), "{}", text_of(&out));
    is_sealed(&elsewhere, &ada, &["was made with key", "pam-2fa key import"]);
    done(&elsewhere, &["key", "import", key.to_str().unwrap(), "--passphrase-file", &phrase]);
    logs_in(&elsewhere, &ada);
    // Where a store works, one that nobody could open does not take its place.
    let third = Plan::default().start();
    let bob = third.person("bob");
    let said = refused(&third, &["restore", copy, "--accept", "--passphrase-file", &phrase]);
    assert!(said.contains("neither here nor in the backup"), "{said}");
    logs_in(&third, &bob);
}

/// Each time a little later, up to its end; the daemon goes with it every second time.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_restore_killed_at_any_moment_leaves_a_store_that_opens_and_is_done_by_the_next() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    done(&world, &["config", "seal"]);
    let (copy, phrase) = (world.path("backup"), phrase(&world));
    let copy = copy.to_str().unwrap();
    done(&world, &["backup", copy, "--passphrase-file", &phrase]);
    let begun = wait::now();
    done(&world, &["restore", copy, "--accept", "--passphrase-file", &phrase]);
    let whole = begun.elapsed();
    // The first half goes to the passphrase, and nothing is touched before it.
    for round in 0_u32..10 {
        let mut restoring = world.command_begun(&["restore", copy, "--accept", "--passphrase-file", &phrase]);
        std::thread::sleep(whole / 2 + whole * round / 20);
        restoring.kill().unwrap();
        if round % 2 == 1 {
            world.kill_configd();
        }
        restoring.wait().unwrap();
        if round % 2 == 1 {
            world.start_configd();
        }
        opens(&world);
        if round % 3 == 2 {
            logs_in(&world, &ada);
        }
    }
    done(&world, &["restore", copy, "--accept", "--passphrase-file", &phrase]);
    let status = done(&world, &["status"]);
    assert!(status.contains("running") && !status.contains("problem"), "{status}");
    logs_in(&world, &ada);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn without_settings_or_with_somebody_elses_it_is_sealed_and_opens_by_itself_when_they_are_back() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    let (file, away) = (world.config_file(), world.path("etc/away"));
    world.stop_configd();
    fs::rename(&file, &away).unwrap();
    world.start_configd();
    is_sealed(&world, &ada, &["config.toml: there is no such file"]);
    fs::rename(&away, &file).unwrap();
    opens(&world);
    logs_in(&world, &ada);
    world.stop_configd();
    world::own(&file, 0o640, "pam-2fa:pam-2fa");
    world.start_configd();
    is_sealed(&world, &ada, &["its owner is uid", "chown root:pam-2fa"]);
    world::own(&file, 0o640, "root:pam-2fa");
    done(&world, &["config", "reload"]);
    logs_in(&world, &ada);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn settings_that_do_not_parse_are_refused_at_a_reload_and_the_last_good_ones_serve_a_cold_start_loudly() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    done(&world, &["config", "seal"]);
    let good = fs::read_to_string(world.config_file()).unwrap();
    fs::write(world.config_file(), format!("{good}\n[codes]\ndigits = 5\n")).unwrap();
    let said = refused(&world, &["config", "reload"]);
    assert!(said.contains("digits"), "{said}");
    logs_in(&world, &ada);
    world.stop_configd();
    world.start_configd();
    let status = done(&world, &["status"]);
    assert!(
        status.contains("degraded") && status.contains("the last accepted ones") && status.contains("digits"),
        "{status}"
    );
    logs_in(&world, &ada);
    fs::write(world.config_file(), good).unwrap();
    done(&world, &["config", "reload"]);
    let status = done(&world, &["status"]);
    assert!(status.contains("running") && !status.contains("problem"), "{status}");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_disk_that_cannot_be_written_denies_and_says_so_and_logins_go_on_when_it_can() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    world.stop_configd();
    let state = world.path("state");
    let copy = copied(&world, "copy");
    run("mount", &["-t", "tmpfs", "-o", "mode=0700", "tmpfs", state.to_str().unwrap()]);
    run("cp", &["-a", &format!("{}/.", copy.display()), state.to_str().unwrap()]);
    world::own(&state, 0o700, "pam-2fa:pam-2fa");
    run("mount", &["-o", "remount,ro", state.to_str().unwrap()]);
    world.start_configd();
    is_sealed(&world, &ada, &["look at the disk"]);
    run("mount", &["-o", "remount,rw", state.to_str().unwrap()]);
    opens(&world);
    logs_in(&world, &ada);
    world.stop_configd();
    run("umount", &[state.to_str().unwrap()]);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn on_a_full_disk_people_log_in_by_the_room_kept_ahead_and_when_there_is_space_again() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    world.stop_configd();
    let state = world.path("state");
    let copy = copied(&world, "copy");
    run("mount", &["-t", "tmpfs", "-o", "mode=0700,size=4m", "tmpfs", state.to_str().unwrap()]);
    run("cp", &["-a", &format!("{}/.", copy.display()), state.to_str().unwrap()]);
    world::own(&state, 0o700, "pam-2fa:pam-2fa");
    world.start_configd();
    opens(&world);
    // As far as it goes; dd says that there was no more space.
    let ballast = state.join("ballast");
    let dd = ["if=/dev/zero", &format!("of={}", ballast.display()), "bs=4k", "status=none"];
    assert!(!Command::new("dd").args(dd).output().unwrap().status.success());
    logs_in(&world, &ada);
    fs::remove_file(ballast).unwrap();
    logs_in(&world, &ada);
    world.stop_configd();
    run("umount", &[state.to_str().unwrap()]);
}
