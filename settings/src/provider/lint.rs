//! What a provider file says as a whole: values that exist, fields that are used, and nothing secret where others can read it.

use super::model::{Auth, Body, Cleartext, Http, Local, Node, Provider, Request, SENDER, Smpp, Way};
use super::secrets::secrets;
use super::template::{Cast, Empty, Part, Source, Template};
use super::tree::{Findings, Reader};

/// Adds what does not fit together.
pub(super) fn lint(provider: &Provider, top: &Reader<'_>, findings: &mut Findings) {
    let mut say = |key: &str, text: String| top.say(key, text, findings);
    let section = section(&provider.way);
    let used = templates(&provider.way);
    for source in used.iter().flat_map(|template| template.sources()) {
        if let Source::Account(key) = source
            && !provider.account.iter().any(|field| field.key == *key)
        {
            say(section, format!("{{acct.{key}}}: there is no such field; add [[account]] with key = \"{key}\""));
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
    in_order(provider, &mut say);
    match &provider.way {
        Way::Http(http) => of_http(http, provider, &mut say),
        Way::Smpp(_) | Way::Local(Local::Gammu { .. } | Local::ModemManager { .. }) => {}
        Way::Local(Local::Exec(_)) => sends_text_and_number(&used, "exec", &mut say),
    }
    let is_json = matches!(&provider.way, Way::Http(http) if matches!(http.request.body, Body::Json(_)));
    if !is_json && used.iter().any(|template| template.cast() != Cast::Text) {
        say(section, String::from("|int and |bool are for JSON bodies"));
    }
    if provider.country_codes.len() != 1
        && used.iter().any(|template| template.sources().any(|source| *source == Source::ToNational))
    {
        say(section, String::from("{to.national} is a number of one country: name its code, country_codes = [1]"));
    }
    secrets(provider, &mut say);
}

/// An account in one text is a whole account, and each part of it is one thing.
fn in_order(provider: &Provider, say: &mut impl FnMut(&str, String)) {
    let mut seen = Vec::new();
    for key in &provider.in_order {
        let is_field = provider.account.iter().any(|field| field.key == *key);
        match (key.as_str(), is_field) {
            (SENDER, true) => {
                say("in_order", String::from("sender: is who messages are from; give the field of that name another"));
            }
            (SENDER, false) | (_, true) => {}
            (_, false) => {
                say("in_order", format!("{key}: there is no such field; it names fields of the account, or sender"));
            }
        }
        if seen.contains(&key) {
            say("in_order", format!("{key}: is there twice"));
        }
        seen.push(key);
    }
    if provider.in_order.is_empty() {
        return;
    }
    for field in provider.account.iter().filter(|field| !field.optional && field.default.is_none()) {
        if !provider.in_order.contains(&field.key) {
            say("in_order", format!("{}: is missing; an account without that field is none", field.key));
        }
    }
}

fn of_http(http: &Http, provider: &Provider, say: &mut impl FnMut(&str, String)) {
    for text in url(http, provider) {
        say("request", text);
    }
    let mut used = Vec::new();
    of_request(&http.request, &mut used);
    sends_text_and_number(&used, "request", say);
}

fn sends_text_and_number(used: &[&Template], section: &str, say: &mut impl FnMut(&str, String)) {
    let sends =
        |wanted: &[Source]| used.iter().flat_map(|template| template.sources()).any(|source| wanted.contains(source));
    if !sends(&[Source::Text, Source::Code]) {
        say(section, String::from("neither {text} nor {code} is sent"));
    }
    if !sends(&[Source::To, Source::ToDigits, Source::ToNational]) {
        say(section, String::from("neither {to} nor {to.digits} nor {to.national} is sent"));
    }
}

/// The section of the file that says it.
fn section(way: &Way) -> &'static str {
    match way {
        Way::Http(_) => "request",
        Way::Smpp(_) => "smpp",
        Way::Local(Local::Exec(_)) => "exec",
        Way::Local(Local::Gammu { .. }) => "gammu",
        Way::Local(Local::ModemManager { .. }) => "modemmanager",
    }
}

/// What is wrong with where the request goes.
fn url(http: &Http, provider: &Provider) -> Vec<String> {
    let url = &http.request.url;
    let mut wrong = Vec::new();
    if url.empty() == Empty::Drops {
        wrong.push(String::from("the URL cannot be left out: remove the ?"));
    }
    if url.literals().any(|text| text.contains(['?', '#', '@', '\\', ' '])) {
        wrong.push(String::from("the URL is without ? # @: parameters go into query = { … }, users into auth = { … }"));
    }
    let is_plain = match url.parts().first() {
        Some(Part::Literal(start)) if start.starts_with("https://") => false,
        Some(Part::Literal(start)) if start.starts_with("http://") => true,
        Some(Part::Value(Source::Account(key))) => {
            let is_http = |value: &String| value.to_ascii_lowercase().starts_with("http://");
            let fields = provider.account.iter().filter(|field| field.key == *key);
            fields.flat_map(|field| field.choices.iter().chain(&field.default)).any(is_http)
        }
        _ => {
            wrong.push(String::from("the URL begins with https://, or with a field of the account that does"));
            false
        }
    };
    if is_plain && http.cleartext == Cleartext::Never {
        let text = "plain http: write https, or, for a gateway of one's own, allow_http = \"loopback-or-private\"";
        wrong.push(String::from(text));
    }
    wrong
}

/// All templates of a way.
fn templates(way: &Way) -> Vec<&Template> {
    let mut all = Vec::new();
    match way {
        Way::Http(http) => of_request(&http.request, &mut all),
        Way::Smpp(smpp) => {
            let Smpp { host, port, tls, system_id, password, system_type, source, .. } = &**smpp;
            all.extend([host, port, tls, system_id, password, system_type, source]);
        }
        Way::Local(Local::Exec(exec)) => all.extend(exec.argv.iter().chain([&exec.stdin])),
        Way::Local(Local::Gammu { config, section }) => all.extend([config, section]),
        Way::Local(Local::ModemManager { modem }) => all.push(modem),
    }
    all
}

fn of_request<'a>(request: &'a Request, all: &mut Vec<&'a Template>) {
    all.push(&request.url);
    all.extend(request.query.iter().chain(&request.headers).map(|(_, template)| template));
    match &request.auth {
        Auth::None => {}
        Auth::Basic { user, pass } => all.extend([user, pass]),
        Auth::Bearer { token } => all.push(token),
        Auth::Header { value, .. } => all.push(value),
        Auth::Signed(signer) => all.extend(signer.templates()),
    }
    match &request.body {
        Body::None => {}
        Body::Form(fields) => all.extend(fields.iter().map(|(_, template)| template)),
        Body::Text(template) => all.push(template),
        Body::Json(node) => of_node(node, all),
    }
}

fn of_node<'a>(node: &'a Node, all: &mut Vec<&'a Template>) {
    match node {
        Node::Object(members) => members.iter().for_each(|(_, node)| of_node(node, all)),
        Node::Array(elements) => elements.iter().for_each(|node| of_node(node, all)),
        Node::Text(template) => all.push(template),
        Node::Integer(_) | Node::Switch(_) => {}
    }
}
