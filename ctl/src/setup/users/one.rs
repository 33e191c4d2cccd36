//! One user: the record, its devices, and which of these is under the cursor.

use crate::setup::draw::text::first_row;
use pam_2fa_protocol::admin::{Device, User};

#[derive(Debug)]
pub(super) struct One {
    pub(super) user: User,
    /// None yet where they were not told.
    devices: Option<Vec<Device>>,
    cursor: usize,
    /// The device under the cursor was not among those that were read last: none is under it, until it is moved.
    is_lost: bool,
    top: usize,
    /// The first line of the record on the screen, where not all of it fits.
    from_line: usize,
}

impl One {
    pub(super) fn new(user: User) -> Self {
        Self { user, devices: None, cursor: 0, is_lost: false, top: 0, from_line: 0 }
    }

    /// As it is now. The cursor stays on its device.
    pub(super) fn set(&mut self, user: User, devices: Vec<Device>) {
        let under = self.device().map(|device| device.id.clone());
        let again = under.as_ref().and_then(|id| devices.iter().position(|device| device.id == *id));
        let is_lost = again.is_none() && (self.is_lost || under.is_some());
        self.user = user;
        self.devices = Some(devices);
        self.go_to(again.unwrap_or(self.cursor));
        self.is_lost = is_lost;
    }

    pub(super) fn devices(&self) -> Option<&[Device]> {
        self.devices.as_deref()
    }

    /// The one under the cursor.
    pub(super) fn device(&self) -> Option<&Device> {
        self.devices.as_ref().and_then(|devices| devices.get(self.cursor)).filter(|_| !self.is_lost)
    }

    pub(super) fn go_to(&mut self, place: usize) {
        let all = self.devices.as_ref().map_or(0, Vec::len);
        self.cursor = place.min(all.saturating_sub(1));
        self.is_lost = false;
    }

    pub(super) fn go_by(&mut self, rows: isize) {
        let rows = if self.is_lost { 0 } else { rows };
        self.go_to(self.cursor.saturating_add_signed(rows));
    }

    /// To a device, where it is still there.
    pub(super) fn go_to_device(&mut self, id: &str) {
        let place = self.devices.as_ref().and_then(|devices| devices.iter().position(|device| device.id == id));
        place.into_iter().for_each(|place| self.go_to(place));
    }

    pub(super) fn is_under(&self, device: &Device) -> bool {
        self.device().is_some_and(|under| under.id == device.id)
    }

    /// The first device that is seen, where so many fit.
    pub(super) fn scroll(&mut self, fit: usize) -> usize {
        let all = self.devices.as_ref().map_or(0, Vec::len);
        self.top = first_row(self.top, self.cursor, fit, all);
        self.top
    }

    /// Turns over the record.
    pub(super) fn turn_by(&mut self, lines: isize) {
        self.from_line = self.from_line.saturating_add_signed(lines);
    }

    /// The first line of the record, where `fit` of `all` fit.
    pub(super) fn turn(&mut self, fit: usize, all: usize) -> usize {
        self.from_line = self.from_line.min(all.saturating_sub(fit));
        self.from_line
    }
}
