//! Every notice as it arrives, in each language: what a reader of a change sees. And that nothing gets into one that should not.

use super::*;
use crate::notice::masked;
use crate::texts::Languages;
use crate::texts::sms::Coding;
use pam_2fa_protocol::admin::Channel;
use pam_2fa_settings::Language;
use pam_2fa_settings::text::is_plain;

const AT_S: i64 = 1_795_521_600;

fn all() -> Vec<Notice> {
    vec![
        Notice::NewDevice {
            label: String::from("key SHA256:mVPwvezndPv/ARoIadVY98vAC0g+P/5633yTC4d/wXE from 192.0.2.7/32"),
        },
        Notice::EmailChanged { to: String::from("n***@example.com") },
        Notice::PhoneChanged { to: String::from("+1•••0199") },
        Notice::EmailRemoved,
        Notice::PhoneRemoved,
        Notice::RecoveryUsed { left: 9 },
        Notice::RecoveryUsed { left: 1 },
        Notice::RecoveryUsed { left: 0 },
        Notice::RecoveryRenewed,
        Notice::AppEnrolled,
        Notice::AppReplaced,
        Notice::Invited,
        Notice::GrantMade { until_s: AT_S + 7_200 },
        Notice::GrantUsed,
        Notice::Locked,
        Notice::ShutOut,
        Notice::LetInAgain,
        Notice::Reset,
        Notice::VerifyChanged,
        Notice::DevicesRevoked { count: 1 },
        Notice::DevicesRevoked { count: 3 },
    ]
}

/// Whether it comes from a login, or from an administrator.
fn place(notice: &Notice) -> Option<Place> {
    let of_a_login =
        matches!(notice, Notice::NewDevice { .. } | Notice::RecoveryUsed { .. } | Notice::GrantUsed | Notice::Locked);
    of_a_login.then(|| Place::Remote { service: String::from("ssh"), from: String::from("192.0.2.7") })
}

#[test]
fn every_notice_reads_as_it_should_in_every_language() {
    let languages = Languages::for_tests();
    for language in Language::ALL {
        let words = Words { texts: languages.letters(language), application: "Example Corp", host: "host.example.com" };
        let mut said = Vec::new();
        for notice in all() {
            let place = place(&notice);
            let event = Event { notice: &notice, user: "ada", place: place.as_ref(), at_s: AT_S };
            let ((subject, text), sms) = (words.mail(event), words.sms(event));
            said.push(format!("== {subject}\n{}\n-- {}", text.expose(), sms.expose()));
        }
        insta::assert_snapshot!(format!("notices_{language}"), said.join("\n"));
    }
}

#[test]
fn what_comes_from_outside_brings_no_line_and_no_control_character_into_a_notice() {
    let languages = Languages::for_tests();
    let evil = "a\r\nBcc: eve@example.net\u{1b}[2J\u{202e}{ $user }\u{9b}";
    for language in Language::ALL {
        let words = Words { texts: languages.letters(language), application: evil, host: evil };
        for notice in [
            Notice::NewDevice { label: String::from(evil) },
            Notice::EmailChanged { to: String::from(evil) },
            Notice::Locked,
        ] {
            let place = Place::Remote { service: String::from(evil), from: String::from(evil) };
            for place in [Some(&place), None] {
                let event = Event { notice: &notice, user: evil, place, at_s: i64::MAX };
                let (subject, text) = words.mail(event);
                assert!(subject.chars().all(is_plain), "{subject:?}");
                assert_eq!(text.expose().lines().count(), 4, "{:?}", text.expose());
                assert!(text.expose().chars().all(|c| c == '\n' || is_plain(c)), "{:?}", text.expose());
                let sms = words.sms(event);
                assert!(sms.expose().chars().all(is_plain), "{:?}", sms.expose());
                let coding = Coding::of(sms.expose());
                assert!(coding.units(sms.expose()) <= coding.segment(), "{}", sms.expose());
            }
        }
    }
}

#[test]
fn an_address_is_masked_or_not_shown() {
    assert_eq!(masked(Channel::Sms, "+15550100"), "+1•••0100");
    assert_eq!(masked(Channel::Email, "nora@example.com"), "n***@example.com");
    assert_eq!(masked(Channel::Email, "nonsense"), "***");
}
