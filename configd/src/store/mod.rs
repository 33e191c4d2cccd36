//! What the daemon keeps, and the few named operations on it (rule 12): each is one transaction, so that a second engine can
//! stand behind the same trait. Nothing here decides who is let in; the arithmetic of limits is in [`crate::limits`].
//!
//! [`sqlite`] is the engine: one file, one writer thread that groups commits, WAL, `synchronous=FULL`.

use crate::clock::Moment;
use crate::limits::{Counts, SendLimits, Standing, TextLimits, TryLimits};
use pam_2fa_protocol::admin::{LastLogin, Method, Verify};
use pam_2fa_settings::Region;
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

mod change;
mod decision;
mod device;
mod method;
pub mod sqlite;
mod text;
mod upkeep;

pub use change::{By, Change, ChangeAsk, ChangePage, Changed, Import, Imported, OldRecord, Then, Turned, UserChange};
pub use decision::{Decision, Decoys, LogAsk, LogLimits, LogPage, LogState};
pub use device::{
    DeviceId, DeviceKey, EndDevices, Ended, KeptDevice, Remember, RememberDevice, Revoke, Revoked, UseDevice,
};
pub use method::{
    About, Enrol, Enrolled, First, Had, KeptApp, KeptPass, MOST_GRANTS, Methods, NewApp, PassId, PassKind, Proof,
};
pub use upkeep::{
    AcceptCopy, AcceptedCopy, Again, ChangeKey, ChangedKey, ClockWasReset, RecoveryCodes, ResetClock, STEP_S,
};

pub use text::{Limit, RangeNow, SendOf, SendTicket, SendVerdict, TextOf, TextTicket, TextVerdict, TextsNow, Withheld};

/// What every operation gives: a future, since commits are grouped. Nothing happens before it is polled; once it was, dropping
/// it does not undo the operation. It needs no runtime.
pub type Pending<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

/// Why the store did not do what it was asked. Every one of these denies.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// No space on the disk, and the room that is kept is used up: nothing was lost, and the same handle works again where there is space.
    #[error(
        "the store cannot {what}: the disk is full, and the room that is kept is used up; free space under the state folder"
    )]
    NoSpace {
        /// What was tried: `charge an attempt`.
        what: &'static str,
    },
    /// The engine said no: read-only, an I/O error.
    #[error("the store cannot {what}: {why}; look at the disk under the state folder")]
    Engine {
        /// What was tried: `charge an attempt`.
        what: &'static str,
        /// The engine's own words.
        why: String,
    },
    /// A row holds what no release of ours writes.
    #[error("the store holds a damaged record ({0}); restore it from a backup")]
    Damaged(String),
    /// The writer has stopped.
    #[error("the store is closed")]
    Closed,
}

/// Who a record belongs to: a uid and the canonical name that it was bound to (fault 28: a renamed user or a reused uid is
/// another one).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserKey {
    /// The uid.
    pub uid: u32,
    /// The name as the user database spells it.
    pub name: String,
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// Whose it is.
    pub key: UserKey,
    /// When the user is asked.
    pub verify: Verify,
    /// The address for codes, as the settings crate's `EmailAddress` wrote it.
    pub email: Option<String>,
    /// It was verified, or an administrator vouched for it.
    pub email_verified: bool,
    /// The number for codes, E.164.
    pub phone: Option<String>,
    /// It was verified, or an administrator vouched for it.
    pub phone_verified: bool,
    /// The language of messages.
    pub language: Option<String>,
    /// The last login.
    pub last_login: Option<LastLogin>,
}

impl UserRecord {
    /// One with nothing in it.
    #[must_use]
    pub fn blank(key: UserKey) -> Self {
        Self {
            key,
            verify: Verify::NewDevice,
            email: None,
            email_verified: false,
            phone: None,
            phone_verified: false,
            language: None,
            last_login: None,
        }
    }
}

