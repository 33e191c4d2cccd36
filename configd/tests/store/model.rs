//! The engine against a model that keeps the same in a few maps, under clocks that walk and restarts.

use crate::common::*;
use configd::clock::Moment;
use configd::limits::{self, Count, Counts, Lock, Standing, TryLimits};
use configd::store::{Authenticator, Bucket, Charge, Charged, Consume, Consumed, Store, UserChange, UserKey};
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};

const LIMITS: TryLimits = TryLimits {
    attempts: 2,
    before_disabled: 26,
    first_wait_s: 10,
    longest_wait_s: 60,
    lock: Some(Lock { after: 7, length_s: 40 }),
};

#[derive(Debug, Clone)]
enum Step {
    Charge(Who),
    Consume(Who, u128),
    End(u128),
    Look(Who),
    /// Milliseconds of `CLOCK_BOOTTIME`, and seconds that the wall is moved by beside it.
    Pass(u64, i64),
    Restart,
    Reboot,
}

#[derive(Debug, Clone)]
struct Who {
    bob: bool,
    authenticator: Authenticator,
    bucket: Bucket,
}

impl Who {
    fn user(&self) -> UserKey {
        if self.bob { bob() } else { ada() }
    }
}

fn who() -> impl Strategy<Value = Who> {
    let authenticator = prop_oneof![Just(Authenticator::Email), Just(Authenticator::Sms)];
    let bucket = prop_oneof![
        3 => Just(Bucket::Stranger),
        2 => Just(known("192.0.2.7/32")),
        2 => Just(known("local")),
        1 => Just(Bucket::Own)
    ];
    (prop::bool::weighted(0.2), authenticator, bucket).prop_map(|(bob, authenticator, bucket)| Who {
        bob,
        authenticator,
        bucket,
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => who().prop_map(Step::Charge),
        2 => (who(), 0_u128..6).prop_map(|(who, number)| Step::Consume(who, number)),
        1 => (0_u128..6).prop_map(Step::End),
        2 => who().prop_map(Step::Look),
        8 => (0_u64..80_000, -100_000_i64..100_000).prop_map(|(ms, wall_s)| Step::Pass(ms, wall_s)),
        1 => Just(Step::Restart),
        1 => Just(Step::Reboot),
    ]
}

#[derive(Default)]
struct Model {
    counts: HashMap<(UserKey, Authenticator), Counts>,
    ended: HashSet<u128>,
}

impl Model {
    /// With those of the user's other authenticators beside them.
    fn counts(&mut self, who: &Who) -> &mut Counts {
        let others = self.counts.iter().filter(|((user, of), _)| *user == who.user() && *of != who.authenticator);
        let elsewhere = others
            .flat_map(|(_, counts)| counts.known.values().chain([&counts.stranger, &counts.own]).cloned())
            .collect();
        let counts = self.counts.entry((who.user(), who.authenticator)).or_default();
        counts.elsewhere = elsewhere;
        counts
    }

    fn standing(&mut self, who: &Who, now: &Moment) -> Standing {
        limits::standing(&who.bucket, self.counts(who), LIMITS, now)
    }

    fn set(&mut self, who: &Who, count: Count) {
        self.counts(who).put(who.bucket.clone(), count);
    }

    fn charge(&mut self, who: &Who, now: &Moment) -> Charged {
        let before = self.standing(who, now);
        if !matches!(before, Standing::Open { .. }) {
            return Charged::Refused(before);
        }
        let _rows = limits::charge(self.counts(who), &who.bucket, LIMITS, now);
        Charged::Done(self.standing(who, now))
    }

    fn consume(&mut self, who: &Who, number: u128, now: &Moment) -> Consumed {
        if !self.ended.insert(number) {
            return Consumed::AlreadyUsed;
        }
        self.set(who, Count::default());
        let _rows = self.counts(who).let_go(now);
        Consumed::Done
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_counts_as_the_model_does(steps in prop::collection::vec(step(), 1..120)) {
        let mut home = Home::with_users();
        for key in [ada(), bob()] {
            let phone = Some(Some(address_of(&key, Authenticator::Sms)));
            home.change(UserChange { phone, trusted: true, ..change(key) }).unwrap();
        }
        let mut model = Model::default();
        let mut now = at(0);
        let mut boots = 0;
        let mut mark_s = WALL_S;
        for step in steps {
            match step {
                Step::Charge(who) => {
                    let charge = Charge {
                        user: who.user(),
                        authenticator: who.authenticator,
                        bucket: who.bucket.clone(),
                        challenge: id(99),
                        limits: LIMITS,
                        now: now.clone(),
                    };
                    prop_assert_eq!(home.charge(charge), model.charge(&who, &now));
                }
                Step::Consume(who, number) => {
                    let consume = Consume {
                        proof: proof_of(&who.user(), who.authenticator),
                        bucket: who.bucket.clone(),
                        now: now.clone(),
                        ..consume_of(who.user(), id(number))
                    };
                    prop_assert_eq!(home.consume(consume).unwrap(), model.consume(&who, number, &now));
                }
                Step::End(number) => {
                    wait(home.store.end_challenge(id(number), now.clone())).unwrap();
                    model.ended.insert(number);
                }
                Step::Look(who) => {
                    let look = standing(&home.store, who.user(), who.authenticator, who.bucket.clone(), LIMITS, now.clone());
                    prop_assert_eq!(wait(look).unwrap(), model.standing(&who, &now));
                }
                Step::Pass(ms, wall_s) => {
                    now.boot_ms += ms;
                    now.wall_s += wall_s;
                }
                Step::Restart => home.reopen(),
                Step::Reboot => {
                    home.reopen();
                    boots += 1;
                    now.boot = boot(&format!("boot {boots}"));
                    now.boot_ms = 0;
                }
            }
            let kept = wait(home.store.meta(configd::store::MetaKey::HighWater)).unwrap().unwrap();
            let kept = i64::from_be_bytes(kept.try_into().unwrap());
            prop_assert!(kept >= mark_s, "the high-water mark fell from {} to {}", mark_s, kept);
            mark_s = kept;
        }
    }
}
