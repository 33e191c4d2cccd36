//! The real module under the real libpam: every verdict under every control flag, the stacks of DESIGN, decoy, key-proven,
//! options. The expected codes are written by hand from pam.conf(5).

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed step is a failed test")]

use e2e::fake_daemon::{Act, FakeDaemon, ask, step, verdict};
use e2e::libpam::code::{AUTH_ERR, AUTHINFO_UNAVAIL, MAXTRIES, MODULE_UNKNOWN, PERM_DENIED, SUCCESS};
use e2e::libpam::{Item, Pam, Reply, SILENT, Stage, Style};
use std::time::Duration;

const PERMIT: &str = "auth required pam_permit.so";
const DENY: &str = "auth required pam_deny.so";

/// The verdicts in the order of the tables' columns.
const VERDICTS: [&str; 6] = ["allow", "not_subject", "deny", "unavailable", "max_tries", "of_a_later_release"];

/// Control flag, the lines after ours, and the code of the whole stack for each verdict.
type Row = (&'static str, &'static [&'static str], [i32; 6]);

#[rustfmt::skip]
const TABLE: [Row; 15] = [
    // The way we ship it.
    ("requisite", &[PERMIT], [SUCCESS, SUCCESS, AUTH_ERR, AUTHINFO_UNAVAIL, MAXTRIES, AUTH_ERR]),
    ("requisite", &[DENY], [AUTH_ERR, AUTH_ERR, AUTH_ERR, AUTHINFO_UNAVAIL, MAXTRIES, AUTH_ERR]),
    // Alone: what is ignored leaves no impression, and libpam denies.
    ("requisite", &[], [SUCCESS, PERM_DENIED, AUTH_ERR, AUTHINFO_UNAVAIL, MAXTRIES, AUTH_ERR]),
    ("required", &[PERMIT], [SUCCESS, SUCCESS, AUTH_ERR, AUTHINFO_UNAVAIL, MAXTRIES, AUTH_ERR]),
    ("required", &[DENY], [AUTH_ERR, AUTH_ERR, AUTH_ERR, AUTHINFO_UNAVAIL, MAXTRIES, AUTH_ERR]),
    ("required", &[], [SUCCESS, PERM_DENIED, AUTH_ERR, AUTHINFO_UNAVAIL, MAXTRIES, AUTH_ERR]),
    // These two let whatever follows decide: the reason why we never ship them.
    ("sufficient", &[PERMIT], [SUCCESS, SUCCESS, SUCCESS, SUCCESS, SUCCESS, SUCCESS]),
    ("sufficient", &[DENY], [SUCCESS, AUTH_ERR, AUTH_ERR, AUTH_ERR, AUTH_ERR, AUTH_ERR]),
    ("sufficient", &[], [SUCCESS, PERM_DENIED, PERM_DENIED, PERM_DENIED, PERM_DENIED, PERM_DENIED]),
    ("optional", &[DENY], [AUTH_ERR, AUTH_ERR, AUTH_ERR, AUTH_ERR, AUTH_ERR, AUTH_ERR]),
    ("optional", &[], [SUCCESS, PERM_DENIED, PERM_DENIED, PERM_DENIED, PERM_DENIED, PERM_DENIED]),
    ("[success=1 default=ignore]", &[DENY, PERMIT], [SUCCESS, AUTH_ERR, AUTH_ERR, AUTH_ERR, AUTH_ERR, AUTH_ERR]),
    ("[success=ok ignore=ignore default=die]", &[PERMIT], [SUCCESS, SUCCESS, AUTH_ERR, AUTHINFO_UNAVAIL, MAXTRIES, AUTH_ERR]),
    // An administrator's visible choice to fail open when the daemon is away, and only then.
    ("[success=ok ignore=ignore authinfo_unavail=ignore default=die]", &[PERMIT], [SUCCESS, SUCCESS, AUTH_ERR, SUCCESS, MAXTRIES, AUTH_ERR]),
    ("[success=done ignore=ignore default=bad]", &[DENY], [SUCCESS, AUTH_ERR, AUTH_ERR, AUTHINFO_UNAVAIL, MAXTRIES, AUTH_ERR]),
];

#[test]
fn every_verdict_under_every_control_flag_ends_as_pam_conf_says() {
    for (column, name) in VERDICTS.into_iter().enumerate() {
        let stage = Stage::new();
        let _daemon = FakeDaemon::start(&stage.socket(), &[verdict(name)]);
        for (control, tail, expected) in TABLE {
            let mut lines = vec![stage.line(control, "")];
            lines.extend(tail.iter().map(|line| (*line).to_owned()));
            stage.service("table", &lines);
            let code = Pam::start(&stage, "table", Some("ada"), &[]).authenticate(0);
            assert_eq!(code, expected[column], "{control} {tail:?}, verdict {name}");
        }
    }
}

/// A control that shows the module's own code: libpam dies with it, but for IGNORE, which it never returns.
fn own_code(stage: &Stage, options: &str, prepare: impl FnOnce(&mut Pam)) -> (i32, Pam) {
    stage.service("own", &[stage.line("[success=done ignore=1 default=die]", options), DENY.into(), PERMIT.into()]);
    let mut pam = Pam::start(stage, "own", Some("ada"), &[]);
    prepare(&mut pam);
    let code = pam.authenticate(0);
    (code, pam)
}

#[test]
fn a_module_that_is_gone_is_a_denial_in_the_stack_we_ship() {
    let stage = Stage::new();
    stage.service("gone", &[stage.line("requisite", ""), PERMIT.into()]);
    std::fs::remove_file(stage.module()).unwrap();
    let code = Pam::start(&stage, "gone", Some("ada"), &[]).authenticate(0);
    assert_eq!(code, MODULE_UNKNOWN);
}

/// DESIGN, "The stacks", with stand-ins for the first factor.
fn design_stack(stage: &Stage, first_factor: &str) {
    stage.service(
        "stack",
        &[
            stage.line("[success=3 default=ignore]", "key-proven"),
            format!("auth [success=2 default=ignore] {first_factor}"),
            stage.line("optional", "decoy"),
            "auth requisite pam_deny.so".into(),
            stage.line("requisite", ""),
            PERMIT.into(),
        ],
    );
}

fn decoys(frames: &[String]) -> Vec<bool> {
    frames.iter().filter(|frame| frame.contains("Login.Begin")).map(|frame| frame.contains(r#""decoy":true"#)).collect()
}

#[test]
fn after_a_right_first_factor_the_full_mode_runs_exactly_once() {
    for (name, code) in
        [("allow", SUCCESS), ("not_subject", SUCCESS), ("deny", AUTH_ERR), ("unavailable", AUTHINFO_UNAVAIL)]
    {
        let stage = Stage::new();
        let daemon = FakeDaemon::start(&stage.socket(), &[ask("Code: "), verdict(name)]);
        design_stack(&stage, "pam_permit.so");
        let mut pam = Pam::start(&stage, "stack", Some("ada"), &["123456".into()]);
        assert_eq!(pam.authenticate(0), code, "{name}");
        assert_eq!(decoys(&daemon.frames()), [false]);
        assert_eq!(pam.shown(), [(Style::Echo, "Code: ".into())]);
        if code == SUCCESS {
            assert_eq!(pam.set_credentials(), SUCCESS);
        }
    }
}

#[test]
fn after_a_wrong_first_factor_the_full_mode_never_runs_and_the_decoy_looks_the_same() {
    let stage = Stage::new();
    let question = step(r#""ask":{"text":"Code: ","echo":true,"times":3}"#);
    let daemon = FakeDaemon::start(&stage.socket(), &[question, verdict("allow")]);
    design_stack(&stage, "pam_deny.so");
    let mut pam = Pam::start(&stage, "stack", Some("ada"), &["1".into(), "2".into(), "3".into(), "4".into()]);
    assert_eq!(pam.authenticate(0), AUTH_ERR);
    assert_eq!(decoys(&daemon.frames()), [true]);
    assert_eq!(daemon.frames().len(), 1, "what is typed at a decoy is forgotten");
    assert_eq!(pam.shown(), vec![(Style::Echo, "Code: ".to_owned()); 3]);
}

#[test]
fn a_key_that_sshd_has_checked_skips_the_password_and_not_the_code() {
    let stage = Stage::new();
    let daemon = FakeDaemon::start(&stage.socket(), &[verdict("deny")]);
    design_stack(&stage, "pam_deny.so");
    let mut pam = Pam::start(&stage, "stack", Some("ada"), &[]);
    pam.set(Item::Tty, "ssh");
    pam.put_env("SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA\n");
    assert_eq!(pam.authenticate(0), AUTH_ERR);
    assert_eq!(decoys(&daemon.frames()), [false]);
    assert!(daemon.frames()[0].contains(r#""auth_info":"publickey ssh-ed25519 AAAA\n""#), "{:?}", daemon.frames());
}

#[test]
fn key_proven_needs_root_ssh_and_the_key_and_asks_no_daemon() {
    let stage = Stage::new();
    let daemon = FakeDaemon::start(&stage.socket(), &[verdict("allow")]);
    let proven = |tty: &'static str, info: &'static str| {
        let prepare = move |pam: &mut Pam| {
            pam.set(Item::Tty, tty);
            pam.put_env(&format!("SSH_AUTH_INFO_0={info}"));
        };
        own_code(&stage, "key-proven", prepare).0
    };
    assert_eq!(proven("ssh", "publickey ssh-ed25519 AAAA"), SUCCESS);
    assert_eq!(proven("ssh", ""), AUTH_ERR);
    assert_eq!(proven("ssh", "keyboard-interactive"), AUTH_ERR);
    assert_eq!(proven("tty1", "publickey ssh-ed25519 AAAA"), AUTH_ERR);

    let as_another_user = e2e::libpam::as_uid(65534, || {
        let mut pam = Pam::start(&stage, "own", Some("ada"), &[]);
        pam.set(Item::Tty, "ssh");
        pam.put_env("SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA");
        pam.authenticate(0)
    });
    assert_eq!(as_another_user, AUTH_ERR);
    assert_eq!(daemon.connections(), 0);
}

#[test]
fn a_decoy_ends_in_a_denial_whatever_the_daemon_says() {
    let answers: [(Act, i32); 12] = [
        (verdict("allow"), AUTH_ERR),
        (verdict("not_subject"), AUTH_ERR),
        (verdict("deny"), AUTH_ERR),
        (verdict("max_tries"), AUTH_ERR),
        (verdict("of_a_later_release"), AUTH_ERR),
        (verdict("unavailable"), AUTHINFO_UNAVAIL),
        (ask("Code: "), AUTH_ERR),
        (step(r#""ask":{"text":"Code: ","echo":true},"verdict":"allow""#), AUTHINFO_UNAVAIL),
        (e2e::fake_daemon::error("io.pam2fa.Login.Sealed"), AUTHINFO_UNAVAIL),
        (Act::Close, AUTHINFO_UNAVAIL),
        (Act::Raw(b"\0".to_vec()), AUTHINFO_UNAVAIL),
        (Act::Raw(vec![b'a'; 32 * 1024]), AUTHINFO_UNAVAIL),
    ];
    for (answer, expected) in answers {
        let stage = Stage::new();
        let daemon = FakeDaemon::start(&stage.socket(), std::slice::from_ref(&answer));
        // root has a shadow entry on every machine, so a stamp could be taken.
        let (code, _pam) = own_code(&stage, "decoy", |pam| pam.set(Item::User, "root"));
        assert_eq!(code, expected, "{answer:?}");
        let frames = daemon.frames();
        assert_eq!(frames.len(), 1);
        assert!(!frames[0].contains("password_stamp"), "nobody is resolved for a decoy: {frames:?}");
    }
}

#[test]
fn a_decoy_holds_no_connection_while_it_prompts() {
    let stage = Stage::new();
    let daemon = FakeDaemon::start(&stage.socket(), &[ask("Code: ")]);
    let (ended, has_ended) = std::sync::mpsc::channel();
    stage.service("decoy", &[stage.line("required", "decoy")]);
    let mut pam = Pam::start(&stage, "decoy", Some("ada"), &["123456".into()]);
    pam.at_prompt(move |_| ended.send(daemon.a_connection_ended()).unwrap());
    assert_eq!(pam.authenticate(0), AUTH_ERR);
    assert!(has_ended.recv().unwrap(), "the connection was over when the prompt stood");
}

#[test]
fn a_line_that_is_not_understood_denies_and_asks_nobody() {
    let stage = Stage::new();
    let daemon = FakeDaemon::start(&stage.socket(), &[verdict("allow")]);
    for options in
        ["nullok", "break-glass=/a", "decoy key-proven", "decoy decoy", "timeout=0", "timeout=x", "socket=/a"]
    {
        assert_eq!(own_code(&stage, options, |_| ()).0, AUTH_ERR, "{options}");
    }
    assert_eq!(daemon.connections(), 0);
}

#[test]
fn the_daemon_hears_what_the_host_says_and_the_user_is_never_asked_for_or_changed() {
    let stage = Stage::new();
    let daemon = FakeDaemon::start(&stage.socket(), &[verdict("allow")]);
    let (code, pam) = own_code(&stage, "", |pam| {
        pam.set(Item::User, "root");
        pam.set(Item::Tty, "ssh");
        pam.set(Item::RemoteHost, "192.0.2.7");
        pam.set(Item::RemoteUser, "grace");
    });
    assert_eq!(code, SUCCESS);
    assert_eq!(pam.user().as_deref(), Some("root"));
    let frame = &daemon.frames()[0];
    for member in [
        r#""version":1"#,
        r#""user":"root""#,
        r#""service":"own""#,
        r#""tty":"ssh""#,
        r#""remote_host":"192.0.2.7""#,
        r#""remote_user":"grace""#,
        r#""decoy":false"#,
        r#""real_uid":0"#,
    ] {
        assert!(frame.contains(member), "{member} in {frame}");
    }
    assert!(frame.contains(&format!(r#""anchor":{}"#, std::os::unix::process::parent_id())), "{frame}");
    // Root of a container has a placeholder for a password, and that has no stamp.
    let shadow = std::fs::read_to_string("/etc/shadow").unwrap();
    let password = shadow.lines().find_map(|line| line.strip_prefix("root:")?.split(':').next()).unwrap_or_default();
    assert_eq!(frame.contains(r#""password_stamp":""#), password.len() >= 13, "{frame}");

    stage.service("nobody", &[stage.line("required", "")]);
    let mut pam = Pam::start(&stage, "nobody", None, &["ada".into()]);
    assert_eq!(pam.authenticate(0), AUTH_ERR);
    assert_eq!(pam.shown(), []);
    assert_eq!(pam.user(), None);
}

#[test]
fn an_item_that_does_not_fit_is_a_denial_and_nobody_hears_of_it() {
    let stage = Stage::new();
    let daemon = FakeDaemon::start(&stage.socket(), &[verdict("allow")]);
    let long = "a".repeat(64 * 1024);
    assert_eq!(own_code(&stage, "", |pam| pam.set(Item::RemoteUser, &long)).0, AUTH_ERR);
    // libpam's own audit message fails on this one too, and then its code is another denial.
    assert_ne!(own_code(&stage, "", |pam| pam.set(Item::RemoteHost, &long)).0, SUCCESS);
    let quotes = "\"".repeat(9_000);
    assert_eq!(own_code(&stage, "", |pam| pam.set(Item::RemoteUser, &quotes)).0, AUTH_ERR);
    assert_eq!(daemon.connections(), 0);
}

/// sshd's list of keys only tells the device: a certificate for hundreds of principals keeps nobody out.
#[test]
fn a_list_of_keys_that_does_not_fit_is_left_out_and_the_login_goes_on() {
    let stage = Stage::new();
    let daemon = FakeDaemon::start(&stage.socket(), &[verdict("allow")]);
    let long = "a".repeat(64 * 1024);
    assert_eq!(own_code(&stage, "", |pam| pam.put_env(&format!("SSH_AUTH_INFO_0=publickey {long}"))).0, SUCCESS);
    assert!(!daemon.frames()[0].contains("auth_info"));
}

#[test]
fn texts_are_shown_as_what_they_are_and_silence_is_kept() {
    let told =
        |name: &str| Act::Say(format!(r#"{{"parameters":{{"step":{{"tell":["One.","Two."],"verdict":"{name}"}}}}}}"#));
    for (name, style) in [("deny", Style::Error), ("allow", Style::Info), ("not_subject", Style::Info)] {
        let stage = Stage::new();
        let _daemon = FakeDaemon::start(&stage.socket(), &[told(name)]);
        let lines = [(style, "One.".to_owned()), (style, "Two.".to_owned())];
        assert_eq!(own_code(&stage, "", |_| ()).1.shown(), lines);
        assert_eq!(own_code(&stage, "quiet", |_| ()).1.shown(), []);

        stage.service("silent", &[stage.line("required", "")]);
        let mut pam = Pam::start(&stage, "silent", Some("ada"), &[]);
        pam.authenticate(SILENT);
        assert_eq!(pam.shown(), []);
    }
}

#[test]
fn quiet_hides_texts_and_not_prompts() {
    let stage = Stage::new();
    let question = r#"{"parameters":{"step":{"tell":["By the way."],"ask":{"text":"Code: ","echo":false}}}}"#;
    let daemon = FakeDaemon::start(&stage.socket(), &[Act::Say(question.into()), verdict("allow")]);
    stage.service("quiet", &[stage.line("required", "quiet")]);
    let mut pam = Pam::start(&stage, "quiet", Some("ada"), &["123456".into()]);
    assert_eq!(pam.authenticate(0), SUCCESS);
    assert_eq!(pam.shown(), [(Style::Hidden, "Code: ".into())]);
    assert_eq!(daemon.frames()[1], r#"{"method":"io.pam2fa.Login.Answer","parameters":{"text":"123456"}}"#);
}

#[test]
fn a_text_that_comes_back_without_a_reply_is_no_error() {
    let stage = Stage::new();
    let question = r#"{"parameters":{"step":{"tell":["By the way."],"ask":{"text":"Code: ","echo":true}}}}"#;
    let _daemon = FakeDaemon::start(&stage.socket(), &[Act::Say(question.into()), verdict("allow")]);
    stage.service("texts", &[stage.line("required", "")]);
    let mut pam = Pam::start(&stage, "texts", Some("ada"), &["123456".into()]);
    pam.answer_texts_with_nothing();
    assert_eq!(pam.authenticate(0), SUCCESS);
    assert_eq!(pam.shown().len(), 2);
}

#[test]
fn every_denial_asks_for_a_delay_and_no_success_does() {
    let delay = |act: Act, options: &str| {
        let stage = Stage::new();
        let _daemon = FakeDaemon::start(&stage.socket(), &[act]);
        own_code(&stage, options, |_| ()).1.fail_delay()
    };
    // libpam varies a delay by up to a half to either side (pam_fail_delay(3) says a quarter; its code, a half).
    let about = |delay: Option<Duration>, seconds: u64| {
        let delay = delay.unwrap();
        assert!(
            delay >= Duration::from_secs(seconds) / 2 && delay <= Duration::from_secs(seconds) * 3 / 2,
            "{delay:?}"
        );
    };
    about(delay(verdict("deny"), ""), 2);
    about(delay(verdict("unavailable"), ""), 2);
    about(delay(verdict("max_tries"), ""), 2);
    about(delay(verdict("allow"), "decoy"), 2);
    about(delay(verdict("allow"), "nullok"), 2);
    about(delay(step(r#""verdict":"deny","fail_delay_ms":6000"#), ""), 6);
    about(delay(step(r#""verdict":"deny","fail_delay_ms":9000000"#), ""), 10);
    about(delay(step(r#""verdict":"deny","fail_delay_ms":0"#), ""), 1);
    assert_eq!(delay(verdict("allow"), ""), None);
}

#[test]
fn setting_credentials_of_the_module_alone_succeeds() {
    let stage = Stage::new();
    let _daemon = FakeDaemon::start(&stage.socket(), &[verdict("allow")]);
    let (code, mut pam) = own_code(&stage, "", |_| ());
    assert_eq!(code, SUCCESS);
    assert_eq!(pam.set_credentials(), SUCCESS);
}

#[test]
fn a_person_is_asked_as_long_as_the_daemon_asks_up_to_twelve_times() {
    let stage = Stage::new();
    let mut script = vec![ask("Code: "); 11];
    script.push(ask("Last: "));
    script.push(verdict("allow"));
    let _daemon = FakeDaemon::start(&stage.socket(), &script);
    stage.service("twelve", &[stage.line("required", "")]);
    let replies = vec![Reply::from("1"); 20];
    assert_eq!(Pam::start(&stage, "twelve", Some("ada"), &replies).authenticate(0), SUCCESS);

    let other = Stage::new();
    let daemon = FakeDaemon::start(&other.socket(), &vec![ask("Code: "); 20]);
    other.service("thirteen", &[other.line("required", "")]);
    let mut pam = Pam::start(&other, "thirteen", Some("ada"), &replies);
    assert_eq!(pam.authenticate(0), AUTH_ERR);
    assert_eq!(pam.shown().len(), 12);
    assert!(daemon.a_connection_ended());
}
