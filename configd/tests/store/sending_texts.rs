//! The limits of text messages, which count over everybody: number ranges, the day, its cost, and what is kept for known sources.

use crate::common::*;
use configd::clock::Moment;
use configd::limits::{Share, TextLimits};
use configd::store::{
    FactsFor, Limit, RangeNow, SendOf, SendVerdict, Store, TextOf, TextTicket, TextVerdict, UserChange, UserKey,
    Withheld,
};
use proptest::prelude::*;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 86_400_000;
const YEAR_S: i64 = 365 * 86_400;
const RANGE: &str = "+1212555";
/// Nothing withholds but what a test says.
const FREE: TextLimits = TextLimits { per_range_hour: 1_000, per_day: 1_000, cost_per_day: None, price: 0 };

/// A code to the `number`-th user, each from an address of its own.
fn code(number: u32, limits: TextLimits, now: Moment) -> SendOf {
    let user = UserKey { uid: 2000 + number, name: format!("user{number}") };
    let source = from(&format!("198.51.100.{number}/32"));
    let limits = configd::limits::SendLimits { texts: limits, ..SENDS };
    SendOf { source, range: Some(String::from(RANGE)), limits, now, ..send_of(user, None) }
}

/// The same at a source that the user is known from.
fn known_code(number: u32, limits: TextLimits, now: Moment) -> SendOf {
    let code = code(number, limits, now);
    SendOf { bucket: configd::store::Bucket::Known(code.source.clone()), ..code }
}

fn sent(home: &Home, send: SendOf) -> Result<configd::store::SendTicket, Withheld> {
    match wait(home.store.record_send(send)).unwrap() {
        SendVerdict::Go { ticket } => Ok(ticket),
        SendVerdict::Withheld(withheld) => Err(withheld),
    }
}

fn told(home: &Home, send: TextOf) -> Result<TextTicket, Withheld> {
    match wait(home.store.record_text(send)).unwrap() {
        TextVerdict::Go { ticket } => Ok(ticket),
        TextVerdict::Withheld(withheld) => Err(withheld),
    }
}

fn text(share: Share, limits: TextLimits, now: Moment) -> TextOf {
    TextOf { range: String::from(RANGE), share, limits, now }
}

#[test]
fn twenty_messages_an_hour_to_one_range_whoever_has_the_numbers_and_four_of_them_for_known_sources() {
    let mut home = Home::with_users();
    let limits = TextLimits { per_range_hour: 20, ..FREE };
    for number in 0..16 {
        sent(&home, code(number, limits, at(u64::from(number) * 1000))).unwrap();
    }
    let withheld = |wait_s| Withheld { wait_s, by: Limit::Range };
    assert_eq!(sent(&home, code(16, limits, at(60_000))).unwrap_err(), withheld(3540));
    home.reopen();
    assert_eq!(sent(&home, code(16, limits, at(HOUR_MS - 1))).unwrap_err(), withheld(1));
    // Another range is nothing to it.
    sent(&home, SendOf { range: Some(String::from("+1212556")), ..code(16, limits, at(60_000)) }).unwrap();
    for number in 16..20 {
        sent(&home, known_code(number, limits, at(60_000))).unwrap();
    }
    assert_eq!(sent(&home, known_code(20, limits, at(60_000))).unwrap_err(), withheld(3540));
    sent(&home, known_code(20, limits, at(HOUR_MS))).unwrap();
}

#[test]
fn a_mail_is_no_text_message() {
    let home = Home::with_users();
    let limits = TextLimits { per_range_hour: 1, per_day: 1, cost_per_day: Some(1), price: 1 };
    sent(&home, code(0, limits, at(0))).unwrap();
    for number in 1..5 {
        sent(&home, SendOf { range: None, ..code(number, limits, at(0)) }).unwrap();
    }
}

#[test]
fn the_messages_of_a_day_are_counted_over_users_and_ranges_and_a_fifth_is_for_known_sources() {
    let mut home = Home::with_users();
    let limits = TextLimits { per_day: 10, ..FREE };
    let elsewhere = |number: u32| SendOf { range: Some(format!("+49{number}")), ..code(number, limits, at(0)) };
    for number in 0..6 {
        sent(&home, elsewhere(number)).unwrap();
    }
    // Notices and codes are one purse.
    told(&home, text(Share::Rest, limits, at(0))).unwrap();
    told(&home, text(Share::Rest, limits, at(0))).unwrap();
    let withheld = |wait_s| Withheld { wait_s, by: Limit::Day };
    assert_eq!(sent(&home, elsewhere(8)).unwrap_err(), withheld(86_400));
    assert_eq!(told(&home, text(Share::Rest, limits, at(1000))).unwrap_err(), withheld(86_399));
    home.reopen();
    sent(&home, known_code(9, limits, at(0))).unwrap();
    told(&home, text(Share::Whole, limits, at(0))).unwrap();
    assert_eq!(sent(&home, known_code(9, limits, at(DAY_MS - 1))).unwrap_err(), withheld(1));
    assert_eq!(told(&home, text(Share::Whole, limits, at(0))).unwrap_err(), withheld(86_400));
    sent(&home, elsewhere(8)).unwrap_err();
    sent(&home, SendOf { now: at(DAY_MS), ..elsewhere(8) }).unwrap();
}

