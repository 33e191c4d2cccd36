//! Limits on text messages at a login: what is withheld leads to what else there is and never denies; a number of a country that
//! nothing goes to is no way at all, and is not enrolled.

use super::world::{PlainMac, Said, World, ssh};
use super::*;
use crate::authenticator::{LongUse, long};
use crate::store::Methods;
use pam_2fa_protocol::admin::{Method, Verify};
use pam_2fa_protocol::login::Verdict;
use pam_2fa_settings::{Countries, Enrolment, Region};

const ELSEWHERE: &str = "+33612345678";

fn ada() -> UserKey {
    UserKey { uid: 1000, name: String::from("ada") }
}

/// ada has this verified number, an email too where it says so, and one recovery code, which is given.
fn world(phone: &str, email: bool) -> (World, String) {
    let mut world = World::new();
    let code = long::recovery_set(&world.random).unwrap().remove(0);
    let mac = PlainMac.long_code_mac(LongUse::Recovery, &ada(), &code);
    world.methods.insert(ada(), Methods { recovery: vec![mac], ..Methods::default() });
    let record = world.records.get_mut(&ada()).unwrap();
    (record.phone, record.phone_verified) = (Some(String::from(phone)), true);
    if !email {
        (record.email, record.email_verified) = (None, false);
    }
    (world, code.shown().expose().clone())
}

