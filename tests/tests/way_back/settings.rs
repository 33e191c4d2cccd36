//! The settings: gone, somebody else's, wrong.

use super::common::*;
use e2e::world::{self, Plan};
use std::fs;

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
    for (mode, owner, says) in
        [(0o640, "pam-2fa:pam-2fa", "its owner is uid"), (0o666, "root:pam-2fa", "mode 0666 lets others")]
    {
        world.stop_configd();
        world::own(&file, mode, owner);
        world.start_configd();
        is_sealed(&world, &ada, &[says, "look who"]);
        world::own(&file, 0o640, "root:pam-2fa");
        done(&world, &["config", "reload"]);
        logs_in(&world, &ada);
    }
}

/// `systemctl reload` succeeds whatever comes of it: what was refused, and would seal the next start, stands in `status`.
#[test]
#[ignore = "needs tests/ns/enter"]
fn settings_that_are_gone_or_somebody_elses_under_a_running_daemon_are_told_and_the_old_ones_stay() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    done(&world, &["config", "seal"]);
    let (file, away) = (world.config_file(), world.path("etc/away"));
    for (what, says) in [
        ("gone", "there is no such file"),
        ("foreign", "its owner is uid"),
        ("open", "mode 0666 lets others"),
        ("readable", "mode 0644 lets others"),
    ] {
        match what {
            "gone" => fs::rename(&file, &away).unwrap(),
            "foreign" => world::own(&file, 0o640, "pam-2fa:pam-2fa"),
            "open" => world::own(&file, 0o666, "root:pam-2fa"),
            _ => world::own(&file, 0o644, "root:pam-2fa"),
        }
        let told = |status: &str| {
            let sealed_next = status.contains("configd would be sealed at its next start") && status.contains(says);
            assert!(status.contains("degraded") && sealed_next, "{what}: {status}");
        };
        told(&done(&world, &["status"]));
        let said = refused(&world, &["config", "reload"]);
        assert!(said.contains(says), "{what}: {said}");
        told(&done(&world, &["status"]));
        logs_in(&world, &ada);
        if what == "gone" {
            fs::rename(&away, &file).unwrap();
        }
        world::own(&file, 0o640, "root:pam-2fa");
        done(&world, &["config", "reload"]);
        let status = done(&world, &["status"]);
        assert!(status.contains("running") && !status.contains("problem"), "{what}: {status}");
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_setting_that_does_not_open_is_named_denies_nobody_by_the_last_accepted_ones_and_is_typed_again() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    let good = fs::read_to_string(world.config_file()).unwrap();
    done(&world, &["config", "seal"]);
    // As on a host whose key is another one.
    let sealed = fs::read_to_string(world.config_file()).unwrap();
    let at = sealed.find("sealed:v1:").unwrap();
    let other = format!("{}sealed:v1:00112233{}", &sealed[..at], &sealed[at + "sealed:v1:00112233".len()..]);
    fs::write(world.config_file(), other).unwrap();
    let said = refused(&world, &["config", "reload"]);
    assert!(said.contains("email.password was sealed with key 00112233"), "{said}");
    logs_in(&world, &ada);
    world.stop_configd();
    world.start_configd();
    let status = done(&world, &["status"]);
    for word in ["degraded", "the last accepted ones", "email.password was sealed with key 00112233"] {
        assert!(status.contains(word), "{word}: {status}");
    }
    logs_in(&world, &ada);
    fs::write(world.config_file(), good).unwrap();
    done(&world, &["config", "reload"]);
    done(&world, &["config", "seal"]);
    let status = done(&world, &["status"]);
    assert!(status.contains("running") && !status.contains("problem"), "{status}");
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
    let status = done(&world, &["status"]);
    assert!(status.contains("a reload was refused") && status.contains("digits"), "{status}");
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
