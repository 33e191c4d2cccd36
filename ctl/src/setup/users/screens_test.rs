//! The page as an administrator sees it, in each language, in a small and in a large window, without colour.

use super::tests::{device, english, listing, opened, press, screen, text_of, typed, user};
use super::*;
use crate::setup::words::Tongue;
use pam_2fa_protocol::admin::{LastLogin, Method, Pass, PassKind, User, Verify};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::KeyCode;
use ratatui::style::Modifier;

fn last(at: &str, service: &str, from: Option<&str>, device: Option<&str>) -> Option<LastLogin> {
    let own = |text: Option<&str>| text.map(str::to_owned);
    Some(LastLogin { at: at.to_owned(), service: service.to_owned(), from: own(from), device: own(device) })
}

fn ada() -> User {
    User {
        email: Some(String::from("ada.lovelace@analytical.example.com")),
        phone: Some(String::from("+442079460123")),
        language: Some(String::from("de")),
        last_login: last(
            "2026-11-24T03:49:48Z",
            "sshd",
            Some("2001:db8::7"),
            Some("key SHA256:Z3Xp0uFqk1kV0mS5i3wQxq9Jr5cS7bq2lQmH0r8k1aE from 2001:db8::7/64"),
        ),
        locked: Some(String::from("codes by email: from new sources for 240 s")),
        app_since: Some(String::from("2026-03-01T09:12:00Z")),
        recovery_codes: 8,
        prefers: Some(Method::App),
        passes: vec![Pass {
            id: String::from("K7Q2M9XD"),
            kind: PassKind::Grant,
            made: String::from("2026-11-24T06:00:00Z"),
            until: String::from("2026-11-24T08:00:00Z"),
            from: Some(String::from("192.0.2.0/24")),
            service: Some(String::from("sshd")),
            reason: String::from("ticket 4711"),
        }],
        ..user("ada", 1001)
    }
}

pub(super) fn invitation() -> Pass {
    Pass {
        id: String::from("P4TT8WQZ"),
        kind: PassKind::Invitation,
        made: String::from("2026-11-24T06:00:00Z"),
        until: String::from("2026-12-01T06:00:00Z"),
        from: None,
        service: None,
        reason: String::new(),
    }
}

fn crowd() -> Vec<User> {
    let mut ben = user("ben", 1002);
    ben.email_verified = false;
    ben.verify = Verify::Always;
    let mut cora = user("cora", 1003);
    cora.verify = Verify::Never;
    cora.email = None;
    let mut long = user("maximilian.von-und-zu-hohenlohe", 1004);
    long.phone = Some(String::from("+4930123456"));
    long.app_since = Some(String::from("2026-11-24T03:49:48Z"));
    long.email_verified = false;
    long.last_login = last("2026-11-20T17:01:00Z", "gdm-password", None, None);
    let mut out = user("zoë", 1005);
    out.disabled_since = Some(String::from("2026-11-20T10:00:00Z"));
    out.last_login = last("2026-11-01T07:30:00Z", "cockpit", Some("192.0.2.7"), None);
    let mut all = vec![ben, cora, ada(), long, out];
    all.extend((0..40).map(|nth| user(&format!("student{nth:02}"), 2000 + nth)));
    all
}

/// With what the window has around it: a bar with the title, and the line of keys.
fn framed(users: &mut Users, words: &Words, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let keys = users.keys(words);
    let keys = keys.iter().map(|(key, does)| format!("{key} {does}")).collect::<Vec<_>>().join("  ");
    assert!(keys.chars().count() < 80, "{keys}");
    terminal
        .draw(|frame| {
            let title = format!(" {}: {}", words.say("window-title"), words.say("window-page-users"));
            frame.render_widget(title, Rect::new(0, 0, width, 1));
            users.draw(frame, Rect::new(0, 2, width, height - 3), Theme::new(false, true), words);
            frame.render_widget(format!(" {keys}"), Rect::new(0, height - 1, width, 1));
        })
        .unwrap();
    let buffer = terminal.backend().buffer();
    let mono = buffer
        .content
        .iter()
        .all(|cell| cell.fg == ratatui::style::Color::Reset && cell.bg == ratatui::style::Color::Reset);
    assert!(mono, "no colour where none is wanted");
    let text = text_of(buffer);
    assert!(!text.contains("users-"), "a text is missing:\n{text}");
    text
}

