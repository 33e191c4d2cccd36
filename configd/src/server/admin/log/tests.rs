//! The log as an administrator asks for it, after logins over a real connection.

use super::*;
use crate::house::Places;
use crate::log::LevelHandle;
use crate::login::world::{rules, ssh};
use crate::rules::Rules;
use crate::server::{admin, login};
use crate::store::UserKey;
use crate::store::sqlite::SqliteStore;
use crate::users::Directory;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{LOG, REFUSED, Refused, STATUS, State as Word, StatusReply};
use pam_2fa_protocol::login::{ANSWER, Answer as Typed, BEGIN, Begin, StepReply, Verdict};
use pam_2fa_protocol::wire::{More, Nothing, decode_reply, encode_call};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixStream;

/// What a test waits for at most, on a busy machine.
const LONG: Duration = Duration::from_secs(20);

/// Everybody is uid 1000.
struct Everybody;

impl Directory for Everybody {
    fn find(&self, name: &str) -> Result<Option<UserKey>, String> {
        Ok(Some(UserKey { uid: 1000, name: String::from(name) }))
    }
}

fn daemon(folder: &Path, house: House) -> Arc<Daemon> {
    let places =
        Places { config: folder.join("config.toml"), state_dir: folder.to_owned(), runtime_dir: folder.to_owned() };
    let (host, since) = (String::from("host"), String::new());
    let daemon = Daemon::new(places, Arc::new(Everybody), host, since, LevelHandle::none()).unwrap();
    daemon.put(crate::daemon::State::Open(Arc::new(house)));
    Arc::new(daemon)
}

async fn opened(folder: &Path, rules: Rules) -> (Arc<Daemon>, Arc<dyn Store>) {
    let house = House::for_tests(folder, rules).await;
    let store = Arc::clone(&house.store);
    (daemon(folder, house), store)
}

/// A login of a process of `uid`, with what is typed at each prompt; the last verdict.
async fn log_in(daemon: &Arc<Daemon>, uid: u32, begin: &Begin, typed: impl Fn(&Daemon) -> String) -> Option<Verdict> {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let serving = tokio::spawn(login::serve(ours, uid, Arc::clone(daemon), None));
    let mut client = Connection::new(theirs);
    client.write(&encode_call(BEGIN, begin, More::No).unwrap()).await.unwrap();
    let verdict = loop {
        let Some(frame) = client.read().await.unwrap() else { break None };
        let reply: StepReply = decode_reply(&frame).unwrap().parameters().unwrap();
        if reply.step.ask.is_none() || begin.decoy {
            break reply.step.verdict;
        }
        let text = Secret::new(typed(daemon));
        client.write(&encode_call(ANSWER, &Typed { text }, More::No).unwrap()).await.unwrap();
    };
    serving.await.unwrap();
    verdict
}

/// An administrator's connection, which has asked this.
async fn ask(daemon: &Arc<Daemon>, asked: &Log) -> Connection {
    let (ours, theirs) = UnixStream::pair().unwrap();
    tokio::spawn(admin::serve(ours, 0, Arc::clone(daemon)));
    let mut client = Connection::new(theirs);
    client.write(&encode_call(LOG, asked, More::Yes).unwrap()).await.unwrap();
    client
}

/// The next reply that is no change; none at the end.
async fn next(client: &mut Connection) -> Option<LogReply> {
    loop {
        let reply = next_of_all(client).await?;
        if reply.change.is_none() {
            return Some(reply);
        }
    }
}

/// The next reply; none at the end.
async fn next_of_all(client: &mut Connection) -> Option<LogReply> {
    let frame = tokio::time::timeout(LONG, client.read()).await.expect("an answer").unwrap()?;
    let reply = decode_reply(&frame).unwrap();
    assert_eq!(reply.error, None);
    let said = reply.parameters().unwrap();
    (reply.continues || said != LogReply::default()).then_some(said)
}

async fn all(daemon: &Arc<Daemon>, asked: &Log) -> Vec<LogReply> {
    let mut client = ask(daemon, asked).await;
    let mut all = Vec::new();
    while let Some(reply) = next(&mut client).await {
        all.push(reply);
    }
    all
}

