//! A telephone number in what others say, for logs: in whatever form its digits are repeated.

use super::forms::CODE_DIGITS;
use pam_2fa_settings::E164;

/// So many characters may stand between two digits: `) ` and ` - `.
const BETWEEN: usize = 3;

/// `text` without the number that a message went to, with its country code or without.
#[must_use]
pub fn without_number(text: &str, number: &str) -> String {
    let digits = number.trim_start_matches('+');
    let code = E164::parse(number).ok().map_or(0, |number| number.country_code().len());
    let forms = [Some(digits), digits.get(code..)].into_iter().flatten().filter(|digits| digits.len() >= CODE_DIGITS);
    forms.fold(text.to_owned(), |line, digits| without(&line, digits))
}

fn without(text: &str, digits: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = length_of(digits, rest).unwrap_or_else(|| {
            line.push(first);
            first.len_utf8()
        });
        if length > first.len_utf8() {
            line.push('…');
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    line
}

/// How much of the beginning of `text` is these digits: in a row, or with what is usual between them.
fn length_of(digits: &str, text: &str) -> Option<usize> {
    let is_in_brackets = text.starts_with('(');
    let mut left = digits.chars().peekable();
    let (mut between, mut closed) = (0_usize, false);
    for (at, c) in text.char_indices().skip(usize::from(is_in_brackets)) {
        if left.next_if_eq(&c).is_some() {
            between = 0;
            if left.peek().is_none() {
                return (closed || !is_in_brackets).then_some(at.saturating_add(1));
            }
            continue;
        }
        between = between.saturating_add(1);
        closed |= c == ')';
        let has_begun = at > usize::from(is_in_brackets);
        if !has_begun || between > BETWEEN || !matches!(c, ' ' | '\u{a0}' | '-' | '.' | '/' | '(' | ')') {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_struck_out_however_it_is_written() {
        for (said, expected) in [
            ("no +12125550100, no 0012125550100", "no +…, no 00…"),
            ("no 2125550100 here", "no … here"),
            ("no (212) 555-0100 here", "no … here"),
            ("no 212-555-0100 here", "no … here"),
            ("no 212 555 0100 here", "no … here"),
            ("no 212.555.0100 here", "no … here"),
            ("no +1 (212) 555-0100 here", "no +… here"),
            ("no 1 212 555 - 0100.", "no …."),
            ("no (2125550100)", "no (…)"),
            ("é2125550100é", "é…é"),
            ("212 and 555 and 0100", "212 and 555 and 0100"),
            ("212 555 0101, 212    5550100", "212 555 0101, 212    5550100"),
            ("id 8f212-555", "id 8f212-555"),
        ] {
            assert_eq!(without_number(said, "+12125550100"), expected, "{said}");
        }
        assert_eq!(without_number("0171 2345678, +49 (0)171 2345678", "+491712345678"), "0…, +49 (0)…");
        assert_eq!(without_number("none", ""), "none");
    }
}
