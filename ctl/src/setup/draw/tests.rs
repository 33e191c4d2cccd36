//! Golden screens, without colours; and that colours change nothing of what is read.

use super::super::asked::Popup;
use super::super::fields::Page;
use super::super::form::Choosable;
use super::super::jobs::Job;
use super::super::jobs::Told;
use super::super::merge::{Conflict, merge};
use super::super::save::{Onto, Refusal, Untested};
use super::super::theme::Theme;
use super::super::users::tests::user;
use super::super::window::{Act, Note, Save, Window};
use super::super::words::{Tongue, Words};
use super::draw;
use insta::assert_snapshot;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::Channel;
use pam_2fa_protocol::courier::{Class, Outcome};
use pam_2fa_settings::provider::parse;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::style::Color;

const TEXT: &str = "[policy]\nrequired = \"optional\"\napplication = \"Example Corp\"\n\n[email]\nserver = \"smtp.example.com\"\n\
                    from = \"Example Corp <security@example.com>\"\npassword = \"sealed:v1:AAAA\"\n\n[sms]\nprovider = \"twilio\"\n\
                    sender = \"+15550100\"\naccount = { account_sid = \"AC00112233445566778899aabbccddeeff\", auth_token = \"sealed:v1:AAAA\" }\n\n[trust]\nssh = \"8 hours\"\n";

fn window(tongue: Tongue) -> Window {
    let all = [
        ("http", include_str!("../../../../etc/providers/http.toml")),
        ("twilio", include_str!("../../../../etc/providers/twilio.toml")),
    ];
    let choosable =
        all.map(|(id, text)| Choosable { provider: parse(id, text).unwrap(), from: "shipped" }).into_iter().collect();
    let mut window = Window::new(TEXT, choosable, Words::of(tongue));
    let _ = window.told(Told::Health(Ok(Vec::new())));
    window
}

/// Two have changed one key.
fn contested() -> Vec<Conflict> {
    let with = |value: &str| TEXT.replace("8 hours", value);
    match merge(TEXT, &with("9 hours"), &with("1 days"), &[]) {
        Err(Refusal::Conflict(conflicts)) => conflicts,
        other => panic!("{other:?}"),
    }
}

fn untested(email: bool, sms: bool) -> Untested {
    let asked = Secret::new(String::from("[email]"));
    Untested { email, sms, email_untested: email, sms_untested: sms, asked, onto: None }
}

/// Nothing was tried.
fn untried() -> Untested {
    untested(true, false)
}

fn press(window: &mut Window, codes: &[KeyCode]) {
    for code in codes {
        let _ = window.key(KeyEvent::new(*code, KeyModifiers::NONE));
    }
}

fn typed(window: &mut Window, text: &str) {
    for character in text.chars() {
        press(window, &[KeyCode::Char(character)]);
    }
}

fn screen(window: &mut Window, (width, height): (u16, u16), colours: bool) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(window, Theme::new(colours, true), frame)).unwrap();
    let shown = terminal.backend().to_string();
    // As TestBackend shows it, each line in quotes.
    shown.lines().map(|line| line.trim_matches('"').trim_end()).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_main_page_in_both_languages_and_sizes() {
    for (name, tongue) in [("en", Tongue::English), ("de", Tongue::German)] {
        for size in [(80, 24), (200, 60)] {
            let shown = screen(&mut window(tongue), size, false);
            assert_eq!(shown, screen(&mut window(tongue), size, true));
            assert_snapshot!(format!("main-{name}-{}", size.0), shown);
        }
    }
}

#[test]
fn the_page_of_limits_and_the_end_of_the_main_page() {
    let mut window = window(Tongue::English);
    press(&mut window, &[KeyCode::BackTab, KeyCode::BackTab]);
    assert_snapshot!("main-end", screen(&mut window, (80, 24), false));
    press(&mut window, &[KeyCode::PageDown]);
    assert_snapshot!("limits", screen(&mut window, (80, 24), false));
    let mut window = self::window(Tongue::German);
    press(&mut window, &[KeyCode::PageDown]);
    assert_snapshot!("limits-de-200", screen(&mut window, (200, 60), false));
    assert_snapshot!("limits-de-80", screen(&mut window, (80, 24), false));
    let mut window = self::window(Tongue::English);
    press(&mut window, &[KeyCode::PageDown]);
    assert_snapshot!("limits-en-200", screen(&mut window, (200, 60), false));
}

