//! The drop-in's text: what is written reads back, what we did not write is named, and what ends takes nothing with it.

use super::*;

fn exemption(id: &str, user: &str, network: &str) -> Exemption {
    Exemption {
        id: id.to_owned(),
        user: user.to_owned(),
        network: Network::parse(network).unwrap(),
        until_s: parse_rfc3339("2027-01-31T23:59:59Z").unwrap(),
        made_s: parse_rfc3339("2026-11-24T08:00:00Z").unwrap(),
        by: String::from("ada"),
        reason: String::from("nightly backup, größer"),
    }
}

fn two() -> String {
    let mut text = Text::read("");
    text.add(exemption("1NG6E80", "ci", "192.0.2.0/24"));
    text.add(exemption("1NG6E81", "deploy", "2001:db8::/48"));
    text.write().unwrap()
}

fn with_line(after: &str, line: &str) -> String {
    two().replacen(&format!("{after}\n"), &format!("{after}\n{line}\n"), 1)
}

#[test]
fn what_is_written_is_what_sshd_and_an_administrator_read() {
    insta::assert_snapshot!(two(), @r"
    # Who logs in by key alone, from where and until when. Kept by `pam-2fa exempt`: add, list, remove.
    # Of all Match blocks that fit, sshd takes the first that it meets: no file with one may sort before this one.
    # Do not edit: `pam-2fa exempt add` refuses to work on lines that it has not written.
    # pam-2fa exemption 1NG6E80
    #   until: 2027-01-31T23:59:59Z
    #   made: 2026-11-24T08:00:00Z by ada
    #   reason: nightly backup, größer
    Match User ci Address 192.0.2.0/24
    	AuthenticationMethods publickey
    # pam-2fa exemption 1NG6E81
    #   until: 2027-01-31T23:59:59Z
    #   made: 2026-11-24T08:00:00Z by ada
    #   reason: nightly backup, größer
    Match User deploy Address 2001:db8::/48
    	AuthenticationMethods publickey
    ");
}

#[test]
fn what_is_written_reads_back_the_same() {
    let read = Text::read(&two());
    assert_eq!(read.foreign(), None);
    let all: Vec<Exemption> = read.exemptions().cloned().collect();
    assert_eq!(all, [exemption("1NG6E80", "ci", "192.0.2.0/24"), exemption("1NG6E81", "deploy", "2001:db8::/48")]);
    assert_eq!(read.write(), Some(two()));
    assert_eq!(Text::read("").foreign(), None);
    assert_eq!(Text::read("").write(), None);
}

#[test]
fn the_last_one_that_goes_takes_the_file_with_it() {
    let mut text = Text::read(&two());
    let gone = text.remove("1NG6E80");
    assert_eq!(gone, [Ended { id: "1NG6E80".into(), was: Some(exemption("1NG6E80", "ci", "192.0.2.0/24")) }]);
    assert_eq!(text.foreign(), None);
    assert!(!text.write().unwrap().contains("ci"));
    assert_eq!(text.remove("1NG6E82"), []);
    assert_eq!(text.remove("1NG6E81").len(), 1);
    assert_eq!(text.write(), None);
}

#[test]
fn it_ends_at_its_second_and_not_before() {
    let end = exemption("1NG6E80", "ci", "192.0.2.0/24").until_s;
    assert_eq!(Text::read(&two()).expire(end - 1), []);
    assert_eq!(Text::read(&two()).expire(end).len(), 2);
}

#[test]
fn a_line_that_we_did_not_write_is_named_wherever_it_is() {
    let first = two().lines().next().unwrap().to_owned();
    for (text, number) in [
        (format!("PermitRootLogin yes\n{}", two()), 1),
        (with_line(&first, "# mine"), 2),
        (with_line("\tAuthenticationMethods publickey", "\tPermitTTY no"), 10),
        (with_line("\tAuthenticationMethods publickey", ""), 10),
        (format!("{}Match all\n", two()), 16),
        (two().replacen("User ci", "User ci,root", 1), 8),
        (two().replacen("User ci", "User *", 1), 8),
        (two().replacen("User ci", "User \"ci\"", 1), 8),
        (two().replacen("192.0.2.0/24", "0.0.0.0/0", 1), 8),
        (two().replacen("192.0.2.0/24", "192.0.2.0/24 LocalPort 22", 1), 8),
        (two().replacen("publickey", "any", 1), 9),
        (two().replacen("\tAuth", "    Auth", 1), 9),
        (two().replacen("2027-01-31T23:59:59Z", "never", 1), 5),
        (two().replacen("2027-01-31T23:59:59Z", "2037-01-31T23:59:59Z", 1), 5),
        (two().replacen(" by ada", "", 1), 6),
        (two().replacen("nightly", "\u{202e}nightly", 1), 7),
        (two().replacen("1NG6E80", "1NG6E8U", 1), 4),
        (two().lines().skip(3).map(|line| format!("{line}\n")).collect(), 1),
        (two().lines().skip(1).map(|line| format!("{line}\n")).collect(), 1),
        (two().lines().take(8).map(|line| format!("{line}\n")).collect(), 9),
    ] {
        assert_eq!(Text::read(&text).foreign().map(|(number, _)| number), Some(number), "{text}");
    }
}

#[test]
fn what_somebody_added_under_an_exemption_never_counts_for_anybody_else() {
    let text =
        with_line("\tAuthenticationMethods publickey", "\tPermitTTY yes\n\n# why\nmatch user bob\n  PermitTTY no");
    for text in
        [text.clone(), text.replacen("User ci", "User ci,root", 1), text.replacen("Match User ci", "MATCH all", 1)]
    {
        let mut text = Text::read(&text);
        assert_eq!(text.remove("1NG6E80").len(), 1);
        insta::allow_duplicates! {
            insta::assert_snapshot!(text.write().unwrap().lines().skip(3).take(6).collect::<Vec<_>>().join("\n"), @"
            # was in exemption 1NG6E80: \tPermitTTY yes

            # why
            match user bob
              PermitTTY no
            # pam-2fa exemption 1NG6E81
            ");
        }
        assert_eq!(text.remove("1NG6E81").len(), 1);
        let left = text.write().unwrap();
        assert!(!left.contains("publickey") && left.ends_with("match user bob\n  PermitTTY no\n"), "{left}");
        assert!(Text::read(&left).foreign().is_some());
    }
    // Written where the next block has begun already, but before its Match: it was said for the first one's user still.
    let mut text = Text::read(&with_line("# pam-2fa exemption 1NG6E81", "PermitRootLogin yes"));
    text.remove("1NG6E80");
    assert!(text.write().unwrap().contains("\n# was in exemption 1NG6E80: PermitRootLogin yes\n"));
    let mut text = Text::read(&with_line("# pam-2fa exemption 1NG6E81", "PermitRootLogin yes"));
    assert_eq!(text.expire(i64::MAX).len(), 2);
    assert!(text.write().unwrap().contains("\n# was in exemption 1NG6E80: PermitRootLogin yes\n"));
    // What stands before all of ours was said for everybody, and still is.
    let mut text = Text::read(&format!("PermitRootLogin no\n{}", two()));
    text.expire(i64::MAX);
    assert!(text.write().unwrap().starts_with("PermitRootLogin no\n"));
}

#[test]
fn an_edited_exemption_still_ends_and_one_without_a_date_ends_at_once() {
    let end = exemption("1NG6E80", "ci", "192.0.2.0/24").until_s;
    let mut text = Text::read(&two().replacen("User ci", "User c*", 1));
    assert_eq!(text.expire(end - 1), []);
    assert_eq!(text.expire(end).first(), Some(&Ended { id: "1NG6E80".into(), was: None }));
    assert_eq!(text.write(), None);
    for until in ["never", "2037-01-31T23:59:59Z", ""] {
        let mut text = Text::read(&two().replacen("2027-01-31T23:59:59Z", until, 1));
        assert_eq!(text.expire(0).len(), 1, "{until:?}");
        assert!(!text.write().unwrap().contains("Match User ci"));
    }
}

#[test]
fn a_name_is_no_pattern_and_a_reason_no_line_of_settings() {
    for name in ["ci", "ada@example.com", "svc_backup.1", "host$", "a-b+c"] {
        assert_eq!(fit_user(name), Ok(()), "{name}");
    }
    for name in
        ["", "*", "ci*", "c?", "!ci", "ci,root", "ci root", "ci\t", "ci\n", "\"ci\"", "'ci'", "EX\\ci", "#ci", "-ci"]
    {
        assert!(fit_user(name).is_err(), "{name:?}");
    }
    for name in ["ci\0", "c=i", "%u", "größe", "ci\u{202e}", "ci\u{a0}"] {
        assert!(fit_user(name).is_err(), "{name:?}");
    }
    assert_eq!(fit_reason("  nightly # backup, größer ").as_deref(), Ok("nightly # backup, größer"));
    let long = "x".repeat(201);
    for reason in ["", "  ", "a\nMatch all", "a\rb", "a\u{1b}[2J", "a\u{202e}b", "a\u{2028}b", "a\tb", &long] {
        assert!(fit_reason(reason).is_err(), "{reason:?}");
    }
}

#[test]
fn ids_are_short_and_another_one_each_second() {
    assert_eq!(id_of(1_795_507_200), "1NGAH00");
    assert!((0..100).all(|second| is_id(&id_of(1_795_507_200 + second))));
    assert_eq!(id_of(1_795_507_201), "1NGAH01");
}
