//! `request.auth`: how we prove who we are. What it is made of is never checked here for being right, only for being there.

use super::model::{Auth, Signer};
use super::read::is_header_name;
use super::template::{Empty, Template};
use super::tree::{Findings, Reader};
use crate::finding::Raw;
use toml_edit::{Item, TableLike};

/// The types, and what each is made of.
pub(super) const TYPES: [(&str, &[&str]); 8] = [
    ("none", &["type"]),
    ("basic", &["type", "user", "pass"]),
    ("bearer", &["type", "token"]),
    ("header", &["type", "name", "value"]),
    ("aws-sigv4", &["type", "service", "region", "id", "secret", "session_token"]),
    ("azure-hmac", &["type", "key"]),
    ("smsglobal-mac", &["type", "key", "secret"]),
    ("ovh", &["type", "app_key", "app_secret", "consumer_key"]),
];
/// Types of a later release.
const LATER: [&str; 2] = ["oauth2-client", "jwt-rs256"];

/// What the table says; `None` beside a finding.
pub(super) fn auth(table: &dyn TableLike, at: usize, findings: &mut Findings) -> Option<Auth> {
    let kind = table.get("type").and_then(Item::as_str).unwrap_or_default();
    let Some((_, keys)) = TYPES.into_iter().find(|(known, _)| *known == kind) else {
        let text = if LATER.contains(&kind) {
            String::from("this signature is not available in this release")
        } else {
            format!("is not one of \"{}\"", TYPES.map(|(known, _)| known).join("\", \""))
        };
        let at = table.get("type").and_then(Item::span).map_or(at, |span| span.start);
        findings.push(Raw::new(at, "request.auth.type", text));
        return None;
    };
    let reader = Reader::new(table, ("request.auth", at), keys, &[], findings);
    let mut template = |key: &str| match reader.item(key).and_then(Item::as_str) {
        // A user without a password, or the other way round, is what some providers ask for.
        Some("") => Template::parse("").ok(),
        _ => {
            let parsed = reader.parsed(key, Template::parse, findings);
            reader.required(key, parsed, "\"{acct.…}\"", findings)
        }
    };
    match kind {
        "basic" => Some(Auth::Basic { user: template("user")?, pass: template("pass")? }),
        "bearer" => Some(Auth::Bearer { token: template("token")? }),
        "header" => {
            let value = template("value");
            let name = reader.text("name", findings);
            let name = reader.required("name", name, "\"X-Api-Key\"", findings)?;
            if !is_header_name(name) {
                reader.say("name", "is not a header that a file may set", findings);
                return None;
            }
            Some(Auth::Header { name: name.to_owned(), value: value? })
        }
        "none" => Some(Auth::None),
        _ => signer(kind, &reader, findings).map(Auth::Signed),
    }
}

fn signer(kind: &str, reader: &Reader<'_>, findings: &mut Findings) -> Option<Signer> {
    let mut needed = |key: &str| needed(reader, key, findings);
    // All of them before the first `?`, so that every one that is missing is told.
    match kind {
        "aws-sigv4" => {
            let (service, region, id, secret) = (needed("service"), needed("region"), needed("id"), needed("secret"));
            let session_token = reader.parsed("session_token", Template::parse, findings);
            let session_token = if reader.has("session_token") { Some(session_token?) } else { None };
            Some(Signer::AwsSigV4 { service: service?, region: region?, id: id?, secret: secret?, session_token })
        }
        "azure-hmac" => Some(Signer::AzureHmac { key: needed("key")? }),
        "smsglobal-mac" => {
            let (key, secret) = (needed("key"), needed("secret"));
            Some(Signer::SmsGlobalMac { key: key?, secret: secret? })
        }
        _ => {
            let (app_key, app_secret) = (needed("app_key"), needed("app_secret"));
            let consumer_key = needed("consumer_key");
            Some(Signer::Ovh { app_key: app_key?, app_secret: app_secret?, consumer_key: consumer_key? })
        }
    }
}

/// What a signature is made of must be there: with an empty secret anybody could make it.
fn needed(reader: &Reader<'_>, key: &str, findings: &mut Findings) -> Option<Template> {
    let parsed = reader.parsed(key, Template::parse, findings);
    let template = reader.required(key, parsed, "\"{acct.…}\"", findings)?;
    if template.empty() == Empty::Drops {
        reader.say(key, "there is no signature without it: remove the ?", findings);
        return None;
    }
    Some(template)
}
