//! Messages that are sent while the administrator looks: steps as they happen, then how it ended and the server's own words.

use crate::client::Client;
use crate::error::Error;
use crate::screen::Screen;
use pam_2fa_protocol::admin::{Channel, TEST_EMAIL, TEST_SMS, TestEmail, TestSms};
use pam_2fa_protocol::courier::{Class, Outcome, Reason, Sent};
use serde::Serialize;

/// What `test email` answers in JSON.
#[derive(Default, Serialize)]
struct Tested {
    steps: Vec<String>,
    outcome: Option<Outcome>,
}

/// `pam-2fa test email ADDRESS`.
pub(crate) fn test_email(client: &mut Client, to: &str, screen: &mut Screen<'_>) -> Result<(), Error> {
    test(client, (TEST_EMAIL, &TestEmail { to: to.to_owned(), settings: None, asked_by: None }), Channel::Email, screen)
}

/// `pam-2fa test sms NUMBER [--by NAME]`.
pub(crate) fn test_sms(
    client: &mut Client,
    to: &str,
    by: Option<String>,
    screen: &mut Screen<'_>,
) -> Result<(), Error> {
    test(client, (TEST_SMS, &TestSms { to: to.to_owned(), by, settings: None, asked_by: None }), Channel::Sms, screen)
}

fn test(
    client: &mut Client,
    (method, asked): (&'static str, &impl Serialize),
    by: Channel,
    screen: &mut Screen<'_>,
) -> Result<(), Error> {
    let mut tested = Tested::default();
    client.call_more(method, asked, |sent: Sent| {
        if let Some(step) = sent.step {
            screen.line(&step)?;
            tested.steps.push(step);
        }
        tested.outcome = sent.outcome.or(tested.outcome.take());
        Ok(())
    })?;
    screen.json(&tested)?;
    ended(tested.outcome.as_ref(), &tested.steps, by, screen)
}

/// Shows how it ended, where the last of `steps` has not just said so; an error unless the message was accepted, verifiably.
pub(crate) fn ended(
    outcome: Option<&Outcome>,
    steps: &[String],
    by: Channel,
    screen: &mut Screen<'_>,
) -> Result<(), Error> {
    match outcome {
        Some(outcome) if outcome.class == Class::Accepted => {
            let line = format!("accepted: {}", outcome.said);
            if steps.last() == Some(&line) { Ok(()) } else { screen.line(&line) }
        }
        Some(outcome) => Err(Error::NotSent(in_words(outcome, by))),
        None => Err(Error::NotSent(String::from(
            "configd did not say what became of it; see `journalctl -u pam-2fa-configd`",
        ))),
    }
}

/// What happened, the other side's words, what to do: one line.
pub(crate) fn in_words(outcome: &Outcome, by: Channel) -> String {
    let class = match outcome.class {
        Class::Accepted => "accepted",
        Class::Rejected => "rejected",
        Class::AuthError => "refused at sign-in",
        Class::RateLimited => "too many messages",
        Class::Temporary => "not now",
    };
    let mut text = class.to_owned();
    if let Some(reason) = outcome.reason {
        text.push_str(&format!(" ({})", reason_in_words(reason)));
    }
    text.push_str(&format!(": {}", outcome.said));
    if let Some(seconds) = outcome.retry_after_s {
        text.push_str(&format!("; try again in {seconds} s"));
    }
    if let Some(advice) = outcome.reason.and_then(|reason| advice(reason, by)) {
        text.push_str(&format!("; {advice}"));
    }
    text
}

fn reason_in_words(reason: Reason) -> &'static str {
    match reason {
        Reason::BadNumber => "the number cannot be reached",
        Reason::OptedOut => "the recipient refuses messages",
        Reason::BadAddress => "the address is refused",
        Reason::Request => "the message is refused",
        Reason::Credentials => "wrong user or password",
        Reason::Funds => "no money left",
        Reason::SenderOrCountry => "the sender or the country is not allowed",
        Reason::Config => "the settings cannot work",
        Reason::Certificate => "its certificate is not accepted",
        Reason::Unreachable => "nobody answers, or not in time",
        Reason::Unrecognised => "an answer that proves nothing",
    }
}

fn advice(reason: Reason, by: Channel) -> Option<&'static str> {
    match (reason, by) {
        (Reason::Credentials, Channel::Email) => Some("check email.user and email.password"),
        (Reason::Credentials, Channel::Sms) => {
            Some("check sms.account; `pam-2fa provider show` has what it consists of")
        }
        (Reason::Certificate, Channel::Email) => Some("check email.server, or name its CA in email.ca_file"),
        (Reason::Certificate, Channel::Sms) => Some("for a gateway of your own, name its CA in sms.ca_file"),
        (Reason::Unreachable, Channel::Email) => Some("check email.server, email.port and email.tls"),
        (Reason::Unreachable, Channel::Sms) => Some("look whether this host may reach it, by sms.proxy if it has to"),
        (Reason::Config, _) => Some("run `pam-2fa config check`"),
        (Reason::SenderOrCountry, Channel::Sms) => Some("check sms.sender, and what the account may send where"),
        (Reason::Unrecognised, Channel::Sms) => Some("it may have been sent all the same"),
        (
            Reason::BadNumber
            | Reason::OptedOut
            | Reason::BadAddress
            | Reason::Request
            | Reason::Funds
            | Reason::SenderOrCountry
            | Reason::Unrecognised,
            _,
        ) => None,
    }
}
