//! `Explain`: a login on the machine that decides logins, up to its decision. What the machine asks is looked up and read; anything
//! else that it says is not done, so nothing is sent, charged, kept or logged.

use super::Answer;
use crate::daemon::Daemon;
use crate::house::House;
use crate::login::explain::of_verdict;
use crate::login::{Effect, Effects, Event, Login};
use pam_2fa_protocol::admin::{Explain, ExplainReply};
use pam_2fa_protocol::login::{Begin, VERSION};
use std::sync::PoisonError;

pub(super) async fn explain(daemon: &Daemon, house: &House, asked: Explain) -> Result<ExplainReply, Answer> {
    let rules = house.rules();
    let begin = Begin {
        version: VERSION,
        user: asked.user,
        service: asked.service,
        tty: asked.tty,
        remote_host: asked.from,
        remote_user: None,
        auth_info: None,
        anchor: 0,
        session: None,
        password_stamp: None,
        decoy: false,
    };
    let mut login = Login::explaining();
    let mut next = Some(Event::Begin(Box::new(begin)));
    while let Some(event) = next.take() {
        let effects;
        (login, effects) = step(login, event, daemon, house, &rules);
        for effect in effects {
            match effect {
                Effect::Explained(explained) => {
                    return Ok(ExplainReply {
                        decision: explained.decision,
                        reason: String::from(explained.reason),
                        detail: None,
                        uid: explained.uid,
                        class: String::from(explained.class.word()),
                        source: explained.source.text().0,
                        rules: explained.rules,
                        message: explained.message,
                        tries: explained.tries,
                        generation: rules.generation,
                    });
                }
                // It ended before policy was asked: nobody of that name, a look-up that failed.
                Effect::Log(decided) => {
                    return Ok(ExplainReply {
                        decision: of_verdict(decided.verdict),
                        reason: String::from(decided.reason),
                        detail: decided.detail,
                        uid: decided.uid,
                        class: String::from(decided.class.word()),
                        source: decided.source.text().0,
                        rules: Vec::new(),
                        message: None,
                        tries: None,
                        generation: rules.generation,
                    });
                }
                Effect::Resolve(name) => next = Some(Event::Resolved(daemon.users.resolve(name).await)),
                Effect::LookUp(ask) => next = Some(Event::LookedUp(daemon.users.look(ask).await)),
                Effect::StillThere(names, uid) => {
                    next = Some(Event::StillThere(daemon.users.one_means(names, uid).await));
                }
                Effect::Facts(ask) => next = Some(Event::Facts(house.store.facts(ask).await)),
                Effect::Reply(_)
                | Effect::End(_)
                | Effect::Fail(_)
                | Effect::HangUp
                | Effect::Charge(_)
                | Effect::Consume(_)
                | Effect::Stand(_)
                | Effect::Send(_) => {}
            }
        }
    }
    Err(Answer::refused("the login was not decided; this is a mistake of ours, please report it"))
}

fn step(
    login: Login,
    event: Event,
    daemon: &Daemon,
    house: &House,
    rules: &crate::rules::Rules,
) -> (Login, Vec<Effect>) {
    let mut challenges = house.challenges.lock().unwrap_or_else(PoisonError::into_inner);
    let mut fx = Effects {
        now: house.now(),
        rules,
        texts: &daemon.texts,
        random: house.random.as_ref(),
        keys: house.keys.as_ref(),
        challenges: &mut challenges,
        out: Vec::new(),
    };
    let login = login.step(event, &mut fx);
    (login, fx.out)
}
