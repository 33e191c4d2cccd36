//! What is told of what the daemon says, by a daemon that says what the test tells it to. Nothing waits for time: each test waits for what
//! is told.

use super::*;
use crate::setup::fake::{Fake, Reply, is_root};
use pam_2fa_protocol::admin;
use pam_2fa_protocol::admin::UserSet;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Longer than anything here takes: what is not told by then never is.
const LONG: Duration = Duration::from_secs(30);

fn settings() -> Secret {
    Secret::new(String::from("[email]\n"))
}

/// Everything that a job tells.
fn told(fake: &Fake, job: Job) -> Vec<Told> {
    let (tell, hear) = channel();
    let jobs = Jobs::new(fake.dir(), tell);
    jobs.start(job);
    drop(jobs);
    // It ends with the thread, whose end of it is the last.
    let mut all = Vec::new();
    loop {
        match hear.recv_timeout(LONG) {
            Ok(told) => all.push(told),
            Err(RecvTimeoutError::Disconnected) => return all,
            Err(RecvTimeoutError::Timeout) => panic!("a thread does not end: {all:?}"),
        }
    }
}

fn status(problems: &[&str], version: &str) -> Value {
    json!({"status": {"version": version, "state": "running", "since": "2026-11-24T04:00:00Z", "problems": problems}})
}

fn ada() -> Value {
    json!({"name": "ada", "uid": 1000, "verify": "always", "email": "a@example.com", "email_verified": true})
}

fn device() -> Value {
    json!({
        "id": "D1", "user": "ada", "uid": 1000, "class": "ssh", "name": "key SHA256:x", "first_used": "2026-11-24T04:00:00Z",
        "last_used": "2026-11-24T04:00:00Z", "last_from": "192.0.2.7", "until": "2026-11-25T04:00:00Z"
    })
}

#[test]
fn a_lost_daemon_is_told_once_and_again_when_it_is_back() {
    if !is_root("jobs") {
        return;
    }
    const LOST: usize = 1;
    let (phase, lost) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (at, count) = (Arc::clone(&phase), Arc::clone(&lost));
    let (three, has_three) = channel();
    let fake = Fake::start(move |_, _| match at.load(Ordering::SeqCst) {
        0 => vec![Reply::Done(status(&["the clock is behind"], env!("CARGO_PKG_VERSION")))],
        LOST => {
            if count.fetch_add(1, Ordering::SeqCst) == 2 {
                three.send(()).unwrap();
            }
            vec![Reply::Close]
        }
        _ => vec![Reply::Done(status(&[], "0.0.0"))],
    });
    let (tell, hear) = channel();
    let jobs = Jobs::every(Duration::from_millis(5), fake.dir(), tell);
    jobs.start(Job::Health);
    // A second one is not needed.
    jobs.start(Job::Health);
    let next = || {
        let Ok(Told::Health(result)) = hear.recv_timeout(LONG) else { panic!("nothing is told") };
        result
    };
    assert_eq!(next().unwrap(), ["the clock is behind"]);
    phase.store(LOST, Ordering::SeqCst);
    assert!(next().unwrap_err().contains("ended the connection"));
    has_three.recv_timeout(LONG).unwrap();
    phase.store(2, Ordering::SeqCst);
    let back = next().unwrap();
    assert!(
        back.len() == 1 && back[0].starts_with("configd is 0.0.0 and this command "),
        "told once, and this is the next: {back:?}"
    );
    fake.vanish();
    assert!(next().unwrap_err().contains("cannot be reached"));
    fake.listen(|_, _| vec![Reply::Done(status(&[], env!("CARGO_PKG_VERSION")))]);
    assert_eq!(next().unwrap(), [""; 0]);
    // It ends with the window.
    drop(jobs);
    assert_eq!(hear.recv_timeout(LONG).err(), Some(RecvTimeoutError::Disconnected));
}

