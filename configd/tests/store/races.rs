//! Many at once: one code lets one in, and all tries share one budget.

use crate::common::*;
use configd::limits::Standing;
use configd::store::{Authenticator, Bucket, Charge, Charged, Consume, Consumed, Proof, Store};
use std::sync::Barrier;
use std::thread;

#[test]
fn sixty_four_threads_with_one_code_are_let_in_once() {
    race(200);
}

#[test]
#[ignore = "three minutes: the same, 10,000 times"]
fn sixty_four_threads_with_one_code_are_let_in_once_ten_thousand_times() {
    race(10_000);
}

#[test]
fn sixty_four_threads_with_one_step_of_an_app_are_let_in_once() {
    let home = Home::with_users();
    crate::methods::enrol(&home, crate::methods::enrol_of(ada()));
    let step = |round: usize| Proof::App { id: String::from("app1"), step: 101 + i64::try_from(round).unwrap() };
    race_with(&home, 50, &step);
}

#[test]
fn sixty_four_threads_with_one_recovery_code_are_let_in_once() {
    let home = Home::with_users();
    crate::methods::enrol(&home, crate::methods::enrol_of(ada()));
    race_with(&home, 10, &|round| Proof::Recovery { mac: crate::methods::mac(u8::try_from(round + 1).unwrap()) });
}

#[test]
fn sixty_four_threads_with_one_grant_are_let_in_once() {
    let home = Home::with_users();
    let name = |round: usize| format!("g{round}");
    for round in 0..16 {
        let pass = crate::methods::pass(configd::store::PassKind::Grant, &name(round), ada());
        wait(home.store.add_pass(pass, at(0))).unwrap();
    }
    race_with(&home, 16, &|round| Proof::Grant { id: configd::store::PassId(name(round)) });
}

/// Each thread has a login of its own: what is used once is not the challenge.
fn race_with(home: &Home, rounds: usize, proof: &(impl Fn(usize) -> Proof + Sync)) {
    const THREADS: usize = 64;
    let barrier = Barrier::new(THREADS);
    let worker = |thread: usize| {
        let mut done = Vec::with_capacity(rounds);
        for round in 0..rounds {
            barrier.wait();
            let challenge = id(u128::try_from(round * THREADS + thread).unwrap());
            let consume = Consume { proof: proof(round), ..consume_of(ada(), challenge) };
            done.push(wait(home.store.consume_code(consume)).unwrap() == Consumed::Done);
        }
        done
    };
    let per_thread: Vec<Vec<bool>> = thread::scope(|scope| {
        let worker = &worker;
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || worker(thread))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for round in 0..rounds {
        assert_eq!(per_thread.iter().filter(|done| done[round]).count(), 1, "round {round}");
    }
}

fn race(rounds: usize) {
    const THREADS: usize = 64;
    let home = Home::with_users();
    let barrier = Barrier::new(THREADS);
    let worker = || {
        let mut done = Vec::with_capacity(rounds);
        for round in 0..rounds {
            barrier.wait();
            let consume = consume_of(ada(), id(u128::try_from(round).unwrap()));
            done.push(wait(home.store.consume_code(consume)).unwrap() == Consumed::Done);
        }
        done
    };
    let per_thread: Vec<Vec<bool>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(worker)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for round in 0..rounds {
        assert_eq!(per_thread.iter().filter(|done| done[round]).count(), 1, "round {round}");
    }
}

#[test]
fn a_thousand_tries_at_once_share_one_budget() {
    let home = Home::with_users();
    let mut now_ms = 0;
    let mut charged = Vec::new();
    // A new wave of 1,000 whenever the longest wait is over, until the authenticator is disabled.
    for _ in 0..40 {
        let wave: Vec<_> = (0..1_000_u128)
            .map(|number| Charge { challenge: id(number), now: at(now_ms), ..charge_of(ada()) })
            .map(|charge| home.store.charge_attempt(charge))
            .collect();
        let done = wait_for_all(wave).into_iter().map(Result::unwrap).filter(is_done).count();
        charged.push(done);
        now_ms += 3_600_000;
    }
    assert!(charged.iter().all(|done| *done <= 3), "{charged:?}");
    assert_eq!(charged.iter().sum::<usize>(), 80, "{charged:?}");
}

#[test]
fn one_operation_that_fails_does_not_undo_the_others() {
    let home = Home::with_users();
    wait(home.store.record_send(send_of(ada(), Some(kept(ada(), id(1)))))).unwrap();
    let limits = configd::limits::TryLimits { attempts: 1_000, before_disabled: 1_000, ..TRIES };
    let mut charges = Vec::new();
    let mut fail = Vec::new();
    for _ in 0..100 {
        charges.push(home.store.charge_attempt(Charge { limits, ..charge_of(ada()) }));
        // Ada's code, for bob.
        fail.push(home.store.consume_code(consume_of(bob(), id(1))));
    }
    thread::scope(|scope| {
        let charging = scope.spawn(|| wait_for_all(charges));
        assert!(wait_for_all(fail).iter().all(Result::is_err));
        assert!(charging.join().unwrap().into_iter().map(Result::unwrap).all(|charged| is_done(&charged)));
    });
    let standing = standing(&home.store, ada(), Authenticator::Email, Bucket::Stranger, limits, at(0));
    assert_eq!(wait(standing).unwrap(), Standing::Open { failures: 100 });
}

fn is_done(charged: &Charged) -> bool {
    matches!(charged, Charged::Done(_))
}
