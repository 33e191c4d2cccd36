//! Signature Version 4 of Amazon Web Services, in the `Authorization` header
//! (docs.aws.amazon.com, IAM User Guide, "Create a signed AWS API request"). For every service but S3, whose paths are encoded once.

use super::super::fill::push_encoded;
use super::super::values::Filled;
use super::{Signed, Wire, hmac_sha256};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// An access key.
pub struct Key {
    /// The service, such as `sns`.
    pub service: Filled,
    /// The region, such as `eu-west-1`.
    pub region: Filled,
    /// The access key's id.
    pub id: Filled,
    /// The secret access key.
    pub secret: Filled,
    /// What comes with a key that is good for hours.
    pub session_token: Option<Filled>,
}

impl Key {
    /// Signs the host, the content's type and all `x-amz-` headers, the path, the query and the body.
    #[must_use]
    pub fn sign(&self, wire: &Wire<'_>, at: Timestamp) -> Signed {
        let time = at.strftime("%Y%m%dT%H%M%SZ").to_string();
        let day = at.strftime("%Y%m%d").to_string();
        let mut headers = BTreeMap::from([("host", wire.authority.as_str()), ("x-amz-date", time.as_str())]);
        for (name, value) in wire.headers {
            if name == "content-type" || name.as_str().starts_with("x-amz-") {
                headers.entry(name.as_str()).or_insert(value.to_str().unwrap_or_default());
            }
        }
        if let Some(token) = &self.session_token {
            headers.insert("x-amz-security-token", token);
        }
        let names = headers.keys().copied().collect::<Vec<_>>().join(";");
        let mut lines = Filled::default();
        for (name, value) in headers {
            let value: Vec<&str> = value.split_whitespace().collect();
            lines.push_str(&format!("{name}:{}\n", value.join(" ")));
        }
        let payload = HEXLOWER.encode(&Sha256::digest(wire.body));
        let (method, path) = (wire.method, canonical_path(wire.path));
        let query = wire.query.map(canonical_query).unwrap_or_default();
        let canonical = Filled::new(format!("{method}\n{path}\n{query}\n{}\n{names}\n{payload}", lines.as_str()));
        let digest = HEXLOWER.encode(&Sha256::digest(canonical.as_bytes()));
        let scope = format!("{day}/{}/{}/aws4_request", self.region.as_str(), self.service.as_str());
        let signature = self.signature(&day, &format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}"));
        let authorization = Filled::new(format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
            self.id.as_str(),
            signature.as_str()
        ));
        // Amazon repeats the canonical request and its digest where they differ; whoever has a digest of the text can try all codes.
        let derived = vec![authorization.clone(), signature, Filled::new(payload), Filled::new(digest)];
        let mut headers = vec![("x-amz-date", Filled::new(time)), ("authorization", authorization)];
        headers.extend(self.session_token.clone().map(|token| ("x-amz-security-token", token)));
        Signed { headers, derived }
    }

    fn signature(&self, day: &str, to_sign: &str) -> Filled {
        let mut key = Zeroizing::new(format!("AWS4{}", self.secret.as_str()).into_bytes());
        for step in [day, &self.region, &self.service, "aws4_request", to_sign] {
            key = Zeroizing::new(hmac_sha256(&key, step.as_bytes()).to_vec());
        }
        Filled::new(HEXLOWER.encode(&key))
    }
}

/// Without empty segments, dot segments, and with every segment encoded, also where it is already.
fn canonical_path(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(encoded(segment)),
        }
    }
    let end = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

