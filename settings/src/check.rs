//! Checks one value against what its key takes. The texts say what is wrong and what to write; a secret is never in them.

use crate::address::is_domain;
use crate::country::Region;
use crate::lifetime::Lifetime;
use crate::mailbox::Mailbox;
use crate::money::Money;
use crate::schema::Kind;
use crate::service::is_pattern;
use crate::settings::{Application, PasswordSetting};
use crate::text::{is_plain, quoted};
use crate::who::{Mode, Network};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::courier::ALL_IN_ORDER;
use std::collections::BTreeMap;
use std::net::IpAddr;
use toml_edit::{Item, Value};

/// More fields than any provider's account has; all of them must fit one frame to the courier.
const MOST_FIELDS: usize = 12;
/// So much of a wrong value is shown.
const SHOWN: usize = 40;

/// The forms of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A name for messages.
    Application,
    /// `enforce`, `report until DATE`.
    Mode,
    /// The name of a user or group.
    Account,
    /// A user, or `@group`.
    UserOrGroup,
    /// A pattern for services.
    Service,
    /// CIDR.
    Network,
    /// Host name or address.
    Server,
    /// `Name <address>`.
    Mailbox,
    /// The user of AUTH.
    Login,
    /// An absolute path.
    File,
    /// What EHLO says.
    Helo,
    /// A short name: of a backup, of a provider.
    Name,
    /// A number or a name that text messages come from.
    Sender,
    /// An HTTP proxy, or nothing.
    Proxy,
    /// An amount.
    Money,
    /// An amount that is not nothing.
    Price,
    /// A country, ISO 3166-1 alpha-2.
    Country,
    /// A number of bytes.
    Size,
}

/// A value that its key takes.
#[derive(Debug)]
pub(crate) enum Checked {
    Text(String),
    Number(i64),
    Switch(bool),
    Duration(Lifetime),
    Mailbox(Mailbox),
    Password(PasswordSetting),
    List(Vec<String>),
    Account(BTreeMap<String, PasswordSetting>),
}

/// Checks a value.
pub(crate) fn check(item: &Item, kind: &Kind) -> Result<Checked, String> {
    match kind {
        Kind::OneOf(words) => {
            let text = text(item)?;
            if words.contains(&text) {
                return Ok(Checked::Text(text.to_owned()));
            }
            Err(format!("{} is not one of \"{}\"", quoted(text, SHOWN), words.join("\", \"")))
        }
        Kind::Number(least, most, why) => {
            let number = item.as_integer().ok_or_else(|| wanted("a whole number, without quotes", item))?;
            if (*least..=*most).contains(&number) {
                return Ok(Checked::Number(number));
            }
            Err(format!("{number} is not between {least} and {most} ({why})"))
        }
        Kind::Duration(least, most, why) => duration(text(item)?, *least, *most, why).map(Checked::Duration),
        Kind::Switch => {
            item.as_bool().map(Checked::Switch).ok_or_else(|| wanted("true or false, without quotes", item))
        }
        Kind::Text(Form::Mailbox) => {
            let text = text(item)?;
            Mailbox::parse(text).map(Checked::Mailbox).map_err(|error| format!("{}: {error}", quoted(text, SHOWN)))
        }
        Kind::Text(form) => {
            let text = text(item)?;
            fits(text, *form).map(|()| Checked::Text(text.to_owned()))
        }
        Kind::List(form) => {
            let array = item.as_array().ok_or_else(|| wanted("a list, such as [\"a\", \"b\"]", item))?;
            let mut list = Vec::new();
            for value in array {
                let text = value.as_str().ok_or("every member of the list is a text in quotes")?;
                fits(text, *form)?;
                list.push(text.to_owned());
            }
            Ok(Checked::List(list))
        }
        // The text of these errors has nothing of the value.
        Kind::Secret => {
            let text = item.as_str().ok_or("must be a text in quotes")?;
            password(text).map(Checked::Password)
        }
        Kind::Account => account(item).map(Checked::Account),
    }
}

