//! Sealed values and derived keys: S15 and what follows from it.

use super::*;
use crate::random::KernelRandom;
use std::collections::HashSet;

const NAME: &str = "email.password";
const PLAIN: &[u8] = "correct horse battery stäple".as_bytes();

fn fresh() -> Keys {
    Keys::of(&MasterKey::generate(&KernelRandom).unwrap())
}

fn sealed(keys: &Keys) -> String {
    keys.seal(&KernelRandom, NAME, PLAIN).unwrap()
}

#[test]
fn a_sealed_value_opens_under_its_own_name_and_shows_nothing() {
    let keys = fresh();
    let text = sealed(&keys);
    assert!(text.starts_with(&format!("sealed:v1:{}:", keys.id())));
    assert_eq!(keys.open(NAME, &text).unwrap().expose(), PLAIN);
    assert_eq!(keys.open_text(NAME, &text).unwrap().expose().as_bytes(), PLAIN);
    let empty = keys.seal(&KernelRandom, "", b"").unwrap();
    assert_eq!(keys.open("", &empty).unwrap().expose(), b"");
}

#[test]
fn two_values_swapped_do_not_open() {
    let keys = fresh();
    let (email, sms) = (sealed(&keys), keys.seal(&KernelRandom, "sms.account.auth_token", PLAIN).unwrap());
    for (name, other) in [(NAME, &sms), ("sms.account.auth_token", &email), ("email.passwor", &email), ("", &email)] {
        let error = keys.open(name, other).unwrap_err();
        assert_eq!(error, SealError::WrongNameOrDamaged { name: name.to_owned() });
    }
}

#[test]
fn a_value_of_the_settings_is_no_record_and_the_other_way_round() {
    let keys = fresh();
    let record = keys.seal_record(&KernelRandom, NAME, PLAIN).unwrap();
    assert!(keys.open(NAME, &record).is_err());
    assert!(keys.open_record(NAME, &sealed(&keys)).is_err());
    assert_eq!(keys.open_record(NAME, &record).unwrap().expose(), PLAIN);
}

#[test]
fn a_value_with_any_bit_flipped_or_cut_off_anywhere_does_not_open() {
    let keys = fresh();
    let good = sealed(&keys).into_bytes();
    for length in 0..good.len() {
        assert!(keys.open(NAME, std::str::from_utf8(&good[..length]).unwrap()).is_err(), "cut to {length}");
    }
    let mut tried = 0;
    for byte in 0..good.len() {
        for bit in 0..8 {
            let mut flipped = good.clone();
            flipped[byte] ^= 1 << bit;
            if let Ok(text) = std::str::from_utf8(&flipped) {
                assert!(keys.open(NAME, text).is_err(), "bit {bit} of byte {byte}");
                tried += 1;
            }
        }
    }
    assert_eq!(tried, good.len() * 7);
    for longer in ["x", "AAAA", "=", "\n"] {
        let text = [&good[..], longer.as_bytes()].concat();
        assert!(keys.open(NAME, std::str::from_utf8(&text).unwrap()).is_err());
    }
}

#[test]
fn every_bit_of_nonce_ciphertext_and_tag_counts() {
    let keys = fresh();
    let good = sealed(&keys);
    let (head, body) = good.rsplit_once(':').unwrap();
    let bytes = BASE64URL_NOPAD.decode(body.as_bytes()).unwrap();
    for byte in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[byte] ^= 1 << bit;
            let text = format!("{head}:{}", BASE64URL_NOPAD.encode(&flipped));
            assert!(keys.open(NAME, &text).is_err(), "bit {bit} of byte {byte}");
        }
    }
    for length in 0..bytes.len() {
        let text = format!("{head}:{}", BASE64URL_NOPAD.encode(&bytes[..length]));
        assert!(keys.open(NAME, &text).is_err(), "cut to {length}");
    }
}

