//! Another key, and the key of a store that comes back: killed at any moment, the store opens, and what users have works.

use crate::common::*;
use crate::methods::{enrol_of, pass};
use crate::vault::{Place, put};
use configd::authenticator::totp::AppKey;
use configd::authenticator::{LongCode, LongCodeMac, LongUse};
use configd::random::{KernelRandom, Random};
use configd::seal::{
    ImportError, Keys, MasterKey, RotateError, SealedReason, Vault, clear_pieces, forget_before, import_key,
    open_vault, rotate,
};
use configd::store::{Enrol, Enrolled, KeptPass, MetaKey, NewApp, PassKind, SendVerdict, Store};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

const FILES: [&str; 5] = ["key", "key.next", "key.before", "key.new", "state.db"];

fn random() -> Arc<dyn Random> {
    Arc::new(KernelRandom)
}

/// A place with ada in it: an app, a recovery code, a grant, a code on its way, kept settings, and a sealed setting elsewhere.
struct Enrolled1 {
    place: Place,
    recovery: LongCode,
    grant: LongCode,
    /// `email.password` as it stands in config.toml.
    sealed: String,
    app_uri: String,
}

fn shows(key: &AppKey) -> String {
    key.uri("Example", "ada").expose().clone()
}

fn enrolled() -> Enrolled1 {
    let place = Place::new();
    let vault = place.open().unwrap();
    wait(vault.store.change_user(change(ada()))).unwrap();
    let keys = &vault.keys;
    let app = AppKey::new(&KernelRandom).unwrap();
    let (recovery, grant) = (LongCode::new(&KernelRandom).unwrap(), LongCode::new(&KernelRandom).unwrap());
    let new_app = NewApp { id: "app1".into(), sealed: app.seal(keys, &KernelRandom, &ada(), "app1").unwrap(), step: 1 };
    let macs = vec![keys.long_code_mac(LongUse::Recovery, &ada(), &recovery)];
    let enrol =
        Enrol { app: Some(new_app), recovery: Some(macs), first: configd::store::First::Allowed, ..enrol_of(ada()) };
    let mine = Enrolled1 {
        app_uri: shows(&app),
        sealed: keys.seal(&KernelRandom, "email.password", b"hunter2").unwrap(),
        place,
        recovery,
        grant,
    };
    assert_eq!(wait(vault.store.enrol(enrol)).unwrap(), Enrolled::Done { before: None });
    let mac = keys.long_code_mac(LongUse::Grant, &ada(), &mine.grant);
    wait(vault.store.add_pass(KeptPass { mac, ..pass(PassKind::Grant, "GRANT1", ada()) }, at(0))).unwrap();
    let sent = wait(vault.store.record_send(send_of(ada(), Some(kept(ada(), id(1)))))).unwrap();
    assert!(matches!(sent, SendVerdict::Go { .. }));
    let settings = keys.seal(&KernelRandom, "settings", b"[policy]\n").unwrap();
    wait(vault.store.put_meta(vec![(MetaKey::Settings, settings.into_bytes())])).unwrap();
    mine
}

impl Enrolled1 {
    fn rotate(&self) -> Result<(), RotateError> {
        self.rotate_with(|store, change| wait(store.change_key(change)).map_err(|error| error.to_string()))
    }

    fn rotate_with(
        &self,
        commit: impl FnOnce(
            &configd::store::sqlite::SqliteStore,
            configd::store::ChangeKey,
        ) -> Result<configd::store::ChangedKey, String>,
    ) -> Result<(), RotateError> {
        let vault = self.place.open().unwrap();
        let settings = wait(vault.store.meta(MetaKey::Settings)).unwrap().map(|sealed| ("settings", sealed));
        let done = rotate(&vault, settings, &random(), at(0), |change| commit(&vault.store, change))?;
        assert_eq!((done.store.apps, done.store.challenges), (1, 1));
        Ok(())
    }

