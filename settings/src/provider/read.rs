//! From the tree of a provider file to its model: `[[account]]` and `[request]`. What is wrong is a finding and leaves the rest
//! to be looked at.

use super::auth::auth;
use super::lint::lint;
use super::model::{Auth, Body, Field, Method, Node, Provider, Request};
use super::pattern::Pattern;
use super::template::Template;
use super::tree::{Findings, Reader};
use super::way;
use crate::check::{is_field_name, kind_of};
use crate::finding::Raw;
use toml_edit::{Item, TableLike, Value};

/// How deep a JSON body goes at most.
const MAX_DEPTH: usize = 8;

/// What every file may have; [`way`] adds its own.
pub(super) const TOP: [&str; 9] =
    ["schema", "id", "name", "docs", "max_text", "country_codes", "in_order", "transport", "account"];

/// What a field of the account may have.
pub(super) const FIELD: &[&str] = &["key", "label", "help", "secret", "optional", "default", "choices", "pattern"];

/// What the request may have.
pub(super) const REQUEST: &[&str] = &["method", "url", "query", "headers", "auth", "body", "form", "json", "text"];

/// The whole file; `None` only beside a finding.
pub(super) fn provider(id: &str, table: &dyn TableLike, findings: &mut Findings) -> Option<Provider> {
    let keys: Vec<&str> = TOP.into_iter().chain(way::keys(table)).collect();
    let top = Reader::new(table, ("", 0), &keys, &[], findings);
    top.required("schema", Some(()), "1", findings);
    if let Some(item) = top.item("schema")
        && item.as_integer() != Some(1)
    {
        top.say("schema", "must be 1: this release knows no other format of provider files", findings);
    }
    let named = top.text("id", findings);
    top.required("id", named, &format!("\"{id}\""), findings);
    if named.is_some_and(|named| named != id) {
        top.say("id", format!("must be the name of the file, \"{id}\""), findings);
    }
    let name = top.text("name", findings);
    let name = top.required("name", name, "\"…\", as a person calls it", findings).map(str::to_owned);
    let max_text = top.item("max_text").and_then(|item| {
        let length = item.as_integer().and_then(|length| usize::try_from(length).ok()).filter(|length| *length > 0);
        if length.is_none() {
            top.say("max_text", "must be a number of characters", findings);
        }
        length
    });
    let country_codes = top.scalars("country_codes", findings).unwrap_or_default();
    let is_code = |code: &String| {
        (1..=3).contains(&code.len()) && !code.starts_with('0') && code.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !country_codes.iter().all(is_code) {
        top.say(
            "country_codes",
            "must be a list of country codes without + and 0 before them, such as [1, 44]",
            findings,
        );
    }
    let in_order = top.scalars("in_order", findings).unwrap_or_default();
    let account = account(&top, findings);
    let way = way::way(&top, findings);
    let docs = top.text("docs", findings).map(str::to_owned);
    let provider = Provider {
        id: id.to_owned(),
        name: name?,
        docs,
        max_text,
        country_codes,
        account: account?,
        in_order,
        way: way?,
    };
    lint(&provider, &top, findings);
    Some(provider)
}

/// `None` where one of them is wrong: what hangs on it cannot be told.
fn account(top: &Reader<'_>, findings: &mut Findings) -> Option<Vec<Field>> {
    let before = findings.len();
    let mut fields: Vec<Field> = Vec::new();
    for table in top.tables("account", findings) {
        let reader = Reader::new(table, ("account", top.at("account")), FIELD, &[], findings);
        let key = reader.text("key", findings);
        let Some(key) = reader.required("key", key, "\"api_key\"", findings) else { continue };
        if !is_field_name(key) {
            reader.say("key", "is not 1 to 32 letters, digits, - and _", findings);
        }
        if fields.iter().any(|field| field.key == key) {
            reader.say("key", "is the name of another field", findings);
        }
        let label = reader.text("label", findings);
        let label = reader.required("label", label, "\"API key\"", findings).unwrap_or_default();
        let field = Field {
            key: key.to_owned(),
            label: label.to_owned(),
            help: reader.text("help", findings).map(str::to_owned),
            secret: reader.switch("secret", false, findings),
            optional: reader.switch("optional", false, findings),
            default: reader.text("default", findings).map(str::to_owned),
            choices: reader.scalars("choices", findings).unwrap_or_default(),
            pattern: reader.parsed("pattern", Pattern::parse, findings),
        };
        if let Some(default) = &field.default
            && !field.takes(default)
        {
            reader.say("default", "is not what choices and pattern ask for", findings);
        }
        for told in ["default", "choices"].into_iter().filter(|told| field.secret && reader.has(told)) {
            reader.say(told, "would show a secret to all who can read this file: remove it", findings);
        }
        fields.push(field);
    }
    (findings.len() == before).then_some(fields)
}

impl Field {
    /// Whether the field takes this value.
    #[must_use]
    pub fn takes(&self, value: &str) -> bool {
        (self.choices.is_empty() || self.choices.iter().any(|choice| choice == value))
            && self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(value))
    }
}

