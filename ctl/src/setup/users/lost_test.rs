//! Between a look and an act: answers that come late or never, users and devices that are not there any more.

use super::screens_test::invitation;
use super::tests::{device, english, listing, opened, press, screen, typed, user};
use super::*;
use pam_2fa_protocol::admin::{Device, User};
use ratatui::crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEventKind};

fn debugged(jobs: &[Job]) -> Vec<String> {
    jobs.iter().map(|job| format!("{job:?}")).collect()
}

fn ok<T>(name: &str, told: impl Fn(String, Result<T, String>) -> Told, value: T) -> Told {
    told(name.to_owned(), Ok(value))
}

fn refused(name: &str) -> Told {
    Told::Done(name.to_owned(), Err(String::from("no")))
}

fn record(user: User, devices: Vec<Device>) -> Told {
    Told::User(Box::new(Ok((user, devices))))
}

fn lost() -> Told {
    Told::Health(Err(String::from("configd cannot be reached at /x; start it")))
}

fn opens_ben(users: &mut Users) {
    press(users, KeyCode::Esc);
    press(users, KeyCode::Down);
    press(users, KeyCode::Enter);
    users.told(&record(user("ben", 1002), Vec::new()), &english());
    assert_eq!(users.one.as_ref().unwrap().user.name, "ben");
}

#[test]
fn an_answer_that_comes_when_its_user_is_not_open_any_more_ends_the_waiting() {
    type Begin = fn(&mut Users);
    let send: Begin = |users| {
        typed(users, "c");
        press(users, KeyCode::Enter);
        press(users, KeyCode::Esc);
    };
    let (invite, unlock): (Begin, Begin) = (|users| drop(typed(users, "i")), |users| drop(typed(users, "u")));
    let cases: [(Begin, Told); 6] = [
        (send, ok("ada", Told::VerifySent, String::from("7F"))),
        (send, Told::VerifySent(String::from("ada"), Err(String::from("no")))),
        (invite, ok("ada", Told::Invited, Secret::new(String::from("K7Q2")))),
        (invite, Told::Invited(String::from("ada"), Err(String::from("no")))),
        (unlock, ok("ada", Told::Done, Vec::new())),
        (unlock, refused("ada")),
    ];
    for (begin, answer) in cases {
        for is_ben_open in [false, true] {
            let mut users = opened(user("ada", 1001));
            begin(&mut users);
            assert!(users.pending.is_some());
            if is_ben_open {
                opens_ben(&mut users);
            } else {
                press(&mut users, KeyCode::Esc);
            }
            users.told(&answer, &english());
            assert!(users.pending.is_none(), "{answer:?}");
            // The page goes on.
            press(&mut users, KeyCode::Esc);
            if !is_ben_open {
                press(&mut users, KeyCode::Esc);
            }
            press(&mut users, KeyCode::Insert);
            if !is_ben_open {
                assert!(screen(&mut users, &english(), 80, 24).contains("A new record"), "{answer:?}");
            }
        }
    }
}

#[test]
fn the_code_that_was_sent_to_somebody_else_meanwhile_is_typed_for_that_one() {
    let mut users = opened(user("ada", 1001));
    typed(&mut users, "c");
    press(&mut users, KeyCode::Enter);
    press(&mut users, KeyCode::Esc);
    opens_ben(&mut users);
    users.told(&ok("ada", Told::VerifySent, String::from("7F")), &english());
    typed(&mut users, "c");
    assert!(!screen(&mut users, &english(), 80, 24).contains("7F"), "it is not ben's");
    press(&mut users, KeyCode::Esc);
    press(&mut users, KeyCode::Esc);
    press(&mut users, KeyCode::Up);
    press(&mut users, KeyCode::Enter);
    typed(&mut users, "c");
    assert!(screen(&mut users, &english(), 80, 24).contains("the one with the tag 7F"));
}

