//! Changes that a user makes of oneself, `pam-2fa me`: who may, by what, and that nothing of it stays where it ends early.

use super::*;

/// ada changes something of hers.
fn me(world: &mut World, uid: u32, change: Change) -> (Login, Said) {
    let begin = Begin { service: String::from("me"), ..ssh("ada", "192.0.2.7") };
    let login = Login::own(uid, String::from("K7Q2M9XD"), change);
    let (login, said) = world.drive(login, Event::Begin(Box::new(begin)));
    if said.ended { (login, said) } else { (world.stand(login), said) }
}

fn with_address() -> World {
    let mut world = world(Enrolment::Invited);
    world.add("ada", 1000, Verify::NewDevice, Some("ada@example.com"));
    world.methods.insert(ada(), Methods { recovery: vec![[7; 32]], ..Methods::default() });
    world
}

#[test]
fn a_user_changes_the_address_by_a_fresh_code_of_the_old_one_and_a_code_of_the_new_one() {
    let mut world = with_address();
    let to = Way::Email(String::from("new@example.com"));
    let (login, said) = me(&mut world, 1000, Change::Address(to.clone()));
    assert!(said.prompt().starts_with("Code sent by email to a***@example.com"), "{}", said.prompt());
    assert_eq!(world.sent[0].aim, challenge::Aim::Change);
    let code = world.code(&login);
    let (login, said) = say(&mut world, login, &code);
    assert!(said.prompt().starts_with("Code sent by email to n***@example.com"), "{}", said.prompt());
    let code = world.code(&login);
    let (_, said) = say(&mut world, login, &code);
    assert_eq!((said.done.as_deref(), said.verdict()), (Some("Done."), None));
    assert_eq!(world.records[&ada()].email.as_deref(), Some("new@example.com"));
    let told = &world.told[0];
    assert_eq!(told.notice, Notice::EmailChanged { to: String::from("n***@example.com") });
    assert_eq!(told.old, [(Channel::Email, String::from("ada@example.com"))], "the old address hears of it");
    assert_eq!((world.told.len(), told.proved_by), (1, Some(Authenticator::Email)));
    assert!(!world.logged.iter().any(|logged| logged.verdict == Verdict::Allow), "nobody is let in by it");
}

#[test]
fn a_code_to_log_in_with_changes_nothing_and_one_for_a_change_logs_nobody_in() {
    let mut world = with_address();
    let (login, _) = begin(&mut world);
    let for_login = world.code(&login);
    let _closed = world.drive(login, Event::Closed);
    let (login, said) = me(&mut world, 1000, Change::Codes);
    assert!(!said.prompt().contains("ago"), "no code of a login is adopted: {}", said.prompt());
    let (login, said) = world.answer(login, &for_login);
    assert!(said.prompt().starts_with("Wrong code"), "{}", said.prompt());
    let for_change = world.code(&login);
    let _closed = world.drive(login, Event::Closed);
    for peer in [0, 1000] {
        let (login, _) = world.begin(ssh("ada", "192.0.2.7"), peer);
        let (_, said) = world.answer(login, &for_change);
        assert!(said.prompt().starts_with("Wrong code"), "{}", said.prompt());
    }
}

#[test]
fn new_recovery_codes_take_the_place_of_the_old_ones_and_need_no_new_app() {
    let mut world = with_address();
    let (login, _) = me(&mut world, 1000, Change::Codes);
    let code = world.code(&login);
    let (login, said) = say(&mut world, login, &code);
    let codes = codes_shown(&said);
    assert_eq!(codes.len(), 10);
    assert_eq!(world.methods[&ada()].recovery.len(), 1, "the old ones are good until the new ones are kept");
    let (_, said) = say(&mut world, login, "");
    assert_eq!(said.done.as_deref(), Some("Done."));
    let macs = &world.methods[&ada()].recovery;
    let first = LongCode::parse(&codes[0]).unwrap();
    assert!(long::position(macs, &PlainMac.long_code_mac(LongUse::Recovery, &ada(), &first)).is_some());
    assert_eq!(macs.len(), 10);
    assert_eq!(world.told.iter().map(|about| about.notice.clone()).collect::<Vec<_>>(), [Notice::RecoveryRenewed]);
}

#[test]
fn a_user_changes_nothing_of_another_and_root_nothing_but_its_own() {
    let mut world = with_address();
    for uid in [0, 1001] {
        let (login, said) = me(&mut world, uid, Change::App);
        assert!(login.is_over() && said.failure == Some(Failure::NotPermitted), "{uid} {said:?}");
    }
    assert!(world.sent.is_empty() && world.charged == 0);
}

#[test]
fn a_first_method_by_oneself_is_the_administrators_where_the_settings_say_so() {
    let mut world = world(Enrolment::Administrator);
    world.host_says = Ok(LookedUp { listed: false, member: false, console: true, here: None });
    let _invited = invitation(&mut world);
    let (_, said) = me(&mut world, 1000, Change::App);
    assert_eq!((said.verdict(), world.logged[0].reason), (Some(Verdict::Deny), "no-method"));
    assert!(said.told().contains("Ask your administrator."), "{}", said.told());
}

