//! What a message centre that is not ours understands of our messages, and what we make of its answers.

use super::centre::Centre;
use super::common::CODE;
use super::common::texts::{self, CONFIG, UNCLEAR, assert_is, behind_tls, carry, courier, send, text};
use super::{ACCEPTED, NOT_SENT, PASSWORD, assert_discreet, to};
use courier::sms::smpp::status;
use e2e::smtp::authority::Proof;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::courier::{ALL_IN_ORDER, Class, Reason, Send, Text};
use pam_2fa_protocol::wire::More;
use serde_json::json;
use std::process::Command;

fn saying(text: Text, words: &str) -> Text {
    Text { text: Secret::new(words.to_owned()), ..text }
}

/// The shipped file under another id, with these lines at its end.
fn own_file(id: &str, lines: &str) -> String {
    let shipped = include_str!("../../../etc/providers/smpp.toml");
    format!("{}{lines}\n", shipped.replace("id = \"smpp\"", &format!("id = \"{id}\"")))
}

#[test]
fn a_centre_gets_the_message_and_its_yes_with_an_id_is_believed() {
    let (daemon, centre) = (courier(&[]), Centre::start());
    let (steps, outcome) = carry(&daemon, to(centre.address, &[("system_type", "VMA")]));
    assert_is(&outcome, ACCEPTED);
    assert_eq!(outcome.provider_id.as_deref(), Some("centre-1"));
    assert_eq!(outcome.said, "submit_sm_resp: 0x00000000 ESME_ROK (no error), message_id centre-1");
    let bind = centre.until("bind");
    let expected = json!({ "command": "bind_transmitter", "system_id": "robot", "system_type": "VMA", "interface_version": 0x34, "sequence_number": 1 });
    assert_eq!(bind, expected);
    let submit = centre.until("submit");
    for (key, expected) in [
        ("source_addr_ton", json!(1)),
        ("source_addr_npi", json!(1)),
        ("source_addr", json!("15550199")),
        ("dest_addr_ton", json!(1)),
        ("dest_addr_npi", json!(1)),
        ("destination_addr", json!("15550100")),
        ("service_type", json!("")),
        ("esm_class", json!(0)),
        ("protocol_id", json!(0)),
        ("priority_flag", json!(0)),
        ("schedule_delivery_time", json!("")),
        ("registered_delivery", json!(0)),
        ("replace_if_present_flag", json!(0)),
        ("data_coding", json!(0)),
        ("sm_default_msg_id", json!(0)),
        ("sequence_number", json!(2)),
        // The tests' messages expire in 2099; nobody is told of more than a day.
        ("validity_period", json!("000001000000000R")),
        ("valid_for_s", json!(86_400)),
        ("short_message", json!(format!("{CODE} is your Example Corp login code (7F) for host."))),
    ] {
        assert_eq!(submit[key], expected, "{key}: {submit}");
    }
    assert_eq!(submit.get("message_payload"), None);
    assert_eq!(centre.until("unbind"), json!({ "sequence_number": 3 }));
    centre.until("closed");
    let port = centre.address.port();
    assert_eq!(
        steps,
        [
            format!("SMPP to 127.0.0.1:{port}, as smpp.toml says"),
            format!("connected to 127.0.0.1:{port}, without TLS"),
            "bound as a transmitter: bind_transmitter_resp: 0x00000000 ESME_ROK (no error)".into(),
            "submitted: submit_sm of 53 octets, data_coding 0".into(),
            format!("answered: {}", outcome.said),
        ]
    );
    assert_discreet(&daemon, &steps, &outcome);
}

#[test]
fn every_character_arrives_in_the_alphabet_that_has_it() {
    let latin = own_file("latin", "alphabet = \"latin-1\"");
    let ucs2 = own_file("ucs", "alphabet = \"ucs-2\"");
    let (daemon, centre) = (courier(&[("latin.toml", &latin), ("ucs.toml", &ucs2)]), Centre::start());
    let longest = format!("{CODE}{}", "x".repeat(154));
    let gsm = "491823 @£$¥èéùìòÇ ØøÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ !\"#¤%&'()*+,-./:;<=>? ¡ÄÖÑÜ§¿äöñüà ^{}\\[~]|€";
    for (provider, words, coding) in [
        ("smpp", "491823 €{}[]", 0),
        ("smpp", gsm, 0),
        ("smpp", "a\nb\r491823", 0),
        ("smpp", longest.as_str(), 0),
        ("smpp", "Код 491823 для входа. Никому его не говорите.", 8),
        ("smpp", "ログインコード: 491823", 8),
        ("smpp", "491823 👍 don’t `share` ç", 8),
        ("latin", "491823 @ Größe [á] {}", 3),
        ("latin", longest.as_str(), 3),
        ("latin", "491823 €", 8),
        ("ucs", "491823 @ Größe", 8),
    ] {
        let to = Text { provider: provider.into(), ..to(centre.address, &[]) };
        assert_is(&carry(&daemon, saying(to, words)).1, ACCEPTED);
        let submit = centre.until("submit");
        assert_eq!(
            (submit["short_message"].as_str(), submit["data_coding"].as_u64()),
            (Some(words), Some(coding)),
            "{submit}"
        );
        assert_eq!(submit.get("message_payload"), None, "{words}");
    }
}