#[test]
fn where_nobody_listens_any_more_the_asking_ends_though_the_window_is_there() {
    if !is_root("jobs") {
        return;
    }
    let fake = Fake::absent();
    let dir = fake.dir().to_owned();
    let (_lives, ends) = channel();
    let (tell, hear) = channel();
    drop(hear);
    let (over, is_over) = channel();
    std::thread::spawn(move || {
        health(&dir, Duration::from_millis(1), &ends, &tell);
        over.send(()).unwrap();
    });
    is_over.recv_timeout(LONG).unwrap();
}

#[test]
fn a_test_tells_its_steps_then_how_it_ended_in_the_words_of_pam_2fa_test() {
    if !is_root("jobs") {
        return;
    }
    let refused = json!({"class": "auth_error", "reason": "credentials", "said": "535 no\nmore"});
    let last = refused.clone();
    let fake = Fake::start(move |method, _| {
        let outcome = if method == TEST_SMS { json!({"class": "accepted", "said": "id 7"}) } else { last.clone() };
        let steps =
            ["connected to 192.0.2.1:465", "TLS\u{1b}[2J stands"].map(|step| Reply::More(json!({"step": step})));
        steps.into_iter().chain([Reply::Done(json!({"outcome": outcome}))]).collect()
    });
    let by = invoker();
    let all = told(&fake, Job::TestEmail { to: String::from("a@example.com"), settings: settings() });
    let [Told::TestStep(_, one), Told::TestStep(_, two), Told::Tested(Channel::Email, Err(why))] = all.as_slice()
    else {
        panic!("{all:?}")
    };
    assert_eq!((one.as_str(), two.as_str()), ("connected to 192.0.2.1:465", "TLS[2J stands"));
    let outcome: Outcome = serde_json::from_value(refused).unwrap();
    assert_eq!(*why, in_words(&outcome, Channel::Email).replace('\n', " "));
    assert!(why.contains("refused at sign-in (wrong user or password): 535 no more; check email.user"), "{why}");
    let all = told(&fake, Job::TestSms { to: String::from("+15550100"), settings: settings() });
    let [_, _, Told::Tested(Channel::Sms, Ok(outcome))] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(outcome.said, "id 7");
    assert_eq!(
        fake.calls(),
        [
            format!("TestEmail {}", json!({"to": "a@example.com", "settings": "[email]\n", "asked_by": by})),
            format!("TestSms {}", json!({"to": "+15550100", "settings": "[email]\n", "asked_by": by})),
        ]
    );
}

#[test]
fn a_test_whose_end_nobody_knows_is_no_success() {
    if !is_root("jobs") {
        return;
    }
    let fake = Fake::start(|_, _| vec![Reply::More(json!({"step": "connected"})), Reply::Done(json!({}))]);
    let all = told(&fake, Job::TestEmail { to: String::from("a@example.com"), settings: settings() });
    assert!(matches!(all.as_slice(), [Told::TestStep(..), Told::Tested(_, Err(why))] if why == NO_WORD), "{all:?}");
    let fake = Fake::start(|_, _| vec![Reply::More(json!({"step": "connected"})), Reply::Close]);
    let all = told(&fake, Job::TestEmail { to: String::from("a@example.com"), settings: settings() });
    assert!(matches!(all.as_slice(), [Told::TestStep(..), Told::Tested(_, Err(_))]), "{all:?}");
}

