//! What `parse` accepts, and what it says of what it does not.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "the tests' own helpers")]

use pam_2fa_settings::{
    Class, Date, Exemption, Lifetime, Lock, Mode, Money, PasswordSetting, Profile, Prompt, Region, Required, Tls, parse,
};
use proptest::prelude::*;

const EMAIL: &str = "[email]\nserver = \"smtp.example.com\"\nfrom = \"security@example.com\"\n";

fn shown(text: &str) -> String {
    let findings = parse(text).expect_err(text);
    findings.iter().map(|finding| format!("{finding}\n")).collect()
}

#[test]
fn all_errors_are_listed_in_order_with_line_and_column_and_the_nearest_key() {
    let text = r#"
[policy]
requierd = "mandatory"
required = "always"
application = "two
lines"
"#;
    insta::assert_snapshot!(shown(text), @"6:7: not TOML: key with no value, expected `=`");

    let text = r#"
required = "mandatory"
[policy]
requierd = "mandatory"
  required = "always"
application = "a\u001b[31mb"
unique_email = false
grace = "100000 days"
[emial]
server = "x"
[email]
server = "smtp.example.com:465"
prot = 465
port = 65536
tls = "ssl"
password = "hunter2\n"
[[email.backup]]
name = "second"
server = "mail.example.net"
from = "Bob <bob>"
backup = 1
[sms]
provider = "twilio"
[services]
"a/b" = "web"
sshd = "shell"
su = { class = "elevate", factor = "caller" }
doas = { fact = "target" }
[codes]
digits = "6"
lifetime = "11 minutes"
language = "kl"
[limits]
first_wait = "2 hours"
longest_wait = "1 hour"
[log]
level = true
"#;
    insta::assert_snapshot!(shown(text));
}

#[test]
fn a_secret_is_never_in_a_finding() {
    for line in [
        "password = \"hunter2\\n\"",
        "password = \"sealed:v9:hunter2\"",
        "password = \"hunter2",
        "password = hunter2",
        "password = [\"hunter2\"]",
        "password = \"hunter2\" x",
        "password = 'hunter2'\npassword = 'hunter2'",
    ] {
        let text = format!("{EMAIL}{line}\n");
        assert!(!shown(&text).contains("hunter2"), "{}", shown(&text));
    }
    let text = format!("{EMAIL}password = \"hunter2\"\n");
    let accepted = parse(&text).unwrap();
    assert!(!format!("{accepted:?}").contains("hunter2"));
    assert_eq!(accepted.notes[0].to_string(), "4:12: email.password: this is in plain text: run `pam-2fa config seal`");
}

type Case<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, &'a str)]);

