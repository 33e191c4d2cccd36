//! An SMS gateway on loopback, a stand-in for a gateway of one's own: it takes messages as `etc/providers/http.toml` describes,
//! remembers them, and plays faults. It runs in threads of its own and must never deliver anything.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's server: what it cannot do ends the test")]

use crate::wait;
use serde_json::Value;
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// The longest wait for something that a test expects to happen.
const PATIENCE: Duration = Duration::from_secs(30);
/// The token that a message must come with.
pub const TOKEN: &str = "gateway-token-5c1f";
/// The longest body that it reads.
const MAX_BODY: usize = 64 * 1024;

/// How it answers.
#[derive(Debug, Clone)]
pub enum Play {
    /// As a gateway of one's own does: 200 with an id for a message with the right token and all that it needs, else why not.
    Honest,
    /// This status, these header lines and this body.
    Say(u16, Vec<String>, String),
    /// 400, and all of the request as its answer.
    Echo,
    /// 302 to there.
    Redirect(String),
    /// 200 and a body without an end.
    Endless,
    /// 200 and headers without an end.
    EndlessHeaders,
    /// Nothing, for as long as the client stays.
    Silent,
    /// 200 and a body of a byte every half second, without an end.
    Drip,
    /// 200, the promise of a longer body, and the end in its middle.
    Cut,
    /// The end, with the request read.
    Close,
}

impl Play {
    /// A status and a body.
    #[must_use]
    pub fn say(status: u16, body: &str) -> Self {
        Self::Say(status, Vec::new(), body.to_owned())
    }
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// `POST /send HTTP/1.1`.
    pub line: String,
    /// Header names in small letters, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Arrived {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// A member of a JSON body.
    ///
    /// # Panics
    /// When the body is no JSON, or has no such text.
    #[must_use]
    pub fn member(&self, name: &str) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap();
        body.get(name).and_then(Value::as_str).unwrap_or_else(|| panic!("no {name} in {body}")).to_owned()
    }
}

/// A message that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The number it is for.
    pub to: String,
    /// Who it is from, where it says so.
    pub from: Option<String>,
    /// Its text.
    pub text: String,
}

#[derive(Default)]
struct State {
    script: VecDeque<Play>,
    arrived: Vec<Arrived>,
    taken: Vec<Message>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    ended: AtomicBool,
}

/// A running gateway; it ends when it is dropped.
pub struct Gateway {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

impl Message {
    /// The code: the first row of 6 to 8 digits in the text.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn code(&self) -> String {
        let mut rows = self.text.split(|c: char| !c.is_ascii_digit());
        let code = rows.find(|row| (6..=8).contains(&row.len()));
        code.unwrap_or_else(|| panic!("no code in {:?}", self.text)).to_owned()
    }
}

impl Gateway {
    /// Starts one that is honest.
    ///
    /// # Panics
    /// When it cannot listen.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.ended.load(Ordering::Relaxed) {
                    return;
                }
                let (Ok(stream), serving) = (stream, Arc::clone(&serving)) else { continue };
                // A connection that ends early is what many plays want.
                std::thread::spawn(move || attend(stream, &serving));
            }
        });
        Self { address, shared }
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/send", self.address)
    }

    /// Plays these, one for each request, and is honest again after that.
    ///
    /// # Panics
    /// When a thread of it has panicked.
    pub fn play(&self, plays: impl IntoIterator<Item = Play>) {
        self.shared.state.lock().unwrap().script.extend(plays);
    }

    /// All requests so far.
    ///
    /// # Panics
    /// When a thread of it has panicked.
    #[must_use]
    pub fn arrived(&self) -> Vec<Arrived> {
        self.shared.state.lock().unwrap().arrived.clone()
    }

    /// All messages that it said to have taken.
    ///
    /// # Panics
    /// When a thread of it has panicked.
    #[must_use]
    pub fn taken(&self) -> Vec<Message> {
        self.shared.state.lock().unwrap().taken.clone()
    }

    /// Waits until so many messages were taken.
    ///
    /// # Panics
    /// When they are not in time.
    #[must_use]
    pub fn until_taken(&self, count: usize) -> Vec<Message> {
        self.until(&format!("{count} messages taken"), |state| state.taken.len() >= count).taken.clone()
    }

    /// Waits until so many requests arrived.
    ///
    /// # Panics
    /// When they do not in time.
    #[must_use]
    pub fn until_arrived(&self, count: usize) -> Vec<Arrived> {
        self.until(&format!("{count} requests"), |state| state.arrived.len() >= count).arrived.clone()
    }

    fn until(&self, what: &str, wanted: impl Fn(&State) -> bool) -> std::sync::MutexGuard<'_, State> {
        let state = self.shared.state.lock().unwrap();
        let (state, waited) = self.shared.changed.wait_timeout_while(state, PATIENCE, |state| !wanted(state)).unwrap();
        assert!(!waited.timed_out(), "not in time: {what}; taken: {:?}", state.taken);
        state
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        // Wakes the listener, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

