//! A decision in words, for `pam-2fa explain`: each rule in its order, why it applied or did not, and what would be sent. It only
//! tells what [`super::policy`] and [`super::conclude`] decided on the very way of a login; it must never decide, send, charge or
//! keep anything.

use super::challenge::{Aim, Owner};
use super::class::Class;
use super::conclude::{ASK, Act};
use super::device;
use super::policy::{self, Grace, Listed, Must, Network, ORDER, Rule, Situation};
use super::source::Source;
use super::ways::{self, At, Way};
use super::{Asked, Effect, Effects, State};
use crate::clock::rfc3339;
use crate::limits;
use crate::store::{Authenticator, Bucket, Facts, Known, Methods, UserKey};
use pam_2fa_protocol::admin::{Foreseen, LookedAt, Required, Verify};
use pam_2fa_protocol::login::Verdict;
use pam_2fa_settings::Mode;

/// What would be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The uid, where the user was looked up.
    pub uid: Option<u32>,
    /// The class of the service.
    pub class: Class,
    /// Where it comes from.
    pub source: Source,
    /// What the login would be told.
    pub decision: Foreseen,
    /// The word of the log.
    pub reason: &'static str,
    /// The rules that were asked, the one that decided last.
    pub rules: Vec<LookedAt>,
    /// What would be sent.
    pub message: Option<String>,
    /// How tries stand.
    pub tries: Option<String>,
}

/// The verdict as a decision.
#[must_use]
pub fn of_verdict(verdict: Verdict) -> Foreseen {
    match verdict {
        Verdict::NotSubject => Foreseen::NotSubject,
        Verdict::Unavailable => Foreseen::Unavailable,
        Verdict::MaxTries => Foreseen::MaxTries,
        // "Allow" is said after a code, or for a device that is remembered, which is told as such.
        Verdict::Allow | Verdict::Deny | Verdict::Unknown => Foreseen::Deny,
    }
}

/// A login that is decided before its user is looked up.
pub(super) fn early(asked: &Asked, reason: &'static str, fx: &mut Effects<'_>) -> State {
    let situation = Situation {
        required: fx.rules.required,
        class: asked.class,
        listed: None,
        network: Network::Outside,
        must: asked.must,
        known: &Known::Nobody,
        trust: device::Standing::Off,
        grace: Grace::Over,
        methods: &Methods::default(),
        grant: false,
        askable: true,
        may_enrol: false,
    };
    let explained = Explained {
        uid: None,
        class: asked.class,
        source: asked.source,
        decision: Foreseen::NotSubject,
        reason,
        rules: rules(&situation, asked, fx),
        message: None,
        tries: None,
    };
    fx.out.push(Effect::Explained(Box::new(explained)));
    State::Over
}

/// A login that was decided.
pub(super) fn decided(
    asked: &Asked,
    user: &UserKey,
    situation: &Situation<'_>,
    facts: &Facts,
    (act, reason): (&Act, &'static str),
    fx: &mut Effects<'_>,
) -> State {
    let mut rules = rules(situation, asked, fx);
    if let Mode::ReportUntil(date) = fx.rules.who.mode {
        let decides = fx.rules.who.only_reports(&fx.now);
        let end = rfc3339(date.end_s());
        let what =
            if decides { "what was decided is only written down" } else { "it is over, and decisions are enforced" };
        let why = format!("it reports until {end}: {what}");
        rules.push(LookedAt { rule: String::from("mode"), decides, why });
    }
    let decision = match act {
        Act::LetBy { .. } => Foreseen::NotSubject,
        Act::Trust { .. } => Foreseen::Trusted,
        Act::Ask { .. } | Act::Enrol { .. } => Foreseen::Ask,
        Act::Refuse { verdict, .. } => of_verdict(*verdict),
    };
    let asks = matches!(policy::decide(situation), policy::Decision::Ask);
    let message = (reason == ASK).then(|| message(asked, user, facts, fx));
    let explained = Explained {
        uid: Some(user.uid),
        class: asked.class,
        source: asked.source,
        decision,
        reason,
        rules,
        message,
        tries: asks.then(|| tries(&facts.bucket, of_first(asked, facts, fx), fx)),
    };
    fx.out.push(Effect::Explained(Box::new(explained)));
    State::Over
}

/// The rules up to the one that decides.
fn rules(situation: &Situation<'_>, asked: &Asked, fx: &Effects<'_>) -> Vec<LookedAt> {
    let mut looked = Vec::new();
    for rule in ORDER {
        let decides = policy::look(rule, situation).is_some();
        looked.push(LookedAt { rule: String::from(name(rule)), decides, why: why(rule, situation, asked, fx) });
        if decides {
            break;
        }
    }
    looked
}

fn name(rule: Rule) -> &'static str {
    match rule {
        Rule::Disabled => "required",
        Rule::Service => "service",
        Rule::ExemptUsers => "exempt_users",
        Rule::ExemptNetworks => "exempt_networks",
        Rule::Record => "record",
        Rule::ShutOut => "disabled",
        Rule::Grant => "grant",
        Rule::Verify => "verify",
        Rule::Grace => "grace",
        Rule::Method => "method",
        Rule::Trust => "trust",
        Rule::Channel => "channel",
        Rule::Ask => "ask",
    }
}

