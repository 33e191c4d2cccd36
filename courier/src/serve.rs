//! `courier.sock`, and courier-local's: who may call, how long a call may take, and what is answered.
//!
//! A connection of anybody but configd (there, the courier) gets `NotPermitted` and is closed; not a byte of it is read. Within a connection one
//! `Send` runs at a time. Calls that come during it wait, one frame's worth of them; whoever hangs up cancels it, and a
//! half-closed connection counts as hung up.

use crate::carry::{Carrier, Senseless, Texts, check};
use pam_2fa_protocol::courier::{Outcome, REACH, Reach, SANDBOX, SEND, SERVICE, Send, Sent};
use pam_2fa_protocol::frame::{Frame, FrameBuffer, terminated};
use pam_2fa_protocol::sandbox::SandboxReply;
use pam_2fa_protocol::wire::{Continues, IncomingCall, decode_call, encode_reply};
use pam_2fa_protocol::{FrameError, MAX_FRAME, WireError};
use serde::de::DeserializeOwned;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use zeroize::Zeroizing;

/// So many connections at once; further ones wait in the socket's backlog.
pub const MAX_CONNECTIONS: usize = 64;
/// A frame has to be whole so long after its first byte, and the first frame so long after the connection.
const FRAME: Duration = Duration::from_secs(5);
/// A connection may be idle so long between calls.
const IDLE: Duration = Duration::from_secs(60);
/// The peer has to take a reply within this.
const REPLY: Duration = Duration::from_secs(5);
/// Sends under way may end within this when the daemon is stopped.
const GRACE: Duration = Duration::from_secs(5);
/// After `accept` failed (no descriptors left), the next try.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);

