//! The command line. What is wrong in it is said here, in one line, before anything is asked of anybody.

use crate::error::Error;
use crate::exempt::{self, Network};
use crate::key::credential::With;
use crate::passphrase::Source;
use crate::screen::Form;
use crate::since::Since;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use pam_2fa_settings::{E164, EmailAddress};
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

mod break_glass;
mod config;
mod doctor;
mod enable;
mod user;

pub(crate) use break_glass::{BreakGlassVerb, Created, Revoked};
pub(crate) use config::{ConfigVerb, SecretVerb};
pub(crate) use doctor::DoctorArgs;
pub(crate) use enable::{ConfirmArgs, DisableArgs, EnableArgs};
pub(crate) use user::{
    Changes, ChannelWord, Granted, Imported, UserVerb, email_or_nothing, language_or_nothing, number_or_nothing,
};

/// Two-factor authentication for logins on this host
#[derive(Debug, Parser)]
#[command(name = "pam-2fa", version, propagate_version = false, disable_help_subcommand = true)]
pub(crate) struct Args {
    /// Where configd's sockets are
    #[arg(long, global = true, value_name = "DIR", default_value = "/run/pam-2fa")]
    pub(crate) runtime_dir: PathBuf,
    /// The settings
    #[arg(long, global = true, value_name = "FILE", default_value = "/etc/pam-2fa/config.toml")]
    pub(crate) config: PathBuf,
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

impl Args {
    pub(crate) fn form(&self) -> Form {
        if self.json { Form::Json } else { Form::Text }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Who is asked, and where their codes go
    #[command(subcommand)]
    User(UserVerb),
    /// Devices that are remembered, so that no code is asked for
    #[command(subcommand)]
    Device(DeviceVerb),
    /// Send a real message now, and show each step
    #[command(subcommand)]
    Test(TestVerb),
    /// The Setup window, full screen: settings, tests, users
    Setup,
    /// Providers of text messages, and the files that describe them
    #[command(subcommand)]
    Provider(ProviderVerb),
    /// The settings
    #[command(subcommand)]
    Config(ConfigVerb),
    /// A secret of the settings: put another one there, or look at it
    #[command(subcommand)]
    Secret(SecretVerb),
    /// What would be decided of a login, and why; sends nothing
    Explain {
        /// The login name
        #[arg(value_parser = name)]
        user: String,
        /// The PAM service, as sshd
        #[arg(long, value_name = "SERVICE", value_parser = word)]
        service: String,
        /// The address that it comes from; none: as a host program that states none
        #[arg(long, value_name = "ADDRESS")]
        from: Option<IpAddr>,
        /// The public key (*.pub) or certificate that ssh would bring
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// The terminal, as tty1 or pts/0
        #[arg(long, value_name = "TTY", value_parser = word)]
        tty: Option<String>,
    },
    /// What is on, what is unhealthy, since when; for root, and for members of the group pam-2fa-status without names and addresses
    Status(StatusArgs),
    /// What lets somebody by without a code, or keeps out who should get in, and the command that mends it; changes nothing. Ends with 1
    /// where something is broken
    Doctor(DoctorArgs),
    /// Let services ask for a code: our line in their stacks, where it is sound, with a receipt
    Enable(EnableArgs),
    /// Keep what `enable --confirm-within` has changed: after a login with a code that began since
    Confirm(ConfirmArgs),
    /// Take our line out again: the file as it was, byte for byte, where nobody has edited it since
    Disable(DisableArgs),
    /// The latest time that was seen, which no decision goes back behind
    #[command(subcommand)]
    Clock(ClockVerb),
    /// The key that everything is sealed by
    #[command(subcommand)]
    Key(KeyVerb),
    /// One-time codes for a console of this host, for the day when no code can be checked
    #[command(subcommand)]
    BreakGlass(BreakGlassVerb),
    /// Write store and settings into one file under a passphrase
    Backup(BackupArgs),
    /// Put a backup back; or, without FILE, take the store as it is, where configd is sealed because that is an older copy
    Restore(RestoreArgs),
    /// What was decided about logins, and why
    Log(LogArgs),
    /// Your own second factor: what there is, and how to change it
    Me {
        #[command(subcommand)]
        verb: Option<MeVerb>,
    },
    /// Let automation in by key alone: one user, from one network, until a day
    Exempt(ExemptArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    /// Exit with status 1 where something is unhealthy
    #[arg(long)]
    pub(crate) check: bool,
    /// Print it as Prometheus reads it
    #[arg(long, conflicts_with_all = ["json", "textfile"])]
    pub(crate) metrics: bool,
    /// Write it so into this file, whole or not at all: for node_exporter's textfile collector
    #[arg(long, value_name = "FILE.prom", conflicts_with = "json")]
    pub(crate) textfile: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClockVerb {
    /// The clock, the latest time that was seen before, and how far they are apart
    Status,
    /// Where that time was wrong and lies ahead: set it back, and end devices and one-time codes that were given after the clock's
    Reset,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyVerb {
    /// Which key it is, where it is, and whether a rotation is to be finished
    Status,
    /// Put a new key in its place, and seal everything by it; a rotation that was cut off is finished
    Rotate,
    /// Write a copy of the key under a passphrase, for the day when the key is lost
    Export(KeyFile),
    /// Put a copy back where the key is lost, damaged or another one
    Import(KeyFile),
    /// Lock the key to this host by a systemd credential, and take its file away; a copy is made first. Run again, it goes on where it was
    /// cut off, or locks the key by another way
    ToCredential(ToCredential),
    /// Put the key from the credential back into its file, and take the credential away
    ToFile,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ToCredential {
    /// What it is locked by. The host's own key lies on the same disk; a TPM2 does not, and opens it on this host alone. Nothing that is
    /// measured when the host starts is part of it, so new firmware and another kernel change nothing
    #[arg(long, value_enum, value_name = "LOCK")]
    pub(crate) with: With,
    /// Write a copy of the key under a passphrase first, for the day when the credential does not open; one that is there already must be of
    /// this key
    #[arg(long, value_name = "FILE", required_unless_present = "exported", conflicts_with = "exported")]
    pub(crate) export: Option<PathBuf>,
    /// A copy of this key is kept elsewhere already
    #[arg(long)]
    pub(crate) exported: bool,
    /// The passphrase is the first line of this file (-: of standard input); else it is asked for
    #[arg(long, value_name = "FILE", requires = "export")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

impl ToCredential {
    pub(crate) fn source(&self) -> Source {
        Source::of(self.passphrase_file.as_deref())
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct KeyFile {
    /// The copy
    pub(crate) file: PathBuf,
    /// The passphrase is the first line of this file (-: of standard input); else it is asked for
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BackupArgs {
    /// The backup; a file that is there is not written over
    pub(crate) file: PathBuf,
    /// The key goes with it: the backup opens on any host then
    #[arg(long)]
    pub(crate) with_key: bool,
    /// The passphrase is the first line of this file (-: of standard input); else it is asked for
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RestoreArgs {
    /// The backup
    #[arg(required_unless_present = "accept")]
    pub(crate) file: Option<PathBuf>,
    /// With FILE: also where a store with users, or other settings are; they keep another name. Without: take the store as it is.
    /// Remembered devices, codes under way, one-time codes and recovery codes end, since they may have been used or ended after
    /// the copy was made
    #[arg(long)]
    pub(crate) accept: bool,
    /// Recovery codes stay good, also those that were used after the copy was made
    #[arg(long)]
    pub(crate) keep_recovery: bool,
    /// The passphrase is the first line of this file (-: of standard input); else it is asked for
    #[arg(long, value_name = "FILE", requires = "file")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MeVerb {
    /// What is known of you here
    Show,
    /// Add a way to verify, or put another in its place; a code of what you have is asked for first
    #[command(subcommand)]
    Enrol(EnrolVerb),
    /// New recovery codes; those that you have are worth nothing then
    Codes,
    /// Your devices that are remembered
    Devices,
    /// Forget one of your devices: a code is asked for at its next login
    Revoke {
        /// As `devices` has it
        #[arg(value_parser = word)]
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum EnrolVerb {
    /// Codes by email
    Email {
        /// Where to
        address: EmailAddress,
    },
    /// Codes by text message
    Sms {
        /// Where to, as +15550100
        number: E164,
    },
    /// Codes of an authenticator app
    App,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExemptArgs {
    /// The sshd to ask, where it is not at a usual place
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) sshd: Option<PathBuf>,
    /// Its main file, for a second sshd; exemptions go to the folder FILE.d, which it must include
    #[arg(long, global = true, value_name = "FILE", default_value = "/etc/ssh/sshd_config")]
    pub(crate) sshd_config: PathBuf,
    #[command(subcommand)]
    pub(crate) verb: ExemptVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExemptVerb {
    /// Let a user in by key alone, and tell sshd
    Add {
        /// The login name
        #[arg(value_parser = exempt::user)]
        user: String,
        /// The network that the automation comes from, as 192.0.2.0/24 or 2001:db8::7/128
        #[arg(long, value_name = "CIDR", value_parser = Network::parse)]
        from: Network,
        /// Its end, at most 400 days ahead: 2027-01-31 (to the end of that day, UTC) or 2027-01-31T18:00:00Z
        #[arg(long, value_name = "DATE")]
        until: String,
        /// Why; whoever reads the list wants to know
        #[arg(long, value_name = "TEXT", value_parser = exempt::reason)]
        reason: String,
    },
    /// Who is exempt, and whether sshd goes by it
    List,
    /// End an exemption now, and tell sshd
    Remove {
        /// As the list shows it
        id: String,
    },
    /// Take out what is over, and tell sshd; pam-2fa-exempt.timer runs this, and the verbs above begin with it
    Expire,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LogArgs {
    /// Decisions about this login name alone
    #[arg(long, value_name = "USER", value_parser = name)]
    pub(crate) user: Option<String>,
    /// From then on: 2h, "3 days", 2026-11-24, 2026-11-24T04:00:00Z
    #[arg(long, value_name = "TIME", value_parser = Since::parse)]
    pub(crate) since: Option<Since>,
    /// Show new decisions as they are made; only those, without --since
    #[arg(long)]
    pub(crate) follow: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeviceVerb {
    /// What is remembered: known by what, used when and from where, until when or why no longer
    List {
        /// Devices of this login name alone
        #[arg(value_parser = name)]
        user: Option<String>,
    },
    /// Forget devices: a code is asked for at their next login
    Revoke(Doomed),
}

/// Which devices are revoked.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Doomed {
    /// These, as `device list` has them; where one is not there, none is revoked
    #[arg(value_name = "ID", value_parser = word)]
    pub(crate) ids: Vec<String>,
    /// All of this login name
    #[arg(long, value_name = "USER", value_parser = name)]
    pub(crate) user: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TestVerb {
    /// Send an email
    Email {
        /// Where to
        address: EmailAddress,
    },
    /// Send a text message; it counts as any other, and its code opens nothing
    Sms {
        /// Where to, as +15550100
        number: E164,
        /// Ask this provider alone: "sms", or the name of a backup in the settings
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProviderVerb {
    /// Which there are, whose they are, and which is in use
    List,
    /// What an account of one consists of, and where it is described
    Show {
        /// Its name, as `list` has it
        #[arg(value_parser = word)]
        id: String,
    },
    /// List every error of a file; needs neither root nor the daemon
    Check {
        /// The file
        file: PathBuf,
    },
}

/// A name that may be one; whether it is, the daemon knows.
pub(crate) fn name(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > 255 || text.chars().any(char::is_control) {
        return Err(String::from("not a login name"));
    }
    Ok(text.to_owned())
}

/// The name of a service or a terminal.
fn word(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > 255 || text.chars().any(char::is_control) {
        return Err(String::from("not a name of 1 to 255 bytes without control characters"));
    }
    Ok(text.to_owned())
}

/// What man pages and completions are made of.
#[must_use]
pub fn definition() -> clap::Command {
    Args::command()
}

/// Parses a command line.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Args, Error> {
    let args = Args::try_parse_from(args).map_err(|error| {
        let text = error.render().to_string();
        if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
            Error::Help(text)
        } else if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            Error::NoVerb(text)
        } else {
            Error::Usage(one_line(&text))
        }
    })?;
    if let Verb::User(verb) = &args.verb {
        user::check(verb)?;
    }
    if let Verb::Config(ConfigVerb::Set { pairs }) = &args.verb
        && let [key] = pairs.as_chunks::<2>().1
    {
        return Err(Error::Usage(format!(
            "{key} has no value: give a key and its value, again and again; see `pam-2fa --help`"
        )));
    }
    Ok(args)
}

/// clap's paragraph as one line: what is wrong, and where help is.
fn one_line(rendered: &str) -> String {
    let lines = rendered.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let mut what = String::new();
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with("For more information")) {
        match what.chars().next_back() {
            None => {}
            Some(':') => what.push(' '),
            Some(_) => what.push_str("; "),
        }
        what.push_str(line);
    }
    format!("{}; see `pam-2fa --help`", what.strip_prefix("error: ").unwrap_or(&what))
}
