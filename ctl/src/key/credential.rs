//! The credential's file: where it is, what it is locked by, and how it is put there. It never holds the key readable, and never opens it:
//! that is systemd's (`creds.rs`).

use crate::error::Error;
use crate::outfile::folder;
use data_encoding::BASE64;
use nix::fcntl::OFlag;
use serde::Serialize;
use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Its name, which it is sealed with.
pub(super) const NAME: &str = "pam-2fa-key";
/// Where `pam-2fa-key.service` has it from: systemd's own folder of such files, which is root's alone.
pub(crate) const PLACE: &str = "/etc/credstore.encrypted/pam-2fa-key";
/// More bytes than one has.
const LONGEST: u64 = 64 * 1024;
/// The debug PCR of TCG's PC Client Platform TPM Profile: nothing that starts the host is measured into it, so that it is the same at each start.
pub(super) const UNMEASURED: u32 = 16;

/// What it is locked by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize)]
pub(crate) enum With {
    /// The key of this host, /var/lib/systemd/credential.secret
    #[serde(rename = "host")]
    Host,
    /// The TPM2 of this host
    #[serde(rename = "tpm2")]
    Tpm2,
    /// Both
    #[value(name = "host+tpm2")]
    #[serde(rename = "host+tpm2")]
    HostTpm2,
}

impl With {
    /// As systemd-creds(1) calls it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Tpm2 => "tpm2",
            Self::HostTpm2 => "host+tpm2",
        }
    }

    pub(super) fn has_tpm2(self) -> bool {
        !matches!(self, Self::Host)
    }
}

impl fmt::Display for With {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "the key of this host",
            Self::Tpm2 => "the TPM2",
            Self::HostTpm2 => "the key of this host and the TPM2",
        })
    }
}

/// What a credential says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lock {
    /// None where it is another way than ours, or nothing at all.
    pub(crate) with: Option<With>,
    /// It opens only while the host starts with the same firmware, boot loader or the like.
    pub(crate) is_measured: bool,
}

/// The file as it stands there.
pub(crate) struct Stands {
    pub(crate) bytes: Vec<u8>,
    pub(crate) lock: Lock,
}

/// The file; none where there is none.
pub(crate) fn there(path: &Path) -> Result<Option<Stands>, Error> {
    let fail = |why| Error::File { what: "cannot read", path: path.to_owned(), why };
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = match OpenOptions::new().read(true).custom_flags(flags.bits()).open(path) {
        Err(why) if why.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(fail)?,
    };
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes).map_err(fail)?;
    Ok(Some(Stands { lock: lock(&bytes), bytes }))
}

/// The head of systemd's format, which is the same from 250 on: an id of the way, four lengths, the nonce; then, where there is a TPM2 in it,
/// the mask of its PCRs, eight bytes from the least on. All of it in base64.
fn lock(bytes: &[u8]) -> Lock {
    const NONE: Lock = Lock { with: None, is_measured: false };
    /// src/shared/creds-util.h: by the host's key, by a TPM2, by both; the last two with signed measurements, too.
    const WAYS: [(&str, With, bool); 5] = [
        ("5a1c6a86df9d4096b1d5a65e0862f19a", With::Host, false),
        ("0c7cc07b117645919c4b0bea08bc20fe", With::Tpm2, false),
        ("faf7eb9341e3412ca1a436f95a29362f", With::Tpm2, true),
        ("93a894094874449090caf2fc93cab553", With::HostTpm2, false),
        ("af4950a849134eb1a73846304ff30c05", With::HostTpm2, true),
    ];
    let text: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let Ok(head) = BASE64.decode(&text) else { return NONE };
    let id = data_encoding::HEXLOWER.encode(head.get(..16).unwrap_or_default());
    let Some((_, with, is_signed)) = WAYS.into_iter().find(|(way, ..)| *way == id) else { return NONE };
    let mask = with.has_tpm2().then(|| mask(&head)).flatten().unwrap_or_default();
    Lock { with: Some(with), is_measured: is_signed || mask & !(1 << UNMEASURED) != 0 }
}

fn mask(head: &[u8]) -> Option<u64> {
    let nonce = u32::from_le_bytes(head.get(24..28)?.try_into().ok()?);
    let at = usize::try_from(nonce).ok()?.checked_add(32)?.checked_next_multiple_of(8)?;
    Some(u64::from_le_bytes(head.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

/// Puts it there, whole and durable or not at all; what stood there gets the name that is returned, where `aside` says so.
pub(super) fn put(path: &Path, bytes: &[u8], aside: bool) -> Result<Option<PathBuf>, Error> {
    let fail = |why| Error::File { what: "cannot write", path: path.to_owned(), why };
    let parent = folder(path);
    make(parent).map_err(fail)?;
    let part = parent.join(format!(".{NAME}.part"));
    let put = || {
        discard(&part)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        // A second name: something stands at the first one until the new file does.
        let aside = if aside { second_name(path)? } else { None };
        std::fs::rename(&part, path)?;
        File::open(parent)?.sync_all()?;
        Ok(aside)
    };
    let done = put();
    if done.is_err() {
        // It is locked, and the next run begins with it.
        let _ = discard(&part);
    }
    done.map_err(fail)
}

/// Takes it away, durably.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    let gone = discard(path).and_then(|()| match File::open(folder(path)) {
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(()),
        opened => opened?.sync_all(),
    });
    gone.map_err(|why| Error::File { what: "cannot take away", path: path.to_owned(), why })
}

