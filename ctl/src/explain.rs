//! `pam-2fa explain`: what would be decided of a login, and why, as the daemon says it. It decides nothing itself.

use crate::client::Client;
use crate::error::Error;
use crate::screen::{Form, Screen};
use pam_2fa_protocol::admin::{EXPLAIN, Explain, ExplainReply, Foreseen};

/// `pam-2fa explain USER --service S [--from ADDR] [--key FILE] [--tty T]`. Its exit status says whether there is an answer, not which.
pub(crate) fn explain(client: &mut Client, asked: &Explain, screen: &mut Screen<'_>) -> Result<(), Error> {
    let reply: ExplainReply = client.call(EXPLAIN, asked)?;
    if screen.form() == Form::Json {
        return screen.json(&reply);
    }
    screen.table(&summary(asked, &reply))?;
    if !reply.rules.is_empty() {
        screen.line("")?;
        let mut rows = vec![["RULE", "", "WHY"].map(str::to_owned).to_vec()];
        rows.extend(reply.rules.iter().map(|rule| {
            let decides = if rule.decides { "decides" } else { "-" };
            vec![rule.rule.clone(), decides.to_owned(), rule.why.clone()]
        }));
        screen.list(&rows)?;
    }
    Ok(())
}

fn summary(asked: &Explain, reply: &ExplainReply) -> Vec<Vec<String>> {
    let decision = match reply.decision {
        Foreseen::NotSubject => "not subject: let by without a code",
        Foreseen::Ask => "asked for a code",
        Foreseen::Trusted => "let in without a code: the device is remembered",
        Foreseen::Deny => "denied",
        Foreseen::Unavailable => "denied: it cannot be decided now",
        Foreseen::MaxTries => "denied for now: too many wrong codes",
    };
    let user = match reply.uid {
        Some(uid) => format!("{} (uid {uid})", asked.user),
        None => asked.user.clone(),
    };
    let mut rows = vec![
        ("user", user),
        ("service", format!("{} (class {})", asked.service, reply.class)),
        ("source", reply.source.clone()),
        ("decision", decision.to_owned()),
        ("reason", reply.reason.clone()),
    ];
    rows.extend(reply.detail.clone().map(|detail| ("detail", detail)));
    rows.extend(reply.message.clone().map(|message| ("message", message)));
    rows.extend(reply.tries.clone().map(|tries| ("tries", tries)));
    rows.push(("settings", format!("generation {}", reply.generation)));
    rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect()
}
