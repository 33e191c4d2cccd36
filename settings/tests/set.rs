//! A value is set where an administrator would set it, and all else stays; what is shown is what counts.

#![expect(clippy::unwrap_used, reason = "the tests' own helpers")]

use pam_2fa_settings::{EditError, Said, Shown, parse, set, shown};
use proptest::prelude::*;

const SHIPPED: &str = include_str!("../../etc/config.toml");

/// The lines that differ: those that went, those that came.
fn differing(before: &str, after: &str) -> (Vec<String>, Vec<String>) {
    let lines = |text: &str| text.split_inclusive('\n').map(str::to_owned).collect::<Vec<_>>();
    let (mut gone, mut come) = (lines(before), lines(after));
    while !gone.is_empty() && !come.is_empty() && gone.first() == come.first() {
        gone.remove(0);
        come.remove(0);
    }
    while !gone.is_empty() && !come.is_empty() && gone.last() == come.last() {
        gone.pop();
        come.pop();
    }
    (gone, come)
}

fn of(text: &str, key: &str) -> Shown {
    shown(text).unwrap().into_iter().find(|shown| shown.key == key).unwrap()
}

#[test]
fn the_shipped_line_of_a_key_loses_its_mark_and_keeps_what_is_said_behind_it() {
    let set_once = set(SHIPPED, "codes.digits", "8").unwrap();
    let (gone, come) = differing(SHIPPED, &set_once);
    assert_eq!(gone, ["# digits = 6                          # 6 to 8\n"]);
    assert_eq!(come, ["digits = 8                            # 6 to 8\n"]);
    let again = set(&set_once, "codes.digits", "7").unwrap();
    assert_eq!(again, set_once.replace("digits = 8", "digits = 7"));
    let (gone, come) = differing(SHIPPED, &set(SHIPPED, "policy.application", "A rather long name, too long").unwrap());
    assert_eq!(gone, ["# application = \"Example Corp\"        # named in every message\n"]);
    assert_eq!(come, ["application = \"A rather long name, too long\" # named in every message\n"]);
}

#[test]
fn a_section_that_is_a_comment_loses_its_mark_too_and_its_backups_stay_comments() {
    let one = set(SHIPPED, "email.server", "mail.example.com").unwrap();
    let two = set(&one, "email.from", "a@example.com").unwrap();
    let (gone, come) = differing(SHIPPED, &two);
    assert_eq!(gone.len(), come.len());
    let new: Vec<_> = come.iter().filter(|line| !line.starts_with('#')).map(String::as_str).collect();
    assert_eq!(new, ["[email]\n", "server = \"mail.example.com\"\n", "from = \"a@example.com\"\n"]);
    let settings = parse(&two).unwrap().settings;
    assert_eq!(settings.email.unwrap().server, "mail.example.com");
    let three = set(&set(&two, "email.tls", "starttls").unwrap(), "email.ca_file", "/etc/our.pem").unwrap();
    assert!(three.contains("ca_file = \"/etc/our.pem\""), "{three}");
    assert_eq!(three.matches("# [[email.backup]]\n# name = \"second\"\n# server = \"smtp.example.net\"").count(), 1);
}

#[test]
fn every_key_of_the_shipped_file_can_be_set_there_and_the_file_keeps_its_lines() {
    let mut text = String::from(SHIPPED);
    let pairs = [("email.server", "m.example.com"), ("email.from", "a@example.com"), ("sms.provider", "kannel")];
    for (key, value) in pairs {
        text = set(&text, key, value).unwrap();
    }
    for shown in shown(&text).unwrap().into_iter().filter(|shown| shown.is_default) {
        let typed = match &shown.value {
            Said::Nothing | Said::Sealed | Said::Plain => continue,
            Said::Text(text) => text.clone(),
            Said::List(list) => list.join(","),
            Said::Number(_) | Said::Switch(_) => shown.value.to_string(),
        };
        text = set(&text, &shown.key, &typed).unwrap();
        let said = of(&text, &shown.key);
        assert!(!said.is_default && said.value == shown.value, "{said:?}");
    }
    assert_eq!(text.lines().count(), SHIPPED.lines().count());
}

