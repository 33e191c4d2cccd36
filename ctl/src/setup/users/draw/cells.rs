//! Parts of an area, and lines in it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

/// Lines from the top of an area down; those that do not fit are left out.
pub(super) fn lines<'line>(buffer: &mut Buffer, area: Rect, lines: impl IntoIterator<Item = Line<'line>>) {
    for (row, line) in area.rows().zip(lines) {
        line.render(row.intersection(buffer.area), buffer);
    }
}

/// An area without its first rows.
pub(super) fn below(area: Rect, rows: usize) -> Rect {
    let rows = u16::try_from(rows).unwrap_or(u16::MAX).min(area.height);
    Rect { y: area.y.saturating_add(rows), height: area.height.saturating_sub(rows), ..area }
}

/// The first rows of an area.
pub(super) fn first(area: Rect, rows: usize) -> Rect {
    Rect { height: u16::try_from(rows).unwrap_or(u16::MAX).min(area.height), ..area }
}