#[test]
fn a_text_of_more_than_one_segment_is_one_message_and_arrives_whole() {
    let (daemon, centre) = (courier(&[]), Centre::start());
    for (words, coding) in [(format!("{CODE}{}", "x".repeat(155)), 0), (format!("{CODE} {}", "Ж".repeat(300)), 8)] {
        let (steps, outcome) = carry(&daemon, saying(to(centre.address, &[]), &words));
        assert_is(&outcome, ACCEPTED);
        assert!(steps[3].ends_with(", more than one segment, as message_payload"), "{steps:?}");
        let submits = centre.all_until_closed("submit");
        assert_eq!(submits.len(), 1);
        let submit = &submits[0];
        assert_eq!(
            (submit["message_payload"].as_str(), submit["short_message"].as_str()),
            (Some(words.as_str()), Some(""))
        );
        assert_eq!((submit["data_coding"].as_u64(), submit["esm_class"].as_u64()), (Some(coding), Some(0)));
    }
}

#[test]
fn a_sender_is_a_number_a_short_code_a_name_or_nobody() {
    let (daemon, centre) = (courier(&[]), Centre::start());
    for (sender, ton, npi, address) in [
        (Some("+15550199"), 1, 1, "15550199"),
        (Some("12345"), 3, 0, "12345"),
        (Some("Example Co."), 5, 0, "Example Co."),
        (None, 0, 0, ""),
    ] {
        assert_is(&carry(&daemon, Text { sender: sender.map(str::to_owned), ..to(centre.address, &[]) }).1, ACCEPTED);
        let submit = centre.until("submit");
        let found =
            (submit["source_addr_ton"].as_u64(), submit["source_addr_npi"].as_u64(), submit["source_addr"].as_str());
        assert_eq!(found, (Some(ton), Some(npi), Some(address)), "{sender:?}");
    }
    for sender in ["Example Corp", "Größe"] {
        let outcome = carry(&daemon, Text { sender: Some(sender.into()), ..to(centre.address, &[]) }).1;
        assert_is(&outcome, CONFIG);
        assert!(outcome.said.starts_with("sms.sender: "), "{outcome:?}");
    }
}

#[test]
fn a_message_is_valid_for_as_long_as_its_code_lives() {
    let (daemon, centre) = (courier(&[]), Centre::start());
    let date = Command::new("date").args(["-u", "-d", "+300 seconds", "+%Y-%m-%dT%H:%M:%SZ"]).output().unwrap();
    let in_five_minutes = String::from_utf8(date.stdout).unwrap().trim().to_owned();
    for (expires_at, expected) in [(in_five_minutes.as_str(), 290..=300), ("2026-01-01T00:00:00Z", 0..=1)] {
        let mut caller = daemon.call();
        caller.send(&Send { expires_at: expires_at.into(), ..send(to(centre.address, &[])) }, More::No);
        assert_is(&caller.outcome().1, ACCEPTED);
        let submit = centre.until("submit");
        assert!(expected.contains(&submit["valid_for_s"].as_i64().unwrap()), "{expected:?}: {submit}");
    }
}

