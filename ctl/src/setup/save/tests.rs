//! What becomes of the file and what configd is asked, by a daemon that says what the test tells it to.

use super::*;
use crate::setup::fake::{Fake, Reply, is_root};
use pam_2fa_protocol::admin::{self, TESTED};
use serde_json::{Value, json};
use std::fs::{Permissions, metadata, set_permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

const SHIPPED: &str = include_str!("../../../../etc/config.toml");
pub(super) const MAIL: &str = "# Ours.\n[policy]\nrequired = \"optional\" # by user\napplication = \"Corp\"\n\n[email]\nserver = \"m.example.com\"\n\
                    from = \"a@example.com\"\npassword = \"sealed:v1:00112233:old\" # sealed\n";

pub(super) fn ok(method: &str, parameters: &Value) -> Vec<Reply> {
    let key = parameters["key"].as_str().unwrap_or_default();
    vec![Reply::Done(match method {
        admin::SEAL => json!({"sealed": format!("sealed:v1:00112233:{key}")}),
        admin::RELOAD => json!({"generation": 4, "notes": ["n"]}),
        TESTED => json!({"email": true, "sms": false}),
        _ => json!({}),
    })]
}

/// Seals, takes everything over, has seen a test.
pub(super) fn taking(text: &str) -> Fake {
    let fake = Fake::start(ok);
    fake.write(text);
    fake
}

/// Has seen no test.
pub(super) fn untested(text: &str) -> Fake {
    tested(text, false, false)
}

/// Has seen a test of these.
pub(super) fn tested(text: &str, email: bool, sms: bool) -> Fake {
    let fake = Fake::start(move |method, parameters| match method {
        TESTED => vec![Reply::Done(json!({"email": email, "sms": sms}))],
        _ => ok(method, parameters),
    });
    fake.write(text);
    fake
}

pub(super) fn with(text: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(text.to_owned(), |text, (key, value)| set(&text, key, value).unwrap())
}

pub(super) fn typed(pairs: &[(&str, &str)]) -> BTreeMap<String, Secret> {
    pairs.iter().map(|(key, value)| (String::from(*key), Secret::new(String::from(*value)))).collect()
}

pub(super) fn save_with(
    fake: &Fake,
    opened: &str,
    ours: &str,
    secrets: &[(&str, &str)],
    gate: Gate,
) -> Result<Saved, Refusal> {
    let secrets = typed(secrets);
    save(&fake.config(), fake.dir(), &Wanted { opened, ours, secrets: &secrets, decided: &[], gate })
}

pub(super) fn save_text(fake: &Fake, opened: &str, ours: &str) -> Result<Saved, Refusal> {
    save_with(fake, opened, ours, &[], Gate::Test)
}

/// The methods that were called.
pub(super) fn methods(fake: &Fake) -> Vec<String> {
    fake.calls().iter().map(|call| call.split(' ').next().unwrap().to_owned()).collect()
}

/// The old file is there, byte by byte, and nothing else.
pub(super) fn untouched(fake: &Fake, text: &str) {
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
