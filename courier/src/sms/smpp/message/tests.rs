//! The shipped file with real, odd and hostile values.

use super::*;
use crate::sms::account;
use crate::sms::smpp::pdu;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::courier::{AccountField, Send, Text};
use pam_2fa_settings::provider::{Alphabet, Way, parse};
use rusmpp_core::command::borrowed::Command;
use rusmpp_core::decode::borrowed::DecodeWithLength;
use std::time::SystemTime;

const FILE: &str = include_str!("../../../../../etc/providers/smpp.toml");
const ACCOUNT: [(&str, &str); 3] = [("host", "smsc.example.com"), ("system_id", "robot"), ("password", "s3cret")];

/// What is made of `file`, with fields of the account beside [`ACCOUNT`]'s or in place of them.
fn made<T>(
    file: &str,
    others: &[(&str, &str)],
    sender: Option<&str>,
    make: impl FnOnce(&Smpp, &Values<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let provider = parse("smpp", file).map_err(|findings| format!("{findings:?}")).unwrap();
    let fields = ACCOUNT.iter().filter(|(key, _)| !others.iter().any(|(other, _)| other == key)).chain(others);
    let fields = fields.map(|(key, value)| (String::from(*key), AccountField(Secret::new(String::from(*value)))));
    let text = Text {
        provider: "smpp".into(),
        account: fields.collect(),
        sender: sender.map(str::to_owned),
        proxy: None,
        ca_file: None,
        to: "+15550100".into(),
        text: Secret::new("123456".into()),
        code: Secret::new("123456".into()),
        tag: "7F".into(),
    };
    let expires_at = "2026-11-24T12:10:00Z".into();
    let send = Send { id: "K".into(), attempt: 1, deadline_ms: 1, expires_at, mail: None, sms: None };
    // 2026-11-24 12:05:00 UTC.
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_521_900);
    let account = account::of(&provider, &text)?;
    let values = Values::new(&provider, &send, &text, account, now)?;
    let Way::Smpp(smpp) = &provider.way else { panic!("{provider:?}") };
    make(smpp, &values)
}

#[track_caller]
fn refused<T>(made: Result<T, Failure>, expected: &str) {
    match made {
        Ok(_) => panic!("taken; {expected}"),
        Err(failure) => assert!(failure.to_string().contains(expected), "{expected}: {failure}"),
    }
}

