//! Settings that were tried before they were saved: a test is sent by a candidate's mail servers and providers in the place of those in
//! force, and of the last one that was accepted a hash is kept, so that it is known later whether the very same were tried.
//!
//! The hash is over secrets, too, so it is kept sealed; it opens nothing and lets nobody in.

use crate::house::House;
use crate::rules::{MailWay, Rules, TextWay};
use crate::seal::{Keys, SealError};
use crate::settings_file;
use crate::store::MetaKey;
use data_encoding::HEXLOWER;
use pam_2fa_protocol::admin::TestedReply;
use pam_2fa_settings::PasswordSetting;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;

/// What the record is sealed under, and of what hashes are.
const NAME: &str = "tested";

/// A way that messages go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `[email]`.
    Email,
    /// `[sms]`.
    Sms,
}

/// Hashes of what the last accepted test went by, in hexadecimal digits; empty where there was none.
#[derive(Debug, Default, PartialEq, Eq)]
struct Passed {
    email: String,
    sms: String,
}

/// The rules to send by: those in force, or a candidate's.
///
/// # Errors
/// What is wrong with the candidate, a line each.
pub fn rules(house: &House, candidate: Option<&str>) -> Result<Arc<Rules>, Vec<String>> {
    let Some(text) = candidate else { return Ok(house.rules()) };
    // No path: what is wrong is wrong on the screen.
    let (rules, _) = settings_file::rules(Path::new("the settings"), text, &house.keys, house.rules().generation)?;
    Ok(Arc::new(rules))
}

/// Keeps that a test by these rules was accepted.
///
/// # Errors
/// The store's words, or the key's.
pub async fn passed(house: &House, way: Way, rules: &Rules) -> Result<(), String> {
    let mut passed = read(house).await?;
    let hash = hash(&house.keys, way, rules).map_err(|error| error.to_string())?;
    match way {
        Way::Email => passed.email = hash,
        Way::Sms => passed.sms = hash,
    }
    let text = format!("{} {}", passed.email, passed.sms);
    let sealed =
        house.keys.seal_record(house.random.as_ref(), NAME, text.as_bytes()).map_err(|error| error.to_string())?;
    house.store.put_meta(vec![(MetaKey::Tested, sealed.into_bytes())]).await.map_err(|error| error.to_string())
}

/// Whether the last accepted tests went by what these settings say.
///
/// # Errors
/// What is wrong with them, a line each; or the store's words.
pub async fn tested(house: &House, candidate: &str) -> Result<TestedReply, Vec<String>> {
    let rules = rules(house, Some(candidate))?;
    let passed = read(house).await.map_err(|why| vec![why])?;
    let is = |way, kept: &str, is_any: bool| {
        Ok::<_, Vec<String>>(is_any && hash(&house.keys, way, &rules).map_err(|error| vec![error.to_string()])? == kept)
    };
    Ok(TestedReply {
        email: is(Way::Email, &passed.email, !rules.email.is_empty())?,
        sms: is(Way::Sms, &passed.sms, !rules.sms.is_empty())?,
    })
}

/// Kept secrets that a candidate has go to another server than they are for, each with where to: `email.password, to smtp.example.com:465`.
/// One that was typed for it is nobody's but the caller's.
///
/// # Errors
/// What is sealed does not open.
pub fn elsewhere(house: &House, way: Way, candidate: &Rules) -> Result<Vec<String>, String> {
    let force = house.rules();
    let is_kept = |value: &PasswordSetting| matches!(value, PasswordSetting::Sealed(_));
    let mut all = Vec::new();
    match way {
        Way::Email => {
            for mail in candidate.email.iter().filter(|mail| mail.password.as_ref().is_some_and(is_kept)) {
                let is_for = |own: &&MailWay| {
                    (&own.server, own.port, own.tls, &own.ca_file) == (&mail.server, mail.port, mail.tls, &mail.ca_file)
                };
                if !force.email.iter().any(|own| is_for(&own)) {
                    all.push(format!("{}.password, to {}:{}", mail.name, mail.server, mail.port));
                }
            }
        }
        Way::Sms => {
            let sum = |way: &TextWay| {
                let mut hash = Sum(Sha256::new());
                hash.text(&house.keys, way).map(|()| hash.0.finalize()).map_err(|error| error.to_string())
            };
            for text in candidate.sms.iter().filter(|text| text.account.values().any(is_kept)) {
                let mut is_in_force = false;
                for own in &force.sms {
                    is_in_force |= sum(own)? == sum(text)?;
                }
                if !is_in_force {
                    let kept = text.account.iter().filter(|(_, value)| is_kept(value)).map(|(field, _)| field.as_str());
                    let kept = kept.collect::<Vec<_>>().join(", ");
                    all.push(format!("{}.account ({kept}), to {} as it was changed", text.name, text.provider));
                }
            }
        }
    }
    Ok(all)
}

/// What was kept; nothing where the key is another one since.
async fn read(house: &House) -> Result<Passed, String> {
    let kept = house.store.meta(MetaKey::Tested).await.map_err(|error| error.to_string())?;
    let sealed = kept.and_then(|bytes| String::from_utf8(bytes).ok());
    let opened = sealed.and_then(|sealed| house.keys.open_record(NAME, &sealed).ok());
    let text = opened.map(|opened| String::from_utf8_lossy(opened.expose()).into_owned()).unwrap_or_default();
    let (email, sms) = text.split_once(' ').unwrap_or_default();
    Ok(Passed { email: email.to_owned(), sms: sms.to_owned() })
}

