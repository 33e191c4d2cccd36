//! How far the store is, the clock's mark, and the way back from an older copy of the store.

use super::Answer;
use crate::clock::{Clock, LEAP_S, Moment, SystemClock, rfc3339};
use crate::daemon::{Daemon, Wanted};
use crate::generation::{self, Kept};
use crate::house::{House, Places, store_generation};
use crate::random::KernelRandom;
use crate::seal::{Vault, open_vault};
use crate::store::{AcceptCopy, AcceptedCopy, ClockWasReset, RecoveryCodes, ResetClock, STEP_S, Store, StoreError};
use pam_2fa_protocol::admin::{ClockReply, GenerationReply, RestoreAccept, RestoreAcceptReply};
use std::sync::Arc;

pub(super) async fn generation(house: &House) -> Result<GenerationReply, Answer> {
    Ok(GenerationReply { generation: house.store_generation().await? })
}

pub(super) async fn restore_accept(daemon: &Daemon, asked: &RestoreAccept) -> Result<RestoreAcceptReply, Answer> {
    let recovery = if asked.keep_recovery { RecoveryCodes::Stay } else { RecoveryCodes::End };
    let wanted = Wanted::Sealed("configd is not sealed: its store is no older copy, and there is nothing to accept");
    let work = move |places: &Places| accept(places, recovery);
    let (generation, accepted) =
        daemon.offline(wanted, "an older copy of the store", work).await.map_err(Answer::refused)?;
    tracing::warn!(generation, ?accepted, "an older copy of the store was accepted by an administrator");
    Ok(reply_of(generation, &accepted, daemon))
}

pub(super) fn reply_of(generation: i64, accepted: &AcceptedCopy, daemon: &Daemon) -> RestoreAcceptReply {
    let AcceptedCopy { devices, challenges, passes, apps, recovery_users } = *accepted;
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    RestoreAcceptReply {
        generation,
        devices: count(devices),
        challenges: count(challenges),
        passes: count(passes),
        apps: count(apps),
        recovery_users: count(recovery_users),
        still_sealed: daemon.sealed_because(),
    }
}

/// Blocks. Only where the store is whole, of the key that is there, and counts less than was kept.
fn accept(places: &Places, recovery: RecoveryCodes) -> Result<(i64, AcceptedCopy), String> {
    let Vault { store, high_water_s, lock: _lock, .. } = vault(places)?;
    let before = wait(store_generation(&store))?;
    let kept = match generation::kept(&places.config) {
        Kept::At(kept) if kept > before => kept,
        Kept::At(kept) => {
            return Err(format!(
                "the store is no older copy: it counts {before}, and {kept} was kept; nothing is to be accepted"
            ));
        }
        Kept::Nothing => {
            return Err(String::from(
                "no generation was kept, so the store is no older copy of one; nothing is to be accepted",
            ));
        }
        Kept::Odd(why) => return Err(why),
    };
    let now = SystemClock::new(high_water_s).map_err(|error| format!("no clock: {error}"))?.now();
    let step = SystemClock::wall_s().div_euclid(STEP_S);
    let accepted = wait(store.accept_copy(AcceptCopy { generation: kept, step, recovery, now }))?;
    Ok((wait(store_generation(&store))?, accepted))
}

pub(super) fn clock_status(house: &House) -> ClockReply {
    let _looked_at = house.now();
    clock_reply(house.clock.mark_s(), ClockWasReset::default())
}

fn clock_reply(mark_s: i64, was_reset: ClockWasReset) -> ClockReply {
    let wall_s = SystemClock::wall_s();
    let ahead_s = wall_s.saturating_sub(mark_s);
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    ClockReply {
        wall: rfc3339(wall_s),
        mark: rfc3339(mark_s),
        behind_s: ahead_s.saturating_neg().max(0),
        leap_s: if mark_s != 0 && ahead_s > LEAP_S { ahead_s } else { 0 },
        boot_s: i64::try_from(SystemClock::boot_ms() / 1000).unwrap_or(i64::MAX),
        devices: count(was_reset.devices),
        passes: count(was_reset.passes),
    }
}

pub(super) async fn clock_reset(daemon: &Daemon, house: Arc<House>) -> Result<ClockReply, Answer> {
    let behind_s = house.behind_s();
    if behind_s == 0 {
        return Err(Answer::refused(
            "the clock does not stand behind a time that was seen before: there is nothing to reset",
        ));
    }
    house.key_is_there().map_err(Answer::refused)?;
    drop(house);
    let work = |places: &Places| reset(places);
    let (mark_s, was_reset) = daemon.offline(Wanted::Any, "its clock", work).await.map_err(Answer::refused)?;
    tracing::warn!(behind_s, ?was_reset, "the clock's mark was set back by an administrator");
    Ok(clock_reply(mark_s, was_reset))
}

/// Blocks. Gives the mark as it is now.
fn reset(places: &Places) -> Result<(i64, ClockWasReset), String> {
    let Vault { store, high_water_s: mark_s, lock: _lock, .. } = vault(places)?;
    let wall_s = SystemClock::wall_s();
    if mark_s <= wall_s {
        return Ok((mark_s, ClockWasReset::default()));
    }
    let clock = SystemClock::new(wall_s).map_err(|error| format!("no clock: {error}"))?;
    let now = Moment { wall_s, ..clock.now() };
    Ok((wall_s, wait(store.reset_clock(ResetClock { wall_s, mark_s, now }))?))
}

pub(super) fn vault(places: &Places) -> Result<Vault, String> {
    open_vault(&places.state_dir, &places.runtime_dir, &KernelRandom).map_err(|why| why.to_string())
}

/// On a thread that may block, of the runtime.
pub(super) fn wait<T>(pending: impl Future<Output = Result<T, StoreError>>) -> Result<T, String> {
    tokio::runtime::Handle::current().block_on(pending).map_err(|error| error.to_string())
}
