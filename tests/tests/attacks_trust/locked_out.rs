//! Owners locked out, by whoever has the password, floods, full disks, questions that nobody answers.

use super::common::*;
use e2e::mailbox;
use e2e::world::{Plan, text_of};
use std::fs;
use std::time::Duration;

#[test]
#[ignore = "needs tests/ns/enter"]
fn on_a_full_disk_a_code_and_a_remembered_device_let_in_and_what_cannot_be_ended_is_said() {
    let mut world = by_key(ALL);
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 1);
    let _ = world.stop_configd();
    let (state, old) = (world.path("state").display().to_string(), world.path("before").display().to_string());
    run(&["mv", &state, &old]);
    fs::create_dir(&state).unwrap();
    run(&["mount", "-t", "tmpfs", "-o", "size=3m,mode=0700,uid=0", "tmpfs", &state]);
    run(&["chown", "pam-2fa:pam-2fa", &state]);
    run(&["sh", "-c", &format!("cp -a {old}/. {state}/")]);
    world.start_configd();
    not_asked(key_login(&world, &ada, &key, HERE).open());
    let _ = fs::write(world.path("state/filler"), vec![1; 8 << 20]);
    not_asked(key_login(&world, &ada, &key, HERE).open());
    asked(key_login(&world, &ada, &key, ELSEWHERE).open(), &ada, 2);
    for _ in 0..20 {
        not_asked(key_login(&world, &ada, &key, HERE).open());
    }
    let out = world.command(&["device", "revoke", "--user", &ada.host.name]);
    if out.status.success() {
        world.kill_configd();
        world.start_configd();
        assert!(asks(key_login(&world, &ada, &key, HERE).open()), "said to be revoked: {}", text_of(&out));
    } else {
        assert!(!text_of(&out).trim().is_empty());
    }
}

/// Somebody who has the password and no mailbox, from elsewhere, for as long as it takes.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_stranger_with_the_password_locks_no_known_source_out_though_he_ends_its_trust() {
    let mut world = Plan::default().settings("[trust]\nssh = \"9999 days\"\nssh_identity = \"address\"").start();
    let ada = person(&world, "ada");
    let clock = MovedClock::start_with(&mut world, &[("BOOT", "1")]);
    let here = fields(&ada.host.name, "sshd", &format!(r#""remote_host":"{HERE}""#));
    let there = fields(&ada.host.name, "sshd", r#""remote_host":"198.51.100.7""#);
    remembered(&world, &ada, &here, 1);
    let mut passed = 0;
    let mut rounds = 0;
    let ended = loop {
        let (mut login, mut reply) = Login::begin(&world, &there);
        while reply.contains("\"ask\"") {
            reply = login.answer("000000");
        }
        if reply.contains("administrator") || rounds > 80 {
            break reply;
        }
        passed += 4000;
        rounds += 1;
        clock.set(passed);
    };
    assert!(rounds <= 80, "{ended}");
    let listed = command(&world, &["device", "list"]);
    let (mut login, reply) = Login::begin(&world, &here);
    assert!(reply.contains("\"ask\"") && listed.contains("locked"), "{reply} {listed}");
    {
        let mails = mailbox::count_codes_after_a_while(&ada.email);
        let code = mailbox::codes(&ada.email).last().unwrap().code();
        let reply = login.answer(&code);
        assert!(reply.contains("\"allow\""), "{reply} after {mails} mails");
    }
}

/// Once a revocation is answered, no login that begins after it is trusted, whatever is under way.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_revocation_that_was_answered_holds_for_every_login_that_begins_after_it() {
    let more = "[limits]\nsends_per_user_hour = 100\nsends_per_user_day = 100\nsends_per_source_hour = 100";
    let world = Plan::default().settings(&format!("{ALL}\n{more}")).start();
    let ada = person(&world, "ada");
    let console = fields(&ada.host.name, "login", r#""tty":"tty1""#);
    for number in 1..=12 {
        remembered(&world, &ada, &console, number);
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                        let _ = Login::begin(&world, &console);
                    }
                });
            }
            std::thread::sleep(Duration::from_millis(20));
            command(&world, &["device", "revoke", "--user", &ada.host.name]);
            let (_, reply) = Login::begin(&world, &console);
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            assert!(reply.contains("\"ask\""), "{reply}");
        });
        assert!(!command(&world, &["device", "list", "--json"]).contains("\"id\""));
        // Nobody stands at a prompt by now; the next login adopts the code that is out, or has one sent.
        let (mut login, reply) = Login::begin(&world, &console);
        assert!(reply.contains("\"ask\""), "{reply}");
        std::thread::sleep(Duration::from_millis(400));
        let _ = mailbox::wait_for_code(&ada.email, number.saturating_add(1));
        drop(login.answer("q"));
        drop(login);
    }
}

/// Whom the question about trust cannot reach (a greeter with one prompt, a hand that presses Ctrl-C there) typed a right code.
#[test]
#[ignore = "needs tests/ns/enter"]
fn right_codes_whose_question_about_trust_goes_unanswered_lock_nobody_out() {
    let world = by_key("[trust]\nssh = \"1 day\"\nask = true");
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    for _ in 0..3 {
        let mut ssh = key_login(&world, &ada, &key, HERE).open();
        let prompt = ssh.wait_for_code_prompt();
        // One code or several: the tag says which, and it is the right one.
        let mail = e2e::wait::until("the mail of this prompt", || {
            mailbox::codes(&ada.email).into_iter().find(|mail| prompt.contains(&format!("({})", mail.tag())))
        });
        ssh.type_line(&mail.code());
        ssh.wait_for("Trust this device");
        ssh.wait_for("[y/N] ");
        drop(ssh);
    }
    let mut ssh = key_login(&world, &ada, &key, HERE).open();
    let (which, _) = ssh.wait_for_any(&["Code", "Too many", "denied", "password: "]);
    assert_eq!(which, 0, "{}\n{}", ssh.text(), command(&world, &["user", "show", &ada.host.name]));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_flood_of_sessions_keeps_a_hundred_devices_and_everybody_can_log_in() {
    let more = "[limits]\nsends_per_user_hour = 1000\nsends_per_user_day = 1000\nsends_per_source_hour = 1000";
    let world = Plan::default().settings(&format!("{ALL}\n{more}")).start();
    let ada = person(&world, "ada");
    let bob = person(&world, "bob");
    let name = &ada.host.name;
    remembered(&world, &bob, &fields(&bob.host.name, "login", r#""tty":"tty1""#), 1);
    for number in 1..=104 {
        remembered(
            &world,
            &ada,
            &fields(name, "su", &format!(r#""session":{number},"real_uid":1000,"remote_user":"x""#)),
            number,
        );
    }
    let listed = command(&world, &["device", "list", name, "--json"]);
    assert_eq!(listed.matches("\"id\"").count(), 100);
    assert!(Login::begin(&world, &fields(&bob.host.name, "login", r#""tty":"tty1""#)).1.contains("\"allow\""));
    // Of those of one second it is chance who drops out; whoever does is asked.
    let asked = (1..=104).filter(|number| {
        let one = fields(name, "su", &format!(r#""session":{number},"real_uid":1000,"remote_user":"x""#));
        Login::begin(&world, &one).1.contains("\"ask\"")
    });
    assert_eq!(asked.count(), 4);
    command(&world, &["device", "revoke", "--user", name]);
    assert!(!command(&world, &["device", "list", name, "--json"]).contains("\"id\""));
}
