//! What is written of a decision, where, and how often.

use super::*;
use crate::clock::BootId;
use crate::login::class::Class;
use crate::login::source::Source;
use crate::store::sqlite::SqliteStore;
use crate::store::{LogAsk, LogLimits};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

fn decided(peer_uid: u32, verdict: Verdict) -> Decided {
    Decided {
        reference: String::from("K7Q2M9XD"),
        peer_uid,
        user: String::from("ada"),
        uid: Some(1000),
        service: String::from("own"),
        class: Class::Other,
        source: Source::Local,
        factor: Some(Factor::Email),
        verdict,
        reason: "used",
        device: None,
        detail: None,
        generation: 3,
    }
}

fn now(boot_ms: u64) -> Moment {
    Moment { wall_s: 1_795_492_188, boot_ms, boot: BootId(String::from("a")) }
}

async fn lines(store: &SqliteStore) -> usize {
    store.keep_log(LogLimits::default()).await.unwrap();
    store.decisions(LogAsk { after: 0, user: None, since_s: 0 }).await.unwrap().decisions.len()
}

#[tokio::test]
async fn a_user_who_floods_the_socket_gets_ten_lines_a_minute_into_the_log_and_root_each() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::create(&folder.path().join("state.db"), &[]).unwrap();
    let repeats = Repeats::default();
    for _ in 0..1_000 {
        write(&decided(1000, Verdict::Deny), &now(0), &store, &repeats);
    }
    assert_eq!(lines(&store).await, 10);
    // Decoys of his are counted by the same limit.
    for _ in 0..1_000 {
        write(&Decided { reason: DECOY, ..decided(1000, Verdict::Deny) }, &now(0), &store, &repeats);
    }
    assert_eq!((lines(&store).await, store.decoys(0).await.unwrap()), (10, vec![]));
    for _ in 0..100 {
        write(&decided(0, Verdict::Deny), &now(0), &store, &repeats);
    }
    write(&decided(1000, Verdict::Allow), &now(0), &store, &repeats);
    assert_eq!(lines(&store).await, 111);
}

#[derive(Default)]
struct Names(BTreeSet<&'static str>);

impl Visit for Names {
    fn record_debug(&mut self, field: &Field, _value: &dyn std::fmt::Debug) {
        self.0.insert(field.name());
    }
}

/// The names of the fields of each event.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<BTreeSet<&'static str>>>>);

impl<S: tracing::Subscriber> Layer<S> for Seen {
    fn on_event(&self, event: &tracing::Event<'_>, _context: Context<'_, S>) {
        let mut names = Names::default();
        event.record(&mut names);
        self.0.lock().unwrap().push(names.0);
    }
}

#[test]
fn the_line_in_the_journal_has_every_field_whatever_was_decided() {
    let seen = Seen::default();
    // With a single dispatcher tracing asks that of the thread which comes first to an event, and another test's has none.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(seen.clone()), || {
        for verdict in [Verdict::Allow, Verdict::NotSubject, Verdict::Deny, Verdict::MaxTries, Verdict::Unavailable] {
            trace(&decided(0, verdict));
            trace(&Decided { uid: None, factor: None, ..decided(0, verdict) });
        }
    });
    let fields = [
        "class",
        "detail",
        "device",
        "factor",
        "generation",
        "message",
        "peer_uid",
        "reason",
        "reference",
        "service",
        "source",
        "uid",
        "user",
        "verdict",
    ];
    let seen = seen.0.lock().unwrap();
    assert_eq!(seen.len(), 10);
    assert!(seen.iter().all(|names| *names == BTreeSet::from(fields)), "{seen:?}");
}
