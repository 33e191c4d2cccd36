//! In which ways a user can be asked, and where a login stands among them. Decides nothing: that somebody is asked is
//! [`super::policy`]'s.

use super::challenge::{Caller, Challenges, Delivery, Owner};
use super::source::Source;
use super::{Asked, Effects};
use crate::limits;
use crate::rules::Rules;
use crate::store::{Authenticator, Facts, Had, KeptApp, KeptPass, Known, PassId, PassKind};
use crate::texts::{Message, Value};
use pam_2fa_protocol::admin::Method;
use pam_2fa_settings::{E164, EmailAddress, Network, Profile};
use std::net::IpAddr;

/// How many digits an app's code has (RFC 6238, as every app has it).
pub const APP_DIGITS: u32 = 6;

/// A way of answering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// A code by email to this verified address.
    Email(String),
    /// A code by text message to this verified number.
    Sms(String),
    /// A code of the app.
    App,
}

impl Way {
    /// What is charged and limited for it.
    #[must_use]
    pub fn authenticator(&self) -> Authenticator {
        match self {
            Self::Email(_) => Authenticator::Email,
            Self::Sms(_) => Authenticator::Sms,
            Self::App => Authenticator::App,
        }
    }

    /// What a user may prefer.
    #[must_use]
    pub fn method(&self) -> Method {
        match self {
            Self::Email(_) => Method::Email,
            Self::Sms(_) => Method::Sms,
            Self::App => Method::App,
        }
    }

    /// The address as it may be shown to somebody who knows the password; nothing of an app.
    #[must_use]
    pub fn masked(&self) -> String {
        match self {
            Self::Email(address) => {
                EmailAddress::parse(address).map_or_else(|_| String::from("***"), |address| address.masked())
            }
            Self::Sms(number) => E164::parse(number).map_or_else(|_| String::from("***"), |number| number.masked()),
            Self::App => String::new(),
        }
    }

    /// The address that a message goes to.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        match self {
            Self::Email(address) | Self::Sms(address) => Some(address),
            Self::App => None,
        }
    }

    /// The word by which messages tell channels apart.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Sms(_) => "sms",
            Self::App => "app",
        }
    }
}

/// What a prompt asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// Which way it shall be.
    Choice,
    /// A code in this way.
    Way(Way),
    /// A recovery code or an administrator's: there is nothing else.
    Saved,
}

impl At {
    /// Whose tries its challenge holds.
    #[must_use]
    pub fn authenticator(&self) -> Authenticator {
        match self {
            Self::Way(way) => way.authenticator(),
            Self::Choice | Self::Saved => Authenticator::Recovery,
        }
    }

    /// How many digits the code has that may be typed there.
    #[must_use]
    pub fn digits(&self, rules: &Rules) -> u32 {
        match self {
            Self::Way(Way::Email(_) | Way::Sms(_)) => rules.codes.digits,
            Self::Way(Way::App) | Self::Choice | Self::Saved => APP_DIGITS,
        }
    }
}

/// What is compared with an answer and is no code of a message; read once, and looked at again in the commit.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// The app.
    pub app: Option<KeptApp>,
    /// MACs of recovery codes.
    pub recovery: Vec<[u8; 32]>,
    /// MACs of an administrator's grants that are open for this login.
    pub grants: Vec<(PassId, [u8; 32])>,
    /// All that there was: a change is made of that alone.
    pub had: Had,
}

impl Held {
    /// What there is for this login.
    #[must_use]
    pub(super) fn of(facts: &Facts, asked: &Asked) -> Self {
        Self {
            app: facts.methods.app.clone(),
            recovery: facts.methods.recovery.clone(),
            grants: grants(&facts.methods.passes, asked).map(|pass| (pass.id.clone(), pass.mac)).collect(),
            had: match &facts.known {
                Known::Record(record) => Had::of(record, facts.methods.app.as_ref(), facts.methods.recovery.len()),
                Known::Nobody | Known::NameOfAnother { .. } | Known::UidOfOthers { .. } => Had::default(),
            },
        }
    }

    /// What an administrator has given meanwhile counts too: whoever calls for help stands at the prompt.
    pub(super) fn given(&mut self, passes: Option<Vec<KeptPass>>, asked: &Asked) {
        if let Some(passes) = passes {
            self.grants = grants(&passes, asked).map(|pass| (pass.id.clone(), pass.mac)).collect();
        }
    }

    /// Whether a recovery code or an administrator's can be given.
    #[must_use]
    pub fn saved(&self) -> bool {
        !self.recovery.is_empty() || !self.grants.is_empty()
    }
}

