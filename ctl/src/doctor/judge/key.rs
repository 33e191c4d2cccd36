//! The key: where configd has it from, where it has it from at its next start, and who else could have it.

use super::super::facts::Credential;
use super::super::finding::Finding;
use super::super::known::{
    KEY_BESIDE, KEY_CHANGED, KEY_HOST, KEY_IDLE, KEY_MEASURED, KEY_ROTATION, KEY_TWICE, KEY_UNOPENED,
};
use super::Case;
use crate::key::credential::PLACE;
use pam_2fa_protocol::admin::{KeyPlace, KeyReply};

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let mut all = Vec::new();
    let key = case.facts.daemon.as_ref().and_then(|daemon| daemon.key.as_ref());
    if let Some((key, before)) = key.and_then(|key| Some((key, key.before.as_ref()?))) {
        let seen = format!("key {} is in use, and {before} is not forgotten", key.id);
        all.push(Finding::of(&KEY_ROTATION, &key.path, seen));
    }
    match &case.facts.credential {
        None => all.extend(beside(key)),
        Some(credential) => all.extend(of_credential(credential, key)),
    }
    all
}

fn beside(key: Option<&KeyReply>) -> Option<Finding> {
    let key = key.filter(|key| key.place == KeyPlace::State)?;
    Some(Finding::of(&KEY_BESIDE, &key.path, ""))
}

fn of_credential(credential: &Credential, key: Option<&KeyReply>) -> Vec<Finding> {
    let mut all = Vec::new();
    let lock = credential.with.as_deref().unwrap_or("tpm2");
    if let Some(key) = key.filter(|key| key.place == KeyPlace::State) {
        let unit = format!("pam-2fa-key.service is {}", credential.unit);
        all.push(Finding::of(&KEY_IDLE, PLACE, credential.why.as_ref().unwrap_or(&unit)));
        all.extend(beside(Some(key)));
        return all;
    }
    if credential.unit == "failed" {
        all.push(Finding::of(
            &KEY_UNOPENED,
            PLACE,
            credential.why.as_deref().unwrap_or("pam-2fa-key.service has failed"),
        ));
    }
    if credential.unit == "active" && (credential.is_newer || !credential.stands) {
        let seen = if credential.stands { "it was changed after it was opened" } else { "it is not there any more" };
        all.push(Finding::of(&KEY_CHANGED, PLACE, seen));
    }
    if let Some(file) = credential.file.as_ref().filter(|_| key.is_some()) {
        all.push(Finding::of(&KEY_TWICE, file.display(), "").mending("LOCK", lock));
    }
    if credential.is_measured {
        all.push(Finding::of(&KEY_MEASURED, PLACE, "").mending("LOCK", lock));
    }
    if credential.with.as_deref() == Some("host") {
        all.push(Finding::of(&KEY_HOST, PLACE, ""));
    }
    all
}
