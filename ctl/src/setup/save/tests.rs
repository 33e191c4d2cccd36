//! What becomes of the file and what configd is asked, by a daemon that says what the test tells it to.

use super::*;
use crate::invoker::invoker;
use crate::setup::fake::{Fake, Reply, is_root};
use pam_2fa_protocol::admin::{self, MANDATORY_UNTESTED, TESTED};
use serde_json::{Value, json};
use std::fs::{Permissions, metadata, set_permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

const SHIPPED: &str = include_str!("../../../../etc/config.toml");
const MAIL: &str = "# Ours.\n[policy]\nrequired = \"optional\" # by user\napplication = \"Corp\"\n\n[email]\nserver = \"m.example.com\"\n\
                    from = \"a@example.com\"\npassword = \"sealed:v1:00112233:old\" # sealed\n";

fn ok(method: &str, parameters: &Value) -> Vec<Reply> {
    let key = parameters["key"].as_str().unwrap_or_default();
    vec![Reply::Done(match method {
        admin::SEAL => json!({"sealed": format!("sealed:v1:00112233:{key}")}),
        admin::RELOAD => json!({"generation": 4, "notes": ["n"]}),
        TESTED => json!({"email": true, "sms": false}),
        _ => json!({}),
    })]
}

/// Seals, takes everything over, has seen a test.
fn taking(text: &str) -> Fake {
    let fake = Fake::start(ok);
    fake.write(text);
    fake
}

/// Has seen no test.
fn untested(text: &str) -> Fake {
    tested(text, false, false)
}

/// Has seen a test of these.
fn tested(text: &str, email: bool, sms: bool) -> Fake {
    let fake = Fake::start(move |method, parameters| match method {
        TESTED => vec![Reply::Done(json!({"email": email, "sms": sms}))],
        _ => ok(method, parameters),
    });
    fake.write(text);
    fake
}

fn with(text: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(text.to_owned(), |text, (key, value)| set(&text, key, value).unwrap())
}

fn typed(pairs: &[(&str, &str)]) -> BTreeMap<String, Secret> {
    pairs.iter().map(|(key, value)| (String::from(*key), Secret::new(String::from(*value)))).collect()
}

fn save_with(fake: &Fake, opened: &str, ours: &str, secrets: &[(&str, &str)], gate: Gate) -> Result<Saved, Refusal> {
    let secrets = typed(secrets);
    save(&fake.config(), fake.dir(), &Wanted { opened, ours, secrets: &secrets, decided: &[], gate })
}

fn save_text(fake: &Fake, opened: &str, ours: &str) -> Result<Saved, Refusal> {
    save_with(fake, opened, ours, &[], Gate::Test)
}

/// The methods that were called.
fn methods(fake: &Fake) -> Vec<String> {
    fake.calls().iter().map(|call| call.split(' ').next().unwrap().to_owned()).collect()
}

/// The old file is there, byte by byte, and nothing else.
fn untouched(fake: &Fake, text: &str) {
    assert_eq!((fake.read().as_str(), fake.files()), (text, vec![String::from("config.toml")]));
    assert_eq!(metadata(fake.config()).unwrap().mode() & 0o7777, 0o640);
}

#[test]
fn saving_keeps_comments_and_order_seals_what_was_typed_reloads_and_shows_the_diff_without_secrets() {
    if !is_root("save") {
        return;
    }
    let fake = taking(MAIL);
    let ours = with(MAIL, &[("email.port", "587"), ("email.tls", "starttls"), ("codes.digits", "8")]);
    let saved = save_with(&fake, MAIL, &ours, &[("email.password", "hunter2")], Gate::Test).unwrap();
    let expected = ours.replace("00112233:old", "00112233:email.password");
    assert_eq!((fake.read(), &saved.text), (expected.clone(), &expected));
    assert_eq!(fake.files(), ["config.toml"]);
    assert_eq!((saved.sealed, saved.theirs), (vec![String::from("email.password")], vec![]));
    let Taken::Over(reply) = saved.taken else { panic!() };
    assert_eq!((reply.generation, reply.notes), (4, vec![String::from("n")]));
    assert_eq!(methods(&fake), ["Seal", "Reload"]);
    let diff = saved.diff.unwrap().join("\n").replace(fake.dir().to_str().unwrap(), "DIR");
    insta::assert_snapshot!(diff, @r#"
    --- DIR/config.toml
    +++ DIR/config.toml
    @@ -6,4 +6,9 @@
     [email]
     server = "m.example.com"
     from = "a@example.com"
    -password = "… (sealed)" # sealed
    +password = "… (sealed, another one)" # sealed
    +port = 587
    +tls = "starttls"
    +
    +[codes]
    +digits = 8
    "#);
}

#[test]
fn the_shipped_file_is_saved_with_a_first_mail_server_whose_password_was_typed() {
    if !is_root("save") {
        return;
    }
    let fake = taking(SHIPPED);
    let ours = with(
        SHIPPED,
        &[("email.server", "m.example.com"), ("email.from", "a@example.com"), ("policy.application", "Corp")],
    );
    let saved = save_with(&fake, SHIPPED, &ours, &[("email.password", "hunter2")], Gate::Test).unwrap();
    let all = entries(&fake.read()).unwrap();
    assert_eq!(of(&all, "email.password").unwrap().mask(None), "… (sealed)");
    let (text, diff) = (fake.read(), saved.diff.unwrap().join("\n"));
    assert!(!text.contains("hunter2") && !diff.contains("hunter2") && !diff.contains("00112233"), "{diff}");
    // Every comment that is not the place of one of these keys.
    let kept = SHIPPED.lines().filter(|line| line.starts_with("# ") && !text.contains(*line)).collect::<Vec<_>>();
    let places = ["[email]", "server = \"smtp.example.com\"", "from = ", "password = ", "application = "];
    assert!(kept.iter().all(|line| places.iter().any(|place| line.contains(place))), "{kept:?}");
}

#[test]
fn the_second_of_two_windows_sees_what_the_first_has_saved_and_is_asked_where_both_changed_the_same() {
    if !is_root("save") {
        return;
    }
    let fake = taking(MAIL);
    let (first, second) = (open(&fake.config()).unwrap().text, open(&fake.config()).unwrap().text);
    save_text(&fake, &first, &with(&first, &[("codes.digits", "7"), ("log.level", "warn")])).unwrap();
    let ours = with(&second, &[("codes.digits", "8"), ("trust.ssh", "8 hours")]);
    let between = fake.read();
    let Err(Refusal::Conflict(asked)) = save_text(&fake, &second, &ours) else { panic!() };
    untouched(&fake, &between);
    assert_eq!(asked.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), ["codes.digits"]);
    let decided: Vec<_> = asked.into_iter().map(|one| (one, Side::Ours)).collect();
    let none = BTreeMap::new();
    let wanted = Wanted { opened: &second, ours: &ours, secrets: &none, decided: &decided, gate: Gate::Test };
    let saved = save(&fake.config(), fake.dir(), &wanted).unwrap();
    assert_eq!(fake.read(), with(&between, &[("codes.digits", "8"), ("trust.ssh", "8 hours")]));
    assert_eq!(saved.theirs, ["codes.digits", "log.level"]);
    let diff = saved.diff.unwrap().join("\n");
    assert!(diff.contains("-digits = 7\n+digits = 8") && !diff.contains("-level"), "{diff}");
    // And on from there, with nothing left to ask.
    save_text(&fake, &saved.text, &with(&saved.text, &[("codes.digits", "6")])).unwrap();
}

#[test]
fn a_secret_that_others_have_set_meanwhile_is_asked_about_and_theirs_stays_unsealed_by_us() {
    if !is_root("save") {
        return;
    }
    let fake = taking(MAIL);
    let theirs = with(MAIL, &[("email.password", "sealed:v1:00112233:theirs")]);
    fake.write(&theirs);
    let secrets = typed(&[("email.password", "hunter2")]);
    let wanted = |decided| Wanted { opened: MAIL, ours: MAIL, secrets: &secrets, decided, gate: Gate::Test };
    let Err(Refusal::Conflict(asked)) = save(&fake.config(), fake.dir(), &wanted(&[])) else { panic!() };
    let decided: Vec<_> = asked.into_iter().map(|one| (one, Side::Theirs)).collect();
    let saved = save(&fake.config(), fake.dir(), &wanted(&decided)).unwrap();
    assert!(matches!(saved.taken, Taken::Unchanged));
    untouched(&fake, &theirs);
    assert!(fake.calls().is_empty(), "{:?}", fake.calls());
}

#[test]
fn what_is_wrong_is_told_by_key_and_changes_nothing_and_asks_nobody() {
    if !is_root("save") {
        return;
    }
    let fake = taking(MAIL);
    let wrong = |ours: &str, secrets: &[(&str, &str)]| match save_with(&fake, MAIL, ours, secrets, Gate::Test) {
        Err(Refusal::Wrong(wrong)) => wrong,
        other => panic!("{other:?}"),
    };
    let two = wrong(&MAIL.replace("[email]", "[codes]\ndigits = 5\nattempts = 0\n[email]"), &[]);
    assert_eq!(two.keys().collect::<Vec<_>>(), ["codes.attempts", "codes.digits"]);
    let secret = wrong(MAIL, &[("email.password", "a\u{7}hunter2")]);
    assert!(!format!("{secret:?}").contains("hunter2") && secret.contains_key("email.password"), "{secret:?}");
    assert!(wrong(MAIL, &[("sms.account.token", "t")]).contains_key("sms.provider"), "a section needs its own");
    assert!(wrong(MAIL, &[("email.backup.x.password", "t")]).len() > 1);
    assert!(wrong("[email\n", &[]).contains_key(""));
    untouched(&fake, MAIL);
    assert!(fake.calls().is_empty(), "{:?}", fake.calls());
}

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
    save_with(&fake, MAIL, &ours, &[], Gate::Overridden(pam_2fa_settings::asking(&ours).unwrap())).unwrap();
    assert_eq!(
        (fake.read().as_str(), methods(&fake)),
        (ours.as_str(), vec!["Tested".into(), "MandatoryUntested".into(), "Reload".into()])
    );
    assert_eq!(fake.calls()[1], format!("MandatoryUntested {}", json!({"by": invoker()})));
    let fake = taking(MAIL);
    save_with(&fake, MAIL, &ours, &[], Gate::Overridden(pam_2fa_settings::asking(&ours).unwrap())).unwrap();
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
            save_with(&fake, MAIL, &ours, &[], Gate::Overridden(pam_2fa_settings::asking(&ours).unwrap())).unwrap_err();
        assert!(matches!(&refused, Refusal::Daemon(lines) if lines == &["the disk is full"]), "{refused:?}");
        untouched(&fake, MAIL);
    }
    let absent = Fake::absent();
    absent.write(MAIL);
    assert!(matches!(
        save_with(&absent, MAIL, &ours, &[], Gate::Overridden(pam_2fa_settings::asking(&ours).unwrap())),
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
fn what_configd_refuses_is_taken_back_and_its_words_are_told() {
    if !is_root("save") {
        return;
    }
    let fake =
        Fake::start(|_, _| vec![Reply::Error(admin::REFUSED, json!({"reasons": ["no\u{1b} such group", "and more"]}))]);
    fake.write(MAIL);
    let Err(Refusal::Daemon(lines)) = save_text(&fake, MAIL, &with(MAIL, &[("policy.exempt_users", "@x")])) else {
        panic!()
    };
    assert!(lines[0].ends_with("configd refused the new settings; the old file is back"), "{lines:?}");
    assert_eq!(lines[1..], ["no such group", "and more"]);
    untouched(&fake, MAIL);
    // What it does not seal is not written either.
    let Err(Refusal::Daemon(lines)) = save_with(&fake, MAIL, MAIL, &[("email.password", "p")], Gate::Test) else {
        panic!()
    };
    assert_eq!(lines, ["no such group", "and more"]);
    untouched(&fake, MAIL);
}

#[test]
fn without_an_answer_the_file_is_in_place_and_that_is_said_but_never_with_a_secret_that_is_not_sealed() {
    if !is_root("save") {
        return;
    }
    let silent = Fake::start(
        |method, parameters| if method == admin::RELOAD { vec![Reply::Close] } else { ok(method, parameters) },
    );
    silent.write(MAIL);
    let ours = with(MAIL, &[("codes.digits", "8")]);
    let saved = save_with(&silent, MAIL, &ours, &[("email.password", "hunter2")], Gate::Test).unwrap();
    assert!(matches!(&saved.taken, Taken::Later(why) if why.contains("ended the connection")), "{:?}", saved.taken);
    assert_eq!(silent.read(), ours.replace(":old", ":email.password"));
    let absent = Fake::absent();
    absent.write(MAIL);
    assert!(matches!(save_with(&absent, MAIL, &ours, &[("email.password", "p")], Gate::Test), Err(Refusal::Daemon(_))));
    untouched(&absent, MAIL);
    assert!(matches!(save_text(&absent, MAIL, &ours).unwrap().taken, Taken::Later(_)));
    assert_eq!(absent.read(), ours);
}

#[test]
fn what_a_save_that_was_killed_has_left_is_gone_after_the_next() {
    if !is_root("save") {
        return;
    }
    let fake = taking(MAIL);
    // It was killed before the new file had the name: the old one is there, and this beside it.
    let left = fake.dir().join(".config.toml.pam-2fa-seal");
    std::fs::write(&left, "[codes]\n").unwrap();
    assert_eq!(open(&fake.config()).unwrap().text, MAIL);
    save_text(&fake, MAIL, &with(MAIL, &[("codes.digits", "8")])).unwrap();
    assert_eq!(fake.files(), ["config.toml"]);
}

#[test]
fn what_stands_in_plain_text_is_sealed_on_the_way() {
    if !is_root("save") {
        return;
    }
    let plain = MAIL.replace("sealed:v1:00112233:old", "hunter2");
    let fake = taking(&plain);
    let saved = save_text(&fake, &plain, &with(&plain, &[("codes.digits", "8")])).unwrap();
    assert_eq!(saved.sealed, ["email.password"]);
    assert!(!fake.read().contains("hunter2") && fake.read().contains("\"sealed:v1:00112233:email.password\" # sealed"));
    let diff = saved.diff.unwrap().join("\n");
    assert!(diff.contains("-password = \"… (in plain text)\" # sealed\n+password = \"… (sealed)\" # sealed"), "{diff}");
    // Nothing to change: nothing is done.
    let before = methods(&fake).len();
    let again = save_text(&fake, &saved.text, &saved.text).unwrap();
    assert!(matches!(again.taken, Taken::Unchanged) && again.diff.unwrap().is_empty());
    assert_eq!(methods(&fake).len(), before);
}

#[test]
fn another_command_at_work_or_an_editor_that_writes_meanwhile_is_told_and_theirs_stays() {
    if !is_root("save") {
        return;
    }
    let fake = taking(MAIL);
    let held = Folder::lock(&fake.config()).unwrap();
    assert!(matches!(save_text(&fake, MAIL, &with(MAIL, &[("codes.digits", "8")])), Err(Refusal::Locked(_))));
    drop(held);
    untouched(&fake, MAIL);
    // Written while configd seals.
    let theirs = "# Theirs, by an editor that asks no lock.\n";
    let config = std::sync::Arc::new(std::sync::OnceLock::<std::path::PathBuf>::new());
    let at = std::sync::Arc::clone(&config);
    let fake = Fake::start(move |method, parameters| {
        if method == admin::SEAL {
            std::fs::write(at.get().unwrap(), theirs).unwrap();
        }
        ok(method, parameters)
    });
    config.set(fake.config()).unwrap();
    fake.write(MAIL);
    let result = save_with(&fake, MAIL, MAIL, &[("email.password", "hunter2")], Gate::Test);
    assert!(matches!(&result, Err(Refusal::Changed(why)) if why.contains("left as it is")), "{result:?}");
    untouched(&fake, theirs);
    assert_eq!(methods(&fake), ["Seal"]);
}

#[test]
fn a_file_that_is_unfit_is_not_opened_and_not_saved_over() {
    if !is_root("save") {
        return;
    }
    let fake = taking(MAIL);
    assert_eq!(open(&fake.config()).unwrap().text, MAIL);
    set_permissions(fake.config(), Permissions::from_mode(0o666)).unwrap();
    assert!(open(&fake.config()).err().unwrap().to_string().contains("`chmod 640 "));
    assert!(matches!(save_text(&fake, MAIL, &with(MAIL, &[("codes.digits", "8")])), Err(Refusal::File(_))));
    assert_eq!(fake.read(), MAIL);
    fake.write("[codes\n");
    assert!(open(&fake.config()).err().unwrap().to_string().contains("mend it with `pam-2fa config edit`"));
    fake.write("[codes]\ndigit = 6\n");
    assert!(open(&fake.config()).is_ok(), "what is wrong can be mended in the window");
    let saved = save_text(&fake, "[codes]\ndigit = 6\n", "[codes]\ndigits = 6\n").unwrap();
    assert!(saved.diff.is_none(), "nobody can say what is secret in the old one");
    std::fs::remove_file(fake.config()).unwrap();
    assert!(open(&fake.config()).is_err());
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
    let gate = Gate::Overridden(first.asked.clone());
    let Err(Refusal::Untested(again)) = save_with(&fake, MAIL, &ours, &[], gate) else { panic!() };
    assert_ne!(again.asked, first.asked);
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
