//! Who must verify: one pure function, in the precedence of INTERFACE, as far as this release goes. The rules are asked in this
//! order, and the first that has an answer decides; the last one always has.
//!
//! | rule | looks at | decides, where it does |
//! | --- | --- | --- |
//! | disabled | `policy.required = "disabled"` | not subject |
//! | service | the class is *ignore* | not subject |
//! | exempt_users | the name, or a group whose members `/etc/group` lists | not subject |
//! | exempt_networks | ssh, from an address in one of them that is not this host's own | not subject |
//! | record | name or uid has the record of somebody else | deny |
//! | shut out | an administrator disabled the user | deny |
//! | grant | an administrator's one-time code is open for such a login | ask: for that code, or whatever the user has |
//! | verify | optional, nothing requires it, and no record or `never` | not subject |
//! | grace | mandatory, no method, and the time has not run out | not subject, and told |
//! | method | nothing to prove with: no verified address or number, no app, no recovery code | enrol, where `policy.enrolment` allows it; else deny |
//! | trust | the device is remembered, and its trust has not ended; neither `always` nor a service in no class is trusted | trusted |
//! | channel | what the user has cannot be asked for: no mail server, no provider of text messages | cannot be decided |
//! | ask | what is left | ask |
//!
//! `mandatory`, `required_groups` and `required_services` turn `never` into `new-device`. Who has no method is refused before trust is
//! looked at: nobody is let in by a device alone. What [`crate::rules::Who`]'s report mode makes of a decision is
//! [`super::conclude`]'s: the decision is the same.

use super::class::Class;
use super::device;
use crate::store::{Known, Methods, UserRecord};
use pam_2fa_protocol::admin::{Required, Verify};

/// What is known when policy is asked.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// `policy.required`.
    pub required: Required,
    /// The class of the service.
    pub class: Class,
    /// The user is in `policy.exempt_users`.
    pub listed: Option<Listed>,
    /// What `policy.exempt_networks` says of where it comes from.
    pub network: Network,
    /// Under optional: what makes the login one that must verify.
    pub must: Option<Must>,
    /// Whose record there is. A second name of a uid whose other names still exist counts as [`Known::Nobody`].
    pub known: &'a Known,
    /// `policy.grace` has not run out.
    pub grace: Grace,
    /// How the device stands with trust.
    pub trust: device::Standing,
    /// What the user has besides the addresses of the record.
    pub methods: &'a Methods,
    /// An administrator's one-time code is open for this login.
    pub grant: bool,
    /// Something of what the user has can be asked for here and now.
    pub askable: bool,
    /// A user who has nothing may enrol at such a login.
    pub may_enrol: bool,
}

/// How a user is in `policy.exempt_users`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// By name.
    Name,
    /// By a group.
    Group,
}

/// Where a login comes from, by `policy.exempt_networks`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// From none of them, or not over ssh.
    Outside,
    /// From one of them, over ssh, and it is another host.
    Exempt,
    /// From one of them, and it is this host itself: not exempt.
    Here,
    /// From one of them, but this host's own addresses cannot be seen: not exempt.
    Unseen,
}

/// What makes a login one that must verify under optional.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Must {
    /// `policy.required_services`.
    Service,
    /// `policy.required_groups`.
    Group,
}

/// `policy.grace`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grace {
    /// It runs.
    Runs,
    /// There is none, or it is over.
    Over,
}

/// Why a login is no business of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exempt {
    /// `policy.required = "disabled"`.
    Disabled,
    /// The service is ignored.
    Service,
    /// `policy.exempt_users`.
    User,
    /// `policy.exempt_networks`.
    Network,
    /// Optional, and the user has no record.
    NoRecord,
    /// Optional, and the record says `never`.
    Never,
    /// Mandatory, no method, and `policy.grace` has not run out.
    Grace,
}

/// Why a login is refused before anybody is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is nothing that the user could prove with.
    NoMethod,
    /// An administrator shut the user out.
    ShutOut,
    /// The uid or the name has the record of somebody else: renamed, or made anew.
    Another,
    /// What the user has cannot be asked for: no mail server, no provider of text messages.
    NoChannel,
}

/// What policy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Not subject.
    NotSubject(Exempt),
    /// Let in without a code: the device is remembered.
    Trusted,
    /// A code, in one of the ways that the user has.
    Ask,
    /// A first method.
    Enrol,
    /// No.
    Refuse(Refusal),
}

