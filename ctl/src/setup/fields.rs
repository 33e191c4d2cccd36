//! Which fields the window has, in their order: the one table. A provider's account has the fields that its file names. It draws nothing.

use pam_2fa_settings::provider::Provider;

/// A page of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    Main,
    Limits,
    Users,
}

impl Page {
    pub(crate) const ALL: [Self; 3] = [Self::Main, Self::Limits, Self::Users];

    /// The id of its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Main => "window-page-main",
            Self::Limits => "window-page-limits",
            Self::Users => "window-page-users",
        }
    }
}

/// What a button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Press {
    TestEmail,
    TestSms,
    Save,
    Exit,
}

/// How a field is edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One of these words.
    Choice(Vec<String>),
    /// One of the providers there are, or none.
    Provider,
    /// A line; also of several, with commas between them.
    Text,
    /// A line that is not shown.
    Secret,
    /// A number and a unit.
    Duration,
    Number,
    Switch,
    Press(Press),
}

/// Words of ours by their id, or a provider's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Text {
    Id(String),
    Own(String),
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// The dotted name of its setting; of a button its own.
    pub(crate) key: String,
    pub(crate) kind: Kind,
    pub(crate) label: Text,
    pub(crate) help: Text,
    /// The id of the heading that it stands under.
    pub(crate) section: &'static str,
}

impl Field {
    fn of(section: &'static str, key: &str, kind: Kind) -> Self {
        let id = key.replace(['.', '_'], "-");
        let (label, help) = (Text::Id(format!("field-{id}")), Text::Id(format!("help-{id}")));
        Self { key: key.to_owned(), kind, label, help, section }
    }
}

fn choice(words: &[&str]) -> Kind {
    Kind::Choice(words.iter().map(|word| (*word).to_owned()).collect())
}

/// Units of a duration, as the settings write them.
pub(crate) const UNITS: [&str; 4] = ["seconds", "minutes", "hours", "days"];

/// The fields of a page; the account of the provider that is chosen among them.
pub(crate) fn fields(page: Page, provider: Option<&Provider>) -> Vec<Field> {
    match page {
        Page::Main => main(provider),
        Page::Limits => limits(),
        Page::Users => Vec::new(),
    }
}

fn main(provider: Option<&Provider>) -> Vec<Field> {
    let mut all = vec![
        Field::of("section-policy", "policy.required", choice(&["disabled", "optional", "mandatory"])),
        Field::of("section-policy", "policy.application", Kind::Text),
        Field::of("section-email", "email.server", Kind::Text),
        Field::of("section-email", "email.tls", choice(&["implicit", "starttls", "none"])),
        Field::of("section-email", "email.port", Kind::Number),
        Field::of("section-email", "email.from", Kind::Text),
        Field::of("section-email", "email.user", Kind::Text),
        Field::of("section-email", "email.password", Kind::Secret),
        Field::of("section-email", "email.ca_file", Kind::Text),
        Field::of("section-email", "test.email", Kind::Press(Press::TestEmail)),
        Field::of("section-sms", "sms.provider", Kind::Provider),
    ];
    if let Some(provider) = provider {
        all.extend(provider.account.iter().map(|field| account(provider, field)));
        all.push(Field::of("section-sms", "sms.sender", Kind::Text));
        all.push(Field::of("section-sms", "sms.proxy", Kind::Text));
        all.push(Field::of("section-sms", "sms.ca_file", Kind::Text));
        all.push(Field::of("section-sms", "test.sms", Kind::Press(Press::TestSms)));
    }
    for class in ["desktop", "web", "ssh", "elevate"] {
        all.push(Field::of("section-trust", &format!("trust.{class}"), Kind::Duration));
    }
    all.push(Field::of("section-end", "save", Kind::Press(Press::Save)));
    all.push(Field::of("section-end", "exit", Kind::Press(Press::Exit)));
    all
}

