//! Text messages by what this host has: a program of the administrator's, a telephone that gammu speaks to, a modem of
//! ModemManager's. This is courier-local; the courier, which has the network, only hands messages on to it ([`crate::sms::relay`]).
//!
//! Must never run a program by a shell, or one that others than root can have put there; never put a secret, the code or the text
//! among the arguments of one; never call a message accepted without the proof that each way has for it.
//!
//! [`exec`] and [`gammu`] decide what is run and what its end means, [`trusted`] whether it may be, [`program`] runs it; [`modem`] asks ModemManager; [`cms`] is what
//! the numbers mean by which modems refuse.

pub mod cms;
pub mod exec;
pub mod gammu;
pub mod modem;
pub mod program;
pub mod trusted;

use crate::carry::{Steps, Texts};
use crate::clock::Clock;
use crate::email::deadline::Deadline;
use crate::said::Mask;
use crate::sms::account;
use crate::sms::shelf::{Owners, Shelf};
use crate::sms::values::Values;
use crate::sms::{Accepted, Failure};
use pam_2fa_protocol::courier::{Send, Text};
use pam_2fa_settings::provider::{Local as By, Provider, Way};
use std::sync::Arc;

/// Whoever sends text messages by what this host has.
pub struct Local {
    shelf: Arc<Shelf>,
    owners: Owners,
    bus: String,
    clock: Box<dyn Clock>,
    turns: gammu::Turns,
}

/// What every way needs of one message.
pub struct Sending<'a> {
    /// The provider's file.
    pub provider: &'a Provider,
    /// What stands for its placeholders.
    pub values: &'a Values<'a>,
    /// The message.
    pub text: &'a Text,
    /// Whose programs and files count.
    pub owners: &'a Owners,
    /// When the answer has to be there.
    pub deadline: Deadline,
    /// Where the steps go.
    pub steps: &'a Steps,
}

impl Local {
    /// With the provider files of `shelf`, programs and files of `owners`, and ModemManager on the message bus at `bus`.
    #[must_use]
    pub fn new(shelf: Shelf, owners: Owners, bus: String, clock: Box<dyn Clock>) -> Self {
        Self { shelf: Arc::new(shelf), owners, bus, clock, turns: gammu::Turns::default() }
    }

    /// The provider's file, read beside the thread that serves.
    async fn provider(&self, id: &str, deadline: Deadline) -> Result<Provider, Failure> {
        let (shelf, id) = (Arc::clone(&self.shelf), id.to_owned());
        let reading = tokio::task::spawn_blocking(move || shelf.provider(&id));
        match tokio::time::timeout_at(deadline.at(), reading).await {
            Ok(read) => read.map_err(|error| Failure::setting("provider", error.to_string()))?,
            Err(_) => Err(Failure::setting("provider", "its file could not be read in time")),
        }
    }
}

impl Texts for Local {
    async fn deliver(
        &self,
        send: &Send,
        text: &Text,
        deadline: Deadline,
        steps: &mut Steps,
    ) -> Result<Accepted, Failure> {
        let provider = self.provider(&text.provider, deadline).await?;
        let account = account::of(&provider, text);
        steps.mask(Mask::of_text(text, &provider, account.as_ref().ok()));
        let values = Values::new(&provider, send, text, account?, self.clock.now())?;
        let (provider, values, owners, steps) = (&provider, &values, &self.owners, &*steps);
        let sending = Sending { provider, values, text, owners, deadline, steps };
        match &provider.way {
            Way::Local(By::Exec(exec)) => exec::send(exec, sending).await,
            Way::Local(By::Gammu { config, section }) => gammu::send((config, section), sending, &self.turns).await,
            Way::Local(By::ModemManager { modem }) => modem::send(modem, sending, &self.bus).await,
            Way::Http(_) | Way::Smpp(_) => {
                let why = format!(
                    "{}.toml is for the courier itself: it is neither exec nor gammu nor modemmanager",
                    provider.id
                );
                Err(Failure::setting("provider", why))
            }
        }
    }
}
