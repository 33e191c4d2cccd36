//! Findings on a screen of 80 columns: what is the same is said once, and commands stand on a line of their own, to be copied.

use super::finding::Finding;
use super::known::Severity;
use crate::error::{Error, counted};
use crate::screen::{Screen, Tone};
use serde::Serialize;

const WIDTH: usize = 80;
const INDENT: usize = 8;

/// What `doctor` answers in JSON.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
    broken: usize,
    risks: usize,
    notes: usize,
    findings: &'a [Finding],
    /// What was not looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unseen: Vec<&'a str>,
}

/// All of it, and what weighs how much.
pub(super) fn show(
    findings: &[Finding],
    service: Option<&str>,
    unseen: &[&str],
    screen: &mut Screen<'_>,
) -> Result<(), Error> {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (broken, risks, notes) = (count(Severity::Broken), count(Severity::Risk), count(Severity::Note));
    screen.json(&Answer { service, broken, risks, notes, findings, unseen: unseen.to_vec() })?;
    let mut before = "";
    for finding in findings {
        if finding.id != before {
            head(finding, screen)?;
        }
        before = finding.id;
        body(finding, screen)?;
    }
    if !findings.is_empty() {
        screen.line("")?;
    }
    for unseen in unseen {
        wrapped(&format!("not looked at: {unseen}"), WIDTH).iter().try_for_each(|line| screen.line(line))?;
    }
    let mut parts = Vec::new();
    parts.extend((broken > 0).then(|| format!("{broken} broken")));
    parts.extend((risks > 0).then(|| counted(risks, "risk")));
    if parts.is_empty() {
        parts.push(String::from("nothing to mend"));
    }
    parts.extend((notes > 0).then(|| counted(notes, "note")));
    screen.line(&parts.join(", "))
}

fn head(finding: &Finding, screen: &mut Screen<'_>) -> Result<(), Error> {
    let tone = match finding.severity {
        Severity::Broken => Tone::Bad,
        Severity::Risk => Tone::Warning,
        Severity::Note => Tone::Plain,
    };
    screen.painted(tone, &format!("{:<INDENT$}", finding.severity.word()), finding.id)?;
    lines("", finding.reason, screen)
}

fn body(finding: &Finding, screen: &mut Screen<'_>) -> Result<(), Error> {
    lines("at    ", &finding.place, screen)?;
    if !finding.seen.is_empty() {
        lines("seen  ", &finding.seen, screen)?;
    }
    // Never broken: it is copied.
    screen.line(&format!("{:INDENT$}mend  {}", "", finding.mend))
}

/// A text in the columns that are left for it.
fn lines(name: &str, text: &str, screen: &mut Screen<'_>) -> Result<(), Error> {
    let width = WIDTH.saturating_sub(INDENT).saturating_sub(name.len());
    for (number, line) in wrapped(text, width).iter().enumerate() {
        let name = if number == 0 { name.to_owned() } else { " ".repeat(name.len()) };
        screen.line(&format!("{:INDENT$}{name}{line}", ""))?;
    }
    Ok(())
}

/// Lines of whole words; a word that is too long has one of its own.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count().saturating_add(1).saturating_add(word.chars().count()) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_broken_between_words_and_a_long_word_is_left_whole() {
        assert_eq!(wrapped("aa bb ccccccc d", 5), ["aa bb", "ccccccc", "d"]);
        assert!(wrapped("", 5).is_empty());
    }
}
