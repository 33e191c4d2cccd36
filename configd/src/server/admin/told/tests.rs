//! Which change is told how, and to which address besides the record's.

use super::*;
use crate::clock::BootId;
use crate::login::world::rules;
use crate::store::{DeviceId, DeviceKey, Ended};
use pam_2fa_protocol::admin::Verify;

const MAIL: &str = "ada@example.com";
const PHONE: &str = "+15550100";

/// Addresses are verified, but those behind a `?`.
fn record(email: &str, phone: &str) -> UserRecord {
    let of = |text: &str| (!text.is_empty()).then(|| String::from(text.trim_start_matches('?')));
    UserRecord {
        key: UserKey { uid: 1000, name: String::from("ada") },
        verify: Verify::NewDevice,
        email: of(email),
        email_verified: !email.is_empty() && !email.starts_with('?'),
        phone: of(phone),
        phone_verified: !phone.is_empty() && !phone.starts_with('?'),
        language: None,
        last_login: None,
    }
}

fn email_is(to: &str) -> Notice {
    Notice::EmailChanged { to: String::from(to) }
}

#[test]
fn each_change_is_told_with_the_verified_address_that_it_took_away() {
    let (mail, phone) = ((Channel::Email, MAIL), (Channel::Sms, PHONE));
    let new_phone = || Notice::PhoneChanged { to: String::from("+1•••0199") };
    for (before, after, notices, old) in [
        ((MAIL, ""), (MAIL, ""), vec![], vec![]),
        ((MAIL, ""), ("new@example.com", ""), vec![email_is("n***@example.com")], vec![mail]),
        // Not verified yet: the one before is told all the same.
        ((MAIL, ""), ("?new@example.com", ""), vec![email_is("n***@example.com")], vec![mail]),
        ((MAIL, ""), ("", ""), vec![Notice::EmailRemoved], vec![mail]),
        ((MAIL, PHONE), (MAIL, ""), vec![Notice::PhoneRemoved], vec![phone]),
        ((MAIL, PHONE), (MAIL, "+15550199"), vec![new_phone()], vec![phone]),
        ((MAIL, ""), (MAIL, "+15550199"), vec![new_phone()], vec![]),
        (("?old@example.com", PHONE), ("new@example.com", PHONE), vec![email_is("n***@example.com")], vec![]),
        // Vouched for.
        (("?ada@example.com", PHONE), (MAIL, PHONE), vec![email_is("a***@example.com")], vec![]),
        ((MAIL, PHONE), ("", ""), vec![Notice::EmailRemoved, Notice::PhoneRemoved], vec![mail, phone]),
        // A first address.
        (("", ""), (MAIL, ""), vec![], vec![]),
        (("?old@example.com", ""), (MAIL, PHONE), vec![], vec![]),
    ] {
        let told = changed(Some(&record(before.0, before.1)), &record(after.0, after.1));
        let old: Vec<(Channel, String)> =
            old.into_iter().map(|(channel, text)| (channel, String::from(text))).collect();
        for about in &told {
            assert_eq!((&about.old, about.place.is_none()), (&old, true), "{before:?} {after:?}");
        }
        let told: Vec<Notice> = told.into_iter().map(|about| about.notice).collect();
        assert_eq!(told, notices, "{before:?} {after:?}");
    }
}

#[test]
fn when_one_is_asked_is_told_too_and_the_language_is_no_news() {
    let before = record(MAIL, "");
    let never = UserRecord { verify: Verify::Never, ..before.clone() };
    let told: Vec<Notice> = changed(Some(&before), &never).into_iter().map(|about| about.notice).collect();
    assert_eq!(told, [Notice::VerifyChanged]);
    let speaks = UserRecord { language: Some(String::from("de")), ..before.clone() };
    assert!(changed(Some(&before), &speaks).is_empty());
    // With the mailbox gone in the same breath, the one before hears of both.
    let both = UserRecord { email: None, email_verified: false, ..never };
    let told = changed(Some(&before), &both);
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|about| about.old == [(Channel::Email, String::from(MAIL))]), "{told:?}");
}

#[test]
fn a_new_record_is_nobodys_news() {
    assert!(changed(None, &record(MAIL, PHONE)).is_empty());
}

fn device(uid: u32, class: Class, ended: Option<Ended>, given_s: i64) -> KeptDevice {
    let given = Moment { wall_s: given_s, boot_ms: 0, boot: BootId(String::from("boot")) };
    KeptDevice {
        id: DeviceId(String::from("K7Q2M9XD")),
        user: UserKey { uid, name: format!("user{uid}") },
        key: DeviceKey { class: String::from(class.word()), identity: [0; 32] },
        label: String::from("key"),
        first_s: given_s,
        last_s: given_s,
        last_from: String::from("192.0.2.7"),
        given,
        lifetime_s: 86_400,
        stamp: None,
        policy: 1,
        ended,
    }
}

#[test]
fn devices_that_were_trusted_are_told_to_each_owner_at_once() {
    let now = Moment { wall_s: 1_800_000_000, boot_ms: 1_000, boot: BootId(String::from("boot")) };
    let trusted = |uid| device(uid, Class::Ssh, None, now.wall_s);
    let gone = [
        trusted(1),
        trusted(2),
        trusted(1),
        device(3, Class::Ssh, Some(Ended::Password), now.wall_s),
        device(4, Class::Ssh, None, now.wall_s - 90_000),
        device(5, Class::Elevate, None, now.wall_s),
    ];
    let told: Vec<(u32, Notice)> =
        revoked(&gone, &rules(), &now).into_iter().map(|about| (about.user.uid, about.notice)).collect();
    assert_eq!(told, [(1, Notice::DevicesRevoked { count: 2 }), (2, Notice::DevicesRevoked { count: 1 })]);
}
