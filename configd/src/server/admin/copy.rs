//! A copy of the store for an administrator to keep, and one that comes back.
//!
//! What leaves here is not locked: the command locks it before it is written anywhere. Its secrets are sealed all the same, and the key
//! goes with it only where that was asked for.

use super::upkeep::{reply_of, wait};
use super::{Answer, done, house};
use crate::clock::{Clock, SystemClock};
use crate::daemon::{Daemon, State, Wanted};
use crate::generation::{self, Kept};
use crate::house::{Places, store_generation};
use crate::seal::{self, MasterKey, Was, Wish};
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::copy::{Copy, copy_of};
use crate::store::{AcceptCopy, AcceptedCopy, By, Change, RecoveryCodes, STEP_S, Store, UserKey};
use crate::wire_io::Connection;
use data_encoding::BASE64;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{
    Backup, BackupAbout, BackupReply, PIECE, Restore, RestorePut, RestorePutReply, RestoreReply,
};
use pam_2fa_protocol::frame::Frame;
use pam_2fa_protocol::wire::{Continues, encode_reply};
use std::fs::File;
use std::io::Read;

pub(super) async fn backup(
    daemon: &Daemon,
    asked: &Backup,
    more: bool,
    connection: &mut Connection,
) -> Result<Frame, Answer> {
    if !more {
        return Err(Answer::refused("a backup wants a call with `more`"));
    }
    // In one turn: nothing else may change the key, leave the store or open it meanwhile.
    let (copy, key) = daemon.in_turn(copied(daemon, asked.with_key)).await?;
    let Copy { file, key_id, generation, users } = copy;
    let users = i64::try_from(users).unwrap_or(i64::MAX);
    tracing::warn!(with_key = asked.with_key, generation, "a copy of the store was handed to an administrator");
    tell(connection, BackupReply { about: Some(BackupAbout { key_id, generation, users, key }), data: None }).await?;
    pieces(file, connection).await
}

/// The store as it is now, and its key where that goes with it.
async fn copied(daemon: &Daemon, with_key: bool) -> Result<(Copy, Option<Secret>), Answer> {
    let house = house(daemon)?;
    let ours = house.keys.id().as_str();
    if let Some(before) = house.keys.before() {
        return Err(Answer::refused(format!(
            "a rotation of the key is not finished, and what key {before} sealed in config.toml would open nowhere else; \
             `pam-2fa key rotate` finishes it"
        )));
    }
    let key = if with_key { Some(house.key_line().map_err(Answer::refused)?) } else { None };
    let change = Change {
        at_s: house.now().wall_s,
        by: By::Administrator,
        user: UserKey { uid: 0, name: String::from("*") },
        what: String::from(if with_key { "backup-with-key" } else { "backup" }),
        detail: String::from(ours),
    };
    house.store.note_change(change).await?;
    let path = daemon.state_dir().join("state.db");
    let copied = tokio::task::spawn_blocking(move || copy_of(&path)).await;
    let copy = copied.map_err(Answer::refused)?.map_err(Answer::refused)?;
    if copy.key_id == ours {
        return Ok((copy, key));
    }
    Err(Answer::refused(format!(
        "the store is of key {}, and key {ours} is in use: such a backup would open nowhere; `pam-2fa status` says what is wrong",
        copy.key_id
    )))
}

async fn tell(connection: &mut Connection, reply: BackupReply) -> Result<(), Answer> {
    Ok(connection.write(&encode_reply(&reply, Continues::Yes)?).await?)
}

async fn pieces(file: File, connection: &mut Connection) -> Result<Frame, Answer> {
    let most = u64::try_from(PIECE).unwrap_or(u64::MAX);
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        // A page or two of a file that was read through just now.
        let read = (&file).take(most).read_to_end(&mut piece).map_err(Answer::refused)?;
        if read == 0 {
            return done(&BackupReply::default());
        }
        tell(connection, BackupReply { about: None, data: Some(BASE64.encode(&piece)) }).await?;
    }
}

