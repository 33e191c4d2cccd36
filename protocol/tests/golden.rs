//! The frames as they cross the sockets, byte for byte. A change here is a change that a module or daemon of a neighbouring
//! release meets: new fields need defaults, and nothing may be renamed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed step is a failed test")]

#[path = "golden/admin.rs"]
mod administration;

use administration::{
    account_frames, break_glass_frames, coded_frames, device_frames, exemption_frames, explain_frames,
};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{self, Verify};
use pam_2fa_protocol::courier::{self, Class, Mail, Outcome, Reason, Sent, Tls};
use pam_2fa_protocol::login::{self, Answer, Begin, Question, Step, StepReply, Verdict, VersionRange};
use pam_2fa_protocol::sandbox::{Measure, Sandbox, SandboxReply};
use pam_2fa_protocol::wire::{
    Continues, More, Nothing, decode_call, decode_reply, encode_call, encode_error, encode_reply,
};
use serde::Serialize;
use std::fmt::Write;

fn text(frame: &[u8]) -> &str {
    std::str::from_utf8(frame).unwrap()
}

fn begin() -> Begin {
    Begin {
        version: login::VERSION,
        user: "ada".into(),
        service: "sshd".into(),
        tty: Some("ssh".into()),
        remote_host: Some("192.0.2.7".into()),
        remote_user: Some("bob".into()),
        auth_info: Some("publickey ssh-ed25519 AAAA\n".into()),
        anchor: 4711,
        session: Some(12),
        password_stamp: Some("00ff".into()),
        caller_stamp: Some("ff00".into()),
        real_uid: Some(1000),
        seat: Some("seat0".into()),
        password: true,
        decoy: false,
    }
}

fn bare() -> Begin {
    Begin {
        tty: None,
        remote_host: None,
        remote_user: None,
        auth_info: None,
        session: None,
        password_stamp: None,
        caller_stamp: None,
        real_uid: None,
        seat: None,
        password: false,
        decoy: true,
        ..begin()
    }
}

fn send() -> courier::Send {
    courier::Send {
        id: "a1".into(),
        attempt: 1,
        deadline_ms: 20_000,
        expires_at: "2026-11-24T04:00:00Z".into(),
        mail: Some(Mail {
            server: "smtp.example.com".into(),
            port: 465,
            tls: Tls::Implicit,
            ca_file: None,
            helo: None,
            user: Some("u".into()),
            password: Some(Secret::new("p".into())),
            from: "Example <s@example.com>".into(),
            to: "ada@example.com".into(),
            subject: "s".into(),
            text: Secret::new("123456\n".into()),
        }),
        sms: None,
    }
}

fn outcome() -> Outcome {
    Outcome {
        class: Class::Temporary,
        reason: Some(Reason::Unreachable),
        retry_after_s: Some(30),
        provider_id: Some("q1".into()),
        said: "421 busy".into(),
    }
}

fn user() -> admin::User {
    admin::User {
        name: "ada".into(),
        uid: 1000,
        verify: Verify::NewDevice,
        email: Some("ada@example.com".into()),
        email_verified: true,
        phone: None,
        phone_verified: false,
        language: None,
        last_login: Some(admin::LastLogin {
            at: "2026-11-24T04:00:00Z".into(),
            service: "sshd".into(),
            from: None,
            device: None,
        }),
        locked: None,
        app_since: None,
        recovery_codes: 0,
        prefers: None,
        passes: Vec::new(),
        disabled_since: None,
    }
}

fn decision() -> admin::Decision {
    admin::Decision {
        at: "2026-11-24T04:00:00Z".into(),
        reference: "K7Q2M9XD".into(),
        user: "ada".into(),
        uid: Some(1000),
        peer_uid: 0,
        source: "192.0.2.7/32".into(),
        service: "sshd".into(),
        class: "ssh".into(),
        factor: Some("email".into()),
        verdict: Verdict::Allow,
        reason: "code-by-email".into(),
        device: None,
        generation: 3,
    }
}

fn sandbox() -> Sandbox {
    let measure =
        |name: &str, note: Option<&str>| Measure { name: name.into(), on: true, note: note.map(str::to_owned) };
    Sandbox { process: "configd".into(), measures: vec![measure("not_root", None), measure("landlock", Some("ABI 7"))] }
}

