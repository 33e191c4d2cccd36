//! What stands over the page: questions, lists, a test as it happens, what was saved.

use super::super::theme::Theme;
use super::super::window::{Popup, Window};
use super::super::words::Words;
use super::{columns, cut, wrapped};
use pam_2fa_protocol::admin::Channel;
use pam_2fa_settings::text::printable;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph};

/// Lines with their styles, under a title.
struct Box<'a> {
    title: String,
    lines: Vec<(String, Style)>,
    /// The line and place of the cursor.
    cursor: Option<(usize, usize)>,
    /// Lines that are scrolled past.
    above: usize,
    /// Keys, at its foot.
    keys: &'a str,
}

pub(super) fn draw(window: &Window, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    if window.form.pick.is_some() {
        show(&providers(window, theme), theme, frame, area, window);
    }
    if let Some(popup) = &window.popup {
        let width = usize::from(area.width).saturating_sub(10).min(100);
        show(&content(window, theme, popup, width), theme, frame, area, window);
    }
}

fn show(content: &Box<'_>, theme: Theme, frame: &mut Frame<'_>, area: Rect, window: &Window) {
    let widest = content.lines.iter().map(|(line, _)| columns(line)).max().unwrap_or_default();
    let foot = window.words.say(content.keys);
    let width = widest
        .max(columns(&content.title))
        .max(columns(&foot))
        .saturating_add(4)
        .min(area.width.saturating_sub(4))
        .max(40);
    let rows = u16::try_from(content.lines.len()).unwrap_or(u16::MAX);
    let height = rows.saturating_add(2).min(area.height.saturating_sub(2)).max(3);
    let place = Rect {
        x: area.x.saturating_add(area.width.saturating_sub(width).div_ceil(2)),
        y: area.y.saturating_add(area.height.saturating_sub(height).div_ceil(2)),
        width,
        height,
    };
    frame.render_widget(Clear, place);
    let block = Block::bordered()
        .title(format!(" {} ", content.title))
        .title_style(theme.heading())
        .title_bottom(format!(" {foot} "));
    let inner = block.inner(place);
    frame.render_widget(block, place);
    let room = usize::from(inner.width).saturating_sub(2);
    let shown = content
        .lines
        .iter()
        .skip(content.above)
        .map(|(line, style)| Line::styled(format!(" {}", cut(line, room)), *style));
    frame.render_widget(Paragraph::new(shown.collect::<Vec<_>>()), inner);
    if let Some((line, at)) = content.cursor {
        let (x, y) = (
            u16::try_from(at).unwrap_or(u16::MAX),
            u16::try_from(line.saturating_sub(content.above)).unwrap_or(u16::MAX),
        );
        let x = x.saturating_add(1).min(inner.width.saturating_sub(1));
        frame.set_cursor_position(Position {
            x: inner.x.saturating_add(x),
            y: inner.y.saturating_add(y.min(inner.height.saturating_sub(1))),
        });
    }
}

fn plain(text: &str, width: usize, style: Style) -> Vec<(String, Style)> {
    wrapped(text, width).into_iter().map(|line| (line, style)).collect()
}