fn attend(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let Some(request) = read(&mut BufReader::new(stream.try_clone()?))? else { return Ok(()) };
    let play = {
        let mut state = shared.state.lock().unwrap();
        state.arrived.push(request.clone());
        state.script.pop_front().unwrap_or(Play::Honest)
    };
    shared.changed.notify_all();
    match play {
        Play::Honest => {
            let (status, body, message) = honest(&request);
            // Before the answer: whoever has heard it finds the message here.
            if let Some(message) = message {
                shared.state.lock().unwrap().taken.push(message);
                shared.changed.notify_all();
            }
            answer(&mut stream, status, &[], &body)?;
        }
        Play::Say(status, headers, body) => answer(&mut stream, status, &headers, &body)?,
        Play::Echo => answer(&mut stream, 400, &[], &echo(&request))?,
        Play::Redirect(to) => answer(&mut stream, 302, &[format!("Location: {to}")], "")?,
        Play::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"id\":\"")?;
            loop {
                stream.write_all(&[b'x'; 4096])?;
            }
        }
        Play::EndlessHeaders => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
            for number in 0_u64.. {
                stream.write_all(format!("X-{number}: {}\r\n", "x".repeat(1_000)).as_bytes())?;
            }
        }
        Play::Silent => while wait::read_again(&mut stream, &mut [0; 1024])? > 0 {},
        Play::Drip => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"id\":\"")?;
            stream.set_read_timeout(Some(Duration::from_millis(500)))?;
            loop {
                stream.write_all(b"x")?;
                if let Ok(0) = stream.read(&mut [0; 1]) {
                    return Ok(());
                }
            }
        }
        Play::Cut => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":\"1\"}")?,
        Play::Close => {}
    }
    Ok(())
}

/// A request; none where the client closes without one.
fn read(stream: &mut impl BufRead) -> io::Result<Option<Arrived>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        stream.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let mut body = vec![0; length.unwrap_or(0_usize).min(MAX_BODY)];
    stream.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body).into_owned();
    Ok(Some(Arrived { line: line.trim_end().to_owned(), headers, body }))
}

fn echo(request: &Arrived) -> String {
    let headers: String = request.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    format!("{}\n{headers}\n{}", request.line, request.body)
}

/// What a gateway of one's own answers.
fn honest(request: &Arrived) -> (u16, String, Option<Message>) {
    if request.header("authorization") != Some(&format!("Bearer {TOKEN}")) {
        return (401, String::from(r#"{"error":"credentials"}"#), None);
    }
    let body: Value = serde_json::from_str(&request.body).unwrap_or(Value::Null);
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    match (text("id"), text("to"), text("text")) {
        (Some(id), Some(to), Some(words)) => {
            let reply = serde_json::json!({ "id": format!("gw-{id}") }).to_string();
            (200, reply, Some(Message { to, from: text("from"), text: words }))
        }
        _ => (400, String::from(r#"{"error":"request"}"#), None),
    }
}

fn answer(stream: &mut TcpStream, status: u16, headers: &[String], body: &str) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} Status\r\nContent-Length: {}\r\n", body.len());
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    stream.write_all(format!("{head}Connection: close\r\n\r\n{body}").as_bytes())
}
