//! The store: damaged, gone, older, from a backup.

use super::common::*;
use e2e::wait;
use e2e::world::{Plan, World, text_of};
use std::fs;
use std::process::Command;

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

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_store_that_a_later_release_wrote_seals_is_left_as_it_is_and_opens_in_that_release() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    world.stop_configd();
    let store = world.path("state/state.db");
    let bytes = fs::read(&store).unwrap();
    // The schema's version: 4 bytes at offset 60 of the header ("Database File Format", 1.3).
    let mut later = bytes.clone();
    later[60..64].copy_from_slice(&999_u32.to_be_bytes());
    fs::write(&store, &later).unwrap();
    world.start_configd();
    is_sealed(&world, &ada, &["the store has version 999", "install the newer release again"]);
    assert_eq!(fs::read(&store).unwrap(), later);
    // As that release would find it.
    fs::write(&store, &bytes).unwrap();
    opens(&world);
    logs_in(&world, &ada);
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

/// The product was installed anew, where nobody is asked for a code: a store with users in it is not opened by that for a moment.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_restored_store_is_opened_by_its_own_settings_alone_whenever_the_restore_is_killed() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    done(&world, &["config", "seal"]);
    let (copy, phrase) = (world.path("backup"), phrase(&world));
    let words = ["restore", copy.to_str().unwrap(), "--accept", "--passphrase-file", &phrase];
    done(&world, &["backup", copy.to_str().unwrap(), "--with-key", "--passphrase-file", &phrase]);
    let anew = |world: &mut World| {
        world.stop_configd();
        for entry in fs::read_dir(world.path("state")).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        let _ = fs::remove_file(world.path("etc/generation"));
        fs::write(world.config_file(), "# as it was shipped\n").unwrap();
        world.start_configd();
        opens(world);
    };
    let about = |world: &World| done(world, &["status", "--json"]).replace(char::is_whitespace, "");
    anew(&mut world);
    assert!(about(&world).contains("\"required\":\"disabled\""), "{}", about(&world));
    let begun = wait::now();
    done(&world, &words);
    let whole = begun.elapsed();
    assert!(about(&world).contains("\"required\":\"optional\""), "{}", about(&world));
    for round in 0_u32..12 {
        anew(&mut world);
        let mut restoring = world.command_begun(&words);
        // The first half goes to the passphrase, and nothing is touched before it.
        std::thread::sleep(whole / 2 + whole * round / 24);
        restoring.kill().unwrap();
        restoring.wait().unwrap();
        if round % 2 == 1 {
            world.kill_configd();
            world.start_configd();
        }
        opens(&world);
        let status = about(&world);
        if status.contains("\"users\":1") {
            assert!(status.contains("\"required\":\"optional\""), "round {round}: {status}");
        }
    }
    anew(&mut world);
    done(&world, &words);
    logs_in(&world, &ada);
}
