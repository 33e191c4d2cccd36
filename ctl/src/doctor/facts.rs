//! What the host says when it is asked, as far as it does not stand in its files: kept as it was, so that a host can be looked at
//! again elsewhere (`--facts`, and the recorded systems of the tests). It judges nothing.

use pam_2fa_protocol::admin::{ClockReply, Foreseen, KeyReply, Reached, Status, User};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// All that was asked. What was not asked is empty.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Facts {
    pub(super) places: Places,
    /// None where there is no sshd.
    pub(super) sshd: Option<Sshd>,
    /// None where it was not asked.
    pub(super) daemon: Option<Daemon>,
    /// `socket 0666 root:root`, or `none`, by path.
    pub(super) nodes: BTreeMap<PathBuf, String>,
    /// `enabled`, `disabled` …, by unit.
    pub(super) units: BTreeMap<String, String>,
    /// Of the folder of the store.
    pub(super) space: Option<Space>,
    /// Whether something keeps the clock right.
    pub(super) clock_kept: Option<bool>,
    /// Lines of the kernel's log since the start of the host.
    pub(super) denials: Vec<String>,
    /// None where there is none, and none was opened.
    pub(super) credential: Option<Credential>,
    /// The uid that this process sees, by the names of records; -1 where there is none.
    pub(super) uids: BTreeMap<String, i64>,
    /// Whether a break-glass code is good.
    pub(super) glass: Option<bool>,
    pub(super) mailboxes: Vec<Mailbox>,
    /// Until when it was to be confirmed (RFC 3339, UTC), by services and `--all`; those alone of which the time is over.
    pub(super) unconfirmed: BTreeMap<String, String>,
}

/// Where things of ours are.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Places {
    pub(super) runtime: PathBuf,
    pub(super) state: PathBuf,
    pub(super) config: PathBuf,
}

impl Default for Places {
    fn default() -> Self {
        let [runtime, state, config] =
            ["/run/pam-2fa", "/var/lib/pam-2fa", "/etc/pam-2fa/config.toml"].map(PathBuf::from);
        Self { runtime, state, config }
    }
}

/// What sshd said.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Sshd {
    /// Its main file.
    pub(super) config: PathBuf,
    /// `OpenSSH_9.2, …`.
    pub(super) version: String,
    /// Why it said nothing.
    pub(super) failure: Option<String>,
    /// `sshd -T`, by whom it was asked about: `nobody`, `root`, `Match User git`. Only what is looked at.
    pub(super) asked: BTreeMap<String, BTreeMap<String, String>>,
}

/// What configd said.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Daemon {
    /// Why it said nothing.
    pub(super) failure: Option<String>,
    pub(super) status: Option<Status>,
    pub(super) key: Option<KeyReply>,
    pub(super) clock: Option<ClockReply>,
    /// How far the courier came with each mail server.
    pub(super) reached: Vec<Reached>,
    pub(super) users: Vec<User>,
    /// What it would do with a login of each of them, and of others of this host.
    pub(super) views: Vec<View>,
    /// How many more there are.
    pub(super) views_left: usize,
}

/// The key's credential, and what its unit made of it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Credential {
    /// Its file is there.
    pub(super) stands: bool,
    /// `host`, `tpm2`, `host+tpm2`; none: by another way, or damaged.
    pub(super) with: Option<String>,
    /// What is measured when the host starts is part of it.
    pub(super) is_measured: bool,
    /// `active`, `inactive`, `failed`.
    pub(super) unit: String,
    /// Why the unit failed.
    pub(super) why: Option<String>,
    /// It was changed after it was opened.
    pub(super) is_newer: bool,
    /// The key's own file, where that is there, too.
    pub(super) file: Option<PathBuf>,
}

/// How configd sees a user.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct View {
    pub(super) user: String,
    /// None where it knows nobody of that name.
    #[serde(default)]
    pub(super) uid: Option<u32>,
    pub(super) decision: Foreseen,
    /// In the word of the log.
    pub(super) reason: String,
}

/// How much room there is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Space {
    pub(super) free_mib: u64,
    pub(super) free_files: u64,
    #[serde(default)]
    pub(super) is_read_only: bool,
}

/// An address whose mail is not known to be read elsewhere.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mailbox {
    pub(super) user: String,
    pub(super) address: String,
    /// Why it is known to be read here; else it could not be looked up.
    pub(super) is_here: bool,
    pub(super) why: String,
}
