//! The drop-in's text: exemptions in, text out, and back. A line that we did not write is seen, and named. It opens no file.
//!
//! A block ends in sshd's eyes where the next `Match` begins, so whatever somebody adds below one of ours belongs to it. When a
//! block is taken out, such lines must not slip under another `Match`, or under none: they stay as comments.

use super::network::Network;
use super::term::{LONGEST_S, parse_rfc3339, rfc3339};
use serde::Serialize;

/// The first lines of the file.
const HEAD: &str = "\
# Who logs in by key alone, from where and until when. Kept by `pam-2fa exempt`: add, list, remove.
# Of all Match blocks that fit, sshd takes the first that it meets: no file with one may sort before this one.
# Do not edit: `pam-2fa exempt add` refuses to work on lines that it has not written.
";
const MARK: &str = "# pam-2fa exemption ";
const UNTIL: &str = "#   until: ";
const MADE: &str = "#   made: ";
const REASON: &str = "#   reason: ";
const METHODS: &str = "\tAuthenticationMethods publickey";
/// How many lines a block has.
const LINES: usize = 6;

/// One user who gets in by key alone from one network until a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Exemption {
    pub(super) id: String,
    pub(super) user: String,
    pub(super) network: Network,
    #[serde(serialize_with = "time", rename = "until")]
    pub(super) until_s: i64,
    #[serde(serialize_with = "time", rename = "made")]
    pub(super) made_s: i64,
    pub(super) by: String,
    pub(super) reason: String,
}

fn time<S: serde::Serializer>(seconds: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*seconds))
}

impl Exemption {
    fn lines(&self) -> [String; LINES] {
        [
            format!("{MARK}{}", self.id),
            format!("{UNTIL}{}", rfc3339(self.until_s)),
            format!("{MADE}{} by {}", rfc3339(self.made_s), self.by),
            format!("{REASON}{}", self.reason),
            format!("Match User {} Address {}", self.user, self.network),
            METHODS.to_owned(),
        ]
    }

    /// Reads a block back; where it is not one, the place of the first line that is not ours.
    fn read(lines: &[String]) -> Result<Self, usize> {
        let after = |at: usize, mark: &str| lines.get(at).and_then(|line| line.strip_prefix(mark)).ok_or(at);
        let id = after(0, MARK).and_then(|id| if is_id(id) { Ok(id) } else { Err(0) })?;
        let until_s = parse_rfc3339(after(1, UNTIL)?).ok_or(1_usize)?;
        let (made, by) = after(2, MADE)?.split_once(" by ").ok_or(2_usize)?;
        let made_s = parse_rfc3339(made).ok_or(2_usize)?;
        if until_s - made_s > LONGEST_S {
            return Err(1);
        }
        let reason = after(3, REASON).and_then(|reason| fit_reason(reason).map_err(|_| 3))?;
        let (user, network) = after(4, "Match User ")?.split_once(" Address ").ok_or(4_usize)?;
        let network = Network::parse(network).map_err(|_| 4_usize)?;
        fit_user(user).map_err(|_| 4_usize)?;
        let read = Self { id: id.into(), user: user.into(), network, until_s, made_s, by: by.into(), reason };
        // What has another spelling was written by somebody else.
        match read.lines().iter().enumerate().find(|(at, line)| lines.get(*at) != Some(line)) {
            Some((at, _)) => Err(at),
            None => Ok(read),
        }
    }
}

/// A name that `Match User` takes as itself and not as a pattern, and that ends no line and begins no comment.
pub(super) fn fit_user(name: &str) -> Result<(), String> {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "._-@+$".contains(character);
    match name.chars().find(|character| !is_plain(*character)) {
        None if name.is_empty() => Err(String::from("give a login name")),
        None if name.starts_with('-') => Err(String::from("a login name does not begin with -")),
        None => Ok(()),
        Some(character) => Err(format!(
            "{character:?} in a login name can mean another thing to sshd's Match; only letters and digits of ASCII and ._-@+$ can \
             be exempted"
        )),
    }
}

