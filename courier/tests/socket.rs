//! `courier.sock` as configd, and whoever is not configd, meets it: the daemon itself, as a process.

mod common;

use common::daemon::{Caller, Daemon, Folder, Socket, command, error, held, is_root, readable, until};
use common::{CODE, LONG, PASSWORD, mail, mail_with_auth, send, skipped};
use e2e::smtp::Server;
use e2e::smtp::script::{At, Play, Port, Script};
use pam_2fa_protocol::courier::{Class, Mail, Reason, SEND, Send, Tls};
use pam_2fa_protocol::frame::terminated;
use pam_2fa_protocol::wire::{More, encode_call};
use pam_2fa_protocol::{MAX_FRAME, Secret};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;

#[test]
fn a_send_is_answered_with_its_steps_where_they_are_wanted_and_with_one_reply_where_not() {
    let daemon = Daemon::start();
    let server = Server::start(Port::Implicit, Script::accepting().wanting_auth());
    let mut caller = daemon.call();
    caller.send(&send(readable(&daemon, &server, Tls::Implicit), LONG), More::Yes);
    let (steps, outcome) = caller.outcome();
    assert_eq!(outcome.class, Class::Accepted, "{outcome:?}");
    assert_eq!(steps.len(), 5, "{steps:?}");
    caller.send(&send(readable(&daemon, &server, Tls::Implicit), LONG), More::No);
    let (steps, outcome) = caller.outcome();
    assert_eq!((outcome.class, steps.len()), (Class::Accepted, 0));
    assert_eq!(server.seen().mails.len(), 2);
}

#[test]
fn nobody_but_configd_is_answered_and_not_a_byte_of_theirs_is_read() {
    if !is_root() {
        skipped("it takes root to have two users");
        return;
    }
    let daemon = Daemon::start_with(Folder::new(), &["--peer", "daemon"], Socket::Made);
    let server = Server::start(Port::Implicit, Script::accepting());
    // Root is not configd either.
    let mut silent = daemon.call();
    assert_eq!(error(silent.hear()), "io.pam2fa.Courier.NotPermitted");
    assert_eq!(silent.hear(), None);
    let mut caller = daemon.call();
    let frame = encode_call(SEND, &send(readable(&daemon, &server, Tls::Implicit), LONG), More::No).unwrap();
    // The daemon may have answered and closed before this is written.
    let _ = caller.write(&terminated(&frame).unwrap());
    assert_eq!(error(caller.hear()), "io.pam2fa.Courier.NotPermitted");
    assert_eq!(caller.hear(), None);
    assert_eq!(server.seen().connections, 0);
}

