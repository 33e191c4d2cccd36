//! `pam-2fa exempt …`: a user who gets in by key alone from one network until a time, by a block of sshd's own configuration.
//!
//! A client in BatchMode never begins keyboard-interactive, so nothing of ours is asked in such a login: only sshd can let it
//! by. What is written here is therefore tried on sshd before it stands (`change.rs`), told to the running one (`reload.rs`), and
//! taken out when its time is over. configd has no part in it but to write a line into its journal.
//!
//! The order of the files is that of an `add`: `network.rs` and `term.rs` what is asked for, `text.rs` the drop-in's text, `file.rs`
//! its place, `sshd.rs` what sshd says of it, `change.rs` one for another, `reload.rs`.

mod change;
mod file;
mod network;
mod reload;
mod sshd;
mod term;
mod text;

pub(crate) use network::Network;
pub(crate) use reload::{HOST_CONFIG, Told, has_systemd, systemctl, systemctl_within, tell};
pub(crate) use sshd::{Effective, Probe, Sshd, includes, writable};
pub(crate) use term::{parse_rfc3339, rfc3339};

use crate::args::ExemptVerb;
use crate::client::Client;
use crate::clock;
use crate::error::Error;
use crate::invoker::invoker;
use crate::screen::{Form, Screen};
use change::DropIn;
use nix::unistd::User;
use pam_2fa_protocol::admin::{EXEMPTION_CHANGED, ExemptionChange, ExemptionChanged};
use pam_2fa_protocol::wire::Nothing;
use serde::Serialize;
use std::path::{Path, PathBuf};

use text::{Ended, Exemption, Text, id_of};

/// A login name that can be exempted, for the command line.
pub(crate) fn user(text: &str) -> Result<String, String> {
    text::fit_user(text).map(|()| text.to_owned())
}

/// A reason, for the command line.
pub(crate) fn reason(text: &str) -> Result<String, String> {
    text::fit_reason(text)
}

/// Which sshd, and where configd is.
pub(crate) struct Place<'a> {
    pub(crate) sshd: Option<&'a Path>,
    pub(crate) config: &'a Path,
    pub(crate) runtime_dir: &'a Path,
}

/// What every verb answers in JSON.
#[derive(Default, Serialize)]
struct Answer {
    file: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    added: Option<Exemption>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    removed: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    expired: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exemptions: Option<Vec<Listed>>,
}

/// Whether sshd goes by an exemption.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    InForce,
    /// Its time is over, and it could not be taken out.
    Expired,
    /// Another line of the configuration wins.
    NotInForce,
    /// sshd does not say.
    Unknown,
}

#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    exemption: Exemption,
    state: State,
}

/// `pam-2fa exempt …`.
pub(crate) fn exempt(place: &Place<'_>, verb: ExemptVerb, screen: &mut Screen<'_>) -> Result<(), Error> {
    let sshd = Sshd::find(place.sshd, place.config)?;
    let drop_in = DropIn::open(sshd, clock::wall_s())?;
    if let Some(behind) = drop_in.behind() {
        screen.note(&behind)?;
    }
    let mut run = Run { place, drop_in, screen, answer: Answer::default() };
    run.answer.file = run.drop_in.file();
    match verb {
        ExemptVerb::Add { user, from, until, reason } => run.add(user, from, &until, reason),
        ExemptVerb::List => run.list(),
        ExemptVerb::Remove { id } => run.remove(&id.to_ascii_uppercase()),
        ExemptVerb::Expire => run.expire_only(),
    }
}

/// Ends all of them, where there are any.
pub(crate) fn remove_all(place: &Place<'_>, screen: &mut Screen<'_>) -> Result<(), Error> {
    if !file::is_written(place.config) {
        return Ok(());
    }
    let drop_in = DropIn::open(Sshd::find(place.sshd, place.config)?, clock::wall_s())?;
    let mut text = drop_in.text()?;
    let ended = text.remove_all();
    if ended.is_empty() {
        return Ok(());
    }
    Run { place, drop_in, screen, answer: Answer::default() }.end(&text, &ended, ExemptionChange::Removed)
}

