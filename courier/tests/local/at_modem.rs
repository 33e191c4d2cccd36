//! A modem on a pseudo-terminal that answers gammu's AT commands as modems do (3GPP TS 27.005 and 27.007), and decodes what it is
//! given to send (TS 23.040).

#![expect(clippy::indexing_slicing, reason = "what is no message in hexadecimal digits fails the test")]

use e2e::wait;
use nix::pty::openpty;
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::ttyname;
use std::fs::{File, Permissions};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The characters of the GSM alphabet beside ASCII that the tests send, with their septets, and its extension table.
const BASIC: [(u8, char); 2] = [(0x00, '@'), (0x02, '$')];
const EXTENDED: [(u8, char); 9] = [
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2f, '\\'),
    (0x3c, '['),
    (0x3d, '~'),
    (0x3e, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// What the modem answers to a message.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    /// A message reference.
    Yes,
    /// The same, after so long.
    Late(Duration),
    /// `+CMS ERROR` and a number.
    Refuses(u32),
    /// These bytes.
    Says(&'static str),
    /// Nothing, to a message.
    Nothing,
    /// Nothing, to anything.
    Dead,
}

/// A message as the modem got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) to: String,
    pub(crate) text: String,
    /// `GSM` or `UCS-2`.
    pub(crate) alphabet: &'static str,
    /// TP-VP: 11 is an hour.
    pub(crate) validity: u8,
}

#[derive(Default)]
struct Seen {
    commands: Vec<String>,
    taken: Vec<Taken>,
}

/// A modem, for as long as this is kept, and for one run of gammu: that makes the device exclusive, and a device that is open here
/// stays so.
pub(crate) struct AtModem {
    pub(crate) device: PathBuf,
    seen: Arc<Mutex<Seen>>,
    // While it is open, the other end does not hang up.
    _slave: OwnedFd,
}

impl AtModem {
    pub(crate) fn start(answer: Answer) -> Self {
        let pty = openpty(None, None).unwrap();
        let mut settings = tcgetattr(&pty.slave).unwrap();
        cfmakeraw(&mut settings);
        tcsetattr(&pty.slave, SetArg::TCSANOW, &settings).unwrap();
        let device = ttyname(&pty.slave).unwrap();
        std::fs::set_permissions(&device, Permissions::from_mode(0o666)).unwrap();
        let seen = Arc::<Mutex<Seen>>::default();
        let (master, theirs) = (File::from(pty.master), Arc::clone(&seen));
        // It ends when the slave is closed: then the master reads an error.
        std::thread::spawn(move || serve(master, &theirs, answer));
        Self { device, seen, _slave: pty.slave }
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.seen.lock().unwrap().taken.clone()
    }

    pub(crate) fn commands(&self) -> Vec<String> {
        self.seen.lock().unwrap().commands.clone()
    }

    pub(crate) fn until_taken(&self, count: usize) {
        wait::until("a message at the modem", || (self.taken().len() >= count).then_some(()));
    }
}

fn serve(mut line: File, seen: &Mutex<Seen>, answer: Answer) {
    let (mut buffer, mut is_text, mut chunk) = (Vec::new(), false, [0; 512]);
    while let Ok(read @ 1..) = line.read(&mut chunk) {
        buffer.extend_from_slice(&chunk[..read]);
        let end = |is_text: bool| if is_text { 0x1a } else { b'\r' };
        while let Some(at) = buffer.iter().position(|byte| *byte == end(is_text)) {
            let said: Vec<u8> = buffer.drain(..=at).collect();
            let said = String::from_utf8_lossy(&said[..at]).trim().to_owned();
            let reply = if is_text {
                seen.lock().unwrap().taken.push(decoded(&said));
                is_text = false;
                let Some(reply) = to_message(answer) else { continue };
                format!("{said}\u{1a}\r\n{reply}")
            } else {
                is_text = said.starts_with("AT+CMGS=");
                seen.lock().unwrap().commands.push(said.clone());
                if matches!(answer, Answer::Dead) {
                    continue;
                }
                format!("{said}\r{}", to_command(&said))
            };
            if line.write_all(reply.as_bytes()).is_err() {
                return;
            }
        }
    }
}

