//! What a notice says, by email and as a text message.

use super::Notice;
use crate::clock::rfc3339;
use crate::login::place::Place;
use crate::texts::sms::notice::{Named, Short, notice};
use crate::texts::{Message, Texts, Value};
use pam_2fa_protocol::Secret;

/// In whose words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'a> {
    /// The owner's language.
    pub texts: &'a Texts,
    /// `policy.application`.
    pub application: &'a str,
    /// This host's name.
    pub host: &'a str,
}

/// What has happened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event<'a> {
    /// What.
    pub notice: &'a Notice,
    /// Whose account.
    pub user: &'a str,
    /// From where; `None`: by an administrator.
    pub place: Option<&'a Place>,
    /// When, seconds since 1970.
    pub at_s: i64,
}

impl Words<'_> {
    /// The subject and the text.
    pub(super) fn mail(&self, event: Event<'_>) -> (String, Secret) {
        let Event { notice, user, place, at_s } = event;
        let until = until(notice).map(|until_s| format!("{} UTC", minute(until_s)));
        let (message, values) = said(notice, until.as_deref());
        let named = named(notice).map(|named| (named.value, Value::Text(named.text)));
        let what = self.texts.say(message, &values.into_iter().chain(named).collect::<Vec<_>>());
        let (when, place) = (format!("{} UTC", minute(at_s)), place.map(|place| place.say(self.texts)));
        let mut values = vec![
            ("what", Value::Text(&what)),
            ("user", Value::Text(user)),
            ("host", Value::Text(self.host)),
            ("application", Value::Text(self.application)),
            ("when", Value::Text(&when)),
        ];
        values.extend(place.as_deref().map(|place| ("place", Value::Text(place))));
        let text = if place.is_some() { Message::MailTextNotice } else { Message::MailTextNoticeAdmin };
        (self.texts.say(Message::MailSubjectNotice, &values), Secret::new(self.texts.say(text, &values)))
    }

    /// One segment. A device's name has no room; where it logs in from has, and says more.
    pub(super) fn sms(&self, event: Event<'_>) -> Secret {
        let until = until(event.notice).map(|until_s| format!("{}Z", minute(until_s)));
        let (what, values) = said(event.notice, until.as_deref());
        let place = event.place.map(|place| place.say(self.texts));
        let named = named(event.notice).map(|named| match (event.notice, &place) {
            (Notice::NewDevice { .. }, Some(place)) => Named { text: place, ..named },
            _ => named,
        });
        notice(Short { what, named, values: &values, application: self.application, host: self.host }, self.texts)
    }
}

/// The sentence, and its values but a name.
fn said<'a>(notice: &Notice, until: Option<&'a str>) -> (Message, Vec<(&'static str, Value<'a>)>) {
    let none = Vec::new;
    match notice {
        Notice::NewDevice { .. } => (Message::NoticeNewDevice, none()),
        Notice::EmailChanged { .. } => (Message::NoticeEmailChanged, none()),
        Notice::PhoneChanged { .. } => (Message::NoticePhoneChanged, none()),
        Notice::EmailRemoved => (Message::NoticeEmailRemoved, none()),
        Notice::PhoneRemoved => (Message::NoticePhoneRemoved, none()),
        Notice::RecoveryUsed { left } => (Message::NoticeRecoveryUsed, vec![("left", Value::Number(*left))]),
        Notice::RecoveryRenewed => (Message::NoticeRecoveryRenewed, none()),
        Notice::AppEnrolled => (Message::NoticeAppEnrolled, none()),
        Notice::AppReplaced => (Message::NoticeAppReplaced, none()),
        Notice::Invited => (Message::NoticeInvited, none()),
        Notice::GrantMade { .. } => {
            (Message::NoticeGrantMade, until.map(|until| ("until", Value::Text(until))).into_iter().collect())
        }
        Notice::GrantUsed => (Message::NoticeGrantUsed, none()),
        Notice::Locked => (Message::NoticeLocked, none()),
        Notice::ShutOut => (Message::NoticeShutOut, none()),
        Notice::LetInAgain => (Message::NoticeLetIn, none()),
        Notice::Reset => (Message::NoticeReset, none()),
        Notice::VerifyChanged => (Message::NoticeVerifyChanged, none()),
        Notice::DevicesRevoked { count } => (Message::NoticeDevicesRevoked, vec![("count", Value::Number(*count))]),
    }
}

/// A name in the sentence: a text message cuts it where it is too long.
fn named(notice: &Notice) -> Option<Named<'_>> {
    if let Notice::NewDevice { label } = notice {
        Some(Named { value: "device", text: label })
    } else if let Notice::EmailChanged { to } | Notice::PhoneChanged { to } = notice {
        Some(Named { value: "to", text: to })
    } else {
        None
    }
}

fn until(notice: &Notice) -> Option<i64> {
    if let Notice::GrantMade { until_s } = notice { Some(*until_s) } else { None }
}

/// `2026-11-24 12:00`, of UTC.
fn minute(at_s: i64) -> String {
    rfc3339(at_s).replacen('T', " ", 1).chars().take(16).collect()
}

#[cfg(test)]
mod tests;