fn golden(name: &str, make: impl Fn(&Words) -> Users) {
    for (tongue, language) in [(Tongue::English, "en"), (Tongue::German, "de")] {
        let words = Words::of(tongue);
        for (width, height) in [(80, 24), (200, 60)] {
            let mut users = make(&words);
            let shown = framed(&mut users, &words, width, height);
            insta::assert_snapshot!(format!("{name}_{language}_{width}x{height}"), shown);
        }
    }
}

fn with_devices(words: &Words) -> Users {
    let mut users = opened(ada());
    let key = "key SHA256:Z3Xp0uFqk1kV0mS5i3wQxq9Jr5cS7bq2lQmH0r8k1aE from 2001:db8::7/64";
    let mut old = device("D2", "console seat0");
    old.class = String::from("desktop");
    old.last_from = String::from("local");
    old.ended = Some(String::from("the password was changed since"));
    let mut sudo = device("D3", "session 42 of key SHA256:Z3Xp0uFqk1kV0mS5i3wQxq9Jr5cS7bq2lQmH0r8k1aE");
    sudo.class = String::from("elevate");
    let devices = vec![device("D1", key), old, sudo, device("D4", "key SHA256:four from 192.0.2.7/32")];
    users.told(&Told::User(Box::new(Ok((ada(), devices)))), words);
    users
}

#[test]
fn the_list() {
    golden("list", |_| {
        let mut users = listing(crowd());
        press(&mut users, KeyCode::Down);
        users
    });
}

#[test]
fn the_list_filtered() {
    golden("filtered", |_| {
        let mut users = listing(crowd());
        typed(&mut users, "student3");
        users
    });
}

#[test]
fn the_list_of_nobody() {
    golden("nobody", |_| listing(Vec::new()));
}

#[test]
fn one_user() {
    golden("one", |words| {
        let mut users = with_devices(words);
        press(&mut users, KeyCode::Down);
        users
    });
}

#[test]
fn what_of_a_record_does_not_fit_is_counted_and_a_page_key_turns_to_it() {
    let words = english();
    let mut users = with_devices(&words);
    let first = framed(&mut users, &words, 80, 24);
    assert!(first.contains("PgDn: 3 more lines") && !first.contains("ticket 4711"), "{first}");
    press(&mut users, KeyCode::PageDown);
    let turned = framed(&mut users, &words, 80, 24);
    assert!(turned.contains("ticket 4711") && !turned.contains("PgDn"), "{turned}");
    press(&mut users, KeyCode::PageUp);
    assert_eq!(framed(&mut users, &words, 80, 24), first);
}

#[test]
fn one_user_who_is_disabled_and_has_no_device() {
    golden("disabled", |words| {
        let mut out = user("ada", 1001);
        out.disabled_since = Some(String::from("2026-11-20T10:00:00Z"));
        let mut users = opened(out.clone());
        users.told(&Told::User(Box::new(Ok((out, Vec::new())))), words);
        typed(&mut users, "d");
        users
    });
}

#[test]
fn a_question() {
    golden("question", |words| {
        let mut users = with_devices(words);
        typed(&mut users, "x");
        users
    });
}

#[test]
fn a_choice_and_a_line_with_an_error() {
    golden("choice", |words| {
        let mut users = with_devices(words);
        typed(&mut users, "v");
        users
    });
    golden("addresses", |words| {
        let mut users = with_devices(words);
        typed(&mut users, "c");
        users
    });
    golden("edit", |words| {
        let mut users = with_devices(words);
        typed(&mut users, "p");
        typed(&mut users, "x");
        press(&mut users, KeyCode::Enter);
        let why = "--phone: \"+442079460123x\" is no phone number: + and 8 to 15 digits, such as +15550100";
        users.told(&Told::Done(String::from("ada"), Err(why.to_owned())), words);
        users
    });
}

#[test]
fn a_code_that_is_read_out() {
    golden("code", |words| {
        let mut users = with_devices(words);
        typed(&mut users, "c");
        press(&mut users, KeyCode::Enter);
        users.told(&Told::VerifySent(String::from("ada"), Ok(String::from("7F"))), words);
        typed(&mut users, "1234");
        users
    });
}