pub(super) fn request(table: &dyn TableLike, top: &Reader<'_>, findings: &mut Findings) -> Option<Request> {
    let before = findings.len();
    let reader = Reader::new(table, ("request", top.at("request")), REQUEST, &[], findings);
    let method = reader.word("method", &[("GET", Method::Get), ("POST", Method::Post)], findings);
    let method = reader.required("method", method, "\"POST\"", findings);
    let url = reader.parsed("url", Template::parse, findings);
    let url = reader.required("url", url, "\"https://api.example.com/messages\"", findings);
    let query = reader.templates("query", findings);
    let headers = reader.templates("headers", findings);
    for (name, _) in &headers {
        if !is_header_name(name) {
            reader.say("headers", format!("{name} is not a header that a file may set"), findings);
        }
    }
    let auth =
        reader.table("auth", findings).map_or(Some(Auth::None), |table| auth(table, reader.at("auth"), findings));
    let body = body(&reader, findings);
    if matches!(method, Some(Method::Get)) && !matches!(body, Some(Body::None)) {
        reader.say("body", "a GET has none; write method = \"POST\", or query = { … }", findings);
    }
    let request = Request { method: method?, url: url?, query, headers, auth: auth?, body: body? };
    (findings.len() == before).then_some(request)
}

/// A token of RFC 9110 §5.6.2, and none that frames the message or is the client's own.
pub(super) fn is_header_name(name: &str) -> bool {
    const OWN: [&str; 8] = [
        "host",
        "connection",
        "content-length",
        "transfer-encoding",
        "content-type",
        "te",
        "upgrade",
        "proxy-authorization",
    ];
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
        && !OWN.contains(&name.to_ascii_lowercase().as_str())
}

fn body(reader: &Reader<'_>, findings: &mut Findings) -> Option<Body> {
    let kinds = ["form", "json", "text"];
    let kind = reader.word("body", &kinds.map(|kind| (kind, kind)), findings);
    for other in kinds.iter().filter(|other| reader.has(other) && Some(**other) != kind) {
        reader.say(other, format!("would not be sent; write body = \"{other}\", or remove it"), findings);
    }
    let Some(kind) = kind else { return (!reader.has("body")).then_some(Body::None) };
    if !reader.has(kind) {
        reader.say("body", format!("there is no {kind} = … beside it"), findings);
        return None;
    }
    match kind {
        "form" => Some(Body::Form(reader.templates("form", findings))),
        "json" => reader.item("json").and_then(|item| node(item, "request.json", MAX_DEPTH, findings)).map(Body::Json),
        _ => reader.parsed("text", Template::parse, findings).map(Body::Text),
    }
}

/// A node of a JSON body; `None` beside a finding.
fn node(item: &Item, name: &str, depth: usize, findings: &mut Findings) -> Option<Node> {
    let mut refuse = |text: String| {
        findings.push(Raw::new(item.span().map_or(0, |span| span.start), name, text));
        None
    };
    let Some(depth) = depth.checked_sub(1) else { return refuse(String::from("is nested too deep")) };
    if let Some(table) = item.as_table_like() {
        let members = table
            .iter()
            .map(|(key, item)| Some((key.to_owned(), node(item, &format!("{name}.{key}"), depth, findings)?)));
        return members.collect::<Option<Vec<_>>>().map(Node::Object);
    }
    if let Some(tables) = item.as_array_of_tables() {
        let elements = tables.iter().map(|table| node(&Item::Table(table.clone()), name, depth, findings));
        return elements.collect::<Option<Vec<_>>>().map(Node::Array);
    }
    match item {
        Item::Value(Value::Array(list)) => {
            let elements = list.iter().map(|value| node(&Item::Value(value.clone()), name, depth, findings));
            elements.collect::<Option<Vec<_>>>().map(Node::Array)
        }
        Item::Value(Value::String(text)) => match Template::parse(text.value()) {
            Ok(template) => Some(Node::Text(template)),
            Err(why) => refuse(why),
        },
        Item::Value(Value::Integer(number)) => Some(Node::Integer(*number.value())),
        Item::Value(Value::Boolean(switch)) => Some(Node::Switch(*switch.value())),
        Item::None | Item::Value(_) | Item::Table(_) | Item::ArrayOfTables(_) => refuse(format!(
            "must be a text, a whole number, true or false, a list or a table, and is {}",
            kind_of(item)
        )),
    }
}
