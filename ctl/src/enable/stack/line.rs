//! Lines and words of a pam.d file, as libpam takes them. It knows nothing of what they mean.

/// The longest line that every libpam reads whole, in bytes (`BUF_SIZE` of 1.5 and before is 1024, its NUL counted).
const LONGEST: usize = 1000;

/// A line with those that continue it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    /// Its first line, from 1.
    pub(crate) number: usize,
    /// Its last line.
    pub(crate) last: usize,
    pub(super) text: Vec<u8>,
}

/// Why a file ends before its end for libpam, which then denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The last line is to be continued.
    Unfinished,
    /// A line is longer than every libpam reads whole, or has a NUL in it.
    Unreadable(usize),
    /// A comment or an empty line in a line that is continued: libpam 1.5 passes over it, for 1.7 it ends the line.
    Ambiguous(usize),
}

impl Whole {
    /// Its words, for people to read.
    pub(crate) fn words(&self) -> Vec<String> {
        words(&self.text)
    }
}

/// The lines that say something, up to where libpam stops.
pub(crate) fn lines(text: &[u8]) -> (Vec<Whole>, Option<Broken>) {
    let mut all = Vec::new();
    let mut open: Option<Whole> = None;
    for (number, line) in (1..).zip(text.split_inclusive(|byte| *byte == b'\n')) {
        if line.contains(&0) {
            return (all, Some(Broken::Unreadable(number)));
        }
        let line = line.get(line.iter().take_while(|byte| is_blank(**byte)).count()..).unwrap_or_default();
        if line.first().is_none_or(|byte| *byte == b'#') {
            if open.is_some() {
                return (all, Some(Broken::Ambiguous(number)));
            }
            continue;
        }
        let mut whole = open.take().unwrap_or(Whole { number, last: number, text: Vec::new() });
        whole.last = number;
        let comment = line.iter().position(|byte| *byte == b'#');
        let said = line.get(..comment.unwrap_or(line.len())).unwrap_or_default();
        let end = said.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |last| last.saturating_add(1));
        // Behind a comment a backslash continues nothing.
        let continues = comment.is_none() && said.get(..end).is_some_and(|said| said.ends_with(b"\\"));
        if continues {
            whole.text.extend_from_slice(said.get(..end.saturating_sub(1)).unwrap_or_default());
            whole.text.push(b' ');
        } else {
            whole.text.extend_from_slice(said);
        }
        if whole.text.len() > LONGEST {
            return (all, Some(Broken::Unreadable(whole.number)));
        }
        if continues {
            open = Some(whole);
        } else {
            all.push(whole);
        }
    }
    (all, open.map(|_| Broken::Unfinished))
}

/// The next word, and what is left behind it. `[…]` is one word without its edges, in which `\]` is a `]`.
pub(super) fn word(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let text = text.get(text.iter().take_while(|byte| is_blank(**byte)).count()..).unwrap_or_default();
    let Some(inside) = text.strip_prefix(b"[") else {
        let end = text.iter().position(|byte| is_blank(*byte)).unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(end)?;
        return (!word.is_empty()).then(|| (word.to_vec(), rest.get(1..).unwrap_or_default()));
    };
    let mut word = Vec::new();
    let mut rest = inside;
    loop {
        match rest {
            [] => return Some((word, rest)),
            [b']', rest @ ..] => return Some((word, rest)),
            [b'\\', b']', after @ ..] => {
                word.push(b']');
                rest = after;
            }
            [byte, after @ ..] => {
                word.push(*byte);
                rest = after;
            }
        }
    }
}

/// All words that are left, for people to read.
pub(super) fn words(mut text: &[u8]) -> Vec<String> {
    let mut all = Vec::new();
    while let Some((word, rest)) = word(text) {
        all.push(String::from_utf8_lossy(&word).into_owned());
        text = rest;
    }
    all
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

/// The lines that name our module; a comment is none.
pub(crate) fn of_ours(text: &[u8]) -> Vec<Whole> {
    let (lines, _) = lines(text);
    lines
        .into_iter()
        .filter(|whole| whole.words().iter().any(|word| word.rsplit('/').next() == Some("pam_2fa.so")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(usize, String)> {
        let (all, broken) = lines(text.as_bytes());
        assert_eq!(broken, None, "{text}");
        all.into_iter().map(|line| (line.number, words(&line.text).join("|"))).collect()
    }

    #[test]
    fn a_backslash_continues_a_line_but_not_from_behind_a_comment() {
        assert_eq!(
            read("# a\n\n auth \\\n\trequired \\ \n  pam_unix.so # c \\\nauth optional x"),
            [(3, String::from("auth|required|pam_unix.so")), (6, String::from("auth|optional|x"))]
        );
        assert_eq!(
            read("auth required x.so \\ # c\nauth"),
            [(1, String::from("auth|required|x.so|\\")), (2, String::from("auth"))]
        );
        assert_eq!(lines(b"auth required x.so \\\n").1, Some(Broken::Unfinished));
    }

    #[test]
    fn what_libpam_1_5_and_1_7_read_otherwise_is_ambiguous() {
        for text in
            ["auth required a.so\nauth \\\n# b\nrequired b.so\n", "auth required a.so\nauth \\\n \t\nrequired b.so\n"]
        {
            let (all, broken) = lines(text.as_bytes());
            assert_eq!((all.len(), broken), (1, Some(Broken::Ambiguous(3))), "{text}");
        }
    }

    #[test]
    fn what_not_every_libpam_reads_whole_is_unreadable() {
        let (all, broken) = lines(format!("auth required a.so\nauth required b.so {}\n", "x".repeat(1000)).as_bytes());
        assert_eq!((all.len(), broken), (1, Some(Broken::Unreadable(2))));
        assert_eq!(lines(b"auth required a.so \0\n").1, Some(Broken::Unreadable(1)));
    }

    #[test]
    fn brackets_are_one_word_and_end_at_the_first_that_has_no_backslash() {
        for (text, is) in [
            ("auth [success=1 default=ignore]pam_unix.so nullok", "auth|success=1 default=ignore|pam_unix.so|nullok"),
            (r"x [a [b\] c] d]", "x|a [b] c|d]"),
            ("x a[b c] []", "x|a[b|c]|"),
            ("[open ended", "open ended"),
            ("a\u{a0}b c\r", "a\u{a0}b|c\r"),
        ] {
            assert_eq!(words(text.as_bytes()).join("|"), is, "{text}");
        }
    }
}
