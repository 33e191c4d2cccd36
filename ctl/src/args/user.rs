//! The command line of `pam-2fa user`.

use super::{name, word};
use crate::error::Error;
use crate::since::ago;
use clap::{Subcommand, ValueEnum};
use pam_2fa_protocol::admin;
use pam_2fa_settings::text::is_plain;
use pam_2fa_settings::{E164, EmailAddress, Language, Lifetime, Network};
use std::net::IpAddr;
use std::path::PathBuf;

/// The longest reason, bytes, as the daemon has it.
const LONGEST_REASON: usize = 200;

#[derive(Debug, Subcommand)]
pub(crate) enum UserVerb {
    /// All users with a record
    List,
    /// One user's record
    Show {
        /// The login name
        #[arg(value_parser = name)]
        user: String,
    },
    /// Change a user's record, or make one
    Set {
        /// The login name
        #[arg(value_parser = name)]
        user: String,
        #[command(flatten)]
        changes: Changes,
    },
    /// Make a one-time code with which a user who has no method enrols the first; it is shown once, and good for 7 days
    Invite {
        /// The login name; no record is needed
        #[arg(value_parser = name)]
        user: String,
    },
    /// Make a one-time code that lets a user in once, in the place of a code; it is shown once
    Grant {
        /// The login name; no record is needed
        #[arg(value_parser = name)]
        user: String,
        #[command(flatten)]
        granted: Granted,
    },
    /// Forget a user's wrong codes, so that the next one is heard at once, and let in again whom `disable` shut out
    Unlock {
        /// The login name
        #[arg(value_parser = name)]
        user: String,
    },
    /// Shut a user out until `unlock`: no code lets in, and no device is trusted any more
    Disable {
        /// The login name
        #[arg(value_parser = name)]
        user: String,
    },
    /// Take a user's addresses, app, recovery codes, devices and one-time codes away; `verify` and the language stay
    Reset {
        /// The login name
        #[arg(value_parser = name)]
        user: String,
    },
    /// Send a code to a user's address, and take it back from who read it there
    Verify {
        /// The login name
        #[arg(value_parser = name)]
        user: String,
        /// Which address
        channel: ChannelWord,
    },
    /// Make or change many records by a CSV file
    ///
    /// The first line names the columns: name, verify, email, phone, language; any but name may be missing. An empty field leaves
    /// things as they are, and nothing is taken away. Every row is looked at before anything is written, every wrong one is named
    /// with its line, and where there is one nothing is written. The same file may be given again and again.
    Import(Imported),
    /// Write all records as CSV, as `import` reads them
    Export,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Granted {
    /// For how long, 1 minute to 7 days: 2h, "3 days"
    #[arg(long = "for", value_name = "TIME", default_value = "2h", value_parser = span)]
    pub(crate) span: Lifetime,
    /// From this address or network alone, as 192.0.2.7 or 192.0.2.0/24
    #[arg(long, value_name = "ADDR|CIDR", value_parser = origin)]
    pub(crate) from: Option<String>,
    /// For this PAM service alone, as sshd
    #[arg(long, value_name = "SERVICE", value_parser = word)]
    pub(crate) service: Option<String>,
    /// Why; whoever reads the log wants to know
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub(crate) reason: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Imported {
    /// The file, or - for what is piped in
    pub(crate) file: PathBuf,
    /// Write nothing, and say what would be wrong or changed
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Take the addresses as verified without a code; the log says so
    #[arg(long)]
    pub(crate) trusted: bool,
    /// Leave out rows of users whom this host does not know, instead of refusing the file: for one file on many hosts
    #[arg(long)]
    pub(crate) skip_unknown: bool,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Changes {
    /// When the user is asked for a code
    #[arg(long)]
    pub(crate) verify: Option<VerifyWord>,
    /// The address for codes; "" takes it away
    #[arg(long, value_name = "ADDRESS", value_parser = email_or_nothing)]
    pub(crate) email: Option<String>,
    /// The number for codes, as +15550100; "" takes it away
    #[arg(long, value_name = "NUMBER", value_parser = number_or_nothing)]
    pub(crate) phone: Option<String>,
    /// The language of messages: en, de, fr, es or ja; "" is the settings' again
    #[arg(long, value_parser = language_or_nothing)]
    pub(crate) language: Option<String>,
    /// The method that is asked for first; the user must have it
    #[arg(long, value_name = "METHOD")]
    pub(crate) prefer: Option<PreferWord>,
    /// Take the address as verified without a code; the log says so
    #[arg(long)]
    pub(crate) trusted: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum VerifyWord {
    /// Not asked
    Never,
    /// Asked where the device is not remembered
    NewDevice,
    /// Asked at every login
    Always,
}

impl From<VerifyWord> for admin::Verify {
    fn from(word: VerifyWord) -> Self {
        match word {
            VerifyWord::Never => Self::Never,
            VerifyWord::NewDevice => Self::NewDevice,
            VerifyWord::Always => Self::Always,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ChannelWord {
    /// The address
    Email,
    /// The number
    Sms,
}

impl From<ChannelWord> for admin::Channel {
    fn from(word: ChannelWord) -> Self {
        match word {
            ChannelWord::Email => Self::Email,
            ChannelWord::Sms => Self::Sms,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum PreferWord {
    /// A code by email
    Email,
    /// A code by text message
    Sms,
    /// A code of the authenticator app
    App,
    /// None before the others
    None,
}

impl From<PreferWord> for admin::Preference {
    fn from(word: PreferWord) -> Self {
        match word {
            PreferWord::Email => Self::Email,
            PreferWord::Sms => Self::Sms,
            PreferWord::App => Self::App,
            PreferWord::None => Self::None,
        }
    }
}

pub(crate) fn email_or_nothing(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    EmailAddress::parse(text).map(|address| address.as_str().to_owned()).map_err(|error| error.to_string())
}

pub(crate) fn number_or_nothing(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    E164::parse(text).map(|number| number.as_str().to_owned()).map_err(|error| error.to_string())
}

pub(crate) fn language_or_nothing(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    Language::parse(text).map(|language| language.as_str().to_owned()).map_err(|error| error.to_string())
}

/// How long a grant is good for.
fn span(text: &str) -> Result<Lifetime, String> {
    let span = ago(text).ok_or_else(|| String::from("write 2h, 90m or \"3 days\""))?;
    if (60..=7 * 86_400).contains(&span.seconds()) {
        Ok(span)
    } else {
        Err(String::from("a grant is for 1 minute to 7 days"))
    }
}

fn origin(text: &str) -> Result<String, String> {
    if Network::parse(text).is_some() || text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    Err(String::from(
        "not an address, and not a network with its other bits 0; write such as 192.0.2.7 or 192.0.2.0/24",
    ))
}

pub(super) fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST_REASON || !text.chars().all(is_plain) {
        return Err(format!("write one line of 1 to {LONGEST_REASON} bytes"));
    }
    Ok(text.to_owned())
}

/// What clap cannot tell.
pub(super) fn check(verb: &UserVerb) -> Result<(), Error> {
    if let UserVerb::Set { changes, .. } = verb
        && changes.trusted
        && changes.email.as_deref().unwrap_or_default().is_empty()
        && changes.phone.as_deref().unwrap_or_default().is_empty()
    {
        return Err(Error::Usage(String::from(
            "--trusted says that an address is verified; give it with --email or --phone",
        )));
    }
    Ok(())
}
