//! The command line of `pam-2fa enable` and `disable`.

use super::word;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct EnableArgs {
    /// Services, as /etc/pam.d has them: sshd, login, sudo
    #[arg(required = true, value_name = "SERVICE", value_parser = word)]
    pub(crate) services: Vec<String>,
    /// A wrong password is shown the same prompts; the auth lines that the service takes in are written into its own file
    #[arg(long)]
    pub(crate) decoy: bool,
    /// sshd alone: a key that it has checked stands for the password; the auth lines are written into its own file, too
    #[arg(long)]
    pub(crate) key_proven: bool,
    /// Show what would be changed, and whether it would be refused; change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Also where no user could answer
    #[arg(long)]
    pub(crate) without_users: bool,
    /// Also where no message was ever sent
    #[arg(long)]
    pub(crate) untested: bool,
    /// Also where no break-glass code lets anybody in at the console
    #[arg(long)]
    pub(crate) without_break_glass: bool,
    /// The host below this folder, as an image that is mounted there
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub(crate) root: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DisableArgs {
    /// Services, as they were enabled
    #[arg(required = true, value_name = "SERVICE", value_parser = word)]
    pub(crate) services: Vec<String>,
    /// The host below this folder, as an image that is mounted there
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub(crate) root: PathBuf,
}
