//! The key: which it is, another in its place, out of here for a bad day, and back.

use super::Answer;
use super::upkeep::{vault, wait};
use crate::clock::{Clock, SystemClock};
use crate::daemon::{Daemon, State, Wanted};
use crate::house::{House, Places, SETTINGS_NAME};
use crate::random::{KernelRandom, Random};
use crate::seal::{Imported, MasterKey, Rotated, import_key, rotate};
use crate::store::{Change, MetaKey, Store};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{KeyExportReply, KeyImport, KeyImportReply, KeyReply, KeyReseal, SealReply};
use std::sync::Arc;

pub(super) async fn rotate_key(daemon: &Daemon, house: Arc<House>) -> Result<KeyReply, Answer> {
    let reply = house.key_reply();
    if reply.before.is_some() {
        // One that has not ended is what the caller carries on with.
        return Ok(reply);
    }
    // What can be known is known before anybody is cut off.
    house.key_is_there().map_err(Answer::refused)?;
    house.key_is_ours_to_write().map_err(Answer::refused)?;
    if let Some(lost) = house.keys.before_lost() {
        return Err(Answer::refused(lost));
    }
    drop(house);
    let rotated = daemon.offline(Wanted::Any, "another key", rotate_in).await.map_err(Answer::refused)?;
    let Rotated { before, id, store } = rotated;
    tracing::warn!(%id, %before, apps = store.apps, challenges = store.challenges, "an administrator has changed the key");
    // Opened by it, which is the proof that it is good.
    Ok(super::house(daemon)?.key_reply())
}

/// Blocks.
fn rotate_in(places: &Places) -> Result<Rotated, String> {
    let vault = vault(places)?;
    let settings = wait(vault.store.meta(MetaKey::Settings))?.map(|sealed| (SETTINGS_NAME, sealed));
    let now = SystemClock::new(vault.high_water_s).map_err(|error| format!("no clock: {error}"))?.now();
    let random: Arc<dyn Random> = Arc::new(KernelRandom);
    rotate(&vault, settings, &random, now, |change| wait(vault.store.change_key(change)))
        .map_err(|error| error.to_string())
}

pub(super) fn reseal(house: &House, asked: &KeyReseal) -> Result<SealReply, Answer> {
    let sealed = house.seal_again(&asked.key, &asked.sealed).map_err(Answer::refused)?;
    Ok(SealReply { sealed })
}

pub(super) async fn forget(daemon: &Daemon, house: Arc<House>) -> Result<KeyReply, Answer> {
    daemon.in_turn(house.forget_key()).await.map_err(Answer::refused)?;
    Ok(house.key_reply())
}

/// Who can ask may read the file anyway; that it left stands in the log.
pub(super) async fn export(house: &House) -> Result<KeyExportReply, Answer> {
    let key = house.key_line().map_err(Answer::refused)?;
    let id = String::from(house.keys.id().as_str());
    house.store.note_change(Change::of_the_host(house.now().wall_s, "key-exported", id.clone())).await?;
    tracing::warn!(id, "the key was handed to an administrator");
    Ok(KeyExportReply { id, key })
}

pub(super) async fn import(daemon: &Daemon, asked: KeyImport) -> Result<KeyImportReply, Answer> {
    let KeyImport { key } = asked;
    if let Some(done) = while_open(daemon, &key).await? {
        return Ok(done);
    }
    let wanted = Wanted::Sealed("the key that is there works; `pam-2fa key rotate` puts another in its place");
    let work = move |places: &Places| {
        import_key(&places.state_dir, &places.runtime_dir, key.expose()).map_err(|error| error.to_string())
    };
    let Imported { id, was_there, aside } = daemon.offline(wanted, "its key", work).await.map_err(Answer::refused)?;
    tracing::warn!(%id, was_there, ?aside, "a key was put in its place by an administrator");
    Ok(KeyImportReply {
        id: String::from(id.as_str()),
        was_there,
        aside: aside.map(|path| path.display().to_string()),
        still_sealed: daemon.sealed_because(),
    })
}

/// Where it is open: only the key in use, and only where its file does not give it any more. It is put back while the house is open, so
/// that there is no moment in which nothing would open; then the house is opened anew, by that file.
async fn while_open(daemon: &Daemon, key: &Secret) -> Result<Option<KeyImportReply>, Answer> {
    let put = daemon.in_turn(async {
        let State::Open(house) = daemon.state() else { return Ok(None) };
        let key = MasterKey::parse(key.expose()).map_err(|why| {
            Answer::refused(format!("this is no key ({why}); it must be as `pam-2fa key export` gave it"))
        })?;
        let put = tokio::task::spawn_blocking(move || house.put_key_back(&key)).await;
        put.map_err(Answer::refused)?.map_err(Answer::refused).map(Some)
    });
    let Some(Imported { id, was_there, aside }) = put.await? else { return Ok(None) };
    if !was_there {
        tracing::warn!(%id, ?aside, "the key in use was put back by an administrator");
        daemon.offline(Wanted::Any, "its key", |_| Ok(())).await.map_err(Answer::refused)?;
    }
    Ok(Some(KeyImportReply {
        id: String::from(id.as_str()),
        was_there,
        aside: aside.map(|path| path.display().to_string()),
        still_sealed: daemon.sealed_because(),
    }))
}

#[cfg(test)]
mod tests;
