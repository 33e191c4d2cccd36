//! The command line of `pam-2fa doctor`.

use super::word;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    /// Look at this service alone, as /etc/pam.d has it, and at what it rests on
    #[arg(value_name = "SERVICE", value_parser = word)]
    pub(crate) service: Option<String>,
    /// sshd's main file
    #[arg(long, value_name = "FILE", default_value = "/etc/ssh/sshd_config")]
    pub(crate) sshd_config: PathBuf,
    /// The files below this folder, as an image that is mounted there; nothing is asked then
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub(crate) root: PathBuf,
    /// Show what this host said when it was asked, in JSON, and judge nothing: for somebody else who is to look at it
    #[arg(long)]
    pub(crate) facts: bool,
}
