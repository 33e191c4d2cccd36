//! `backup` and `restore FILE` as an administrator sees them: what is asked of the daemon, and what becomes of the files.

#![expect(clippy::unwrap_used, reason = "the tests' own helpers")]

mod common;

use common::{Daemon, Reply};
use data_encoding::BASE64;
use insta::assert_snapshot;
use pam_2fa_protocol::admin;
use serde_json::json;
use std::fs::{create_dir, metadata, read, read_to_string, remove_dir_all, remove_file, write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::sync::{Arc, Mutex};

const KEY: &str = "pam-2fa-key:v1:00112233:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
const PHRASE: &str = "correct horse battery staple\n";
const CONFIG: &str = "[policy]\nrequired = \"mandatory\"\n";

/// Some frames of it, and no whole number of them.
fn store() -> Vec<u8> {
    (0..100_003_u32)
        .map(|number| number.to_le_bytes().into_iter().fold(7, |sum: u8, byte| sum.wrapping_mul(31) ^ byte))
        .collect()
}

/// A daemon that has a store, and takes one.
fn keeper() -> (Daemon, Arc<Mutex<Vec<u8>>>) {
    let taken: Arc<Mutex<Vec<u8>>> = Arc::default();
    let its = Arc::clone(&taken);
    let daemon = Daemon::start(move |method, parameters| match method {
        admin::BACKUP => given(parameters["with_key"].as_bool().unwrap()),
        admin::RESTORE_PUT => {
            let mut its = its.lock().unwrap();
            if parameters["at"] == 0 {
                its.clear();
            }
            its.extend(BASE64.decode(parameters["data"].as_str().unwrap().as_bytes()).unwrap());
            vec![Reply::Done(json!({"next": its.len()}))]
        }
        admin::RESTORE => vec![Reply::Done(json!({
            "ended": {"generation": 14, "devices": 2, "challenges": 1, "passes": 0, "apps": 1, "recovery_users": 1},
            "aside": ["/var/lib/pam-2fa/state.db.aside"],
        }))],
        _ => vec![Reply::Done(json!({"generation": 4, "notes": []}))],
    });
    daemon.write_config(CONFIG);
    create_dir(daemon.runtime_dir().join("providers")).unwrap();
    write(daemon.runtime_dir().join("providers/own.toml"), "a provider").unwrap();
    write(daemon.runtime_dir().join("providers/own.toml~"), "an editor's").unwrap();
    write(daemon.runtime_dir().join("break-glass"), "never in a backup").unwrap();
    (daemon, taken)
}

fn given(with_key: bool) -> Vec<Reply> {
    let key = with_key.then_some(KEY);
    let about = json!({"key_id": "00112233", "generation": 12, "users": 3, "key": key});
    let mut replies = vec![Reply::More(json!({ "about": about }))];
    replies.extend(store().chunks(admin::PIECE).map(|piece| Reply::More(json!({"data": BASE64.encode(piece)}))));
    replies.push(Reply::Done(json!({})));
    replies
}

/// What is seen, and where the backup is.
fn made(daemon: &Daemon, more: &[&str]) -> (String, String) {
    let file = daemon.runtime_dir().join("backup").to_str().unwrap().to_owned();
    let words = [&["backup", &file, "--passphrase-file", "-"], more].concat();
    (daemon.run_typing(&words, PHRASE), file)
}

fn back(daemon: &Daemon, file: &str, more: &[&str]) -> String {
    daemon.run_typing(&[&["restore", file, "--passphrase-file", "-"], more].concat(), PHRASE)
}

#[test]
fn a_backup_is_roots_alone_shows_nothing_and_has_the_key_only_on_demand() {
    needs_root!();
    for (more, has_key) in [(&[][..], false), (&["--with-key"][..], true)] {
        let (daemon, _) = keeper();
        let (shown, file) = made(&daemon, more);
        if has_key {
            assert_snapshot!("with_key", shown)
        } else {
            assert_snapshot!("without_key", shown)
        }
        assert_eq!(metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
        let bytes = read(&file).unwrap();
        for secret in ["mandatory", "provider", "AAECAwQF", "own.toml", "horse"] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
        }
        let (again, _) = made(&daemon, more);
        assert!(again.contains("is there already, and is not written over") && again.ends_with("=== 1"), "{again}");
        assert_eq!(read(&file).unwrap(), bytes);
    }
}

#[test]
fn a_store_that_breaks_off_leaves_no_backup() {
    needs_root!();
    for cut in [1, 3] {
        let daemon = Daemon::start(move |_, _| {
            let mut replies = given(false);
            replies.truncate(cut);
            replies.push(Reply::Close);
            replies
        });
        let (shown, file) = made(&daemon, &[]);
        assert!(shown.ends_with("=== 3"), "{shown}");
        assert!(metadata(file).is_err());
    }
}

#[test]
fn all_of_it_comes_back_and_what_is_another_is_replaced_on_demand_alone_and_keeps_a_name() {
    needs_root!();
    let (daemon, taken) = keeper();
    let (_, file) = made(&daemon, &["--with-key"]);
    // Nothing of the settings has changed.
    let shown = back(&daemon, &file, &[]);
    assert_snapshot!("back", shown);
    assert_eq!(*taken.lock().unwrap(), store());
    let asked = daemon.calls().into_iter().find(|call| call.starts_with("Restore {")).unwrap();
    let whole = json!({"accept": false, "keep_recovery": false, "key": KEY, "length": store().len()});
    assert_eq!(asked, format!("Restore {whole}"));

    daemon.write_config("[policy]\nrequired = \"optional\"\n");
    remove_file(daemon.runtime_dir().join("providers/own.toml")).unwrap();
    let before = daemon.calls().len();
    let shown = back(&daemon, &file, &[]);
    assert!(shown.contains("config.toml: is another one than in the backup; nothing was changed"), "{shown}");
    assert_eq!(daemon.calls().len(), before, "nothing is asked of the daemon");
    let shown = back(&daemon, &file, &["--accept", "--keep-recovery"]);
    assert_snapshot!("accepted", shown);
    assert_eq!(daemon.read_config(), CONFIG);
    let about = metadata(daemon.config()).unwrap();
    assert_eq!((about.uid(), about.mode() & 0o7777), (0, 0o640));
    assert_eq!(read_to_string(daemon.runtime_dir().join("providers/own.toml")).unwrap(), "a provider");
    let aside = read_to_string(daemon.runtime_dir().join("config.toml.before")).unwrap();
    assert!(aside.contains("optional"), "{aside}");
}

/// configd opens what was restored at once, by the settings that stand there then.
#[test]
fn the_settings_of_a_backup_are_in_their_place_before_its_store_and_as_they_were_where_that_is_refused() {
    needs_root!();
    let (maker, _) = keeper();
    let (_, file) = made(&maker, &[]);
    let shipped = "# as it was shipped\n";
    for ending in ["done", "refused", "silent"] {
        let seen: Arc<Mutex<(std::path::PathBuf, String)>> = Arc::default();
        let its = Arc::clone(&seen);
        let daemon = Daemon::start(move |method, _| match (method, ending) {
            (admin::RESTORE_PUT, _) => vec![Reply::Done(json!({"next": 1}))],
            (admin::RESTORE, _) => {
                let mut its = its.lock().unwrap();
                its.1 = read_to_string(&its.0).unwrap();
                match ending {
                    "done" => vec![Reply::Done(
                        json!({"ended": {"generation": 14, "devices": 0, "challenges": 0, "passes": 0,
                        "apps": 0, "recovery_users": 0}, "aside": []}),
                    )],
                    "refused" => vec![Reply::Error(admin::REFUSED, json!({"reasons": ["another store is here"]}))],
                    _ => vec![Reply::Close],
                }
            }
            (admin::CLOCK_STATUS, _) => vec![Reply::Done(json!({"wall": "2026-01-01T00:00:00Z",
                "mark": "2036-01-01T00:00:00Z", "behind_s": 315_532_800, "leap_s": 0, "boot_s": 1, "devices": 0, "passes": 0}))],
            _ => vec![Reply::Done(json!({"generation": 4, "notes": []}))],
        });
        daemon.write_config(shipped);
        seen.lock().unwrap().0 = daemon.config();
        let shown = back(&daemon, &file, &["--accept"]);
        assert_eq!(seen.lock().unwrap().1, CONFIG, "{ending}: {shown}");
        let status = shown.rsplit(' ').next().unwrap();
        match ending {
            "refused" => {
                assert!(shown.contains("another store is here") && status == "1", "{shown}");
                assert_eq!(daemon.read_config(), shipped);
                assert_eq!(
                    daemon.files(),
                    ["config.toml", "providers"],
                    "what it had put is away, what it had renamed is back"
                );
                assert!(!daemon.runtime_dir().join("providers/own.toml").exists());
            }
            "silent" => {
                assert!(shown.contains("run it again") && status == "3", "{shown}");
                assert_eq!(daemon.read_config(), CONFIG, "the store may be in its place");
            }
            _ => {
                assert!(shown.contains("315532800 s behind") && status == "0", "{shown}");
                assert_eq!(daemon.read_config(), CONFIG);
            }
        }
    }
}

/// configd refuses texts that others can read, and reads them by their group; the courier reads provider files as anybody does.
#[test]
fn own_texts_and_provider_files_come_back_as_those_who_read_them_want_them() {
    needs_root!();
    let (daemon, _) = keeper();
    let folder = daemon.runtime_dir();
    chown(&folder, None, Some(65_534)).unwrap();
    create_dir(folder.join("messages")).unwrap();
    write(folder.join("messages/de.ftl"), "denied-used = Verbraucht.\n").unwrap();
    let (_, file) = made(&daemon, &[]);
    for gone in ["messages", "providers"] {
        remove_dir_all(folder.join(gone)).unwrap();
    }
    remove_file(daemon.config()).unwrap();
    let shown = back(&daemon, &file, &[]);
    assert!(shown.contains("messages/de.ftl is as it was in the backup"), "{shown}");
    for (name, whole) in [
        ("config.toml", (0, 65_534, 0o640)),
        ("messages/de.ftl", (0, 65_534, 0o640)),
        ("providers/own.toml", (0, 0, 0o644)),
    ] {
        let about = metadata(folder.join(name)).unwrap();
        assert_eq!((about.uid(), about.gid(), about.mode() & 0o7777), whole, "{name}");
    }
}

#[test]
fn another_passphrase_and_a_backup_that_is_damaged_cut_off_or_longer_change_nothing() {
    needs_root!();
    let (daemon, taken) = keeper();
    let (_, file) = made(&daemon, &[]);
    let good = read(&file).unwrap();
    let calls = daemon.calls().len();
    let shown = daemon.run_typing(&["restore", &file, "--passphrase-file", "-"], "correct horse battery stable\n");
    assert!(shown.contains("the passphrase is another one") && shown.ends_with("=== 1"), "{shown}");
    let step = good.len() / 12;
    for place in (0..good.len()).step_by(step) {
        let mut flipped = good.clone();
        *flipped.get_mut(place).unwrap() ^= 1;
        let longer = [&good[..], b"x"].concat();
        for bytes in [&flipped[..], &good[..place], &longer] {
            write(&file, bytes).unwrap();
            let shown = back(&daemon, &file, &["--accept"]);
            assert!(shown.ends_with("=== 1"), "{place}: {shown}");
        }
    }
    assert_eq!(daemon.calls().len(), calls, "nothing is asked of the daemon");
    assert!(taken.lock().unwrap().is_empty());
    assert_eq!(daemon.read_config(), CONFIG);
}