#[test]
fn at_the_least_size_what_is_not_saved_and_how_configd_is_are_both_said() {
    for tongue in [Tongue::English, Tongue::German] {
        let mut window = window(tongue);
        press(&mut window, &[KeyCode::Right]);
        let _ = window.told(Told::Health(Ok(vec![String::from("one"); 12])));
        let shown = screen(&mut window, (60, 16), false);
        let bar = shown.lines().next().unwrap();
        assert!(bar.contains(&window.words.say("window-unsaved")) && bar.contains("(12)"), "{bar}");
        assert!(screen(&mut window, (59, 16), false).contains("60 × 16"));
    }
}

#[test]
fn what_is_wrong_stands_beside_its_field_and_at_the_bottom() {
    let mut window = window(Tongue::English);
    press(&mut window, &[KeyCode::Tab, KeyCode::Tab, KeyCode::Tab, KeyCode::Left]);
    press(&mut window, &[KeyCode::Tab]);
    typed(&mut window, "99999");
    assert_snapshot!("wrong", screen(&mut window, (80, 24), false));
    // Saving goes to what is wrong, and saves nothing.
    press(&mut window, &[KeyCode::BackTab, KeyCode::BackTab, KeyCode::F(2)]);
    assert_snapshot!("wrong-save", screen(&mut window, (80, 24), false));
}

#[test]
fn a_test_as_it_happens_and_its_end_with_the_servers_own_words() {
    let mut window = window(Tongue::English);
    press(&mut window, &[KeyCode::F(5)]);
    assert_snapshot!("test-to", screen(&mut window, (80, 24), false));
    press(&mut window, &[KeyCode::Enter]);
    let _ = window.told(Told::TestStep(Channel::Email, String::from("connected to smtp.example.com:465, TLS 1.3")));
    let _ = window.told(Told::TestStep(Channel::Email, String::from("signed in as security@example.com \u{1b}[31m")));
    let outcome = Outcome {
        class: Class::Accepted,
        reason: None,
        retry_after_s: None,
        provider_id: None,
        said: String::from("250 2.0.0 Ok: queued as 4005D265"),
    };
    let _ = window.told(Told::Tested(Channel::Email, Ok(outcome)));
    let shown = screen(&mut window, (80, 24), false);
    assert!(!shown.contains('\u{1b}'));
    assert_snapshot!("test-talk", shown);
}

#[test]
fn the_list_of_providers_filters_as_one_types() {
    let mut window = window(Tongue::English);
    let at = window.form.fields.iter().position(|field| field.key == "sms.provider").unwrap();
    press(&mut window, &vec![KeyCode::Tab; at]);
    press(&mut window, &[KeyCode::Enter]);
    assert_snapshot!("providers", screen(&mut window, (80, 24), false));
    typed(&mut window, "http");
    assert_eq!(window.form.choosable("http").len(), 1);
    press(&mut window, &[KeyCode::Enter]);
    assert_eq!(window.draft.typed("sms.provider"), "http");
    assert!(window.draft.text().contains("provider = \"http\"") && !window.draft.text().contains("AC0011"));
    press(&mut window, &[KeyCode::Enter]);
    press(&mut window, &[KeyCode::Home, KeyCode::Enter]);
    assert!(!window.draft.text().contains("[sms]"), "{}", window.draft.text());
}

