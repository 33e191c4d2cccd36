//! What is secret in a provider file: it is marked so, stands in no file that all can read, and goes only where nobody else reads it.

use super::model::{Auth, Cleartext, Exec, Field, Http, Local, Provider, Signer, Smpp, Way};
use super::template::{Source, Template};

/// Adds what is wrong with secrets and with what keeps them.
pub(super) fn secrets(provider: &Provider, say: &mut impl FnMut(&str, String)) {
    match &provider.way {
        Way::Http(http) => of_http(http, provider, say),
        Way::Smpp(smpp) => of_smpp(smpp, provider, say),
        Way::Local(Local::Exec(Exec { argv, .. })) => {
            let instead = "stands among the arguments, which every user of this host can read; put it into stdin";
            kept_from(argv.iter(), provider, ("exec", instead), say);
        }
        Way::Local(Local::Gammu { config, section }) => {
            kept_from(
                [config, section].into_iter(),
                provider,
                ("gammu", "stands among the arguments, which every user of this host can read"),
                say,
            );
        }
        Way::Local(Local::ModemManager { modem }) => {
            kept_from([modem].into_iter(), provider, ("modemmanager", "is no name of a modem"), say);
        }
    }
}

/// What is nobody's business.
fn is_secret(source: &Source, provider: &Provider) -> bool {
    let is_of_account = |field: &Field| field.secret && matches!(source, Source::Account(key) if *key == field.key);
    matches!(source, Source::Text | Source::Code) || provider.account.iter().any(is_of_account)
}

fn kept_from<'a>(
    mut templates: impl Iterator<Item = &'a Template>,
    provider: &Provider,
    (section, instead): (&str, &str),
    say: &mut impl FnMut(&str, String),
) {
    if templates.any(|template| template.sources().any(|source| is_secret(source, provider))) {
        say(section, format!("a secret, the code or the text {instead}"));
    }
}

fn of_http(http: &Http, provider: &Provider, say: &mut impl FnMut(&str, String)) {
    let request = &http.request;
    if !http.secret_in_url {
        let in_url = std::iter::once(&request.url).chain(request.query.iter().map(|(_, template)| template));
        let instead = "stands in the URL, which servers and proxies log; put it into the body or a header, or, where the provider \
                       takes it no other way, write secret_in_url = true";
        kept_from(in_url, provider, ("request", instead), say);
    }
    for (name, template) in of_auth(&request.auth) {
        proves(template, provider, ("request", name), say);
    }
}

fn of_smpp(smpp: &Smpp, provider: &Provider, say: &mut impl FnMut(&str, String)) {
    let Smpp { cleartext, host, port, tls, system_id, password, system_type, source, .. } = smpp;
    let open = [host, port, tls, system_id, system_type, source];
    kept_from(open.into_iter(), provider, ("smpp", "stands in another key than password"), say);
    proves(password, provider, ("smpp", "password"), say);
    if *cleartext == Cleartext::Never && tls.sources().next().is_none() && tls.literals().eq(["false"]) {
        let text =
            "tls = \"false\": only a centre of one's own may do without, allow_cleartext = \"loopback-or-private\"";
        say("smpp", String::from(text));
    }
}

/// What nobody else may know of it, by its name. A user and an identifier are none.
fn of_auth(auth: &Auth) -> Vec<(&'static str, &Template)> {
    match auth {
        Auth::None => Vec::new(),
        Auth::Basic { pass, .. } => vec![("auth.pass", pass)],
        Auth::Bearer { token } => vec![("auth.token", token)],
        Auth::Header { value, .. } => vec![("auth.value", value)],
        Auth::Signed(Signer::AwsSigV4 { secret, session_token, .. }) => {
            let token = session_token.as_ref().map(|token| ("auth.session_token", token));
            std::iter::once(("auth.secret", secret)).chain(token).collect()
        }
        Auth::Signed(Signer::AzureHmac { key }) => vec![("auth.key", key)],
        Auth::Signed(Signer::SmsGlobalMac { secret, .. }) => vec![("auth.secret", secret)],
        Auth::Signed(Signer::Ovh { app_secret, consumer_key, .. }) => {
            vec![("auth.app_secret", app_secret), ("auth.consumer_key", consumer_key)]
        }
    }
}

/// What proves who we are comes from the account, and from fields that are marked.
fn proves(template: &Template, provider: &Provider, (section, name): (&str, &str), say: &mut impl FnMut(&str, String)) {
    if template.sources().next().is_none() && template.literals().next().is_some() {
        say(
            section,
            format!("{name}: a secret in a file that all can read; make it a field of the account, {{acct.…}}"),
        );
    }
    let used =
        |field: &&Field| template.sources().any(|source| matches!(source, Source::Account(key) if *key == field.key));
    for field in provider.account.iter().filter(used).filter(|field| !field.secret) {
        say("account", format!("{}: is {name}, which proves who we are; add secret = true", field.key));
    }
}