/// A rule; the table above says what it looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table at the head of the file is about them, row by row")]
pub enum Rule {
    Disabled,
    Service,
    ExemptUsers,
    ExemptNetworks,
    Record,
    ShutOut,
    Grant,
    Verify,
    Grace,
    Method,
    Trust,
    Channel,
    Ask,
}

/// The precedence.
pub const ORDER: [Rule; 13] = [
    Rule::Disabled,
    Rule::Service,
    Rule::ExemptUsers,
    Rule::ExemptNetworks,
    Rule::Record,
    Rule::ShutOut,
    Rule::Grant,
    Rule::Verify,
    Rule::Grace,
    Rule::Method,
    Rule::Trust,
    Rule::Channel,
    Rule::Ask,
];

/// What can be said before the user is looked up, by the first two rules: nothing of the user matters then.
#[must_use]
pub fn without_user(required: Required, class: Class) -> Option<Exempt> {
    if required == Required::Disabled {
        return Some(Exempt::Disabled);
    }
    (class == Class::Ignored).then_some(Exempt::Service)
}

/// The decision.
#[must_use]
pub fn decide(situation: &Situation<'_>) -> Decision {
    // The last rule has an answer always; if it had none, the answer would be no.
    ORDER.iter().find_map(|rule| look(*rule, situation)).unwrap_or(Decision::Refuse(Refusal::NoMethod))
}

/// What one rule says; `None`: nothing, the next is asked.
#[must_use]
pub fn look(rule: Rule, situation: &Situation<'_>) -> Option<Decision> {
    let exempt = |applies: bool, why: Exempt| applies.then_some(Decision::NotSubject(why));
    let refuse = |applies: bool, why: Refusal| applies.then_some(Decision::Refuse(why));
    let (record, has_method) = (record(situation), has_method(situation));
    match rule {
        Rule::Disabled => exempt(situation.required == Required::Disabled, Exempt::Disabled),
        Rule::Service => exempt(situation.class == Class::Ignored, Exempt::Service),
        Rule::ExemptUsers => exempt(situation.listed.is_some(), Exempt::User),
        Rule::ExemptNetworks => exempt(situation.network == Network::Exempt, Exempt::Network),
        Rule::Record => refuse(is_anothers(situation.known), Refusal::Another),
        Rule::ShutOut => refuse(situation.methods.disabled_s.is_some(), Refusal::ShutOut),
        Rule::Grant => situation.grant.then_some(Decision::Ask),
        Rule::Verify => {
            let free = situation.required == Required::Optional && situation.must.is_none();
            match record.map(|record| record.verify) {
                None => exempt(free, Exempt::NoRecord),
                Some(Verify::Never) => exempt(free, Exempt::Never),
                Some(Verify::NewDevice | Verify::Always) => None,
            }
        }
        Rule::Grace => {
            let runs = situation.required == Required::Mandatory && situation.grace == Grace::Runs;
            exempt(runs && !has_method, Exempt::Grace)
        }
        Rule::Method if !has_method && situation.may_enrol => Some(Decision::Enrol),
        Rule::Method => refuse(!has_method, Refusal::NoMethod),
        Rule::Trust => {
            let is_trusted = matches!(situation.trust, device::Standing::Trusted { .. });
            let may_be = record.is_some_and(|record| match record.verify {
                Verify::Always => false,
                Verify::Never | Verify::NewDevice => true,
            });
            let remembers = match situation.class {
                Class::Ssh | Class::Desktop | Class::Web | Class::Elevate => true,
                Class::Other | Class::Ignored => false,
            };
            (is_trusted && may_be && remembers).then_some(Decision::Trusted)
        }
        Rule::Channel => refuse(!situation.askable, Refusal::NoChannel),
        Rule::Ask => Some(Decision::Ask),
    }
}

/// Name or uid has the record of somebody else.
pub(super) fn is_anothers(known: &Known) -> bool {
    match known {
        Known::NameOfAnother { .. } | Known::UidOfOthers { .. } => true,
        Known::Record(_) | Known::Nobody => false,
    }
}

pub(super) fn record<'a>(situation: &Situation<'a>) -> Option<&'a UserRecord> {
    match situation.known {
        Known::Record(record) => Some(record.as_ref()),
        Known::Nobody | Known::NameOfAnother { .. } | Known::UidOfOthers { .. } => None,
    }
}

/// Whether the user has anything to prove with.
pub(super) fn has_method(situation: &Situation<'_>) -> bool {
    let addresses = record(situation).is_some_and(|record| record.email_verified || record.phone_verified);
    addresses || situation.methods.app.is_some() || !situation.methods.recovery.is_empty()
}

#[cfg(test)]
pub(super) mod tests;
