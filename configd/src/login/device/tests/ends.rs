//! Each thing that ends trust, on the way of a login, and that it does not come back.

use super::super::super::{Effect, Login};
use super::*;
use crate::clock::HighWater;
use proptest::prelude::*;

/// What the next login from the device is asked for after something happened; and the one after the same was undone.
fn ends(happens: impl Fn(&mut World), undone: impl Fn(&mut World), why: Option<Ended>) {
    let mut world = world(ALL);
    log_in(&mut world, by_key("192.0.2.7"));
    happens(&mut world);
    let (login, said) = world.begin(by_key("192.0.2.7"), 0);
    assert!(said.prompt().starts_with("Code "), "{said:?}");
    let _gone = world.drive(login, Event::Closed);
    undone(&mut world);
    let (_, said) = world.begin(by_key("192.0.2.7"), 0);
    if why.is_some() {
        assert!(said.prompt().starts_with("Code "), "it came back: {said:?}");
    } else {
        assert_eq!(said.verdict(), Some(Verdict::Allow));
    }
    assert_eq!(world.devices[0].ended, why);
}

#[test]
fn trust_ends_with_its_time_and_does_not_come_back_with_the_clock() {
    ends(|world| world.pass(DAY_S * 1000), |_| {}, Some(Ended::Expired));
    // By the clock that nobody can set, though the wall stands still.
    ends(|world| world.now.boot_ms += DAY_S * 1000, |_| {}, Some(Ended::Expired));
    let year_s = 365 * 86_400;
    ends(|world| world.now.wall_s += year_s, |world| world.now.wall_s -= year_s, Some(Ended::Expired));
    // Given by a clock that ran ahead and was set right since.
    ends(|world| world.now.wall_s -= 3_600, |world| world.now.wall_s += 3_600, Some(Ended::Expired));
    // A wall behind a time that was seen: no trust while it is so, and nothing has ended.
    ends(|world| world.behind_s = 301, |world| world.behind_s = 300, None);
    let mut last_second = world(ALL);
    log_in(&mut last_second, by_key("192.0.2.7"));
    last_second.pass((DAY_S - 1) * 1000);
    assert_eq!(log_in(&mut last_second, by_key("192.0.2.7")), Factor::TrustedDevice);
    last_second.pass(1_000);
    assert_eq!(log_in(&mut last_second, by_key("192.0.2.7")), Factor::Email, "a use does not lengthen it");
}

#[test]
fn trust_ends_with_another_policy_also_where_the_old_one_comes_back() {
    // The house counts each change; the number never comes back.
    ends(|world| world.rules.policy += 1, |world| world.rules.policy += 1, Some(Ended::Policy));
    let mut world = world(ALL);
    log_in(&mut world, by_key("192.0.2.7"));
    world.rules.generation += 1;
    assert_eq!(log_in(&mut world, by_key("192.0.2.7")), Factor::TrustedDevice, "settings of something else");
}

#[test]
fn a_changed_password_ends_all_devices_of_the_user_also_where_the_old_shadow_entry_is_put_back() {
    let mut world = world(ALL);
    let stamped = |begin: Begin, stamp: &str| Begin { password_stamp: Some(String::from(stamp)), ..begin };
    world.add("bob", 1001, Verify::NewDevice, Some("bob@example.com"));
    let bob = Begin { user: String::from("bob"), ..by_key("192.0.2.7") };
    log_in(&mut world, bob.clone());
    log_in(&mut world, by_key("192.0.2.7"));
    log_in(&mut world, console_on("tty1"));
    assert_eq!(log_in(&mut world, stamped(by_key("192.0.2.7"), "new")), Factor::Email);
    assert_eq!(log_in(&mut world, stamped(by_key("192.0.2.7"), "new")), Factor::TrustedDevice);
    assert_eq!(log_in(&mut world, stamped(console_on("tty1"), "stamp")), Factor::Email, "the old entry, put back");
    assert_eq!(log_in(&mut world, bob), Factor::TrustedDevice, "another user's");
}

#[test]
fn where_a_change_of_password_cannot_be_seen_trust_lives_for_twelve_hours_at_most() {
    let blind = |begin: Begin| Begin { password_stamp: None, ..begin };
    for (first, then) in [
        (blind(by_key("192.0.2.7")), blind(by_key("192.0.2.7"))),
        (blind(by_key("192.0.2.7")), by_key("192.0.2.7")),
        (by_key("192.0.2.7"), blind(by_key("192.0.2.7"))),
    ] {
        let mut world = world(ALL);
        log_in(&mut world, first);
        world.pass((12 * 3_600 - 1) * 1000);
        assert_eq!(log_in(&mut world, then.clone()), Factor::TrustedDevice);
        world.pass(1_000);
        assert_eq!(log_in(&mut world, then), Factor::Email);
    }
    let mut world = world("ssh = \"1 day\"\nwithout_stamp = \"0 minutes\"");
    log_in(&mut world, blind(by_key("192.0.2.7")));
    assert_eq!(log_in(&mut world, blind(by_key("192.0.2.7"))), Factor::Email);
}

