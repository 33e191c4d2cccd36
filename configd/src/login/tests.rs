//! Whole logins through the machine: what is asked, said, charged and sent.

use super::world::{World, ssh};
use super::*;
use crate::rules::PromptStyle;
use pam_2fa_protocol::admin::{Required, Verify};
use pam_2fa_protocol::login::Verdict;

fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

#[test]
fn a_right_code_is_allowed_once_the_store_has_marked_it_used() {
    let mut world = World::new();
    let (login, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
    assert!(said.prompt().starts_with("Code sent by email to a***@example.com ("), "{}", said.prompt());
    assert!(said.prompt().ends_with("), valid 10 min. Code, 'r' to resend: "), "{}", said.prompt());
    let login = world.stand(login);
    assert_eq!(world.sent.len(), 1);
    assert_eq!(world.place(), "ssh from 192.0.2.7");
    let code = world.code(&login);
    let (login, said) = world.answer(login, &code);
    assert_eq!(said.verdict(), Some(Verdict::Allow));
    assert!(login.is_over());
    assert_eq!((world.charged, world.used.len()), (1, 1));
    assert_eq!(world.logged.last().unwrap().reason, "code-by-email");
}

#[test]
fn a_host_that_cannot_ask_sends_nothing_and_is_charged_nothing() {
    for answer in ["", "secret-password", "\u{8}\n\r\u{7f}INCORRECT"] {
        let mut world = World::new();
        let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
        let (login, said) = world.answer(login, answer);
        assert_eq!(said.verdict(), Some(Verdict::Deny), "{answer:?}");
        assert!(login.is_over());
        assert_eq!((world.sent.len(), world.charged), (0, 0), "{answer:?}");
    }
}

#[test]
fn three_tries_are_the_challenges_own_in_one_call_or_over_many() {
    let mut world = World::new();
    let (mut login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    login = world.stand(login);
    let code = world.code(&login);
    let (login, said) = world.answer(login, &wrong(&code));
    assert_eq!(said.prompt(), "Wrong code, 2 tries left. Code: ");
    let (login, said) = world.answer(login, &wrong(&code));
    assert_eq!(said.prompt(), "Wrong code, 1 try left. Code: ");
    let _closed = world.drive(login, Event::Closed);

    let (login, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
    assert!(said.prompt().contains("ago"), "adopted: {}", said.prompt());
    let login = world.stand(login);
    let (login, said) = world.answer(login, &wrong(&code));
    assert_eq!(said.verdict(), Some(Verdict::MaxTries));
    assert_eq!(said.told(), "Too many wrong codes. Try again in 30 s. (Ref K7Q2M9XD)");
    assert!(login.is_over());
    assert_eq!((world.sent.len(), world.charged), (1, 3));

    let (login, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
    assert_eq!(said.verdict(), Some(Verdict::MaxTries));
    assert!(login.is_over());
    world.pass(30_000);
    let (_, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
    assert!(said.prompt().starts_with("Code sent by email"), "{said:?}");
}

#[test]
fn too_many_wrong_codes_are_said_as_such_to_sshd_and_gdm_and_as_a_denial_to_others_with_the_same_words() {
    for (service, tty, said_as) in [
        ("sshd", "ssh", Verdict::MaxTries),
        ("gdm-password", ":0", Verdict::MaxTries),
        ("login", "tty1", Verdict::Deny),
        ("sudo", "pts/1", Verdict::Deny),
        ("cockpit", "web", Verdict::Deny),
        ("lightdm", ":0", Verdict::Deny),
        ("vsftpd", "ftp", Verdict::Deny),
    ] {
        let mut world = World::new();
        let begin = Begin { service: String::from(service), tty: Some(String::from(tty)), ..ssh("ada", "192.0.2.7") };
        let (login, _) = world.begin(begin, 0);
        let mut login = world.stand(login);
        let code = world.code(&login);
        login = world.answer(login, &wrong(&code)).0;
        login = world.answer(login, &wrong(&code)).0;
        let (login, said) = world.answer(login, &wrong(&code));
        assert!(login.is_over());
        assert_eq!(said.verdict(), Some(said_as), "{service}");
        assert_eq!(said.told(), "Too many wrong codes. Try again in 30 s. (Ref K7Q2M9XD)", "{service}");
        let last = world.logged.last().unwrap();
        assert_eq!((last.verdict, last.reason), (Verdict::MaxTries, "wrong-code"), "{service}");
    }
}

#[test]
fn wrong_codes_at_one_known_source_make_nobody_wait_at_another() {
    let mut world = World::new();
    let elsewhere = || Begin { service: String::from("su"), tty: Some(String::from("pts/1")), ..ssh("ada", "") };
    for begin in [ssh("ada", "192.0.2.7"), elsewhere()] {
        let (login, _) = world.begin(begin, 0);
        let login = world.stand(login);
        let code = world.code(&login);
        assert_eq!(world.answer(login, &code).1.verdict(), Some(Verdict::Allow));
    }
    let (login, _) = world.begin(elsewhere(), 0);
    let mut login = world.stand(login);
    let code = world.code(&login);
    for _ in 0..3 {
        login = world.answer(login, &wrong(&code)).0;
    }
    // What su is told is a plain denial; the log has what it was.
    assert_eq!(world.begin(elsewhere(), 0).1.verdict(), Some(Verdict::Deny));
    let last = world.logged.last().unwrap();
    assert_eq!((last.verdict, last.reason), (Verdict::MaxTries, "waiting"));
    assert!(world.begin(ssh("ada", "192.0.2.7"), 0).1.prompt().starts_with("Code sent by email"));
}

#[test]
fn forty_abandoned_logins_send_one_message_and_the_next_one_adopts_its_code() {
    let mut world = World::new();
    let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let login = world.stand(login);
    let code = world.code(&login);
    let _closed = world.drive(login, Event::Closed);
    for _ in 0..40 {
        let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
        let login = world.stand(login);
        let _closed = world.drive(login, Event::Closed);
    }
    assert_eq!(world.sent.len(), 1);
    world.pass(240_000);
    let (login, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
    assert!(said.prompt().contains("ago"), "{}", said.prompt());
    let (_, said) = world.answer(login, &code);
    assert_eq!(said.verdict(), Some(Verdict::Allow));
    assert_eq!(world.sent.len(), 1);
}

#[test]
fn a_code_of_another_length_than_the_settings_now_say_is_not_asked_for() {
    let mut world = World::new();
    let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let login = world.stand(login);
    let _closed = world.drive(login, Event::Closed);
    world.rules.codes.digits = 8;
    let (login, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
    assert!(!said.prompt().contains("ago"), "{}", said.prompt());
    let login = world.stand(login);
    let code = world.code(&login);
    assert_eq!((code.len(), world.answer(login, &code).1.verdict()), (8, Some(Verdict::Allow)));
}

#[test]
fn two_logins_at_once_have_each_their_own_code_and_neither_takes_the_others() {
    let mut world = World::new();
    let (first, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let first = world.stand(first);
    let (second, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let second = world.stand(second);
    assert_eq!(world.sent.len(), 2);
    let (code_of_first, code_of_second) = (world.code(&first), world.code(&second));
    assert_ne!(code_of_first, code_of_second);
    let (first, said) = world.answer(first, &code_of_second);
    assert_eq!(said.prompt(), "Wrong code, 2 tries left. Code: ");
    assert_eq!(world.charged, 1);
    let (_, said) = world.answer(first, &code_of_first);
    assert_eq!(said.verdict(), Some(Verdict::Allow));
    let (_, said) = world.answer(second, &code_of_second);
    assert_eq!(said.verdict(), Some(Verdict::Allow));
}

#[test]
fn a_code_is_worth_nothing_from_another_source_or_for_another_class_or_user() {
    let mut world = World::new();
    world.add("bob", 1001, Verify::Always, Some("bob@example.com"));
    let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let login = world.stand(login);
    let code = world.code(&login);
    let _closed = world.drive(login, Event::Closed);
    let elsewhere = ssh("ada", "192.0.2.8");
    let other_class =
        Begin { service: String::from("login"), tty: Some(String::from("tty1")), remote_host: None, ..ssh("ada", "") };
    for begin in [elsewhere, other_class, ssh("bob", "192.0.2.7")] {
        let (login, said) = world.begin(begin, 0);
        assert!(!said.prompt().contains("ago"));
        let login = world.stand(login);
        let before = world.charged;
        let (_, said) = world.answer(login, &code);
        assert!(said.prompt().starts_with("Wrong code"), "{said:?}");
        assert_eq!(world.charged, before + 1);
    }
}

#[test]
fn a_used_code_is_refused() {
    let mut world = World::new();
    let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let login = world.stand(login);
    let code = world.code(&login);
    assert_eq!(world.answer(login, &code).1.verdict(), Some(Verdict::Allow));
    let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let login = world.stand(login);
    assert_ne!(world.code(&login), code);
    assert!(world.answer(login, &code).1.prompt().starts_with("Wrong code"));
}

#[test]
fn a_code_lives_ten_minutes_by_each_clock() {
    for (boot_ms, wall_s, good) in
        [(599_000, 599, true), (601_000, 601, false), (601_000, -3_600, false), (1_000, 601, false)]
    {
        let mut world = World::new();
        let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
        let code = world.code(&login);
        world.now.boot_ms += boot_ms;
        world.now.wall_s += wall_s;
        let (_, said) = world.answer(login, &code);
        assert_eq!(said.verdict() == Some(Verdict::Allow), good, "{boot_ms} {wall_s} {said:?}");
        if !good {
            assert_eq!(world.charged, 0);
            assert!(said.told().starts_with("This code has expired."), "{said:?}");
        }
    }
}

#[test]
fn a_resend_has_the_same_code_and_does_not_reset_the_count() {
    let mut world = World::new();
    let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let login = world.stand(login);
    let code = world.code(&login);
    let (login, _) = world.answer(login, &wrong(&code));
    let (login, said) = world.answer(login, "r");
    assert!(said.prompt().starts_with("Another message can be sent in 30 s."), "{}", said.prompt());
    world.pass(30_000);
    let (login, said) = world.answer(login, "R");
    assert!(said.prompt().starts_with("Code sent again by email"), "{}", said.prompt());
    assert_eq!((world.sent.len(), world.sent[1].attempt), (2, 2));
    assert_eq!(world.code(&login), code);
    let (login, said) = world.answer(login, &wrong(&code));
    assert_eq!(said.prompt(), "Wrong code, 1 try left. Code: ");
    world.pass(30_000);
    let (_, said) = world.answer(login, "r");
    assert!(said.prompt().starts_with("Another message can be sent in 30 s."), "the wait doubles: {}", said.prompt());
}

#[test]
fn a_resend_waits_30_60_and_120_seconds_and_each_says_which_message_it_is() {
    let mut world = World::new();
    world.rules.codes.attempts = 5;
    let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let mut login = world.stand(login);
    for (wait_ms, number, next) in [(30_000, 2, "60 s"), (60_000, 3, "2 min"), (120_000, 4, "4 min")] {
        world.pass(wait_ms - 1);
        let (early, said) = world.answer(login, "r");
        assert!(said.prompt().starts_with("Another message can be sent in 1 s."), "{}", said.prompt());
        world.pass(1);
        let (resent, said) = world.answer(early, "r");
        assert!(said.prompt().starts_with("Code sent again by email"), "{}", said.prompt());
        assert_eq!(world.sent.last().map(|sent| sent.attempt), Some(number));
        let (after, said) = world.answer(resent, "r");
        assert!(said.prompt().starts_with(&format!("Another message can be sent in {next}.")), "{}", said.prompt());
        login = after;
    }
}

#[test]
fn nothing_leaves_for_an_r_before_a_prompt_has_stood() {
    let mut world = World::new();
    let (mut login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    for _ in 2..=MAX_PROMPTS {
        let (next, said) = world.answer(login, "r");
        assert!(said.prompt().starts_with("Code sent by email"), "{said:?}");
        assert_eq!(world.sent.len(), 0);
        login = next;
    }
    let _login = world.stand(login);
    assert_eq!(world.sent.len(), 1, "somebody is there after all");
}

#[test]
fn a_send_limit_withholds_a_message_and_denies_nobody() {
    let mut world = World::new();
    let (first, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let first = world.stand(first);
    let code = world.code(&first);
    world.send_wait_s = 720;
    let (second, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
    assert!(said.prompt().contains("ago"), "the code that is out is offered: {}", said.prompt());
    let second = world.stand(second);
    assert_eq!(world.sent.len(), 1);
    assert_eq!(world.answer(second, &code).1.verdict(), Some(Verdict::Allow));
    let (_, said) = world.answer(first, &code);
    assert_eq!(said.verdict(), Some(Verdict::Deny), "shared, and used once only");

    let (third, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
    assert_eq!(said.prompt(), "No more codes can be sent for 12 min. If you have one, type it. Code: ");
    let _third = world.stand(third);
    assert_eq!(world.sent.len(), 1);
}

#[test]
fn a_message_out_of_turn_ends_the_connection() {
    let mut world = World::new();
    let answer_first = world.drive(Login::new(0, String::new()), Event::Answer(Secret::new(String::from("123456"))));
    assert!(answer_first.1.ended && answer_first.1.step.is_none());
    let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let (login, said) = world.drive(login, Event::Begin(Box::new(ssh("ada", "192.0.2.7"))));
    assert!(said.ended && said.step.is_none() && login.is_over());
    let (login, said) = world.answer(login, "123456");
    assert!(login.is_over() && said.step.is_none());
}

#[test]
fn a_decoy_ends_in_a_denial_whatever_policy_says_and_looks_nobody_up() {
    for required in [Required::Disabled, Required::Optional, Required::Mandatory] {
        for prompt in [PromptStyle::Detailed, PromptStyle::Constant] {
            for service in ["sshd", "cron"] {
                let mut world = World::new();
                world.rules.required = required;
                world.rules.codes.prompt = prompt;
                world.users.clear();
                let begin = Begin { decoy: true, service: String::from(service), ..ssh("ada", "192.0.2.7") };
                let (login, said) = world.begin(begin, 0);
                assert!(login.is_over() && said.ended);
                let step = said.step.unwrap();
                match step.ask {
                    Some(question) => assert_eq!(question.times, Some(3)),
                    None => assert_eq!(step.verdict, Some(Verdict::Deny)),
                }
                assert_eq!((world.sent.len(), world.charged, world.challenges.len()), (0, 0, 0));
            }
        }
    }
}

#[test]
fn a_user_can_ask_for_itself_alone_and_shares_nothing_with_roots_callers() {
    let mut world = World::new();
    let (login, said) = world.begin(ssh("root", "192.0.2.7"), 1000);
    assert!(login.is_over());
    assert_eq!(said.failure, Some(Failure::NotPermitted));
    world.add("bob", 1001, Verify::Always, Some("bob@example.com"));
    assert_eq!(world.begin(ssh("bob", "192.0.2.7"), 1000).1.failure, Some(Failure::NotPermitted));
    let (roots, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let roots = world.stand(roots);
    let code = world.code(&roots);
    let _closed = world.drive(roots, Event::Closed);
    let claims = Begin { service: String::from("cron"), ..ssh("ada", "192.0.2.7") };
    let (own, said) = world.begin(claims, 1000);
    assert!(said.prompt().starts_with("Code sent by email"), "its claim to be cron is not believed: {said:?}");
    assert!(!said.prompt().contains("ago"), "{}", said.prompt());
    let own = world.stand(own);
    let (_, said) = world.answer(own, &code);
    assert!(said.prompt().starts_with("Wrong code"), "{said:?}");
    let counts = &world.counts[&(UserKey { uid: 1000, name: String::from("ada") }, Authenticator::Email)];
    assert_eq!((counts.own.failures, counts.stranger.failures), (1, 0));
}

#[test]
fn a_renamed_user_and_a_reused_uid_are_refused_and_a_second_name_of_a_uid_is_another_user() {
    let mut world = World::new();
    world.rules.required = Required::Optional;
    // Renamed: uid 1000 is bea now, and nobody is ada.
    world.users.remove("ada");
    world.users.insert(String::from("bea"), UserKey { uid: 1000, name: String::from("bea") });
    let (_, said) = world.begin(ssh("bea", "192.0.2.7"), 0);
    assert_eq!(said.verdict(), Some(Verdict::Deny), "{said:?}");
    assert_eq!(world.logged.last().unwrap().reason, "re-bind");
    // Made anew: ada is uid 2000 now.
    world.users.insert(String::from("ada"), UserKey { uid: 2000, name: String::from("ada") });
    assert_eq!(world.begin(ssh("ada", "192.0.2.7"), 0).1.verdict(), Some(Verdict::Deny));
    // toor: both names mean uid 0.
    world.add("root", 0, Verify::Always, Some("root@example.com"));
    world.users.insert(String::from("toor"), UserKey { uid: 0, name: String::from("toor") });
    assert_eq!(world.begin(ssh("toor", "192.0.2.7"), 0).1.verdict(), Some(Verdict::NotSubject));
    assert!(world.begin(ssh("root", "192.0.2.7"), 0).1.prompt().starts_with("Type 'e' for a code by email to r***"));
}

#[test]
fn another_spelling_of_a_name_takes_no_second_factor_away() {
    let mut world = World::new();
    world.rules.required = Required::Optional;
    // A user database that compares without regard to case and answers with the spelling it was asked for.
    world.users.insert(String::from("ADA"), UserKey { uid: 1000, name: String::from("ADA") });
    let (login, said) = world.begin(ssh("ADA", "192.0.2.7"), 0);
    assert!(login.is_over());
    assert_eq!(said.verdict(), Some(Verdict::Deny), "{said:?}");
    assert_eq!(world.logged.last().unwrap().reason, "re-bind");
}

#[test]
fn a_store_that_fails_denies_at_each_step() {
    let mut world = World::new();
    world.broken = true;
    assert_eq!(world.begin(ssh("ada", "192.0.2.7"), 0).1.verdict(), Some(Verdict::Unavailable));
    world.broken = false;
    let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let login = world.stand(login);
    let code = world.code(&login);
    world.broken = true;
    assert_eq!(world.answer(login, &code).1.verdict(), Some(Verdict::Unavailable));
}

#[test]
fn a_user_without_a_verified_address_is_told_so() {
    let mut world = World::new();
    world.rules.who.enrolment = pam_2fa_settings::Enrolment::Administrator;
    world.add("eve", 1002, Verify::NewDevice, None);
    let (_, said) = world.begin(ssh("eve", "192.0.2.7"), 0);
    assert_eq!(said.verdict(), Some(Verdict::Deny));
    assert!(said.told().starts_with("A code is needed here, and there is no verified address for you."), "{said:?}");
}

#[test]
fn twelve_prompts_are_the_most_whatever_is_typed() {
    let mut world = World::new();
    let (mut login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    login = world.stand(login);
    for prompts in 2..=MAX_PROMPTS {
        let (next, said) = world.answer(login, "hello?");
        assert!(said.prompt().starts_with("A code has 6 digits."), "{prompts} {said:?}");
        login = next;
    }
    let (_, said) = world.answer(login, "hello?");
    assert_eq!(said.verdict(), Some(Verdict::Deny));
    assert_eq!(world.charged, 0);
}

#[test]
fn the_constant_prompt_is_the_same_for_everything_that_is_wrong() {
    let mut world = World::new();
    world.rules.codes.prompt = PromptStyle::Constant;
    let (login, first) = world.begin(ssh("ada", "192.0.2.7"), 0);
    assert!(first.prompt().starts_with("If the password was right, a code was sent ("), "{}", first.prompt());
    let login = world.stand(login);
    let code = world.code(&login);
    let (login, second) = world.answer(login, &wrong(&code));
    assert_eq!(second.prompt(), first.prompt());
    let (login, third) = world.answer(login, "not a code");
    assert_eq!(third.prompt(), first.prompt());
    let (_, last) = world.answer(login, &wrong(&code));
    assert_eq!((last.verdict(), last.told()), (Some(Verdict::Deny), String::new()));
}

#[test]
fn hostile_names_hosts_and_terminals_reach_no_log_and_no_message() {
    let mut world = World::new();
    let hostile = "x\u{1b}[2J\u{202e}y\nz";
    let begin = Begin { service: String::from(hostile), tty: Some(String::from(hostile)), ..ssh("ada", hostile) };
    let (login, _) = world.begin(begin, 0);
    let _login = world.stand(login);
    assert!(!world.place().chars().any(|c| c.is_control() || c == '\u{202e}'), "{:?}", world.place());
    let (_, said) = world.begin(Begin { user: String::from(hostile), ..ssh("", "192.0.2.7") }, 0);
    assert_eq!(said.verdict(), Some(Verdict::Deny));
    assert!(!world.logged.last().unwrap().user.chars().any(char::is_control));
}
