//! An administrator's own words: `messages/LANG.ftl` beside `config.toml`, a few messages of ours in other words.
//!
//! Nothing in there can deny anybody anything, or make a message say less than it must: what cannot be used is a line for the
//! administrator, and our own text stays for that message.

use super::{Charset, Message, Texts, sms};
use crate::settings_file::{self, FileError};
use fluent_bundle::FluentResource;
use fluent_bundle::concurrent::FluentBundle;
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Message as Fluent, Pattern, PatternElement};
use fluent_syntax::unicode::unescape_unicode_to_string;
use pam_2fa_settings::Language;
use pam_2fa_settings::text::{is_plain, printable};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// What a person needs to have of a message, wherever ours has it: without the tag two codes cannot be told apart.
const NEEDED: &[&str] = &["code", "tag"];

/// The longest text, bytes, all its forms together: a prompt stands in one line of a terminal, and libpam's own limit for a message
/// is 512 (`PAM_MAX_MSG_SIZE`).
const LONGEST: usize = 400;

/// The same of a mail's text.
const LONGEST_MAIL: usize = 4_000;

/// The parser calls itself for each brace inside a brace, and would use up the stack; a text has two or three.
const DEEPEST: usize = 8;

/// The words of one language.
pub(super) struct Own {
    pub(super) bundle: FluentBundle<FluentResource>,
    /// Which of them count.
    pub(super) taken: Vec<Message>,
}

/// Texts as they come with pam-2fa.
type Ours = Arc<FluentBundle<FluentResource>>;

/// The words of a language in `folder`, where there are any that count, and a line for each that does not.
pub(super) fn read(folder: &Path, language: Language, ours: &Ours) -> (Option<Arc<Own>>, Vec<String>) {
    let path = folder.join(format!("{language}.ftl"));
    match settings_file::read(&path) {
        Ok(text) => check(&path.display().to_string(), text.expose(), ours),
        Err(FileError::Missing { .. }) => (None, Vec::new()),
        Err(error) => (None, vec![format!("{error}; until then our own texts are used")]),
    }
}

/// Files in `folder` that no language reads.
pub(super) fn strangers(folder: &Path) -> Vec<String> {
    let names =
        std::fs::read_dir(folder).into_iter().flatten().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let stranger = |name: &String| name.strip_suffix(".ftl").is_some_and(|word| Language::parse(word).is_err());
    let mut names: Vec<String> = names.filter(stranger).collect();
    names.sort();
    let said = |name: String| {
        let why =
            Language::parse(name.trim_end_matches(".ftl")).err().map(|error| error.to_string()).unwrap_or_default();
        format!("{}/{}: nobody reads this file: {why}", folder.display(), printable(&name))
    };
    names.into_iter().map(said).collect()
}

/// The words of `source` that count, and a line for each that does not.
fn check(file: &str, source: &str, ours: &Ours) -> (Option<Arc<Own>>, Vec<String>) {
    if is_too_deep(source) {
        let why = format!(
            "{file}: braces in braces more than {DEEPEST} deep; write it simpler; until then our own texts are used"
        );
        return (None, vec![why]);
    }
    if let Some(line) = cut_escape(source) {
        let why = format!(
            "{file}:{line}: an escape (\\u and four, \\U and six hex digits) is cut short; correct it; until then our own texts are used"
        );
        return (None, vec![why]);
    }
    let mut problems = Vec::new();
    let resource = FluentResource::try_new(String::from(source)).unwrap_or_else(|(rest, errors)| {
        for error in errors {
            let (line, why) = (line_at(source, error.pos.start), error.kind.to_string());
            let why = printable(&why);
            problems
                .push(format!("{file}:{line}: cannot be read ({why}); correct it; until then our own text is used"));
        }
        rest
    });
    let mut taken = Vec::new();
    for entry in resource.entries() {
        let (id, checked) = match entry {
            Entry::Message(message) => (message.id.name, checked_message(message, &taken, ours)),
            Entry::Term(term) => {
                (term.id.name, Err(String::from("a term is not for here; write the words themselves")))
            }
            Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) | Entry::Junk { .. } => continue,
        };
        match checked {
            Ok(message) => taken.push(message),
            Err(why) => problems.push(problem(file, source, id, &why)),
        }
    }
    let mut bundle = FluentBundle::new_concurrent(ours.locales.clone());
    bundle.set_use_isolating(false);
    // Of two with one id the first counts; the second was named above.
    let _again = bundle.add_resource(resource);
    let (own, long) = one_segment(Own { bundle, taken }, ours);
    problems.extend(long.into_iter().map(|message| {
        problem(file, source, message.id(), "does not fit into one text message at its longest; shorten it")
    }));
    (own, problems)
}

