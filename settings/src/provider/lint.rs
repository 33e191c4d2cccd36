//! What a provider file says as a whole: values that exist, fields that are used, and nothing secret where others can read it.

use super::model::{Auth, Body, Cleartext, Field, Node, Provider};
use super::template::{Cast, Empty, Part, Source, Template};
use super::tree::{Findings, Reader};

/// Adds what does not fit together.
pub(super) fn lint(provider: &Provider, secret_in_url: bool, top: &Reader<'_>, findings: &mut Findings) {
    let mut say = |key: &str, text: String| top.say(key, text, findings);
    let request = &provider.request;
    let used = templates(provider);
    for source in used.iter().flat_map(|template| template.sources()) {
        if let Source::Account(key) = source
            && !provider.account.iter().any(|field| field.key == *key)
        {
            say("request", format!("{{acct.{key}}}: there is no such field; add [[account]] with key = \"{key}\""));
        }
    }
    for field in &provider.account {
        let of_it = |template: &&&Template| {
            template.sources().any(|source| matches!(source, Source::Account(key) if *key == field.key))
        };
        if !used.iter().any(|template| of_it(&template)) {
            say(
                "account",
                format!("{}: this field is not used; use it as {{acct.{}}}, or remove it", field.key, field.key),
            );
        }
        let is_open = field.optional && field.default.is_none();
        if is_open && used.iter().filter(of_it).any(|template| template.empty() != Empty::Drops) {
            say(
                "account",
                format!(
                    "{0}: is optional, so it must stand alone as {{acct.{0}?}}, which leaves its key out",
                    field.key
                ),
            );
        }
    }
    for (key, text) in url(provider) {
        say(key, text);
    }
    if !matches!(request.body, Body::Json(_)) && used.iter().any(|template| template.cast() != Cast::Text) {
        say("request", String::from("|int and |bool are for JSON bodies"));
    }
    let in_url = std::iter::once(&request.url).chain(request.query.iter().map(|(_, template)| template));
    let is_secret = |source: &Source| {
        let is_of_account = |field: &Field| field.secret && matches!(source, Source::Account(key) if *key == field.key);
        matches!(source, Source::Text | Source::Code) || provider.account.iter().any(is_of_account)
    };
    if !secret_in_url && in_url.flat_map(Template::sources).any(is_secret) {
        let text = "a secret, the code or the text stands in the URL, which servers and proxies log; put it into the body or a \
                    header, or, where the provider takes it no other way, write secret_in_url = true";
        say("request", String::from(text));
    }
    if !used.iter().flat_map(|template| template.sources()).any(|source| matches!(source, Source::Text | Source::Code))
    {
        say("request", String::from("neither {text} nor {code} is sent"));
    }
    let is_number = |source: &Source| matches!(source, Source::To | Source::ToDigits);
    if !used.iter().flat_map(|template| template.sources()).any(is_number) {
        say("request", String::from("neither {to} nor {to.digits} is sent"));
    }
}

/// What is wrong with where the request goes.
fn url(provider: &Provider) -> Vec<(&'static str, String)> {
    let url = &provider.request.url;
    let mut wrong = Vec::new();
    if url.empty() == Empty::Drops {
        wrong.push(("request", String::from("the URL cannot be left out: remove the ?")));
    }
    if url.literals().any(|text| text.contains(['?', '#', '@', '\\', ' '])) {
        wrong.push((
            "request",
            String::from("the URL is without ? # @: parameters go into query = { … }, users into auth = { … }"),
        ));
    }
    let http = match url.parts().first() {
        Some(Part::Literal(start)) if start.starts_with("https://") => false,
        Some(Part::Literal(start)) if start.starts_with("http://") => true,
        Some(Part::Value(Source::Account(key))) => {
            let field = provider.account.iter().find(|field| field.key == *key);
            field.and_then(|field| field.default.as_ref()).is_some_and(|default| default.starts_with("http://"))
        }
        _ => {
            wrong.push((
                "request",
                String::from("the URL begins with https://, or with a field of the account that does"),
            ));
            false
        }
    };
    if http && provider.cleartext == Cleartext::Never {
        let text = "plain http: write https, or, for a gateway of one's own, allow_http = \"loopback-or-private\"";
        wrong.push(("request", String::from(text)));
    }
    wrong
}

/// All templates of the request.
fn templates(provider: &Provider) -> Vec<&Template> {
    let request = &provider.request;
    let mut all = vec![&request.url];
    all.extend(request.query.iter().chain(&request.headers).map(|(_, template)| template));
    match &request.auth {
        Auth::None => {}
        Auth::Basic { user, pass } => all.extend([user, pass]),
        Auth::Bearer { token } => all.push(token),
        Auth::Header { value, .. } => all.push(value),
    }
    match &request.body {
        Body::None => {}
        Body::Form(fields) => all.extend(fields.iter().map(|(_, template)| template)),
        Body::Text(template) => all.push(template),
        Body::Json(node) => of_node(node, &mut all),
    }
    all
}

fn of_node<'a>(node: &'a Node, all: &mut Vec<&'a Template>) {
    match node {
        Node::Object(members) => members.iter().for_each(|(_, node)| of_node(node, all)),
        Node::Array(elements) => elements.iter().for_each(|node| of_node(node, all)),
        Node::Text(template) => all.push(template),
        Node::Integer(_) | Node::Switch(_) => {}
    }
}
