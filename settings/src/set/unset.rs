//! Takes a key out of the text, so that its default counts: its line goes, and every other byte stays.

use super::lines::Lines;
use super::{Container, Page, Target, flat, others};
use crate::edit::{EditError, not_toml};
use crate::walk::parse;
use std::ops::Range;
use toml_edit::{Document, InlineTable, Item, Key, Value};

/// The text without a key; the text as it is where it does not have it.
///
/// # Errors
/// There is no such key, or the text is written in a way that only a person can change.
pub fn unset(text: &str, dotted_key: &str) -> Result<String, EditError> {
    let target = Target::of(dotted_key)?;
    let document = parse(text).map_err(|raw| not_toml(text, raw))?;
    let page = Page { text, document: &document };
    let Some(range) = page.place(&target)? else { return Ok(text.to_owned()) };
    let (before, after) = (text.get(..range.start), text.get(range.end..));
    let changed =
        before.zip(after).map(|(before, after)| format!("{before}{after}")).ok_or_else(|| target.by_hand())?;
    let gone = parse(&changed).map_err(|_| target.by_hand())?;
    if others(text, &document, &target) != others(&changed, &gone, &target) {
        return Err(target.by_hand());
    }
    Ok(changed)
}

/// The text without a section and its backups: what stands under its headers goes, and every other byte stays, comments before it too.
///
/// # Errors
/// The text is written in a way that only a person can change.
pub fn without_section(text: &str, section: &str) -> Result<String, EditError> {
    let document = parse(text).map_err(|raw| not_toml(text, raw))?;
    let by_hand = || EditError::Value {
        key: section.to_owned(),
        why: String::from("is written in a way that only a person can change; `pam-2fa config edit`"),
    };
    let Some(item) = document.as_table().get(section) else { return Ok(text.to_owned()) };
    if !item.is_table() {
        return Err(by_hand());
    }
    let changed: String = Lines::of(text, &document).without(section).collect();
    let gone = parse(&changed).map_err(|_| by_hand())?;
    let kept = |text, document: &Document<&str>| {
        let mut all = flat(text, document.as_table());
        all.retain(|path, _| path.first().is_none_or(|first| first != section));
        all
    };
    if gone.as_table().get(section).is_some() || kept(text, &document) != kept(&changed, &gone) {
        return Err(by_hand());
    }
    Ok(changed)
}