#[test]
fn who_looks_at_a_secret_is_told_to_configd() {
    if !is_root("jobs") {
        return;
    }
    let fake = Fake::start(|_, _| vec![Reply::Done(json!({"value": "hunter2"}))]);
    let look = || Job::OpenSecret { key: String::from("email.password"), sealed: String::from("sealed:v1:00112233:x") };
    let all = told(&fake, look());
    let [Told::Secret(key, Ok(value))] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((key.as_str(), value.expose().as_str()), ("email.password", "hunter2"));
    assert!(!format!("{all:?}").contains("hunter2"));
    let asked = json!({"key": "email.password", "sealed": "sealed:v1:00112233:x", "by": invoker()});
    assert_eq!(fake.calls(), [format!("OpenSecret {asked}")]);
    let empty = Fake::start(|_, _| vec![Reply::Done(json!({}))]);
    assert!(matches!(told(&empty, look()).as_slice(), [Told::Secret(_, Err(_))]));
    // One in plain text is looked at, too, and goes nowhere.
    let plain = Job::OpenSecret { key: String::from("email.password"), sealed: String::from("hunter3") };
    let all = told(&empty, plain);
    assert!(matches!(all.as_slice(), [Told::Secret(_, Ok(value))] if value.expose() == "hunter3"), "{all:?}");
    let asked = json!({"key": "email.password", "by": invoker()});
    assert_eq!(empty.calls()[1..], [format!("OpenSecret {asked}")]);
}

/// Says what configd would of ada.
fn of_ada(method: &str, _: &Value) -> Vec<Reply> {
    match method {
        admin::USER_LIST => vec![Reply::More(json!({"user": ada()})), Reply::Done(json!({"user": ada()}))],
        DEVICE_LIST => vec![Reply::More(json!({"device": device()})), Reply::Done(json!({"device": device()}))],
        DEVICE_REVOKE => vec![Reply::Done(json!({"devices": [device()]}))],
        USER_SET => vec![Reply::Done(json!({"user": ada(), "notes": ["a note"]}))],
        USER_RESET => vec![Reply::Done(json!({"user": ada(), "gone": ["2 devices"]}))],
        USER_INVITE => {
            let (made, until) = ("2026-11-24T04:00:00Z", "2026-11-24T06:00:00Z");
            let pass = json!({"id": "K7", "kind": "invitation", "made": made, "until": until});
            vec![Reply::Done(json!({"code": "7K3M", "user": "ada", "uid": 1000, "pass": pass}))]
        }
        USER_VERIFY_BEGIN => {
            let outcome = json!({"class": "accepted", "said": "ok"});
            vec![Reply::More(json!({"step": "s"})), Reply::Done(json!({"outcome": outcome, "tag": "7F"}))]
        }
        _ => vec![Reply::Done(json!({"user": ada()}))],
    }
}

#[test]
fn users_and_their_devices_are_read() {
    if !is_root("jobs") {
        return;
    }
    let fake = Fake::start(of_ada);
    assert!(matches!(told(&fake, Job::Users).as_slice(), [Told::Users(Ok(users))] if users.len() == 2));
    let all = told(&fake, Job::User { name: String::from("ada") });
    let [Told::User(one)] = all.as_slice() else { panic!("{all:?}") };
    let (user, devices) = one.as_ref().as_ref().unwrap();
    assert_eq!((user.name.as_str(), devices.len(), devices[0].id.as_str()), ("ada", 2, "D1"));
    let name = json!({"name": "ada"});
    let asked =
        [String::from("UserList {}"), format!("UserShow {name}"), format!("DeviceList {}", json!({"user": "ada"}))];
    assert_eq!(fake.calls(), asked);
}

#[test]
fn a_code_that_is_made_for_a_user_is_told_once_and_one_that_is_sent_by_its_tag() {
    if !is_root("jobs") {
        return;
    }
    let fake = Fake::start(of_ada);
    let all = told(&fake, Job::UserInvite { name: String::from("ada") });
    let [Told::Invited(who, Ok(code))] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((who.as_str(), code.expose().as_str()), ("ada", "7K3M"));
    let all = told(&fake, Job::VerifyBegin { name: String::from("ada"), channel: Channel::Email });
    let [Told::VerifySent(who, Ok(tag))] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((who.as_str(), tag.as_str()), ("ada", "7F"));
    let (one, other) = (json!({"name": "ada"}), json!({"name": "ada", "channel": "email"}));
    assert_eq!(fake.calls(), [format!("UserInvite {one}"), format!("UserVerifyBegin {other}")]);
}

