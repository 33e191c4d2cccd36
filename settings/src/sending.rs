//! What of a text of settings sending rests on: the way out to configd, which takes 16 KiB in one call, has no room for comments and
//! for what else there is.

use crate::edit::{EditError, not_toml};
use crate::walk::parse;
use toml_edit::{DocumentMut, Item, Table, Value};

/// Sections that sending rests on, whole.
const WHOLE: [&str; 4] = ["email", "sms", "codes", "limits"];

/// The text with what is needed to send a message, and nothing else: no comment, no policy but the name that stands in messages.
///
/// # Errors
/// The text is no TOML.
pub fn sending(text: &str) -> Result<String, EditError> {
    part(text, false)
}

/// The same with who is asked: all of `[policy]`.
///
/// # Errors
/// The text is no TOML.
pub fn asking(text: &str) -> Result<String, EditError> {
    part(text, true)
}

fn part(text: &str, asks: bool) -> Result<String, EditError> {
    parse(text).map_err(|raw| not_toml(text, raw))?;
    // That was proven.
    let whole: DocumentMut = text.parse().unwrap_or_default();
    let mut part = DocumentMut::new();
    if let (true, Some(policy)) = (asks, whole.get("policy")) {
        part.insert("policy", policy.clone());
    } else if let Some(application) = whole.get("policy").and_then(|policy| policy.get("application")) {
        let mut policy = Table::new();
        policy.insert("application", application.clone());
        part.insert("policy", Item::Table(policy));
    }
    for section in WHOLE {
        if let Some(item) = whole.get(section) {
            part.insert(section, item.clone());
        }
    }
    bare(part.as_table_mut());
    part.set_trailing("");
    Ok(part.to_string())
}

/// Without comments.
fn bare(table: &mut Table) {
    table.decor_mut().clear();
    for (mut key, item) in table.iter_mut() {
        key.leaf_decor_mut().clear();
        key.dotted_decor_mut().clear();
        match item {
            Item::None => {}
            Item::Value(value) => bare_value(value),
            Item::Table(table) => bare(table),
            Item::ArrayOfTables(tables) => tables.iter_mut().for_each(bare),
        }
    }
}

fn bare_value(value: &mut Value) {
    value.decor_mut().clear();
    match value {
        Value::Array(array) => {
            array.set_trailing("");
            array.set_trailing_comma(false);
            array.iter_mut().for_each(bare_value);
        }
        Value::InlineTable(table) => {
            for (mut key, value) in table.iter_mut() {
                key.leaf_decor_mut().clear();
                key.dotted_decor_mut().clear();
                bare_value(value);
            }
        }
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_to_send_is_kept_and_means_the_same() {
        let text = r##"# Ours.
[policy]
required = "mandatory"   # all
application = "Example # Corp"

# The mail server.
[email]
server = "smtp.example.com"  # not the old one
from = "a@example.com"
password = """sealed:v1:00112233:
# no comment"""

  [[email.backup]]  # the other one
  name = "second"
  server = "smtp.example.org"
  from = "b@example.com"

[sms]
provider = "http"
account = { url = "https://sms.example.com", token = "t" } # of ours

[trust]
ssh = "8 hours"

[limits]
sms_countries = [
    "US", # here
    "DE",
]
"##;
        let part = sending(text).unwrap();
        assert_eq!(
            part.replace("\n\n", "\n"),
            "[policy]\napplication = \"Example # Corp\"\n[email]\nserver = \"smtp.example.com\"\nfrom = \"a@example.com\"\npassword = \
             \"\"\"sealed:v1:00112233:\n# no comment\"\"\"\n[[email.backup]]\nname = \"second\"\nserver = \"smtp.example.org\"\nfrom = \
             \"b@example.com\"\n[sms]\nprovider = \"http\"\naccount = { url = \"https://sms.example.com\", token = \"t\" }\n[limits]\n\
             sms_countries = [\"US\", \"DE\"]\n"
        );
        assert_eq!(sending("").unwrap(), "");
        assert!(sending("[email").is_err());
    }
}
