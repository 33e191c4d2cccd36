//! The one table of what may stand in `config.toml`: every key, and what it takes. A new one gets a line here and a field in
//! `settings.rs`; nothing else knows which keys there are.

use crate::check::Form;
use crate::language::Language;
use crate::trust::LONGEST_WITHOUT_STAMP_S;

/// What a key takes.
#[derive(Debug)]
pub(crate) enum Kind {
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A whole number between the two, and why so.
    Number(i64, i64, &'static str),
    /// A duration in seconds between the two, and why so.
    Duration(u64, u64, &'static str),
    /// `true` or `false`.
    Switch,
    /// A text of that form.
    Text(Form),
    /// A list of texts of that form.
    List(Form),
    /// A secret, plain or sealed.
    Secret,
    /// A table of texts, plain or sealed: the fields of a provider's account.
    Account,
}

/// A key of a section.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// A section.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) keys: &'static [Key],
    pub(crate) shape: Shape,
}

/// What a section has beside its keys.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Nothing.
    Plain,
    /// `[[SECTION.backup]]` with the same keys and a `name`.
    Backups,
    /// Keys that are the administrator's own: patterns for services.
    Services,
}

use Kind::{Account, Duration, List, Number, OneOf, Secret, Switch, Text};

const fn key(name: &'static str, kind: Kind) -> Key {
    Key { name, kind }
}

const DAY: u64 = 86_400;
const LONGEST: u64 = 99_999 * DAY;
const ANY: &str = "";

const POLICY: &[Key] = &[
    key("required", OneOf(&["disabled", "optional", "mandatory"])),
    key("application", Text(Form::Application)),
    key("mode", Text(Form::Mode)),
    key("profile", OneOf(&["standard", "nist-aal2", "pci-dss"])),
    key("enrolment", OneOf(&["administrator", "invited", "at-login"])),
    key("grace", Duration(0, LONGEST, ANY)),
    key("required_groups", List(Form::Account)),
    key("required_services", List(Form::Service)),
    key("exempt_users", List(Form::UserOrGroup)),
    key("exempt_networks", List(Form::Network)),
    key("unique_email", Switch),
];

const EMAIL: &[Key] = &[
    key("server", Text(Form::Server)),
    key("port", Number(1, 65_535, "a TCP port")),
    key("tls", OneOf(&["implicit", "starttls", "none"])),
    key("from", Text(Form::Mailbox)),
    key("user", Text(Form::Login)),
    key("password", Secret),
    key("ca_file", Text(Form::File)),
    key("helo", Text(Form::Helo)),
];

const SMS: &[Key] = &[
    key("provider", Text(Form::Name)),
    key("sender", Text(Form::Sender)),
    key("account", Account),
    key("price", Text(Form::Price)),
    key("proxy", Text(Form::Proxy)),
    key("ca_file", Text(Form::File)),
];

/// What a `[[….backup]]` has beside its section's keys.
pub(crate) const BACKUP_NAME: Key = key("name", Text(Form::Name));

const TRUST: &[Key] = &[
    key("desktop", Duration(0, LONGEST, ANY)),
    key("web", Duration(0, LONGEST, ANY)),
    key("ssh", Duration(0, LONGEST, ANY)),
    key("elevate", Duration(0, LONGEST, ANY)),
    key("ssh_identity", OneOf(&["key", "address"])),
    key("web_identity", OneOf(&["none", "address"])),
    key("prefix_v4", Number(1, 32, "the bits of an IPv4 address that tell a network")),
    key("prefix_v6", Number(1, 128, "the bits of an IPv6 address that tell a network")),
    key("without_stamp", Duration(0, LONGEST_WITHOUT_STAMP_S as u64, "a changed password would go unseen for so long")),
    key("ask", Switch),
];

const CODES: &[Key] = &[
    key("digits", Number(6, 8, "SP 800-63B-4 §3.1.3.2 asks for at least 6; more than 8 are mistyped")),
    key("lifetime", Duration(1, 600, "SP 800-63B-4 §3.1.3.2: a code is good for 10 minutes at most")),
    key("attempts", Number(1, 10, "each try guesses one code of a million; PCI DSS 8.3.4 ends at 10")),
    key("resend_after", Duration(1, 600, "a code lives 10 minutes at most")),
    key("prompt", OneOf(&["detailed", "constant"])),
    key("echo", Switch),
    key("language", OneOf(Language::WORDS)),
];

const MANY: &str = "0 would lock everyone out, more would be no limit";

const LIMITS: &[Key] = &[
    key("sends_per_user_hour", Number(1, 1_000, MANY)),
    key("sends_per_user_day", Number(1, 10_000, MANY)),
    key("sends_per_source_hour", Number(1, 10_000, MANY)),
    key("sends_per_number_prefix_hour", Number(1, 100_000, MANY)),
    key("sms_per_day", Number(1, 10_000_000, MANY)),
    key("sms_cost_per_day", Text(Form::Money)),
    key("sms_countries", List(Form::Country)),
    key(
        "tries_before_disabled",
        // Profiles say more; build.rs knows which.
        Number(1, 100, "SP 800-63B-4 §3.2.2 ends at 100"),
    ),
    key("first_wait", Duration(1, 3_600, "a user who mistypes waits so long")),
    key("longest_wait", Duration(1, DAY, "a user under attack waits so long")),
];

const LOG: &[Key] = &[
    key("level", OneOf(&["error", "warn", "info", "debug", "trace"])),
    key("keep", Duration(DAY, LONGEST, "a log of less than a day shows nobody anything")),
    key("size", Text(Form::Size)),
];

const fn section(name: &'static str, keys: &'static [Key], shape: Shape) -> Section {
    Section { name, keys, shape }
}

/// All sections, in the order of the shipped file.
pub(crate) const SECTIONS: &[Section] = &[
    section("policy", POLICY, Shape::Plain),
    section("email", EMAIL, Shape::Backups),
    section("sms", SMS, Shape::Backups),
    section("trust", TRUST, Shape::Plain),
    section("services", &[], Shape::Services),
    section("codes", CODES, Shape::Plain),
    section("limits", LIMITS, Shape::Plain),
    section("log", LOG, Shape::Plain),
];

/// The dotted names of all keys (those of backups aside, which are their section's).
pub(crate) fn dotted() -> impl Iterator<Item = String> {
    SECTIONS.iter().flat_map(|section| section.keys.iter().map(move |key| format!("{}.{}", section.name, key.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_stands_in_the_shipped_file_under_its_section() {
        let shipped = include_str!("../../etc/config.toml");
        for section in SECTIONS {
            let header = format!("[{}]", section.name);
            let from = shipped.lines().skip_while(|line| !line.trim_start_matches("# ").starts_with(&header));
            let lines: Vec<&str> = from
                .skip(1)
                .take_while(|line| !line.trim_start_matches("# ").starts_with('['))
                .map(|line| line.trim_start_matches("# "))
                .collect();
            assert!(!lines.is_empty(), "{header}");
            for key in section.keys {
                let start = format!("{} = ", key.name);
                assert!(lines.iter().any(|line| line.starts_with(&start)), "{}.{}", section.name, key.name);
            }
        }
    }
}
