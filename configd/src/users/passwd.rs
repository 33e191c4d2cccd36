//! The host's own file of users, passwd(5). With a long one each look-up would read megabytes, and an import as many times over: what was
//! read is kept until the file is another one or was changed, by all that the kernel says of it.

use crate::store::UserKey;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Seconds. A file that was changed no longer ago may be changed again without another time of change: kernels count it in ticks of theirs.
const SETTLED_S: i64 = 3;

/// The last reading.
#[derive(Debug, Default)]
pub(super) struct Passwd(Mutex<Option<Index>>);

#[derive(Debug)]
struct Index {
    of: Stamp,
    uids: HashMap<Box<str>, u32>,
}

/// Which file, and its last change: device, inode, bytes, and the times of its text and of anything, in seconds and nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    place: (u64, u64),
    bytes: u64,
    text: (i64, i64),
    any: (i64, i64),
}

impl Stamp {
    fn of(file: &File) -> io::Result<Self> {
        let about = file.metadata()?;
        Ok(Self {
            place: (about.dev(), about.ino()),
            bytes: about.size(),
            text: (about.mtime(), about.mtime_nsec()),
            any: (about.ctime(), about.ctime_nsec()),
        })
    }

    /// Whether whatever changes the file from now on shows. Not where its change is of a time to come: the clock was set back.
    fn is_settled(&self, wall_s: i64) -> bool {
        wall_s.saturating_sub(self.any.0) >= SETTLED_S
    }
}

impl Passwd {
    /// Those of `names` who stand in the file at `path`, by the wall's time, in seconds.
    ///
    /// # Errors
    /// The kernel's.
    pub(super) fn find(&self, path: &Path, names: &[String], wall_s: i64) -> io::Result<HashMap<String, UserKey>> {
        let mut file = File::open(path)?;
        let stamp = Stamp::of(&file)?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = kept.as_ref().filter(|index| index.of == stamp) {
            return Ok(among(&index.uids, names));
        }
        *kept = None;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let uids = uids(&text);
        let found = among(&uids, names);
        // By the time before it was read: what is changed meanwhile is a change.
        if stamp.is_settled(wall_s) {
            *kept = Some(Index { of: stamp, uids });
        }
        Ok(found)
    }
}

fn among(uids: &HashMap<Box<str>, u32>, names: &[String]) -> HashMap<String, UserKey> {
    let user = |name: &String| Some((name.clone(), UserKey { uid: *uids.get(name.as_str())?, name: name.clone() }));
    names.iter().filter_map(user).collect()
}

/// The lines of passwd(5). Of two lines of one name the first counts, as in libc; a line that is not whole is none, nor is one that asks
/// another source (`+`, `-`).
fn uids(passwd: &str) -> HashMap<Box<str>, u32> {
    let mut found = HashMap::new();
    for line in passwd.lines() {
        let Some((name, rest)) = line.split_once(':') else { continue };
        let mut fields = rest.split(':').skip(1);
        // password, uid, gid, GECOS, home, shell
        let mut number = || fields.next().and_then(|text| text.parse::<u32>().ok());
        let (Some(uid), Some(_gid)) = (number(), number()) else { continue };
        if fields.count() == 3 && !name.is_empty() && !name.starts_with(['+', '-']) {
            found.entry(Box::from(name)).or_insert(uid);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{OpenOptions, rename, write};
    use std::io::Write;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    fn user(uid: u32, name: &str) -> (String, UserKey) {
        (name.to_owned(), UserKey { uid, name: name.to_owned() })
    }

    #[test]
    fn only_whole_lines_of_the_wanted_names_are_users_of_the_file() {
        let passwd = "ada:x:1000:1000:Ada,,,:/home/ada:/bin/sh\nbob:x:1001\neve:x:-1:0::/:/bin/sh\n\
                      ada:x:7:7::/:/bin/sh\n+joe:x:9:9::/:/bin/sh\nsue:x:10:ten::/:/bin/sh\nzoe:x:11:11::/:/bin/sh\n\
                      :x:12:12::/:/bin/sh\nmax:x:13:13::/:/bin/sh:more\n-tim:x:14:14::/:/bin/sh\n";
        let asked = names(&["ada", "bob", "eve", "joe", "sue", "", "max", "+joe", "-tim", "nobody"]);
        assert_eq!(among(&uids(passwd), &asked), HashMap::from([user(1000, "ada")]));
    }

    /// A time of change that has not settled is never relied on; one that has, until anything changes.
    #[test]
    fn a_file_that_was_changed_is_read_again_whatever_was_kept_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passwd");
        let line = |uid: u32| format!("ada:x:{uid}:1000::/home/ada:/bin/sh\n");
        let asked = names(&["ada", "bob"]);
        let passwd = Passwd::default();
        assert!(passwd.find(&path, &asked, 0).is_err());
        let changed_s = || std::fs::metadata(&path).unwrap().ctime();
        let at = |wall_s| passwd.find(&path, &asked, wall_s).unwrap();
        let is_kept = || passwd.0.lock().unwrap().is_some();
        // Of the same length each time, as fast as it goes.
        for uid in 1000..3000 {
            write(&path, line(uid)).unwrap();
            assert_eq!(at(changed_s() + 2), HashMap::from([user(uid, "ada")]));
        }
        // Its text is old, as where a backup restores it; its change is not.
        let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1);
        OpenOptions::new().write(true).open(&path).unwrap().set_modified(old).unwrap();
        at(changed_s() + 2);
        // The clock was set back since.
        at(changed_s() - 1_000);
        assert!(!is_kept());
        assert_eq!(at(changed_s() + 3), HashMap::from([user(2999, "ada")]));
        assert!(is_kept());
        // Answered without a reading.
        *passwd.0.lock().unwrap().as_mut().unwrap().uids.get_mut("ada").unwrap() = 1;
        assert_eq!(at(0), HashMap::from([user(1, "ada")]));
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"bob:x:7:7::/:/bin/sh\n").unwrap();
        assert_eq!(at(changed_s() + 3), HashMap::from([user(2999, "ada"), user(7, "bob")]));
        assert!(is_kept());
        let other = folder.path().join("passwd+");
        write(&other, std::fs::read(&path).unwrap()).unwrap();
        OpenOptions::new().write(true).open(&other).unwrap().set_modified(old).unwrap();
        rename(&other, &path).unwrap();
        at(0);
        assert!(!is_kept());
    }
}