/// A reason is one line that anybody can read: not empty, at most 200 characters, nothing that acts on a terminal.
pub(super) fn fit_reason(text: &str) -> Result<String, String> {
    const LONGEST: usize = 200;
    let trimmed = text.trim();
    if !trimmed.chars().all(pam_2fa_settings::text::is_plain) {
        return Err(String::from("a reason is one line without control or direction characters"));
    }
    if trimmed.is_empty() {
        return Err(String::from("say why, in a few words"));
    }
    if trimmed.chars().count() > LONGEST {
        return Err(format!("a reason has at most {LONGEST} characters"));
    }
    Ok(trimmed.to_owned())
}

/// Crockford's base 32: no letter that is read as a digit.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ID_DIGITS: u32 = 7;

/// The name of the second in which an exemption was made: it never comes twice, and nobody needs to remember which were used.
pub(super) fn id_of(made_s: i64) -> String {
    let made_s = u64::try_from(made_s).unwrap_or_default();
    let digit = |place: u32| DIGITS.get(usize::try_from((made_s >> (5 * place)) & 31).unwrap_or_default()).copied();
    (0..ID_DIGITS).rev().filter_map(digit).map(char::from).collect()
}

fn is_id(text: &str) -> bool {
    text.len() == usize::try_from(ID_DIGITS).unwrap_or_default() && text.bytes().all(|byte| DIGITS.contains(&byte))
}

/// A block, from its mark to the next one's or to the end of the file.
struct Block {
    lines: Vec<String>,
    read: Result<Exemption, usize>,
}

/// What became of an exemption that ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) id: String,
    /// None where somebody edited the block.
    pub(super) was: Option<Exemption>,
}

/// The file as it was read.
pub(super) struct Text {
    /// What stands before the first block.
    head: Vec<String>,
    blocks: Vec<Block>,
}

impl Text {
    /// Reads the file; an absent one is an empty text.
    pub(super) fn read(text: &str) -> Self {
        let mut read = Self { head: Vec::new(), blocks: Vec::new() };
        let lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        for line in lines.filter(|_| !text.is_empty()).map(str::to_owned) {
            if line.starts_with(MARK) {
                read.blocks.push(Block { lines: vec![line], read: Err(0) });
            } else if let Some(block) = read.blocks.last_mut() {
                block.lines.push(line);
            } else {
                read.head.push(line);
            }
        }
        for block in &mut read.blocks {
            block.read = Exemption::read(&block.lines);
        }
        read
    }

    /// The first line that we did not write: its number, from 1.
    pub(super) fn foreign(&self) -> Option<(usize, &str)> {
        let ours: Vec<&str> = HEAD.lines().collect();
        let in_head = || {
            let at = self.head.iter().zip(&ours).position(|(line, ours)| line != ours).or_else(|| {
                let too_many = self.head.len() > ours.len();
                let too_few = self.head.len() < ours.len() && !(self.head.is_empty() && self.blocks.is_empty());
                if too_many { Some(ours.len()) } else { too_few.then_some(self.head.len()) }
            })?;
            let next = self.head.get(at).or_else(|| self.blocks.first().and_then(|block| block.lines.first()));
            Some((at + 1, next.map_or("", String::as_str)))
        };
        in_head().or_else(|| {
            let mut before = self.head.len();
            for block in &self.blocks {
                let at = match &block.read {
                    Ok(_) => (block.lines.len() > LINES).then_some(LINES),
                    Err(at) => Some(*at),
                };
                if let Some(at) = at {
                    return Some((before + at + 1, block.lines.get(at).map_or("", String::as_str)));
                }
                before += block.lines.len();
            }
            None
        })
    }

    /// Those that can be read, in the order in which they stand.
    pub(super) fn exemptions(&self) -> impl Iterator<Item = &Exemption> {
        self.blocks.iter().filter_map(|block| block.read.as_ref().ok())
    }

