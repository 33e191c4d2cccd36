//! The generation of the store, and what mends the store as a whole (`store/upkeep.rs`): each in one transaction.
//!
//! The generation rises with what must not come undone: a change of a user, an enrolment, a use of what is good once. It does not
//! rise with wrong codes and messages: there are as many of those as somebody likes.

use super::failed::Failed;
use super::{challenges, changes, devices, meta, methods, passes};
use crate::store::{
    AcceptCopy, AcceptedCopy, By, ChangeKey, ChangedKey, ClockWasReset, Ended, MetaKey, RecoveryCodes, ResetClock,
    STEP_S, UserKey,
};
use rusqlite::Connection;

/// How far the store is; 0: nothing has happened that counts.
pub(super) fn generation(connection: &Connection) -> Result<i64, Failed> {
    match meta::get(connection, MetaKey::StoreGeneration)? {
        None => Ok(0),
        Some(bytes) => bytes
            .as_slice()
            .try_into()
            .map(i64::from_be_bytes)
            .map_err(|_| Failed::Damaged(String::from("the store's generation is not 8 bytes"))),
    }
}

/// One more.
pub(super) fn raise_generation(connection: &Connection) -> Result<(), Failed> {
    put_generation(connection, generation(connection)?.saturating_add(1))
}

fn put_generation(connection: &Connection, generation: i64) -> Result<(), Failed> {
    meta::put(connection, &[(MetaKey::StoreGeneration, generation.to_be_bytes().to_vec())])
}

/// In the log of changes these are nobody's own.
fn everybody() -> UserKey {
    UserKey { uid: 0, name: String::from("*") }
}

/// [`crate::store::Store::accept_copy`].
pub(super) fn accept_copy(connection: &Connection, accept: &AcceptCopy) -> Result<AcceptedCopy, Failed> {
    let AcceptCopy { generation: to, step, recovery, now } = accept;
    let before = generation(connection)?;
    let accepted = AcceptedCopy {
        devices: devices::end_where(connection, Ended::Restored, |_| true)?,
        challenges: challenges::end_every(connection, now)?,
        passes: passes::end_made_after(connection, i64::MIN)?,
        apps: methods::raise_steps(connection, *step)?,
        recovery_users: match recovery {
            RecoveryCodes::End => methods::end_all_recovery(connection)?,
            RecoveryCodes::Stay => 0,
        },
    };
    put_generation(connection, before.max(*to))?;
    let recovery = match recovery {
        RecoveryCodes::End => format!("recovery codes of {} users", accepted.recovery_users),
        RecoveryCodes::Stay => String::from("no recovery codes"),
    };
    let said = format!(
        "generation {before} in the place of {to}; ended: {} devices, {} codes under way, {} one-time codes, {recovery}",
        accepted.devices, accepted.challenges, accepted.passes
    );
    changes::say(connection, By::Administrator, &everybody(), ("older-store-accepted", said), now)?;
    meta::raise_high_water(connection, now)?;
    Ok(accepted)
}

/// [`crate::store::Store::reset_clock`].
pub(super) fn reset_clock(connection: &Connection, reset: &ResetClock) -> Result<ClockWasReset, Failed> {
    let ResetClock { wall_s, mark_s, now } = reset;
    let was_reset = ClockWasReset {
        devices: devices::end_where(connection, Ended::Clock, |kept| {
            kept.given.wall_s > *wall_s || kept.first_s > *wall_s || kept.last_s > *wall_s
        })?,
        passes: passes::end_made_after(connection, *wall_s)?,
        // No code that this clock has shown is good again: none is taken early, so what was used by it is of this step at most.
        apps: methods::lower_steps(connection, wall_s.div_euclid(STEP_S))?,
    };
    meta::put(connection, &[(MetaKey::HighWater, wall_s.to_be_bytes().to_vec())])?;
    let said = format!(
        "{} s back; ended: {} devices, {} one-time codes; {} apps have codes again",
        mark_s.saturating_sub(*wall_s),
        was_reset.devices,
        was_reset.passes,
        was_reset.apps
    );
    changes::say(connection, By::Administrator, &everybody(), ("clock-reset", said), now)?;
    Ok(was_reset)
}

/// [`crate::store::Store::change_key`].
pub(super) fn change_key(connection: &Connection, change: &ChangeKey) -> Result<ChangedKey, Failed> {
    let ChangeKey { values, again, said, now } = change;
    let changed = ChangedKey {
        apps: methods::seal_apps_again(connection, again)?,
        challenges: challenges::end_every(connection, now)?,
    };
    meta::put(connection, values)?;
    changes::say(connection, By::Administrator, &everybody(), ("key-rotated", said.clone()), now)?;
    meta::raise_high_water(connection, now)?;
    Ok(changed)
}
