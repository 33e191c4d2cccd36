//! What stands over the page: where, how far it is scrolled, what a click there does. What it says is `content`'s.

use super::super::theme::Theme;
use super::super::window::Window;
use super::content::content;
use super::text::{cut, places};
use pam_2fa_settings::text::printable;
use ratatui::Frame;
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

/// Lines with their styles, under a title.
pub(super) struct Box {
    pub(super) title: String,
    pub(super) lines: Vec<(String, Style)>,
    /// The line and place of the cursor.
    pub(super) cursor: Option<(usize, usize)>,
    /// Keys, at its foot.
    pub(super) foot: String,
}

impl Box {
    /// Where it stands: in the middle.
    fn place(&self, area: Rect) -> Rect {
        let widest = self.lines.iter().map(|(line, _)| places(line)).max().unwrap_or_default();
        let wanted = widest.max(places(&self.title)).max(places(&self.foot)).saturating_add(4).max(40);
        let width = wanted.min(area.width.saturating_sub(4));
        let rows = u16::try_from(self.lines.len()).unwrap_or(u16::MAX);
        let height = rows.saturating_add(2).min(area.height.saturating_sub(2)).max(3);
        Rect {
            x: area.x.saturating_add(area.width.saturating_sub(width).div_ceil(2)),
            y: area.y.saturating_add(area.height.saturating_sub(height).div_ceil(2)),
            width,
            height,
        }
    }
}

/// Draws what stands over the page; how many of its lines are above what is seen is no more than there are.
pub(super) fn draw(window: &mut Window, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    if window.form.pick.is_some() {
        show((&providers(window, theme), 0), theme, frame, area);
    }
    if let Some(content) = content(window, theme, area) {
        let fit = usize::from(content.place(area).height).saturating_sub(2);
        window.above = window.above.min(content.lines.len().saturating_sub(fit));
        show((&content, window.above), theme, frame, area);
    }
}

/// What a click there does.
pub(super) enum Clicked {
    /// What the key would do.
    Key(KeyCode),
    /// The row of the list of providers.
    Provider(usize),
    Nothing,
}

/// What stands over the page at that place; none where nothing stands over the page.
pub(super) fn hit(window: &Window, theme: Theme, area: Rect, at: Position) -> Option<Clicked> {
    let list = window.form.pick.is_some().then(|| providers(window, theme));
    let content = content(window, theme, area).or(list)?;
    let place = content.place(area);
    if at.y == place.y.saturating_add(place.height).saturating_sub(1) {
        return Some(key_of(&content.foot, at.x.checked_sub(place.x.saturating_add(2))));
    }
    let row = at.y.checked_sub(place.y.saturating_add(2)).map(usize::from);
    let is_in = place.contains(at) && window.popup.is_none();
    Some(match (row, &window.form.pick) {
        (Some(row), Some(pick)) if is_in && row < SEEN && row.saturating_add(1) < content.lines.len() => {
            let all = window.form.choosable(pick.filter.value()).len();
            Clicked::Provider(first_seen(pick.at, all).saturating_add(row))
        }
        _ => Clicked::Nothing,
    })
}

/// The key that stands there in `s: save   Esc: back`.
fn key_of(foot: &str, at: Option<u16>) -> Clicked {
    let (mut x, Some(at)) = (0_u16, at) else { return Clicked::Nothing };
    for part in foot.split("   ") {
        let width = places(part);
        if (x..x.saturating_add(width)).contains(&at) {
            let name = part.split(':').next().unwrap_or_default();
            return match (name, name.chars().next()) {
                ("Enter", _) => Clicked::Key(KeyCode::Enter),
                ("Esc", _) => Clicked::Key(KeyCode::Esc),
                (_, Some(letter)) if name.chars().count() == 1 => Clicked::Key(KeyCode::Char(letter)),
                _ => Clicked::Nothing,
            };
        }
        x = x.saturating_add(width).saturating_add(3);
    }
    Clicked::Nothing
}

fn show((content, above): (&Box, usize), theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let place = content.place(area);
    frame.render_widget(Clear, place);
    let block = Block::bordered()
        .title(format!(" {} ", content.title))
        .title_style(theme.heading())
        .title_bottom(format!(" {} ", content.foot));
    let inner = block.inner(place);
    frame.render_widget(block, place);
    let room = usize::from(inner.width).saturating_sub(2);
    let shown =
        content.lines.iter().skip(above).map(|(line, style)| Line::styled(format!(" {}", cut(line, room)), *style));
    frame.render_widget(Paragraph::new(shown.collect::<Vec<_>>()), inner);
    let is_more = above.saturating_add(usize::from(inner.height)) < content.lines.len();
    let x = place.x.saturating_add(place.width).saturating_sub(1);
    for (is_there, sign, y) in
        [(above > 0, "↑", inner.y), (is_more, "↓", inner.y.saturating_add(inner.height).saturating_sub(1))]
    {
        if is_there {
            frame.render_widget(Span::styled(sign, theme.mind()), Rect { x, y, width: 1, height: 1 });
        }
    }
    if let Some((line, at)) = content.cursor {
        let (x, y) =
            (u16::try_from(at).unwrap_or(u16::MAX), u16::try_from(line.saturating_sub(above)).unwrap_or(u16::MAX));
        let x = x.saturating_add(1).min(inner.width.saturating_sub(1));
        frame.set_cursor_position(Position {
            x: inner.x.saturating_add(x),
            y: inner.y.saturating_add(y.min(inner.height.saturating_sub(1))),
        });
    }
}

/// Of the list of providers, as many as a small screen has room for are seen.
const SEEN: usize = 14;

/// The first of them that is seen, the chosen one among them.
fn first_seen(at: usize, all: usize) -> usize {
    at.saturating_sub(SEEN / 2).min(all.saturating_sub(SEEN))
}

fn providers(window: &Window, theme: Theme) -> Box {
    let words = &window.words;
    let foot = words.say("keys-list");
    let Some(pick) = &window.form.pick else {
        return Box { title: String::new(), lines: Vec::new(), cursor: None, foot };
    };
    let mut lines = vec![(format!("{} {}", words.say("list-filter"), pick.filter.value()), theme.value())];
    let all = window.form.choosable(pick.filter.value());
    for (at, one) in all.iter().enumerate().skip(first_seen(pick.at, all.len())).take(SEEN) {
        let name = match one {
            None => words.say("choice-no-provider"),
            Some(one) if one.from == "shipped" => printable(&one.provider.name).into_owned(),
            Some(one) => {
                format!("{} ({})", printable(&one.provider.name), words.say(&format!("provider-{}", one.from)))
            }
        };
        let (sign, style) = if at == pick.at { (">", theme.focus()) } else { (" ", theme.label()) };
        lines.push((format!("{sign} {}", cut(&name, 60)), style));
    }
    if all.is_empty() {
        lines.push((words.say("list-nothing"), theme.faint()));
    }
    let below = all.len().saturating_sub(first_seen(pick.at, all.len()).saturating_add(SEEN));
    if below > 0 {
        lines.push((words.with("list-more", &[("count", &below.to_string())]), theme.faint()));
    }
    let cursor =
        usize::from(places(&words.say("list-filter"))).saturating_add(1).saturating_add(pick.filter.visual_cursor());
    Box { title: words.say("field-sms-provider"), lines, cursor: Some((0, cursor)), foot }
}