fn right(daemon: &Daemon) -> String {
    let crate::daemon::State::Open(house) = daemon.state() else { panic!() };
    house.challenges.lock().unwrap().codes().pop().unwrap()
}

fn wrong(daemon: &Daemon) -> String {
    // Never the right one, and easy to find again.
    if right(daemon) == "271828" { String::from("314159") } else { String::from("271828") }
}

#[tokio::test]
async fn every_decision_has_every_field_and_no_code_stands_in_the_log_or_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, _store) = opened(folder.path(), rules()).await;
    let codes = std::sync::Mutex::new(vec![String::from("271828")]);
    let kept = |daemon: &Daemon| {
        let code = right(daemon);
        codes.lock().unwrap().push(code.clone());
        code
    };
    assert_eq!(log_in(&daemon, 0, &ssh("ada", "192.0.2.7"), kept).await, Some(Verdict::Allow));
    assert_eq!(log_in(&daemon, 0, &ssh("ada", "192.0.2.8"), wrong).await, Some(Verdict::MaxTries));
    assert_eq!(log_in(&daemon, 0, &ssh("bob\u{1b}", "192.0.2.9"), wrong).await, Some(Verdict::Deny));
    for _ in 0..3 {
        log_in(&daemon, 0, &Begin { decoy: true, ..ssh("ada", "192.0.2.7") }, wrong).await;
    }
    let all = all(&daemon, &Log::default()).await;
    let (decoys, entries) = all.split_last().unwrap();
    let decoys = decoys.decoys.clone().unwrap();
    assert_eq!((decoys.service.as_str(), decoys.count), ("sshd", 3));
    let entries: Vec<Decision> = entries.iter().map(|reply| reply.entry.clone().unwrap()).collect();
    let shown = |entry: &Decision| {
        assert!(entry.at.len() == 20 && entry.reference.len() == 8, "{entry:?}");
        let at = String::from("2026-11-24T04:00:00Z");
        let entry = Decision { at, reference: String::from("K7Q2M9XD"), ..entry.clone() };
        String::from_utf8(encode_reply(&entry, Continues::No).unwrap().to_vec()).unwrap()
    };
    insta::assert_snapshot!(entries.iter().map(shown).collect::<Vec<_>>().join("\n"), @r#"
    {"parameters":{"at":"2026-11-24T04:00:00Z","reference":"K7Q2M9XD","user":"ada","uid":1000,"peer_uid":0,"source":"192.0.2.7/32","service":"sshd","class":"ssh","factor":"email","verdict":"allow","reason":"code-by-email","generation":1}}
    {"parameters":{"at":"2026-11-24T04:00:00Z","reference":"K7Q2M9XD","user":"ada","uid":1000,"peer_uid":0,"source":"192.0.2.8/32","service":"sshd","class":"ssh","factor":"email","verdict":"max_tries","reason":"wrong-code","generation":1}}
    {"parameters":{"at":"2026-11-24T04:00:00Z","reference":"K7Q2M9XD","user":"bob","peer_uid":0,"source":"192.0.2.9/32","service":"sshd","class":"ssh","verdict":"deny","reason":"bad-name","generation":1}}
    "#);
    let said = format!("{all:?}");
    let mut files = Vec::new();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        files.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    assert!(files.windows(13).any(|window| window == b"code-by-email"), "the log is in these files");
    for code in codes.lock().unwrap().iter() {
        assert!(!said.contains(code.as_str()), "{said}");
        assert!(!files.windows(6).any(|window| window == code.as_bytes()), "a code in a file");
    }
}