#[test]
fn a_refusal_is_told_in_the_standards_words_and_means_what_it_says() {
    let statuses = [
        (
            "15550111",
            0x0b,
            (Class::Rejected, Some(Reason::BadNumber)),
            "0x0000000b ESME_RINVDSTADR (invalid destination address)",
        ),
        ("15550112", 0x0a, (Class::AuthError, Some(Reason::SenderOrCountry)), "ESME_RINVSRCADR"),
        ("15550113", 0x58, (Class::RateLimited, None), "ESME_RTHROTTLED"),
        ("15550114", 0x14, (Class::Temporary, None), "ESME_RMSGQFUL"),
        ("15550115", 0x08, UNCLEAR, "ESME_RSYSERR (system error); this is no proof that the message was taken"),
        ("15550116", 0x45, UNCLEAR, "ESME_RSUBMITFAIL"),
        ("15550117", 0x50, (Class::Rejected, Some(Reason::Request)), "ESME_RINVDSTTON"),
        ("15550118", 0x04, (Class::AuthError, Some(Reason::Config)), "ESME_RINVBNDSTS"),
        ("15550119", 0x0408, UNCLEAR, "0x00000408 (one of the centre's own)"),
    ];
    let (daemon, centre) = (courier(&[]), Centre::with(&[], &statuses.map(|(number, status, ..)| (number, status))));
    for (number, status, expected, words) in statuses {
        let (steps, outcome) = carry(&daemon, Text { to: format!("+{number}"), ..to(centre.address, &[]) });
        assert_eq!((outcome.class, outcome.reason), expected, "{status:#x}: {outcome:?}");
        assert!(outcome.said.starts_with("submit_sm_resp: ") && outcome.said.contains(words), "{words}: {outcome:?}");
        assert!(steps.last().unwrap().starts_with("answered: submit_sm_resp: "), "{steps:?}");
        assert_eq!(centre.all_until_closed("unbind").len(), 1, "{status:#x}: a session is left in good order");
    }
}

#[test]
fn who_is_not_let_in_has_sent_nothing_and_blames_no_number() {
    let statuses = [
        ("password", 0x0e, (Class::AuthError, Some(Reason::Credentials))),
        ("stranger", 0x0f, (Class::AuthError, Some(Reason::Credentials))),
        ("twice", 0x05, (Class::Temporary, None)),
        ("broken", 0x08, (Class::Temporary, None)),
        ("type", 0x53, (Class::AuthError, Some(Reason::Config))),
        ("busy", 0x58, (Class::RateLimited, None)),
        ("odd", 0x0b, (Class::Temporary, None)),
        ("own", 0x0400, (Class::Temporary, None)),
    ];
    let (daemon, centre) = (courier(&[]), Centre::with(&statuses.map(|(id, status, _)| (id, status)), &[]));
    let (steps, outcome) = carry(&daemon, to(centre.address, &[("password", "wr0ng")]));
    assert_is(&outcome, (Class::AuthError, Some(Reason::Credentials)));
    assert_eq!(outcome.said, "bind_transmitter_resp: 0x0000000d ESME_RBINDFAIL (bind failed)");
    texts::assert_discreet(&daemon, &steps, &outcome, "wr0ng");
    assert!(centre.all_until_closed("submit").is_empty());
    for (id, status, expected) in statuses {
        let outcome = carry(&daemon, to(centre.address, &[("system_id", id)])).1;
        assert_eq!((outcome.class, outcome.reason), expected, "{status:#x}: {outcome:?}");
        assert!(centre.all_until_closed("submit").is_empty());
    }
}

#[test]
fn a_centres_own_statuses_are_what_its_file_says_they_are() {
    let rules = "[[smpp.error]]\nstatus = [0x405, 1030]\nclass = \"auth-error\"\nreason = \"funds\"\n\
                 [[smpp.error]]\nstatus = [0x45]\nclass = \"temporary\"\nreason = \"server\"\n\
                 [[smpp.error]]\nstatus = [0x0b]\nclass = \"rejected-permanent\"\nreason = \"opted-out\"";
    let daemon = courier(&[("mine.toml", &own_file("mine", rules))]);
    let submit = [("15550121", 0x405), ("15550122", 1030), ("15550123", 0x45), ("15550124", 0x0b), ("15550125", 0x58)];
    let centre = Centre::with(&[("poor", 0x405)], &submit);
    for (id, number, expected) in [
        ("robot", "+15550121", (Class::AuthError, Some(Reason::Funds))),
        ("robot", "+15550122", (Class::AuthError, Some(Reason::Funds))),
        ("robot", "+15550123", (Class::Temporary, None)),
        ("robot", "+15550124", (Class::Rejected, Some(Reason::OptedOut))),
        ("robot", "+15550125", (Class::RateLimited, None)),
        ("poor", "+15550100", (Class::AuthError, Some(Reason::Funds))),
    ] {
        let text = Text { provider: "mine".into(), to: number.into(), ..to(centre.address, &[("system_id", id)]) };
        assert_is(&carry(&daemon, text).1, expected);
    }
}

#[test]
fn the_statuses_are_called_as_others_call_them() {
    let centre = Centre::start();
    for (number, name) in status::names() {
        assert_eq!(centre.errors.get(name), Some(&number), "{name}");
    }
}

