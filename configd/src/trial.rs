//! Settings that were tried before they were saved: a test is sent by a candidate's mail servers and providers in the place of those in
//! force, and of the last one that was accepted a hash is kept, so that it is known later whether the very same were tried.
//!
//! The hash is over secrets, too, so it is kept sealed; it opens nothing and lets nobody in. It is over what the settings say of sending, and
//! not over what they name: the courier reads providers' files and CAs, configd does not, so a change in one of these is not seen. Neither is
//! what keeps single messages back (`limits`, `codes`), nor whether the message that was accepted has arrived.

use crate::house::House;
use crate::rules::{MailWay, Rules, TextWay};
use crate::seal::{Keys, SealError};
use crate::settings_file;
use crate::store::MetaKey;
use data_encoding::HEXLOWER;
use pam_2fa_protocol::admin::TestedReply;
use pam_2fa_settings::{Mode, PasswordSetting, Required};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;

/// A way that messages go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `[email]`.
    Email,
    /// `[sms]`.
    Sms,
}

impl Way {
    /// Where the hash of the last accepted test is kept, and what it is sealed under. Each has its own: two tests may end at once.
    fn record(self) -> (MetaKey, &'static str) {
        match self {
            Self::Email => (MetaKey::TestedEmail, "tested-email"),
            Self::Sms => (MetaKey::TestedSms, "tested-sms"),
        }
    }

