//! Who changed what: in the same commit, with addresses masked, in order, within its bounds; and many records in one commit.

use crate::common::*;
use crate::methods::{enrol_of, pass};
use configd::store::{
    Authenticator, By, Change, ChangeAsk, ChangePage, Changed, Consume, Import, Imported, LogLimits, PassId, PassKind,
    Proof, Store, Then, UserChange, UserKey,
};
use pam_2fa_protocol::admin::{Channel, Method, Verify};

fn ask() -> ChangeAsk {
    ChangeAsk { after: 0, user: None, since_s: i64::MIN }
}

fn read(home: &Home, mut ask: ChangeAsk) -> (Vec<Change>, u32) {
    let (mut all, mut all_damaged) = (Vec::new(), 0);
    loop {
        let ChangePage { changes, damaged, after, is_end } = wait(home.store.changes(ask.clone())).unwrap();
        assert!(changes.len() <= 500, "a read is short");
        all.extend(changes);
        all_damaged += damaged;
        ask.after = after;
        if is_end {
            return (all, all_damaged);
        }
    }
}

fn said(home: &Home) -> String {
    let line = |change: Change| {
        let Change { by, user, what, detail, .. } = change;
        format!("{by:?} {} {what}: {detail}", user.name)
    };
    read(home, ask()).0.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_change_is_written_with_its_words_and_no_address_in_full() {
    let home = Home::new();
    let some = |text: &str| Some(Some(String::from(text)));
    home.change(UserChange { email: some("ada@example.com"), phone: some("+15550100"), ..change(ada()) }).unwrap();
    home.change(UserChange { verify: Some(Verify::Always), trusted: true, language: some("de"), ..change(ada()) })
        .unwrap();
    home.change(UserChange { prefers: Some(Some(Method::Sms)), by: By::User, ..change(ada()) }).unwrap();
    // Nothing changes, and nothing is written.
    home.change(UserChange { verify: Some(Verify::Always), email: some("ada@example.com"), ..change(ada()) }).unwrap();
    home.change(UserChange {
        email: some("new@example.com"),
        phone: Some(None),
        language: Some(None),
        ..change(ada())
    })
    .unwrap();
    let proven = String::from("new@example.com");
    assert!(wait(home.store.verify_address(ada(), Authenticator::Email, proven, at(0))).unwrap());
    let kept = configd::store::KeptPass {
        origin: Some(String::from("192.0.2.0/24")),
        service: Some(String::from("sshd")),
        ..pass(PassKind::Grant, "G1", ada())
    };
    wait(home.store.add_pass(kept, at(0))).unwrap();
    let invitation = pass(PassKind::Invitation, "I1", UserKey { uid: 3000, name: String::from("eve") });
    wait(home.store.add_pass(configd::store::KeptPass { reason: String::new(), ..invitation }, at(0))).unwrap();
    let address = Some((Channel::Email, String::from("newer@example.com")));
    let proven = Proof::Message { of: Authenticator::Email, address: String::from("new@example.com") };
    let first = configd::store::First::Further(proven);
    wait(home.store.enrol(configd::store::Enrol { address, first, ..enrol_of(ada()) })).unwrap();
    for (number, proof) in [
        (1, Proof::Grant { id: PassId(String::from("G1")) }),
        (2, Proof::Recovery { mac: [1; 32] }),
        (3, Proof::App { id: String::from("app1"), step: 500 }),
    ] {
        home.consume(Consume { proof, ..consume_of(ada(), id(number)) }).unwrap();
    }
    home.charge(charge_of(ada()));
    wait(home.store.unlock(ada(), at(0))).unwrap();
    wait(home.store.unlock(ada(), at(0))).unwrap();
    for shut in [true, true, false] {
        wait(home.store.disable(ada(), shut, at(0))).unwrap();
    }
    wait(home.store.reset(ada(), at(0))).unwrap();
    insta::assert_snapshot!(said(&home), @r"
    Administrator ada set: new record, email a***@example.com, phone +1•••0100
    Administrator ada set: email trusted without a code, phone trusted without a code, verify always, language de
    User ada set: prefers sms
    Administrator ada set: email n***@example.com, no phone, language of the settings
    Administrator ada verified: n***@example.com by a code
    Administrator ada granted: G1 until 2026-11-24T05:49:48Z from 192.0.2.0/24 for sshd: ticket 4711
    Administrator eve invited: I1 until 2026-11-24T05:49:48Z
    User ada enrolled: email n***@example.com, app, 10 recovery codes
    Login ada grant-used: G1
    Login ada recovery-code-used: 
    Administrator ada unlocked: wrong codes forgotten: 1
    Administrator ada disabled: 
    Administrator ada enabled: 
    Administrator ada reset:
    ");
}

#[test]
fn the_log_of_changes_is_asked_for_by_user_and_time_cut_by_age_and_by_number_and_a_damaged_line_is_left_out() {
    let home = Home::new();
    let of = |number: i64, user: UserKey| Change {
        at_s: WALL_S + number,
        by: By::Administrator,
        user,
        what: String::from("set"),
        detail: number.to_string(),
    };
    let notes =
        (0..1_200).map(|number| home.store.note_change(of(number, if number % 2 == 0 { ada() } else { bob() })));
    wait_for_all(notes.collect()).into_iter().for_each(Result::unwrap);
    assert_eq!(read(&home, ask()).0.len(), 1_200);
    let of_ada = read(&home, ChangeAsk { user: Some(String::from("ada")), ..ask() }).0;
    assert!(of_ada.len() == 600 && of_ada.iter().all(|change| change.user == ada()));
    let late = read(&home, ChangeAsk { since_s: WALL_S + 1_199, ..ask() }).0;
    assert_eq!(late, [of(1_199, bob())]);
    let after = wait(home.store.newest_change()).unwrap();
    assert_eq!(read(&home, ChangeAsk { after, ..ask() }).0, []);
    // As old as the clock's mark says.
    wait(home.store.end_challenge(id(0), at(2_000_000))).unwrap();
    let limits = LogLimits { keep_s: 1_000, size_bytes: i64::MAX / 2 };
    for _ in 0..5 {
        wait(home.store.keep_log(limits)).unwrap();
    }
    assert_eq!(read(&home, ask()).0.len(), 200);
    home.store.close().unwrap();
    let other = rusqlite::Connection::open(home.path()).unwrap();
    other.execute("UPDATE changes SET detail = 'nothing' WHERE detail = '1100'", []).unwrap();
    other.execute("UPDATE changes SET by = 'user' WHERE detail = '1101'", []).unwrap();
    drop(other);
    let mut home = home;
    home.store = configd::store::sqlite::SqliteStore::open(&home.path()).unwrap();
    let (left, damaged) = read(&home, ask());
    assert_eq!((left.len(), damaged), (198, 2));
}

#[test]
fn a_change_that_is_refused_leaves_no_line() {
    let home = Home::with_users();
    let before = read(&home, ask()).0.len();
    let email = Some(Some(String::from("bob@example.com")));
    assert!(home.change(UserChange { email, ..change(ada()) }).is_err());
    assert!(!wait(home.store.reset(UserKey { uid: 7, ..ada() }, at(0))).unwrap());
    assert!(!wait(home.store.prefer(UserKey { uid: 7, ..ada() }, None, at(0))).unwrap());
    assert_eq!(read(&home, ask()).0.len(), before);
}

#[test]
fn one_address_may_be_several_users_where_that_is_wanted() {
    let home = Home::with_users();
    let email = Some(Some(String::from("bob@example.com")));
    assert_eq!(home.change(UserChange { email: email.clone(), ..change(ada()) }), Err(Changed::EmailInUse(bob())));
    let record = home.change(UserChange { email, unique: false, ..change(ada()) }).unwrap();
    assert_eq!(record.email.as_deref(), Some("bob@example.com"));
}

fn import(home: &Home, changes: Vec<UserChange>, then: Then) -> Vec<Imported> {
    wait(home.store.import_users(Import { changes, then })).unwrap()
}

#[test]
fn an_import_is_whole_or_nothing_and_a_try_keeps_nothing() {
    let mut home = Home::with_users();
    let user = |number: u32| UserKey { uid: 5000 + number, name: format!("user{number}") };
    let with = |number: u32, email: &str| UserChange { email: Some(Some(String::from(email))), ..change(user(number)) };
    let all =
        || vec![with(1, "1@example.com"), UserChange { verify: Some(Verify::Never), ..change(ada()) }, change(bob())];
    let before = (said(&home), wait(home.store.users(None)).unwrap());
    let expected = [Imported::Made, Imported::Changed, Imported::Same];
    assert_eq!(import(&home, all(), Then::Undo), expected);
    let mut refused = all();
    refused.insert(1, with(2, "BOB@example.com"));
    refused.push(with(3, "1@example.com"));
    let outcomes = import(&home, refused, Then::Keep);
    assert_eq!(outcomes[1], Imported::Refused(Changed::EmailInUse(bob())));
    assert_eq!(outcomes[4], Imported::Refused(Changed::EmailInUse(user(1))), "a later row sees the ones before");
    home.reopen();
    assert_eq!((said(&home), wait(home.store.users(None)).unwrap()), before, "nothing is kept of either");
    assert_eq!(import(&home, all(), Then::Keep), expected);
    assert_eq!(import(&home, all(), Then::Keep), [Imported::Same, Imported::Same, Imported::Same]);
    home.reopen();
    let now = said(&home);
    assert!(
        now.ends_with(
            "Administrator user1 imported: new record, email 1***@example.com\nAdministrator ada imported: verify never"
        ),
        "{now}"
    );
}
