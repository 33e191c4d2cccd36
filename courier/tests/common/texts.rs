//! What the tests of text messages share: a courier with provider files, and a message that it carries.

use super::daemon::{Daemon, Folder, Socket};
use super::{CODE, LONG};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::courier::{AccountField, Outcome, Send, Text};
use pam_2fa_protocol::wire::More;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The number of every message of these tests.
pub const TO: &str = "+15550100";

/// A courier with the shipped provider files, and one of an administrator's where `ours` says something.
pub fn courier(ours: &[(&str, &str)]) -> Daemon {
    let folder = Folder::new();
    let shipped = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../etc/providers"));
    let paths = shipped.read_dir().unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let copies = paths
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(&path).unwrap()));
    let ours = ours.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    put(&folder.0.join("share/providers"), copies);
    put(&folder.0.join("ours"), ours);
    let (share, providers) = (folder.0.join("share"), folder.0.join("ours"));
    let args = ["--peer", "root", "--share-dir", share.to_str().unwrap(), "--providers", providers.to_str().unwrap()];
    Daemon::start_with(folder, &args, Socket::Made)
}

pub fn put(folder: &Path, files: impl Iterator<Item = (String, String)>) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    for (name, text) in files {
        std::fs::write(folder.join(&name), text).unwrap();
        std::fs::set_permissions(folder.join(&name), Permissions::from_mode(0o644)).unwrap();
    }
}

pub fn text(provider: &str, account: &[(&str, &str)]) -> Text {
    let fields = account.iter().map(|(key, value)| ((*key).to_owned(), AccountField(Secret::new((*value).to_owned()))));
    Text {
        provider: provider.into(),
        account: fields.collect(),
        sender: Some("+15550199".into()),
        proxy: None,
        ca_file: None,
        to: TO.into(),
        text: Secret::new(format!("{CODE} is your Example Corp login code (7F) for host.")),
        code: Secret::new(CODE.into()),
        tag: "7F".into(),
    }
}

pub fn send(text: Text) -> Send {
    let expires_at = "2099-01-01T00:00:00Z".into();
    Send { id: "K7Q2M9XD-1".into(), attempt: 1, deadline_ms: LONG, expires_at, mail: None, sms: Some(text) }
}

pub fn carry(daemon: &Daemon, text: Text) -> (Vec<String>, Outcome) {
    let mut caller = daemon.call();
    caller.send(&send(text), More::Yes);
    caller.outcome()
}
