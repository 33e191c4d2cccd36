//! What is unhealthy: each thing with its kind, so that it can be kept since when it is, and told in our own words alone to those
//! whom its details do not concern.

use pam_2fa_protocol::admin::Problem;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Bytes of text that the answer to `status` has for them: it must fit a frame, and has each of them twice.
const MOST_BYTES: usize = 5_000;

/// What kind of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// configd denies everyone.
    Sealed,
    /// A note on the settings in force.
    Settings,
    /// The last reload was refused.
    Reload,
    /// The next start would be sealed for the settings' file.
    SettingsFile,
    /// The next start would not find the key.
    Key,
    /// A rotation of the key is not finished.
    KeyRotation,
    /// The key before is lost.
    KeyBefore,
    /// The file that says how far the store was.
    Generation,
    /// No space is left for what a login writes.
    DiskFull,
    /// The clock stands behind.
    Clock,
    /// The host's own addresses cannot be seen.
    Addresses,
    /// The store cannot be read.
    Store,
    /// The log cannot be written.
    Log,
    /// A limit withholds text messages.
    Texts,
    /// A way out does not take messages.
    Channel,
    /// The courier does not answer.
    Courier,
    /// More than can be told.
    More,
}

impl Kind {
    /// One word that stays the same.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::Settings => "settings",
            Self::Reload => "reload",
            Self::SettingsFile => "settings_file",
            Self::Key => "key",
            Self::KeyRotation => "key_rotation",
            Self::KeyBefore => "key_before",
            Self::Generation => "generation",
            Self::DiskFull => "disk_full",
            Self::Clock => "clock",
            Self::Addresses => "addresses",
            Self::Store => "store",
            Self::Log => "log",
            Self::Texts => "texts",
            Self::Channel => "channel",
            Self::Courier => "courier",
            Self::More => "more",
        }
    }

    /// For those whom the details do not concern: nothing but our own words.
    #[must_use]
    pub fn plain(self) -> &'static str {
        match self {
            Self::Sealed => "configd is sealed: every login that would be asked is denied",
            Self::Settings => "there is a note on the settings in force",
            Self::Reload => "a reload of the settings was refused; those before it stay in force",
            Self::SettingsFile => "configd would be sealed at its next start, for the file of the settings",
            Self::Key => "configd would be sealed at its next start, for its key",
            Self::KeyRotation => "a rotation of the key is not finished",
            Self::KeyBefore => "the key before, by which settings may still be sealed, is lost",
            Self::Generation => "the file that keeps how far the store is cannot be believed",
            Self::DiskFull => "the disk is full: a login could not be decided, and was denied",
            Self::Clock => "the clock stands behind a time that was seen before",
            Self::Addresses => "exempt networks exempt nobody: the host's own addresses cannot be seen",
            Self::Store => "the store cannot be read",
            Self::Log => "the log cannot be written",
            Self::Texts => "a limit withholds text messages",
            Self::Channel => "the last message by this way was not taken",
            Self::Courier => "the courier cannot be reached: no message leaves",
            Self::More => "there are more problems than can be told here",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        const ALL: [Kind; 17] = [
            Kind::Sealed,
            Kind::Settings,
            Kind::Reload,
            Kind::SettingsFile,
            Kind::Key,
            Kind::KeyRotation,
            Kind::KeyBefore,
            Kind::Generation,
            Kind::DiskFull,
            Kind::Clock,
            Kind::Addresses,
            Kind::Store,
            Kind::Log,
            Kind::Texts,
            Kind::Channel,
            Kind::Courier,
            Kind::More,
        ];
        ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// One thing that is unhealthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Its kind.
    pub kind: Kind,
    /// What of that kind, where there may be several: it stays the same while the text may change.
    pub which: String,
    /// One line: what, where, what to do.
    pub text: String,
    /// RFC 3339, UTC: since when, where that is known.
    pub since: Option<String>,
}

impl Trouble {
    /// The one of its kind.
    pub fn new(kind: Kind, text: impl ToString) -> Self {
        Self { kind, which: String::new(), text: text.to_string(), since: None }
    }

