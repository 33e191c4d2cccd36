//! Who is asked for a code and could not answer, whom configd sees otherwise than this host, and whose mail is read here.

use super::super::facts::{Daemon, View};
use super::super::finding::Finding;
use super::super::known::{MAILBOX_HERE, MAILBOX_UNKNOWN, USER_METHOD, USER_STALE, USER_VIEW, USERS_CUT};
use super::Case;
use pam_2fa_protocol::admin::Foreseen;

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let mut all = Vec::new();
    if let Some(daemon) = &case.facts.daemon {
        let own = |user: &str| case.facts.uids.get(user).copied();
        for view in &daemon.views {
            all.extend(own(&view.user).and_then(|own| otherwise(view, own)));
            if view.decision == Foreseen::Deny && view.reason == "no-method" {
                all.push(Finding::of(&USER_METHOD, &view.user, "").mending("USER", &view.user));
            }
        }
        all.extend(stale(case, daemon));
        if daemon.views_left > 0 {
            all.push(Finding::of(&USERS_CUT, "pam-2fa user list", format!("{} more", daemon.views_left)));
        }
    }
    for mailbox in &case.facts.mailboxes {
        let known = if mailbox.is_here { &MAILBOX_HERE } else { &MAILBOX_UNKNOWN };
        let domain = mailbox.address.rsplit('@').next().unwrap_or_default();
        let place = format!("{}, {}", mailbox.user, mailbox.address);
        all.push(Finding::of(known, place, &mailbox.why).mending("USER", &mailbox.user).mending("DOMAIN", domain));
    }
    all
}

/// configd's view of a user against this process's: -1 where it sees none.
fn otherwise(view: &View, own: i64) -> Option<Finding> {
    let theirs = view.uid.map_or(-1, i64::from);
    // Where nobody is asked, nobody is looked up.
    let is_unasked = view.uid.is_none() && view.decision == Foreseen::NotSubject;
    if theirs == own || is_unasked {
        return None;
    }
    let word = |uid: i64| if uid < 0 { String::from("no such user") } else { format!("uid {uid}") };
    let seen = format!("configd: {} ({}); this host: {}", word(theirs), view.reason, word(own));
    Some(Finding::of(&USER_VIEW, &view.user, seen).mending("USER", &view.user))
}

/// Records of a uid that their name does not have.
fn stale<'a>(case: &'a Case<'_>, daemon: &'a Daemon) -> impl Iterator<Item = Finding> + 'a {
    daemon.users.iter().filter_map(|user| {
        let own = *case.facts.uids.get(&user.name)?;
        (own != i64::from(user.uid)).then(|| {
            let now = if own < 0 { String::from("nobody has that name") } else { format!("its uid is {own}") };
            let seen = format!("the record is of uid {}, and {now}", user.uid);
            Finding::of(&USER_STALE, &user.name, seen).mending("USER", &user.name)
        })
    })
}
