//! `pam-2fa user import` and `export`: records as CSV (RFC 4180). A file is looked at whole, here and by the daemon, before a row of it
//! is written; every row that is wrong is named with its line.

use crate::args::{self, Imported};
use crate::client::Client;
use crate::error::{Error, counted};
use crate::screen::{Form, Screen};
use crate::user;
use csv::{ByteRecord, ReaderBuilder, Trim, WriterBuilder};
use pam_2fa_protocol::MAX_FRAME;
use pam_2fa_protocol::admin::{ImportRow, MOST_ROWS, USER_IMPORT, UserImport, UserImportReply, Verify, WrongRow};
use serde::Serialize;
use std::collections::HashMap;
use std::path::Path;

/// The columns, in the order in which they are written.
const COLUMNS: [&str; 5] = ["name", "verify", "email", "phone", "language"];

/// Bytes of rows in one call: what stands around them fits into the rest of a frame.
const MOST_BYTES: usize = MAX_FRAME - 1024;

/// What `user import` answers in JSON.
#[derive(Default, Serialize)]
struct Report {
    wrong: Vec<WrongRow>,
    written: bool,
    made: u64,
    changed: u64,
    same: u64,
    unknown: u64,
}

impl Report {
    fn add(&mut self, reply: &UserImportReply) {
        self.made = self.made.saturating_add(reply.made);
        self.changed = self.changed.saturating_add(reply.changed);
        self.same = self.same.saturating_add(reply.same);
        self.unknown = self.unknown.saturating_add(reply.unknown);
    }
}

/// Whether rows are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    Check,
    Write,
}

/// `pam-2fa user import FILE.csv`.
pub(crate) fn import(
    connect: impl Fn() -> Result<Client, Error>,
    wanted: &Imported,
    screen: &mut Screen<'_>,
) -> Result<(), Error> {
    let bytes = if wanted.file == Path::new("-") {
        screen.piped_in()?
    } else {
        let what = "cannot read";
        std::fs::read(&wanted.file).map_err(|why| Error::File { what, path: wanted.file.clone(), why })?
    };
    let (rows, mut wrong) = parse(&bytes).map_err(|why| Error::Unfit { path: wanted.file.clone(), why })?;
    let mut client = connect()?;
    let checked = run(&mut client, wanted, &rows, Pass::Check, screen)?;
    wrong.extend(checked.report.wrong);
    if checked.unique_email {
        wrong.extend(shared(&rows));
    }
    let (mut report, mut stopped) = (Report { wrong, ..checked.report }, None);
    if report.wrong.is_empty() && !wanted.dry_run {
        Run { report, stopped, .. } = run(&mut client, wanted, &rows, Pass::Write, screen)?;
        report.written = true;
    }
    tell(report, stopped, wanted, screen)
}

fn tell(mut report: Report, stopped: Option<u64>, wanted: &Imported, screen: &mut Screen<'_>) -> Result<(), Error> {
    report.wrong.sort_by(|one, other| (one.line, &one.why).cmp(&(other.line, &other.why)));
    screen.json(&report)?;
    if screen.form() == Form::Text {
        for wrong in &report.wrong {
            screen.note(&format!("{}:{}: {}", wanted.file.display(), wrong.line, wrong.why))?;
        }
    }
    let path = wanted.file.clone();
    if !report.wrong.is_empty() {
        let mut lines: Vec<u64> = report.wrong.iter().map(|wrong| wrong.line).collect();
        lines.dedup();
        let rows = lines.len();
        return Err(match stopped {
            Some(line) => Error::PartlyWritten { path, rows, line },
            None => Error::WrongRows { path, rows },
        });
    }
    let Report { made, changed, same, unknown, .. } = report;
    let verb = if report.written { "" } else { "would be " };
    screen.line(&format!("{verb}made {made}, {verb}changed {changed}, as they are {same}"))?;
    if unknown > 0 {
        let users = counted(usize::try_from(unknown).unwrap_or(usize::MAX), "row");
        screen.hint(&format!("{users} left out: this host does not know the user"))?;
    }
    Ok(())
}

