//! The signature of Azure Communication Services
//! (learn.microsoft.com, "Sign an HTTP request with HMAC"; `HMACCredentialsPolicy` of azure-communication-sms does the same).

use super::super::failure::Failure;
use super::super::values::Filled;
use super::{Signed, Wire, hmac_sha256};
use data_encoding::BASE64;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// A resource's access key.
pub struct Key(Zeroizing<Vec<u8>>);

impl Key {
    /// The key as the portal shows it, in base64.
    ///
    /// # Errors
    /// [`Failure::Setting`] where it is not that.
    pub fn parse(key: &str) -> Result<Self, Failure> {
        let why = "the access key is not base64: copy it whole, = at its end too";
        let key = BASE64.decode(key.trim().as_bytes()).map_err(|_| Failure::setting("account", why))?;
        Ok(Self(Zeroizing::new(key)))
    }

    /// Signs the method, the path with its query, the date, the host and the body.
    #[must_use]
    pub fn sign(&self, wire: &Wire<'_>, at: Timestamp) -> Signed {
        // RFC 9110 §5.6.7.
        let date = at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let content = Filled::new(BASE64.encode(&Sha256::digest(wire.body)));
        let (method, target, host) = (wire.method, wire.target(), &wire.authority);
        let signature = self.mac(&Filled::new(format!("{method}\n{target}\n{date};{host};{}", content.as_str())));
        let authorization = Filled::new(format!(
            "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={}",
            signature.as_str()
        ));
        // Whoever has the digest of the text can try all codes.
        let derived = vec![authorization.clone(), signature, content.clone()];
        let headers =
            vec![("x-ms-date", Filled::new(date)), ("x-ms-content-sha256", content), ("authorization", authorization)];
        Signed { headers, derived }
    }

    /// The MAC of a text, in base64. The text is wiped: it has the digest of the message.
    #[must_use]
    pub fn mac(&self, text: &Filled) -> Filled {
        Filled::new(BASE64.encode(&hmac_sha256(&self.0, text.as_bytes())[..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sms::fill::Ready;
    use reqwest::Url;

    #[test]
    fn microsofts_own_vectors_have_their_macs() {
        // azure-communication-sms 1.1.0, tests/test_hmac.py (MIT).
        let key = Key::parse("pw==").ok().unwrap();
        let mac = |text: &str| key.mac(&Filled::new(text.to_owned()));
        assert_eq!(mac("banana").as_str(), "88EC05aAS9iXnaimtNO78JLjiPtfWryQB/5QYEzEsu8=");
        assert_eq!(mac("😀").as_str(), "1rudJKjn2Zi+3hRrBG29wIF6pD6YyAeQR1ZcFtXoKAU=");
    }

    #[test]
    fn a_request_is_signed_as_microsofts_library_signs_it() {
        // Nobody has published a whole request. EXPECTED is what HMACCredentialsPolicy of azure-communication-sms 1.1.0 made of
        // this one, with its clock held.
        let mut ready =
            Ready::get(Url::parse("https://contoso.communication.azure.com/sms?api-version=2021-03-07").unwrap());
        ready.method = pam_2fa_settings::provider::Method::Post;
        ready.body = Some(Zeroizing::new(BODY.as_bytes().to_vec()));
        let key = Key::parse("cHctZm9yLXRlc3RzLW9ubHk=").ok().unwrap();
        let signed = key.sign(&Wire::of(&ready), "2026-11-24T12:10:00Z".parse().unwrap());
        let headers: Vec<(&str, &str)> = signed.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(headers, EXPECTED);
    }

    const BODY: &str = r#"{"from":"+15551230000","message":"Grüße, 491823","smsRecipients":[{"to":"+15558675310"}]}"#;
    const EXPECTED: [(&str, &str); 3] = [
        ("x-ms-date", "Tue, 24 Nov 2026 12:10:00 GMT"),
        ("x-ms-content-sha256", "7bZFMp2DTilkdcuY/hTcqcgwq8kFWyFKzbzNLJbgtVM="),
        (
            "authorization",
            "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=Sw7dtN2w9uAcUs+ZQYm+bx5i7yFJLAAVMkd/kIkXFaY=",
        ),
    ];

    #[test]
    fn a_key_that_is_not_whole_is_no_key() {
        for key in ["pw=", "pw", "not base64!", "pw== ="] {
            let said = Key::parse(key).err().unwrap().to_string();
            assert!(said.contains("is not base64") && !said.contains(key), "{said}");
        }
    }
}
