//! A real cockpit-ws with its cockpit-session, and a browser's side of its login: `doc/authentication.md` of Cockpit.

#![expect(clippy::expect_used, reason = "a stage that cannot be set fails the test")]

use crate::ns;
use crate::programs::{Programs, Server};
use crate::wait;
use data_encoding::BASE64;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;

const WS: &str = "/usr/lib/cockpit/cockpit-ws";

/// A cockpit-ws without TLS.
pub struct Cockpit {
    _server: Server,
    address: String,
    port: u16,
}

/// What came of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A further question: the conversation's id, the prompt, and what else there is (`message`, `error`, `echo`).
    Asked {
        /// Goes back with the reply.
        id: String,
        /// The text.
        prompt: String,
        /// The body, JSON.
        more: Value,
    },
    /// Logged in; the cookie.
    In(String),
    /// Refused: the status line.
    Refused(String),
}

impl Cockpit {
    /// Starts it on the loopback, over the stacks of `programs`.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(programs: &Programs) -> Self {
        Self::start_on(programs, "127.0.0.1")
    }

    /// Starts it on an address of this host, which browsers then come from, too.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start_on(programs: &Programs, address: &str) -> Self {
        let port = 20_000_u16.checked_add(ns::next_number()).expect("a port");
        let words = [WS, "--no-tls", "--address", address, "--port", &port.to_string()];
        let server = programs.serve(&words, || TcpStream::connect((address, port)).is_ok());
        Self { _server: server, address: address.to_owned(), port }
    }

    /// The first step: name and password, as the login page sends them.
    #[must_use]
    pub fn log_in(&self, user: &str, password: &str) -> Answer {
        self.request("/cockpit/login", &format!("Authorization: Basic {}", encode(&format!("{user}:{password}"))))
    }

    /// The reply to a question.
    #[must_use]
    pub fn reply(&self, id: &str, text: &str) -> Answer {
        self.request("/cockpit/login", &format!("Authorization: X-Conversation {id} {}", encode(text)))
    }

    /// Whether a cookie is worth anything: a page that only those get who are logged in.
    #[must_use]
    pub fn knows(&self, cookie: &str) -> bool {
        matches!(self.request("/cockpit/login", &format!("Cookie: {cookie}")), Answer::In(_))
    }

    fn request(&self, path: &str, header: &str) -> Answer {
        let mut connection = TcpStream::connect((self.address.as_str(), self.port)).expect("connect to cockpit-ws");
        connection.set_read_timeout(Some(wait::PATIENCE)).expect("bound the wait for cockpit-ws");
        let request = format!(
            "GET {path} HTTP/1.0\r\nHost: {}:{}\r\n{header}\r\nConnection: close\r\n\r\n",
            self.address, self.port
        );
        connection.write_all(request.as_bytes()).expect("write to cockpit-ws");
        let mut bytes = Vec::new();
        connection.read_to_end(&mut bytes).expect("read from cockpit-ws");
        answer(&String::from_utf8_lossy(&bytes))
    }
}

fn encode(text: &str) -> String {
    BASE64.encode(text.as_bytes())
}

fn answer(text: &str) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let status = head.lines().next().unwrap_or_default().to_owned();
    let header = |name: &str| {
        let mut pairs = head.lines().filter_map(|line| line.split_once(": "));
        pairs.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    if status.contains(" 200 ") {
        let cookie = header("Set-Cookie").unwrap_or_default();
        return Answer::In(cookie.split(';').next().unwrap_or_default().to_owned());
    }
    let challenge = header("WWW-Authenticate").unwrap_or_default();
    match challenge.strip_prefix("X-Conversation ").and_then(|rest| rest.split_once(' ')) {
        Some((id, prompt)) => {
            let prompt = BASE64.decode(prompt.trim().as_bytes()).expect("a prompt in base64");
            // In one chunk: its length stands in a line before, and a last one behind.
            let object = body.find('{').zip(body.rfind('}')).and_then(|(from, to)| body.get(from..=to));
            let more = object.and_then(|object| serde_json::from_str(object).ok()).unwrap_or(Value::Null);
            Answer::Asked { id: id.to_owned(), prompt: String::from_utf8_lossy(&prompt).into_owned(), more }
        }
        None => Answer::Refused(status),
    }
}
