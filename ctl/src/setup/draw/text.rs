//! Texts that fit: what reaches the screen passes here, so nothing of the daemon's acts on the terminal, and what is cut says so. Places are
//! columns of the terminal, of which a wide character takes two. It draws nothing.

use pam_2fa_settings::text::{is_plain, printable};
use tui_input::Input;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

#[cfg(test)]
thread_local! {
    /// How many texts were made to fit in this thread.
    pub(crate) static FITTED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Where something was left out.
pub(crate) const CUT: char = '…';

/// So many places it takes.
pub(crate) fn columns(text: &str) -> usize {
    printable(text).width()
}

/// The same as a terminal counts them.
pub(crate) fn places(text: &str) -> u16 {
    u16::try_from(columns(text)).unwrap_or(u16::MAX)
}

/// A text within so many places.
pub(crate) fn cut(text: &str, most: usize) -> String {
    #[cfg(test)]
    FITTED.with(|fitted| fitted.set(fitted.get() + 1));
    let text = printable(text);
    if text.width() <= most {
        return text.into_owned();
    }
    let mut short = String::new();
    let mut left = most.saturating_sub(1);
    for character in text.chars() {
        let Some(rest) = left.checked_sub(wide(character)) else { break };
        left = rest;
        short.push(character);
    }
    if most > 0 {
        short.push(CUT);
    }
    short
}

/// The same, filled up with spaces.
pub(crate) fn cell(text: &str, width: usize) -> String {
    let mut cell = cut(text, width);
    cell.push_str(&" ".repeat(width.saturating_sub(cell.width())));
    cell
}

/// Lines of so many places, broken between words; a word that is longer is broken where it must be.
pub(crate) fn wrapped(text: &str, most: usize) -> Vec<String> {
    let most = most.max(1);
    let mut lines = vec![String::new()];
    for word in printable(text).split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() || line.width().saturating_add(1).saturating_add(word.width()) <= most {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
        break_last(&mut lines, most);
    }
    lines
}

fn break_last(lines: &mut Vec<String>, most: usize) {
    while let Some(line) = lines.last_mut().filter(|line| line.width() > most) {
        let mut places = 0_usize;
        let fits = |character: char| {
            places = places.saturating_add(wide(character));
            places > most
        };
        let Some(at) = line.find(fits).filter(|at| *at > 0) else { break };
        let rest = line.split_off(at);
        lines.push(rest);
    }
}

/// The first lines of a text, the last of them cut where more would follow.
pub(crate) fn wrapped_within(text: &str, most: usize, lines: usize) -> Vec<String> {
    let mut all = wrapped(text, most);
    if all.len() > lines {
        all.truncate(lines);
        if let Some(last) = all.last_mut() {
            *last = cut(&format!("{last}{CUT}"), most);
            if !last.ends_with(CUT) {
                last.push(CUT);
            }
        }
    }
    all
}

/// What is seen in so many places of a line that is edited, and in which of them the cursor stands: always in one of them.
pub(crate) fn seen(input: &Input, width: usize) -> (String, usize) {
    let width = width.max(1);
    let places = |text: &str| text.chars().map(wide).fold(0_usize, usize::saturating_add);
    let before: String = input.value().chars().take(input.cursor()).collect();
    // At the end, the cursor has a place of its own.
    let hidden = places(&before).saturating_sub(width.saturating_sub(1));
    let (mut skipped, mut left) = (0_usize, width);
    let mut text = String::new();
    for character in input.value().chars().filter(|character| is_plain(*character)) {
        if skipped < hidden {
            skipped = skipped.saturating_add(wide(character));
            continue;
        }
        let Some(rest) = left.checked_sub(wide(character)) else { break };
        left = rest;
        text.push(character);
    }
    (text, places(&before).saturating_sub(skipped))
}

/// The first row on the screen where so many of all fit: the cursor is on it, no row is left empty, and nothing moves that need not.
pub(crate) fn first_row(top: usize, cursor: usize, fit: usize, all: usize) -> usize {
    let least = cursor.saturating_add(1).saturating_sub(fit);
    let most = cursor.min(all.saturating_sub(fit).max(least));
    top.clamp(least, most.max(least))
}

/// Places that a character takes; none of one that is not shown.
fn wide(character: char) -> usize {
    if is_plain(character) { character.width().unwrap_or(0) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_says_so_and_is_as_wide_as_it_may_be() {
        for (text, most, is) in [
            ("ada", 3, "ada"),
            ("ada", 2, "a…"),
            ("ada", 1, "…"),
            ("ada", 0, ""),
            ("漢字漢字", 8, "漢字漢字"),
            ("漢字漢字", 7, "漢字漢…"),
            ("漢字漢字", 6, "漢字…"),
            ("a\u{1b}[31m\u{202e}b", 9, "a[31mb"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
        ] {
            assert_eq!(cut(text, most), is, "{text} in {most}");
            assert!(cut(text, most).width() <= most);
            assert_eq!(cell(text, most).width(), most, "{text} in {most}");
        }
    }

    #[test]
    fn lines_are_broken_at_words_and_in_a_word_that_is_longer_than_a_line() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a SHA256:0123456789 b", 8), ["a", "SHA256:0", "12345678", "9 b"]);
        assert_eq!(wrapped("漢字漢字 x", 5), ["漢字", "漢字", "x"]);
        assert_eq!(wrapped("", 5), [""]);
        // Nothing is lost, whatever the width; what is wider than a line stands alone.
        for most in 0..12 {
            let all = wrapped("漢 password:0123456789", most);
            assert_eq!(all.concat().replace(' ', ""), "漢password:0123456789", "{most}");
            assert!(all.iter().all(|line| line.width() <= most.max(2)), "{most}: {all:?}");
        }
        assert_eq!(wrapped_within("one two three four", 8, 2), ["one two", "three…"]);
        assert_eq!(wrapped_within("one two", 8, 2), ["one two"]);
    }

    #[test]
    fn the_cursor_of_a_line_is_seen_wherever_it_stands_whatever_the_width_of_its_characters() {
        for value in [
            "",
            "ada",
            "0123456789abcdef",
            "漢字漢字漢字漢字漢字",
            "a漢b字c漢d字e漢f字",
            "x\u{202e}y\u{200b}z0123456789",
        ] {
            for width in 1..12 {
                for cursor in 0..=value.chars().count() {
                    let input = Input::from(value).with_cursor(cursor);
                    let (text, place) = seen(&input, width);
                    assert!(text.width() <= width, "{value} in {width}: {text}");
                    assert!(place < width, "{value} in {width} at {cursor}: {place}");
                    // What is before it on the screen is what is before it in the line, and it is on its own character.
                    let plain = |text: String| text.chars().filter(|one| is_plain(*one)).collect::<String>();
                    let before = plain(value.chars().take(cursor).collect());
                    let under = plain(value.chars().skip(cursor).collect());
                    let at = (0..=text.len()).find(|at| text.get(..*at).is_some_and(|start| start.width() == place));
                    let (start, rest) =
                        text.split_at(at.unwrap_or_else(|| panic!("{value} in {width}: {text} {place}")));
                    assert!(
                        before.ends_with(start) && under.starts_with(rest),
                        "{value} in {width} at {cursor}: {text}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_line_of_wide_characters_fills_its_places() {
        let value = "漢字".repeat(16);
        let (text, place) = seen(&Input::from(value.as_str()), 45);
        assert_eq!((text.width(), place), (44, 44));
    }
}
