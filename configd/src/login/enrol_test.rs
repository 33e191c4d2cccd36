//! From nothing to a first method at a login: who may, in which steps, and that nothing of it stays where it ends early. Changes that a
//! user makes of oneself are in [`own`].

mod own;

use super::world::{PlainMac, Said, World, ssh};
use super::*;
use crate::authenticator::totp::{AppKey, Shape};
use crate::authenticator::{LongUse, long};
use crate::notice::Notice;
use crate::rules::PromptStyle;
use crate::store::{KeptPass, Known, Methods, PassId, PassKind};
use challenge::Delivery;
use pam_2fa_protocol::admin::{Channel, Verify};
use pam_2fa_protocol::login::Verdict;
use pam_2fa_settings::{Enrolment, Profile};

fn ada() -> UserKey {
    UserKey { uid: 1000, name: String::from("ada") }
}

/// ada has no record, and whoever knows the password may enrol.
fn world(enrolment: Enrolment) -> World {
    let mut world = World::new();
    world.records.clear();
    world.rules.who.enrolment = enrolment;
    world
}

fn begin(world: &mut World) -> (Login, Said) {
    let (login, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
    if said.ended { (login, said) } else { (world.stand(login), said) }
}

/// An answer, and the prompt after it stands.
fn say(world: &mut World, login: Login, text: &str) -> (Login, Said) {
    let (login, said) = world.answer(login, text);
    if said.ended { (login, said) } else { (world.stand(login), said) }
}

/// An invitation for ada.
fn invitation(world: &mut World) -> LongCode {
    let code = LongCode::new(&world.random).unwrap();
    let pass = KeptPass {
        id: PassId(String::from("i1")),
        kind: PassKind::Invitation,
        user: ada(),
        mac: PlainMac.long_code_mac(LongUse::Invitation, &ada(), &code),
        made_s: world.now.wall_s,
        until_s: world.now.wall_s + 604_800,
        origin: None,
        service: None,
        reason: String::new(),
    };
    world.methods.entry(ada()).or_default().passes.push(pass);
    code
}

/// The key that stands below the square.
fn key_shown(said: &Said) -> AppKey {
    let told = said.told();
    let line = told.lines().find(|line| line.starts_with("Key for the app: ")).unwrap();
    let letters = line.trim_start_matches("Key for the app: ").replace(' ', "");
    let key = data_encoding::BASE32_NOPAD.decode(letters.as_bytes()).unwrap();
    AppKey::of(Secret::new(key), Shape::default()).unwrap()
}

/// The recovery codes on the screen.
fn codes_shown(said: &Said) -> Vec<String> {
    let told = said.told();
    let codes = told.lines().filter(|line| line.starts_with("  ")).flat_map(str::split_whitespace);
    codes.map(String::from).collect()
}

#[test]
fn where_sshd_may_throw_every_answer_away_enter_sends_no_code_to_a_registered_address() {
    for prompt in [PromptStyle::Detailed, PromptStyle::Constant] {
        let mut world = world(Enrolment::AtLogin);
        world.rules.codes.prompt = prompt;
        world.add("root", 0, Verify::Always, Some("root@example.com"));
        let root = UserKey { uid: 0, name: String::from("root") };
        world.records.get_mut(&root).unwrap().email_verified = false;
        let comes = |world: &mut World, password: bool| {
            let (login, said) = world.begin(Begin { password, ..ssh("root", "192.0.2.7") }, 0);
            (world.stand(login), said)
        };
        let (login, said) = comes(&mut world, false);
        assert_eq!(said.step.as_ref().unwrap().ask.as_ref().unwrap().times, None, "sshd's junk is an end");
        assert!(!said.prompt().contains("Enter for"), "{}", said.prompt());
        let (login, said) = say(&mut world, login, "");
        assert!(said.prompt().contains("Email address"), "{}", said.prompt());
        assert!(world.sent.is_empty());
        let (_login, said) = say(&mut world, login, "root@example.com");
        assert_eq!(said.step.as_ref().unwrap().ask.as_ref().unwrap().times, None);
        assert_eq!(world.sent.len(), 1);
        // With a password that counted it does.
        let (login, said) = comes(&mut world, true);
        assert!(said.prompt().contains("Enter for r***@example.com"), "{}", said.prompt());
        let _login = say(&mut world, login, "");
        assert_eq!(world.sent.len(), 2);
    }
}

#[test]
fn in_one_session_an_address_is_proven_an_app_added_and_recovery_codes_are_shown() {
    let mut world = world(Enrolment::AtLogin);
    let (login, said) = begin(&mut world);
    assert_eq!(said.told(), "A second factor is needed here, and you have none yet.");
    assert_eq!(said.prompt(), "Email address, or phone number as +15550100, 'a' for an app: ");
    let (login, said) = say(&mut world, login, "Ada@Example.com");
    assert!(said.prompt().starts_with("Code sent by email to A***@example.com ("), "{}", said.prompt());
    assert_eq!(world.sent[0].aim, challenge::Aim::Address(String::from("Ada@example.com")));
    let code = world.code(&login);
    let (login, said) = say(&mut world, login, &code);
    assert_eq!(said.prompt(), "Add an authenticator app, too? [y/N] ");
    let (login, said) = say(&mut world, login, "y");
    assert!(said.told().contains("█"), "{}", said.told());
    assert!(said.step.as_ref().unwrap().tell.iter().all(|line| line.chars().count() <= 80));
    assert_eq!(said.prompt(), "Code from the app, or Enter to go on without it: ");
    let key = key_shown(&said);
    let wrong = if key.shows(world.now.wall_s) == "000000" { "000001" } else { "000000" };
    let (login, said) = say(&mut world, login, wrong);
    assert_eq!(said.prompt(), "That code is wrong. Code from the app, or Enter to go on without it: ");
    let right = key.shows(world.now.wall_s);
    let (login, said) = say(&mut world, login, &right);
    let codes = codes_shown(&said);
    assert_eq!(codes.len(), 10, "{}", said.told());
    assert_eq!(said.prompt(), "Press Enter when you have kept them: ");
    assert_eq!((world.enrolled, world.records.len()), (0, 0), "nothing is kept before all of it is");
    assert_eq!(world.charged, 1, "the code of the address; the key of an app that nobody has used is nobody's");
    let (_, said) = say(&mut world, login, "");
    assert_eq!((said.verdict(), said.told().as_str()), (Some(Verdict::Allow), "You are enrolled."));
    let record = &world.records[&ada()];
    assert_eq!((record.email.as_deref(), record.email_verified), (Some("Ada@example.com"), true));
    assert_eq!(world.methods[&ada()].recovery.len(), 10);
    let logged = world.logged.last().unwrap();
    assert_eq!((logged.reason, logged.factor), ("enrolled", Some(Factor::Email)));
    assert_eq!(world.told.iter().map(|about| about.notice.clone()).collect::<Vec<_>>(), [Notice::AppEnrolled]);
    // The app and the codes are good from now on; the app's code that proved it is used.
    let (login, said) = begin(&mut world);
    assert!(said.prompt().starts_with("1) email"), "{}", said.prompt());
    let (login, said) = world.answer(login, &right);
    assert!(said.prompt().starts_with("Wrong code"), "{}", said.prompt());
    let (_, said) = world.answer(login, &codes[9]);
    assert_eq!(said.verdict(), Some(Verdict::Allow));
}

#[test]
fn left_at_any_point_nothing_is_enrolled() {
    for steps in 0..4 {
        let mut world = world(Enrolment::AtLogin);
        let (mut login, _) = begin(&mut world);
        let mut typed = vec![String::from("ada@example.com")];
        for step in 0..steps {
            let text = match step {
                0 => typed.remove(0),
                1 => world.code(&login),
                _ => String::from("n"),
            };
            (login, _) = say(&mut world, login, &text);
        }
        let _closed = world.drive(login, Event::Closed);
        assert_eq!((world.enrolled, world.records.len()), (0, 0), "{steps}");
        assert!(!world.logged.iter().any(|logged| logged.verdict == Verdict::Allow));
        let (_, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
        assert!(said.prompt().starts_with("Email address"), "{steps}: {}", said.prompt());
    }
}

#[test]
fn a_code_that_came_late_is_asked_for_again_and_nothing_is_sent_twice() {
    let mut world = world(Enrolment::AtLogin);
    let (login, _) = begin(&mut world);
    let (login, _) = say(&mut world, login, "ada@example.com");
    let code = world.code(&login);
    let _closed = world.drive(login, Event::Closed);
    world.pass(240_000);
    let (login, _) = begin(&mut world);
    let (login, said) = say(&mut world, login, "ada@example.com");
    assert!(said.prompt().contains("4 min ago"), "{}", said.prompt());
    assert_eq!(world.sent.len(), 1);
    let (_, said) = say(&mut world, login, &code);
    assert_eq!(said.prompt(), "Add an authenticator app, too? [y/N] ");
}

#[test]
fn the_code_of_an_unproven_address_logs_nobody_in_and_has_three_tries_over_all_connections() {
    let mut world = world(Enrolment::AtLogin);
    let (login, _) = begin(&mut world);
    let (mut login, _) = say(&mut world, login, "mallory@example.com");
    let code = world.code(&login);
    let wrong = if code == "000000" { "000001" } else { "000000" };
    (login, _) = say(&mut world, login, wrong);
    let _closed = world.drive(login, Event::Closed);
    // Meanwhile an administrator registers her own address: that code is nothing to it.
    world.add("ada", 1000, Verify::NewDevice, Some("ada@example.com"));
    let (login, _) = begin(&mut world);
    assert_ne!(world.code(&login), code);
    let (login, said) = world.answer(login, &code);
    assert!(said.prompt().starts_with("Wrong code"), "{}", said.prompt());
    let _closed = world.drive(login, Event::Closed);
    world.records.clear();
    let (login, _) = begin(&mut world);
    let (login, said) = say(&mut world, login, "mallory@example.com");
    assert!(said.prompt().contains("ago"), "adopted: {}", said.prompt());
    let (login, said) = say(&mut world, login, wrong);
    assert!(said.prompt().starts_with("Wrong code, 1 try left"), "{}", said.prompt());
    let (_, said) = say(&mut world, login, wrong);
    assert_eq!(said.verdict(), Some(Verdict::MaxTries));
    assert_eq!(world.enrolled, 0);
}

#[test]
fn by_default_an_invitation_or_a_local_console_is_needed() {
    let mut world = world(Enrolment::Invited);
    let (_, said) = begin(&mut world);
    assert_eq!((said.verdict(), world.logged.pop().unwrap().reason), (Some(Verdict::Deny), "no-method"));
    assert!(
        said.told()
            .starts_with("A second factor is needed here, and you have none. Ask your administrator for an invitation")
    );
    // At a console of this machine.
    let local = |tty: &str| Begin {
        service: String::from("login"),
        tty: Some(String::from(tty)),
        remote_host: None,
        ..ssh("ada", "192.0.2.7")
    };
    for (tty, may) in [("/dev/tty1", true), ("ttyS0", true), ("pts/3", false), (":0", false)] {
        let (_, said) = world.begin(local(tty), 0);
        assert_eq!(said.verdict().is_none(), may, "{tty}");
    }
    let telnet = Begin { remote_host: Some(String::from("192.0.2.9")), ..local("tty1") };
    assert_eq!(world.begin(telnet, 0).1.verdict(), Some(Verdict::Deny));
    // Its own process claims to be there.
    assert_eq!(world.begin(local("tty1"), 1000).1.verdict(), Some(Verdict::Deny));
    // By an invitation, once.
    let code = invitation(&mut world);
    let (login, said) = begin(&mut world);
    assert_eq!(said.prompt(), "Invitation code from your administrator: ");
    let (login, said) = say(&mut world, login, "123456");
    assert_eq!((said.prompt(), world.charged), ("Invitation code from your administrator: ", 0), "not of its form");
    let other = LongCode::new(&world.random).unwrap();
    let (login, said) = say(&mut world, login, other.shown().expose());
    assert_eq!((said.prompt(), world.charged), ("Wrong code, 2 tries left. Code: ", 1));
    // Made anew while its user stands there: the earlier one is over.
    world.methods.entry(ada()).or_default().passes.clear();
    let code = {
        let _over = code;
        invitation(&mut world)
    };
    let (login, said) = say(&mut world, login, code.shown().expose());
    assert!(said.prompt().starts_with("Email address"), "{}", said.prompt());
    assert_eq!(world.methods[&ada()].passes.len(), 1, "used up with the enrolment, not before");
    let (login, _) = say(&mut world, login, "ada@example.com");
    let sent = world.code(&login);
    let (login, _) = say(&mut world, login, &sent);
    let (login, _) = say(&mut world, login, "n");
    let (_, said) = say(&mut world, login, "kept");
    assert_eq!(said.verdict(), Some(Verdict::Allow));
    assert!(world.methods[&ada()].passes.is_empty());
}

#[test]
fn where_an_administrator_registers_methods_nobody_enrols() {
    let mut world = world(Enrolment::Administrator);
    let _code = invitation(&mut world);
    let (_, said) = begin(&mut world);
    assert_eq!(said.verdict(), Some(Verdict::Deny));
    assert!(said.told().contains("Ask your administrator."), "{}", said.told());
}

#[test]
fn somebody_elses_address_is_refused_once_it_is_proven() {
    let mut world = world(Enrolment::AtLogin);
    world.add("bob", 1001, Verify::NewDevice, Some("bob@example.com"));
    let (login, _) = begin(&mut world);
    let (login, said) = say(&mut world, login, "bob@example.com");
    assert!(said.prompt().starts_with("Code sent by email"), "who has it is not told to whoever types it");
    let code = world.code(&login);
    let (login, _) = say(&mut world, login, &code);
    let (login, _) = say(&mut world, login, "");
    let (_, said) = say(&mut world, login, "");
    assert_eq!((said.verdict(), world.enrolled), (Some(Verdict::Deny), 0));
    assert!(said.told().starts_with("This address belongs to another user"), "{}", said.told());
}

#[test]
fn an_app_is_enrolled_by_the_code_that_it_shows_though_the_clock_stands_behind_a_time_that_was_seen() {
    let mut world = world(Enrolment::AtLogin);
    world.behind_s = 7_200;
    let (login, _) = begin(&mut world);
    let (login, said) = say(&mut world, login, "a");
    let key = key_shown(&said);
    let (by_mark, by_clock) = (key.shows(world.now.wall_s), key.shows(world.now.wall_s - 7_200));
    let (login, said) = say(&mut world, login, &by_mark);
    assert!(said.prompt().starts_with("That code is wrong."), "{}", said.prompt());
    let (login, _) = say(&mut world, login, &by_clock);
    let (_, said) = say(&mut world, login, "");
    assert_eq!(said.verdict(), Some(Verdict::Allow));
    let used = world.methods[&ada()].app.as_ref().unwrap().last_step;
    assert_eq!(used, (world.now.wall_s - 7_200) / 30);
}

#[test]
fn what_is_no_address_or_cannot_be_reached_is_asked_again_and_an_app_needs_neither() {
    let mut world = world(Enrolment::AtLogin);
    world.rules.sms.clear();
    let (login, said) = begin(&mut world);
    assert_eq!(said.prompt(), "Email address, 'a' for an app: ");
    let (login, said) = say(&mut world, login, "ada");
    assert!(said.prompt().starts_with("That is no email address"), "{}", said.prompt());
    let (login, said) = say(&mut world, login, "+1 555 0100-1");
    assert!(said.prompt().starts_with("This host cannot send codes there."), "{}", said.prompt());
    let (login, said) = say(&mut world, login, "a");
    assert_eq!(said.prompt(), "Code from the app: ");
    let code = key_shown(&said).shows(world.now.wall_s);
    let (login, said) = say(&mut world, login, "");
    assert!(said.prompt().ends_with("Code from the app: "), "there is nothing else: {}", said.prompt());
    let (login, _) = say(&mut world, login, &code);
    let (_, said) = say(&mut world, login, "");
    assert_eq!(said.verdict(), Some(Verdict::Allow));
    assert!(world.sent.is_empty() && world.methods[&ada()].app.is_some());
}

#[test]
fn a_number_alone_is_not_enough_under_nist_aal2() {
    let mut world = world(Enrolment::AtLogin);
    world.rules.email.clear();
    world.rules.profile = Profile::NistAal2;
    let (login, said) = begin(&mut world);
    assert_eq!(said.prompt(), "Phone number as +15550100, 'a' for an app: ");
    let (login, _) = say(&mut world, login, "+1 (555) 010-0123");
    assert_eq!(world.sent[0].way, Way::Sms(String::from("+15550100123")));
    let code = world.code(&login);
    let (login, said) = say(&mut world, login, &code);
    assert_eq!(said.prompt(), "Code from the app: ", "an unrestricted one beside it (SP 800-63B-4 §3.2.9)");
    let _closed = world.drive(login, Event::Closed);
    assert_eq!(world.enrolled, 0);
}

#[test]
fn an_address_that_an_administrator_registered_is_taken_with_enter() {
    let mut world = world(Enrolment::AtLogin);
    world.add("ada", 1000, Verify::NewDevice, Some("ada@example.com"));
    world.records.get_mut(&ada()).unwrap().email_verified = false;
    let (login, said) = begin(&mut world);
    assert!(said.prompt().contains(", Enter for a***@example.com"), "{}", said.prompt());
    let (_, said) = say(&mut world, login, "");
    assert!(said.prompt().starts_with("Code sent by email to a***@example.com"), "{}", said.prompt());
}

#[test]
fn a_code_that_could_not_be_sent_is_said_and_another_address_may_be_typed() {
    let mut world = world(Enrolment::AtLogin);
    let (login, _) = begin(&mut world);
    let (login, _) = say(&mut world, login, "typo@exmaple.com");
    let id = world.sent[0].challenge.clone();
    world.challenges.get_mut(&id).unwrap().delivery = Delivery::Failed;
    let (login, said) = say(&mut world, login, "");
    assert!(said.prompt().starts_with("The code could not be sent to t***@exmaple.com"), "{}", said.prompt());
    let (login, said) = say(&mut world, login, "ada@example.com");
    assert!(said.prompt().starts_with("Code sent by email to a***@example.com"), "{}", said.prompt());
    let _login = login;
}

#[test]
fn addresses_that_no_code_has_left_for_take_no_memory() {
    let mut world = world(Enrolment::AtLogin);
    let (mut login, _) = begin(&mut world);
    for number in 0..10 {
        (login, _) = world.answer(login, &format!("a{number}@example.com"));
    }
    assert_eq!((world.challenges.len(), world.sent.len()), (1, 0), "the one that it stands at");
    let _closed = world.drive(login, Event::Closed);
    assert!(world.challenges.is_empty());
}

#[test]
fn nobody_there_and_junk_end_it_at_once() {
    for (text, reason) in [("", "nobody-there"), ("\u{8}\n\r\u{7f}INCORRECT", "junk-answer")] {
        let mut world = world(Enrolment::AtLogin);
        let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
        let (_, said) = world.answer(login, text);
        assert_eq!((said.verdict(), world.logged[0].reason), (Some(Verdict::Deny), reason));
        assert!(world.sent.is_empty() && world.charged == 0);
    }
}

#[test]
fn twelve_prompts_are_the_most() {
    let mut world = world(Enrolment::AtLogin);
    let (mut login, mut said) = begin(&mut world);
    let mut prompts = 0;
    while !said.ended {
        prompts += 1;
        (login, said) = say(&mut world, login, "what");
    }
    assert_eq!((prompts, world.logged[0].reason), (12, "too-many-prompts"));
    // However it ends, the next one adopts the code.
    let (login, _) = begin(&mut world);
    let (mut login, mut said) = say(&mut world, login, "ada@example.com");
    while !said.ended {
        (login, said) = say(&mut world, login, "what");
    }
    let (login, _) = begin(&mut world);
    let (_, said) = say(&mut world, login, "ada@example.com");
    assert!(said.prompt().contains(" ago ("), "{}", said.prompt());
    assert_eq!(world.sent.len(), 1);
}

#[test]
fn a_store_that_fails_enrols_nobody() {
    let mut world = world(Enrolment::AtLogin);
    let (login, _) = begin(&mut world);
    let (login, _) = say(&mut world, login, "ada@example.com");
    let code = world.code(&login);
    let (login, _) = say(&mut world, login, &code);
    let (login, _) = say(&mut world, login, "n");
    world.broken = true;
    let (_, said) = say(&mut world, login, "");
    assert_eq!(said.verdict(), Some(Verdict::Unavailable));
}

#[test]
fn enrolment_speaks_in_detail_also_under_the_constant_prompt_and_only_reports_in_report_mode() {
    let mut world = world(Enrolment::AtLogin);
    world.rules.codes.prompt = PromptStyle::Constant;
    let (login, _) = begin(&mut world);
    let (_, said) = say(&mut world, login, "ada@example.com");
    assert!(said.prompt().starts_with("Code sent by email to a***@example.com"), "{}", said.prompt());
    world.rules.who.mode = pam_2fa_settings::Mode::parse("report until 2099-12-31").unwrap();
    let (_, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
    assert_eq!((said.verdict(), world.logged.last().unwrap().reason), (Some(Verdict::NotSubject), "report:enrol"));
}
