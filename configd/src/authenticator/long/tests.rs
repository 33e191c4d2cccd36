//! Long codes: what is drawn, what is read back, and that one is good for one user and one use only.

use super::*;
use crate::random::KernelRandom;
use crate::seal::{Keys, MasterKey};
use proptest::prelude::*;
use std::collections::HashSet;
use std::sync::Mutex;

/// The same bytes each time.
struct Stuck(u8);

impl Random for Stuck {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        bytes.fill(self.0);
        Ok(())
    }
}

/// So many bytes, then none.
struct Dries(Mutex<usize>);

impl Random for Dries {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        let mut left = self.0.lock().unwrap();
        *left = left.checked_sub(bytes.len()).ok_or_else(|| NoRandomness(String::from("dry")))?;
        KernelRandom.fill(bytes)
    }
}

fn fresh() -> Keys {
    Keys::of(&MasterKey::generate(&KernelRandom).unwrap())
}

fn user(uid: u32, name: &str) -> UserKey {
    UserKey { uid, name: String::from(name) }
}

fn read(typed: &str) -> Option<String> {
    LongCode::parse(typed).map(|code| code.canonical().to_owned())
}

#[test]
fn a_code_has_sixteen_letters_in_groups_of_four_without_look_alikes() {
    let mut seen = HashSet::new();
    for _ in 0..2_000 {
        let code = LongCode::new(&KernelRandom).unwrap();
        let shown = code.shown();
        let groups: Vec<&str> = shown.expose().split('-').collect();
        assert!(groups.len() == 4 && groups.iter().all(|group| group.len() == 4), "{}", shown.expose());
        assert!(!shown.expose().contains(['I', 'L', 'O', 'U']), "{}", shown.expose());
        seen.extend(shown.expose().chars());
    }
    // All 32 letters and the hyphen.
    assert_eq!(seen.len(), 33);
}

#[test]
fn every_bit_that_was_drawn_stands_in_the_code() {
    /// One bit of eighty.
    struct OneBit(usize);
    impl Random for OneBit {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
            assert_eq!(bytes.len(), 10);
            bytes.fill(0);
            bytes[self.0 / 8] = 1 << (self.0 % 8);
            Ok(())
        }
    }
    let codes: HashSet<String> =
        (0..80).map(|bit| LongCode::new(&OneBit(bit)).unwrap().canonical().to_owned()).collect();
    assert_eq!(codes.len(), 80);
    assert_eq!(LongCode::new(&Stuck(0)).unwrap().canonical(), "0".repeat(16));
    assert_eq!(LongCode::new(&Stuck(0xFF)).unwrap().canonical(), "Z".repeat(16));
}

#[test]
fn what_was_shown_is_read_however_it_is_typed() {
    let wanted = Some(String::from("01AB23CD45EF67GH"));
    for typed in [
        "01AB-23CD-45EF-67GH",
        "01ab-23cd-45ef-67gh",
        "01ab23cd45ef67gh",
        " 01ab 23cd  45ef 67gh ",
        "oIAB-23CD-45EF-67GH",
        "OlAB-23CD-45EF-67GH",
        "--0LAB--23CD-45EF67GH--",
    ] {
        assert_eq!(read(typed), wanted, "{typed:?}");
    }
}

#[test]
fn what_is_no_long_code_is_not_read_as_one() {
    for typed in [
        "",
        "-",
        "123456",
        "01AB-23CD-45EF-67G",
        "01AB-23CD-45EF-67GHJ",
        "01AB-23CD-45EF-67GU",
        "01AB-23CD-45EF-67G\u{d6}",
        "01AB-23CD-45EF-67GH\n",
        "01AB\t23CD-45EF-67GH",
        "01AB_23CD-45EF-67GH",
        "０1AB-23CD-45EF-67GH",
        "01AB-23CD-45EF-67G\u{0130}",
    ] {
        assert_eq!(read(typed), None, "{typed:?}");
    }
    assert_eq!(read(&"0".repeat(1 << 20)), None);
}

#[test]
fn a_set_has_ten_different_codes_and_none_without_randomness() {
    let set = recovery_set(&KernelRandom).unwrap();
    let different: HashSet<&str> = set.iter().map(LongCode::canonical).collect();
    assert_eq!((set.len(), different.len()), (10, 10));
    assert!(recovery_set(&Dries(Mutex::new(99))).is_err(), "nine codes are no set");
    assert!(recovery_set(&Dries(Mutex::new(100))).is_ok());
    assert!(recovery_set(&Stuck(7)).is_err(), "a source that repeats itself is none");
    assert!(LongCode::new(&Dries(Mutex::new(9))).is_err());
}

#[test]
fn a_long_code_is_good_for_its_own_user_and_use_only() {
    let keys = fresh();
    let ada = user(1000, "ada");
    let code = LongCode::new(&KernelRandom).unwrap();
    let mac = keys.long_code_mac(LongUse::Recovery, &ada, &code);
    let typed = LongCode::parse(&code.shown().expose().to_lowercase()).unwrap();
    assert_eq!(mac, keys.long_code_mac(LongUse::Recovery, &ada, &typed));
    for (purpose, other) in [
        (LongUse::Invitation, user(1000, "ada")),
        (LongUse::Grant, user(1000, "ada")),
        (LongUse::Recovery, user(1001, "ada")),
        (LongUse::Recovery, user(1000, "bob")),
        (LongUse::Recovery, user(1000, "")),
    ] {
        assert_ne!(mac, keys.long_code_mac(purpose, &other, &code), "{purpose:?} {other:?}");
    }
    let other = LongCode::new(&KernelRandom).unwrap();
    assert_ne!(mac, keys.long_code_mac(LongUse::Recovery, &ada, &other));
    assert_ne!(mac, fresh().long_code_mac(LongUse::Recovery, &ada, &code));
}

#[test]
fn nothing_can_be_shifted_between_the_name_and_the_code() {
    let keys = fresh();
    let code = LongCode::parse("01AB-23CD-45EF-67GH").unwrap();
    let other = LongCode::parse("X01A-B23C-D45E-F67G").unwrap();
    let mac = keys.long_code_mac(LongUse::Grant, &user(1, "adaX"), &code);
    assert_ne!(mac, keys.long_code_mac(LongUse::Grant, &user(1, "ada"), &other));
}

#[test]
fn the_mac_that_was_kept_is_found_among_all_and_no_other() {
    let (keys, ada) = (fresh(), user(1000, "ada"));
    let set = recovery_set(&KernelRandom).unwrap();
    let kept: Vec<[u8; 32]> = set.iter().map(|code| keys.long_code_mac(LongUse::Recovery, &ada, code)).collect();
    for (place, mac) in kept.iter().enumerate() {
        assert_eq!(position(&kept, mac), Some(place));
    }
    let other = keys.long_code_mac(LongUse::Grant, &ada, &set[0]);
    assert_eq!(position(&kept, &other), None);
    assert_eq!(position(&[], &other), None);
}

#[test]
fn a_long_code_is_not_printed() {
    assert_eq!(format!("{:?}", LongCode::new(&KernelRandom).unwrap()), "LongCode(…)");
}

proptest! {
    #[test]
    fn reading_never_panics_and_reads_sixteen_of_our_letters_or_nothing(typed in "\\PC{0,40}|[0-9A-Za-z -]{14,24}") {
        if let Some(code) = read(&typed) {
            prop_assert!(code.len() == 16 && code.bytes().all(|letter| LETTERS.contains(&letter)));
        }
    }
}
