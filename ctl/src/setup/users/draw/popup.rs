//! What stands over the page, in a box in its middle.

use super::cells::lines;
use super::list::{CURSOR, NO_CURSOR, field};
use super::{keys_in_lines, popup_keys};
use crate::setup::draw::text::{CUT, cell, cut, wrapped};
use crate::setup::theme::Theme;
use crate::setup::users::mouse::Hit;
use crate::setup::users::popup::{Choice, CodeBox, Edit, Field, Kind, Pick, Stage};
use crate::setup::users::{Users, say};
use crate::setup::words::Words;
use pam_2fa_protocol::admin::{Channel, PassKind, User, Verify};
use pam_2fa_settings::Language;
use ratatui::Frame;
use ratatui::layout::{Constraint, Margin, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear};

/// The widest box, so that its lines read well in a wide window.
const WIDEST: u16 = 68;

/// What stands in a box.
#[derive(Default)]
struct Content {
    title: String,
    lines: Vec<Line<'static>>,
    /// Where a text is typed: line, and place in it.
    cursor: Option<(usize, usize)>,
    /// Lines and places in them that can be clicked.
    hits: Vec<(usize, usize, usize, Hit)>,
}

impl Content {
    fn text(&mut self, text: &str, width: usize, style: Style) {
        self.lines.extend(wrapped(text, width).into_iter().map(|line| Line::styled(line, style)));
    }

    fn gap(&mut self) {
        self.lines.push(Line::default());
    }
}

pub(super) fn draw(users: &mut Users, frame: &mut Frame<'_>, area: Rect, theme: Theme, words: &Words) {
    let Some(popup) = &users.popup else { return };
    let wide = area.width.saturating_sub(2).min(WIDEST);
    let width = usize::from(wide).saturating_sub(4);
    let name = popup.name.as_str();
    let mut content = match &popup.kind {
        Kind::Choice(choice) => of_choice(name, choice, width, theme, words),
        Kind::Edit(edit) => of_edit(name, (edit, users.is_lost), width, theme, words),
        Kind::Code(code) => of_code(name, (code, users.is_lost), width, theme, words),
        Kind::Question(act) => {
            let mut content = Content { title: words.say("users-question"), ..Content::default() };
            content.text(&act.question(name, words), width, theme.value());
            content
        }
        Kind::Invitation(code) => {
            let user = users.one.as_ref().map(|one| &one.user).filter(|user| user.name == name);
            of_invitation(name, code.expose(), user, width, theme, words)
        }
    };
    let keys = popup_keys(&popup.kind, words);
    let last = keys_in_lines(&keys, width, theme);
    // However long a text is, the answers are seen.
    let room = usize::from(area.height).saturating_sub(2).saturating_sub(last.len()).saturating_sub(1);
    if content.lines.len() > room {
        content.lines.truncate(room.saturating_sub(1));
        content.lines.push(Line::raw(CUT.to_string()));
    }
    content.gap();
    if matches!(popup.kind, Kind::Question(_)) {
        content.hits = answers(&keys, content.lines.len());
    }
    content.lines.extend(last);
    let high = u16::try_from(content.lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let place = area.centered(Constraint::Length(wide), Constraint::Length(high.min(area.height)));
    frame.render_widget(Clear, place);
    let title = Line::styled(format!(" {} ", cut(&content.title, width)), theme.heading());
    frame.render_widget(Block::bordered().title(title), place);
    let inside = place.inner(Margin::new(2, 1));
    lines(frame.buffer_mut(), inside, content.lines);
    let at = |line: usize, place: usize| {
        let (line, place) = (u16::try_from(line).unwrap_or(u16::MAX), u16::try_from(place).unwrap_or(u16::MAX));
        Position::new(inside.x.saturating_add(place), inside.y.saturating_add(line))
    };
    let hits = content.hits.into_iter().map(|(line, from, wide, hit)| {
        let Position { x, y } = at(line, from);
        (Rect::new(x, y, u16::try_from(wide).unwrap_or(u16::MAX), 1).intersection(inside), hit)
    });
    users.seen.hits = hits.collect();
    if let Some((line, place)) = content.cursor {
        frame.set_cursor_position(at(line, place));
    }
}

/// Where the answers of a question stand, as `keys_in_lines` puts them.
fn answers(keys: &[(String, String)], line: usize) -> Vec<(usize, usize, usize, Hit)> {
    let mut from = 0_usize;
    let mut hits = Vec::new();
    for ((key, does), hit) in keys.iter().zip([Hit::Yes, Hit::No]) {
        let wide = Line::raw(format!("{key} {does}")).width();
        hits.push((line, from, wide, hit));
        from = from.saturating_add(wide).saturating_add(3);
    }
    hits
}

fn of_choice(name: &str, choice: &Choice, width: usize, theme: Theme, words: &Words) -> Content {
    let is_verify = matches!(choice.picks.first(), Some(Pick::Verify(_)));
    let title = if is_verify { "users-choose-verify" } else { "users-choose-address" };
    let mut content = Content { title: words.with(title, &[("user", name)]), ..Content::default() };
    for (nth, pick) in choice.picks.iter().enumerate() {
        let (text, more) = match pick {
            Pick::Verify(verify) => (say::verify(*verify, words), words.say(help(*verify))),
            Pick::Send(channel, address) => (say::channel(*channel, words), address.clone()),
            Pick::Type(sent) => (
                words.say("users-type"),
                words.with("users-type-tag", &[("tag", &sent.tag), ("way", &say::channel(sent.channel, words))]),
            ),
        };
        let sign = if nth == choice.cursor { CURSOR } else { NO_CURSOR };
        let line = cell(&format!("{sign}{}  {more}", cell(&text, 12)), width);
        let style = if nth == choice.cursor { theme.focus() } else { Style::new() };
        content.hits.push((content.lines.len(), 0, width, Hit::Pick(nth)));
        content.lines.push(Line::styled(line, style));
    }
    if !is_verify {
        content.gap();
        content.text(&words.with("users-address-says", &[("user", name)]), width, theme.faint());
    }
    content
}

fn help(verify: Verify) -> &'static str {
    match verify {
        Verify::Never => "users-verify-never-says",
        Verify::NewDevice => "users-verify-new-device-says",
        Verify::Always => "users-verify-always-says",
    }
}

