//! Two who change one file: what each has changed stays, and what both have is asked about.

use super::*;
use pam_2fa_settings::parse;

const SHIPPED: &str = include_str!("../../../../etc/config.toml");
const OURS: &str = "# Ours.\n[email]\nserver = \"a.example.com\" # the first\nfrom = \"a@example.com\"\npassword = \"sealed:v1:00112233:one\"\n\
                    [[email.backup]]\nname = \"two\"\nserver = \"b.example.com\"\nfrom = \"a@example.com\"\n\
                    [sms]\nprovider = \"http\"\naccount = { url = \"https://sms.example.com\", token = \"sealed:v1:00112233:t\" }\n\
                    [services]\nour-portal = \"web\"\n[limits]\nsms_countries = [\"DE\"]\n";

fn with(text: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(text.to_owned(), |text, (key, value)| set(&text, key, value).unwrap())
}

/// Of a merge in which nothing is to be asked.
fn merged(opened: &str, ours: &str, now: &str) -> Merged {
    merge(opened, ours, now, &[]).unwrap()
}

fn conflicts(result: Result<Merged, Refusal>) -> Vec<Conflict> {
    match result {
        Err(Refusal::Conflict(conflicts)) => conflicts,
        other => panic!("{other:?}"),
    }
}

fn keys(asked: &[Conflict]) -> Vec<String> {
    asked.iter().map(|one| one.key.clone()).collect()
}

/// It is asked, and what is asked about is as the one side has it, or as the other.
fn both_ways(opened: &str, ours: &str, theirs: &str) {
    for (side, text) in [(Side::Ours, ours), (Side::Theirs, theirs)] {
        let asked = conflicts(merge(opened, ours, theirs, &[]));
        let names = keys(&asked);
        let decided: Vec<_> = asked.into_iter().map(|one| (one, side)).collect();
        let merged = merge(opened, ours, theirs, &decided).unwrap();
        parse(&merged.text).unwrap();
        let (all, wanted) = (entries(&merged.text).unwrap(), entries(text).unwrap());
        let differs = |key: &&String| of(&all, key) != of(&wanted, key);
        assert_eq!(names.iter().find(differs), None, "{side:?}\n{}", merged.text);
        assert_eq!(merged.given_up.len(), if side == Side::Theirs { names.len() } else { 0 });
    }
}

#[test]
fn what_each_has_changed_stays_with_their_comments_and_their_order() {
    let theirs = with(SHIPPED, &[("limits.sms_per_day", "100"), ("policy.application", "Corp")])
        .replace("[log]\n", "# Their note.\n[log]\n");
    let ours = [("codes.digits", "8"), ("trust.ssh", "8 hours"), ("policy.exempt_users", "ada,bob")];
    let merged = merged(SHIPPED, &with(SHIPPED, &ours), &theirs);
    assert_eq!(merged.text, with(&theirs, &ours), "their file, and what was changed here in its place");
    assert!(merged.text.contains("# Their note.\n[log]\n"));
    assert_eq!(merged.theirs, ["policy.application", "limits.sms_per_day"]);
    assert!(merged.given_up.is_empty());
    parse(&merged.text).unwrap();
}

#[test]
fn a_file_that_nobody_has_touched_becomes_our_text_byte_by_byte() {
    let ours = "# Mine.\n[codes]\ndigits=7\n";
    assert_eq!(merged(OURS, ours, OURS).text, ours);
    let broken = "[codes]\ndigit = 6\n";
    assert_eq!(merged(broken, ours, broken).text, ours, "also where it had an error that is mended here");
}

