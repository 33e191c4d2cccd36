//! A provider file's request, filled: URL, headers, body. Values are put into the parsed tree and encoded after that, so none can
//! become another parameter, another header, another member, or another host.

use super::failure::Failure;
use super::values::{Filled, Values};
use pam_2fa_settings::provider::{Auth, Body, Cast, Method, Node, Part, Request, Source, Template};
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// A request, ready to be sent.
pub struct Ready {
    /// The method.
    pub method: Method,
    /// Absolute, without user and fragment.
    pub url: Url,
    /// All but those of HTTP itself; each marked as sensitive.
    pub headers: HeaderMap,
    /// RFC 7617, made by the client.
    pub basic: Option<(Filled, Filled)>,
    /// The body.
    pub body: Content,
}

/// The body of a request.
pub enum Content {
    /// None.
    None,
    /// Names and values, to be encoded.
    Form(Vec<(String, Filled)>),
    /// A document.
    Json(Value),
    /// A text in UTF-8.
    Text(Filled),
}

/// Fills a request.
///
/// # Errors
/// [`Failure`] for values that do not fit where they would stand.
pub fn fill(request: &Request, values: &Values<'_>) -> Result<Ready, Failure> {
    let Request { method, url, query, headers, auth, body } = request;
    let mut url = address(url, values)?;
    let query = pairs(query, values)?;
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query.iter().map(|(name, value)| (name, value.as_str())));
    }
    let mut filled = HeaderMap::new();
    let mut add = |name: &str, value: &str| -> Result<(), Failure> {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Failure::Message(format!("{name} is no name of a header")))?;
        // Visible ASCII and spaces only: a line break would begin another header, and what other bytes mean nobody has agreed on.
        let unfit = || Failure::Message(format!("what {name} is to say holds a character that no header can have"));
        if !value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(unfit());
        }
        let mut value = HeaderValue::from_str(value).map_err(|_| unfit())?;
        value.set_sensitive(true);
        filled.insert(name, value);
        Ok(())
    };
    for (name, value) in pairs(headers, values)? {
        add(&name, &value)?;
    }
    let mut basic = None;
    match auth {
        Auth::None => {}
        Auth::Basic { user, pass } => {
            let user = values.fill(user)?.unwrap_or_default();
            if user.contains(':') {
                return Err(Failure::setting("account", "a colon cannot stand in the user of Basic authentication"));
            }
            basic = Some((user, values.fill(pass)?.unwrap_or_default()));
        }
        Auth::Bearer { token } => {
            if let Some(token) = values.fill(token)? {
                add("authorization", &Filled::new(format!("Bearer {}", token.as_str())))?;
            }
        }
        Auth::Header { name, value } => {
            if let Some(value) = values.fill(value)? {
                add(name, &value)?;
            }
        }
    }
    let body = match body {
        Body::None => Content::None,
        Body::Form(fields) => Content::Form(pairs(fields, values)?),
        Body::Text(template) => Content::Text(values.fill(template)?.unwrap_or_default()),
        Body::Json(node) => Content::Json(json(node, values)?.unwrap_or(Value::Null)),
    };
    Ok(Ready { method: *method, url, headers: filled, basic, body })
}

fn pairs(templates: &[(String, Template)], values: &Values<'_>) -> Result<Vec<(String, Filled)>, Failure> {
    let mut filled = Vec::new();
    for (name, template) in templates {
        if let Some(value) = values.fill(template)? {
            filled.push((name.clone(), value));
        }
    }
    Ok(filled)
}

/// The URL. A field of the account that it begins with is a URL itself; every other value is one part of the path, or letters,
/// digits, `-` and `.` of a host's name.
fn address(template: &Template, values: &Values<'_>) -> Result<Url, Failure> {
    let mut url = String::new();
    for (index, part) in template.parts().iter().enumerate() {
        match part {
            Part::Literal(text) => url.push_str(text),
            Part::Value(source) if index == 0 => url.push_str(values.of(source).trim_end_matches('/')),
            Part::Value(source) => {
                let value = values.of(source);
                let in_host = url.split_once("://").is_some_and(|(_, rest)| !rest.contains('/'));
                let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
                if in_host && !value.bytes().all(fits) {
                    return Err(unfit(source, "has a character that no host's name has"));
                }
                if !in_host && matches!(value.as_str(), "." | "..") {
                    return Err(unfit(source, "would change the path"));
                }
                push_encoded(&mut url, &value);
            }
        }
    }
    let whole = |why: &str| match template.parts().first() {
        Some(Part::Value(source)) => unfit(source, why),
        Some(Part::Literal(_)) | None => Failure::setting("account", format!("the URL that it makes {why}")),
    };
    let url = Url::parse(&url).map_err(|error| whole(&format!("is no URL: {error}")))?;
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none_or(str::is_empty) {
        return Err(whole("must begin with https:// and a host"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(whole("has a user, a ? or a #: parameters and users are the provider file's"));
    }
    Ok(url)
}

fn unfit(source: &Source, why: &str) -> Failure {
    if let Source::Account(key) = source {
        return Failure::setting(format!("account.{key}"), why);
    }
    Failure::Message(format!("{source:?} in the URL {why}"))
}

/// RFC 3986 §2.3: all but the unreserved characters are encoded.
fn push_encoded(url: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// A node with its values; `None`: its key is left out.
fn json(node: &Node, values: &Values<'_>) -> Result<Option<Value>, Failure> {
    Ok(match node {
        Node::Integer(number) => Some(Value::from(*number)),
        Node::Switch(switch) => Some(Value::from(*switch)),
        Node::Text(template) => match values.fill(template)? {
            Some(filled) => Some(cast(template.cast(), &filled)?),
            None => None,
        },
        Node::Array(elements) => {
            let filled: Result<Vec<_>, Failure> = elements.iter().map(|element| json(element, values)).collect();
            Some(Value::Array(filled?.into_iter().flatten().collect()))
        }
        Node::Object(members) => {
            let mut object = serde_json::Map::new();
            for (name, member) in members {
                if let Some(value) = json(member, values)? {
                    object.insert(name.clone(), value);
                }
            }
            Some(Value::Object(object))
        }
    })
}

fn cast(cast: Cast, filled: &str) -> Result<Value, Failure> {
    let wrong = |what: &str| Failure::setting("account", format!("a value that must be {what} is not"));
    match cast {
        Cast::Text => Ok(Value::from(filled)),
        Cast::Integer => filled.parse::<i64>().map(Value::from).map_err(|_| wrong("a whole number")),
        Cast::Switch => filled.parse::<bool>().map(Value::from).map_err(|_| wrong("true or false")),
    }
}

#[cfg(test)]
mod tests;
