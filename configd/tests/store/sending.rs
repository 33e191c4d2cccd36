//! The limits of messages, under clocks that jump.

use crate::common::*;
use configd::clock::Moment;
use configd::limits::SendLimits;
use configd::store::{Consumed, FactsFor, Limit, SendOf, SendVerdict, Store, Withheld};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 86_400_000;
const YEAR_S: i64 = 365 * 86_400;

fn sent(home: &Home, send: SendOf) -> SendVerdict {
    wait(home.store.record_send(send)).unwrap()
}

/// Sends `count` messages, all of which must go.
fn send_many(home: &Home, send: &SendOf, count: u32) {
    for _ in 0..count {
        assert!(is_go(&sent(home, send.clone())));
    }
}

fn is_go(verdict: &SendVerdict) -> bool {
    matches!(verdict, SendVerdict::Go { .. })
}

/// By what one user may be sent.
fn withheld(wait_s: u64) -> SendVerdict {
    SendVerdict::Withheld(Withheld { wait_s, by: Limit::User })
}

#[test]
fn ten_messages_an_hour_and_the_wait_is_told_to_the_second() {
    let mut home = Home::with_users();
    for minute in 0..10 {
        assert!(is_go(&sent(&home, SendOf { now: at(minute * 60_000), ..send_of(ada(), None) })));
    }
    let at_ms = |now_ms| SendOf { now: at(now_ms), ..send_of(ada(), None) };
    assert_eq!(sent(&home, at_ms(600_000)), withheld(3_000));
    home.reopen();
    assert_eq!(sent(&home, at_ms(HOUR_MS - 1)), withheld(1));
    let facts = wait(home.store.facts(FactsFor { now: at(HOUR_MS - 1), ..facts_for(ada()) })).unwrap();
    assert_eq!(facts.send_wait_s, 1);
    assert!(is_go(&sent(&home, at_ms(HOUR_MS))));
    // The window slides: the next one leaves it a minute after the first.
    assert_eq!(sent(&home, at_ms(HOUR_MS)), withheld(60));
}

#[test]
fn forty_messages_a_day() {
    let home = Home::with_users();
    for quarter in 0..40 {
        assert!(is_go(&sent(&home, SendOf { now: at(quarter * HOUR_MS / 4), ..send_of(ada(), None) })));
    }
    let late = SendOf { now: at(20 * HOUR_MS), ..send_of(ada(), None) };
    assert_eq!(sent(&home, late), withheld(4 * 3600));
    let next_day = SendOf { now: at(DAY_MS), ..send_of(ada(), None) };
    assert!(is_go(&sent(&home, next_day)));
}

#[test]
fn a_withheld_message_counts_nothing_and_keeps_no_challenge() {
    let home = Home::with_users();
    let limits = SendLimits { per_user_hour: 1, ..SENDS };
    let send = |number| SendOf { limits, ..send_of(ada(), Some(kept(ada(), id(number)))) };
    assert!(is_go(&sent(&home, send(1))));
    for _ in 0..5 {
        assert_eq!(sent(&home, send(2)), withheld(3600));
    }
    let open = wait(home.store.open_challenges(at(0), 3)).unwrap();
    assert_eq!(open.into_iter().map(|kept| kept.id).collect::<Vec<_>>(), [id(1)]);
    assert!(is_go(&sent(&home, SendOf { now: at(HOUR_MS), ..send(3) })));
}

#[test]
fn a_limit_of_nothing_sends_nothing() {
    let home = Home::with_users();
    let limits = SendLimits { per_user_hour: 0, ..SENDS };
    assert_eq!(sent(&home, SendOf { limits, ..send_of(ada(), None) }), withheld(3600));
}

