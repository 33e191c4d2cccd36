//! One text message from the provider's file to the provider's last word.

use super::account;
use super::exchange::{self, exchange};
use super::failure::Failure;
use super::fill::fill;
use super::relay::Relay;
use super::shelf::Shelf;
use super::target::permitted;
use super::values::Values;
use super::verdict::judge;
use crate::carry::Steps;
use crate::clock::Clock;
use crate::email;
use crate::email::deadline::Deadline;
use crate::email::resolve::{Names, Resolve};
use crate::email::tls::Trust;
use crate::said::Mask;
use pam_2fa_protocol::courier::{Send, Text};
use pam_2fa_settings::provider::{Cleartext, Http, Method, Provider, Way};
use reqwest::Url;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The longest time for one message: a provider that takes longer is worth another.
const LONGEST: Duration = Duration::from_secs(8);

/// A message that a provider, provably, took.
#[derive(Debug)]
pub struct Accepted {
    /// The provider's own id of it.
    pub provider_id: Option<String>,
    /// The provider's own words, still to be cleaned and masked.
    pub said: String,
}

/// What every way of sending needs of one message.
struct Sending<'a> {
    provider: &'a Provider,
    values: &'a Values<'a>,
    text: &'a Text,
    tls: ClientConfig,
    deadline: Deadline,
}

/// Whoever delivers text messages.
pub struct Sms {
    shelf: Arc<Shelf>,
    names: Names,
    trust: Arc<Trust>,
    clock: Box<dyn Clock>,
    relay: Option<Relay>,
}

impl Sms {
    /// With the provider files of `shelf`.
    #[must_use]
    pub fn new(shelf: Shelf, clock: Box<dyn Clock>, resolver: Box<dyn Resolve>, trust: Trust) -> Self {
        Self { shelf: Arc::new(shelf), names: Names::new(resolver), trust: Arc::new(trust), clock, relay: None }
    }

    /// The same, with courier-local for the ways that it alone may go.
    #[must_use]
    pub fn with_relay(self, relay: Relay) -> Self {
        Self { relay: Some(relay), ..self }
    }

    /// Delivers `text`, which is `send`'s, until `deadline`. What may not be repeated is added to the mask of `steps`. Dropping the
    /// future closes the connection.
    ///
    /// # Errors
    /// [`Failure`]: the provider did not, provably, take it.
    pub async fn deliver(
        &self,
        send: &Send,
        text: &Text,
        deadline: Deadline,
        steps: &mut Steps,
    ) -> Result<Accepted, Failure> {
        let (whole, deadline) = (deadline, deadline.or_after(LONGEST));
        let unread = || Failure::setting("provider", "its file or the certificates could not be read in time");
        let (provider, tls) =
            tokio::time::timeout_at(deadline.at(), self.read(text)).await.unwrap_or_else(|_| Err(unread()))?;
        let account = account::of(&provider, text);
        steps.mask(Mask::of_text(text, &provider, account.as_ref().ok()));
        let values = Values::new(&provider, send, text, account?, self.clock.now())?;
        match &provider.way {
            Way::Http(http) => {
                let sending = Sending { provider: &provider, values: &values, text, tls, deadline };
                self.by_http(http, sending, steps).await
            }
            Way::Smpp(_) => Err(Failure::setting("provider", "TODO")),
            // A modem may take longer than any server; courier-local has limits of its own.
            Way::Local(_) => match &self.relay {
                Some(relay) => relay.send(send, text, whole, steps).await,
                None => Err(Failure::setting("provider", "there is no way to courier-local here")),
            },
        }
    }

    async fn by_http(&self, http: &Http, sending: Sending<'_>, steps: &Steps) -> Result<Accepted, Failure> {
        let Sending { provider, values, text, tls, deadline } = sending;
        let ready = fill(&http.request, values)?;
        let origin = ready.url.origin().ascii_serialization();
        let addresses = self.addresses(&ready.url, text, http.cleartext, deadline).await?;
        let method = match ready.method {
            Method::Get => "GET",
            Method::Post => "POST",
        };
        // The path and the query may hold a token of the account.
        steps.tell(|| match &text.proxy {
            Some(proxy) => format!("{method} to {origin}, as {}.toml says, by the proxy {proxy}", provider.id),
            None => format!("{method} to {origin}, as {}.toml says", provider.id),
        });
        let way = exchange::Way { addresses, proxy: text.proxy.as_deref(), tls };
        let asked = tokio::time::timeout_at(deadline.at(), exchange(ready, way)).await;
        let late = || Failure::Lost { host: origin.clone(), why: String::from("no reply in time") };
        let (answer, from) = asked.unwrap_or_else(|_| Err(late()))?;
        steps.tell(|| match from {
            Some(from) => format!("{from} answered: {answer}"),
            None => format!("answered: {answer}"),
        });
        let (provider_id, answer) = judge(&http.reply, answer)?;
        Ok(Accepted { provider_id, said: answer.to_string() })
    }

    /// The provider's file, and whom to believe. Files are read beside the thread that serves.
    async fn read(&self, text: &Text) -> Result<(Provider, ClientConfig), Failure> {
        let (shelf, trust) = (Arc::clone(&self.shelf), Arc::clone(&self.trust));
        let (id, ca_file) = (text.provider.clone(), text.ca_file.as_ref().map(PathBuf::from));
        let reading = tokio::task::spawn_blocking(move || {
            let provider = shelf.provider(&id)?;
            if matches!(provider.way, Way::Local(_)) {
                // No server is asked, so nobody is to be believed, and this host may have no certificates at all.
                let nobody = ClientConfig::builder().with_root_certificates(RootCertStore::empty());
                return Ok((provider, nobody.with_no_client_auth()));
            }
            let config = trust.config(ca_file.as_deref()).map_err(|failure| {
                if let email::Failure::Setting { key, why } = failure {
                    return Failure::setting(key, why);
                }
                Failure::setting("ca_file", failure.to_string())
            })?;
            let mut config = ClientConfig::clone(&config);
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Ok((provider, config))
        });
        reading.await.map_err(|error| Failure::setting("provider", error.to_string()))?
    }

    /// Where to connect to. A proxy looks up the provider's name itself.
    async fn addresses(
        &self,
        url: &Url,
        text: &Text,
        cleartext: Cleartext,
        deadline: Deadline,
    ) -> Result<Vec<SocketAddr>, Failure> {
        let is_tls = url.scheme() == "https";
        let target = host_of(url);
        let Some(proxy) = &text.proxy else {
            let found = self.look_up(&target, url.port_or_known_default().unwrap_or(443), deadline).await?;
            return permitted(&target, found, is_tls, cleartext);
        };
        if !is_tls {
            return Err(Failure::setting("proxy", "plain http is not sent by a proxy: remove it, or write https"));
        }
        let proxy = Url::parse(proxy).map_err(|error| Failure::setting("proxy", format!("is no URL: {error}")))?;
        self.look_up(&host_of(&proxy), proxy.port_or_known_default().unwrap_or(80), deadline).await
    }

    async fn look_up(&self, host: &str, port: u16, deadline: Deadline) -> Result<Vec<SocketAddr>, Failure> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        self.names.addresses(host, port, deadline).await.map_err(|failure| {
            let why = if let email::Failure::NoAddress { why, .. } = failure { why } else { failure.to_string() };
            Failure::NoAddress { host: host.to_owned(), why }
        })
    }
}

/// A name, or an address without its brackets.
fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).to_owned()
}