    /// Everything of ada's works, and the kept settings open; the setting in config.toml as `outside` says.
    fn all_works(&self, vault: &Vault, what: &str) {
        let keys = &vault.keys;
        let home = vault.store.methods(ada(), at(0));
        let has = wait(home).unwrap();
        let app = has.app.unwrap();
        let opened = AppKey::open(keys, &ada(), &app.id, &app.sealed).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(shows(&opened), self.app_uri, "{what}");
        assert_eq!(app.last_step, 1, "{what}");
        assert_eq!(has.recovery, [keys.long_code_mac(LongUse::Recovery, &ada(), &self.recovery)], "{what}");
        assert_eq!(has.passes[0].mac, keys.long_code_mac(LongUse::Grant, &ada(), &self.grant), "{what}");
        let kept = wait(vault.store.meta(MetaKey::Settings)).unwrap().unwrap();
        let kept = keys.open_text("settings", &String::from_utf8(kept).unwrap()).unwrap();
        assert_eq!(kept.expose(), "[policy]\n", "{what}");
    }

    fn files(&self) -> Vec<(&'static str, Vec<u8>)> {
        FILES.iter().filter_map(|name| Some((*name, fs::read(self.place.state().join(name)).ok()?))).collect()
    }

    fn stand_as(&self, files: &[(&'static str, Vec<u8>)]) {
        for entry in fs::read_dir(self.place.state()).unwrap() {
            let path = entry.unwrap().path();
            if !path.ends_with("created") {
                fs::remove_file(path).unwrap();
            }
        }
        for (name, bytes) in files {
            put(&self.place.state().join(name), bytes);
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.state().join(name)
    }
}

fn bytes_of<'a>(files: &'a [(&'static str, Vec<u8>)], name: &str) -> &'a [u8] {
    &files.iter().find(|(file, _)| *file == name).unwrap().1
}

#[test]
fn after_a_rotation_apps_recovery_codes_one_time_codes_and_settings_work_and_the_old_key_opens_nothing() {
    let mine = enrolled();
    let old = MasterKey::read(&mine.path("key")).unwrap();
    mine.rotate().unwrap();
    let vault = mine.place.open().unwrap();
    assert_ne!(vault.keys.id(), old.id());
    assert_eq!(vault.keys.before().as_ref(), Some(old.id()));
    mine.all_works(&vault, "rotated");
    assert_eq!(wait(vault.store.open_challenges(at(0), 3)).unwrap(), [], "codes on their way end");
    assert_eq!(
        vault.keys.open_text("email.password", &mine.sealed).unwrap().expose(),
        "hunter2",
        "not sealed anew yet"
    );
    // A second one would lose the key that config.toml is sealed by.
    drop(vault);
    assert!(matches!(mine.rotate(), Err(RotateError::NotFinished { .. })));
    let vault = mine.place.open().unwrap();
    forget_before(&mine.path("key"), &vault.keys).unwrap();
    assert!(vault.keys.open_text("email.password", &mine.sealed).is_err());
    mine.all_works(&vault, "forgotten");
    drop(vault);
    let names: Vec<_> = mine.files().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["key", "state.db"]);
    let vault = mine.place.open().unwrap();
    assert_eq!(vault.keys.before(), None);
    mine.all_works(&vault, "opened again");
    drop(vault);
    // And once more, from the kept key of MACs on.
    let sent = |vault: &Vault| wait(vault.store.record_send(send_of(ada(), Some(kept(ada(), id(2)))))).unwrap();
    let vault = mine.place.open().unwrap();
    assert!(matches!(sent(&vault), SendVerdict::Go { .. }));
    drop(vault);
    mine.rotate().unwrap();
    mine.all_works(&mine.place.open().unwrap(), "a second rotation");
    // Nothing in the store is sealed by a key before.
    let store = fs::read(mine.path("state.db")).unwrap();
    let by_it = format!("sealed:v1:{}:", old.id());
    assert!(!store.windows(by_it.len()).any(|bytes| bytes == by_it.as_bytes()));
}

#[test]
fn a_rotation_killed_after_any_of_its_steps_opens_and_is_carried_on_or_was_none() {
    let mine = enrolled();
    let before = mine.files();
    // Just before the commit, and just after it: what stands there then.
    let mut at_commit = Vec::new();
    let killed = mine.rotate_with(|store, change| {
        store.close().unwrap();
        at_commit = mine.files();
        drop(change);
        Err(String::from("killed"))
    });
    assert!(matches!(killed, Err(RotateError::Store(_))));
    mine.stand_as(&before);
    let mut committed = Vec::new();
    mine.rotate_with(|store, change| {
        let done = wait(store.change_key(change)).map_err(|error| error.to_string());
        store.close().unwrap();
        committed = mine.files();
        done
    })
    .unwrap();
    let finished = mine.files();
    let (old, new) = (bytes_of(&before, "key"), bytes_of(&finished, "key"));
    let with = |files: &[(&'static str, Vec<u8>)], name, bytes: &[u8]| {
        let mut more: Vec<_> = files.iter().filter(|(file, _)| *file != name).cloned().collect();
        more.push((name, bytes.to_vec()));
        more
    };
    let half = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();
    let next = bytes_of(&at_commit, "key.next").to_vec();
    let not_begun = [
        ("nothing", before.clone()),
        ("half a key", with(&before, "key.new", &half(old))),
        ("the next key", with(&before, "key.next", &next)),
        ("half of the next key", with(&before, "key.next", &half(&next))),
        ("both names", at_commit.clone()),
        ("the second name alone", with(&before, "key.before", old)),
    ];
    for (what, files) in not_begun {
        mine.stand_as(&files);
        let vault = mine.place.open().unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!((vault.keys.before(), fs::read(mine.path("key")).unwrap()), (None, old.to_vec()), "{what}");
        mine.all_works(&vault, what);
        assert_eq!(vault.keys.open_text("email.password", &mine.sealed).unwrap().expose(), "hunter2", "{what}");
        drop(vault);
        assert!(!mine.path("key.next").exists() && !mine.path("key.before").exists(), "{what}");
        mine.rotate().unwrap_or_else(|error| panic!("{what}: {error}"));
    }
    let begun = [("committed", committed.clone()), ("in its place", finished.clone())];
    for (what, files) in begun {
        mine.stand_as(&files);
        for again in 0..2 {
            let vault = mine.place.open().unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(fs::read(mine.path("key")).unwrap(), new, "{what} {again}");
            mine.all_works(&vault, what);
            assert!(vault.keys.before().is_some(), "{what}");
            assert_eq!(vault.keys.open_text("email.password", &mine.sealed).unwrap().expose(), "hunter2", "{what}");
        }
    }
}

#[test]
fn a_key_before_that_cannot_be_used_is_named_before_another_rotation_and_is_not_thrown_away() {
    let mine = enrolled();
    mine.rotate().unwrap();
    put(&mine.path("key.before"), b"garbage");
    let vault = mine.place.open().unwrap();
    assert_eq!(vault.keys.before(), None);
    mine.all_works(&vault, "without the key before");
    drop(vault);
    let vault = mine.place.open().unwrap();
    let refused = rotate(&vault, None, &random(), at(0), |_| Err(String::from("not reached")));
    assert!(matches!(refused, Err(RotateError::BeforeLost(_))), "{refused:?}");
    let words = refused.unwrap_err().to_string();
    assert!(words.contains("key.before") && words.contains("this is no key"), "{words}");
    assert_eq!(fs::read(mine.path("key.before")).unwrap(), b"garbage");
    fs::remove_file(mine.path("key.before")).unwrap();
    assert_eq!(vault.keys.before_lost(), None);
    let begun = rotate(&vault, None, &random(), at(0), |_| Err(String::from("reached")));
    assert!(matches!(begun, Err(RotateError::Store(why)) if why == "reached"));
}

#[test]
fn what_an_import_or_a_backup_that_was_killed_has_left_is_taken_away_at_the_start() {
    let mine = enrolled();
    let left = ["key.new", "state.db.copy", "state.db.copy-journal", "state.db.restore"];
    for name in left {
        put(&mine.path(name), b"secret");
    }
    clear_pieces(&mine.place.state());
    drop(mine.place.open().unwrap());
    for name in left {
        assert!(!mine.path(name).exists(), "{name}");
    }
}

#[test]
fn an_app_that_does_not_open_is_named_and_nothing_is_changed() {
    let mine = enrolled();
    let other = Keys::of(&MasterKey::generate(&KernelRandom).unwrap());
    let sealed = AppKey::new(&KernelRandom).unwrap().seal(&other, &KernelRandom, &ada(), "app2").unwrap();
    let vault = mine.place.open().unwrap();
    let has = crate::methods::further_of(&vault.store, &ada());
    let app = Some(NewApp { id: "app2".into(), sealed, step: 1 });
    let enrol = Enrol { app, recovery: None, first: has, ..enrol_of(ada()) };
    assert_eq!(wait(vault.store.enrol(enrol)).unwrap(), Enrolled::Done { before: None });
    drop(vault);
    let before = fs::read(mine.path("key")).unwrap();
    let refused = mine.rotate().unwrap_err().to_string();
    assert!(refused.contains("the app of ada") && refused.contains("user reset ada"), "{refused}");
    let vault = mine.place.open().unwrap();
    assert_eq!((vault.keys.before(), fs::read(mine.path("key")).unwrap()), (None, before));
}

#[test]
fn a_key_from_a_credential_is_not_changed_and_the_words_say_how_to() {
    let mine = enrolled();
    let key = fs::read(mine.path("key")).unwrap();
    put(&mine.place.runtime().join("key"), &key);
    fs::remove_file(mine.path("key")).unwrap();
    let refused = mine.rotate().unwrap_err();
    assert!(matches!(refused, RotateError::Credential { .. }));
    for step in ["`pam-2fa key to-file`", "`pam-2fa key rotate`", "`pam-2fa key to-credential "] {
        assert!(refused.to_string().contains(step), "{refused}");
    }
    assert_eq!(mine.files().len(), 1, "nothing was made beside the store");
}

#[test]
fn the_key_of_a_store_is_put_back_where_it_is_lost_wrong_or_damaged_and_no_other_is() {
    let mine = enrolled();
    let good = MasterKey::read(&mine.path("key")).unwrap().line();
    let other = MasterKey::generate(&KernelRandom).unwrap().line();
    let import = |text: &str| import_key(&mine.place.state(), &mine.place.runtime(), text);
    assert!(import(good.expose()).unwrap().was_there);
    for (what, stands) in [("lost", None), ("another's", Some(other.expose().as_bytes())), ("damaged", Some(&b"x"[..]))]
    {
        fs::remove_file(mine.path("key")).unwrap();
        if let Some(bytes) = stands {
            put(&mine.path("key"), bytes);
        }
        assert!(mine.place.open().is_err(), "{what}");
        let before = mine.files();
        assert!(matches!(import(other.expose()), Err(ImportError::OtherKey { .. })), "{what}");
        assert!(matches!(import("pam-2fa-key:v1:"), Err(ImportError::NoKey(_))), "{what}");
        assert_eq!(mine.files(), before, "{what}: nothing was changed");
        let imported = import(good.expose()).unwrap();
        assert!(!imported.was_there, "{what}");
        assert_eq!(imported.aside.as_ref().map(|path| fs::read(path).unwrap()), stands.map(<[u8]>::to_vec), "{what}");
        mine.all_works(&mine.place.open().unwrap(), what);
        assert!(!mine.path("key.new").exists(), "{what}");
    }
    assert!(mine.path("key.aside").exists() && mine.path("key.aside.2").exists());
    // Where a credential's key would be taken first, a second one helps nobody.
    put(&mine.place.runtime().join("key"), b"garbage");
    assert!(matches!(import(good.expose()), Err(ImportError::Credential { .. })));
    fs::remove_file(mine.place.runtime().join("key")).unwrap();
    put(&mine.path("state.db"), b"garbage");
    assert!(matches!(import(good.expose()), Err(ImportError::Sealed(SealedReason::Store(_)))));
}

#[test]
fn nobody_else_may_use_the_folder_meanwhile() {
    let mine = enrolled();
    let good = MasterKey::read(&mine.path("key")).unwrap().line();
    let _open = mine.place.open().unwrap();
    let busy = import_key(&mine.place.state(), &mine.place.runtime(), good.expose());
    assert!(matches!(busy, Err(ImportError::Sealed(SealedReason::InUse { .. }))));
    assert!(matches!(
        open_vault(&mine.place.state(), &mine.place.runtime(), &KernelRandom),
        Err(SealedReason::InUse { .. })
    ));
}
