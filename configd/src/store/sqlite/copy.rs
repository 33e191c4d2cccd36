//! A copy of the store while it is in use: whole, checked, and nothing that anybody finds when this process ends.
//!
//! Opens the store's file through SQLite alone: closing any other descriptor of it would give up the locks of this whole process
//! ("How To Corrupt An SQLite Database File", 2.2).

use super::failed::Failed;
use super::files;
use super::opening::{Checked, OpenError, beside, connect};
use crate::store::MetaKey;
use std::fs::File;
use std::path::{Path, PathBuf};

/// The name that a copy has while it is made.
pub(crate) fn draft_of(store: &Path) -> PathBuf {
    beside(store, ".copy")
}

/// A copy, from its beginning, without a name, and what it says of itself.
pub(crate) struct Copy {
    pub(crate) file: File,
    /// The id of the key that it is of.
    pub(crate) key_id: String,
    pub(crate) generation: i64,
    pub(crate) users: u64,
}

/// Copies the store at `path` as it is at one moment; commits go on meanwhile. Blocks, and takes as much disk as the store.
///
/// # Errors
/// [`OpenError`], also where the copy was not found whole.
pub(crate) fn copy_of(path: &Path) -> Result<Copy, OpenError> {
    let draft = draft_of(path);
    let io = |error: std::io::Error| OpenError::io(&draft, "copy the store", &error);
    files::discard(&draft).map_err(io)?;
    // Made here, so that nobody else can read it at any moment: SQLite takes an empty file.
    drop(files::make_new(&draft).map_err(io)?);
    let copied = write(path, &draft).map_err(|failed| OpenError::failed(path, "copy the store", failed));
    let copy = copied.and_then(|()| {
        let checked = Checked::open(&draft)?;
        let key_id = String::from_utf8_lossy(&checked.meta(MetaKey::KeyId)?.unwrap_or_default()).into_owned();
        let (generation, users) = (checked.generation()?, checked.users()?);
        drop(checked);
        let file = files::open_existing(&draft).map_err(io)?;
        Ok(Copy { file, key_id, generation, users })
    });
    files::discard(&draft).map_err(io)?;
    copy
}

fn write(path: &Path, draft: &Path) -> Result<(), Failed> {
    let connection = connect(path)?;
    let name = draft.to_str().ok_or_else(|| Failed::Damaged(String::from("its folder's name is not UTF-8")))?;
    connection.execute("VACUUM INTO ?1", [name])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;
    use crate::store::sqlite::SqliteStore;
    use std::io::Read;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn a_copy_is_whole_while_commits_go_on_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let values = [(MetaKey::KeyId, b"00112233".to_vec()), (MetaKey::KeyCheck, vec![7; 32])];
        let store = SqliteStore::create(&path, &values).unwrap();
        let value = |number: u8| vec![number; 20_000];
        store.put_meta(vec![(MetaKey::Settings, value(0))]).await.unwrap();
        let (from, done) = (path.clone(), tokio::sync::Notify::new());
        let copying = async {
            let copied = tokio::task::spawn_blocking(move || copy_of(&from)).await.unwrap();
            done.notify_one();
            copied.unwrap()
        };
        let writing = async {
            let mut last = 0_u8;
            loop {
                last = last.wrapping_add(1);
                store.put_meta(vec![(MetaKey::Settings, value(last))]).await.unwrap();
                tokio::select! {
                    biased;
                    () = done.notified() => return last,
                    () = tokio::task::yield_now() => {}
                }
            }
        };
        let (mut copy, last) = tokio::join!(copying, writing);
        assert_eq!((copy.key_id.as_str(), copy.users), ("00112233", 0));
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!names.iter().any(|name| name.to_string_lossy().contains("copy")), "{names:?}");
        assert_eq!(copy.file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let mut bytes = Vec::new();
        copy.file.read_to_end(&mut bytes).unwrap();
        let elsewhere = folder.path().join("elsewhere");
        std::fs::write(&elsewhere, bytes).unwrap();
        assert_eq!(Checked::open(&elsewhere).unwrap().generation().unwrap(), copy.generation);
        let copied = SqliteStore::open(&elsewhere).unwrap().meta(MetaKey::Settings).await.unwrap().unwrap();
        assert_eq!(copied, value(copied[0]), "one commit, whole");
        // And the store goes on as before.
        assert_eq!(store.meta(MetaKey::Settings).await.unwrap(), Some(value(last)));
        store.close().unwrap();
        SqliteStore::open(&path).unwrap();
    }
}