    /// One of several.
    pub fn one_of(kind: Kind, which: &str, text: impl ToString) -> Self {
        Self { which: which.to_owned(), ..Self::new(kind, text) }
    }

    /// One that is known by its own words.
    pub fn known_by_text(kind: Kind, text: String) -> Self {
        Self { kind, which: text.clone(), text, since: None }
    }
}

/// Since when each was seen. Kept in memory: a restart of configd begins anew.
#[derive(Debug, Default)]
pub struct Seen(Mutex<BTreeMap<(Kind, String), String>>);

impl Seen {
    /// What was found now, with since when it is. What was not found is over.
    pub fn since(&self, found: Vec<Trouble>, now: &str) -> Vec<Problem> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|key, _| found.iter().any(|trouble| (trouble.kind, trouble.which.as_str()) == (key.0, &key.1)));
        let problems = found.into_iter().map(|trouble| {
            let Trouble { kind, which, text, since } = trouble;
            let first = seen.entry((kind, which)).or_insert_with(|| now.to_owned()).clone();
            Problem { kind: String::from(kind.word()), since: since.unwrap_or(first), text }
        });
        bounded(problems.collect(), now)
    }
}

/// As many as fit the answer, and how many do not.
fn bounded(mut problems: Vec<Problem>, now: &str) -> Vec<Problem> {
    let mut bytes = 0_usize;
    let fits = problems.iter().take_while(|problem| {
        bytes = bytes.saturating_add(problem.text.len()).saturating_add(64);
        bytes <= MOST_BYTES
    });
    let fits = fits.count();
    let rest = problems.len().saturating_sub(fits);
    if rest > 0 {
        problems.truncate(fits);
        problems.push(Problem {
            kind: String::from(Kind::More.word()),
            since: now.to_owned(),
            text: format!("{rest} more are left out here; mend these first"),
        });
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_is_known_since_it_was_first_seen_and_anew_once_it_was_over() {
        let seen = Seen::default();
        let behind = |seconds| vec![Trouble::new(Kind::Clock, format!("{seconds} s behind"))];
        let since = |problems: Vec<Problem>| problems.into_iter().map(|problem| problem.since).collect::<Vec<_>>();
        assert_eq!(since(seen.since(behind(301), "1")), ["1"]);
        assert_eq!(since(seen.since(behind(302), "2")), ["1"], "the same, in other words");
        let two = ["sms", "email"].map(|which| Trouble::one_of(Kind::Channel, which, "no"));
        assert_eq!(since(seen.since([behind(303), two.to_vec()].concat(), "3")), ["1", "3", "3"]);
        assert_eq!(since(seen.since(two[..1].to_vec(), "4")), ["3"]);
        assert_eq!(since(seen.since([behind(304), two.to_vec()].concat(), "5")), ["5", "3", "5"]);
        let known = Trouble { since: Some(String::from("0")), ..Trouble::new(Kind::Sealed, "no key") };
        assert_eq!(since(seen.since(vec![known], "6")), ["0"]);
    }

    #[test]
    fn every_kind_is_found_by_its_word_and_more_than_fits_is_counted() {
        for kind in [Kind::Sealed, Kind::Settings, Kind::Store, Kind::Texts, Kind::Channel, Kind::Courier, Kind::More] {
            assert_eq!(Kind::of(kind.word()), Some(kind));
        }
        assert_eq!(Kind::of("nonsense"), None);
        let many = (0..500).map(|n| Trouble::known_by_text(Kind::Texts, format!("{n} {}", "x".repeat(100))));
        let told = Seen::default().since(many.collect(), "1");
        assert!(told.len() < 50 && told.last().unwrap().text.ends_with("more are left out here; mend these first"));
        let status = pam_2fa_protocol::wire::encode_reply(&told, pam_2fa_protocol::Continues::No).unwrap();
        let whole = status.len() * 2;
        assert!(whole < pam_2fa_protocol::MAX_FRAME - 3_000, "{whole} bytes");
    }
}
