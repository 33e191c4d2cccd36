//! One user on the screen: the record in labelled rows, each with the key that changes it, what can be done, and the devices.

use super::cells::{below, first, lines};
use super::list::{CURSOR, NO_CURSOR};
use super::{keys_in_lines, said};
use crate::setup::draw::text::{cell, columns as places, cut, wrapped, wrapped_within};
use crate::setup::theme::Theme;
use crate::setup::users::one::One;
use crate::setup::users::{Users, say};
use crate::setup::words::Words;
use pam_2fa_protocol::admin::{Device, User};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

const GAP: usize = 2;
/// Devices that are to be seen, before the record is given all its lines.
const LEAST_DEVICES: usize = 3;
/// Lines about the device under the cursor.
const ABOUT: usize = 2;

/// A row of the record.
struct Field {
    key: Option<char>,
    label: String,
    value: String,
    style: Style,
}

pub(super) fn draw(users: &mut Users, frame: &mut Frame<'_>, area: Rect, theme: Theme, words: &Words) {
    let Some(one) = users.one.as_mut() else { return };
    let width = usize::from(area.width);
    let record = record(&one.user, width, theme, words);
    let acts = keys_in_lines(&acts(words), width, theme);
    let devices = one.devices().map_or(1, <[Device]>::len).max(1);
    let below_record = acts.len().saturating_add(2).saturating_add(devices.min(LEAST_DEVICES)).saturating_add(ABOUT);
    let height = usize::from(area.height).saturating_sub(1);
    let room = height.saturating_sub(below_record);
    // Air, where there is room for it.
    let gap = usize::from(room >= record.len().saturating_add(3));
    let fit = record.len().min(room);
    let from = one.turn(fit, record.len());
    lines(frame.buffer_mut(), first(area, 1), [heading(&one.user, width, theme, words)]);
    let area = below(area, gap.saturating_add(1));
    let (is_cut, all) = (fit < record.len(), record.len());
    let buffer = frame.buffer_mut();
    lines(buffer, first(area, fit), record.into_iter().skip(from));
    if is_cut {
        let rest = all.saturating_sub(from).saturating_sub(fit).saturating_add(1);
        let more = cell(&words.with("users-more", &[("count", &rest.to_string())]), width);
        let last = below(first(area, fit), fit.saturating_sub(1));
        lines(buffer, last, (rest > 1).then(|| Line::styled(more, theme.mind())));
    }
    let area = below(area, fit.saturating_add(gap));
    let acts_high = acts.len();
    lines(buffer, area, acts);
    let area = below(area, acts_high.saturating_add(gap));
    users.seen.devices = table(one, frame, area, theme, words);
}

fn heading(user: &User, width: usize, theme: Theme, words: &Words) -> Line<'static> {
    let uid = user.uid.to_string();
    let state = say::state(user, words);
    let state = if state.is_empty() { state } else { format!(" - {state}") };
    // A long name is cut, and never who it is and why that one does not get in.
    let room = width.saturating_sub(places(&state));
    let around = words.with("users-title", &[("user", ""), ("uid", &uid)]);
    let name = cut(&user.name, room.saturating_sub(places(&around)));
    let title = cut(&words.with("users-title", &[("user", &name), ("uid", &uid)]), room);
    let style = if user.disabled_since.is_some() { theme.wrong() } else { theme.mind() };
    let mut line = Line::styled(title, theme.heading());
    if !state.is_empty() {
        line.push_span(Span::styled(state, style));
    }
    line
}

fn acts(words: &Words) -> Vec<(String, String)> {
    let pairs = [
        ("c", "users-do-send"),
        ("i", "users-do-invite"),
        ("u", "users-do-unlock"),
        ("d", "users-do-disable"),
        ("x", "users-do-reset"),
    ];
    said(&pairs, words)
}

fn fields(user: &User, theme: Theme, words: &Words) -> Vec<Field> {
    let field = |key: Option<char>, id: &str, value: String| {
        let style = if value == say::NOTHING { theme.faint() } else { theme.value() };
        Field { key, label: words.say(id), value, style }
    };
    let contact = |address: &Option<String>, is_verified| say::contact(address.as_deref(), is_verified, words);
    let language = user.language.clone().unwrap_or_else(|| words.say("users-language-usual"));
    let last = user.last_login.as_ref();
    // First of all why somebody does not get in: in a small window it must not be below.
    let locked = user.locked.clone().map(|why| Field { style: theme.mind(), ..field(None, "users-locked", why) });
    let out = user.disabled_since.as_ref().map(|since| {
        let since = words.with("users-since", &[("at", &say::minute(since))]);
        Field { style: theme.wrong(), ..field(None, "users-disabled", since) }
    });
    let mut fields: Vec<Field> = out.into_iter().chain(locked).collect();
    fields.extend([
        field(Some('v'), "users-verify", say::verify(user.verify, words)),
        field(Some('e'), "users-email", contact(&user.email, user.email_verified)),
        field(Some('p'), "users-phone", contact(&user.phone, user.phone_verified)),
        field(Some('l'), "users-language", language),
    ]);
    let app = user.app_since.as_ref().map(|since| words.with("users-since", &[("at", &say::minute(since))]));
    fields.push(field(None, "users-app", app.unwrap_or_else(|| say::NOTHING.to_owned())));
    let left = words.with("users-left", &[("count", &user.recovery_codes.to_string())]);
    fields.push(field(None, "users-recovery", if user.recovery_codes > 0 { left } else { say::NOTHING.to_owned() }));
    if let Some(method) = user.prefers {
        fields.push(field(None, "users-prefers", say::method(method, words)));
    }
    let login = last.map_or_else(|| say::NOTHING.to_owned(), |last| say::last_login(last, words));
    fields.push(field(None, "users-last", login));
    if let Some(device) = last.and_then(|last| last.device.clone()) {
        fields.push(field(None, "users-with", device));
    }
    fields.extend(user.passes.iter().map(|pass| field(None, say::pass_label(pass.kind), say::pass(pass, words))));
    fields
}

