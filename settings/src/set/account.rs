//! A field of an account, which an administrator may have written as an inline table, under a header of its own, or field by field
//! (`account.token = …`): it goes where the others stand.

use super::lines::Lines;
use super::{Page, Target};
use crate::edit::EditError;
use toml_edit::{Item, Key, Table, Value};

impl Page<'_> {
    /// `account` is what stands there; `index` tells which of the backups it is of.
    pub(super) fn in_account(
        &self,
        target: &Target<'_>,
        (account, index): (&Item, usize),
        field: &str,
        value: &str,
    ) -> Result<String, EditError> {
        if account.is_str() {
            return Err(target.cannot(
                "the account is one text here, so its fields are set with it, in the order of the provider's file",
            ));
        }
        if let Some(item) = account.as_table_like().and_then(|account| account.get(field)) {
            return self.over(target, item, value);
        }
        let changed = match account {
            Item::Value(Value::InlineTable(table)) => return self.in_inline(target, table, field, value),
            Item::Table(table) if table.is_dotted() => self.beside(table, field, value),
            Item::Table(_) => self.under_header(target, index, field, value),
            Item::None | Item::Value(_) | Item::ArrayOfTables(_) => None,
        };
        changed.ok_or_else(|| target.by_hand())
    }

    /// `account.field = value` below the last of its kind, and written as that one is.
    fn beside(&self, account: &Table, field: &str, value: &str) -> Option<String> {
        let all = account.iter().filter_map(|(name, item)| Some((account.key(name)?.span()?.start, item.span()?.end)));
        let (begins, end) = all.max_by_key(|(_, end)| *end)?;
        let prefix = self.text.get(..begins)?.rsplit('\n').next()?;
        let lines = Lines::of(self.text, self.document);
        lines.with_line_below(end, &format!("{prefix}{} = {value}", Key::new(field)))
    }

    /// Under `[sms.account]`, or `[sms.backup.account]` of that backup.
    fn under_header(&self, target: &Target<'_>, index: usize, field: &str, value: &str) -> Option<String> {
        let lines = Lines::of(self.text, self.document);
        let header = match target.backup {
            None => lines.header(&[target.section, target.key]),
            Some(_) => {
                let backup = lines.nth_array(&[target.section, "backup"], index)?;
                lines.header_in(backup, &[target.section, "backup", target.key])
            }
        };
        lines.with_key(header?, field, value)
    }
}

#[cfg(test)]
mod tests {
    use crate::{plain_secrets, set, unset, without_section};

    /// The same account in every way that it can be written.
    const WAYS: [&str; 5] = [
        "[sms] # ours\nprovider = \"x\"\n[sms.account] # theirs\n# The number.\nurl = \"u\" # where\ntoken = \"t\"\n\n[log]\nlevel = \"info\"\n",
        "[sms.account]\nurl = \"u\" # where\ntoken = \"t\"\n[sms]\nprovider = \"x\"",
        "[sms]\nprovider = \"x\"\n  account.url = \"u\" # where\n  account.token = \"t\"\nsender = \"+15550100\"\n",
        "[sms]\nprovider = \"x\"\naccount = { url = \"u\", token = \"t\" } # where\n",
        "[sms]\r\nprovider = \"x\"\r\naccount.url = \"u\" # where\r\naccount.token = \"t\"",
    ];

    fn fields(text: &str) -> Vec<(String, String)> {
        let all = plain_secrets(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        all.into_iter().map(|(key, secret)| (key, secret.expose().clone())).collect()
    }

    fn are(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| (format!("sms.account.{key}"), String::from(*value))).collect()
    }

