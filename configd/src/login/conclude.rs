//! From what is known to what is done: policy's decision, the trust in the device, how tries stand, and the mode, and why, in one word
//! of the log. Sends, charges and keeps nothing; [`super::begin`] does what it says.

use super::challenge::Caller;
use super::device::{self, Seen};
use super::enrol::invited;
use super::policy::{self, Decision, Exempt, Grace, Refusal, Situation};
use super::ways::{self, Held, Way};
use super::{Asked, Effect, Effects};
use crate::clock::rfc3339;
use crate::limits;
use crate::store::{DeviceId, EndDevices, Ended, Facts, First, Known, PassKind, UserKey};
use crate::texts::{Message, Value};
use pam_2fa_protocol::admin::Verify;
use pam_2fa_protocol::login::Verdict;
use pam_2fa_settings::Enrolment;

/// What comes of a decision.
#[derive(Debug)]
pub(super) enum Act {
    /// Not subject: let by, and perhaps told something.
    LetBy {
        /// What.
        tell: Option<String>,
    },
    /// Let in: the device is remembered.
    Trust {
        /// Which.
        device: DeviceId,
    },
    /// A code, in one of these ways; none of them: a recovery code, or an administrator's.
    Ask {
        /// The preferred first.
        ways: Vec<Way>,
    },
    /// A first method.
    Enrol {
        /// By what.
        first: First,
    },
    /// Denied.
    Refuse {
        /// By which verdict.
        verdict: Verdict,
        /// What is said.
        text: String,
    },
}

/// Whether a right code makes the device trusted.
pub(super) fn remembers(asked: &Asked, known: &Known, fx: &Effects<'_>) -> bool {
    let always = matches!(known, Known::Record(record) if record.verify == Verify::Always);
    !always && device::lifetime_s(asked.class, &fx.rules.trust) > 0
}

/// What the login saw of its device that ends trust for good, also if the reason goes away again (a clock set back, an old shadow
/// file put back).
pub(super) fn end_what_is_over(
    situation: &Situation<'_>,
    facts: &Facts,
    asked: &Asked,
    user: &UserKey,
    fx: &mut Effects<'_>,
) {
    match (situation.trust, &facts.device, &asked.stamp) {
        (device::Standing::Over(Ended::Password), Some(_), Some(stamp)) => {
            fx.out.push(Effect::EndDevices(EndDevices::Password { user: user.clone(), stamp: stamp.clone() }));
        }
        (device::Standing::Over(why), Some(kept), _) if kept.ended.is_none() => {
            fx.out.push(Effect::EndDevices(EndDevices::One { id: kept.id.clone(), why }));
        }
        _ => {}
    }
}

pub(super) fn situation<'a>(asked: &Asked, facts: &'a Facts, fx: &Effects<'_>) -> Situation<'a> {
    let seen = Seen {
        class: asked.class,
        identity: asked.device.as_ref(),
        stamp: asked.stamp.as_deref(),
        trust: &fx.rules.trust,
        policy: fx.rules.policy,
        now: &fx.now,
        behind_s: fx.behind_s,
    };
    let runs = fx.rules.who.grace_until_s(&fx.now).is_some();
    Situation {
        required: fx.rules.required,
        class: asked.class,
        listed: asked.listed,
        network: asked.network,
        must: asked.must,
        known: &facts.known,
        trust: if asked.distrust { device::Standing::New } else { device::standing(facts.device.as_deref(), seen) },
        grace: if runs { Grace::Runs } else { Grace::Over },
        methods: &facts.methods,
        grant: ways::grants(&facts.methods.passes, asked).next().is_some(),
        may_enrol: enrolment(asked, facts, fx).is_some(),
        askable: !ways::ways(facts, asked, fx.rules).is_empty() || !facts.methods.recovery.is_empty(),
    }
}

/// Policy's decision, how tries stand, and the mode: what is done, and why in one word. Sends, charges and keeps nothing.
pub(super) fn conclude(
    asked: &Asked,
    situation: &Situation<'_>,
    facts: &Facts,
    fx: &Effects<'_>,
) -> (Act, &'static str) {
    let (act, reason) = match policy::decide(situation) {
        Decision::NotSubject(exempt) => {
            let tell = if exempt == Exempt::Grace { grace_text(fx) } else { None };
            (Act::LetBy { tell }, exempt_word(exempt))
        }
        // Policy trusts what the store keeps only; if that were not so, the answer would be a code.
        Decision::Trusted => match &facts.device {
            Some(device) => (Act::Trust { device: device.id.clone() }, TRUSTED),
            None => (Act::Refuse { verdict: Verdict::Deny, text: String::new() }, TRUSTED),
        },
        Decision::Ask => ask(asked, facts, fx),
        Decision::Enrol => match enrolment(asked, facts, fx) {
            Some(first) => (Act::Enrol { first }, "enrol"),
            None => (Act::Refuse { verdict: Verdict::Deny, text: String::new() }, "no-method"),
        },
        Decision::Refuse(refusal) => {
            let (message, reason, verdict) = match refusal {
                Refusal::ShutOut => (Message::DeniedShutOut, "disabled-user", Verdict::Deny),
                Refusal::NoMethod => (no_method(fx), "no-method", Verdict::Deny),
                Refusal::Another => (Message::DeniedAnother, "re-bind", Verdict::Deny),
                Refusal::NoChannel => (Message::DeniedNoChannel, "no-channel", Verdict::Unavailable),
            };
            (Act::Refuse { verdict, text: fx.texts.say(message, &[]) }, reason)
        }
    };
    if fx.rules.who.only_reports(&fx.now) { (Act::LetBy { tell: None }, reported(reason)) } else { (act, reason) }
}

