//! `trust.ask`: the question after a right code.

use super::*;

#[test]
fn with_ask_the_user_is_asked_and_only_a_yes_remembers() {
    for (said, remembered) in
        [("y", true), (" YES ", true), ("n", false), ("", false), ("yy", false), ("\u{8}\n\r\u{7f}INCORRECT", false)]
    {
        let mut world = world("ssh = \"8 hours\"\nask = true");
        let (login, _) = world.begin(by_key("192.0.2.7"), 0);
        let code = world.code(&login);
        let (login, question) = world.answer(login, &code);
        assert_eq!(question.prompt(), "Trust this device for 8 hours? [y/N] ");
        assert!(question.step.as_ref().is_some_and(|step| step.ask.as_ref().is_some_and(|ask| ask.echo)));
        assert_eq!(world.used.len(), 1, "the code is used before anybody is asked about anything else");
        let (_, end) = world.answer(login, said);
        assert_eq!(end.verdict(), Some(Verdict::Allow));
        assert_eq!(world.devices.len(), usize::from(remembered), "{said:?}");
        assert_eq!(world.logged.last().unwrap().device.is_some(), remembered);
    }
    // Nothing to remember: no question.
    let mut world = world("ask = true");
    assert_eq!(log_in(&mut world, by_key("192.0.2.7")), Factor::Email);
}

#[test]
fn a_login_that_ends_at_the_question_opens_nothing_and_its_right_code_is_no_wrong_one() {
    let mut world = world("ssh = \"8 hours\"\nask = true");
    for _ in 0..4 {
        let (login, _) = world.begin(by_key("192.0.2.7"), 0);
        let code = world.code(&login);
        let (login, question) = world.answer(login, &code);
        assert!(question.prompt().starts_with("Trust "), "{question:?}");
        let (_, said) = world.drive(login, Event::Closed);
        assert!(said.step.is_none() && world.devices.is_empty());
        let logged = world.logged.last().unwrap();
        assert_eq!((logged.verdict, logged.reason), (Verdict::Deny, "left-at-the-question"));
    }
    let (login, _) = world.begin(by_key("192.0.2.7"), 0);
    let code = world.code(&login);
    let (login, _) = world.answer(login, &code);
    let (_, said) = world.answer(login, "n");
    assert_eq!(said.verdict(), Some(Verdict::Allow));
}

#[test]
fn whoever_is_shut_out_while_the_question_stands_is_not_let_in_whatever_the_answer() {
    for answer in ["n", "y"] {
        let mut world = world("ssh = \"8 hours\"\nask = true");
        let (login, _) = world.begin(by_key("192.0.2.7"), 0);
        let code = world.code(&login);
        let (login, question) = world.answer(login, &code);
        assert!(question.prompt().starts_with("Trust "), "{question:?}");
        // The used code answers nothing meanwhile, and nobody is asked for it.
        let (_, said) = world.begin(by_key("192.0.2.7"), 0);
        assert!(!said.prompt().contains("ago"), "{}", said.prompt());
        world.challenges.end_all_of(&UserKey { uid: 1000, name: String::from("ada") }, Authenticator::Email);
        let (_, said) = world.answer(login, answer);
        assert_eq!((said.verdict(), world.devices.len()), (Some(Verdict::Deny), 0), "{answer}");
        assert_eq!(world.logged.last().unwrap().reason, "taken-away");
    }
}

#[test]
fn who_says_yes_is_let_in_also_where_the_device_cannot_be_remembered() {
    let mut world = world("ssh = \"8 hours\"\nask = true");
    let (login, _) = world.begin(by_key("192.0.2.7"), 0);
    let code = world.code(&login);
    let (login, _) = world.answer(login, &code);
    world.broken = true;
    let (_, said) = world.answer(login, "y");
    assert_eq!(said.verdict(), Some(Verdict::Allow));
    assert!(world.devices.is_empty() && world.logged.last().unwrap().device.is_none());
}

#[test]
fn the_question_says_how_long_it_is_and_a_no_takes_back_what_was_remembered_before() {
    let mut world = world("ssh = \"30 days\"\nask = true");
    let unseen = Begin { password_stamp: None, ..by_key("192.0.2.7") };
    let asked = |world: &mut World, begin: Begin| {
        let (login, _) = world.begin(begin, 0);
        let code = world.code(&login);
        world.answer(login, &code)
    };
    let (login, question) = asked(&mut world, unseen.clone());
    assert_eq!(
        question.prompt(),
        "Trust this device for 12 hours? [y/N] ",
        "a change of the password could not be seen"
    );
    let _in = world.answer(login, "y");
    world.pass(13 * 3_600 * 1000);
    let (login, _) = asked(&mut world, unseen);
    let (_, said) = world.answer(login, "n");
    assert_eq!(said.verdict(), Some(Verdict::Allow));
    assert_eq!(world.devices[0].ended, Some(Ended::Declined));
}