#[tokio::test]
async fn ten_thousand_decisions_are_listed_in_seconds_and_logins_go_on_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, store) = opened(folder.path(), rules()).await;
    for number in 0..10_000_u32 {
        store.log_decision(line(number));
        if number % 2_000 == 0 {
            store.keep_log(store::LogLimits::default()).await.unwrap();
        }
    }
    store.keep_log(store::LogLimits::default()).await.unwrap();
    let asked = Log::default();
    let listing = tokio::time::timeout(LONG, all(&daemon, &asked));
    let begin = ssh("ada", "192.0.2.7");
    let (listed, verdict) = tokio::join!(listing, log_in(&daemon, 0, &begin, right));
    assert_eq!(verdict, Some(Verdict::Allow));
    let of_ada = listed.expect("in time").into_iter().filter_map(|reply| reply.entry);
    let references: Vec<String> = of_ada.map(|entry| entry.reference).filter(|text| text.starts_with('R')).collect();
    let wanted: Vec<String> = (0..10_000).map(|number| format!("R{number:07}")).collect();
    let first_other = references.iter().zip(&wanted).find(|(listed, wanted)| listed != wanted);
    assert_eq!((references.len(), first_other), (wanted.len(), None));
}

fn line(number: u32) -> store::Decision {
    store::Decision {
        at_s: 1_795_492_188 + i64::from(number),
        reference: format!("R{number:07}"),
        user: String::from("ada"),
        uid: Some(1000),
        peer_uid: 0,
        source: String::from("192.0.2.7/32"),
        service: String::from("sshd"),
        class: String::from("ssh"),
        factor: None,
        verdict: Verdict::Deny,
        reason: String::from("no-method"),
        device: None,
        generation: 1,
    }
}

#[tokio::test]
async fn who_follows_gets_what_is_decided_from_now_on_and_lets_go_when_the_daemon_is_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, store) = opened(folder.path(), rules()).await;
    store.log_decision(line(1));
    let mut client = ask(&daemon, &Log { follow: true, ..Log::default() }).await;
    let mut all_of_it = ask(&daemon, &Log { ago_s: Some(99_999 * 86_400), follow: true, ..Log::default() }).await;
    assert_eq!(next(&mut all_of_it).await.unwrap().entry.unwrap().reference, "R0000001");
    store.log_decision(line(2));
    daemon_writes(&daemon).await;
    assert_eq!(next(&mut all_of_it).await.unwrap().entry.unwrap().reference, "R0000002");
    assert_eq!(next(&mut client).await.unwrap().entry.unwrap().reference, "R0000002");
    daemon.put(crate::daemon::State::Sealed(Arc::from("the store has failed")));
    assert_eq!(next(&mut client).await, None);
    assert_eq!(next(&mut all_of_it).await, None);
}

#[tokio::test]
async fn who_follows_is_told_on_while_the_log_is_cut_under_it() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, store) = opened(folder.path(), rules()).await;
    for number in 1..=3 {
        store.log_decision(line(number));
    }
    let mut client = ask(&daemon, &Log { ago_s: Some(99_999 * 86_400), follow: true, ..Log::default() }).await;
    for number in 1..=3 {
        let told = next(&mut client).await.unwrap().entry.unwrap().reference;
        assert_eq!(told, format!("R000000{number}"));
    }
    // All that is there is taken away, as if it were over.
    let none = store::LogLimits { keep_s: 0, size_bytes: 0 };
    while !all(&daemon, &Log::default()).await.iter().all(|reply| reply.entry.is_none()) {
        store.keep_log(none).await.unwrap();
    }
    store.log_decision(line(4));
    daemon_writes(&daemon).await;
    assert_eq!(next(&mut client).await.unwrap().entry.unwrap().reference, "R0000004");
}

#[tokio::test]
async fn decoys_stand_where_their_hour_ends_and_not_where_a_user_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, store) = opened(folder.path(), rules()).await;
    // The hour from 03:00 is still running at the first line, and has ended at the second.
    let hour_s = 1_795_489_200;
    store.log_decoys(store::Decoys { hour_s, service: String::from("sshd"), count: 7 });
    store.log_decision(store::Decision { at_s: hour_s + 3_599, ..line(1) });
    store.log_decision(store::Decision { at_s: hour_s + 3_600, ..line(2) });
    let shown = |reply: LogReply| match (reply.entry, reply.decoys) {
        (Some(entry), _) => entry.reference,
        (_, Some(decoys)) => format!("{} {}", decoys.hour, decoys.count),
        (None, None) => String::new(),
    };
    let told: Vec<String> = all(&daemon, &Log::default()).await.into_iter().map(shown).collect();
    assert_eq!(told, ["R0000001", "2026-11-24T03:00:00Z 7", "R0000002"]);
    let of_ada = Log { user: Some(String::from("ada")), ..Log::default() };
    assert_eq!(all(&daemon, &of_ada).await.len(), 2);
}

