//! Files that change together: what each was, kept until all is undone, and back again. A file is as it was, as it was made, or
//! somebody has been at it since; only the first two are put back.

use super::super::attributes::Attributes;
use super::super::file::{Found, clear, gone};
use super::super::receipt::{Receipts, Unconfirmed, sum};
use super::super::stack::line;
use crate::clock;
use crate::error::Error;
use crate::exempt::rfc3339;
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// Of this form.
const VERSION: u32 = 1;
/// No service can be called so.
const NAME: &str = "all.services";

/// A file that is to change.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) path: PathBuf,
    /// None where there is no file.
    pub(super) before: Option<Found>,
    /// None where there is to be none.
    pub(super) after: Option<Vec<u8>>,
}

/// What was changed for all services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Receipt {
    version: u32,
    files: Vec<Kept>,
    /// Those that asked for a code then.
    pub(in super::super) services: Vec<String>,
    /// RFC 3339, UTC.
    pub(in super::super) made: String,
    /// Where `confirm` has to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) unconfirmed: Option<Unconfirmed>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    file: PathBuf,
    before: Option<Was>,
    /// What it was made, base64.
    after: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Was {
    owner: u32,
    group: u32,
    /// The permission bits.
    mode: u32,
    /// Base64.
    text: String,
    sha256: String,
    /// Access list and labels, base64: pam-auth-update makes a new file, which has none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, String>,
}

/// What became of the files.
#[derive(Debug)]
pub(super) enum Undone {
    /// They are as they were, byte for byte.
    Restored,
    /// They were changed after that time, and are so now.
    Edited(Option<String>, Vec<Change>),
}

impl Receipt {
    pub(super) fn of(changes: &[Change], services: &[String], unconfirmed: Option<Unconfirmed>) -> Self {
        let kept = |change: &Change| Kept {
            file: change.path.clone(),
            before: change.before.as_ref().map(|found| Was {
                owner: found.owner,
                group: found.group,
                mode: found.mode,
                text: BASE64.encode(&found.text),
                sha256: sum(&found.text),
                attributes: found.attributes().encoded(),
            }),
            after: change.after.as_ref().map(|text| BASE64.encode(text)),
        };
        Self {
            version: VERSION,
            files: changes.iter().map(kept).collect(),
            services: services.to_vec(),
            made: rfc3339(clock::wall_s()),
            unconfirmed,
        }
    }

