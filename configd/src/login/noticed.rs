//! What of a login its owner is told besides (see [`crate::notice`]): after the commit, or the charge, that made it so. Changes nothing of
//! what is decided. Whoever is let by without being asked (report mode, exemptions) has changed nothing that there is to tell.

use super::class::Class;
use super::{Effect, Effects, Standing};
use crate::limits;
use crate::notice::{About, Notice};
use crate::store::{DeviceId, Proof};

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
