//! The lines of a text of settings: where sections begin, also those that are comments, and where a key of them belongs.

use crate::walk::parse;
use std::ops::Range;
use toml_edit::{Document, Item, Key, TableLike, Value};

/// A line with its end.
struct Line<'a> {
    text: &'a str,
    start: usize,
    /// A header, as the names in it.
    header: Option<Header>,
    /// Inside of a value of several lines.
    is_inside: bool,
}

struct Header {
    path: Vec<String>,
    is_array: bool,
    /// It is a comment.
    is_marked: bool,
}

pub(super) struct Lines<'a> {
    text: &'a str,
    lines: Vec<Line<'a>>,
    /// Ends of values.
    ends: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str, document: &Document<&str>) -> Self {
        let mut spans = Vec::new();
        values(document.as_table(), &mut spans);
        let mut start = 0_usize;
        let mut lines = Vec::new();
        for text in text.split_inclusive('\n') {
            let is_inside = spans.iter().any(|span| span.start < start && start < span.end);
            let header = if is_inside { None } else { header(text) };
            lines.push(Line { text, start, header, is_inside });
            start = start.saturating_add(text.len());
        }
        Self { text, lines, ends: spans.into_iter().map(|span| span.end).collect() }
    }

    /// Every line that stays without a section and those in it. Comments and blank lines do: they are the administrator's. What looks like
    /// one inside of a value is a piece of it, and perhaps of a secret.
    pub(super) fn without(&self, section: &str) -> impl Iterator<Item = &'a str> {
        let mut is_of_it = false;
        self.lines.iter().filter_map(move |line| {
            if let Some(header) = line.header.as_ref().filter(|header| !header.is_marked) {
                is_of_it = header.path.first().is_some_and(|first| first == section);
            }
            let said = line.text.trim_start();
            let is_ours = !line.is_inside && (said.is_empty() || said.starts_with('#'));
            (!is_of_it || is_ours).then_some(line.text)
        })
    }

    /// The line of `[a.b]`.
    pub(super) fn header(&self, path: &[&str]) -> Option<usize> {
        self.headers(path, false, false).next()
    }

    /// The line of `# [a.b]`.
    pub(super) fn marked_header(&self, path: &[&str]) -> Option<usize> {
        self.headers(path, false, true).next()
    }

    /// The line of the n-th `[[a.b]]`.
    pub(super) fn nth_array(&self, path: &[&str], index: usize) -> Option<usize> {
        self.headers(path, true, false).nth(index)
    }

    /// The first line of `[a.b.c]` that belongs to the header in that line: what stands below the next of its kind is another's.
    pub(super) fn header_in(&self, outer: usize, path: &[&str]) -> Option<usize> {
        let of_it = self.lines.get(outer)?.header.as_ref()?;
        let mut below = self.lines.iter().enumerate().skip(outer.saturating_add(1));
        let (index, header) = below.find_map(|(index, line)| {
            let header = line.header.as_ref().filter(|header| !header.is_marked)?;
            (header.path == path || header.path == of_it.path).then_some((index, header))
        })?;
        (header.path == path && !header.is_array).then_some(index)
    }

    /// With a line of its own below that on which the value ends whose last byte stands there.
    pub(super) fn with_line_below(&self, end: usize, line: &str) -> Option<String> {
        let at = self.lines.iter().take_while(|line| line.start < end).count();
        self.replaced(at..at, &format!("{line}{}", self.line_end()))
    }

    fn headers(&self, path: &[&str], is_array: bool, is_marked: bool) -> impl Iterator<Item = usize> {
        self.lines.iter().enumerate().filter_map(move |(index, line)| {
            let header = line.header.as_ref()?;
            let fits = header.path == path && header.is_array == is_array && header.is_marked == is_marked;
            fits.then_some(index)
        })
    }

    /// With a key in the section of that header: in the place of the comment that shows it, else below the last one.
    pub(super) fn with_key(&self, header: usize, key: &str, value: &str) -> Option<String> {
        let below = header.saturating_add(1);
        if let Some(index) = self.shown_as_comment(below, key) {
            let line = self.lines.get(index)?;
            return self.replaced(index..index.saturating_add(1), &unmarked(line.text, key, value)?);
        }
        let is_real = |line: &&Line<'_>| line.header.as_ref().is_some_and(|header| !header.is_marked);
        let next = self.lines.iter().skip(below).find(is_real).map_or(self.text.len(), |line| line.start);
        let from = self.lines.get(header)?.start;
        let last = self.ends.iter().copied().filter(|end| (from..next).contains(&end.saturating_sub(1))).max();
        let at = match last {
            // The line that the value ends on.
            Some(end) => self.lines.iter().take_while(|line| line.start < end).count(),
            None => below,
        };
        self.replaced(at..at, &format!("{} = {value}{}", Key::new(key), self.line_end()))
    }

    /// The same where the header is a comment, too.
    pub(super) fn unmarked(&self, header: usize, key: &str, value: &str) -> Option<String> {
        let line = self.lines.get(header)?;
        let text = self.replaced(header..header.saturating_add(1), without_mark(line.text)?)?;
        let document = parse(&text).ok()?;
        Lines::of(&text, &document).with_key(header, key, value)
    }

    /// With a section at the end.
    pub(super) fn with_section(&self, header: &str, keys: &[(&str, &str)]) -> String {
        let end = self.line_end();
        let mut text = self.text.to_owned();
        if !text.is_empty() {
            if !text.ends_with('\n') {
                text.push_str(end);
            }
            text.push_str(end);
        }
        text.push_str(header);
        text.push_str(end);
        for (key, value) in keys {
            text.push_str(&format!("{} = {value}{end}", Key::new(*key)));
        }
        text
    }

    /// `# key = …`, before the next header of any kind.
    fn shown_as_comment(&self, from: usize, key: &str) -> Option<usize> {
        let lines = self.lines.iter().enumerate().skip(from).take_while(|(_, line)| line.header.is_none());
        lines.filter(|(_, line)| !line.is_inside).find_map(|(index, line)| {
            let body = without_mark(line.text)?;
            let document = parse(body).ok()?;
            let table = document.as_table();
            (table.len() == 1 && table.get(key).is_some_and(Item::is_value)).then_some(index)
        })
    }

    /// With other text in the place of whole lines.
    fn replaced(&self, range: Range<usize>, new: &str) -> Option<String> {
        let start = |index: usize| self.lines.get(index).map_or(self.text.len(), |line| line.start);
        let (before, after) = (self.text.get(..start(range.start))?, self.text.get(start(range.end)..)?);
        let gap = if before.is_empty() || before.ends_with('\n') { "" } else { self.line_end() };
        Some(format!("{before}{gap}{new}{after}"))
    }

    /// As the text's first line has it.
    fn line_end(&self) -> &'static str {
        if self.lines.first().is_some_and(|line| line.text.ends_with("\r\n")) { "\r\n" } else { "\n" }
    }
}