/// What the store knows of a name and uid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// The record of exactly this uid and name.
    Record(Box<UserRecord>),
    /// Neither the uid nor the name has a record.
    Nobody,
    /// This name has a record under another uid: the account was made anew. Never let in by it.
    NameOfAnother {
        /// The uid that the record is bound to.
        uid: u32,
    },
    /// This uid has records under other names only: renamed, or a second name of the same uid (`toor`). Who asks decides, by
    /// whether the other names still resolve to this uid.
    UidOfOthers {
        /// The names that the records are bound to.
        names: Vec<String>,
    },
}

/// What proves something, and is charged and limited by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Authenticator {
    /// A code sent by email.
    Email,
    /// A code sent by text message.
    Sms,
    /// A time-based code of an authenticator app (RFC 6238).
    App,
    /// A recovery code, or an administrator's one-time code: look-up secrets of one form (SP 800-63B §3.1.2).
    Recovery,
}

impl Authenticator {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Email, Self::Sms, Self::App, Self::Recovery];
}

/// Which bucket of tries and sends a login draws from: each source that has succeeded before has its own, which neither
/// strangers nor another known source can use up (rule 6).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// Everyone else.
    Stranger,
    /// This source, which the user has logged in from with a code.
    Known(SourceText),
    /// The user's own processes (a screen locker), which are asked through the same socket: what they use up is theirs alone.
    Own,
}

/// A source as it is kept: `local`, `unknown`, or an address prefix (`192.0.2.7/32`, `2001:db8:0:1::/64`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceText(pub String);

impl SourceText {
    /// This machine: a console, or an elevation in a session. Strangers have no part in it.
    pub const LOCAL: &'static str = "local";
    /// Somewhere, but nobody said where (no address, a name, `0.0.0.0`). It names no place, so it never becomes known.
    pub const UNKNOWN: &'static str = "unknown";
}

/// A challenge's id: 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ChallengeId(pub String);

/// A challenge as it is kept from the moment its message leaves until it ends (rule 5), so that a restart of the daemon does
/// not make a code in the mail worthless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptChallenge {
    /// Its id.
    pub id: ChallengeId,
    /// Whose it is.
    pub user: UserKey,
    /// The class of service: `ssh`, `desktop`, …
    pub class: String,
    /// Where it was asked for from.
    pub source: SourceText,
    /// What it proves.
    pub authenticator: Authenticator,
    /// HMAC-SHA-256 of the code under a derived key, bound to the id. The code itself is not kept.
    pub code_mac: [u8; 32],
    /// The tag in the message.
    pub tag: String,
    /// Tries charged so far.
    pub tries: u32,
    /// When it was made, and by which boot's clock.
    pub made: Moment,
    /// Milliseconds after `made` when it ends.
    pub lifetime_ms: u64,
}

/// What a login needs to know before it can be decided; one read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Whose record there is.
    pub known: Known,
    /// Which bucket this source draws from.
    pub bucket: Bucket,
    /// How tries stand in that bucket.
    pub standings: Standings,
    /// What the user can prove with besides the addresses of the record.
    pub methods: Methods,
    /// Seconds until another message may be sent; 0: now.
    pub send_wait_s: u64,
    /// The same for a text message to the user's number, where it has one that is verified; it waits for both.
    pub text_wait_s: u64,
    /// Of which countries there are numbers on file, where somebody without a method may come to name one, or a user one more.
    pub regions: BTreeSet<Region>,
    /// The device that was asked about, if it was ever remembered; it may have ended.
    pub device: Option<Box<KeptDevice>>,
}

/// How tries stand for each authenticator in one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standings {
    /// Codes by email.
    pub email: Standing,
    /// Codes by text message.
    pub sms: Standing,
    /// Codes of the app.
    pub app: Standing,
    /// Recovery codes and an administrator's.
    pub recovery: Standing,
}

