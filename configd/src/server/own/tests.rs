//! A user's connection that does not read what it asked for.

use super::*;
use crate::house::Places;
use crate::log::LevelHandle;
use crate::login::world::rules;
use crate::users::Directory;
use pam_2fa_protocol::wire::{More, encode_call};
use std::path::Path;
use tokio::task::JoinHandle;

struct Everybody;

impl Directory for Everybody {
    fn find(&self, name: &str) -> Result<Option<UserKey>, String> {
        assert!(is_name(name), "{name:?} reached the user database");
        Ok(Some(UserKey { uid: 1000, name: String::from(name) }))
    }
}

fn daemon(folder: &Path) -> Arc<Daemon> {
    let places =
        Places { config: folder.join("config.toml"), state_dir: folder.to_owned(), runtime_dir: folder.to_owned() };
    let (host, since) = (String::from("host"), String::new());
    Arc::new(Daemon::new(places, Arc::new(Everybody), host, since, LevelHandle::none()).unwrap())
}

/// Asks until the daemon cannot write any more; the other end, and what serves it.
async fn stuck(daemon: &Arc<Daemon>) -> (Connection, JoinHandle<()>) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let serving = tokio::spawn(serve(ours, 1000, Arc::clone(daemon)));
    let mut client = Connection::new(theirs);
    let call = encode_call(SHOW, &Who { user: String::from("ada") }, More::No).unwrap();
    while tokio::time::timeout(Duration::from_millis(300), client.write(&call)).await.is_ok() {}
    (client, serving)
}

#[tokio::test]
async fn who_does_not_read_keeps_no_house_that_is_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = daemon(folder.path());
    let house = Arc::new(House::for_tests(folder.path(), rules()).await);
    daemon.put(State::Open(Arc::clone(&house)));
    let (_client, serving) = stuck(&daemon).await;
    assert!(!serving.is_finished());
    daemon.put(State::Sealed(Arc::from("the store has failed")));
    serving.await.unwrap();
    assert_eq!(Arc::strong_count(&house), 1);
}

#[tokio::test]
async fn what_can_be_nobodys_name_reaches_no_user_database() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = daemon(folder.path());
    daemon.put(State::Open(Arc::new(House::for_tests(folder.path(), rules()).await)));
    let (ours, theirs) = UnixStream::pair().unwrap();
    tokio::spawn(serve(ours, 1000, Arc::clone(&daemon)));
    let mut client = Connection::new(theirs);
    for (name, fits) in
        [("ada", true), ("", false), ("ada\nroot:x:0:0", false), ("ada\0", false), (&"a".repeat(256), false)]
    {
        for method in [SHOW, DEVICES] {
            let who = Who { user: String::from(name) };
            client.write(&encode_call(method, &who, More::No).unwrap()).await.unwrap();
            let reply = client.read().await.unwrap().unwrap();
            let refused = String::from_utf8_lossy(&reply).contains("NotPermitted");
            assert_eq!(refused, !fits, "{name:?} {method}");
        }
    }
}

#[tokio::test]
async fn who_does_not_read_keeps_no_place() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let mut connection = Connection::new(ours);
    let frame = Frame::new(vec![b'x'; 16_000]);
    let mut written = 0_u32;
    let error = loop {
        match write(&mut connection, &frame, Duration::from_millis(50)).await {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(written > 0 && matches!(&error, ConnectionError::Io(why) if why.kind() == ErrorKind::TimedOut), "{error}");
}
