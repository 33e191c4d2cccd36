//! `transport` and the sections that belong to it. What a file of another transport has is a finding: it would do nothing.

use super::model::{Alphabet, Cleartext, Exec, Http, Local, Smpp, StatusRule, Way};
use super::read::request;
use super::reply::{self, verdict};
use super::template::Template;
use super::tree::{Findings, Reader};
use crate::finding::Raw;
use toml_edit::{Item, TableLike};

/// The words, and what a file of that transport may have beside what every file may have.
pub(super) const TRANSPORTS: [(&str, &[&str]); 5] = [
    ("http", &["allow_http", "secret_in_url", "request", "reply"]),
    ("smpp", &["allow_cleartext", "smpp"]),
    ("exec", &["exec"]),
    ("gammu", &["gammu"]),
    ("modemmanager", &["modemmanager"]),
];

const LOOPBACK_OR_PRIVATE: &[(&str, Cleartext)] = &[("loopback-or-private", Cleartext::LoopbackOrPrivate)];

fn transport(table: &dyn TableLike) -> &str {
    table.get("transport").and_then(Item::as_str).unwrap_or("http")
}

/// The keys that the file's transport has.
pub(super) fn keys(table: &dyn TableLike) -> impl Iterator<Item = &'static str> {
    let named = transport(table);
    let known = TRANSPORTS.into_iter().find(|(word, _)| *word == named).or(TRANSPORTS.into_iter().next());
    known.into_iter().flat_map(|(_, keys)| keys.iter().copied())
}

/// The way of the file; `None` only beside a finding.
pub(super) fn way(top: &Reader<'_>, findings: &mut Findings) -> Option<Way> {
    let words = TRANSPORTS.map(|(word, _)| (word, word));
    let word = if top.has("transport") { top.word("transport", &words, findings) } else { None }.unwrap_or("http");
    match word {
        "smpp" => smpp(&section(top, "smpp", SMPP, findings)?, top, findings).map(|smpp| Way::Smpp(Box::new(smpp))),
        "exec" => exec(&section(top, "exec", EXEC, findings)?, findings).map(|exec| Way::Local(Local::Exec(exec))),
        "gammu" => {
            let reader = section(top, "gammu", GAMMU, findings)?;
            let (config, section) =
                (of(&reader, "config", "/etc/gammurc", findings), of(&reader, "section", "0", findings));
            Some(Way::Local(Local::Gammu { config: config?, section: section? }))
        }
        "modemmanager" => {
            let reader = section(top, "modemmanager", MODEMMANAGER, findings)?;
            Some(Way::Local(Local::ModemManager { modem: of(&reader, "modem", "", findings)? }))
        }
        _ => http(top, findings).map(|http| Way::Http(Box::new(http))),
    }
}

fn http(top: &Reader<'_>, findings: &mut Findings) -> Option<Http> {
    let cleartext = top.word("allow_http", LOOPBACK_OR_PRIVATE, findings).unwrap_or(Cleartext::Never);
    let secret_in_url = top.switch("secret_in_url", false, findings);
    let request = top.table("request", findings).and_then(|table| request(table, top, findings));
    let reply = top.table("reply", findings).and_then(|table| reply::reply(table, top.at("reply"), findings));
    for (section, what) in
        [("request", "a section that says how to ask"), ("reply", "a section that says what answers mean")]
    {
        if !top.has(section) {
            findings.push(Raw::new(0, section, format!("is missing; add [{section}], {what}")));
        }
    }
    Some(Http { cleartext, secret_in_url, request: request?, reply: reply? })
}

/// The section of that name, which may be empty and may be missing where all of it has defaults.
fn section<'a>(top: &Reader<'a>, name: &'static str, keys: &[&str], findings: &mut Findings) -> Option<Reader<'a>> {
    if !top.has(name) {
        findings.push(Raw::new(0, name, format!("is missing; add [{name}]")));
        return None;
    }
    top.table(name, findings).map(|table| Reader::new(table, (name, top.at(name)), keys, &[], findings))
}

