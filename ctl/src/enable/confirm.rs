//! `--confirm-within`: what was changed goes again unless `pam-2fa confirm` comes in time. `confirm` is refused until a login of that service
//! was let in by a code, and began after the change: that is the proof that codes arrive and that somebody gets in. Of what `--all` has changed
//! one login is a proof, of any of its services; of sshd's, where sshd's settings were changed, too.
//!
//! Time is that of `CLOCK_BOOTTIME`, which nobody can set. After a reboot it is the wall's, or as much of the new boot: whichever is over
//! first. Another boot id alone is no reboot: a container has its own, a sandboxed unit in it sees the kernel's, and the clock goes on.

use super::receipt::{Mark, Receipts, Unconfirmed};
use super::waits::{self, Waiting, Waits};
use super::{log, state};
use crate::args::{ConfirmArgs, EnableArgs};
use crate::client::Client;
use crate::clock;
use crate::error::Error;
use crate::exempt::{has_systemd, parse_rfc3339, rfc3339, systemctl};
use crate::screen::Screen;
use pam_2fa_protocol::admin::{CODED_LOGIN, Coded, CodedLogin, CodedLoginReply};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

/// Runs `pam-2fa disable --unconfirmed` every few seconds, while anything waits.
const TIMER: &str = "pam-2fa-confirm.timer";
/// What it starts.
const SERVICE: &str = "pam-2fa-confirm.service";
/// Where `systemctl enable` links it.
const LINKS: [&str; 2] = ["/etc/systemd/system/timers.target.wants", "/etc/systemd/system"];

impl Mark {
    /// Now.
    pub(super) fn now() -> Result<Self, Error> {
        let (boot, boot_ms) = clock::boot()
            .map_err(|why| Error::Refused(vec![format!("the kernel does not say how long it has run ({why})")]))?;
        Ok(Self { boot, boot_ms })
    }
}

impl Unconfirmed {
    /// From now on; none where it is not asked for.
    pub(super) fn asked(asked: &EnableArgs) -> Result<Option<Self>, Error> {
        let Some(within) = asked.confirm_within else { return Ok(None) };
        let within_s = within.seconds();
        let until_s = clock::wall_s().saturating_add(i64::try_from(within_s).unwrap_or(i64::MAX));
        // The timer's run is in another folder.
        let sshd_config = asked.sshd.then(|| std::path::absolute(&asked.sshd_config)).transpose().map_err(|why| {
            let path = asked.sshd_config.clone();
            Error::File { what: "cannot look at", path, why }
        })?;
        Ok(Some(Self { within_s, until: rfc3339(until_s), begun: Mark::now()?, stands: None, sshd_config }))
    }

    /// With so many seconds more.
    fn later(&self, seconds: u64) -> Self {
        let until_s = parse_rfc3339(&self.until).unwrap_or_default();
        let until = rfc3339(until_s.saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX)));
        Self { within_s: self.within_s.saturating_add(seconds), until, ..self.clone() }
    }

    /// What is said of it to whoever has asked for it.
    pub(super) fn words(&self) -> String {
        format!(
            "it goes again in {}, at {}, unless `pam-2fa confirm` comes after a login by a code that began from now on",
            span(self.within_s),
            self.until
        )
    }

    /// Seconds that are left; 0 when it is over.
    pub(super) fn left_s(&self, now: &Mark, wall_s: i64) -> u64 {
        // Where it has begun anew, all of it is gone since.
        let gone_ms = now.boot_ms.checked_sub(self.begun.boot_ms).unwrap_or(now.boot_ms);
        let left_s = self.within_s.saturating_mul(1_000).saturating_sub(gone_ms).div_ceil(1_000);
        if now.boot == self.begun.boot {
            return left_s;
        }
        let by_wall = parse_rfc3339(&self.until).map_or(0, |until_s| until_s.saturating_sub(wall_s));
        u64::try_from(by_wall).unwrap_or(0).min(left_s)
    }

    /// Whether a login of this boot, which is all that configd knows of, proves it.
    fn is_proven_by(&self, login: &Coded, now: &Mark) -> bool {
        let Some(stands) = &self.stands else { return false };
        let has_begun_anew = now.boot != stands.boot && now.boot_ms < stands.boot_ms;
        has_begun_anew || u64::try_from(login.began_boot_ms).is_ok_and(|began_ms| began_ms > stands.boot_ms)
    }
}

