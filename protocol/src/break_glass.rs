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

use crate::Secret;
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

/// Random letters of a code, five bits each.
const RANDOM: usize = 26;

/// Letters of a code: the random ones, and two by which a mistyped one is told from a wrong one.
const LETTERS: usize = RANDOM + 2;

/// Crockford's: all digits, and the letters but I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

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
        [HEADING.as_bytes(), before, behind, code.0.expose()]
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

/// A code in the one spelling that is hashed: 28 capital letters and digits.
#[derive(Debug)]
pub struct Code(Secret<[u8; LETTERS]>);

/// What was typed is no code, whichever record it was meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistyped {
    /// It has so many letters and digits, or one that no code has.
    Form,
    /// It was read or typed wrongly somewhere: its last two letters do not fit the others.
    Check,
}

impl Code {
    /// The code of this randomness: of each byte five bits are taken.
    #[must_use]
    pub fn of(random: &Secret<[u8; RANDOM]>) -> Self {
        let mut code = Secret::new([0; LETTERS]);
        for (letter, byte) in code.expose_mut().iter_mut().zip(random.expose()) {
            *letter = letter_of(u32::from(*byte & 31));
        }
        let check = check(code.expose());
        let [.., high, low] = code.expose_mut();
        [*high, *low] = check;
        Self(code)
    }

    /// Reads what a person typed: in any case, with spaces and hyphens wherever, O for 0, I and L for 1.
    ///
    /// # Errors
    /// [`Mistyped`].
    pub fn parse(typed: &str) -> Result<Self, Mistyped> {
        let mut code = Secret::new([0; LETTERS]);
        let mut letters = code.expose_mut().iter_mut();
        for typed in typed.bytes() {
            let typed = match typed.to_ascii_uppercase() {
                b' ' | b'-' => continue,
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            };
            let letter = letters.next().filter(|_| ALPHABET.contains(&typed)).ok_or(Mistyped::Form)?;
            *letter = typed;
        }
        if letters.next().is_some() {
            return Err(Mistyped::Form);
        }
        if code.expose().ends_with(&check(code.expose())) { Ok(Self(code)) } else { Err(Mistyped::Check) }
    }

    /// As it is shown, once: seven groups of four.
    #[must_use]
    pub fn shown(&self) -> Secret {
        let mut shown = Secret::new(String::with_capacity(LETTERS.saturating_mul(2)));
        for (place, letter) in self.0.expose().iter().enumerate() {
            if place > 0 && place.is_multiple_of(4) {
                shown.expose_mut().push('-');
            }
            shown.expose_mut().push(char::from(*letter));
        }
        shown
    }
}

fn letter_of(value: u32) -> u8 {
    usize::try_from(value).ok().and_then(|place| ALPHABET.get(place)).copied().unwrap_or(b'0')
}

