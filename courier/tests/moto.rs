//! Amazon's signature before somebody else's judge: moto, a server that plays Amazon SNS and checks every signature with Amazon's own
//! library (botocore). `scripts/python-tools` installs it; without it these tests fail.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "the tests' own helpers")]

mod common;

use common::assert_class;
use common::daemon::Daemon;
use common::texts::{carry, courier, text};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::courier::{Class, Outcome, Reason, Text};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const PATIENCE: Duration = Duration::from_secs(60);

/// A running moto, and the key of the one user it knows.
struct Moto {
    child: Child,
    address: SocketAddr,
    id: String,
    secret: String,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Moto {
    /// Started on a port of its own, with a user who may publish and nothing else.
    fn start() -> Self {
        let tools = Command::new(Path::new(ROOT).join("scripts/python-tools")).arg("--path").output().unwrap();
        assert!(tools.status.success(), "moto is missing: {}", String::from_utf8_lossy(&tools.stderr));
        let program = Path::new(String::from_utf8(tools.stdout).unwrap().trim()).join("moto_server");
        // The first three requests are let through, to make what the others are checked against.
        let mut child = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .env_clear()
            .envs([("PATH", "/usr/bin:/bin"), ("INITIAL_NO_AUTH_ACTION_COUNT", "3"), ("PYTHONUNBUFFERED", "1")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (tell, told) = channel();
        // Reads on to the end, so that moto never waits for a reader.
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if let Some((_, address)) = line.split_once("Running on http://") {
                    let _ = tell.send(address.trim().to_owned());
                }
            }
        });
        let mut moto = Self { child, address: ([127, 0, 0, 1], 0).into(), id: String::new(), secret: String::new() };
        moto.address = told.recv_timeout(PATIENCE).expect("moto does not start").parse().unwrap();
        moto.iam("Action=CreateUser&UserName=robot");
        let key = moto.iam("Action=CreateAccessKey&UserName=robot");
        (moto.id, moto.secret) = (within(&key, "AccessKeyId"), within(&key, "SecretAccessKey"));
        moto.iam(
            "Action=PutUserPolicy&UserName=robot&PolicyName=publish&PolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C\
             %22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sns%3APublish%22%2C%22Resource%22%3A%22*%22%7D%5D%7D",
        );
        moto
    }

    /// A request that nobody signs: what looks like a signature only says which service is meant.
    fn iam(&self, form: &str) -> String {
        let body = format!("{form}&Version=2010-05-08");
        let head = format!(
            "POST / HTTP/1.1\r\nHost: iam.amazonaws.com\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=none/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, \
             Signature=none\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
        reply
    }
}

/// What stands in an element.
fn within(xml: &str, name: &str) -> String {
    let (_, rest) = xml.split_once(&format!("<{name}>")).expect(xml);
    rest.split_once('<').unwrap().0.to_owned()
}

/// The shipped file.
fn shipped() -> String {
    std::fs::read_to_string(Path::new(ROOT).join("etc/providers/aws-sns.toml")).unwrap()
}

/// That file under another name, for a server here, with what it sends as the number.
fn file(id: &str, server: SocketAddr, number: &str) -> String {
    let (mut text, mut changed) = (String::new(), 0);
    for line in shipped().lines() {
        let instead = match line.split_once(" = ") {
            Some(("id", "\"aws-sns\"")) => Some(format!("id = \"{id}\"\nallow_http = \"loopback-or-private\"")),
            Some(("url", _)) => Some(format!("url = \"http://{server}/\"")),
            Some(("PhoneNumber", _)) => Some(format!("PhoneNumber = \"{number}\"")),
            Some(_) | None => None,
        };
        changed += usize::from(instead.is_some());
        text.push_str(instead.as_deref().unwrap_or(line));
        text.push('\n');
    }
    assert_eq!(changed, 3, "{text}");
    text
}

/// What a relay does to a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Relay {
    Faithful,
    Tampers,
}

/// A relay to `server` for one request.
fn relay(server: SocketAddr, relay: Relay) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut client = BufReader::new(listener.accept().unwrap().0);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(client.read_line(&mut head).unwrap(), 0, "{head}");
        }
        let length =
            head.to_ascii_lowercase().split_once("content-length: ").unwrap().1.split_once('\r').unwrap().0.parse();
        let mut body = vec![0; length.unwrap()];
        client.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        assert!(body.contains("%2B15550100"), "{body}");
        let body = if relay == Relay::Tampers { body.replace("%2B15550100", "%2B15550101") } else { body };
        let mut server = TcpStream::connect(server).unwrap();
        server.write_all(format!("{head}{body}").as_bytes()).unwrap();
        server.shutdown(Shutdown::Write).unwrap();
        let _ = std::io::copy(&mut server, client.get_mut());
    });
    address
}

/// A message through the file of that name, with characters that have to be encoded. (Not with * and ~: moto does not look at the bytes
/// of a form but at what it makes of its fields once more, and writes these two as Python does. `sign.rs` has them.)
fn publish(daemon: &Daemon, file: &str, id: &str, secret: &str) -> (Vec<String>, Outcome) {
    let account = [("region", "eu-west-1"), ("access_key_id", id), ("secret_access_key", secret)];
    let words = "491823 -._ +&=%/?#Grüße 한 \u{1f600}";
    let (steps, outcome) = carry(daemon, Text { text: Secret::new(words.into()), ..text(file, &account) });
    assert!(steps.iter().any(|step| step.contains(", signed as of 20")), "{steps:?}");
    assert!(!format!("{steps:?} {outcome:?} {}", daemon.log()).contains(secret), "{steps:?} {outcome:?}");
    (steps, outcome)
}

#[test]
fn a_server_that_checks_signatures_takes_ours_and_no_other() {
    let moto = Moto::start();
    let (faithful, tampers) = (relay(moto.address, Relay::Faithful), relay(moto.address, Relay::Tampers));
    let daemon = courier(&[
        ("aws-sns.toml", &file("aws-sns", moto.address, "{to}")),
        ("no-number.toml", &file("no-number", moto.address, "+{to}")),
        ("faithful.toml", &file("faithful", faithful, "{to}")),
        ("tampers.toml", &file("tampers", tampers, "{to}")),
    ]);
    let by = |file: &str| publish(&daemon, file, &moto.id, &moto.secret);

    let (steps, outcome) = by("aws-sns");
    assert_class(&outcome, Class::Accepted, None);
    let id = outcome.provider_id.expect("no id");
    assert!(id.len() == 36 && steps[1].contains(&format!("<MessageId>{id}</MessageId>")), "{id} {steps:?}");
    assert_class(&by("faithful").1, Class::Accepted, None);

    let refused = |outcome: &Outcome, code: &str| {
        assert_class(outcome, Class::AuthError, Some(Reason::Credentials));
        assert!(outcome.said.contains(&format!("<Code>{code}</Code>")), "{outcome:?}");
    };
    refused(&by("tampers").1, "SignatureDoesNotMatch");
    refused(
        &publish(&daemon, "aws-sns", &moto.id, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY").1,
        "SignatureDoesNotMatch",
    );
    refused(&publish(&daemon, "aws-sns", "AKIAIOSFODNN7EXAMPLE", &moto.secret).1, "InvalidClientTokenId");

    // moto takes for a number what we do: only a file that spoils it brings one that is refused.
    let outcome = by("no-number").1;
    assert!(outcome.said.contains("<Code>InvalidParameter</Code>"), "{outcome:?}");
    // SNS says the same where a region sends no text messages at all: it blames no number.
    assert_class(&outcome, Class::Rejected, Some(Reason::Request));
}
