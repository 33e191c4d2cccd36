//! The vectors of RFC 4226 and 6238, and what follows from a step that only rises (S13).

use super::*;
use crate::random::KernelRandom;
use crate::seal::MasterKey;
use proptest::prelude::*;

/// The key of both RFCs' vectors, repeated to the length that each hash wants (RFC 6238, errata 2866).
fn key_of_the_rfc(shape: Shape) -> AppKey {
    let length = match shape.hash {
        Hash::Sha1 => 20,
        Hash::Sha256 => 32,
        Hash::Sha512 => 64,
    };
    AppKey::of(Secret::new(b"1234567890".iter().copied().cycle().take(length).collect()), shape).unwrap()
}

fn default_key() -> AppKey {
    key_of_the_rfc(Shape::default())
}

fn user(uid: u32, name: &str) -> UserKey {
    UserKey { uid, name: String::from(name) }
}

fn code_at(key: &AppKey, step: i64) -> String {
    key.totp().generate(u64::try_from(step).unwrap() * u64::from(key.shape.step_s)).to_string()
}

#[test]
fn the_vectors_of_rfc_6238_appendix_b() {
    let vectors = [
        (59, "94287082", "46119246", "90693936"),
        (1_111_111_109, "07081804", "68084774", "25091201"),
        (1_111_111_111, "14050471", "67062674", "99943326"),
        (1_234_567_890, "89005924", "91819424", "93441116"),
        (2_000_000_000, "69279037", "90698825", "38618901"),
        (20_000_000_000, "65353130", "77737706", "47863826"),
    ];
    for (now_s, sha1, sha256, sha512) in vectors {
        for (hash, code) in [(Hash::Sha1, sha1), (Hash::Sha256, sha256), (Hash::Sha512, sha512)] {
            let key = key_of_the_rfc(Shape { hash, digits: Digits::Eight, step_s: 30 });
            assert_eq!(key.check(code, now_s, None, Back::None), Some(now_s / 30), "{hash:?} at {now_s}");
            // Six digits are the last six.
            let key = key_of_the_rfc(Shape { hash, ..Shape::default() });
            assert_eq!(key.check(&code[2..], now_s, None, Back::None), Some(now_s / 30), "{hash:?} at {now_s}");
        }
    }
}

#[test]
fn the_vectors_of_rfc_4226_appendix_d() {
    let codes = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
    for (step, code) in (0_i64..).zip(codes) {
        assert_eq!(default_key().check(code, step * 30, None, Back::None), Some(step));
        assert_eq!(default_key().check(code, step * 30 + 29, None, Back::None), Some(step));
    }
}

#[test]
fn a_code_counts_in_its_step_and_the_one_after_and_never_ahead() {
    let (key, step) = (default_key(), 37_037_036);
    let code = code_at(&key, step);
    for (from_s, back, taken) in [
        (-31, Back::One, false),
        (-1, Back::One, false),
        (0, Back::None, true),
        (29, Back::None, true),
        (30, Back::None, false),
        (30, Back::One, true),
        (59, Back::One, true),
        (60, Back::One, false),
    ] {
        let found = key.check(&code, step * 30 + from_s, None, back);
        assert_eq!(found, taken.then_some(step), "{from_s} s after its step began, {back:?}");
    }
}

#[test]
fn a_used_step_and_every_older_one_are_refused() {
    let key = default_key();
    for (code_of, used, taken) in
        [(7, 7, false), (7, 8, false), (6, 7, false), (7, 6, true), (6, 5, true), (7, i64::MAX, false)]
    {
        let found = key.check(&code_at(&key, code_of), 7 * 30, Some(used), Back::One);
        assert_eq!(found, taken.then_some(code_of), "code of {code_of}, {used} used");
    }
}

#[test]
fn a_code_that_two_steps_share_is_spent_with_the_later_one() {
    // Found by search: two steps in a row of the RFC's key. Were the earlier one kept, the code would be good once more.
    let (key, step, code) = (default_key(), 910_737, "911617");
    assert_eq!((code_at(&key, step).as_str(), code_at(&key, step + 1).as_str()), (code, code));
    assert_eq!(key.check(code, step * 30 + 30, None, Back::One), Some(step + 1));
    assert_eq!(key.check(code, step * 30 + 30, Some(step + 1), Back::One), None);
    assert_eq!(key.check(code, step * 30 + 30, Some(step), Back::One), Some(step + 1));
}

