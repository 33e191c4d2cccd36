//! `pam-2fa config …`: look at the settings (`check`, `show`), change them (`set`, `edit`), seal the secrets in them (`seal`, and anew in
//! `key rotate`), have the daemon take them over.

mod check;
mod edit;
pub(crate) mod file;
mod reseal;
pub(crate) mod seal;
mod secret;
mod set;
mod show;

pub(crate) use check::list as list_findings;
pub(crate) use reseal::{reseal, to_reseal};
pub(crate) use secret::{InFile, could_hold, secret_in, set_secret};

use check::list;

use crate::args::ConfigVerb;
use crate::client::Client;
use crate::error::Error;
use crate::screen::Screen;
use pam_2fa_protocol::admin::{RELOAD, ReloadReply};
use pam_2fa_protocol::wire::Nothing;
use pam_2fa_settings::parse;
use std::path::Path;

/// `pam-2fa config …`.
pub(crate) fn config(path: &Path, runtime_dir: &Path, verb: ConfigVerb, screen: &mut Screen<'_>) -> Result<(), Error> {
    match verb {
        ConfigVerb::Check { file } => check::check(file.as_deref(), path, screen),
        ConfigVerb::Show { key } => show::show(path, key.as_deref(), screen),
        ConfigVerb::Set { pairs } => set::set(path, runtime_dir, &pairs, screen),
        ConfigVerb::Edit => edit::edit(path, runtime_dir, screen),
        ConfigVerb::Seal => seal::seal(path, runtime_dir, screen),
        ConfigVerb::Reload => reload(&mut Client::connect(runtime_dir)?, screen),
    }
}

/// `pam-2fa config reload`.
fn reload(client: &mut Client, screen: &mut Screen<'_>) -> Result<(), Error> {
    let reply: ReloadReply = client.call(RELOAD, &Nothing {})?;
    screen.json(&reply)?;
    taken_over(&reply, screen)
}

fn taken_over(reply: &ReloadReply, screen: &mut Screen<'_>) -> Result<(), Error> {
    screen.line(&format!("the settings are taken over, generation {}", reply.generation))?;
    for note in &reply.notes {
        screen.line(&format!("note: {note}"))?;
    }
    Ok(())
}

/// The providers that the settings name; none where these cannot be read, which others say.
pub(crate) fn providers_in_use(path: &Path) -> Vec<String> {
    let settings = file::read(path).ok().and_then(|read| parse(&read.text).ok()).map(|accepted| accepted.settings);
    let sms = settings.and_then(|settings| settings.sms);
    sms.map(|sms| {
        std::iter::once(&sms)
            .chain(sms.backups.iter().map(|backup| &backup.sms))
            .map(|one| one.provider.clone())
            .collect()
    })
    .unwrap_or_default()
}