/// From here on a login is a proof.
pub(super) fn stands_now(unconfirmed: Option<Unconfirmed>) -> Result<Option<Unconfirmed>, Error> {
    unconfirmed.map(|unconfirmed| Ok(Unconfirmed { stands: Some(Mark::now()?), ..unconfirmed })).transpose()
}

/// Whether something will take the lines out in time. Its service is run once before anything is relied on it: a container may not allow its
/// sandbox, its program may be elsewhere. Not under the lock of the receipts, which that run takes.
pub(super) fn tried(asked: &EnableArgs) -> Result<(), Error> {
    if asked.confirm_within.is_none() || asked.without_timer {
        return Ok(());
    }
    if !has_systemd() {
        return Err(unwatched(
            "there is no systemd here; let cron run `pam-2fa disable --unconfirmed` every minute, and say --without-timer",
        ));
    }
    if asked.dry_run { Ok(()) } else { told(&["start"], SERVICE) }
}

/// Switches on what takes the lines out in time. Under the lock of the receipts: the timer's own run switches it off where nothing waits.
pub(super) fn watch(asked: &EnableArgs) -> Result<(), Error> {
    if asked.without_timer {
        return Ok(());
    }
    told(&["enable", "--now"], TIMER)?;
    told(&["is-active", "--quiet"], TIMER)?;
    // systemctl leaves it to the kernel when its link is on disk; what is changed next is there at once.
    for folder in LINKS {
        match File::open(folder).and_then(|folder| folder.sync_all()) {
            Err(why) if why.kind() != ErrorKind::NotFound => return Err(unwatched(&format!("{folder}: {why}"))),
            _ => {}
        }
    }
    Ok(())
}

fn told(words: &[&str], unit: &str) -> Result<(), Error> {
    let out = systemctl(&[words, &[unit]].concat())?;
    if out.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&out.stderr);
    // What it has done is no reason, nor is where to look.
    let why = said.lines().find(|line| !line.starts_with("Created symlink")).unwrap_or_default().trim_end_matches('.');
    Err(unwatched(&format!("systemctl {} {unit}: {why}; see `journalctl -u {unit}`", words.join(" "))))
}

fn unwatched(why: &str) -> Error {
    Error::Refused(vec![format!("nothing would take the lines out again in time: {why}")])
}

/// Switches the timer off.
pub(super) fn rest() {
    if has_systemd() {
        // Where it stays on, its next run finds nothing either.
        let _ = systemctl(&["disable", "--now", TIMER]);
    }
}

/// Whether a root is the host that runs.
pub(super) fn is_host(root: &Path) -> bool {
    root == Path::new("/")
}

/// A service in the answer of `confirm`.
#[derive(Debug, Serialize)]
struct Confirmed {
    /// The service, or `--all`.
    service: String,
    /// By a login of that service.
    by: String,
    /// Whose login proved it.
    user: String,
    factor: String,
    /// RFC 3339, UTC.
    began: String,
}

/// One that still waits.
#[derive(Debug, Serialize)]
struct Left {
    /// The service, or `--all`.
    service: String,
    /// RFC 3339, UTC, by the wall.
    until: String,
    left_s: u64,
}

/// What `confirm` answers in JSON.
#[derive(Debug, Default, Serialize)]
struct Answer {
    confirmed: Vec<Confirmed>,
    waiting: Vec<Left>,
}