fn begin(world: &mut World) -> (Login, Said) {
    let (login, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
    if said.ended { (login, said) } else { (world.stand(login), said) }
}

fn say(world: &mut World, login: Login, text: &str) -> (Login, Said) {
    let (login, said) = world.answer(login, text);
    if said.ended { (login, said) } else { (world.stand(login), said) }
}

#[test]
fn a_limit_on_text_messages_leads_to_the_mail_which_leaves_and_lets_in() {
    let (mut world, _) = world("+15550100", true);
    world.methods.get_mut(&ada()).unwrap().prefers = Some(Method::Sms);
    world.text_wait_s = 7_200;
    let (login, said) = begin(&mut world);
    let expected = "No more text messages can be sent for 2 h. Code sent by email to a***@example.com (";
    assert!(said.prompt().starts_with(expected), "{}", said.prompt());
    assert!(matches!(world.sent.as_slice(), [errand] if errand.way == Way::Email(String::from("ada@example.com"))));
    let code = world.code(&login);
    assert_eq!(say(&mut world, login, &code).1.verdict(), Some(Verdict::Allow));
}

#[test]
fn a_limit_on_text_messages_withholds_no_mail() {
    let (mut world, _) = world("+15550100", true);
    world.methods.get_mut(&ada()).unwrap().prefers = Some(Method::Email);
    world.text_wait_s = 7_200;
    let (login, said) = begin(&mut world);
    assert!(said.prompt().starts_with("Code sent by email to"), "{}", said.prompt());
    // Whoever turns to the text message is told until when, and may turn back.
    let (login, said) = say(&mut world, login, "s");
    assert!(said.prompt().starts_with("No more codes can be sent for 2 h."), "{}", said.prompt());
    assert!(said.prompt().contains("'e' for email"), "{}", said.prompt());
    let (login, _) = say(&mut world, login, "e");
    assert_eq!(world.sent.len(), 1);
    let code = world.code(&login);
    assert_eq!(say(&mut world, login, &code).1.verdict(), Some(Verdict::Allow));
}

#[test]
fn whoever_has_a_number_alone_is_asked_though_it_is_withheld_and_a_recovery_code_lets_in() {
    let (mut world, recovery) = world("+15550100", false);
    world.text_wait_s = 86_400;
    let (login, said) = begin(&mut world);
    assert_eq!(said.verdict(), None, "a limit withholds and never denies");
    assert!(
        said.prompt().starts_with("No more codes can be sent for 24 h. If you have one, type it."),
        "{}",
        said.prompt()
    );
    assert!(world.sent.is_empty());
    assert_eq!(say(&mut world, login, &recovery).1.verdict(), Some(Verdict::Allow));
}

#[test]
fn a_code_that_left_before_the_limit_was_reached_is_asked_for_again() {
    let (mut world, _) = world("+15550100", false);
    let (login, _) = begin(&mut world);
    let code = world.code(&login);
    let _closed = world.drive(login, Event::Closed);
    world.text_wait_s = 86_400;
    let (login, said) = begin(&mut world);
    assert!(said.prompt().starts_with("Code sent by text message"), "{}", said.prompt());
    assert_eq!(world.sent.len(), 1);
    assert_eq!(say(&mut world, login, &code).1.verdict(), Some(Verdict::Allow));
}

#[test]
fn a_number_of_a_country_that_nothing_goes_to_is_no_way_and_the_next_one_is_taken() {
    let (mut world, recovery) = world(ELSEWHERE, true);
    world.methods.get_mut(&ada()).unwrap().prefers = Some(Method::Sms);
    let (login, said) = begin(&mut world);
    assert!(said.prompt().starts_with("Code sent by email to"), "{}", said.prompt());
    assert!(!said.prompt().contains("SMS"), "{}", said.prompt());
    let _closed = world.drive(login, Event::Closed);
    // Without another one there are recovery codes, and without any the host cannot send.
    let record = world.records.get_mut(&ada()).unwrap();
    (record.email, record.email_verified) = (None, false);
    let (login, said) = begin(&mut world);
    assert!(said.prompt().starts_with("Recovery code"), "{}", said.prompt());
    assert_eq!(say(&mut world, login, &recovery).1.verdict(), Some(Verdict::Allow));
    let (_, said) = begin(&mut world);
    assert_eq!(said.verdict(), Some(Verdict::Unavailable));
    assert_eq!(world.logged.last().unwrap().reason, "no-channel");
    assert_eq!(world.sent.len(), 1, "the mail");
    // Where none is named its country is by itself one of those on file.
    world.rules.countries = Countries::default();
    let (_, said) = begin(&mut world);
    assert!(said.prompt().starts_with("Code sent by text message to +33"), "{}", said.prompt());
}

#[test]
fn a_number_of_another_country_is_not_enrolled_and_one_text_says_why() {
    for named in [true, false] {
        let mut world = World::new();
        world.records.clear();
        world.rules.who.enrolment = Enrolment::AtLogin;
        if !named {
            world.rules.countries = Countries::default();
            world.add("bob", 1001, Verify::NewDevice, None);
            let bob = world.records.values_mut().next().unwrap();
            bob.phone = Some(String::from("+15550199"));
        }
        let (login, _) = begin(&mut world);
        let (login, said) = say(&mut world, login, ELSEWHERE);
        let expected = "No text messages are sent to numbers of that country. Email address, or phone number";
        assert!(said.prompt().starts_with(expected), "{}", said.prompt());
        let (login, said) = say(&mut world, login, "+15550100");
        assert!(said.prompt().starts_with("Code sent by text message to +1"), "{}", said.prompt());
        // At the code of another address neither.
        let (login, said) = say(&mut world, login, ELSEWHERE);
        assert!(said.prompt().starts_with(expected), "{}", said.prompt());
        assert_eq!(world.sent.len(), 1);
        let _closed = world.drive(login, Event::Closed);
    }
}

#[test]
fn where_no_number_is_on_file_and_no_country_named_nobody_enrols_one_by_oneself() {
    let mut world = World::new();
    world.records.clear();
    world.rules.who.enrolment = Enrolment::AtLogin;
    world.rules.countries = Countries::default();
    let (login, _) = begin(&mut world);
    let (login, said) = say(&mut world, login, "+15550100");
    assert!(said.prompt().starts_with("No text messages are sent to numbers of that country."), "{}", said.prompt());
    let (_, said) = say(&mut world, login, "ada@example.com");
    assert!(said.prompt().starts_with("Code sent by email to"), "{}", said.prompt());
}

#[test]
fn a_user_who_names_a_number_of_another_country_by_command_is_told_and_keeps_what_there_was() {
    let (mut world, recovery) = world("+15550100", true);
    let begin = Begin { service: String::from("me"), ..ssh("ada", "192.0.2.7") };
    let change = Change::Address(Way::Sms(String::from(ELSEWHERE)));
    let (login, _) = world.drive(Login::own(1000, String::from("K7Q2M9XD"), change), Event::Begin(Box::new(begin)));
    let login = world.stand(login);
    let (_, said) = world.answer(login, &recovery);
    assert_eq!(said.verdict(), Some(Verdict::Deny));
    assert!(said.told().contains("No text messages are sent to numbers of that country."), "{}", said.told());
    assert_eq!(world.records[&ada()].phone.as_deref(), Some("+15550100"));
    assert!(world.sent.iter().all(|errand| errand.way != Way::Sms(String::from(ELSEWHERE))));
}

#[test]
fn the_settings_countries_are_those_of_the_ways() {
    let (mut world, _) = world("+881612345678", false);
    world.rules.countries = Countries::named(Region::parse("+881"));
    let (_, said) = begin(&mut world);
    assert!(said.prompt().starts_with("Code sent by text message"), "{}", said.prompt());
}
