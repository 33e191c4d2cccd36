//! What is told of how it is, and to whom what not.

use super::*;
use crate::server::admin::stage::alone;
use pam_2fa_protocol::admin::{ClockHealth, KeyPlace, Problem, Required, StatusReply, StoreHealth};
use pam_2fa_protocol::courier::{Class, Outcome, Reason};
use pam_2fa_protocol::wire::{Continues, encode_reply};

const SETTINGS: &str = r#"
[policy]
required = "mandatory"
application = "Example Corp"

[email]
server = "smtp.example.com"
from = "login@example.com"
"#;

/// All that could be said, with a mark in whatever names somebody or something.
fn marked() -> Status {
    let channel = ChannelHealth {
        name: String::from("email.backup.second"),
        configured: true,
        server: Some(String::from("MARK.example.com:465")),
        last_success: Some(String::from("2026-11-20T09:00:00Z")),
        last_error: Some(String::from("535 MARK@example.com: no")),
        last_error_at: Some(String::from("2026-11-20T10:00:00Z")),
        last_error_class: Some(Class::AuthError),
        last_error_reason: Some(Reason::Credentials),
        failing_since: Some(String::from("2026-11-20T10:00:00Z")),
        held_until: None,
        waits_for_others: false,
        accepted: 7,
        failed: 1,
    };
    let problem = |kind: &str| Problem {
        kind: String::from(kind),
        since: String::from("2026-11-20T10:00:00Z"),
        text: String::from("MARK: +1MARK, /etc/MARK"),
    };
    let kinds = ["sealed", "settings", "reload", "key", "texts", "channel", "courier", "store", "of a later release"];
    Status {
        version: String::from("0.1.0"),
        state: Word::Degraded,
        since: String::from("2026-11-20T08:00:00Z"),
        sealed_since: None,
        problems: vec![String::from("MARK")],
        unhealthy: kinds.map(problem).to_vec(),
        required: Some(Required::Mandatory),
        application: Some(String::from("MARK Corp")),
        generation: Some(3),
        store_generation: Some(7),
        kept_generation: Some(7),
        key_id: Some(String::from("MARK")),
        users: Some(12),
        channels: vec![channel],
        texts: Some(Texts {
            sent: 1,
            limit: 500,
            limit_for_all: Some(400),
            withheld_until: None,
            withheld_but_known: false,
            cost: None,
            cost_limit: None,
            countries: vec![String::from("MARK")],
        }),
        store: Some(StoreHealth { size: 1, free: 2, whole_at: String::from("2026-11-20T08:00:00Z") }),
        key: Some(KeyHealth { place: KeyPlace::State, path: Some(String::from("/var/lib/MARK")) }),
        clock: Some(ClockHealth { wall: String::from("2026-11-20T10:00:00Z"), behind_s: 0, leap_s: 0 }),
        sandboxes: Vec::new(),
    }
}

#[test]
fn who_only_reads_is_told_of_no_name_address_server_or_file_and_of_nobodys_words() {
    let told = for_readers(marked());
    let frame = encode_reply(&StatusReply { status: told.clone() }, Continues::No).unwrap();
    let text = String::from_utf8(frame.to_vec()).unwrap();
    assert!(!text.contains("MARK"), "{text}");
    // And is told what is unhealthy, and since when.
    assert_eq!(told.unhealthy.len(), 9);
    assert_eq!(told.problems.len(), 9);
    assert!(told.problems[0].starts_with("configd is sealed"), "{:?}", told.problems);
    assert!(told.problems[8].starts_with("something is unhealthy"), "{:?}", told.problems);
    assert!(told.unhealthy.iter().all(|problem| problem.since == "2026-11-20T10:00:00Z"));
    assert_eq!(told.channels[0].last_error_class, Some(Class::AuthError));
    assert_eq!((told.users, told.state), (Some(12), Word::Degraded));
}

/// As root, whose file the settings must be; for anybody else there is a problem more.
#[tokio::test]
async fn the_shape_of_store_key_clock_and_sandbox_is_told() {
    let (folder, daemon) = alone("", |_| ()).await;
    let status = status(&daemon).await;
    let store = status.store.unwrap();
    assert!(store.size > 4096 && store.free > 0, "{store:?}");
    let key = status.key.unwrap();
    assert_eq!(key.place, KeyPlace::State);
    assert_eq!(key.path, Some(folder.path().join("key").display().to_string()));
    assert_eq!(status.clock.unwrap().behind_s, 0);
    // No courier runs here.
    let processes: Vec<&str> = status.sandboxes.iter().map(|sandbox| sandbox.process.as_str()).collect();
    assert_eq!(processes, ["configd"]);
}

