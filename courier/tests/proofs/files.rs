//! The shipped provider files and what is known of each from others.

use courier::sms::account;
use courier::sms::fill::fill;
use courier::sms::values::Values;
use data_encoding::BASE64;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::courier::{AccountField, Class, Reason, Send, Text};
use pam_2fa_settings::provider::{Http, Provider, Way, parse};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A provider file.
pub(crate) struct File {
    pub(crate) id: String,
    pub(crate) is_unproven: bool,
    pub(crate) provider: Provider,
    pub(crate) proof: Option<Proof>,
}

/// `tests/proofs/ID.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proof {
    #[serde(default)]
    pub(crate) values: Filling,
    #[serde(default)]
    pub(crate) request: Vec<Request>,
    #[serde(default)]
    pub(crate) reply: Vec<Reply>,
}

/// What our templates are filled with.
#[derive(Deserialize, Default, Clone)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filling {
    pub(crate) to: Option<String>,
    pub(crate) sender: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) account: Option<BTreeMap<String, String>>,
    /// What the code lives yet.
    pub(crate) ttl: Option<u64>,
}

/// Who says that a request is right.
#[derive(Deserialize, PartialEq, Eq, Clone, Copy, Debug)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Judge {
    /// A specification, by Prism: `prism.rs`.
    Openapi,
    /// A request of others.
    Example,
    /// A real server, in the test that `source` names.
    Server,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    pub(crate) judge: Judge,
    #[serde(default)]
    pub(crate) source: String,
    pub(crate) licence: Option<String>,
    pub(crate) spec: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) sender: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) account: Option<BTreeMap<String, String>>,
    pub(crate) ttl: Option<u64>,
    pub(crate) method: Option<String>,
    pub(crate) url: Option<String>,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) form: Option<BTreeMap<String, String>>,
    pub(crate) json: Option<String>,
    #[serde(rename = "body")]
    pub(crate) plain: Option<String>,
    #[serde(default)]
    pub(crate) missing: Vec<String>,
    #[serde(default)]
    pub(crate) beyond: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reply {
    pub(crate) source: String,
    pub(crate) licence: Option<String>,
    pub(crate) http: u16,
    pub(crate) body: Option<String>,
    pub(crate) file: Option<String>,
    pub(crate) class: Class,
    pub(crate) reason: Option<Reason>,
    pub(crate) id: Option<String>,
    pub(crate) retry_after: Option<i64>,
    #[serde(default)]
    pub(crate) assembled: bool,
}

/// How a reply was taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) class: Class,
    pub(crate) reason: Option<Reason>,
    pub(crate) id: Option<String>,
}

/// Our request, as it would leave.
#[derive(Clone)]
pub(crate) struct Ours {
    pub(crate) method: String,
    pub(crate) url: reqwest::Url,
    /// By names in small letters; no `content-length` and its like.
    pub(crate) headers: BTreeMap<String, String>,
    /// A form as an object, JSON as it is, a text as a text.
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn text(&self, id: &str) -> String {
        match (&self.body, &self.file) {
            (Some(body), None) => body.clone(),
            (None, Some(file)) => read(&here().join(file)),
            (None, None) => String::new(),
            (Some(_), Some(_)) => panic!("{id}: body and file"),
        }
    }
}

impl Request {
    /// Theirs, in the form of [`Ours::body`].
    pub(crate) fn body(&self, id: &str) -> Value {
        match (&self.form, &self.json, &self.plain) {
            (Some(form), None, None) => {
                form.iter().map(|(name, value)| (name.clone(), Value::from(value.clone()))).collect()
            }
            (None, Some(json), None) => {
                serde_json::from_str(json).unwrap_or_else(|error| panic!("{id}: {error}: {json}"))
            }
            (None, None, Some(text)) => Value::from(text.clone()),
            (None, None, None) => Value::Null,
            _ => panic!("{id}: more than one body"),
        }
    }
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// A file of the tests.
pub(crate) fn spec(name: &str) -> PathBuf {
    here().join("specs").join(name)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every shipped file, by name.
pub(crate) fn all() -> Vec<File> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../etc/providers");
    let mut files = Vec::new();
    for (folder, is_unproven) in [(shipped.clone(), false), (shipped.join("unproven"), true)] {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "toml") {
                continue;
            }
            let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let provider =
                parse(&id, &read(&path)).unwrap_or_else(|findings| panic!("{}: {findings:#?}", path.display()));
            let proof = here().join(format!("proofs/{id}.toml"));
            let proof =
                proof.exists().then(|| toml::from_str(&read(&proof)).unwrap_or_else(|error| panic!("{id}: {error}")));
            files.push(File { id, is_unproven, provider, proof });
        }
    }
    files.sort_by(|one, other| one.id.cmp(&other.id));
    files
}

/// A file that is about HTTP.
pub(crate) fn http(provider: &Provider) -> &Http {
    let Way::Http(http) = &provider.way else { panic!("{provider:?}") };
    http
}

/// Our request with the values of the proof, and those of that example.
pub(crate) fn ours(file: &File, proof: &Proof, request: &Request) -> Ours {
    let of = |own: &Option<String>, common: &Option<String>| own.clone().or_else(|| common.clone());
    let values = &proof.values;
    let mut account = values.account.clone().unwrap_or_default();
    account.extend(request.account.clone().unwrap_or_default());
    let text = Text {
        provider: file.id.clone(),
        account: account.into_iter().map(|(key, value)| (key, AccountField(Secret::new(value)))).collect(),
        // An empty one is none.
        sender: of(&request.sender, &values.sender).filter(|sender| !sender.is_empty()),
        proxy: None,
        ca_file: None,
        to: of(&request.to, &values.to).unwrap_or_else(|| String::from("+15558675310")),
        text: Secret::new(of(&request.text, &values.text).unwrap_or_else(|| String::from("Hello"))),
        code: Secret::new(of(&request.code, &values.code).unwrap_or_else(|| String::from("123456"))),
        tag: String::from("7F"),
    };
    let ttl = request.ttl.or(values.ttl).unwrap_or(600);
    let expires_at = format!("2026-11-24T{:02}:{:02}:{:02}Z", 12 + ttl / 3600, ttl % 3600 / 60, ttl % 60);
    let send = Send { id: "K7Q2M9XD-1".into(), attempt: 1, deadline_ms: 20_000, expires_at, mail: None, sms: None };
    let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_521_600);
    let whole = || {
        let account = account::of(&file.provider, &text)?;
        fill(&http(&file.provider).request, &Values::new(&file.provider, &send, &text, account, noon)?)
    };
    let ready = whole().unwrap_or_else(|failure| panic!("{}: {failure}", file.id));
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in &ready.headers {
        headers.insert(name.as_str().to_owned(), value.to_str().unwrap().to_owned());
    }
    if let Some((user, pass)) = &ready.basic {
        let both = format!("{}:{}", user.as_str(), pass.as_str());
        headers.insert(String::from("authorization"), format!("Basic {}", BASE64.encode(both.as_bytes())));
    }
    let bytes = ready.body.as_ref().map(|bytes| bytes.as_slice()).unwrap_or_default();
    let body = match headers.get("content-type").map(String::as_str) {
        Some("application/json") => serde_json::from_slice(bytes).unwrap(),
        Some("application/x-www-form-urlencoded") => form_urlencoded::parse(bytes)
            .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
            .collect(),
        Some(_) => Value::from(std::str::from_utf8(bytes).unwrap()),
        None => Value::Null,
    };
    let method = ready.verb();
    Ours { method: method.to_owned(), url: ready.url, headers, body }
}