/// A query in the one spelling that everybody reads alike: sorted, and encoded as RFC 3986 has it, a space as `%20`.
#[must_use]
pub fn canonical_query(query: &str) -> String {
    let pairs = form_urlencoded::parse(query.as_bytes());
    let mut pairs: Vec<(String, String)> = pairs.map(|(name, value)| (encoded(&name), encoded(&value))).collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    push_encoded(&mut encoded, text);
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

    /// AWS's own test suite, as botocore 1.44.8 ships it in `tests/unit/auth/aws4_testsuite` (Apache-2.0): name, first line of the
    /// request, signature of `.authz`. Host and time are the same in all of them.
    const SUITE: [(&str, &str, &str); 18] = [
        ("get-vanilla", "GET /", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("post-vanilla", "POST /", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "post-vanilla-query",
            "POST /?Param1=value1",
            "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
        ),
        ("get-utf8", "GET /ሴ", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        ("get-vanilla-utf8-query", "GET /?ሴ=bar", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
        (
            "get-unreserved",
            "GET /-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
        ),
        (
            "get-vanilla-query-unreserved",
            "GET /?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=\
             -._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
        ),
        (
            "get-vanilla-query-order-key-case",
            "GET /?Param2=value2&Param1=value1",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "get-vanilla-query-order-value",
            "GET /?Param1=value2&Param1=value1",
            "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694",
        ),
        (
            "get-vanilla-query-order-encoded",
            "GET /?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
            "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
        ),
        ("get-space", "GET /example space/", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
        (
            "get-special-character",
            "GET /example/$delete",
            "a853c9b21b528b19643d00910d35b83a10c366a10833ceefb45edd6c80e40f27",
        ),
        (
            "get-relative-relative",
            "GET /example1/example2/../..",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        ("get-slash", "GET //", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("get-slashes", "GET //example//", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
        ("get-slash-dot-slash", "GET /./", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        (
            "get-slash-pointless-dot",
            "GET /./example",
            "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
        ),
        (
            "get-vanilla-empty-query-key",
            "GET /?Param1=value1",
            "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
        ),
    ];

    /// The `Authorization` of such a request, with the key of the suite.
    fn authorization(line: &str, kind: Option<&'static str>, body: &str, token: Option<&str>) -> String {
        let (method, target) = line.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let own = |text: &str| Filled::new(text.to_owned());
        let key = Key {
            service: own("service"),
            region: own("us-east-1"),
            id: own("AKIDEXAMPLE"),
            secret: own("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session_token: token.map(own),
        };
        let mut headers = HeaderMap::new();
        if let Some(kind) = kind {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        let host = "example.amazonaws.com";
        let wire = Wire {
            method,
            url: "",
            host,
            authority: host.to_owned(),
            port: 443,
            path,
            query,
            headers: &headers,
            body: body.as_bytes(),
        };
        let signed = key.sign(&wire, "2015-08-30T12:36:00Z".parse().unwrap());
        assert_eq!((signed.headers[0].0, signed.headers[0].1.as_str()), ("x-amz-date", "20150830T123600Z"));
        assert_eq!(signed.headers.get(2).map(|(_, token)| token.as_str()), token);
        signed.headers[1].1.as_str().to_owned()
    }

    /// What `.authz` holds.
    fn authz(names: &str, signature: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={names}, \
             Signature={signature}"
        )
    }

    #[test]
    fn amazons_own_test_suite_is_signed_as_amazon_signs_it() {
        for (name, line, signature) in SUITE {
            assert_eq!(authorization(line, None, "", None), authz("host;x-amz-date", signature), "{name}");
        }
        // post-x-www-form-urlencoded, post-x-www-form-urlencoded-parameters.
        for (kind, signature) in [
            ("application/x-www-form-urlencoded", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
            (
                "application/x-www-form-urlencoded; charset=utf8",
                "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
            ),
        ] {
            let expected = authz("content-type;host;x-amz-date", signature);
            assert_eq!(authorization("POST /", Some(kind), "Param1=value1", None), expected, "{kind}");
        }
        // get-vanilla-with-session-token, post-sts-header-before.
        let long = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YU\
                    uwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8Y\
                    QcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICC\
                    R/oLxBA==";
        for (line, token, signature) in [
            (
                "GET /",
                "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
                "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
            ),
            ("POST /", long, "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"),
        ] {
            let expected = authz("host;x-amz-date;x-amz-security-token", signature);
            assert_eq!(authorization(line, None, "", Some(token)), expected, "{line}");
        }
    }

    #[test]
    fn a_query_is_sent_in_the_spelling_that_is_signed() {
        assert_eq!(canonical_query("b=1+2&a=%7E*&b=0%2B"), "a=~%2A&b=0%2B&b=1%202");
        let once = canonical_query("text=a b%2F&x=");
        assert_eq!(canonical_query(&once), once);
    }

    #[test]
    fn a_path_that_is_encoded_already_is_encoded_once_more() {
        assert_eq!(canonical_path("/v1/a%2Fb"), "/v1/a%252Fb");
    }
}
