//! The file `break-glass` beside `config.toml`: one-time codes for a console on the day when no code can be checked. The command writes
//! it, the module reads it and marks what was used. configd has no part in it: it is for when that is gone.
//!
//! Records of 512 bytes, the first of them a heading, each a line of text:
//!
//! ```text
//! STATE ID UID MADE UNTIL SALT HASH NAME…spaces REASON…spaces
//! ```
//!
//! each part at its own place. STATE is one byte (`-` unused, `u` used, `n` used and noted in configd's log), so that the module marks a
//! record by writing one byte in its place. MADE and UNTIL are seconds since 1970. HASH is SHA-256 over all of the record but STATE
//! and HASH, and the code ([`Record::hashed`]), so that a record that was changed opens nothing. A code has 130 random bits: nothing slower than one hash is
//! needed to keep it.

mod code;

pub use code::{ALPHABET, Code, Mistyped};

use std::ffi::CStr;

/// The file's name, in the folder of `config.toml`.
pub const FILE: &str = "break-glass";

/// Where the module looks for it.
pub const PATH: &CStr = c"/etc/pam-2fa/break-glass";

/// Bytes of a record.
pub const RECORD: usize = 512;

/// Records that a file has at most, beside its heading.
pub const MOST: usize = 64;

/// The longest reason in bytes. (A name has 128 at most: Linux' own have 32, directories' are longer.)
pub const LONGEST_REASON: usize = at::REASON.end - at::REASON.start;

/// What the heading begins with.
const HEADING: &str = "pam-2fa-break-glass:v1";

/// The rest of it, for whoever opens the file.
const ABOUT: &str = "one-time codes for a console, hashed; made and listed by `pam-2fa break-glass`; not to be edited";

/// What has become of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is good until its date.
    Unused,
    /// It has let somebody in, and configd's log does not have it yet.
    Used,
    /// And has it now.
    Noted,
}

impl State {
    /// The byte that a record begins with.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Unused => b'-',
            Self::Used => b'u',
            Self::Noted => b'n',
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::Unused, Self::Used, Self::Noted].into_iter().find(|state| state.byte() == byte)
    }
}

/// Where each part of a record stands in it, bytes; a space stands between two.
mod at {
    use std::ops::Range;

    pub(super) const ID: Range<usize> = 2..10;
    pub(super) const UID: Range<usize> = 11..21;
    pub(super) const MADE: Range<usize> = 22..33;
    pub(super) const UNTIL: Range<usize> = 34..45;
    pub(super) const SALT: Range<usize> = 46..78;
    pub(super) const HASH: Range<usize> = 79..143;
    pub(super) const NAME: Range<usize> = 144..272;
    pub(super) const REASON: Range<usize> = 273..511;
    /// All but the state and the hash: what stands before the hash, and what stands behind it.
    pub(super) const HASHED: [Range<usize>; 2] = [1..79, 143..512];
    /// Spaces, and the end of the line.
    pub(super) const BETWEEN: [usize; 8] = [1, 10, 21, 33, 45, 78, 143, 272];
}

/// What a record says. The texts are the file's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// All of it, as it stands in the file.
    pub line: &'a [u8],
    /// What has become of it.
    pub state: State,
    /// What lists and logs call it: eight letters and digits.
    pub id: &'a str,
    /// Whom it lets in: whoever has this uid, where that is 0.
    pub uid: u32,
    /// Else the uid under this name.
    pub name: &'a str,
    /// Until when it is good, seconds since 1970.
    pub until_s: i64,
    /// SHA-256 over [`Record::hashed`], hexadecimal.
    pub hash: &'a str,
}

/// What stands in the place of a record and is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damaged;

impl<'a> Record<'a> {
    /// Reads one.
    ///
    /// # Errors
    /// [`Damaged`], where it is not written as a record is.
    pub fn parse(line: &'a [u8]) -> Result<Self, Damaged> {
        let is_spaced = at::BETWEEN.iter().all(|place| line.get(*place) == Some(&b' '));
        if line.len() != RECORD || !is_spaced || line.last() != Some(&b'\n') {
            return Err(Damaged);
        }
        Ok(Self {
            line,
            state: line.first().copied().and_then(State::of).ok_or(Damaged)?,
            id: word(line, at::ID)?,
            uid: u32::try_from(digits(line, at::UID)?).map_err(|_| Damaged)?,
            name: text(line, at::NAME)?,
            until_s: digits(line, at::UNTIL)?,
            hash: word(line, at::HASH)?,
        })
    }

    /// When it was made, seconds since 1970.
    #[must_use]
    pub fn made_s(&self) -> Option<i64> {
        digits(self.line, at::MADE).ok()
    }

    /// Why it was made.
    #[must_use]
    pub fn reason(&self) -> &'a str {
        text(self.line, at::REASON).unwrap_or_default()
    }

    /// What is hashed of it, part after part, with the code that it is to be good for: all but the state, which changes, and the hash.
    #[must_use]
    pub fn hashed<'c>(&self, code: &'c Code) -> [&'c [u8]; 4]
    where
        'a: 'c,
    {
        let [before, behind] = at::HASHED.map(|range| self.line.get(range).unwrap_or_default());
        [HEADING.as_bytes(), before, behind, code.letters()]
    }

    /// Whether this is the hash that it has. All of it is looked at.
    #[must_use]
    pub fn has_hash(&self, sha256: &[u8; 32]) -> bool {
        let mut differ = 0;
        for (pair, byte) in self.hash.as_bytes().chunks(2).zip(sha256) {
            differ |= u8::from(pair != [digit(byte >> 4), digit(byte & 15)]);
        }
        differ == 0
    }

    /// Whether it lets somebody of this uid and canonical name in, then. Not whether the code is right.
    #[must_use]
    pub fn is_for(&self, uid: u32, name: &str, now_s: i64) -> bool {
        let is_user = self.uid == uid && (uid == 0 || self.name == name);
        is_user && self.state == State::Unused && now_s <= self.until_s
    }
}

