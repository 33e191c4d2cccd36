//! Who is told: a pure function of the record, the notice and what is configured.
//!
//! A channel that whoever did it has just proven to have is not told where there is another: if it was not the owner, that one is theirs.
//! Where there is none it is told all the same; the notice then stands in the mailbox, outside of the login. Text messages cost money:
//! only where no mail can tell it, or where the mail is what was changed or used.

use super::{About, Notice};
use crate::login::challenge::Caller;
use crate::rules::Rules;
use crate::store::{Authenticator, UserRecord};
use pam_2fa_protocol::admin::Channel;

/// The addresses to tell, each once.
pub(super) fn recipients(record: Option<&UserRecord>, about: &About, rules: &Rules) -> Vec<(Channel, String)> {
    let email = record.filter(|record| record.email_verified).and_then(|record| record.email.clone());
    let phone = record.filter(|record| record.phone_verified).and_then(|record| record.phone.clone());
    let email = email.filter(|_| able(Channel::Email, about, rules));
    let phone = phone.filter(|_| able(Channel::Sms, about, rules));
    let old = about.old.iter().filter(|(channel, _)| able(*channel, about, rules)).cloned();
    let (email, phone) = match (email, phone) {
        (Some(email), Some(phone)) => match about.proved_by {
            Some(Authenticator::Email) => (None, Some(phone)),
            Some(Authenticator::Sms) => (Some(email), None),
            _ if is_of_email(&about.notice) => (Some(email), Some(phone)),
            _ => (Some(email), None),
        },
        one_or_none => one_or_none,
    };
    let now = email.map(|email| (Channel::Email, email)).into_iter().chain(phone.map(|phone| (Channel::Sms, phone)));
    let mut to: Vec<(Channel, String)> = Vec::new();
    for one in now.chain(old) {
        if !to.contains(&one) {
            to.push(one);
        }
    }
    to
}

/// What a user's own processes can cause as often as they like costs no money; what needed a right code is worth a text message.
fn able(channel: Channel, about: &About, rules: &Rules) -> bool {
    match channel {
        Channel::Email => !rules.email.is_empty(),
        Channel::Sms => !rules.sms.is_empty() && (about.caller == Caller::Root || about.proved_by.is_some()),
    }
}

