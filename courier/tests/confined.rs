//! The courier confined as it is when it serves (`pam-2fa-confine`): it finds servers by name, believes certificates, and delivers. By a
//! child of the test, which can be confined only once.

mod common;

use common::{LONG, carrier, mail_with_auth, send};
use e2e::smtp::Server;
use e2e::smtp::script::{Port, Script};
use pam_2fa_confine::{Daemon, confine};
use pam_2fa_protocol::courier::{Class, Mail, Reason, Tls};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const CHILD: &str = "child_that_delivers_while_it_is_confined";

#[test]
fn confined_the_courier_finds_servers_by_name_believes_certificates_and_delivers() {
    let here = tempfile::tempdir().unwrap();
    std::fs::write(here.path().join(CHILD), "").unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", CHILD, "--ignored", "--nocapture"])
        .current_dir(&here)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("delivered\n"), "{said}{}", String::from_utf8_lossy(&child.stderr));
}

#[test]
#[ignore = "a child of the tests here, not a test"]
fn child_that_delivers_while_it_is_confined() {
    if !Path::new(CHILD).exists() {
        return;
    }
    // The server is there before, and needs nothing that is taken.
    let server = Server::start(Port::Implicit, Script::accepting());
    let mail = mail_with_auth(&server, Tls::Implicit);
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    std::fs::copy(mail.ca_file.as_ref().unwrap(), elsewhere.path()).unwrap();
    let refused =
        Mail { ca_file: Some(elsewhere.path().display().to_string()), ..mail_with_auth(&server, Tls::Implicit) };
    let missing = confine(Daemon::Courier, &[Path::new(common::folder())], &[]);
    assert_eq!(missing, [""; 0]);
    // The threads that look names up are started now, as in the daemon.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let carrier = carrier();
        let outcome = carrier.carry(&send(mail, LONG), None).await;
        assert_eq!(outcome.class, Class::Accepted, "{outcome:?}");
        let outcome = carrier.carry(&send(refused, LONG), None).await;
        assert_eq!((&outcome.class, &outcome.reason), (&Class::Rejected, &Some(Reason::Config)), "{outcome:?}");
        assert!(outcome.said.contains("/etc"), "it says where such a file is read: {outcome:?}");
    });
    assert_eq!(server.seen().mails.len(), 1);
    assert!(std::fs::write("new", "").is_err(), "it writes nothing");
    let sandbox = courier::sandbox::own("courier");
    for name in ["own_filter", "landlock"] {
        assert!(sandbox.measures.iter().any(|measure| measure.name == name && measure.on), "{name}: {sandbox:?}");
    }
    std::io::stdout().write_all(b"delivered\n").unwrap();
}
