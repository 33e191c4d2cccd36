//! One drop-in for another, tried on sshd: nothing is left in place that sshd does not take, or that does another thing than was
//! asked for. It shows nothing and tells nobody.
//!
//! An addition is judged twice. First beside the main file, before it counts: whether sshd can read it at all. Then in its place:
//! whether it wins over every other line, for this user from this network, and changes nothing for anybody else. What does not
//! stand the second test is put back. Who is killed in between leaves the old file, or a new one that sshd has read without error.

use super::State;
use super::file::{Folder, Found, main_text};
use super::reload::{self, Told};
use super::sshd::{Effective, Probe, Sshd, includes};
use super::term::rfc3339;
use super::text::{Exemption, Text};
use crate::error::Error;
use std::path::{Path, PathBuf};

/// What sshd calls a login that needs a key and nothing else.
const KEY_ALONE: &str = "publickey";

/// The drop-in of one sshd, locked against other runs.
pub(super) struct DropIn {
    sshd: Sshd,
    folder: Folder,
    /// The time that counts, in seconds since 1970: the clock's, or that of the file's last change where the clock is behind it.
    pub(super) now_s: i64,
    wall_s: i64,
}

impl DropIn {
    /// Locks it, and finds out what time it is at least: no earlier than when the file was written or anything in it made.
    pub(super) fn open(sshd: Sshd, wall_s: i64) -> Result<Self, Error> {
        let folder = Folder::lock(&sshd.config)?;
        let found = folder.read()?;
        let text = Text::read(found.text.as_deref().unwrap_or_default());
        let newest_s = text.exemptions().map(|one| one.made_s).max().unwrap_or(i64::MIN);
        let now_s = wall_s.max(found.written_s).max(newest_s);
        Ok(Self { sshd, folder, now_s, wall_s })
    }

    /// A line where this host's clock cannot be right.
    pub(super) fn behind(&self) -> Option<String> {
        (self.now_s > self.wall_s).then(|| {
            let [wall, now] = [self.wall_s, self.now_s].map(rfc3339);
            format!(
                "the clock says {wall}, but {} was written at {now}: that is the time that counts",
                self.file().display()
            )
        })
    }

    pub(super) fn file(&self) -> PathBuf {
        self.folder.target()
    }

    pub(super) fn text(&self) -> Result<Text, Error> {
        self.folder.read().map(|found| Text::read(found.text.as_deref().unwrap_or_default()))
    }

    /// Why the file, as it stands, is not added to; none where it is all ours.
    pub(super) fn foreign(&self, text: &Text) -> Result<Option<String>, Error> {
        if let Some(why) = self.folder.read()?.unfit {
            return Ok(Some(format!("{why}; look at what stands in it, then `chown root` and `chmod 600` it")));
        }
        Ok(text.foreign().map(|(number, line)| {
            format!("line {number} was not written by pam-2fa: `{line}`; put it into a file of its own, sorted later")
        }))
    }

    /// Whether an earlier run could not tell sshd.
    pub(super) fn owes(&self) -> bool {
        self.folder.owes()
    }

    /// Tells the running sshd. What could not be told is owed.
    pub(super) fn tell(&self) -> Result<Told, Error> {
        let told = reload::tell(&self.sshd, "run `pam-2fa exempt expire`")?;
        self.folder.told()?;
        Ok(told)
    }

    /// Puts a text without what has ended into its place. It asks sshd nothing: what is over ends whatever else is wrong.
    pub(super) fn end(&self, text: &Text) -> Result<(), Error> {
        self.folder.owe()?;
        let prepared = text.write().map(|text| self.folder.prepare(&text)).transpose()?;
        self.folder.install(prepared.as_deref())
    }

    /// Why nothing ends an exemption here when its time is over; none where our timer does.
    pub(super) fn no_timer(&self) -> Option<String> {
        reload::no_timer(&self.sshd)
    }

    /// Whether sshd still lets somebody in by key alone whose exemption has ended, with no other exemption of ours for it.
    pub(super) fn stays_in(&self, was: &Exemption) -> bool {
        let overlaps = |other: &Exemption| other.user == was.user && other.network.meets(was.network);
        let in_force = || self.settings().is_some_and(|settings| self.is_key_alone_for(was, &settings) == Some(true));
        self.text().is_ok_and(|text| !text.exemptions().any(overlaps)) && in_force()
    }

    /// What sshd's configuration says, as it stands; none where sshd does not take it.
    pub(super) fn settings(&self) -> Option<Effective> {
        self.sshd.settings().ok()
    }

    /// Whether sshd's configuration, as it stands, does what an exemption says.
    pub(super) fn state(&self, exemption: &Exemption, settings: Option<&Effective>) -> State {
        if exemption.until_s <= self.now_s {
            return State::Expired;
        }
        match settings.and_then(|settings| self.is_key_alone_for(exemption, settings)) {
            Some(true) => State::InForce,
            Some(false) => State::NotInForce,
            None => State::Unknown,
        }
    }

    fn is_key_alone_for(&self, exemption: &Exemption, settings: &Effective) -> Option<bool> {
        let answers = self.ask(inside(exemption).iter(), settings).ok()?;
        Some(answers.iter().all(is_key_alone))
    }

