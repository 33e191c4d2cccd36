//! The module before a daemon that is away, hung, slow, lying, of another user, of another release; and before a person who
//! types what nobody types. Every one of these denies, in time, and nothing goes where it should not.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed step is a failed test")]

use e2e::fake_daemon::{Act, FakeDaemon, ask, error, step, verdict};
use e2e::libpam::code::{AUTH_ERR, AUTHINFO_UNAVAIL, CONV_ERR, SUCCESS};
use e2e::libpam::{Pam, Reply, Stage, as_uid, listen_again};
use std::os::unix::net::{UnixListener, UnixStream};
use std::rc::Rc;
use std::time::{Duration, Instant};

const FRAME_OF_ALLOW: &str = r#"{"parameters":{"step":{"tell":[],"verdict":"allow"}}}"#;

/// The module alone on a stage of its own, with its code as libpam's.
fn alone(options: &str) -> Stage {
    let stage = Stage::new();
    stage.service("alone", &[stage.line("required", options)]);
    stage
}

fn log_in(stage: &Stage, replies: &[Reply]) -> i32 {
    Pam::start(stage, "alone", Some("ada"), replies).authenticate(0)
}

fn typed(bytes: &[u8]) -> Reply {
    Reply::Text(bytes.to_vec())
}

fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    #[expect(clippy::disallowed_methods, reason = "how long a login takes is the promise")]
    let began = Instant::now();
    let done = act();
    (done, began.elapsed())
}

#[test]
fn a_daemon_that_is_away_is_a_denial() {
    let stage = alone("");
    assert_eq!(log_in(&stage, &[]), AUTHINFO_UNAVAIL, "no socket");
    drop(UnixListener::bind(stage.socket()).unwrap());
    assert_eq!(log_in(&stage, &[]), AUTHINFO_UNAVAIL, "a socket that nobody listens on");
    std::fs::remove_file(stage.socket()).unwrap();
    std::fs::write(stage.socket(), "").unwrap();
    assert_eq!(log_in(&stage, &[]), AUTHINFO_UNAVAIL, "no socket but a file");
}

#[test]
fn a_daemon_that_hangs_is_a_denial_within_two_seconds() {
    let stage = alone("timeout=60");
    let daemon = FakeDaemon::start(&stage.socket(), &[Act::Hang]);
    let (code, took) = timed(|| log_in(&stage, &[]));
    assert_eq!(code, AUTHINFO_UNAVAIL);
    assert!(took > Duration::from_millis(1_900) && took < Duration::from_secs(4), "{took:?}");
    assert!(daemon.a_connection_ended());
}

#[test]
fn a_full_backlog_is_a_denial_within_two_seconds() {
    let stage = alone("timeout=60");
    let listener = UnixListener::bind(stage.socket()).unwrap();
    listen_again(&listener, 1);
    // The kernel lets one more wait than the backlog says (net/unix/af_unix.c, unix_recvq_full).
    let waiting: Vec<_> = (0..2).map(|_| UnixStream::connect(stage.socket()).unwrap()).collect();
    let (code, took) = timed(|| log_in(&stage, &[]));
    assert_eq!(code, AUTHINFO_UNAVAIL);
    assert!(took > Duration::from_millis(1_900) && took < Duration::from_secs(4), "{took:?}");
    drop((listener, waiting));
}

#[test]
fn a_daemon_that_lies_slowly_is_cut_off_by_one_deadline_for_all() {
    let stage = alone("timeout=1");
    let daemon = FakeDaemon::start(&stage.socket(), &[Act::Trickle(FRAME_OF_ALLOW.into())]);
    let (code, took) = timed(|| log_in(&stage, &[]));
    assert_eq!(code, AUTHINFO_UNAVAIL);
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(daemon.a_connection_ended());

    let later = alone("timeout=1");
    let _daemon = FakeDaemon::start(&later.socket(), &[ask("Code: "), Act::Trickle(FRAME_OF_ALLOW.into())]);
    let (code, took) = timed(|| log_in(&later, &["123456".into()]));
    assert_eq!(code, AUTHINFO_UNAVAIL);
    assert!(took < Duration::from_secs(3), "{took:?}");
}

#[test]
fn time_at_a_prompt_is_the_users() {
    let stage = alone("timeout=1");
    let _daemon = FakeDaemon::start(&stage.socket(), &[ask("Code: "), verdict("allow")]);
    let mut pam = Pam::start(&stage, "alone", Some("ada"), &["123456".into()]);
    pam.at_prompt(|_| std::thread::sleep(Duration::from_millis(1_500)));
    assert_eq!(pam.authenticate(0), SUCCESS);
}

