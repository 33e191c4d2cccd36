//! A value as an administrator types it into a shell, as TOML, checked against what its key takes.

use crate::check::check;
use crate::schema::Kind;
use crate::service::{Class, Factor};
use crate::text::quoted;
use crate::walk::parse;
use toml_edit::{Array, InlineTable, Item, Value};

/// A typed value as TOML, checked against what the key takes.
pub(super) fn written(kind: &Kind, typed: &str) -> Result<String, String> {
    const SHOWN: usize = 40;
    let value = match kind {
        Kind::Number(..) => {
            let number = typed.trim().parse::<i64>();
            Value::from(number.map_err(|_| format!("must be a whole number, and is {}", quoted(typed, SHOWN)))?)
        }
        Kind::Switch => {
            let on = typed.trim().parse::<bool>();
            Value::from(on.map_err(|_| format!("must be true or false, and is {}", quoted(typed, SHOWN)))?)
        }
        Kind::List(_) => Value::Array(list(typed)?),
        Kind::OneOf(_) | Kind::Duration(..) | Kind::Text(_) | Kind::Secret | Kind::Account => Value::from(typed),
    };
    let item = Item::Value(value);
    check(&item, kind)?;
    Ok(item.to_string().trim().to_owned())
}

/// `a,b`, or as TOML has it.
fn list(typed: &str) -> Result<Array, String> {
    let typed = typed.trim();
    if typed.starts_with('[') {
        let as_toml = format!("list = {typed}");
        let document = parse(&as_toml).map_err(|_| String::from("is no list; write a,b or [\"a\", \"b\"]"))?;
        let array = document.as_table().get("list").and_then(Item::as_array);
        return array
            .filter(|_| document.as_table().len() == 1)
            .map(|array| array.iter().map(|value| value.as_str().unwrap_or_default()).collect())
            .ok_or_else(|| String::from("is no list; write a,b or [\"a\", \"b\"]"));
    }
    Ok(typed.split(',').map(str::trim).filter(|member| !member.is_empty()).collect())
}

/// `web`, or `elevate caller`.
pub(super) fn service(typed: &str) -> Result<String, String> {
    let mut words = typed.split_whitespace();
    let (class, factor, more) = (words.next().unwrap_or_default(), words.next(), words.next());
    let known = Class::parse(class).is_some() && more.is_none();
    let factor = factor.map(|word| match word {
        "target" => Some(Factor::Target),
        "caller" => Some(Factor::Caller),
        _ => None,
    });
    match factor {
        None if known => Ok(Value::from(class).to_string()),
        Some(Some(factor)) if known => {
            let mut table = InlineTable::new();
            table.insert("class", Value::from(class));
            table.insert("factor", Value::from(if factor == Factor::Caller { "caller" } else { "target" }));
            Ok(Value::InlineTable(table).to_string().trim().to_owned())
        }
        _ => Err(String::from(
            "must be desktop, web, ssh, elevate or ignore, or with whose factor is asked, as \"elevate caller\" or \"elevate target\"",
        )),
    }
}
