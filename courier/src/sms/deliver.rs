//! One text message from the provider's file to the provider's last word.

use super::account;
use super::exchange::{self, exchange};
use super::failure::Failure;
use super::fill::{Ready, fill};
use super::relay::Relay;
use super::shelf::Shelf;
use super::sign::{Key, nonce, ovh};
use super::smpp::{self, message};
use super::target::{Scheme, permitted};
use super::values::Values;
use super::verdict::judge;
use crate::carry::Steps;
use crate::clock::Clock;
use crate::email;
use crate::email::deadline::Deadline;
use crate::email::resolve::{Names, Resolve};
use crate::email::tls::Trust;
use crate::said::Mask;
use jiff::Timestamp;
use pam_2fa_protocol::courier::{Send, Text};
use pam_2fa_settings::provider::{Cleartext, Http, Provider, Smpp, Way};
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
    send: &'a Send,
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
                let sending = Sending { provider: &provider, values: &values, send, text, tls, deadline };
                self.by_http(http, sending, steps).await
            }
            Way::Smpp(smpp) => {
                let sending = Sending { provider: &provider, values: &values, send, text, tls, deadline };
                self.by_smpp(smpp, sending, steps).await
            }
            // A modem may take longer than any server; courier-local has limits of its own.
            Way::Local(_) => match &self.relay {
                Some(relay) => relay.send(send, text, whole, steps).await,
                None => Err(Failure::setting("provider", "there is no way to courier-local here")),
            },
        }
    }

    async fn by_http(&self, http: &Http, sending: Sending<'_>, steps: &mut Steps) -> Result<Accepted, Failure> {
        let Sending { provider, values, send, text, mut tls, deadline } = sending;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut ready = fill(&http.request, values)?;
        let origin = ready.url.origin().ascii_serialization();
        let addresses = self.addresses(&ready.url, text, http.cleartext, deadline).await?;
        let way = exchange::Way { addresses, proxy: text.proxy.as_deref(), tls };
        let signed = match ready.key.take() {
            Some(key) => self.sign(&key, &mut ready, (send, &way), deadline, steps).await?,
            None => String::new(),
        };
        // The path and the query may hold a token of the account.
        let (verb, id) = (ready.verb(), &provider.id);
        steps.tell(|| match &text.proxy {
            Some(proxy) => format!("{verb} to {origin}, as {id}.toml says, by the proxy {proxy}{signed}"),
            None => format!("{verb} to {origin}, as {id}.toml says{signed}"),
        });
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

    /// Signs what is ready, and says as of when: where a clock is wrong, every signature is.
    async fn sign(
        &self,
        key: &Key,
        ready: &mut Ready,
        (send, way): (&Send, &exchange::Way<'_>),
        deadline: Deadline,
        steps: &mut Steps,
    ) -> Result<String, Failure> {
        let theirs = match key {
            Key::Ovh(_) => Some(ovh::time(&ready.url, way.clone(), deadline).await),
            Key::AwsSigV4(_) | Key::AzureHmac(_) | Key::SmsGlobalMac(_) => None,
        };
        let ours = Timestamp::try_from(self.clock.now()).unwrap_or(Timestamp::UNIX_EPOCH);
        let (at, whose) = match theirs {
            Some(Ok(theirs)) => (theirs, "its own clock"),
            Some(Err(ovh::NoTime::NoWay(failure))) => return Err(failure),
            Some(Err(ovh::NoTime::Untold(why))) => {
                steps.tell(|| format!("its clock could not be asked, so that this host's has to do: {why}"));
                (ours, "this host's clock")
            }
            None => (ours, "this host's clock"),
        };
        steps.mask_also(key.sign(ready, at, &nonce(send, at))?);
        Ok(format!(", signed as of {} by {whose}", at.strftime("%Y-%m-%dT%H:%M:%SZ")))
    }

    async fn by_smpp(&self, smpp: &Smpp, sending: Sending<'_>, steps: &Steps) -> Result<Accepted, Failure> {
        let Sending { provider, values, text, tls, deadline, .. } = sending;
        if text.proxy.is_some() {
            return Err(Failure::setting("proxy", "SMPP goes by no proxy: remove it"));
        }
        let message::Place { host, port, is_tls } = message::place(smpp, values)?;
        let login = message::Login::new(smpp, values)?;
        let message = message::Message::new(smpp, values, &text.to, text.text.expose())?;
        let found = self.look_up(&host, port, deadline).await?;
        let addresses = permitted(&host, found, Scheme::smpp(is_tls), smpp.cleartext)?;
        steps.tell(|| format!("SMPP to {host}:{port}, as {}.toml says", provider.id));
        let way = smpp::connect::Way { host, addresses, tls: is_tls.then_some(tls) };
        smpp::hand_over((login, message), way, &smpp.rules, deadline, steps).await
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
            Ok((provider, ClientConfig::clone(&config)))
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
            return permitted(&target, found, Scheme::http(is_tls), cleartext);
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
