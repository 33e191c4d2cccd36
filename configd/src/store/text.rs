//! Messages as they are counted: by user and source, and text messages over everybody beside that.

use super::{Bucket, KeptChallenge, SourceText, UserKey};
use crate::clock::Moment;
use crate::limits::{SendLimits, Share, TextLimits};
use pam_2fa_settings::Region;
use std::collections::BTreeSet;

/// A limit of `[limits]` that withholds a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// `sends_per_user_hour`, `sends_per_user_day`.
    User,
    /// `sends_per_source_hour`.
    Source,
    /// `sends_per_number_prefix_hour`.
    Range,
    /// `sms_per_day`.
    Day,
    /// `sms_cost_per_day`.
    Cost,
}

impl Limit {
    /// The setting.
    #[must_use]
    pub fn setting(self) -> &'static str {
        match self {
            Self::User => "limits.sends_per_user_hour or _day",
            Self::Source => "limits.sends_per_source_hour",
            Self::Range => "limits.sends_per_number_prefix_hour",
            Self::Day => "limits.sms_per_day",
            Self::Cost => "limits.sms_cost_per_day",
        }
    }
}

/// For how long a limit withholds a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Withheld {
    /// Seconds until another may be sent.
    pub wait_s: u64,
    /// Which one; of several that which does so longest.
    pub by: Limit,
}

/// A text message about to leave that is no code of a login: a notice, an administrator's check of a number.
#[derive(Debug, Clone)]
pub struct TextOf {
    /// The number without its last four digits.
    pub range: String,
    /// Who draws.
    pub share: Share,
    /// The limits in force.
    pub limits: TextLimits,
    /// Now.
    pub now: Moment,
}

/// The count of one text message. There is one, and it is handed back at most once.
#[derive(Debug, PartialEq, Eq)]
pub struct TextTicket {
    /// The engine's number of it.
    pub number: i64,
    /// Where it was to go.
    pub range: String,
    /// When it was counted. Numbers are used again, this tells apart whose it is.
    pub counted: Moment,
}

/// Whether it may leave.
#[derive(Debug, PartialEq, Eq)]
pub enum TextVerdict {
    /// Counted, on disk: send it.
    Go {
        /// Takes the count back, where nothing was sent.
        ticket: TextTicket,
    },
    /// Nothing was counted.
    Withheld(Withheld),
}

/// A range of numbers that gets nothing more from some, or from all.
#[derive(Debug, PartialEq, Eq)]
pub struct RangeNow {
    /// Its numbers without their last four digits.
    pub range: String,
    /// Whether everybody is kept from sending more there.
    pub whole: Option<Withheld>,
    /// How all but known sources are.
    pub rest: Withheld,
}

/// How the text messages of this host stand, for `status`.
#[derive(Debug, PartialEq, Eq)]
pub struct TextsNow {
    /// Of the last 86,400 s.
    pub sent: u64,
    /// What they cost, millionths.
    pub cost: u64,
    /// Whether everybody is kept from sending more.
    pub whole: Option<Withheld>,
    /// Whether all but known sources are.
    pub rest: Option<Withheld>,
    /// Ranges of numbers to which all but known sources can send nothing more.
    pub ranges: Vec<RangeNow>,
    /// Of which countries there are numbers on file.
    pub regions: BTreeSet<Region>,
}

/// A message about to leave.
#[derive(Debug, Clone)]
pub struct SendOf {
    /// The challenge that it carries; kept from now on. `None` for a message that is no login (a verification of an address):
    /// only counted.
    pub challenge: Option<KeptChallenge>,
    /// To whom.
    pub user: UserKey,
    /// Asked for from where.
    pub source: SourceText,
    /// From which bucket.
    pub bucket: Bucket,
    /// Of a text message: the number without its last four digits.
    pub range: Option<String>,
    /// The limits in force.
    pub limits: SendLimits,
    /// Now.
    pub now: Moment,
}

/// The count of one message, for [`Store::take_back_send`]. There is one, and it is handed back at most once.
#[derive(Debug, PartialEq, Eq)]
pub struct SendTicket {
    /// The engine's number of it.
    pub number: i64,
    /// To whom the message was to go.
    pub user: UserKey,
    /// When it was counted. Numbers are used again, this tells apart whose it is.
    pub counted: Moment,
    /// Of a text message: its count among all of them.
    pub text: Option<TextTicket>,
}

/// Whether it may.
#[derive(Debug, PartialEq, Eq)]
pub enum SendVerdict {
    /// Counted, on disk: send it.
    Go {
        /// Takes the count back, where no mail was sent.
        ticket: SendTicket,
    },
    /// A limit withholds it. Nothing was counted and nothing kept.
    Withheld(Withheld),
}
