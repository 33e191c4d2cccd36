//! SMTP over an established connection: EHLO, AUTH, one mail, QUIT. lettre writes the commands and parses EHLO; what the
//! server answered is read from [`Turns`], since lettre takes any 2xx and 3xx for success and drops the words.
//!
//! There is no session without an [`Established`], so AUTH cannot go over anything else.

use super::connect::{Established, Security, expect};
use super::deadline::Deadline;
use super::failure::{Failure, Stage};
use super::message::Rendered;
use super::wire::{Reply, Turns};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use pam_2fa_protocol::Secret;
use std::fmt::Display;
use std::io::ErrorKind;
use std::net::TcpStream as Probe;
use std::time::Duration;

/// The mechanisms we speak, best first. Both show the password to the server; the connection hides it from others.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// Over a connection that was kept, MAIL is answered within this, or the connection is dead: a firewall may have forgotten
/// it without telling either side.
const SIGN_OF_LIFE: Duration = Duration::from_secs(3);

/// A connection that has said EHLO.
pub struct Session {
    connection: AsyncSmtpConnection,
    turns: Turns,
    probe: Probe,
    security: Security,
    /// Whether a mail has gone over it before.
    kept: bool,
}

impl Session {
    /// Says EHLO.
    ///
    /// # Errors
    /// [`Failure`] at [`Stage::Ehlo`].
    pub async fn begin(established: Established, helo: &str) -> Result<Self, Failure> {
        let Established { wire, probe, security } = established;
        let (stream, turns) = wire.for_lettre();
        let hello = ClientId::Domain(helo.to_owned());
        match AsyncSmtpConnection::connect_with_transport(stream, &hello).await {
            Ok(connection) => {
                heard(&turns, Stage::Ehlo, None, 250)?;
                Ok(Self { connection, turns, probe, security, kept: false })
            }
            Err(error) => Err(heard(&turns, Stage::Ehlo, Some(&error), 250)
                .err()
                .unwrap_or(Failure::Broken { stage: Stage::Ehlo, why: error.to_string() })),
        }
    }

    /// What protects this connection.
    #[must_use]
    pub fn security(&self) -> Security {
        self.security
    }

    /// Says AUTH.
    ///
    /// # Errors
    /// [`Failure`] at [`Stage::Auth`], [`Failure::NoAuth`].
    pub async fn authenticate(&mut self, server: &str, user: &str, password: &Secret) -> Result<(), Failure> {
        let Some(mechanism) = self.connection.server_info().get_auth_mechanism(&MECHANISMS) else {
            return Err(Failure::NoAuth { server: server.to_owned() });
        };
        let credentials = Credentials::new(user.to_owned(), password.expose().clone());
        let result = self.connection.auth(&[mechanism], &credentials).await;
        heard(&self.turns, Stage::Auth, result.err().as_ref(), 235).map(drop)
    }

    /// Sends one mail. `Ok` is the server's 250 to the final dot and nothing else.
    ///
    /// # Errors
    /// [`Failure`] with the stage. The session must not be used again then.
    pub async fn send(&mut self, mail: &Rendered, deadline: Deadline) -> Result<Reply, Failure> {
        let sender = Mail::new(Some(mail.from.clone()), Vec::new());
        let patience = if self.kept { deadline.or_after(SIGN_OF_LIFE) } else { deadline };
        self.say(Stage::Mail, sender, 250, patience).await?;
        let recipient = Rcpt::new(mail.to.clone(), Vec::new());
        match self.say(Stage::Rcpt, recipient, 250, deadline).await {
            // "Not local, will forward" (RFC 5321 §4.2.3): taken all the same.
            Err(Failure::Unexpected { reply, .. }) if reply.code == 251 => {}
            other => drop(other?),
        }
        self.say(Stage::Data, Data, 354, deadline).await?;
        let Self { connection, turns, .. } = self;
        let hand_over = async {
            let result = connection.message(mail.bytes()).await;
            heard(turns, Stage::Content, result.err().as_ref(), 250)
        };
        let reply = deadline.bound(Stage::Content, hand_over).await?;
        self.kept = true;
        Ok(reply)
    }

    /// Says QUIT and hears the answer out.
    pub async fn quit(mut self) {
        self.turns.leave();
        // The answer to QUIT changes nothing.
        let _ = self.connection.quit().await;
    }

    /// Whether nothing came since the last answer: not the end of the connection, nor a word that nobody asked for (421 for
    /// an idle connection, or a late answer). Asks the kernel only.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let mut byte = [0_u8; 1];
        matches!(self.probe.peek(&mut byte), Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    async fn say(
        &mut self,
        stage: Stage,
        command: impl Display,
        code: u16,
        deadline: Deadline,
    ) -> Result<Reply, Failure> {
        let Self { connection, turns, .. } = self;
        let exchange = async {
            let result = connection.command(command).await;
            heard(turns, stage, result.err().as_ref(), code)
        };
        deadline.bound(stage, exchange).await
    }
}

/// The reply of this turn if its code is exactly `code`; lettre's error where there was no whole reply.
fn heard(turns: &Turns, stage: Stage, error: Option<&SmtpError>, code: u16) -> Result<Reply, Failure> {
    match (turns.reply(), error) {
        (Some(reply), _) => expect(stage, reply, code),
        (None, Some(error)) => Err(Failure::Broken { stage, why: error.to_string() }),
        (None, None) => Err(Failure::Broken { stage, why: String::from("no whole reply") }),
    }
}
