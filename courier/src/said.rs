//! What the other side said, fit for a terminal, a log and a reply: one line, without control and bidi characters, without
//! our secrets, and not endless.

mod forms;
mod number;

pub use number::without_number;

use crate::sms::account::Account;
use forms::{Form, SHORTEST, as_json, base64, of_code, of_message, of_value};
use pam_2fa_protocol::courier::{ALL_IN_ORDER, Mail, Text};
use pam_2fa_settings::provider::{Auth, Field, Provider, Way};
use zeroize::Zeroizing;

/// The longest text in characters. A reply to configd has to fit a frame beside its other fields.
const LONGEST: usize = 500;

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
pub struct Mask(Vec<Form>);

impl Mask {
    /// The password of `mail`, as it is and as AUTH writes it, and every row of digits in its text: the code is one.
    #[must_use]
    pub fn of(mail: &Mail) -> Self {
        let mut secrets: Vec<Form> = of_message(mail.text.expose()).collect();
        if let Some(password) = &mail.password {
            let password = password.expose();
            let user = mail.user.as_deref().unwrap_or_default();
            secrets.extend(of_value(password));
            secrets.push(base64(&Zeroizing::new(format!("\0{user}\0{password}"))));
        }
        Self::longest_first(secrets)
    }

    /// The secret fields of the account, of one in one text all; the text whole, the code, and every row of digits in the text.
    #[must_use]
    pub fn of_text(text: &Text, provider: &Provider, account: Option<&Account>) -> Self {
        let mut secrets: Vec<Form> = of_message(text.text.expose()).chain(of_code(text.code.expose())).collect();
        let in_one = if text.account.len() == 1 { text.account.get(ALL_IN_ORDER) } else { None };
        if let Some(all) = in_one {
            secrets.extend(of_value(all.0.expose()));
        }
        match account {
            Some(account) => secrets.extend(of_account(text, provider, account, in_one.is_some())),
            // Where it could not be read, nothing of it is repeated.
            None => {
                let values = text.account.values().map(|value| value.0.expose().as_str());
                let parts = in_one.into_iter().flat_map(|all| all.0.expose().split(';')).filter(|part| is_long(part));
                secrets.extend(values.chain(parts).flat_map(of_value));
            }
        }
        Self::longest_first(secrets)
    }