/// Why a rule applies, or does not.
fn why(rule: Rule, situation: &Situation<'_>, asked: &Asked, fx: &Effects<'_>) -> String {
    let has_method = policy::has_method(situation);
    let text = match rule {
        Rule::Disabled => match situation.required {
            Required::Disabled => "policy.required is \"disabled\": nobody is asked",
            Required::Optional => "policy.required is \"optional\"",
            Required::Mandatory => "policy.required is \"mandatory\"",
        },
        Rule::Service => return format!("the service is of class {}", situation.class.word()),
        Rule::ExemptUsers => match situation.listed {
            None => "not in policy.exempt_users",
            Some(Listed::Name) => "policy.exempt_users has the name",
            Some(Listed::Group) => {
                "policy.exempt_users has a group whose members /etc/group lists, this user among them"
            }
        },
        Rule::ExemptNetworks => match situation.network {
            Network::Outside => "not over ssh from a network of policy.exempt_networks",
            Network::Exempt => "over ssh from a network of policy.exempt_networks",
            Network::Here => "the network is in policy.exempt_networks, but the address is this host's own",
            Network::Unseen => "the network is in policy.exempt_networks, but this host's own addresses cannot be seen",
        },
        Rule::Record => match situation.known {
            Known::Record(_) => "the record is of this uid and name",
            Known::Nobody => "there is no record",
            Known::NameOfAnother { uid } => return format!("the record of this name is of uid {uid}"),
            Known::UidOfOthers { names } => return format!("the record of this uid is of {}", names.join(", ")),
        },
        Rule::ShutOut => match situation.methods.disabled_s {
            None => "no administrator disabled the user",
            Some(since_s) => return format!("an administrator disabled the user at {}", rfc3339(since_s)),
        },
        Rule::Grant if situation.grant => "an administrator's one-time code is open for such a login",
        Rule::Grant => "no one-time code of an administrator is open for such a login",
        Rule::Verify => return verify(situation),
        Rule::Grace => match fx.rules.who.grace_until_s(&fx.now) {
            _ if situation.required != Required::Mandatory => "policy.grace is for \"mandatory\"",
            None => "policy.grace does not run",
            Some(_) if has_method => "policy.grace runs, but the user has a method",
            Some(until_s) => return format!("no method, and policy.grace runs until {}", rfc3339(until_s)),
        },
        Rule::Method if has_method => return methods(situation),
        Rule::Method if situation.may_enrol => {
            "there is nothing to prove with, and policy.enrolment lets the user enrol"
        }
        Rule::Method => "there is no verified address or number, no app and no recovery code",
        Rule::Trust => return trust(situation, asked, fx),
        Rule::Channel if situation.askable => "what the user has can be asked for",
        Rule::Channel => "there is no [email] or [sms] in the settings for what the user has",
        Rule::Ask => "a code is asked for",
    };
    String::from(text)
}

fn trust(situation: &Situation<'_>, asked: &Asked, fx: &Effects<'_>) -> String {
    let class = asked.class.word();
    let label = asked.device.as_ref().map_or("", |device| device.label.as_str());
    let always = policy::record(situation).is_some_and(|record| record.verify == Verify::Always);
    let and_always = if always { "; and the record says always, which is never trusted" } else { "" };
    let says = match situation.trust {
        device::Standing::Off => format!("[trust] remembers nothing of class {class}"),
        device::Standing::Nameless if asked.class == Class::Elevate => {
            String::from("an elevation is known by its session, and none was stated")
        }
        device::Standing::Nameless => String::from("the device is known by nothing that could be remembered"),
        device::Standing::New => format!("{label} is not remembered"),
        device::Standing::Over(ended) => format!("{label} was remembered, and that has ended: {}", ended.word()),
        device::Standing::Unseen => {
            let longest = fx.texts.span_of_days(fx.rules.trust.without_stamp.seconds());
            format!("{label} is remembered, but a changed password could not be seen here, and {longest} are over")
        }
        device::Standing::Clock => {
            format!("{label} is remembered, but the clock stands {} s behind a time seen before", fx.behind_s)
        }
        device::Standing::Trusted { left_s } => {
            let unless = if asked.stamp.is_some() { ", unless the password was changed since" } else { "" };
            format!("{label} is remembered for {} more{unless}", fx.texts.span_of_days(left_s))
        }
    };
    format!("{says}{and_always}")
}

