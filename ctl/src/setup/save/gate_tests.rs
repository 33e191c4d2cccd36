//! Settings that ask for a code, before a test has passed with them.

use super::tests::*;
use super::*;
use crate::invoker::invoker;
use crate::setup::fake::{Fake, Reply, is_root};
use pam_2fa_protocol::admin::{self, MANDATORY_UNTESTED, TESTED};
use serde_json::json;

#[test]
fn mandatory_is_not_saved_before_a_test_has_passed_with_these_very_settings() {
    if !is_root("save") {
        return;
    }
    let ours = with(MAIL, &[("policy.required", "mandatory"), ("email.server", "n.example.com")]);
    let fake = untested(MAIL);
    let refused = save_with(&fake, MAIL, &ours, &[("email.password", "hunter2")], Gate::Test).unwrap_err();
    let names_it = matches!(
        &refused,
        Refusal::Untested(Untested { email: true, sms: false, email_untested: true, sms_untested: false, .. })
    );
    assert!(names_it, "{refused:?}");
    untouched(&fake, MAIL);
    assert_eq!(methods(&fake), ["Seal", "Tested"]);
    let asked = fake.calls().pop().unwrap();
    assert!(
        asked.contains("n.example.com") && asked.contains("00112233:email.password") && !asked.contains("# "),
        "{asked}"
    );
    let fake = taking(MAIL);
    save_text(&fake, MAIL, &ours).unwrap();
    assert_eq!((fake.read(), methods(&fake)), (ours, vec![String::from("Tested"), String::from("Reload")]));
}

#[test]
fn mandatory_without_a_test_is_written_down_by_configd_before_it_is_saved_and_not_saved_where_that_fails() {
    if !is_root("save") {
        return;
    }
    let ours = with(MAIL, &[("policy.required", "mandatory")]);
    let fake = untested(MAIL);
    save_with(&fake, MAIL, &ours, &[], Gate::Overridden(Secret::new(pam_2fa_settings::asking(&ours).unwrap())))
        .unwrap();
    assert_eq!(
        (fake.read().as_str(), methods(&fake)),
        (ours.as_str(), vec!["Tested".into(), "MandatoryUntested".into(), "Reload".into()])
    );
    assert_eq!(fake.calls()[1], format!("MandatoryUntested {}", json!({"by": invoker()})));
    let fake = taking(MAIL);
    save_with(&fake, MAIL, &ours, &[], Gate::Overridden(Secret::new(pam_2fa_settings::asking(&ours).unwrap())))
        .unwrap();
    assert_eq!(methods(&fake), ["Tested", "Reload"], "where one has passed, nothing was overridden");
    for refusing in [TESTED, MANDATORY_UNTESTED] {
        let fake = Fake::start(move |method, parameters| match method {
            method if method == refusing => {
                vec![Reply::Error(admin::REFUSED, json!({"reasons": ["the disk is full"]}))]
            }
            TESTED => vec![Reply::Done(json!({"email": false, "sms": false}))],
            _ => ok(method, parameters),
        });
        fake.write(MAIL);
        let refused =
            save_with(&fake, MAIL, &ours, &[], Gate::Overridden(Secret::new(pam_2fa_settings::asking(&ours).unwrap())))
                .unwrap_err();
        assert!(matches!(&refused, Refusal::Daemon(lines) if lines == &["the disk is full"]), "{refused:?}");
        untouched(&fake, MAIL);
    }
    let absent = Fake::absent();
    absent.write(MAIL);
    assert!(matches!(
        save_with(&absent, MAIL, &ours, &[], Gate::Overridden(Secret::new(pam_2fa_settings::asking(&ours).unwrap()))),
        Err(Refusal::Daemon(_))
    ));
    untouched(&absent, MAIL);
}

