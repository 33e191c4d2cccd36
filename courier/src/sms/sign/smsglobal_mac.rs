//! The MAC of SMSGlobal, of a scheme that OAuth 2 drafted and gave up. It is over the request's line and not over its body
//! (`RestTransport` of smsglobal-java-client, `Credentials` of smsglobal-php).

use super::super::failure::Failure;
use super::super::values::Filled;
use super::{Signed, Wire, hmac_sha256};
use data_encoding::BASE64;
use jiff::Timestamp;

/// An API key and its secret.
pub struct Key {
    key: Filled,
    secret: Filled,
}

impl Key {
    /// That key.
    ///
    /// # Errors
    /// [`Failure::Setting`] for one that would end the quotes that it is sent in.
    pub fn new(key: Filled, secret: Filled) -> Result<Self, Failure> {
        if key.contains(['"', '\\']) {
            return Err(Failure::setting("account", "a key with quotes or backslashes cannot be sent"));
        }
        Ok(Self { key, secret })
    }

    /// Signs the time, the nonce, the method, the path with its query, the host and the port.
    #[must_use]
    pub fn sign(&self, wire: &Wire<'_>, at: Timestamp, nonce: &str) -> Signed {
        let (seconds, target) = (at.as_second(), wire.target());
        let text = format!("{seconds}\n{nonce}\n{}\n{target}\n{}\n{}\n\n", wire.method, wire.host, wire.port);
        let mac = Filled::new(BASE64.encode(&hmac_sha256(self.secret.as_bytes(), text.as_bytes())[..]));
        let authorization = Filled::new(format!(
            "MAC id=\"{}\", ts=\"{seconds}\", nonce=\"{nonce}\", mac=\"{}\"",
            self.key.as_str(),
            mac.as_str()
        ));
        Signed { headers: vec![("authorization", authorization.clone())], derived: vec![authorization, mac] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sms::fill::Ready;
    use reqwest::Url;

    fn authorization(key: &str, secret: &str, url: &str, seconds: i64, nonce: &str) -> String {
        let own = |text: &str| Filled::new(text.to_owned());
        let ready = Ready::get(Url::parse(url).unwrap());
        let at = Timestamp::from_second(seconds).unwrap();
        let signed = Key::new(own(key), own(secret)).ok().unwrap().sign(&Wire::of(&ready), at, nonce);
        signed.headers[0].1.as_str().to_owned()
    }

    #[test]
    fn smsglobals_own_vectors_have_their_macs() {
        // smsglobal/smsglobal-java-client @0bae4c70, src/test/java/com/smsglobal/transport/RestTransportTest.java.
        let (id, secret) = ("945a7aca9f05a78a194b77f76c6bb653", "a8dfa0dc19c7439914c74c6c92a95d25");
        assert_eq!(
            authorization(id, secret, "https://api.smsglobal.com/v2/sms/", 1_471_398_353, "1174249"),
            "MAC id=\"945a7aca9f05a78a194b77f76c6bb653\", ts=\"1471398353\", nonce=\"1174249\", \
             mac=\"iX34qsNi2hqcoeNVtA/W5D+Hj6eMO3mIThfcYNJPaPM=\""
        );
        // smsglobal/rest-api-client-php @044b365e, tests/Smsglobal/ClassLibrary/ApiKeyTest.php.
        assert_eq!(
            authorization("test", "abcd", "https://api.smsglobal.com/v1/sms/", 1_375_000_000, "random-nonce"),
            "MAC id=\"test\", ts=\"1375000000\", nonce=\"random-nonce\", \
             mac=\"xHRg9NU2FyDXb6X/iWGfseHslX7ES3IKPSwFV5QLguQ=\""
        );
    }

    #[test]
    fn a_key_that_would_end_its_quotes_is_refused() {
        let own = |text: &str| Filled::new(text.to_owned());
        for key in ["a\", mac=\"b", "a\\"] {
            assert!(matches!(Key::new(own(key), own("s")), Err(Failure::Setting { .. })), "{key}");
        }
    }
}
