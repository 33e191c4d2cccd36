//! Who must verify: one pure function, in the precedence of INTERFACE, as far as this release goes.
//!
//! | required | service | record | decision |
//! | --- | --- | --- | --- |
//! | disabled | any | any | not subject |
//! | any | ignored | any | not subject |
//! | any | other | name or uid of another record | deny |
//! | optional | other | none, or `never` | not subject |
//! | optional | other | `new-device`, `always` | ask |
//! | mandatory | other | any, or none | ask |
//!
//! *ask* needs a verified address and a configured channel; without the first the login is denied, without the second it cannot
//! be decided. Nothing here is trusted yet, so `new-device` asks every time.

use super::class::Class;
use crate::store::{Known, UserRecord};
use pam_2fa_protocol::admin::{Required, Verify};

/// What is known when policy is asked.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// `policy.required`.
    pub required: Required,
    /// The class of the service.
    pub class: Class,
    /// Whose record there is. A second name of a uid whose other names still exist counts as [`Known::Nobody`].
    pub known: &'a Known,
    /// A mail server is configured.
    pub email_configured: bool,
}

/// Why a login is no business of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exempt {
    /// `policy.required = "disabled"`.
    Disabled,
    /// The service is ignored.
    Service,
    /// Optional, and the user has no record.
    NoRecord,
    /// Optional, and the record says `never`.
    Never,
}

/// Why a login is refused before anybody is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no verified address to send a code to.
    NoMethod,
    /// The uid or the name has the record of somebody else: renamed, or made anew.
    Another,
    /// No mail server is configured.
    NoChannel,
}

/// What policy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision<'a> {
    /// Not subject.
    NotSubject(Exempt),
    /// A code by email to the verified address of this record.
    Ask {
        /// Whose.
        record: &'a UserRecord,
        /// Where to.
        email: &'a str,
    },
    /// No.
    Refuse(Refusal),
}

/// What can be said before the user is looked up: nothing of the user matters then.
#[must_use]
pub fn without_user(required: Required, class: Class) -> Option<Exempt> {
    if required == Required::Disabled {
        return Some(Exempt::Disabled);
    }
    (class == Class::Ignored).then_some(Exempt::Service)
}

/// The decision.
#[must_use]
pub fn decide(situation: Situation<'_>) -> Decision<'_> {
    if let Some(exempt) = without_user(situation.required, situation.class) {
        return Decision::NotSubject(exempt);
    }
    let record = match situation.known {
        Known::NameOfAnother { .. } | Known::UidOfOthers { .. } => return Decision::Refuse(Refusal::Another),
        Known::Nobody => None,
        Known::Record(record) => Some(record.as_ref()),
    };
    let verify = record.map_or(Verify::Never, |record| record.verify);
    match (situation.required, verify) {
        (Required::Disabled, _) => return Decision::NotSubject(Exempt::Disabled),
        (Required::Optional, Verify::Never) => {
            return Decision::NotSubject(if record.is_some() { Exempt::Never } else { Exempt::NoRecord });
        }
        (Required::Optional, Verify::NewDevice | Verify::Always) | (Required::Mandatory, _) => {}
    }
    match record {
        Some(record) => match record.email.as_deref().filter(|_| record.email_verified) {
            Some(_) if !situation.email_configured => Decision::Refuse(Refusal::NoChannel),
            Some(email) => Decision::Ask { record, email },
            None => Decision::Refuse(Refusal::NoMethod),
        },
        None => Decision::Refuse(Refusal::NoMethod),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::UserKey;

    fn record(verify: Verify, email: Option<&str>, email_verified: bool) -> Known {
        Known::Record(Box::new(UserRecord {
            key: UserKey { uid: 1000, name: String::from("ada") },
            verify,
            email: email.map(String::from),
            email_verified,
            phone: None,
            phone_verified: false,
            language: None,
            last_login: None,
        }))
    }

    /// One word for a decision, to be written beside each row.
    fn word(decision: Decision<'_>) -> String {
        match decision {
            Decision::NotSubject(why) => format!("not subject: {why:?}"),
            Decision::Ask { email, .. } => format!("ask {email}"),
            Decision::Refuse(why) => format!("refuse: {why:?}"),
        }
    }

    /// Every combination of what policy looks at, generated; the whole table is the golden text.
    #[test]
    fn the_decision_table_is_this() {
        let knowns = [
            ("nobody", Known::Nobody),
            ("name of another", Known::NameOfAnother { uid: 7 }),
            ("uid of others", Known::UidOfOthers { names: vec![String::from("bea")] }),
            ("never, verified", record(Verify::Never, Some("a@example.com"), true)),
            ("never, unverified", record(Verify::Never, Some("a@example.com"), false)),
            ("never, no email", record(Verify::Never, None, false)),
            ("new-device, verified", record(Verify::NewDevice, Some("a@example.com"), true)),
            ("new-device, unverified", record(Verify::NewDevice, Some("a@example.com"), false)),
            ("always, verified", record(Verify::Always, Some("a@example.com"), true)),
            ("always, no email", record(Verify::Always, None, false)),
        ];
        let mut table = String::new();
        for required in [Required::Disabled, Required::Optional, Required::Mandatory] {
            for class in [Class::Ssh, Class::Desktop, Class::Web, Class::Elevate, Class::Other, Class::Ignored] {
                for (name, known) in &knowns {
                    for email_configured in [true, false] {
                        let said = decide(Situation { required, class, known, email_configured });
                        let channel = if email_configured { "mail" } else { "no mail" };
                        let class = class.word();
                        table.push_str(&format!("{required:?} | {class} | {name} | {channel} | {}\n", word(said)));
                    }
                }
            }
        }
        insta::assert_snapshot!(table);
    }
}