/// `pam-2fa confirm`: every service that can be, whatever becomes of the others.
pub(crate) fn confirm(
    client: impl FnOnce() -> Result<Client, Error>,
    asked: &ConfirmArgs,
    screen: &mut Screen<'_>,
) -> Result<(), Error> {
    let receipts = Receipts::hold(&state(Path::new("/")))?;
    let Waiting { those, errors } = waiting(&receipts, asked)?;
    if those.is_empty() {
        return super::all_of(errors);
    }
    let (mut client, now) = (client()?, Mark::now()?);
    let (mut answer, mut said) = (Answer::default(), Vec::new());
    let mut refusals: Vec<String> = errors.iter().map(ToString::to_string).collect();
    for (waits, unconfirmed) in those {
        let service = waits.name().to_owned();
        let left_s = unconfirmed.left_s(&now, clock::wall_s());
        let too_late = too_late(&waits, left_s);
        let proof = if too_late.is_none() { proof(&mut client, &waits, &unconfirmed, &now)? } else { None };
        let Some((by, login)) = proof else {
            refusals.push(too_late.unwrap_or_else(|| refusal(&waits, &unconfirmed, left_s)));
            answer.waiting.push(Left { service, until: unconfirmed.until, left_s });
            continue;
        };
        waits.keep(&receipts)?;
        let Coded { user, factor, began, .. } = login;
        let through = if by == service { String::new() } else { format!(" to {by}") };
        log(Path::new("/"), &format!("{service} is confirmed by the login of {user}{through} at {began} ({factor})"));
        said.push(format!("{service} stays as it is: {user} got in{through} by a code ({factor}) at {began}"));
        answer.confirmed.push(Confirmed { service, by, user, factor, began });
    }
    let left = Waiting::read(&receipts)?;
    if left.those.is_empty() && left.errors.is_empty() {
        rest();
    }
    // Who has stopped to listen leaves nothing unconfirmed, and nobody waits for the lock meanwhile.
    drop(receipts);
    said.iter().try_for_each(|line| screen.line(line))?;
    screen.json(&answer)?;
    if refusals.is_empty() { Ok(()) } else { Err(Error::Refused(refusals)) }
}

/// A login that proves it, and of which service it was.
fn proof(
    client: &mut Client,
    waits: &Waits,
    unconfirmed: &Unconfirmed,
    now: &Mark,
) -> Result<Option<(String, Coded)>, Error> {
    for service in waits.proofs(unconfirmed) {
        let reply: CodedLoginReply = client.call(CODED_LOGIN, &CodedLogin { service: service.to_owned() })?;
        if let Some(login) = reply.login.filter(|login| unconfirmed.is_proven_by(login, now)) {
            return Ok(Some((service.to_owned(), login)));
        }
    }
    Ok(None)
}

/// Why nothing stays as it is, whoever has got in: the timer's run takes it out, or has begun to.
fn too_late(waits: &Waits, left_s: u64) -> Option<String> {
    let name = waits.name();
    if left_s == 0 {
        return Some(format!(
            "{name}: its time is over, and it is taken out again (`pam-2fa disable --unconfirmed` does it now); enable it again"
        ));
    }
    let gone = waits.missing_from()?.display().to_string();
    Some(format!("{name}: {gone} asks for no code any more; `pam-2fa disable {name}` and enable it again"))
}

fn refusal(waits: &Waits, unconfirmed: &Unconfirmed, left_s: u64) -> String {
    let name = waits.name();
    let Some(_) = &unconfirmed.stands else {
        return format!(
            "{name}: `enable` was cut off before all was done; `pam-2fa disable {name}` and enable it again"
        );
    };
    let left = span(left_s);
    let to = match waits {
        Waits::One(_) => String::new(),
        Waits::All(_) => format!(" to {}", waits.proofs(unconfirmed).join(", ")),
    };
    format!(
        "{name}: nobody has got in{to} by a code (email, text message, app) in a login that began after it was enabled ({}); log in in \
         another session, then `pam-2fa confirm` again ({left} left)",
        waits.made()
    )
}

