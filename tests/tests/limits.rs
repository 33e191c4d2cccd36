//! Limits on messages through real logins: what somebody with a password can have sent, what is left to the owner, where text messages
//! go. Each limit at its border, over restarts and clocks, is told by the store's own tests.

#![expect(clippy::unwrap_used, reason = "a stage that cannot be set fails the test")]

use e2e::host::Stack;
use e2e::libpam::code::AUTH_ERR;
use e2e::libpam::{Item, Pam, Stage};
use e2e::mailbox;
use e2e::sms_gateway::Play;
use e2e::ssh::{PASSWORD, wrong};
use e2e::world::{Person, Plan, World, text_of};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

const HOME: &str = "203.0.113.5";
const ELSEWHERE: &str = "203.0.113.6";
/// Longer than a prompt has to stand before its message leaves.
const STOOD: Duration = Duration::from_millis(500);

/// The one prompt of `[codes] prompt = "constant"`.
const CONSTANT: &str = "If the password was right, a code was sent";

/// Runs the command, which must succeed; what it said.
fn command(world: &World, words: &[&str]) -> String {
    let out = world.command(words);
    assert!(out.status.success(), "pam-2fa {words:?}: {}", text_of(&out));
    text_of(&out)
}

/// A user with that verified number and nothing else.
fn with_number(world: &World, name: &str, number: &str) -> Person {
    let person = world.stranger(name);
    command(world, &["user", "set", &person.host.name, "--phone", number, "--verify", "always", "--trusted"]);
    person
}

/// A login of `person` over ssh from there, with the code of the `count`-th text message; it opens a shell.
fn logs_in_by_text(world: &World, person: &Person, from: &str, count: usize) {
    let mut ssh = world.ssh(person).from(from).open_with_password();
    ssh.wait_for("Code sent by text message");
    ssh.wait_for(": ");
    ssh.type_line(&world.gateway().until_taken(count).pop().unwrap().code());
    ssh.prove_shell();
}

/// sshd at login.sock, with somebody in front who has given the right password.
struct Stranger(UnixStream);