    fn longest_first(mut secrets: Vec<Zeroizing<String>>) -> Self {
        // As they stand in one line.
        secrets.iter_mut().for_each(|secret| *secret = Zeroizing::new(one_line(secret)));
        secrets.retain(|secret| !secret.is_empty());
        // So that what holds another is struck out whole.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }

    /// These, too, and as JSON writes them.
    pub fn add(&mut self, secrets: Vec<Form>) {
        let mut all = std::mem::take(&mut self.0);
        all.extend(secrets.iter().flat_map(|secret| as_json(secret)));
        all.extend(secrets);
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

/// What is secret of an account. In one text the password may stand where another field is expected, so that each part may be it.
fn of_account(text: &Text, provider: &Provider, account: &Account, is_in_one: bool) -> Vec<Form> {
    let may_be = |field: &Field, value: &str| {
        let is_told = field.default.as_deref() == Some(value) || field.choices.iter().any(|choice| choice == value);
        is_in_one && is_long(value) && !is_told
    };
    let fields = provider.account.iter().filter_map(|field| Some((field, account.get(&field.key)?)));
    let values: Vec<&str> =
        fields.filter(|(field, value)| field.secret || may_be(field, value)).map(|(_, value)| value).collect();
    let mut secrets: Vec<Form> = values.iter().flat_map(|value| of_value(value)).collect();
    // Who messages are from is no secret, where they are.
    if let (Some(unused), Some(used)) = (&account.sender, &text.sender)
        && unused.as_str() != used
        && is_long(unused)
    {
        secrets.extend([unused.as_str(), unused.trim_start_matches('+')].into_iter().flat_map(of_value));
    }
    let is_basic = matches!(&provider.way, Way::Http(http) if matches!(http.request.auth, Auth::Basic { .. }));
    for value in values.into_iter().filter(|_| is_basic) {
        for other in account.values() {
            let both = [format!("{other}:{value}"), format!("{value}:{other}")].map(Zeroizing::new);
            secrets.extend(both.iter().map(|both| base64(both)));
        }
    }
    secrets
}

fn is_long(value: &str) -> bool {
    value.chars().count() >= SHORTEST
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

    const PROVIDER: &str = "schema = 1\nid = \"x\"\nname = \"X\"\nin_order = [\"user\", \"key\", \"sender\"]\n\
        [[account]]\nkey = \"user\"\nlabel = \"User\"\n[[account]]\nkey = \"key\"\nlabel = \"Key\"\nsecret = true\n\
        [[account]]\nkey = \"kind\"\nlabel = \"Kind\"\ndefault = \"plain\"\n\
        [request]\nmethod = \"POST\"\nurl = \"https://x.example/\"\n\
        auth = { type = \"basic\", user = \"{acct.user}\", pass = \"{acct.key}\" }\nbody = \"form\"\n\
        form = { to = \"{to}\", text = \"{text}\", kind = \"{acct.kind}\" }\n\
        [reply]\naccept_http = [200]\naccept = [{ text = \"ok\" }]\n";

    fn text(account: &[(&str, &str)], message: &str, code: &str) -> Text {
        let field = |value: &str| pam_2fa_protocol::courier::AccountField(Secret::new(value.into()));
        Text {
            provider: "x".into(),
            account: account.iter().map(|(key, value)| ((*key).into(), field(value))).collect(),
            sender: None,
            proxy: None,
            ca_file: None,
            to: "+15550100".into(),
            text: Secret::new(message.into()),
            code: Secret::new(code.into()),
            tag: "7F".into(),
        }
    }

    fn mask(text: &Text, provider: &str) -> Mask {
        let provider = pam_2fa_settings::provider::parse("x", provider).unwrap();
        let account = crate::sms::account::of(&provider, text);
        Mask::of_text(text, &provider, account.as_ref().ok())
    }

    #[track_caller]
    fn assert_struck_out(mask: &Mask, forms: &[&str]) {
        for said in forms {
            assert_eq!(mask.apply(&format!("no {said} here")), "no … here", "{said:?}");
        }
    }

    #[test]
    fn a_secret_of_an_account_is_struck_out_in_every_form_that_others_give_it() {
        let text = text(&[("user", "robot"), ("key", "h\"nter 2/é")], "Q7ZK-W is your code", "Q7ZK-W");
        let mask = mask(&text, PROVIDER);
        let forms = [
            "h\"nter 2/é",
            "h%22nter%202%2F%C3%A9",
            "h%22nter+2%2F%C3%A9",
            "aCJudGVyIDIvw6k=",
            "cm9ib3Q6aCJudGVyIDIvw6k=",
            // `value:` and `:value`.
            "aCJudGVyIDIvw6k6",
            "OmgibnRlciAyL8Op",
            // As JSON has it: serde, Python, PHP.
            "h\\\"nter 2/é",
            "h\\\"nter 2/\\u00e9",
            "h\\\"nter 2\\/é",
            "h\\\"nter 2\\/\\u00e9",
            "Q7ZK-W is your code",
            "Q7ZK-W",
        ];
        assert_struck_out(&mask, &forms);
        assert_eq!(mask.apply("robot of +15550100, plain"), "robot of +15550100, plain");
        assert_eq!(without_number("no +15550100, no 0015550100", &text.to), "no +…, no 00…");
    }

    #[test]
    fn what_is_struck_out_is_so_in_one_line_too() {
        let text = text(&[("user", "robot"), ("key", "two  words\u{200b}x")], "491823\n is  your\ncode", "491823");
        let mask = mask(&text, PROVIDER);
        assert_struck_out(
            &mask,
            &["two  words\u{200b}x", "two\twordsx", "491823\n is  your\ncode", "491823 is your code"],
        );
        assert_struck_out(&mask, &["491823\\n is  your\\ncode"]);
    }

    #[test]
    fn a_code_is_struck_out_as_people_and_message_centres_write_it() {
        let of_text = mask(&text(&[("user", "robot"), ("key", "s3cret")], "491823: code", "491823"), PROVIDER);
        for mask in [of_text, Mask::of(&mail())] {
            assert_struck_out(&mask, &["491823", "491 823", "491-823", "003400390031003800320033"]);
        }
        let letters = mask(&text(&[("user", "robot"), ("key", "s3cret")], "XYZJKLM", "XYZJKLM"), PROVIDER);
        let upper = "00580059005A004A004B004C004D";
        assert_struck_out(&letters, &[upper, &upper.to_lowercase(), "XYZ JKLM", "XYZJ-KLM"]);
    }

    #[test]
    fn of_an_account_in_one_text_every_part_may_be_the_password_but_who_messages_are_from() {
        let one = |all: &str| text(&[(ALL_IN_ORDER, all)], "491823", "491823");
        let used = one("robot;s3cret;AcmeInc");
        let of_one = mask(&used, PROVIDER);
        assert_struck_out(&of_one, &["robot", "s3cret", "robot;s3cret;AcmeInc", "cm9ib3Q="]);
        assert_eq!(of_one.apply("from AcmeInc, plain"), "from AcmeInc, plain");
        let unused = Text { sender: Some("+15550199".into()), ..one("robot;s3cret;15551234567") };
        let mask_of = mask(&unused, PROVIDER);
        assert_struck_out(&mask_of, &["+15551234567", "15551234567"]);
        assert_eq!(mask_of.apply("from +15550199"), "from +15550199");
        // What is short strikes out nothing but where the file says that it is secret.
        assert_eq!(mask(&one("a;bc;S"), PROVIDER).apply("a bc S"), "a … S");
        // An account that cannot be read.
        assert_struck_out(&mask(&one("robot;;s3cret"), PROVIDER), &["robot", "s3cret"]);
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
