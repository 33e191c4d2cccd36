//! What can go wrong inside a transaction, before it is put into the caller's words, and which of it ends the handle.
//!
//! Never logs: the caller gets the error, and one of the two says it.

use crate::store::StoreError;
use rusqlite::ErrorCode;

/// A step of an operation did not work.
#[derive(Debug)]
pub(super) enum Failed {
    /// SQLite said no.
    Engine(rusqlite::Error),
    /// A row holds what we never wrote.
    Damaged(String),
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        if is_misfit(&error) { Self::Damaged(error.to_string()) } else { Self::Engine(error) }
    }
}

/// The value of a column does not fit the type that we wrote there.
fn is_misfit(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..)
    )
}

impl Failed {
    /// In the caller's words.
    pub(super) fn told(&self, what: &'static str) -> StoreError {
        match self {
            Self::Engine(_) if self.is_for_want_of_space() => StoreError::NoSpace { what },
            Self::Engine(error) => StoreError::Engine { what, why: error.to_string() },
            Self::Damaged(why) => StoreError::Damaged(why.clone()),
        }
    }

    /// Whether there was no space on the disk.
    pub(super) fn is_for_want_of_space(&self) -> bool {
        matches!(self, Self::Engine(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull))
    }

    /// Whether nothing more may be written through this handle. After a failed write or fsync the kernel may have dropped what
    /// it could not write and report success the next time, so trying again would acknowledge what is not on disk. A full disk
    /// is told before anything is lost, and a busy one not at all: these may be tried again.
    pub(super) fn is_fatal(&self) -> bool {
        match self {
            Self::Engine(error) => match error.sqlite_error_code() {
                Some(ErrorCode::SystemIoFailure) => {
                    error.sqlite_extended_error_code() != Some(rusqlite::ffi::SQLITE_IOERR_NOMEM)
                }
                Some(code) => matches!(code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase),
                None => false,
            },
            Self::Damaged(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    fn engine(extended: i32) -> Failed {
        Failed::from(rusqlite::Error::SqliteFailure(ffi::Error::new(extended), None))
    }

    #[test]
    fn an_io_error_or_corruption_ends_the_handle_and_a_full_or_busy_disk_does_not() {
        for fatal in [
            ffi::SQLITE_IOERR_FSYNC,
            ffi::SQLITE_IOERR_WRITE,
            ffi::SQLITE_IOERR_READ,
            ffi::SQLITE_CORRUPT,
            ffi::SQLITE_NOTADB,
        ] {
            assert!(engine(fatal).is_fatal(), "{fatal}");
        }
        for passing in [ffi::SQLITE_FULL, ffi::SQLITE_BUSY, ffi::SQLITE_NOMEM, ffi::SQLITE_IOERR_NOMEM] {
            assert!(!engine(passing).is_fatal(), "{passing}");
        }
    }
}
