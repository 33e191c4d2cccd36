//! Remembered devices over the host's own programs: who is asked once and not again, from what, for how long, and each thing that has
//! the next login asked for a code.

#![allow(clippy::expect_used, reason = "a failed step is a failed test")]

use e2e::cockpit::{Answer, Cockpit};
use e2e::host::change_users;
use e2e::mailbox;
use e2e::programs::Programs;
use e2e::ssh::PASSWORD;
use e2e::trust::{
    ALL, ELSEWHERE, HERE, asked, by_key, command, elevate, key_login, me, not_asked, person, run, shell_in_a_session,
    shell_without_a_session,
};
use e2e::world::{Person, Plan, text_of};
use std::path::Path;
use std::process::Command;

#[test]
#[ignore = "needs tests/ns/enter"]
fn an_ssh_key_from_its_network_is_asked_once_and_from_elsewhere_again() {
    let world = by_key(ALL);
    let (ada, bob) = (person(&world, "ada"), person(&world, "bob"));
    let (ada_key, bob_key) = (world.key(&ada), world.key(&bob));
    asked(key_login(&world, &ada, &ada_key, HERE).open(), &ada, 1);
    not_asked(key_login(&world, &ada, &ada_key, HERE).open());
    asked(key_login(&world, &ada, &ada_key, ELSEWHERE).open(), &ada, 2);
    asked(key_login(&world, &bob, &bob_key, HERE).open(), &bob, 1);
    // The loopback is everybody's.
    let local = world.ssh(&ada).key(&ada_key);
    asked(local.open(), &ada, 3);
    asked(local.open(), &ada, 4);
    assert_eq!(mailbox::count_codes_after_a_while(&ada.email), 4);
    // That she is asked more rarely, and the device at each of the two addresses; none is remembered on the loopback.
    assert_eq!(mailbox::notices(&ada.email).len(), 3);

    let log = command(&world, &["log", "--user", &ada.host.name, "--json"]);
    let trusted: Vec<&str> = log.lines().filter(|line| line.contains("\"trusted-device\"")).collect();
    assert_eq!(trusted.len(), 1, "{log}");
    assert!(
        trusted.iter().all(|line| line.contains("\"factor\":\"trusted-device\"") && line.contains("\"device\":\"")),
        "{log}"
    );
    let shown = command(&world, &["user", "show", &ada.host.name]);
    assert!(shown.contains("sshd"), "{shown}");
    let fingerprint = fingerprint(&ada_key);
    let listed = command(&world, &["device", "list", &ada.host.name, "--json"]);
    assert!(listed.contains(&fingerprint) && listed.contains(HERE) && listed.contains(ELSEWHERE), "{listed}");
    assert!(!listed.contains("127.0.0"), "{listed}");
}

fn fingerprint(key: &Path) -> String {
    let out = Command::new("ssh-keygen").arg("-lf").arg(key).output().expect("run ssh-keygen");
    text_of(&out).split(' ').nth(1).expect("a fingerprint").to_owned()
}

