//! Text messages: one to one number, by whichever provider accepts it. The same loop as for mail servers, with the same memory of
//! who refused our credentials.
//!
//! The fields of an account are opened for the one call of the courier, and nowhere kept open.

use super::breaker::Asks;
use super::{Carried, Post, TRY_MS, Tried, Uncounted, config_fault, may_retry, retry_after};
use crate::limits::Share;
use crate::login::deliver::{Errand, Letter, sms};
use crate::rules::{Rules, TextWay};
use crate::seal::SealError;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::courier::{AccountField, Class, Outcome, Reason, Send, Text};
use pam_2fa_settings::below;
use pam_2fa_settings::{E164, PasswordSetting};
use std::collections::BTreeMap;
use tokio::sync::mpsc::UnboundedSender;

/// A message to one number.
#[derive(Debug, Clone, Copy)]
pub struct TextHead<'a> {
    /// The same for every try of one message.
    pub id: &'a str,
    /// From 1.
    pub attempt: u32,
    /// The number.
    pub to: &'a E164,
    /// The text.
    pub text: &'a Secret,
    /// The code alone, for providers that take no free text.
    pub code: &'a Secret,
    /// The tag alone.
    pub tag: &'a str,
    /// For how long it is worth sending.
    pub life_ms: u64,
}

impl Post {
    /// One message that an administrator asked for, by the first provider that accepts it, or why none did. It is counted first, and
    /// may use up what is kept for known sources.
    ///
    /// # Errors
    /// [`Uncounted`]: nothing was sent.
    pub async fn text(
        &self,
        head: TextHead<'_>,
        rules: &Rules,
        steps: Option<&UnboundedSender<String>>,
    ) -> Result<Outcome, Uncounted> {
        self.text_by(head, None, rules, steps).await.map(|carried| carried.outcome)
    }

    /// The same by the provider of that name alone, where one is named.
    ///
    /// # Errors
    /// [`Uncounted`]: nothing was sent.
    pub async fn text_by(
        &self,
        head: TextHead<'_>,
        by: Option<&str>,
        rules: &Rules,
        steps: Option<&UnboundedSender<String>>,
    ) -> Result<Carried, Uncounted> {
        // Whoever tries whether it works again wants to know, and closes the breaker if it does.
        let mut tried = self.count_text(head.to, Share::Whole, rules).await?.asking_all(by);
        let outcome = self.text_round(head, rules, steps, &mut tried).await;
        let by = tried.by_whom();
        self.settle(tried).await;
        Ok(Carried { outcome, by })
    }

