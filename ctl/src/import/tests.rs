//! What a file may look like, and what is said of one that does not.

use super::*;

fn rows(text: &str) -> Vec<ImportRow> {
    let (rows, wrong) = parse(text.as_bytes()).unwrap();
    assert_eq!(wrong, [], "{text}");
    rows
}

fn wrong(text: &str) -> Vec<String> {
    let (_, wrong) = parse(text.as_bytes()).unwrap();
    wrong.into_iter().map(|wrong| format!("{}: {}", wrong.line, wrong.why)).collect()
}

fn bare(line: u64, name: &str) -> ImportRow {
    ImportRow { line, name: name.to_owned(), verify: None, email: None, phone: None, language: None }
}

#[test]
fn columns_stand_in_any_order_may_be_missing_and_empty_fields_say_nothing() {
    let whole = ImportRow {
        verify: Some(Verify::Always),
        email: Some(String::from("ada@example.com")),
        phone: Some(String::from("+15550100")),
        language: Some(String::from("de")),
        ..bare(2, "ada")
    };
    assert_eq!(
        rows("name,verify,email,phone,language\nada,always,ada@EXAMPLE.com,+15550100,de\nbob,,,,\n"),
        [whole.clone(), bare(3, "bob")]
    );
    assert_eq!(rows("Language , PHONE,email,verify,name\nde,+15550100,ada@example.com,always,ada\n"), [whole]);
    assert_eq!(rows("name\nada\n\nbob"), [bare(2, "ada"), bare(4, "bob")]);
    assert_eq!(rows("name\n"), []);
}

#[test]
fn a_file_as_a_spreadsheet_writes_it_is_read() {
    let email = Some(String::from("ada@example.com"));
    assert_eq!(
        rows("\u{feff}name,email\r\n\"ada\",\"ada@example.com\"\r\n"),
        [ImportRow { email, ..bare(2, "ada") }],
        "a byte order mark, quotes, and CRLF"
    );
    let why = parse(b"name;email\nada;a@example.com\n").unwrap_err();
    assert!(why.ends_with("; columns are separated by commas"), "{why}");
}

#[test]
fn all_that_is_wrong_is_named_with_its_line() {
    let text = "name,verify,email,phone,language\n\
                ada,sometimes,ada,0155,kl\n\
                ,always,,,\n\
                bob,always\n\
                eve,,,,\n\
                eve,,,,\n\
                \"two\nlines\",,,,\n\
                zoe,,,,\n\
                joe,new-device,joe@example.com,,,\n\
                sue,New-Device,,,\n";
    let wrong = wrong(text);
    let starts = [
        "2: verify: write never, new-device or always",
        "2: email: ",
        "2: phone: ",
        "2: language: ",
        "3: name: not a login name",
        "4: 2 fields and the first line has 5",
        "6: name: eve stands in line 5 already",
        "7: name: not a login name",
        "10: 6 fields and the first line has 5",
        "11: verify: write never, new-device or always",
    ];
    assert_eq!(wrong.len(), starts.len(), "{wrong:#?}");
    for (wrong, start) in wrong.iter().zip(starts) {
        assert!(wrong.starts_with(start), "{wrong} is not {start}");
    }
    let (right, wrong) = parse(b"name,email\nada,\xff@example.com\nbob,\n").unwrap();
    assert_eq!((right, wrong.len()), (vec![bare(3, "bob")], 1));
    assert!(wrong[0].why.contains("not UTF-8"), "{wrong:?}");
}

#[test]
fn a_first_line_that_names_no_columns_is_an_error() {
    for (text, said) in [
        ("", "the column name is missing"),
        ("ada,ada@example.com\n", "there is no column \"ada\""),
        ("email\na@example.com\n", "the column name is missing"),
        ("name,email,name\n", "twice"),
        ("name,mail\n", "there is no column \"mail\"; the first line names them: name, verify, email, phone, language"),
    ] {
        let why = parse(text.as_bytes()).unwrap_err();
        assert!(why.contains(said), "{text}: {why}");
    }
}

#[test]
fn a_call_holds_as_many_rows_as_a_frame() {
    let long = ImportRow {
        email: Some(format!("{}@example.com", "a".repeat(60))),
        verify: Some(Verify::NewDevice),
        phone: Some(String::from("+155501001234567")),
        language: Some(String::from("de")),
        ..bare(u64::MAX, &"n".repeat(255))
    };
    for (one, most) in [(bare(2, "ada"), MOST_ROWS), (long, 60)] {
        let rows = vec![one; 500];
        let count = fitting(&rows);
        assert!(count <= most && count > 20, "{count}");
        let asked = UserImport { rows: rows[..count].to_vec(), trusted: true, skip_unknown: true, dry_run: true };
        let frame = pam_2fa_protocol::wire::encode_call(USER_IMPORT, &asked, pam_2fa_protocol::More::Yes).unwrap();
        assert!(frame.len() < MAX_FRAME, "{} bytes", frame.len());
    }
}

#[test]
fn addresses_that_stand_twice_are_told_without_regard_to_case() {
    let with = |line: u64, email: &str| ImportRow { email: Some(email.to_owned()), ..bare(line, "x") };
    let rows = [with(2, "A@example.com"), bare(3, "y"), with(4, "b@example.com"), with(5, "a@example.com")];
    let wrong = shared(&rows);
    assert_eq!((wrong.len(), wrong[0].line), (1, 5));
    assert_eq!(wrong[0].why, "email: it stands in line 2 too; one address is one user's");
}