    /// Whether each file is as it was before or as it was made.
    pub(super) fn is_untouched(&self) -> Result<bool, Error> {
        for kept in &self.files {
            if !kept.is_untouched(text(&kept.file)?.as_deref()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A file that was made to ask for a code and does not any more.
    pub(in super::super) fn missing_from(&self) -> Option<&Path> {
        let asks = |kept: &&Kept| {
            let after = kept.after.as_ref().and_then(|after| BASE64.decode(after.as_bytes()).ok());
            after.is_some_and(|after| has_ours(&after))
        };
        let asks_not = |kept: &&Kept| !text(&kept.file).is_ok_and(|now| now.is_some_and(|now| has_ours(&now)));
        self.files.iter().filter(asks).find(asks_not).map(|kept| kept.file.as_path())
    }

    /// Every file as it was, with its owner and mode.
    pub(super) fn put_back(&self) -> Result<(), Error> {
        self.files.iter().try_for_each(Kept::put_back)
    }

    /// Whether that file was not there before.
    pub(super) fn has_made(&self, path: &Path) -> bool {
        self.files.iter().any(|kept| kept.file == path && kept.before.is_none())
    }

    /// What stood in the file of that name.
    pub(super) fn before(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let kept = self.files.iter().find(|kept| kept.file.ends_with(name));
        let was = kept.and_then(|kept| Some((kept, kept.before.as_ref()?)));
        was.map(|(kept, was)| Ok(was.found(&kept.file)?.text)).transpose()
    }

    /// What is otherwise now than it was before.
    pub(super) fn since(&self) -> Result<Vec<Change>, Error> {
        let change = |kept: &Kept| {
            let found = kept.before.as_ref().map(|was| was.found(&kept.file)).transpose()?;
            Ok(Change { path: kept.file.clone(), before: found, after: text(&kept.file)? })
        };
        self.files.iter().map(change).collect()
    }
}

impl Kept {
    fn is_untouched(&self, now: Option<&[u8]>) -> bool {
        let Some(text) = now else { return self.before.is_none() || self.after.is_none() };
        let after = self.after.as_ref().and_then(|after| BASE64.decode(after.as_bytes()).ok());
        // pam-auth-update writes over its list of what it has seen; where it was killed, the end is missing.
        let is_cut = |after: &[u8]| self.file.ends_with("var/lib/pam/seen") && after.starts_with(text);
        after.is_some_and(|after| text == after || is_cut(&after))
            || self.before.as_ref().is_some_and(|was| was.sha256 == sum(text))
    }

    fn put_back(&self) -> Result<(), Error> {
        clear(&self.file)?;
        let now = Found::read(&self.file)?;
        let Some(was) = &self.before else {
            return remove(&self.file);
        };
        let was = was.found(&self.file)?;
        match now {
            Some(now) if now == was => Ok(()),
            Some(now) => now.replace_by(&was),
            None => create(&was),
        }
    }
}

impl Was {
    fn found(&self, path: &Path) -> Result<Found, Error> {
        let text = BASE64.decode(self.text.as_bytes()).ok().filter(|text| sum(text) == self.sha256);
        let text = text.ok_or_else(|| Error::Unfit {
            path: path.to_owned(),
            why: String::from("is not whole in the receipt; put it back from a backup"),
        })?;
        let found = Found::new(path.to_owned(), text, (self.owner, self.group, self.mode));
        Ok(found.with(Attributes::decoded(&self.attributes)))
    }
}

/// Whether a line of a stack names our module.
pub(super) fn has_ours(text: &[u8]) -> bool {
    !line::of_ours(text).is_empty()
}

/// What stands in a file; none where there is none.
pub(super) fn text(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match std::fs::read(path) {
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(None),
        other => other.map(Some).map_err(|why| Error::File { what: "cannot read", path: path.to_owned(), why }),
    }
}

/// Makes a file that is not there, whole and durably.
pub(super) fn create(file: &Found) -> Result<(), Error> {
    let fail = |why| Error::File { what: "cannot write", path: file.path.clone(), why };
    let mut draft = file.path.clone().into_os_string();
    // pam-auth-update passes over names that end so.
    draft.push(".new~");
    let draft = PathBuf::from(draft);
    let written = (|| {
        gone(std::fs::remove_file(&draft))?;
        let mut new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        new.write_all(&file.text)?;
        fchown(&new, Some(file.owner), Some(file.group))?;
        new.set_permissions(Permissions::from_mode(file.mode))?;
        file.attributes().put_on(&new)?;
        new.sync_all()?;
        std::fs::rename(&draft, &file.path)
    })();
    written.and_then(|()| settle(&file.path)).map_err(fail)
}

/// Takes a file away, durably, and a draft of it.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    let fail = |why| Error::File { what: "cannot remove", path: path.to_owned(), why };
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new~");
    gone(std::fs::remove_file(draft)).map_err(fail)?;
    gone(std::fs::remove_file(path)).and_then(|()| settle(path)).map_err(fail)
}

/// What another program has written, durably: it only renames.
pub(super) fn settle_all(changes: &[Change]) -> Result<(), Error> {
    changes.iter().filter(|change| change.path.exists()).try_for_each(|change| {
        let settled = File::open(&change.path).and_then(|file| file.sync_all()).and_then(|()| settle(&change.path));
        settled.map_err(|why| Error::File { what: "written, but perhaps not durably,", path: change.path.clone(), why })
    })
}

fn settle(path: &Path) -> std::io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all())
}

/// The receipt; none where nothing was changed.
pub(in super::super) fn read(receipts: &Receipts) -> Result<Option<Receipt>, Error> {
    let Some((path, bytes)) = receipts.bytes(NAME)? else { return Ok(None) };
    match serde_json::from_slice::<Receipt>(&bytes) {
        Ok(receipt) if receipt.version == VERSION => Ok(Some(receipt)),
        _ => {
            let why = "is no receipt of this release; take it away, and our profiles out by hand (docs/enable.md)";
            Err(Error::Unfit { path, why: why.to_owned() })
        }
    }
}

pub(in super::super) fn keep(receipts: &Receipts, receipt: &Receipt) -> Result<(), Error> {
    receipts.write(NAME, receipt)
}

pub(super) fn forget(receipts: &Receipts) -> Result<(), Error> {
    receipts.drop(NAME)
}