#[test]
fn a_key_without_a_line_of_its_own_goes_below_the_last_one_of_its_section() {
    let text =
        "# Ours.\n[policy]\nrequired = \"optional\"   # why\n# said of nothing\n\n[codes]\n[log]\nkeep = \"2 days\"";
    assert_eq!(set(text, "policy.grace", "2 days").unwrap(), text.replace("# why\n", "# why\ngrace = \"2 days\"\n"));
    assert_eq!(set(text, "codes.echo", "false").unwrap(), text.replace("[codes]\n", "[codes]\necho = false\n"));
    assert_eq!(set(text, "log.level", "warn").unwrap(), format!("{text}\nlevel = \"warn\"\n"));
    assert_eq!(set(text, "trust.ssh", "8 hours").unwrap(), format!("{text}\n\n[trust]\nssh = \"8 hours\"\n"));
    assert_eq!(set("", "trust.ssh", "8 hours").unwrap(), "[trust]\nssh = \"8 hours\"\n");
}

#[test]
fn line_ends_of_another_system_and_a_byte_order_mark_stay_where_a_line_is_added() {
    let text = "\u{feff}[policy]\r\nrequired = \"optional\"\r\n# grace = \"0 days\"   # how long\r\n[log]\r\n";
    let expected = text.replace("# grace = \"0 days\"   #", "grace = \"2 days\"     #");
    assert_eq!(set(text, "policy.grace", "2 days").unwrap(), expected);
    assert_eq!(set(text, "log.level", "warn").unwrap(), format!("{text}level = \"warn\"\r\n"));
    assert_eq!(set(text, "codes.digits", "7").unwrap(), format!("{text}\r\n[codes]\r\ndigits = 7\r\n"));
}

#[test]
fn values_are_typed_as_people_type_and_written_as_the_schema_has_them() {
    for (key, typed, written) in [
        ("codes.echo", "false", "echo = false"),
        ("codes.digits", " 7 ", "digits = 7"),
        ("trust.ssh", "8 hours", "ssh = \"8 hours\""),
        ("policy.exempt_users", "ada, @wheel", "exempt_users = [\"ada\", \"@wheel\"]"),
        ("policy.exempt_users", "[\"ada\"]", "exempt_users = [\"ada\"]"),
        ("policy.exempt_users", "", "exempt_users = []"),
        ("services.our-portal", "web", "our-portal = \"web\""),
        ("services.kiosk-*", "ignore", "\"kiosk-*\" = \"ignore\""),
        ("services.su", "elevate caller", "su = { class = \"elevate\", factor = \"caller\" }"),
    ] {
        let text = set(SHIPPED, key, typed).unwrap();
        assert!(text.lines().any(|line| line.starts_with(written)), "{key}: {written}");
        assert!(parse(&text).is_ok(), "{key}");
    }
    let name = "Bob's \"Shop\" \\ # [x]";
    let text = set(SHIPPED, "policy.application", name).unwrap();
    assert_eq!(parse(&text).unwrap().settings.policy.application.as_str(), name);
}

#[test]
fn a_value_that_the_key_does_not_take_is_refused_and_a_wrong_name_has_its_nearest() {
    for (key, typed, why) in [
        ("codes.digits", "six", "codes.digits: must be a whole number, and is \"six\""),
        ("codes.digits", "9", "codes.digits: 9 is not between 6 and 8"),
        ("codes.echo", "yes", "codes.echo: must be true or false, and is \"yes\""),
        ("trust.ssh", "8h", "trust.ssh: \"8h\": not a duration"),
        ("policy.required", "yes", "policy.required: \"yes\" is not one of"),
        ("policy.exempt_networks", "192.0.2.1/24", "policy.exempt_networks: \"192.0.2.1/24\" is not a network"),
        ("policy.exempt_users", "[ada", "policy.exempt_users: is no list"),
        ("services.su", "caller", "services.su: must be desktop, web"),
        ("codes.digit", "6", "codes.digit: there is no such key; the nearest is codes.digits"),
        ("digits", "6", "digits: there is no such key; the nearest is codes.digits"),
        ("email.backup.second", "x", "email.backup.second: there is no such key"),
    ] {
        let error = set(SHIPPED, key, typed).unwrap_err().to_string();
        assert!(error.starts_with(why), "{error}");
    }
    assert!(matches!(set("a = = 1", "codes.digits", "6"), Err(EditError::NotToml(_))));
}