/// 2030-03-17T17:46:40Z: later than the house's own first change, whose time is the clock's.
const LATER_S: i64 = 1_900_000_000;

fn changed(number: i64, user: &str) -> store::Change {
    store::Change {
        at_s: LATER_S + number,
        by: store::By::Login,
        user: UserKey { uid: 1000, name: String::from(user) },
        what: String::from("set"),
        detail: format!("C{number}"),
    }
}

/// The whole answer, changes too, but for that of the house's own record.
async fn whole(daemon: &Arc<Daemon>, asked: &Log) -> String {
    let mut client = ask(daemon, asked).await;
    let mut all = Vec::new();
    while let Some(reply) = next_of_all(&mut client).await {
        match (reply.entry, reply.change) {
            (Some(entry), None) => all.push(entry.reference),
            (None, Some(change)) if change.detail.starts_with('C') => all.push(change.detail),
            (None, _) => {}
            both @ (Some(_), Some(_)) => panic!("{both:?}"),
        }
    }
    all.join(" ")
}

#[tokio::test]
async fn changes_stand_among_the_decisions_in_the_order_of_time() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, store) = opened(folder.path(), rules()).await;
    for number in [1, 3, 5] {
        store.log_decision(store::Decision { at_s: LATER_S + i64::from(number), ..line(number) });
    }
    for (number, user) in [(0, "ada"), (2, "bob"), (3, "ada"), (6, "ada"), (7, "ada")] {
        store.note_change(changed(number, user)).await.unwrap();
    }
    assert_eq!(
        whole(&daemon, &Log::default()).await,
        "C0 R0000001 C2 C3 R0000003 R0000005 C6 C7",
        "what was changed in the second of a decision stands before it"
    );
    let of_ada = Log { user: Some(String::from("ada")), ..Log::default() };
    assert_eq!(whole(&daemon, &of_ada).await, "C0 R0000001 C3 R0000003 R0000005 C6 C7");
    let since = Log { since: Some(String::from("2030-03-17T17:46:46Z")), ..Log::default() };
    assert_eq!(whole(&daemon, &since).await, "C6 C7");
}

#[tokio::test]
async fn more_changes_than_one_read_gives_are_all_told() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, store) = opened(folder.path(), rules()).await;
    for number in 0..1_300 {
        store.note_change(changed(number, "ada")).await.unwrap();
    }
    store.log_decision(store::Decision { at_s: LATER_S + 1_000, ..line(1_000) });
    let told = whole(&daemon, &Log::default()).await;
    let expected: Vec<String> = (0..=1_000)
        .map(|number| format!("C{number}"))
        .chain([String::from("R0001000")])
        .chain((1_001..1_300).map(|number| format!("C{number}")))
        .collect();
    assert!(told == expected.join(" "), "{told}");
}

#[tokio::test]
async fn who_follows_is_told_of_a_change_at_once_and_of_none_before() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, store) = opened(folder.path(), rules()).await;
    store.note_change(changed(0, "ada")).await.unwrap();
    let mut client = ask(&daemon, &Log { follow: true, ..Log::default() }).await;
    // Nobody knows when it has begun to follow: the first that it tells is one of these, and then each.
    let (mut told, mut number) = (Vec::new(), 1);
    while told.len() < 3 {
        store.note_change(changed(number, "ada")).await.unwrap();
        number += 1;
        if let Ok(Some(reply)) = tokio::time::timeout(Duration::from_millis(200), next_of_all(&mut client)).await {
            told.push(reply.change.unwrap().detail);
        }
    }
    let first: i64 = told[0].strip_prefix('C').unwrap().parse().unwrap();
    assert!(first > 0, "{told:?}");
    assert_eq!(told, [first, first + 1, first + 2].map(|number| format!("C{number}")));
}