    pub(super) fn add(&mut self, new: Exemption) {
        if self.head.is_empty() {
            self.head = HEAD.lines().map(str::to_owned).collect();
        }
        self.blocks.push(Block { lines: new.lines().to_vec(), read: Ok(new) });
    }

    /// Takes out the block of that name, edited or not.
    pub(super) fn remove(&mut self, id: &str) -> Vec<Ended> {
        self.take_out(|block| block.id() == id)
    }

    /// Takes out all of them.
    pub(super) fn remove_all(&mut self) -> Vec<Ended> {
        self.take_out(|_| true)
    }

    /// Takes out the blocks that are over. An edited one without a date that can be read is over: none of ours is without.
    pub(super) fn expire(&mut self, now_s: i64) -> Vec<Ended> {
        self.take_out(|block| block.until_s().is_none_or(|until_s| until_s <= now_s))
    }

    fn take_out(&mut self, goes: impl Fn(&Block) -> bool) -> Vec<Ended> {
        let mut ended = Vec::new();
        let mut blocks: Vec<Block> = Vec::new();
        let mut gone = None;
        for mut block in std::mem::take(&mut self.blocks) {
            let ends = goes(&block);
            let id = block.id().to_owned();
            let left = block.left(ends, &mut gone);
            if !ends {
                block.lines = left;
                blocks.push(block);
                continue;
            }
            ended.push(Ended { id, was: block.read.ok() });
            match blocks.last_mut() {
                Some(before) => before.lines.extend(left),
                None => self.head.extend(left),
            }
        }
        self.blocks = blocks;
        ended
    }

    /// The file's text; none where nothing is left to say.
    pub(super) fn write(&self) -> Option<String> {
        if self.blocks.is_empty() && self.head.iter().map(String::as_str).eq(HEAD.lines()) {
            return None;
        }
        let lines = self.head.iter().chain(self.blocks.iter().flat_map(|block| &block.lines));
        let text: String = lines.flat_map(|line| [line.as_str(), "\n"]).collect();
        (!text.is_empty()).then_some(text)
    }
}

impl Block {
    fn id(&self) -> &str {
        let mark = self.lines.first().map_or("", String::as_str);
        mark.strip_prefix(MARK).unwrap_or_default().trim()
    }

    fn until_s(&self) -> Option<i64> {
        match &self.read {
            Ok(exemption) => Some(exemption.until_s),
            // Its own line of `until` is at fault.
            Err(1) => None,
            Err(_) => self.lines.iter().find_map(|line| parse_rfc3339(line.strip_prefix(UNTIL)?)),
        }
    }

    /// The lines that stay. `gone` is the exemption that goes and whose `Match` is the last one before a line: what was said
    /// under it was said for that user alone, and stays as a comment.
    fn left(&self, ends: bool, gone: &mut Option<String>) -> Vec<String> {
        let mut is_own = ends;
        let mut left = Vec::new();
        for line in &self.lines {
            let word = line.split(|c: char| c.is_whitespace() || "=\"".contains(c)).find(|word| !word.is_empty());
            let is_match = word.is_some_and(|word| word.eq_ignore_ascii_case("match"));
            let is_said = word.is_some_and(|word| !word.starts_with('#'));
            let is_ours = [MARK, UNTIL, MADE, REASON].iter().any(|mark| line.starts_with(mark)) || line == METHODS;
            if is_match && is_own {
                // Edited or not, the first one is the block's own.
                (is_own, *gone) = (false, Some(self.id().to_owned()));
            } else if is_match {
                *gone = None;
                left.push(line.clone());
            } else if ends && is_ours && (is_own || gone.is_some()) {
            } else if let Some(id) = gone.as_deref().filter(|_| is_said) {
                left.push(format!("# was in exemption {id}: {line}"));
            } else {
                left.push(line.clone());
            }
        }
        left
    }
}

#[cfg(test)]
#[path = "text_test.rs"]
mod tests;
