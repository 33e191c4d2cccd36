//! `factor = "caller"`: who is asked where su names whom one becomes.

use super::*;

/// `su bob`, called by ada, where `[services]` asks the caller.
fn su_of_caller() -> (World, Begin) {
    let mut world = world(ALL);
    let caller = |service: &str| format!("{service} = {{ class = \"elevate\", factor = \"caller\" }}\n");
    let services = format!("[services]\n{}{}", caller("su"), caller("sudo"));
    world.rules.services = pam_2fa_settings::parse(&services).unwrap().settings.services;
    world.add("bob", 1001, Verify::NewDevice, Some("bob@example.com"));
    let caller_stamp = Some(String::from("hers"));
    let (service, user) = (String::from("su"), String::from("bob"));
    (world, Begin { service, user, real_uid: Some(1000), caller_stamp, ..sudo(5) })
}

#[test]
fn where_the_caller_is_asked_log_and_mail_say_who_and_whom_he_becomes() {
    let (mut world, su) = su_of_caller();
    let (login, _) = world.begin(su.clone(), 0);
    let login = world.stand(login);
    assert_eq!(world.sent[0].way.address(), Some("ada@example.com"));
    assert_eq!(world.place(), "su on pts/1, to become bob");
    let code = world.code(&login);
    let _in = world.answer(login, &code);
    let logged = world.logged.last().unwrap();
    assert_eq!((logged.user.as_str(), logged.uid, logged.detail.as_deref()), ("ada", Some(1000), Some("as bob")));
    assert_eq!(world.devices[0].stamp.as_deref(), Some("hers"), "bob's is not what counts");
    assert_eq!(
        log_in(&mut world, Begin { password_stamp: Some(String::from("another")), ..su.clone() }),
        Factor::TrustedDevice
    );
    let changed = Begin { caller_stamp: Some(String::from("another")), ..su.clone() };
    assert_eq!(log_in(&mut world, changed), Factor::Email);
    assert_eq!(log_in(&mut world, Begin { real_uid: Some(0), service: String::from("sudo"), ..su }), Factor::Email);
}

#[test]
fn a_caller_who_is_not_named_or_is_not_who_the_kernel_says_is_nobody() {
    let (mut world, su) = su_of_caller();
    for (nobody, verdict, reason) in [
        (Begin { remote_user: None, ..su.clone() }, Verdict::Unavailable, "no-caller"),
        (Begin { remote_user: Some(String::from("bob")), ..su.clone() }, Verdict::Deny, "caller"),
        // A program that is root by now and is no sudo: whom it names proves nothing.
        (Begin { real_uid: Some(0), ..su.clone() }, Verdict::Deny, "caller"),
        (Begin { remote_user: Some(String::from("eve")), ..su.clone() }, Verdict::Deny, "unknown-user"),
    ] {
        let (_, said) = world.begin(nobody, 0);
        assert_eq!((said.verdict(), world.logged.last().unwrap().reason), (Some(verdict), reason));
    }
    assert!(world.sent.is_empty());
}