/// As the daemon does each second.
async fn daemon_writes(daemon: &Daemon) {
    let crate::daemon::State::Open(house) = daemon.state() else { panic!() };
    house.keep_log().await;
}

#[tokio::test]
async fn who_follows_and_goes_is_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, store) = opened(folder.path(), rules()).await;
    let (ours, theirs) = UnixStream::pair().unwrap();
    let serving = tokio::spawn(admin::serve(ours, 0, Arc::clone(&daemon)));
    let mut client = Connection::new(theirs);
    let asked = Log { since: Some(String::from("2026-01-01")), follow: true, ..Log::default() };
    client.write(&encode_call(LOG, &asked, More::Yes).unwrap()).await.unwrap();
    store.log_decision(line(1));
    daemon_writes(&daemon).await;
    assert!(next(&mut client).await.is_some());
    drop(client);
    tokio::time::timeout(LONG, serving).await.expect("let go").unwrap();
}

#[tokio::test]
async fn the_log_is_asked_for_by_user_and_by_time_and_nonsense_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, store) = opened(folder.path(), rules()).await;
    for number in 0..3 {
        store.log_decision(line(number));
    }
    store.log_decision(store::Decision { user: String::from("bob"), ..line(3) });
    let references = async |asked: Log| {
        let all = all(&daemon, &asked).await;
        all.into_iter().map(|reply| reply.entry.unwrap().reference).collect::<Vec<_>>().join(" ")
    };
    let of = |user: &str| Log { user: Some(String::from(user)), ..Log::default() };
    let since = |since: &str| Log { since: Some(String::from(since)), ..Log::default() };
    assert_eq!(references(of("bob")).await, "R0000003");
    assert_eq!(references(of("eve")).await, "");
    assert_eq!(references(since("2026-11-24T03:49:50Z")).await, "R0000002 R0000003");
    assert_eq!(references(since("2026-11-24T04:49:50+01:00")).await, "R0000002 R0000003");
    assert_eq!(references(since("2026-11-24")).await, "R0000000 R0000001 R0000002 R0000003");
    assert_eq!(references(since("2026-11-25")).await, "");
    let both = Log { ago_s: Some(1), ..since("2026-11-24") };
    for nonsense in [since("2026-13-01"), since("yesterday"), Log { ago_s: Some(-1), ..Log::default() }, both] {
        let mut client = ask(&daemon, &nonsense).await;
        let frame = client.read().await.unwrap().unwrap();
        assert_eq!(decode_reply(&frame).unwrap().error.as_deref(), Some(REFUSED), "{nonsense:?}");
        let refused: Refused = decode_reply(&frame).unwrap().parameters().unwrap();
        assert_eq!(refused.reasons.len(), 1);
    }
}

#[tokio::test]
async fn a_log_that_cannot_be_written_changes_no_verdict_and_is_a_problem_in_the_status() {
    let folder = tempfile::tempdir().unwrap();
    let rules = Rules { required: pam_2fa_protocol::admin::Required::Disabled, ..rules() };
    let mut house = House::for_tests(folder.path(), rules).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let closed = SqliteStore::create(&elsewhere.path().join("state.db"), &[]).unwrap();
    closed.close().unwrap();
    house.store = Arc::new(closed);
    let daemon = daemon(folder.path(), house);
    for _ in 0..5_000 {
        assert_eq!(log_in(&daemon, 0, &ssh("ada", "192.0.2.7"), right).await, Some(Verdict::NotSubject));
    }
    let (ours, theirs) = UnixStream::pair().unwrap();
    tokio::spawn(admin::serve(ours, 0, Arc::clone(&daemon)));
    let mut client = Connection::new(theirs);
    client.write(&encode_call(STATUS, &Nothing {}, More::No).unwrap()).await.unwrap();
    let frame = client.read().await.unwrap().unwrap();
    let status = decode_reply(&frame).unwrap().parameters::<StatusReply>().unwrap().status;
    assert_eq!(status.state, Word::Degraded);
    assert!(status.problems.iter().any(|line| line.contains("the log of decisions")), "{:?}", status.problems);
}