/// Two letters, of all random ones by their places: two letters that change places, and one that is another, change it. 1021 is the
/// largest prime that two letters can write.
fn check(letters: &[u8; LETTERS]) -> [u8; 2] {
    let mut sum = 1_u32;
    for letter in letters.iter().take(RANDOM) {
        let value = ALPHABET.iter().zip(0_u32..).find_map(|(one, value)| (one == letter).then_some(value));
        sum = sum.wrapping_mul(33).wrapping_add(value.unwrap_or(0)) % 1021;
    }
    [letter_of(sum / 32), letter_of(sum % 32)]
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
mod tests {
    use super::*;

    const SALT: &str = "00112233445566778899aabbccddeeff";

    fn code() -> Code {
        Code::of(&Secret::new([7; RANDOM]))
    }

    /// No hash, but one that differs with every byte.
    fn sum(parts: [&[u8]; 4]) -> [u8; 32] {
        let sum = parts.concat().iter().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
        std::array::from_fn(|place| sum.to_le_bytes()[place % 8])
    }

    fn root() -> New<'static> {
        New {
            id: "K7Q2M9XD",
            uid: 0,
            name: "root",
            made_s: 1_795_507_200,
            until_s: 1_803_283_200,
            salt: SALT,
            reason: "cold site, ticket 4711",
        }
    }

    fn line(new: New<'_>) -> Vec<u8> {
        new.line(&code(), sum).unwrap()
    }

    fn file(lines: &[Vec<u8>]) -> Vec<u8> {
        lines.iter().fold(heading(), |file, line| [file, line.clone()].concat())
    }

    #[test]
    fn what_is_written_is_read_at_its_place() {
        let ada = New { uid: 1000, name: "ada@example.com", reason: "é", made_s: 0, ..root() };
        let lines = [line(root()), with_state(&line(ada), State::Used)];
        let file = file(&lines);
        assert_eq!(file.len(), 3 * RECORD);
        let read: Vec<_> = records(&file).unwrap().map(|(at, record)| (at, record.unwrap())).collect();
        assert_eq!(read.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [RECORD, 2 * RECORD]);
        let (first, second) = (read[0].1, read[1].1);
        assert_eq!((first.state, first.id, first.uid, first.name), (State::Unused, "K7Q2M9XD", 0, "root"));
        assert_eq!((first.made_s(), first.until_s), (Some(1_795_507_200), 1_803_283_200));
        assert_eq!((first.reason(), first.hash), (root().reason, hex(&sum(first.hashed(&code()))).as_str()));
        assert_eq!(
            (second.state, second.uid, second.name, second.reason()),
            (State::Used, 1000, "ada@example.com", "é")
        );
        assert_eq!(file[RECORD], State::Unused.byte());
    }

    #[test]
    fn the_longest_record_fits_and_what_is_longer_or_no_word_is_not_written() {
        let (name, reason) = ("n".repeat(at::NAME.len()), "r".repeat(LONGEST_REASON));
        let longest = line(New { uid: u32::MAX, name: &name, until_s: 99_999_999_999, reason: &reason, ..root() });
        let read = Record::parse(&longest).unwrap();
        assert_eq!((read.uid, read.name, read.until_s, read.reason()), (u32::MAX, &*name, 99_999_999_999, &*reason));
        let (name, reason) = ("n".repeat(at::NAME.len() + 1), "r".repeat(LONGEST_REASON + 1));
        for odd in [
            New { name: &name, ..root() },
            New { name: "two words", ..root() },
            New { name: "", ..root() },
            New { reason: &reason, ..root() },
            New { reason: "two\nlines", ..root() },
            New { reason: "", ..root() },
            New { id: "K7Q2M9X", ..root() },
            New { id: "K7Q2 9XD", ..root() },
            New { id: "K7Q2M9XDE", ..root() },
            New { until_s: 100_000_000_000, ..root() },
            New { made_s: -10_000_000_000, ..root() },
        ] {
            assert_eq!(odd.line(&code(), sum), None, "{odd:?}");
        }
    }

    #[test]
    fn a_record_that_is_changed_is_damaged_or_opens_nothing_and_the_others_stay() {
        let whole = file(&[line(root()), line(root())]);
        let opens = |record: &Record<'_>| record.is_for(0, "root", 0) && record.has_hash(&sum(record.hashed(&code())));
        assert!(opens(&records(&whole).unwrap().next().unwrap().1.unwrap()));
        for at in RECORD..2 * RECORD {
            let mut file = whole.clone();
            file[at] ^= 1;
            let read: Vec<_> = records(&file).unwrap().map(|(_, record)| record).collect();
            assert!(!read[0].is_ok_and(|record| opens(&record)), "byte {at}");
            assert!(read[1].is_ok_and(|record| opens(&record)), "byte {at}");
        }
        let cut = &whole[..whole.len() - 1];
        let read: Vec<_> = records(cut).unwrap().map(|(_, record)| record.is_ok()).collect();
        assert_eq!(read, [true, false]);
    }

    #[test]
    fn what_is_no_such_file_is_none() {
        for odd in [Vec::new(), vec![b' '; RECORD], heading()[..RECORD - 1].to_vec(), vec![0; 4 * RECORD]] {
            assert!(records(&odd).is_none());
        }
        let mut later = heading();
        later[HEADING.len() - 1] = b'2';
        assert!(records(&later).is_none(), "a later release's is not guessed at");
        assert_eq!(records(&heading()).unwrap().count(), 0);
    }

    #[test]
    fn a_code_is_for_its_user_until_its_date_and_not_once_it_is_used() {
        let new = root();
        let (unused, until) = (line(new), new.until_s);
        let root = Record::parse(&unused).unwrap();
        assert!(root.is_for(0, "root", until) && root.is_for(0, "toor", 0));
        assert!(!root.is_for(0, "root", until + 1) && !root.is_for(1000, "root", until));
        for state in [State::Used, State::Noted] {
            assert!(!Record::parse(&with_state(&unused, state)).unwrap().is_for(0, "root", until));
        }
        let ada = line(New { uid: 1000, name: "ada", ..new });
        let ada = Record::parse(&ada).unwrap();
        assert!(ada.is_for(1000, "ada", until));
        assert!(!ada.is_for(0, "root", until) && !ada.is_for(1000, "bob", until) && !ada.is_for(1001, "ada", until));
    }

    #[test]
    fn another_code_hashes_to_something_else() {
        let line = line(root());
        let record = Record::parse(&line).unwrap();
        let other = Code::of(&Secret::new([8; RANDOM]));
        assert!(record.has_hash(&sum(record.hashed(&code()))) && !record.has_hash(&sum(record.hashed(&other))));
    }

    #[test]
    fn a_code_is_read_however_it_is_typed_and_a_slip_is_told_from_a_wrong_one() {
        let random = Secret::new(std::array::from_fn(|place| u8::try_from(place * 37 % 256).unwrap()));
        let code = Code::of(&random);
        let shown = code.shown().expose().clone();
        assert_eq!((shown.len(), shown.matches('-').count()), (34, 6));
        let text = |code: &Code| String::from_utf8(code.0.expose().to_vec()).unwrap();
        let canonical = text(&code);
        for typed in [
            shown.clone(),
            shown.to_lowercase(),
            canonical.clone(),
            canonical.replace('0', "o").replace('1', "l"),
            format!(" {} ", shown.replace('-', " ")),
        ] {
            assert_eq!(text(&Code::parse(&typed).unwrap()), canonical, "{typed}");
        }
        for odd in ["", "7K3M", &canonical[1..], &format!("{canonical}0"), &canonical.replace('0', "U"), "é"] {
            assert_eq!(Code::parse(odd).unwrap_err(), Mistyped::Form, "{odd}");
        }
        let letters: Vec<char> = canonical.chars().collect();
        for place in 0..LETTERS {
            for other in ALPHABET.iter().map(|letter| char::from(*letter)).filter(|other| *other != letters[place]) {
                let mut slip = letters.clone();
                slip[place] = other;
                assert_eq!(Code::parse(&slip.iter().collect::<String>()).unwrap_err(), Mistyped::Check);
            }
            if place > 0 && letters[place] != letters[place - 1] {
                let mut swapped = letters.clone();
                swapped.swap(place, place - 1);
                assert_eq!(Code::parse(&swapped.iter().collect::<String>()).unwrap_err(), Mistyped::Check);
            }
        }
    }

    #[test]
    fn every_bit_that_was_drawn_stands_in_the_code() {
        let none = Code::of(&Secret::new([0; RANDOM]));
        for place in 0..RANDOM {
            for bit in 0..5 {
                let mut random = [0; RANDOM];
                random[place] = 1 << bit;
                let code = Code::of(&Secret::new(random));
                let pairs = code.0.expose().iter().zip(none.0.expose()).take(RANDOM);
                assert_eq!(pairs.filter(|(one, other)| one != other).count(), 1);
            }
        }
    }
}
