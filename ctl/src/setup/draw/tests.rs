//! Golden screens, without colours; and that colours change nothing of what is read.

use super::super::fields::Page;
use super::super::form::Choosable;
use super::super::jobs::Told;
use super::super::theme::Theme;
use super::super::window::{Popup, Window};
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

const TEXT: &str = "[policy]\nrequired = \"optional\"\napplication = \"Example Corp\"\n\n[email]\nserver = \"smtp.example.com\"\n\
                    from = \"Example Corp <security@example.com>\"\npassword = \"sealed:v1:AAAA\"\n\n[sms]\nprovider = \"twilio\"\n\
                    sender = \"+15550100\"\naccount = { account_sid = \"AC1\", auth_token = \"sealed:v1:AAAA\" }\n\n[trust]\nssh = \"8 hours\"\n";

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
    terminal.draw(|frame| draw(window, Theme::new(colours), frame)).unwrap();
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
    let _ = window.told(Told::Step(String::from("connected to smtp.example.com:465, TLS 1.3")));
    let _ = window.told(Told::Step(String::from("signed in as security@example.com \u{1b}[31m")));
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
    assert!(window.draft.text().contains("provider = \"http\"") && !window.draft.text().contains("AC1"));
    press(&mut window, &[KeyCode::Enter]);
    press(&mut window, &[KeyCode::Home, KeyCode::Enter]);
    assert!(!window.draft.text().contains("[sms]"), "{}", window.draft.text());
}

#[test]
fn questions_before_something_is_lost_or_risked() {
    let mut window = window(Tongue::German);
    typed(&mut window, "m");
    press(&mut window, &[KeyCode::F(10)]);
    assert_snapshot!("unsaved-de", screen(&mut window, (80, 24), false));
    press(&mut window, &[KeyCode::Esc]);
    window.is_untested(true);
    assert_snapshot!("untested-de", screen(&mut window, (80, 24), false));
    let theirs = (String::from("trust.ssh"), String::from("8 hours"), String::from("1 days"));
    window.is_contested(vec![theirs]);
    assert_snapshot!("conflict-de", screen(&mut window, (80, 24), false));
    press(&mut window, &[KeyCode::Esc, KeyCode::F(1)]);
    assert_snapshot!("keys-de", screen(&mut window, (80, 24), false));
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
    press(&mut window, &[KeyCode::F(3), KeyCode::Tab]);
    let shown = screen(&mut window, (80, 24), false);
    assert!(!shown.contains("hunter2") && shown.contains("••••••••"), "{shown}");
    let _ = window.told(Told::Secret(String::from("email.password"), Ok(Secret::new(String::from("the old one")))));
    assert!(screen(&mut window, (80, 24), false).contains("the old one"));
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