fn verify(situation: &Situation<'_>) -> String {
    let says = match policy::record(situation).map(|record| record.verify) {
        None => "there is no record",
        Some(Verify::Never) => "the record says never",
        Some(Verify::NewDevice) => "the record says new-device",
        Some(Verify::Always) => "the record says always",
    };
    let must = match (situation.required, situation.must) {
        (Required::Mandatory, _) => "\"mandatory\" asks everyone",
        (Required::Optional, Some(Must::Service)) => "policy.required_services has the service",
        (Required::Optional, Some(Must::Group)) => "policy.required_groups has a group of the user",
        (Required::Optional | Required::Disabled, None) | (Required::Disabled, Some(_)) => "nothing else requires it",
    };
    format!("{says}; {must}")
}

/// What would be sent when the prompt has stood.
fn message(asked: &Asked, user: &UserKey, facts: &Facts, fx: &Effects<'_>) -> String {
    let owner =
        Owner { user: user.clone(), class: asked.class, source: asked.source, caller: asked.caller, aim: Aim::Login };
    let open = ways::open(ways::ways(facts, asked, fx.rules), facts);
    let way = match ways::first(&open, &owner, facts, fx).0 {
        At::Choice => {
            let words: Vec<&str> = open.iter().map(Way::word).collect();
            return format!("none, until the user has chosen: {}", words.join(", "));
        }
        At::Saved => return String::from("none: a recovery code or an administrator's is asked for"),
        At::Way(Way::App) => return String::from("none: a code of the app is asked for"),
        At::Way(way) => way,
    };
    let wait_s = ways::Waits::of(facts).of_way(&way);
    let withheld = wait_s > 0;
    if let Some(open) = fx.challenges.would_adopt(&owner, way.authenticator(), &fx.rules.codes, &fx.now, withheld) {
        let ago = fx.now.boot_ms.saturating_sub(open.last_send_ms) / 1000;
        return format!("none: the code of {ago} s ago, tag {}, is asked for again", open.tag);
    }
    if withheld {
        return format!("none: limits withhold messages for {wait_s} s; an earlier code is taken");
    }
    format!("a code to {}, once the prompt has stood", way.masked())
}

/// What the user has.
fn methods(situation: &Situation<'_>) -> String {
    let record = policy::record(situation);
    let email = record.filter(|record| record.email_verified).and_then(|record| record.email.clone()).map(Way::Email);
    let phone = record.filter(|record| record.phone_verified).and_then(|record| record.phone.clone()).map(Way::Sms);
    let app = situation.methods.app.as_ref().map(|_| Way::App);
    let recovery = match situation.methods.recovery.len() {
        0 => None,
        left => Some(format!("{left} recovery codes")),
    };
    let said: Vec<String> = [email, phone, app]
        .into_iter()
        .flatten()
        .map(|way| match way.address() {
            Some(_) => format!("{} to {}, verified", way.word(), way.masked()),
            None => String::from("an app"),
        })
        .chain(recovery)
        .collect();
    said.join("; ")
}

/// How tries stand for what would be asked for first.
fn of_first(asked: &Asked, facts: &Facts, fx: &Effects<'_>) -> limits::Standing {
    let all = ways::ways(facts, asked, fx.rules);
    let open = ways::open(all.clone(), facts);
    let way = open.first().or(all.first());
    facts.standings.of(way.map_or(Authenticator::Recovery, Way::authenticator))
}

fn tries(bucket: &Bucket, standing: limits::Standing, fx: &Effects<'_>) -> String {
    let who = match bucket {
        Bucket::Stranger => "a source that is not known",
        Bucket::Known(_) => "a known source",
        Bucket::Own => "the user's own programs",
    };
    match standing {
        limits::Standing::Open { failures } => {
            format!("{failures} wrong codes so far from {who}, of {} in all", fx.rules.tries.before_disabled)
        }
        limits::Standing::Waiting { wait_s } => format!("none for {wait_s} s from {who}"),
        limits::Standing::Disabled => format!("none from {who} until an administrator unlocks"),
    }
}
