//! Whether a code would arrive is known before anybody needs one: settings by which somebody must give one are not saved before a test has
//! passed by them, unless that is said in so many words, and then configd has written it down before.
//!
//! Somebody must under `mandatory`, and under `optional` where `required_groups` or `required_services` name anybody. Whom configd's own
//! records ask (`pam-2fa user set --verify`) is not known here, and no text of settings changes it.

use super::super::merge::{Entry, entries};
use super::{Gate, Refusal, Untested};
use crate::client::Client;
use crate::error::Error;
use crate::invoker::invoker;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{MANDATORY_UNTESTED, MandatoryUntested, TESTED, Tested, TestedReply};
use pam_2fa_protocol::wire::Nothing;
use pam_2fa_settings::{Mode, Policy, Required, asking, parse};
use std::path::Path;

/// What is about to be in the place of what.
pub(super) struct Change<'a> {
    /// The file as it is.
    pub(super) old: &'a str,
    /// The new one before anything in it was sealed: a secret is another in it only where somebody has changed it.
    pub(super) merged: &'a str,
    /// As it will be in the file.
    pub(super) new: &'a str,
}

/// At least one way has passed a test with these very settings, and so has each that is new or another than before. It is asked where more
/// must give a code than before, and where anything of how they get it is another.
pub(super) fn may_be_required(runtime_dir: &Path, change: &Change<'_>, gate: &Gate) -> Result<(), Refusal> {
    let Ok(accepted) = parse(change.new) else { return Ok(()) };
    let settings = accepted.settings;
    if !asks_anybody(&settings.policy) {
        return Ok(());
    }
    let asks_more = parse(change.old).map_or(true, |accepted| asks_more(&accepted.settings.policy, &settings.policy));
    let [email_is_other, sms_is_other] =
        ["email.", "sms."].map(|way| sends(change.old, way) != sends(change.merged, way));
    let is_other = asks_more || email_is_other || sms_is_other;
    let failed = |error: Error| Refusal::daemon(&error);
    let part = asking(change.new).map_err(|why| Refusal::wrong("", &why))?;
    let asked = Tested { settings: Secret::new(part) };
    let tested: Result<TestedReply, Error> =
        Client::connect(runtime_dir).and_then(|mut client| client.call(TESTED, &asked));
    let tested = match tested {
        Ok(tested) => tested,
        // Where nobody is there, nothing comes into force now; one that is sealed denies everybody, and must be mended by somebody. An answer that
        // is none is no yes.
        Err(Error::Unreachable { .. } | Error::Sealed(_)) if !is_other => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    // What stands in the file and was never taken over is as new as what is changed here: it comes into force with it.
    let (email_is_other, sms_is_other) = (email_is_other || tested.email_new, sms_is_other || tested.sms_new);
    if !(asks_more || tested.asks_more || email_is_other || sms_is_other) {
        return Ok(());
    }
    let (email, sms) = (settings.email.is_some(), settings.sms.is_some());
    let (email_untested, sms_untested) = (email && !tested.email, sms && !tested.sms);
    let is_any = (email && tested.email) || (sms && tested.sms);
    if is_any && !(email_is_other && email_untested) && !(sms_is_other && sms_untested) {
        return Ok(());
    }
    // Sealed anew it is another text each time.
    let about = asking(change.merged).map_err(|why| Refusal::wrong("", &why))?;
    if !matches!(gate, Gate::Overridden(said) if *said.expose() == about) {
        let asked = Secret::new(about);
        let untested = Untested { email, sms, email_untested, sms_untested, asked, onto: None };
        return Err(Refusal::Untested(untested));
    }
    let asked = MandatoryUntested { by: invoker() };
    let mut client = Client::connect(runtime_dir).map_err(failed)?;
    client.call(MANDATORY_UNTESTED, &asked).map(|Nothing {}| ()).map_err(failed)
}

fn asks_anybody(policy: &Policy) -> bool {
    match policy.required {
        Required::Disabled => false,
        Required::Optional => !policy.required_groups.is_empty() || !policy.required_services.names().is_empty(),
        Required::Mandatory => true,
    }
}

/// Whether somebody must give a code whom `old` did not ask.
fn asks_more(old: &Policy, new: &Policy) -> bool {
    let more = |old: &[String], new: &[String]| new.iter().any(|name| !old.contains(name));
    // What was only written down until now.
    if old.mode != Mode::Enforce && new.mode == Mode::Enforce {
        return asks_anybody(new);
    }
    match (old.required, new.required) {
        (Required::Mandatory, _) => false,
        (_, Required::Mandatory) => true,
        (Required::Optional, _) => {
            more(&old.required_groups, &new.required_groups)
                || more(old.required_services.names(), new.required_services.names())
        }
        (Required::Disabled, _) => asks_anybody(new),
    }
}

/// What a text says of how messages go by one of the ways.
fn sends(text: &str, way: &str) -> Vec<(String, Entry)> {
    let mut all = entries(text).unwrap_or_default();
    all.retain(|(key, _)| key.starts_with(way) && !is_price(key));
    all
}

/// What a message costs changes nothing of what arrives; a field of an account may be called so, too.
fn is_price(key: &str) -> bool {
    let rest = key.strip_prefix("sms.").unwrap_or_default();
    rest == "price"
        || rest.strip_prefix("backup.").and_then(|rest| rest.split_once('.')).is_some_and(|(_, key)| key == "price")
}