/// Why a connection ended before its peer closed it.
#[derive(Debug, Error)]
enum Ended {
    #[error("the peer is uid {0}, which may not call; --peer names who may")]
    NotPermitted(u32),
    #[error("no whole frame in time")]
    TooSlow,
    #[error("the peer did not take the reply in time")]
    ReplyNotTaken,
    #[error("{0}")]
    Frame(#[from] FrameError),
    #[error("more calls during a send than one frame holds")]
    TooManyCalls,
    #[error("{0}")]
    NoCall(#[from] WireError),
    #[error("a call that wants no answer")]
    OneWay,
    #[error("the peer hung up during a send, which was cancelled")]
    HungUp,
    #[error("the connection failed: {0}")]
    Broken(#[from] io::Error),
}

/// Which frame of a connection is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    /// The first: whoever connects has something to say.
    First,
    /// Another, which need not come.
    Next,
}

/// Whose calls are answered.
#[derive(Debug, Clone)]
pub struct Permitted(Vec<u32>);

impl Permitted {
    /// These uids.
    #[must_use]
    pub fn new(uids: impl IntoIterator<Item = u32>) -> Self {
        Self(uids.into_iter().collect())
    }
}

/// Serves until `stop` is ready, then lets sends under way end within 5 s.
pub async fn serve<T: Texts>(
    listener: UnixListener,
    permitted: Permitted,
    carrier: Arc<Carrier<T>>,
    stop: impl Future<Output = ()>,
) {
    let seats = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (stopping, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let accepted = async {
            let seat = Arc::clone(&seats).acquire_owned().await;
            (seat, listener.accept().await)
        };
        tokio::select! {
            () = &mut stop => break,
            (seat, accepted) = accepted => match accepted {
                Ok((stream, _)) => {
                    let (permitted, carrier, stopped) = (permitted.clone(), Arc::clone(&carrier), stopped.clone());
                    connections.spawn(async move {
                        let _seat = seat;
                        match attend(stream, &permitted, &carrier, stopped).await {
                            Ok(()) => {}
                            Err(ended) => tracing::warn!(%ended, "connection closed"),
                        }
                    });
                }
                Err(error) => {
                    tracing::error!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    drop(listener);
    // Nobody listens when there is no connection, which is no error.
    let _ = stopping.send(true);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(GRACE, all).await.is_err() {
        tracing::warn!(unfinished = connections.len(), "stopped with sends under way");
    }
}

/// One connection from its first to its last byte.
async fn attend<T: Texts>(
    mut stream: UnixStream,
    permitted: &Permitted,
    carrier: &Carrier<T>,
    mut stopped: watch::Receiver<bool>,
) -> Result<(), Ended> {
    let uid = stream.peer_cred()?.uid();
    if !permitted.0.contains(&uid) {
        reply(&mut stream, &SERVICE.error("NotPermitted")?).await?;
        return Err(Ended::NotPermitted(uid));
    }
    let mut buffer = FrameBuffer::new();
    let mut awaited = Awaited::First;
    loop {
        let frame = match buffer.next_frame() {
            Some(frame) => frame,
            None => tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => return Ok(()),
                read = read_frame(&mut stream, &mut buffer, awaited) => match read? {
                    Some(frame) => frame,
                    None => return Ok(()),
                },
            },
        };
        awaited = Awaited::Next;
        let call = decode_call(&frame)?;
        if call.oneway {
            return Err(Ended::OneWay);
        }
        let more = call.more;
        let (to, steps) = unbounded_channel();
        let to = more.then_some(to);
        match call.method.as_ref() {
            SEND => {
                let Some(send) = fitting::<Send>(&mut stream, &call).await? else { continue };
                drop(frame);
                match check(&send) {
                    Ok(()) => run(&mut stream, &mut buffer, carrier.carry(&send, to), steps).await?,
                    Err(Senseless(parameter)) => reply(&mut stream, &SERVICE.invalid_parameter(parameter)?).await?,
                }
            }
            REACH => {
                let Some(asked) = fitting::<Reach>(&mut stream, &call).await? else { continue };
                drop(frame);
                run(&mut stream, &mut buffer, carrier.reach(&asked, to), steps).await?;
            }
            SANDBOX => {
                let sandbox = crate::sandbox::own(carrier.name());
                reply(&mut stream, &encode_reply(&SandboxReply { sandbox }, Continues::No)?).await?;
            }
            _ => reply(&mut stream, &SERVICE.answer(&call)?).await?,
        }
    }
}

/// The parameters; none where they do not fit, and the caller has been told so.
async fn fitting<P: DeserializeOwned>(stream: &mut UnixStream, call: &IncomingCall<'_>) -> Result<Option<P>, Ended> {
    match call.parameters() {
        Ok(parameters) => Ok(Some(parameters)),
        Err(error) => {
            tracing::warn!(%error, "a call that does not fit the interface");
            reply(stream, &SERVICE.invalid_parameter("parameters")?).await?;
            Ok(None)
        }
    }
}

/// Runs one send: tells its steps where the caller wants them, and watches for the caller to hang up.
async fn run(
    stream: &mut UnixStream,
    buffer: &mut FrameBuffer,
    carrying: impl Future<Output = Outcome>,
    mut steps: UnboundedReceiver<String>,
) -> Result<(), Ended> {
    tokio::pin!(carrying);
    let mut early = 0_usize;
    let mut chunk = Zeroizing::new([0_u8; 1024]);
    let outcome = loop {
        tokio::select! {
            biased;
            Some(step) = steps.recv() => tell(stream, step).await?,
            outcome = &mut carrying => break outcome,
            read = stream.read(chunk.as_mut_slice()) => {
                let read = match read {
                    Ok(0) => return Err(Ended::HungUp),
                    Ok(read) => read,
                    Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Err(Ended::HungUp),
                    Err(error) => return Err(error.into()),
                };
                early = early.saturating_add(read);
                if early > MAX_FRAME {
                    return Err(Ended::TooManyCalls);
                }
                buffer.push(chunk.get(..read).unwrap_or_default())?;
            }
        }
    };
    tell_rest(stream, steps).await?;
    reply(stream, &encode_reply(&Sent { step: None, outcome: Some(outcome) }, Continues::No)?).await
}

async fn tell(stream: &mut UnixStream, step: String) -> Result<(), Ended> {
    reply(stream, &encode_reply(&Sent { step: Some(step), outcome: None }, Continues::Yes)?).await
}

async fn tell_rest(stream: &mut UnixStream, mut steps: UnboundedReceiver<String>) -> Result<(), Ended> {
    steps.close();
    while let Ok(step) = steps.try_recv() {
        tell(stream, step).await?;
    }
    Ok(())
}

/// The next frame; `None` when the peer closes between two.
async fn read_frame(
    stream: &mut UnixStream,
    buffer: &mut FrameBuffer,
    awaited: Awaited,
) -> Result<Option<Frame>, Ended> {
    let mut chunk = Zeroizing::new([0_u8; 4096]);
    if !buffer.is_mid_frame() {
        let patience = match awaited {
            Awaited::First => FRAME,
            Awaited::Next => IDLE,
        };
        let read = match timeout(patience, stream.read(chunk.as_mut_slice())).await {
            Ok(read) => read?,
            Err(_) if awaited == Awaited::Next => return Ok(None),
            Err(_) => return Err(Ended::TooSlow),
        };
        if read == 0 {
            return Ok(None);
        }
        buffer.push(chunk.get(..read).unwrap_or_default())?;
    }
    let whole = async {
        loop {
            if let Some(frame) = buffer.next_frame() {
                return Ok(Some(frame));
            }
            match stream.read(chunk.as_mut_slice()).await? {
                0 => return Err(Ended::Broken(io::ErrorKind::UnexpectedEof.into())),
                read => buffer.push(chunk.get(..read).unwrap_or_default())?,
            }
        }
    };
    timeout(FRAME, whole).await.unwrap_or(Err(Ended::TooSlow))
}

async fn reply(stream: &mut UnixStream, frame: &Frame) -> Result<(), Ended> {
    let bytes = terminated(frame)?;
    match timeout(REPLY, stream.write_all(&bytes)).await {
        Ok(written) => Ok(written?),
        Err(_) => Err(Ended::ReplyNotTaken),
    }
}