fn problem(file: &str, source: &str, id: &str, why: &str) -> String {
    let starts = |line: &str| {
        line.strip_prefix('-').unwrap_or(line).strip_prefix(id).is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let line = source.lines().position(starts).map_or(1, |at| at.saturating_add(1));
    format!("{file}:{line}: {}: {why}; until then our own text is used", printable(id))
}

/// Which line a byte is in, from 1.
fn line_at(source: &str, at: usize) -> usize {
    source.bytes().take(at).filter(|byte| *byte == b'\n').count().saturating_add(1)
}

/// The line of an escape with too few digits and a letter that is not ASCII behind them: fluent-syntax 0.12 cuts that letter in two, and
/// panics (`skip_unicode_escape_sequence`).
fn cut_escape(source: &str) -> Option<usize> {
    let is_cut = |at: usize, needed: usize| {
        let after = source.get(at..).unwrap_or_default();
        let digits = after.bytes().take(needed).take_while(u8::is_ascii_hexdigit).count();
        digits < needed && !after.as_bytes().get(digits).is_none_or(u8::is_ascii)
    };
    let escapes = |sign, needed| source.match_indices(sign).map(move |(at, _)| (at, needed));
    let mut cut =
        escapes("\\u", 4).chain(escapes("\\U", 6)).filter(|(at, needed)| is_cut(at.saturating_add(2), *needed));
    cut.next().map(|(at, _)| line_at(source, at))
}

/// Whether braces (and the brackets of functions) stand deeper in each other than any text needs. A text begins with its id and `=`
/// at the start of a line.
fn is_too_deep(source: &str) -> bool {
    let is_id = |start: &str| {
        !start.is_empty() && start.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_ ".contains(&byte))
    };
    let begins = |line: &str| !line.starts_with(' ') && line.split_once('=').is_some_and(|(start, _)| is_id(start));
    let mut depth = 0_usize;
    source.lines().any(|line| {
        if begins(line) {
            depth = 0;
        }
        line.chars().any(|character| {
            match character {
                '{' | '(' => depth = depth.saturating_add(1),
                '}' | ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth > DEEPEST
        })
    })
}

/// Takes out text messages that would be more than one segment.
fn one_segment(own: Own, ours: &Ours) -> (Option<Arc<Own>>, Vec<Message>) {
    let own = Arc::new(own);
    let texts = Texts { bundle: Arc::clone(ours), own: Some(Arc::clone(&own)), charset: Charset::Utf8 };
    let unchanged = Texts { own: None, ..texts.clone() };
    // Of a notice's frame and its sentence each is looked at beside ours of the other.
    let is_long = |message: &Message| {
        let says = sms::Says::ALL.iter().find(|(text, _)| text == message);
        let one = if let Some((_, says)) = says {
            sms::is_one_segment(&texts, *says)
        } else if *message == Message::SmsNotice {
            sms::notice::is_one_segment(None, &texts, &unchanged)
        } else {
            !sms::notice::is_sentence(*message) || sms::notice::is_one_segment(Some(*message), &unchanged, &texts)
        };
        !one
    };
    let long: Vec<Message> = own.taken.iter().copied().filter(is_long).collect();
    drop((texts, unchanged));
    let own = Arc::into_inner(own).and_then(|mut own| {
        own.taken.retain(|message| !long.contains(message));
        (!own.taken.is_empty()).then(|| Arc::new(own))
    });
    (own, long)
}

/// The message whose text may be this one, or why it may not: what, and what to do.
fn checked_message(message: &Fluent<&str>, before: &[Message], ours: &Ours) -> Result<Message, String> {
    let id = message.id.name;
    let known = Message::ALL.iter().copied().find(|known| known.id() == id);
    let known = known.ok_or("there is no such message; the ids stand in the files that come with pam-2fa")?;
    if before.contains(&known) {
        return Err(String::from("is there twice; take one out"));
    }
    let pattern = message.value.as_ref().filter(|_| message.attributes.is_empty());
    let pattern = pattern.ok_or("is not a text alone; take its attributes out")?;
    let (mut theirs, mut own) = (Looked::default(), Looked::default());
    if let Some(found) = ours.get_message(id).and_then(|found| found.value()) {
        theirs.pattern(found);
    }
    let always = own.pattern(pattern);
    if let Some(what) = own.foreign {
        return Err(format!("has {what} in it; only words, values and plural forms are for here"));
    }
    if let Some(value) = own.values.difference(&theirs.values).next() {
        return Err(format!("this message has no value ${value}; take it out"));
    }
    if let Some(value) = NEEDED.iter().find(|value| theirs.values.contains(**value) && !always.contains(**value)) {
        return Err(format!("must say {{ ${value} }}, in each of its forms; put it in"));
    }
    let is_mail = id.starts_with("mail-text");
    if own.has_lines && !is_mail && !theirs.has_lines {
        return Err(String::from("must be one line; join its lines"));
    }
    let longest = if is_mail { LONGEST_MAIL } else { LONGEST };
    if own.bytes > longest {
        return Err(format!("is {} bytes long, and {longest} are the most; shorten it", own.bytes));
    }
    Ok(known)
}

/// What was seen in a text.
#[derive(Debug, Default)]
struct Looked<'a> {
    values: BTreeSet<&'a str>,
    bytes: usize,
    has_lines: bool,
    /// The first thing that is not for an override.
    foreign: Option<&'static str>,
}

impl<'a> Looked<'a> {
    /// Looks at a text; the values that it says whatever they are.
    fn pattern(&mut self, pattern: &Pattern<&'a str>) -> BTreeSet<&'a str> {
        let mut always = BTreeSet::new();
        for element in &pattern.elements {
            match element {
                PatternElement::TextElement { value } => self.words(value),
                PatternElement::Placeable { expression } => always.append(&mut self.expression(expression)),
            }
        }
        always
    }

    fn expression(&mut self, expression: &Expression<&'a str>) -> BTreeSet<&'a str> {
        match expression {
            Expression::Inline(inline) => self.inline(inline),
            Expression::Select { selector, variants } => {
                // What is chosen by is not said.
                let _chosen = self.inline(selector);
                let said = variants.iter().map(|variant| self.pattern(&variant.value));
                said.reduce(|all, one| all.intersection(&one).copied().collect()).unwrap_or_default()
            }
        }
    }

    fn inline(&mut self, inline: &InlineExpression<&'a str>) -> BTreeSet<&'a str> {
        match inline {
            InlineExpression::VariableReference { id } => {
                self.values.insert(id.name);
                BTreeSet::from([id.name])
            }
            InlineExpression::Placeable { expression } => self.expression(expression),
            InlineExpression::StringLiteral { value } => {
                self.words(&unescape_unicode_to_string(value));
                BTreeSet::new()
            }
            InlineExpression::NumberLiteral { value } => {
                self.words(value);
                BTreeSet::new()
            }
            InlineExpression::FunctionReference { .. } => self.is_foreign("a function"),
            InlineExpression::MessageReference { .. } => self.is_foreign("another message"),
            InlineExpression::TermReference { .. } => self.is_foreign("a term"),
        }
    }

    fn words(&mut self, text: &str) {
        self.bytes = self.bytes.saturating_add(text.len());
        self.has_lines |= text.contains('\n');
        if !text.chars().all(|character| character == '\n' || is_plain(character)) {
            self.is_foreign("a control or direction character");
        }
    }

    fn is_foreign(&mut self, what: &'static str) -> BTreeSet<&'a str> {
        self.foreign.get_or_insert(what);
        BTreeSet::new()
    }
}

#[cfg(test)]
mod tests;
