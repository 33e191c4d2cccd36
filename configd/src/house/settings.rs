//! The settings of an open house: read at a start and at a reload, the last accepted ones kept in the store, and what the next start would do.

use super::{House, Places, SETTINGS_NAME};
use crate::clock::Moment;
use crate::random::Random;
use crate::rules::Rules;
use crate::seal::Keys;
use crate::settings_file;
use crate::store::{MetaKey, Store, StoreError};
use crate::trouble::{Kind, Trouble};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::Required;
use std::sync::{Arc, PoisonError};

impl House {
    /// What the next start would deny for, or would take otherwise, than what is in force: the key's and the settings' files as they stand now,
    /// and why the last reload was refused.
    #[must_use]
    pub fn next_start(&self) -> Vec<Trouble> {
        let mut problems: Vec<Trouble> =
            self.key_is_there().err().map(|why| Trouble::new(Kind::Key, why)).into_iter().collect();
        let file = settings_file::read(&self.places.config).err().map(|error| error.to_string());
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let of_old = refused.into_iter().filter(|reason| file.as_ref() != Some(reason));
        problems.extend(of_old.map(|reason| {
            let said = format!(
                "a reload was refused, and the settings before it stay in force: {reason}; then pam-2fa config reload"
            );
            Trouble::one_of(Kind::Reload, &reason, said)
        }));
        problems.extend(file.map(|why| {
            let said = format!("configd would be sealed at its next start, and deny every login: {why}");
            Trouble::new(Kind::SettingsFile, said)
        }));
        problems
    }

    /// Reads `config.toml` again. Refused: the old settings stay, and `status` says so until one is not.
    ///
    /// # Errors
    /// One line for each reason.
    pub async fn reload(&self) -> Result<(i64, Vec<String>), Vec<String>> {
        let read = self.read_again().await;
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = read.as_ref().err().cloned().unwrap_or_default();
        read
    }

    async fn read_again(&self) -> Result<(i64, Vec<String>), Vec<String>> {
        let text = settings_file::read(&self.places.config).map_err(|error| vec![error.to_string()])?;
        let old = self.rules().generation;
        let (mut rules, notes) =
            settings_file::rules(&self.places.config, text.expose(), &self.keys, old.saturating_add(1))?;
        rules.generation =
            keep(self.store.as_ref(), &self.keys, self.random.as_ref(), &text).await.map_err(|error| vec![error])?;
        rules.who.mandatory_since_s =
            mandatory_since(self.store.as_ref(), rules.required, &self.now()).await.map_err(|error| vec![error])?;
        rules.policy = policy_since(self.store.as_ref(), &rules).await.map_err(|error| vec![error])?;
        let generation = rules.generation;
        *self.in_force.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
        *self.problems.lock().unwrap_or_else(PoisonError::into_inner) = notes.clone();
        self.post.health.breakers.forget();
        Ok((generation, notes))
    }
}

/// The settings of a cold start: the file's; where its text is wrong, the last accepted ones, loudly (rule 10).
pub(super) async fn cold_start(
    places: &Places,
    store: &dyn Store,
    keys: &Keys,
    random: &dyn Random,
) -> Result<(Rules, Vec<String>), String> {
    let text = settings_file::read(&places.config).map_err(|error| error.to_string())?;
    let wrong = match settings_file::rules(&places.config, text.expose(), keys, 0) {
        Ok((mut rules, notes)) => {
            rules.generation = keep(store, keys, random, &text).await?;
            return Ok((rules, notes));
        }
        Err(wrong) => wrong,
    };
    let first = wrong.first().cloned().unwrap_or_default();
    let Some(last) = last_accepted(store, keys).await? else {
        return Err(format!("{first}; correct the settings, then pam-2fa config reload"));
    };
    let generation = number(store, MetaKey::Generation).await.map_err(|error| error.to_string())?;
    let (rules, notes) = settings_file::rules(&places.config, last.expose(), keys, generation)
        .map_err(|more| format!("{first}; and the last accepted settings do not serve: {}", more.join("; ")))?;
    let mut problems = vec![String::from(
        "the settings in force are the last accepted ones: config.toml is wrong; correct it, then pam-2fa config reload",
    )];
    problems.extend(wrong);
    problems.extend(notes);
    for problem in &problems {
        tracing::error!(problem, "settings");
    }
    Ok((rules, problems))
}

