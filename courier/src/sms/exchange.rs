//! One request and its reply, over one connection that is made for it. The reply is a stranger's: its length, the time it takes
//! and where it points to are bounded here; what it says is for [`super::verdict`].

use super::failure::Failure;
use super::fill::Ready;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use pam_2fa_settings::provider::Method;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{Client, Proxy, RequestBuilder, redirect, retry};
use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio_rustls::rustls;

/// The longest wait for a connection, look-up of a proxy and TLS among it.
pub(super) const CONNECT: Duration = Duration::from_secs(3);
/// The longest reply in bytes; what providers say fits two thousand.
const MAX_REPLY: usize = 64 * 1024;
/// The longest wait in seconds that is passed on; a code lives ten minutes.
const LONGEST_WAIT: i64 = 3600;

/// A reply, whole.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// `Retry-After` in seconds, an hour at most.
    pub retry_after_s: Option<i64>,
    /// The body; what is not UTF-8 in it is replaced.
    pub body: String,
}

impl fmt::Display for Answer {
    /// `HTTP 202: 0: Accepted for delivery`, in the provider's own words, which are still to be cleaned.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.body.trim() {
            "" => write!(f, "HTTP {}", self.status),
            body => write!(f, "HTTP {}: {body}", self.status),
        }
    }
}

/// How to get there.
#[derive(Clone)]
pub struct Way<'a> {
    /// Where to connect to: the provider's addresses, or the proxy's. There is no other look-up.
    pub addresses: Vec<SocketAddr>,
    /// A proxy, `http://HOST:PORT`.
    pub proxy: Option<&'a str>,
    /// Whom to believe.
    pub tls: rustls::ClientConfig,
}

/// Sends the request and reads the reply; the address it came from, where that is known.
///
/// # Errors
/// [`Failure`]: no connection, no certificate, or no whole reply.
pub async fn exchange(ready: Ready, way: Way<'_>) -> Result<(Answer, Option<SocketAddr>), Failure> {
    let host = ready.url.host_str().unwrap_or_default().to_owned();
    let client = client(way)?;
    let failed = |error: reqwest::Error| failure(&host, &error);
    let mut response = request(&client, ready).send().await.map_err(failed)?;
    let (status, from) = (response.status().as_u16(), response.remote_addr());
    let retry_after_s = retry_after(response.headers());
    let lost = |why: String| Failure::Lost { host: host.clone(), why };
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| lost(words(&error)))? {
        if body.len().saturating_add(chunk.len()) > MAX_REPLY {
            return Err(lost(format!("HTTP {status}, and a reply of more than {} KiB", MAX_REPLY / 1024)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((Answer { status, retry_after_s, body: String::from_utf8_lossy(&body).into_owned() }, from))
}

/// Whatever name is asked for, it has these addresses: what was looked at is what is connected to.
struct Pinned(Vec<SocketAddr>);

impl Resolve for Pinned {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses: Addrs = Box::new(self.0.clone().into_iter());
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

/// A client for one request. Nothing in it comes from the environment.
fn client(way: Way<'_>) -> Result<Client, Failure> {
    let mut builder = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .http1_only()
        .pool_max_idle_per_host(0)
        .connect_timeout(CONNECT)
        .user_agent("pam-2fa")
        .dns_resolver(Pinned(way.addresses))
        .tls_backend_preconfigured(way.tls);
    if let Some(proxy) = way.proxy {
        let why = "is not an address such as \"http://proxy.example.com:3128\"";
        builder = builder.proxy(Proxy::all(proxy).map_err(|_| Failure::setting("proxy", why))?);
    }
    builder.build().map_err(|error| Failure::setting("provider", format!("no HTTP client ({})", words(&error))))
}

/// What is ready, byte by byte: it may be signed.
fn request(client: &Client, ready: Ready) -> RequestBuilder {
    let Ready { method, url, headers, basic, body, key: _ } = ready;
    let mut request = match method {
        Method::Get => client.get(url),
        Method::Post => client.post(url),
    };
    request = request.headers(headers);
    if let Some((user, pass)) = &basic {
        request = request.basic_auth(user.as_str(), Some(pass.as_str()));
    }
    match body {
        None => request,
        Some(body) => request.body(body.to_vec()),
    }
}

/// RFC 9110 §10.2.3: seconds, or a date, which is read by the sender's own clock: ours may go otherwise.
fn retry_after(headers: &HeaderMap) -> Option<i64> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let value = text(RETRY_AFTER)?;
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        value.parse().unwrap_or(LONGEST_WAIT)
    } else {
        http_date(value)?.as_second().saturating_sub(http_date(text(DATE)?)?.as_second())
    };
    (wait > 0).then_some(wait.min(LONGEST_WAIT))
}

/// RFC 9110 §5.6.7: the form of today and the two of long ago, all in GMT.
fn http_date(text: &str) -> Option<Timestamp> {
    let formats = ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let date = formats.iter().find_map(|format| DateTime::strptime(format, text).ok())?;
    TimeZone::UTC.to_timestamp(date).ok()
}

/// What went wrong, by how far it had come.
fn failure(host: &str, error: &reqwest::Error) -> Failure {
    let host = host.to_owned();
    match tls_error(error) {
        Some(rustls::Error::InvalidCertificate(why)) => return Failure::Certificate { host, why: why.to_string() },
        Some(rustls::Error::NoCertificatesPresented) => {
            return Failure::Certificate { host, why: String::from("there was none") };
        }
        Some(_) | None => {}
    }
    match (error.is_connect(), error.is_timeout()) {
        (true, true) => Failure::NoConnection { host, why: String::from("no answer in 3 s") },
        (true, false) => Failure::NoConnection { host, why: words(error) },
        (false, _) => Failure::Lost { host, why: words(error) },
    }
}

/// The error behind the errors, without the URL, in which there may be a secret.
fn words(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(|| String::from("the request failed"), ToString::to_string)
}

/// What each error has behind it. An `io::Error` does not tell of the error that it carries, but of that one's own source.
fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&'a (dyn Error + 'static)| {
        let cause: &'a (dyn Error + 'static) = *cause;
        match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(carried) => Some(carried as &'a (dyn Error + 'static)),
            None => cause.source(),
        }
    })
}

