//! Trust kept alive over what must end it.

use super::common::*;
use e2e::host::change_users;
use e2e::mailbox;
use e2e::programs::Programs;
use e2e::ssh::PASSWORD;
use e2e::world::{Plan, World, text_of};
use std::fs;

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_password_that_was_changed_in_whatever_way_has_the_next_login_asked() {
    let world = by_key(ALL);
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    let name = ada.host.name.as_str();
    let mut mails = 0;
    let mut trusted_again = || {
        mails += 1;
        asked(key_login(&world, &ada, &key, HERE).open(), &ada, mails);
        not_asked(key_login(&world, &ada, &key, HERE).open());
    };
    trusted_again();
    for words in [
        &["chage", "-d", "19000", name][..],
        &["chage", "-W", "8", name],
        &["usermod", "-L", name],
        &["usermod", "-U", name],
        &["sh", "-c", &format!("echo '{name}:{PASSWORD}' | chpasswd")],
    ] {
        change_users(words);
        trusted_again();
    }
    // The very entry comes back, after a login from the device saw another.
    let entry = || {
        let shadow = fs::read_to_string("/etc/shadow").unwrap();
        let line = shadow.lines().find(|line| line.starts_with(&format!("{name}:"))).unwrap().to_owned();
        line.split(':').nth(1).unwrap().to_owned()
    };
    let day = |number: &str| change_users(&["chage", "-d", number, name]);
    day("19500");
    trusted_again();
    let before = entry();
    change_users(&["usermod", "-p", "$6$rounds=5000$other$x", name]);
    day("19500");
    assert!(asks(key_login(&world, &ada, &key, HERE).open()));
    change_users(&["usermod", "-p", &before, name]);
    day("19500");
    assert!(asks(key_login(&world, &ada, &key, HERE).open()));
}

/// A login from a device that is new sees the changed password too: what was trusted before has ended for good by then.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_changed_password_that_another_device_saw_has_ended_trust_also_when_the_entry_comes_back() {
    let world = by_key(ALL);
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    let name = ada.host.name.as_str();
    change_users(&["chage", "-d", "19500", name]);
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 1);
    let shadow = fs::read_to_string("/etc/shadow").unwrap();
    let line = shadow.lines().find(|line| line.starts_with(&format!("{name}:"))).unwrap().to_owned();
    let before = line.split(':').nth(1).unwrap().to_owned();
    change_users(&["usermod", "-p", "$6$rounds=5000$other$x", name]);
    asked(key_login(&world, &ada, &key, ELSEWHERE).open(), &ada, 2);
    let listed = command(&world, &["device", "list", name, "--json"]);
    change_users(&["usermod", "-p", &before, name]);
    change_users(&["chage", "-d", "19500", name]);
    let again = asks(key_login(&world, &ada, &key, HERE).open());
    assert!(again && listed.contains("password changed"), "trusted again; listed meanwhile: {listed}");
}

