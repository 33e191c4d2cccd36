//! What a backup is refused for, and a restore, and what becomes of what came.

use super::*;
use crate::house::House;
use crate::server::admin::stage::{alone, done, refused};
use crate::store::MetaKey;
use std::sync::Arc;
use tokio::net::UnixStream;

/// The store of an open daemon, given back to it: so many bytes.
async fn given(daemon: &Daemon) -> i64 {
    let path = daemon.state_dir().join("state.db");
    let mut copy = copy_of(&path).unwrap();
    let mut bytes = Vec::new();
    copy.file.read_to_end(&mut bytes).unwrap();
    let mut at = 0;
    for piece in bytes.chunks(PIECE) {
        at = done(put(daemon, RestorePut { at, data: BASE64.encode(piece) }).await).next;
    }
    at
}

fn wish(length: i64, accept: bool, key: Option<Secret>) -> Restore {
    Restore { length, accept, keep_recovery: false, key }
}

fn draft(daemon: &Daemon) -> bool {
    daemon.state_dir().join("state.db.restore").exists()
}

fn house_of(daemon: &Daemon) -> Arc<House> {
    house(daemon).ok().unwrap()
}

#[tokio::test]
async fn a_restore_whose_refusal_can_be_known_cuts_nobody_off_and_what_came_is_not_kept() {
    let (_folder, daemon) = alone("", |_| ()).await;
    let before = Arc::downgrade(&house_of(&daemon));
    let other = MasterKey::generate(&crate::random::KernelRandom).unwrap();
    let length = given(&daemon).await;
    assert!(draft(&daemon));
    let said = refused(restore(&daemon, wish(length, false, None)).await);
    assert!(said.contains("1 users") && said.contains("--accept"), "{said}");
    assert!(!draft(&daemon));
    let length = given(&daemon).await;
    let said = refused(restore(&daemon, wish(length - 1, true, None)).await);
    assert!(said.contains("give the backup again"), "{said}");
    // Of another store, whose key is not here, or came and is none of it.
    let (_elsewhere, their) = alone("", |_| ()).await;
    let bytes = std::fs::read({
        drop(house_of(&their));
        their.state_dir().join("state.db")
    })
    .unwrap();
    for key in [None, Some(other.line())] {
        std::fs::write(daemon.state_dir().join("state.db.restore"), &bytes).unwrap();
        let said = refused(restore(&daemon, wish(i64::try_from(bytes.len()).unwrap(), true, key)).await);
        assert!(said.contains("neither here nor in the backup") || said.contains("is not that of its store"), "{said}");
        assert!(!draft(&daemon));
    }
    // Nobody had to leave.
    assert!(std::ptr::eq(before.as_ptr(), Arc::as_ptr(&house_of(&daemon))));
    assert_eq!(daemon.sealed_since(), None);
}

/// As root, whose file the settings must be.
#[tokio::test]
#[expect(clippy::disallowed_macros, reason = "a test that is skipped says so")]
async fn the_moment_mandatory_was_switched_on_is_the_same_after_a_restore() {
    let (_folder, daemon) = alone("[policy]\nrequired = \"mandatory\"\n", |_| ()).await;
    let since = (house_of(&daemon).now().wall_s - 864_000).to_be_bytes().to_vec();
    house_of(&daemon).store.put_meta(vec![(MetaKey::MandatorySince, since.clone())]).await.unwrap();
    let length = given(&daemon).await;
    let reply = done(restore(&daemon, wish(length, true, None)).await);
    if !nix::unistd::geteuid().is_root() {
        eprintln!("NOT CHECKED: needs root, whose file the settings must be");
        return;
    }
    assert_eq!(reply.ended.still_sealed, None);
    let kept = house_of(&daemon).store.meta(MetaKey::MandatorySince).await.unwrap();
    assert_eq!(kept, Some(since), "a grace does not begin anew");
}

/// A rotation beside it would have changed the store's key before the copy was made.
#[tokio::test]
async fn a_copy_that_is_not_of_the_key_in_use_is_no_backup() {
    let (_folder, daemon) = alone("", |_| ()).await;
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut connection = Connection::new(ours);
    let reading = tokio::spawn(async move {
        let mut client = Connection::new(theirs);
        while client.read().await.is_ok_and(|frame| frame.is_some()) {}
    });
    assert!(backup(&daemon, &Backup { with_key: true }, true, &mut connection).await.is_ok());
    house_of(&daemon).store.put_meta(vec![(MetaKey::KeyId, b"00112233".to_vec())]).await.unwrap();
    let said = refused(backup(&daemon, &Backup { with_key: true }, true, &mut connection).await);
    assert!(said.contains("the store is of key 00112233"), "{said}");
    drop(connection);
    reading.await.unwrap();
}