/// A template, or what it is where the file does not say.
fn of(reader: &Reader<'_>, key: &str, otherwise: &str, findings: &mut Findings) -> Option<Template> {
    if reader.has(key) { reader.parsed(key, Template::parse, findings) } else { Template::parse(otherwise).ok() }
}

/// What each of these sections may have.
pub(super) const SMPP: &[&str] =
    &["host", "port", "tls", "system_id", "password", "system_type", "source", "alphabet", "error"];
pub(super) const SMPP_ERROR: &[&str] = &["status", "class", "reason"];
pub(super) const EXEC: &[&str] = &["argv", "stdin"];
pub(super) const GAMMU: &[&str] = &["config", "section"];
pub(super) const MODEMMANAGER: &[&str] = &["modem"];

fn smpp(reader: &Reader<'_>, top: &Reader<'_>, findings: &mut Findings) -> Option<Smpp> {
    let cleartext = top.word("allow_cleartext", LOOPBACK_OR_PRIVATE, findings).unwrap_or(Cleartext::Never);
    let mut needed = |key: &str| {
        let template = reader.parsed(key, Template::parse, findings);
        reader.required(key, template, &format!("\"{{acct.{key}}}\""), findings)
    };
    let (host, port, system_id, password) = (needed("host"), needed("port"), needed("system_id"), needed("password"));
    let tls = of(reader, "tls", "true", findings);
    let system_type = of(reader, "system_type", "", findings);
    let source = of(reader, "source", "{sender?}", findings);
    let alphabets = [("gsm", Alphabet::Gsm), ("latin-1", Alphabet::Latin1), ("ucs-2", Alphabet::Ucs2)];
    let alphabet = reader.word("alphabet", &alphabets, findings).unwrap_or(Alphabet::Gsm);
    let rules = reader.tables("error", findings).into_iter().filter_map(|table| {
        let reader = Reader::new(table, ("smpp.error", reader.at("error")), SMPP_ERROR, &[], findings);
        let status = reader.item("status").and_then(Item::as_array).map(|list| {
            list.iter()
                .map(|value| value.as_integer().and_then(|number| u32::try_from(number).ok()))
                .collect::<Option<Vec<u32>>>()
        });
        let status = status.flatten().filter(|status| !status.is_empty() && !status.contains(&0));
        if status.is_none() {
            reader.say("status", "must be a list of command_status other than 0, such as [0x400]", findings);
        }
        Some(StatusRule { verdict: verdict(&reader, findings)?, status: status? })
    });
    let rules = rules.collect();
    Some(Smpp {
        cleartext,
        host: host?,
        port: port?,
        tls: tls?,
        system_id: system_id?,
        password: password?,
        system_type: system_type?,
        source: source?,
        alphabet,
        rules,
    })
}

fn exec(reader: &Reader<'_>, findings: &mut Findings) -> Option<Exec> {
    let argv: Option<Vec<Template>> = reader.item("argv").and_then(Item::as_array).and_then(|list| {
        let parsed = list.iter().map(|value| value.as_str().map(Template::parse));
        let parsed: Option<Vec<_>> = parsed.collect();
        parsed?.into_iter().map(|template| template.map_err(|why| reader.say("argv", why, findings)).ok()).collect()
    });
    let is_path = |argv: &Vec<Template>| {
        argv.first().is_some_and(|program| {
            program.sources().next().is_none() && program.literals().next().is_some_and(|path| path.starts_with('/'))
        })
    };
    if !argv.as_ref().is_some_and(is_path) {
        reader.say(
            "argv",
            "must be a program and its arguments, such as [\"/usr/local/bin/send\", \"{to}\"]",
            findings,
        );
        return None;
    }
    Some(Exec { argv: argv?, stdin: of(reader, "stdin", "{text}", findings)? })
}