#[test]
fn what_is_no_code_is_refused_and_so_is_a_time_before_1970() {
    let key = default_key();
    let code = code_at(&key, 1);
    for typed in
        ["", " ", "28708", "2870822", "+87082", "-87082", "２87082", " 287082", "287082\n", "28708a", "28 7082"]
    {
        assert_eq!(key.check(typed, 30, None, Back::One), None, "{typed:?}");
    }
    assert_eq!(key.check(&code, 30, None, Back::One), Some(1));
    for now_s in [-1, -30, i64::MIN] {
        assert_eq!(key.check(&code, now_s, None, Back::One), None);
    }
    assert_eq!(key.check(&code_at(&key, 0), 0, None, Back::One), Some(0));
    assert_eq!(key.check(&code, i64::MAX, None, Back::One), None);
}

#[test]
fn a_key_of_less_than_160_bits_is_refused() {
    for (length, taken) in [(0, false), (10, false), (16, false), (19, false), (20, true), (128, true), (129, false)] {
        let key = AppKey::of(Secret::new(vec![7; length]), Shape::default());
        assert_eq!(key.is_ok(), taken, "{length} bytes");
    }
    let no_step = Shape { step_s: 0, ..Shape::default() };
    assert!(matches!(AppKey::of(Secret::new(vec![7; 20]), no_step), Err(AppKeyError::Form)));
    let words = AppKey::of(Secret::new(vec![7; 10]), Shape::default()).unwrap_err().to_string();
    assert!(words.contains("160") && words.contains("has 80"), "{words}");
}

#[test]
fn a_new_key_has_160_random_bits_and_the_defaults_of_every_app() {
    struct Dry;
    impl Random for Dry {
        fn fill(&self, _: &mut [u8]) -> Result<(), NoRandomness> {
            Err(NoRandomness(String::from("dry")))
        }
    }
    let (one, other) = (AppKey::new(&KernelRandom).unwrap(), AppKey::new(&KernelRandom).unwrap());
    assert_eq!(one.key.expose().len() * 8, 160);
    assert_ne!(one.key.expose(), other.key.expose());
    assert_eq!(one.shape(), Shape { hash: Hash::Sha1, digits: Digits::Six, step_s: 30 });
    assert!(AppKey::new(&Dry).is_err());
}

