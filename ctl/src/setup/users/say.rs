//! Things of a record in words. What the daemon tells passes `printable` where it is drawn.

use crate::setup::words::Words;
use pam_2fa_protocol::admin::{Channel, LastLogin, Method, Pass, PassKind, User, Verify};

/// Stands where nothing is.
pub(super) const NOTHING: &str = "-";

pub(super) fn verify(verify: Verify, words: &Words) -> String {
    words.say(match verify {
        Verify::Never => "users-verify-never",
        Verify::NewDevice => "users-verify-new-device",
        Verify::Always => "users-verify-always",
    })
}

pub(super) fn method(method: Method, words: &Words) -> String {
    words.say(match method {
        Method::Email => "users-method-email",
        Method::Sms => "users-method-sms",
        Method::App => "users-method-app",
    })
}

pub(super) fn channel(channel: Channel, words: &Words) -> String {
    method(
        match channel {
            Channel::Email => Method::Email,
            Channel::Sms => Method::Sms,
        },
        words,
    )
}

/// `email? SMS app`: with a question mark where nobody has proven it.
pub(super) fn methods(user: &User, words: &Words) -> String {
    let address = |address: &Option<String>, is_verified, way| {
        let mark = if is_verified { "" } else { "?" };
        address.as_ref().map(|_| format!("{}{mark}", method(way, words)))
    };
    let all = [
        address(&user.email, user.email_verified, Method::Email),
        address(&user.phone, user.phone_verified, Method::Sms),
        user.app_since.as_ref().map(|_| method(Method::App, words)),
    ];
    let all: Vec<String> = all.into_iter().flatten().collect();
    if all.is_empty() { NOTHING.to_owned() } else { all.join(" ") }
}

/// An address, and whether somebody has proven it.
pub(super) fn contact(address: Option<&str>, is_verified: bool, words: &Words) -> String {
    match address {
        None => NOTHING.to_owned(),
        Some(address) => {
            let id = if is_verified { "users-verified" } else { "users-unverified" };
            format!("{address} ({})", words.say(id))
        }
    }
}

/// Why a user does not get in, in a word.
pub(super) fn state(user: &User, words: &Words) -> String {
    if user.disabled_since.is_some() {
        words.say("users-state-disabled")
    } else if user.locked.is_some() {
        words.say("users-state-locked")
    } else {
        String::new()
    }
}

/// `2026-11-24 03:49` of `2026-11-24T03:49:48Z`.
pub(super) fn minute(at: &str) -> String {
    match (at.get(..10), at.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} {time}"),
        _ => at.to_owned(),
    }
}

/// When, by which service, from where.
pub(super) fn last_login(last: &LastLogin, words: &Words) -> String {
    let (at, service) = (minute(&last.at), last.service.as_str());
    match &last.from {
        Some(from) => words.with("users-login-from", &[("at", &at), ("service", service), ("from", from)]),
        None => format!("{at}, {service}"),
    }
}

/// An open one-time code: never the code itself.
pub(super) fn pass(pass: &Pass, words: &Words) -> String {
    let until = minute(&pass.until);
    let mut line = words.with("users-pass", &[("id", &pass.id), ("until", &until)]);
    for part in [&pass.service, &pass.from].into_iter().flatten().chain([&pass.reason]) {
        if !part.is_empty() {
            line.push_str(", ");
            line.push_str(part);
        }
    }
    line
}

pub(super) fn pass_label(kind: PassKind) -> &'static str {
    match kind {
        PassKind::Invitation => "users-invitation",
        PassKind::Grant => "users-grant",
    }
}
