//! What waits to be confirmed, as its receipts have it: one service, or what `enable --all` has changed. It changes nothing but receipts.

use super::all::kept;
use super::receipt::{Receipt, Receipts, Unconfirmed};
use crate::error::Error;
use std::path::Path;

/// What `enable --all` has changed, as it is called beside services.
const ALL: &str = "--all";

/// A change that waits to be confirmed.
#[derive(Debug)]
pub(super) enum Waits {
    One(Box<Receipt>),
    All(Box<kept::Receipt>),
}

impl Waits {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::One(receipt) => &receipt.service,
            Self::All(_) => ALL,
        }
    }

    /// What has become of it, once nobody has confirmed it.
    pub(super) fn gone(&self) -> String {
        match self {
            Self::One(receipt) => format!("{} asks for no code any more", receipt.service),
            Self::All(_) => String::from("the common lines ask for no code any more"),
        }
    }

    /// RFC 3339, UTC.
    pub(super) fn made(&self) -> &str {
        match self {
            Self::One(receipt) => &receipt.made,
            Self::All(receipt) => &receipt.made,
        }
    }

    /// Services of which a login proves it. sshd's own settings are tried by sshd alone.
    pub(super) fn proofs(&self, unconfirmed: &Unconfirmed) -> Vec<&str> {
        match self {
            Self::One(receipt) => vec![&receipt.service],
            Self::All(receipt) => {
                let has_sshd = unconfirmed.sshd_config.is_some() && receipt.services.iter().any(|one| one == SSHD);
                let counts = |service: &&str| !has_sshd || *service == SSHD;
                receipt.services.iter().map(String::as_str).filter(counts).collect()
            }
        }
    }

    /// The file that asks for no code any more; none where all is in place.
    pub(super) fn missing_from(&self) -> Option<&Path> {
        match self {
            Self::One(receipt) => (!receipt.is_in_place()).then_some(receipt.file.as_path()),
            Self::All(receipt) => receipt.missing_from(),
        }
    }

    /// It stays.
    pub(super) fn keep(self, receipts: &Receipts) -> Result<(), Error> {
        match self {
            Self::One(mut receipt) => {
                receipt.unconfirmed = None;
                receipts.keep(&receipt)
            }
            Self::All(mut receipt) => {
                receipt.unconfirmed = None;
                kept::keep(receipts, &receipt)
            }
        }
    }
}

const SSHD: &str = "sshd";

/// Changes that wait, and what receipts could not be read.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) those: Vec<(Waits, Unconfirmed)>,
    pub(super) errors: Vec<Error>,
}

impl Waiting {
    /// What was found, or the words for where nothing was.
    pub(super) fn add(&mut self, found: Result<Option<(Waits, Unconfirmed)>, Error>, none: impl FnOnce() -> String) {
        match found {
            Ok(Some(found)) => self.those.push(found),
            Ok(None) => self.errors.push(Error::NotFound(none())),
            Err(error) => self.errors.push(error),
        }
    }

    /// All of them.
    pub(super) fn read(receipts: &Receipts) -> Result<Self, Error> {
        let mut found = Self::default();
        for receipt in receipts.all()? {
            match receipt {
                Ok(receipt) => found.those.extend(of(receipt)),
                Err(error) => found.errors.push(error),
            }
        }
        match of_all(receipts) {
            Ok(all) => found.those.extend(all),
            Err(error) => found.errors.push(error),
        }
        Ok(found)
    }
}

/// That of a service; none where it does not wait.
pub(super) fn of_service(receipts: &Receipts, service: &str) -> Result<Option<(Waits, Unconfirmed)>, Error> {
    Ok(receipts.read(service)?.and_then(of))
}

/// That of `enable --all`.
pub(super) fn of_all(receipts: &Receipts) -> Result<Option<(Waits, Unconfirmed)>, Error> {
    let waits = |receipt: kept::Receipt| (receipt.unconfirmed.clone(), Waits::All(Box::new(receipt)));
    Ok(kept::read(receipts)?.map(waits).and_then(|(unconfirmed, waits)| Some((waits, unconfirmed?))))
}

fn of(receipt: Receipt) -> Option<(Waits, Unconfirmed)> {
    receipt.unconfirmed.clone().map(|unconfirmed| (Waits::One(Box::new(receipt)), unconfirmed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::path::PathBuf;

    #[test]
    fn any_of_its_services_proves_what_was_changed_for_all_and_sshd_alone_where_its_settings_were_changed_too() {
        let unconfirmed = |sshd_config: Option<&str>| Unconfirmed {
            within_s: 600,
            until: String::from("2026-11-29T14:20:10Z"),
            begun: serde_json::from_value(json!({ "boot": "one", "boot_ms": 1 })).unwrap(),
            stands: None,
            sshd_config: sshd_config.map(PathBuf::from),
        };
        let all = |services: &[&str]| {
            let receipt = json!({ "version": 1, "files": [], "services": services, "made": "2026-11-29T14:10:10Z" });
            Waits::All(Box::new(serde_json::from_value(receipt).unwrap()))
        };
        let (here, sshd) = (unconfirmed(None), unconfirmed(Some("/etc/ssh/sshd_config")));
        assert_eq!(all(&["login", "sshd"]).proofs(&here), ["login", "sshd"]);
        assert_eq!(all(&["login", "sshd"]).proofs(&sshd), ["sshd"]);
        // sshd has lines of its own there.
        assert_eq!(all(&["login", "su"]).proofs(&sshd), ["login", "su"]);
    }
}
