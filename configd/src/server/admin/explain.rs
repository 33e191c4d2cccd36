//! `Explain`: a login on the machine that decides logins, up to its decision. What the machine asks is looked up and read; anything
//! else that it says is not done, so nothing is sent, charged, kept or logged.

use super::Answer;
use crate::daemon::Daemon;
use crate::house::House;
use crate::login::explain::{Explained, of_verdict};
use crate::login::{Decided, Effect, Effects, Event, Login};
use crate::rules::Rules;
use pam_2fa_protocol::admin::{Explain, ExplainReply};
use pam_2fa_protocol::login::{Begin, VERSION};
use pam_2fa_settings::Language;
use std::sync::PoisonError;

pub(super) async fn explain(daemon: &Daemon, house: &House, asked: Explain) -> Result<ExplainReply, Answer> {
    let rules = house.rules();
    let begin = Begin {
        version: VERSION,
        // Where `[services]` asks the caller, USER is who calls; whom he becomes changes nothing.
        remote_user: Some(asked.user.clone()),
        user: asked.user,
        service: asked.service,
        tty: asked.tty,
        remote_host: asked.from,
        auth_info: asked.auth_info,
        anchor: 0,
        session: None,
        password_stamp: None,
        caller_stamp: None,
        real_uid: None,
        seat: None,
        password: false,
        decoy: false,
    };
    let mut login = Login::explaining();
    let mut next = Some(Event::Begin(Box::new(begin)));
    while let Some(event) = next.take() {
        let effects;
        (login, effects) = step(login, event, house, &rules);
        for effect in effects {
            match effect {
                Effect::Explained(explained) => return Ok(of_decision(*explained, rules.generation)),
                // It ended before policy was asked: nobody of that name, a look-up that failed.
                Effect::Log(decided) => return Ok(of_end(*decided)),
                Effect::Resolve(name) => next = Some(Event::Resolved(daemon.users.resolve(name).await)),
                Effect::LookUp(ask) => next = Some(Event::LookedUp(daemon.users.look(ask).await)),
                Effect::StillThere(names, uid) => {
                    next = Some(Event::StillThere(daemon.users.one_means(names, uid).await));
                }
                Effect::Facts(ask) => next = Some(Event::Facts(house.store.facts(ask).await.map(Box::new))),
                Effect::Reply(_)
                | Effect::End(_)
                | Effect::Fail(_)
                | Effect::HangUp
                | Effect::Charge(_)
                | Effect::Consume(_)
                | Effect::Remember(_)
                | Effect::UseDevice(_)
                | Effect::Enrol(_)
                | Effect::Revoke(_)
                | Effect::Done(_)
                | Effect::EndDevices(_)
                | Effect::Stand(_)
                | Effect::Send(_)
                | Effect::Notice(_) => {}
            }
        }
    }
    Err(Answer::refused("the login was not decided; this is a mistake of ours, please report it"))
}

fn of_decision(explained: Explained, generation: i64) -> ExplainReply {
    ExplainReply {
        decision: explained.decision,
        reason: String::from(explained.reason),
        detail: None,
        uid: explained.uid,
        class: String::from(explained.class.word()),
        source: explained.source.text().0,
        rules: explained.rules,
        message: explained.message,
        tries: explained.tries,
        generation,
    }
}

fn of_end(decided: Decided) -> ExplainReply {
    ExplainReply {
        decision: of_verdict(decided.verdict),
        reason: String::from(decided.reason),
        detail: decided.detail,
        uid: decided.uid,
        class: String::from(decided.class.word()),
        source: decided.source.text().0,
        rules: Vec::new(),
        message: None,
        tries: None,
        generation: decided.generation,
    }
}