#[test]
fn it_says_what_it_is_to_whoever_may_ask() {
    let daemon = Daemon::start();
    let mut caller = daemon.call();
    caller.say(r#"{"method":"org.varlink.service.GetInfo"}"#);
    let info = caller.hear().unwrap();
    assert_eq!(info["parameters"]["interfaces"][1], "io.pam2fa.Courier");
    caller.say(
        r#"{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"io.pam2fa.Courier"}}"#,
    );
    assert!(caller.hear().unwrap()["parameters"]["description"].as_str().unwrap().contains("method Send("));
    caller.say(r#"{"method":"io.pam2fa.Courier.Steal"}"#);
    assert_eq!(error(caller.hear()), "org.varlink.service.MethodNotFound");
}

#[test]
fn a_send_that_makes_no_sense_is_an_invalid_parameter_and_the_connection_goes_on() {
    let daemon = Daemon::start();
    let server = Server::start(Port::Implicit, Script::accepting());
    let mut caller = daemon.call();
    let good = || send(mail(&server, Tls::Implicit), LONG);
    let sms = || serde_json::from_str(&text_message()).unwrap();
    for (bad, parameter) in [
        (Send { mail: None, ..good() }, "mail"),
        (Send { sms: Some(sms()), ..good() }, "mail"),
        (Send { id: String::new(), ..good() }, "id"),
        (Send { id: "a b".into(), ..good() }, "id"),
        (Send { id: "a\u{1b}".into(), ..good() }, "id"),
        (Send { id: "x".repeat(129), ..good() }, "id"),
        (Send { attempt: 0, ..good() }, "attempt"),
        (Send { deadline_ms: 0, ..good() }, "deadline_ms"),
        (Send { deadline_ms: -1, ..good() }, "deadline_ms"),
    ] {
        caller.send(&bad, More::No);
        let reply = caller.hear().unwrap();
        assert_eq!(reply["error"], "org.varlink.service.InvalidParameter", "{bad:?}: {reply}");
        assert_eq!(reply["parameters"]["parameter"], parameter, "{bad:?}");
    }
    caller.say(r#"{"method":"io.pam2fa.Courier.Send","parameters":{"id":7}}"#);
    assert_eq!(error(caller.hear()), "org.varlink.service.InvalidParameter");
    assert_eq!(server.seen().connections, 0);
}

fn text_message() -> String {
    format!(r#"{{"provider":"nowhere","account":{{}},"to":"+15550100","text":"{CODE}","code":"{CODE}","tag":"7F"}}"#)
}

#[test]
fn a_text_message_by_a_provider_without_a_file_is_refused_in_plain_words() {
    let daemon = Daemon::start();
    let mut caller = daemon.call();
    let server = Server::start(Port::Implicit, Script::accepting());
    let sms = Some(serde_json::from_str(&text_message()).unwrap());
    caller.send(&Send { mail: None, sms, ..send(mail(&server, Tls::Implicit), LONG) }, More::No);
    let (_, outcome) = caller.outcome();
    assert_eq!((outcome.class, outcome.reason), (Class::Rejected, Some(Reason::Config)));
    assert!(outcome.said.starts_with("sms.provider: there is no nowhere.toml in "), "{outcome:?}");
}

#[test]
fn a_frame_that_is_too_long_or_none_or_wants_no_answer_ends_the_connection() {
    let daemon = Daemon::start();
    let mut endless = vec![b' '; MAX_FRAME];
    endless.push(0);
    let one_way = br#"{"method":"org.varlink.service.GetInfo","oneway":true}"#;
    for bytes in [&endless[..], b"{]\0", b"\0", b"[]\0", b"\xff\xff\xff\xff\0", &[&one_way[..], b"\0"].concat()] {
        let mut caller = daemon.call();
        // The daemon may have closed before all of it is written.
        let _ = caller.write(bytes);
        assert_eq!(caller.hear(), None);
    }
    let mut caller = daemon.call();
    caller.ask_for_info();
}

#[test]
fn whoever_sends_no_whole_frame_is_left_after_five_seconds() {
    let daemon = Daemon::start();
    let (mut silent, mut half) = (daemon.call(), daemon.call());
    half.write(b"{\"method\":").unwrap();
    assert_eq!(half.hear(), None);
    assert_eq!(silent.hear(), None);
    // One more answer, and the lines before it are written.
    daemon.call().ask_for_info();
    assert_eq!(daemon.log().matches("no whole frame in time").count(), 2, "{}", daemon.log());
}

#[test]
fn calls_that_come_during_a_send_are_answered_in_turn_and_a_flood_of_them_is_not() {
    let daemon = Daemon::start();
    let (gate, server) = held();
    let info = "{\"method\":\"org.varlink.service.GetInfo\"}\0";
    let mut caller = daemon.call();
    caller.send(&send(readable(&daemon, &server, Tls::Implicit), LONG), More::No);
    caller.write(info.repeat(2).as_bytes()).unwrap();
    gate.add_permits(1);
    assert_eq!(caller.outcome().1.class, Class::Accepted);
    assert!(caller.hear().unwrap()["parameters"]["product"].is_string());
    assert!(caller.hear().unwrap()["parameters"]["product"].is_string());

    let mut flood = daemon.call();
    flood.send(&send(readable(&daemon, &server, Tls::Implicit), LONG), More::No);
    let _ = flood.write(info.repeat(2 * MAX_FRAME / info.len()).as_bytes());
    while let Some(reply) = flood.hear() {
        assert!(reply["parameters"]["product"].is_null(), "{reply}");
    }
    daemon.call().ask_for_info();
    assert!(daemon.log().contains("more calls during a send"), "{}", daemon.log());
}

#[test]
fn whoever_hangs_up_cancels_the_send_and_its_connection_is_never_used_again() {
    let daemon = Daemon::start();
    let server = Server::start(Port::Implicit, Script::accepting().once(At::Dot, Play::Hang));
    let mut caller = daemon.call();
    caller.send(&send(readable(&daemon, &server, Tls::Implicit), LONG), More::No);
    until(&server, |seen| seen.mails.len() == 1);
    drop(caller);
    until(&server, |seen| seen.ended == 1);
    let mut again = daemon.call();
    again.send(&send(readable(&daemon, &server, Tls::Implicit), LONG), More::No);
    assert_eq!(again.outcome().1.class, Class::Accepted);
    assert_eq!(server.seen().connections, 2);
    assert!(daemon.log().contains("hung up during a send"), "{}", daemon.log());
}

#[test]
fn a_daemon_that_is_stopped_lets_a_send_under_way_end() {
    let mut daemon = Daemon::start();
    let (gate, server) = held();
    let mut caller = daemon.call();
    let mut idle = daemon.call();
    idle.ask_for_info();
    caller.send(&send(readable(&daemon, &server, Tls::Implicit), LONG), More::No);
    until(&server, |seen| seen.mails.len() == 1);
    daemon.terminate();
    daemon.expect_notice("STOPPING=1");
    assert_eq!(idle.hear(), None, "who is idle is let go at once");
    gate.add_permits(1);
    assert_eq!(caller.outcome().1.class, Class::Accepted);
    assert_eq!(caller.hear(), None);
    assert!(daemon.wait().success());
}

#[test]
fn a_daemon_that_is_stopped_does_not_wait_for_ever() {
    let mut daemon = Daemon::start();
    let (_gate, server) = held();
    let mut caller = daemon.call();
    caller.send(&send(readable(&daemon, &server, Tls::Implicit), LONG), More::No);
    until(&server, |seen| seen.mails.len() == 1);
    daemon.terminate();
    assert!(daemon.wait().success());
    assert_eq!(caller.hear(), None);
    assert!(daemon.log().contains("stopped with sends under way"), "{}", daemon.log());
}

#[test]
fn the_log_holds_no_code_no_password_and_no_address() {
    let daemon = Daemon::start();
    let echo = |code: &str| Play::line(&format!("{code} {CODE} {PASSWORD} <ada@example.com> \u{1b}[31m"));
    let script =
        Script::accepting().once(At::Greeting, echo("220")).once(At::Dot, echo("250")).once(At::Dot, echo("550"));
    let server = Server::start(Port::Implicit, script);
    let mut caller = daemon.call();
    for expected in [Class::Accepted, Class::Rejected] {
        caller.send(&send(readable(&daemon, &server, Tls::Implicit), LONG), More::Yes);
        assert_eq!(caller.outcome().1.class, expected);
    }
    let hostile = Mail {
        subject: format!("{CODE}\u{7}"),
        to: "eve@example.net\u{7}".into(),
        ..readable(&daemon, &server, Tls::Implicit)
    };
    caller.send(&send(hostile, LONG), More::No);
    assert_eq!(caller.outcome().1.class, Class::Rejected);
    caller.say(&format!(
        r#"{{"method":"io.pam2fa.Courier.Send","parameters":{{"id":"{PASSWORD}","attempt":"{CODE}"}}}}"#
    ));
    assert_eq!(error(caller.hear()), "org.varlink.service.InvalidParameter");
    let log = daemon.log();
    assert!(log.contains("message accepted") && log.contains("message not accepted"), "{log}");
    for secret in [CODE, PASSWORD, "ada@example.com", "eve@", "\u{1b}[31m", "\u{7}"] {
        assert!(!log.contains(secret), "{secret:?} in {log}");
    }
    assert!(log.contains("a***@example.com"), "{log}");
}

#[test]
fn the_environment_decides_nothing() {
    let folder = Folder::new();
    let server = Server::start(Port::Implicit, Script::accepting());
    let ca_file = server.authority.write(&folder.0);
    let (mut command, notified) = command(&folder.0, &["--peer", "root"], Socket::Made);
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        command.env(name, if name.ends_with("FILE") { ca_file.as_path() } else { folder.0.as_path() });
    }
    for name in ["http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"] {
        command.env(name, "http://192.0.2.1:1");
    }
    command.env("SSLKEYLOGFILE", folder.0.join("keys")).env("RUST_LOG", "trace");
    let mut child = command.spawn().unwrap();
    notified.recv(&mut [0; 64]).unwrap();
    let mut caller = Caller::connect(&folder.0.join("courier.sock"));
    caller.send(&send(Mail { ca_file: None, ..mail_with_auth(&server, Tls::Implicit) }, LONG), More::No);
    let (_, refused) = caller.outcome();
    let known = Some(ca_file.to_str().unwrap().to_owned());
    caller.send(&send(Mail { ca_file: known, ..mail_with_auth(&server, Tls::Implicit) }, LONG), More::No);
    let (_, accepted) = caller.outcome();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_ne!(refused.class, Class::Accepted, "whom to trust came from the environment");
    assert_eq!(accepted.class, Class::Accepted, "{accepted:?}");
    assert!(!folder.0.join("keys").exists());
    assert!(!std::fs::read_to_string(folder.0.join("log")).unwrap().contains("TRACE"));
}

#[test]
fn the_socket_is_configds_and_a_stale_one_is_replaced() {
    let folder = Folder::new();
    let path = folder.0.join("courier.sock");
    drop(UnixListener::bind(&path).unwrap());
    let daemon = Daemon::start_with(folder, &["--peer", "root"], Socket::Made);
    let found = std::fs::symlink_metadata(&path).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.permissions().mode() & 0o7777, 0o660);
    if is_root() {
        assert_eq!((found.uid(), found.gid()), (0, 0), "root's, and of the group of --peer");
    }
    let mut caller = daemon.call();
    caller.ask_for_info();
}

#[test]
fn what_is_no_socket_or_is_served_is_left_alone() {
    let daemon = Daemon::start();
    let second = || {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_courier"))
            .args(if is_root() { &["--user", "nobody", "--peer", "root"][..] } else { &[] })
            .arg("--runtime-dir")
            .arg(&daemon.folder.0)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, log) = second();
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("another courier serves it"), "{log}");
    assert!(daemon.call().write(b"\0").is_ok(), "the first goes on");

    std::fs::remove_file(daemon.socket()).unwrap();
    std::fs::write(daemon.socket(), "precious").unwrap();
    let (code, log) = second();
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("not a socket"), "{log}");
    assert_eq!(std::fs::read_to_string(daemon.socket()).unwrap(), "precious");
}