/// As the provider's file names it, with its help and where the provider says more.
fn account(provider: &Provider, field: &pam_2fa_settings::provider::Field) -> Field {
    let kind = match (field.secret, field.choices.is_empty()) {
        (true, _) => Kind::Secret,
        (false, true) => Kind::Text,
        (false, false) => Kind::Choice(field.choices.clone()),
    };
    let docs = provider.docs.as_ref().map(|docs| format!("({docs})"));
    let help: Vec<&str> = [field.help.as_deref(), docs.as_deref()].into_iter().flatten().collect();
    Field {
        key: format!("sms.account.{}", field.key),
        kind,
        label: Text::Own(field.label.clone()),
        help: Text::Own(help.join(" ")),
        section: "section-sms",
    }
}

fn limits() -> Vec<Field> {
    let of = Field::of;
    vec![
        of("section-enrolment", "policy.enrolment", choice(&["administrator", "invited", "at-login"])),
        of("section-enrolment", "policy.grace", Kind::Duration),
        of("section-enrolment", "policy.mode", Kind::Text),
        of("section-enrolment", "policy.profile", choice(&["standard", "nist-aal2", "pci-dss"])),
        of("section-enrolment", "policy.unique_email", Kind::Switch),
        of("section-codes", "codes.digits", Kind::Number),
        of("section-codes", "codes.lifetime", Kind::Duration),
        of("section-codes", "codes.attempts", Kind::Number),
        of("section-codes", "codes.resend_after", Kind::Duration),
        of("section-codes", "codes.prompt", choice(&["detailed", "constant"])),
        of("section-codes", "codes.echo", Kind::Switch),
        of("section-codes", "codes.language", choice(&["en", "de", "fr", "es", "ja"])),
        of("section-devices", "trust.ask", Kind::Switch),
        of("section-devices", "trust.ssh_identity", choice(&["key", "address"])),
        of("section-devices", "trust.web_identity", choice(&["none", "address"])),
        of("section-devices", "trust.without_stamp", Kind::Duration),
        of("section-limits", "limits.sends_per_user_hour", Kind::Number),
        of("section-limits", "limits.sends_per_user_day", Kind::Number),
        of("section-limits", "limits.sends_per_source_hour", Kind::Number),
        of("section-limits", "limits.sends_per_number_prefix_hour", Kind::Number),
        of("section-limits", "limits.sms_per_day", Kind::Number),
        of("section-limits", "limits.sms_cost_per_day", Kind::Text),
        of("section-limits", "limits.sms_countries", Kind::Text),
        of("section-limits", "limits.tries_before_disabled", Kind::Number),
        of("section-limits", "limits.first_wait", Kind::Duration),
        of("section-limits", "limits.longest_wait", Kind::Duration),
        of("section-end", "save", Kind::Press(Press::Save)),
        of("section-end", "exit", Kind::Press(Press::Exit)),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::words::{Tongue, Words};
    use super::*;
    use pam_2fa_settings::provider::parse;

    #[test]
    fn every_field_has_its_words_in_every_language() {
        for tongue in [Tongue::English, Tongue::German] {
            let words = Words::of(tongue);
            for field in Page::ALL.into_iter().flat_map(|page| fields(page, None)) {
                for id in [field.label, field.help, Text::Id(field.section.to_owned())] {
                    let Text::Id(id) = id else { continue };
                    assert_ne!(words.say(&id), id, "{tongue:?}");
                }
            }
        }
    }

    #[test]
    fn an_account_has_the_fields_of_its_providers_file() {
        let text = include_str!("../../../etc/providers/twilio.toml");
        let provider = parse("twilio", text).unwrap();
        let fields = fields(Page::Main, Some(&provider));
        let account: Vec<&Field> = fields.iter().filter(|field| field.key.starts_with("sms.account.")).collect();
        assert_eq!(account.len(), provider.account.len());
        assert!(account.iter().any(|field| field.kind == Kind::Secret));
        assert!(account.iter().all(|field| matches!(&field.help, Text::Own(help) if help.contains("https://"))));
    }
}
