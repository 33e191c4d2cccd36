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