    /// The name of the server or provider that is asked before all others.
    #[must_use]
    pub fn first(self, rules: &Rules) -> Option<&str> {
        match self {
            Self::Email => rules.email.first().map(|way| way.name.as_str()),
            Self::Sms => rules.sms.first().map(|way| way.name.as_str()),
        }
    }
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

/// Keeps that a test by these rules was accepted, by the first way.
///
/// # Errors
/// The store's words, or the key's.
pub async fn passed(house: &House, way: Way, rules: &Rules) -> Result<(), String> {
    let hash = hash(&house.keys, way, rules).map_err(|error| error.to_string())?;
    let (key, name) = way.record();
    let sealed =
        house.keys.seal_record(house.random.as_ref(), name, hash.as_bytes()).map_err(|error| error.to_string())?;
    house.store.put_meta(vec![(key, sealed.into_bytes())]).await.map_err(|error| error.to_string())
}

/// Whether the last accepted tests went by what these settings say.
///
/// # Errors
/// What is wrong with them, a line each; or the store's words.
pub async fn tested(house: &House, candidate: &str) -> Result<TestedReply, Vec<String>> {
    let rules = rules(house, Some(candidate))?;
    let is = async |way: Way| {
        let now = hash(&house.keys, way, &rules).map_err(|error| vec![error.to_string()])?;
        let kept = read(house, way).await.map_err(|why| vec![why])?;
        Ok::<_, Vec<String>>(way.first(&rules).is_some() && kept.is_some_and(|kept| kept == now))
    };
    let force = house.rules();
    let is_new = |way: Way| {
        let sum = |rules: &Rules| hash(&house.keys, way, rules).map_err(|error| vec![error.to_string()]);
        Ok::<_, Vec<String>>(way.first(&rules).is_some() && sum(&rules)? != sum(&force)?)
    };
    Ok(TestedReply {
        email: is(Way::Email).await?,
        sms: is(Way::Sms).await?,
        email_new: is_new(Way::Email)?,
        sms_new: is_new(Way::Sms)?,
        asks_more: asks_more(&force, &rules),
    })
}

/// Whether somebody must give a code by `new` whom nobody asks by `force`.
fn asks_more(force: &Rules, new: &Rules) -> bool {
    let adds = |old: &[String], new: &[String]| new.iter().any(|name| !old.contains(name));
    let names = adds(&force.who.required_groups, &new.who.required_groups)
        || adds(force.who.required_services.names(), new.who.required_services.names());
    let asks_any = !new.who.required_groups.is_empty() || !new.who.required_services.names().is_empty();
    let enforces = force.who.mode != Mode::Enforce && new.who.mode == Mode::Enforce;
    match (force.required, new.required) {
        (_, Required::Disabled) => false,
        (Required::Mandatory, Required::Mandatory) => enforces,
        (_, Required::Mandatory) => true,
        (Required::Disabled, Required::Optional) => asks_any,
        (_, Required::Optional) => names || (enforces && asks_any),
    }
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
                // The server of another account is another one, too.
                let to = |way: &MailWay| (way.name.clone(), way.server.clone(), way.port, way.tls, way.ca_file.clone());
                if !force.email.iter().any(|own| to(own) == to(mail)) {
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

/// The hash that was kept, in hexadecimal digits; none where the key is another one since.
async fn read(house: &House, way: Way) -> Result<Option<String>, String> {
    let (key, name) = way.record();
    let kept = house.store.meta(key).await.map_err(|error| error.to_string())?;
    let sealed = kept.and_then(|bytes| String::from_utf8(bytes).ok());
    let opened = sealed.and_then(|sealed| house.keys.open_record(name, &sealed).ok());
    Ok(opened.map(|opened| String::from_utf8_lossy(opened.expose()).into_owned()))
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
        let is = async |text: &str| {
            let TestedReply { email, sms, .. } = tested(&house, text).await.unwrap();
            TestedReply { email, sms, ..TestedReply::default() }
        };
        let none = TestedReply { email: false, sms: false, ..TestedReply::default() };
        assert_eq!((is(&whole).await, is("").await), (none, none), "where there is no way, none was tried");
        passed(&house, Way::Email, &rules(&house, Some(&whole)).unwrap()).await.unwrap();
        assert_eq!(is(&whole).await, TestedReply { email: true, sms: false, ..TestedReply::default() });
        passed(&house, Way::Sms, &rules(&house, Some(&whole)).unwrap()).await.unwrap();
        let both = TestedReply { email: true, sms: true, ..TestedReply::default() };
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
            assert_eq!(is(&text).await, TestedReply { email: false, sms: true, ..TestedReply::default() }, "{text}");
        }
        for (part, other) in [
            ("\"t1\"", "\"t2\""),
            ("sms.example.com", "sms.example.org"),
            ("account", "sender = \"+15550100\"\naccount"),
            ("account", "proxy = \"http://proxy.example.com:3128\"\naccount"),
        ] {
            let text = whole.replacen(part, other, 1);
            assert_eq!(is(&text).await, TestedReply { email: true, sms: false, ..TestedReply::default() }, "{text}");
        }
        // The hash itself stands nowhere in the clear.
        for key in [MetaKey::TestedEmail, MetaKey::TestedSms] {
            let kept = house.store.meta(key).await.unwrap().unwrap();
            assert!(kept.starts_with(b"sealed:"), "{}", String::from_utf8_lossy(&kept));
        }
        let wrong = tested(&house, "[email]\nserver = 1\n").await.unwrap_err().join("\n");
        assert!(wrong.contains("the settings:2:10: email.server: must be a text"), "{wrong}");
    }

    #[tokio::test]
    async fn tests_of_both_ways_that_end_together_are_both_kept() {
        let folder = tempfile::tempdir().unwrap();
        let house = House::for_tests(folder.path(), any_rules()).await;
        let text = format!("{EMAIL}{SMS}");
        let rules = rules(&house, Some(&text)).unwrap();
        // Each has read and hashed before the other writes.
        let (email, sms) = tokio::join!(passed(&house, Way::Email, &rules), passed(&house, Way::Sms, &rules));
        email.and(sms).unwrap();
        let TestedReply { email, sms, .. } = tested(&house, &text).await.unwrap();
        assert!(email && sms);
    }

    #[tokio::test]
    async fn a_kept_secret_is_told_where_it_goes_to_another_server_than_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let house = House::for_tests(folder.path(), any_rules()).await;
        let seal = |key: &str| house.keys.seal(house.random.as_ref(), key, b"hunter2").unwrap();
        let text = format!(
            "[email]\nserver = \"smtp.example.com\"\nfrom = \"a@example.com\"\npassword = \"{}\"\n[[email.backup]]\nname = \"b\"\n\
             server = \"b.example.com\"\nfrom = \"a@example.com\"\npassword = \"{}\"\n[sms]\nprovider = \"http\"\n\
             account = {{ url = \"https://sms.example.com\", token = \"{}\" }}\n",
            seal("email.password"),
            seal("email.backup.b.password"),
            seal("sms.account.token")
        );
        house.put_rules(rules(&house, Some(&text)).unwrap());
        let told = |text: &str| {
            let candidate = rules(&house, Some(text)).unwrap();
            let mut all = elsewhere(&house, Way::Email, &candidate).unwrap();
            all.extend(elsewhere(&house, Way::Sms, &candidate).unwrap());
            all
        };
        assert_eq!(told(&text), [""; 0]);
        for (from, to, expected) in [
            ("smtp.example.com", "evil.example.org", "email.password, to evil.example.org:465"),
            ("smtp.example.com", "b.example.com", "email.password, to b.example.com:465"),
            ("from", "port = 2525\nfrom", "email.password, to smtp.example.com:2525"),
            ("from", "tls = \"starttls\"\nport = 465\nfrom", "email.password, to smtp.example.com:465"),
            ("from", "ca_file = \"/tmp/evil.pem\"\nfrom", "email.password, to smtp.example.com:465"),
            ("b.example.com", "evil.example.org", "email.backup.b.password, to evil.example.org:465"),
            ("https://sms", "https://evil", "sms.account (token), to http as it was changed"),
            ("\"http\"", "\"kannel\"", "sms.account (token), to kannel as it was changed"),
            (
                "provider",
                "proxy = \"http://evil.example.org:1\"\nprovider",
                "sms.account (token), to http as it was changed",
            ),
        ] {
            assert_eq!(told(&text.replacen(from, to, 1)), [expected], "{to}");
        }
        // One that was typed for it is the caller's, and who it is from is no server.
        let typed = text.replacen(&format!("\"{}\"", text.split('"').nth(5).unwrap()), "\"typed\"", 1);
        assert!(typed.contains("password = \"typed\""), "{typed}");
        assert_eq!(told(&typed.replacen("smtp.example.com", "new.example.com", 1)), [""; 0]);
        assert_eq!(told(&text.replacen("a@example.com", "c@example.com", 1)), [""; 0]);
    }