    #[test]
    fn a_field_is_set_added_and_taken_out_however_the_account_is_written() {
        for text in WAYS {
            let other = set(text, "sms.account.token", "n").unwrap();
            assert_eq!(other, text.replace("\"t\"", "\"n\""), "in its place");
            let more = set(text, "sms.account.more", "m").unwrap();
            assert_eq!(fields(&more), are(&[("more", "m"), ("token", "t"), ("url", "u")]), "{more}");
            assert_eq!(more.matches("# where").count(), 1, "{more}");
            let back = unset(&more, "sms.account.more").unwrap();
            assert_eq!(back.trim_end(), text.trim_end(), "a field that goes leaves everything as it was");
            let less = unset(text, "sms.account.token").unwrap();
            assert_eq!(fields(&less), are(&[("url", "u")]), "{less}");
            // Another provider: all of its fields go, and others come.
            let mut next = unset(&less, "sms.account.url").unwrap();
            next = set(&next, "sms.provider", "y").unwrap();
            next = set(&next, "sms.account.key", "k").unwrap();
            next = set(&next, "sms.account.secret", "s").unwrap();
            assert_eq!(fields(&next), are(&[("key", "k"), ("secret", "s")]), "{next}");
            assert!(crate::parse(&next).is_ok(), "{next}");
            let gone = without_section(&next, "sms").unwrap();
            assert!(!gone.contains("key") && !gone.contains("sms"), "{gone}");
        }
        let header = set(WAYS[0], "sms.account.more", "m").unwrap();
        assert!(header.contains("token = \"t\"\nmore = \"m\"\n\n[log]"), "{header}");
        let dotted = set(WAYS[2], "sms.account.more", "m").unwrap();
        assert!(dotted.contains("  account.token = \"t\"\n  account.more = \"m\"\nsender"), "{dotted}");
        let ends = set(WAYS[4], "sms.account.more", "m").unwrap();
        assert!(ends.ends_with("account.token = \"t\"\r\naccount.more = \"m\"\r\n"), "{ends:?}");
    }

    #[test]
    fn of_two_backups_each_has_an_account_of_its_own() {
        let text = "[sms]\nprovider = \"x\"\naccount.url = \"u\"\n\
                    [[sms.backup]]\nname = \"one\"\nprovider = \"x\"\n[sms.backup.account]\nurl = \"1\"\n\
                    [[sms.backup]]\nname = \"two\"\nprovider = \"x\"\n[sms.backup.account]\nurl = \"2\"\n\
                    [[sms.backup]]\nname = \"three\"\nprovider = \"x\"\naccount.url = \"3\"\n";
        for (name, old, new) in [
            ("one", "url = \"1\"\n", "url = \"1\"\ntoken = \"t\"\n"),
            ("two", "url = \"2\"\n", "url = \"2\"\ntoken = \"t\"\n"),
            ("three", "account.url = \"3\"\n", "account.url = \"3\"\naccount.token = \"t\"\n"),
        ] {
            let key = format!("sms.backup.{name}.account.token");
            let set = set(text, &key, "t").unwrap();
            assert_eq!(set, text.replace(old, new), "{name}");
            assert_eq!(unset(&set, &key).unwrap(), text);
        }
    }

    #[test]
    fn an_inline_table_over_several_lines_keeps_its_lines() {
        let text = "[sms]\nprovider = \"x\"\naccount = {\n  url = \"u\", # where\n  token = \"t\", # which\n} # all\nsender = \"+15550100\"\n";
        let more = set(text, "sms.account.more", "m").unwrap();
        assert_eq!(fields(&more), are(&[("more", "m"), ("token", "t"), ("url", "u")]), "{more}");
        assert!(more.contains("url = \"u\", # where\n") && more.contains("# which\n} # all\n"), "{more}");
        assert_eq!(unset(&more, "sms.account.more").unwrap(), text);
        let less = unset(text, "sms.account.token").unwrap();
        assert_eq!(fields(&less), are(&[("url", "u")]), "{less}");
        let less = unset(text, "sms.account.url").unwrap();
        assert_eq!(fields(&less), are(&[("token", "t")]), "{less}");
        assert_eq!(unset(&less, "sms.account.token").unwrap(), "[sms]\nprovider = \"x\"\nsender = \"+15550100\"\n");
    }
}
