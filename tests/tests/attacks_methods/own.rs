//! The user's own malware, and other users of the host, at self.sock and login.sock.

use crate::common::*;
use e2e::mailbox;
use e2e::ssh::wrong;
use e2e::wait;
use e2e::world::Plan;
use serde_json::json;
use std::fs;
use std::path::Path;

#[test]
#[ignore = "needs tests/ns/enter"]
fn what_is_out_of_turn_at_self_sock_changes_nothing_and_ends_its_connection_alone() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let pids = world.pids();
    let change = json!({ "user": ada.host.name, "what": "codes" });
    let answer = json!({ "text": "123456" });
    let open = || Talk::own(&world, ada.host.uid);
    // A user has two places, and one that was just hung up on has its own until the daemon has seen it.
    let with_place = || {
        wait::until("a place at self.sock", || {
            let mut own = open();
            own.send(b"{\"method\":\"org.varlink.service.GetInfo\"}\0");
            own.reply().0.contains("pam-2fa").then_some(own)
        })
    };
    // An answer before anything is asked, a second change while one stands, a look while one stands.
    assert!(!open().call("Answer", &answer).0.contains("\"step\""));
    for (method, parameters) in [("Change", &change), ("Show", &json!({ "user": ada.host.name })), ("GetInfo", &answer)]
    {
        let mut own = open();
        assert!(own.call("Change", &change).asks().contains("Code sent"));
        assert_eq!(own.call(method, parameters).0, "", "{method}");
    }
    // Ten answers that wait for nothing: the first is a try, the others are out of turn.
    let mut own = open();
    let mut all = own.frame("Change", &change);
    for _ in 0..10 {
        all.extend(own.frame("Answer", &answer));
    }
    own.send(&all);
    let said = own.reply();
    assert!(!said.is_done() && !said.0.contains("Wrong code"), "{said:?}");
    let frames: Vec<Vec<u8>> = vec![
        vec![b'['; 128 * 1024],
        [own.frame("Change", &json!({ "user": "x".repeat(16_000), "what": "app" }))].concat(),
        own.frame("Change", &json!({ "user": ada.host.name, "what": "everything" })),
        own.frame("Change", &json!({ "user": ada.host.name, "what": "email", "value": "a@b\r\nBcc: c@d" })),
        own.frame("Change", &json!({ "user": ada.host.name, "what": "sms", "value": "+15550100" })),
        own.frame("Change", &json!({ "user": [ada.host.name], "what": "app" })),
        own.frame("Change", &json!({ "user": format!("{}\0", ada.host.name), "what": "app" })),
        format!("{{\"method\":\"io.pam2fa.Self.Change\",\"oneway\":true,\"parameters\":{change}}}\0").into_bytes(),
        b"{\"method\":\"io.pam2fa.Admin.UserReset\",\"parameters\":{\"name\":\"root\"}}\0".to_vec(),
        b"{\"method\":\"io.pam2fa.Login.Begin\",\"parameters\":{\"version\":1,\"user\":\"root\",\"service\":\"x\"}}\0"
            .to_vec(),
    ];
    drop(own);
    for (number, frame) in frames.into_iter().enumerate() {
        let mut own = with_place();
        own.send(&frame);
        assert!(!own.reply().is_done(), "{number}");
    }
    assert_eq!(world.pids(), pids);
    for pid in &pids {
        assert!(Path::new(&format!("/proc/{pid}/fd")).exists(), "a daemon has died");
    }
    // All of it was one message at most, and the owner's own change goes on as if nothing had been.
    let mut own = with_place();
    assert!(own.call("Change", &change).asks().contains("Code"));
    let code = mailbox::wait_for_code(&ada.email, 1).code();
    assert!(own.answer(&code).tells().contains("Your recovery codes"));
    assert_eq!(mailbox::codes(&ada.email).len(), 1);
    assert!(command(&world, &["user", "show", &ada.host.name]).contains(&ada.email));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_user_who_asks_about_others_all_day_fills_no_log() {
    let world = Plan::default().start();
    let (ada, eve) = (world.person("ada"), world.stranger("eve"));
    let mut own = Talk::own(&world, eve.host.uid);
    for name in [ada.host.name.as_str(), "root", "no-such-user"].iter().cycle().take(300) {
        assert!(own.call("Show", &json!({ "user": name })).0.contains("NotPermitted"));
    }
    let log = fs::read_to_string(world.path("configd.log")).unwrap();
    let lines = log.lines().filter(|line| line.contains("asked about another")).count();
    // The minute may have been followed by another.
    assert!((1..=20).contains(&lines), "{lines} lines");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_user_who_is_denied_all_day_by_a_sealed_daemon_fills_no_log() {
    let mut world = Plan::default().start();
    // Its sockets accept before the key is made; a command has been answered after that.
    let eve = world.person("eve");
    world.kill_configd();
    fs::write(world.path("etc/config.toml"), "[policy]\nrequired = \"no such word\"\n").unwrap();
    // Settings that do not parse are taken from the store, where there is one.
    fs::remove_file(world.path("state/key")).unwrap();
    world.start_configd();
    for _ in 0..200 {
        let said = Talk::login_as(&world, eve.host.uid).call("Begin", &begin(&eve.host.name, "sshd", ""));
        assert!(said.0.contains("Sealed"), "{said:?}");
    }
    for _ in 0..30 {
        assert!(Talk::login(&world).call("Begin", &begin(&eve.host.name, "sshd", "")).0.contains("Sealed"));
    }
    let log = fs::read_to_string(world.path("configd.log")).unwrap();
    let lines = |of: &str| log.lines().filter(|line| line.contains("is denied: sealed") && line.contains(of)).count();
    assert!((1..=20).contains(&lines(&format!("uid={} ", eve.host.uid))), "{}", lines("uid="));
    assert_eq!(lines("uid=0 "), 30, "each of root's has its line");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn who_takes_all_own_places_takes_nobody_elses() {
    let world = Plan::default().start();
    let (ada, eve) = (world.person("ada"), world.person("eve"));
    let open = |_| Talk::own(&world, eve.host.uid);
    let held: Vec<Talk> = (0..50)
        .map(open)
        .map(|mut own| {
            let _said = own.call("Change", &json!({ "user": eve.host.name, "what": "codes" }));
            own
        })
        .collect();
    assert!(Talk::own(&world, ada.host.uid).call("Show", &json!({ "user": ada.host.name })).0.contains(&ada.email));
    assert!(Talk::own(&world, 0).call("Show", &json!({ "user": "root" })).0.contains("\"mine\""));
    // Two of the fifty had a place, and a code each.
    assert_eq!(mailbox::count_after_a_while(&eve.email), 2);
    drop(held);
}

/// Ten wrong codes are all that a user's own processes have; the owner logs in afterwards, and one code lets neither in as the other.
#[test]
#[ignore = "needs tests/ns/enter"]
fn own_malware_that_guesses_gets_ten_tries_and_locks_no_login() {
    let world = Plan::default().settings("[limits]\nfirst_wait = \"1 seconds\"\nlongest_wait = \"1 seconds\"").start();
    let ada = world.person("ada");
    let mut tries = 0;
    wait::until("no further try to be taken", || {
        let mut own = Talk::own(&world, ada.host.uid);
        let mut said = own.call("Change", &json!({ "user": ada.host.name, "what": "codes" }));
        while !said.asks().is_empty() {
            // No code of ours is this one but once in a million; then nothing is proven here.
            said = own.answer("000000");
            tries += 1;
        }
        assert!(!said.is_done(), "{said:?}");
        said.tells().contains("administrator").then_some(())
    });
    assert!((10..=11).contains(&tries), "{tries}");
    let (mut login, said) = Talk::begin(&world, &ada.host.name, "sshd", "203.0.113.5");
    assert!(said.asks().contains("Code sent"), "{said:?}");
    let tag = said.asks().split_once('(').unwrap().1.get(..2).unwrap().to_owned();
    let mail = wait::until("the login's own code", || {
        mailbox::codes(&ada.email).into_iter().find(|mail| mail.tag() == tag && !mail.text.contains("for a change"))
    });
    assert!(login.answer(&mail.code()).is_allow());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn what_a_users_own_process_claims_opens_no_grant_enrols_nothing_and_sends_no_text() {
    let world = Plan::default().with_texts().policy("required = \"mandatory\"\nenrolment = \"at-login\"").start();
    let (ada, eve) = (world.person("ada"), world.stranger("eve"));
    let name = ada.host.name.as_str();
    let _said = command(&world, &["user", "set", name, "--phone", "+15550100", "--trusted", "--prefer", "sms"]);
    let granted = command(
        &world,
        &["user", "grant", name, "--from", "203.0.113.0/24", "--service", "sshd", "--reason", "t", "--json"],
    );
    let code = e2e::app::recovery_codes_on(&granted.replace(['"', ','], " ")).pop().unwrap();
    let claims = |user: &str| {
        json!({
            "version": 1, "user": user, "service": "sshd", "tty": "tty1", "seat": "seat0",
            "remote_host": "203.0.113.5", "real_uid": 0, "session": 1,
        })
    };
    let mut login = Talk::login_as(&world, ada.host.uid);
    let said = login.call("Begin", &claims(name));
    assert!(said.asks().contains("email"), "{said:?}");
    let said = login.answer("s");
    assert!(!said.asks().contains("text message"), "{said:?}");
    assert!(!login.answer(&code).is_allow());
    // At the right place it is still good, once.
    let (mut login, _asked) = Talk::begin(&world, name, "sshd", "::ffff:203.0.113.9");
    assert!(login.answer(&code).is_allow());
    let (mut login, _asked) = Talk::begin(&world, name, "sshd", "203.0.113.9");
    assert!(!login.answer(&code).is_allow());
    // Whoever has no method is not enrolled by what a process of hers says, whatever the settings allow at a login.
    let said = Talk::login_as(&world, eve.host.uid)
        .call("Begin", &json!({ "version": 1, "user": eve.host.name, "service": "login", "tty": "tty1" }));
    assert!(!said.asks().contains("Email address"), "{said:?}");
    let said = Talk::own(&world, eve.host.uid)
        .call("Change", &json!({ "user": eve.host.name, "what": "sms", "value": "+15550100" }));
    assert!(said.asks().is_empty() && !said.is_done(), "{said:?}");
    assert_eq!(world.texts().len(), 0);
}

/// The code of an own change and the code of an own login are each nothing to the other, and neither is anything to root's callers.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_code_for_one_purpose_is_no_code_for_another() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut own = Talk::own(&world, ada.host.uid);
    let said = own.call("Change", &json!({ "user": ada.host.name, "what": "codes" }));
    assert!(said.asks().contains("Code sent"), "{said:?}");
    let code = mailbox::wait_for_code(&ada.email, 1).code();
    for mut login in [Talk::login(&world), Talk::login_as(&world, ada.host.uid)] {
        let said = login.call("Begin", &begin(&ada.host.name, "sshd", "203.0.113.5"));
        assert!(said.asks().contains("Code sent"), "{said:?}");
        let said = login.answer(&code);
        assert!(said.asks().contains("Wrong code"), "{said:?}");
    }
    assert!(own.answer(&wrong(&code)).asks().contains("rong code"));
    assert!(!own.answer(&code).tells().is_empty(), "it is still good for what it is for");
}
