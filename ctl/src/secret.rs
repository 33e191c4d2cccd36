//! `pam-2fa secret …`: one secret of the settings. `set` has it sealed and puts it in its place; `show` prints it, at a terminal and nowhere
//! else, once the daemon has written down who looked. It is never an argument, and never stands in the file unsealed.

use crate::args::SecretVerb;
use crate::client::Client;
use crate::config;
use crate::error::Error;
use crate::invoker::invoker;
use crate::passphrase::{self, Source};
use crate::screen::Screen;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{OPEN_SECRET, OpenSecret, OpenSecretReply};
use pam_2fa_settings::text::printable;
use pam_2fa_settings::{check_secret, may_be_secret};
use serde::Serialize;
use std::path::Path;

/// What `secret show` answers in JSON.
#[derive(Serialize)]
struct Shown<'a> {
    key: &'a str,
    #[serde(serialize_with = "Secret::on_the_wire")]
    value: Secret,
}

/// `pam-2fa secret …`.
pub(crate) fn secret(path: &Path, runtime_dir: &Path, verb: SecretVerb, screen: &mut Screen<'_>) -> Result<(), Error> {
    let (SecretVerb::Set { key, .. } | SecretVerb::Show { key }) = &verb;
    if !may_be_secret(key) {
        return Err(refused(format!(
            "{key} is no secret (those are email.password, sms.account, sms.account.FIELD, and the same of backups, email.backup.NAME.password); \
             other settings: `pam-2fa config set`, `pam-2fa config show`"
        )));
    }
    match verb {
        SecretVerb::Set { key, file } => {
            // Before anybody types.
            config::could_hold(path, &key, screen)?;
            let source = match file {
                None if !screen.is_typed() => Source::Piped,
                file => Source::of(file.as_deref()),
            };
            let value = passphrase::secret(&source, &key, screen)?;
            check_secret(value.expose()).map_err(|why| refused(format!("{key}: {why}; nothing was changed")))?;
            config::set_secret(path, runtime_dir, &key, value, screen)
        }
        SecretVerb::Show { key } => show(path, runtime_dir, &key, screen),
    }
}

fn refused(why: String) -> Error {
    Error::Refused(vec![why])
}

fn show(path: &Path, runtime_dir: &Path, key: &str, screen: &mut Screen<'_>) -> Result<(), Error> {
    if !screen.is_seen() {
        let why =
            "a secret is shown at a terminal and nowhere else, and this goes to a pipe or a file; nothing was opened";
        return Err(refused(String::from(why)));
    }
    let (sealed, plain) = match config::secret_in(path, key)? {
        config::InFile::Sealed(sealed) => (Some(sealed), None),
        config::InFile::Plain(secret) => (None, Some(secret)),
    };
    let (by, key) = (invoker(), String::from(key));
    let asked = OpenSecret { key, sealed, by };
    let reply: OpenSecretReply = Client::connect(runtime_dir)?.call(OPEN_SECRET, &asked)?;
    let OpenSecret { key, by, .. } = &asked;
    let is_plain = plain.is_some();
    let Some(value) = plain.or(reply.value) else {
        return Err(refused(format!("{key}: configd gave no secret; see `journalctl -u pam-2fa-configd`")));
    };
    if printable(value.expose()) != value.expose().as_str() {
        screen
            .note("it has characters that would act on a terminal, which are left out here; --json has them escaped")?;
    }
    screen.line(value.expose())?;
    screen.json(&Shown { key, value })?;
    if is_plain {
        screen.note("it stands in plain text: run `pam-2fa config seal`")?;
    }
    screen.note(&format!("the log has that {by} looked at {key}"))
}