#[test]
fn twenty_messages_an_hour_from_one_source_whoever_they_go_to() {
    let home = Home::with_users();
    send_many(&home, &send_of(ada(), None), 10);
    send_many(&home, &send_of(bob(), None), 10);
    let eve = configd::store::UserKey { uid: 9, name: String::from("eve") };
    let by_source = SendVerdict::Withheld(Withheld { wait_s: 3600, by: Limit::Source });
    assert_eq!(sent(&home, send_of(eve.clone(), None)), by_source);
    // From elsewhere, and for the known and the local, it does not matter.
    assert!(is_go(&sent(&home, SendOf { source: from("192.0.2.8/32"), ..send_of(eve.clone(), None) })));
    assert!(is_go(&sent(&home, SendOf { bucket: known("192.0.2.7/32"), ..send_of(eve.clone(), None) })));
    let limits = SendLimits { per_source_hour: 0, ..SENDS };
    assert!(is_go(&sent(&home, SendOf { source: from("local"), limits, ..send_of(eve, None) })));
}

#[test]
fn strangers_cannot_use_up_the_messages_of_a_known_source() {
    let home = Home::with_users();
    send_many(&home, &send_of(ada(), None), 10);
    assert_eq!(sent(&home, send_of(ada(), None)), withheld(3600));
    let here = SendOf { bucket: known("192.0.2.7/32"), ..send_of(ada(), None) };
    send_many(&home, &here, 10);
    assert_eq!(sent(&home, here), withheld(3600));
}

#[test]
fn one_known_source_cannot_use_up_the_messages_of_another() {
    let home = Home::with_users();
    let from_known = |source| SendOf { source: from(source), bucket: known(source), ..send_of(ada(), None) };
    send_many(&home, &from_known("local"), 10);
    assert_eq!(sent(&home, from_known("local")), withheld(3600));
    send_many(&home, &from_known("192.0.2.7/32"), 10);
    send_many(&home, &send_of(ada(), None), 10);
}

#[test]
fn a_message_that_was_not_sent_is_taken_back_and_its_challenge_stays() {
    let mut home = Home::with_users();
    let send = send_of(ada(), Some(kept(ada(), id(1))));
    for _ in 0..50 {
        let SendVerdict::Go { ticket } = sent(&home, send.clone()) else { panic!() };
        wait(home.store.take_back_send(ticket)).unwrap();
    }
    home.reopen();
    assert_eq!(wait(home.store.open_challenges(at(0), 3)).unwrap().len(), 1);
    send_many(&home, &send, 10);
    assert_eq!(sent(&home, send), withheld(3600));
}

#[test]
fn a_ticket_takes_back_its_own_message_and_no_other() {
    let home = Home::with_users();
    let SendVerdict::Go { ticket: first } = sent(&home, send_of(ada(), None)) else { panic!() };
    let SendVerdict::Go { ticket: second } = sent(&home, SendOf { now: at(1), ..send_of(ada(), None) }) else {
        panic!()
    };
    let number = second.number;
    wait(home.store.take_back_send(second)).unwrap();
    // Its number is used again, for another user.
    let SendVerdict::Go { ticket } = sent(&home, SendOf { now: at(1), ..send_of(bob(), None) }) else { panic!() };
    assert_eq!(ticket.number, number);
    let stale = configd::store::SendTicket { number, user: ada(), counted: at(1), text: None };
    wait(home.store.take_back_send(stale)).unwrap();
    wait(home.store.take_back_send(first)).unwrap();
    send_many(&home, &SendOf { now: at(2), ..send_of(bob(), None) }, 9);
    assert_eq!(sent(&home, SendOf { now: at(2), ..send_of(bob(), None) }), withheld(3600));
    send_many(&home, &SendOf { now: at(2), ..send_of(ada(), None) }, 10);
}

#[test]
fn messages_to_one_user_do_not_count_for_another() {
    let home = Home::with_users();
    send_many(&home, &send_of(ada(), None), 10);
    assert!(is_go(&sent(&home, SendOf { source: from("192.0.2.8/32"), ..send_of(bob(), None) })));
}

#[test]
fn a_wall_that_leaps_ahead_lets_nothing_through_within_a_boot() {
    let home = Home::with_users();
    send_many(&home, &send_of(ada(), None), 10);
    let leapt = Moment { wall_s: WALL_S + 10 * YEAR_S, ..at(60_000) };
    assert_eq!(sent(&home, SendOf { now: leapt, ..send_of(ada(), None) }), withheld(3540));
}

