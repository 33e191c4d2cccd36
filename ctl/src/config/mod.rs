//! `pam-2fa config …`: look at the settings (`check`), seal the secrets in them (`seal`, and anew in
//! `key rotate`), have the daemon take them over.

mod check;
mod file;
mod reseal;
mod seal;

pub(crate) use check::check;
pub(crate) use reseal::{reseal, to_reseal};
pub(crate) use seal::seal;

use check::list;

use crate::client::Client;
use crate::error::Error;
use crate::screen::Screen;
use pam_2fa_protocol::admin::{RELOAD, ReloadReply};
use pam_2fa_protocol::wire::Nothing;

/// `pam-2fa config reload`.
pub(crate) fn reload(client: &mut Client, screen: &mut Screen<'_>) -> Result<(), Error> {
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