fn status() -> admin::Status {
    admin::Status {
        version: "0.1.0".into(),
        state: admin::State::Degraded,
        since: "2026-11-24T04:00:00Z".into(),
        sealed_since: Some("2026-11-24T04:00:00Z".into()),
        problems: vec!["x".into()],
        unhealthy: vec![admin::Problem {
            kind: "channel".into(),
            since: "2026-11-24T04:00:00Z".into(),
            text: "x".into(),
        }],
        required: Some(admin::Required::Mandatory),
        application: Some("Example Corp".into()),
        generation: Some(3),
        store_generation: Some(12),
        kept_generation: Some(11),
        key_id: Some("00112233".into()),
        users: Some(1),
        channels: vec![admin::ChannelHealth {
            name: "email".into(),
            configured: true,
            server: Some("smtp.example.com:465".into()),
            last_success: None,
            last_error: Some("535 no".into()),
            last_error_at: Some("2026-11-24T04:00:00Z".into()),
            last_error_class: Some(Class::AuthError),
            last_error_reason: Some(Reason::Credentials),
            failing_since: Some("2026-11-24T04:00:00Z".into()),
            held_until: Some("2026-11-24T04:01:00Z".into()),
            waits_for_others: false,
            accepted: 7,
            failed: 1,
        }],
        texts: Some(admin::Texts {
            sent: 37,
            limit: 500,
            limit_for_all: Some(400),
            withheld_until: None,
            withheld_but_known: false,
            cost: Some("2.96".into()),
            cost_limit: Some("25.00".into()),
            countries: vec!["AT".into(), "DE".into()],
        }),
        store: Some(admin::StoreHealth { size: 8192, free: 1_000_000, whole_at: "2026-11-24T04:00:00Z".into() }),
        key: Some(admin::KeyHealth { place: admin::KeyPlace::State, path: Some("/var/lib/pam-2fa/key".into()) }),
        clock: Some(admin::ClockHealth { wall: "2026-11-24T04:00:00Z".into(), behind_s: 0, leap_s: 0 }),
        sandboxes: vec![sandbox()],
    }
}

fn call<P: Serialize>(method: &str, parameters: &P, more: More) -> Vec<u8> {
    encode_call(method, parameters, more).unwrap().to_vec()
}
fn reply<P: Serialize>(parameters: &P, continues: Continues) -> Vec<u8> {
    encode_reply(parameters, continues).unwrap().to_vec()
}

const LAST: Continues = Continues::No;

/// All frames, a line each.
fn frames() -> String {
    let mut all = String::new();
    let mut add = |frame: &[u8]| writeln!(all, "{}", text(frame)).unwrap();
    login_frames(&mut add);
    courier_frames(&mut add);
    admin_frames(&mut add);
    all
}

fn login_frames(add: &mut impl FnMut(&[u8])) {
    add(&call(login::BEGIN, &begin(), More::No));
    add(&call(login::BEGIN, &bare(), More::No));
    add(&call(login::ANSWER, &Answer { text: Secret::new("12\"34\n".into()) }, More::No));
    let ask = Some(Question { text: "Code: ".into(), echo: true, times: None, pace_ms: None });
    add(&reply(&StepReply { step: Step { tell: vec!["t".into()], ask, ..Step::default() } }, LAST));
    let ask = Some(Question { text: "Code: ".into(), echo: true, times: Some(3), pace_ms: None });
    add(&reply(&StepReply { step: Step { ask, ..Step::default() } }, LAST));
    let ask = Some(Question { text: "Code: ".into(), echo: true, times: Some(3), pace_ms: Some(80) });
    add(&reply(&StepReply { step: Step { ask, ..Step::default() } }, LAST));
    for verdict in [Verdict::Allow, Verdict::NotSubject, Verdict::Deny, Verdict::Unavailable, Verdict::MaxTries] {
        let step = Step {
            verdict: Some(verdict),
            reference: Some("K7Q2M9XD".into()),
            fail_delay_ms: Some(2000),
            ..Step::default()
        };
        add(&reply(&StepReply { step }, LAST));
    }
    add(&encode_error(login::SEALED, &Nothing {}).unwrap());
    add(&encode_error(login::NOT_PERMITTED, &Nothing {}).unwrap());
    add(&encode_error(login::VERSION_NOT_SUPPORTED, &VersionRange { min: 1, max: 1 }).unwrap());
}