#[test]
fn a_wall_that_stands_still_or_came_back_from_a_leap_holds_nothing_up_beyond_the_window() {
    let home = Home::with_users();
    // Counted while the wall stood ten years ahead, which did not become the mark; then it was set back.
    let leapt = SendOf { now: Moment { wall_s: WALL_S + 10 * YEAR_S, ..at(0) }, ..send_of(ada(), None) };
    send_many(&home, &leapt, 10);
    assert_eq!(sent(&home, SendOf { now: at(HOUR_MS - 1000), ..send_of(ada(), None) }), withheld(1));
    send_many(&home, &SendOf { now: at(HOUR_MS), ..send_of(ada(), None) }, 10);
    // The wall was set back and stands at its mark.
    let standing = Moment { wall_s: at(HOUR_MS).wall_s, ..at(2 * HOUR_MS) };
    assert!(is_go(&sent(&home, SendOf { now: standing, ..send_of(ada(), None) })));
}

#[test]
fn a_reboot_lets_nothing_through_and_holds_nothing_up_beyond_the_window() {
    let home = Home::with_users();
    let before = at(10 * HOUR_MS);
    send_many(&home, &SendOf { now: before.clone(), ..send_of(ada(), None) }, 10);
    let after = |wall_s: i64, boot_ms| {
        let now = Moment { wall_s: before.wall_s + wall_s, boot_ms, boot: boot("b") };
        wait(home.store.facts(FactsFor { now, ..facts_for(ada()) })).unwrap().send_wait_s
    };
    assert_eq!(after(120, 60_000), 3480, "as old as the wall says");
    assert_eq!(after(0, 60_000), 3540, "the wall stands still: at least as old as the boot");
    assert_eq!(after(-YEAR_S, 60_000), 3540, "the wall is behind: the same");
    assert_eq!(after(0, HOUR_MS), 0);
    assert_eq!(after(3600, 60_000), 0);
}

#[test]
fn messages_older_than_a_day_are_taken_away() {
    let home = Home::with_users();
    send_many(&home, &send_of(ada(), None), 10);
    let old_boot = SendOf { now: Moment { boot: boot("0"), ..at(0) }, source: from("local"), ..send_of(bob(), None) };
    send_many(&home, &old_boot, 5);
    let late = Moment { wall_s: WALL_S + 86_400, ..at(DAY_MS) };
    send_many(&home, &SendOf { now: late, ..send_of(ada(), None) }, 1);
    home.store.close().unwrap();
    let reader = rusqlite::Connection::open(home.path()).unwrap();
    let left: u32 = reader.query_row("SELECT count(*) FROM sends", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 1);
}

#[test]
fn marks_of_used_codes_are_kept_for_a_day_of_their_boot_and_dead_challenges_go() {
    let home = Home::with_users();
    send_many(&home, &send_of(ada(), Some(kept(ada(), id(1)))), 1);
    send_many(&home, &send_of(ada(), Some(kept(ada(), id(2)))), 1);
    home.consume(consume_of(ada(), id(1))).unwrap();
    let later = |ms| SendOf { now: at(ms), ..send_of(ada(), None) };
    send_many(&home, &later(DAY_MS - 1), 1);
    assert_eq!(home.consume(consume_of(ada(), id(1))).unwrap(), Consumed::AlreadyUsed);
    let rows = |table: &str| {
        let reader = rusqlite::Connection::open(home.path()).unwrap();
        reader.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, u32>(0)).unwrap()
    };
    assert_eq!((rows("ended"), rows("challenges")), (1, 0));
    send_many(&home, &later(DAY_MS), 1);
    assert_eq!(rows("ended"), 0);
    wait(home.store.end_challenge(id(3), at(DAY_MS))).unwrap();
    send_many(&home, &SendOf { now: Moment { boot: boot("b"), ..at(0) }, ..send_of(ada(), None) }, 1);
    assert_eq!(rows("ended"), 0);
}
