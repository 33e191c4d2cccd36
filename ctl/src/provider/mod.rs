//! `pam-2fa provider …`: the files that say how text messages are handed over. It reads them as the courier does, decides nothing, and
//! asks nobody: what a provider really takes is `pam-2fa test sms`.

mod shelf;

use crate::args::ProviderVerb;
use crate::config;
use crate::error::Error;
use crate::screen::{Form, Screen};
use pam_2fa_settings::provider::{
    Auth, Body, Cleartext, Field, Http, Local, Method, Part, Provider, Signer, Source, Template, Way, parse,
};
use serde::Serialize;
use shelf::{Found, Origin, find, found};
use std::path::{Path, PathBuf};

/// What `list` answers in JSON, one each.
#[derive(Serialize)]
struct Listed {
    id: String,
    name: String,
    from: Origin,
    file: PathBuf,
    /// The settings name it.
    in_use: bool,
    /// What is wrong with it: the courier would not use it.
    errors: Vec<String>,
}

/// What `show` answers in JSON.
#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    name: &'a str,
    from: Origin,
    file: &'a Path,
    docs: Option<&'a str>,
    request: String,
    account: Vec<ShownField<'a>>,
}

#[derive(Serialize)]
struct ShownField<'a> {
    key: &'a str,
    label: &'a str,
    help: Option<&'a str>,
    secret: bool,
    optional: bool,
    default: Option<&'a str>,
    choices: &'a [String],
}

/// `pam-2fa provider …`; `config` is beside the administrator's own files.
pub(crate) fn provider(config: &Path, verb: ProviderVerb, screen: &mut Screen<'_>) -> Result<(), Error> {
    match verb {
        ProviderVerb::List => list(config, screen),
        ProviderVerb::Show { id } => show(config, &id, screen),
        ProviderVerb::Check { file } => check(&file, screen),
    }
}

/// Those that can be used, and whose file each is.
pub(crate) fn usable(config: &Path) -> Vec<(Provider, &'static str)> {
    let good = found(config).into_iter().filter(|found| found.unfit.is_none() && found.from != Origin::Hidden);
    let mut all: Vec<_> =
        good.filter_map(|found| Some((parse(&found.id, &found.text).ok()?, found.from.word()))).collect();
    all.sort_by_key(|(provider, _)| provider.name.to_lowercase());
    all
}

fn list(config: &Path, screen: &mut Screen<'_>) -> Result<(), Error> {
    let used = config::providers_in_use(config);
    let all: Vec<Listed> = found(config).into_iter().map(|found| listed(found, &used)).collect();
    if screen.form() == Form::Json {
        return screen.json(&all);
    }
    let mut rows = vec![["ID", "NAME", "FROM", "STATE"].map(str::to_owned).to_vec()];
    rows.extend(all.iter().map(|one| {
        let state = match (one.errors.len(), one.in_use) {
            (0, true) => String::from("in use"),
            (0, false) => String::new(),
            (count, _) => format!("not to be used: {}", crate::error::counted(count, "error")),
        };
        vec![one.id.clone(), one.name.clone(), one.from.word().to_owned(), state]
    }));
    screen.list(&rows)?;
    for wrong in all.iter().filter(|one| !one.errors.is_empty()) {
        screen.note(&format!("{}: see `pam-2fa provider check {0}`", wrong.file.display()))?;
    }
    if all.iter().any(|one| one.from == Origin::Unproven) {
        screen.note(
            "unproven: not enough was found that others wrote to judge its request and replies by; try it with `pam-2fa test sms NUMBER`",
        )?;
    }
    let hint = "a file of your own goes to providers/ beside config.toml; its name, without .toml, is sms.provider";
    screen.hint(hint)
}

fn listed(found: Found, used: &[String]) -> Listed {
    let Found { id, from, file, unfit, text } = found;
    let mut errors: Vec<String> = unfit.into_iter().collect();
    let name = match parse(&id, &text) {
        Ok(provider) => provider.name,
        Err(findings) => {
            errors.extend(findings.iter().map(ToString::to_string));
            String::new()
        }
    };
    let in_use = from != Origin::Hidden && used.contains(&id);
    Listed { id, name, from, file, in_use, errors }
}

fn show(config: &Path, id: &str, screen: &mut Screen<'_>) -> Result<(), Error> {
    let Found { from, file, unfit, text, .. } = find(config, id)
        .ok_or_else(|| Error::NotFound(format!("there is no provider {id}; `pam-2fa provider list` has them")))?;
    let provider =
        parse(id, &text).map_err(|findings| Error::Findings { path: file.clone(), count: findings.len() })?;
    if screen.form() == Form::Json {
        return screen.json(&shown(&provider, from, &file));
    }
    let mut rows = vec![
        vec![String::from("provider"), format!("{id}: {}", provider.name)],
        vec![String::from("file"), format!("{} ({})", file.display(), from.word())],
    ];
    rows.extend(provider.docs.iter().map(|docs| vec![String::from("its own words"), docs.clone()]));
    rows.push(vec![String::from("asks"), request(&provider)]);
    screen.table(&rows)?;
    if let Some(why) = unfit {
        screen.note(&format!("{}: {why}, so the courier does not use it", file.display()))?;
    }
    screen.line("")?;
    let mut rows = vec![["FIELD", "WHAT IT IS", ""].map(str::to_owned).to_vec()];
    rows.extend(provider.account.iter().map(|field| vec![field.key.clone(), field.label.clone(), about(field)]));
    if provider.account.is_empty() {
        screen.line("it has no account")?;
    } else {
        screen.list(&rows)?;
    }
    screen.line("")?;
    for line in settings(&provider) {
        screen.line(&line)?;
    }
    Ok(())
}