impl Page<'_> {
    /// The bytes that go; none where the key is not there.
    fn place(&self, target: &Target<'_>) -> Result<Option<Range<usize>>, EditError> {
        let (container, _) = self.container(target)?;
        let found = match &container {
            Container::Absent => None,
            Container::Table(table) => table.get_key_value(target.key),
            Container::Inline(table) => toml_edit::TableLike::get_key_value(*table, target.key),
        };
        let Some((key, item)) = found else { return Ok(None) };
        let place = match (target.field, &container) {
            (None, Container::Inline(table)) => self.in_list(table, target.key),
            (None, _) => self.line(key, item),
            (Some(field), _) => match item {
                Item::Value(Value::InlineTable(account)) if account.get(field).is_none() => return Ok(None),
                Item::Value(Value::InlineTable(account)) if account.len() == 1 => self.line(key, item),
                Item::Value(Value::InlineTable(account)) => self.in_list(account, field),
                Item::Table(account) => match account.get_key_value(field) {
                    None => return Ok(None),
                    Some((key, item)) => self.line(key, item),
                },
                Item::None | Item::Value(_) | Item::ArrayOfTables(_) => None,
            },
        };
        place.map(Some).ok_or_else(|| target.by_hand())
    }

    /// The lines of a key and its value, with the comment behind it.
    fn line(&self, key: &Key, item: &Item) -> Option<Range<usize>> {
        let (begins, ends) = (key.span()?.start, item.span()?.end);
        let start = self.text.get(..begins)?.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let end =
            self.text.get(ends..)?.find('\n').map_or(self.text.len(), |at| ends.saturating_add(at).saturating_add(1));
        // Nothing else stands there, and no header.
        let own = parse(self.text.get(start..end)?).ok()?;
        let mut table = own.as_table();
        // `account.token = …`
        while let Some((_, Item::Table(inner))) = table.iter().next().filter(|_| table.len() == 1) {
            table = Some(inner).filter(|inner| inner.is_dotted())?;
        }
        (table.len() == 1 && table.iter().all(|(_, item)| item.is_value())).then_some(start..end)
    }

    /// A key of an inline table with the comma before it, or behind it where it is the first.
    fn in_list(&self, table: &InlineTable, name: &str) -> Option<Range<usize>> {
        let all: Vec<(Range<usize>, &str)> = table
            .iter()
            .filter_map(|(key, value)| Some((table.key(key)?.span()?.start..value.span()?.end, key)))
            .collect();
        let at = all.iter().position(|(_, key)| *key == name)?;
        let own = &all.get(at)?.0;
        match (at.checked_sub(1).and_then(|before| all.get(before)), all.get(at.saturating_add(1))) {
            (Some((before, _)), _) => Some(before.end..own.end),
            (None, Some((next, _))) => Some(own.start..next.start),
            (None, None) => Some(own.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Ours.\n[email]\nserver = \"a\" # the first\n  port = 465\n# before from\nfrom = \"b@example.com\"\nuser = \"u\"\n\
                        [[email.backup]]\nname = \"two\"\nserver = \"c\"\nfrom = \"d@example.com\"\nuser = \"w\"\n\
                        [sms]\nprovider = \"x\"\naccount = { url = \"u\", token = \"t\", more = \"m\" }\n[limits]\nsms_countries = [\n  \"US\",\n]\n\
                        [policy]\nrequired = \"optional\"";

    #[test]
    fn the_line_of_a_key_goes_and_every_other_byte_stays() {
        for (key, gone) in [
            ("email.port", "  port = 465\n"),
            ("email.server", "server = \"a\" # the first\n"),
            ("email.user", "user = \"u\"\n"),
            ("email.backup.two.user", "user = \"w\"\n"),
            ("sms.account.url", "url = \"u\", "),
            ("sms.account.token", ", token = \"t\""),
            ("sms.account.more", ", more = \"m\""),
            ("limits.sms_countries", "sms_countries = [\n  \"US\",\n]\n"),
            ("policy.required", "required = \"optional\""),
        ] {
            assert_eq!(TEXT.matches(gone).count(), 1, "{gone}");
            assert_eq!(unset(TEXT, key).unwrap(), TEXT.replace(gone, ""), "{key}");
        }
        for absent in ["email.helo", "trust.ssh", "sms.account.other", "email.backup.three.user", "codes.digits"] {
            assert_eq!(unset(TEXT, absent).unwrap(), TEXT, "{absent}");
        }
        assert!(unset(TEXT, "email.sever").is_err());
        let without = without_section(TEXT, "sms").unwrap();
        assert_eq!(
            without,
            TEXT.replace("[sms]\nprovider = \"x\"\naccount = { url = \"u\", token = \"t\", more = \"m\" }\n", "")
        );
        let without = without_section(TEXT, "email").unwrap();
        assert!(without.starts_with("# Ours.\n# before from\n[sms]\n"), "{without}");
        assert_eq!(without_section(TEXT, "trust").unwrap(), TEXT);
        // A piece of a value is no comment.
        let secret = "[sms]\nprovider = \"x\"\n# Ours.\naccount = \"\"\"a;b;\n# hunter2\n\n  # \"\"\"\n[log]\nlevel = \"info\"\n";
        assert_eq!(without_section(secret, "sms").unwrap(), "# Ours.\n[log]\nlevel = \"info\"\n");
        // Two on one line, as nobody writes it.
        assert!(unset("[email]\nserver = \"a\"\n[sms]\naccount = \"whole\"\n", "sms.account.url").is_err());
        let one = "[sms]\nprovider = \"x\"\naccount = { url = \"u\" }\n";
        assert_eq!(unset(one, "sms.account.url").unwrap(), "[sms]\nprovider = \"x\"\n");
        assert_eq!(
            unset("email = { server = \"a\", port = 1 }\n", "email.port").unwrap(),
            "email = { server = \"a\" }\n"
        );
    }
}