#[test]
fn what_is_wrong_is_told_apart() {
    let (ours, other) = (fresh(), fresh());
    let text = sealed(&other);
    let expected = SealError::OtherKey { name: NAME.to_owned(), with: other.id().to_string(), ours: ours.id().clone() };
    assert_eq!(ours.open(NAME, &text).unwrap_err(), expected);
    let words = expected.to_string();
    assert!(words.contains(other.id().as_str()) && words.contains(ours.id().as_str()) && words.contains(NAME));
    for plain in ["", "hunter2", "sealed:", "sealed:v2:0:AA", "Sealed:v1:"] {
        assert_eq!(ours.open(NAME, plain).unwrap_err(), SealError::NotSealed { name: NAME.to_owned() }, "{plain}");
    }
    // Our id on another key's value: the tag says no.
    let forged = text.replace(other.id().as_str(), ours.id().as_str());
    assert_eq!(ours.open(NAME, &forged).unwrap_err(), SealError::WrongNameOrDamaged { name: NAME.to_owned() });
}

#[test]
fn the_same_value_sealed_twice_looks_different() {
    let keys = fresh();
    let texts: HashSet<String> = (0..1_000).map(|_| sealed(&keys)).collect();
    assert_eq!(texts.len(), 1_000);
}

#[test]
fn without_randomness_nothing_is_sealed() {
    struct Dry;
    impl Random for Dry {
        fn fill(&self, _: &mut [u8]) -> Result<(), NoRandomness> {
            Err(NoRandomness(String::from("dry")))
        }
    }
    assert!(matches!(fresh().seal(&Dry, NAME, PLAIN), Err(SealError::NoRandomness { .. })));
    assert!(MasterKey::generate(&Dry).is_err());
}

#[test]
fn a_code_is_bound_to_its_challenge_and_nothing_can_be_shifted_between_them() {
    let keys = fresh();
    let id = |text: &str| ChallengeId(String::from(text));
    let mac = keys.code_mac(&id("aa"), "123456");
    assert_eq!(mac, keys.code_mac(&id("aa"), "123456"));
    for (other, code) in [("ab", "123456"), ("aa", "123457"), ("aa1", "23456"), ("a", "a123456"), ("", "aa123456")] {
        assert_ne!(mac, keys.code_mac(&id(other), code));
    }
    assert_ne!(mac, fresh().code_mac(&id("aa"), "123456"));
}

#[test]
fn a_prompts_tag_is_of_one_name_and_one_key() {
    let (keys, other) = (fresh(), fresh());
    let tags = |keys: &Keys| (0..64_u8).map(|name| keys.prompt_tag(&[&[name], b"ssh"])).collect::<Vec<_>>();
    assert_eq!(tags(&keys), tags(&keys));
    assert_ne!(tags(&keys), tags(&other));
    let mut different = tags(&keys);
    different.sort_unstable();
    different.dedup();
    // Of 64 drawn from 256 about 57 are different ones.
    assert!(different.len() > 32, "{different:?}");
}

#[test]
fn the_derivation_is_the_one_that_files_in_use_were_written_with() {
    // Computed apart from this code, by HMAC-SHA-256 as in RFC 5869. If these change, no sealed value opens any more.
    let master: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap());
    assert_eq!(id_of(&master).as_str(), "64b70c94");
    let settings = derive::<32>(&master, Purpose::Settings);
    assert_eq!(
        data_encoding::HEXLOWER.encode(settings.expose()),
        "be010edf75c32cef83b6c8bdd374f35925730df4621f2a0accca586e6c92a309"
    );
    let code = derive::<32>(&master, Purpose::CodeMac);
    assert_eq!(
        data_encoding::HEXLOWER.encode(code.expose()),
        "9a5df14318041d46eaf21af92e5e0bd027785d63ff7ebbfe9d1d87dc53d24dc5"
    );
}

#[test]
fn keys_are_not_printed() {
    let keys = fresh();
    assert_eq!(format!("{keys:?}"), format!("Keys {{ id: {:?}, .. }}", keys.id()));
    assert_eq!(format!("{:?}", keys.open(NAME, &sealed(&keys))), "Ok(…)");
}