    #[tokio::test]
    async fn what_is_another_than_in_force_is_known_and_who_is_asked_then_that_nobody_asks_now() {
        let folder = tempfile::tempdir().unwrap();
        let house = House::for_tests(folder.path(), any_rules()).await;
        let mut force = any_rules();
        let mut new = any_rules();
        for (before, after, groups, mode, more) in [
            (Required::Disabled, Required::Mandatory, "", Mode::Enforce, true),
            (Required::Optional, Required::Mandatory, "", Mode::Enforce, true),
            (Required::Mandatory, Required::Mandatory, "", Mode::Enforce, false),
            (Required::Mandatory, Required::Optional, "", Mode::Enforce, false),
            (Required::Disabled, Required::Optional, "", Mode::Enforce, false),
            (Required::Disabled, Required::Optional, "wheel", Mode::Enforce, true),
            (Required::Optional, Required::Optional, "wheel", Mode::Enforce, true),
            (Required::Mandatory, Required::Disabled, "wheel", Mode::Enforce, false),
            // Until now it was only written down.
            (Required::Mandatory, Required::Mandatory, "", Mode::parse("report until 2099-01-01").unwrap(), true),
            (Required::Optional, Required::Optional, "", Mode::parse("report until 2099-01-01").unwrap(), false),
        ] {
            (force.required, new.required, force.who.mode) = (before, after, mode);
            new.who.required_groups =
                Some(groups).filter(|group| !group.is_empty()).map(String::from).into_iter().collect();
            assert_eq!(asks_more(&force, &new), more, "{before:?} {after:?} {groups} {mode:?}");
        }
        let other = tested(&house, EMAIL).await.unwrap();
        assert!(other.email_new && !other.sms_new, "{other:?}");
        let none = tested(&house, "").await.unwrap();
        assert!(!none.email_new && !none.asks_more, "{none:?}");
    }
}