/// A message as it goes over the wire, read back.
fn sent<T>(text: &str, sender: Option<&str>, look: impl FnOnce(&SubmitSm<'_, 4>) -> T) -> T {
    made(FILE, &[], sender, |smpp, values| {
        let message = Message::new(smpp, values, "+15550100", text)?;
        let octets = pdu::octets(0, 2, message.pdu()?);
        let length = u32::from_be_bytes(*octets.first_chunk().unwrap());
        assert_eq!(usize::try_from(length).unwrap(), octets.len());
        let body = octets.get(4..).unwrap();
        let (command, read) = <Command<'_, 4> as DecodeWithLength<'_>>::decode(body, body.len()).unwrap();
        assert_eq!(read, body.len());
        let Some(Pdu::SubmitSm(submit)) = command.pdu() else { panic!("{command:?}") };
        Ok(look(submit))
    })
    .unwrap()
}

#[test]
fn a_message_is_plain_and_says_how_long_its_code_lives() {
    sent("123456 is your code @web01", Some("+15550199"), |submit| {
        assert_eq!((submit.dest_addr_ton, submit.dest_addr_npi), (Ton::International, Npi::Isdn));
        assert_eq!(submit.destination_addr.as_str(), "15550100");
        assert_eq!((submit.source_addr_ton, submit.source_addr.as_str()), (Ton::International, "15550199"));
        assert_eq!(submit.validity_period.as_str(), "000000000500000R");
        assert_eq!(submit.short_message().bytes(), b"123456 is your code \0web01");
        assert_eq!((u8::from(submit.data_coding), submit.protocol_id, submit.tlvs().len()), (0, 0, 0));
        assert_eq!((u8::from(submit.esm_class), u8::from(submit.registered_delivery)), (0, 0));
    });
    sent("1", None, |submit| assert_eq!((submit.source_addr_ton, submit.source_addr.as_str()), (Ton::Unknown, "")));
}

#[test]
fn each_octet_of_a_bind_and_of_a_message_is_where_the_standard_has_it() {
    let bind = made(FILE, &[("system_type", "VMA")], None, |smpp, values| {
        Ok(pdu::octets(0, 1, Login::new(smpp, values)?.pdu()?).to_vec())
    });
    let head =
        |length: u8, id: u8, sequence: u8| [[0, 0, 0, length], [0, 0, 0, id], [0; 4], [0, 0, 0, sequence]].concat();
    assert_eq!(bind.unwrap(), [head(37, 2, 1), b"robot\0s3cret\0VMA\0\x34\0\0\0".to_vec()].concat());
    let message = made(FILE, &[], Some("Example"), |smpp, values| {
        Ok(pdu::octets(0, 2, Message::new(smpp, values, "+15550100", "12{")?.pdu()?).to_vec())
    });
    // service_type, source, destination, esm_class, protocol_id, priority_flag, schedule_delivery_time, validity_period,
    // registered_delivery, replace_if_present_flag, data_coding, sm_default_msg_id, sm_length, short_message.
    let body = b"\0\x05\0Example\0\x01\x0115550100\0\0\0\0\x00000000000500000R\0\0\0\0\0\x0412\x1b\x28";
    assert_eq!(message.unwrap(), [head(68, 4, 2), body.to_vec()].concat());
}

#[test]
fn a_text_of_more_than_a_segment_goes_whole_beside_an_empty_message() {
    sent(&"a".repeat(160), None, |submit| assert_eq!((submit.sm_length(), submit.tlvs().len()), (160, 0)));
    sent(&"a".repeat(161), None, |submit| {
        assert_eq!((submit.sm_length(), submit.tlvs().len()), (0, 1));
        assert_eq!(submit.tlvs()[0].value_length(), 161);
    });
}

#[test]
fn a_time_from_now_on_is_in_the_standards_form() {
    for (seconds, expected) in [
        (1, "000000000001000R"),
        (59, "000000000059000R"),
        (600, "000000001000000R"),
        (3_661, "000000010101000R"),
        (86_400, "000001000000000R"),
    ] {
        assert_eq!(relative(Duration::from_secs(seconds)), expected);
    }
}

#[test]
fn tls_is_what_happens_where_nothing_is_said() {
    let of = |others: &[(&str, &str)]| made(FILE, others, None, place);
    let expected = Place { host: "smsc.example.com".into(), port: 2775, is_tls: true };
    assert_eq!(of(&[]).unwrap(), expected);
    assert!(!of(&[("tls", "false")]).unwrap().is_tls);
    assert_eq!(of(&[("host", "[::1]"), ("port", "3550")]).unwrap().host, "::1");
    let without = FILE.replace("tls = \"{acct.tls}\"\n", "").replace("key = \"tls\"", "key = \"x\"");
    let without =
        without.replace("system_type = \"{acct.system_type?}\"", "system_type = \"{acct.system_type?}\" # {acct.x}");
    assert!(parse("smpp", &without).is_err(), "a field that does nothing is no silent one");
}

#[test]
fn what_does_not_fit_names_its_setting_and_is_not_repeated() {
    for (key, value) in [
        ("host", "smsc example"),
        ("host", "http://smsc.example.com"),
        ("host", "smsc.example.com/x"),
        ("port", "65536"),
        ("port", "0"),
        ("tls", "no"),
        ("password", "ninechars"),
        ("system_id", "sixteencharacter"),
        ("system_id", "größe"),
        ("system_type", "thirteenchars"),
    ] {
        let made = made(FILE, &[(key, value)], None, |smpp, values| {
            place(smpp, values)?;
            Login::new(smpp, values).map(|_| ())
        });
        let failure = made.unwrap_err();
        assert!(failure.to_string().starts_with(&format!("sms.account.{key}: ")), "{failure}");
        assert!(!failure.to_string().contains(value) || value.len() < 3, "{failure}");
        assert_eq!(failure.outcome().reason, Some(pam_2fa_protocol::courier::Reason::Config));
    }
    // A file of one's own need not have our patterns.
    let loose: String =
        FILE.lines().filter(|line| !line.starts_with("pattern")).map(|line| format!("{line}\n")).collect();
    for (key, value) in [("password", "ninechars"), ("system_id", "sixteencharacter"), ("system_type", "thirteenchars")]
    {
        let made = made(&loose, &[(key, value)], None, |smpp, values| Login::new(smpp, values).map(|_| ()));
        refused(made, &format!("sms.account.{key}: is more than"));
    }
    for sender in ["Example Corp", "Größe"] {
        let made =
            made(FILE, &[], Some(sender), |smpp, values| Message::new(smpp, values, "+15550100", "1").map(|_| ()));
        refused(made, "sms.sender: ");
    }
    let fixed = FILE.replace("{sender?}", "Far too long for it");
    let made = made(&fixed, &[], None, |smpp, values| Message::new(smpp, values, "+15550100", "1").map(|_| ()));
    refused(made, "sms.provider: a value in [smpp]");
}

#[test]
fn an_own_alphabet_is_the_files() {
    let latin = FILE.replace("[smpp]\n", "[smpp]\nalphabet = \"latin-1\"\n");
    let coding = |smpp: &Smpp, _: &Values<'_>| Ok(smpp.alphabet);
    assert_eq!(made(FILE, &[], None, coding).unwrap(), Alphabet::Gsm);
    assert_eq!(made(&latin, &[], None, coding).unwrap(), Alphabet::Latin1);
}
