//! Messages that somebody makes us send, and secrets that stand where others read.

use crate::common::*;
use e2e::app::{key_on, recovery_codes_on, shows};
use e2e::mailbox;
use e2e::ns;
use e2e::ssh::wrong;
use e2e::world::{Plan, text_of};
use serde_json::json;
use std::fs;
use std::path::PathBuf;

#[test]
#[ignore = "needs tests/ns/enter"]
fn turning_from_way_to_way_sends_one_message_of_each_and_gives_no_more_tries() {
    let world = Plan::default().with_texts().start();
    let ada = world.person("ada");
    let _said = command(&world, &["user", "set", &ada.host.name, "--phone", "+15550100", "--trusted"]);
    let open = || Talk::begin(&world, &ada.host.name, "sshd", "203.0.113.5");
    // Typed ahead: nobody stands at a prompt.
    for _ in 0..5 {
        let (mut login, _said) = open();
        let letters = ["1", "r", "s", "r", "e", "s", "e", "r", "2", "s", "a"];
        let all: Vec<u8> =
            letters.iter().flat_map(|letter| login.frame("Answer", &json!({ "text": letter }))).collect();
        login.send(&all);
        let _said: Vec<Said> = letters.iter().map(|_| login.reply()).collect();
    }
    assert_eq!((mailbox::count_codes_after_a_while(&ada.email), world.texts().len()), (0, 0));
    // At leisure.
    let (mut login, _said) = open();
    assert!(login.answer("1").asks().contains("Code sent by email"));
    let code = mailbox::wait_for_code(&ada.email, 1).code();
    assert!(login.answer("s").asks().contains("Code sent by text message"));
    let text = world.gateway().until_taken(1).pop().unwrap().code();
    let mut wrong_ones = 0;
    for letter in ["e", "s"].iter().cycle().take(8) {
        let said = login.answer(letter);
        let mine = if *letter == "e" { &code } else { &text };
        let said = if said.asks().is_empty() { said } else { login.answer(&wrong(mine)) };
        wrong_ones += i32::from(said.asks().contains("rong code"));
    }
    drop(login);
    assert!(wrong_ones <= 4, "two of each way, and the third ends the login: {wrong_ones}");
    // The tries are the codes', over connections.
    let mut more = 0;
    for letter in ["e", "s", "e", "s"] {
        let (mut login, _said) = open();
        let mut said = login.answer(letter);
        let mine = if letter == "e" { &code } else { &text };
        while !said.asks().is_empty() && more < 20 {
            said = login.answer(&wrong(mine));
            more += 1;
        }
        assert!(!said.is_allow());
    }
    assert!(wrong_ones + more <= 8, "{wrong_ones} and {more}");
    let sent = (mailbox::codes(&ada.email).len(), world.texts().len());
    assert!(sent.0 <= 2 && sent.1 <= 2, "one of each, and one each after its code was used up: {sent:?}");
}

/// Everything that is shown to somebody once, and the one-time codes of an administrator.
#[test]
#[ignore = "needs tests/ns/enter"]
fn no_key_of_an_app_no_recovery_code_no_invitation_and_no_grant_stands_in_a_log_or_in_the_store() {
    let plan = Plan::default().policy("required = \"mandatory\"").settings("[log]\nlevel = \"trace\"");
    let world = plan.start();
    let ada = world.stranger("ada");
    let name = ada.host.name.as_str();
    let given = |words: &[&str]| recovery_codes_on(&command(&world, words).replace(['"', ','], " ")).pop().unwrap();
    let invitation = given(&["user", "invite", name, "--json"]);
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for("Invitation code from your administrator: ");
    ssh.type_line(&invitation);
    ssh.wait_for("'a' for an app: ");
    ssh.type_line("a");
    ssh.wait_for("Code from the app: ");
    let key = key_on(&ssh.text());
    let shown = shows(&key);
    ssh.type_line(&shown);
    ssh.wait_for("Press Enter");
    let codes = recovery_codes_on(ssh.text().rsplit_once("Your recovery codes").unwrap().1);
    ssh.type_line("kept");
    ssh.prove_shell();
    let grant = given(&["user", "grant", name, "--reason", "a test", "--json"]);
    let mut own = Talk::own(&world, ada.host.uid);
    let _said = own.call("Change", &json!({ "user": name, "what": "codes" }));
    let fresh = recovery_codes_on(&own.answer(codes.first().unwrap()).tells());
    assert!(own.answer("kept").is_done());
    assert_eq!((codes.len(), fresh.len()), (10, 10));
    let mut secrets = vec![key.replace(' ', ""), key, invitation, grant];
    secrets.extend(codes);
    secrets.extend(fresh);
    let bare: Vec<String> = secrets.iter().map(|secret| secret.replace(['-', ' '], "")).collect();
    secrets.extend(bare);

    let mut places: Vec<(String, Vec<u8>)> = Vec::new();
    for words in [&["status"][..], &["log"], &["user", "show", name], &["user", "list"], &["user", "export"]] {
        places.push((format!("{words:?}"), text_of(&world.command(words)).into_bytes()));
    }
    let mut files = vec![world.path("configd.log"), world.path("courier.log"), PathBuf::from(ns::SYSLOG)];
    files.extend(fs::read_dir(world.path("state")).unwrap().map(|entry| entry.unwrap().path()));
    for pid in world.pids() {
        files.extend(["cmdline", "environ"].map(|file| PathBuf::from(format!("/proc/{pid}/{file}"))));
    }
    places.extend(files.into_iter().map(|file| (file.display().to_string(), fs::read(&file).unwrap())));
    let holds =
        |text: &[u8], part: &str| text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()));
    assert!(places.iter().any(|(place, text)| place.ends_with("configd.log") && holds(text, "enrolled")));
    for (place, text) in &places {
        for secret in &secrets {
            assert!(!holds(text, secret), "{secret} stands in {place}");
        }
    }
}