/// Those that wait for it, of what is named, and why others do not, which keeps these from nothing.
fn waiting(receipts: &Receipts, asked: &ConfirmArgs) -> Result<Waiting, Error> {
    let mut waiting = Waiting::default();
    if asked.all {
        waiting.add(waits::of_all(receipts), || String::from("no `enable --all` waits to be confirmed"));
        return Ok(waiting);
    }
    if asked.services.is_empty() {
        waiting = Waiting::read(receipts)?;
        if waiting.those.is_empty() && waiting.errors.is_empty() {
            waiting.errors.push(Error::NotFound(String::from(
                "nothing waits to be confirmed; `pam-2fa enable … --confirm-within 10m` makes it so",
            )));
        }
        return Ok(waiting);
    }
    for service in &asked.services {
        if !super::file::is_name(service) {
            return Err(Error::Usage(format!("`{service}` is no name of a service; `ls /etc/pam.d` shows them")));
        }
        waiting.add(waits::of_service(receipts, service), || format!("{service} does not wait to be confirmed"));
    }
    Ok(waiting)
}

/// Whose time is over, and whether any other waits; why not, for receipts that cannot be read.
pub(super) fn over(receipts: &Receipts) -> Result<Over, Error> {
    let (now, wall_s) = (Mark::now()?, clock::wall_s());
    let Waiting { those, errors } = Waiting::read(receipts)?;
    let (those, others): (Vec<_>, Vec<_>) =
        those.into_iter().partition(|(_, unconfirmed)| unconfirmed.left_s(&now, wall_s) == 0);
    Ok(Over { those, others_wait: !others.is_empty(), errors })
}

/// For as long after its time it is the next run's of the timer: seconds.
const SLACK_S: u64 = 60;

/// What should have been taken back by now, and until when it was to be confirmed, by name; for who looks. None where receipts cannot be
/// read.
pub(crate) fn overdue(state: &Path) -> BTreeMap<String, String> {
    if !state.join("enable").exists() {
        return BTreeMap::new();
    }
    let waiting = Receipts::hold(state).and_then(|receipts| Waiting::read(&receipts));
    let (Ok(waiting), Ok(now)) = (waiting, Mark::now()) else { return BTreeMap::new() };
    let is_over =
        |(_, unconfirmed): &&(Waits, Unconfirmed)| unconfirmed.later(SLACK_S).left_s(&now, clock::wall_s()) == 0;
    let overdue = waiting.those.iter().filter(is_over);
    overdue.map(|(waits, unconfirmed)| (waits.name().to_owned(), unconfirmed.until.clone())).collect()
}

/// What [`over`] finds.
#[derive(Debug, Default)]
pub(super) struct Over {
    pub(super) those: Vec<(Waits, Unconfirmed)>,
    pub(super) others_wait: bool,
    pub(super) errors: Vec<Error>,
}

impl Over {
    /// Nothing waits any more.
    pub(super) fn end(&self, all_done: bool) {
        if all_done && !self.others_wait && self.errors.is_empty() {
            rest();
        }
    }
}