/// What a value is instead of what it must be. Only for values that are no secret.
fn wanted(what: &str, item: &Item) -> String {
    format!("must be {what}, and is {}", kind_of(item))
}

/// What a value is, in an administrator's words.
pub(crate) fn kind_of(item: &Item) -> &'static str {
    match item {
        Item::None => "nothing",
        Item::Value(Value::String(_)) => "a text",
        Item::Value(Value::Integer(_)) => "a whole number",
        Item::Value(Value::Float(_)) => "a number with a point",
        Item::Value(Value::Boolean(_)) => "true or false",
        Item::Value(Value::Datetime(_)) => "a date or time",
        Item::Value(Value::Array(_)) => "a list",
        Item::Value(Value::InlineTable(_)) | Item::Table(_) => "a table",
        Item::ArrayOfTables(_) => "a list of tables",
    }
}

fn text(item: &Item) -> Result<&str, String> {
    item.as_str().ok_or_else(|| wanted("a text in quotes", item))
}

fn duration(text: &str, least: u64, most: u64, why: &str) -> Result<Lifetime, String> {
    let lifetime = Lifetime::parse(text).map_err(|error| format!("{}: {error}", quoted(text, SHOWN)))?;
    if (least..=most).contains(&lifetime.seconds()) {
        return Ok(lifetime);
    }
    let shown = |seconds| Lifetime::from_seconds(seconds).unwrap_or(Lifetime::LONGEST);
    Err(format!("\"{lifetime}\" is not between \"{}\" and \"{}\" ({why})", shown(least), shown(most)))
}

/// The fields of a provider's account. Each is taken for a secret: which of them are none, only the provider's file says. In one
/// text, `a;b;c`, they are all, in the order of that file, as other products have it.
fn account(item: &Item) -> Result<BTreeMap<String, PasswordSetting>, String> {
    if let Some(all) = item.as_str() {
        return Ok(BTreeMap::from([(String::from(ALL_IN_ORDER), password(all)?)]));
    }
    let table = item
        .as_table_like()
        .ok_or("must be a table, such as { account_sid = \"…\" }, or one text with all fields in the order of the provider's file, \"a;b;c\"")?;
    if table.len() > MOST_FIELDS {
        return Err(format!("has more than {MOST_FIELDS} fields; no provider asks for so many"));
    }
    let mut fields = BTreeMap::new();
    for (name, field) in table.iter() {
        if !is_field_name(name) {
            return Err(String::from("has a field whose name is not 1 to 32 letters, digits, - and _"));
        }
        let text = field.as_str().ok_or_else(|| format!("{name}: every field of the account is a text in quotes"))?;
        fields.insert(String::from(name), password(text).map_err(|why| format!("{name}: {why}"))?);
    }
    Ok(fields)
}

/// The name of a field of an account: without a dot, since its secret is sealed under a dotted name.
pub(crate) fn is_field_name(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// A password, plain or sealed. Long ones would not fit a line of AUTH; control characters end one.
fn password(text: &str) -> Result<PasswordSetting, String> {
    if let Some(sealed) = text.strip_prefix("sealed:") {
        let body = sealed.strip_prefix("v1:").unwrap_or_default();
        if body.is_empty() || !body.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(String::from(
                "begins with sealed: and is no sealed value of this release; type the secret in plain text and run `pam-2fa config seal`",
            ));
        }
        return Ok(PasswordSetting::Sealed(text.to_owned()));
    }
    if text.is_empty() || text.len() > 512 || text.chars().any(char::is_control) {
        return Err(String::from("must be 1 to 512 bytes without control characters"));
    }
    Ok(PasswordSetting::Plain(Secret::new(text.to_owned())))
}