#[test]
fn an_invitation() {
    golden("invitation", |words| {
        let mut users = with_devices(words);
        typed(&mut users, "i");
        users.told(&Told::Invited(String::from("ada"), Ok(Secret::new(String::from("K7Q2-M9XD-44TB")))), words);
        let mut invited = user("ada", 1001);
        invited.passes = vec![invitation()];
        users.told(&Told::User(Box::new(Ok((invited, Vec::new())))), words);
        users
    });
}

#[test]
fn an_act_that_nobody_knows_about_since_configd_is_lost() {
    golden("lost", |words| {
        let mut users = with_devices(words);
        typed(&mut users, "u");
        let why = "configd cannot be reached at /run/pam-2fa/admin.sock: Connection refused (os error 111); start it with \
                   `systemctl start pam-2fa-configd`";
        users.told(&Told::Done(String::from("ada"), Err(why.to_owned())), words);
        users.told(&Told::Health(Err(why.to_owned())), words);
        users
    });
}

#[test]
fn a_question_about_an_invitation_that_is_open() {
    golden("again", |_| {
        let mut invited = user("ada", 1001);
        invited.passes = vec![invitation()];
        let mut users = opened(invited);
        typed(&mut users, "i");
        users
    });
}

#[test]
fn what_was_done_and_a_long_error() {
    golden("error", |words| {
        let mut users = with_devices(words);
        typed(&mut users, "i");
        let why = "ada has email (ada.lovelace@analytical.example.com) already, and enrols more with it; pam-2fa user reset ada \
                   takes everything away";
        users.told(&Told::Invited(String::from("ada"), Err(why.to_owned())), words);
        users
    });
}

#[test]
fn the_row_under_the_cursor_is_one_bar_with_the_state_in_it() {
    let mut out = user("ada", 1001);
    out.disabled_since = Some(String::from("2026-11-20T10:00:00Z"));
    let mut users = listing(vec![out]);
    for (width, has_colours) in [(60, true), (80, true), (120, true), (200, true), (80, false)] {
        let mut terminal = Terminal::new(TestBackend::new(width, 24)).unwrap();
        terminal.draw(|frame| users.draw(frame, frame.area(), Theme::new(has_colours, true), &english())).unwrap();
        let buffer = terminal.backend().buffer();
        let row = text_of(buffer).lines().position(|line| line.contains("> ada")).unwrap();
        assert!(text_of(buffer).lines().nth(row).unwrap().ends_with("disabled"), "{width}");
        let bar: Vec<_> = (1..width - 1).map(|x| buffer[(x, u16::try_from(row).unwrap())].style()).collect();
        assert!(bar[0].add_modifier.contains(Modifier::REVERSED));
        assert!(bar.iter().all(|style| *style == bar[0]), "{width}: {bar:?}");
    }
}

#[test]
fn whatever_a_name_is_made_of_the_state_and_the_next_column_stand_where_they_always_do() {
    let names = [
        "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字",
        "a\u{202e}b\u{2066}c\u{1b}[2J\u{9b}5mlonger than any column of the list is",
        "e\u{301}e\u{301}\u{200b}\u{feff}",
        "👩‍🚀👩‍🚀👩‍🚀👩‍🚀👩‍🚀👩‍🚀👩‍🚀👩‍🚀👩‍🚀👩‍🚀👩‍🚀👩‍🚀",
        "",
    ];
    let words = english();
    let column = |line: &str, text: &str| {
        let before = line.find(text).map(|at| &line[..at]).unwrap_or_else(|| panic!("{text} is not in {line:?}"));
        unicode_width::UnicodeWidthStr::width(before)
    };
    for (nth, name) in names.into_iter().enumerate() {
        let mut out = user(name, 1001);
        out.email = Some(format!("{name}@example.com"));
        out.disabled_since = Some(String::from("2026-11-20T10:00:00Z"));
        for width in [60, 80, 120, 200] {
            let mut users = listing(vec![out.clone()]);
            let shown = screen(&mut users, &words, width, 24);
            let head = shown.lines().find(|line| line.contains("Methods")).unwrap();
            let row = shown.lines().find(|line| line.contains("> ")).unwrap();
            assert!(shown.lines().all(|line| unicode_width::UnicodeWidthStr::width(line) <= usize::from(width)));
            for (label, value) in [("Asked", "new device"), ("Methods", "email "), ("State", "disabled")] {
                assert_eq!(column(head, label), column(row, value), "{nth} in {width}:\n{shown}");
            }
            press(&mut users, KeyCode::Enter);
            let mut console = device("D1", name);
            console.last_from = name.to_owned();
            users.told(&Told::User(Box::new(Ok((out.clone(), vec![console])))), &words);
            let shown = screen(&mut users, &words, width, 24);
            let heading = shown.lines().next().unwrap();
            assert!(heading.contains("(uid 1001)") && heading.ends_with("- disabled"), "{heading}");
            let head = shown.lines().find(|line| line.contains("Last used")).unwrap();
            let row = shown.lines().find(|line| line.contains("> ")).unwrap();
            assert_eq!(column(head, "Until"), column(row, "2026-12-24"), "{nth} in {width}:\n{shown}");
        }
    }
}

