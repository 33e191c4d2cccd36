//! Logins over a real ssh whose code goes to a mail server that plays faults: both daemons are the real ones, the server is the
//! scripted one of `e2e::smtp`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

use e2e::smtp::Server;
use e2e::smtp::authority::Proof;
use e2e::smtp::script::{At, Play, Port, Script, Seen};
use e2e::world::{Plan, World, text_of};
use e2e::{ns, wait};

/// A world whose mail goes to `server`.
fn world_with(server: &Server, tls: &str, more: &str) -> World {
    let ca_file = server.ca_file(ns::folder("authority").to_str().unwrap());
    let lines = format!("server = \"localhost\"\nport = {}\ntls = \"{tls}\"", server.address.port());
    Plan::default().mail_server(&lines).ca_file(&ca_file).settings(more).start()
}

fn wait_for(server: &Server, what: &str, wanted: impl Fn(&Seen) -> bool) -> Seen {
    wait::until(what, || {
        let seen = server.seen();
        wanted(&seen).then_some(seen)
    })
}

/// The code in the `number`th message that the server was shown.
fn code_in(seen: &Seen, number: usize) -> String {
    let text = String::from_utf8_lossy(&seen.mails.get(number).unwrap().bytes).into_owned();
    let body = text.split_once("\r\n\r\n").unwrap().1;
    body.chars().take(6).collect()
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_message_that_is_put_off_comes_again_with_the_same_code() {
    let busy = || Play::line("451 4.7.1 greylisted, try again later");
    let script = Script::accepting().once(At::Dot, busy());
    let server = Server::start(Port::Implicit, script);
    let world = world_with(&server, "implicit", "");
    let ada = world.person("ada");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    let seen = wait_for(&server, "the message to be tried again", |seen| seen.mails.len() == 2);
    assert!(!seen.mails[0].accepted && seen.mails[1].accepted, "{seen:?}");
    assert_eq!(code_in(&seen, 0), code_in(&seen, 1));
    ssh.type_line(&code_in(&seen, 1));
    ssh.prove_shell();
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn to_a_server_with_a_bad_certificate_nothing_is_said_and_the_administrator_is_told() {
    for proof in [Proof::UnknownAuthority, Proof::WrongName, Proof::Expired] {
        let server = Server::with_proof(Port::Implicit, proof, Script::accepting());
        let world = world_with(&server, "implicit", "");
        let ada = world.person("ada");
        let mut ssh = world.ssh(&ada).open_with_password();
        ssh.wait_for_code_prompt();
        let status = wait::until("the failure to be in `status`", || {
            let status = text_of(&world.command(&["status"]));
            status.contains("certificate").then_some(status)
        });
        assert!(status.contains("degraded"), "{proof:?}: {status}");
        let seen = server.seen();
        assert!(seen.lines.is_empty() && seen.mails.is_empty(), "{proof:?}: {seen:?}");
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_refused_password_is_tried_once_and_not_hammered() {
    let script = Script::accepting().wanting_auth().always(At::Auth, Play::line("535 5.7.8 bad credentials"));
    let server = Server::start(Port::Implicit, script);
    let world = world_with(&server, "implicit", "");
    let ada = world.person("ada");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    let status = wait::until("the refusal to be in `status`", || {
        let status = text_of(&world.command(&["status"]));
        // The digits alone may be in a size or an id.
        status.contains("535 5.7.8").then_some(status)
    });
    assert!(status.contains("degraded") && !status.contains("pw123"), "{status}");
    ssh.type_line("what now?");
    ssh.wait_for("The code could not be sent to a***@example.test");
    assert_eq!(server.seen().count("AUTH"), 1, "{:?}", server.seen());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn starttls_that_is_stripped_or_injected_into_carries_nothing() {
    let stripped = Script::accepting().always(At::Ehlo, Play::line("250 localhost"));
    let injected = Script::accepting()
        .always(At::StartTls, Play::Say(b"220 go ahead\r\n250-localhost\r\n250 AUTH PLAIN\r\n".to_vec()));
    for script in [stripped, injected] {
        let server = Server::start(Port::StartTls, script);
        let world = world_with(&server, "starttls", "");
        let ada = world.person("ada");
        let mut ssh = world.ssh(&ada).open_with_password();
        ssh.wait_for_code_prompt();
        wait::until("the failure to be in `status`", || {
            text_of(&world.command(&["status"])).contains("the last message was not taken").then_some(())
        });
        let seen = server.seen();
        assert_eq!((seen.count("AUTH"), seen.count("MAIL"), seen.mails.len()), (0, 0, 0), "{seen:?}");
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn where_the_first_server_does_not_accept_the_backup_carries_the_code() {
    let first =
        Server::start(Port::Implicit, Script::accepting().always(At::Mail, Play::line("421 4.3.2 shutting down")));
    let second = Server::start(Port::Implicit, Script::accepting());
    let second_ca = second.ca_file(ns::folder("authority").to_str().unwrap());
    let backup = format!(
        "[[email.backup]]\nname = \"second\"\nserver = \"localhost\"\nport = {}\ntls = \"implicit\"\n\
         from = \"security@example.test\"\nca_file = \"{}\"\n",
        second.address.port(),
        second_ca.display()
    );
    let world = world_with(&first, "implicit", &backup);
    let ada = world.person("ada");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    let seen = wait_for(&second, "the backup to get the message", |seen| !seen.mails.is_empty());
    ssh.type_line(&code_in(&seen, 0));
    ssh.prove_shell();
    let status = text_of(&world.command(&["status"]));
    assert!(status.contains("421") && status.contains("email.backup.second"), "{status}");
}
