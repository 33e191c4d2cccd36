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
    texts    400 of 500 in 24 h; 2.96 of 25.00; to AT, DE
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
    texts    0 of 500 in 24 h; to no country: no user has a number, and limits.sms_countries names none
    ---
    === 0
    ");
}
