//! `config check`, `seal` and `reload` as an administrator sees them, and what becomes of the file.

mod common;

use common::{Daemon, Reply};
use insta::assert_snapshot;
use pam_2fa_protocol::admin;
use serde_json::{Value, json};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

const PLAIN: &str = r#"# Ours.
[email]
server = "smtp.example.com"   # the first
from = "a@example.com"
password = "one"   # soon sealed
[[email.backup]]
name = "b"
server = "smtp.example.net"
from = "a@example.com"
password = 'two'
"#;

/// Seals by name and value, and takes everything over.
fn sealing(method: &str, parameters: &Value) -> Vec<Reply> {
    vec![match method {
        admin::SEAL => {
            let [key, value] = ["key", "value"].map(|name| parameters[name].as_str().unwrap_or_default());
            Reply::Done(json!({"sealed": format!("sealed:v1:{key}/{value}")}))
        }
        _ => Reply::Done(json!({"generation": 4})),
    }]
}

fn sealed() -> String {
    PLAIN
        .replace("\"one\"", "\"sealed:v1:email.password/one\"")
        .replace("'two'", "\"sealed:v1:email.backup.b.password/two\"")
}

#[test]
fn under_nist_aal2_email_is_refused_and_the_section_is_named() {
    let daemon = Daemon::absent();
    daemon.write_config(
        "[policy]\nrequired = \"mandatory\"\napplication = \"Example\"\nprofile = \"nist-aal2\"\n\
         [email]\nserver = \"smtp.example.com\"\nfrom = \"a@example.com\"\n[trust]\nssh = \"8 hours\"\n",
    );
    let shown = daemon.run(&["config", "check", daemon.config().to_str().unwrap()]);
    let says = |place: &str, why: &str| shown.lines().any(|line| line.starts_with(place) && line.contains(why));
    let email = "(SP 800-63B-4 §3.1.3.1: email SHALL NOT be an out-of-band authenticator)";
    assert!(says("DIR/config.toml:4:11: policy.profile: ", email), "{shown}");
    let device = "(SP 800-63B-4 §5.1: a remembered device does not replace authentication)";
    assert!(says("DIR/config.toml:9:7: trust.ssh: ", device), "{shown}");
    assert!(shown.ends_with("=== 1"), "{shown}");
}