/// `10 min`, `1 h 30 min`, `45 s`.
pub(super) fn span(seconds: u64) -> String {
    let parts = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let shown: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).take(2).map(|(count, unit)| format!("{count} {unit}")).collect();
    if shown.is_empty() { String::from("0 s") } else { shown.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALL_S: i64 = 1_795_507_200;

    fn mark(boot: &str, boot_ms: u64) -> Mark {
        Mark { boot: String::from(boot), boot_ms }
    }

    fn unconfirmed() -> Unconfirmed {
        let stands = Some(mark("one", 1_002_000));
        Unconfirmed {
            within_s: 600,
            until: rfc3339(WALL_S + 600),
            begun: mark("one", 1_000_000),
            stands,
            sshd_config: None,
        }
    }

    #[test]
    fn it_is_over_by_the_clock_that_nobody_can_set_and_after_a_reboot_by_whichever_is_first() {
        let unconfirmed = unconfirmed();
        for (boot, boot_ms, wall_s, left_s) in [
            ("one", 1_000_000, WALL_S, 600),
            // The wall may be set as one likes.
            ("one", 1_001_500, WALL_S + 86_400, 599),
            ("one", 1_599_999, WALL_S - 86_400, 1),
            ("one", 1_600_000, WALL_S - 86_400, 0),
            ("one", 9_000_000, WALL_S, 0),
            ("two", 20_000, WALL_S + 60, 540),
            ("two", 20_000, WALL_S + 600, 0),
            ("two", 20_000, WALL_S + 99_999, 0),
            // A clock that has lost its time.
            ("two", 20_000, 0, 580),
            ("two", 600_000, 0, 0),
            // The same boot, seen by another id.
            ("two", 1_010_000, WALL_S + 10, 590),
            ("two", 1_600_000, WALL_S, 0),
        ] {
            assert_eq!(unconfirmed.left_s(&mark(boot, boot_ms), wall_s), left_s, "{boot} {boot_ms} {wall_s}");
        }
        assert_eq!(unconfirmed.later(60).left_s(&mark("one", 1_600_000), WALL_S), 60);
        assert_eq!(unconfirmed.later(60).left_s(&mark("one", 1_660_000), WALL_S), 0);
        assert_eq!(unconfirmed.later(60).left_s(&mark("two", 20_000), WALL_S + 600), 60);
        let damaged = Unconfirmed { until: String::from("soon"), ..unconfirmed };
        assert_eq!(damaged.left_s(&mark("two", 20_000), WALL_S), 0);
    }

    #[test]
    fn a_login_proves_it_that_began_when_all_was_done() {
        let login = |began_boot_ms| Coded {
            user: String::from("ada"),
            factor: String::from("email"),
            began: rfc3339(WALL_S),
            began_boot_ms,
        };
        let unconfirmed = unconfirmed();
        for (boot, now_ms, began, proves) in [
            ("one", 3_000_000, 999_999, false),
            ("one", 3_000_000, 1_001_000, false),
            ("one", 3_000_000, 1_002_000, false),
            ("one", 3_000_000, 1_002_001, true),
            ("one", 3_000_000, -1, false),
            ("two", 60_000, 5, true),
            // The same boot, seen by another id; or one that is old enough by now.
            ("two", 3_000_000, 1_002_000, false),
            ("two", 3_000_000, 1_002_001, true),
        ] {
            assert_eq!(unconfirmed.is_proven_by(&login(began), &mark(boot, now_ms)), proves, "{boot} {began}");
        }
        let cut_off = Unconfirmed { stands: None, ..unconfirmed };
        assert!(!cut_off.is_proven_by(&login(2_000_000), &mark("one", 3_000_000)));
    }

    #[test]
    #[expect(clippy::disallowed_macros, reason = "a test that is skipped says so")]
    fn what_should_have_been_taken_back_a_minute_ago_is_told_and_nothing_else() {
        if !nix::unistd::geteuid().is_root() {
            eprintln!("NOT CHECKED: needs root, whose alone receipts are");
            return;
        }
        let state = tempfile::tempdir().unwrap();
        assert_eq!(overdue(state.path()), BTreeMap::new());
        let receipts = Receipts::hold(state.path()).unwrap();
        let now = Mark::now().unwrap();
        for (service, ago_s) in [("login", 61), ("sshd", 30), ("su", -600)] {
            let until = rfc3339(clock::wall_s() - ago_s);
            let begun = Mark { boot: String::from("before"), ..now.clone() };
            let unconfirmed =
                Unconfirmed { within_s: 86_400, until: until.clone(), begun, stands: None, sshd_config: None };
            let receipt = serde_json::json!({
                "version": 1, "service": service, "file": "/x", "owner": 0, "group": 0, "mode": 0o644, "before": "", "before_sha256": "",
                "after_sha256": "", "put_in": [], "made": until, "unconfirmed": unconfirmed,
            });
            receipts.write(service, &receipt).unwrap();
        }
        drop(receipts);
        assert_eq!(overdue(state.path()).into_keys().collect::<Vec<_>>(), ["login"]);
    }

    #[test]
    fn a_span_has_two_units() {
        for (seconds, shown) in
            [(0, "0 s"), (45, "45 s"), (600, "10 min"), (5_400, "1 h 30 min"), (93_784, "1 d 2 h"), (86_400, "1 d")]
        {
            assert_eq!(span(seconds), shown);
        }
    }
}
