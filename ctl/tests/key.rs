//! `key status | rotate | export | import` as an administrator sees them, what is asked of the daemon, and what becomes of the files.

#![expect(clippy::unwrap_used, reason = "the tests' own helpers")]

mod common;

use common::{Daemon, Reply};
use insta::assert_snapshot;
use pam_2fa_protocol::admin;
use serde_json::{Value, json};
use std::fs::{Permissions, read_to_string, set_permissions, write};
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

const KEY: &str = "pam-2fa-key:v1:00112233:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
const PHRASE: &str = "correct horse battery staple";

const CONFIG: &str = r#"# Ours.
[email]
server = "smtp.example.com"   # the first
from = "a@example.com"
password = "sealed:v1:44556677:one"
[[email.backup]]
name = "b"
server = "smtp.example.net"
from = "a@example.com"
password = 'sealed:v1:00112233:two'
"#;

fn key(before: Option<&str>) -> Value {
    json!({"id": "00112233", "place": "state", "path": "/var/lib/pam-2fa/key", "before": before})
}

/// A daemon whose rotation has not ended until it is told to forget.
fn rotating(unfinished: bool) -> Daemon {
    let before = Arc::new(Mutex::new(unfinished));
    let daemon = Daemon::start(move |method, parameters| {
        let mut before = before.lock().unwrap();
        vec![Reply::Done(match method {
            admin::KEY_STATUS if !*before => json!({"id": "44556677", "place": "state", "path": "x"}),
            admin::KEY_ROTATE => {
                *before = true;
                key(Some("44556677"))
            }
            admin::KEY_RESEAL => {
                let name = parameters["key"].as_str().unwrap();
                json!({"sealed": format!("sealed:v1:00112233:{name}")})
            }
            admin::KEY_FORGET => {
                *before = false;
                key(None)
            }
            admin::KEY_STATUS => key(Some("44556677")),
            _ => json!({"generation": 4}),
        })]
    });
    daemon.write_config(CONFIG);
    daemon
}

#[test]
fn the_key_is_shown_with_where_it_is_and_what_is_to_be_done() {
    needs_root!();
    let credential = json!({"id": "00112233", "place": "credential", "path": "/run/pam-2fa/key"});
    let shown = [key(None), key(Some("44556677")), credential]
        .map(|reply| Daemon::start(move |_, _| vec![Reply::Done(reply.clone())]).run(&["key", "status"]));
    assert_snapshot!(shown.join("\n"));
}

#[test]
fn a_rotation_seals_what_the_key_before_sealed_takes_it_over_and_then_forgets_that_key() {
    needs_root!();
    let daemon = rotating(false);
    let shown = daemon.run(&["key", "rotate"]);
    assert_snapshot!(shown);
    assert_eq!(daemon.read_config(), CONFIG.replace("sealed:v1:44556677:one", "sealed:v1:00112233:email.password"));
    let calls: Vec<_> = daemon.calls().iter().map(|call| call.split(' ').next().unwrap().to_owned()).collect();
    let each = ["KeyReseal"; 2];
    assert_eq!(calls, [&each[..], &["KeyStatus", "KeyRotate", "KeyReseal", "Reload", "KeyForget"]].concat());
    assert_eq!(daemon.files(), ["config.toml"], "nothing half-made is left");
}

