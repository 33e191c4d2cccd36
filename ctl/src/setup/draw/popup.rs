//! What stands over the page: questions, lists, a test as it happens, what was saved.

use super::super::asked::{Popup, Trial};
use super::super::theme::Theme;
use super::super::window::Window;
use super::super::words::Words;
use super::{columns, cut, wrapped};
use pam_2fa_protocol::admin::Channel;
use pam_2fa_settings::Said;
use pam_2fa_settings::text::printable;
use ratatui::Frame;
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

/// Lines with their styles, under a title.
struct Box {
    title: String,
    lines: Vec<(String, Style)>,
    /// The line and place of the cursor.
    cursor: Option<(usize, usize)>,
    /// Keys, at its foot.
    foot: String,
}

impl Box {
    /// Where it stands: in the middle.
    fn place(&self, area: Rect) -> Rect {
        let widest = self.lines.iter().map(|(line, _)| columns(line)).max().unwrap_or_default();
        let wanted = widest.max(columns(&self.title)).max(columns(&self.foot)).saturating_add(4).max(40);
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
        (Some(row), Some(pick)) if is_in && row.saturating_add(2) < content.lines.len().saturating_add(1) => {
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
        let width = columns(part);
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

/// At the edge, with the blanks that a change has.
fn plain_broken(line: &str, width: usize) -> Vec<String> {
    let characters: Vec<char> = line.chars().collect();
    characters.chunks(width.max(1)).map(|part| part.iter().collect()).collect()
}

fn plain(text: &str, width: usize, style: Style) -> Vec<(String, Style)> {
    wrapped(text, width).into_iter().map(|line| (line, style)).collect()
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
    let cursor =
        usize::from(columns(&words.say("list-filter"))).saturating_add(1).saturating_add(pick.filter.visual_cursor());
    Box { title: words.say("field-sms-provider"), lines, cursor: Some((0, cursor)), foot }
}

fn content(window: &Window, theme: Theme, area: Rect) -> Option<Box> {
    let words = &window.words;
    let width = usize::from(area.width).saturating_sub(10).min(100);
    let simple =
        |title: &str, lines, keys: &str| Box { title: words.say(title), lines, cursor: None, foot: words.say(keys) };
    Some(match window.popup.as_ref()? {
        Popup::Help => simple("title-help", help(window, theme, width), "keys-any"),
        Popup::Problems => simple("title-problems", problems(window, theme, width), "keys-any"),
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
            Box { cursor, ..simple(title, lines, "keys-send") }
        }
        Popup::Talk(channel) => talk(words, theme, window.trial(*channel)?, width),
        Popup::Untested { input, has_way, .. } => {
            let typed = words.say("untested-words");
            let mut lines = plain(
                &words.with(if *has_way { "ask-untested" } else { "ask-no-way" }, &[("words", &typed)]),
                width,
                theme.weighty(),
            );
            let cursor = Some((lines.len(), input.visual_cursor()));
            lines.push((format!("{:<40}", input.value()), theme.focus()));
            Box { cursor, ..simple("title-untested", lines, "keys-untested") }
        }
        Popup::Conflict { conflicts, .. } => {
            let mut lines = plain(&words.say("ask-conflict"), width, theme.label());
            let word = |said: &Option<Said>| said.as_ref().map_or_else(|| String::from("-"), ToString::to_string);
            for conflict in conflicts {
                let (ours, theirs) = (word(&conflict.ours), word(&conflict.theirs));
                let values = [("key", conflict.key.as_str()), ("ours", &ours), ("theirs", &theirs)];
                lines.extend(plain(&words.with("conflict-line", &values), width, theme.weighty()));
            }
            simple("title-conflict", lines, "keys-conflict")
        }
        Popup::Weaker { was, is, .. } => {
            let word = |word: &str| words.say(&format!("choice-policy-required-{word}"));
            let (was, is) = (word(was), word(is));
            let said = words.with("ask-weaker", &[("was", &was), ("is", &is)]);
            simple("title-weaker", plain(&said, width, theme.weighty()), "keys-weaker")
        }
        Popup::Diff { said, diff, exits } => {
            let style = |line: &str| match line.as_bytes().first() {
                Some(b'+') => theme.well(),
                Some(b'-') => theme.wrong(),
                _ => theme.faint(),
            };
            let mut lines: Vec<_> =
                said.iter().flat_map(|line| plain(&printable(line), width, theme.weighty())).collect();
            for line in diff {
                let whole = printable(&line.replace('\t', "    ")).into_owned();
                lines.extend(plain_broken(&whole, width).into_iter().map(|part| (part, style(line))));
            }
            simple("title-diff", lines, if *exits { "keys-exit" } else { "keys-any" })
        }
    })
}

/// What the field is for, whole; then the keys.
fn help(window: &Window, theme: Theme, width: usize) -> Vec<(String, Style)> {
    let mut lines = Vec::new();
    if let Some(field) = window.form.focused() {
        lines.extend(plain(&window.said(&field.label), width, theme.heading()));
        lines.extend(plain(&window.said(&field.help), width, theme.label()));
        lines.push((String::new(), theme.label()));
    }
    lines.extend(window.words.say("help-keys").lines().map(|line| (line.to_owned(), theme.label())));
    lines
}

/// What is unhealthy, and what to do.
fn problems(window: &Window, theme: Theme, width: usize) -> Vec<(String, Style)> {
    let words = &window.words;
    match &window.health {
        None => plain(&words.say("health-asking"), width, theme.faint()),
        Some(Ok(none)) if none.is_empty() => plain(&words.say("problems-none"), width, theme.well()),
        Some(Ok(problems)) => {
            let mut lines: Vec<_> =
                problems.iter().flat_map(|one| plain(&format!("! {}", printable(one)), width, theme.wrong())).collect();
            lines.extend(plain(&words.say("problems-more"), width, theme.label()));
            lines
        }
        Some(Err(why)) => {
            let mut lines = plain(&format!("! {}", printable(why)), width, theme.wrong());
            lines.extend(plain(&words.say("problems-lost"), width, theme.label()));
            lines
        }
    }
}

/// A test: each step, then how it ended.
fn talk(words: &Words, theme: Theme, trial: &Trial, width: usize) -> Box {
    let Trial { channel, to, steps, ended, .. } = trial;
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
    let keys = if ended.is_some() { "keys-talked" } else { "keys-talk" };
    Box { title: words.say(title), lines, cursor: None, foot: words.say(keys) }
}
