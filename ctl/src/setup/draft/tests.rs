//! What is set, undone and done again, and what is wrong.

use super::*;

const TEXT: &str = "# Ours.\n[policy]\nrequired = \"optional\" # not yet\napplication = \"Example\"\n\n[email]\nserver = \"smtp.example.com\"\n\
                    port = 465\ntls = \"implicit\"\nfrom = \"a@example.com\"\npassword = \"sealed:v1:AAAA\"\n";

#[test]
fn what_is_set_stands_in_its_place_and_can_be_undone_and_done_again() {
    let mut draft = Draft::of(TEXT);
    assert!(!draft.is_changed() && draft.undo().is_none() && draft.redo().is_none());
    draft.set("policy.application", "Other Corp").unwrap();
    draft.leave();
    draft.set("trust.ssh", "8 hours").unwrap();
    assert!(draft.is_changed() && draft.has_changed("trust.ssh") && !draft.has_changed("policy.required"));
    assert_eq!(draft.typed("trust.ssh"), "8 hours");
    assert!(
        draft
            .text()
            .starts_with("# Ours.\n[policy]\nrequired = \"optional\" # not yet\napplication = \"Other Corp\"\n")
    );
    assert!(draft.undo().is_some());
    assert_eq!(draft.typed("policy.application"), "Other Corp");
    assert!(draft.is_default("trust.ssh"));
    assert!(draft.undo().is_some());
    assert_eq!(draft.text(), TEXT);
    assert!(draft.redo().is_some() && draft.redo().is_some() && draft.redo().is_none());
    assert_eq!(draft.typed("trust.ssh"), "8 hours");
    // Nothing typed: the default counts.
    draft.set("trust.ssh", "").unwrap();
    assert!(draft.is_default("trust.ssh"));
    // What is changed behind an undo ends what could be done again.
    let _ = draft.undo();
    draft.set("policy.required", "mandatory").unwrap();
    assert!(draft.redo().is_none());
}

#[test]
fn what_is_typed_on_in_one_field_is_one_change() {
    let mut draft = Draft::of(TEXT);
    for typed in ["E", "Ex", "Exa"] {
        draft.set("policy.application", typed).unwrap();
    }
    draft.leave();
    draft.set("policy.application", "Exam").unwrap();
    assert!(draft.undo().is_some());
    assert_eq!(draft.typed("policy.application"), "Exa");
    assert!(draft.undo().is_some() && draft.undo().is_none());
    assert_eq!(draft.typed("policy.application"), "Example");
}

#[test]
fn what_is_no_value_is_said_and_changes_nothing_and_what_does_not_fit_together_is_said_by_its_key() {
    let mut draft = Draft::of(TEXT);
    for (key, typed, says) in [
        ("email.port", "99999", "65535"),
        ("trust.ssh", "8 hourz", "duration"),
        ("policy.required", "perhaps", "mandatory"),
        ("email.from", "nobody", "address"),
    ] {
        let why = draft.set(key, typed).unwrap_err();
        assert!(why.contains(says) && !why.contains('\n'), "{key}: {why}");
    }
    assert!(!draft.is_changed());
    draft.set("email.tls", "none").unwrap();
    assert!(draft.wrong("email.tls").unwrap().contains("this host only"), "{:?}", draft.all_wrong());
    draft.set("email.tls", "starttls").unwrap();
    assert!(draft.all_wrong().is_empty());
}

#[test]
fn the_port_follows_tls_unless_it_is_one_of_ones_own_and_the_user_follows_from() {
    let mut draft = Draft::of(TEXT);
    assert_eq!(draft.typed("email.user"), "a@example.com");
    draft.set("email.from", "Example <b@example.com>").unwrap();
    assert_eq!(draft.typed("email.user"), "b@example.com");
    draft.set("email.tls", "starttls").unwrap();
    assert_eq!(draft.typed("email.port"), "587");
    draft.set("email.tls", "implicit").unwrap();
    assert_eq!(draft.typed("email.port"), "465");
    draft.set("email.port", "2465").unwrap();
    draft.set("email.tls", "starttls").unwrap();
    assert_eq!(draft.typed("email.port"), "2465");
    draft.set("email.user", "login").unwrap();
    draft.set("email.from", "c@example.com").unwrap();
    assert_eq!(draft.typed("email.user"), "login");
}