/// `pam-2fa me devices` and `me revoke`: one's own, and nobody else's.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_user_sees_ones_own_devices_and_ends_one_and_no_other_is_ended() {
    let world = by_key(ALL);
    let (ada, bob) = (person(&world, "ada"), person(&world, "bob"));
    let (ada_key, bob_key) = (world.key(&ada), world.key(&bob));
    for (number, from) in [(1, HERE), (2, ELSEWHERE)] {
        asked(key_login(&world, &ada, &ada_key, from).open(), &ada, number);
    }
    asked(key_login(&world, &bob, &bob_key, HERE).open(), &bob, 1);
    let mut shown = me(&world, &ada, &["devices"]);
    assert!(shown.wait_for_end().success());
    let lines: Vec<String> = shown.text().lines().filter(|line| line.contains("  ssh  ")).map(str::to_owned).collect();
    assert_eq!(lines.len(), 2, "{}", shown.text());
    let here = lines.iter().find(|line| line.contains(HERE)).expect("the device at this address");
    let id = here.split_whitespace().next().expect("its id");
    let mut revoke = me(&world, &ada, &["revoke", id]);
    revoke.wait_for("Code sent by email to ");
    revoke.wait_for("to resend:");
    revoke.type_line(&mailbox::wait_for_code(&ada.email, 3).code());
    assert!(revoke.wait_for_end().success(), "{}", revoke.text());
    asked(key_login(&world, &ada, &ada_key, HERE).open(), &ada, 4);
    not_asked(key_login(&world, &ada, &ada_key, ELSEWHERE).open());
    // What is bob's is nobody else's: neither seen nor ended.
    let listed = command(&world, &["device", "list", &bob.host.name, "--json"]);
    let bobs = listed.split("\"id\":").nth(1).and_then(|rest| rest.split('"').nth(1)).expect("an id").to_owned();
    assert!(!shown.text().contains(&bobs), "{}", shown.text());
    let mut revoke = me(&world, &ada, &["revoke", &bobs]);
    revoke.wait_for("to resend:");
    revoke.type_line(&mailbox::wait_for_code(&ada.email, 5).code());
    assert!(!revoke.wait_for_end().success(), "{}", revoke.text());
    not_asked(key_login(&world, &bob, &bob_key, HERE).open());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn without_a_setting_no_login_is_remembered() {
    let world = by_key("");
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 1);
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 2);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_certificate_is_its_key_and_a_new_one_for_the_same_key_is_the_same_device() {
    let world = by_key(ALL);
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    let authority = world.path("authority");
    run(&["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", &authority.display().to_string()]);
    // The key itself gets in nobody any more; certificates of the authority do.
    let of_authority = std::fs::read_to_string(authority.with_extension("pub")).expect("read the authority's key");
    std::fs::write(world.path("authorized").join(&ada.host.name), format!("cert-authority {of_authority}"))
        .expect("write the authorized keys");
    let certify = |serial: &str| {
        let key = format!("{}.pub", key.display());
        run(&[
            "ssh-keygen",
            "-q",
            "-s",
            &authority.display().to_string(),
            "-I",
            "ada",
            "-n",
            &ada.host.name,
            "-z",
            serial,
            &key,
        ]);
    };
    certify("1");
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 1);
    not_asked(key_login(&world, &ada, &key, HERE).open());
    certify("2");
    not_asked(key_login(&world, &ada, &key, HERE).open());
    let listed = command(&world, &["device", "list", &ada.host.name, "--json"]);
    assert!(listed.contains(&fingerprint(&key)), "{listed}");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn each_thing_that_ends_trust_has_the_next_login_asked() {
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
    // A changed password.
    change_users(&["usermod", "-p", "$6$rounds=5000$changed$x", name]);
    trusted_again();
    // Taken away by an administrator.
    command(&world, &["device", "revoke", "--user", name]);
    trusted_again();
    let id = {
        let listed = command(&world, &["device", "list", name, "--json"]);
        let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
        listed.pointer("/devices/0/id").and_then(serde_json::Value::as_str).expect("an id").to_owned()
    };
    command(&world, &["device", "revoke", &id]);
    trusted_again();
    // When one is asked, and back.
    command(&world, &["user", "set", name, "--verify", "always"]);
    command(&world, &["user", "set", name, "--verify", "new-device"]);
    trusted_again();
    // Another address, and back.
    command(&world, &["user", "set", name, "--email", "other@example.test", "--trusted"]);
    command(&world, &["user", "set", name, "--email", &ada.email, "--trusted"]);
    trusted_again();
    // Another policy, and back.
    let settings = std::fs::read_to_string(world.config_file()).expect("read config.toml");
    let write = |text: &str| {
        std::fs::write(world.config_file(), text).expect("write config.toml");
        command(&world, &["config", "reload"]);
    };
    write(&settings.replace("ssh = \"1 day\"", "ssh = \"2 days\""));
    write(&settings);
    trusted_again();
    // What is no policy ends nothing.
    write(&settings.replace("application = \"Example Corp\"", "application = \"Other Corp\""));
    not_asked(key_login(&world, &ada, &key, HERE).open());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn trust_outlives_a_restart_of_the_daemon_and_ends_with_its_time() {
    let mut world = by_key("[trust]\nssh = \"6 seconds\"");
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    let began = e2e::wait::now();
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 1);
    world.kill_configd();
    world.start_configd();
    not_asked(key_login(&world, &ada, &key, HERE).open());
    assert!(began.elapsed().as_secs() < 6, "too slow for this test to mean anything");
    e2e::wait::until("the device's time to be up", || {
        let listed = command(&world, &["device", "list", &ada.host.name, "--json"]);
        listed.contains("expired").then_some(())
    });
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 2);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_password_login_is_remembered_by_its_address_only_where_that_is_configured() {
    for (identity, again) in [("key", true), ("address", false)] {
        let settings = format!("[trust]\nssh = \"1 day\"\nssh_identity = \"{identity}\"");
        let world = Plan::default().settings(&settings).start();
        let ada = person(&world, "ada");
        asked(world.ssh(&ada).from(HERE).open_with_password(), &ada, 1);
        let mut second = world.ssh(&ada).from(HERE).open_with_password();
        if again {
            asked(second, &ada, 2);
        } else {
            second.prove_shell();
            assert_eq!(second.count("Code"), 0, "{}", second.text());
            // The password is the first factor still.
            let mut wrong = world.ssh(&ada).from(HERE).open();
            wrong.wait_for("Password:");
            wrong.type_line("not the password");
            wrong.wait_for_denial();
        }
    }
}