#[test]
fn a_socket_from_the_service_manager_is_served() {
    let mut daemon = Daemon::start_with(Folder::new(), &["--peer", "root"], Socket::HandedOver);
    if is_root() {
        let mut caller = daemon.call();
        caller.ask_for_info();
    } else {
        // Who handed it over is not who may call: only --peer is.
        assert_eq!(error(daemon.call().hear()), "io.pam2fa.Courier.NotPermitted");
    }
    daemon.terminate();
    assert!(daemon.wait().success());
    assert!(daemon.socket().exists(), "it is systemd's to remove");
}

#[test]
fn the_watchdog_is_fed() {
    let folder = Folder::new();
    let (mut command, notified) = command(&folder.0, &["--peer", "root"], Socket::Made);
    let mut child = command.env("WATCHDOG_USEC", "100000").spawn().unwrap();
    let mut fed = 0;
    while fed < 3 {
        let mut buffer = [0; 64];
        let length = notified.recv(&mut buffer).unwrap();
        fed += usize::from(buffer[..length].starts_with(b"WATCHDOG=1"));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn root_is_given_up_for_good() {
    if !is_root() {
        skipped("it takes root to give it up");
        return;
    }
    for socket in [Socket::Made, Socket::HandedOver] {
        let daemon = Daemon::start_with(Folder::new(), &["--peer", "root"], socket);
        let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
        assert_eq!(field("Uid:"), vec![nobody.uid.to_string(); 4]);
        assert_eq!(field("Gid:"), vec![nobody.gid.to_string(); 4]);
        assert_eq!(field("Groups:"), [nobody.gid.to_string()]);
        assert_eq!(field("NoNewPrivs:"), ["1"]);
        for set in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
            assert_eq!(field(set), ["0000000000000000"], "{set}");
        }
        assert_eq!(field("Umask:"), ["0077"]);
        // Whose files /proc/PID has is what PR_SET_DUMPABLE decides.
        assert_eq!(std::fs::metadata(format!("/proc/{}/environ", daemon.pid())).unwrap().uid(), 0);
    }
}

#[test]
fn a_start_that_cannot_be_says_why() {
    let folder = Folder::new();
    for (args, code, why) in [
        (["--user", "no-such-user"], 1, "no user no-such-user; make it with systemd-sysusers"),
        (["--user", "root"], 1, "--user root is root"),
        (["--colour", "blue"], 2, "unknown option --colour"),
    ] {
        if code == 1 && !is_root() {
            skipped("options that are for root only");
            continue;
        }
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_courier"))
            .args(["--peer", "root", "--runtime-dir"])
            .arg(&folder.0)
            .args(args)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn a_sixty_fifth_connection_waits_for_its_turn() {
    let daemon = Daemon::start();
    let info = r#"{"method":"org.varlink.service.GetInfo"}"#;
    let mut callers: Vec<Caller> = (0..64).map(|_| daemon.call()).collect();
    for caller in &mut callers {
        caller.ask_for_info();
    }
    let mut waiting = daemon.call();
    waiting.say(info);
    assert!(!waiting.is_answered(), "64 are served at once");
    drop(callers.pop());
    assert!(waiting.hear().is_some());
}

#[test]
fn a_password_or_code_is_no_part_of_what_debug_prints() {
    let server = Server::start(Port::Implicit, Script::accepting());
    let mail = Mail { password: Some(Secret::new(PASSWORD.into())), ..mail(&server, Tls::Implicit) };
    let shown = format!("{:?}", send(mail, LONG));
    assert!(!shown.contains(CODE) && !shown.contains(PASSWORD), "{shown}");
}
