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
    assert_eq!(asked[0].key, "sms.account.token");
    let other = with(OURS, &[("sms.account.url", "sealed:v1:00112233:v")]);
    assert!(merge(OURS, &ours, &other, &[]).is_ok(), "two fields are two");
}

#[test]
fn an_account_that_one_makes_one_text_and_the_other_gives_a_field_is_asked_about_as_a_whole() {
    let (one, field) =
        (with(OURS, &[("sms.account", "sealed:v1:00112233:all")]), with(OURS, &[("sms.account.more", "m")]));
    let keys = |asked: &[Conflict]| asked.iter().map(|one| one.key.clone()).collect::<Vec<_>>();
    let asked = conflicts(merge(OURS, &field, &one, &[]));
    assert_eq!(keys(&asked), ["sms.account.more"]);
    let asked = conflicts(merge(OURS, &one, &field, &[]));
    assert_eq!(keys(&asked), ["sms.account.token", "sms.account.url", "sms.account"]);
    for (side, text) in [(Side::Ours, &one), (Side::Theirs, &field)] {
        let asked = conflicts(merge(OURS, &one, &field, &[]));
        let decided: Vec<_> = asked.into_iter().map(|one| (one, side)).collect();
        let merged = merge(OURS, &one, &field, &decided).unwrap();
        assert_eq!(entries(&merged.text).unwrap(), entries(text).unwrap(), "{side:?}");
    }
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