struct Run {
    report: Report,
    unique_email: bool,
    /// The line of the first row that was not written, where a call was refused that the check had passed: somebody else has changed
    /// something between the two.
    stopped: Option<u64>,
}

/// Hands all rows over, as many in one call as it takes. Of a pass that writes, the first call that is refused is the last.
fn run(
    client: &mut Client,
    wanted: &Imported,
    rows: &[ImportRow],
    pass: Pass,
    screen: &mut Screen<'_>,
) -> Result<Run, Error> {
    let mut all = Run { report: Report::default(), unique_email: false, stopped: None };
    let (mut rest, mut done) = (rows, 0_usize);
    while !rest.is_empty() {
        let (now, later) = rest.split_at(fitting(rest));
        let asked = UserImport {
            rows: now.to_vec(),
            trusted: wanted.trusted,
            skip_unknown: wanted.skip_unknown,
            dry_run: pass == Pass::Check,
        };
        let mut refused = Vec::new();
        let answered = client.call_more(USER_IMPORT, &asked, |reply: UserImportReply| {
            all.report.add(&reply);
            all.unique_email = reply.unique_email;
            refused = reply.wrong;
            Ok(())
        });
        let from = now.first().map_or(0, |row| row.line);
        if answered.is_err() && pass == Pass::Write && done > 0 {
            screen.note(&format!("what stands before line {from} is written; the same file may be given again"))?;
        }
        answered?;
        let ends = pass == Pass::Write && !refused.is_empty();
        all.stopped = ends.then_some(from);
        all.report.wrong.append(&mut refused);
        rest = if ends { &[] } else { later };
        done = if ends { rows.len() } else { done.saturating_add(now.len()) };
        screen.progress(if pass == Pass::Check { "checking" } else { "writing" }, done, rows.len())?;
    }
    Ok(all)
}

/// How many of the first rows fit into a call; one always does.
fn fitting(rows: &[ImportRow]) -> usize {
    let mut bytes = 0_usize;
    let fits = rows.iter().take(MOST_ROWS).take_while(|row| {
        bytes = bytes.saturating_add(serde_json::to_vec(row).map_or(0, |row| row.len()).saturating_add(1));
        bytes <= MOST_BYTES
    });
    fits.count().max(1)
}

/// The rows that are right by themselves, and what is wrong with the others.
fn parse(bytes: &[u8]) -> Result<(Vec<ImportRow>, Vec<WrongRow>), String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines = Lines { bytes, at: 0, line: 1 };
    let mut reader = ReaderBuilder::new().flexible(true).trim(Trim::All).from_reader(bytes);
    let head = reader.byte_headers().map_err(|error| error.to_string())?.clone();
    let places = columns(&head)?;
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    let mut names: HashMap<String, u64> = HashMap::new();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(|error| error.to_string())? {
        let line = lines.of(&record);
        match row(&record, head.len(), &places, line) {
            Ok(row) => {
                if let Some(first) = names.insert(row.name.clone(), line) {
                    wrong.push(WrongRow { line, why: format!("name: {} stands in line {first} already", row.name) });
                } else {
                    rows.push(row);
                }
            }
            Err(whys) => wrong.extend(whys.into_iter().map(|why| WrongRow { line, why })),
        }
    }
    Ok((rows, wrong))
}

/// Tells the line in which a row begins. The reader's own count is where the row before it ended: an empty line, and with CRLF half a
/// line break, stand between the two.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// Of the next row.
    fn of(&mut self, record: &ByteRecord) -> u64 {
        let ended = record.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(self.at);
        let between = self.bytes.get(ended..).unwrap_or_default();
        let begins = ended.saturating_add(between.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count());
        let passed = self.bytes.get(self.at..begins).unwrap_or_default();
        let breaks = passed.iter().filter(|byte| **byte == b'\n').count();
        self.line = self.line.saturating_add(u64::try_from(breaks).unwrap_or(u64::MAX));
        self.at = begins;
        self.line
    }
}

