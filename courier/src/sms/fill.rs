//! A provider file's request, filled: URL, headers, body. Values are put into the parsed tree and encoded after that, so none can
//! become another parameter, another header, another member, or another host.

use super::failure::Failure;
use super::sign::{self, Key};
use super::values::{Filled, Values};
use pam_2fa_settings::provider::{Auth, Body, Cast, Method, Node, Part, Request, Source, Template};
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use zeroize::Zeroizing;

/// A body as it goes over the wire.
pub type Bytes = Zeroizing<Vec<u8>>;

/// A request, ready to be signed where it wants that, and to be sent.
pub struct Ready {
    /// The method.
    pub method: Method,
    /// Absolute, without user and fragment.
    pub url: Url,
    /// All but those of HTTP itself; each that holds a value is marked as sensitive.
    pub headers: HeaderMap,
    /// RFC 7617, made by the client.
    pub basic: Option<(Filled, Filled)>,
    /// The body.
    pub body: Option<Bytes>,
    /// What signs it.
    pub key: Option<Key>,
}

impl Ready {
    /// A question without any value.
    #[must_use]
    pub fn get(url: Url) -> Self {
        Self { method: Method::Get, url, headers: HeaderMap::new(), basic: None, body: None, key: None }
    }

    /// The method's name.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self.method {
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }
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
    for (name, value) in pairs(headers, values)? {
        add(&mut filled, &name, &value)?;
    }
    let (mut basic, mut key) = (None, None);
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
                add(&mut filled, "authorization", &Filled::new(format!("Bearer {}", token.as_str())))?;
            }
        }
        Auth::Header { name, value } => {
            if let Some(value) = values.fill(value)? {
                add(&mut filled, name, &value)?;
            }
        }
        Auth::Signed(signer) => key = Some(sign::key(signer, values)?),
    }
    let body = match content(body, values)? {
        None => None,
        Some((kind, bytes)) => {
            filled.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            Some(bytes)
        }
    };
    Ok(Ready { method: *method, url, headers: filled, basic, body, key })
}

/// A header, in the place of another of its name.
pub(super) fn add(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), Failure> {
    let name = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| Failure::Message(format!("{name} is no name of a header")))?;
    // Visible ASCII and spaces only: a line break would begin another header, and what other bytes mean nobody has agreed on.
    let unfit = || Failure::Message(format!("what {name} is to say holds a character that no header can have"));
    if !value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(unfit());
    }
    let mut value = HeaderValue::from_str(value).map_err(|_| unfit())?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

/// The body as it goes over the wire, and its type: whoever signs it signs these bytes.
fn content(body: &Body, values: &Values<'_>) -> Result<Option<(&'static str, Bytes)>, Failure> {
    let (kind, text) = match body {
        Body::None => return Ok(None),
        Body::Form(fields) => {
            let fields = pairs(fields, values)?;
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(fields.iter().map(|(name, value)| (name, value.as_str())));
            ("application/x-www-form-urlencoded", form.finish())
        }
        Body::Json(node) => ("application/json", json(node, values)?.unwrap_or(Value::Null).to_string()),
        Body::Text(template) => (
            "text/plain; charset=UTF-8",
            values.fill(template)?.map(|text| text.as_str().to_owned()).unwrap_or_default(),
        ),
    };
    Ok(Some((kind, Zeroizing::new(text.into_bytes()))))
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
pub(super) fn push_encoded(url: &mut String, value: &str) {
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