/// Out of the sight of the unit that opens it while `run` starts configd without it. Then it is gone, or, where that failed, where it was. A
/// run that is killed leaves it beside its name, locked as it is.
pub(super) fn without(path: &Path, run: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    let fail = |why| Error::File { what: "cannot take away", path: path.to_owned(), why };
    let hidden = path.with_extension("closed");
    match std::fs::rename(path, &hidden) {
        Err(why) if why.kind() == ErrorKind::NotFound => return run(),
        renamed => renamed.map_err(fail)?,
    }
    match run() {
        Ok(()) => remove(&hidden),
        Err(why) => std::fs::rename(&hidden, path).map_err(fail).and(Err(why)),
    }
}

/// systemd's folder, which not every release makes: root's alone.
fn make(parent: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(parent) {
        Err(why) if why.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => made.and_then(|()| File::open(folder(parent))?.sync_all()),
    }
}

fn discard(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// `pam-2fa-key.aside`, `pam-2fa-key.aside.2`, …
fn second_name(path: &Path) -> io::Result<Option<PathBuf>> {
    for number in 1_u32..=1000 {
        let mut name = path.as_os_str().to_owned();
        name.push(if number == 1 { String::from(".aside") } else { format!(".aside.{number}") });
        match std::fs::hard_link(path, &name) {
            Err(why) if why.kind() == ErrorKind::NotFound => return Ok(None),
            Err(why) if why.kind() == ErrorKind::AlreadyExists => {}
            named => return named.map(|()| Some(PathBuf::from(name))),
        }
    }
    Err(io::Error::other("a thousand names of what stood there are taken; take some away"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{read, write};
    use std::os::unix::fs::PermissionsExt;

    /// Written by systemd-creds 252, the TPM2's with `--tpm2-pcrs=`, 7 and 16.
    #[test]
    fn what_a_credential_is_locked_by_stands_in_its_head() {
        let host: &[u8] = b"Whxqht+dQJax1aZeCGLxmiAAAAABAAAADAAAABAAAADTopkfKFfj5E3O3WsAAAAAhaxoY/XIV0pCF2I\nrnGSnzFE7zMJu/ACZkP6oXUJ+Py32vqbPKMJ1n13KWQLhoeTNaqD87IM=\n";
        assert_eq!(lock(host), Lock { with: Some(With::Host), is_measured: false });
        for (mask, bank, is_measured) in [
            ([0_u8; 8], [0xff, 0xff], false),
            ([0x80, 0, 0, 0, 0, 0, 0, 0], [0x0b, 0], true),
            ([0, 0, 1, 0, 0, 0, 0, 0], [0x0b, 0], false),
        ] {
            let id = data_encoding::HEXLOWER.decode(b"0c7cc07b117645919c4b0bea08bc20fe").unwrap();
            let lengths = [32_u32, 1, 12, 16].map(u32::to_le_bytes).concat();
            let head = [&id[..], &lengths, &[7; 12], &[0; 4], &mask, &bank, &[0x23, 0]].concat();
            let text = BASE64.encode(&head);
            assert_eq!(lock(text.as_bytes()), Lock { with: Some(With::Tpm2), is_measured }, "{mask:?}");
            for cut in (0..text.len()).step_by(4) {
                let _ = lock(&text.as_bytes()[..cut]);
            }
        }
        for none in [&b""[..], b"AAAA", b"pam-2fa-key:v1:", &[0xff; 80]] {
            assert_eq!(lock(none), Lock { with: None, is_measured: false });
        }
    }

    #[test]
    fn what_was_out_of_sight_is_gone_or_where_it_was() {
        let base = tempfile::tempdir().unwrap();
        let place = base.path().join(NAME);
        without(&place, || Ok(())).unwrap();
        put(&place, b"one", false).unwrap();
        let refused = || Err(Error::Refused(Vec::new()));
        assert!(without(&place, || if place.exists() { Ok(()) } else { refused() }).is_err());
        assert_eq!(read(&place).unwrap(), b"one");
        without(&place, || Ok(())).unwrap();
        assert_eq!(base.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn what_stood_there_keeps_a_name_and_what_comes_is_roots_alone() {
        let base = tempfile::tempdir().unwrap();
        let place = base.path().join("credstore.encrypted").join(NAME);
        assert_eq!(put(&place, b"one", true).unwrap(), None);
        let mode = |path: &Path| path.symlink_metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode(&place), mode(folder(&place))), (0o600, 0o700));
        // Of a run that was killed.
        write(folder(&place).join(".pam-2fa-key.part"), "half").unwrap();
        let aside = put(&place, b"two", true).unwrap().unwrap();
        let second = put(&place, b"three", true).unwrap().unwrap();
        assert_eq!([&aside, &second, &place].map(|path| read(path).unwrap()), [&b"one"[..], b"two", b"three"]);
        assert_eq!(put(&place, b"four", false).unwrap(), None);
        assert_eq!(there(&place).unwrap().unwrap().bytes, b"four");
        remove(&place).unwrap();
        remove(&place).unwrap();
        assert!(there(&place).unwrap().is_none());
        std::os::unix::fs::symlink(&aside, &place).unwrap();
        assert!(there(&place).is_err(), "a link is nobody's");
    }
}