/// How a user without a method may get the first at this login (`policy.enrolment`). Never a user's own process: it could not tell
/// whether the password was right.
fn enrolment(asked: &Asked, facts: &Facts, fx: &Effects<'_>) -> Option<First> {
    if asked.caller != Caller::Root {
        return None;
    }
    let invitation = facts.methods.passes.iter().any(|pass| pass.kind == PassKind::Invitation);
    match fx.rules.who.enrolment {
        Enrolment::Administrator => None,
        Enrolment::AtLogin => Some(First::Allowed),
        Enrolment::Invited if asked.at_console => Some(First::Allowed),
        Enrolment::Invited => invitation.then(invited),
    }
}

/// What is said to whoever has nothing to prove with, and may not enrol.
fn no_method(fx: &Effects<'_>) -> Message {
    match fx.rules.who.enrolment {
        Enrolment::Invited => Message::DeniedNotInvited,
        Enrolment::Administrator | Enrolment::AtLogin => Message::DeniedNoMethod,
    }
}

/// In which ways, of those that may be tried now; where none may, for how long.
pub(super) fn ask(asked: &Asked, facts: &Facts, fx: &Effects<'_>) -> (Act, &'static str) {
    let all = ways::ways(facts, asked, fx.rules);
    let open = ways::open(all.clone(), facts);
    let saved = facts.standings.recovery;
    let may_save = matches!(saved, limits::Standing::Open { .. }) && Held::of(facts, asked).saved();
    if !open.is_empty() || may_save {
        return (Act::Ask { ways: open }, ASK);
    }
    // What is free again first.
    let standings = all.iter().map(|way| facts.standings.of(way.authenticator())).chain([saved]);
    let first = standings.min_by_key(|standing| match standing {
        limits::Standing::Open { .. } => u64::MAX,
        limits::Standing::Waiting { wait_s } => *wait_s,
        limits::Standing::Disabled => u64::MAX - 1,
    });
    match first.and_then(|standing| held_up(standing, fx)) {
        Some((text, reason)) => (Act::Refuse { verdict: Verdict::MaxTries, text }, reason),
        None => (Act::Refuse { verdict: Verdict::Deny, text: String::new() }, "no-method"),
    }
}

/// The word for "a code is asked for", before it is known what becomes of it.
pub(super) const ASK: &str = "ask";

/// The word for a device that is remembered.
pub(super) const TRUSTED: &str = "trusted-device";

/// The reason of a decision that is only written down. What is not subject anyway keeps its own.
fn reported(reason: &'static str) -> &'static str {
    match reason {
        ASK => "report:ask",
        TRUSTED => "report:trusted-device",
        "enrol" => "report:enrol",
        "no-method" => "report:no-method",
        "disabled-user" => "report:disabled-user",
        "re-bind" => "report:re-bind",
        "no-channel" => "report:no-channel",
        "waiting" => "report:waiting",
        "disabled-authenticator" => "report:disabled-authenticator",
        other => other,
    }
}

pub(super) fn exempt_word(exempt: Exempt) -> &'static str {
    match exempt {
        Exempt::Disabled => "disabled",
        Exempt::Service => "ignored-service",
        Exempt::User => "exempt-user",
        Exempt::Network => "exempt-network",
        Exempt::NoRecord => "no-record",
        Exempt::Never => "never",
        Exempt::Grace => "grace",
    }
}

/// What a user in the grace is told; the day is UTC's.
fn grace_text(fx: &Effects<'_>) -> Option<String> {
    let until = rfc3339(fx.rules.who.grace_until_s(&fx.now)?);
    let date = until.split('T').next().unwrap_or_default();
    Some(fx.texts.say(Message::GraceUntil, &[("date", Value::Text(date))]))
}

/// What is said where no try may be made now, and why.
pub(super) fn held_up(standing: limits::Standing, fx: &Effects<'_>) -> Option<(String, &'static str)> {
    match standing {
        limits::Standing::Open { .. } => None,
        limits::Standing::Waiting { wait_s } => {
            let wait = fx.texts.span(wait_s);
            Some((fx.texts.say(Message::DeniedTries, &[("wait", Value::Text(&wait))]), "waiting"))
        }
        limits::Standing::Disabled => Some((fx.texts.say(Message::DeniedDisabled, &[]), "disabled-authenticator")),
    }
}