#[test]
fn every_kind_of_value_is_put_on_top_of_what_others_have_changed() {
    let theirs = format!("# Theirs.\n{}", with(OURS, &[("codes.echo", "false")]));
    let ours = [
        ("email.port", "587"),
        ("email.backup.two.server", "c.example.com"),
        ("email.backup.three.server", "d.example.com"),
        ("email.backup.three.from", "a@example.com"),
        ("services.our-portal", "elevate caller"),
        ("services.kiosk*", "ignore"),
        ("limits.sms_countries", "DE,US"),
        ("policy.unique_email", "false"),
        ("email.password", "sealed:v1:00112233:other"),
        ("sms.account.token", "sealed:v1:00112233:u"),
    ];
    let expected =
        entries(&with(OURS, &[("codes.echo", "false")].into_iter().chain(ours).collect::<Vec<_>>())).unwrap();
    let text = merged(OURS, &with(OURS, &ours), &theirs).text;
    assert_eq!(entries(&text).unwrap(), expected, "{text}");
    assert!(
        text.starts_with("# Theirs.\n# Ours.\n") && text.contains("server = \"a.example.com\" # the first\n"),
        "{text}"
    );
}

#[test]
fn what_was_taken_out_here_is_taken_out_there_and_a_table_becomes_one_text() {
    let theirs = with(OURS, &[("codes.echo", "false")]);
    let out = |text: &str| unset(&unset(text, "email.password").unwrap(), "services.our-portal").unwrap();
    assert_eq!(merged(OURS, &out(OURS), &theirs).text, out(&theirs));
    let ours = with(OURS, &[("sms.account", "sealed:v1:00112233:all")]);
    let text = merged(OURS, &ours, &theirs).text;
    let all = entries(&text).unwrap();
    assert!(of(&all, "sms.account").is_some() && of(&all, "sms.account.url").is_none(), "{text}");
    parse(&text).unwrap();
}

#[test]
fn what_both_have_changed_is_asked_once_for_each_value_that_was_seen() {
    let (ours, theirs) =
        (with(OURS, &[("codes.digits", "8"), ("codes.echo", "false")]), with(OURS, &[("codes.digits", "7")]));
    let asked = conflicts(merge(OURS, &ours, &theirs, &[]));
    let [Conflict { key, ours: Some(our), theirs: Some(their), .. }] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!((key.as_str(), our, their), ("codes.digits", &Said::Number(8), &Said::Number(7)));
    for (side, digits) in [(Side::Ours, 8), (Side::Theirs, 7)] {
        let decided =
            conflicts(merge(OURS, &ours, &theirs, &[])).into_iter().map(|one| (one, side)).collect::<Vec<_>>();
        let merged = merge(OURS, &ours, &theirs, &decided).unwrap();
        let all = entries(&merged.text).unwrap();
        assert_eq!(of(&all, "codes.digits").unwrap().said, Said::Number(digits));
        assert_eq!(of(&all, "codes.echo").unwrap().said, Said::Switch(false), "what nobody else has touched");
        assert_eq!(merged.given_up.contains("codes.digits"), side == Side::Theirs);
        // They change it again, or take it out: that was not seen.
        for later in [with(OURS, &[("codes.digits", "6")]), with(OURS, &[("codes.digits", "6"), ("log.level", "warn")])]
        {
            assert_eq!(conflicts(merge(OURS, &ours, &later, &decided)).len(), 1);
        }
    }
    let same = merged(OURS, &theirs, &with(&theirs, &[("log.level", "warn")]));
    assert_eq!(same.text, with(&theirs, &[("log.level", "warn")]), "the same by both is no question");
}

#[test]
fn a_key_that_one_takes_out_and_the_other_changes_is_asked() {
    let ours = unset(OURS, "email.password").unwrap();
    let theirs = with(OURS, &[("email.password", "sealed:v1:00112233:two")]);
    let asked = conflicts(merge(OURS, &ours, &theirs, &[]));
    assert_eq!((asked[0].ours.clone(), asked[0].theirs.clone()), (None, Some(Said::Sealed)));
    let asked = conflicts(merge(OURS, &theirs, &ours, &[]));
    assert_eq!((asked[0].ours.clone(), asked[0].theirs.clone()), (Some(Said::Sealed), None));
    let mine =
        merge(OURS, &theirs, &ours, &asked.into_iter().map(|one| (one, Side::Ours)).collect::<Vec<_>>()).unwrap();
    assert!(mine.text.contains("sealed:v1:00112233:two"));
}