pub(super) async fn last_accepted(store: &dyn Store, keys: &Keys) -> Result<Option<Secret>, String> {
    let kept = store.meta(MetaKey::Settings).await.map_err(|error| error.to_string())?;
    let Some(sealed) = kept.and_then(|bytes| String::from_utf8(bytes).ok()) else { return Ok(None) };
    keys.open_text(SETTINGS_NAME, &sealed).map(Some).map_err(|error| format!("the settings kept in the store: {error}"))
}

/// Keeps an accepted text; its generation is one more than that of another text, and the same for the same text.
async fn keep(store: &dyn Store, keys: &Keys, random: &dyn Random, text: &Secret) -> Result<i64, String> {
    let generation = number(store, MetaKey::Generation).await.map_err(|error| error.to_string())?;
    if let Ok(Some(last)) = last_accepted(store, keys).await
        && last.expose() == text.expose()
    {
        return Ok(generation);
    }
    let next = generation.saturating_add(1);
    let sealed = keys.seal(random, SETTINGS_NAME, text.expose().as_bytes()).map_err(|error| error.to_string())?;
    let values = vec![(MetaKey::Settings, sealed.into_bytes()), (MetaKey::Generation, next.to_string().into_bytes())];
    store.put_meta(values).await.map_err(|error| error.to_string())?;
    Ok(next)
}

/// When mandatory was switched on: now, where that was not kept before, and nothing once it is off (`policy.grace` begins there).
/// A moment that lies ahead was kept by a clock that has been set back since, and counts as now: it would lengthen the grace.
pub(super) async fn mandatory_since(
    store: &dyn Store,
    required: Required,
    now: &Moment,
) -> Result<Option<i64>, String> {
    let kept = store.meta(MetaKey::MandatorySince).await.map_err(|error| error.to_string())?;
    let kept_s = kept.and_then(|bytes| bytes.try_into().ok()).map_or(0, i64::from_be_bytes);
    let since_s = match required {
        Required::Mandatory if kept_s > 0 && kept_s <= now.wall_s => kept_s,
        Required::Mandatory => now.wall_s,
        Required::Disabled | Required::Optional => 0,
    };
    if since_s != kept_s {
        let value = vec![(MetaKey::MandatorySince, since_s.to_be_bytes().to_vec())];
        store.put_meta(value).await.map_err(|error| error.to_string())?;
    }
    Ok((since_s > 0).then_some(since_s))
}

/// Since which generation policy is what these rules say: theirs, where it was another before. So trust that was given under one
/// policy has ended also when that policy comes back.
pub(super) async fn policy_since(store: &dyn Store, rules: &Rules) -> Result<i64, String> {
    let kept = store.meta(MetaKey::Policy).await.map_err(|error| error.to_string())?.unwrap_or_default();
    if let Some((since, hash)) = kept.split_first_chunk::<8>()
        && hash == rules.policy_hash
    {
        return Ok(i64::from_be_bytes(*since));
    }
    let mut value = rules.generation.to_be_bytes().to_vec();
    value.extend(rules.policy_hash);
    store.put_meta(vec![(MetaKey::Policy, value)]).await.map_err(|error| error.to_string())?;
    Ok(rules.generation)
}

async fn number(store: &dyn Store, key: MetaKey) -> Result<i64, StoreError> {
    let value = store.meta(key).await?;
    Ok(value.and_then(|bytes| String::from_utf8(bytes).ok()).and_then(|text| text.parse().ok()).unwrap_or(0))
}
