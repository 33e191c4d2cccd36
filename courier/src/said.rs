//! What the other side said, fit for a terminal, a log and a reply: one line, without control and bidi characters, without
//! our secrets, and not endless.

use crate::sms::account::Account;
use data_encoding::BASE64;
use pam_2fa_protocol::courier::{Mail, Text};
use pam_2fa_settings::provider::{Auth, Provider, Way};
use zeroize::Zeroizing;

/// The longest text in characters. A reply to configd has to fit a frame beside its other fields.
const LONGEST: usize = 500;
/// Digits in a row from here on are taken for a code.
const CODE_DIGITS: usize = 4;

/// `text` in one line, without control, bidi and invisible characters (Unicode UAX 9, TR 36), at most [`LONGEST`] long.
#[must_use]
pub fn clean(text: &str) -> String {
    shorten(&one_line(text))
}

fn one_line(text: &str) -> String {
    let spaced = text.chars().filter_map(|c| match c {
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{61c}' | '\u{feff}' => None,
        '\u{2028}' | '\u{2029}' => Some(' '),
        c if c.is_control() => Some(' '),
        c => Some(c),
    });
    spaced.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The secrets of one message, to be struck out wherever somebody repeats them.
#[derive(Default)]
pub struct Mask(Vec<Zeroizing<String>>);

impl Mask {
    /// The password of `mail`, as it is and as AUTH writes it, and every row of digits in its text: the code is one.
    #[must_use]
    pub fn of(mail: &Mail) -> Self {
        let mut secrets = Vec::new();
        if let Some(password) = &mail.password {
            let password = password.expose();
            let user = mail.user.as_deref().unwrap_or_default();
            secrets.push(Zeroizing::new(password.clone()));
            secrets.push(Zeroizing::new(BASE64.encode(password.as_bytes())));
            let plain = Zeroizing::new(format!("\0{user}\0{password}"));
            secrets.push(Zeroizing::new(BASE64.encode(plain.as_bytes())));
        }
        secrets.extend(rows_of_digits(mail.text.expose()));
        Self::longest_first(secrets)
    }

    /// The secret fields of the account as they are, as a form and as Basic authentication write them; the text whole, the code,
    /// and every row of digits in the text.
    #[must_use]
    pub fn of_text(text: &Text, provider: &Provider, account: Option<&Account>) -> Self {
        let message = text.text.expose();
        let mut secrets = vec![Zeroizing::new(message.clone()), Zeroizing::new(text.code.expose().clone())];
        secrets.extend(rows_of_digits(message));
        // Where it could not be read, nothing of it is repeated.
        let Some(account) = account else {
            secrets.extend(text.account.values().map(|value| Zeroizing::new(value.0.expose().clone())));
            return Self::longest_first(secrets);
        };
        for field in provider.account.iter().filter(|field| field.secret) {
            let Some(value) = account.get(&field.key) else { continue };
            secrets.push(Zeroizing::new(value.to_owned()));
            secrets.push(Zeroizing::new(BASE64.encode(value.as_bytes())));
            let encoded = Zeroizing::new(percent_encoded(value));
            secrets.push(Zeroizing::new(encoded.replace("%20", "+")));
            secrets.push(encoded);
            if let Way::Http(http) = &provider.way
                && let Auth::Basic { .. } = http.request.auth
            {
                for other in account.values() {
                    let both = Zeroizing::new(format!("{other}:{value}"));
                    secrets.push(Zeroizing::new(BASE64.encode(both.as_bytes())));
                }
            }
        }
        Self::longest_first(secrets)
    }

    fn longest_first(mut secrets: Vec<Zeroizing<String>>) -> Self {
        secrets.retain(|secret| !secret.is_empty());
        // So that what holds another is struck out whole.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }

    /// These, too, and as PHP writes them in JSON, with a backslash before each slash.
    pub fn add(&mut self, secrets: Vec<Zeroizing<String>>) {
        let mut all = std::mem::take(&mut self.0);
        for secret in secrets {
            if secret.contains('/') {
                all.push(Zeroizing::new(secret.replace('/', "\\/")));
            }
            all.push(secret);
        }
        *self = Self::longest_first(all);
    }

    /// `text`, cleaned, without the secrets.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        let mut line = Zeroizing::new(one_line(text));
        for secret in &self.0 {
            if line.contains(secret.as_str()) {
                line = Zeroizing::new(line.replace(secret.as_str(), "…"));
            }
        }
        shorten(&line)
    }
}

/// `text` with every address in it masked, for logs: `a***@example.com`.
#[must_use]
pub fn without_addresses(text: &str) -> String {
    let ends = |c: char| c.is_whitespace() || "<>()[]{},;:\"'".contains(c);
    text.split_inclusive(ends)
        .map(|word| match word.split_once('@') {
            Some((local, rest)) if !local.is_empty() => {
                format!("{}***@{rest}", local.chars().next().map(String::from).unwrap_or_default())
            }
            _ => word.to_owned(),
        })
        .collect()
}

/// `text` without the number that a message went to, in whatever form the other side repeats its digits, for logs.
#[must_use]
pub fn without_number(text: &str, number: &str) -> String {
    let digits = number.trim_start_matches('+');
    if digits.len() < CODE_DIGITS { text.to_owned() } else { text.replace(digits, "…") }
}

fn rows_of_digits(text: &str) -> impl Iterator<Item = Zeroizing<String>> {
    let rows = text.split(|c: char| !c.is_ascii_digit());
    rows.filter(|row| row.len() >= CODE_DIGITS).map(|row| Zeroizing::new(row.to_owned()))
}

/// RFC 3986 §2.1, for recognising what a form or a query has sent.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len().saturating_mul(3));
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use pam_2fa_protocol::Secret;
    use pam_2fa_protocol::courier::Tls;

    fn mail() -> Mail {
        Mail {
            server: "mail.example".into(),
            port: 465,
            tls: Tls::Implicit,
            ca_file: None,
            helo: None,
            user: Some("robot".into()),
            password: Some(Secret::new("hunter2".into())),
            from: "a@example.com".into(),
            to: "b@example.com".into(),
            subject: "s".into(),
            text: Secret::new("491823 is your code (7F)".into()),
        }
    }

    #[test]
    fn neither_the_code_nor_the_password_is_repeated_in_any_of_its_forms() {
        let mask = Mask::of(&mail());
        for said in ["no 491823 here", "no 49\u{200b}1823 here", "no hunter2 here", "no aHVudGVyMg== here"] {
            assert_eq!(mask.apply(said), "no … here", "{said:?}");
        }
        assert_eq!(mask.apply("AUTH PLAIN AHJvYm90AGh1bnRlcjI="), "AUTH PLAIN …");
    }

    #[test]
    fn a_secret_of_an_account_is_struck_out_in_every_form_that_a_request_gives_it() {
        let provider = "schema = 1\nid = \"x\"\nname = \"X\"\n[[account]]\nkey = \"user\"\nlabel = \"User\"\n[[account]]\n\
                        key = \"key\"\nlabel = \"Key\"\nsecret = true\n[request]\nmethod = \"POST\"\nurl = \"https://x.example/\"\n\
                        auth = { type = \"basic\", user = \"{acct.user}\", pass = \"{acct.key}\" }\nbody = \"form\"\n\
                        form = { to = \"{to}\", text = \"{text}\" }\n[reply]\naccept_http = [200]\naccept = [{ text = \"ok\" }]\n";
        let provider = pam_2fa_settings::provider::parse("x", provider).unwrap();
        let field = |value: &str| pam_2fa_protocol::courier::AccountField(Secret::new(value.into()));
        let text = Text {
            provider: "x".into(),
            account: [("user".into(), field("robot")), ("key".into(), field("hunter 2/"))].into(),
            sender: None,
            proxy: None,
            ca_file: None,
            to: "+15550100".into(),
            text: Secret::new("Q7ZK-W is your code".into()),
            code: Secret::new("Q7ZK-W".into()),
            tag: "7F".into(),
        };
        let account = crate::sms::account::of(&provider, &text).unwrap();
        let mask = Mask::of_text(&text, &provider, Some(&account));
        for said in [
            "hunter 2/",
            "hunter%202%2F",
            "hunter+2%2F",
            "aHVudGVyIDIv",
            "cm9ib3Q6aHVudGVyIDIv",
            "Q7ZK-W is your code",
            "Q7ZK-W",
        ] {
            assert_eq!(mask.apply(&format!("no {said} here")), "no … here", "{said:?}");
        }
        assert_eq!(mask.apply("robot of +15550100"), "robot of +15550100");
        assert_eq!(without_number("no +15550100, no 0015550100", &text.to), "no +…, no 00…");
    }

    #[test]
    fn what_is_said_is_one_line_that_no_terminal_obeys() {
        let hostile = "550 \u{1b}[2Jgone\r\n\u{202e}drow\u{2028}next\u{7}\u{9b}31m";
        assert_eq!(clean(hostile), "550 [2Jgone drow next 31m");
        assert_eq!(clean(&"é".repeat(10_000)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn an_address_in_a_log_is_masked() {
        assert_eq!(
            without_addresses("550 5.1.1 <ada@example.com>: no ada@x.example, ok @ here"),
            "550 5.1.1 <a***@example.com>: no a***@x.example, ok @ here"
        );
    }
}