#[test]
fn however_long_a_device_is_called_its_question_has_its_answers_in_sight() {
    let mut users = opened(user("ada", 1001));
    let long = "SHA256:".repeat(400);
    users.told(&Told::User(Box::new(Ok((user("ada", 1001), vec![device("D1", &long)])))), &english());
    typed(&mut users, "r");
    for (width, height) in [(60, 12), (80, 20), (200, 40)] {
        let shown = screen(&mut users, &english(), width, height);
        assert!(shown.contains("y yes, do it   n no") && shown.contains("Revoke this device of ada?"), "{shown}");
    }
}

#[test]
fn the_line_of_keys_has_all_of_them_at_eighty_columns_and_each_is_one_key() {
    use crate::setup::fields::Page;
    use crate::setup::window::Window;
    type Make = fn() -> Users;
    let states: [Make; 6] = [
        || listing(crowd()),
        || {
            let mut users = listing(crowd());
            typed(&mut users, "student3");
            users
        },
        || {
            let mut users = listing(crowd());
            typed(&mut users, "nobody");
            users
        },
        || listing(Vec::new()),
        || opened(ada()),
        || {
            let mut users = opened(ada());
            users.told(&Told::User(Box::new(Ok((ada(), Vec::new())))), &english());
            users
        },
    ];
    for (tongue, make) in [Tongue::English, Tongue::German].into_iter().flat_map(|one| states.map(|make| (one, make))) {
        let mut window = Window::new("", Vec::new(), Words::of(tongue));
        window.form.page = Page::Users;
        window.users = make();
        let keys = window.users.keys(&window.words);
        let names: Vec<&str> = keys.iter().map(|(key, _)| key.as_str()).collect();
        assert!(names.ends_with(&["Tab", "F10"]), "{names:?}");
        let is_one = |name: &&str| {
            ["Tab", "F5", "F10", "Esc", "Enter", "Ins", "Einfg"].contains(name)
                || (name.len() == 1 && name.chars().all(|letter| letter.is_ascii_alphabetic()))
        };
        assert!(names.iter().all(is_one), "{names:?}");
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal.draw(|frame| crate::setup::draw::draw(&mut window, Theme::new(false, true), frame)).unwrap();
        let shown = text_of(terminal.backend().buffer());
        let last = shown.lines().last().unwrap();
        for (key, does) in keys {
            assert!(last.contains(&format!("{key} {does}")), "{key} {does} is not in {last:?}");
        }
    }
}

#[test]
fn colour_only_repeats_what_a_word_or_a_sign_says() {
    let mut users = listing(crowd());
    let words = english();
    let drawn = |users: &mut Users, theme| {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal.draw(|frame| users.draw(frame, frame.area(), theme, &words)).unwrap();
        terminal.backend().buffer().clone()
    };
    let (mono, coloured) = (drawn(&mut users, Theme::new(false, true)), drawn(&mut users, Theme::new(true, true)));
    assert_eq!(text_of(&mono), text_of(&coloured));
    let shape = |buffer: &ratatui::buffer::Buffer| -> Vec<Modifier> {
        buffer.content.iter().map(|cell| cell.modifier).collect()
    };
    assert_eq!(shape(&mono), shape(&coloured));
    assert_ne!(mono, coloured, "there is colour where it is wanted");
}