/// As for accounts whose password is with Kerberos or LDAP, or that have a key alone.
#[test]
#[ignore = "needs tests/ns/enter"]
fn without_a_hash_in_the_shadow_file_trust_lives_for_twelve_hours_at_most() {
    for (password, shown) in [("*", "for 12 hours more"), ("!", "for 12 hours more"), (PASSWORD, "for 30 days more")] {
        let world = by_key("[trust]\nssh = \"30 days\"");
        let ada = person(&world, "ada");
        let key = world.key(&ada);
        if password != PASSWORD {
            change_users(&["usermod", "-p", password, &ada.host.name]);
        }
        asked(key_login(&world, &ada, &key, HERE).open(), &ada, 1);
        not_asked(key_login(&world, &ada, &key, HERE).open());
        let public = format!("{}.pub", key.display());
        let name = ada.host.name.as_str();
        let told = command(&world, &["explain", name, "--service", "sshd", "--from", HERE, "--key", &public]);
        assert!(told.contains(shown), "{password}: {told}");
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn with_ask_one_says_yes_to_be_remembered() {
    let world = by_key("[trust]\nssh = \"8 hours\"\nask = true");
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    for (number, answer) in [(1, ""), (2, "n"), (3, "y")] {
        let mut ssh = key_login(&world, &ada, &key, HERE).open();
        ssh.wait_for_code_prompt();
        ssh.type_line(&mailbox::wait_for_code(&ada.email, number).code());
        ssh.wait_for("Trust this device for 8 hours? [y/N] ");
        ssh.type_line(answer);
        ssh.prove_shell();
    }
    not_asked(key_login(&world, &ada, &key, HERE).open());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn sudo_is_trusted_within_its_session_and_nowhere_else() {
    let world = Plan::default().start();
    let ada = person(&world, "ada");
    let programs = Programs::of(&world);
    let sudo = "sudo -k sh -c";
    let mut first = shell_in_a_session(&programs, &ada);
    assert!(elevate(&mut first, sudo, PASSWORD, &ada, 1));
    assert!(!elevate(&mut first, sudo, PASSWORD, &ada, 2), "the 15 minutes that the settings have without a line");
    let mut second = shell_in_a_session(&programs, &ada);
    assert!(elevate(&mut second, sudo, PASSWORD, &ada, 2), "another session");
    assert!(!elevate(&mut first, sudo, PASSWORD, &ada, 3));
    let mut none = shell_without_a_session(&programs, &ada);
    assert!(elevate(&mut none, sudo, PASSWORD, &ada, 3), "no session");
    assert!(elevate(&mut none, sudo, PASSWORD, &ada, 4), "no session, so nothing was remembered");
    let listed = command(&world, &["device", "list", &ada.host.name, "--json"]);
    assert!(listed.contains(&format!("{0} as {0}", ada.host.name)), "{listed}");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn su_is_trusted_for_whom_one_becomes_and_by_who_called() {
    let world = Plan::default().start();
    let (ada, bob, cyd) = (person(&world, "ada"), person(&world, "bob"), person(&world, "cyd"));
    let programs = Programs::of(&world);
    let mut shell = shell_in_a_session(&programs, &ada);
    let su = |to: &Person| format!("su {} -c", to.host.name);
    assert!(elevate(&mut shell, &su(&bob), PASSWORD, &bob, 1));
    assert!(!elevate(&mut shell, &su(&bob), PASSWORD, &bob, 2));
    assert!(elevate(&mut shell, &su(&cyd), PASSWORD, &cyd, 1), "another target");
    // bob's own shell in the same session is another caller.
    shell.type_line(&format!("su {}", bob.host.name));
    shell.wait_for("Password: ");
    shell.type_line(PASSWORD);
    shell.wait_for("$ ");
    assert!(elevate(&mut shell, &su(&cyd), PASSWORD, &cyd, 2), "another caller");
    assert!(!elevate(&mut shell, &su(&cyd), PASSWORD, &cyd, 3));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn su_may_ask_for_the_callers_code() {
    let world = Plan::default().settings("[services]\nsu = { class = \"elevate\", factor = \"caller\" }").start();
    let (ada, bob) = (person(&world, "ada"), person(&world, "bob"));
    let programs = Programs::of(&world);
    let mut shell = shell_in_a_session(&programs, &ada);
    let su = format!("su {} -c", bob.host.name);
    assert!(elevate(&mut shell, &su, PASSWORD, &ada, 1), "ada called, so it is her code");
    assert!(!elevate(&mut shell, &su, PASSWORD, &ada, 2));
    assert_eq!(mailbox::count_codes_after_a_while(&bob.email), 0);
    // The password is that of whom one becomes, as ever.
    shell.type_line(&format!("{su} true"));
    shell.wait_for("Password: ");
    shell.type_line("not the password");
    shell.wait_for("Authentication failure");
}

/// Words that make the terminal a virtual one to look at: the node `tty` of /dev, by another path.
fn at(tty: &str, words: &[&str]) -> Vec<String> {
    let place = format!(
        "[ -e /dev/{tty} ] || : > /dev/{tty}; mount --bind \"$(tty)\" /dev/{tty} && exec \"$@\" <> /dev/{tty} >&0 2>&0"
    );
    ["sh", "-c", &place, "console"].iter().chain(words).map(|word| (*word).to_owned()).collect()
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_console_is_asked_once_a_serial_line_by_itself_and_a_pseudo_terminal_each_time() {
    let world = Plan::default().settings(ALL).start();
    let ada = person(&world, "ada");
    let programs = Programs::of(&world);
    let log_in = |tty: Option<&str>, mails: usize| {
        let words = ["login", &ada.host.name];
        let words = tty.map_or_else(|| words.map(String::from).into(), |tty| at(tty, &words));
        let mut login = programs.open(&words.iter().map(String::as_str).collect::<Vec<_>>());
        login.wait_for("Password: ");
        login.type_line(PASSWORD);
        let (which, _) = login.wait_for_any(&["Code", "$ "]);
        if which == 0 {
            login.wait_for(": ");
            login.type_line(&mailbox::wait_for_code(&ada.email, mails).code());
            login.wait_for("$ ");
        }
        which == 0
    };
    assert!(log_in(Some("tty7"), 1));
    assert!(!log_in(Some("tty7"), 2));
    assert!(!log_in(Some("tty8"), 2), "the same seat");
    assert!(log_in(Some("ttyS0"), 2), "a line of its own");
    assert!(!log_in(Some("ttyS0"), 3));
    assert!(log_in(None, 3), "pts/…: nobody knows who is at its other end");
    assert!(log_in(None, 4));
    let listed = command(&world, &["device", "list", &ada.host.name, "--json"]);
    assert!(
        listed.contains("console seat0") && listed.contains("console ttyS0") && !listed.contains("pts"),
        "{listed}"
    );
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_browser_is_remembered_by_its_address_only_where_that_is_configured_and_never_on_the_loopback() {
    for (settings, from, again) in [
        (ALL, HERE, false),
        (ALL, "127.0.0.1", true),
        ("[trust]\nweb = \"1 day\"", HERE, true),
        ("[trust]\nweb_identity = \"address\"", HERE, true),
    ] {
        let world = Plan::default().settings(settings).start();
        let ada = person(&world, "ada");
        let cockpit = Cockpit::start_on(&Programs::of(&world), from);
        let first = cockpit.log_in(&ada.host.name, PASSWORD);
        let Answer::Asked { id, .. } = first else { panic!("no question: {first:?}") };
        let let_in = cockpit.reply(&id, &mailbox::wait_for_code(&ada.email, 1).code());
        assert!(matches!(let_in, Answer::In(_)), "{let_in:?}");
        let second = cockpit.log_in(&ada.host.name, PASSWORD);
        assert_eq!(matches!(second, Answer::Asked { .. }), again, "{settings} {from}: {second:?}");
        assert_eq!(matches!(second, Answer::In(_)), !again, "{settings} {from}: {second:?}");
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_renamed_user_a_reused_uid_and_a_second_name_of_a_uid_have_no_device_of_another() {
    let world = by_key(ALL);
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 1);
    not_asked(key_login(&world, &ada, &key, HERE).open());
    let other_names =
        |name: &str| Person { host: e2e::host::HostUser { name: name.to_owned(), ..ada.host.clone() }, ..ada.clone() };
    let authorize = |name: &str| {
        let keys = world.path("authorized");
        std::fs::copy(keys.join(&ada.host.name), keys.join(name)).expect("copy the authorized keys");
    };
    // A second name of the same uid, as toor is root's: another record, so another device.
    let toor = other_names(&format!("toor{}", ada.host.uid));
    change_users(&[
        "useradd",
        "-o",
        "-M",
        "-u",
        &ada.host.uid.to_string(),
        "-d",
        "/",
        "-s",
        "/bin/sh",
        &toor.host.name,
    ]);
    authorize(&toor.host.name);
    let toors_address = format!("{}@example.test", toor.host.name);
    command(
        &world,
        &["user", "set", &toor.host.name, "--email", &toors_address, "--verify", "new-device", "--trusted"],
    );
    let toor = Person { email: toors_address, ..toor };
    asked(key_login(&world, &toor, &key, HERE).open(), &toor, 1);
    not_asked(key_login(&world, &toor, &key, HERE).open());
    not_asked(key_login(&world, &ada, &key, HERE).open());
    change_users(&["userdel", &toor.host.name]);
    // Renamed: refused until an administrator binds the record anew, and then asked.
    let renamed = other_names(&format!("lovelace{}", ada.host.uid));
    change_users(&["usermod", "-l", &renamed.host.name, &ada.host.name]);
    authorize(&renamed.host.name);
    key_login(&world, &renamed, &key, HERE).open().wait_for_denial();
    command(&world, &["user", "set", &renamed.host.name, "--email", &ada.email, "--verify", "new-device", "--trusted"]);
    asked(key_login(&world, &renamed, &key, HERE).open(), &renamed, 2);
    // The name comes back with another uid, as after userdel and useradd: refused.
    change_users(&["useradd", "-M", "-N", "-d", "/", "-s", "/bin/sh", &ada.host.name]);
    key_login(&world, &ada, &key, HERE).open().wait_for_denial();
    // And the uid with another name, whose record is of somebody who is gone: refused.
    change_users(&["userdel", &renamed.host.name]);
    let heir = other_names(&format!("heir{}", ada.host.uid));
    change_users(&[
        "useradd",
        "-o",
        "-M",
        "-u",
        &ada.host.uid.to_string(),
        "-d",
        "/",
        "-s",
        "/bin/sh",
        &heir.host.name,
    ]);
    authorize(&heir.host.name);
    key_login(&world, &heir, &key, HERE).open().wait_for_denial();
}
