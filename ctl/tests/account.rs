//! One-time codes, shutting out, letting in again, taking away, and many records at once: as an administrator sees them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "the tests' own helpers")]

mod common;

use common::{Daemon, Reply};
use insta::assert_snapshot;
use pam_2fa_protocol::admin;
use serde_json::{Value, json};

fn ada() -> Value {
    json!({"name": "ada", "uid": 1000, "verify": "new_device", "email": "ada@example.com", "email_verified": true})
}

fn codes(method: &str, parameters: &Value) -> Vec<Reply> {
    if parameters["name"] == "eve" {
        let why = "eve is shut out since 2026-11-24T04:00:00Z, and no code lets in; pam-2fa user unlock eve";
        return vec![Reply::Error(admin::REFUSED, json!({"reasons": [why]}))];
    }
    let pass = if method == admin::USER_INVITE {
        json!({"id": "K7Q2M9XD", "kind": "invitation", "made": "2026-11-24T04:00:00Z", "until": "2026-12-01T04:00:00Z"})
    } else {
        json!({"id": "K7Q2M9XE", "kind": "grant", "made": "2026-11-24T04:00:00Z", "until": "2026-11-24T06:00:00Z",
               "from": parameters["from"], "service": parameters["service"], "reason": parameters["reason"]})
    };
    let notes = if method == admin::USER_INVITE { json!(["the earlier invitation is over"]) } else { json!([]) };
    vec![Reply::Done(json!({"code": "7K3M-Q9XD-ABCD-EFGH", "user": "ada", "uid": 1000, "pass": pass, "notes": notes}))]
}

