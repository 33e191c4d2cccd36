//! The message centre that others wrote (`server.js`), in a process of its own that ends with this one.

use super::PASSWORD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// The longest wait for something that a test expects to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where `node_modules` is.
fn npm_tools() -> &'static str {
    static FOLDER: OnceLock<String> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/npm-tools");
        let output = Command::new(script).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success(),
            "this test needs the message centre of the npm package smpp; {script} says: {told}"
        );
        let folder = String::from_utf8(output.stdout).unwrap();
        PathBuf::from(folder.trim()).join("node_modules").to_str().unwrap().to_owned()
    })
}

/// A running centre.
pub(super) struct Centre {
    pub(super) address: SocketAddr,
    /// The statuses that the package knows, by name.
    pub(super) errors: BTreeMap<String, u32>,
    child: Child,
    said: Receiver<Value>,
}

impl Centre {
    /// One that lets in whoever has the password, and takes everything.
    pub(super) fn start() -> Self {
        Self::with(&[], &[])
    }

    /// One that answers the bind of these `system_id` and the messages to these numbers with a status.
    pub(super) fn with(bind: &[(&str, u32)], submit: &[(&str, u32)]) -> Self {
        let by = |rules: &[(&str, u32)]| rules.iter().map(|(key, status)| ((*key).to_owned(), *status)).collect();
        let (bind, submit): (BTreeMap<_, _>, BTreeMap<_, _>) = (by(bind), by(submit));
        let rules = json!({ "password": PASSWORD, "bind": bind, "submit": submit }).to_string();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/smpp/server.js");
        let mut child = Command::new("node")
            .args([script, npm_tools(), &rules])
            // What it says of times, it says in days of 24 hours.
            .env("TZ", "UTC")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (say, said) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // The test is over when nobody listens.
                let _ = say.send(serde_json::from_str(&line).unwrap());
            }
        });
        let mut centre = Self { address: SocketAddr::from(([127, 0, 0, 1], 0)), errors: BTreeMap::new(), child, said };
        let ready = centre.next();
        centre.address.set_port(u16::try_from(ready["listening"].as_u64().unwrap()).unwrap());
        centre.errors = serde_json::from_value(ready["errors"].clone()).unwrap();
        centre
    }

    fn next(&self) -> Value {
        self.said.recv_timeout(PATIENCE).expect("the centre says nothing more")
    }

    /// Waits for the next thing of that kind that it says: `bind`, `submit`, `unbind`, `closed`.
    pub(super) fn until(&self, kind: &str) -> Value {
        loop {
            let said = self.next();
            if let Some(found) = said.get(kind) {
                return found.clone();
            }
        }
    }

    /// All of that kind that it said until now, when the last session has closed.
    pub(super) fn all_until_closed(&self, kind: &str) -> Vec<Value> {
        let mut found = Vec::new();
        loop {
            let said = self.next();
            if said.get("closed").is_some() {
                return found;
            }
            found.extend(said.get(kind).cloned());
        }
    }
}

impl Drop for Centre {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