#[test]
fn secrets_are_told_apart_and_never_shown() {
    let ours = with(OURS, &[("email.password", "hunter2")]);
    let theirs = with(OURS, &[("email.password", "hunter3")]);
    let asked = conflicts(merge(OURS, &ours, &theirs, &[]));
    assert_eq!(asked[0].key, "email.password");
    assert!(!format!("{asked:?}").contains("hunter"), "{asked:?}");
    assert!(merge(OURS, &ours, &ours, &[]).is_ok());
    // A field here, the whole account there.
    let ours = with(OURS, &[("sms.account.token", "sealed:v1:00112233:u")]);
    let asked = conflicts(merge(OURS, &ours, &with(OURS, &[("sms.account", "sealed:v1:00112233:all")]), &[]));
    assert_eq!(keys(&asked), ["sms.account", "sms.account.token", "sms.account.url"]);
}

#[test]
fn an_account_that_one_makes_one_text_and_the_other_gives_a_field_is_asked_about_as_a_whole() {
    let (one, field) =
        (with(OURS, &[("sms.account", "sealed:v1:00112233:all")]), with(OURS, &[("sms.account.more", "m")]));
    let asked = conflicts(merge(OURS, &field, &one, &[]));
    assert_eq!(keys(&asked), ["sms.account", "sms.account.more", "sms.account.token", "sms.account.url"]);
    let asked = conflicts(merge(OURS, &one, &field, &[]));
    assert_eq!(keys(&asked), ["sms.account.more", "sms.account.token", "sms.account.url", "sms.account"]);
    both_ways(OURS, &one, &field);
    both_ways(OURS, &field, &one);
}

#[test]
fn a_secret_does_not_go_with_a_server_that_somebody_else_has_set_meanwhile_unless_that_was_seen() {
    for (ours, theirs, expected) in [
        (("email.password", "hunter2"), ("email.server", "evil.example.org"), ["email.server", "email.password"]),
        (
            ("email.server", "new.example.com"),
            ("email.password", "sealed:v1:00112233:two"),
            ["email.server", "email.password"],
        ),
        (("email.password", "hunter2"), ("email.port", "2525"), ["email.port", "email.password"]),
        (("email.password", "hunter2"), ("email.tls", "starttls"), ["email.tls", "email.password"]),
        (("email.password", "hunter2"), ("email.ca_file", "/etc/evil.pem"), ["email.ca_file", "email.password"]),
        (("email.user", "ada"), ("email.password", "hunter2"), ["email.user", "email.password"]),
        (
            ("email.backup.two.password", "hunter2"),
            ("email.backup.two.server", "evil.example.org"),
            ["email.backup.two.server", "email.backup.two.password"],
        ),
        (
            ("sms.account.token", "hunter2"),
            ("sms.account.url", "https://evil.example.org"),
            ["sms.account.token", "sms.account.url"],
        ),
        (("sms.account.token", "hunter2"), ("sms.provider", "twilio"), ["sms.account.token", "sms.provider"]),
        (
            ("sms.proxy", "http://proxy.example.com:3128"),
            ("sms.ca_file", "/etc/evil.pem"),
            ["sms.ca_file", "sms.proxy"],
        ),
    ] {
        let (here, there) = (with(OURS, &[ours]), with(OURS, &[theirs, ("log.level", "warn")]));
        let asked = conflicts(merge(OURS, &here, &there, &[]));
        let mut names = keys(&asked);
        names.sort();
        let mut expected = expected.map(String::from);
        expected.sort();
        assert_eq!(names, expected);
        both_ways(OURS, &here, &there);
    }
    // Of the server that ours is for, both values are seen.
    let here = with(OURS, &[("email.password", "hunter2")]);
    let there = with(OURS, &[("email.server", "evil.example.org")]);
    let asked = conflicts(merge(OURS, &here, &there, &[]));
    let server = asked.iter().find(|one| one.key == "email.server").unwrap();
    let said = |text: &str| Some(Said::Text(String::from(text)));
    assert_eq!((server.ours.clone(), server.theirs.clone()), (said("a.example.com"), said("evil.example.org")));
    // An answer to one server is none to the next, and then the whole is asked again.
    let decided: Vec<_> = asked.into_iter().map(|one| (one, Side::Theirs)).collect();
    assert!(merge(OURS, &here, &there, &decided).unwrap().given_up.contains("email.password"));
    let later = with(OURS, &[("email.server", "worse.example.org")]);
    assert_eq!(keys(&conflicts(merge(OURS, &here, &later, &decided))), ["email.server", "email.password"]);
}

