//! The words of `config` and `secret`.

use super::word;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigVerb {
    /// List every error of the settings; needs neither root nor the daemon
    Check {
        /// Another file than the settings in use
        file: Option<PathBuf>,
    },
    /// What counts by the file, each key with its value and whether that is the default; no secret
    Show {
        /// This one, or those of this section, as `codes.digits`, `codes`
        #[arg(value_parser = word)]
        key: Option<String>,
    },
    /// Change settings in their places, check the whole, and take it over; secrets are for `secret set`
    Set {
        /// As `config show` has it, and its value; several where one does not go without the other
        #[arg(required = true, num_args = 2.., value_names = ["KEY", "VALUE"], value_parser = setting)]
        pairs: Vec<String>,
    },
    /// Change the settings in an editor ($SUDO_EDITOR, $VISUAL, $EDITOR); what is wrong is not installed, and secrets are sealed
    Edit,
    /// Replace every secret in plain text by a sealed one
    Seal,
    /// Take the settings over
    Reload,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretVerb {
    /// Seal a secret, put it in its place, and take it over; it is asked for unseen, or is the first line of standard input
    Set {
        /// As email.password, sms.account.auth_token, email.backup.NAME.password; sms.account for all fields in one text, a;b;c
        #[arg(value_parser = word)]
        key: String,
        /// It is the first line of this file (-: of standard input)
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Show one at a terminal; the log has who looked
    Show {
        /// As for `set`
        #[arg(value_parser = word)]
        key: String,
    },
}

/// The name of a setting, or its value.
fn setting(text: &str) -> Result<String, String> {
    if text.len() > 4096 || text.chars().any(char::is_control) {
        return Err(String::from("not at most 4096 bytes without control characters"));
    }
    Ok(text.to_owned())
}