#[test]
fn a_secret_that_is_typed_is_never_in_the_text() {
    let mut draft = Draft::of(TEXT);
    assert!(draft.has_secret("email.password") && !draft.has_secret("sms.account.token"));
    assert_eq!(draft.typed("email.password"), "");
    draft.set_secret("email.password", Secret::new(String::from("hunter2")));
    assert!(draft.is_changed() && draft.has_changed("email.password"));
    assert_eq!((draft.text(), draft.secrets()["email.password"].expose().as_str()), (TEXT, "hunter2"));
    assert!(!format!("{draft:?}").contains("hunter2"));
    draft.set_secret("email.password", Secret::new(String::new()));
    assert!(!draft.is_changed());
    assert!(draft.undo().is_none(), "it is as it was");
    draft.without_secret("email.password").unwrap();
    assert!(draft.is_changed() && !draft.has_secret("email.password"));
    assert_eq!(draft.text(), TEXT.replace("password = \"sealed:v1:AAAA\"\n", ""));
    assert_eq!(draft.undo().as_deref(), Some("email.password"));
    assert!(draft.has_secret("email.password"));
}

#[test]
fn a_line_that_is_cleared_and_typed_anew_keeps_its_comment_and_its_place() {
    let text = "[email]\nserver = \"smtp.example.com\" # the old one\nport = 465 # ours\nfrom = \"a@example.com\"\n";
    let mut draft = Draft::of(text);
    for typed in ["", "n", "ne", "new.example.com"] {
        let _ = draft.set("email.server", typed);
    }
    draft.leave();
    assert_eq!(draft.text(), text.replace("smtp.example.com", "new.example.com"));
    let _ = draft.set("email.port", "");
    let _ = draft.set("email.port", "466");
    draft.leave();
    assert!(draft.text().contains("port = 466 # ours\nfrom"), "{}", draft.text());
    assert!(draft.undo().is_some() && draft.undo().is_some());
    // A port that goes on with TLS does so in its place.
    draft.set("email.tls", "starttls").unwrap();
    assert!(draft.text().contains("port = 587 # ours\nfrom"), "{}", draft.text());
    draft.set("email.tls", "implicit").unwrap();
    draft.leave();
    assert!(draft.text().contains("port = 465 # ours\nfrom"), "{}", draft.text());
}

#[test]
fn what_only_came_with_its_section_is_not_changed() {
    let mut draft = Draft::of(TEXT);
    draft.choose_provider(Some("http"), &[]).unwrap();
    for (key, is_changed) in
        [("sms.provider", true), ("sms.proxy", false), ("sms.ca_file", false), ("email.port", false)]
    {
        assert_eq!(draft.has_changed(key), is_changed, "{key}");
    }
}

#[test]
fn what_was_typed_and_is_as_before_is_no_change() {
    let mut draft = Draft::of(TEXT);
    draft.set("policy.application", "Exampl").unwrap();
    draft.set("policy.application", "Example").unwrap();
    draft.leave();
    assert!(!draft.is_changed() && draft.undo().is_none());
}

#[test]
fn of_a_text_with_an_error_the_rest_is_there_and_the_error_beside_its_key() {
    let text = TEXT.replace("port = 465", "port = 465\nuser = 7") + "[codes]\ndigits = 5\n";
    let mut draft = Draft::of(&text);
    assert_eq!((draft.typed("email.server"), draft.typed("codes.digits")), ("smtp.example.com".into(), "5".into()));
    assert_eq!(draft.typed("policy.required"), "optional");
    assert!(draft.wrong("codes.digits").unwrap().starts_with("5 is not between"), "{:?}", draft.all_wrong());
    draft.set("codes.digits", "6").unwrap();
    draft.set("email.user", "a").unwrap();
    assert!(draft.all_wrong().is_empty(), "{:?}", draft.all_wrong());
    // A secret that is none is not shown for that.
    let draft = Draft::of(&TEXT.replace("\"sealed:v1:AAAA\"", "20261129"));
    assert_eq!(draft.typed("email.password"), "");
    assert!(draft.wrong("email.password").is_some());
}
