//! A page of fields: a heading, then a line for each; beside it what is wrong. What does not fit is scrolled to.

use super::super::fields::{Field, Kind, Press};
use super::super::theme::Theme;
use super::super::window::Window;
use super::Hit;
use super::field::{self, button};
use super::text::places;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

/// The least places for the name of a field, and the mark before it.
const NAMES: u16 = 32;
/// From so many columns on, two stand side by side.
const TWO: u16 = 120;

/// A line of the page.
enum Row<'a> {
    Heading(&'static str),
    Field(usize, &'a Field),
    /// Buttons, side by side.
    Buttons(Vec<(usize, &'a Field)>),
    Blank,
}

/// A column: its lines where they stand, and whether there is more above and below.
struct Column<'a> {
    rows: Vec<(Row<'a>, Rect)>,
    /// Places for names here.
    names: u16,
    area: Rect,
    has_above: bool,
    has_below: bool,
}

fn columns_of<'a>(window: &'a Window, area: Rect) -> Vec<Column<'a>> {
    let sections = sections(&window.form.fields);
    if area.width < TWO {
        return vec![column(window, sections.into_iter().flatten().collect(), area)];
    }
    let half = area.width.checked_div(2).unwrap_or(area.width);
    let (left, right) = split(sections);
    let other = Rect { x: area.x.saturating_add(half), width: area.width.saturating_sub(half), ..area };
    vec![column(window, left, Rect { width: half, ..area }), column(window, right, other)]
}

fn column<'a>(window: &Window, rows: Vec<Row<'a>>, area: Rect) -> Column<'a> {
    let height = usize::from(area.height);
    let at = rows.iter().position(|row| has(row, window.form.at)).unwrap_or_default();
    let last = rows.len().saturating_sub(height);
    // The focus in the middle, where there is more than fits.
    let above = at.saturating_sub(height.checked_div(2).unwrap_or_default()).min(last);
    let places = (area.y..area.y.saturating_add(area.height)).map(|y| Rect { y, height: 1, ..area });
    Column {
        names: names(window, &rows, area.width),
        rows: rows.into_iter().skip(above).zip(places).collect(),
        area,
        has_above: above > 0,
        has_below: above < last,
    }
}

pub(super) fn draw(window: &Window, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    for column in columns_of(window, area) {
        for (row, place) in &column.rows {
            draw_row(window, theme, frame, (row, column.names), *place);
        }
        let Rect { x, y, width, height } = column.area;
        let x = x.saturating_add(width.saturating_sub(2));
        for (is_more, sign, y) in
            [(column.has_above, "↑", y), (column.has_below, "↓", y.saturating_add(height).saturating_sub(1))]
        {
            if is_more {
                frame.render_widget(Span::styled(sign, theme.mind()), Rect { x, y, width: 1, height: 1 });
            }
        }
    }
}

/// The field that stands there.
pub(super) fn hit(window: &Window, area: Rect, at: Position) -> Option<Hit> {
    let columns = columns_of(window, area);
    let (row, place) = columns.iter().flat_map(|column| &column.rows).find(|(_, place)| place.contains(at))?;
    match row {
        Row::Field(nth, field) => {
            let from_right = place.x.saturating_add(place.width).saturating_sub(at.x);
            let eye = field::eye(window, field).map_or(0, |eye| places(&eye).saturating_add(3));
            Some(if (4..=eye).contains(&from_right) { Hit::Eye(*nth) } else { Hit::Field(*nth) })
        }
        Row::Buttons(buttons) => {
            let mut x = place.x.saturating_add(3);
            buttons.iter().find_map(|(field, button)| {
                let width = columns_taken(window, button);
                let is_it = (x..x.saturating_add(width)).contains(&at.x);
                x = x.saturating_add(width).saturating_add(3);
                is_it.then_some(Hit::Field(*field))
            })
        }
        Row::Heading(_) | Row::Blank => None,
    }
}

/// Of a button with its brackets.
fn columns_taken(window: &Window, field: &Field) -> u16 {
    places(&window.said(&field.label)).saturating_add(4)
}

