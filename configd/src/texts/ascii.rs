//! Texts for screens that show less than Unicode: letters lose their accents, signs become the nearest of ASCII. Names from outside
//! go through here too, so what nothing stands for is `?`.

/// What stands for a character that a screen does not have, in ASCII; `None`: nothing does.
pub(super) fn ascii_of(character: char) -> Option<&'static str> {
    SIGNS.iter().chain(LETTERS).find(|(from, _)| from.contains(character)).map(|(_, to)| *to)
}

/// `text` in ASCII.
pub(super) fn to_ascii(text: &str) -> String {
    folded(text, |character| character.is_ascii())
}

/// `text` in ASCII and the printable part of Latin-1.
pub(super) fn to_latin(text: &str) -> String {
    folded(text, |character| character.is_ascii() || ('\u{a1}'..='\u{ff}').contains(&character))
}

/// `text` with what `fits` as it is, and something of ASCII for the rest. A run of characters that nothing stands for is one `?`.
pub(super) fn folded(text: &str, fits: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lost = false;
    for character in text.chars() {
        let is_lost = if fits(character) {
            out.push(character);
            false
        } else if let Some(ascii) = ascii_of(character) {
            out.push_str(ascii);
            false
        } else {
            if !lost {
                out.push('?');
            }
            true
        };
        lost = is_lost;
    }
    out
}

/// Signs. (The back quote is ASCII, and not in GSM-7.)
const SIGNS: &[(&str, &str)] = &[
    ("\u{a0}\u{2002}\u{2003}\u{2009}\u{202f}\u{3000}", " "),
    ("¿¡\u{ad}\u{200c}\u{200d}", ""),
    ("•·∙●×", "*"),
    ("…", "..."),
    ("‐‑‒–—―−", "-"),
    ("‘’‚‛′´`", "'"),
    ("“”„‟″«»", "\""),
    ("‹", "<"),
    ("›", ">"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("©", "(c)"),
    ("®", "(R)"),
    ("™", "(TM)"),
    ("º", "o"),
    ("ª", "a"),
    ("°", "deg"),
    ("§", "S"),
    ("、，", ","),
    ("。．", "."),
    ("：", ":"),
    ("（", "("),
    ("）", ")"),
    ("？", "?"),
];

/// Latin-1 and Latin Extended-A, without what is only used in phonetics; German umlauts as German writes them where it has none.
const LETTERS: &[(&str, &str)] = &[
    ("Ä", "Ae"),
    ("Ö", "Oe"),
    ("Ü", "Ue"),
    ("ä", "ae"),
    ("ö", "oe"),
    ("ü", "ue"),
    ("ß", "ss"),
    ("ẞ", "SS"),
    ("ÆǼ", "AE"),
    ("æǽ", "ae"),
    ("Œ", "OE"),
    ("œ", "oe"),
    ("Þ", "Th"),
    ("þ", "th"),
    ("Ĳ", "IJ"),
    ("ĳ", "ij"),
    ("ÀÁÂÃÅĀĂĄǍ", "A"),
    ("àáâãåāăąǎ", "a"),
    ("ÇĆĈĊČ", "C"),
    ("çćĉċč", "c"),
    ("ÐĎĐ", "D"),
    ("ðďđ", "d"),
    ("ÈÉÊËĒĔĖĘĚ", "E"),
    ("èéêëēĕėęě", "e"),
    ("ĜĞĠĢ", "G"),
    ("ĝğġģ", "g"),
    ("ĤĦ", "H"),
    ("ĥħ", "h"),
    ("ÌÍÎÏĨĪĬĮİ", "I"),
    ("ìíîïĩīĭįı", "i"),
    ("Ĵ", "J"),
    ("ĵ", "j"),
    ("Ķ", "K"),
    ("ķĸ", "k"),
    ("ĹĻĽĿŁ", "L"),
    ("ĺļľŀł", "l"),
    ("ÑŃŅŇŊ", "N"),
    ("ñńņňŉŋ", "n"),
    ("ÒÓÔÕØŌŎŐǑ", "O"),
    ("òóôõøōŏőǒ", "o"),
    ("ŔŖŘ", "R"),
    ("ŕŗř", "r"),
    ("ŚŜŞŠȘ", "S"),
    ("śŝşšșſ", "s"),
    ("ŢŤŦȚ", "T"),
    ("ţťŧț", "t"),
    ("ÙÚÛŨŪŬŮŰŲǓ", "U"),
    ("ùúûũūŭůűųǔ", "u"),
    ("Ŵ", "W"),
    ("ŵ", "w"),
    ("ÝŶŸ", "Y"),
    ("ýÿŷ", "y"),
    ("ŹŻŽ", "Z"),
    ("źżž", "z"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_latin_has_something_in_ascii_and_the_rest_is_a_question_mark() {
        assert_eq!(
            to_ascii("Grüße, ¿Cómo está? À l'œuvre • «ça» – 5 €…"),
            "Gruesse, Como esta? A l'oeuvre * \"ca\" - 5 EUR..."
        );
        assert_eq!(to_latin("Grüße ¿? œ • ’ 日本語 Ł"), "Grüße ¿? oe * ' ? L");
        assert_eq!(to_ascii("株式会社 Acme 東京"), "? Acme ?");
        for letter in ('\u{c0}'..='\u{17f}').filter(|letter| letter.is_alphabetic()) {
            assert!(to_ascii(&letter.to_string()).chars().all(|c| c.is_ascii_alphabetic()), "{letter}");
        }
        for (from, to) in SIGNS.iter().chain(LETTERS) {
            assert!(to.is_ascii() && from.chars().all(|c| c == '`' || !c.is_ascii()), "{from}");
        }
        let plain: String = (0..128_u8).map(char::from).collect();
        assert_eq!(to_ascii(&plain), plain);
    }
}