#[test]
fn an_account_is_checked_by_its_providers_file_as_one_types_and_what_is_missing_before_it_is_used() {
    let mut window = window(Tongue::English);
    assert!(window.form.focus_key("sms.account.account_sid", &mut window.draft));
    typed(&mut window, "x");
    let shown = screen(&mut window, (80, 24), false);
    assert!(shown.contains("! not as the provider has it"), "{shown}");
    press(&mut window, &[KeyCode::F(2)]);
    assert!(window.popup.is_none(), "it is not saved");
    assert_eq!(window.form.focused().unwrap().key, "sms.account.account_sid");
    press(&mut window, &[KeyCode::Backspace]);
    assert!(window.wrong("sms.account.account_sid").is_none());
    // A secret is needed, and is said to be once somebody wants to save or send.
    let mut window = self::window(Tongue::English);
    assert!(window.form.focus_key("sms.account.auth_token", &mut window.draft));
    press(&mut window, &[KeyCode::Delete]);
    assert!(window.wrong("sms.account.auth_token").is_none() && !window.draft.text().contains("auth_token"));
    press(&mut window, &[KeyCode::Tab, KeyCode::F(5)]);
    assert_eq!(window.form.focused().unwrap().key, "sms.account.auth_token");
    assert_eq!(window.wrong("sms.account.auth_token").as_deref(), Some("needed"));
    // An email is tested all the same.
    assert!(window.form.focus_key("email.server", &mut window.draft));
    press(&mut window, &[KeyCode::F(5)]);
    assert!(matches!(window.popup, Some(Popup::To { .. })));
}

#[test]
fn questions_before_something_is_lost_or_risked() {
    let mut window = window(Tongue::German);
    typed(&mut window, "m");
    press(&mut window, &[KeyCode::F(10)]);
    assert_snapshot!("unsaved-de", screen(&mut window, (80, 24), false));
    press(&mut window, &[KeyCode::Esc]);
    window.is_untested(untried(), Save::default());
    assert_snapshot!("untested-de", screen(&mut window, (80, 24), false));
    window.is_contested(contested(), Save::default());
    assert_snapshot!("conflict-de", screen(&mut window, (80, 24), false));
    press(&mut window, &[KeyCode::Esc, KeyCode::F(1)]);
    assert_snapshot!("keys-de", screen(&mut window, (80, 24), false));
    press(&mut window, &[KeyCode::Esc]);
    let (said, diff) = (vec![String::from("Encrypted: email.password")], vec!["-a = 1".into(), "+a = 2".into()]);
    window.saved(TEXT, (said, diff), (Note::Well(String::from("Saved.")), false));
    assert_snapshot!("saved", screen(&mut window, (80, 24), false));
}

#[test]
fn a_secret_is_on_the_screen_only_where_it_was_asked_for() {
    let mut window = window(Tongue::English);
    let at = window.form.fields.iter().position(|field| field.key == "email.password").unwrap();
    press(&mut window, &vec![KeyCode::Tab; at]);
    typed(&mut window, "hunter2");
    let shown = screen(&mut window, (80, 24), false);
    assert!(!shown.contains("hunter2") && shown.contains("•••••••"), "{shown}");
    press(&mut window, &[KeyCode::F(3)]);
    assert!(screen(&mut window, (80, 24), false).contains("hunter2"));
    assert!(!format!("{window:?}").contains("hunter2"), "typed and seen, it is printed by nothing else");
    let plain = Window::new(&TEXT.replacen("sealed:v1:AAAA", "hunter3", 1), Vec::new(), Words::of(Tongue::English));
    assert!(!format!("{plain:?}").contains("hunter3"));
    press(&mut window, &[KeyCode::F(3), KeyCode::Tab]);
    let shown = screen(&mut window, (80, 24), false);
    assert!(!shown.contains("hunter2") && shown.contains("••••••••"), "{shown}");
}

#[test]
fn a_secret_that_is_told_late_is_not_shown_to_who_has_gone_on() {
    let told = |window: &mut Window| {
        let old = Secret::new(String::from("the old one"));
        let _ = window.told(Told::Secret(String::from("email.password"), Ok(old)));
        screen(window, (80, 24), false).contains("the old one")
    };
    let asked = || {
        let mut window = window(Tongue::English);
        let at = window.form.fields.iter().position(|field| field.key == "email.password").unwrap();
        press(&mut window, &vec![KeyCode::Tab; at]);
        let acts = window.key(KeyEvent::new(KeyCode::F(3), KeyModifiers::NONE));
        assert!(matches!(acts.as_slice(), [Act::Start(Job::OpenSecret { .. })]), "{acts:?}");
        window
    };
    assert!(told(&mut asked()));
    for code in [KeyCode::Tab, KeyCode::Char('n'), KeyCode::F(3), KeyCode::PageDown] {
        let mut window = asked();
        press(&mut window, &[code]);
        assert!(!told(&mut window), "{code:?}");
    }
    let mut window = window(Tongue::English);
    assert!(!told(&mut window), "nobody has asked");
}

