//! The status as monitoring reads it: by Prometheus's own parser, a file that is whole at every moment, an exit status.
//! `scripts/python-tools` installs the parser; without it the test that needs it fails.

mod common;

use common::{Daemon, Reply};
use insta::assert_snapshot;
use serde_json::{Value, json};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

/// Prometheus's own parser: each family, its type and its samples; an error for what is no exposition.
const PARSER: &str = "
import sys
from prometheus_client.parser import text_string_to_metric_families as families
for family in families(sys.stdin.read()):
    assert family.documentation and family.type in ('gauge', 'counter'), family
    for sample in family.samples:
        print(family.type, sample.name, sorted(sample.labels.items()), sample.value)
";

/// What configd says where much is wrong. Every name, address, server and word of somebody has a MARK in it.
fn status() -> Value {
    json!({"status": {
        "version": "0.1.0", "state": "degraded", "since": "2026-11-20T08:00:00Z",
        "problems": ["MARK one", "MARK two", "MARK three"],
        "unhealthy": [
            {"kind": "channel", "since": "2026-11-20T09:30:00Z", "text": "MARK one"},
            {"kind": "channel", "since": "2026-11-20T09:00:00Z", "text": "MARK two"},
            {"kind": "texts", "since": "2026-11-20T10:00:00Z", "text": "MARK +15550 three"}],
        "required": "mandatory", "application": "MARK Corp", "generation": 3, "store_generation": 12, "kept_generation": 12,
        "key_id": "MARK", "users": 12,
        "channels": [
            {"name": "email", "configured": true, "server": "MARK.example.com:465", "last_success": "2026-11-20T08:30:00Z",
             "last_error": "535 MARK@example.com \"no\"", "last_error_at": "2026-11-20T09:30:00Z",
             "last_error_class": "auth_error", "last_error_reason": "credentials",
             "failing_since": "2026-11-20T09:30:00Z", "accepted": 40, "failed": 2},
            {"name": "email.backup.a\"b\\c", "configured": true, "server": "MARK:587"},
            {"name": "sms", "configured": true, "server": "MARK", "held_until": "2026-11-20T10:01:00Z", "accepted": 7},
            {"name": "none", "configured": false}],
        "texts": {"sent": 400, "limit": 500, "limit_for_all": 400, "withheld_until": "2026-11-20T11:00:00Z",
                  "withheld_but_known": true, "cost": "2.96", "cost_limit": "25.00", "countries": ["MARK"]},
        "store": {"size": 1_236_992, "free": 21_474_836_480_i64, "whole_at": "2026-11-20T08:00:00Z"},
        "key": {"place": "credential", "path": "/run/MARK"},
        "clock": {"wall": "2026-11-20T10:00:00Z", "behind_s": 7},
        "sandboxes": [
            {"process": "configd", "measures": [{"name": "not_root", "on": true}, {"name": "no_network", "on": false}]},
            {"process": "courier", "measures": [{"name": "not_root", "on": true}]}],
    }})
}

fn running() -> Value {
    json!({"status": {"version": "0.1.0", "state": "running", "since": "2026-11-20T08:00:00Z"}})
}

/// The metrics alone.
fn metrics(daemon: &Daemon) -> String {
    let shown = daemon.run(&["status", "--metrics"]);
    shown.split("---\n").next().unwrap_or_default().to_owned()
}