/// Whether the mailbox is what was changed: then it alone is no word to rely on.
fn is_of_email(notice: &Notice) -> bool {
    matches!(notice, Notice::EmailChanged { .. } | Notice::EmailRemoved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::world::rules;
    use crate::store::UserKey;
    use pam_2fa_protocol::admin::Verify;

    const MAIL: &str = "ada@example.com";
    const PHONE: &str = "+15550100";

    /// What a record has: `@` a verified address, `#` a verified number, `?` both, and neither verified.
    fn record(has: &str) -> UserRecord {
        let (mail, phone) = (has.contains(['@', '?']), has.contains(['#', '?']));
        UserRecord {
            key: UserKey { uid: 1000, name: String::from("ada") },
            verify: Verify::NewDevice,
            email: mail.then(|| String::from(MAIL)),
            email_verified: has.contains('@'),
            phone: phone.then(|| String::from(PHONE)),
            phone_verified: has.contains('#'),
            language: None,
            last_login: None,
        }
    }

    fn about(notice: Notice, proved_by: Option<Authenticator>, old: &[(Channel, &str)]) -> About {
        About {
            proved_by,
            old: old.iter().map(|(channel, address)| (*channel, String::from(*address))).collect(),
            ..About::by_administrator(record("").key, notice)
        }
    }

    fn told(record: Option<&UserRecord>, about: &About, rules: &Rules) -> String {
        recipients(record, about, rules).into_iter().map(|(_, address)| address).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_other_channel_is_told_and_the_old_address_and_never_one_that_is_not_verified() {
        use Authenticator::{App, Email, Recovery, Sms};
        let device = || Notice::NewDevice { label: String::from("x") };
        let email = || Notice::EmailChanged { to: String::from("n***@example.com") };
        let phone = || Notice::PhoneChanged { to: String::from("+1***0199") };
        let both = format!("{MAIL} {PHONE}");
        let (old_mail, old_phone) = ((Channel::Email, "old@example.com"), (Channel::Sms, "+15550199"));
        for (has, notice, proved_by, old, expected) in [
            // Mail where there is mail, and money only where it says more.
            ("@", device(), None, vec![], MAIL),
            ("@", device(), Some(App), vec![], MAIL),
            ("#", device(), Some(App), vec![], PHONE),
            ("@#", device(), None, vec![], MAIL),
            ("@#", device(), Some(App), vec![], MAIL),
            ("@#", Notice::RecoveryUsed { left: 3 }, Some(Recovery), vec![], MAIL),
            ("@#", Notice::Locked, None, vec![], MAIL),
            // Not what was just proven, unless there is nothing else.
            ("@#", device(), Some(Email), vec![], PHONE),
            ("@#", device(), Some(Sms), vec![], MAIL),
            ("@", device(), Some(Email), vec![], MAIL),
            ("#", device(), Some(Sms), vec![], PHONE),
            // What is not verified is nobody's.
            ("?", device(), None, vec![], ""),
            ("", device(), None, vec![], ""),
            // A change of the mailbox is told to both, and to the one before.
            ("@#", email(), None, vec![old_mail], &format!("{both} {}", old_mail.1)),
            ("@", email(), None, vec![old_mail], &format!("{MAIL} {}", old_mail.1)),
            ("?", email(), None, vec![old_mail], old_mail.1),
            ("@#", email(), Some(Email), vec![old_mail], &format!("{PHONE} {}", old_mail.1)),
            ("#", Notice::EmailRemoved, None, vec![old_mail], &format!("{PHONE} {}", old_mail.1)),
            ("@#", phone(), None, vec![old_phone], &format!("{MAIL} {}", old_phone.1)),
            ("", Notice::Reset, None, vec![old_mail, old_phone], &format!("{} {}", old_mail.1, old_phone.1)),
            // Nobody is told twice.
            ("@", email(), None, vec![(Channel::Email, MAIL)], MAIL),
        ] {
            let mut rules = rules();
            rules.sms = crate::login::world::rules().sms;
            let about = about(notice, proved_by, &old);
            assert_eq!(told(Some(&record(has)), &about, &rules), expected, "{has} {about:?}");
        }
    }

    #[test]
    fn a_channel_that_is_not_configured_is_none() {
        let old = [(Channel::Email, "old@example.com"), (Channel::Sms, "+15550199")];
        let about = about(Notice::Locked, Some(Authenticator::Email), &old);
        let mut no_sms = rules();
        no_sms.sms.clear();
        assert_eq!(told(Some(&record("@#")), &about, &no_sms), format!("{MAIL} old@example.com"));
        let mut no_email = rules();
        no_email.email.clear();
        assert_eq!(told(Some(&record("@#")), &about, &no_email), format!("{PHONE} +15550199"));
        no_email.sms.clear();
        assert_eq!(told(Some(&record("@#")), &about, &no_email), "");
    }

    #[test]
    fn what_a_users_own_processes_cause_without_a_code_costs_no_text_message() {
        let mut about = about(Notice::Locked, None, &[]);
        about.caller = Caller::Own;
        assert_eq!(told(Some(&record("@#")), &about, &rules()), MAIL);
        assert_eq!(told(Some(&record("#")), &about, &rules()), "");
    }

    #[test]
    fn a_number_that_a_user_takes_away_by_oneself_is_told_also_where_it_is_all_there_was() {
        let to = String::from("+1***0199");
        let mut about = about(Notice::PhoneChanged { to }, Some(Authenticator::App), &[(Channel::Sms, "+15550198")]);
        about.caller = Caller::Own;
        assert_eq!(told(None, &about, &rules()), "+15550198");
        assert_eq!(told(Some(&record("@#")), &about, &rules()), format!("{MAIL} +15550198"));
    }

    #[test]
    fn a_mailbox_that_is_added_with_a_recovery_code_is_told_to_the_number_there_was() {
        let to = String::from("e***@example.com");
        let mut about = about(Notice::EmailChanged { to }, Some(Authenticator::Recovery), &[]);
        about.caller = Caller::Own;
        assert_eq!(told(Some(&record("@#")), &about, &rules()), format!("{MAIL} {PHONE}"));
    }

    #[test]
    fn without_a_record_the_old_addresses_are_told() {
        let about = about(Notice::Reset, None, &[(Channel::Email, "old@example.com")]);
        assert_eq!(told(None, &about, &rules()), "old@example.com");
    }
}