#[test]
fn one_in_plain_text_is_looked_at_through_the_daemon_too_so_that_the_log_has_it() {
    let plain = TEXT.replacen("sealed:v1:AAAA", "hunter2", 1);
    let mut window = Window::new(&plain, Vec::new(), Words::of(Tongue::English));
    let at = window.form.fields.iter().position(|field| field.key == "email.password").unwrap();
    press(&mut window, &vec![KeyCode::Tab; at]);
    let acts = window.key(KeyEvent::new(KeyCode::F(3), KeyModifiers::NONE));
    assert!(matches!(acts.as_slice(), [Act::Start(Job::OpenSecret { sealed, .. })] if sealed == "hunter2"), "{acts:?}");
    assert!(!screen(&mut window, (80, 24), false).contains("hunter2"));
}

#[test]
fn what_was_answered_to_a_question_that_was_left_counts_for_nothing_later() {
    let answers = |acts: &[Act]| match acts {
        [Act::Save(save)] => Some((save.untested.is_some(), save.decided.len())),
        _ => None,
    };
    let key = |window: &mut Window, code| window.key(KeyEvent::new(code, KeyModifiers::NONE));
    let mut window = window(Tongue::English);
    typed(&mut window, "m");
    assert_eq!(answers(&key(&mut window, KeyCode::F(2))), Some((false, 0)));
    window.is_contested(contested(), Save::default());
    let [Act::Save(save)] = &mut key(&mut window, KeyCode::Char('m'))[..] else { panic!() };
    let save = std::mem::take(save);
    assert_eq!(save.decided.len(), 1);
    // The next question goes on from there.
    window.is_untested(untried(), save);
    typed(&mut window, "without a test");
    let [Act::Save(save)] = &mut key(&mut window, KeyCode::Enter)[..] else { panic!() };
    let save = std::mem::take(save);
    assert!(save.untested.as_ref().is_some_and(|said| said.expose() == "[email]") && save.decided.len() == 1);
    // It is left: whatever is saved then is asked about anew.
    window.is_contested(contested(), save);
    press(&mut window, &[KeyCode::Esc]);
    assert_eq!(answers(&key(&mut window, KeyCode::F(2))), Some((false, 0)));
    window.is_contested(contested(), Save::default());
    press(&mut window, &[KeyCode::Esc]);
    assert_eq!(answers(&key(&mut window, KeyCode::F(2))), Some((false, 0)));
}

#[test]
fn what_others_have_put_under_it_is_what_stands_on_the_screen_when_it_is_asked_about() {
    let mut window = window(Tongue::English);
    window.draft.set_secret("email.password", Secret::new(String::from("hunter2")));
    let file = TEXT.replace("smtp.example.com", "other.example.com");
    let onto = Onto { ours: file.replace("optional", "mandatory"), file, theirs: vec![String::from("email.server")] };
    window.is_untested(Untested { onto: Some(onto), ..untried() }, Save::default());
    let shown = screen(&mut window, (80, 24), false);
    assert!(shown.contains("other.example.com") && shown.contains("changed: email.server"), "{shown}");
    // The test is of that, with what was typed.
    press(&mut window, &[KeyCode::F(5)]);
    assert!(matches!(window.popup, Some(Popup::To { channel: Channel::Email, .. })));
    let candidate = window.candidate().unwrap();
    assert!(candidate.expose().contains("other.example.com") && candidate.expose().contains("hunter2"));
    // Of texts alone, where they alone were not tried.
    press(&mut window, &[KeyCode::Esc]);
    window.is_untested(untested(false, true), Save::default());
    press(&mut window, &[KeyCode::F(5)]);
    assert!(matches!(window.popup, Some(Popup::To { channel: Channel::Sms, .. })));
}