    /// A login code as a text message, by one round over the providers. `None`: nothing need be sent.
    pub(super) async fn once_by_text(
        &self,
        errand: &Errand,
        to: &str,
        rules: &Rules,
        tried: &mut Tried,
    ) -> Option<Outcome> {
        let Ok(to) = E164::parse(to) else {
            return Some(config_fault(String::from("the number on file is not E.164: set it anew")));
        };
        let write = |letter: Letter<'_>| {
            let code = Secret::new(letter.code.expose().clone());
            (sms(letter, rules.languages.letters(errand.language)), code, String::from(letter.tag))
        };
        let ((text, code, tag), life_ms, id) = self.written(errand, rules, write)?;
        let head = TextHead { id: &id, attempt: errand.attempt, to: &to, text: &text, code: &code, tag: &tag, life_ms };
        Some(self.text_round(head, rules, None, tried).await)
    }

    /// One round over the providers. A number that cannot be reached ends it: the next would only say the same, and cost again. One
    /// that wants no messages does not: that is said to a sender, and the next has another.
    pub(crate) async fn text_round(
        &self,
        head: TextHead<'_>,
        rules: &Rules,
        steps: Option<&UnboundedSender<String>>,
        tried: &mut Tried,
    ) -> Outcome {
        let mut last =
            config_fault(String::from("no provider of text messages is configured: set [sms] in config.toml"));
        let began_ms = self.clock.now().boot_ms;
        let (ways, barred) = self.open_ways(rules, tried);
        for outcome in barred {
            last = worth_more(last, outcome);
        }
        for way in ways {
            // A slow provider takes from the time of the next.
            let life_ms = head.life_ms.saturating_sub(self.clock.now().boot_ms.saturating_sub(began_ms));
            if life_ms == 0 {
                break;
            }
            if tried.bars(&way.name) {
                continue;
            }
            if let (Some(steps), true) = (steps, rules.sms.len() > 1) {
                let _gone = steps.send(format!("{}: {}", way.name, way.provider));
            }
            let head = TextHead { life_ms, ..head };
            let send = self.text_send(head, way, tried);
            let Some(outcome) = self.hand_over(send, steps, tried).await else {
                return tried.stopped(Some(last).filter(may_retry));
            };
            let now = self.clock.now();
            self.health.note(&way.name, &outcome, &now);
            if let Some(open_s) = self.health.breakers.note(&way.name, rules.generation, &outcome, &now) {
                let (way, said) = (&way.name, &outcome.said);
                let what = if outcome.class == Class::Temporary { "is asked after the others" } else { "is not asked" };
                tracing::warn!(way, said, open_s, "this provider {what} for {open_s} s");
            }
            tried.note(&way.name, &outcome);
            if outcome.class == Class::Accepted || outcome.reason == Some(Reason::BadNumber) {
                return outcome;
            }
            last = worth_more(last, outcome);
        }
        last
    }

    /// The providers to ask, in this order, and what became of those that are not asked now.
    fn open_ways<'a>(&self, rules: &'a Rules, tried: &Tried) -> (Vec<&'a TextWay>, Vec<Outcome>) {
        let (now, mut ways, mut spare, mut barred) = (self.clock.now(), Vec::new(), Vec::new(), Vec::new());
        for way in rules.sms.iter().filter(|way| tried.asks(&way.name)) {
            match self.health.breakers.asks(&way.name, rules.generation, &now) {
                _ if tried.asks_all() => ways.push(way),
                Asks::Now => ways.push(way),
                Asks::IfNoOther => spare.push(way),
                Asks::Not(outcome) => barred.push(outcome),
            }
        }
        ways.append(&mut spare);
        (ways, barred)
    }

    /// What the courier is handed: the whole way, with the account opened for this one call. A field that cannot be opened is an
    /// outcome that names it.
    fn text_send(&self, head: TextHead<'_>, way: &TextWay, tried: &mut Tried) -> Result<Send, Outcome> {
        let life_s = i64::try_from(head.life_ms / 1000).unwrap_or(i64::MAX);
        let expires_at = tried.one_end(|| crate::clock::rfc3339(self.clock.now().wall_s.saturating_add(life_s)));
        let mut account = BTreeMap::new();
        for (field, value) in &way.account {
            let setting = below(&format!("{}.account", way.name), field);
            let opened = self.opened(&setting, value).map_err(|error| config_fault(format!("{setting}: {error}")))?;
            account.insert(field.clone(), AccountField(opened));
        }
        Ok(Send {
            id: String::from(head.id),
            attempt: i64::from(head.attempt),
            deadline_ms: i64::try_from(head.life_ms.min(TRY_MS)).unwrap_or(20_000),
            expires_at,
            mail: None,
            sms: Some(Text {
                provider: way.provider.clone(),
                account,
                sender: way.sender.clone(),
                proxy: way.proxy.clone(),
                ca_file: way.ca_file.clone(),
                to: String::from(head.to.as_str()),
                text: Secret::new(head.text.expose().clone()),
                code: Secret::new(head.code.expose().clone()),
                tag: String::from(head.tag),
            }),
        })
    }

    fn opened(&self, setting: &str, value: &PasswordSetting) -> Result<Secret, SealError> {
        match value {
            PasswordSetting::Plain(secret) => Ok(Secret::new(secret.expose().clone())),
            PasswordSetting::Sealed(sealed) => self.keys.open_text(setting, sealed),
        }
    }
}

/// Of two ends the one that a next time hangs on: one that may take it then, and the sooner one. A provider that names a wait is kept
/// back by itself, and holds up no other.
fn worth_more(last: Outcome, outcome: Outcome) -> Outcome {
    match (may_retry(&last), may_retry(&outcome)) {
        (true, true) if retry_after(&last) < retry_after(&outcome) => last,
        (true, false) => last,
        (true | false, true) | (false, false) => outcome,
    }
}

#[cfg(test)]
mod tests;