struct Run<'a, 'b> {
    place: &'a Place<'a>,
    drop_in: DropIn,
    screen: &'a mut Screen<'b>,
    answer: Answer,
}

impl Run<'_, '_> {
    fn add(&mut self, name: String, network: Network, until: &str, reason: String) -> Result<(), Error> {
        let now_s = self.drop_in.now_s;
        let until_s = term::until(until, now_s).map_err(|why| Error::Usage(format!("--until: {why}")))?;
        let user_is_root = account(&name)?.uid.is_root();
        self.expire()?;
        let text = self.drop_in.text()?;
        if let Some(why) = self.drop_in.foreign(&text)? {
            return Err(Error::Unfit { path: self.drop_in.file(), why });
        }
        let ids: Vec<&str> = text.exemptions().map(|exemption| exemption.id.as_str()).collect();
        let id = (now_s..).map(id_of).find(|id| !ids.contains(&id.as_str())).unwrap_or_default();
        let new = Exemption { id, user: name, network, until_s, made_s: now_s, by: invoker(), reason };
        self.drop_in.add(text, new.clone(), user_is_root)?;
        let settled = self.settle(ExemptionChange::Added, &[(&new.id, Some(&new))]);
        let (id, user) = (&new.id, &new.user);
        self.screen.line(&format!("{id}: {user} gets in by key alone from {network} until {}", rfc3339(until_s)))?;
        if user_is_root {
            self.screen.note(
                "whoever has a key of root's is root at once; a user of its own with a few lines in sudoers is safer",
            )?;
        }
        if let Some(why) = self.drop_in.no_timer() {
            self.screen.note(&why)?;
        }
        self.answer.added = Some(new);
        let said = self.say(settled);
        self.screen.json(&self.answer)?;
        said
    }

    fn list(&mut self) -> Result<(), Error> {
        // Whoever wants to know what is there must see it, also where what is over cannot be taken out.
        let expired = self.expire();
        let text = self.drop_in.text()?;
        let settings = if text.exemptions().next().is_some() { self.drop_in.settings() } else { None };
        let state = |one: &Exemption| self.drop_in.state(one, settings.as_ref());
        let listed: Vec<Listed> =
            text.exemptions().map(|one| Listed { state: state(one), exemption: one.clone() }).collect();
        if let Some(why) = self.drop_in.foreign(&text)? {
            self.screen.note(&format!("{}: {why}", self.drop_in.file().display()))?;
        }
        if self.screen.form() == Form::Json {
            self.answer.exemptions = Some(listed);
            self.screen.json(&self.answer)?;
            return expired;
        }
        if listed.is_empty() {
            self.screen.hint(
                "nobody is exempt; add one with `pam-2fa exempt add USER --from CIDR --until DATE --reason TEXT`",
            )?;
            return expired;
        }
        let mut rows = vec![["ID", "USER", "FROM", "UNTIL", "BY", "STATE", "REASON"].map(str::to_owned).to_vec()];
        rows.extend(listed.into_iter().map(|Listed { exemption: one, state }| {
            let state = match state {
                State::InForce => "in force",
                State::Expired => "expired",
                State::NotInForce => "NOT in force",
                State::Unknown => "unknown",
            };
            let [network, until] = [one.network.to_string(), rfc3339(one.until_s)];
            vec![one.id, one.user, network, until, one.by, state.to_owned(), one.reason]
        }));
        self.screen.list(&rows)?;
        expired
    }

    fn remove(&mut self, id: &str) -> Result<(), Error> {
        let expired = self.expire();
        let mut text = self.drop_in.text()?;
        let ended = text.remove(id);
        if ended.is_empty() {
            if self.answer.expired.iter().any(|expired| expired == id) {
                self.screen.json(&self.answer)?;
                return expired;
            }
            expired?;
            return Err(Error::NotFound(format!("there is no exemption {id}; see `pam-2fa exempt list`")));
        }
        self.answer.removed = ended.iter().map(|one| one.id.clone()).collect();
        let said = self.end(&text, &ended, ExemptionChange::Removed);
        self.screen.json(&self.answer)?;
        said
    }