fn fits(text: &str, form: Form) -> Result<(), String> {
    let ascii = |more: &'static [u8]| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte));
    let length = |most: usize| (1..=most).contains(&text.len());
    // The names that shadow-utils and systemd take, and those of directories (DOMAIN\user, user@domain).
    let account = |name: &str| {
        (1..=255).contains(&name.len())
            && name.chars().all(|c| is_plain(c) && !c.is_whitespace() && !matches!(c, ':' | ',' | '/'))
            && !name.starts_with(['-', '@'])
    };
    let (good, what) = match form {
        Form::Application => {
            (Application::parse(text).is_some(), "1 to 40 printable characters, without spaces before and after")
        }
        Form::Mode => (
            Mode::parse(text).is_some(),
            "\"enforce\" or \"report until YYYY-MM-DD\", a day that there is, from 2000 on",
        ),
        Form::Account => (account(text), "the name of a user or group"),
        Form::UserOrGroup => {
            (account(text.strip_prefix('@').unwrap_or(text)), "the name of a user, or @ and the name of a group")
        }
        Form::Service => (is_pattern(text), "the name of a PAM service, or a pattern with * and ?"),
        Form::Network => {
            (Network::parse(text).is_some(), "a network such as 192.0.2.0/24 or 2001:db8::/32, its other bits 0")
        }
        Form::Server => (is_host(text), "a host name or an IP address, without a port"),
        Form::Helo => (is_domain(text), "a host name"),
        Form::Login => (text.chars().all(is_plain) && length(255), "1 to 255 bytes of printable characters"),
        Form::File => (
            text.starts_with('/') && length(4_096) && !text.chars().any(char::is_control),
            "an absolute path, such as /etc/ssl/certs/ca.pem",
        ),
        Form::Name => (ascii(b"-_") && length(32), "1 to 32 letters, digits, - and _"),
        Form::Sender => (
            crate::phone::E164::parse(text).is_ok() || (ascii(b" -_") && length(15)),
            "a number such as +15550100, or a name of at most 15 letters and digits",
        ),
        Form::Proxy => (
            text.is_empty() || is_proxy(text),
            "an address such as \"http://proxy.example.com:3128\" (without user and path), or \"\"",
        ),
        Form::Money => (Money::parse(text).is_some(), "an amount such as \"25\" or \"12.50\"; \"0\" is no cap"),
        Form::Price => {
            (Money::parse(text).is_some_and(|price| price > Money::ZERO), "what a text message costs, such as \"0.08\"")
        }
        Form::Country => (
            Region::parse(text).is_some(),
            "a country of two capital letters, such as \"DE\" (or what is none, such as \"+881\")",
        ),
        Form::Size => (size_bytes(text).is_some(), "a number, a space and MB or GB, such as \"200 MB\""),
        Form::Mailbox => (Mailbox::parse(text).is_ok(), "an address, or Name <address>"),
    };
    if good { Ok(()) } else { Err(format!("{} is not {what}", quoted(text, SHOWN))) }
}

/// Whether a server's name or address is this host's own, and nobody on a network can listen in. The courier checks the address
/// that it connects to again.
pub(crate) fn is_loopback(server: &str) -> bool {
    server.parse().map_or_else(|_| server.eq_ignore_ascii_case("localhost"), |address: IpAddr| address.is_loopback())
}

fn is_host(text: &str) -> bool {
    // 192.0.2.300 has the form of a name, and is a mistyped address: a top-level domain is never all digits (RFC 1123 §2.1).
    let numeric_end = text.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    text.parse::<IpAddr>().is_ok() || (is_domain(text) && !numeric_end)
}

/// `http://HOST:PORT`. With a user and password in it, it would be a secret that is shown and logged.
fn is_proxy(text: &str) -> bool {
    let Some((host, port)) = text.strip_prefix("http://").and_then(|rest| rest.rsplit_once(':')) else { return false };
    let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    is_host(host) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// `200 MB`, in bytes; the units are those of SI.
pub(crate) fn size_bytes(text: &str) -> Option<u64> {
    let (number, unit) = text.split_once(' ')?;
    let per_unit: u64 = match unit {
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return None,
    };
    let is_number =
        (1..=6).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    is_number.then(|| number.parse::<u64>().ok()?.checked_mul(per_unit)).flatten()
}