fn step(login: Login, event: Event, house: &House, rules: &Rules) -> (Login, Vec<Effect>) {
    let mut challenges = house.challenges.lock().unwrap_or_else(PoisonError::into_inner);
    let mut fx = Effects {
        now: house.now(),
        rules,
        texts: rules.languages.letters(Language::English),
        letters: Language::English,
        random: house.random.as_ref(),
        keys: house.keys.as_ref(),
        challenges: &mut challenges,
        behind_s: house.behind_s(),
        out: Vec::new(),
    };
    let login = login.step(event, &mut fx);
    (login, fx.out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::house::Places;
    use crate::log::LevelHandle;
    use crate::login::world::rules;
    use crate::store::{Authenticator, UserKey};
    use crate::users::Directory;
    use pam_2fa_protocol::admin::{Foreseen, Required};
    use std::path::Path;
    use std::sync::Arc;

    /// ada, and nobody else; its groups cannot be told.
    struct Ada;

    impl Directory for Ada {
        fn find(&self, name: &str) -> Result<Option<UserKey>, String> {
            Ok((name == "ada").then(|| UserKey { uid: 1000, name: String::from(name) }))
        }
    }

    fn daemon(folder: &Path) -> Daemon {
        let places =
            Places { config: folder.join("config.toml"), state_dir: folder.to_owned(), runtime_dir: folder.to_owned() };
        let (host, since) = (String::from("host"), String::new());
        Daemon::new(places, Arc::new(Ada), host, since, LevelHandle::none()).unwrap()
    }

    fn login_of(user: &str) -> Explain {
        let from = Some(String::from("192.0.2.7"));
        let tty = Some(String::from("ssh"));
        Explain { user: String::from(user), service: String::from("sshd"), from, tty, auth_info: None }
    }

    async fn explained(daemon: &Daemon, house: &House, user: &str) -> ExplainReply {
        let Ok(reply) = explain(daemon, house, login_of(user)).await else { panic!("no answer") };
        reply
    }

    #[tokio::test]
    async fn a_login_is_explained_from_the_store_and_nothing_comes_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let (daemon, house) = (daemon(folder.path()), House::for_tests(folder.path(), rules()).await);
        let reply = explained(&daemon, &house, "ada").await;
        assert_eq!((reply.decision, reply.reason.as_str(), reply.uid), (Foreseen::Ask, "ask", Some(1000)));
        assert_eq!((reply.class.as_str(), reply.source.as_str()), ("ssh", "192.0.2.7/32"));
        assert_eq!(reply.message.as_deref(), Some("a code to a***@example.com, once the prompt has stood"));
        let shown: Vec<String> = reply.rules.iter().map(|rule| format!("{}: {}", rule.rule, rule.why)).collect();
        insta::assert_snapshot!(shown.join("\n"));
        assert!(house.challenges.lock().unwrap().is_empty());
        let ada = UserKey { uid: 1000, name: String::from("ada") };
        assert_eq!(house.store.counts(ada, Authenticator::Email).await.unwrap().all(), 0);
        assert!(house.store.open_challenges(house.now(), 3).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_ends_before_policy_is_explained_too() {
        let folder = tempfile::tempdir().unwrap();
        let mut rules = rules();
        let daemon = daemon(folder.path());
        rules.who.exempt_groups = vec![String::from("ops")];
        let house = House::for_tests(folder.path(), rules).await;
        let reply = explained(&daemon, &house, "eve").await;
        assert_eq!((reply.decision, reply.reason.as_str()), (Foreseen::Deny, "unknown-user"));
        let reply = explained(&daemon, &house, "ada").await;
        assert_eq!((reply.decision, reply.reason.as_str()), (Foreseen::Unavailable, "look-up"));
        assert_eq!(reply.detail.as_deref(), Some("this directory has no groups"));
    }

    #[tokio::test]
    async fn disabled_is_explained_without_a_look_at_the_user() {
        let folder = tempfile::tempdir().unwrap();
        let mut rules = rules();
        rules.required = Required::Disabled;
        let (daemon, house) = (daemon(folder.path()), House::for_tests(folder.path(), rules).await);
        let reply = explained(&daemon, &house, "eve").await;
        assert_eq!((reply.decision, reply.reason.as_str(), reply.uid), (Foreseen::NotSubject, "disabled", None));
        assert_eq!(reply.rules.len(), 1);
    }
}