#[test]
fn a_paste_goes_into_a_line_at_once_and_is_no_command_elsewhere() {
    let mut window = window(Tongue::English);
    window.paste("mandatory");
    assert_eq!(window.draft.typed("policy.required"), "mandatory", "a choice by its word");
    press(&mut window, &[KeyCode::Tab]);
    window.paste("\u{1b}[31mOne \u{202e}line\nand another\n");
    assert_eq!(window.draft.typed("policy.application"), "Example Corp[31mOne line");
    assert!(window.draft.undo().is_some());
    assert_eq!(window.draft.typed("policy.application"), "Example Corp");
    press(&mut window, &[KeyCode::Tab, KeyCode::Tab, KeyCode::Tab, KeyCode::Tab, KeyCode::Tab, KeyCode::Tab]);
    window.paste(&"x".repeat(1_000_000));
    assert_eq!(window.form.focused().unwrap().key, "email.password");
    assert_eq!(window.draft.secrets()["email.password"].expose().len(), 4096);
    press(&mut window, &[KeyCode::PageDown, KeyCode::PageDown]);
    let _ = window.told(Told::Users(Ok(vec![user("ada", 1000)])));
    press(&mut window, &[KeyCode::Enter]);
    window.paste("invoice");
    assert!(!screen(&mut window, (80, 24), false).contains("not answered"));
    let acts = window.key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::NONE));
    assert!(!screen(&mut window, (80, 24), false).contains("not answered"), "{acts:?}");
}

#[test]
fn a_test_goes_on_where_nobody_waits_and_how_it_ended_is_said_and_stands_beside_the_button() {
    let mut window = window(Tongue::English);
    let well = |said: &str| Outcome {
        class: Class::Accepted,
        reason: None,
        retry_after_s: None,
        provider_id: None,
        said: said.to_owned(),
    };
    press(&mut window, &[KeyCode::F(5), KeyCode::Enter, KeyCode::Esc]);
    assert!(window.popup.is_none());
    assert!(screen(&mut window, (80, 24), false).contains("[ Test email ]  under way"));
    // Another one is not started beside it.
    press(&mut window, &[KeyCode::F(5)]);
    assert!(matches!(window.popup, Some(Popup::Talk(Channel::Email))));
    press(&mut window, &[KeyCode::Esc]);
    let _ = window.told(Told::Tested(Channel::Email, Ok(well("250 Ok"))));
    let shown = screen(&mut window, (80, 24), false);
    assert!(shown.contains("Test email: Accepted for security@example.com: 250 Ok"), "{shown}");
    assert!(shown.contains("[ Test email ]  accepted, as shown here"), "{shown}");
    // Not of what is another since.
    press(&mut window, &[KeyCode::Tab, KeyCode::Tab]);
    typed(&mut window, "x");
    assert!(!screen(&mut window, (80, 24), false).contains("as shown here"));
    let _ = window.key(KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL));
    assert!(screen(&mut window, (80, 24), false).contains("as shown here"));
}

#[test]
fn enter_that_is_held_down_sends_one_message() {
    let mut window = window(Tongue::English);
    let sent = |window: &mut Window, times: usize| {
        let mut sent = 0;
        for _ in 0..times {
            let acts = window.key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE));
            for _ in acts.iter().filter(|act| matches!(act, Act::Start(Job::TestEmail { .. }))) {
                sent += 1;
                let _ = window.told(Told::Tested(Channel::Email, Err(String::from("no"))));
            }
        }
        sent
    };
    let at = window.form.fields.iter().position(|field| field.key == "test.email").unwrap();
    window.form.focus(at, &mut window.draft);
    assert_eq!(sent(&mut window, 100), 1);
    // Let go, and pressed again.
    (0..10).for_each(|_| window.rest());
    assert!(matches!(window.popup, Some(Popup::To { .. })));
    assert_eq!(sent(&mut window, 100), 1);
}

#[test]
fn what_is_unhealthy_is_said_whole_and_long_text_is_scrolled_to_its_end_and_no_further() {
    let mut window = window(Tongue::English);
    let problems: Vec<String> = (1..40).map(|nth| format!("problem {nth} of forty")).collect();
    let _ = window.told(Told::Health(Ok(problems)));
    press(&mut window, &[KeyCode::F(4)]);
    let first = screen(&mut window, (80, 24), false);
    assert_snapshot!("problems", first);
    press(&mut window, &[KeyCode::PageDown; 9]);
    let last = screen(&mut window, (80, 24), false);
    assert!(last.contains("problem 39") && last.contains("pam-2fa doctor") && !last.contains("problem 1 "), "{last}");
    press(&mut window, &[KeyCode::PageUp; 9]);
    assert_eq!(screen(&mut window, (80, 24), false), first);
    let _ = window.told(Told::Health(Err(String::from("nobody answers at admin.sock"))));
    assert_snapshot!("problems-lost", screen(&mut window, (80, 24), false));
}