/// ` e Email   ada@example.com (verified)`, on as many lines as a value needs.
fn record(user: &User, width: usize, theme: Theme, words: &Words) -> Vec<Line<'static>> {
    let fields = fields(user, theme, words);
    let label_wide = fields.iter().map(|field| places(&field.label)).max().unwrap_or(0);
    let before = label_wide.saturating_add(GAP).saturating_add(2);
    let mut record = Vec::new();
    for Field { key, label, value, style } in fields {
        for (nth, value) in wrapped(&value, width.saturating_sub(before)).into_iter().enumerate() {
            let mut line = Line::default();
            match (nth, key) {
                (0, Some(key)) => line.push_span(Span::styled(key.to_string(), theme.key())),
                _ => line.push_span(Span::raw(" ")),
            }
            let label = if nth == 0 { label.as_str() } else { "" };
            line.push_span(Span::styled(format!(" {}", cell(label, label_wide)), theme.label()));
            line.push_span(Span::raw(" ".repeat(GAP)));
            line.push_span(Span::styled(value, style));
            record.push(line);
        }
    }
    record
}

/// Id of the head, width, and what stands in it.
type Column = (&'static str, usize, fn(&Device, &Words) -> String);

fn columns(width: usize) -> Vec<Column> {
    let mut columns: Vec<Column> = vec![
        ("users-device", 0, |device, _| device.name.clone()),
        ("users-class", 8, |device, _| device.class.clone()),
        ("users-used", 16, |device, _| say::minute(&device.last_used)),
        ("users-until", 16, until),
    ];
    if width >= 140 {
        columns.insert(2, ("users-first", 16, |device, _| say::minute(&device.first_used)));
        columns.insert(4, ("users-from", 24, |device, _| device.last_from.clone()));
    }
    let gaps = GAP.saturating_mul(columns.len().saturating_sub(1)).saturating_add(CURSOR.len());
    let taken = columns.iter().map(|(_, width, _)| *width).sum::<usize>().saturating_add(gaps);
    if let Some((_, wide, _)) = columns.first_mut() {
        *wide = width.saturating_sub(taken).clamp(8, 88);
    }
    columns
}

/// When it ends, or that it has ended; why stands below.
fn until(device: &Device, words: &Words) -> String {
    if device.ended.is_some() { words.say("users-ended") } else { say::minute(&device.until) }
}

/// The devices, and all about the one under the cursor. Where their rows are, and what stands in them.
fn table(one: &mut One, frame: &mut Frame<'_>, area: Rect, theme: Theme, words: &Words) -> (Rect, Vec<String>) {
    let width = usize::from(area.width);
    let buffer = frame.buffer_mut();
    let Some(devices) = one.devices().filter(|devices| !devices.is_empty()) else {
        let id = if one.devices().is_some() { "users-no-devices" } else { "users-reading-devices" };
        lines(buffer, area, [Line::styled(cut(&words.say(id), width), theme.faint())]);
        return (Rect::default(), Vec::new());
    };
    let title = words.with("users-devices", &[("count", &devices.len().to_string())]);
    let columns = columns(width);
    let head = columns.iter().map(|(id, width, _)| cell(&words.say(id), *width)).collect::<Vec<_>>();
    let head = format!("{NO_CURSOR}{}", head.join(&" ".repeat(GAP)));
    lines(buffer, area, [Line::styled(cut(&title, width), theme.heading()), Line::styled(head, theme.label())]);
    let area = below(area, 2);
    let fit = usize::from(area.height).saturating_sub(ABOUT).max(1).min(devices.len());
    let rows = first(area, fit);
    let from = one.scroll(fit);
    let devices = one.devices().unwrap_or_default().iter().skip(from).take(fit);
    let seen = devices.clone().map(|device| {
        let cells = columns.iter().map(|(_, width, text)| cell(&text(device, words), *width)).collect::<Vec<_>>();
        let is_under = one.is_under(device);
        let sign = if is_under { CURSOR } else { NO_CURSOR };
        let style = if is_under { theme.focus() } else { Style::new() };
        Line::styled(format!("{sign}{}", cells.join(&" ".repeat(GAP))), style)
    });
    lines(buffer, rows, seen);
    let ids = devices.map(|device| device.id.clone()).collect();
    if let Some(device) = one.device() {
        let about = wrapped_within(&about(device, words), width.saturating_sub(CURSOR.len()), ABOUT);
        let about = about.into_iter().map(|line| Line::styled(format!("{NO_CURSOR}{line}"), theme.faint()));
        lines(buffer, below(area, fit), about);
    }
    (rows, ids)
}

fn about(device: &Device, words: &Words) -> String {
    let first = say::minute(&device.first_used);
    let values = [("device", device.name.as_str()), ("first", &first), ("from", &device.last_from)];
    let about = words.with("users-about-device", &values);
    match &device.ended {
        Some(why) => words.with("users-about-ended", &[("about", &about), ("why", why)]),
        None => about,
    }
}
