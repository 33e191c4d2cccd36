//! `pam-2fa clock …`, `pam-2fa restore --accept`: ways back that the daemon goes, and what ended on them.

use crate::client::Client;
use crate::error::{Error, counted};
use crate::screen::Screen;
use pam_2fa_protocol::admin::{
    CLOCK_RESET, CLOCK_STATUS, ClockReply, RESTORE_ACCEPT, RestoreAccept, RestoreAcceptReply,
};
use pam_2fa_protocol::wire::Nothing;

/// Clock and mark are apart, and it is said, from here on, seconds.
const APART_S: i64 = 60;

/// `pam-2fa clock status`.
pub(crate) fn clock_status(client: &mut Client, screen: &mut Screen<'_>) -> Result<(), Error> {
    let reply: ClockReply = client.call(CLOCK_STATUS, &Nothing {})?;
    screen.json(&reply)?;
    screen.table(&clock_rows(&reply))
}

fn clock_rows(reply: &ClockReply) -> Vec<Vec<String>> {
    let apart = match (reply.behind_s, reply.leap_s) {
        (0, 0) => String::from("the clock is at the latest time that was seen, as it should be"),
        (0, ahead_s) => format!(
            "the clock is {ahead_s} s ahead of the latest time that was seen: it is used, and believed once it has stood so for a day"
        ),
        (behind_s, _) => format!(
            "the clock is {behind_s} s behind: until it has caught up, the time that was seen counts; set the clock right, or, where that \
             time was wrong, `pam-2fa clock reset`"
        ),
    };
    let rows = [
        ("clock", reply.wall.clone()),
        ("latest seen", reply.mark.clone()),
        ("since the boot", format!("{} s", reply.boot_s)),
        ("state", apart),
    ];
    rows.into_iter().map(|(name, value)| vec![String::from(name), value]).collect()
}

/// `pam-2fa clock reset`.
pub(crate) fn clock_reset(client: &mut Client, screen: &mut Screen<'_>) -> Result<(), Error> {
    let reply: ClockReply = client.call_slow(CLOCK_RESET, &Nothing {})?;
    screen.json(&reply)?;
    let ClockReply { mark, devices, passes, .. } = &reply;
    screen.line(&format!("the latest time that was seen is {mark} now"))?;
    screen.line(&format!(
        "ended, since they were given after it: {}, {}",
        number(*devices, "device"),
        number(*passes, "one-time code")
    ))
}

/// `pam-2fa restore --accept`.
pub(crate) fn restore_accept(client: &mut Client, keep_recovery: bool, screen: &mut Screen<'_>) -> Result<(), Error> {
    let reply: RestoreAcceptReply = client.call_slow(RESTORE_ACCEPT, &RestoreAccept { keep_recovery })?;
    screen.json(&reply)?;
    screen.line(&format!("the store is taken as it is, and counts on from {}", reply.generation))?;
    say_ended(&reply, keep_recovery, screen)?;
    match reply.still_sealed {
        None => say_clock(client, screen),
        Some(reason) => Err(Error::Sealed(reason)),
    }
}

/// After a restore, where clock and mark are apart: the time that was seen comes with the store, a wrong one too. A daemon that does not say it
/// is sealed, and says why elsewhere.
pub(crate) fn say_clock(client: &mut Client, screen: &mut Screen<'_>) -> Result<(), Error> {
    let Ok(ClockReply { mark, behind_s, leap_s, .. }) = client.call(CLOCK_STATUS, &Nothing {}) else { return Ok(()) };
    let apart = match (behind_s, leap_s) {
        (behind_s, _) if behind_s > APART_S => format!("{behind_s} s behind"),
        (_, ahead_s) if ahead_s > 0 => format!("{ahead_s} s ahead of"),
        _ => return Ok(()),
    };
    screen.note(&format!(
        "the clock stands {apart} the latest time that was seen here or in the copy ({mark}): see which is right; `pam-2fa clock status`"
    ))
}

/// What ended in a store that is older than what was there, and what cannot be known.
pub(crate) fn say_ended(reply: &RestoreAcceptReply, keep_recovery: bool, screen: &mut Screen<'_>) -> Result<(), Error> {
    let RestoreAcceptReply { devices, challenges, passes, apps, recovery_users, .. } = reply;
    let ended =
        [number(*devices, "device"), number(*challenges, "open code"), number(*passes, "one-time code")].join(", ");
    screen.line(&format!("ended, since they may have been used or ended after the copy was made: {ended}"))?;
    screen
        .line(&format!("codes of {} that were shown until now are not taken; the next one is", number(*apps, "app")))?;
    if keep_recovery {
        screen.line("recovery codes stay good, also those that were used after the copy was made")?;
    } else {
        let users = number(*recovery_users, "user");
        screen.line(&format!(
            "recovery codes of {users} are gone; they make new ones with `pam-2fa me codes`, or at `pam-2fa user reset`"
        ))?;
    }
    screen.line(
        "what was changed of users after the copy was made (addresses, who is shut out, apps) is as it was before: look through \
         `pam-2fa user list`",
    )
}

fn number(count: i64, thing: &str) -> String {
    counted(usize::try_from(count).unwrap_or(0), thing)
}
