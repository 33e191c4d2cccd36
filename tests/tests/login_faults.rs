//! What goes wrong around a login ends in a denial, never in a shell, and mends itself when the cause is gone.

use e2e::mailbox;
use e2e::ssh::wrong;
use e2e::world::{self, Plan, text_of};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

#[test]
#[ignore = "needs tests/ns/enter"]
fn with_the_daemon_dead_a_right_password_is_denied() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    world.kill_configd();
    world.ssh(&ada).open_with_password().wait_for_denial();

    world.start_configd();
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&mailbox::wait_for(&ada.email, 1).code());
    ssh.prove_shell();
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_daemon_killed_while_a_prompt_stands_denies_that_login_and_serves_the_next() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    let mail = mailbox::wait_for(&ada.email, 1);
    world.kill_configd();
    world.start_configd();
    ssh.type_line(&mail.code());
    ssh.wait_for_denial();

    let mut ssh = world.ssh(&ada).open_with_password();
    let prompt = ssh.wait_for_code_prompt();
    // The code that is out may be adopted or another be sent; the tag says which, and one tag is one mail.
    let code = if prompt.contains(&mail.tag()) { mail.code() } else { mailbox::wait_for(&ada.email, 2).code() };
    ssh.type_line(&code);
    ssh.prove_shell();
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn wrong_codes_stay_charged_over_a_kill_of_the_daemon() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    let mail = mailbox::wait_for(&ada.email, 1);
    ssh.type_line(&wrong(&mail.code()));
    ssh.wait_for("2 tries left");
    world.kill_configd();
    world.start_configd();
    let _ = ssh.interrupt();

    let mut ssh = world.ssh(&ada).open_with_password();
    let prompt = ssh.wait_for_code_prompt();
    if prompt.contains(&mail.tag()) {
        ssh.type_line(&wrong(&mail.code()));
        ssh.wait_for("1 try left");
    } else {
        // The challenge ended with the daemon: its code must not live on beside the new one.
        let fresh = mailbox::wait_for(&ada.email, 2);
        if fresh.code() != mail.code() {
            ssh.type_line(&mail.code());
            ssh.wait_for("tr");
            assert_eq!(ssh.count("$ "), 0, "{}", ssh.text());
        }
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn the_daemon_stops_when_asked_and_serves_again_with_what_it_knew() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    let status = world.stop_configd();
    assert!(status.success(), "{status}\n{}", world.logs());
    world.start_configd();
    let shown = world.command(&["user", "show", &ada.host.name]);
    assert!(text_of(&shown).contains(&ada.email), "{}", text_of(&shown));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn with_another_key_the_daemon_is_sealed_denies_and_says_why() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    world.stop_configd();
    let key = world.path("state/key");
    let right = fs::read(&key).unwrap();
    let elsewhere = Plan::default().start();
    // A daemon whose socket accepts may still be opening; one that has answered has its key.
    let _ = elsewhere.person("bob");
    let other = fs::read(elsewhere.path("state/key")).unwrap();
    assert_ne!(right, other, "two hosts made the same key");
    fs::write(&key, &other).unwrap();
    world.start_configd();
    world.ssh(&ada).open_with_password().wait_for_denial();
    let status = text_of(&world.command(&["status"]));
    assert!(status.contains("sealed") && status.contains("key"), "{status}");
    assert_eq!(fs::read(&key).unwrap(), other, "a key was made over old data");
    assert_eq!(mailbox::count_after_a_while(&ada.email), 0);

    world.stop_configd();
    fs::write(&key, &right).unwrap();
    world.start_configd();
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&mailbox::wait_for(&ada.email, 1).code());
    ssh.prove_shell();
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn without_the_key_the_daemon_is_sealed_and_makes_no_new_one() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    world.stop_configd();
    fs::remove_file(world.path("state/key")).unwrap();
    world.start_configd();
    world.ssh(&ada).open_with_password().wait_for_denial();
    assert!(!world.path("state/key").exists(), "a key was made over old data");
    assert_eq!(mailbox::count_after_a_while(&ada.email), 0);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn settings_that_others_may_write_seal_a_cold_start() {
    for (mode, owner) in [(0o666, "root:pam-2fa"), (0o640, "pam-2fa:pam-2fa")] {
        let mut world = Plan::default().start();
        let ada = world.person("ada");
        world.stop_configd();
        world::own(&world.config_file(), mode, owner);
        world.start_configd();
        world.ssh(&ada).open_with_password().wait_for_denial();
        let status = text_of(&world.command(&["status"]));
        assert!(status.contains("sealed") && status.contains("config.toml"), "{mode:o} {owner}: {status}");
        assert_eq!(mailbox::count_after_a_while(&ada.email), 0);
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn settings_that_others_may_write_are_refused_at_a_reload_and_the_old_ones_stay() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    world::own(&world.config_file(), 0o666, "root:pam-2fa");
    let reload = world.command(&["config", "reload"]);
    assert_eq!(reload.status.code(), Some(1), "{}", text_of(&reload));
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&mailbox::wait_for(&ada.email, 1).code());
    ssh.prove_shell();
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn with_no_mail_server_there_is_a_prompt_and_no_way_in() {
    // A port that nobody listens on: bound once, so that it is free, and let go.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).unwrap().port();
    let plan = Plan::default().mail_server(&format!("server = \"localhost\"\nport = {port}\ntls = \"implicit\""));
    let world = plan.start();
    let ada = world.person("ada");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line("123456");
    let _ = ssh.wait_for_any(&["tries left", "Permission denied"]);
    assert_eq!(ssh.count("$ "), 0, "{}", ssh.text());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_mail_server_that_never_speaks_does_not_keep_the_prompt_waiting() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let plan = Plan::default().mail_server(&format!("server = \"localhost\"\nport = {port}\ntls = \"implicit\""));
    let world = plan.start();
    let ada = world.person("ada");
    let mut ssh = world.ssh(&ada).open_with_password();
    let typed = e2e::wait::now();
    ssh.wait_for_code_prompt();
    // The courier gives a server 20 s in all: a prompt that waited for it would be later than this by far.
    assert!(typed.elapsed().as_secs() < 10, "the prompt came after {:?}", typed.elapsed());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_message_that_no_courier_took_is_sent_at_the_next_login() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    world.kill_courier();
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    let _ = ssh.interrupt();
    world.start_courier();
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    // The first message was never carried, so this login has one of its own, or the first is carried now.
    ssh.type_line(&mailbox::wait_for(&ada.email, 1).code());
    ssh.prove_shell();
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn what_the_daemons_keep_is_theirs_alone() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    assert!(!ada.email.is_empty());
    for (path, most) in
        [("state", 0o700), ("run/admin.sock", 0o600), ("run/courier.sock", 0o660), ("run/login.sock", 0o666)]
    {
        let mode = fs::metadata(world.path(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & !most, 0, "{path} is {mode:o}, more than {most:o}");
    }
    for entry in fs::read_dir(world.path("state")).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{} is {mode:o}", entry.path().display());
    }
}