#[test]
fn the_metrics_are_what_prometheus_reads_and_name_nobody() {
    needs_root!();
    let daemon = Daemon::start(|_, _| vec![Reply::Done(status())]);
    let text = metrics(&daemon);
    assert!(!text.contains("MARK") && !text.contains("15550"), "{text}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let tools = Command::new(root.join("scripts/python-tools")).arg("--path").output().unwrap();
    assert!(tools.status.success(), "the parser is missing: {}", String::from_utf8_lossy(&tools.stderr));
    let python = Path::new(String::from_utf8(tools.stdout).unwrap().trim()).join("python");
    let mut parser =
        Command::new(python).args(["-c", PARSER]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    parser.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let parsed = parser.wait_with_output().unwrap();
    assert!(parsed.status.success(), "{text}");
    assert_snapshot!(String::from_utf8(parsed.stdout).unwrap());
}

#[test]
fn a_daemon_that_is_away_is_a_metric_too_and_exit_status_3() {
    needs_root!();
    let away = Daemon::absent();
    let shown = away.run(&["status", "--metrics"]);
    assert!(
        shown.starts_with("# HELP pam_2fa_up Whether configd answers.\n# TYPE pam_2fa_up gauge\npam_2fa_up 0\n---\n")
    );
    assert!(shown.ends_with("=== 3"), "{shown}");
    let file = away.runtime_dir().join("pam-2fa.prom");
    let shown = away.run(&["status", "--textfile", file.to_str().unwrap()]);
    assert!(shown.starts_with("---\n") && shown.ends_with("=== 3"), "{shown}");
    assert!(std::fs::read_to_string(&file).unwrap().ends_with("pam_2fa_up 0\n"));
}

#[test]
fn the_file_is_another_one_each_time_whole_and_for_everybody_to_read_and_nothing_is_left_beside_it() {
    needs_root!();
    let daemon = Daemon::start(|_, _| vec![Reply::Done(status())]);
    let file = daemon.runtime_dir().join("pam-2fa.prom");
    // What a run that was killed left, and a link that somebody put in its place.
    let kept = daemon.runtime_dir().join("kept");
    std::fs::write(&kept, "mine").unwrap();
    std::os::unix::fs::symlink(&kept, daemon.runtime_dir().join(".pam-2fa.prom.part")).unwrap();
    let mut seen = Vec::new();
    for _ in 0..2 {
        let shown = daemon.run(&["status", "--textfile", file.to_str().unwrap()]);
        assert_eq!(shown, "---\n=== 0");
        let about = std::fs::metadata(&file).unwrap();
        assert_eq!(about.permissions().mode() & 0o7777, 0o644);
        // Held open, so that its number is not given again.
        seen.push((about.ino(), std::fs::File::open(&file).unwrap()));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), metrics(&daemon));
    }
    assert_ne!(seen[0].0, seen[1].0, "it is replaced, and never written over");
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "mine");
    assert!(!daemon.files().iter().any(|name| name.ends_with(".part")), "{:?}", daemon.files());
    let away = daemon.runtime_dir().join("none/pam-2fa.prom");
    let nowhere = daemon.run(&["status", "--textfile", away.to_str().unwrap()]);
    assert!(nowhere.contains("cannot write DIR/none/pam-2fa.prom") && nowhere.ends_with("=== 1"), "{nowhere}");
}

#[test]
fn the_exit_status_says_how_it_is_where_that_is_asked_for() {
    needs_root!();
    let ends = |daemon: &Daemon, words: &[&str]| daemon.run(words).rsplit("=== ").next().unwrap().to_owned();
    let well = Daemon::start(|_, _| vec![Reply::Done(running())]);
    let ill = Daemon::start(|_, _| vec![Reply::Done(status())]);
    let sealed = Daemon::start(|_, _| {
        vec![Reply::Done(json!({"status": {"version": "0.1.0", "state": "sealed", "since": "2026-11-20T08:00:00Z",
            "problems": ["no key"]}}))]
    });
    let away = Daemon::absent();
    for (daemon, plain, checked) in [(&well, "0", "0"), (&ill, "0", "1"), (&sealed, "0", "1"), (&away, "3", "3")] {
        assert_eq!(ends(daemon, &["status"]), plain);
        assert_eq!(ends(daemon, &["status", "--check"]), checked);
        assert_eq!(ends(daemon, &["status", "--check", "--json"]), checked);
        assert_eq!(ends(daemon, &["status", "--check", "--metrics"]), checked);
    }
    let shown = ill.run(&["status", "--check"]);
    assert!(shown.contains("problem: MARK one (since 2026-11-20T09:30:00Z)"), "{shown}");
    assert!(shown.contains("pam-2fa: unhealthy: 3 problems\n"), "{shown}");
    assert_eq!(ends(&well, &["status", "--metrics", "--json"]), "2");
}