#[test]
fn a_seat_alone_is_no_reason_to_send_text_messages_to_whatever_number_a_program_says() {
    let mut world = world(Enrolment::Invited);
    world.host_says = Ok(LookedUp { listed: false, member: false, console: true, here: None });
    let number = || Change::Address(Way::Sms(String::from("+15550100123")));
    let (_, said) = me(&mut world, 1000, number());
    assert_eq!((said.verdict(), world.logged[0].reason), (Some(Verdict::Deny), "not-invited"));
    assert!(world.sent.is_empty());
    let invited = invitation(&mut world);
    let (login, said) = me(&mut world, 1000, number());
    assert_eq!((said.prompt(), world.sent.len()), ("Invitation code from your administrator: ", 0));
    let (_, _) = say(&mut world, login, invited.shown().expose());
    assert_eq!(world.sent.len(), 1);
}

#[test]
fn a_first_method_by_oneself_needs_an_invitation_or_a_seat_of_this_machine() {
    for enrolment in [Enrolment::Invited, Enrolment::AtLogin] {
        let mut world = world(enrolment);
        let (_, said) = me(&mut world, 1000, Change::App);
        assert_eq!((said.verdict(), world.logged[0].reason), (Some(Verdict::Deny), "not-invited"));
        world.host_says = Ok(LookedUp { listed: false, member: false, console: true, here: None });
        let (_, said) = me(&mut world, 1000, Change::App);
        assert_eq!(said.prompt(), "Code from the app: ");
        world.host_says = Ok(LookedUp { listed: false, member: false, console: false, here: None });
        let invited = invitation(&mut world);
        let (login, said) = me(&mut world, 1000, Change::App);
        assert_eq!(said.prompt(), "Invitation code from your administrator: ");
        let (login, said) = say(&mut world, login, invited.shown().expose());
        let code = key_shown(&said).shows(world.now.wall_s);
        let (login, _) = say(&mut world, login, &code);
        let (_, said) = say(&mut world, login, "");
        assert_eq!(said.done.as_deref(), Some("Done."));
        assert!(world.methods[&ada()].app.is_some());
    }
}

#[test]
fn what_is_taken_away_while_a_change_stands_at_its_last_prompt_changes_nothing() {
    for reset in [false, true] {
        let mut world = with_address();
        let saved = LongCode::new(&world.random).unwrap();
        let mac = PlainMac.long_code_mac(LongUse::Recovery, &ada(), &saved);
        world.methods.insert(ada(), Methods { recovery: vec![mac], ..Methods::default() });
        let (login, _) = me(&mut world, 1000, Change::Codes);
        let (login, said) = say(&mut world, login, saved.shown().expose());
        assert_eq!(codes_shown(&said).len(), 10);
        if reset {
            // Everything is taken away, and the owner is given another address.
            world.methods.remove(&ada());
            world.add("ada", 1000, Verify::NewDevice, Some("new@example.com"));
        }
        let (_, said) = say(&mut world, login, "");
        assert_eq!((said.done.is_some(), world.enrolled), (!reset, u32::from(!reset)));
        assert_eq!(said.told().contains("Nothing was changed"), reset, "{}", said.told());
    }
}

#[test]
fn whoever_was_shut_out_or_is_somebody_else_by_now_changes_nothing() {
    let mut world = with_address();
    world.methods.get_mut(&ada()).unwrap().disabled_s = Some(1);
    assert_eq!(me(&mut world, 1000, Change::App).1.verdict(), Some(Verdict::Deny));
    let mut world = with_address();
    world.known = Some(Known::NameOfAnother { uid: 7 });
    assert_eq!(me(&mut world, 1000, Change::App).1.verdict(), Some(Verdict::Deny));
}

#[test]
fn nor_is_a_number_that_a_user_gives_with_pam_2fa_me_but_beside_an_app() {
    let number = || Change::Address(Way::Sms(String::from("+15550100123")));
    let mut world = world(Enrolment::Invited);
    world.rules.email.clear();
    world.rules.profile = Profile::NistAal2;
    let invited = invitation(&mut world);
    let (login, _) = me(&mut world, 1000, number());
    let (login, _) = say(&mut world, login, invited.shown().expose());
    let code = world.code(&login);
    let (login, said) = say(&mut world, login, &code);
    assert_eq!(said.prompt(), "Code from the app: ");
    // Under a profile a code of the step before is none.
    let key = key_shown(&said);
    let before = key.shows(world.now.wall_s - 30);
    let (login, said) = say(&mut world, login, &before);
    assert!(said.prompt().starts_with("That code is wrong."), "{}", said.prompt());
    let right = key.shows(world.now.wall_s);
    let (login, _) = say(&mut world, login, &right);
    let (_, said) = say(&mut world, login, "");
    assert_eq!(said.done.as_deref(), Some("Done."));
    // With the app another number needs nothing more.
    world.pass(60_000);
    let (login, _) = me(&mut world, 1000, Change::Address(Way::Sms(String::from("+15550100199"))));
    let right = key.shows(world.now.wall_s);
    let (login, said) = say(&mut world, login, &right);
    assert!(said.prompt().starts_with("Code sent by text message"), "{}", said.prompt());
    let code = world.code(&login);
    let (_, said) = say(&mut world, login, &code);
    assert_eq!(said.done.as_deref(), Some("Done."));
}

#[test]
fn a_user_with_a_number_alone_is_told_why_nothing_can_be_changed() {
    let mut world = with_address();
    world.methods.clear();
    let record = world.records.get_mut(&ada()).unwrap();
    (record.email, record.email_verified) = (None, false);
    (record.phone, record.phone_verified) = (Some(String::from("+15550100")), true);
    let (_, said) = me(&mut world, 1000, Change::App);
    assert!(said.told().starts_with("A code is needed here, and this host cannot send one."), "{}", said.told());
    assert_eq!(world.logged.last().unwrap().reason, "no-channel");
}