#[test]
fn a_rotation_that_was_cut_off_is_gone_on_with_wherever_it_was() {
    needs_root!();
    // The settings were sealed already, and perhaps not taken over.
    let daemon = rotating(true);
    daemon.write_config(&CONFIG.replace("44556677", "00112233"));
    let shown = daemon.run(&["key", "rotate"]);
    assert!(shown.starts_with("going on with the rotation of key 44556677 to key 00112233\n"), "{shown}");
    assert!(shown.ends_with("=== 0"), "{shown}");
    let calls: Vec<_> = daemon.calls().iter().map(|call| call.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(calls, ["KeyReseal", "KeyReseal", "KeyStatus", "KeyRotate", "Reload", "KeyForget"]);
}

#[test]
fn settings_that_cannot_be_sealed_anew_are_said_before_anything_is_changed_or_leave_both_keys() {
    needs_root!();
    let daemon = rotating(false);
    daemon.write_config("[policy]\nrequierd = \"mandatory\"\n");
    let shown = daemon.run(&["key", "rotate"]);
    assert!(shown.contains("there is no such key") && shown.ends_with("=== 1"), "{shown}");
    assert!(daemon.calls().is_empty());

    for damaged_after in [0, 2] {
        let asked = Mutex::new(0);
        let daemon = Daemon::start(move |method, _| match method {
            admin::KEY_RESEAL => {
                let mut asked = asked.lock().unwrap();
                *asked += 1;
                if *asked > damaged_after {
                    return vec![Reply::Error(admin::REFUSED, json!({"reasons": ["it is damaged"]}))];
                }
                vec![Reply::Done(json!({"sealed": "sealed:v1:00112233:x"}))]
            }
            _ => vec![Reply::Done(key(Some("44556677")))],
        });
        daemon.write_config(CONFIG);
        let shown = daemon.run(&["key", "rotate"]);
        assert!(shown.contains("email.password: it is damaged") && shown.ends_with("=== 1"), "{shown}");
        assert_eq!(daemon.read_config(), CONFIG);
        let rotated = daemon.calls().iter().any(|call| call.starts_with("KeyRotate"));
        assert_eq!(rotated, damaged_after > 0, "one that does not open is seen before there is a new key");
        assert_eq!(shown.contains("run `pam-2fa key rotate` again; until then both keys are kept"), rotated, "{shown}");
    }
}

/// A daemon that hands out the key, or takes it.
fn keeper() -> (Daemon, Arc<Mutex<Vec<String>>>) {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let its = Arc::clone(&taken);
    let daemon = Daemon::start(move |method, parameters| {
        vec![Reply::Done(match method {
            admin::KEY_EXPORT => json!({"id": "00112233", "key": KEY}),
            _ => {
                its.lock().unwrap().push(parameters["key"].as_str().unwrap().to_owned());
                json!({"id": "00112233", "was_there": false, "aside": "/var/lib/pam-2fa/key.aside"})
            }
        })]
    });
    write(daemon.runtime_dir().join("phrase"), format!("{PHRASE}\n")).unwrap();
    (daemon, taken)
}

#[test]
fn a_copy_of_the_key_is_roots_alone_holds_nothing_readable_and_comes_back_by_its_passphrase() {
    needs_root!();
    let (daemon, taken) = keeper();
    let (copy, phrase) = (daemon.runtime_dir().join("copy"), daemon.runtime_dir().join("phrase"));
    let (copy, phrase) = (copy.to_str().unwrap(), phrase.to_str().unwrap());
    let words = |verb| ["key", verb, copy, "--passphrase-file", phrase];
    assert_snapshot!(daemon.run(&words("export")));
    assert_eq!(std::fs::metadata(copy).unwrap().permissions().mode() & 0o7777, 0o600);
    let text = read_to_string(copy).unwrap();
    assert!(
        text.starts_with("pam-2fa-key-export:v1\nkey: 00112233\nlock: argon2id v=19 m=65536 t=3 p=1 salt="),
        "{text}"
    );
    assert!(!text.contains("AAECAwQF") && !text.contains("horse"), "{text}");
    let again = daemon.run(&words("export"));
    assert!(again.contains("is there already, and is not written over") && again.ends_with("=== 1"), "{again}");
    assert_eq!(read_to_string(copy).unwrap(), text);

    assert_snapshot!(daemon.run(&words("import")));
    assert_eq!(*taken.lock().unwrap(), [KEY]);
    // The key's own file, as it stood in a backup of the whole host.
    write(copy, KEY).unwrap();
    assert!(daemon.run(&["key", "import", copy]).ends_with("=== 0"));
    assert_eq!(*taken.lock().unwrap(), [KEY, KEY]);
}

#[test]
fn another_passphrase_a_damaged_copy_and_what_is_none_are_told_apart_and_nothing_is_asked_of_the_daemon() {
    needs_root!();
    let (daemon, taken) = keeper();
    let (copy, phrase) = (daemon.runtime_dir().join("copy"), daemon.runtime_dir().join("phrase"));
    let (copy, phrase) = (copy.to_str().unwrap(), phrase.to_str().unwrap());
    assert!(daemon.run(&["key", "export", copy, "--passphrase-file", phrase]).ends_with("=== 0"));
    let good = read_to_string(copy).unwrap();
    let import = |typed: &str| daemon.run_typing(&["key", "import", copy, "--passphrase-file", "-"], typed);
    let shown = import("correct horse battery stable\n");
    assert!(shown.contains("the passphrase is another one") && shown.ends_with("=== 1"), "{shown}");
    for (place, _) in good.char_indices().step_by(17) {
        let mut bytes = good.clone().into_bytes();
        bytes[place] ^= 1;
        write(copy, bytes).unwrap();
        let shown = import(&format!("{PHRASE}\n"));
        assert!(shown.contains("damaged") || shown.contains("no export of a key"), "{place}: {shown}");
        assert!(shown.ends_with("=== 1"), "{shown}");
        write(copy, &good[..place]).unwrap();
        let shown = import(&format!("{PHRASE}\n"));
        assert!(shown.ends_with("=== 1"), "cut off at {place}: {shown}");
    }
    assert!(taken.lock().unwrap().is_empty());
    write(copy, &good).unwrap();
    assert!(import(&format!("{PHRASE}\r\n")).ends_with("=== 0"), "as it was typed elsewhere");
}

#[test]
fn a_short_passphrase_none_and_a_key_that_is_not_given_leave_no_file() {
    needs_root!();
    let (daemon, _) = keeper();
    let copy = daemon.runtime_dir().join("copy");
    for typed in ["fourteen chars\n", "\n", ""] {
        let shown = daemon.run_typing(&["key", "export", copy.to_str().unwrap(), "--passphrase-file", "-"], typed);
        assert!(shown.contains("passphrase") && shown.ends_with("=== 1"), "{shown}");
        assert!(!copy.exists());
    }
    assert!(daemon.calls().is_empty());
    let sealed = Daemon::start(|_, _| vec![Reply::Error(admin::SEALED, json!({"reason": "there is no key"}))]);
    let phrase = sealed.runtime_dir().join("phrase");
    write(&phrase, PHRASE).unwrap();
    set_permissions(&phrase, Permissions::from_mode(0o600)).unwrap();
    let copy = sealed.runtime_dir().join("copy");
    let words = ["key", "export", copy.to_str().unwrap(), "--passphrase-file", phrase.to_str().unwrap()];
    assert!(sealed.run(&words).ends_with("sealed and denies every login: there is no key\n=== 1"));
    assert!(!copy.exists());
}