/// "0.30" at "0.25": a fifth less would never be enough for one.
#[test]
fn of_a_cap_for_one_message_a_stranger_has_it_and_the_next_one_waits_as_for_any_other() {
    let home = Home::with_users();
    let limits = TextLimits { cost_per_day: Some(300_000), price: 250_000, ..FREE };
    let stands = wait(home.store.texts(limits, at(0))).unwrap();
    assert_eq!((stands.whole, stands.rest), (None, None), "nothing was sent, and nothing withholds");
    sent(&home, code(0, limits, at(0))).unwrap();
    let withheld = Withheld { wait_s: 86_340, by: Limit::Cost };
    assert_eq!(sent(&home, code(1, limits, at(60_000))).unwrap_err(), withheld);
    assert_eq!(told(&home, text(Share::Rest, limits, at(60_000))).unwrap_err(), withheld);
    sent(&home, code(1, limits, at(DAY_MS))).unwrap();
}

#[test]
fn what_messages_cost_is_capped_to_the_last_unit_and_a_fifth_is_for_known_sources() {
    let home = Home::with_users();
    // Ten of them; eight are open to strangers.
    let limits = TextLimits { cost_per_day: Some(1_000_000), price: 100_000, ..FREE };
    for number in 0..8 {
        sent(&home, code(number, limits, at(u64::from(number) * 1000))).unwrap();
    }
    let withheld = |wait_s| Withheld { wait_s, by: Limit::Cost };
    assert_eq!(sent(&home, code(8, limits, at(10_000))).unwrap_err(), withheld(86_390));
    sent(&home, known_code(8, limits, at(10_000))).unwrap();
    // The price is another one since: what was sent keeps what it cost.
    let cheaper = TextLimits { price: 50_000, ..limits };
    sent(&home, known_code(9, cheaper, at(10_000))).unwrap();
    sent(&home, known_code(10, cheaper, at(10_000))).unwrap();
    assert_eq!(sent(&home, known_code(11, cheaper, at(10_000))).unwrap_err(), withheld(86_390));
    let stands = wait(home.store.texts(cheaper, at(10_000))).unwrap();
    assert_eq!((stands.sent, stands.cost), (11, 1_000_000));
    assert_eq!(stands.whole, Some(withheld(86_390)));
    // Dearer than all that may be spent: never, and the wait is the window.
    let dear = TextLimits { price: 2_000_000, ..limits };
    assert_eq!(sent(&home, known_code(0, dear, at(3 * DAY_MS))).unwrap_err(), withheld(86_400));
}

#[test]
fn of_fewer_than_five_none_is_kept() {
    let home = Home::with_users();
    let limits = TextLimits { per_day: 1, ..FREE };
    sent(&home, code(0, limits, at(0))).unwrap();
    assert_eq!(sent(&home, known_code(1, limits, at(0))).unwrap_err().by, Limit::Day);
}

#[test]
fn a_withheld_text_message_counts_nowhere_and_one_that_was_not_sent_is_taken_back_from_everywhere() {
    let mut home = Home::with_users();
    let limits = TextLimits { per_day: 1, ..FREE };
    let ticket = sent(&home, code(0, limits, at(0))).unwrap();
    for _ in 0..30 {
        sent(&home, code(1, limits, at(0))).unwrap_err();
    }
    wait(home.store.take_back_send(ticket)).unwrap();
    let ticket = told(&home, text(Share::Rest, limits, at(0))).unwrap();
    told(&home, text(Share::Rest, limits, at(0))).unwrap_err();
    wait(home.store.take_back_text(ticket)).unwrap();
    home.reopen();
    assert_eq!(wait(home.store.texts(limits, at(0))).unwrap().sent, 0);
    // Withheld by the day, nothing was counted for user or source: all ten of an hour are there.
    for _ in 0..10 {
        sent(&home, code(1, FREE, at(0))).unwrap();
    }
    assert_eq!(sent(&home, code(1, FREE, at(0))).unwrap_err().by, Limit::User);
}