/// Those of `passes` that are grants for such a login.
pub(super) fn grants<'a>(passes: &'a [KeptPass], asked: &'a Asked) -> impl Iterator<Item = &'a KeptPass> {
    passes.iter().filter(|pass| {
        let from = |origin: &String| {
            let Source::Address(_) = asked.source else { return false };
            let network = Network::parse(origin);
            let is_there = |address: &IpAddr| match (network, origin.parse::<IpAddr>()) {
                (Some(network), _) => network.contains(*address),
                (None, Ok(only)) => only == *address,
                (None, Err(_)) => false,
            };
            asked.remote.as_ref().is_some_and(is_there)
        };
        pass.kind == PassKind::Grant
            // What a user's own process says of itself is not believed, and a grant is an administrator's word for a login.
            && asked.caller == Caller::Root
            && pass.origin.as_ref().is_none_or(from)
            && pass.service.as_ref().is_none_or(|service| *service == asked.service)
    })
}

/// What the user has, whether it can be asked for now or not; first what is preferred. `able` says for which of it a channel is there.
pub(super) fn ways(facts: &Facts, asked: &Asked, rules: &Rules) -> Vec<Way> {
    let mut ways = Vec::new();
    if let Known::Record(record) = &facts.known {
        ways.extend(record.email.clone().filter(|_| record.email_verified).map(Way::Email));
        // A restricted authenticator, which needs an unrestricted one beside it (SP 800-63B-4 §3.2.9); and a user's own processes
        // cost no money (rule 7).
        let restricted = rules.profile == Profile::NistAal2 && facts.methods.app.is_none();
        if !restricted && asked.caller == Caller::Root {
            ways.extend(record.phone.clone().filter(|_| record.phone_verified).map(Way::Sms));
        }
    }
    if facts.methods.app.is_some() {
        ways.push(Way::App);
    }
    ways.retain(|way| able(way, rules));
    let preferred = facts.methods.prefers;
    ways.sort_by_key(|way| Some(way.method()) != preferred);
    ways
}

fn able(way: &Way, rules: &Rules) -> bool {
    match way {
        Way::Email(_) => !rules.email.is_empty(),
        Way::Sms(_) => !rules.sms.is_empty(),
        Way::App => true,
    }
}

/// Those of `ways` that may be tried now.
pub(super) fn open(ways: Vec<Way>, facts: &Facts) -> Vec<Way> {
    let is_open = |way: &Way| matches!(facts.standings.of(way.authenticator()), limits::Standing::Open { .. });
    ways.into_iter().filter(is_open).collect()
}

/// The way that is asked for first, and what is said of another that was passed over.
pub(super) fn first(ways: &[Way], owner: &Owner, facts: &Facts, fx: &Effects<'_>) -> (At, Option<String>) {
    let Some(preferred) = ways.first() else { return (At::Saved, None) };
    let chosen = facts.methods.prefers == Some(preferred.method());
    if ways.len() > 1 && !chosen && fx.rules.codes.prompt == crate::rules::PromptStyle::Detailed {
        return (At::Choice, None);
    }
    let out = |way: &Way| left(fx.challenges, owner, way, fx);
    let withheld = facts.send_wait_s > 0 && preferred.address().is_some() && !out(preferred);
    if withheld && ways.contains(&Way::App) {
        let wait = fx.texts.span(facts.send_wait_s);
        return (At::Way(Way::App), Some(fx.texts.say(Message::NoteWithheld, &[("wait", Value::Text(&wait))])));
    }
    let failed = |way: &Way| {
        fx.challenges
            .newest_of(owner, way.authenticator(), &fx.rules.codes, &fx.now)
            .is_some_and(|challenge| challenge.delivery == Delivery::Failed)
    };
    match ways.iter().find(|way| !failed(way)) {
        Some(next) if next != preferred => (At::Way(next.clone()), Some(not_sent(preferred, fx))),
        Some(_) | None => (At::Way(preferred.clone()), None),
    }
}

/// Whether a message of that way has left and its code is open.
pub(super) fn left(challenges: &Challenges, owner: &Owner, way: &Way, fx: &Effects<'_>) -> bool {
    challenges
        .newest_of(owner, way.authenticator(), &fx.rules.codes, &fx.now)
        .is_some_and(|open| open.delivery.has_left())
}

/// That a code could not be sent.
pub(super) fn not_sent(way: &Way, fx: &Effects<'_>) -> String {
    let to = way.masked();
    fx.texts.say(Message::NoteNotSent, &[("way", Value::Text(way.word())), ("to", Value::Text(&to))])
}

/// The letter by which a way is chosen at a prompt.
#[must_use]
pub fn of_letter(text: &str) -> Option<Method> {
    match text {
        "e" | "E" => Some(Method::Email),
        "s" | "S" => Some(Method::Sms),
        "a" | "A" => Some(Method::App),
        _ => None,
    }
}

/// The address that a login comes from, whole, where it is one.
pub(super) fn remote(remote_host: Option<&str>) -> Option<IpAddr> {
    remote_host?.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}