    fn expire_only(&mut self) -> Result<(), Error> {
        let result = self.expire();
        self.screen.json(&self.answer)?;
        if result.is_ok() && self.answer.expired.is_empty() {
            self.screen.line("nothing has expired")?;
        }
        result
    }

    /// Takes out what is over; and where an earlier run could not tell sshd, tells it.
    fn expire(&mut self) -> Result<(), Error> {
        let mut text = self.drop_in.text()?;
        let ended = text.expire(self.drop_in.now_s);
        if ended.is_empty() {
            return if self.drop_in.owes() { self.say_told(self.drop_in.tell()) } else { Ok(()) };
        }
        self.answer.expired = ended.iter().map(|one| one.id.clone()).collect();
        self.end(&text, &ended, ExemptionChange::Expired)
    }

    /// Puts a text without those that end into the file's place, and says so: to sshd first.
    fn end(&mut self, text: &Text, ended: &[Ended], change: ExemptionChange) -> Result<(), Error> {
        self.drop_in.end(text)?;
        let all: Vec<_> = ended.iter().map(|one| (one.id.as_str(), one.was.as_ref())).collect();
        let settled = self.settle(change, &all);
        let how = if change == ExemptionChange::Expired { "has expired" } else { "is removed" };
        for one in ended {
            self.screen.line(&match &one.was {
                Some(was) => format!("{}: the exemption of {} from {} {how}", one.id, was.user, was.network),
                None => format!(
                    "{}: an exemption that somebody had edited {how}; what else stood under it is a comment now",
                    one.id
                ),
            })?;
            if let Some(was) = one.was.as_ref().filter(|was| self.drop_in.stays_in(was)) {
                let (user, network) = (&was.user, was.network);
                self.screen.note(&format!(
                    "{user} still gets in by key alone from {network}: another line of {} says so",
                    self.place.config.display()
                ))?;
            }
        }
        self.say(settled)
    }

    /// Tells sshd, then configd. Nothing is shown before: a terminal that is gone must keep neither from hearing of it.
    fn settle(&self, change: ExemptionChange, all: &[(&str, Option<&Exemption>)]) -> Settled {
        let told = self.drop_in.tell();
        let notes = all.iter().filter_map(|(id, what)| self.journal(change, id, *what)).collect();
        Settled { told, notes }
    }

    /// A line in configd's journal; where there is none, why. Nothing depends on it: what was done is done.
    fn journal(&self, change: ExemptionChange, id: &str, what: Option<&Exemption>) -> Option<String> {
        let changed = ExemptionChanged {
            change,
            id: id.to_owned(),
            user: what.map(|one| one.user.clone()),
            network: what.map(|one| one.network.to_string()),
            until: what.map(|one| rfc3339(one.until_s)),
            reason: what.map(|one| one.reason.clone()),
            by: invoker(),
        };
        let said = Client::connect(self.place.runtime_dir)
            .and_then(|mut client| client.call::<Nothing>(EXEMPTION_CHANGED, &changed));
        said.err().map(|error| format!("{id}: not written to configd's journal: {error}"))
    }

    fn say(&mut self, settled: Settled) -> Result<(), Error> {
        let told = self.say_told(settled.told);
        for note in &settled.notes {
            self.screen.note(note)?;
        }
        told
    }

    fn say_told(&mut self, told: Result<Told, Error>) -> Result<(), Error> {
        match told? {
            Told::Yes(how) => self.screen.line(&format!("sshd was reloaded ({how})")),
            Told::No(why) => self.screen.note(&format!("{why}: if that sshd runs, reload it, or it goes on as before")),
        }
    }
}

/// What came of telling those who must know.
struct Settled {
    told: Result<Told, Error>,
    notes: Vec<String>,
}

/// The account of that name, in the spelling by which `Match` will know it.
fn account(name: &str) -> Result<User, Error> {
    let found =
        User::from_name(name).map_err(|errno| Error::Refused(vec![format!("cannot look {name} up: {errno}")]))?;
    let user = found.ok_or_else(|| Error::NotFound(format!("this host has no user {name}")))?;
    if user.name != name {
        return Err(Error::Refused(vec![format!("{name} is called {} here; write it so", user.name)]));
    }
    Ok(user)
}
