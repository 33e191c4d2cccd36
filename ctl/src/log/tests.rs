//! A followed log over daemons that come and go.

use super::*;
use crate::screen::Terminal;
use pam_2fa_protocol::frame::terminated;
use pam_2fa_protocol::wire::{Continues, encode_reply};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::io::{ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// So long a daemon is waited for in these tests.
const SHORT: Duration = Duration::from_millis(1_000);

/// A daemon that tells these lines and is gone.
fn tells(lines: &[Value]) -> Client {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    for line in lines {
        theirs.write_all(&terminated(&encode_reply(line, Continues::Yes).unwrap()).unwrap()).unwrap();
    }
    // What is asked is taken, and nothing more is said.
    theirs.shutdown(std::net::Shutdown::Write).unwrap();
    std::thread::spawn(move || std::io::copy(&mut theirs, &mut std::io::sink()));
    Client::over(ours)
}

fn away() -> Error {
    Error::Unreachable { socket: PathBuf::from("/x/admin.sock"), why: ErrorKind::NotFound.into() }
}

fn decision(at: &str, user: &str) -> Value {
    json!({"entry": {"at": at, "reference": "K7Q2M9XD", "user": user, "uid": 1000, "peer_uid": 0, "source": "local", "service": "sshd",
        "class": "ssh", "verdict": "allow", "reason": "code-by-email", "generation": 3}})
}

fn change(at: &str) -> Value {
    json!({"change": {"at": at, "by": "administrator", "user": "ada", "uid": 1000, "what": "unlocked", "detail": ""}})
}

/// What was shown and noted, how it ended, and after how long.
fn followed(
    since: Option<&str>,
    first: Client,
    connect: impl Fn() -> Result<Client, Error>,
) -> (String, String, Error, Duration) {
    let (mut input, mut out, mut err) = (&b""[..], Vec::new(), Vec::new());
    let terminal = Terminal {
        input: &mut input,
        out: &mut out,
        err: &mut err,
        is_watched: false,
        is_typed: false,
        is_seen: false,
        columns: None,
        colours: false,
        locale: String::new(),
        is_utf8: true,
        is_dumb: false,
    };
    let asked = Log { user: None, since: since.map(str::to_owned), ago_s: None, follow: true };
    let started = Deadline::after(Duration::from_secs(3600));
    let error = follow(first, (connect, SHORT), asked, &mut Table::default(), &mut Screen::new(terminal)).unwrap_err();
    let took = started.after - started.left().unwrap();
    (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap(), error, took)
}

#[test]
fn a_daemon_that_stays_away_is_given_up_after_a_minute_with_what_became_of_the_last_one() {
    assert_eq!(PATIENCE, Duration::from_secs(60));
    let (shown, noted, error, took) = followed(None, tells(&[decision("2026-11-24T03:49:48Z", "ada")]), || Err(away()));
    assert!(shown.contains("ada"), "{shown}");
    assert_eq!(noted.lines().count(), 1, "{noted}");
    assert!(matches!(error, Error::Closed { .. }) && error.status() == 3, "{error}");
    assert!(took >= SHORT && took < SHORT + PATIENCE / 2, "{took:?}");
}

/// One whose places are all taken, or that falls down as soon as it is asked.
#[test]
fn a_daemon_that_takes_every_connection_and_ends_it_is_given_up_as_well_and_said_once() {
    let (_, noted, error, took) = followed(None, tells(&[]), || Ok(tells(&[])));
    assert_eq!(noted.lines().count(), 1, "{noted}");
    assert!(matches!(error, Error::Closed { .. }), "{error}");
    assert!(took >= SHORT && took < SHORT + PATIENCE / 2, "{took:?}");
}

/// The log is in the order in which it was written: a decision waits for the next group, and a change does not.
#[test]
fn a_line_that_was_written_after_one_of_a_later_time_is_not_lost_at_a_restart_and_none_is_shown_twice() {
    let first =
        || [decision("2026-11-24T03:50:00Z", "ada"), change("2026-11-24T03:50:06Z"), change("2026-11-24T03:50:06Z")];
    let then = RefCell::new(vec![
        vec![
            decision("2026-11-24T03:50:00Z", "ada"),
            decision("2026-11-24T03:50:05Z", "bob"),
            change("2026-11-24T03:50:06Z"),
        ],
        [&first()[..], &[decision("2026-11-24T03:50:05Z", "bob"), decision("2026-11-24T03:50:07Z", "eve")]].concat(),
    ]);
    let connect = || then.borrow_mut().pop().map(|lines| tells(&lines)).ok_or_else(away);
    let (shown, ..) = followed(Some("2026-11-24"), tells(&first()), connect);
    let count = |word: &str| shown.lines().filter(|line| line.contains(word)).count();
    // Two that say the same are two.
    assert_eq!((count("  allow   ada"), count("unlocked"), count("bob"), count("eve")), (1, 2, 1, 1), "{shown}");
}

#[test]
fn it_is_asked_for_again_from_a_while_before_the_newest_line_and_not_from_before_what_was_asked_for() {
    let log = |since: Option<&str>, ago_s| Log { user: None, since: since.map(str::to_owned), ago_s, follow: true };
    let newest = "2026-11-24T03:50:06Z";
    for (since, from) in [
        ("2026-11-24", "2026-11-24T03:49:06Z"),
        ("2026-11-24T05:49:30+02:00", "2026-11-24T03:49:30Z"),
        // Of a clock that was set back.
        ("2026-11-25", newest),
        ("2026-13-99", "2026-11-24T03:49:06Z"),
    ] {
        assert_eq!(overlapping(newest, earliest(&log(Some(since), None))), from, "{since}");
    }
    assert_eq!(overlapping(newest, earliest(&log(None, Some(3_600)))), newest);
    assert_eq!(overlapping("nonsense", None), "nonsense");
}