#[test]
fn a_one_time_code_is_shown_once_with_what_it_opens_and_until_when() {
    needs_root!();
    let daemon = Daemon::start(codes);
    assert_snapshot!(daemon.run(&["user", "invite", "ada"]), @r"
    code        7K3M-Q9XD-ABCD-EFGH
    opens       the enrolment of a first method of ada (uid 1000), once
    until       2026-12-01T04:00:00Z
    in the log  K7Q2M9XD
    note: the earlier invitation is over
    it is not shown again: hand it over yourself, to the user and nobody else
    ---
    === 0
    ");
    assert_snapshot!(daemon.run(&["user", "grant", "ada", "--reason", "ticket 4711"]), @r"
    code        7K3M-Q9XD-ABCD-EFGH
    opens       one login of ada (uid 1000), in the place of a code
    until       2026-11-24T06:00:00Z
    reason      ticket 4711
    in the log  K7Q2M9XE
    it is not shown again: hand it over yourself, to the user and nobody else
    ---
    === 0
    ");
    let words = [
        "user",
        "grant",
        "ada",
        "--for",
        "3 days",
        "--from",
        "192.0.2.0/24",
        "--service",
        "sshd",
        "--reason",
        " phone lost ",
    ];
    assert_snapshot!(daemon.run(&words), @r"
    code        7K3M-Q9XD-ABCD-EFGH
    opens       one login of ada (uid 1000) through sshd from 192.0.2.0/24, in the place of a code
    until       2026-11-24T06:00:00Z
    reason      phone lost
    in the log  K7Q2M9XE
    it is not shown again: hand it over yourself, to the user and nobody else
    ---
    === 0
    ");
    assert_snapshot!(daemon.calls().join("\n"), @r#"
    UserInvite {"name":"ada"}
    UserGrant {"for_s":7200,"name":"ada","reason":"ticket 4711"}
    UserGrant {"for_s":259200,"from":"192.0.2.0/24","name":"ada","reason":"phone lost","service":"sshd"}
    "#);
    assert_snapshot!(daemon.run(&["user", "grant", "eve", "--reason", "x"]), @r"
    ---
    pam-2fa: eve is shut out since 2026-11-24T04:00:00Z, and no code lets in; pam-2fa user unlock eve
    === 1
    ");
    let json = daemon.run(&["user", "invite", "ada", "--json"]);
    let answer: Value = serde_json::from_str(json.split("---").next().unwrap_or_default()).unwrap();
    assert_eq!((&answer["code"], &answer["pass"]["kind"]), (&json!("7K3M-Q9XD-ABCD-EFGH"), &json!("invitation")));
}

fn turning(method: &str, _: &Value) -> Vec<Reply> {
    let mut user = ada();
    let answer = match method {
        admin::USER_DISABLE => {
            user["disabled_since"] = json!("2026-11-24T04:00:00Z");
            json!({"user": user})
        }
        admin::USER_UNLOCK => json!({"user": user, "forgotten": 3, "was_disabled": true}),
        _ => {
            let user = json!({"name": "ada", "uid": 1000, "verify": "always", "language": "de"});
            let gone = ["email ada@example.com", "the authenticator app", "9 recovery codes", "1 remembered device"];
            json!({"user": user, "gone": gone})
        }
    };
    vec![Reply::Done(answer)]
}

#[test]
fn a_user_is_shut_out_let_in_again_and_reset_and_what_that_means_is_said() {
    needs_root!();
    let daemon = Daemon::start(turning);
    assert_snapshot!(daemon.run(&["user", "disable", "ada"]), @r"
    name        ada
    uid         1000
    verify      new-device
    email       ada@example.com
    phone       -
    language    -
    last login  -
    shut out    since 2026-11-24T04:00:00Z
    no code and no device lets ada in until `pam-2fa user unlock ada`; who is logged in stays so: `loginctl terminate-user ada` ends that
    ---
    === 0
    ");
    assert_snapshot!(daemon.run(&["user", "unlock", "ada"]), @r"
    name        ada
    uid         1000
    verify      new-device
    email       ada@example.com
    phone       -
    language    -
    last login  -
    the user was shut out, and may log in again
    wrong codes are forgotten, and the next code is heard at once
    ---
    === 0
    ");
    assert_snapshot!(daemon.run(&["user", "reset", "ada"]), @r"
    name        ada
    uid         1000
    verify      always
    email       -
    phone       -
    language    de
    last login  -
    gone: email ada@example.com
    gone: the authenticator app
    gone: 9 recovery codes
    gone: 1 remembered device
    4 things taken away; `pam-2fa user invite ada` or `pam-2fa user set ada --email ADDRESS` begins anew
    ---
    === 0
    ");
    for (verb, field) in [("disable", "user"), ("unlock", "was_disabled"), ("reset", "gone")] {
        let json = daemon.run(&["user", verb, "ada", "--json"]);
        let answer: Value = serde_json::from_str(json.split("---").next().unwrap_or_default()).unwrap();
        assert!(answer.get(field).is_some(), "{json}");
    }
}

#[test]
fn a_user_is_shown_with_every_method_and_all_that_is_open() {
    needs_root!();
    let daemon = Daemon::start(|_, _| {
        let mut user = ada();
        user["phone"] = json!("+15550100");
        user["app_since"] = json!("2026-11-20T08:00:00Z");
        user["recovery_codes"] = json!(9);
        user["prefers"] = json!("app");
        user["disabled_since"] = json!("2026-11-24T04:00:00Z");
        user["passes"] = json!([
            {"id": "K7Q2M9XD", "kind": "invitation", "made": "2026-11-24T04:00:00Z", "until": "2026-12-01T04:00:00Z"},
            {"id": "K7Q2M9XE", "kind": "grant", "made": "2026-11-24T04:00:00Z", "until": "2026-11-24T06:00:00Z",
             "from": "192.0.2.0/24", "service": "sshd", "reason": "phone lost\u{1b}[2J"}]);
        vec![Reply::Done(json!({"user": user}))]
    });
    assert_snapshot!(daemon.run(&["user", "show", "ada"]), @r"
    name        ada
    uid         1000
    verify      new-device
    email       ada@example.com
    phone       +15550100 (not verified)
    app         since 2026-11-20T08:00:00Z
    recovery    9 codes left
    prefers     app
    language    -
    last login  -
    invitation  K7Q2M9XD until 2026-12-01T04:00:00Z
    grant       K7Q2M9XE until 2026-11-24T06:00:00Z from 192.0.2.0/24 for sshd: phone lost[2J
    shut out    since 2026-11-24T04:00:00Z
    ---
    === 0
    ");
    assert_snapshot!(daemon.run(&["user", "list"]), @r"
    NAME  UID   VERIFY      EMAIL            PHONE                     ALSO                                               LAST LOGIN
    ada   1000  new-device  ada@example.com  +15550100 (not verified)  SHUT OUT, app, 9 recovery codes, invited, 1 grant  -
    ---
    === 0
    ");
    daemon.run(&["user", "set", "ada", "--prefer", "app"]);
    daemon.run(&["user", "set", "ada", "--prefer", "none"]);
    assert_snapshot!(daemon.calls()[2..].join("\n"), @r#"
    UserSet {"name":"ada","prefers":"app","trusted":false}
    UserSet {"name":"ada","prefers":"none","trusted":false}
    "#);
}

/// Knows everybody but zoe; bob has the address of somebody else.
fn importing(_: &str, parameters: &Value) -> Vec<Reply> {
    let rows = parameters["rows"].as_array().unwrap();
    let is = |row: &&Value, name: &str| row["name"] == name;
    let unknown = rows.iter().filter(|row| is(row, "zoe")).count();
    let mut wrong: Vec<Value> = rows
        .iter()
        .filter(|row| is(row, "bob"))
        .map(|row| json!({"line": row["line"], "why": "email: eve has this address; one address is one user's"}))
        .collect();
    let skips = parameters["skip_unknown"] == true;
    if !skips {
        let zoe = rows.iter().filter(|row| is(row, "zoe"));
        wrong.extend(zoe.map(|row| json!({"line": row["line"], "why": "there is no such user on this host"})));
    }
    let unknown = if skips { unknown } else { 0 };
    let changed = rows.len() - unknown - wrong.len();
    vec![Reply::Done(json!({"wrong": wrong, "changed": changed, "unknown": unknown, "unique_email": true}))]
}

fn file(daemon: &Daemon, text: &str) -> String {
    let path = daemon.runtime_dir().join("users.csv");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn where_a_row_is_wrong_all_wrong_ones_are_named_and_nothing_is_written() {
    needs_root!();
    let daemon = Daemon::start(importing);
    let path = file(
        &daemon,
        "name,email\nada,a@example.com\nbob,b@example.com\nzoe,z\nzoe,A@example.com\njoe,a@example.com\n",
    );
    assert_snapshot!(daemon.run(&["user", "import", &path]), @r"
    ---
    pam-2fa: DIR/users.csv:3: email: eve has this address; one address is one user's
    pam-2fa: DIR/users.csv:4: email: not an address: write name@domain, such as ada@example.com
    pam-2fa: DIR/users.csv:5: email: it stands in line 2 too; one address is one user's
    pam-2fa: DIR/users.csv:5: there is no such user on this host
    pam-2fa: DIR/users.csv:6: email: it stands in line 5 too; one address is one user's
    pam-2fa: 4 rows are wrong in DIR/users.csv; nothing was written
    === 1
    ");
    assert!(daemon.calls().iter().all(|call| call.contains(r#""dry_run":true"#)), "{:?}", daemon.calls());
    let json = daemon.run(&["user", "import", &path, "--json"]);
    let answer: Value = serde_json::from_str(json.split("---").next().unwrap_or_default()).unwrap();
    assert_eq!((&answer["written"], answer["wrong"].as_array().unwrap().len()), (&json!(false), 5), "{json}");
}

#[test]
fn a_file_that_is_right_is_checked_then_written_and_a_dry_run_is_not() {
    needs_root!();
    let daemon = Daemon::start(importing);
    let path = file(&daemon, "name,verify\nada,always\nzoe,never\n");
    assert_snapshot!(daemon.run(&["user", "import", &path, "--skip-unknown", "--trusted"]), @r"
    made 0, changed 1, as they are 0
    1 row left out: this host does not know the user
    ---
    === 0
    ");
    assert_snapshot!(daemon.run(&["user", "import", &path, "--skip-unknown", "--dry-run"]), @r"
    would be made 0, would be changed 1, as they are 0
    1 row left out: this host does not know the user
    ---
    === 0
    ");
    assert_snapshot!(daemon.run_typing(&["user", "import", "-"], "name,language\nada,de\n"), @r"
    made 0, changed 1, as they are 0
    ---
    === 0
    ");
    assert_snapshot!(daemon.calls().join("\n"), @r#"
    UserImport more {"dry_run":true,"rows":[{"line":2,"name":"ada","verify":"always"},{"line":3,"name":"zoe","verify":"never"}],"skip_unknown":true,"trusted":true}
    UserImport more {"dry_run":false,"rows":[{"line":2,"name":"ada","verify":"always"},{"line":3,"name":"zoe","verify":"never"}],"skip_unknown":true,"trusted":true}
    UserImport more {"dry_run":true,"rows":[{"line":2,"name":"ada","verify":"always"},{"line":3,"name":"zoe","verify":"never"}],"skip_unknown":true,"trusted":false}
    UserImport more {"dry_run":true,"rows":[{"language":"de","line":2,"name":"ada"}],"skip_unknown":false,"trusted":false}
    UserImport more {"dry_run":false,"rows":[{"language":"de","line":2,"name":"ada"}],"skip_unknown":false,"trusted":false}
    "#);
    let shown = daemon.run(&["user", "import", &file(&daemon, "nam\nada\n")]);
    assert!(shown.contains("DIR/users.csv: line 1: there is no column \"nam\"") && shown.ends_with("=== 1"), "{shown}");
    assert!(daemon.run(&["user", "import", "/nowhere.csv"]).contains("/nowhere.csv"));
}

#[test]
fn what_was_written_is_said_where_somebody_changes_something_between_check_and_writing_or_the_daemon_goes() {
    needs_root!();
    let rows: String = (0..650).map(|number| format!("user{number}\n")).collect();
    let refuses = Daemon::start(|_, parameters| {
        let rows = parameters["rows"].as_array().unwrap();
        if parameters["dry_run"] == false && rows[0]["line"] == 302 {
            let wrong = json!([{"line": 350, "why": "email: eve has this address; one address is one user's"}]);
            return vec![Reply::Done(json!({"wrong": wrong}))];
        }
        vec![Reply::Done(json!({"made": rows.len()}))]
    });
    let path = file(&refuses, &format!("name\n{rows}"));
    assert_snapshot!(refuses.run(&["user", "import", &path]), @r"
    ---
    pam-2fa: DIR/users.csv:350: email: eve has this address; one address is one user's
    pam-2fa: 1 row is wrong in DIR/users.csv, and what stands before line 302 is written; mend the file and give it again
    === 1
    ");
    let writes = refuses.calls().iter().filter(|call| call.contains(r#""dry_run":false"#)).count();
    assert_eq!(writes, 2, "nothing more is written after the first that is refused");
    let goes = Daemon::start(|_, parameters| {
        let rows = parameters["rows"].as_array().unwrap();
        let is_last = parameters["dry_run"] == false && rows[0]["line"] == 602;
        if is_last { vec![Reply::Close] } else { vec![Reply::Done(json!({"made": rows.len()}))] }
    });
    let path = file(&goes, &format!("name\n{rows}"));
    assert_snapshot!(goes.run(&["user", "import", &path]), @r"
    ---
    pam-2fa: what stands before line 602 is written; the same file may be given again
    pam-2fa: configd ended the connection at DIR/admin.sock without an answer; see `journalctl -u pam-2fa-configd`
    === 3
    ");
}

#[test]
fn an_export_is_what_import_reads() {
    needs_root!();
    let daemon = Daemon::start(|method, parameters| match method {
        admin::USER_LIST => {
            let odd = json!({"name": "o,\"dd", "uid": 2, "verify": "never", "email": "o'dd@example.com", "phone": "+15550100"});
            vec![Reply::More(json!({"user": ada()})), Reply::Done(json!({"user": odd}))]
        }
        _ => vec![Reply::Done(json!({"same": parameters["rows"].as_array().unwrap().len()}))],
    });
    let shown = daemon.run(&["user", "export"]);
    assert_snapshot!(shown, @r#"
    name,verify,email,phone,language
    ada,new-device,ada@example.com,,
    "o,""dd",never,o'dd@example.com,+15550100,
    ---
    === 0
    "#);
    let csv = shown.split("---").next().unwrap();
    let again = daemon.run_typing(&["user", "import", "-"], csv);
    assert!(again.starts_with("made 0, changed 0, as they are 2\n"), "{again}");
    let sent = &daemon.calls()[1];
    assert!(sent.contains(r#""name":"o,\"dd""#) && sent.contains("o'dd@example.com"), "{sent}");
    let json = daemon.run(&["user", "export", "--json"]);
    let answer: Value = serde_json::from_str(json.split("---").next().unwrap()).unwrap();
    assert_eq!(answer[1]["name"], "o,\"dd");
}
