//! Kannel, which many have in front of their modems or SMSC: a login by a code that came through it, and every alphabet as the telephone
//! network gets it.

use e2e::kannel::{DENIED, Kannel, Received, USER};
use e2e::world::{Plan, World, text_of};
use std::path::Path;

/// A message by the courier alone; its reply.
fn send(world: &World, kannel: &Kannel, password: &str, text: &str) -> String {
    let account = format!("{{\"base\":\"{}\",\"username\":\"{}\",\"password\":\"{password}\"}}", kannel.url(), USER.0);
    sent_to(world, &account, "+15550100", text)
}

fn sent_to(world: &World, account: &str, to: &str, text: &str) -> String {
    world.send_text(Path::new(env!("CARGO_BIN_EXE_varlink_call")), ("kannel", account), to, text)
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_code_that_came_through_kannel_lets_in() {
    let kannel = Kannel::start();
    let sms = format!("[sms]\nprovider = \"kannel\"\nsender = \"+15550199\"\naccount = {}\n", kannel.account());
    let world = Plan::default().settings(&sms).start();
    let ada = world.person("ada");
    let set =
        world.command(&["user", "set", &ada.host.name, "--phone", "+12125550100", "--trusted", "--prefer", "sms"]);
    assert!(set.status.success(), "{}", text_of(&set));
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    let [message] = kannel.received(1).try_into().expect("one message");
    assert_eq!(
        (message.to.as_str(), message.from.as_str(), message.coding.as_str()),
        ("+12125550100", "+15550199", "text")
    );
    assert!(message.text.contains(" is your Example Corp login code ("), "{message:?}");
    let (code, _) = message.text.split_once(' ').expect("a code");
    ssh.type_line(code);
    ssh.prove_shell();

    // The gateway's own words, and each step, for whoever asks.
    let said = text_of(&world.command(&["test", "sms", "+12125550100"]));
    assert!(said.contains("HTTP 202: 0: Accepted for delivery"), "{said}");
    assert_eq!(kannel.received(2).len(), 2);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn every_alphabet_reaches_the_telephone_network_as_it_was_written() {
    let kannel = Kannel::start();
    let world = Plan::default().start();
    let texts = [
        "491823 is it: @£$ €{}[]~^|\\ äöüßñÉ",
        "491823 код для входа",
        "491823 \u{1f511}\u{2013}日本",
        "491823 \"a&b=c%20\"+<x>",
    ];
    for (number, text) in (1..).zip(texts) {
        let reply = send(&world, &kannel, USER.1, text);
        assert!(reply.contains("\"class\":\"accepted\""), "{reply}\n{}", kannel.log("smsbox"));
        let all = kannel.received(number);
        let Received { text: arrived, .. } = all.last().expect("a message");
        assert_eq!(arrived, text);
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn kannels_own_words_for_no_are_understood() {
    let mut kannel = Kannel::start();
    let world = Plan::default().start();
    let reply = send(&world, &kannel, "wrong", "491823 is your code");
    assert!(reply.contains("\"class\":\"auth_error\",\"reason\":\"credentials\""), "{reply}");
    assert!(reply.contains("Authorization failed for sendsms"), "{reply}");
    let account = format!("{{\"base\":\"{}\",\"username\":\"{}\",\"password\":\"{}\"}}", kannel.url(), USER.0, USER.1);
    let reply = sent_to(&world, &account, &format!("{DENIED}11123456"), "491823 is your code");
    assert!(reply.contains("\"class\":\"auth_error\",\"reason\":\"sender_or_country\""), "{reply}");
    assert!(reply.contains("Not routable"), "{reply}");
    // It takes messages in for an SMSC that is away, and they are worth nothing after the code's life.
    kannel.end_smsc();
    let reply = send(&world, &kannel, USER.1, "491823 is your code");
    assert!(reply.contains("\"class\":\"accepted\"") && reply.contains("3: Queued for later delivery"), "{reply}");
    let password = USER.1;
    drop(kannel);
    let gone =
        format!("{{\"base\":\"http://127.0.0.1:9/cgi-bin/sendsms\",\"username\":\"x\",\"password\":\"{password}\"}}");
    let reply = sent_to(&world, &gone, "+15550100", "491823 is your code");
    assert!(reply.contains("\"class\":\"temporary\",\"reason\":\"unreachable\""), "{reply}");
    assert!(!world.logs().contains(password) && !world.logs().contains("491823"), "{}", world.logs());
}