#[test]
fn tls_needs_a_certificate_that_proves_the_host_and_a_bad_one_sees_nothing() {
    let (daemon, centre) = (courier(&[]), Centre::start());
    let by_tls = |address, ca_file: Option<&String>| Text {
        ca_file: ca_file.cloned(),
        ..to(address, &[("host", "localhost"), ("tls", "true")])
    };
    for proof in [Proof::Expired, Proof::NotYetValid, Proof::WrongName, Proof::SelfSigned, Proof::UnknownAuthority] {
        let (address, ca_file) = behind_tls(&daemon, centre.address, proof);
        let outcome = carry(&daemon, by_tls(address, Some(&ca_file))).1;
        assert_eq!(
            (outcome.class, outcome.reason),
            (Class::Temporary, Some(Reason::Certificate)),
            "{proof:?}: {outcome:?}"
        );
        assert!(centre.all_until_closed("bind").is_empty(), "{proof:?}");
    }
    let (address, ca_file) = behind_tls(&daemon, centre.address, Proof::Good);
    let without = carry(&daemon, by_tls(address, None)).1;
    assert_is(&without, (Class::Temporary, Some(Reason::Certificate)));
    assert!(centre.all_until_closed("bind").is_empty());
    let (steps, outcome) = carry(&daemon, by_tls(address, Some(&ca_file)));
    assert_is(&outcome, ACCEPTED);
    assert!(steps[1].ends_with(", TLS with the certificate of localhost"), "{steps:?}");
    assert_eq!(centre.until("submit")["destination_addr"], "15550100");
    assert_discreet(&daemon, &steps, &outcome);
}

#[test]
fn tls_is_what_happens_where_nothing_is_said_and_a_centre_without_it_sees_no_password() {
    let (daemon, centre) = (courier(&[]), Centre::start());
    let port = centre.address.port().to_string();
    let fields = [("host", "127.0.0.1"), ("port", port.as_str()), ("system_id", "robot"), ("password", PASSWORD)];
    let outcome = carry(&daemon, text("smpp", &fields)).1;
    assert_is(&outcome, NOT_SENT);
    assert!(centre.all_until_closed("bind").is_empty());
}

#[test]
fn without_tls_a_centre_is_of_ones_own_network_and_only_where_the_file_says_so() {
    let never = own_file("never", "").replace("allow_cleartext = \"loopback-or-private\"\n", "");
    let (daemon, centre) = (courier(&[("never.toml", &never)]), Centre::start());
    for host in ["198.51.100.7", "169.254.169.254", "0.0.0.0", "::ffff:198.51.100.7"] {
        let outcome = carry(&daemon, to(centre.address, &[("host", host)])).1;
        assert_is(&outcome, CONFIG);
        assert!(outcome.said.contains("SMPP without TLS goes to no other"), "{outcome:?}");
    }
    for (tls, expected) in [("false", "by SMPP without TLS"), ("true", "allow_cleartext = \"loopback-or-private\"")] {
        for host in ["127.0.0.1", "localhost"] {
            let fields = [("host", host), ("tls", tls)];
            let outcome = carry(&daemon, Text { provider: "never".into(), ..to(centre.address, &fields) }).1;
            assert_is(&outcome, CONFIG);
            assert!(outcome.said.contains(expected), "{outcome:?}");
        }
    }
    let proxied = Text { proxy: Some("http://127.0.0.1:3128".into()), ..to(centre.address, &[]) };
    let outcome = carry(&daemon, proxied).1;
    assert_is(&outcome, CONFIG);
    assert!(outcome.said.starts_with("sms.proxy: "), "{outcome:?}");
    // The first that says anything to it is this one.
    assert_is(&carry(&daemon, to(centre.address, &[("system_id", "last")])).1, ACCEPTED);
    assert_eq!(centre.until("bind")["system_id"], "last");
}

#[test]
fn settings_that_cannot_work_are_told_by_name_and_not_repeated() {
    let (daemon, centre) = (courier(&[]), Centre::start());
    for (fields, expected) in [
        (&[("password", "much too long")], "sms.account.password: "),
        (&[("host", "http://smsc.example.com")], "sms.account.host: "),
        (&[("port", "99999")], "sms.account.port: "),
        (&[("tls", "maybe")], "sms.account.tls: is none of true, false"),
        (&[("sysid", "robot")], "sms.account.sysid: there is no such field"),
    ] {
        let outcome = carry(&daemon, to(centre.address, fields)).1;
        assert_is(&outcome, CONFIG);
        assert!(outcome.said.starts_with(expected), "{expected}: {outcome:?}");
        assert!(!outcome.said.contains("much too long"), "{outcome:?}");
    }
    let all = format!("127.0.0.1;{};in-order;{PASSWORD};;false", centre.address.port());
    let in_order = text("smpp", &[(ALL_IN_ORDER, &all)]);
    assert_is(&carry(&daemon, in_order).1, ACCEPTED);
    assert_eq!(centre.until("bind")["system_id"], "in-order", "it was asked by no other");
}