/// A new record.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// Eight letters and digits.
    pub id: &'a str,
    /// Whom it lets in.
    pub uid: u32,
    /// The canonical name.
    pub name: &'a str,
    /// Now, seconds since 1970.
    pub made_s: i64,
    /// Until when it is good.
    pub until_s: i64,
    /// 16 random bytes, hexadecimal.
    pub salt: &'a str,
    /// Why it is made.
    pub reason: &'a str,
}

impl New<'_> {
    /// As it stands in the file, [`RECORD`] bytes; `sha256` hashes. None where a part of it does not fit.
    #[must_use]
    pub fn line(&self, code: &Code, sha256: impl Fn([&[u8]; 4]) -> [u8; 32]) -> Option<Vec<u8>> {
        let mut line = padded("-");
        let number = |number: i64, range: std::ops::Range<usize>| format!("{number:0width$}", width = range.len());
        for (range, part) in [
            (at::ID, self.id),
            (at::UID, &number(i64::from(self.uid), at::UID)),
            (at::MADE, &number(self.made_s, at::MADE)),
            (at::UNTIL, &number(self.until_s, at::UNTIL)),
            (at::SALT, self.salt),
            (at::HASH, &hex(&[0; 32])),
            (at::NAME, self.name),
            (at::REASON, self.reason),
        ] {
            let is_text = !part.contains(char::is_control) && (part == self.reason || !part.contains(' '));
            let place = line.get_mut(range)?.get_mut(..part.len()).filter(|_| is_text && !part.is_empty())?;
            place.copy_from_slice(part.as_bytes());
        }
        let hash = hex(&sha256(Record::parse(&line).ok()?.hashed(code)));
        line.get_mut(at::HASH)?.copy_from_slice(hash.as_bytes());
        Record::parse(&line).is_ok().then_some(line)
    }
}

/// The same record in another state.
#[must_use]
pub fn with_state(line: &[u8], state: State) -> Vec<u8> {
    let mut line = line.to_vec();
    if let Some(first) = line.first_mut() {
        *first = state.byte();
    }
    line
}

/// A part without spaces, whole.
fn word(line: &[u8], range: std::ops::Range<usize>) -> Result<&str, Damaged> {
    let word = line.get(range).filter(|word| word.iter().all(u8::is_ascii_alphanumeric)).ok_or(Damaged)?;
    std::str::from_utf8(word).map_err(|_| Damaged)
}

/// A part that is filled up with spaces, and has something in it.
fn text(line: &[u8], range: std::ops::Range<usize>) -> Result<&str, Damaged> {
    let text = line.get(range).map(<[u8]>::trim_ascii_end).filter(|text| !text.is_empty()).ok_or(Damaged)?;
    std::str::from_utf8(text).map_err(|_| Damaged)
}

fn digits(line: &[u8], range: std::ops::Range<usize>) -> Result<i64, Damaged> {
    let digits = line.get(range).filter(|digits| digits.iter().all(u8::is_ascii_digit)).ok_or(Damaged)?;
    Ok(digits.iter().fold(0, |number: i64, digit| number.wrapping_mul(10).wrapping_add(i64::from(digit & 15))))
}

/// Whether a name can stand in a record.
#[must_use]
pub fn is_name(name: &str) -> bool {
    (1..=at::NAME.len()).contains(&name.len()) && !name.contains(|c: char| c.is_control() || c.is_whitespace())
}

/// The heading of the file.
#[must_use]
pub fn heading() -> Vec<u8> {
    padded(&format!("{HEADING} {ABOUT}"))
}

fn padded(text: &str) -> Vec<u8> {
    let mut line = text.as_bytes().to_vec();
    line.resize(RECORD.saturating_sub(1), b' ');
    line.push(b'\n');
    line
}

/// Whether it begins as a file of this release does.
#[must_use]
pub fn is_file(file: &[u8]) -> bool {
    file.len() >= RECORD && file.starts_with(HEADING.as_bytes()) && file.get(HEADING.len()) == Some(&b' ')
}

/// Each record of a file with the place in it where it begins, in bytes. None: it is no such file. What is cut off at its end is
/// damaged, and the rest is not.
pub fn records(file: &[u8]) -> Option<impl Iterator<Item = (usize, Result<Record<'_>, Damaged>)>> {
    is_file(file).then(|| {
        let chunks = file.chunks(RECORD).zip((0_usize..).step_by(RECORD)).skip(1);
        chunks.map(|(bytes, at)| (at, Record::parse(bytes)))
    })
}

/// Bytes as they stand in a record.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        text.push(char::from(digit(byte >> 4)));
        text.push(char::from(digit(byte & 15)));
    }
    text
}

/// A digit, hexadecimal.
fn digit(value: u8) -> u8 {
    if value < 10 { b'0'.wrapping_add(value) } else { b'a'.wrapping_add(value).wrapping_sub(10) }
}

#[cfg(test)]
mod tests;