fn courier_frames(add: &mut impl FnMut(&[u8])) {
    add(&call(courier::SEND, &send(), More::Yes));
    add(&reply(&Sent { step: Some("connected".into()), outcome: None }, Continues::Yes));
    add(&reply(&Sent { step: None, outcome: Some(outcome()) }, LAST));
    add(&encode_error(courier::NOT_PERMITTED, &Nothing {}).unwrap());
    let mail = send().mail.unwrap();
    add(&call(courier::REACH, &courier::Reach { deadline_ms: 8_000, mail }, More::No));
    add(&call(admin::EMAIL_REACH, &Nothing {}, More::No));
    let reached = admin::Reached { name: "email".into(), server: "smtp.example.com:465".into(), outcome: outcome() };
    add(&reply(&admin::EmailReachReply { servers: vec![reached] }, LAST));
    add(&call(courier::SANDBOX, &Nothing {}, More::No));
    add(&reply(&SandboxReply { sandbox: sandbox() }, LAST));
}

fn settings_frames(add: &mut impl FnMut(&[u8])) {
    add(&call(admin::SEAL, &admin::Seal { key: "email.password".into(), value: Secret::new("p".into()) }, More::No));
    add(&reply(&admin::SealReply { sealed: "sealed:v1:00112233:AAAA".into() }, LAST));
    let sealed = Some("sealed:v1:00112233:AAAA".into());
    add(&call(
        admin::OPEN_SECRET,
        &admin::OpenSecret { key: "email.password".into(), sealed, by: "ada".into() },
        More::No,
    ));
    add(&reply(&admin::OpenSecretReply { value: Some(Secret::new("p".into())) }, LAST));
    add(&call(admin::RELOAD, &Nothing {}, More::No));
    add(&reply(&admin::ReloadReply { generation: 2, notes: vec![] }, LAST));
}

fn test_frames(add: &mut impl FnMut(&[u8])) {
    let settings = || Some(Secret::new("[email]".into()));
    add(&call(
        admin::TEST_EMAIL,
        &admin::TestEmail { to: "ada@example.com".into(), settings: None, asked_by: None },
        More::Yes,
    ));
    let asked_by = || Some(String::from("root"));
    add(&call(
        admin::TEST_EMAIL,
        &admin::TestEmail { to: "ada@example.com".into(), settings: settings(), asked_by: asked_by() },
        More::Yes,
    ));
    let to = || String::from("+15550100");
    add(&call(admin::TEST_SMS, &admin::TestSms { to: to(), by: None, settings: None, asked_by: None }, More::Yes));
    add(&call(
        admin::TEST_SMS,
        &admin::TestSms { to: to(), by: Some("second".into()), settings: settings(), asked_by: asked_by() },
        More::Yes,
    ));
    add(&call(admin::TESTED, &admin::Tested { settings: Secret::new("[email]".into()) }, More::No));
    add(&reply(&admin::TestedReply { email: true, ..Default::default() }, LAST));
    add(&call(admin::MANDATORY_UNTESTED, &admin::MandatoryUntested { by: "ada".into() }, More::No));
}