/// Where each column stands; none for one that is missing.
fn columns(head: &ByteRecord) -> Result<[Option<usize>; 5], String> {
    let mut places = [None; 5];
    for (place, name) in head.iter().enumerate() {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let known = COLUMNS.iter().zip(&mut places).find(|(column, _)| **column == name);
        let Some((_, slot)) = known else {
            let hint = if name.contains([';', '\t']) { "; columns are separated by commas" } else { "" };
            let all = COLUMNS.join(", ");
            return Err(format!("line 1: there is no column {name:?}; the first line names them: {all}{hint}"));
        };
        if slot.replace(place).is_some() {
            return Err(format!("line 1: the column {name} stands there twice"));
        }
    }
    match places {
        [Some(_), ..] => Ok(places),
        [None, ..] => Err(String::from("line 1: the column name is missing; the first line names the columns")),
    }
}

/// One row, or everything that is wrong with it.
fn row(record: &ByteRecord, width: usize, places: &[Option<usize>; 5], line: u64) -> Result<ImportRow, Vec<String>> {
    if record.len() != width {
        return Err(vec![format!("{} and the first line has {width}", counted(record.len(), "field"))]);
    }
    let mut wrong = Vec::new();
    let mut field = |column: usize, parse: fn(&str) -> Result<String, String>| {
        let bytes = places.get(column).copied().flatten().and_then(|place| record.get(place)).unwrap_or_default();
        let parsed = match std::str::from_utf8(bytes) {
            Ok("") if column > 0 => return None,
            Ok(text) => parse(text),
            Err(_) => Err(String::from("not UTF-8")),
        };
        let name = COLUMNS.get(column).copied().unwrap_or_default();
        parsed.map_err(|why| wrong.push(format!("{name}: {why}"))).ok()
    };
    let name = field(0, args::name).unwrap_or_default();
    let verify = field(1, |text| verify(text).map(|_| text.to_owned()));
    let email = field(2, args::email_or_nothing);
    let phone = field(3, args::number_or_nothing);
    let language = field(4, args::language_or_nothing);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let verify = verify.and_then(|text| self::verify(&text).ok());
    Ok(ImportRow { line, name, verify, email, phone, language })
}

fn verify(text: &str) -> Result<Verify, String> {
    match text {
        "never" => Ok(Verify::Never),
        "new-device" => Ok(Verify::NewDevice),
        "always" => Ok(Verify::Always),
        _ => Err(String::from("write never, new-device or always")),
    }
}

/// Addresses that stand in several rows, where one address is one user's (compared as the daemon does).
fn shared(rows: &[ImportRow]) -> Vec<WrongRow> {
    let mut first: HashMap<String, u64> = HashMap::new();
    let mut wrong = Vec::new();
    for row in rows {
        if let Some(email) = &row.email
            && let Some(line) = first.insert(email.to_lowercase(), row.line)
        {
            let why = format!("email: it stands in line {line} too; one address is one user's");
            wrong.push(WrongRow { line: row.line, why });
        }
    }
    wrong
}

/// A row of an export.
#[derive(Serialize)]
struct Exported {
    name: String,
    verify: &'static str,
    email: String,
    phone: String,
    language: String,
}

/// `pam-2fa user export`.
pub(crate) fn export(client: &mut Client, screen: &mut Screen<'_>) -> Result<(), Error> {
    let rows: Vec<Exported> = user::all(client)?
        .into_iter()
        .map(|user| Exported {
            name: user.name,
            verify: user::verify_word(user.verify),
            email: user.email.unwrap_or_default(),
            phone: user.phone.unwrap_or_default(),
            language: user.language.unwrap_or_default(),
        })
        .collect();
    if screen.form() == Form::Json {
        return screen.json(&rows);
    }
    screen.line(&COLUMNS.join(","))?;
    for row in rows {
        let mut writer = WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        let written = writer.serialize(row).map_err(|error| error.to_string());
        let line = written.and_then(|()| writer.into_inner().map_err(|error| error.to_string()));
        let line = line.map_err(|why| Error::Output(std::io::Error::other(why)))?;
        screen.line(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