/// Where values stand.
fn values(table: &dyn TableLike, spans: &mut Vec<Range<usize>>) {
    for (_, item) in table.iter() {
        match item {
            Item::Value(value) => spans.extend(value.span()),
            Item::Table(table) => values(table, spans),
            Item::ArrayOfTables(tables) => tables.iter().for_each(|table| values(table, spans)),
            Item::None => {}
        }
    }
}

/// What a line is without the mark of a comment; none where it has none.
fn without_mark(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix('#')?;
    Some(rest.trim_start_matches([' ', '\t']))
}

fn header(line: &str) -> Option<Header> {
    let (text, is_marked) = without_mark(line).map_or((line, false), |rest| (rest, true));
    // A byte order mark may stand before the first one.
    if !text.trim_start().trim_start_matches('\u{feff}').starts_with('[') {
        return None;
    }
    let document = parse(text).ok()?;
    let mut table: &dyn TableLike = document.as_table();
    let mut path = Vec::new();
    loop {
        let Some((name, item)) = table.iter().next() else {
            return (!path.is_empty()).then_some(Header { path, is_array: false, is_marked });
        };
        path.push(name.to_owned());
        match item {
            Item::Table(inner) => table = inner,
            Item::ArrayOfTables(_) => return Some(Header { path, is_array: true, is_marked }),
            Item::None | Item::Value(_) => return None,
        }
    }
}

/// `# key = old   # why` as `key = new   # why`, what is said behind it where it was.
fn unmarked(line: &str, key: &str, value: &str) -> Option<String> {
    let body = without_mark(line)?;
    let document = parse(body).ok()?;
    let span = document.as_table().get(key).and_then(Item::as_value).and_then(Value::span)?;
    let indent = line.get(..line.len().saturating_sub(line.trim_start().len()))?;
    let (before, behind) = (body.get(..span.start)?, body.get(span.end..)?);
    let mut new = format!("{indent}{before}{value}");
    let remark = behind.trim_start_matches([' ', '\t']);
    if remark.starts_with('#') {
        let column = line.len().saturating_sub(remark.len());
        let column = line.get(..column)?.chars().count();
        let spaces = column.saturating_sub(new.chars().count()).max(1);
        new.extend(std::iter::repeat_n(' ', spaces));
    }
    new.push_str(remark);
    Some(new)
}
