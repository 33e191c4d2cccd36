//! What all signatures share: the MAC, the number for one use, and what of a URL is signed.

use super::*;
use data_encoding::HEXLOWER;
use reqwest::Url;

#[test]
fn hmac_is_that_of_rfc_4231() {
    // RFC 4231 §4.2, §4.3, §4.7: a key shorter than a block, a short text one, one longer than a block.
    for (key, data, expected) in [
        (&[0x0b; 20][..], &b"Hi There"[..], "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    ] {
        assert_eq!(HEXLOWER.encode(&hmac_sha256(key, data)[..]), expected);
    }
}

#[test]
fn no_two_tries_have_one_nonce() {
    let send = |id: &str, attempt: i64| Send {
        id: id.into(),
        attempt,
        deadline_ms: 20_000,
        expires_at: "2026-11-24T12:10:00Z".into(),
        mail: None,
        sms: None,
    };
    let at = |nanosecond: i128| Timestamp::from_nanosecond(1_795_521_600_000_000_000 + nanosecond).unwrap();
    let mut nonces = vec![
        nonce(&send("K7Q2M9XD-1", 1), at(0)),
        nonce(&send("K7Q2M9XD-2", 1), at(0)),
        nonce(&send("K7Q2M9XD-1", 2), at(0)),
        nonce(&send("K7Q2M9XD-1", 1), at(1)),
    ];
    assert!(nonces.iter().all(|nonce| nonce.len() == 32), "{nonces:?}");
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 4);
}

#[test]
fn a_port_is_signed_with_its_host_only_where_it_is_sent_with_it() {
    for (url, authority, port, target) in [
        ("https://api.example.com", "api.example.com", 443, "/"),
        ("https://api.example.com:443/sms?a=b", "api.example.com", 443, "/sms?a=b"),
        ("http://127.0.0.1:8080/a b", "127.0.0.1:8080", 8080, "/a%20b"),
        ("http://[::1]:8080/", "[::1]:8080", 8080, "/"),
    ] {
        let ready = Ready::get(Url::parse(url).unwrap());
        let wire = Wire::of(&ready);
        assert_eq!((wire.authority.as_str(), wire.port, wire.target().as_str()), (authority, port, target));
    }
}