/// With `factor = "caller"` it is the caller whose code was given: when the caller's password changes, that trust must end.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_callers_changed_password_ends_what_he_is_trusted_for() {
    let more = "[services]\nsu = { class = \"elevate\", factor = \"caller\" }\n[trust]\nelevate = \"1 day\"";
    let world = Plan::default().settings(more).start();
    let (ada, bob) = (person(&world, "ada"), person(&world, "bob"));
    let programs = Programs::of(&world);
    let mut shell = shell_in_a_session(&programs, &ada);
    let su = format!("su {} -c", bob.host.name);
    assert!(elevate(&mut shell, &su, PASSWORD, &ada, 1));
    assert!(!elevate(&mut shell, &su, PASSWORD, &ada, 2));
    // `usermod -p` refuses one who is logged in; chpasswd does not.
    change_users(&["sh", "-c", &format!("echo '{}:a new and better one' | chpasswd", ada.host.name)]);
    let after_ada = elevate(&mut shell, &su, PASSWORD, &ada, 2);
    change_users(&["sh", "-c", &format!("echo '{}:another' | chpasswd", bob.host.name)]);
    let after_bob = elevate(&mut shell, &su, "another", &ada, 2);
    assert!(after_ada, "ada's password was changed");
    assert!(!after_bob, "bob's is not what counts");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn what_changes_while_a_prompt_stands_is_not_passed_over() {
    let world = by_key(ALL);
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    let name = ada.host.name.as_str();
    let mut mails = 0;
    let mut meanwhile = |change: &dyn Fn()| {
        let mut ssh = key_login(&world, &ada, &key, HERE).open();
        ssh.wait_for_code_prompt();
        mails += 1;
        let code = mailbox::wait_for_code(&ada.email, mails).code();
        change();
        ssh.type_line(&code);
        let (which, _) = ssh.wait_for_any(&["$ ", "denied", ": "]);
        drop(ssh);
        which
    };
    // The password: let in, not remembered for the new one.
    assert_eq!(meanwhile(&|| change_users(&["chage", "-d", "19100", name])), 0);
    assert_eq!(meanwhile(&|| ()), 0, "asked");
    not_asked(key_login(&world, &ada, &key, HERE).open());
    command(&world, &["device", "revoke", "--user", name]);
    // The policy, and back.
    let settings = fs::read_to_string(world.config_file()).unwrap();
    let write = |text: &str| {
        fs::write(world.config_file(), text).unwrap();
        command(&world, &["config", "reload"]);
    };
    let other = settings.replace("ssh = \"1 day\"", "ssh = \"2 days\"");
    assert_eq!(
        meanwhile(&|| {
            write(&other);
            write(&settings);
        }),
        0
    );
    assert_eq!(meanwhile(&|| ()), 0, "asked");
    not_asked(key_login(&world, &ada, &key, HERE).open());
    command(&world, &["device", "revoke", "--user", name]);
    // The address: the code that went to the old one opens nothing.
    let which = meanwhile(&|| {
        command(&world, &["user", "set", name, "--email", "new@example.test", "--trusted"]);
    });
    assert_ne!(which, 0, "a code of the old mailbox let somebody in");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn what_changes_between_a_right_code_and_the_question_about_trust_is_not_passed_over() {
    let mut world = by_key("[trust]\nssh = \"1 day\"\nask = true");
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    let name = ada.host.name.clone();
    let to_question = |world: &World, number: usize| {
        let mut ssh = key_login(world, &ada, &key, HERE).open();
        ssh.wait_for_code_prompt();
        ssh.type_line(&mailbox::wait_for_code(&ada.email, number).code());
        ssh.wait_for("Trust this device");
        ssh.wait_for("[y/N] ");
        ssh
    };
    // The daemon dies there: nothing is remembered, nobody is let in.
    let mut ssh = to_question(&world, 1);
    world.kill_configd();
    world.start_configd();
    ssh.type_line("y");
    ssh.wait_for_denial();
    assert!(!command(&world, &["device", "list", &name, "--json"]).contains("\"id\""));
    let mut ssh = key_login(&world, &ada, &key, HERE).open();
    ssh.wait_for_code_prompt();
    ssh.interrupt();
    command(&world, &["user", "set", &name, "--email", "new@example.test", "--trusted"]);
    command(&world, &["user", "set", &name, "--email", &ada.email, "--trusted"]);
    let before = mailbox::count_codes_after_a_while(&ada.email);
    let mut ssh = to_question(&world, before.saturating_add(1));
    command(&world, &["user", "set", &name, "--email", "new@example.test", "--trusted"]);
    // The code was used before; but it is of an address that is hers no more, and nobody is in yet.
    ssh.type_line("y");
    ssh.wait_for_denial();
    assert!(!command(&world, &["device", "list", &name, "--json"]).contains("\"id\""));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn what_ended_stays_ended_over_kills_and_a_daemon_that_was_away() {
    let mut world = by_key(ALL);
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    let name = ada.host.name.clone();
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 1);
    not_asked(key_login(&world, &ada, &key, HERE).open());
    command(&world, &["device", "revoke", "--user", &name]);
    world.kill_configd();
    world.start_configd();
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 2);
    world.kill_configd();
    world.start_configd();
    not_asked(key_login(&world, &ada, &key, HERE).open());
    command(&world, &["user", "set", &name, "--verify", "always"]);
    world.kill_configd();
    world.start_configd();
    command(&world, &["user", "set", &name, "--verify", "new-device"]);
    world.kill_configd();
    world.start_configd();
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 3);
    // A policy that was in force once between two starts.
    let settings = fs::read_to_string(world.config_file()).unwrap();
    for text in [settings.replace("ssh = \"1 day\"", "ssh = \"2 days\""), settings] {
        world.kill_configd();
        fs::write(world.config_file(), text).unwrap();
        world.start_configd();
        // Its socket accepts before the settings are in force; a command is answered after that.
        command(&world, &["status"]);
    }
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 4);
    // The password, with the daemon away.
    world.kill_configd();
    change_users(&["chage", "-d", "19100", &name]);
    world.start_configd();
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 5);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn an_old_copy_of_the_store_denies_and_once_accepted_has_none_of_its_devices_again() {
    let mut world = by_key(ALL);
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 1);
    let _ = world.stop_configd();
    run(&["cp", "-a", &world.path("state").display().to_string(), &world.path("old").display().to_string()]);
    world.start_configd();
    command(&world, &["device", "revoke", "--user", &ada.host.name]);
    let _ = world.stop_configd();
    run(&["rm", "-r", &world.path("state").display().to_string()]);
    run(&["mv", &world.path("old").display().to_string(), &world.path("state").display().to_string()]);
    world.start_configd();
    key_login(&world, &ada, &key, HERE).open().wait_for_denial();
    command(&world, &["restore", "--accept"]);
    assert!(asks(key_login(&world, &ada, &key, HERE).open()), "what was revoked since is trusted again");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_clock_that_is_set_forward_and_back_revives_no_trust() {
    let mut world = by_key(ALL);
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    let clock = MovedClock::start(&mut world);
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 1);
    not_asked(key_login(&world, &ada, &key, HERE).open());
    clock.set(2 * DAY);
    assert!(asks(key_login(&world, &ada, &key, HERE).open()), "its day was up");
    clock.set(0);
    assert!(asks(key_login(&world, &ada, &key, HERE).open()), "it is over for good");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_clock_behind_what_was_seen_trusts_nobody() {
    let mut world = by_key(ALL);
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    let clock = MovedClock::start(&mut world);
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 1);
    not_asked(key_login(&world, &ada, &key, HERE).open());
    clock.set(-3600);
    assert!(asks(key_login(&world, &ada, &key, HERE).open()), "an hour back");
    drop(clock);
    world.start_configd();
    not_asked(key_login(&world, &ada, &key, HERE).open());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_mark_ten_years_ahead_is_set_back_by_hand_and_what_was_given_under_it_ends() {
    let mut world = by_key(ALL);
    // A first start by a clock that is ten years ahead: the first record that is written makes that the mark.
    world.kill_configd();
    let state = world.path("state");
    for name in fs::read_dir(&state).expect("the state folder") {
        fs::remove_file(name.expect("a file").path()).expect("take away what the first start made");
    }
    let clock = MovedClock::start(&mut world);
    clock.set(3650 * DAY);
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 1);
    not_asked(key_login(&world, &ada, &key, HERE).open());
    drop(clock);
    world.start_configd();
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 2);
    assert!(asks(key_login(&world, &ada, &key, HERE).open()), "nothing is trusted behind the mark");
    let status = text_of(&world.command(&["clock", "status"]));
    assert!(status.contains("behind") && status.contains("pam-2fa clock reset"), "{status}");
    let status = text_of(&world.command(&["status"]));
    assert!(status.contains("degraded") && status.contains("pam-2fa clock reset"), "{status}");
    let reset = world.command(&["clock", "reset"]);
    assert!(reset.status.success() && text_of(&reset).contains("ended"), "{}", text_of(&reset));
    let status = text_of(&world.command(&["status"]));
    assert!(!status.contains("clock reset"), "{status}");
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 3);
    not_asked(key_login(&world, &ada, &key, HERE).open());
    let again = world.command(&["clock", "reset"]);
    assert_eq!(again.status.code(), Some(1), "{}", text_of(&again));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn trust_given_by_a_clock_years_ahead_ends_with_it_and_the_host_goes_on_remembering() {
    let mut world = by_key(ALL);
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    let clock = MovedClock::start(&mut world);
    asked(key_login(&world, &ada, &key, ELSEWHERE).open(), &ada, 1);
    clock.set(3650 * DAY);
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 2);
    not_asked(key_login(&world, &ada, &key, HERE).open());
    clock.set(0);
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 3);
    not_asked(key_login(&world, &ada, &key, HERE).open());
    drop(clock);
    world.start_configd();
    not_asked(key_login(&world, &ada, &key, HERE).open());
}

/// Less than the day after which a leap is not taken over: an hour ahead for a moment, and the clock is right again.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_clock_that_was_an_hour_ahead_for_a_moment_costs_codes_and_no_login() {
    let mut world = by_key(ALL);
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    let clock = MovedClock::start(&mut world);
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 1);
    clock.set(3600);
    not_asked(key_login(&world, &ada, &key, HERE).open());
    clock.set(0);
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 2);
    let said = command(&world, &["status"]);
    assert!(said.contains("behind"), "{said}");
}