#[test]
fn the_key_is_shown_in_groups_of_four_and_not_printed() {
    let key = default_key();
    // RFC 4648 base32 of the RFC's key.
    assert_eq!(key.base32().expose(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    assert!(!format!("{key:?}").contains("49") && format!("{key:?}").contains('…'), "{key:?}");
}

#[test]
fn the_link_is_as_scanners_want_it() {
    let key = default_key();
    assert_eq!(
        key.uri("Example Corp", "ada@host").expose(),
        "otpauth://totp/Example%20Corp:ada%40host?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example%20Corp"
    );
    // All that has a meaning in a URI is written out, in UTF-8; a colon would end the issuer.
    assert_eq!(
        key.uri("Bücher: & Söhne 100% #1?", "ada:x/+=\"<>").expose(),
        "otpauth://totp/B%C3%BCcher%20%26%20S%C3%B6hne%20100%25%20%231%3F:adax%2F%2B%3D%22%3C%3E?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=B%C3%BCcher%20%26%20S%C3%B6hne%20100%25%20%231%3F"
    );
    assert_eq!(key.uri("", "ada").expose(), "otpauth://totp/ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    let shape = Shape { hash: Hash::Sha256, digits: Digits::Eight, step_s: 60 };
    assert_eq!(
        key_of_the_rfc(shape).uri("Example", "ada").expose(),
        "otpauth://totp/Example:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA&issuer=Example&algorithm=SHA256&digits=8&period=60"
    );
    let only_digits = Shape { digits: Digits::Eight, ..Shape::default() };
    assert!(key_of_the_rfc(only_digits).uri("Example", "ada").expose().ends_with("&issuer=Example&digits=8"));
}

#[test]
fn a_long_issuer_and_name_are_cut_between_characters_so_that_the_link_can_be_drawn() {
    let key = default_key();
    let uri = key.uri(&"会".repeat(40), &"é".repeat(255));
    let text = uri.expose();
    assert!(text.len() <= 376, "{}", text.len());
    assert!(text.starts_with(&format!("otpauth://totp/{}:{}?secret=", "%E4%BC%9A".repeat(10), "%C3%A9".repeat(20))));
    assert!(text.ends_with(&format!("&issuer={}", "%E4%BC%9A".repeat(10))));
    // What people have is whole.
    let uri = key.uri("Example Corporation of Springfield, Ltd.", &"a".repeat(32));
    assert!(uri.expose().contains(&"a".repeat(32)) && uri.expose().ends_with("%2C%20Ltd."), "{}", uri.expose());
}

#[test]
fn a_sealed_key_opens_for_its_own_user_and_id_only() {
    let keys = Keys::of(&MasterKey::generate(&KernelRandom).unwrap());
    let shape = Shape { hash: Hash::Sha512, digits: Digits::Eight, step_s: 60 };
    let ada = user(1000, "ada");
    for key in [AppKey::new(&KernelRandom).unwrap(), key_of_the_rfc(shape)] {
        let sealed = key.seal(&keys, &KernelRandom, &ada, "K7Q2").unwrap();
        assert!(sealed.starts_with("sealed:v1:"));
        let opened = AppKey::open(&keys, &ada, "K7Q2", &sealed).unwrap();
        assert_eq!((opened.key.expose(), opened.shape()), (key.key.expose(), key.shape()));
        for (other, id) in [
            (user(1001, "ada"), "K7Q2"),
            (user(1000, "bob"), "K7Q2"),
            (user(1000, "ada"), "K7Q3"),
            (user(1000, "ada:K7Q2"), ""),
        ] {
            assert!(matches!(AppKey::open(&keys, &other, id, &sealed), Err(AppKeyError::Seal(_))), "{other:?} {id}");
        }
        assert!(keys.open("app:1000:ada:K7Q2", &sealed).is_err(), "a record is no value of the settings");
    }
}

#[test]
fn a_record_of_another_form_is_not_taken_for_a_key() {
    let keys = Keys::of(&MasterKey::generate(&KernelRandom).unwrap());
    let ada = user(1000, "ada");
    let name = "app:1000:ada:1";
    let open = |plain: &[u8]| AppKey::open(&keys, &ada, "1", &keys.seal_record(&KernelRandom, name, plain).unwrap());
    let with = |head: [u8; 3], length: usize| [&head[..], &vec![7; length]].concat();
    assert!(open(&with([1, 6, 30], 20)).is_ok());
    for head in [[0, 6, 30], [4, 6, 30], [1, 7, 30], [1, 0, 30], [1, 6, 0]] {
        assert!(matches!(open(&with(head, 20)), Err(AppKeyError::Form)), "{head:?}");
    }
    assert!(matches!(open(&[1, 6]), Err(AppKeyError::Form)));
    assert!(matches!(open(&with([1, 6, 30], 19)), Err(AppKeyError::Length { bits: 152 })));
}

proptest! {
    #[test]
    fn whatever_the_clock_does_a_step_only_rises_and_no_code_is_taken_twice(
        walk in proptest::collection::vec((-90_i64..90, 0_i64..4), 1..60),
    ) {
        let (key, mut now_s, mut used) = (default_key(), 1_000_000_i64, None);
        for (by_s, ahead) in walk {
            now_s += by_s;
            let step = now_s / 30 + 1 - ahead;
            if let Some(found) = key.check(&code_at(&key, step), now_s, used, Back::One) {
                prop_assert!(found <= now_s / 30 && found >= now_s / 30 - 1);
                prop_assert!(used.is_none_or(|used| found > used));
                used = Some(found);
                prop_assert_eq!(key.check(&code_at(&key, found), now_s, used, Back::One), None);
            }
        }
    }
}
