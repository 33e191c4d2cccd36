//! Sockets, key, store and their folders: whether they are there, whose they are, and who may what.

use super::super::finding::Finding;
use super::super::known::{Known, SOCKET_MISSING, SOCKET_MODE, SOCKET_OWNER, STATE_MODE};
use super::Case;
use std::path::Path;

/// By DESIGN: name, mode, the unit that makes it.
const SOCKETS: [(&str, &str, &str); 5] = [
    ("login.sock", "0666", "pam-2fa-configd-login.socket"),
    ("self.sock", "0666", "pam-2fa-configd-self.socket"),
    ("admin.sock", "0600", "pam-2fa-configd-admin.socket"),
    ("status.sock", "0660", "pam-2fa-configd-status.socket"),
    ("courier.sock", "0660", "pam-2fa-courier.socket"),
];

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let places = &case.facts.places;
    let mut all = Vec::new();
    for (name, mode, unit) in SOCKETS {
        let path = places.runtime.join(name);
        let Some(node) = case.facts.nodes.get(&path).map(|node| Node::of(node)) else { continue };
        let say = |known: &'static Known, seen: &str| {
            let path = path.display().to_string();
            Finding::of(known, &path, seen).mending("MODE", mode).mending("FILE", &path).mending("UNIT", unit)
        };
        // That one is for monitoring, and not everywhere: what counts is that not everybody is told.
        let is_wanted = name != "status.sock";
        if node.kind != "socket" && !is_wanted {
            continue;
        }
        if node.kind != "socket" {
            all.push(say(&SOCKET_MISSING, node.text));
        } else if !node.owner.starts_with("root:") {
            all.push(say(&SOCKET_OWNER, node.text));
        } else if node.mode != mode && (is_wanted || bits(node.mode) & 0o007 != 0) {
            all.push(say(&SOCKET_MODE, node.text));
        }
    }
    let state = &places.state;
    let others = [
        (places.runtime.clone(), "0755", "root:root"),
        (state.clone(), "0700", "pam-2fa:pam-2fa"),
        (state.join("key"), "0600", "pam-2fa:pam-2fa"),
        (state.join("state.db"), "0600", "pam-2fa:pam-2fa"),
    ];
    for (path, mode, owner) in others {
        all.extend(kept(case, &path, mode, owner));
    }
    all
}

/// A folder or file that nobody else may come to. A stricter mode is as good.
fn kept(case: &Case<'_>, path: &Path, mode: &str, owner: &str) -> Option<Finding> {
    let node = Node::of(case.facts.nodes.get(path)?);
    if node.kind == "none" {
        return None;
    }
    if node.owner == owner && bits(node.mode) & !bits(mode) == 0 {
        return None;
    }
    let path = path.display().to_string();
    Some(
        Finding::of(&STATE_MODE, &path, node.text).mending("OWNER", owner).mending("MODE", mode).mending("FILE", &path),
    )
}

fn bits(mode: &str) -> u32 {
    u32::from_str_radix(mode, 8).unwrap_or(0o7777)
}

/// `socket 0666 root:root`, or `none`.
pub(super) struct Node<'a> {
    pub(super) text: &'a str,
    pub(super) kind: &'a str,
    pub(super) mode: &'a str,
    pub(super) owner: &'a str,
}

impl<'a> Node<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let mut words = text.split(' ');
        let mut word = || words.next().unwrap_or_default();
        Self { text, kind: word(), mode: word(), owner: word() }
    }
}
