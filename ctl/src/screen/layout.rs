//! Rows as lines: columns as wide as they need where nobody looks, and within a terminal's width where somebody does. Pure. What is
//! measured is what is shown, so every cell passes [`printable`] first.

use pam_2fa_settings::text::printable;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Between two columns.
const GAP: usize = 2;
/// A last column of fewer places is cut like the others, and not wrapped.
const LEAST_FOR_WORDS: usize = 24;
/// No column is cut to fewer places than these.
const LEAST: usize = 4;

/// Lines of columns as wide as they need, whole.
pub(crate) fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let rows = shown(rows);
    let widths = widths(&rows);
    rows.iter().map(|row| joined(row, &widths)).collect()
}

/// The same within `most` places: the words of the last column go on below where there is room for it, else cells are cut in their
/// middle, the longest first, and the first column last. Each row with its lines.
pub(super) fn fitted(rows: &[Vec<String>], most: usize) -> Vec<Vec<String>> {
    let rows = shown(rows);
    let mut widths = widths(&rows);
    let Some((last, others)) = widths.split_last_mut() else { return rows };
    let before = others.iter().map(|width| width.saturating_add(GAP)).sum::<usize>();
    if before.saturating_add(*last) <= most {
        return rows.iter().map(|row| vec![joined(row, &widths)]).collect();
    }
    if most >= before.saturating_add(LEAST_FOR_WORDS) {
        *last = most.saturating_sub(before);
        return rows.iter().map(|row| with_last_wrapped(row, &widths, before)).collect();
    }
    narrow(&mut widths, most);
    let cut_row = |row: &[String]| row.iter().zip(&widths).map(|(cell, width)| cut(cell, *width)).collect::<Vec<_>>();
    rows.iter().map(|row| vec![joined(&cut_row(row), &widths)]).collect()
}

/// A text within `most` places, at its words; what goes on is put in by `indent`. A word that is longer stays whole: it is something
/// to be copied.
pub(super) fn wrapped(text: &str, most: usize, indent: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut is_empty = true;
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { continue };
        if !is_empty && line.width().saturating_add(1).saturating_add(word.width()) > most {
            lines.push(format!("{}{word}", " ".repeat(indent)));
            continue;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    lines
}

fn shown(rows: &[Vec<String>]) -> Vec<Vec<String>> {
    rows.iter().map(|row| row.iter().map(|cell| printable(cell).into_owned()).collect()).collect()
}

fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            match widths.get_mut(column) {
                Some(widest) => *widest = cell.width().max(*widest),
                None => widths.push(cell.width()),
            }
        }
    }
    widths
}

fn joined(row: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in row.iter().zip(widths) {
        line.push_str(cell);
        line.push_str(&" ".repeat(width.saturating_sub(cell.width()).saturating_add(GAP)));
    }
    line.truncate(line.trim_end().len());
    line
}

fn with_last_wrapped(row: &[String], widths: &[usize], before: usize) -> Vec<String> {
    let Some((last, others)) = row.split_last().filter(|_| row.len() == widths.len()) else {
        return vec![joined(row, widths)];
    };
    let most = widths.last().copied().unwrap_or_default();
    let mut words = wrapped(last, most, 0).into_iter();
    let first = [others, &[words.next().unwrap_or_default()]].concat();
    let mut lines = vec![joined(&first, widths)];
    lines.extend(words.map(|words| format!("{}{words}", " ".repeat(before))));
    lines
}

/// Takes from the widest column until all fit; from the first only where the others have no more to give.
fn narrow(widths: &mut [usize], most: usize) {
    let gaps = widths.len().saturating_sub(1).saturating_mul(GAP);
    while widths.iter().sum::<usize>().saturating_add(gaps) > most {
        let mut others = widths.iter_mut().skip(1).filter(|width| **width > LEAST).collect::<Vec<_>>();
        let widest = others.iter_mut().max_by_key(|width| ***width).map(|width| &mut **width);
        match widest {
            Some(width) => *width = width.saturating_sub(1),
            None => match widths.first_mut().filter(|width| **width > LEAST) {
                Some(first) => *first = first.saturating_sub(1),
                None => return,
            },
        }
    }
}

/// A cell within `most` places: its beginning, `…`, and its end.
fn cut(cell: &str, most: usize) -> String {
    if cell.width() <= most {
        return cell.to_owned();
    }
    let left = most.saturating_sub(1);
    let tail = left.saturating_mul(2).checked_div(5).unwrap_or_default();
    let head = taken(cell.chars(), left.saturating_sub(tail));
    let tail: String = taken(cell.chars().rev(), tail).chars().rev().collect();
    format!("{head}…{tail}")
}

/// As many characters as fit into `most` places.
fn taken(characters: impl Iterator<Item = char>, most: usize) -> String {
    let mut places = 0_usize;
    characters
        .take_while(|character| {
            places = places.saturating_add(character.width().unwrap_or_default());
            places <= most
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect()
    }

    #[test]
    fn columns_are_aligned_by_what_is_shown() {
        let table = rows(&[&["NAME", "UID"], &["a\u{1b}da", "1000"], &["größe", ""]]);
        assert_eq!(aligned(&table), ["NAME   UID", "ada    1000", "größe"]);
    }

    #[test]
    fn wide_characters_take_two_places_and_those_that_are_put_over_others_none() {
        let table = rows(&[&["NAME", "UID"], &["山田太郎", "1"], &["e\u{301}ve", "2"]]);
        assert_eq!(aligned(&table), ["NAME      UID", "山田太郎  1", "e\u{301}ve       2"]);
        assert_eq!(cut("山田太郎山田太郎", 9), "山田…郎");
    }

    #[test]
    fn the_words_of_the_last_column_go_on_below_it() {
        let table =
            rows(&[&["state", "degraded"], &["email", "smtp.example.com:465, last accepted never, so look at it"]]);
        let lines = fitted(&table, 40).concat();
        assert_eq!(
            lines,
            ["state  degraded", "email  smtp.example.com:465, last", "       accepted never, so look at it"]
        );
        assert!(lines.iter().all(|line| line.width() <= 40), "{lines:?}");
    }

    #[test]
    fn what_does_not_fit_is_cut_in_the_middle_the_longest_first_and_names_last() {
        let long = "ada.lovelace.of.the.analytical.engine@example.com (not verified)";
        let table = rows(&[
            &["NAME", "UID", "VERIFY", "EMAIL", "PHONE", "LAST LOGIN"],
            &["ada-lovelace", "1000", "new-device", long, "+15550100", "2026-11-24T03:49:48Z sshd from 192.0.2.7"],
        ]);
        for most in [80, 60, 100] {
            let lines = fitted(&table, most).concat();
            assert!(lines.iter().all(|line| line.width() <= most), "{most}: {lines:?}");
            assert!(lines[1].starts_with("ada-lovelace  1000"), "{lines:?}");
            assert!(lines[1].contains('…'), "{lines:?}");
        }
        assert_eq!(fitted(&table, 200).concat(), aligned(&table), "where there is room nothing is cut");
        assert!(aligned(&table)[1].contains(long));
        assert!(fitted(&table, 80).concat()[1].contains("fied)"), "what stands at the end is seen: {table:?}");
    }

    #[test]
    fn a_word_that_is_longer_than_the_line_stays_whole() {
        assert_eq!(wrapped("look at /a/very/long/path now", 10, 2), ["look at", "  /a/very/long/path", "  now"]);
        assert_eq!(wrapped("", 10, 2), [""]);
    }
}