/// For every key that does something here: good values, and bad ones with a part of what is said of them.
const KEYS: &[Case<'_>] = &[
    (
        "policy.required",
        &["\"disabled\"", "\"optional\"", "\"mandatory\""],
        &[("\"yes\"", "is not one of \"disabled\", \"optional\", \"mandatory\""), ("true", "must be a text in quotes")],
    ),
    (
        "policy.application",
        &["\"A\"", "\"Größe & Söhne\"", "\"0123456789012345678901234567890123456789\""],
        &[
            ("\"\"", "1 to 40 printable"),
            ("\"01234567890123456789012345678901234567890\"", "1 to 40 printable"),
            ("\"a\\nb\"", "1 to 40 printable"),
            ("\"a\\u202Eb\"", "1 to 40 printable"),
            ("\" a\"", "without spaces before and after"),
        ],
    ),
    (
        "email.server",
        &["\"smtp.example.com\"", "\"192.0.2.1\"", "\"2001:db8::1\"", "\"localhost\""],
        &[
            ("\"smtp.example.com:465\"", "without a port"),
            ("\"192.0.2.300\"", "host name or an IP address"),
            ("\"\"", "host name"),
            ("\"a b\"", "host name"),
        ],
    ),
    (
        "email.port",
        &["1", "65535"],
        &[("0", "between 1 and 65535"), ("65536", "between"), ("\"465\"", "without quotes")],
    ),
    (
        "email.tls",
        &["\"implicit\"", "\"starttls\""],
        &[("\"ssl\"", "is not one of"), ("\"none\"", "for this host only")],
    ),
    (
        "email.from",
        &["\"a@example.com\"", "\"A B <a@example.com>\""],
        &[("\"a\"", "write name@domain"), ("\"a@b\\r\\nBcc: c@d\"", "write name@domain")],
    ),
    ("email.user", &["\"a\""], &[("\"a\\u0000\"", "printable characters"), ("\"\"", "1 to 255 bytes")]),
    (
        "email.password",
        &["\"x\"", "\"sealed:v1:AbC-_=\""],
        &[
            ("\"\"", "1 to 512 bytes"),
            ("\"sealed:v2:x\"", "no sealed value of this release"),
            ("\"sealed:v1:\"", "no sealed value"),
            ("1", "must be a text"),
        ],
    ),
    ("email.ca_file", &["\"/etc/ssl/ca.pem\""], &[("\"ca.pem\"", "absolute path")]),
    ("email.helo", &["\"host.example.com\""], &[("\"a b\"", "host name"), ("\"a\\r\\nMAIL FROM:<b@c>\"", "host name")]),
    (
        "services.x",
        &["\"desktop\"", "\"web\"", "\"ssh\"", "\"elevate\"", "\"ignore\"", "{ class = \"web\", factor = \"target\" }"],
        &[
            ("\"shell\"", "is not one of"),
            ("1", "must be a text"),
            ("{ factor = \"target\" }", "has no class"),
            ("{ class = \"web\", factor = \"x\" }", "is not one of \"target\", \"caller\""),
        ],
    ),
    (
        "codes.digits",
        &["6", "8"],
        &[("5", "SP 800-63B-4 §3.1.3.2"), ("9", "between 6 and 8"), ("6.0", "must be a whole number")],
    ),
    (
        "codes.lifetime",
        &["\"1 second\"", "\"10 minutes\""],
        &[("\"0 seconds\"", "is not between"), ("\"601 seconds\"", "10 minutes at most"), ("10", "text in quotes")],
    ),
    ("codes.attempts", &["1", "10"], &[("0", "between 1 and 10"), ("11", "PCI DSS 8.3.4")]),
    (
        "codes.resend_after",
        &["\"1 second\"", "\"10 minutes\""],
        &[("\"0 seconds\"", "is not between"), ("\"1 hour\"", "is not between")],
    ),
    ("codes.prompt", &["\"detailed\"", "\"constant\""], &[("\"short\"", "is not one of")]),
    ("codes.echo", &["true", "false"], &[("\"true\"", "true or false, without quotes")]),
    (
        "codes.language",
        &["\"en\"", "\"de\"", "\"fr\"", "\"es\"", "\"ja\""],
        &[("\"de_DE\"", "is not one of \"en\", \"de\", \"fr\", \"es\", \"ja\""), ("\"\"", "is not one of")],
    ),
    ("limits.sends_per_user_hour", &["1", "1000"], &[("0", "lock everyone out"), ("1001", "between")]),
    ("limits.sends_per_user_day", &["1", "10000"], &[("0", "between"), ("10001", "between")]),
    ("limits.sends_per_source_hour", &["1", "10000"], &[("0", "between"), ("10001", "between")]),
    (
        "limits.tries_before_disabled",
        &["21", "100"],
        &[("20", "kept for sources that are known"), ("101", "SP 800-63B-4 §3.2.2")],
    ),
    (
        "limits.first_wait",
        &["\"1 second\"", "\"1 hour\""],
        &[("\"0 seconds\"", "between"), ("\"61 minutes\"", "between")],
    ),
    (
        "limits.longest_wait",
        &["\"30 seconds\"", "\"1 day\""],
        &[("\"25 hours\"", "between"), ("\"29 seconds\"", "longer than limits.longest_wait")],
    ),
    ("log.level", &["\"error\"", "\"warn\"", "\"info\"", "\"debug\"", "\"trace\""], &[("\"all\"", "is not one of")]),
    ("log.keep", &["\"1 day\"", "\"99999 days\""], &[("\"23 hours\"", "between")]),
    ("log.size", &["\"1 MB\"", "\"999999 GB\""], &[("\"0 MB\"", "MB or GB"), ("\"1 TB\"", "MB or GB")]),
];