#[test]
fn where_mandatory_stays_a_test_is_wanted_only_if_messages_go_another_way() {
    if !is_root("save") {
        return;
    }
    let opened = with(MAIL, &[("policy.required", "mandatory")]);
    let price = format!("{opened}[sms]\nprovider = \"http\"\naccount = {{ price = \"sealed:v1:00112233:x\" }}\n");
    for (opened, pairs, secrets, is_asked) in [
        (&opened, &[("codes.digits", "8"), ("trust.ssh", "8 hours")][..], &[][..], false),
        (&opened, &[("email.server", "n.example.com")], &[], true),
        (&opened, &[("email.port", "466")], &[], true),
        (&opened, &[], &[("email.password", "hunter2")], true),
        (&price, &[("sms.price", "0.10")], &[], false),
        (&price, &[("sms.sender", "+15550100")], &[], true),
        (&price, &[("sms.account.price", "sealed:v1:00112233:y")], &[], true),
        (&opened, &[("policy.required", "optional"), ("policy.required_groups", "wheel")], &[], false),
    ] {
        let fake = untested(opened);
        let result = save_with(&fake, opened, &with(opened, pairs), secrets, Gate::Test);
        assert_eq!(matches!(result, Err(Refusal::Untested { .. })), is_asked, "{pairs:?} {result:?}");
        assert_eq!(result.is_ok(), !is_asked, "{pairs:?} {result:?}");
    }
    // Switched on by the first window, and left alone by the second.
    let fake = untested(&opened);
    save_text(&fake, MAIL, &with(MAIL, &[("codes.digits", "8")])).unwrap();
    assert_eq!(fake.read(), with(&opened, &[("codes.digits", "8")]));
}

#[test]
fn who_is_asked_by_a_group_or_a_service_needs_a_code_that_arrives_too() {
    if !is_root("save") {
        return;
    }
    let group = with(MAIL, &[("policy.required_groups", "wheel"), ("policy.required_services", "sshd")]);
    for (opened, pairs, is_asked) in [
        (MAIL, &[("policy.required_groups", "wheel")][..], true),
        (MAIL, &[("policy.required_services", "sshd")], true),
        (MAIL, &[("policy.required_groups", "wheel"), ("policy.required", "disabled")], false),
        (MAIL, &[("email.server", "n.example.com")], false),
        (&group, &[("email.server", "n.example.com")], true),
        (&group, &[("policy.required_groups", "wheel,staff")], true),
        (&group, &[("policy.required_services", "sshd,login")], true),
        (&group, &[("policy.required", "mandatory")], true),
        // Less than before, or nothing of it.
        (&group, &[("policy.required_groups", "")], false),
        (&group, &[("policy.required_services", "")], false),
        (&group, &[("policy.required", "disabled"), ("email.server", "n.example.com")], false),
        (&group, &[("policy.application", "Other")], false),
    ] {
        let fake = untested(opened);
        let result = save_text(&fake, opened, &with(opened, pairs));
        assert_eq!(matches!(result, Err(Refusal::Untested { .. })), is_asked, "{pairs:?} {result:?}");
        assert_eq!(result.is_ok(), !is_asked, "{pairs:?} {result:?}");
    }
}