fn admin_frames(add: &mut impl FnMut(&[u8])) {
    add(&call(admin::USER_LIST, &Nothing {}, More::Yes));
    add(&call(admin::USER_SHOW, &admin::UserShow { name: "ada".into() }, More::No));
    add(&reply(&admin::UserReply { user: Some(user()) }, LAST));
    add(&reply(&admin::UserReply { user: None }, LAST));
    let set = admin::UserSet {
        name: "ada".into(),
        verify: Some(Verify::Always),
        email: Some("ada@example.com".into()),
        phone: None,
        language: None,
        prefers: None,
        trusted: true,
    };
    add(&call(admin::USER_SET, &set, More::No));
    let prefers = Some(admin::Preference::None);
    add(&call(admin::USER_SET, &admin::UserSet { verify: None, email: None, prefers, ..set }, More::No));
    add(&reply(&admin::UserSetReply { user: user(), notes: vec!["n".into()] }, LAST));
    account_frames(add);
    let channel = admin::Channel::Email;
    add(&call(admin::USER_VERIFY_BEGIN, &admin::UserVerifyBegin { name: "ada".into(), channel }, More::Yes));
    let sent = admin::VerifySent { step: None, outcome: Some(outcome()), tag: Some("7F".into()) };
    add(&reply(&sent, LAST));
    let finish = admin::UserVerifyFinish { name: "ada".into(), channel, code: Secret::new("123456".into()) };
    add(&call(admin::USER_VERIFY_FINISH, &finish, More::No));
    test_frames(add);
    settings_frames(add);
    explain_frames(add);
    device_frames(add);
    add(&call(admin::STATUS, &Nothing {}, More::No));
    add(&reply(&admin::StatusReply { status: status() }, LAST));
    let log = admin::Log { user: Some("ada".into()), since: Some("2026-11-24".into()), ..admin::Log::default() };
    add(&call(admin::LOG, &log, More::Yes));
    add(&call(admin::LOG, &admin::Log { ago_s: Some(7200), follow: true, ..admin::Log::default() }, More::Yes));
    add(&reply(&admin::LogReply { entry: Some(decision()), ..admin::LogReply::default() }, Continues::Yes));
    let decoys = admin::Decoys { hour: "2026-11-24T04:00:00Z".into(), service: "sshd".into(), count: 412 };
    add(&reply(&admin::LogReply { decoys: Some(decoys), ..admin::LogReply::default() }, Continues::Yes));
    add(&reply(&admin::LogReply { damaged: Some(1), ..admin::LogReply::default() }, LAST));
    let change = admin::Change {
        at: "2026-11-24T04:00:00Z".into(),
        by: admin::By::Administrator,
        user: "ada".into(),
        uid: 1000,
        what: "set".into(),
        detail: "verify always".into(),
    };
    add(&reply(&admin::LogReply { change: Some(change), ..admin::LogReply::default() }, Continues::Yes));
    exemption_frames(add);
    coded_frames(add);
    break_glass_frames(add);
    upkeep_frames(add);
    add(&encode_error(admin::NOT_PERMITTED, &Nothing {}).unwrap());
    add(&encode_error(admin::NOT_FOUND, &admin::NotFound { what: "w".into() }).unwrap());
    add(&encode_error(admin::REFUSED, &admin::Refused { reasons: vec!["r".into()] }).unwrap());
    add(&encode_error(admin::SEALED, &admin::Sealed { reason: "r".into() }).unwrap());
}

fn upkeep_frames(add: &mut impl FnMut(&[u8])) {
    add(&call(admin::GENERATION, &Nothing {}, More::No));
    add(&reply(&admin::GenerationReply { generation: 12 }, LAST));
    add(&call(admin::RESTORE_ACCEPT, &admin::RestoreAccept { keep_recovery: false }, More::No));
    let accepted = admin::RestoreAcceptReply {
        generation: 13,
        devices: 1,
        challenges: 2,
        passes: 3,
        apps: 4,
        recovery_users: 5,
        still_sealed: Some("r".into()),
    };
    add(&reply(&accepted, LAST));
    let clock = admin::ClockReply {
        wall: "2026-11-24T04:00:00Z".into(),
        mark: "2036-11-24T04:00:00Z".into(),
        behind_s: 315_576_000,
        leap_s: 0,
        boot_s: 60,
        devices: 1,
        passes: 0,
    };
    add(&call(admin::CLOCK_STATUS, &Nothing {}, More::No));
    add(&call(admin::CLOCK_RESET, &Nothing {}, More::No));
    add(&reply(&clock, LAST));
    for method in [admin::KEY_STATUS, admin::KEY_ROTATE, admin::KEY_FORGET, admin::KEY_EXPORT] {
        add(&call(method, &Nothing {}, More::No));
    }
    let key = admin::KeyReply {
        id: "00112233".into(),
        place: admin::KeyPlace::State,
        path: "/var/lib/pam-2fa/key".into(),
        before: Some("44556677".into()),
    };
    add(&reply(&key, LAST));
    let reseal = admin::KeyReseal { key: "email.password".into(), sealed: "sealed:v1:44556677:AAAA".into() };
    add(&call(admin::KEY_RESEAL, &reseal, More::No));
    add(&reply(&admin::KeyExportReply { id: "00112233".into(), key: Secret::new("k".into()) }, LAST));
    add(&call(admin::KEY_IMPORT, &admin::KeyImport { key: Secret::new("k".into()) }, More::No));
    let imported = admin::KeyImportReply {
        id: "00112233".into(),
        was_there: false,
        aside: Some("/var/lib/pam-2fa/key.aside".into()),
        still_sealed: None,
    };
    add(&reply(&imported, LAST));
    backup_frames(add);
}

