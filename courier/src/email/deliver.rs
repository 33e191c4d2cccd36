//! One mail from its rendering to the server's last word.

use super::connect::Connector;
use super::deadline::Deadline;
use super::failure::{Failure, Stage};
use super::message::{Rendered, render};
use super::pool::{Key, Pool, leave};
use super::resolve::{Names, Resolve};
use super::session::Session;
use super::tls::Trust;
use super::wire::Reply;
use crate::carry::Steps;
use crate::clock::Clock;
use pam_2fa_protocol::courier::Mail;
use std::sync::Arc;

/// Whoever delivers mail.
pub struct Email {
    connector: Connector,
    pool: Pool,
    clock: Box<dyn Clock>,
}

impl Email {
    /// With its own pool, empty.
    #[must_use]
    pub fn new(clock: Box<dyn Clock>, resolver: Box<dyn Resolve>, trust: Trust) -> Self {
        let connector = Connector { names: Names::new(resolver), trust: Arc::new(trust) };
        Self { connector, pool: Pool::default(), clock }
    }

    /// The idle connections.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Delivers `mail` until `deadline`. `Ok` is the server's 250 to the final dot. Dropping the future closes the
    /// connection that it used.
    ///
    /// # Errors
    /// [`Failure`]: the server did not, provably, take it.
    pub async fn deliver(&self, mail: &Mail, id: &str, deadline: Deadline, steps: &Steps) -> Result<Reply, Failure> {
        let rendered = render(mail, id, self.clock.now())?;
        let helo = helo(mail)?;
        check_credentials(mail)?;
        let key = Key::of(mail, &helo);
        if let Some(session) = self.pool.take(&key) {
            steps.tell(|| String::from("connection kept from before"));
            match send(session, &rendered, deadline).await {
                Ok((reply, session)) => return Ok(self.finish(key, reply, session, steps)),
                Err(failure) if failure.is_a_dead_connection() && !deadline.has_passed() => {
                    steps.tell(|| format!("it was dead: {failure}"))
                }
                Err(failure) => return Err(failure),
            }
        }
        let session = self.fresh(mail, &helo, deadline, steps).await?;
        let (reply, session) = send(session, &rendered, deadline).await?;
        Ok(self.finish(key, reply, session, steps))
    }

    /// Comes to the server as [`Email::deliver`] does, up to AUTH, and leaves. No connection is kept or taken from before: it is the
    /// handshake that is asked about.
    ///
    /// # Errors
    /// [`Failure`]: where it came to its end.
    pub async fn reach(&self, mail: &Mail, deadline: Deadline, steps: &Steps) -> Result<(), Failure> {
        let helo = helo(mail)?;
        check_credentials(mail)?;
        leave(self.fresh(mail, &helo, deadline, steps).await?);
        Ok(())
    }

    fn finish(&self, key: Key, reply: Reply, session: Session, steps: &Steps) -> Reply {
        steps.tell(|| format!("accepted: {reply}"));
        self.pool.keep(key, session);
        reply
    }

    async fn fresh(&self, mail: &Mail, helo: &str, deadline: Deadline, steps: &Steps) -> Result<Session, Failure> {
        let established = self.connector.establish(mail, helo, deadline, steps).await?;
        let mut session = deadline.bound(Stage::Ehlo, Session::begin(established, helo)).await?;
        if let (Some(user), Some(password)) = (&mail.user, &mail.password) {
            let authenticated = deadline.bound(Stage::Auth, session.authenticate(&mail.server, user, password)).await;
            if let Err(failure) = authenticated {
                return Err(give_up(session, failure));
            }
            steps.tell(|| format!("authenticated as {user}"));
        }
        Ok(session)
    }
}

/// Sends over `session` and gives it back, if the mail was accepted.
async fn send(mut session: Session, mail: &Rendered, deadline: Deadline) -> Result<(Reply, Session), Failure> {
    match session.send(mail, deadline).await {
        Ok(reply) => Ok((reply, session)),
        Err(failure) => Err(give_up(session, failure)),
    }
}

/// Ends a session whose mail was not accepted: with a QUIT where the server is of sound mind, else by closing.
fn give_up(session: Session, failure: Failure) -> Failure {
    if let Failure::Refused { .. } = failure {
        leave(session);
    }
    failure
}

/// A user comes with a password, and neither can carry what would end it inside AUTH PLAIN (RFC 4616 §2).
fn check_credentials(mail: &Mail) -> Result<(), Failure> {
    let setting = |key, why: &str| Failure::Setting { key, why: why.to_owned() };
    match (&mail.user, &mail.password) {
        (None, None) => Ok(()),
        (Some(user), _) if user.chars().any(char::is_control) => Err(setting("user", "a control character in it")),
        (Some(_), Some(password)) if password.expose().contains('\0') => Err(setting("password", "a NUL in it")),
        (Some(_), Some(_)) => Ok(()),
        (Some(_), None) | (None, Some(_)) => Err(setting("user", "user and password come together or not at all")),
    }
}

/// The name for EHLO (RFC 5321 §4.1.4): that of the settings, else this host's, else `localhost`, which submission servers
/// take from whoever authenticates.
fn helo(mail: &Mail) -> Result<String, Failure> {
    let fits = |name: &str| {
        !name.is_empty()
            && name.len() <= 255
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]_".contains(&byte))
    };
    match &mail.helo {
        Some(name) if fits(name) => Ok(name.clone()),
        Some(_) => Err(Failure::Setting { key: "helo", why: String::from("not a host name") }),
        None => {
            let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
            Ok(host.filter(|name| fits(name)).unwrap_or_else(|| String::from("localhost")))
        }
    }
}