impl Standings {
    /// Of one of them.
    #[must_use]
    pub fn of(&self, authenticator: Authenticator) -> Standing {
        match authenticator {
            Authenticator::Email => self.email,
            Authenticator::Sms => self.sms,
            Authenticator::App => self.app,
            Authenticator::Recovery => self.recovery,
        }
    }
}

/// What [`Store::facts`] is asked.
#[derive(Debug, Clone)]
pub struct FactsFor {
    /// Who.
    pub user: UserKey,
    /// From where.
    pub source: SourceText,
    /// A process of the user itself asks: the bucket is [`Bucket::Own`], whatever the source.
    pub own: bool,
    /// The limits in force.
    pub tries: TryLimits,
    /// The limits in force.
    pub sends: SendLimits,
    /// The device that the login comes from, where it is known by anything.
    pub device: Option<DeviceKey>,
    /// Now.
    pub now: Moment,
}

/// A try, before the answer is compared.
#[derive(Debug, Clone)]
pub struct Charge {
    /// Who.
    pub user: UserKey,
    /// Of what.
    pub authenticator: Authenticator,
    /// From which bucket.
    pub bucket: Bucket,
    /// Of which challenge. Its kept `tries` rise too, where it is kept.
    pub challenge: ChallengeId,
    /// The limits in force.
    pub limits: TryLimits,
    /// Now.
    pub now: Moment,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charged {
    /// On disk; the answer may be compared. How tries stand if it turns out wrong.
    Done(Standing),
    /// Not charged and not to be compared: a wait runs, or the authenticator is disabled.
    Refused(Standing),
}

/// A right code.
#[derive(Debug, Clone)]
pub struct Consume {
    /// Who.
    pub user: UserKey,
    /// What was right.
    pub proof: Proof,
    /// From where: known from now on ([`SourceText::UNKNOWN`] stays unknown), but not by a grant.
    pub source: SourceText,
    /// Whose count is cleared.
    pub bucket: Bucket,
    /// Used from now on.
    pub challenge: ChallengeId,
    /// Kept as the user's last login, where it is one.
    pub login: Option<LastLogin>,
    /// The device is remembered from now on.
    pub remember: Option<Remember>,
    /// The stamp of the password with which this login began: devices that were remembered under another end.
    pub stamp: Option<String>,
    /// The limits in force.
    pub limits: TryLimits,
    /// Now.
    pub now: Moment,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumed {
    /// On disk: "allow" may be said, once.
    Done,
    /// Somebody used it before, it was ended (its address was changed), or its user's record is gone: no "allow".
    AlreadyUsed,
    /// Others' wrong codes have disabled the authenticator since: no "allow", and nothing was changed.
    Disabled,
}

/// What the daemon keeps about itself. Values are opaque to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetaKey {
    /// The last accepted settings, sealed.
    Settings,
    /// Counts accepted settings.
    Generation,
    /// The wall clock's high-water mark, seconds as 8 bytes of a big-endian `i64`; absent or 0: none yet. The store raises it
    /// with every write that carries a [`Moment`], by the rule of [`crate::clock::HighWater`].
    HighWater,
    /// The id of the master key.
    KeyId,
    /// What tells a wrong key from a damaged record.
    KeyCheck,
    /// Since which generation policy is what it is, 8 bytes of a big-endian `i64`, and a hash over what it is: trust was given
    /// under one policy and ends with it.
    Policy,
    /// When mandatory was switched on, seconds as 8 bytes of a big-endian `i64`; absent or 0: it is not.
    MandatorySince,
    /// How far the store is, 8 bytes of a big-endian `i64`: the store raises it with what must not come undone.
    StoreGeneration,
    /// A hash over what the last accepted test by email went by, sealed (`trial`): for who is about to save settings.
    TestedEmail,
    /// The same by text message.
    TestedSms,
    /// How the ways out were doing, JSON: for `status` after a restart. Nothing rests on it.
    Ways,
    /// The key of MACs of recovery codes and one-time codes, sealed; absent before the first rotation: it is derived until then.
    LongCodeMac,
}

/// The store.
pub trait Store: Send + Sync {
    /// Why nothing can be written any more, if so (an I/O error): it stays so until the store is opened again, and every
    /// operation that writes says so too. For the health that is shown, and for who starts the daemon again.
    fn fault(&self) -> Option<String> {
        None
    }
    /// Everything a login needs, in one read.
    fn facts(&self, ask: FactsFor) -> Pending<Facts>;
    /// Charges a try on disk (rule 6): durable when the future is ready.
    fn charge_attempt(&self, charge: Charge) -> Pending<Charged>;
    /// Marks a code used, clears the count, makes the source known, keeps the last login, remembers the device: one commit,
    /// durable.
    fn consume_code(&self, consume: Consume) -> Pending<Consumed>;
    /// Remembers a device whose code is used, durable. `false`: the code's address is not the user's any more, or its
    /// authenticator was disabled since.
    fn remember_device(&self, device: RememberDevice) -> Pending<bool>;
    /// Keeps the use of a trusted device, durable. `false`: it is not there any more or has ended, and no "allow" comes of it.
    fn use_device(&self, used: UseDevice) -> Pending<bool>;
    /// What a user can prove with besides the addresses of the record; passes that are over are left out.
    fn methods(&self, user: UserKey, now: Moment) -> Pending<Methods>;
    /// Keeps methods that were proven, all in one commit, durable.
    fn enrol(&self, enrol: Enrol) -> Pending<Enrolled>;
    /// Keeps an administrator's one-time code. An earlier invitation of the user is over with a new one; of grants 16 stay open.
    fn add_pass(&self, pass: KeptPass, now: Moment) -> Pending<()>;
    /// What is asked for first.
    fn prefer(&self, user: UserKey, prefers: Option<Method>, now: Moment) -> Pending<bool>;
    /// Shuts a user out, or lets in again. `false`: there is no such record.
    fn disable(&self, user: UserKey, disabled: bool, now: Moment) -> Pending<bool>;
    /// Takes all methods, devices, tries, known sources and passes of a user away; `verify` and the language stay, and who is shut out
    /// stays so. `false`: there is no such record.
    fn reset(&self, user: UserKey, now: Moment) -> Pending<bool>;
    /// Ends trust; what has ended stays in the list with its reason. Gives how many were ended.
    fn end_devices(&self, end: EndDevices, now: Moment) -> Pending<u64>;
    /// Takes devices away.
    fn revoke_devices(&self, revoke: Revoke, now: Moment) -> Pending<Revoked>;
    /// Devices of the records of this name, the last used first.
    fn devices(&self, user: String) -> Pending<Vec<KeptDevice>>;
    /// The same of the next users that have any, by name and uid, behind `after`: a short piece, so that logins go on between two.
    /// Empty: that was all.
    fn devices_of_next(&self, after: Option<UserKey>) -> Pending<Vec<KeptDevice>>;
    /// Counts a message and keeps its challenge, durable before it leaves; or withholds it.
    fn record_send(&self, send: SendOf) -> Pending<SendVerdict>;
    /// Takes the count of a message back that certainly was not sent. Its challenge stays.
    fn take_back_send(&self, ticket: SendTicket) -> Pending<()>;
    /// Counts a text message that is no code of a login, durable before it leaves; or withholds it.
    fn record_text(&self, send: TextOf) -> Pending<TextVerdict>;
    /// Takes its count back: it certainly was not sent.
    fn take_back_text(&self, ticket: TextTicket) -> Pending<()>;
    /// How the text messages of this host stand.
    fn texts(&self, limits: TextLimits, now: Moment) -> Pending<TextsNow>;
    /// The challenges that were open (not used, tries and lifetime left, of this boot) when the daemon stopped.
    fn open_challenges(&self, now: Moment, attempts: u32) -> Pending<Vec<KeptChallenge>>;
    /// Ends a kept challenge.
    fn end_challenge(&self, id: ChallengeId, now: Moment) -> Pending<()>;
    /// Makes or changes a record.
    fn change_user(&self, change: UserChange) -> Pending<Changed>;
    /// Makes or changes many, in one commit: all or none.
    fn import_users(&self, import: Import) -> Pending<Vec<Imported>>;
    /// Marks the address that was proven by a code as verified, if it is still `address`.
    fn verify_address(&self, user: UserKey, of: Authenticator, address: String, now: Moment) -> Pending<bool>;
    /// The record of exactly this uid and name, or what stands in its way.
    fn user(&self, key: UserKey) -> Pending<Known>;
    /// Records with this name, whatever the uid; with `None` all, by name.
    fn users(&self, name: Option<String>) -> Pending<Vec<UserRecord>>;
    /// The next records by name and uid, behind `after`: a short piece, so that logins go on between two. Empty: that was all.
    fn users_next(&self, after: Option<UserKey>) -> Pending<Vec<UserRecord>>;
    /// How many records there are.
    fn count_users(&self) -> Pending<u64>;
    /// A value of [`MetaKey`].
    fn meta(&self, key: MetaKey) -> Pending<Option<Vec<u8>>>;
    /// Keeps values of [`MetaKey`] together, in one commit.
    fn put_meta(&self, values: Vec<(MetaKey, Vec<u8>)>) -> Pending<()>;
    /// Takes an older copy of the store as it is: what may have been used or ended since ends, in one commit.
    fn accept_copy(&self, accept: AcceptCopy) -> Pending<AcceptedCopy>;
    /// Sets the clock's mark back, and ends what was given after it, in one commit.
    fn reset_clock(&self, reset: ResetClock) -> Pending<ClockWasReset>;
    /// Seals what is sealed in the store by another key, and says so, in one commit. Open challenges end.
    fn change_key(&self, change: ChangeKey) -> Pending<ChangedKey>;
    /// Failures and waits, for `user show`; [`crate::limits::standing`] says what they mean.
    fn counts(&self, user: UserKey, of: Authenticator) -> Pending<Counts>;
    /// What an administrator sees of a user beside the record, in one read.
    fn about(&self, user: UserKey, now: Moment) -> Pending<About>;
    /// Clears all failures and waits of all authenticators of a user, in one commit. Challenges and sends stay. Gives the
    /// failures that were cleared.
    fn unlock(&self, user: UserKey, now: Moment) -> Pending<u64>;
    /// Hands a line over for the log: it is written with what is written next, and nobody waits for it.
    fn log_decision(&self, decision: Decision);
    /// Hands decoys over for their counters.
    fn log_decoys(&self, decoys: Decoys);
    /// How the writing of the log goes.
    fn log_state(&self) -> LogState;
    /// Changes each time lines of the log were written.
    fn log_written(&self) -> tokio::sync::watch::Receiver<u64>;
    /// Writes the lines that were handed over so far, and takes away some of what is beyond `limits`. An error only where the
    /// store is closed or has failed; [`Store::log_state`] says how it went.
    fn keep_log(&self, limits: LogLimits) -> Pending<()>;
    /// The next piece of the log.
    fn decisions(&self, ask: LogAsk) -> Pending<LogPage>;
    /// Behind the newest line of the log: where a read of what comes begins.
    fn newest_decision(&self) -> Pending<i64>;
    /// Writes a line into the log of changes, where no operation here does so by itself.
    fn note_change(&self, change: Change) -> Pending<()>;
    /// The next piece of the log of changes.
    fn changes(&self, ask: ChangeAsk) -> Pending<ChangePage>;
    /// Behind the newest line of the log of changes.
    fn newest_change(&self) -> Pending<i64>;
    /// The counters of decoys, from that time's hour on.
    fn decoys(&self, since_s: i64) -> Pending<Vec<Decoys>>;
}
