//! Kannel as Debian has it: bearerbox, smsbox and, in place of a telephone network, the fake SMSC of `kannel-extras`, which prints what
//! a telephone would get.

#![expect(clippy::expect_used, reason = "a stage that cannot be set fails the test")]

use crate::{ns, wait};
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The user of its sendsms interface, and the password.
pub const USER: (&str, &str) = ("tester", "kannel-password-7d2e");

/// Numbers that begin so its SMSC does not take.
pub const DENIED: &str = "+4479";

/// All three programs; they end with it.
#[derive(Debug)]
pub struct Kannel {
    folder: PathBuf,
    smsbox: SocketAddr,
    programs: Vec<Child>,
}

/// What the SMSC got.
#[derive(Debug, PartialEq, Eq)]
pub struct Received {
    /// Who it is from.
    pub from: String,
    /// The number.
    pub to: String,
    /// `text` or `ucs-2`, as Kannel said it.
    pub coding: String,
    /// The text, decoded.
    pub text: String,
}

impl Kannel {
    /// Starts it, and waits until each has the others.
    ///
    /// # Panics
    /// Outside the namespaces (the fake SMSC's port listens on all addresses), and when one does not start.
    #[must_use]
    pub fn start() -> Self {
        let folder = ns::folder("kannel");
        let [admin, boxes, smsc, sendsms] = [(); 4].map(|()| free_port());
        let (user, password) = USER;
        let settings = format!(
            "group = core\nadmin-port = {admin}\nadmin-interface = 127.0.0.1\nadmin-password = x\n\
             smsbox-port = {boxes}\nsmsbox-interface = 127.0.0.1\nbox-allow-ip = 127.0.0.1\n\n\
             group = smsc\nsmsc = fake\nsmsc-id = FAKE\nport = {smsc}\nconnect-allow-ip = 127.0.0.1\n\
             denied-prefix = \"{DENIED}\"\n\n\
             group = smsbox\nbearerbox-host = 127.0.0.1\nsendsms-port = {sendsms}\nsendsms-interface = 127.0.0.1\n\n\
             group = sendsms-user\nusername = {user}\npassword = {password}\nmax-messages = 3\n\n\
             group = sms-service\nkeyword = default\ntext = no\nmax-messages = 0\n"
        );
        let file = folder.join("kannel.conf");
        fs::write(&file, settings).expect("write kannel.conf");
        let smsbox = SocketAddr::from((Ipv4Addr::LOCALHOST, sendsms));
        let mut kannel = Self { folder, smsbox, programs: Vec::new() };
        let conf = file.display().to_string();
        kannel.run("bearerbox", "bearerbox", &[&conf]);
        wait_for_port(boxes);
        wait_for_port(smsc);
        let port = smsc.to_string();
        let fake = "/usr/lib/kannel/test/fakesmsc";
        kannel.run("fakesmsc", fake, &["-H", "127.0.0.1", "-r", &port, "-i", "1", "-m", "0", "100 200 text nop"]);
        wait::until("the SMSC is there", || {
            kannel.log("bearerbox").contains("Fakesmsc client connected").then_some(())
        });
        kannel.run("smsbox", "smsbox", &[&conf]);
        wait_for_port(sendsms);
        wait::until("smsbox has its bearerbox", || {
            kannel.log("bearerbox").contains("Client connected from").then_some(())
        });
        kannel
    }

    fn run(&mut self, name: &str, program: &str, words: &[&str]) {
        let log = File::create(self.folder.join(name)).expect("make a log");
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::null()).stdout(log.try_clone().expect("a log twice")).stderr(log);
        self.programs.push(command.spawn().expect("start a program of kannel: scripts/requirements installs it"));
    }

    /// What the program of that name has said.
    #[must_use]
    pub fn log(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.join(name)).unwrap_or_default()).into_owned()
    }

    /// The URL of its sendsms interface.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/cgi-bin/sendsms", self.smsbox)
    }

    /// `{ base = …, username = …, password = … }`, as provider kannel wants it.
    #[must_use]
    pub fn account(&self) -> String {
        let (user, password) = USER;
        format!("{{ base = \"{}\", username = \"{user}\", password = \"{password}\" }}", self.url())
    }

    /// Ends the SMSC: there is no telephone network any more.
    pub fn end_smsc(&mut self) {
        let mut smsc = self.programs.remove(1);
        let _gone = smsc.kill();
        let _gone = smsc.wait();
        wait::until("kannel sees it", || self.log("bearerbox").contains("EOF from fakesmsc client").then_some(()));
    }

    /// Waits for so many messages at the SMSC; all that are there.
    ///
    /// # Panics
    /// When they do not come.
    #[must_use]
    pub fn received(&self, least: usize) -> Vec<Received> {
        wait::until("messages at the SMSC", || {
            let log = self.log("fakesmsc");
            let all: Vec<Received> = log.lines().filter_map(received).collect();
            (all.len() >= least).then_some(all)
        })
    }
}

/// `… Got message 1: <+15550199 +15550100 ucs-2 %04%1F>`.
fn received(line: &str) -> Option<Received> {
    let inside = line.split_once("Got message ")?.1.split_once(": <")?.1.strip_suffix('>')?;
    let mut parts = inside.splitn(4, ' ');
    let mut next = || parts.next().map(str::to_owned);
    let (from, to, coding, text) = (next()?, next()?, next()?, next()?);
    let text = if coding == "ucs-2" { decoded(&text)? } else { text };
    Some(Received { from, to, coding, text })
}

/// Bytes percent-encoded, of UTF-16 in network order.
fn decoded(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let hex = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(hex, 16).ok()?);
            rest = after.get(2..)?;
        } else {
            bytes.push(if *first == b'+' { b' ' } else { *first });
            rest = after;
        }
    }
    let units: Vec<u16> =
        bytes.chunks(2).map(|pair| pair.iter().fold(0, |unit, byte| unit << 8 | u16::from(*byte))).collect();
    String::from_utf16(&units).ok()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

fn wait_for_port(port: u16) {
    wait::until("a port of kannel", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok());
}

impl Drop for Kannel {
    fn drop(&mut self) {
        for program in self.programs.iter_mut().rev() {
            let _gone = program.kill();
            let _gone = program.wait();
        }
        let _gone = fs::remove_dir_all(&self.folder);
    }
}