fn shown<'a>(provider: &'a Provider, from: Origin, file: &'a Path) -> Shown<'a> {
    let account = provider.account.iter().map(|field| ShownField {
        key: &field.key,
        label: &field.label,
        help: field.help.as_deref(),
        secret: field.secret,
        optional: field.optional,
        default: field.default.as_deref(),
        choices: &field.choices,
    });
    Shown {
        id: &provider.id,
        name: &provider.name,
        from,
        file,
        docs: provider.docs.as_deref(),
        request: request(provider),
        account: account.collect(),
    }
}

/// `POST https://api.example.com/{account}/send, JSON, signed in by user and password`.
fn request(provider: &Provider) -> String {
    match &provider.way {
        Way::Http(http) => http_request(http),
        Way::Smpp(smpp) => {
            let cleartext = match smpp.cleartext {
                Cleartext::Never => "",
                Cleartext::LoopbackOrPrivate => "; TLS may be left out within one's own networks",
            };
            format!("SMPP 3.4 to {}:{}{cleartext}", written(&smpp.host), written(&smpp.port))
        }
        Way::Local(Local::Exec(exec)) => {
            let argv: Vec<String> = exec.argv.iter().map(written).collect();
            format!("runs {} (courier-local)", argv.join(" "))
        }
        Way::Local(Local::Gammu { .. }) => String::from("runs gammu (courier-local)"),
        Way::Local(Local::ModemManager { .. }) => String::from("asks ModemManager (courier-local)"),
    }
}

fn http_request(http: &Http) -> String {
    let request = &http.request;
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
    };
    let body = match request.body {
        Body::None => "",
        Body::Form(_) => ", a form",
        Body::Json(_) => ", JSON",
        Body::Text(_) => ", text",
    };
    let auth = match request.auth {
        Auth::None => "",
        Auth::Basic { .. } => ", signed in by user and password",
        Auth::Bearer { .. } => ", by a bearer token",
        Auth::Header { .. } => ", by a header",
        Auth::Signed(Signer::AwsSigV4 { .. }) => ", signed (AWS Signature Version 4)",
        Auth::Signed(Signer::AzureHmac { .. }) => ", signed (HMAC-SHA256, as Azure wants it)",
        Auth::Signed(Signer::SmsGlobalMac { .. }) => ", signed (HMAC-SHA256, as SMSGlobal wants it)",
        Auth::Signed(Signer::Ovh { .. }) => ", signed (SHA-1, as OVHcloud wants it)",
    };
    let cleartext = match http.cleartext {
        Cleartext::Never => "",
        Cleartext::LoopbackOrPrivate => "; http is allowed within one's own networks",
    };
    format!("{method} {}{body}{auth}{cleartext}", written(&request.url))
}

/// A template as somebody reads it: fields of the account by their names.
fn written(template: &Template) -> String {
    template.parts().iter().fold(String::new(), |text, part| match part {
        Part::Literal(literal) => text + literal,
        Part::Value(Source::Account(key)) => format!("{text}{{{key}}}"),
        Part::Value(_) => text + "{…}",
    })
}

fn about(field: &Field) -> String {
    let mut parts: Vec<String> = field.help.iter().map(|help| help.trim_end_matches('.').to_owned()).collect();
    if field.secret {
        parts.push(String::from("secret"));
    }
    if field.optional {
        parts.push(String::from("may be left out"));
    }
    parts.extend(field.default.as_ref().map(|default| format!("else {default}")));
    if !field.choices.is_empty() {
        parts.push(format!("one of {}", field.choices.join(", ")));
    }
    parts.join("; ")
}

/// What to write into config.toml.
fn settings(provider: &Provider) -> Vec<String> {
    let needed = provider.account.iter().filter(|field| field.default.is_none() && !field.optional);
    let fields: Vec<String> = needed.map(|field| format!("{} = \"…\"", field.key)).collect();
    let mut lines =
        vec![String::from("[sms]"), format!("provider = \"{}\"", provider.id), String::from("sender = \"…\"")];
    if !fields.is_empty() {
        lines.push(format!("account = {{ {} }}", fields.join(", ")));
    }
    lines
}

/// `pam-2fa provider check FILE`: every error at once, as a compiler lists them.
fn check(file: &Path, screen: &mut Screen<'_>) -> Result<(), Error> {
    let id = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let text = shelf::text(file)?;
    match parse(&id, &text) {
        Ok(provider) => {
            screen.json(&serde_json::json!({ "file": file, "errors": [] }))?;
            screen.line(&format!("{}: no errors; {}", file.display(), request(&provider)))
        }
        Err(findings) => config::list_findings(file, findings, screen),
    }
}