#[test]
fn every_help_of_ours_is_whole_at_the_bottom_of_a_small_screen_and_one_of_a_provider_behind_a_key() {
    for tongue in [Tongue::English, Tongue::German] {
        let mut window = window(tongue);
        for page in [Page::Main, Page::Limits] {
            for at in 0..window.form.fields.len() {
                window.form.focus(at, &mut window.draft);
                let field = window.form.focused().unwrap().clone();
                let is_ours = matches!(field.help, super::super::fields::Text::Id(_));
                let shown = screen(&mut window, (80, 24), false);
                let foot: Vec<&str> = shown.lines().skip(21).take(2).collect();
                assert!(!is_ours || !foot.concat().contains('…'), "{tongue:?} {page:?} {}: {foot:?}", field.key);
            }
            press(&mut window, &[KeyCode::PageDown]);
        }
    }
    let mut window = window(Tongue::English);
    let at = window.form.fields.iter().position(|field| field.key == "sms.account.messaging_service");
    window.form.focus(at.unwrap(), &mut window.draft);
    let _ = window.key(KeyEvent::new(KeyCode::Char('g'), KeyModifiers::CONTROL));
    let shown = screen(&mut window, (80, 24), false);
    assert!(shown.contains("Messaging Service SID (optional;") && shown.contains("https://"), "{shown}");
}

#[test]
fn tls_that_is_off_says_why_not_in_red() {
    let mut window =
        Window::new(&TEXT.replace("smtp.example.com", "localhost"), Vec::new(), Words::of(Tongue::English));
    press(&mut window, &[KeyCode::Tab, KeyCode::Tab, KeyCode::Tab, KeyCode::Left]);
    assert_eq!(window.draft.typed("email.tls"), "none");
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    terminal.draw(|frame| draw(&mut window, Theme::new(true, true), frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let red: String = buffer.content().iter().filter(|cell| cell.fg == Color::Red).map(|cell| cell.symbol()).collect();
    assert!(red.starts_with("! off: the password"), "{red}");
}

#[test]
fn a_click_goes_to_a_field_turns_a_page_and_presses_a_button() {
    let mut window = window(Tongue::English);
    let click = |window: &mut Window, column, row| {
        let kind = MouseEventKind::Down(MouseButton::Left);
        window.mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }, (80, 24))
    };
    let row = |window: &mut Window, text: &str| {
        let shown = screen(window, (80, 24), false);
        let at = shown.lines().position(|line| line.contains(text)).unwrap();
        let before = shown.lines().nth(at).unwrap().split(text).next().unwrap().chars().count();
        (u16::try_from(before).unwrap(), u16::try_from(at).unwrap())
    };
    let (_, server) = row(&mut window, "Server ");
    assert!(click(&mut window, 40, server).is_empty());
    assert_eq!(window.form.focused().unwrap().key, "email.server");
    let (_, tls) = row(&mut window, "TLS ");
    click(&mut window, 40, tls);
    assert_eq!(window.draft.typed("email.tls"), "implicit");
    click(&mut window, 40, tls);
    assert_eq!(window.draft.typed("email.tls"), "starttls");
    let (test, at) = row(&mut window, "[ Test email ]");
    click(&mut window, test + 2, at);
    assert!(window.popup.is_some());
    press(&mut window, &[KeyCode::Esc]);
    let (limits, _) = row(&mut window, "2 Limits");
    click(&mut window, limits + 3, 1);
    assert_eq!(window.form.page, Page::Limits);
    press(&mut window, &[KeyCode::BackTab]);
    let (exit, at) = row(&mut window, "[ Exit ]");
    click(&mut window, exit + 1, at);
    assert!(matches!(window.popup, Some(Popup::Unsaved)));
    // Elsewhere it does nothing.
    press(&mut window, &[KeyCode::Esc]);
    click(&mut window, 79, 23);
    assert!(window.popup.is_none());
}