    /// Adds an exemption to the text that stands, or leaves everything as it was.
    pub(super) fn add(&self, mut text: Text, new: Exemption, is_root: bool) -> Result<(), Error> {
        let old = self.folder.read()?;
        let settings = self.sshd.settings()?;
        let (inside, outside) = (inside(&new), outside(&new));
        let before = self.ask(inside.iter().chain(&outside), &settings)?;
        if let Some(was) = before.first() {
            self.could_work(was, is_root)?;
        }
        text.add(new);
        let prepared = self.folder.prepare(&text.write().unwrap_or_default())?;
        let result = self.can_be_read(&prepared).and_then(|()| {
            self.folder.owe()?;
            self.folder.install(Some(&prepared))
        });
        if result.is_err() {
            // Where it is in its place already, there is nothing here to remove.
            let _ = std::fs::remove_file(&prepared);
            return result;
        }
        let after = self.ask(inside.iter().chain(&outside), &settings);
        match after.and_then(|after| self.does_what_it_says(inside.len(), &before, &after)) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.put_back(&old, &error)),
        }
    }

    fn ask<'a>(&self, probes: impl Iterator<Item = &'a Probe>, settings: &Effective) -> Result<Vec<Effective>, Error> {
        probes.map(|probe| self.sshd.effective(probe, settings)).collect()
    }

    /// What no line of ours can do anything about.
    fn could_work(&self, was: &Effective, is_root: bool) -> Result<(), Error> {
        let config = self.sshd.config.display();
        if was.get("pubkeyauthentication") != Some("yes") {
            let why =
                format!("{config} has keys switched off (PubkeyAuthentication), so an exemption would let nobody in");
            return Err(Error::Refused(vec![why]));
        }
        if is_root && was.get("permitrootlogin") == Some("no") {
            let why =
                format!("{config} lets root in by no means (PermitRootLogin no), so an exemption would not either");
            return Err(Error::Refused(vec![why]));
        }
        Ok(())
    }

    /// sshd reads the prepared text and the whole configuration behind it, before any of it counts.
    fn can_be_read(&self, prepared: &Path) -> Result<(), Error> {
        let include = |path: &Path| format!("Include \"{}\"\n", path.display());
        let question = self.folder.question(&format!("{}{}", include(prepared), include(&self.sshd.config)))?;
        self.sshd.test(question.path())
    }

    fn does_what_it_says(&self, inside: usize, before: &[Effective], after: &[Effective]) -> Result<(), Error> {
        let (config, folder) = (self.sshd.config.display(), self.folder.path());
        for now in after.iter().take(inside) {
            if is_key_alone(now) {
                continue;
            }
            let methods = now.get("authenticationmethods").unwrap_or_default();
            let why = if includes(&main_text(&self.sshd.config), folder) {
                format!(
                    "a `Match` block that sshd meets earlier says `AuthenticationMethods {methods}`: move it behind the Include in \
                     {config}, or into a file sorted later"
                )
            } else {
                format!("{config} does not take it in: let it begin with `Include {}/*.conf`", folder.display())
            };
            return Err(Error::Refused(vec![why]));
        }
        let others = before.iter().zip(after).skip(inside);
        match others.filter_map(|(before, after)| before.differs(after)).next() {
            None => Ok(()),
            Some(what) => Err(Error::Refused(vec![format!(
                "it would change more than was asked for: sshd has {what} for others"
            )])),
        }
    }

    /// Puts the old file back, and says why.
    fn put_back(&self, old: &Found, why: &Error) -> Error {
        let prepared = old.text.as_deref().map(|text| self.folder.prepare(text)).transpose();
        let end = match prepared.and_then(|prepared| self.folder.install(prepared.as_deref())) {
            // sshd was not told of the new one, so there is nothing to tell; unless something was owed before, which the caller
            // has seen to.
            Ok(()) => {
                let _ = self.folder.told();
                String::from("nothing was changed")
            }
            Err(error) => format!("and the old file could not be put back: {error}"),
        };
        Error::Refused(vec![format!("{why}; {end}")])
    }
}

/// Logins that the exemption is for: at both ends of its network.
fn inside(exemption: &Exemption) -> Vec<Probe> {
    let (first, last) = (exemption.network.first(), exemption.network.last());
    let probe = |from| Probe { user: exemption.user.clone(), from };
    if first == last { vec![probe(first)] } else { vec![probe(first), probe(last)] }
}

/// Logins that it is not for: the same user from just beside the network, others from within.
fn outside(exemption: &Exemption) -> Vec<Probe> {
    let network = exemption.network;
    let beside = network.neighbours().into_iter().map(|from| Probe { user: exemption.user.clone(), from });
    let nobody = if exemption.user == "nobody" { "daemon" } else { "nobody" };
    let others = [nobody.to_owned(), format!("{}x", exemption.user)];
    beside.chain(others.into_iter().map(|user| Probe { user, from: network.first() })).collect()
}

fn is_key_alone(effective: &Effective) -> bool {
    effective.get("authenticationmethods") == Some(KEY_ALONE)
}
