//! A link as a square to scan, drawn with letters: two rows of modules a line, by half blocks.
//!
//! The light modules are drawn and the dark ones left empty, as terminals are dark. Where the background is light the square comes
//! out inverted, which not every scanner reads: the key in letters always stands below it, and colours would be escape sequences,
//! which no text of ours has. Never says who it is for, and never shortens what it draws: what does not fit is not drawn.

use pam_2fa_protocol::Secret;
use qrcode::{Color, EcLevel, QrCode, Version};

/// What a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letters {
    /// Half blocks (U+2580, U+2584, U+2588) and the rest of UTF-8.
    Unicode,
    /// ASCII: no square can be scanned from it.
    Ascii,
}

/// Modules of light around it, as ISO/IEC 18004 asks.
const QUIET: usize = 4;

/// As few as scanners still take, where four do not fit.
const QUIET_AT_LEAST: usize = 2;

/// Draws `text`, a line of the terminal each. `None` where it does not fit into `columns`, or the terminal has no half blocks.
/// It holds the secret that `text` holds.
#[must_use]
pub fn draw(text: &str, columns: usize, letters: Letters) -> Option<Secret<Vec<String>>> {
    if letters == Letters::Ascii {
        return None;
    }
    let square = Square::of(text)?;
    let quiet = [QUIET, QUIET_AT_LEAST].into_iter().find(|quiet| square.width_with(*quiet) <= columns)?;
    let width = square.width_with(quiet);
    let mut lines = Secret::new(Vec::with_capacity(width));
    for upper in (0..width).step_by(2) {
        // Three bytes a letter: a line that grows would leave a part of the square behind.
        let mut line = String::with_capacity(width.saturating_mul(3));
        for column in 0..width {
            let above = square.is_light(column, upper, quiet);
            // Below the last row there is the terminal's own background.
            let below = upper.saturating_add(1) < width && square.is_light(column, upper.saturating_add(1), quiet);
            line.push(match (above, below) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        lines.expose_mut().push(line);
    }
    Some(lines)
}

struct Square {
    code: QrCode,
}

impl Square {
    /// The smallest, with what error correction fits into that size: M rather than L. On a screen nothing is torn or stained, and
    /// a smaller square is read from farther away and needs fewer lines.
    fn of(text: &str) -> Option<Self> {
        let smallest = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
        let Version::Normal(_) = smallest.version() else { return None };
        let code = QrCode::with_version(text, smallest.version(), EcLevel::M).unwrap_or(smallest);
        Some(Self { code })
    }

    fn width_with(&self, quiet: usize) -> usize {
        self.code.width().saturating_add(quiet.saturating_mul(2))
    }

    /// The place is counted with the quiet zone.
    fn is_light(&self, column: usize, row: usize, quiet: usize) -> bool {
        let inside = |place: usize| place.checked_sub(quiet).filter(|place| *place < self.code.width());
        match (inside(column), inside(row)) {
            // Both are below its width, so the index is inside.
            (Some(column), Some(row)) => self.code[(column, row)] == Color::Light,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests;
