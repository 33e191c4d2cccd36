use super::*;
use crate::setup::draw::text::FITTED;
use crate::setup::words::Tongue;
use pam_2fa_protocol::admin::{Device, User, Verify};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEventKind};

pub(in crate::setup) fn user(name: &str, uid: u32) -> User {
    User {
        name: name.to_owned(),
        uid,
        verify: Verify::NewDevice,
        email: Some(format!("{name}@example.com")),
        email_verified: true,
        phone: None,
        phone_verified: false,
        language: None,
        last_login: None,
        locked: None,
        app_since: None,
        recovery_codes: 0,
        prefers: None,
        passes: Vec::new(),
        disabled_since: None,
    }
}

pub(super) fn device(id: &str, name: &str) -> Device {
    Device {
        id: id.to_owned(),
        user: String::from("ada"),
        uid: 1001,
        class: String::from("ssh"),
        name: name.to_owned(),
        first_used: String::from("2026-10-02T08:00:12Z"),
        last_used: String::from("2026-11-24T03:49:48Z"),
        last_from: String::from("192.0.2.7"),
        until: String::from("2026-12-24T03:49:48Z"),
        ended: None,
    }
}

pub(super) fn english() -> Words {
    Words::of(Tongue::English)
}

pub(super) fn press(users: &mut Users, code: KeyCode) -> Option<Vec<Job>> {
    users.key(KeyEvent::new(code, KeyModifiers::NONE))
}

pub(super) fn typed(users: &mut Users, text: &str) -> Vec<Job> {
    text.chars().flat_map(|letter| press(users, KeyCode::Char(letter)).expect("a key of the page")).collect()
}

fn shown_jobs(jobs: &[Job]) -> Vec<String> {
    jobs.iter().map(|job| format!("{job:?}")).collect()
}

/// The screen as text, a line each.
pub(super) fn screen(users: &mut Users, words: &Words, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| users.draw(frame, frame.area(), Theme::new(false, true), words)).unwrap();
    text_of(terminal.backend().buffer())
}

pub(super) fn text_of(buffer: &ratatui::buffer::Buffer) -> String {
    let rows = buffer.area.rows().map(|row| {
        let mut line = String::new();
        let mut hidden = 0;
        for place in row.positions() {
            let symbol = buffer[place].symbol();
            if hidden > 0 {
                hidden -= 1;
                continue;
            }
            line.push_str(symbol);
            hidden = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
        }
        line.trim_end().to_owned()
    });
    rows.collect::<Vec<_>>().join("\n")
}

pub(super) fn listing(all: Vec<User>) -> Users {
    let mut users = Users::new();
    assert_eq!(shown_jobs(&users.opened()), ["Users"]);
    assert!(users.told(&Told::Users(Ok(all)), &english()).is_empty());
    users
}