/// The text with one key, and what it needs around it.
fn with(key: &str, value: &str) -> String {
    let (section, name) = key.split_once('.').unwrap();
    let mut text = format!("[{section}]\n{name} = {value}\n");
    if section == "email" {
        for (other, example) in [("server", "smtp.example.com"), ("from", "a@example.com")] {
            if other != name {
                text.push_str(&format!("{other} = \"{example}\"\n"));
            }
        }
        if name == "user" {
            text.push_str("password = \"x\"\n");
        }
    }
    text
}

#[test]
fn every_key_takes_its_values_and_refuses_others_with_a_reason() {
    for (key, good, bad) in KEYS {
        for value in *good {
            let text = with(key, value);
            assert!(parse(&text).is_ok(), "{text}{:?}", parse(&text).err());
        }
        for (value, said) in *bad {
            let said_is = shown(&with(key, value));
            assert!(said_is.contains(said), "{key} = {value}: {said_is}");
            assert!(said_is.contains(key), "{key} = {value}: {said_is}");
            assert_eq!(said_is.lines().count(), 1, "{key} = {value}: {said_is}");
        }
    }
}

#[test]
fn a_value_that_its_key_does_not_take_is_refused_once_with_what_to_write() {
    for (line, said) in [
        ("[policy]\nmode = \"observe\"", "2:8: policy.mode: \"observe\" is not \"enforce\" or"),
        ("[policy]\nmode = \"report until 2026-02-29\"", "policy.mode: \"report until 2026-02-29\" is not"),
        ("[policy]\nexempt_users = [\"a b\"]", "\"a b\" is not the name of a user"),
        ("[policy]\nexempt_networks = [\"192.0.2.1/24\"]", "its other bits 0"),
        ("[policy]\nexempt_networks = [\"192.0.2.0/33\"]", "is not a network"),
        ("[policy]\nexempt_networks = [1]", "every member of the list is a text"),
        ("[policy]\nunique_email = \"no\"", "true or false"),
        ("[trust]\nssh = \"8 days 1 hour\"", "trust.ssh: "),
        ("[services]\nsshd = { class = \"ssh\", factor = \"caller\" }", "is for class \"elevate\""),
        ("[services]\n\"polkit-*\" = { class = \"elevate\", factor = \"caller\" }", "is not for polkit-1"),
        ("[trust]\nprefix_v4 = 33", "between 1 and 32"),
        ("[limits]\nsms_cost_per_day = \"12,50\"", "is not an amount"),
        ("[limits]\nsms_countries = [\"de\"]", "two capital letters"),
        ("[limits]\nsms_countries = [\"UK\"]", "\"UK\" is not a country of two capital letters"),
        ("[limits]\nsms_countries = [\"+49\"]", "\"+49\" is not a country"),
        ("[limits]\nsms_countries = \"DE\"", "must be a list"),
        ("[limits]\nsms_per_day = 0", "is not between 1"),
        ("[limits]\nsends_per_number_prefix_hour = 0", "is not between 1"),
        ("[sms]\nprovider = \"http\"\nprice = \"0\"", "\"0\" is not what a text message costs"),
        ("[sms]\nprovider = \"http\"\nprice = 0.08", "must be a text in quotes"),
        ("[log]\nsize = \"200\"", "MB or GB"),
        ("[log]\nkeep = \"1 hour\"", "is not between"),
    ] {
        let said_is = shown(line);
        assert!(said_is.contains(said), "{line}: {said_is}");
        assert_eq!(said_is.lines().count(), 1, "{line}: {said_is}");
    }
}