#[test]
fn a_ticket_takes_back_its_own_text_message_and_no_other() {
    let home = Home::with_users();
    told(&home, text(Share::Rest, FREE, at(0))).unwrap();
    let ticket = told(&home, text(Share::Rest, FREE, at(1))).unwrap();
    let number = ticket.number;
    wait(home.store.take_back_text(ticket)).unwrap();
    // Its number is used again.
    let other = TextOf { range: String::from("+49151"), ..text(Share::Rest, FREE, at(1)) };
    assert_eq!(told(&home, other).unwrap().number, number);
    let stale = TextTicket { number, range: String::from(RANGE), counted: at(1) };
    wait(home.store.take_back_text(stale)).unwrap();
    assert_eq!(wait(home.store.texts(FREE, at(2))).unwrap().sent, 2);
}

#[test]
fn no_clock_that_jumps_lets_a_text_message_through_or_holds_one_up_beyond_the_window() {
    let limits = TextLimits { per_day: 1, ..FREE };
    let wait_s = |home: &Home, now| sent(home, code(1, limits, now)).map_or_else(|withheld| withheld.wait_s, |_| 0);
    let home = Home::with_users();
    sent(&home, code(0, limits, at(10 * HOUR_MS))).unwrap();
    let before = at(10 * HOUR_MS);
    // Within the boot the wall says nothing, ahead or back.
    for leap_s in [10 * YEAR_S, -10 * YEAR_S] {
        let leapt = Moment { wall_s: before.wall_s + leap_s, ..at(11 * HOUR_MS) };
        assert_eq!(wait_s(&home, leapt), 23 * 3600);
    }
    let rebooted = |wall_s: i64, boot_ms| Moment { wall_s: before.wall_s + wall_s, boot_ms, boot: boot("b") };
    assert_eq!(wait_s(&home, rebooted(120, 60_000)), 86_280, "as old as the wall says");
    assert_eq!(wait_s(&home, rebooted(-YEAR_S, 60_000)), 86_340, "at least as old as the boot");
    assert_eq!(wait_s(&home, rebooted(-YEAR_S, DAY_MS)), 0);
}

#[test]
fn a_login_is_told_the_wait_of_its_users_number_alone() {
    let home = Home::with_users();
    let phone = Some(Some(format!("{RANGE}0100")));
    home.change(UserChange { phone, trusted: true, ..change(ada()) }).unwrap();
    let limits = TextLimits { per_range_hour: 4, ..FREE };
    for number in 0..4 {
        sent(&home, code(number, limits, at(0))).unwrap();
    }
    let sends = configd::limits::SendLimits { texts: limits, ..SENDS };
    let facts = |user| wait(home.store.facts(FactsFor { sends, ..facts_for(user) })).unwrap();
    assert_eq!((facts(ada()).send_wait_s, facts(ada()).text_wait_s), (0, 3600));
    assert_eq!((facts(bob()).send_wait_s, facts(bob()).text_wait_s), (0, 0), "bob has mail alone");
    let stands = wait(home.store.texts(limits, at(0))).unwrap();
    let rest = Withheld { wait_s: 3600, by: Limit::Range };
    assert_eq!(stands.ranges, [RangeNow { range: String::from(RANGE), whole: Some(rest), rest }]);
    assert_eq!((stands.whole, stands.rest), (None, None));
}

#[test]
fn how_texts_stand_tells_a_range_that_is_used_up_for_all_from_one_that_known_sources_still_have_a_part_of() {
    let home = Home::with_users();
    let limits = TextLimits { per_range_hour: 5, ..FREE };
    for number in 0..4 {
        sent(&home, code(number, limits, at(0))).unwrap();
    }
    let ranges = |now| wait(home.store.texts(limits, now)).unwrap().ranges;
    let withheld = |wait_s| Withheld { wait_s, by: Limit::Range };
    let range = String::from(RANGE);
    assert_eq!(ranges(at(1000)), [RangeNow { range: range.clone(), whole: None, rest: withheld(3599) }]);
    sent(&home, known_code(4, limits, at(1000))).unwrap();
    assert_eq!(ranges(at(2000)), [RangeNow { range, whole: Some(withheld(3598)), rest: withheld(3598) }]);
    // The one of a known source is still there, and withholds nothing from anybody.
    assert_eq!(ranges(at(HOUR_MS)), []);
}