/// The list with ada, who is open with two devices.
pub(super) fn opened(ada: User) -> Users {
    let mut users = listing(vec![user("ben", 1002), ada.clone()]);
    assert_eq!(shown_jobs(&press(&mut users, KeyCode::Enter).unwrap()), [r#"User { name: "ada" }"#]);
    let devices = vec![device("D1", "key SHA256:one"), device("D2", "key SHA256:two")];
    users.told(&Told::User(Box::new(Ok((ada, devices)))), &english());
    users
}

fn names(users: &Users) -> Vec<&str> {
    users.list.seen(100).map(|user| user.name.as_str()).collect()
}

#[test]
fn a_filter_finds_each_of_its_words_in_name_email_or_phone() {
    let mut grace = user("grace", 1003);
    grace.phone = Some(String::from("+4930123456"));
    grace.email = Some(String::from("G.Hopper@Navy.example"));
    let mut users = listing(vec![user("ben", 1002), grace, user("ada", 1001)]);
    assert_eq!(names(&users), ["ada", "ben", "grace"], "by name");
    for (filter, found) in [
        ("hopper", vec!["grace"]),
        ("+4930", vec!["grace"]),
        ("NAVY 456", vec!["grace"]),
        ("example.com b", vec!["ben"]),
        ("e", vec!["ada", "ben", "grace"]),
        ("ada ben", vec![]),
    ] {
        typed(&mut users, filter);
        assert_eq!(names(&users), found, "{filter}");
        assert!(press(&mut users, KeyCode::Esc).is_some());
        assert_eq!(names(&users).len(), 3, "Esc clears the filter");
    }
    assert!(press(&mut users, KeyCode::Esc).is_none(), "nothing is to be cleared: Esc is the window's");
}

#[test]
fn a_filter_that_shrinks_again_finds_what_it_found_before() {
    let mut users = listing(vec![user("ada", 1001), user("adam", 1002), user("ben", 1003)]);
    typed(&mut users, "adam");
    assert_eq!(names(&users), ["adam"]);
    press(&mut users, KeyCode::Backspace);
    assert_eq!(names(&users), ["ada", "adam"]);
}

#[test]
fn the_cursor_stays_on_its_user_whatever_is_filtered_or_told() {
    let mut users = listing(vec![user("ada", 1001), user("ben", 1002), user("cora", 1003)]);
    press(&mut users, KeyCode::End);
    assert_eq!(users.list.selected().unwrap().name, "cora");
    typed(&mut users, "co");
    press(&mut users, KeyCode::Esc);
    assert_eq!(users.list.selected().unwrap().name, "cora");
    users.told(&Told::Users(Ok(vec![user("cora", 1003), user("aaron", 1004)])), &english());
    assert_eq!(users.list.selected().unwrap().name, "cora");
    users.told(&Told::User(Box::new(Ok((user("bob", 1005), Vec::new())))), &english());
    assert_eq!(names(&users), ["aaron", "bob", "cora"]);
    assert_eq!(users.list.selected().unwrap().name, "cora");
}

#[test]
fn of_a_hundred_thousand_users_only_those_that_are_seen_are_written_out() {
    let all = (0..100_000).map(|nth| user(&format!("user{nth:06}"), 10_000 + nth)).collect();
    let mut users = listing(all);
    let words = english();
    let fitted = |users: &mut Users| {
        let before = FITTED.get();
        screen(users, &words, 200, 60);
        FITTED.get() - before
    };
    // Sixty rows of seven columns, and some lines around them.
    let most = 60 * 7 + 40;
    let first = fitted(&mut users);
    assert!((100..most).contains(&first), "{first} texts");
    press(&mut users, KeyCode::End);
    let last = fitted(&mut users);
    assert!((100..most).contains(&last), "{last} texts");
    assert!(screen(&mut users, &words, 80, 24).contains("> user099999"));

    assert_eq!(users.list.compared, 0);
    typed(&mut users, "0123");
    // "0" is in all, "01" in fewer: a grown filter looks at what was left.
    let compared = users.list.compared;
    assert!((100_000..300_000).contains(&compared), "{compared} comparisons");
    let narrow = users.list.counts().0;
    typed(&mut users, "4");
    assert_eq!(users.list.compared, compared + narrow);
    assert!(fitted(&mut users) < most);
}

#[test]
fn page_keys_go_by_what_is_seen() {
    let all = (0..100).map(|nth| user(&format!("user{nth:02}"), 10_000 + nth)).collect();
    let mut users = listing(all);
    screen(&mut users, &english(), 80, 24);
    let page = users.seen.page();
    assert!((15..24).contains(&page), "{page}");
    press(&mut users, KeyCode::PageDown);
    assert_eq!(users.list.cursor(), page);
    press(&mut users, KeyCode::PageUp);
    press(&mut users, KeyCode::PageUp);
    assert_eq!(users.list.cursor(), 0);
    press(&mut users, KeyCode::End);
    assert_eq!(users.list.cursor(), 99);
}

#[test]
fn what_takes_something_away_is_asked_and_enter_is_no_answer() {
    let mut out = user("ada", 1001);
    out.disabled_since = Some(String::from("2026-11-20T10:00:00Z"));
    out.phone = Some(String::from("+15550100"));
    let mut inside = out.clone();
    inside.disabled_since = None;
    let empties = |letter| {
        move |users: &mut Users| {
            typed(users, letter);
            users.key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL));
            press(users, KeyCode::Enter).unwrap()
        }
    };
    let letter = |letter| move |users: &mut Users| typed(users, letter);
    type Way = Box<dyn Fn(&mut Users) -> Vec<Job>>;
    let cases: [(&User, Way, &str, &str); 7] = [
        (&inside, Box::new(letter("d")), "Disable ada?", r#"UserDisable { name: "ada" }"#),
        (&inside, Box::new(letter("x")), "Reset ada?", r#"UserReset { name: "ada" }"#),
        (&inside, Box::new(letter("r")), "key SHA256:one", r#"DeviceRevoke { ids: ["D1"] }"#),
        (&inside, Box::new(letter("R")), "all 2 devices of ada", r#"DeviceRevoke { ids: ["D1", "D2"] }"#),
        (&inside, Box::new(empties("e")), "email address of ada away?", r#"email: Some("")"#),
        (&inside, Box::new(empties("p")), "phone number of ada away?", r#"phone: Some("")"#),
        (&out, Box::new(letter("u")), "Unlock ada?", r#"UserUnlock { name: "ada" }"#),
    ];
    for (ada, begin, question, job) in &cases {
        for answer in ["n", "y"] {
            let mut users = opened((*ada).clone());
            assert!(begin(&mut users).is_empty(), "{question}: nothing is done before the answer");
            assert!(screen(&mut users, &english(), 120, 40).contains(question), "{question}");
            for key in [KeyCode::Enter, KeyCode::Char(' '), KeyCode::Char('j'), KeyCode::Tab] {
                assert!(press(&mut users, key).unwrap().is_empty(), "{question}: {key} is no answer");
                assert!(users.popup.is_some());
            }
            let jobs = shown_jobs(&typed(&mut users, answer));
            assert!(users.popup.is_none());
            match answer {
                "y" => assert!(jobs.len() == 1 && jobs[0].contains(job), "{question}: {jobs:?}"),
                _ => assert!(jobs.is_empty(), "{question}"),
            }
        }
    }
}

#[test]
fn consent_is_the_letter_on_the_screen() {
    let german = Words::of(Tongue::German);
    let mut users = opened(user("ada", 1001));
    typed(&mut users, "x");
    assert!(screen(&mut users, &german, 80, 24).contains("j ja"));
    assert_eq!(shown_jobs(&typed(&mut users, "j")), [r#"UserReset { name: "ada" }"#]);
}

#[test]
fn a_user_without_anything_locked_is_unlocked_without_a_question_and_the_record_is_read_again() {
    let mut users = opened(user("ada", 1001));
    assert_eq!(shown_jobs(&typed(&mut users, "u")), [r#"UserUnlock { name: "ada" }"#]);
    let jobs = users.told(&Told::Done(String::from("ada"), Ok(vec![String::from("a note")])), &english());
    assert_eq!(shown_jobs(&jobs), [r#"User { name: "ada" }"#]);
    let shown = screen(&mut users, &english(), 120, 30);
    assert!(shown.contains("ada is unlocked: wrong codes are forgotten. a note"), "{shown}");
}

#[test]
fn an_error_keeps_what_was_typed_and_says_why() {
    let mut users = opened(user("ada", 1001));
    typed(&mut users, "e");
    typed(&mut users, ".wrong");
    let jobs = shown_jobs(&press(&mut users, KeyCode::Enter).unwrap());
    assert!(jobs[0].contains(r#"email: Some("ada@example.com.wrong")"#), "{jobs:?}");
    assert!(typed(&mut users, "zzz").is_empty(), "what is asked for stays as it is");
    let why = String::from("--email: ben has this address; one address is one user's");
    assert!(users.told(&Told::Done(String::from("ada"), Err(why)), &english()).is_empty());
    let shown = screen(&mut users, &english(), 120, 30);
    assert!(shown.contains("[ada@example.com.wrong "), "{shown}");
    assert!(shown.contains("Error: ben has this address; one address is one user's"), "{shown}");
    // It can be mended and saved.
    typed(&mut users, "x");
    let jobs = shown_jobs(&press(&mut users, KeyCode::Enter).unwrap());
    assert!(jobs[0].contains(r#"email: Some("ada@example.com.wrongx")"#), "{jobs:?}");
    users.told(&Told::Done(String::from("ada"), Ok(Vec::new())), &english());
    assert!(users.popup.is_none());
}

#[test]
fn an_unchanged_line_asks_nothing() {
    let mut users = opened(user("ada", 1001));
    typed(&mut users, "e");
    assert!(press(&mut users, KeyCode::Enter).unwrap().is_empty());
    assert!(users.popup.is_none() && users.pending.is_none());
}

#[test]
fn verify_is_one_of_three() {
    let mut users = opened(user("ada", 1001));
    typed(&mut users, "v");
    press(&mut users, KeyCode::Down);
    press(&mut users, KeyCode::Down);
    let jobs = shown_jobs(&press(&mut users, KeyCode::Enter).unwrap());
    assert!(jobs[0].contains("verify: Some(Always)"), "{jobs:?}");
}

#[test]
fn a_code_that_its_owner_reads_out_is_typed_and_a_wrong_one_can_be_mended() {
    let mut users = opened(user("ada", 1001));
    typed(&mut users, "c");
    let sent = shown_jobs(&press(&mut users, KeyCode::Enter).unwrap());
    assert_eq!(sent, [r#"VerifyBegin { name: "ada", channel: Email }"#]);
    assert!(typed(&mut users, "1").is_empty(), "not sent yet");
    users.told(&Told::VerifySent(String::from("ada"), Ok(String::from("7F"))), &english());
    assert!(screen(&mut users, &english(), 80, 24).contains("7F"));
    typed(&mut users, "123455");
    let give = |users: &mut Users| match press(users, KeyCode::Enter).unwrap().pop() {
        Some(Job::VerifyFinish { name, channel: Channel::Email, code }) => (name, code.expose().clone()),
        other => panic!("{other:?}"),
    };
    assert_eq!(give(&mut users), (String::from("ada"), String::from("123455")));
    users.told(&Told::Done(String::from("ada"), Err(String::from("wrong code, 2 tries left"))), &english());
    assert!(screen(&mut users, &english(), 80, 24).contains("wrong code, 2 tries left"));
    press(&mut users, KeyCode::Backspace);
    typed(&mut users, "6");
    assert_eq!(give(&mut users).1, "123456");
    users.told(&Told::Done(String::from("ada"), Ok(Vec::new())), &english());
    assert!(screen(&mut users, &english(), 80, 24).contains("The email address of ada is verified."));
}

#[test]
fn whoever_left_the_box_of_a_sent_code_can_still_type_it() {
    let mut users = opened(user("ada", 1001));
    typed(&mut users, "c");
    press(&mut users, KeyCode::Enter);
    press(&mut users, KeyCode::Esc);
    users.told(&Told::VerifySent(String::from("ada"), Ok(String::from("7F"))), &english());
    typed(&mut users, "c");
    assert!(screen(&mut users, &english(), 80, 24).contains("the one with the tag 7F"));
    assert!(press(&mut users, KeyCode::Enter).unwrap().is_empty(), "no second message");
    typed(&mut users, "123456");
    assert_eq!(press(&mut users, KeyCode::Enter).unwrap().len(), 1);
}

#[test]
fn an_invitation_is_shown_once_and_goes_by_no_stray_key() {
    let mut users = opened(user("ada", 1001));
    assert_eq!(shown_jobs(&typed(&mut users, "i")), [r#"UserInvite { name: "ada" }"#]);
    users.told(&Told::Invited(String::from("ada"), Ok(Secret::new(String::from("K7Q2-M9XD-44TB")))), &english());
    for key in [KeyCode::Enter, KeyCode::Char('y'), KeyCode::Char(' '), KeyCode::Tab] {
        press(&mut users, key);
        assert!(screen(&mut users, &english(), 80, 24).contains("K7Q2-M9XD-44TB"), "{key}");
    }
    press(&mut users, KeyCode::Esc);
    assert!(!screen(&mut users, &english(), 80, 24).contains("K7Q2"));
    assert!(!format!("{users:?}").contains("K7Q2"));
}

#[test]
fn one_thing_is_asked_at_a_time() {
    let mut users = opened(user("ada", 1001));
    typed(&mut users, "i");
    for letter in ["u", "v", "x", "R"] {
        assert!(typed(&mut users, letter).is_empty());
        assert!(users.popup.is_none(), "{letter}");
    }
    assert!(screen(&mut users, &english(), 80, 24).contains("configd has not answered yet"));
    let refused = Told::Invited(String::from("ada"), Err(String::from("ada has email already")));
    users.told(&refused, &english());
    assert!(screen(&mut users, &english(), 80, 24).contains("Error: ada has email already"));
    typed(&mut users, "v");
    assert!(users.popup.is_some(), "an answer was there");
}

#[test]
fn a_filter_that_finds_nobody_names_whom_a_record_is_made_for_and_it_is_opened() {
    // Not every terminal has the one.
    [KeyCode::Insert, KeyCode::Enter].into_iter().for_each(makes_a_record);
    let mut users = listing(Vec::new());
    assert!(screen(&mut users, &english(), 80, 24).contains("No user has a record yet. Enter makes one."));
    press(&mut users, KeyCode::Enter);
    assert!(screen(&mut users, &english(), 80, 24).contains("A new record"));
}

fn makes_a_record(insert: KeyCode) {
    let mut users = listing(vec![user("ben", 1002)]);
    typed(&mut users, "ada");
    assert!(screen(&mut users, &english(), 80, 24).contains("Nobody is called that. Enter makes a record"));
    assert!(users.keys(&english()).contains(&(String::from("Enter"), String::from("new record"))));
    assert!(press(&mut users, insert).unwrap().is_empty());
    let jobs = shown_jobs(&press(&mut users, KeyCode::Enter).unwrap());
    assert!(jobs[0].starts_with(r#"UserSet(UserSet { name: "ada", verify: None, email: None"#), "{jobs:?}");
    let jobs = users.told(&Told::Done(String::from("ada"), Ok(Vec::new())), &english());
    assert_eq!(shown_jobs(&jobs), [r#"User { name: "ada" }"#]);
    users.told(&Told::User(Box::new(Ok((user("ada", 1001), Vec::new())))), &english());
    assert!(screen(&mut users, &english(), 80, 24).contains("ada (uid 1001)"));
    press(&mut users, KeyCode::Esc);
    assert_eq!(users.list.selected().unwrap().name, "ada");
}

#[test]
fn keys_of_the_window_are_left_to_it() {
    let mut list = listing(vec![user("ada", 1001)]);
    let mut one = opened(user("ada", 1001));
    let mut boxed = opened(user("ada", 1001));
    typed(&mut boxed, "e");
    for users in [&mut list, &mut one, &mut boxed] {
        assert!(press(users, KeyCode::F(10)).is_none());
        for (letter, held) in [('q', KeyModifiers::CONTROL), ('1', KeyModifiers::ALT)] {
            assert!(users.key(KeyEvent::new(KeyCode::Char(letter), held)).is_none(), "{letter}");
        }
    }
    for users in [&mut list, &mut one] {
        assert!(press(users, KeyCode::Tab).is_none());
    }
    assert!(press(&mut boxed, KeyCode::Tab).is_some(), "no page is left under an open box");
}

#[test]
fn nothing_of_the_daemon_acts_on_the_terminal() {
    let evil = "\u{1b}[2Jx\u{9b}31m\u{202e}y\nz";
    let mut ada = user(evil, 1001);
    ada.email = Some(evil.to_owned());
    ada.locked = Some(evil.to_owned());
    ada.language = Some(evil.to_owned());
    let mut users = listing(vec![ada.clone()]);
    let is_clean = |users: &mut Users| {
        let shown = screen(users, &english(), 160, 40);
        assert!(shown.chars().all(|one| one == '\n' || pam_2fa_settings::text::is_plain(one)), "{shown:?}");
        shown
    };
    assert!(is_clean(&mut users).contains("[2Jx31my z"));
    press(&mut users, KeyCode::Enter);
    let mut phone = device("D1", evil);
    phone.ended = Some(evil.to_owned());
    users.told(&Told::User(Box::new(Ok((ada, vec![phone])))), &english());
    is_clean(&mut users);
    for letter in ["r", "e", "l", "c", "x"] {
        typed(&mut users, letter);
        is_clean(&mut users);
        press(&mut users, KeyCode::Esc);
    }
    users.told(&Told::Users(Err(evil.to_owned())), &english());
    is_clean(&mut users);
}

#[test]
fn the_mouse_selects_opens_and_answers() {
    let mut users = listing(vec![user("ada", 1001), user("ben", 1002)]);
    let click = |users: &mut Users, text: &str| {
        let shown = screen(users, &english(), 80, 24);
        let row = shown.lines().position(|line| line.contains(text)).unwrap();
        let line = shown.lines().nth(row).unwrap();
        let column = line[..line.find(text).unwrap()].chars().count();
        let kind = MouseEventKind::Down(MouseButton::Left);
        let (column, row) = (u16::try_from(column).unwrap(), u16::try_from(row).unwrap());
        shown_jobs(&users.mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
    };
    assert!(click(&mut users, "ben").is_empty());
    assert_eq!(users.list.selected().unwrap().name, "ben");
    assert_eq!(click(&mut users, "ben"), [r#"User { name: "ben" }"#]);
    typed(&mut users, "x");
    assert!(click(&mut users, "Reset ben?").is_empty(), "a click on the question is no answer");
    assert_eq!(click(&mut users, "yes, do it"), [r#"UserReset { name: "ben" }"#]);
}

#[test]
fn every_size_is_drawn() {
    let mut ada = user("ada", 1001);
    ada.phone = Some(String::from("+15550100"));
    for letter in ["", "v", "e", "c", "x", "R"] {
        let mut users = opened(ada.clone());
        typed(&mut users, letter);
        let mut list = listing(vec![ada.clone()]);
        let sizes = [1, 2, 5, 21, 40, 79, 150].into_iter();
        for (width, height) in sizes.flat_map(|width| (1..26).map(move |height| (width, height))) {
            screen(&mut users, &english(), width, height);
            screen(&mut list, &english(), width, height);
        }
    }
}

#[test]
fn words_of_columns_fit_them_in_every_language() {
    for tongue in [Tongue::English, Tongue::German] {
        let words = Words::of(tongue);
        let fits = |text: String, most: usize| {
            assert!(unicode_width::UnicodeWidthStr::width(text.as_str()) <= most, "{text} in {most}");
        };
        for id in ["users-verify", "users-verify-never", "users-verify-new-device", "users-verify-always"] {
            fits(words.say(id), 11);
        }
        for id in ["users-state", "users-state-locked", "users-state-disabled"] {
            fits(words.say(id), 9);
        }
        for id in ["users-methods", "users-last", "users-first", "users-used", "users-until"] {
            fits(words.say(id), 16);
        }
        let mut all = user("ada", 1001);
        all.email_verified = false;
        all.phone = Some(String::from("+15550100"));
        all.app_since = Some(String::from("2026-11-24T03:49:48Z"));
        fits(say::methods(&all, &words), 16);
    }
}