#[test]
fn backups_and_accounts_are_found_by_name_and_made_where_they_are_not_there() {
    let text = "[email]\nserver = \"a.example\"\n[[email.backup]]\nname = \"b\"\n[[email.backup]]\nname = \"c\"\n# port = 1\n[sms]\nprovider = \"kannel\"\naccount = { username = \"u\" } # why\n";
    let set_in = |key: &str, typed: &str| set(text, key, typed).unwrap();
    assert_eq!(
        set_in("email.backup.b.server", "b.example"),
        text.replace("name = \"b\"\n", "name = \"b\"\nserver = \"b.example\"\n")
    );
    assert_eq!(set_in("email.backup.c.port", "25"), text.replace("# port = 1", "port = 25"));
    assert_eq!(
        set_in("email.backup.d.server", "d.example"),
        format!("{text}\n[[email.backup]]\nname = \"d\"\nserver = \"d.example\"\n")
    );
    assert_eq!(
        set_in("sms.account.password", "sealed:v1:x"),
        text.replace("\"u\" }", "\"u\", password = \"sealed:v1:x\" }")
    );
    assert_eq!(set_in("sms.account", "a;b"), text.replace("{ username = \"u\" }", "\"a;b\""));
    assert_eq!(
        set_in("email.password", "sealed:v1:x"),
        text.replace("server = \"a.example\"\n", "server = \"a.example\"\npassword = \"sealed:v1:x\"\n")
    );
    let one_text = text.replace("{ username = \"u\" }", "\"a;b\"");
    assert!(set(&one_text, "sms.account.password", "x").unwrap_err().to_string().contains("one text here"));
    let inline = "sms = { provider = 'kannel' }\n";
    assert_eq!(
        set(inline, "sms.account.password", "x").unwrap(),
        "sms = { provider = 'kannel', account = { password = \"x\" } }\n"
    );
}

#[test]
fn what_only_a_person_can_change_is_left_to_one() {
    for (text, key) in [
        ("codes.digits = 6\n", "codes.echo"),
        ("[sms.account]\nusername = \"u\"\n[sms]\nprovider = \"kannel\"\n", "sms.account"),
        ("[sms]\nprovider = \"x\"\naccount.username = \"u\"\n", "sms.account"),
        ("email = { backup = [{ name = 'b' }] }\n", "email.backup.c.server"),
    ] {
        let error = set(text, key, "false").unwrap_err().to_string();
        assert!(error.contains("config edit"), "{key}: {error}");
    }
}

#[test]
fn a_text_of_several_lines_is_taken_for_neither_a_header_nor_a_key() {
    let text = "[policy]\napplication = \"\"\"\n[codes]\n# digits = 5\n\"\"\"\n";
    let with = set(text, "codes.digits", "7").unwrap();
    assert_eq!(with, format!("{text}\n[codes]\ndigits = 7\n"));
    assert_eq!(set(text, "policy.grace", "2 days").unwrap(), format!("{text}grace = \"2 days\"\n"));
}

#[test]
fn every_default_that_is_shown_is_the_one_that_counts() {
    let base = "[email]\nserver = \"m.example.com\"\nfrom = \"a@example.com\"\n[sms]\nprovider = \"kannel\"\n";
    for base in [
        String::from(base),
        format!("{base}[policy]\nprofile = \"pci-dss\"\n"),
        base.replace("from", "tls = \"starttls\"\npassword = \"x\"\nfrom"),
        format!(
            "{base}[[email.backup]]\nname = \"b\"\nserver = \"localhost\"\ntls = \"none\"\nfrom = \"b@example.com\"\n"
        ),
    ] {
        let counts = format!("{:?}", parse(&base).unwrap().settings);
        for Shown { key, value, is_default } in shown(&base).unwrap() {
            if !is_default {
                continue;
            }
            let typed = match &value {
                Said::Nothing => {
                    let may = ["server", "from", "user", "password", "ca_file", "helo", "sender", "account", "price"];
                    let last = key.rsplit('.').next().unwrap();
                    assert!(may.contains(&last), "{key} has no default");
                    continue;
                }
                Said::Text(text) => text.clone(),
                Said::List(list) => list.join(","),
                Said::Number(_) | Said::Switch(_) | Said::Sealed | Said::Plain => value.to_string(),
            };
            let said = set(&base, &key, &typed).unwrap();
            assert_eq!(format!("{:?}", parse(&said).unwrap().settings), counts, "{key} = {typed}");
        }
    }
}