fn providers<'a>(window: &Window, theme: Theme) -> Box<'a> {
    let words = &window.words;
    let Some(pick) = &window.form.pick else {
        return Box { title: String::new(), lines: Vec::new(), cursor: None, above: 0, keys: "keys-list" };
    };
    let mut lines = vec![(format!("{} {}", words.say("list-filter"), pick.filter.value()), theme.value())];
    let all = window.form.choosable(pick.filter.value());
    // As many as a small screen has room for, the chosen one among them.
    let most = 14;
    let above = pick.at.saturating_sub(most / 2).min(all.len().saturating_sub(most));
    for (at, one) in all.iter().enumerate().skip(above).take(most) {
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
    let cursor =
        usize::from(columns(&words.say("list-filter"))).saturating_add(1).saturating_add(pick.filter.visual_cursor());
    Box { title: words.say("field-sms-provider"), lines, cursor: Some((0, cursor)), above: 0, keys: "keys-list" }
}

fn content<'a>(window: &Window, theme: Theme, popup: &'a Popup, width: usize) -> Box<'a> {
    let words = &window.words;
    let simple = |title: &str, lines, keys| Box { title: words.say(title), lines, cursor: None, above: 0, keys };
    match popup {
        Popup::Help => {
            let lines = words.say("help-keys").lines().map(|line| (line.to_owned(), theme.label())).collect();
            simple("title-help", lines, "keys-any")
        }
        Popup::Unsaved => {
            simple("title-unsaved", plain(&words.say("ask-unsaved"), width, theme.label()), "keys-unsaved")
        }
        Popup::To { channel, input, why } => {
            let (title, ask) = match channel {
                Channel::Email => ("field-test-email", "ask-address"),
                Channel::Sms => ("field-test-sms", "ask-number"),
            };
            let mut lines = plain(&words.say(ask), width, theme.label());
            let cursor = Some((lines.len(), input.visual_cursor()));
            lines.push((format!("{:<40}", input.value()), theme.focus()));
            lines.extend(why.iter().flat_map(|why| plain(&format!("! {why}"), width, theme.wrong())));
            Box { title: words.say(title), lines, cursor, above: 0, keys: "keys-send" }
        }
        Popup::Talk { channel, to, steps, ended, above } => {
            talk(words, theme, (*channel, to), (steps, ended.as_ref()), (*above, width))
        }
        Popup::Untested { input, has_way } => {
            let typed = words.say("untested-words");
            let mut lines = plain(
                &words.with(if *has_way { "ask-untested" } else { "ask-no-way" }, &[("words", &typed)]),
                width,
                theme.mind(),
            );
            let cursor = Some((lines.len(), input.visual_cursor()));
            lines.push((format!("{:<40}", input.value()), theme.focus()));
            Box { title: words.say("title-untested"), lines, cursor, above: 0, keys: "keys-untested" }
        }
        Popup::Conflict { keys } => {
            let mut lines = plain(&words.say("ask-conflict"), width, theme.label());
            for (key, ours, theirs) in keys {
                let values = [("key", key.as_str()), ("ours", ours), ("theirs", theirs)];
                lines.extend(plain(&words.with("conflict-line", &values), width, theme.mind()));
            }
            simple("title-conflict", lines, "keys-conflict")
        }
        Popup::Diff { lines, above } => {
            let style = |line: &str| match line.as_bytes().first() {
                Some(b'+') => theme.well(),
                Some(b'-') => theme.wrong(),
                _ => theme.faint(),
            };
            let lines =
                lines.iter().map(|line| (printable(&line.replace('\t', "    ")).into_owned(), style(line))).collect();
            Box { title: words.say("title-diff"), lines, cursor: None, above: *above, keys: "keys-any" }
        }
    }
}

/// A test: each step, then how it ended.
fn talk<'a>(
    words: &Words,
    theme: Theme,
    (channel, to): (Channel, &str),
    (steps, ended): (&[String], Option<&Result<String, String>>),
    (above, width): (usize, usize),
) -> Box<'a> {
    let title = match channel {
        Channel::Email => "field-test-email",
        Channel::Sms => "field-test-sms",
    };
    let mut lines: Vec<(String, Style)> = steps.iter().flat_map(|step| plain(step, width, theme.label())).collect();
    match ended {
        None => lines.push((words.say("talk-goes-on"), theme.faint())),
        Some(Ok(said)) => {
            lines.extend(plain(&words.with("talk-accepted", &[("said", said), ("to", to)]), width, theme.well()));
        }
        Some(Err(why)) => lines.extend(plain(&words.with("talk-failed", &[("why", why)]), width, theme.wrong())),
    }
    let keys = if ended.is_some() { "keys-any" } else { "keys-talk" };
    Box { title: words.say(title), lines, cursor: None, above, keys }
}