fn hash(keys: &Keys, way: Way, rules: &Rules) -> Result<String, SealError> {
    let mut hash = Sum(Sha256::new());
    match way {
        Way::Email => rules.email.iter().try_for_each(|way| hash.mail(keys, way))?,
        Way::Sms => rules.sms.iter().try_for_each(|way| hash.text(keys, way))?,
    }
    Ok(HEXLOWER.encode(&hash.0.finalize()))
}

/// Each part with its length before it: two ways are never one that is written otherwise.
struct Sum(Sha256);

impl Sum {
    fn part(&mut self, part: &str) {
        self.0.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.update(part);
    }

    fn if_any(&mut self, part: Option<&str>) {
        self.part(if part.is_some() { "1" } else { "0" });
        self.part(part.unwrap_or_default());
    }

    fn secret(&mut self, keys: &Keys, name: &str, value: &PasswordSetting) -> Result<(), SealError> {
        match value {
            PasswordSetting::Plain(secret) => self.part(secret.expose()),
            PasswordSetting::Sealed(sealed) => self.part(keys.open_text(name, sealed)?.expose()),
        }
        Ok(())
    }

    fn mail(&mut self, keys: &Keys, way: &MailWay) -> Result<(), SealError> {
        let MailWay { name, server, port, tls, ca_file, helo, user, password, from } = way;
        for part in [name, server, &port.to_string(), &format!("{tls:?}"), from] {
            self.part(part);
        }
        [ca_file, helo, user].into_iter().for_each(|part| self.if_any(part.as_deref()));
        self.part(if password.is_some() { "1" } else { "0" });
        password.iter().try_for_each(|password| self.secret(keys, &format!("{name}.password"), password))
    }

    fn text(&mut self, keys: &Keys, way: &TextWay) -> Result<(), SealError> {
        let TextWay { name, provider, sender, account, proxy, ca_file } = way;
        [name, provider].into_iter().for_each(|part| self.part(part));
        [sender, proxy, ca_file].into_iter().for_each(|part| self.if_any(part.as_deref()));
        self.part(&account.len().to_string());
        account.iter().try_for_each(|(field, value)| {
            self.part(field);
            self.secret(keys, &pam_2fa_settings::below(&format!("{name}.account"), field), value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::world::rules as any_rules;

    const EMAIL: &str = "[email]\nserver = \"smtp.example.com\"\nfrom = \"a@example.com\"\npassword = \"pw\"\n";
    const SMS: &str = "[sms]\nprovider = \"http\"\naccount = { url = \"https://sms.example.com\", token = \"t1\" }\n";

    #[tokio::test]
    async fn what_was_tried_is_known_by_each_of_its_parts_and_by_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let house = House::for_tests(folder.path(), any_rules()).await;
        let whole = format!("{EMAIL}{SMS}");
        let is = async |text: &str| tested(&house, text).await.unwrap();
        let none = TestedReply { email: false, sms: false };
        assert_eq!((is(&whole).await, is("").await), (none, none), "where there is no way, none was tried");
        passed(&house, Way::Email, &rules(&house, Some(&whole)).unwrap()).await.unwrap();
        assert_eq!(is(&whole).await, TestedReply { email: true, sms: false });
        passed(&house, Way::Sms, &rules(&house, Some(&whole)).unwrap()).await.unwrap();
        let both = TestedReply { email: true, sms: true };
        // What does not matter for sending is as it likes, and a secret is the same however it is sealed.
        let seal = |key: &str, plain: &str| house.keys.seal(house.random.as_ref(), key, plain.as_bytes()).unwrap();
        let sealed = whole
            .replace("\"pw\"", &format!("\"{}\"", seal("email.password", "pw")))
            .replace("\"t1\"", &format!("\"{}\"", seal("sms.account.token", "t1")));
        for same in [whole.clone(), sealed, format!("[policy]\nrequired = \"mandatory\"\n{whole}")] {
            assert_eq!(is(&same).await, both, "{same}");
        }
        for (part, other) in [
            ("smtp.example.com", "smtp.example.org"),
            ("a@example.com", "b@example.com"),
            ("\"pw\"", "\"pq\""),
            ("password = \"pw\"\n", ""),
            ("password", "port = 466\npassword"),
            ("password", "tls = \"starttls\"\npassword"),
            ("password", "user = \"u\"\npassword"),
            ("password", "helo = \"h.example.com\"\npassword"),
            ("password", "ca_file = \"/etc/ca.pem\"\npassword"),
        ] {
            let text = whole.replacen(part, other, 1);
            assert_eq!(is(&text).await, TestedReply { email: false, sms: true }, "{text}");
        }
        for (part, other) in [
            ("\"t1\"", "\"t2\""),
            ("sms.example.com", "sms.example.org"),
            ("account", "sender = \"+15550100\"\naccount"),
            ("account", "proxy = \"http://proxy.example.com:3128\"\naccount"),
        ] {
            let text = whole.replacen(part, other, 1);
            assert_eq!(is(&text).await, TestedReply { email: true, sms: false }, "{text}");
        }
        // The hash itself stands nowhere in the clear.
        let kept = house.store.meta(MetaKey::Tested).await.unwrap().unwrap();
        assert!(kept.starts_with(b"sealed:"), "{}", String::from_utf8_lossy(&kept));
        let wrong = tested(&house, "[email]\nserver = 1\n").await.unwrap_err().join("\n");
        assert!(wrong.contains("the settings:2:10: email.server: must be a text"), "{wrong}");
    }
}
