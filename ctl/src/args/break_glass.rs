//! The command line of `pam-2fa break-glass`.

use super::name;
use super::user::reason;
use crate::since::ago;
use clap::Subcommand;
use pam_2fa_settings::Lifetime;

/// The longest life of a code, as an exemption's: it is looked at anew once a year; the rest is for being late.
const LONGEST_DAYS: u64 = 400;

#[derive(Debug, Subcommand)]
pub(crate) enum BreakGlassVerb {
    /// Make codes; they are shown once
    Create(Created),
    /// Which there are, for whom, until when, and which were used
    List,
    /// Take codes back: lost ones, or all of a user's
    Revoke(Revoked),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Created {
    /// How many
    #[arg(value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=20))]
    pub(crate) count: u8,
    /// Whom they let in; else root
    #[arg(long, value_name = "USER", value_parser = name)]
    pub(crate) user: Option<String>,
    /// How long they are good, 400 days at most: 90d, "1 day"
    #[arg(long = "for", value_name = "TIME", default_value = "90d", value_parser = span)]
    pub(crate) span: Lifetime,
    /// Why; whoever reads the list or the log wants to know
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub(crate) reason: String,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Revoked {
    /// These, as `list` has them; where one is not there, none is revoked
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// All of this login name
    #[arg(long, value_name = "USER", value_parser = name)]
    pub(crate) user: Option<String>,
    /// All that there are, damaged ones too
    #[arg(long)]
    pub(crate) all: bool,
}

fn span(text: &str) -> Result<Lifetime, String> {
    let span = ago(text).ok_or_else(|| String::from("write 90d, 12h or \"3 days\""))?;
    if (1..=LONGEST_DAYS * 86_400).contains(&span.seconds()) {
        Ok(span)
    } else {
        Err(format!("a break-glass code is for 1 second to {LONGEST_DAYS} days"))
    }
}
