//! The ways of answering: choosing one, going on in another, the app, recovery codes, an administrator's codes.

use super::world::{PlainMac, Said, World, ssh};
use super::*;
use crate::authenticator::totp::{AppKey, Shape};
use crate::authenticator::{LongUse, long};
use crate::limits::Standing as Tries;
use crate::store::{KeptPass, Methods, PassId, PassKind};
use challenge::Delivery;
use pam_2fa_protocol::admin::{Method, Verify};
use pam_2fa_protocol::login::Verdict;

mod app;

fn ada() -> UserKey {
    UserKey { uid: 1000, name: String::from("ada") }
}

const KEY: [u8; 20] = [7; 20];

fn app() -> KeptApp {
    KeptApp { id: String::from("app1"), sealed: data_encoding::BASE32_NOPAD.encode(&KEY), last_step: 0, made_s: 0 }
}

/// ada has a verified email and number, an app, and prefers nothing.
fn world() -> World {
    let mut world = World::new();
    let record = world.records.get_mut(&ada()).unwrap();
    record.phone = Some(String::from("+15550100"));
    record.phone_verified = true;
    world.methods.insert(ada(), Methods { app: Some(app()), ..Methods::default() });
    world
}

fn prefers(world: &mut World, method: Method) {
    world.methods.get_mut(&ada()).unwrap().prefers = Some(method);
}

/// The app's code of so many seconds from now.
fn code_of_app(world: &World, from_now_s: i64) -> String {
    let key = AppKey::of(Secret::new(KEY.to_vec()), Shape::default()).unwrap();
    key.shows(world.now.wall_s + from_now_s)
}

