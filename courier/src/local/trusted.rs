//! Whether a program, or a file that can make one run programs, is what an administrator put there: looked at anew for each message,
//! from the root of the file system on, so that nobody else can have put another in its place.

use crate::email::deadline::Deadline;
use crate::sms::failure::Failure;
use crate::sms::shelf::Owners;
use std::fs::symlink_metadata;
use std::path::{Component, Path};

/// That nobody but an owner can have put it there.
///
/// # Errors
/// [`Failure::File`] with what to do.
pub async fn require(path: &Path, owners: &Owners, deadline: Deadline) -> Result<(), Failure> {
    let (path, owners) = (path.to_owned(), owners.clone());
    let looking = tokio::task::spawn_blocking(move || look(&path, &owners));
    match tokio::time::timeout_at(deadline.at(), looking).await {
        Ok(looked) => looked.map_err(|error| Failure::setting("provider", error.to_string()))?,
        Err(_) => Err(Failure::setting("provider", "its program could not be looked at in time")),
    }
}

/// Each folder of the way, and the file at its end.
fn look(path: &Path, owners: &Owners) -> Result<(), Failure> {
    let file = |path: &Path, why: String| Failure::File { path: path.to_owned(), why };
    if !path.is_absolute() || path.components().any(|part| part == Component::ParentDir) {
        return Err(file(path, String::from("is no absolute path; write it from / on, without ..")));
    }
    let ways: Vec<&Path> = path.ancestors().collect();
    for way in ways.into_iter().rev() {
        let about = symlink_metadata(way).map_err(|error| file(way, format!("cannot be looked at ({error})")))?;
        let is_last = way == path;
        if about.is_symlink() {
            return Err(file(way, String::from("is a symbolic link; write the path that it leads to")));
        }
        if is_last && !about.is_file() {
            return Err(file(way, String::from("is not a plain file")));
        }
        if is_last { owners.require(way, &about)? } else { owners.require_folder(way, &about)? }
    }
    Ok(())
}
