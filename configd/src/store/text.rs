//! Text messages as they are counted: over everybody, beside what each user and each source may be sent.

use crate::clock::Moment;
use crate::limits::{Share, TextLimits};
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