#[test]
fn what_is_done_to_a_user_is_told_with_the_users_name_and_what_there_is_to_say() {
    if !is_root("jobs") {
        return;
    }
    let name = || String::from("ada");
    let language = Some(String::from("de"));
    let set = UserSet { name: name(), verify: None, email: None, phone: None, language, prefers: None, trusted: false };
    let code = Secret::new(String::from("123456"));
    let one = json!({"name": "ada"});
    for (job, asked, said) in [
        (
            Job::UserSet(set),
            format!("UserSet {}", json!({"name": "ada", "language": "de", "trusted": false})),
            &["a note"][..],
        ),
        (Job::UserUnlock { name: name() }, format!("UserUnlock {one}"), &[]),
        (Job::UserReset { name: name() }, format!("UserReset {one}"), &[]),
        (Job::UserDisable { name: name() }, format!("UserDisable {one}"), &[]),
        (
            Job::VerifyFinish { name: name(), channel: Channel::Sms, code },
            format!("UserVerifyFinish {}", json!({"name": "ada", "channel": "sms", "code": "123456"})),
            &[],
        ),
        (
            Job::DeviceRevoke { ids: vec![String::from("D1")] },
            format!("DeviceRevoke {}", json!({"ids": ["D1"]})),
            &["D1: ssh, key SHA256:x"],
        ),
    ] {
        let fake = Fake::start(of_ada);
        let all = told(&fake, job);
        let [Told::Done(who, Ok(lines))] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((who.as_str(), lines.iter().map(String::as_str).collect::<Vec<_>>()), ("ada", said.to_vec()));
        assert_eq!(fake.calls(), [asked]);
    }
}

#[test]
fn whatever_fails_is_one_line_under_the_name_of_what_was_asked() {
    if !is_root("jobs") {
        return;
    }
    let refusing =
        || Fake::start(|_, _| vec![Reply::Error(admin::REFUSED, json!({"reasons": ["one\u{1b}[2J", "two"]}))]);
    let name = || String::from("ada");
    let jobs: Vec<(Job, &str)> = vec![
        (Job::TestEmail { to: name(), settings: settings() }, "Tested(Email, Err(WHY))"),
        (Job::TestSms { to: name(), settings: settings() }, "Tested(Sms, Err(WHY))"),
        (Job::OpenSecret { key: name(), sealed: name() }, "Secret(\"ada\", Err(WHY))"),
        (Job::Users, "Users(Err(WHY))"),
        (Job::User { name: name() }, "User(Err(WHY))"),
        (Job::UserInvite { name: name() }, "Invited(\"ada\", Err(WHY))"),
        (Job::UserUnlock { name: name() }, "Done(\"ada\", Err(WHY))"),
        (Job::UserReset { name: name() }, "Done(\"ada\", Err(WHY))"),
        (Job::UserDisable { name: name() }, "Done(\"ada\", Err(WHY))"),
        (Job::DeviceRevoke { ids: vec![name()] }, "Done(\"\", Err(WHY))"),
        (Job::VerifyBegin { name: name(), channel: Channel::Sms }, "VerifySent(\"ada\", Err(WHY))"),
        (Job::VerifyFinish { name: name(), channel: Channel::Sms, code: settings() }, "Done(\"ada\", Err(WHY))"),
        (Job::Health, "Health(Err(WHY))"),
    ];
    let fake = refusing();
    for (job, expected) in jobs {
        let all = told(&fake, job);
        let shown: Vec<String> = all.iter().map(|told| format!("{told:?}").replace("\"one[2J; two\"", "WHY")).collect();
        assert_eq!(shown, [expected]);
    }
    let all = told(&Fake::absent(), Job::Users);
    assert!(
        matches!(all.as_slice(), [Told::Users(Err(why))] if why.starts_with("configd cannot be reached at ")),
        "{all:?}"
    );
    let long = Secret::new("x".repeat(20_000));
    let all = told(&fake, Job::TestEmail { to: name(), settings: long });
    assert!(matches!(all.as_slice(), [Told::Tested(_, Err(why))] if why.ends_with("shorten it")), "{all:?}");
}