fn tls_error(error: &reqwest::Error) -> Option<&rustls::Error> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn a_wait_is_seconds_or_a_date_by_the_senders_own_clock_and_an_hour_at_most() {
        const DATE_OF_REPLY: &str = "Tue, 24 Nov 2026 12:10:00 GMT";
        for (retry, date, expected) in [
            ("120", None, Some(120)),
            (" 120 ", Some(DATE_OF_REPLY), Some(120)),
            ("3601", None, Some(3600)),
            ("86400", None, Some(3600)),
            ("99999999999999999999", None, Some(3600)),
            ("0", None, None),
            ("-5", None, None),
            ("1.5", None, None),
            ("", None, None),
            ("soon", Some(DATE_OF_REPLY), None),
            ("Tue, 24 Nov 2026 12:11:30 GMT", Some(DATE_OF_REPLY), Some(90)),
            ("Tuesday, 24-Nov-26 12:11:30 GMT", Some(DATE_OF_REPLY), Some(90)),
            ("Tue Nov 24 12:11:30 2026", Some(DATE_OF_REPLY), Some(90)),
            ("Wed, 25 Nov 2026 12:10:00 GMT", Some(DATE_OF_REPLY), Some(3600)),
            ("Tue, 24 Nov 2026 12:10:00 GMT", Some(DATE_OF_REPLY), None),
            ("Tue, 24 Nov 2026 12:09:00 GMT", Some(DATE_OF_REPLY), None),
            ("Tue, 24 Nov 2026 12:11:30 GMT", None, None),
            ("Tue, 24 Nov 2026 12:11:30 GMT", Some("yesterday"), None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(retry));
            if let Some(date) = date {
                headers.insert(DATE, HeaderValue::from_static(date));
            }
            assert_eq!(retry_after(&headers), expected, "{retry:?} {date:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