pub(super) async fn put(daemon: &Daemon, asked: RestorePut) -> Result<RestorePutReply, Answer> {
    let RestorePut { at, data } = asked;
    let bytes = BASE64.decode(data.as_bytes()).map_err(|_| Answer::Parameters)?;
    let at = u64::try_from(at).map_err(|_| Answer::Parameters)?;
    let state_dir = daemon.state_dir().to_owned();
    let put = daemon.in_turn(tokio::task::spawn_blocking(move || seal::put(&state_dir, at, &bytes))).await;
    let next = put.map_err(Answer::refused)?.map_err(Answer::refused)?;
    Ok(RestorePutReply { next: i64::try_from(next).unwrap_or(i64::MAX) })
}

pub(super) async fn restore(daemon: &Daemon, asked: Restore) -> Result<RestoreReply, Answer> {
    let done = put_in_place(daemon, asked).await;
    if done.is_err() {
        // Refused, it is not kept here: it is somebody's whole store.
        let state_dir = daemon.state_dir().to_owned();
        let _ended = daemon.in_turn(tokio::task::spawn_blocking(move || seal::clear_pieces(&state_dir))).await;
    }
    done
}

async fn put_in_place(daemon: &Daemon, asked: Restore) -> Result<RestoreReply, Answer> {
    let Restore { length, accept, keep_recovery, key } = asked;
    let key = key.map(|key| MasterKey::parse(key.expose())).transpose();
    let key = key.map_err(|why| Answer::refused(format!("what is in the backup is no key ({why})")))?;
    let wish = Wish { length: u64::try_from(length).map_err(|_| Answer::Parameters)?, accept, key };
    let wish = known_before(daemon, wish).await?;
    let recovery = if keep_recovery { RecoveryCodes::Stay } else { RecoveryCodes::End };
    let work = move |places: &Places| {
        seal::restore(&places.state_dir, &places.runtime_dir, &wish, |store, was| mend(places, store, was, recovery))
            .map_err(|error| error.to_string())
    };
    let done = daemon.offline(Wanted::Any, "a store from a backup", work).await.map_err(Answer::refused)?;
    let ((generation, accepted), aside) = done;
    tracing::warn!(generation, ?accepted, ?aside, "a store was restored from a backup by an administrator");
    Ok(RestoreReply {
        ended: reply_of(generation, &accepted, daemon),
        aside: aside.iter().map(|path| path.display().to_string()).collect(),
    })
}

/// Refuses what can be known beforehand, before anybody is cut off.
async fn known_before(daemon: &Daemon, wish: Wish) -> Result<Wish, Answer> {
    let State::Open(house) = daemon.state() else { return Ok(wish) };
    house.key_is_there().map_err(Answer::refused)?;
    let stands = (house.store.count_users().await?, house.store_generation().await?);
    drop(house);
    let Places { state_dir, runtime_dir, .. } = daemon.places.clone();
    let foreseen = tokio::task::spawn_blocking(move || {
        seal::foresee(&state_dir, &runtime_dir, &wish, stands).map(|()| wish).map_err(Answer::refused)
    });
    daemon.in_turn(foreseen).await.map_err(Answer::refused)?
}

/// Ends in a copy what may have been used since it was made, and has it count on from whatever was seen here. Blocks.
fn mend(
    places: &Places,
    store: &SqliteStore,
    was: Was,
    recovery: RecoveryCodes,
) -> Result<(i64, AcceptedCopy), String> {
    let kept = match generation::kept(&places.config) {
        Kept::At(kept) => kept,
        Kept::Nothing | Kept::Odd(_) => 0,
    };
    let clock = SystemClock::new(was.high_water_s).map_err(|error| format!("no clock: {error}"))?;
    let now = clock.now();
    let step = SystemClock::wall_s().div_euclid(STEP_S);
    let generation = kept.max(was.generation).max(wait(store_generation(store))?).saturating_add(1);
    let accepted = wait(store.accept_copy(AcceptCopy { generation, step, recovery, now }))?;
    Ok((wait(store_generation(store))?, accepted))
}

#[cfg(test)]
mod tests;
