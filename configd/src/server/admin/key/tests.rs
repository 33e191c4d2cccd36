//! A key whose file is gone while configd is open: nothing is begun that could not end, and an import puts it back.

use super::*;
use crate::clock::Moment;
use crate::server::admin::stage::{alone, done, refused};
use crate::server::admin::{copy, upkeep};
use pam_2fa_protocol::admin::Restore;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// With a clock that is behind.
async fn open() -> (tempfile::TempDir, Daemon, PathBuf) {
    let (folder, daemon) = alone("", |house| house.clock = Arc::new(Behind(house.now()))).await;
    let key = folder.path().join("key");
    (folder, daemon, key)
}

fn house(daemon: &Daemon) -> Arc<House> {
    let State::Open(house) = daemon.state() else { panic!("it is sealed") };
    house
}

/// A clock that stands an hour behind its mark.
struct Behind(Moment);

impl Clock for Behind {
    fn now(&self) -> Moment {
        self.0.clone()
    }

    fn behind_s(&self) -> i64 {
        3_600
    }
}

#[tokio::test]
async fn the_key_in_use_whose_file_is_gone_is_put_back_by_an_import_while_configd_is_open() {
    let (folder, daemon, place) = open().await;
    let text = fs::read_to_string(&place).unwrap();
    let given = || KeyImport { key: Secret::new(text.clone()) };
    assert!(done(import(&daemon, given()).await).was_there);
    let other = MasterKey::generate(&KernelRandom).unwrap();
    let another = KeyImport { key: other.line() };
    assert!(refused(import(&daemon, another).await).contains("nothing was changed"));
    for stands in [None, Some("garbage\n"), Some(other.line().expose().as_str())] {
        fs::remove_file(&place).unwrap();
        if let Some(stands) = stands {
            fs::write(&place, stands).unwrap();
            fs::set_permissions(&place, fs::Permissions::from_mode(0o600)).unwrap();
        }
        let imported = done(import(&daemon, given()).await);
        assert!(!imported.was_there && imported.aside.is_some() == stands.is_some(), "{stands:?}");
        assert_eq!(fs::read_to_string(&place).unwrap(), text);
        let root = nix::unistd::geteuid().is_root();
        assert_eq!(imported.still_sealed.is_none(), root, "{:?}", imported.still_sealed);
        if !root {
            return;
        }
    }
    // A credential's would be taken first: nothing is changed, and it stays open.
    fs::create_dir(folder.path().join("run")).unwrap();
    fs::write(folder.path().join("run/key"), "garbage\n").unwrap();
    assert!(refused(import(&daemon, given()).await).contains("credential"));
    assert!(house(&daemon).store.count_users().await.is_ok());
}

#[tokio::test]
async fn nothing_that_leaves_the_house_is_begun_where_the_key_could_not_be_read_again() {
    let (_folder, daemon, place) = open().await;
    fs::rename(&place, place.with_file_name("away")).unwrap();
    let rotated = refused(rotate_key(&daemon, house(&daemon)).await);
    assert!(rotated.contains("there is no key") && rotated.contains("pam-2fa key import"), "{rotated}");
    let wish = Restore { length: 0, accept: true, keep_recovery: false, key: None };
    let restored = refused(copy::restore(&daemon, wish).await);
    assert!(restored.contains("there is no key"), "{restored}");
    let reset = refused(upkeep::clock_reset(&daemon, house(&daemon)).await);
    assert!(reset.contains("there is no key"), "{reset}");
    // All the while it has decided about logins.
    assert!(house(&daemon).store.count_users().await.is_ok());
    fs::rename(place.with_file_name("away"), &place).unwrap();
    let rotated = rotate_key(&daemon, house(&daemon)).await;
    assert_eq!(rotated.is_ok(), nix::unistd::geteuid().is_root());
}

/// As root, whose file the settings must be.
#[tokio::test]
async fn a_key_before_that_cannot_be_read_is_named_where_it_denies_and_where_it_does_not() {
    let (folder, daemon, place) = open().await;
    let config = folder.path().join("config.toml");
    let sealed = house(&daemon).keys.seal(&KernelRandom, "email.password", b"hunter2").unwrap();
    let mail = "[email]\nserver = \"m.example.com\"\nfrom = \"a@example.com\"\n";
    fs::write(&config, format!("{mail}password = \"{sealed}\"\n")).unwrap();
    if daemon.reload().await.is_err() {
        assert!(!nix::unistd::geteuid().is_root());
        return;
    }
    assert!(done(rotate_key(&daemon, house(&daemon)).await).before.is_some());
    let before = place.with_file_name("key.before");
    fs::write(&before, "garbage\n").unwrap();
    // A setting needs it.
    daemon.offline(Wanted::Any, "nothing", |_| Ok(())).await.unwrap();
    let reason = daemon.sealed_because().unwrap();
    assert!(reason.contains("email.password was sealed with key") && reason.contains("key.before"), "{reason}");
    // Nothing does any more: it works, and says so.
    fs::write(&config, mail).unwrap();
    assert_eq!(daemon.open().await, Ok(()));
    let problems = house(&daemon).problems().into_iter().map(|problem| problem.text).collect::<Vec<_>>().join("\n");
    assert!(problems.contains("key.before") && problems.contains("take this file away"), "{problems}");
    assert!(refused(rotate_key(&daemon, house(&daemon)).await).contains("key.before"));
    fs::remove_file(&before).unwrap();
    assert_eq!(house(&daemon).keys.before_lost(), None);
    assert!(done(rotate_key(&daemon, house(&daemon)).await).before.is_some());
}