/// Headings with what stands under them.
fn sections(fields: &[Field]) -> Vec<Vec<Row<'_>>> {
    let mut all: Vec<(&'static str, Vec<Row<'_>>)> = Vec::new();
    for (at, field) in fields.iter().enumerate() {
        if all.last().is_none_or(|(section, _)| *section != field.section) {
            let heading = if field.section == "section-end" { Row::Blank } else { Row::Heading(field.section) };
            all.push((field.section, vec![heading]));
        }
        let Some((_, rows)) = all.last_mut() else { continue };
        let is_end = matches!(field.kind, Kind::Press(Press::Save | Press::Exit));
        match rows.last_mut() {
            Some(Row::Buttons(buttons)) if is_end => buttons.push((at, field)),
            _ if is_end => rows.push(Row::Buttons(vec![(at, field)])),
            _ => rows.push(Row::Field(at, field)),
        }
    }
    all.into_iter().map(|(_, rows)| rows).collect()
}

/// In two columns of about the same length.
fn split(sections: Vec<Vec<Row<'_>>>) -> (Vec<Row<'_>>, Vec<Row<'_>>) {
    let half = sections.iter().map(Vec::len).sum::<usize>().div_ceil(2);
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for section in sections {
        let fits = right.is_empty() && left.len().saturating_add(section.len()) <= half.saturating_add(3);
        if fits { left.extend(section) } else { right.extend(section) }
    }
    (left, right)
}

fn has(row: &Row<'_>, at: usize) -> bool {
    match row {
        Row::Field(own, _) => *own == at,
        Row::Buttons(buttons) => buttons.iter().any(|(own, _)| *own == at),
        Row::Heading(_) | Row::Blank => false,
    }
}

/// As many as the longest name takes, and no more than half.
fn names(window: &Window, rows: &[Row<'_>], width: u16) -> u16 {
    let wide = |row: &Row<'_>| match row {
        Row::Field(_, field) => places(&window.said(&field.label)).saturating_add(4),
        Row::Heading(_) | Row::Buttons(_) | Row::Blank => 0,
    };
    let longest = rows.iter().map(wide).max().unwrap_or_default();
    // What stands beside it has the larger part.
    longest.max(NAMES).min(width.saturating_mul(9).checked_div(20).unwrap_or(NAMES).max(NAMES))
}

fn draw_row(window: &Window, theme: Theme, frame: &mut Frame<'_>, (row, names): (&Row<'_>, u16), area: Rect) {
    match row {
        Row::Blank => {}
        Row::Heading(id) => {
            let text = format!(" {} ", window.words.say(id));
            let more = backups(window, id).map(|more| format!(" {more} ")).unwrap_or_default();
            let taken = places(&text).saturating_add(places(&more)).saturating_add(3);
            let rest = usize::from(area.width.saturating_sub(taken));
            let line = vec![
                Span::styled(text, theme.heading()),
                Span::styled("─".repeat(rest), theme.rule()),
                Span::styled(more, theme.mind()),
            ];
            frame.render_widget(Line::from(line), area);
        }
        Row::Buttons(buttons) => {
            let mut spans = vec![Span::raw("   ")];
            for (at, field) in buttons {
                spans.push(button(window, theme, *at, field));
                spans.push(Span::raw("   "));
            }
            frame.render_widget(Line::from(spans), area);
        }
        Row::Field(at, field) => field::draw(window, theme, frame, (*at, field, names), area),
    }
}

/// What it is for; of one whose name does not fit beside it, the whole name first.
pub(super) fn help(window: &Window, field: &Field) -> String {
    let (name, help) = (window.said(&field.label), window.said(&field.help));
    if usize::from(places(&name)) > usize::from(NAMES).saturating_sub(4) { format!("{name}: {help}") } else { help }
}

/// Servers and providers of a section that stand in for the first, which have no fields here.
fn backups(window: &Window, section: &str) -> Option<String> {
    let way = match section {
        "section-email" => "email",
        "section-sms" => "sms",
        _ => return None,
    };
    let count = window.draft.backups(way);
    (count > 0).then(|| window.words.with("heading-backups", &[("count", &count.to_string())]))
}