fn begin(world: &mut World) -> (Login, Said) {
    let (login, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
    (world.stand(login), said)
}

#[test]
fn with_several_ways_and_no_preference_one_chooses_and_nothing_is_sent_before() {
    let mut world = world();
    let (login, said) = begin(&mut world);
    assert_eq!(said.prompt(), "1) email a***@example.com  2) SMS +1•••0100  3) app  Choose [1]: ");
    assert!(world.sent.is_empty());
    let (login, said) = world.answer(login, "2");
    assert!(said.prompt().starts_with("Code sent by text message to +1•••0100 ("), "{}", said.prompt());
    assert!(said.prompt().ends_with("Code, 'r' to resend, 'e' for email, 'a' for the app: "), "{}", said.prompt());
    assert!(world.sent.is_empty(), "the prompt has to stand");
    let login = world.stand(login);
    assert_eq!(world.sent[0].way, Way::Sms(String::from("+15550100")));
    let code = world.code(&login);
    let (_, said) = world.answer(login, &code);
    assert_eq!(said.verdict(), Some(Verdict::Allow));
    assert_eq!((world.logged[0].factor, world.logged[0].reason), (Some(Factor::Sms), "code-by-sms"));
}

#[test]
fn an_empty_answer_takes_the_first_way_and_what_is_no_choice_is_asked_again() {
    let mut world = world();
    let (login, _) = begin(&mut world);
    let (login, said) = world.answer(login, "9");
    assert!(said.prompt().ends_with("Choose [1]: "), "{}", said.prompt());
    let login = world.stand(login);
    let (_, said) = world.answer(login, "");
    assert!(said.prompt().starts_with("Code sent by email to a***@example.com"), "{}", said.prompt());
}

#[test]
fn nobody_there_at_the_choice_ends_at_once() {
    let mut world = world();
    let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let (login, said) = world.answer(login, "");
    assert_eq!((said.verdict(), login.is_over()), (Some(Verdict::Deny), true));
    assert!(world.sent.is_empty() && world.charged == 0);
}

fn root() -> UserKey {
    UserKey { uid: 0, name: String::from("root") }
}

/// root comes over ssh, by key alone or with a password too.
fn root_comes(world: &mut World, password: bool) -> (Login, Said) {
    let (login, said) = world.begin(Begin { password, ..ssh("root", "192.0.2.7") }, 0);
    (world.stand(login), said)
}

#[test]
fn root_by_key_is_asked_for_a_letter_before_a_message_leaves_since_sshd_may_throw_every_answer_away() {
    let mut world = World::new();
    world.add("root", 0, Verify::Always, Some("root@example.com"));
    let (login, said) = root_comes(&mut world, false);
    assert_eq!(said.prompt(), "Type 'e' for a code by email to r***@example.com: ");
    assert!(world.sent.is_empty());
    let (_, said) = world.answer(login, "\u{8}\n\r\u{7f}INCORRECT");
    assert_eq!((said.verdict(), world.sent.len(), world.charged), (Some(Verdict::Deny), 0, 0));
    let (login, _) = root_comes(&mut world, false);
    let (login, said) = world.answer(login, "");
    assert!(said.prompt().starts_with("Type 'e'"), "of nothing sshd's junk is nothing: {}", said.prompt());
    let (login, said) = world.answer(login, "e");
    assert!(said.prompt().starts_with("Code sent by email to r***@example.com"), "{}", said.prompt());
    assert!(world.sent.is_empty(), "the prompt has to stand");
    let login = world.stand(login);
    let code = world.code(&login);
    assert_eq!((world.sent.len(), world.answer(login, &code).1.verdict()), (1, Some(Verdict::Allow)));
}

#[test]
fn where_sshd_may_throw_every_answer_away_enter_takes_no_way() {
    let mut world = World::new();
    world.add("root", 0, Verify::Always, Some("root@example.com"));
    let methods = Methods { app: Some(app()), ..Methods::default() };
    world.methods.insert(root(), methods);
    let (login, said) = root_comes(&mut world, false);
    assert_eq!(said.prompt(), "1) email r***@example.com  2) app  Choose by number: ");
    let (login, said) = world.answer(login, "");
    assert_eq!(said.prompt(), "1) email r***@example.com  2) app  Choose by number: ");
    let login = world.stand(login);
    assert!(world.sent.is_empty());
    let (login, said) = world.answer(login, "1");
    assert!(said.prompt().starts_with("Code sent by email"), "{}", said.prompt());
    let login = world.stand(login);
    assert_eq!(world.sent.len(), 1);
    // Nor does it fall over to another way.
    world.challenges.get_mut(&world.sent[0].challenge).unwrap().delivery = Delivery::Failed;
    let (login, said) = world.answer(login, "");
    assert!(said.prompt().contains("could not be sent"), "{}", said.prompt());
    assert!(world.answer(login, "r").1.prompt().contains("app"), "whoever types something is there");
    // With a password that counted Enter takes the first.
    world.challenges = Challenges::default();
    let (login, said) = root_comes(&mut world, true);
    assert!(said.prompt().ends_with("Choose [1]: "), "{}", said.prompt());
    assert!(world.answer(login, "").1.prompt().starts_with("Code sent by email"));
}

#[test]
fn who_has_typed_a_password_that_counted_or_has_a_message_or_an_app_is_not_asked_for_a_letter() {
    let mut world = World::new();
    world.add("root", 0, Verify::Always, Some("root@example.com"));
    let (login, said) = root_comes(&mut world, true);
    assert!(said.prompt().starts_with("Code sent by email"), "{}", said.prompt());
    let _gone = world.drive(login, Event::Closed);
    let (_, said) = root_comes(&mut world, false);
    assert!(said.prompt().contains("Code, 'r' to resend"), "its message is out: {}", said.prompt());
    let methods = Methods { app: Some(app()), prefers: Some(Method::App), ..Methods::default() };
    world.methods.insert(root(), methods);
    let (_, said) = root_comes(&mut world, false);
    assert!(said.prompt().starts_with("Code from your authenticator app"), "{}", said.prompt());
    world.methods.get_mut(&root()).unwrap().prefers = Some(Method::Email);
    let now = world.now.boot_ms + 3_600_000;
    world.pass(now);
    let (login, said) = root_comes(&mut world, false);
    assert_eq!(said.prompt(), "1) email r***@example.com  2) app  Choose by number: ");
    assert!(world.answer(login, "").1.prompt().ends_with("Choose by number: "));
    let (_, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
    assert!(said.prompt().starts_with("Code sent by email"), "nobody but root is refused so late: {}", said.prompt());
}

#[test]
fn under_the_constant_prompt_root_by_key_is_asked_for_a_letter_and_has_as_many_tries() {
    let mut world = World::new();
    world.add("root", 0, Verify::Always, Some("root@example.com"));
    world.rules.codes.prompt = crate::rules::PromptStyle::Constant;
    let (login, said) = root_comes(&mut world, false);
    assert_eq!(said.prompt(), "Type 'e' for a code by email to r***@example.com: ");
    assert_eq!(said.step.as_ref().unwrap().ask.as_ref().unwrap().times, None, "sshd's junk is an end");
    let (mut login, mut said) = world.answer(login, "e");
    for round in 0..3 {
        assert!(said.prompt().starts_with("If the password was right"), "{round}: {}", said.prompt());
        login = world.stand(login);
        (login, said) = world.answer(login, "000000");
    }
    assert!(said.verdict().is_some());
}

#[test]
fn what_is_preferred_is_asked_for_first_and_the_others_by_their_letters() {
    let mut world = world();
    prefers(&mut world, Method::App);
    let (login, said) = begin(&mut world);
    assert_eq!(said.prompt(), "Code from your authenticator app, 'e' for email, 's' for SMS: ");
    let (login, said) = world.answer(login, "E");
    assert!(said.prompt().starts_with("Code sent by email"), "{}", said.prompt());
    let (login, said) = world.answer(login, "a");
    assert!(said.prompt().starts_with("Code from your authenticator app"), "{}", said.prompt());
    assert!(world.sent.is_empty(), "no prompt about a message has stood");
    let code = code_of_app(&world, 0);
    let (_, said) = world.answer(login, &code);
    assert_eq!(said.verdict(), Some(Verdict::Allow));
    assert_eq!((world.logged[0].factor, world.logged[0].reason), (Some(Factor::App), "code-of-app"));
}

#[test]
fn wrong_codes_of_the_app_are_its_own_and_make_wait_for_it_alone() {
    let mut world = world();
    prefers(&mut world, Method::App);
    let right = code_of_app(&world, 0);
    let wrong = if right == "000000" { "000001" } else { "000000" };
    let (mut login, _) = begin(&mut world);
    let mut last = None;
    for _ in 0..3 {
        let (next, said) = world.answer(login, wrong);
        (login, last) = (next, said.verdict());
    }
    assert_eq!((last, login.is_over()), (Some(Verdict::MaxTries), true));
    let counts = &world.counts[&(ada(), Authenticator::App)];
    assert_eq!(
        crate::limits::standing(&Bucket::Stranger, counts, world.rules.tries, &world.now),
        Tries::Waiting { wait_s: 30 }
    );
    let (_, said) = begin(&mut world);
    assert_eq!(said.prompt(), "1) email a***@example.com  2) SMS +1•••0100  Choose [1]: ");
}

fn recovery(world: &mut World) -> Vec<LongCode> {
    let codes = long::recovery_set(&world.random).unwrap();
    let macs = codes.iter().map(|code| PlainMac.long_code_mac(LongUse::Recovery, &ada(), code)).collect();
    world.methods.get_mut(&ada()).unwrap().recovery = macs;
    codes
}

#[test]
fn a_recovery_code_is_taken_at_any_prompt_once_and_tells_how_many_are_left() {
    let mut world = world();
    let codes = recovery(&mut world);
    let typed = codes[3].shown().expose().to_lowercase();
    for (prefer, left) in [(None, 9), (Some(Method::Email), 8), (Some(Method::App), 7)] {
        world.methods.get_mut(&ada()).unwrap().prefers = prefer;
        let code = codes[left].shown();
        let (login, _) = begin(&mut world);
        let (_, said) = world.answer(login, code.expose());
        assert_eq!(said.verdict(), Some(Verdict::Allow));
        assert_eq!(said.told(), format!("{left} recovery codes are left."));
        assert_eq!(world.logged.pop().unwrap().reason, "recovery-code");
        let (login, _) = begin(&mut world);
        let (_, said) = world.answer(login, code.expose());
        assert!(said.prompt().starts_with("Wrong code, 2 tries left"), "used: {}", said.prompt());
    }
    let (login, _) = begin(&mut world);
    let (_, said) = world.answer(login, &typed);
    assert_eq!(said.verdict(), Some(Verdict::Allow), "in small letters");
}

#[test]
fn whoever_has_nothing_but_recovery_codes_is_asked_for_one() {
    let mut world = World::new();
    world.add("ada", 1000, Verify::NewDevice, None);
    world.methods.insert(ada(), Methods::default());
    let codes = recovery(&mut world);
    let (login, said) = begin(&mut world);
    assert_eq!(said.prompt(), "Recovery code, or a code from your administrator: ");
    let (login, said) = world.answer(login, "123456");
    assert_eq!(said.prompt(), "Recovery code, or a code from your administrator: ");
    let (_, said) = world.answer(login, codes[0].shown().expose());
    assert_eq!(said.verdict(), Some(Verdict::Allow));
    assert_eq!(world.charged, 1);
}

/// An administrator's code for ada.
fn grant(world: &mut World, change: impl FnOnce(&mut KeptPass)) -> LongCode {
    let code = LongCode::new(&world.random).unwrap();
    let mut pass = KeptPass {
        id: PassId(String::from("g1")),
        kind: PassKind::Grant,
        user: ada(),
        mac: PlainMac.long_code_mac(LongUse::Grant, &ada(), &code),
        made_s: world.now.wall_s,
        until_s: world.now.wall_s + 7200,
        origin: None,
        service: None,
        reason: String::from("lost her telephone"),
    };
    change(&mut pass);
    world.methods.entry(ada()).or_default().passes.push(pass);
    code
}

#[test]
fn an_administrators_code_lets_in_once_and_remembers_nothing() {
    let mut world = World::new();
    world.add("ada", 1000, Verify::NewDevice, None);
    world.rules.trust.ssh = pam_2fa_settings::Lifetime::parse("8 hours").unwrap();
    world.rules.trust.ssh_identity = pam_2fa_settings::SshIdentity::Address;
    let (_, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
    assert_eq!((said.verdict(), world.logged.pop().unwrap().reason), (Some(Verdict::Deny), "no-method"));
    let code = grant(&mut world, |_| {});
    let (login, said) = begin(&mut world);
    assert_eq!(said.prompt(), "Recovery code, or a code from your administrator: ");
    let (_, said) = world.answer(login, code.shown().expose());
    assert_eq!(said.verdict(), Some(Verdict::Allow));
    let logged = world.logged.pop().unwrap();
    assert_eq!((logged.factor, logged.reason, logged.device), (Some(Factor::Grant), "grant", None));
    assert!(world.devices.is_empty());
    let (_, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
    assert_eq!(said.verdict(), Some(Verdict::Deny), "it is used up");
}

#[test]
fn an_administrators_code_given_while_its_user_stands_at_the_prompt_lets_in() {
    let mut world = World::new();
    world.add("ada", 1000, Verify::NewDevice, Some("ada@example.com"));
    let (login, said) = begin(&mut world);
    assert!(said.prompt().starts_with("Code sent by email to a***@example.com"), "{}", said.prompt());
    let elsewhere = grant(&mut world, |pass| pass.service = Some(String::from("login")));
    let (login, said) = world.answer(login, elsewhere.shown().expose());
    assert_eq!(said.prompt(), "Wrong code, 2 tries left. Code: ");
    let code = grant(&mut world, |pass| pass.id = PassId(String::from("g2")));
    let (_, said) = world.answer(login, code.shown().expose());
    assert_eq!(said.verdict(), Some(Verdict::Allow));
}

#[test]
fn an_administrators_code_is_for_its_address_service_and_time_alone() {
    let from = |origin: &str| {
        let origin = String::from(origin);
        move |pass: &mut KeptPass| pass.origin = Some(origin)
    };
    let asks = |world: &mut World| world.begin(ssh("ada", "192.0.2.7"), 0).1.verdict().is_none();
    let fresh = || {
        let mut world = World::new();
        world.add("ada", 1000, Verify::NewDevice, None);
        world
    };
    for (origin, good) in
        [("192.0.2.7", true), ("192.0.2.0/24", true), ("192.0.2.8", false), ("198.51.100.0/24", false)]
    {
        let mut world = fresh();
        let _code = grant(&mut world, from(origin));
        assert_eq!(asks(&mut world), good, "{origin}");
    }
    for (service, good) in [("sshd", true), ("login", false)] {
        let mut world = fresh();
        let _code = grant(&mut world, |pass| pass.service = Some(String::from(service)));
        assert_eq!(asks(&mut world), good, "{service}");
    }
    let mut world = fresh();
    let code = grant(&mut world, |_| {});
    let (login, _) = begin(&mut world);
    world.pass(7_200_000);
    assert!(!asks(&mut world), "over");
    drop((login, code));
    let mut world = fresh();
    let _code = grant(&mut world, |_| {});
    let (_, said) = world.begin(Begin { user: String::from("ada"), ..ssh("ada", "192.0.2.7") }, 1000);
    assert_eq!(said.verdict(), Some(Verdict::Deny), "a user's own process has no part in it");
}

#[test]
fn an_invitation_lets_nobody_in() {
    let mut world = World::new();
    let code = LongCode::new(&world.random).unwrap();
    let _grant = grant(&mut world, |pass| {
        pass.kind = PassKind::Invitation;
        pass.mac = PlainMac.long_code_mac(LongUse::Invitation, &ada(), &code);
    });
    let (login, _) = begin(&mut world);
    let (_, said) = world.answer(login, code.shown().expose());
    assert!(said.prompt().starts_with("Wrong code"), "{}", said.prompt());
}

#[test]
fn whom_an_administrator_shut_out_has_nothing_that_lets_in() {
    let mut world = world();
    world.methods.get_mut(&ada()).unwrap().disabled_s = Some(1);
    let _code = grant(&mut world, |_| {});
    let (_, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
    assert_eq!((said.verdict(), world.logged[0].reason), (Some(Verdict::Deny), "disabled-user"));
    assert!(said.told().starts_with("Your account is shut out here."), "{}", said.told());
}

/// What became of the last message.
fn becomes(world: &mut World, delivery: Delivery) {
    let id = world.sent.last().unwrap().challenge.clone();
    world.challenges.get_mut(&id).unwrap().delivery = delivery;
}

#[test]
fn where_a_code_cannot_be_delivered_the_next_way_is_taken_and_the_prompt_says_so() {
    for delivery in [Delivery::Failed, Delivery::Late] {
        for typed in ["", "r", "what now"] {
            let mut world = world();
            prefers(&mut world, Method::Email);
            let (login, _) = begin(&mut world);
            becomes(&mut world, delivery.clone());
            let (login, said) = world.answer(login, typed);
            let prompt = said.prompt();
            let note =
                "The code could not be sent by email to a***@example.com. Code sent by text message to +1•••0100";
            assert!(prompt.starts_with(note), "{prompt}");
            let login = world.stand(login);
            assert_eq!(world.sent.len(), 2);
            // Neither by text message: then there is the app.
            becomes(&mut world, delivery.clone());
            let (login, said) = world.answer(login, typed);
            let note = "The code could not be sent by text message to +1•••0100. Code from your authenticator app";
            assert!(said.prompt().starts_with(note), "{}", said.prompt());
            let login = world.stand(login);
            let code = code_of_app(&world, 0);
            assert_eq!(world.answer(login, &code).1.verdict(), Some(Verdict::Allow));
        }
    }
}

#[test]
fn a_login_after_one_whose_code_could_not_be_sent_begins_with_the_next_way() {
    let mut world = world();
    prefers(&mut world, Method::Email);
    let (login, _) = begin(&mut world);
    becomes(&mut world, Delivery::Failed);
    let _closed = world.drive(login, Event::Closed);
    let (_, said) = begin(&mut world);
    assert!(said.prompt().contains("could not be sent by email"), "{}", said.prompt());
    assert_eq!(world.sent.last().unwrap().way, Way::Sms(String::from("+15550100")));
}

#[test]
fn a_limit_that_withholds_messages_leads_to_the_app() {
    let mut world = world();
    prefers(&mut world, Method::Email);
    world.send_wait_s = 600;
    let (login, said) = begin(&mut world);
    assert!(
        said.prompt().starts_with("No more codes can be sent for 10 min. Code from your authenticator app"),
        "{}",
        said.prompt()
    );
    assert!(world.sent.is_empty());
    let code = code_of_app(&world, 0);
    assert_eq!(world.answer(login, &code).1.verdict(), Some(Verdict::Allow));
}

#[test]
fn each_way_has_a_code_of_its_own_and_going_back_sends_nothing_again() {
    let mut world = world();
    prefers(&mut world, Method::Email);
    let (login, _) = begin(&mut world);
    let by_email = world.code(&login);
    let (login, _) = world.answer(login, "s");
    let login = world.stand(login);
    let by_sms = world.code(&login);
    assert_ne!(by_email, by_sms);
    let (login, said) = world.answer(login, &by_email);
    assert!(said.prompt().starts_with("Wrong code"), "the code of the mail is not that of the text message");
    let (login, said) = world.answer(login, "e");
    assert!(said.prompt().contains("ago"), "{}", said.prompt());
    let login = world.stand(login);
    assert_eq!(world.sent.len(), 2);
    assert_eq!(world.answer(login, &by_email).1.verdict(), Some(Verdict::Allow));
}

#[test]
fn under_the_constant_prompt_one_text_stands_for_every_way() {
    let mut world = world();
    world.rules.codes.prompt = crate::rules::PromptStyle::Constant;
    let (login, said) = begin(&mut world);
    assert!(said.prompt().starts_with("If the password was right, a code was sent ("), "{}", said.prompt());
    becomes(&mut world, Delivery::Failed);
    let (login, said) = world.answer(login, "r");
    assert!(said.prompt().starts_with("If the password was right, a code was sent ("), "{}", said.prompt());
    let login = world.stand(login);
    assert_eq!(world.sent[1].way, Way::Sms(String::from("+15550100")));
    let code = world.code(&login);
    assert_eq!(world.answer(login, &code).1.verdict(), Some(Verdict::Allow));
}

#[test]
fn text_messages_are_no_way_alone_under_nist_aal2_nor_of_a_users_own_process() {
    let mut world = world();
    world.rules.email.clear();
    let (_, said) = world.begin(ssh("ada", "192.0.2.7"), 1000);
    assert_eq!(said.prompt(), "Code from your authenticator app: ");
    world.rules.profile = pam_2fa_settings::Profile::NistAal2;
    let (_, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
    assert_eq!(said.prompt(), "1) SMS +1•••0100  2) app  Choose [1]: ");
    world.methods.clear();
    let (_, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
    assert_eq!((said.verdict(), world.logged[0].reason), (Some(Verdict::Unavailable), "no-channel"));
}