#[test]
fn no_secret_is_shown_and_each_is_said_to_be_sealed_or_not() {
    let text = "[email]\nserver = \"m.example.com\"\nfrom = \"a@example.com\"\npassword = \"hunter2\"\n[sms]\nprovider = \"kannel\"\naccount = { username = \"hunter3\", password = \"sealed:v1:x\" }\n[services]\nsu = { class = \"elevate\", factor = \"caller\" }\n";
    assert_eq!(of(text, "email.password").value, Said::Plain);
    assert_eq!(of(text, "sms.account.username").value, Said::Plain);
    assert_eq!(of(text, "sms.account.password").value, Said::Sealed);
    assert_eq!(of(text, "services.su").value, Said::Text(String::from("elevate caller")));
    assert_eq!(of(text, "email.port"), Shown { key: "email.port".into(), value: Said::Number(465), is_default: true });
    assert!(!format!("{:?}", shown(text).unwrap()).contains("hunter"));
    assert!(shown("[codes]\ndigits = 5\n").is_err());
}

/// What all other keys say; nothing of a text with an error.
fn others(text: &str, key: &str) -> Option<Vec<Shown>> {
    let mut all = shown(text).ok()?;
    all.retain(|shown| shown.key != key);
    Some(all)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_is_set_one_after_the_other_all_else_stays(
        steps in proptest::collection::vec((0..STEPS.len(), 0_usize..2), 1..10),
        crlf in any::<bool>(),
    ) {
        let mut text = if crlf { SHIPPED.replace('\n', "\r\n") } else { String::from(SHIPPED) };
        for (step, which) in steps {
            let (key, values) = STEPS[step];
            let new = set(&text, key, values[which]).unwrap();
            let (gone, come) = differing(&text, &new);
            prop_assert!(gone.len() <= come.len() && come.len() <= gone.len() + 4, "{key}: {gone:?} {come:?}");
            prop_assert_eq!(set(&new, key, values[which]).unwrap(), new.clone(), "the same again changes nothing");
            prop_assert_eq!(new.contains("\r\n") && new.replace("\r\n", "").contains('\n'), false);
            // A section of email brings what is said of its other keys with it.
            if let (false, Some(before), Some(after)) = (key.starts_with("email"), others(&text, key), others(&new, key)) {
                prop_assert_eq!(before, after);
            }
            text = new;
        }
    }

    #[test]
    fn no_text_makes_it_panic_and_what_was_set_is_set(text in PIECES) {
        for (key, typed) in
            [("codes.digits", "7"), ("email.backup.b.port", "25"), ("services.su", "web"), ("sms.account.a", "x")]
        {
            let Ok(new) = set(&text, key, typed) else { continue };
            prop_assert_eq!(set(&new, key, typed).unwrap(), new.clone());
            if let Some(all) = others(&new, "") {
                prop_assert!(all.iter().any(|shown| shown.key == key && !shown.is_default), "{key}: {new}");
            }
        }
    }
}

const PIECES: &str = "([a-z]{1,6} = [0-9]\n|# ?|\\[{1,2}(codes|email|email.backup|services)\\]{1,2}\n|digits = 6\n|name = \"b\"\n|\"\"\"|\r\n|\n){0,12}";

/// Keys, with two values each.
const STEPS: [(&str, [&str; 2]); 9] = [
    ("codes.digits", ["7", "8"]),
    ("policy.exempt_users", ["ada", ""]),
    ("email.server", ["m.example.com", "n.example.com"]),
    ("email.from", ["a@example.com", "b@example.com"]),
    ("email.backup.b.port", ["25", "26"]),
    ("services.su", ["web", "elevate caller"]),
    ("services.kiosk-*", ["ignore", "desktop"]),
    ("log.size", ["1 GB", "2 GB"]),
    ("trust.ssh", ["8 hours", "0 minutes"]),
];