#[test]
fn what_is_no_single_step_of_this_interface_is_a_denial() {
    let lies = [
        Act::Close,
        Act::Raw(Vec::new()),
        Act::Raw(b"\0".to_vec()),
        Act::Raw(b"allow\0".to_vec()),
        Act::Raw(b"\xff\xfe\0".to_vec()),
        Act::Raw(b"{\"parameters\":{\"step\":{\"tell\":[],\"verdict\":\"allow\"}}}\n".to_vec()),
        Act::Raw([FRAME_OF_ALLOW, "\0", FRAME_OF_ALLOW, "\0"].concat().into_bytes()),
        Act::Raw([FRAME_OF_ALLOW, "\0{"].concat().into_bytes()),
        Act::Raw(vec![b' '; 32 * 1024]),
        Act::Raw(format!("{}{FRAME_OF_ALLOW}\0", " ".repeat(16 * 1024)).into_bytes()),
        Act::Raw(format!("{}\0", "[".repeat(16 * 1024 - 1)).into_bytes()),
        Act::Say("{}".into()),
        Act::Say(r#"{"parameters":{}}"#.into()),
        Act::Say(r#"{"parameters":{"step":{}}}"#.into()),
        Act::Say(r#"{"parameters":{"step":{"verdict":"Allow"}},"continues":true}"#.into()),
        Act::Say(r#"{"parameters":{"step":{"verdict":0}}}"#.into()),
        Act::Say(r#"{"parameters":{"step":{"verdict":["allow"]}}}"#.into()),
        step(r#""ask":{"text":"Code: ","echo":true},"verdict":"allow""#),
        step(r#""ask":{"text":"Code: "}"#),
        error("io.pam2fa.Login.Sealed"),
        error("io.pam2fa.Login.NotPermitted"),
        error("io.pam2fa.Login.VersionNotSupported"),
        error("org.varlink.service.MethodNotFound"),
        Act::Say(r#"{"error":"","parameters":{"step":{"tell":[],"verdict":"allow"}}}"#.into()),
    ];
    for lie in lies {
        let stage = alone("timeout=1");
        let daemon = FakeDaemon::start(&stage.socket(), std::slice::from_ref(&lie));
        let code = log_in(&stage, &["123456".into(), "123456".into()]);
        assert_eq!(code, AUTHINFO_UNAVAIL, "{lie:?}");
        assert_eq!(daemon.frames().len(), 1, "{lie:?}");
    }
}

#[test]
fn a_daemon_of_the_next_release_is_understood_where_it_only_says_more() {
    let stage = alone("");
    let more = r#"{"parameters":{"step":{"tell":[],"verdict":"allow","of":{"a":["later"]},"release":null}},"new":1}"#;
    let _daemon = FakeDaemon::start(&stage.socket(), &[Act::Say(more.into())]);
    assert_eq!(log_in(&stage, &[]), SUCCESS);
}

#[test]
fn a_daemon_that_is_restarted_while_the_prompt_stands_is_a_denial() {
    let stage = alone("");
    let mut daemon = Some(FakeDaemon::start(&stage.socket(), &[ask("Code: "), Act::Close]));
    assert_eq!(log_in(&stage, &["123456".into()]), AUTHINFO_UNAVAIL);
    drop(daemon.take());

    let closing = alone("");
    let daemon = FakeDaemon::start(&closing.socket(), &[ask("Code: "), Act::Raw(b"{".to_vec()), Act::Close]);
    assert_eq!(log_in(&closing, &["123456".into()]), AUTHINFO_UNAVAIL, "in the middle of a frame");
    drop(daemon);
}

#[test]
fn a_verdict_that_nobody_asked_for_is_not_taken_for_the_reply_to_a_code() {
    let stage = alone("");
    let daemon = Rc::new(FakeDaemon::start(&stage.socket(), &[ask("Code: "), verdict("deny")]));
    let mut pam = Pam::start(&stage, "alone", Some("ada"), &["000000".into()]);
    let early = Rc::clone(&daemon);
    pam.at_prompt(move |_| early.say_unasked(FRAME_OF_ALLOW));
    assert_eq!(pam.authenticate(0), AUTHINFO_UNAVAIL);
    assert_eq!(daemon.frames().len(), 1, "the code was not sent");
}

#[test]
fn a_socket_of_another_user_gets_no_byte() {
    let stage = alone("");
    let daemon = FakeDaemon::start_as(&stage.socket(), 65534, &[verdict("allow")]);
    assert_eq!(log_in(&stage, &["123456".into()]), AUTHINFO_UNAVAIL);
    assert!(daemon.a_connection_ended());
    assert_eq!(daemon.frames(), Vec::<String>::new());
    assert_eq!(as_uid(1, || log_in(&stage, &[])), AUTHINFO_UNAVAIL);
    assert!(daemon.a_connection_ended());
    assert_eq!(daemon.frames(), Vec::<String>::new());
}

#[test]
fn a_host_that_is_not_root_trusts_root_and_itself_and_sends_no_stamp() {
    for uid in [0, 65534] {
        let stage = alone("");
        let daemon = FakeDaemon::start_as(&stage.socket(), uid, &[verdict("allow")]);
        assert_eq!(as_uid(65534, || log_in(&stage, &[])), SUCCESS);
        assert!(!daemon.frames()[0].contains("password_stamp"), "{:?}", daemon.frames());
    }
}

#[test]
fn what_nobody_can_have_typed_is_a_denial_and_is_not_sent() {
    let junk: [Reply; 9] = [
        typed(b"\x08\n\r\x7fINCORRECT"),
        typed(b"123456\n"),
        typed(b"123\x1b[2J456"),
        typed(b"\xff\xfe\xfd"),
        Reply::Text(vec![b'1'; 64 * 1024]),
        Reply::Text(vec![b'"'; 9 * 1024]),
        Reply::Null,
        Reply::NoReply,
        Reply::Fail(CONV_ERR),
    ];
    for reply in junk {
        let stage = alone("");
        let daemon = FakeDaemon::start(&stage.socket(), &[ask("Code: "), verdict("allow")]);
        assert_eq!(log_in(&stage, std::slice::from_ref(&reply)), AUTH_ERR);
        assert!(daemon.a_connection_ended());
        assert_eq!(daemon.frames().len(), 1, "only Begin was sent");
    }
}

#[test]
fn what_was_typed_is_passed_on_even_if_it_is_wrong_or_empty() {
    for typed in ["", "wrong", " 123456 ", "r", "пароль"] {
        let stage = alone("");
        let daemon =
            FakeDaemon::start(&stage.socket(), &[ask("Code: "), ask("Wrong code. Code: "), verdict("max_tries")]);
        assert_eq!(log_in(&stage, &[typed.into(), typed.into()]), e2e::libpam::code::MAXTRIES);
        assert_eq!(
            daemon.frames()[2],
            format!(r#"{{"method":"io.pam2fa.Login.Answer","parameters":{{"text":"{typed}"}}}}"#)
        );
    }
}

#[test]
fn whoever_answers_a_prompt_with_the_password_does_not_hand_it_to_the_daemon() {
    for echo in [false, true] {
        let stage = Stage::new();
        let question = step(&format!(r#""ask":{{"text":"Code: ","echo":{echo}}}"#));
        let daemon = FakeDaemon::start(&stage.socket(), &[question, verdict("allow")]);
        // pam_unix asks for the password and keeps it; that it is wrong does not matter here.
        stage.service("host", &["auth optional pam_unix.so".into(), stage.line("required", "")]);
        let code = Pam::start(&stage, "host", Some("root"), &["123456".into(), "123456".into()]).authenticate(0);
        assert_eq!(code, AUTH_ERR);
        assert!(daemon.a_connection_ended());
        assert_eq!(daemon.frames().len(), 1, "only Begin was sent");
    }
}

/// How many prompts a decoy shows, and how many a login whose daemon asks as long as a decoy does, where all are answered with `typed`
/// after the password `hunter2`; and what the login's daemon was told.
fn prompts(typed: &str) -> ([usize; 2], Vec<String>) {
    let stage = Stage::new();
    let again = step(r#""ask":{"text":"Code: ","echo":true,"times":3}"#);
    let daemon = FakeDaemon::start(&stage.socket(), &[again.clone(), again.clone(), again, verdict("deny")]);
    let shown = ["decoy", ""].map(|mode| {
        stage.service("host", &["auth optional pam_unix.so".into(), stage.line("required", mode)]);
        let mut answers = vec![Reply::from("hunter2")];
        answers.resize_with(5, || Reply::from(typed));
        let mut pam = Pam::start(&stage, "host", Some("root"), &answers);
        assert_eq!(pam.authenticate(0), AUTH_ERR, "{typed}");
        pam.shown().iter().filter(|(_, text)| text == "Code: ").count()
    });
    let answers = daemon.frames().into_iter().filter(|frame| frame.contains("Login.Answer"));
    (shown, answers.collect())
}

#[test]
fn whatever_is_typed_a_decoy_and_a_login_ask_as_often() {
    let long = |count: usize| "\"".repeat(count);
    for typed in [
        "123456",
        "",
        &long(511),
        &long(512),
        &long(513),
        &long(16_383),
        &long(20_000),
        "\u{8}\n\rINCORRECT",
        "hunter2",
    ] {
        let (shown, answers) = prompts(typed);
        assert_eq!((shown, answers.len()), ([3, 3], 3), "{} bytes", typed.len());
        let nothing = typed.len() > 512 || typed.contains(char::is_control) || typed == "hunter2";
        assert_eq!(answers[0].contains(r#"{"text":""}"#), nothing || typed.is_empty(), "{answers:?}");
    }
}

#[test]
fn many_logins_at_once_do_not_disturb_each_other() {
    let stage = alone("");
    let daemon = FakeDaemon::start(&stage.socket(), &[ask("Code: "), verdict("allow")]);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    assert_eq!(log_in(&stage, &["123456".into()]), SUCCESS);
                }
            });
        }
    });
    assert_eq!(daemon.connections(), 200);
}