#[test]
fn an_email_section_is_typed_with_its_defaults() {
    let text = format!(
        "{EMAIL}password = \"sealed:v1:x\"\n[[email.backup]]\nname = \"b\"\nserver = \"127.0.0.1\"\ntls = \"none\"\n\
         from = \"Corp <c@example.com>\"\n[[email.backup]]\nname = \"c\"\nserver = \"x.example\"\ntls = \"starttls\"\n\
         from = \"c@example.com\"\nuser = \"me\"\npassword = \"pw\"\n"
    );
    let accepted = parse(&text).unwrap();
    let email = accepted.settings.email.unwrap();
    assert_eq!((email.port, email.tls, email.user.as_deref()), (465, Tls::Implicit, Some("security@example.com")));
    assert!(matches!(email.password, Some(PasswordSetting::Sealed(ref text)) if text == "sealed:v1:x"));
    let [b, c] = email.backups.as_slice() else { panic!("{:?}", email.backups) };
    assert_eq!((b.name.as_str(), b.email.port, b.email.user.as_deref()), ("b", 25, None));
    assert_eq!((c.email.port, c.email.tls, c.email.user.as_deref()), (587, Tls::Starttls, Some("me")));
    assert!(matches!(&c.email.password, Some(PasswordSetting::Plain(secret)) if secret.expose() == "pw"));
    assert_eq!(accepted.notes.len(), 1);
    assert_eq!(accepted.notes[0].key, "email.backup.c.password");
}

#[test]
fn a_connection_without_tls_is_for_this_host_only() {
    for (server, fits) in [
        ("127.0.0.1", true),
        ("127.9.9.9", true),
        ("::1", true),
        ("localhost", true),
        ("LOCALHOST", true),
        ("192.0.2.1", false),
        ("::", false),
        ("0.0.0.0", false),
        ("localhost.example.com", false),
    ] {
        let text =
            format!("[email]\nserver = \"{server}\"\ntls = \"none\"\nfrom = \"a@example.com\"\npassword = \"x\"\n");
        assert_eq!(parse(&text).is_ok(), fits, "{server}");
    }
}

#[test]
fn what_an_email_section_lacks_is_said_at_the_section() {
    assert_eq!(
        shown("[email]\nport = 25\n"),
        "1:2: email.server: is missing; add server = \"smtp.example.com\"\n\
         1:2: email.from: is missing; add from = \"Example Corp <security@example.com>\"\n"
    );
    let text = format!("{EMAIL}user = \"a\"\n");
    assert!(shown(&text).contains("4:8: email.user: would not be used without a password"));
    let backup = "[[email.backup]]\nserver = \"a.example\"\nfrom = \"a@example.com\"\n";
    assert!(shown(&format!("{EMAIL}{backup}")).contains("email.backup[1]: has no name"));
    let named = format!("{backup}name = \"x\"\n");
    assert!(shown(&format!("{EMAIL}{named}{named}")).contains("11:8: email.backup.x: is the name of another backup"));
    assert!(shown("[email]\nbackup = 1\n").contains("email.backup: must be written [[email.backup]]"));
    assert!(shown("[[email.backup]]\nname = \"x\"\n").contains("email.server: is missing"));
    let inline =
        format!("{EMAIL}backup = [{{ name = \"x\", server = \"a.example\", from = \"a@example.com\", prot = 1 }}]\n");
    assert!(shown(&inline).contains("email.backup.x.prot: there is no such key; the nearest is email.backup.x.port"));
}

#[test]
fn what_policy_says_reaches_the_settings() {
    let text = "[policy]\nmode = \"report until 2026-12-31\"\nprofile = \"pci-dss\"\ngrace = \"14 days\"\n\
                required_groups = [\"wheel\"]\nrequired_services = [\"sshd\", \"su*\"]\n\
                exempt_users = [\"bob\", \"@operators\"]\nexempt_networks = [\"192.0.2.0/24\", \"2001:db8::/32\"]\n";
    let policy = parse(text).unwrap().settings.policy;
    assert_eq!(policy.mode, Mode::ReportUntil(Date::parse("2026-12-31").unwrap()));
    assert_eq!((policy.profile, policy.grace.seconds()), (Profile::PciDss, 14 * 86_400));
    assert_eq!(policy.required_groups, ["wheel"]);
    let fit = |service| policy.required_services.fit(service);
    assert!(fit("sshd") && fit("su-l") && !fit("login") && !fit("xsu"));
    let (bob, operators) = (Exemption::User("bob".to_owned()), Exemption::Group("operators".to_owned()));
    assert_eq!(policy.exempt_users, [bob, operators]);
    let holds = |address: &str| policy.exempt_networks.iter().any(|net| net.contains(address.parse().unwrap()));
    assert!(holds("192.0.2.9") && holds("2001:db8::1") && !holds("198.51.100.1"));
}

