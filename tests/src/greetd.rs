//! A real greetd without a virtual terminal, and a greeter that the test plays: it speaks greetd's own protocol, `greetd-ipc(7)`.

#![expect(clippy::expect_used, reason = "a stage that cannot be set fails the test")]

use crate::programs::{Programs, Server};
use crate::wait;
use crate::world::World;
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// A greetd that has started its greeter, and a connection to it in the greeter's place.
pub struct Greetd {
    _server: Server,
    dir: PathBuf,
    connection: UnixStream,
}

impl Greetd {
    /// Starts it over the stacks of `programs`.
    ///
    /// # Panics
    /// When it does not start a greeter.
    #[must_use]
    pub fn start(world: &World, programs: &Programs) -> Self {
        let dir = world.path("greeter");
        fs::create_dir(&dir).expect("make the greeter's folder");
        crate::world::own(&dir, 0o755, "_greetd:_greetd");
        // The greeter's process says where greetd listens, and ends when the test's part of it is done.
        let greeter = dir.join("run");
        let script = format!(
            "echo \"$GREETD_SOCK\" > {0}/new && mv {0}/new {0}/socket\nwhile [ ! -e {0}/done ]; do sleep 0.05; done\n",
            dir.display()
        );
        fs::write(&greeter, script).expect("write the greeter");
        let settings = format!(
            "[terminal]\nvt = \"none\"\n[general]\nrunfile = \"{0}/runfile\"\nsource_profile = false\n\
             [default_session]\ncommand = \"sh {1}\"\nuser = \"_greetd\"\n",
            dir.display(),
            greeter.display()
        );
        let config = world.path("greetd.toml");
        fs::write(&config, settings).expect("write greetd's settings");
        let told = dir.join("socket");
        let server = programs.serve(&["greetd", "--config", &config.display().to_string()], || told.exists());
        let socket = fs::read_to_string(&told).expect("read where greetd listens");
        let connection = UnixStream::connect(socket.trim()).expect("connect to greetd");
        connection.set_read_timeout(Some(wait::PATIENCE)).expect("bound the wait for greetd");
        Self { _server: server, dir, connection }
    }

    /// One request, a JSON object, and greetd's answer.
    ///
    /// # Panics
    /// When there is no answer.
    pub fn call(&mut self, request: &Value) -> Value {
        let text = request.to_string();
        let length = u32::try_from(text.len()).expect("a short request").to_ne_bytes();
        self.connection.write_all(&[&length, text.as_bytes()].concat()).expect("write to greetd");
        let mut length = [0; 4];
        self.connection.read_exact(&mut length).expect("read from greetd");
        let mut answer = vec![0; usize::try_from(u32::from_ne_bytes(length)).expect("a length")];
        self.connection.read_exact(&mut answer).expect("read from greetd");
        serde_json::from_slice(&answer).expect("greetd speaks JSON")
    }

    /// Answers the prompt that stands, or (`None`) goes on after a text.
    pub fn answer(&mut self, response: Option<&str>) -> Value {
        self.call(&serde_json::json!({ "type": "post_auth_message_response", "response": response }))
    }

    /// The greeter goes away: greetd then starts the session that it was asked for.
    ///
    /// # Panics
    /// When the greeter's folder is gone.
    pub fn leave(&self) {
        fs::write(self.dir.join("done"), "").expect("let the greeter end");
    }
}