fn of_edit(name: &str, (edit, is_lost): (&Edit, bool), width: usize, theme: Theme, words: &Words) -> Content {
    let (title, help) = match edit.field {
        Field::Name => ("users-edit-name", "users-edit-name-says"),
        Field::Email => ("users-edit-email", "users-edit-email-says"),
        Field::Phone => ("users-edit-phone", "users-edit-phone-says"),
        Field::Language => ("users-edit-language", "users-edit-language-says"),
    };
    let mut content = Content { title: words.with(title, &[("user", name)]), ..Content::default() };
    let (spans, place) = field(&edit.input, width, theme);
    content.cursor = (!edit.is_busy).then_some((0, place));
    content.lines.push(Line::from(spans));
    content.gap();
    let all = Language::ALL.map(Language::as_str).join(", ");
    content.text(&words.with(help, &[("user", name), ("all", &all)]), width, theme.faint());
    state(&mut content, (edit.is_busy, is_lost), edit.problem.as_deref(), width, theme, words);
    content
}

fn of_code(name: &str, (code, is_lost): (&CodeBox, bool), width: usize, theme: Theme, words: &Words) -> Content {
    let (title, way) = match code.channel {
        Channel::Email => ("users-code-email", "users-code-email-says"),
        Channel::Sms => ("users-code-phone", "users-code-phone-says"),
    };
    let mut content = Content { title: words.with(title, &[("user", name)]), ..Content::default() };
    match code.stage {
        Stage::Sending => content.text(&words.say("users-code-sending"), width, theme.label()),
        Stage::NotSent => content.text(&words.say("users-code-not-sent"), width, theme.label()),
        Stage::Waiting | Stage::Checking => {
            content.text(&words.with(way, &[("user", name), ("tag", &code.tag)]), width, theme.label());
            content.gap();
            let label = format!("{}: ", words.say("users-code"));
            let label_wide = Line::raw(label.as_str()).width();
            let typed = code.typed.expose();
            let is_waiting = code.stage == Stage::Waiting;
            let place = label_wide.saturating_add(1).saturating_add(typed.len());
            content.cursor = is_waiting.then_some((content.lines.len(), place));
            let mut line = Line::styled(label, theme.label());
            line.push_span(Span::raw("["));
            line.push_span(Span::styled(cell(typed, 34), theme.value()));
            line.push_span(Span::raw("]"));
            content.lines.push(line);
        }
    }
    state(&mut content, (code.stage == Stage::Checking, is_lost), code.problem.as_deref(), width, theme, words);
    content
}

fn of_invitation(name: &str, code: &str, user: Option<&User>, width: usize, theme: Theme, words: &Words) -> Content {
    let title = words.with("users-invitation-of", &[("user", name)]);
    let mut content = Content { title, ..Content::default() };
    content.lines.push(Line::styled(cut(code, width), theme.value()).centered());
    content.gap();
    content.text(&words.with("users-invitation-says", &[("user", name)]), width, theme.label());
    let open = user.and_then(|user| user.passes.iter().find(|pass| pass.kind == PassKind::Invitation));
    if let Some(pass) = open {
        let (until, id) = (say::minute(&pass.until), pass.id.as_str());
        content.text(&words.with("users-invitation-until", &[("until", &until), ("id", id)]), width, theme.label());
    }
    content
}

/// That it is asked for, or why it was not taken, and what to do where nobody is there who could.
fn state(
    content: &mut Content,
    (is_busy, is_lost): (bool, bool),
    problem: Option<&str>,
    width: usize,
    theme: Theme,
    words: &Words,
) {
    if is_busy {
        content.gap();
        content.text(&words.say("users-working"), width, theme.mind());
    } else if let Some(why) = problem {
        content.gap();
        content.text(&words.with("users-wrong", &[("why", why)]), width, theme.wrong());
        if is_lost {
            content.text(&words.say("users-lost"), width, theme.label());
        }
    }
}