#[test]
fn an_elevation_ends_with_the_boot_though_session_numbers_begin_again() {
    let mut world = world(ALL);
    log_in(&mut world, sudo(5));
    assert_eq!(log_in(&mut world, sudo(5)), Factor::TrustedDevice);
    world.now.boot = BootId(String::from("next"));
    world.now.boot_ms = 0;
    assert_eq!(log_in(&mut world, sudo(5)), Factor::Email);
    // Were its key the same, the boot would still say no.
    let kept = KeptDevice { given: Moment { boot: boot(), ..world.now.clone() }, ..world.devices[0].clone() };
    assert_eq!(over(&kept, 1, &world.now), Some(Ended::Reboot));
}

#[test]
fn a_device_that_is_revoked_between_look_and_use_is_asked() {
    let mut world = world(ALL);
    log_in(&mut world, by_key("192.0.2.7"));
    world.revoked_meanwhile = true;
    let (_, said) = world.begin(by_key("192.0.2.7"), 0);
    assert!(said.prompt().starts_with("Code "), "{said:?}");
}

#[test]
fn a_device_that_goes_again_and_again_is_looked_at_once() {
    let mut world = world(ALL);
    log_in(&mut world, by_key("192.0.2.7"));
    // A store whose reads lag behind its writes goes on showing it.
    world.uses_refused = true;
    let (_, said) = world.begin(by_key("192.0.2.7"), 0);
    assert!(said.prompt().starts_with("Code "), "{said:?}");
}

#[test]
fn a_trusted_login_whose_use_cannot_be_kept_is_denied() {
    let mut world = world(ALL);
    log_in(&mut world, by_key("192.0.2.7"));
    let used = Event::Used(Err(crate::store::StoreError::Closed));
    let (login, effects) = {
        let begin = Event::Begin(Box::new(by_key("192.0.2.7")));
        let (mut login, mut effects) = world.step(Login::new(0, String::from("K7Q2M9XD")), begin);
        while !matches!(effects.last(), Some(Effect::UseDevice(_))) {
            let event = effects.into_iter().find_map(|effect| world.store_answer(effect)).unwrap();
            (login, effects) = world.step(login, event);
        }
        world.step(login, used)
    };
    assert!(login.is_over());
    let verdict = effects.iter().find_map(|effect| if let Effect::End(step) = effect { step.verdict } else { None });
    assert_eq!(verdict, Some(Verdict::Unavailable));
}

/// What may happen to a clock and a device.
#[derive(Debug, Clone)]
enum Act {
    Pass { s: u64 },
    Wall { by_s: i64 },
    Reboot { off_s: u64 },
    LogIn,
    Look,
}

fn act() -> impl Strategy<Value = Act> {
    let some_s = prop_oneof![0_u64..100, 0_u64..10_000, 0_u64..200_000];
    prop_oneof![
        4 => some_s.clone().prop_map(|s| Act::Pass { s }),
        3 => prop_oneof![-4_000_i64..4_000, -400_000_000_i64..400_000_000].prop_map(|by_s| Act::Wall { by_s }),
        1 => some_s.prop_map(|off_s| Act::Reboot { off_s }),
        4 => Just(Act::LogIn),
        4 => Just(Act::Look),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]
    #[test]
    fn however_the_clock_walks_trust_is_never_longer_than_it_was_given_for_and_never_comes_back(
        acts in proptest::collection::vec(act(), 1..60),
    ) {
        let mut world = world(ALL);
        // What nobody can set: seconds that have truly passed; and the wall as somebody sets it, behind its mark.
        let (mut truly_s, mut wall_s, mut boots) = (0_u64, world.now.wall_s, 0);
        let mut mark = HighWater::new(0);
        let mut given: Option<(u64, i64)> = None;
        let mut ended = true;
        for act in acts {
            match act {
                Act::Pass { s } => {
                    truly_s += s;
                    wall_s += i64::try_from(s).unwrap();
                    world.now.boot_ms += s * 1000;
                }
                Act::Wall { by_s } => wall_s += by_s,
                Act::Reboot { off_s } => {
                    truly_s += off_s;
                    wall_s += i64::try_from(off_s).unwrap();
                    boots += 1;
                    (world.now.boot, world.now.boot_ms) = (BootId(format!("boot {boots}")), 0);
                    mark = HighWater::new(mark.mark_s());
                }
                Act::LogIn | Act::Look => {
                    world.now.wall_s = mark.pass(wall_s, world.now.boot_ms);
                    world.behind_s = mark.behind_s(wall_s);
                    let (login, said) = world.begin(by_key("192.0.2.7"), 0);
                    if said.verdict() == Some(Verdict::Allow) {
                        let (given_s, given_boot) = given.unwrap();
                        prop_assert!(!ended, "trust that had ended came back");
                        // Over a reboot only the wall tells; it was at the mark, or a reboot lies between.
                        prop_assert!(i64::from(boots) != given_boot || truly_s - given_s < DAY_S);
                        prop_assert!(world.behind_s <= BEHIND_S);
                    } else {
                        // Asked though it stands: where the clock is behind. Everything else has ended it for good.
                        ended |= world.behind_s <= BEHIND_S;
                        if matches!(act, Act::LogIn) {
                            let code = world.code(&login);
                            let (_, said) = world.answer(login, &code);
                            if said.verdict() == Some(Verdict::Allow) {
                                (given, ended) = (Some((truly_s, i64::from(boots))), false);
                            }
                        } else {
                            let _gone = world.drive(login, Event::Closed);
                        }
                    }
                }
            }
        }
    }
}
