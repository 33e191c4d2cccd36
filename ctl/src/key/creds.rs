//! systemd-creds(1): locks the key to this host, and opens it again. The key goes there and back through pipes, and stands in no file and in no
//! word of a command line.

use super::credential::{NAME, UNMEASURED, With};
use crate::error::Error;
use crate::program::{Made, fed_within, output_within};
use pam_2fa_protocol::Secret;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const PROGRAMS: [&str; 2] = ["/usr/bin/systemd-creds", "/bin/systemd-creds"];
/// A TPM2 takes a second for it; some take ten.
const TIME: Duration = Duration::from_secs(60);

pub(super) struct Creds {
    program: PathBuf,
}

impl Creds {
    pub(super) fn of_this_host() -> Result<Self, Error> {
        let found = PROGRAMS.map(Path::new).into_iter().find(|path| path.exists());
        let program = found.map(Path::to_owned).ok_or_else(|| {
            refused("there is no systemd-creds here (systemd 250 and later have it), so there are no credentials that are encrypted")
        })?;
        Ok(Self { program })
    }

    /// A credential of the key, bound to nothing that is measured when the host starts, and found to open again.
    pub(super) fn locked(&self, key: &Secret, with: With) -> Result<Vec<u8>, Error> {
        // None. There are releases (252) that write such a credential for a TPM2 and do not open it again; for those, the PCR into which
        // nothing is measured.
        let unmeasured = UNMEASURED.to_string();
        let bindings = if with.has_tpm2() { vec!["", unmeasured.as_str()] } else { vec![""] };
        let mut last = None;
        for pcrs in bindings {
            let credential = self.encrypted(key, with, pcrs)?;
            match self.opened(&credential) {
                Ok(opened) if opened.expose().as_slice() == key.expose().as_bytes() => return Ok(credential),
                Ok(_) => last = Some(String::from("what came back is another text")),
                Err(why) => last = Some(why),
            }
        }
        Err(refused(&format!(
            "a credential of the key, locked by {with}, could not be opened again by {}, and nothing was changed: {}",
            self.program.display(),
            last.unwrap_or_default()
        )))
    }

    fn encrypted(&self, key: &Secret, with: With, pcrs: &str) -> Result<Vec<u8>, Error> {
        let words = [
            String::from("encrypt"),
            format!("--name={NAME}"),
            format!("--with-key={}", with.word()),
            format!("--tpm2-pcrs={pcrs}"),
        ];
        let made = self.run(&words, key.expose().as_bytes())?;
        if made.status.success() && !made.out.expose().is_empty() {
            return Ok(made.out.expose().clone());
        }
        let mut said = last_words(&made);
        if with.has_tpm2() {
            said.push_str(&self.about_tpm2());
        }
        Err(refused(&format!(
            "{} does not lock the key by {with}, and nothing was changed: {said}",
            self.program.display()
        )))
    }

    /// What is in a credential, or why it does not open.
    pub(super) fn opened(&self, credential: &[u8]) -> Result<Secret<Vec<u8>>, String> {
        let words = [String::from("decrypt"), format!("--name={NAME}")];
        let made = self.run(&words, credential).map_err(|error| error.to_string())?;
        if made.status.success() { Ok(made.out) } else { Err(last_words(&made)) }
    }

    fn run(&self, words: &[String], input: &[u8]) -> Result<Made, Error> {
        let mut command = Command::new(&self.program);
        command.args(words).args(["-", "-"]);
        fed_within(command, input, TIME).map_err(|why| Error::File {
            what: "cannot run",
            path: self.program.clone(),
            why,
        })
    }

    /// What a host lacks of it, for an administrator who wonders.
    fn about_tpm2(&self) -> String {
        let mut command = Command::new(&self.program);
        command.arg("has-tpm2");
        let Ok(out) = output_within(command, TIME) else { return String::new() };
        if out.status.success() {
            return String::from(
                "; there is a TPM2, so look for libtss2-esys, libtss2-mu, libtss2-rc and libtss2-tcti-device",
            );
        }
        let said = String::from_utf8_lossy(&out.stdout);
        format!("; `systemd-creds has-tpm2` says: {}", said.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

fn refused(why: &str) -> Error {
    Error::Refused(vec![String::from(why)])
}

/// The last line that it said, or how it ended.
fn last_words(made: &Made) -> String {
    let said = String::from_utf8_lossy(&made.err);
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty());
    last.map_or_else(|| made.status.to_string(), |line| line.trim_end_matches('.').to_owned())
}