#[test]
fn every_error_is_listed_with_its_place() {
    let daemon = Daemon::absent();
    daemon.write_config("[policy]\nrequierd = \"mandatory\"\nunique_email = false\n[emial]\n[codes]\ndigits = 5\n");
    assert_snapshot!(daemon.run(&["config", "check", daemon.config().to_str().unwrap()]).replace("---", ""), @r"
    DIR/config.toml:2:1: policy.requierd: there is no such key; the nearest is policy.required
    DIR/config.toml:4:2: emial: there is no such section; the nearest is [email]
    DIR/config.toml:6:10: codes.digits: 5 is not between 6 and 8 (SP 800-63B-4 §3.1.3.2 asks for at least 6; more than 8 are mistyped)

    pam-2fa: DIR/config.toml has 3 errors
    === 1
    ");
    let json = daemon.run(&["config", "check", "--json"]);
    let answer: Value = serde_json::from_str(json.split("---").next().unwrap_or_default()).unwrap();
    assert_eq!(answer["errors"][0]["line"], 2);
    assert_eq!(answer["errors"].as_array().unwrap().len(), 3);
}

#[test]
fn a_file_without_errors_is_exit_status_0_and_its_notes_are_shown() {
    needs_root!();
    let daemon = Daemon::absent();
    daemon.write_config(PLAIN);
    assert_snapshot!(daemon.run(&["config", "check"]), @r"
    DIR/config.toml:5:12: note: email.password: this is in plain text: run `pam-2fa config seal`
    DIR/config.toml:10:12: note: email.backup.b.password: this is in plain text: run `pam-2fa config seal`
    DIR/config.toml: no errors
    ---
    === 0
    ");
}

#[test]
fn who_may_change_the_settings_in_use_is_a_finding_and_of_a_draft_is_not() {
    needs_root!();
    let daemon = Daemon::absent();
    daemon.write_config("");
    for (mode, fits) in
        [(0o640, true), (0o600, true), (0o440, true), (0o644, false), (0o660, false), (0o642, false), (0o641, false)]
    {
        std::fs::set_permissions(daemon.config(), PermissionsExt::from_mode(mode)).unwrap();
        let shown = daemon.run(&["config", "check"]);
        assert_eq!(shown.ends_with("=== 0"), fits, "{mode:o} {shown}");
    }
    chown(daemon.config(), Some(65_534), None).unwrap();
    assert_snapshot!(daemon.run(&["config", "check"]), @r"
    DIR/config.toml: belongs to uid 65534 and not to root; `chown root DIR/config.toml`
    DIR/config.toml: can be written by its group, or read or written by others (mode 0641); `chmod 640 DIR/config.toml`
    ---
    pam-2fa: DIR/config.toml has 2 errors
    === 1
    ");
    let draft = daemon.runtime_dir().join("draft.toml");
    std::fs::rename(daemon.config(), &draft).unwrap();
    assert!(daemon.run(&["config", "check", draft.to_str().unwrap()]).ends_with("=== 0"));
    chown(&draft, Some(0), None).unwrap();
    std::fs::set_permissions(&draft, PermissionsExt::from_mode(0o640)).unwrap();
    symlink(&draft, daemon.config()).unwrap();
    assert!(daemon.run(&["config", "check"]).contains("DIR/config.toml is a symbolic link"));
    let around = Daemon::absent();
    symlink(daemon.runtime_dir(), around.runtime_dir().join("etc")).unwrap();
    std::fs::rename(&draft, daemon.config()).unwrap();
    let by_link = around.runtime_dir().join("etc/config.toml");
    let shown = around.run(&["config", "check", "--config", by_link.to_str().unwrap()]);
    assert!(shown.contains("DIR/etc is a symbolic link") && shown.ends_with("=== 1"), "{shown}");
}

#[test]
fn what_cannot_be_read_is_said() {
    let daemon = Daemon::absent();
    assert_snapshot!(daemon.run(&["config", "check"]), @r"
    ---
    pam-2fa: cannot read DIR/config.toml: No such file or directory (os error 2)
    === 1
    ");
    std::fs::write(daemon.config(), b"a\n\xff").unwrap();
    assert_snapshot!(daemon.run(&["config", "check"]), @r"
    ---
    pam-2fa: DIR/config.toml: line 2 is not UTF-8; save the file in that encoding
    === 1
    ");
    std::fs::write(daemon.config(), vec![b'#'; 300_000]).unwrap();
    let shown = daemon.run(&["config", "check", daemon.config().to_str().unwrap()]);
    assert!(shown.contains("longer than 256 KiB"), "{shown}");
}

#[test]
fn sealing_replaces_each_secret_and_nothing_else_and_keeps_owner_and_mode() {
    needs_root!();
    let daemon = Daemon::start(sealing);
    daemon.write_config(PLAIN);
    chown(daemon.config(), None, Some(65_534)).unwrap();
    std::fs::set_permissions(daemon.config(), PermissionsExt::from_mode(0o640)).unwrap();
    // What a run that was killed has left.
    std::fs::write(daemon.runtime_dir().join(".config.toml.pam-2fa-seal"), "left").unwrap();
    assert_snapshot!(daemon.run(&["config", "seal"]), @r"
    DIR/config.toml: sealed email.password, email.backup.b.password
    the settings are taken over, generation 4
    ---
    === 0
    ");
    assert_eq!(daemon.read_config(), sealed());
    let metadata = std::fs::metadata(daemon.config()).unwrap();
    assert_eq!((metadata.uid(), metadata.gid(), metadata.mode() & 0o7777), (0, 65_534, 0o640));
    assert_eq!(daemon.files(), ["config.toml"]);
    assert_eq!(
        daemon.calls(),
        [
            r#"Seal {"key":"email.password","value":"one"}"#,
            r#"Seal {"key":"email.backup.b.password","value":"two"}"#,
            "Reload {}"
        ]
    );
    assert_snapshot!(daemon.run(&["config", "seal"]), @r"
    DIR/config.toml: no secret stands in plain text; nothing was changed
    ---
    === 0
    ");
}

#[test]
fn settings_that_the_daemon_refuses_are_taken_back() {
    needs_root!();
    let daemon = Daemon::start(|method, parameters| match method {
        admin::SEAL => sealing(method, parameters),
        _ => {
            vec![Reply::Error(admin::REFUSED, json!({"reasons": ["config.toml:5:12: email.password: of another key"]}))]
        }
    });
    daemon.write_config(PLAIN);
    assert_snapshot!(daemon.run(&["config", "seal"]), @r"
    ---
    pam-2fa: DIR/config.toml: configd refused the new settings; the old file is back
    pam-2fa: config.toml:5:12: email.password: of another key
    === 1
    ");
    assert_eq!(daemon.read_config(), PLAIN);
    assert_eq!(daemon.files(), ["config.toml"]);
    assert_eq!(std::fs::metadata(daemon.config()).unwrap().mode() & 0o7777, 0o640);
}

#[test]
fn sealed_settings_stay_when_the_daemon_does_not_say_whether_it_took_them() {
    needs_root!();
    let daemon = Daemon::start(|method, parameters| match method {
        admin::SEAL => sealing(method, parameters),
        _ => vec![Reply::Close],
    });
    daemon.write_config(PLAIN);
    assert_snapshot!(daemon.run(&["config", "seal"]), @r"
    DIR/config.toml: 2 secrets sealed, not yet taken over: run `pam-2fa config reload`
    ---
    pam-2fa: configd ended the connection at DIR/admin.sock without an answer; see `journalctl -u pam-2fa-configd`
    === 3
    ");
    assert_eq!(daemon.read_config(), sealed());
}

#[test]
fn a_file_is_left_alone_when_something_is_wrong_before_it_is_replaced() {
    needs_root!();
    let answers: [fn() -> Reply; 4] = [
        || Reply::Error(admin::SEALED, json!({"reason": "no key"})),
        || Reply::Done(json!({"sealed": "in plain text"})),
        || Reply::Done(json!({"sealed": "sealed:v9:x"})),
        || Reply::Close,
    ];
    for answer in answers {
        let daemon = Daemon::start(move |_, _| vec![answer()]);
        daemon.write_config(PLAIN);
        let inode = std::fs::metadata(daemon.config()).unwrap().ino();
        let shown = daemon.run(&["config", "seal"]);
        assert!(!shown.ends_with("=== 0") && !shown.contains("one"), "{shown}");
        assert_eq!((daemon.read_config().as_str(), std::fs::metadata(daemon.config()).unwrap().ino()), (PLAIN, inode));
        assert_eq!(daemon.files(), ["config.toml"]);
        assert!(daemon.calls().iter().all(|call| call.starts_with("Seal ")), "{:?}", daemon.calls());
    }
    let daemon = Daemon::start(sealing);
    daemon.write_config(&format!("{PLAIN}prot = 1\n"));
    assert_snapshot!(daemon.run(&["config", "seal"]), @r"
    DIR/config.toml:11:1: email.backup.b.prot: there is no such key; the nearest is email.backup.b.port
    ---
    pam-2fa: DIR/config.toml has 1 error
    === 1
    ");
    daemon.write_config(PLAIN);
    std::fs::set_permissions(daemon.config(), PermissionsExt::from_mode(0o644)).unwrap();
    let shown = daemon.run(&["config", "seal"]);
    assert!(shown.contains("chmod 640") && shown.ends_with("=== 1"), "{shown}");
    assert!(daemon.calls().is_empty());
}

#[test]
fn two_runs_at_once_do_not_write_over_each_other() {
    needs_root!();
    let daemon = Daemon::start(sealing);
    daemon.write_config(PLAIN);
    let other = std::fs::File::open(daemon.runtime_dir()).unwrap();
    other.lock().unwrap();
    assert_snapshot!(daemon.run(&["config", "seal"]), @r"
    ---
    pam-2fa: DIR: another `pam-2fa` is changing something here; wait for its end, and run this again
    === 1
    ");
    assert!(daemon.calls().is_empty());
}

#[test]
fn an_editors_change_meanwhile_is_not_lost() {
    needs_root!();
    let daemon = Daemon::absent();
    let config = daemon.config();
    let other = Daemon::start(move |method, parameters| {
        if method == admin::SEAL {
            std::fs::write(&config, "# An editor's.\n").unwrap();
        }
        sealing(method, parameters)
    });
    daemon.write_config(PLAIN);
    let folder = other.runtime_dir();
    let shown = daemon.run(&["config", "seal", "--runtime-dir", folder.to_str().unwrap()]);
    assert!(shown.contains("was changed by someone else meanwhile") && shown.ends_with("=== 1"), "{shown}");
    assert_eq!(daemon.read_config(), "# An editor's.\n");
    assert_eq!(daemon.files(), ["config.toml"]);
}

#[test]
fn a_reload_says_what_was_taken_over_or_why_not() {
    needs_root!();
    let daemon = Daemon::start(|_, _| vec![Reply::Done(json!({"generation": 7, "notes": ["email.password: plain"]}))]);
    assert_snapshot!(daemon.run(&["config", "reload"]), @r"
    the settings are taken over, generation 7
    note: email.password: plain
    ---
    === 0
    ");
    assert_snapshot!(daemon.run(&["config", "reload", "--json"]), @r#"
    {
      "generation": 7,
      "notes": [
        "email.password: plain"
      ]
    }
    ---
    === 0
    "#);
    let daemon = Daemon::start(|_, _| vec![Reply::Error(admin::REFUSED, json!({"reasons": ["a:1:1: x", "a:2:1: y"]}))]);
    assert_snapshot!(daemon.run(&["config", "reload"]), @r"
    ---
    pam-2fa: a:1:1: x
    pam-2fa: a:2:1: y
    === 1
    ");
}

/// Takes everything over.
fn taking() -> Daemon {
    Daemon::start(|_, _| vec![Reply::Done(json!({"generation": 4}))])
}

const SHIPPED: &str = include_str!("../../etc/config.toml");

#[test]
fn a_setting_is_changed_in_its_place_and_taken_over_and_what_it_was_is_said() {
    needs_root!();
    let daemon = taking();
    daemon.write_config(SHIPPED);
    chown(daemon.config(), None, Some(65_534)).unwrap();
    assert_snapshot!(daemon.run(&["config", "set", "codes.digits", "8"]), @r"
    codes.digits: 6 (default) -> 8
    the settings are taken over, generation 4
    ---
    === 0
    ");
    let expected =
        SHIPPED.replace("# digits = 6                          #", "digits = 8                            #");
    assert_eq!(daemon.read_config(), expected);
    let metadata = std::fs::metadata(daemon.config()).unwrap();
    assert_eq!((metadata.uid(), metadata.gid(), metadata.mode() & 0o7777), (0, 65_534, 0o640));
    assert_eq!((daemon.files(), daemon.calls()), (vec![String::from("config.toml")], vec![String::from("Reload {}")]));
    assert_snapshot!(daemon.run(&["config", "set", "codes.digits", "8"]), @r"
    DIR/config.toml: it says so already; nothing was changed
    ---
    === 0
    ");
    let both = [
        "email.server",
        "mail.example.com",
        "email.from",
        "Example <a@example.com>",
        "policy.exempt_users",
        "ada,@ops",
    ];
    assert_snapshot!(daemon.run(&[&["config", "set", "--json"], &both[..]].concat()), @r#"
    {
      "changed": [
        {
          "key": "email.server",
          "old": null,
          "old_is_default": true,
          "new": "mail.example.com"
        },
        {
          "key": "email.from",
          "old": null,
          "old_is_default": true,
          "new": "Example <a@example.com>"
        },
        {
          "key": "policy.exempt_users",
          "old": [],
          "old_is_default": true,
          "new": [
            "ada",
            "@ops"
          ]
        }
      ],
      "generation": 4,
      "notes": []
    }
    ---
    === 0
    "#);
}

#[test]
fn a_setting_that_would_be_wrong_alone_or_with_others_changes_nothing_and_asks_nobody() {
    needs_root!();
    let daemon = taking();
    daemon.write_config(SHIPPED);
    let run = |words: &[&str]| daemon.run(&[&["config", "set"], words].concat());
    assert_snapshot!(run(&["codes.digits", "5"]), @r"
    ---
    pam-2fa: DIR/config.toml: codes.digits: 5 is not between 6 and 8 (SP 800-63B-4 §3.1.3.2 asks for at least 6; more than 8 are mistyped); nothing was changed
    === 1
    ");
    assert_snapshot!(run(&["codes.digit", "6"]), @r"
    ---
    pam-2fa: DIR/config.toml: codes.digit: there is no such key; the nearest is codes.digits; nothing was changed
    === 1
    ");
    let shown = run(&["email.server", "mail.example.com"]);
    assert!(shown.contains("email.from: is missing; add from = "), "{shown}");
    assert!(shown.ends_with("DIR/config.toml would have 1 error; nothing was changed\n=== 1"), "{shown}");
    for key in ["email.password", "sms.account", "sms.backup.b.account.token"] {
        let shown = run(&["codes.digits", "8", key, "hunter2"]);
        assert!(shown.contains(&format!("use `pam-2fa secret set {key}`")) && !shown.contains("hunter2"), "{shown}");
        assert!(shown.ends_with("=== 1"), "{shown}");
    }
    assert!(run(&["codes.digits", "8", "codes.echo"]).contains("codes.echo has no value"));
    assert_eq!((daemon.read_config().as_str(), daemon.calls()), (SHIPPED, vec![]));
    // Broken before, mended by it.
    daemon.write_config("[codes]\ndigits = 5\n");
    assert!(run(&["codes.digits", "7"]).starts_with("codes.digits: - -> 7\n"));
}

#[test]
fn a_setting_that_configd_refuses_is_taken_back_and_one_that_it_has_not_seen_stays_and_is_said() {
    needs_root!();
    let refusing = Daemon::start(|_, _| vec![Reply::Error(admin::REFUSED, json!({"reasons": ["no such group"]}))]);
    refusing.write_config(SHIPPED);
    assert_snapshot!(refusing.run(&["config", "set", "policy.required_groups", "x"]), @r"
    ---
    pam-2fa: DIR/config.toml: configd refused the new settings; the old file is back
    pam-2fa: no such group
    === 1
    ");
    assert_eq!((refusing.read_config().as_str(), refusing.files()), (SHIPPED, vec![String::from("config.toml")]));
    let absent = Daemon::absent();
    absent.write_config(SHIPPED);
    assert_snapshot!(absent.run(&["config", "set", "codes.echo", "false"]), @r"
    codes.echo: true (default) -> false
    DIR/config.toml: 1 setting changed, not yet taken over: run `pam-2fa config reload`
    ---
    pam-2fa: configd cannot be reached at DIR/admin.sock: No such file or directory (os error 2); start it with `systemctl start pam-2fa-configd`
    === 3
    ");
    assert!(absent.read_config().contains("\necho = false "));
}

#[test]
fn what_counts_is_shown_with_its_defaults_and_without_its_secrets() {
    needs_root!();
    let daemon = Daemon::absent();
    daemon.write_config(&format!("[services]\nsu = {{ class = \"elevate\", factor = \"caller\" }}\n{PLAIN}"));
    let all = daemon.run(&["config", "show"]);
    assert!(!all.contains("\"one\"") && !all.contains("\"two\"") && all.ends_with("=== 0"), "{all}");
    assert_snapshot!(daemon.run(&["config", "show", "email"]), @r#"
    email.server             "smtp.example.com"
    email.port               465                 default
    email.tls                "implicit"          default
    email.from               "a@example.com"
    email.user               "a@example.com"     default
    email.password           … (in plain text)
    email.ca_file            -                   not set
    email.helo               -                   not set
    email.backup.b.server    "smtp.example.net"
    email.backup.b.port      465                 default
    email.backup.b.tls       "implicit"          default
    email.backup.b.from      "a@example.com"
    email.backup.b.user      "a@example.com"     default
    email.backup.b.password  … (in plain text)
    email.backup.b.ca_file   -                   not set
    email.backup.b.helo      -                   not set
    ---
    === 0
    "#);
    assert_snapshot!(daemon.run(&["config", "show", "--json", "services"]), @r#"
    {
      "settings": [
        {
          "key": "services.su",
          "value": "elevate caller",
          "is_default": false
        }
      ]
    }
    ---
    === 0
    "#);
    let json = daemon.run(&["config", "show", "email.password", "--json"]);
    assert!(json.contains("\"value\": \"…\"") && json.contains("\"is_sealed\": false"), "{json}");
    assert_snapshot!(daemon.run(&["config", "show", "codes.digit"]), @r"
    ---
    pam-2fa: there is no setting codes.digit; `pam-2fa config show` has all of them
    === 1
    ");
    daemon.write_config("[codes]\ndigits = 5\n");
    assert!(daemon.run(&["config", "show"]).ends_with("DIR/config.toml has 1 error\n=== 1"));
}