#[test]
fn what_says_nothing_of_where_a_secret_goes_or_is_another_servers_is_changed_by_two_apart() {
    let here = with(OURS, &[("email.password", "hunter2"), ("sms.sender", "+15550100")]);
    let theirs = [
        ("email.from", "b@example.com"),
        ("email.helo", "h.example.com"),
        ("email.backup.two.server", "c.example.com"),
        ("sms.price", "0.10"),
        ("sms.proxy", "http://proxy.example.com:3128"),
    ];
    let text = merged(OURS, &here, &with(OURS, &theirs)).text;
    let both = with(&here, &theirs);
    assert_eq!(entries(&text).unwrap(), entries(&both).unwrap(), "{text}");
    // Both have come to the same server, and one of them has a password for it.
    let server = ("email.server", "new.example.com");
    let text = merged(OURS, &with(OURS, &[server, ("email.password", "hunter2")]), &with(OURS, &[server])).text;
    assert!(text.contains("new.example.com") && text.contains("hunter2"), "{text}");
}

#[test]
fn a_section_that_is_taken_out_here_goes_from_what_others_have_changed_elsewhere() {
    let backup = format!(
        "{OURS}[[sms.backup]]\nname = \"b\"\nprovider = \"http\"\naccount = {{ url = \"https://b.example.com\", token = \"t\" }}\n"
    );
    for opened in [OURS, &backup] {
        let ours = without_section(opened, "sms").unwrap();
        let theirs = with(opened, &[("codes.digits", "8")]);
        let merged = merged(opened, &ours, &theirs);
        assert_eq!(merged.text, with(&ours, &[("codes.digits", "8")]));
        assert!(parse(&merged.text).is_ok(), "{}", merged.text);
    }
}

#[test]
fn a_section_or_a_backup_that_one_takes_out_and_the_other_changes_is_asked_about_as_a_whole() {
    let ours = without_section(OURS, "sms").unwrap();
    for theirs in [
        with(OURS, &[("sms.sender", "+15550100")]),
        with(OURS, &[("sms.account.token", "sealed:v1:00112233:u")]),
        format!(
            "{OURS}[[sms.backup]]\nname = \"b\"\nprovider = \"http\"\naccount = {{ url = \"https://b.example.com\" }}\n"
        ),
    ] {
        both_ways(OURS, &ours, &theirs);
        both_ways(OURS, &theirs, &ours);
    }
    let at = OURS.find("[[email.backup]]").unwrap();
    let without = format!("{}{}", &OURS[..at], &OURS[OURS.find("[sms]").unwrap()..]);
    both_ways(OURS, &with(OURS, &[("email.backup.two.helo", "h.example.com")]), &without);
}

#[test]
fn a_file_that_cannot_be_read_key_by_key_is_left_alone() {
    let ours = with(OURS, &[("codes.digits", "8")]);
    let Err(Refusal::Changed(why)) = merge(OURS, &ours, "[codes]\ndigit = 6\n", &[]) else { panic!() };
    assert!(why.contains("2:1: codes.digit: "), "{why}");
    assert!(matches!(merge("[codes]\ndigit = 6\n", &ours, OURS, &[]), Err(Refusal::Changed(_))));
    let Err(Refusal::Wrong(wrong)) = merge(OURS, "[codes]\ndigits = 5\n", &ours, &[]) else { panic!() };
    assert!(wrong["codes.digits"][0].starts_with("5 is not between 6 and 8"), "{wrong:?}");
}