#[test]
fn nist_aal2_refuses_codes_by_email() {
    for required in ["optional", "mandatory"] {
        let policy = format!("[policy]\nrequired = \"{required}\"\nprofile = \"nist-aal2\"\n");
        let said = shown(&format!("{policy}[email]\nserver = \"smtp.example.com\"\nfrom = \"a@example.com\"\n"));
        assert!(said.starts_with("3:11: policy.profile: \"nist-aal2\" forbids codes by email (SP 800-63B-4"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        let accepted = parse(&policy).unwrap();
        assert_eq!(accepted.settings.policy.profile, Profile::NistAal2, "an app is one, and needs no section");
    }
    let accepted = parse("[policy]\nprofile = \"nist-aal2\"\n").unwrap();
    assert_eq!(accepted.settings.policy.profile, Profile::NistAal2, "nobody is asked, so nothing is claimed");
}

#[test]
fn pci_dss_locks_for_thirty_minutes_after_ten_wrong_codes_at_most() {
    let with = |tries: &str| format!("[policy]\nprofile = \"pci-dss\"\n[limits]\n{tries}\n");
    let limits = |text: &str| parse(text).unwrap().settings.limits;
    for (line, after) in [("", 10), ("tries_before_disabled = 10", 10), ("tries_before_disabled = 6", 6)] {
        let limits = limits(&with(line));
        assert_eq!(limits.lock, Some(Lock { after, length: Lifetime::from_seconds(1800).unwrap() }));
        assert_eq!(limits.tries_before_disabled, 100, "in all it ends where it ends for everyone");
    }
    assert_eq!((limits("").lock, limits("").tries_before_disabled), (None, 100));
    for tries in [11, 21, 100] {
        let said = shown(&with(&format!("tries_before_disabled = {tries}")));
        assert!(said.contains("PCI DSS 8.3.4 ends at 10") && said.starts_with("4:25: "), "{said}");
    }
    let said = shown("[limits]\ntries_before_disabled = 10\n");
    assert!(said.contains("is not between 21 and 100"), "only a profile may leave known sources none: {said}");
}

#[test]
fn an_administrator_is_told_when_nobody_can_be_sent_a_code() {
    let accepted = parse("[policy]\nrequired = \"mandatory\"\napplication = \"Corp\"\n").unwrap();
    assert_eq!(accepted.settings.policy.required, Required::Mandatory);
    assert_eq!(accepted.notes.len(), 1);
    assert!(accepted.notes[0].to_string().starts_with("2:12: policy.required: there is neither [email] nor [sms]"));
}

#[test]
fn numbers_and_words_reach_the_settings() {
    let text = "[codes]\ndigits = 8\nlifetime = \"5 minutes\"\nattempts = 5\nresend_after = \"1 minute\"\nprompt = \"constant\"\n\
                echo = false\n[limits]\nsends_per_user_hour = 1\nsends_per_user_day = 2\nsends_per_source_hour = 3\n\
                tries_before_disabled = 50\nfirst_wait = \"4 seconds\"\nlongest_wait = \"5 seconds\"\n[services]\nsu = \"ignore\"\n";
    let settings = parse(text).unwrap().settings;
    let seconds = |seconds| Lifetime::from_seconds(seconds).unwrap();
    assert_eq!((settings.codes.digits, settings.codes.attempts, settings.codes.echo), (8, 5, false));
    assert_eq!((settings.codes.lifetime, settings.codes.resend_after), (seconds(300), seconds(60)));
    assert_eq!(settings.codes.prompt, Prompt::Constant);
    let limits = settings.limits;
    assert_eq!((limits.sends_per_user_hour, limits.sends_per_user_day, limits.sends_per_source_hour), (1, 2, 3));
    assert_eq!((limits.tries_before_disabled, limits.first_wait, limits.longest_wait), (50, seconds(4), seconds(5)));
    assert_eq!(settings.services.class_of("su"), Some(Class::Ignore));
}

#[test]
fn a_text_that_is_too_long_is_not_looked_at() {
    let mut text = String::from("#");
    text.push_str(&"x".repeat(pam_2fa_settings::MAX_TEXT - 1));
    assert!(parse(&text).is_ok());
    text.push('x');
    assert!(shown(&text).contains("longer than 256 KiB"));
}

#[test]
fn the_work_for_a_hostile_text_is_bounded() {
    // As many wrong keys as fit: each is listed, and it ends. (A quadratic walk would take minutes here.)
    let mut text = String::from("[policy]\n");
    let mut keys = 0;
    while text.len() < pam_2fa_settings::MAX_TEXT - 64 {
        text.push_str(&format!("k{keys}=1\n"));
        keys += 1;
    }
    assert_eq!(parse(&text).unwrap_err().len(), keys);
    let nested = format!("a = {}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(parse(&nested).is_err());
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,80}|[\\x00-\\x7f]{0,80}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_value_under_a_known_key_makes_it_panic_and_every_finding_has_its_place(
        key in prop::sample::select(KEYS.iter().map(|(key, _, _)| *key).collect::<Vec<_>>()),
        value in "\"\\PC{0,30}\"|-?[0-9]{1,20}|\\[[a-z\", 1]{0,20}\\]|\\{ [a-z]{1,8} = \"[a-z]{0,8}\" \\}|[0-9]{1,10} (days|hours)",
    ) {
        let text = with(key, &value);
        if let Err(findings) = parse(&text) {
            for finding in findings {
                // Splitting at line breaks keeps the empty line at the end, where what is missing is missed.
                let line = text.split('\n').nth(finding.line.saturating_sub(1));
                prop_assert!(line.is_some_and(|line| finding.column <= line.chars().count().saturating_add(1)), "{}: {}", text, finding);
                prop_assert!(!finding.to_string().contains(char::is_control));
            }
        }
    }
}

#[test]
fn the_limits_of_text_messages_are_typed_with_their_defaults() {
    let limits = parse("").unwrap().settings.limits;
    assert_eq!((limits.sends_per_number_prefix_hour, limits.sms_per_day), (20, 500));
    assert_eq!((limits.sms_cost_per_day, limits.sms_countries.names().len()), (Money::ZERO, 0));
    let text = "[limits]\nsends_per_number_prefix_hour = 5\nsms_per_day = 60\nsms_cost_per_day = \"12.50\"\n\
                sms_countries = [\"DE\", \"AT\", \"DE\", \"+881\"]\n";
    let limits = parse(text).unwrap().settings.limits;
    assert_eq!((limits.sends_per_number_prefix_hour, limits.sms_per_day), (5, 60));
    assert_eq!(limits.sms_cost_per_day.to_string(), "12.50");
    let named: Vec<&str> = limits.sms_countries.names().iter().map(Region::as_str).collect();
    assert_eq!(named, ["+881", "AT", "DE"]);
}

#[test]
fn a_cap_on_cost_needs_every_providers_price() {
    let with = |first: &str, second: &str| {
        format!(
            "[limits]\nsms_cost_per_day = \"10\"\n[sms]\nprovider = \"http\"\n{first}\n\
             [[sms.backup]]\nname = \"b\"\nprovider = \"kannel\"\n{second}\n"
        )
    };
    let price = "price = \"0.08\"";
    let sms = parse(&with(price, "price = \"0.1\"")).unwrap().settings.sms.unwrap();
    assert_eq!(sms.price.map(|price| price.to_string()).as_deref(), Some("0.08"));
    assert_eq!(sms.backups[0].sms.price.map(|price| price.to_string()).as_deref(), Some("0.10"));
    let said = shown(&with(price, ""));
    assert!(said.contains("limits.sms_cost_per_day: [[sms.backup]] \"b\" does not say what a message costs"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert_eq!(shown(&with("", "")).lines().count(), 2);
    assert!(parse("[limits]\nsms_cost_per_day = \"10\"\n").is_ok(), "nothing is sent, and nothing costs");
}
