//! `status` as an administrator sees it where text messages are sent.

mod common;

use common::{Daemon, Reply};
use insta::assert_snapshot;
use serde_json::{Value, json};

fn status(texts: &Value, problems: &Value) -> Value {
    json!({"status": {
        "state": "degraded", "problems": problems, "since": "2026-11-20T08:00:00Z", "version": "0.1.0",
        "channels": [{"name": "sms", "configured": true, "server": "http", "last_success": "2026-11-20T09:00:00Z"}],
        "texts": texts,
    }})
}

#[test]
fn the_text_messages_of_a_day_are_one_line_and_what_withholds_them_another() {
    needs_root!();
    let daemon = Daemon::start(|_, _| {
        let texts =
            json!({"sent": 400, "limit": 500, "cost": "2.96", "cost_limit": "25.00", "countries": ["AT", "DE"]});
        let problem =
            "limits.sms_per_day withholds text messages until 2026-11-20T11:00:00Z; see who causes them: pam-2fa log";
        vec![Reply::Done(status(&texts, &json!([problem])))]
    });
    assert_snapshot!(daemon.run(&["status"]), @r"
    state    degraded: it works, and something must be seen to
    since    2026-11-20T08:00:00Z
    version  0.1.0
    sms      http, last accepted 2026-11-20T09:00:00Z
    texts    400 of 500 in 24 h, 100 left; 2.96 of 25.00 spent; to AT, DE
    problem: limits.sms_per_day withholds text messages until 2026-11-20T11:00:00Z; see who causes them: pam-2fa log
    ---
    === 0
    ");
}

#[test]
fn where_there_is_no_number_and_no_country_the_line_says_that_no_text_message_goes_anywhere() {
    needs_root!();
    let daemon = Daemon::start(|_, _| vec![Reply::Done(status(&json!({"sent": 0, "limit": 500}), &json!([])))]);
    assert_snapshot!(daemon.run(&["status"]), @r"
    state    degraded: it works, and something must be seen to
    since    2026-11-20T08:00:00Z
    version  0.1.0
    sms      http, last accepted 2026-11-20T09:00:00Z
    texts    0 of 500 in 24 h, 500 left; to no country: no user has a number, and limits.sms_countries names none
    ---
    === 0
    ");
}

#[test]
fn all_that_the_daemon_says_of_itself_is_shown() {
    needs_root!();
    let measure = |name: &str, on: bool| json!({"name": name, "on": on});
    let daemon = Daemon::start(move |_, _| {
        vec![Reply::Done(json!({"status": {
            "version": "0.1.0", "state": "degraded", "since": "2026-11-20T08:00:00Z",
            "problems": ["email: the last message was not taken: 535 no"],
            "unhealthy": [{"kind": "channel", "since": "2026-11-20T09:00:00Z",
                           "text": "email: the last message was not taken: 535 no"}],
            "required": "optional", "application": "Corp", "generation": 3, "store_generation": 12, "kept_generation": 12,
            "key_id": "k1", "users": 12,
            "channels": [
                {"name": "email", "configured": true, "server": "smtp.example.com:465", "last_success": "2026-11-20T08:30:00Z",
                 "last_error": "535 no", "last_error_at": "2026-11-20T09:30:00Z", "failing_since": "2026-11-20T09:00:00Z"},
                {"name": "sms", "configured": true, "server": "http", "held_until": "2026-11-20T10:01:00Z"},
                {"name": "sms.backup.b", "configured": true, "held_until": "2026-11-20T10:01:00Z", "waits_for_others": true,
                 "last_error_class": "auth_error", "last_error_reason": "credentials",
                 "last_error_at": "2026-11-20T09:30:00Z"}],
            "texts": {"sent": 400, "limit": 500, "limit_for_all": 400, "withheld_until": "2026-11-20T11:00:00Z",
                      "withheld_but_known": true, "cost": "2.96", "cost_limit": "25.00", "countries": ["AT", "DE"]},
            "store": {"size": 1_236_992, "free": 21_474_836_480_i64, "whole_at": "2026-11-20T08:00:00Z"},
            "key": {"place": "credential", "path": "/run/pam-2fa-key/key"},
            "clock": {"wall": "2026-11-20T10:00:00Z", "behind_s": 7},
            "sandboxes": [
                {"process": "configd", "measures": [measure("not_root", true), measure("no_network", true),
                    {"name": "landlock", "on": true, "note": "ABI 7"}]},
                {"process": "courier", "measures": [measure("not_root", true), measure("files_read_only", false)]}],
        }}))]
    });
    assert_snapshot!(daemon.run(&["status"]));
    let shown = daemon.at_a_terminal_of(80, true).run(&["status"]);
    assert_snapshot!(shown.replace('\u{1b}', "ESC"));
}
