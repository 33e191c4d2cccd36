//! `pam-2fa config check`: every error of a file at once, as a compiler lists them. It asks no daemon and changes nothing.

use super::file;
use crate::error::{Error, counted};
use crate::screen::Screen;
use pam_2fa_settings::{Finding, parse};
use serde::Serialize;
use std::path::Path;

/// A finding of the text, or one of the file itself, which has no line.
#[derive(Serialize)]
struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    key: String,
    text: String,
}

impl From<Finding> for Shown {
    fn from(finding: Finding) -> Self {
        Self { line: Some(finding.line), column: Some(finding.column), key: finding.key, text: finding.text }
    }
}

/// What `config check` answers in JSON.
#[derive(Serialize)]
struct Checked<'a> {
    file: &'a Path,
    errors: Vec<Shown>,
    notes: Vec<Shown>,
}

/// `pam-2fa config check [FILE]`.
pub(crate) fn check(file: Option<&Path>, configured: &Path, screen: &mut Screen<'_>) -> Result<(), Error> {
    let path = file.unwrap_or(configured);
    let read = file::read(path)?;
    let mut errors = Vec::new();
    // Who may write the settings in use decides who logs in. Of another file, a draft, it is nobody's concern.
    if path == configured {
        let whole = |text| Shown { line: None, column: None, key: String::new(), text };
        errors.extend(file::unfit(path, &read.metadata).into_iter().map(whole));
    }
    let notes = match parse(&read.text) {
        Ok(accepted) => accepted.notes,
        Err(findings) => {
            errors.extend(findings.into_iter().map(Shown::from));
            Vec::new()
        }
    };
    let checked = Checked { file: path, errors, notes: notes.into_iter().map(Shown::from).collect() };
    screen.json(&checked)?;
    show(path, &checked.errors, "", screen)?;
    show(path, &checked.notes, "note: ", screen)?;
    if checked.errors.is_empty() {
        return screen.line(&format!("{}: no errors", path.display()));
    }
    Err(Error::Findings { path: path.to_owned(), count: checked.errors.len() })
}

/// Lists the findings of a text; `config seal` refuses with the same lines.
pub(crate) fn list(path: &Path, findings: Vec<Finding>, screen: &mut Screen<'_>) -> Result<(), Error> {
    let errors: Vec<Shown> = findings.into_iter().map(Shown::from).collect();
    let checked = Checked { file: path, errors, notes: Vec::new() };
    screen.json(&checked)?;
    show(path, &checked.errors, "", screen)?;
    Err(Error::Findings { path: path.to_owned(), count: checked.errors.len() })
}

/// The same of a text that is not put in the place of the file.
pub(super) fn would_be_wrong(path: &Path, findings: Vec<Finding>, screen: &mut Screen<'_>) -> Error {
    let file = path.display().to_string();
    match list(path, findings, screen) {
        Err(Error::Findings { count, .. }) => {
            Error::Refused(vec![format!("{file} would have {}; nothing was changed", counted(count, "error"))])
        }
        Err(error) => error,
        Ok(()) => Error::Refused(vec![format!("{file}: nothing was changed")]),
    }
}

/// `FILE:LINE:COLUMN: KEY: TEXT`, so that editors find the place.
fn show(path: &Path, findings: &[Shown], mark: &str, screen: &mut Screen<'_>) -> Result<(), Error> {
    for Shown { line, column, key, text } in findings {
        let place = match (line, column) {
            (Some(line), Some(column)) => format!(":{line}:{column}"),
            _ => String::new(),
        };
        let key = if key.is_empty() { String::new() } else { format!("{key}: ") };
        screen.line(&format!("{}{place}: {mark}{key}{text}", path.display()))?;
    }
    Ok(())
}