#[test]
fn a_daemon_that_is_lost_locks_nothing_and_the_line_says_what_to_do() {
    // Known before or after the act fails.
    for answers in [vec![lost(), refused("ada")], vec![refused("ada"), lost()], vec![lost()]] {
        let mut users = opened(user("ada", 1001));
        typed(&mut users, "u");
        answers.iter().for_each(|answer| drop(users.told(answer, &english())));
        let shown = screen(&mut users, &english(), 80, 24);
        assert!(shown.contains("may not have been done. F4 says what to do"), "{shown}");
        assert_eq!(
            debugged(&typed(&mut users, "u")),
            [r#"UserUnlock { name: "ada" }"#],
            "nothing waits for the lost one"
        );
    }
    // In a box, too, which keeps what was typed.
    let mut users = opened(user("ada", 1001));
    typed(&mut users, "e.wrong");
    press(&mut users, KeyCode::Enter);
    users.told(&lost(), &english());
    let shown = screen(&mut users, &english(), 80, 24);
    assert!(shown.contains("[ada@example.com.wrong ") && shown.contains("may not have been"), "{shown}");
    assert_eq!(press(&mut users, KeyCode::Enter).unwrap().len(), 1, "and it can be asked again");
}

#[test]
fn a_daemon_that_is_back_is_asked_for_what_is_shown() {
    let mut users = opened(user("ada", 1001));
    assert!(users.told(&Told::Health(Ok(Vec::new())), &english()).is_empty(), "it was not lost");
    typed(&mut users, "u");
    users.told(&lost(), &english());
    let jobs = users.told(&Told::Health(Ok(Vec::new())), &english());
    assert_eq!(debugged(&jobs), ["Users", r#"User { name: "ada" }"#]);
    assert!(screen(&mut users, &english(), 80, 24).contains("Look whether it was done."));
    let mut unseen = Users::new();
    unseen.told(&lost(), &english());
    assert!(unseen.told(&Told::Health(Ok(Vec::new())), &english()).is_empty(), "nobody has looked at the page");
}

#[test]
fn a_late_answer_to_what_was_given_up_is_not_taken_for_that_to_what_was_asked_after() {
    let mut users = opened(user("ada", 1001));
    typed(&mut users, "u");
    users.told(&lost(), &english());
    users.told(&Told::Health(Ok(Vec::new())), &english());
    opens_ben(&mut users);
    typed(&mut users, "e.org");
    press(&mut users, KeyCode::Enter);
    users.told(&refused("ada"), &english());
    let shown = screen(&mut users, &english(), 80, 24);
    assert!(shown.contains("Waiting for configd") && !shown.contains("Error"), "{shown}");
    users.told(&refused("ben"), &english());
    assert!(screen(&mut users, &english(), 80, 24).contains("Error: no"));
    // A late success is said as what it is.
    let mut users = opened(user("ada", 1001));
    typed(&mut users, "u");
    users.told(&lost(), &english());
    users.told(&ok("ada", Told::Done, Vec::new()), &english());
    assert!(users.pending.is_none() && screen(&mut users, &english(), 80, 24).contains("ada is unlocked"));
}

#[test]
fn an_invitation_that_is_open_is_not_made_void_by_one_key() {
    let mut invited = user("ada", 1001);
    invited.passes = vec![invitation()];
    let mut users = opened(invited);
    assert!(typed(&mut users, "i").is_empty());
    assert!(screen(&mut users, &english(), 80, 24).contains("ada has an open invitation. Make a new one?"));
    assert!(typed(&mut users, "n").is_empty());
    assert!(users.popup.is_none() && users.pending.is_none());
    typed(&mut users, "i");
    assert_eq!(debugged(&typed(&mut users, "y")), [r#"UserInvite { name: "ada" }"#]);
}

#[test]
fn esc_on_a_list_with_nothing_to_clear_is_the_windows() {
    let mut users = opened(user("ada", 1001));
    assert!(press(&mut users, KeyCode::Esc).is_some_and(|jobs| jobs.is_empty()), "back to the list");
    assert!(press(&mut users, KeyCode::Esc).is_none());
    assert!(users.keys(&english()).contains(&(String::from("Esc"), String::from("main page"))));
    typed(&mut users, "a");
    assert!(users.keys(&english()).contains(&(String::from("Esc"), String::from("clear"))));
    assert!(press(&mut users, KeyCode::Esc).is_some());
    assert!(press(&mut users, KeyCode::Esc).is_none());
}

#[test]
fn the_list_and_a_user_are_read_again_by_ctrl_r_as_by_f5_and_a_box_reads_nothing() {
    let again = KeyEvent::new(KeyCode::Char('r'), KeyModifiers::CONTROL);
    for key in [again, KeyEvent::new(KeyCode::F(5), KeyModifiers::NONE)] {
        let mut users = listing(vec![user("ada", 1001)]);
        assert_eq!(debugged(&users.key(key).unwrap()), ["Users"]);
        let mut users = opened(user("ada", 1001));
        assert_eq!(debugged(&users.key(key).unwrap()), [r#"User { name: "ada" }"#]);
    }
    let mut users = opened(user("ada", 1001));
    typed(&mut users, "x");
    assert!(press(&mut users, KeyCode::F(5)).is_some_and(|jobs| jobs.is_empty()), "nor does the window test something");
    assert!(users.popup.is_some());
}

#[test]
fn a_user_who_is_gone_by_the_time_of_enter_opens_nobody_else() {
    let mut users = listing(vec![user("ada", 1001), user("ben", 1002), user("cora", 1003)]);
    press(&mut users, KeyCode::Down);
    users.told(&Told::Users(Ok(vec![user("ada", 1001), user("cora", 1003)])), &english());
    let shown = screen(&mut users, &english(), 80, 24);
    assert!(shown.contains("ben is not in this list any more") && !shown.contains("> "), "{shown}");
    assert!(press(&mut users, KeyCode::Enter).unwrap().is_empty());
    assert!(users.one.is_none());
    assert!(screen(&mut users, &english(), 80, 24).contains("Nobody is chosen any more"));
    press(&mut users, KeyCode::Down);
    assert!(screen(&mut users, &english(), 80, 24).contains("> cora"), "it is seen before it is opened");
    assert_eq!(press(&mut users, KeyCode::Enter).unwrap().len(), 1);
}

#[test]
fn a_name_that_became_another_users_is_not_under_the_cursor_any_more() {
    let mut users = listing(vec![user("ada", 1001), user("ben", 1002)]);
    users.told(&Told::Users(Ok(vec![user("ada", 2001), user("ben", 1002)])), &english());
    assert!(users.list.selected().is_none());
}

#[test]
fn nothing_that_was_begun_for_a_user_is_done_to_another_who_has_the_name_now() {
    for letter in ["x", "e", "v", "c", "i", ""] {
        let mut ada = user("ada", 1001);
        ada.passes = vec![invitation()];
        let mut users = opened(ada);
        typed(&mut users, letter);
        let jobs = users.told(&record(user("ada", 2001), Vec::new()), &english());
        assert_eq!(debugged(&jobs), ["Users"], "{letter}");
        assert!(users.popup.is_none() && users.one.is_none(), "{letter}");
        assert!(screen(&mut users, &english(), 120, 24).contains("ada is another user now: uid 2001, and not 1001."));
        for key in [KeyCode::Char('y'), KeyCode::Enter] {
            assert!(press(&mut users, key).unwrap().iter().all(|job| matches!(job, Job::User { .. })), "{letter}");
        }
    }
}

#[test]
fn whoever_is_open_and_not_in_the_list_is_asked_for() {
    let mut users = opened(user("ada", 1001));
    let jobs = users.told(&Told::Users(Ok(vec![user("ada", 2001)])), &english());
    assert_eq!(debugged(&jobs), [r#"User { name: "ada" }"#]);
    assert!(users.told(&Told::Users(Ok(vec![user("ada", 1001)])), &english()).is_empty());
}

#[test]
fn a_new_record_is_not_opened_over_whom_one_has_gone_to_meanwhile() {
    let mut users = listing(vec![user("ben", 1002)]);
    press(&mut users, KeyCode::Insert);
    typed(&mut users, "ada");
    press(&mut users, KeyCode::Enter);
    users.told(&ok("ada", Told::Done, Vec::new()), &english());
    press(&mut users, KeyCode::Enter);
    typed(&mut users, "x");
    users.told(&record(user("ada", 1001), Vec::new()), &english());
    assert_eq!(users.one.as_ref().unwrap().user.name, "ben");
    assert_eq!(debugged(&typed(&mut users, "y")), [r#"UserReset { name: "ben" }"#]);
}

#[test]
fn a_device_that_is_gone_lends_its_place_to_no_other() {
    let mut users = opened(user("ada", 1001));
    users.told(&record(user("ada", 1001), vec![device("D2", "key SHA256:two")]), &english());
    assert!(typed(&mut users, "r").is_empty() && users.popup.is_none());
    let shown = screen(&mut users, &english(), 80, 24);
    assert!(shown.contains("That device is not remembered any more") && !shown.contains("> "), "{shown}");
    press(&mut users, KeyCode::Down);
    typed(&mut users, "r");
    assert_eq!(debugged(&typed(&mut users, "y")), [r#"DeviceRevoke { ids: ["D2"] }"#]);
}

#[test]
fn a_click_is_on_whom_one_saw_whatever_was_read_since() {
    let click = |users: &mut Users, row: u16| {
        let kind = MouseEventKind::Down(MouseButton::Left);
        users.mouse(MouseEvent { kind, column: 4, row, modifiers: KeyModifiers::NONE })
    };
    let row_of = |users: &mut Users, text: &str| {
        let shown = screen(users, &english(), 80, 24);
        u16::try_from(shown.lines().position(|line| line.contains(text)).unwrap()).unwrap()
    };
    let mut users = listing(vec![user("ada", 1001), user("ben", 1002), user("cora", 1003)]);
    let ben = row_of(&mut users, "ben");
    users.told(&Told::Users(Ok(vec![user("aaron", 1000), user("ada", 1001), user("ben", 1002)])), &english());
    assert!(click(&mut users, ben).is_empty());
    assert_eq!(users.list.selected().unwrap().name, "ben", "and not ada, who is there by now");

    let mut users = opened(user("ada", 1001));
    let two = row_of(&mut users, "SHA256:two");
    let devices = ["D0", "D1", "D2"].map(|id| device(id, &format!("key {id}")));
    users.told(&record(user("ada", 1001), devices.to_vec()), &english());
    click(&mut users, two);
    assert_eq!(users.one.as_ref().unwrap().device().unwrap().id, "D2");
}

#[test]
fn a_box_about_somebody_else_than_is_open_does_nothing() {
    for (name, uid) in [("ada", 2001), ("ben", 1001)] {
        let mut users = opened(user("ada", 1001));
        users.popup = Some(Popup::new(name, Some(uid), Kind::Question(Act::Reset)));
        assert!(typed(&mut users, "y").is_empty());
        assert!(users.popup.is_none() && users.pending.is_none());
    }
}

#[test]
fn a_new_record_whose_name_the_host_writes_otherwise_is_answered_and_opened_also_after_a_loss() {
    for was_lost in [false, true] {
        let mut users = opened(user("ada", 1001));
        if was_lost {
            typed(&mut users, "u");
            users.told(&lost(), &english());
            users.told(&Told::Health(Ok(Vec::new())), &english());
        }
        press(&mut users, KeyCode::Esc);
        press(&mut users, KeyCode::Insert);
        typed(&mut users, "Cora");
        press(&mut users, KeyCode::Enter);
        let jobs = users.told(&ok("cora", Told::Done, Vec::new()), &english());
        assert_eq!(debugged(&jobs), [r#"User { name: "cora" }"#]);
        assert!(users.pending.is_none());
        users.told(&record(user("cora", 1003), Vec::new()), &english());
        assert_eq!(users.one.as_ref().unwrap().user.name, "cora");
    }
}

#[test]
fn a_code_that_was_typed_for_one_user_leaves_that_of_another() {
    let mut users = opened(user("ada", 1001));
    users.sent = Some(Sent { name: String::from("ben"), channel: Channel::Email, tag: String::from("9C") });
    users.give("ada", Channel::Email, Secret::new(String::from("123456")));
    users.told(&ok("ada", Told::Done, Vec::new()), &english());
    assert!(users.sent.is_some());
    users.give("ben", Channel::Email, Secret::new(String::from("123456")));
    users.told(&ok("ben", Told::Done, Vec::new()), &english());
    assert!(users.sent.is_none());
}