impl Stranger {
    /// A login from that address, and what is shown.
    fn begin(world: &World, person: &Person, from: &str) -> (Self, String) {
        let stream = UnixStream::connect(world.path("run/login.sock")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut login = Self(stream);
        let user = &person.host.name;
        let parameters = format!(r#"{{"version":1,"user":"{user}","service":"sshd","remote_host":"{from}"}}"#);
        let reply = login.call("Begin", &parameters);
        (login, reply)
    }

    fn call(&mut self, method: &str, parameters: &str) -> String {
        let frame = format!("{{\"method\":\"io.pam2fa.Login.{method}\",\"parameters\":{parameters}}}\0");
        self.0.write_all(frame.as_bytes()).unwrap();
        let (mut text, mut byte) = (Vec::new(), [0]);
        while self.0.read_exact(&mut byte).is_ok() && byte != [0] {
            text.extend(byte);
        }
        String::from_utf8(text).unwrap()
    }
}

/// The password of `person` from the `number`-th place where nobody has logged in yet; what is shown.
fn from_elsewhere(world: &World, person: &Person, number: usize) -> (Stranger, String) {
    Stranger::begin(world, person, &format!("2001:db8:{number:x}::1"))
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn thirty_logins_to_numbers_that_begin_alike_send_sixteen_messages_and_a_known_source_gets_one_more() {
    let world = Plan::default().with_texts().start();
    let people: Vec<Person> =
        (0..30).map(|number| with_number(&world, &format!("u{number}x"), &format!("+121255501{number:02}"))).collect();
    let (first, others) = people.split_first().unwrap();
    logs_in_by_text(&world, first, HOME, 1);
    let mut standing = Vec::new();
    for (number, person) in (2..).zip(others) {
        let (login, reply) = from_elsewhere(&world, person, number);
        if number <= 16 {
            assert!(reply.contains("Code sent by text message"), "{number}: {reply}");
            let _sent = world.gateway().until_taken(number);
        } else {
            assert!(reply.contains("No more codes can be sent for"), "{number}: {reply}");
            assert!(reply.contains("\"ask\""), "a limit denies nobody: {reply}");
        }
        standing.push(login);
    }
    // No event tells that a prompt has stood.
    thread::sleep(STOOD);
    assert_eq!(world.texts().len(), 16);
    let mut ssh = world.ssh(others.last().unwrap()).from(ELSEWHERE).open_with_password();
    ssh.wait_for("No more codes can be sent for");
    logs_in_by_text(&world, first, HOME, 17);
    let status = command(&world, &["status"]);
    assert!(status.contains("17 of 500 in 24 h, 483 left") && status.contains("; to US"), "{status}");
    let withholds = "limits.sends_per_number_prefix_hour withholds text messages to numbers that begin with +1212555 ";
    assert!(status.contains(withholds), "{status}");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_stranger_with_the_password_uses_up_the_day_and_the_owner_at_a_known_source_still_gets_a_message() {
    let mut world = Plan::default().with_texts().settings("[limits]\nsms_per_day = 10").start();
    let ada = with_number(&world, "ada", "+12125550100");
    let bob = world.person("bob");
    command(&world, &["user", "set", &bob.host.name, "--phone", "+14155550100", "--trusted", "--prefer", "sms"]);
    logs_in_by_text(&world, &ada, HOME, 1);
    for number in 2..=8 {
        let (_login, reply) = from_elsewhere(&world, &ada, number);
        assert!(reply.contains("Code sent by text message"), "{number}: {reply}");
        let _sent = world.gateway().until_taken(number);
    }
    world.kill_configd();
    world.start_configd();
    let mut ssh = world.ssh(&ada).from(ELSEWHERE).open_with_password();
    ssh.wait_for("No more codes can be sent for");
    let status = command(&world, &["status"]);
    assert!(status.contains("8 of 10 in 24 h"), "{status}");
    assert!(status.contains("limits.sms_per_day withholds text messages until "), "{status}");
    assert!(status.contains(", but for logins from known sources, which have a fifth to themselves"), "{status}");
    // Another user has what else there is.
    let mut ssh = world.ssh(&bob).from(ELSEWHERE).open_with_password();
    ssh.wait_for("No more text messages can be sent for");
    ssh.wait_for("Code sent by email to");
    ssh.wait_for(": ");
    ssh.type_line(&mailbox::wait_for_code(&bob.email, 1).code());
    ssh.prove_shell();
    logs_in_by_text(&world, &ada, HOME, 9);
    assert_eq!(world.texts().len(), 9);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_gateway_that_hands_the_message_on_and_says_500_or_nothing_sends_no_more_than_the_limits_say() {
    for play in [Play::say(500, ""), Play::say(502, "<h1>Bad Gateway</h1>"), Play::Close] {
        let world = Plan::default().with_texts().settings("[limits]\nsends_per_user_hour = 1").start();
        let ada = with_number(&world, "ada", "+12125550100");
        world.gateway().play(vec![play.clone(); 8]);
        let (mut login, reply) = from_elsewhere(&world, &ada, 1);
        assert!(reply.contains("Code sent by text message"), "{reply}");
        e2e::wait::until("the end of the tries", || world.logs().contains("and is not sent again").then_some(()));
        let reply = login.call("Answer", "{\"text\":\"r\"}");
        assert!(reply.contains("\"ask\""), "a limit denies nobody: {reply}");
        let (_next, reply) = from_elsewhere(&world, &ada, 2);
        assert!(reply.contains("No more codes can be sent for"), "{reply}");
        thread::sleep(STOOD);
        assert_eq!(world.gateway().arrived().len(), 1, "{play:?}");
        assert!(command(&world, &["status"]).contains("1 of 500 in 24 h"), "{play:?}");
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_cap_on_cost_withholds_what_would_go_beyond_it_and_status_has_the_amounts() {
    let world = Plan::default().with_texts().settings("[limits]\nsms_cost_per_day = \"0\"").start();
    let text = fs::read_to_string(world.config_file()).unwrap();
    let capped = text.replace("sms_cost_per_day = \"0\"", "sms_cost_per_day = \"0.50\"");
    fs::write(world.config_file(), &capped).unwrap();
    let refused = world.command(&["config", "reload"]);
    assert!(text_of(&refused).contains("[sms] does not say what a message costs"), "{}", text_of(&refused));
    fs::write(world.config_file(), capped.replace("[sms]\n", "[sms]\nprice = \"0.10\"\n")).unwrap();
    command(&world, &["config", "reload"]);
    let ada = with_number(&world, "ada", "+12125550100");
    logs_in_by_text(&world, &ada, HOME, 1);
    for number in 2..=4 {
        let (_login, _shown) = from_elsewhere(&world, &ada, number);
        let _sent = world.gateway().until_taken(number);
    }
    let (_login, reply) = from_elsewhere(&world, &ada, 5);
    assert!(reply.contains("No more codes can be sent for"), "{reply}");
    let status = command(&world, &["status"]);
    assert!(status.contains("4 of 500 in 24 h, 496 left"), "{status}");
    assert!(status.contains("0.40 of 0.50 spent") && status.contains("; to US"), "{status}");
    assert!(status.contains("limits.sms_cost_per_day withholds"), "{status}");
    logs_in_by_text(&world, &ada, HOME, 5);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_number_of_another_country_gets_nothing_at_a_login_an_enrolment_and_a_verification_and_it_is_said() {
    let policy = "required = \"mandatory\"\nenrolment = \"at-login\"";
    let world = Plan::default().with_texts().policy(policy).settings("[limits]\nsms_countries = [\"DE\"]").start();
    let ada = world.person("ada");
    let name = &ada.host.name;
    let said = command(&world, &["user", "set", name, "--phone", "+12125550100", "--trusted", "--prefer", "sms"]);
    assert!(said.contains("no text message goes to numbers of US; name it in limits.sms_countries"), "{said}");
    let refused = world.command(&["user", "verify", name, "sms"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text_of(&refused).contains("no text message goes to numbers of US"), "{}", text_of(&refused));
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for("Code sent by email to");
    ssh.wait_for(": ");
    ssh.type_line(&mailbox::wait_for_code(&ada.email, 1).code());
    ssh.prove_shell();

    let eve = world.stranger("eve");
    let mut ssh = world.ssh(&eve).open_with_password();
    ssh.wait_for("'a' for an app: ");
    ssh.type_line("+12125550101");
    ssh.wait_for("No text messages are sent to numbers of that country.");
    ssh.wait_for("'a' for an app: ");
    ssh.type_line("+4915112345678");
    ssh.wait_for("Code sent by text message to +49");
    let _sent = world.gateway().until_taken(1);

    let text = fs::read_to_string(world.config_file()).unwrap();
    fs::write(world.config_file(), text.replace("[\"DE\"]", "[\"DE\", \"US\"]")).unwrap();
    command(&world, &["config", "reload"]);
    logs_in_by_text(&world, &ada, HOME, 2);
    let numbers: Vec<String> = world.texts().into_iter().map(|text| text.to).collect();
    assert_eq!(numbers, ["+4915112345678", "+12125550100"]);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_thousand_logins_with_the_password_from_elsewhere_send_ten_messages_and_keep_no_owner_out() {
    let world = Plan::default().with_texts().start();
    let ada = with_number(&world, "ada", "+12125550100");
    logs_in_by_text(&world, &ada, HOME, 1);
    // Twenty at a time: half of them wait and go, the others try a code.
    let logins = |places: std::ops::Range<usize>, code: Option<&str>| {
        for number in places {
            let (mut login, mut reply) = from_elsewhere(&world, &ada, number);
            if reply.contains("\"ask\"") {
                thread::sleep(STOOD);
            }
            while let Some(code) = code.filter(|_| reply.contains("\"ask\"")) {
                reply = login.call("Answer", &format!("{{\"text\":\"{code}\"}}"));
            }
            assert!(!reply.contains("\"allow\""), "{reply}");
        }
    };
    for (begin, code) in [(0, None), (500, Some("000000"))] {
        thread::scope(|scope| {
            for thread in 0..20 {
                let first = begin + thread * 25;
                let logins = &logins;
                scope.spawn(move || logins(first..first + 25, code));
            }
        });
    }
    // The owner's first one is among the ten an hour: nobody was known there yet.
    assert_eq!(world.texts().len(), 10);
    let shown = command(&world, &["user", "show", &ada.host.name]);
    assert!(shown.contains("locked"), "strangers wait: {shown}");
    logs_in_by_text(&world, &ada, HOME, 11);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn wrong_passwords_leave_the_store_as_it_is_byte_for_byte_and_send_nothing() {
    let world = Plan::default().with_texts().start();
    let ada = with_number(&world, "ada", "+12125550100");
    logs_in_by_text(&world, &ada, HOME, 1);
    let files = || ["state.db", "state.db-wal"].map(|file| fs::read(world.path("state").join(file)).unwrap());
    // The line about the login, too, is on disk.
    e2e::wait::until("the log of the login", || {
        let log = command(&world, &["log", "--user", &ada.host.name]);
        log.contains("allow").then_some(())
    });
    let before = files();
    for from in [HOME, ELSEWHERE] {
        let mut ssh = world.ssh(&ada).from(from).tries(3).open();
        for _ in 0..3 {
            ssh.wait_for("Password:");
            ssh.type_line("not the password");
        }
        ssh.wait_for_denial();
    }
    // Some hundreds more without sshd, whose connections cost more than the passwords.
    let stage = Stage::new();
    let arguments = format!("socket={}", world.path("run/login.sock").display());
    for (service, stack) in [("sshd", Stack::Password), ("sshd-decoy", Stack::Decoy)] {
        let text = stack.text(&arguments).replace("pam_2fa.so", &stage.module().display().to_string());
        stage.service(service, &[text]);
    }
    let hundreds = |service: &str, prompts: usize| {
        for number in 0..150 {
            let from = if number % 2 == 0 { HOME } else { ELSEWHERE };
            let (status, shown) = wrong_password(&stage, service, &ada, from);
            assert_eq!(status, AUTH_ERR, "{service}, the {number}th");
            assert_eq!(shown.matches(CONSTANT).count(), prompts, "{service}, the {number}th: {shown}");
        }
    };
    hundreds("sshd", 0);
    assert!(files() == before, "a wrong password changed the store");
    // A decoy asks only where everybody is asked alike. The log, which is in the store, counts them by the hour. Nothing else does.
    let text = fs::read_to_string(world.config_file()).unwrap();
    fs::write(world.config_file(), format!("{text}\n[codes]\nprompt = \"constant\"\n")).unwrap();
    command(&world, &["config", "reload"]);
    let shown = || command(&world, &["user", "show", &ada.host.name]);
    let before = shown();
    hundreds("sshd-decoy", 3);
    assert_eq!(shown(), before);
    assert!(command(&world, &["status"]).contains("1 of 500 in 24 h"));
    assert_eq!(world.texts().len(), 1);
    // The stack is one that the right password gets through, to the question for a code.
    let mut pam = Pam::start(&stage, "sshd", Some(&ada.host.name), &[PASSWORD.into()]);
    pam.set(Item::RemoteHost, HOME);
    let _gave_up = pam.authenticate(0);
    assert!(pam.shown().iter().any(|(_, text)| text.contains(CONSTANT)), "{:?}", pam.shown());
}

/// One wrong password, and a code to whatever is asked after it, through libpam; what libpam says, and all that was shown.
fn wrong_password(stage: &Stage, service: &str, person: &Person, from: &str) -> (i32, String) {
    let answers = ["not the password", "000000", "111111", "222222"].map(Into::into);
    let mut pam = Pam::start(stage, service, Some(&person.host.name), &answers);
    pam.set(Item::RemoteHost, from);
    let status = pam.authenticate(0);
    (status, pam.shown().into_iter().map(|(_, text)| text + "\n").collect())
}

/// Of 21 tries 20 are for known sources, so a stranger has one.
#[test]
#[ignore = "needs tests/ns/enter"]
fn strangers_who_used_up_their_tries_stay_out_over_a_restart_until_user_unlock_and_the_owner_never_was() {
    let mut world = Plan::default().settings("[limits]\ntries_before_disabled = 21").start();
    let ada = world.person("ada");
    let logs_in = |world: &World, from: &str, count: usize| {
        let mut ssh = world.ssh(&ada).from(from).open_with_password();
        ssh.wait_for_code_prompt();
        ssh.type_line(&mailbox::wait_for_code(&ada.email, count).code());
        ssh.prove_shell();
    };
    let is_refused = |world: &World, from: &str| {
        let before = world.logs().matches("reason=\"disabled-authenticator\"").count();
        let mut ssh = world.ssh(&ada).from(from).open_with_password();
        ssh.wait_for_denial();
        assert_eq!(ssh.count("ode"), 0, "{}", ssh.text());
        assert_eq!(world.logs().matches("reason=\"disabled-authenticator\"").count(), before + 1, "{}", world.logs());
    };
    let guesses = |world: &World, count: usize| {
        let mut ssh = world.ssh(&ada).from(ELSEWHERE).open_with_password();
        ssh.wait_for_code_prompt();
        ssh.type_line(&wrong(&mailbox::wait_for_code(&ada.email, count).code()));
        ssh.wait_for_denial();
    };
    logs_in(&world, HOME, 1);
    guesses(&world, 2);
    is_refused(&world, ELSEWHERE);
    world.kill_configd();
    world.start_configd();
    is_refused(&world, ELSEWHERE);
    command(&world, &["user", "unlock", &ada.host.name]);
    // The code of before is still open, and is asked for again.
    guesses(&world, 2);
    is_refused(&world, ELSEWHERE);
    logs_in(&world, HOME, 3);
}
