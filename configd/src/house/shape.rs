//! The shape that store, key and clock of an open house are in, for `status`.

use super::House;
use crate::clock::{LEAP_S, SystemClock, rfc3339};
use nix::sys::statvfs::statvfs;
use pam_2fa_protocol::admin::{ClockHealth, KeyHealth, StoreHealth};

/// Of SQLite: the database, and its log and index beside it.
const FILES: [&str; 3] = ["state.db", "state.db-wal", "state.db-shm"];

impl House {
    /// The store's files. None where the folder cannot be looked at, which the store itself says.
    #[must_use]
    pub fn store_health(&self) -> Option<StoreHealth> {
        let folder = &self.places.state_dir;
        let size = |name| std::fs::metadata(folder.join(name)).map_or(0, |about| about.len());
        let disk = statvfs(folder).ok()?;
        // What is kept for root is not ours.
        let free = disk.blocks_available().saturating_mul(disk.fragment_size());
        Some(StoreHealth {
            size: i64::try_from(FILES.into_iter().map(size).sum::<u64>()).unwrap_or(i64::MAX),
            free: i64::try_from(free).unwrap_or(i64::MAX),
            whole_at: self.opened_at.clone(),
        })
    }

    /// The key's place.
    #[must_use]
    pub fn key_health(&self) -> KeyHealth {
        KeyHealth { place: self.key_place, path: Some(self.key_path.display().to_string()) }
    }

    /// The clock against its mark.
    #[must_use]
    pub fn clock_health(&self) -> ClockHealth {
        let _looked_at = self.clock.now();
        let (wall_s, mark_s) = (SystemClock::wall_s(), self.clock.mark_s());
        let ahead_s = wall_s.saturating_sub(mark_s);
        ClockHealth {
            wall: rfc3339(wall_s),
            behind_s: self.behind_s(),
            leap_s: if mark_s != 0 && ahead_s > LEAP_S { ahead_s } else { 0 },
        }
    }
}
