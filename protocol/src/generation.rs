//! The file `generation` beside `config.toml`: how far the store has been seen to be. The command writes it, configd reads it.
//!
//! The store counts what must not come undone. Where it counts less than this file says, an older copy was put in its place.

const PREFIX: &str = "pam-2fa-generation:v1:";

/// The file's name, in the folder of `config.toml`.
pub const FILE: &str = "generation";

/// What the file says; none: it is no such file, or damaged.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    let number = text.strip_prefix(PREFIX)?.strip_suffix('\n')?;
    // As it is written, and in no other way: no sign, no space, no zero before it.
    number.parse().ok().filter(|generation: &i64| *generation >= 0 && generation.to_string() == number)
}

/// The file for a generation.
#[must_use]
pub fn written(generation: i64) -> String {
    format!("{PREFIX}{generation}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else_is() {
        for generation in [0, 1, 4711, i64::MAX] {
            assert_eq!(parse(&written(generation)), Some(generation));
        }
        for odd in ["", "7", "pam-2fa-generation:v1:", "pam-2fa-generation:v1:7", "pam-2fa-generation:v1:-7\n"] {
            assert_eq!(parse(odd), None, "{odd:?}");
        }
        for odd in ["07\n", "+7\n", "7 \n", "7\n\n", "7\n8\n", "9223372036854775808\n", "x\n"] {
            assert_eq!(parse(&format!("{PREFIX}{odd}")), None, "{odd:?}");
        }
    }
}
