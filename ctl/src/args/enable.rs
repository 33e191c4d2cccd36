//! The command line of `pam-2fa enable` and `disable`.

use super::word;
use pam_2fa_settings::Lifetime;
use std::path::PathBuf;

/// What follows `--confirm-within`.
fn within(text: &str) -> Result<Lifetime, String> {
    let span = crate::since::ago(text).filter(|span| (1..=7 * 86_400).contains(&span.seconds()));
    span.ok_or_else(|| String::from("write 10m, 2h or \"3 days\": 1 second to 7 days"))
}

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct EnableArgs {
    /// Services, as /etc/pam.d has them: sshd, login, sudo
    #[arg(required_unless_present = "all", value_name = "SERVICE", value_parser = word)]
    pub(crate) services: Vec<String>,
    /// Every service that takes the host's common lines in, by pam-auth-update or authselect
    #[arg(long, conflicts_with_all = ["services", "key_proven"])]
    pub(crate) all: bool,
    /// A wrong password is shown the same prompts; the auth lines that the service takes in are written into its own file
    #[arg(long)]
    pub(crate) decoy: bool,
    /// sshd alone: a key that it has checked stands for the password; the auth lines are written into its own file, too
    #[arg(long)]
    pub(crate) key_proven: bool,
    /// Let sshd ask, too: a drop-in beside its main file, tried on sshd before it stands, and sshd told
    #[arg(long)]
    pub(crate) sshd: bool,
    /// sshd's main file; the drop-in goes to the folder FILE.d, which it must include
    #[arg(long, value_name = "FILE", default_value = "/etc/ssh/sshd_config")]
    pub(crate) sshd_config: PathBuf,
    /// Also where root gets in by key now and would not any more
    #[arg(long, requires = "sshd")]
    pub(crate) without_root_key: bool,
    /// Take it all out again unless `pam-2fa confirm` comes in time, also after a reboot: 10m, 2h
    #[arg(long, value_name = "TIME", value_parser = within)]
    pub(crate) confirm_within: Option<Lifetime>,
    /// No timer of systemd's for it: cron or another program runs `pam-2fa disable --unconfirmed` every minute
    #[arg(long, requires = "confirm_within")]
    pub(crate) without_timer: bool,
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
pub(crate) struct ConfirmArgs {
    /// Services; without: all that wait for it
    #[arg(value_name = "SERVICE", value_parser = word)]
    pub(crate) services: Vec<String>,
    /// What `enable --all` has changed
    #[arg(long, conflicts_with = "services")]
    pub(crate) all: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DisableArgs {
    /// Services, as they were enabled
    #[arg(required_unless_present_any = ["unconfirmed", "all", "everything"], value_name = "SERVICE", value_parser = word)]
    pub(crate) services: Vec<String>,
    /// What `enable --all` has changed
    #[arg(long, conflicts_with = "services")]
    pub(crate) all: bool,
    /// Those that were to be confirmed by now, and were not; what the timer runs
    #[arg(long, conflicts_with_all = ["services", "all", "root", "sshd_config"])]
    pub(crate) unconfirmed: bool,
    /// Everything that `enable` and `exempt` have written on this host, and lines of ours of any other hand: before the module goes. Fails
    /// where a file still names it
    #[arg(long, conflicts_with_all = ["services", "all", "unconfirmed"])]
    pub(crate) everything: bool,
    /// sshd's main file, as it was enabled
    #[arg(long, value_name = "FILE", default_value = "/etc/ssh/sshd_config")]
    pub(crate) sshd_config: PathBuf,
    /// The host below this folder, as an image that is mounted there
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub(crate) root: PathBuf,
}
