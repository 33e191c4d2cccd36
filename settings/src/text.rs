//! Text from outside (users, hosts, servers, files) made fit for a terminal or a log: the one place that says which characters
//! are not. It never changes what is compared or stored, only what is shown.

use std::borrow::Cow;

/// Whether a character can be shown without acting on the reader's terminal or turning the order of the text.
///
/// Not so are control characters (C0, DEL, C1: escape sequences), the directional ones of Unicode's bidirectional algorithm
/// (UAX #9, "Trojan Source"), line and paragraph separators, and what nobody sees: format characters, the byte order mark,
/// tags.
#[must_use]
pub fn is_plain(character: char) -> bool {
    !(character.is_control()
        || matches!(character,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'))
}

/// The text as one line that can be shown: line breaks and tabs become a space, other characters that are not plain go.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let characters = text.chars().filter_map(|character| match character {
        '\n' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
        character if is_plain(character) => Some(character),
        _ => None,
    });
    Cow::Owned(characters.collect())
}

/// `https://user:password@host` without who and what.
fn without_credentials(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").map_or(("", text), |(scheme, rest)| (scheme, rest));
    let Some(at) = rest.rfind('@') else { return text.to_owned() };
    let who = rest.get(..at).unwrap_or_default();
    // An address of a person has no colon before its @.
    if scheme.is_empty() && !who.contains(':') {
        return text.to_owned();
    }
    let separator = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{separator}…{}", rest.get(at..).unwrap_or_default())
}

/// [`printable`], at most `longest` characters, in quotes.
pub(crate) fn quoted(text: &str, longest: usize) -> String {
    let shown = without_credentials(&printable(text));
    let mut characters = shown.chars();
    let start: String = characters.by_ref().take(longest).collect();
    let more = if characters.next().is_some() { "…" } else { "" };
    format!("\"{start}{more}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_has_no_credentials_of_a_url() {
        for (text, shown) in [
            ("http://user:pw@proxy.example.com:3128", "\"http://…@proxy.example.com:3128\""),
            ("http://u:p/w@proxy", "\"http://…@proxy\""),
            ("u:pw@proxy:3128", "\"…@proxy:3128\""),
            ("http://proxy:3128/x", "\"http://proxy:3128/x\""),
            ("ada@example.com", "\"ada@example.com\""),
        ] {
            assert_eq!(quoted(text, 80), shown);
        }
    }

    #[test]
    fn escape_sequences_and_direction_marks_do_not_reach_a_terminal() {
        assert_eq!(printable("a\u{1b}[31mb\u{9b}c\u{7f}\0"), "a[31mbc");
        assert_eq!(printable("a\u{202e}b\u{2066}c\u{200f}d\u{61c}"), "abcd");
        assert_eq!(printable("250-one\r\n250 two"), "250-one 250 two");
        assert!(matches!(printable("Ünïcode ツ"), Cow::Borrowed("Ünïcode ツ")));
    }

    #[test]
    fn a_long_value_is_cut() {
        assert_eq!(quoted("abcdef", 4), "\"abcd…\"");
        assert_eq!(quoted("abcd", 4), "\"abcd\"");
    }
}
