//! Many records at once. All rows of a call are looked at and written in one commit, or none is; every row that is wrong is named.

use super::users::{email, end_addresses, language, phone};
use super::{Answer, told};
use crate::daemon::Daemon;
use crate::house::House;
use crate::login::Resolution;
use crate::store::{By, Changed, Import, Imported, OldRecord, Then, UserChange, UserKey};
use pam_2fa_protocol::admin::{ImportRow, MOST_ROWS, UserImport, UserImportReply, WrongRow};

pub(super) async fn import(daemon: &Daemon, house: &House, asked: UserImport) -> Result<UserImportReply, Answer> {
    if asked.rows.len() > MOST_ROWS {
        return Err(Answer::refused(format!("{MOST_ROWS} rows are the most in one call")));
    }
    let mut reply = UserImportReply { unique_email: house.rules().unique_email, ..UserImportReply::default() };
    let names = asked.rows.iter().map(|row| row.name.clone()).collect();
    let found = daemon.users.resolve_all(names).await;
    let (mut changes, mut lines) = (Vec::with_capacity(asked.rows.len()), Vec::with_capacity(asked.rows.len()));
    for (row, found) in asked.rows.into_iter().zip(found) {
        let line = row.line;
        match found {
            Resolution::Unknown if asked.skip_unknown => reply.unknown = reply.unknown.saturating_add(1),
            Resolution::Unknown => reply.wrong.push(wrong(line, "there is no such user on this host")),
            Resolution::Failed(why) => {
                return Err(Answer::refused(format!("line {line}: the user cannot be looked up: {why}; try again")));
            }
            Resolution::Found(key) => match change(house, row, key, asked.trusted) {
                Ok(change) => {
                    lines.push((line, addressed(&change)));
                    changes.push(change);
                }
                Err(why) => reply.wrong.push(wrong(line, why)),
            },
        }
    }
    // With a row that is wrong the others are tried all the same, so that what is wrong with them is said too.
    let then = if asked.dry_run || !reply.wrong.is_empty() { Then::Undo } else { Then::Keep };
    let outcomes = house.store.import_users(Import { changes, then }).await?;
    let (mut with_other_addresses, mut about) = (Vec::new(), Vec::new());
    for ((line, key), outcome) in lines.into_iter().zip(outcomes) {
        let count = match outcome {
            Imported::Made => &mut reply.made,
            Imported::Changed(turned) => {
                with_other_addresses.extend(key);
                about.extend(told::changed(Some(&turned.before), &turned.after));
                &mut reply.changed
            }
            Imported::Same => &mut reply.same,
            Imported::Refused(why) => {
                reply.wrong.push(wrong(line, refusal(&why)));
                continue;
            }
        };
        *count = count.saturating_add(1);
    }
    reply.wrong.sort_by_key(|wrong| wrong.line);
    if reply.wrong.is_empty() && then == Then::Keep {
        for key in with_other_addresses {
            end_addresses(house, &key);
        }
        told::tell(house, about);
        write_down(&reply, asked.trusted);
    }
    Ok(reply)
}

fn write_down(reply: &UserImportReply, vouched: bool) {
    tracing::info!(
        made = reply.made,
        changed = reply.changed,
        same = reply.same,
        left_out = reply.unknown,
        vouched,
        "records were imported by an administrator"
    );
}

/// Whose addresses a change may change.
fn addressed(change: &UserChange) -> Option<UserKey> {
    (change.email.is_some() || change.phone.is_some()).then(|| change.key.clone())
}

fn wrong(line: u64, why: impl ToString) -> WrongRow {
    WrongRow { line, why: why.to_string() }
}

/// A file takes nothing away: an empty field leaves things as they are.
fn change(house: &House, row: ImportRow, key: UserKey, trusted: bool) -> Result<UserChange, String> {
    let filled = |field: Option<String>| field.filter(|text| !text.is_empty());
    let (email_of, phone_of, tongue) = (filled(row.email), filled(row.phone), filled(row.language));
    Ok(UserChange {
        key,
        verify: row.verify,
        email: email(email_of.as_deref()).map_err(|why| format!("email: {why}"))?,
        phone: phone(phone_of.as_deref()).map_err(|why| format!("phone: {why}"))?,
        language: language(tongue.as_deref()).map_err(|why| format!("language: {why}"))?,
        trusted: trusted && (email_of.is_some() || phone_of.is_some()),
        prefers: None,
        unique: house.rules().unique_email,
        // A name that means another uid now is looked at by hand: it takes a record away.
        old_record: OldRecord::Refuses,
        by: By::Administrator,
        now: house.now(),
    })
}

fn refusal(why: &Changed) -> String {
    match why {
        Changed::EmailInUse(other) => format!("email: {} has this address; one address is one user's", other.name),
        Changed::NameOfAnother { uid } => {
            format!(
                "the record of this name is of uid {uid}, which the user is no more; bind it anew with pam-2fa user set"
            )
        }
        Changed::NoSuchMethod(_) | Changed::Done(_) | Changed::Rebound { .. } => String::from("it is refused"),
    }
}

#[cfg(test)]
mod tests;
