//! A text message over SMPP 3.4: one connection, one bind, one message, one unbind.
//!
//! SMPP knows no idempotency: a message whose answer is lost may have been taken, and tried again it is a second message, which
//! counts as one.
//!
//! Must never call a message accepted that has got no id in the answer to it, never call one certainly not sent that was begun to be
//! written, and never speak without TLS but to a centre of one's own, where the file says so.
//!
//! [`message`] makes of the file and the values what is handed over, with [`address`] and [`coding`]; [`connect`] gets there,
//! [`session`] asks and hears, in [`pdu`]s; [`status`] says what a refusal means.

pub mod address;
pub mod coding;
pub mod connect;
pub mod message;
pub mod pdu;
pub mod session;
pub mod status;

pub use session::Answer;

use super::deliver::Accepted;
use super::failure::Failure;
use crate::carry::Steps;
use crate::email::deadline::Deadline;
use connect::{Way, connect};
use message::{Login, Message};
use pam_2fa_settings::provider::StatusRule;
use session::Session;

/// Hands a message over.
///
/// # Errors
/// [`Failure`]: the centre did not, provably, take it.
pub async fn hand_over(
    (login, message): (Login, Message),
    way: Way,
    rules: &[StatusRule],
    deadline: Deadline,
    steps: &Steps,
) -> Result<Accepted, Failure> {
    let host = way.host.clone();
    let stream = connect(way, deadline, steps).await?;
    let (mut session, answer) = Session::bind(stream, host, &login, rules, deadline).await?;
    steps.tell(|| format!("bound as a transmitter: {answer}"));
    steps.tell(|| format!("submitted: {}", message.told()));
    let submitted = session.submit(&message, rules).await;
    if let Ok(answer) | Err(Failure::Centre { answer, .. }) = &submitted {
        steps.tell(|| format!("answered: {answer}"));
        session.leave();
    }
    let answer = submitted?;
    Ok(Accepted { said: answer.to_string(), provider_id: answer.id })
}