#[test]
fn a_way_that_is_new_or_another_than_before_needs_a_test_of_its_own_and_is_named() {
    if !is_root("save") {
        return;
    }
    let both = with(
        &format!("{MAIL}[sms]\nprovider = \"http\"\naccount = {{ token = \"sealed:v1:00112233:x\" }}\n"),
        &[("policy.required", "mandatory")],
    );
    let optional = with(&both, &[("policy.required", "optional")]);
    let mail_alone = with(MAIL, &[("policy.required", "mandatory")]);
    let (email, sms) = ([("email.server", "n.example.com")], [("sms.sender", "+15550100")]);
    for (opened, ours, tests, untested) in [
        // Tested once by text message, and the mail server is another now.
        (&both, with(&both, &email), (false, true), Some((true, false))),
        (&both, with(&both, &sms), (true, false), Some((false, true))),
        (&both, with(&both, &email), (true, false), None),
        (&both, with(&both, &sms), (false, true), None),
        (&both, with(&both, &email), (false, false), Some((true, true))),
        (&mail_alone, both.clone(), (true, false), Some((false, true))),
        (&mail_alone, both.clone(), (false, true), None),
        // Mandatory is new: one that works is enough, and what was not touched is as it was.
        (&optional, both.clone(), (true, false), None),
        (&optional, both.clone(), (false, false), Some((true, true))),
        (&optional, with(&both, &email), (false, true), Some((true, false))),
        // What is left is what was never tried.
        (&both, pam_2fa_settings::without_section(&both, "email").unwrap(), (false, false), Some((false, true))),
        (&both, pam_2fa_settings::without_section(&both, "sms").unwrap(), (true, false), None),
    ] {
        let fake = tested(opened, tests.0, tests.1);
        let result = save_text(&fake, opened, &ours);
        let named = match &result {
            Err(Refusal::Untested(Untested { email_untested, sms_untested, .. })) => {
                Some((*email_untested, *sms_untested))
            }
            Ok(_) => None,
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(named, untested, "{tests:?}\n{ours}");
        assert_eq!(fake.read() == *opened, untested.is_some());
    }
    // A secret that is sealed on the way is the same secret.
    let plain = both.replace("sealed:v1:00112233:x", "hunter2");
    let fake = tested(&plain, true, false);
    let saved = save_text(&fake, &plain, &with(&plain, &[("email.port", "587")])).unwrap();
    assert_eq!(saved.sealed, ["sms.account.token"]);
}

#[test]
fn what_stands_in_the_file_and_was_never_in_force_needs_a_test_as_if_it_were_new() {
    if !is_root("save") {
        return;
    }
    let opened = with(MAIL, &[("policy.required", "mandatory")]);
    let cases = [(json!({"asks_more": true}), true), (json!({"email_new": true}), true), (json!({}), false)];
    for (new, is_asked) in cases {
        let reply = new.clone();
        let fake = Fake::start(move |method, parameters| match method {
            TESTED => {
                let mut reply = reply.clone();
                (reply["email"], reply["sms"]) = (json!(false), json!(false));
                vec![Reply::Done(reply)]
            }
            _ => ok(method, parameters),
        });
        fake.write(&opened);
        let result = save_with(&fake, &opened, &with(&opened, &[("codes.digits", "8")]), &[], Gate::Test);
        assert_eq!(matches!(result, Err(Refusal::Untested { .. })), is_asked, "{new} {result:?}");
    }
}

#[test]
fn words_that_were_typed_for_other_settings_save_nothing_and_what_others_have_changed_comes_with_the_question() {
    if !is_root("save") {
        return;
    }
    let ours = with(MAIL, &[("policy.required", "mandatory")]);
    let fake = untested(MAIL);
    let Err(Refusal::Untested(first)) = save_text(&fake, MAIL, &ours) else { panic!() };
    assert!(first.onto.is_none());
    // While the question stood, somebody has put another server there.
    fake.write(&with(MAIL, &[("email.server", "third.example.com")]));
    let gate = Gate::Overridden(Secret::new(first.asked.expose().clone()));
    let Err(Refusal::Untested(again)) = save_with(&fake, MAIL, &ours, &[], gate) else { panic!() };
    assert_ne!(again.asked.expose(), first.asked.expose());
    let onto = again.onto.unwrap();
    assert_eq!((onto.theirs, &onto.file), (vec![String::from("email.server")], &fake.read()));
    assert_eq!(onto.ours, with(&ours, &[("email.server", "third.example.com")]));
    save_with(&fake, &onto.file, &onto.ours, &[], Gate::Overridden(again.asked)).unwrap();
    assert_eq!(fake.read(), onto.ours);
    // A secret that was typed is not in what comes with the question.
    let fake = untested(MAIL);
    fake.write(&with(MAIL, &[("policy.application", "Theirs")]));
    let typed = [("email.password", "hunter2")];
    let Err(Refusal::Untested(asked)) = save_with(&fake, MAIL, &ours, &typed, Gate::Test) else { panic!() };
    let onto = asked.onto.unwrap();
    assert!(onto.ours.contains("sealed:v1:00112233:old") && !onto.ours.contains("hunter2"), "{}", onto.ours);
}

#[test]
fn an_answer_that_is_none_is_no_yes_and_a_daemon_that_is_sealed_or_gone_is_no_reason_to_mend_nothing() {
    if !is_root("save") {
        return;
    }
    let opened = with(MAIL, &[("policy.required", "mandatory")]);
    let ours = with(&opened, &[("codes.digits", "8")]);
    for (error, is_saved) in [(admin::REFUSED, false), (admin::SEALED, true)] {
        let fake = Fake::start(move |method, parameters| match method {
            TESTED => vec![Reply::Error(error, json!({"reasons": ["the disk is full"], "reason": "no key"}))],
            _ => ok(method, parameters),
        });
        fake.write(&opened);
        let result = save_with(&fake, &opened, &ours, &[], Gate::Test);
        assert_eq!(result.is_ok(), is_saved, "{error} {result:?}");
        // Nobody can say whether another server was tried.
        fake.write(&opened);
        let other = with(&opened, &[("email.server", "n.example.com")]);
        assert!(matches!(save_with(&fake, &opened, &other, &[], Gate::Test), Err(Refusal::Daemon(_))));
    }
}
