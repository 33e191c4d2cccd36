//! Signatures over a request, for the providers that want one: made of the very bytes that are sent, of a time, and of a secret
//! that is not sent. Each follows its provider's own rules, and is tested with vectors that others have published.
//!
//! Must never sign anything but what goes over the wire, never send a secret, and never read a clock or make up randomness: the time
//! is handed in, and a nonce is made of the message. What could be undone or used again is told, so that nobody repeats it.

pub mod aws_sigv4;
pub mod azure_hmac;
pub mod ovh;
pub mod smsglobal_mac;

use super::failure::Failure;
use super::fill::{Ready, add};
use super::values::{Filled, Values};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use pam_2fa_protocol::courier::Send;
use pam_2fa_settings::provider::{Signer, Template};
use reqwest::header::HeaderMap;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// What signs.
pub enum Key {
    /// Amazon's.
    AwsSigV4(aws_sigv4::Key),
    /// Azure's.
    AzureHmac(azure_hmac::Key),
    /// SMSGlobal's.
    SmsGlobalMac(smsglobal_mac::Key),
    /// OVHcloud's.
    Ovh(ovh::Key),
}

/// A request as it goes over the wire.
pub struct Wire<'a> {
    /// In capitals.
    pub method: &'a str,
    /// The whole URL.
    pub url: &'a str,
    /// The host's name or address.
    pub host: &'a str,
    /// `HOST`, or `HOST:PORT` where the port is not the scheme's own.
    pub authority: String,
    /// The port.
    pub port: u16,
    /// The path, encoded.
    pub path: &'a str,
    /// The query, encoded, without its question mark.
    pub query: Option<&'a str>,
    /// The headers so far.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a [u8],
}

/// What a signature adds to a request.
pub struct Signed {
    /// Headers, in the place of others of their names.
    pub headers: Vec<(&'static str, Filled)>,
    /// What is derived from a secret, or from the text with the code in it: nobody is to repeat it.
    pub derived: Vec<Filled>,
}

/// What signs with the values of one message.
///
/// # Errors
/// [`Failure::Setting`] for a field of the account that nothing can be signed with.
pub fn key(signer: &Signer, values: &Values<'_>) -> Result<Key, Failure> {
    let needed = |template: &Template| match values.fill(template)? {
        Some(value) if !value.is_empty() => Ok(value),
        Some(_) | None => Err(Failure::setting("account", "what signs is empty")),
    };
    Ok(match signer {
        Signer::AwsSigV4 { service, region, id, secret, session_token } => {
            let session_token = match session_token {
                Some(token) => values.fill(token)?.filter(|token| !token.is_empty()),
                None => None,
            };
            let (service, region) = (needed(service)?, needed(region)?);
            Key::AwsSigV4(aws_sigv4::Key { service, region, id: needed(id)?, secret: needed(secret)?, session_token })
        }
        Signer::AzureHmac { key } => Key::AzureHmac(azure_hmac::Key::parse(&needed(key)?)?),
        Signer::SmsGlobalMac { key, secret } => {
            Key::SmsGlobalMac(smsglobal_mac::Key::new(needed(key)?, needed(secret)?)?)
        }
        Signer::Ovh { app_key, app_secret, consumer_key } => {
            let (app_key, app_secret) = (needed(app_key)?, needed(app_secret)?);
            Key::Ovh(ovh::Key { app_key, app_secret, consumer_key: needed(consumer_key)? })
        }
    })
}

impl Key {
    /// Signs what is ready, as of `at`; what nobody is to repeat. Nothing of the request may change after that.
    ///
    /// # Errors
    /// [`Failure::Message`] for an account that no header can hold.
    pub fn sign(&self, ready: &mut Ready, at: Timestamp, nonce: &str) -> Result<Vec<Filled>, Failure> {
        if let Self::AwsSigV4(_) = self {
            let query = ready.url.query().map(aws_sigv4::canonical_query);
            ready.url.set_query(query.as_deref());
        }
        let wire = Wire::of(ready);
        let Signed { headers, derived } = match self {
            Self::AwsSigV4(key) => key.sign(&wire, at),
            Self::AzureHmac(key) => key.sign(&wire, at),
            Self::SmsGlobalMac(key) => key.sign(&wire, at, nonce),
            Self::Ovh(key) => key.sign(&wire, at),
        };
        for (name, value) in headers {
            add(&mut ready.headers, name, &value)?;
        }
        Ok(derived)
    }
}

impl<'a> Wire<'a> {
    /// What the client will send.
    #[must_use]
    pub fn of(ready: &'a Ready) -> Self {
        let url = &ready.url;
        let host = url.host_str().unwrap_or_default();
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Self {
            method: ready.verb(),
            url: url.as_str(),
            host,
            authority,
            port: url.port_or_known_default().unwrap_or(443),
            path: url.path(),
            query: url.query(),
            headers: &ready.headers,
            body: ready.body.as_ref().map_or(&[], |body| body.as_slice()),
        }
    }

    /// The path with its query, as it stands in the request's first line.
    #[must_use]
    pub fn target(&self) -> String {
        self.query.map_or_else(|| self.path.to_owned(), |query| format!("{}?{query}", self.path))
    }
}

/// A number for one use: no other try of this or any other message has it. It is no secret, so that it need not be random.
#[must_use]
pub fn nonce(send: &Send, at: Timestamp) -> String {
    let digest = Sha256::digest(format!("pam-2fa nonce\0{}\0{}\0{}", send.id, send.attempt, at.as_nanosecond()));
    data_encoding::HEXLOWER.encode(digest.get(..16).unwrap_or(&digest))
}

/// RFC 2104, with SHA-256.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Zeroizing<[u8; 32]> {
    // A longer key than a block is hashed, a shorter one is filled up with zeros (§2); handed in whole, it cannot fail.
    let mut block = Zeroizing::new([0_u8; 64]);
    if key.len() > block.len() {
        let digest = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(key)));
        copy(&mut block[..], &digest[..]);
    } else {
        copy(&mut block[..], key);
    }
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    mac.update(message);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

#[cfg(test)]
mod tests;
