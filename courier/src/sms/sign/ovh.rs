//! The signature of OVHcloud (help.ovhcloud.com, "First steps with the OVHcloud APIs"; `Client.raw_call` of python-ovh). It is
//! SHA-1 over secrets and request, which is theirs to choose; nothing of ours rests on it.
//!
//! It goes by the provider's own clock, which is asked for each message: the courier keeps nothing, and a clock that was put right
//! counts at once.

use super::super::exchange::{CONNECT, Way, exchange};
use super::super::failure::Failure;
use super::super::fill::Ready;
use super::super::values::Filled;
use super::{Signed, Wire};
use crate::email::deadline::Deadline;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use reqwest::Url;
use sha1::{Digest, Sha1};
use std::time::Duration;
use zeroize::Zeroizing;

/// The longest wait for the provider's time; what is left of the message's own is for the message. A moment more than for a
/// connection, so that none within its own time is told as none.
const LONGEST: Duration = CONNECT.saturating_add(Duration::from_millis(250));

/// An application's credentials.
pub struct Key {
    /// The application's key.
    pub app_key: Filled,
    /// The application's secret.
    pub app_secret: Filled,
    /// Who lets the application act.
    pub consumer_key: Filled,
}

impl Key {
    /// Signs the method, the whole URL, the body and the time.
    #[must_use]
    pub fn sign(&self, wire: &Wire<'_>, at: Timestamp) -> Signed {
        let seconds = at.as_second().to_string();
        let parts: [&[u8]; 6] = [
            self.app_secret.as_bytes(),
            self.consumer_key.as_bytes(),
            wire.method.as_bytes(),
            wire.url.as_bytes(),
            wire.body,
            seconds.as_bytes(),
        ];
        let text = Zeroizing::new(parts.join(&b'+'));
        let digest = Filled::new(HEXLOWER.encode(&Sha1::digest(&*text)));
        let signature = Filled::new(format!("$1${}", digest.as_str()));
        let headers = vec![
            ("x-ovh-application", self.app_key.clone()),
            ("x-ovh-consumer", self.consumer_key.clone()),
            ("x-ovh-timestamp", Filled::new(seconds)),
            ("x-ovh-signature", signature),
        ];
        Signed { headers, derived: vec![digest] }
    }
}

/// Why a provider's time is not known.
pub enum NoTime {
    /// There is no way there, and none for a message either.
    NoWay(Failure),
    /// It did not say, in words that are still to be cleaned.
    Untold(String),
}

/// What time it is by the clock of the provider at `url`.
///
/// # Errors
/// [`NoTime`].
pub async fn time(url: &Url, way: Way<'_>, deadline: Deadline) -> Result<Timestamp, NoTime> {
    let url = url.join("/1.0/auth/time").map_err(|error| NoTime::Untold(error.to_string()))?;
    let asked = tokio::time::timeout_at(deadline.or_after(LONGEST).at(), exchange(Ready::get(url), way)).await;
    let (answer, _) = match asked {
        Ok(Ok(answer)) => answer,
        Ok(Err(no_way @ Failure::NoConnection { .. })) => return Err(NoTime::NoWay(no_way)),
        Ok(Err(failure)) => return Err(NoTime::Untold(failure.to_string())),
        Err(_) => return Err(NoTime::Untold(String::from("no reply in time"))),
    };
    let seconds = if answer.status == 200 { answer.body.trim().parse::<i64>().ok() } else { None };
    let time = seconds.filter(|seconds| *seconds > 0).and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.ok_or_else(|| NoTime::Untold(format!("answered: {answer}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pam_2fa_settings::provider::Method;

    #[test]
    fn ovhs_own_vectors_have_their_signatures() {
        // python-ovh 1.2.0, tests/test_client.py (BSD-3-Clause): test_call_signature, test_version_in_url.
        let own = |text: &str| Filled::new(text.to_owned());
        let key = Key {
            app_key: own("TDPKJdwZwAQPwKX2"),
            app_secret: own("9ufkBmLaTQ9nz5yMUlg79taH0GNnzDjk"),
            consumer_key: own("5mBuy6SUQcRw2ZUxg0cG68BoDKpED4KY"),
        };
        for (method, url, body, signature) in [
            (Method::Get, "https://eu.api.ovh.com/1.0/auth", None, "$1$e9556054b6309771395efa467c22e627407461ad"),
            (
                Method::Post,
                "https://eu.api.ovh.com/1.0/auth",
                Some(r#"{"a":"b","c":"d"}"#),
                "$1$ec2fb5c7a81f64723c77d2e5b609ae6f58a84fc1",
            ),
            (Method::Get, "https://eu.api.ovh.com/1.0/call", None, "$1$7f2db49253edfc41891023fcd1a54cf61db05fbb"),
            (Method::Get, "https://eu.api.ovh.com/v1/call", None, "$1$e6e7906d385eb28adcbfbe6b66c1528a42d741ad"),
            (Method::Get, "https://eu.api.ovh.com/v2/call", None, "$1$bb63b132a6f84ad5433d0c534d48d3f7c3804285"),
        ] {
            let mut ready = Ready::get(Url::parse(url).unwrap());
            ready.method = method;
            ready.body = body.map(|body| Zeroizing::new(body.as_bytes().to_vec()));
            let signed = key.sign(&Wire::of(&ready), Timestamp::from_second(1_457_018_875).unwrap());
            let headers: Vec<(&str, &str)> =
                signed.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let expected = [
                ("x-ovh-application", "TDPKJdwZwAQPwKX2"),
                ("x-ovh-consumer", "5mBuy6SUQcRw2ZUxg0cG68BoDKpED4KY"),
                ("x-ovh-timestamp", "1457018875"),
                ("x-ovh-signature", signature),
            ];
            assert_eq!(headers, expected, "{url}");
        }
    }
}