#[test]
fn the_countries_of_numbers_on_file_are_those_of_all_users_and_of_no_other() {
    let home = Home::with_users();
    let countries = || {
        let stands = wait(home.store.texts(FREE, at(0))).unwrap();
        stands.regions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(countries(), "");
    let numbers = [
        "+4915112345678",
        "+4915112345679",
        "+12125550100",
        "+14165550100",
        "+12125550199",
        "+447624123456",
        "+447911123456",
        "+881612345678",
        "+79161234567",
        "+18762101234",
    ];
    for (uid, phone) in (3000..).zip(numbers) {
        let key = UserKey { uid, name: format!("user{uid}") };
        home.change(UserChange { phone: Some(Some(String::from(phone))), ..change(key) }).unwrap();
    }
    assert_eq!(countries(), "+881 CA DE GB IM JM RU US");
    // Of whoever may come to name a number.
    let eve = UserKey { uid: 9, name: String::from("eve") };
    assert_eq!(wait(home.store.facts(facts_for(eve))).unwrap().regions.len(), 8);
    assert_eq!(wait(home.store.facts(facts_for(ada()))).unwrap().regions.len(), 0, "ada has a method");
}

#[derive(Debug, Clone)]
enum Step {
    Send(bool),
    /// Milliseconds of `CLOCK_BOOTTIME`, and seconds that the wall is moved by beside it.
    Pass(u64, i64),
    Restart,
    /// So many milliseconds after the end of the boot before.
    Reboot(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => any::<bool>().prop_map(Step::Send),
        4 => (0_u64..HOUR_MS / 2).prop_map(|ms| Step::Pass(ms, 0)),
        2 => (0_u64..HOUR_MS, -YEAR_S..YEAR_S).prop_map(|(ms, leap_s)| Step::Pass(ms, leap_s)),
        1 => Just(Step::Restart),
        1 => (0_u64..HOUR_MS).prop_map(Step::Reboot),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the wall does within a boot, and over restarts and reboots: no more than the limit in any real hour, no more than
    /// strangers' part for strangers, and nothing withheld once the window has passed.
    #[test]
    fn no_walk_of_the_clock_sends_more_in_an_hour_than_the_limit_or_withholds_for_longer(
        steps in prop::collection::vec(step(), 1..80)
    ) {
        let limits = TextLimits { per_range_hour: 5, ..FREE };
        let mut home = Home::with_users();
        // Real time, and the clocks that are shown; the wall of a boot may be wrong until the next.
        let (mut real_ms, mut boot_ms, mut leap_s, mut boots) = (0_u64, 0_u64, 0_i64, 0_u32);
        let mut gone: Vec<(u64, u32)> = Vec::new();
        for step in steps {
            match step {
                Step::Send(is_known) => {
                    let wall_s = WALL_S + i64::try_from(real_ms / 1000).unwrap() + leap_s;
                    let now = Moment { wall_s, boot_ms, boot: boot(&boots.to_string()) };
                    let of_hour = gone.iter().filter(|(at_ms, _)| real_ms - at_ms < HOUR_MS).count();
                    let number = u32::try_from(gone.len() % 200).unwrap();
                    let send = if is_known { known_code(number, limits, now) } else { code(number, limits, now) };
                    // What users and sources may be sent is not what is asked here.
                    let free = configd::limits::SendLimits { per_user_hour: 1_000, per_user_day: 1_000, per_source_hour: 1_000, ..send.limits };
                    let verdict = sent(&home, SendOf { limits: free, ..send });
                    let most = if is_known { 5 } else { 4 };
                    match verdict {
                        Ok(_) => {
                            prop_assert!(of_hour < most, "{of_hour} of {most} in the hour, and one more went");
                            gone.push((real_ms, boots));
                        }
                        Err(withheld) => {
                            prop_assert!(of_hour >= most, "withheld with {of_hour} of {most} in the hour");
                            prop_assert!(withheld.wait_s <= 3600);
                        }
                    }
                }
                Step::Pass(ms, by_s) => {
                    real_ms += ms;
                    boot_ms += ms;
                    // Of messages of an earlier boot the wall is all that is known: docs/limits.md.
                    if gone.iter().all(|(at_ms, of)| *of == boots || real_ms - at_ms >= DAY_MS) {
                        leap_s += by_s;
                    }
                }
                Step::Restart => home.reopen(),
                Step::Reboot(ms) => {
                    home.reopen();
                    // To the second: what the wall knows of an earlier boot is no finer.
                    real_ms = (real_ms + ms).div_ceil(1000) * 1000;
                    // What was counted by a wall that was wrong is nothing to ask about across a reboot: it begins anew.
                    if leap_s != 0 {
                        gone.clear();
                        home = Home::with_users();
                        leap_s = 0;
                    }
                    boot_ms = 0;
                    boots += 1;
                }
            }
        }
    }
}
