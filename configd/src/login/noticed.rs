//! What of a login its owner is told besides (see [`crate::notice`]): after the commit, or the charge, that made it so. Changes nothing of
//! what is decided. Whoever is let by without being asked (report mode, exemptions) has changed nothing that there is to tell.

use super::class::Class;
use super::enrol::{Enrolling, Wants};
use super::ways::Way;
use super::{Effect, Effects, Standing};
use crate::limits;
use crate::notice::{About, Notice};
use crate::store::{DeviceId, First, Proof};
use pam_2fa_protocol::admin::Channel;

/// The code was right and is used; with it this device was remembered, or none.
pub(super) fn let_in(standing: &Standing, device: Option<&DeviceId>, fx: &mut Effects<'_>) {
    match &standing.proof {
        Some(Proof::Recovery { .. }) => tell(standing, Notice::RecoveryUsed { left: recovery_left(standing) }, fx),
        Some(Proof::Grant { .. }) => tell(standing, Notice::GrantUsed, fx),
        Some(Proof::Message { .. } | Proof::App { .. }) | None => {}
    }
    // A session in which somebody elevated is no device, and each login makes another.
    let is_device = standing.asked.class != Class::Elevate && standing.had.is_none() && device.is_some();
    if let (Some(identity), true) = (&standing.remember, is_device) {
        tell(standing, Notice::NewDevice { label: identity.label.clone() }, fx);
    }
}

/// The code was right and is used, for a change that a user makes of oneself.
pub(super) fn proven(standing: &Standing, fx: &mut Effects<'_>) {
    if matches!(standing.proof, Some(Proof::Recovery { .. })) {
        tell(standing, Notice::RecoveryUsed { left: recovery_left(standing) }, fx);
    }
}

/// Methods were enrolled; `before` is the verified address that another took the place of. A first address is nobody else's news: the code
/// that proved it told it.
pub(super) fn enrolled(enrolling: &Enrolling, before: Option<String>, fx: &mut Effects<'_>) {
    let is_first = matches!(enrolling.first, First::Allowed | First::Invited(_));
    let mut old = Vec::new();
    let mut notices = Vec::new();
    if let (Some(way), false) = (&enrolling.address, is_first) {
        let to = way.masked();
        match way {
            Way::Email(_) => {
                old.extend(before.map(|before| (Channel::Email, before)));
                notices.push(Notice::EmailChanged { to });
            }
            Way::Sms(_) => {
                old.extend(before.map(|before| (Channel::Sms, before)));
                notices.push(Notice::PhoneChanged { to });
            }
            Way::App => {}
        }
    }
    if enrolling.app.is_some() {
        notices.push(if enrolling.had_app { Notice::AppReplaced } else { Notice::AppEnrolled });
    }
    if enrolling.wants == Wants::Codes {
        notices.push(Notice::RecoveryRenewed);
    }
    for notice in notices {
        fx.out.push(Effect::Notice(Box::new(About {
            user: enrolling.user.clone(),
            notice,
            proved_by: enrolling.proved_by,
            old: old.clone(),
            place: Some(enrolling.asked.place.clone()),
            caller: enrolling.asked.caller,
        })));
    }
}

/// The code was wrong, and this is how tries stand after its charge: where it was the one that disabled or locked, the owner hears of it.
/// No later one is charged, so once.
pub(super) fn charged(standing: &Standing, after: limits::Standing, fx: &mut Effects<'_>) {
    let is_locked = match after {
        limits::Standing::Open { .. } => false,
        limits::Standing::Disabled => true,
        // A lock is longer than every other wait, and has just begun.
        limits::Standing::Waiting { wait_s } => fx.rules.tries.lock.is_some_and(|lock| wait_s >= lock.length_s),
    };
    if is_locked {
        tell(standing, Notice::Locked, fx);
    }
}

/// How many recovery codes there are after the one that was used.
pub(super) fn recovery_left(standing: &Standing) -> u64 {
    u64::try_from(standing.held.recovery.len().saturating_sub(1)).unwrap_or(0)
}

fn tell(standing: &Standing, notice: Notice, fx: &mut Effects<'_>) {
    fx.out.push(Effect::Notice(Box::new(About {
        user: standing.owner.user.clone(),
        notice,
        proved_by: standing.proof.as_ref().map(Proof::authenticator),
        old: Vec::new(),
        place: Some(standing.asked.place.clone()),
        caller: standing.owner.caller,
    })));
}

#[cfg(test)]
mod tests;