#[tokio::test]
async fn a_courier_that_is_not_there_is_unhealthy_where_something_is_to_be_sent_and_since_when_stays() {
    let (_folder, daemon) = alone("", |_| ()).await;
    let State::Open(house) = daemon.state() else { panic!("sealed") };
    let channels = house.post.health.channels(&house.rules(), &house.now());
    let none = channels.iter().map(|channel| ChannelHealth { configured: false, ..channel.clone() });
    assert_eq!(courier(&house, &none.collect::<Vec<_>>()).await, (None, None));
    let (sandbox, unreached) = courier(&house, &channels).await;
    assert_eq!(sandbox, None);
    let text = unreached.unwrap().text;
    assert!(text.contains("the courier does not answer at ") && text.contains("courier.sock"), "{text}");
    let since = async || {
        let status = status(&daemon).await;
        assert_eq!(status.state, Word::Degraded);
        status.unhealthy.into_iter().find(|problem| problem.kind == "courier").map(|problem| problem.since)
    };
    let first = since().await;
    assert!(first.is_some());
    assert_eq!(since().await, first);
}

/// However many ask without a pause, store, disk and courier are asked once a second.
#[tokio::test]
async fn readers_who_ask_without_a_pause_have_it_looked_at_once_a_second() {
    use crate::server::readers;
    use crate::wire_io::Connection;
    use pam_2fa_protocol::status::STATUS;
    use pam_2fa_protocol::wire::{More, Nothing, decode_reply, encode_call};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::net::{UnixListener, UnixStream};

    const ASKS: usize = 400;
    let (folder, daemon) = alone("", |_| ()).await;
    // Each look asks the courier.
    let courier = UnixListener::bind(folder.path().join("courier.sock")).unwrap();
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&looks);
    tokio::spawn(async move {
        while courier.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let daemon = Arc::new(daemon);
    let began_ms = SystemClock::boot_ms();
    let reader = async || {
        let (ours, theirs) = UnixStream::pair().unwrap();
        tokio::spawn(readers::serve(ours, 0, Arc::clone(&daemon)));
        let mut client = Connection::new(theirs);
        for _ in 0..ASKS {
            client.write(&encode_call(STATUS, &Nothing {}, More::No).unwrap()).await.unwrap();
            let frame = client.read().await.unwrap().unwrap();
            let reply: StatusReply = decode_reply(&frame).unwrap().parameters().unwrap();
            assert_eq!(reply.status.state, Word::Degraded);
        }
    };
    tokio::join!(reader(), reader());
    let seconds = usize::try_from(SystemClock::boot_ms().saturating_sub(began_ms) / TOLD_MS).unwrap();
    let looks = looks.load(Ordering::Relaxed);
    assert!((1..=seconds + 1).contains(&looks), "{looks} looks in {seconds} s for {} asks", 2 * ASKS);
}

/// After an upgrade at night nobody is told that nothing was ever sent. As root, whose file the settings must be.
#[tokio::test]
#[expect(clippy::disallowed_macros, reason = "a test that is skipped says so")]
async fn last_success_last_error_and_since_when_are_told_after_a_restart() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("NOT CHECKED: needs root, whose file the settings must be");
        return;
    }
    let (_folder, daemon) = alone(SETTINGS, |_| ()).await;
    let outcome = |class, said: &str| Outcome {
        class,
        reason: None,
        retry_after_s: None,
        provider_id: None,
        said: String::from(said),
    };
    {
        let State::Open(house) = daemon.state() else { panic!("sealed") };
        house.post.health.note("email", &outcome(Class::Accepted, ""), &house.now());
        house.post.health.note("email", &outcome(Class::Temporary, "421 not now"), &house.now());
    }
    let email = async || status(&daemon).await.channels.into_iter().find(|channel| channel.name == "email").unwrap();
    let was = email().await;
    daemon.close(Duration::from_secs(10)).await;
    daemon.open().await.unwrap();
    let is = email().await;
    assert!(is.last_success.is_some() && is.failing_since.is_some());
    assert_eq!((is.last_success, is.failing_since), (was.last_success, was.failing_since));
    assert_eq!((is.last_error.as_deref(), is.last_error_at), (Some("421 not now"), was.last_error_at));
    assert_eq!((was.failed, is.failed), (1, 0), "what is counted is counted since the start");
    let problems = status(&daemon).await.problems;
    assert!(problems.iter().any(|problem| problem.contains("421 not now")), "{problems:?}");
}