fn backup_frames(add: &mut impl FnMut(&[u8])) {
    add(&call(admin::BACKUP, &admin::Backup { with_key: true }, More::Yes));
    let about =
        admin::BackupAbout { key_id: "00112233".into(), generation: 12, users: 1, key: Some(Secret::new("k".into())) };
    add(&reply(&admin::BackupReply { about: Some(about), data: None }, Continues::Yes));
    add(&reply(&admin::BackupReply { about: None, data: Some("AAAA".into()) }, Continues::Yes));
    add(&reply(&admin::BackupReply::default(), LAST));
    add(&call(admin::RESTORE_PUT, &admin::RestorePut { at: 0, data: "AAAA".into() }, More::No));
    add(&reply(&admin::RestorePutReply { next: 3 }, LAST));
    let key = Some(Secret::new("k".into()));
    add(&call(admin::RESTORE, &admin::Restore { length: 3, accept: true, keep_recovery: false, key }, More::No));
    let ended = admin::RestoreAcceptReply {
        generation: 13,
        devices: 2,
        challenges: 1,
        passes: 0,
        apps: 4,
        recovery_users: 1,
        still_sealed: None,
    };
    add(&reply(&admin::RestoreReply { ended, aside: vec!["/var/lib/pam-2fa/state.db.aside".into()] }, LAST));
}

#[test]
fn frames_are_what_neighbouring_releases_expect() {
    insta::assert_snapshot!(frames());
}

#[test]
fn what_was_written_reads_back_the_same() {
    let frame = encode_call(login::BEGIN, &begin(), More::No).unwrap();
    let call = decode_call(&frame).unwrap();
    assert_eq!((call.method.as_ref(), call.more, call.oneway), (login::BEGIN, false, false));
    assert_eq!(call.parameters::<Begin>().unwrap(), begin());
    let frame = encode_reply(&admin::StatusReply { status: status() }, Continues::No).unwrap();
    let read: admin::StatusReply = decode_reply(&frame).unwrap().parameters().unwrap();
    assert_eq!(read.status, status());
    let frame = encode_call(courier::SEND, &send(), More::Yes).unwrap();
    let read: courier::Send = decode_call(&frame).unwrap().parameters().unwrap();
    assert_eq!(read.mail.unwrap().password.unwrap().expose(), "p");
}

#[test]
fn unknown_fields_are_ignored_and_absent_ones_have_defaults() {
    let frame = br#"{"method":"io.pam2fa.Login.Begin","flavour":1,"parameters":{"version":1,"user":"ada","service":"sshd","later":{"x":[1]}}}"#;
    let read: Begin = decode_call(frame).unwrap().parameters().unwrap();
    assert_eq!(read, Begin { service: "sshd".into(), anchor: 0, decoy: false, ..bare() });
    let frame = br#"{"parameters":{"step":{"verdict":"deny","colour":"red"},"more":1}}"#;
    let read: StepReply = decode_reply(frame).unwrap().parameters().unwrap();
    assert_eq!(read.step, Step { verdict: Some(Verdict::Deny), ..Step::default() });
}

#[test]
fn an_unknown_verdict_is_never_a_known_one_and_an_unknown_class_is_no_yes() {
    for word in ["allowed", "ALLOW", "allow ", "success", ""] {
        let frame = format!(r#"{{"parameters":{{"step":{{"verdict":"{word}"}}}}}}"#);
        let read: StepReply = decode_reply(frame.as_bytes()).unwrap().parameters().unwrap();
        assert_eq!(read.step.verdict, Some(Verdict::Unknown), "{word:?}");
    }
    for word in ["0", "true", "{}", "[\"allow\"]"] {
        let frame = format!(r#"{{"parameters":{{"step":{{"verdict":{word}}}}}}}"#);
        assert!(decode_reply(frame.as_bytes()).unwrap().parameters::<StepReply>().is_err(), "{word}");
    }
    let frame = br#"{"parameters":{"outcome":{"class":"taken","reason":"whim","said":"x"}}}"#;
    let read: Sent = decode_reply(frame).unwrap().parameters().unwrap();
    let outcome = read.outcome.unwrap();
    assert_eq!((outcome.class, outcome.reason), (Class::Temporary, Some(Reason::Unrecognised)));
}