fn to_message(answer: Answer) -> Option<String> {
    match answer {
        Answer::Yes => Some("+CMGS: 42\r\n\r\nOK\r\n".into()),
        Answer::Late(time) => {
            std::thread::sleep(time);
            Some("+CMGS: 42\r\n\r\nOK\r\n".into())
        }
        Answer::Refuses(number) => Some(format!("+CMS ERROR: {number}\r\n")),
        Answer::Says(words) => Some(words.to_owned()),
        Answer::Nothing | Answer::Dead => None,
    }
}

fn to_command(command: &str) -> String {
    let value = match command {
        "AT" | "ATE1" | "AT+CMEE=1" | "AT+CMEE=2" | "AT+CMGF=0" | "AT+CFUN=1" => "",
        "AT+CGMI" => "\r\nExample\r\n",
        "AT+CGMM" => "\r\nModem 1\r\n",
        "AT+CGMR" => "\r\n1.0\r\n",
        "AT+CSCA?" => "\r\n+CSCA: \"+15550000\",145\r\n",
        command if command.starts_with("AT+CMGS=") => return "\r\n> ".into(),
        _ => return "\r\nERROR\r\n".into(),
    };
    format!("{value}\r\nOK\r\n")
}

/// An SMS-SUBMIT in hexadecimal digits, the message centre before it (TS 23.040 §9.2.2.2).
fn decoded(pdu: &str) -> Taken {
    let bytes: Vec<u8> =
        (0..pdu.len() / 2).map(|at| u8::from_str_radix(&pdu[2 * at..2 * at + 2], 16).unwrap()).collect();
    let submit = &bytes[usize::from(bytes[0]) + 1..];
    assert_eq!(submit[0] & 0b1_1011, 0b1_0001, "an SMS-SUBMIT with a relative validity: {pdu}");
    let digits = usize::from(submit[2]);
    assert_eq!(submit[3], 0x91, "an international number: {pdu}");
    let (number, rest) = submit[4..].split_at(digits.div_ceil(2));
    let to: String =
        number.iter().flat_map(|byte| [byte & 15, byte >> 4]).take(digits).map(|n| n.to_string()).collect();
    let (alphabet, length, data) = (rest[1], usize::from(rest[3]), &rest[4..]);
    // A header of parts that belong together (§9.2.3.24) is left out of the text.
    let has_header = submit[0] & 0x40 != 0;
    let header = if has_header { usize::from(data[0]) + 1 } else { 0 };
    let (alphabet, text) = match alphabet & 0b1100 {
        0b1000 => ("UCS-2", ucs_2(&data[header..length])),
        _ => ("GSM", gsm(data, length, (header * 8).div_ceil(7))),
    };
    Taken { to: format!("+{to}"), text, alphabet, validity: rest[2] }
}

fn ucs_2(data: &[u8]) -> String {
    let units: Vec<u16> = data.chunks(2).map(|pair| u16::from(pair[0]) << 8 | u16::from(pair[1])).collect();
    String::from_utf16(&units).unwrap()
}

fn gsm(data: &[u8], septets: usize, from: usize) -> String {
    let bit = |at: usize| data[at / 8] >> (at % 8) & 1;
    let septet = |at: usize| (0..7).fold(0, |value, place| value | bit(7 * at + place) << place);
    let (mut text, mut is_extended) = (String::new(), false);
    for septet in (from..septets).map(septet) {
        let known = |table: &[(u8, char)]| table.iter().find(|(value, _)| *value == septet).map(|(_, c)| *c);
        match (is_extended, septet) {
            (true, _) => text.push(known(&EXTENDED).unwrap()),
            (false, 0x1b) => {}
            (false, _) => text.push(known(&BASIC).unwrap_or(char::from(septet))),
        }
        is_extended = !is_extended && septet == 0x1b;
    }
    text
}
