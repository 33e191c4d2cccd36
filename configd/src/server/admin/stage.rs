//! What the tests here stand on: a house with ada's record, a host that knows some users, a login over a real connection.

use super::Answer;
use crate::daemon::Daemon;
use crate::house::{House, Places};
use crate::log::LevelHandle;
use crate::rules::Rules;
use crate::server::login;
use crate::store::{Change, ChangeAsk, Enrol, Enrolled, First, Had, NewApp, UserKey};
use crate::users::Directory;
use crate::wire_io::Connection;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::login::{ANSWER, Answer as Typed, BEGIN, Begin, StepReply, Verdict};
use pam_2fa_protocol::wire::{More, decode_reply, encode_call};
use std::path::Path;
use std::sync::Arc;
use tokio::net::UnixStream;

/// Ada, bob, eve, and anybody whose name is `user` and a number; of `broken` nothing can be said.
struct Known;

impl Directory for Known {
    fn find(&self, name: &str) -> Result<Option<UserKey>, String> {
        let uid = match name {
            "ada" => Some(1000),
            "bob" => Some(1001),
            "eve" => Some(1002),
            "broken" => return Err(String::from("EIO")),
            other => {
                other.strip_prefix("user").and_then(|number| number.parse::<u32>().ok()).map(|number| 5000 + number)
            }
        };
        Ok(uid.map(|uid| UserKey { uid, name: String::from(name) }))
    }
}

pub(super) struct Stage {
    pub(super) daemon: Arc<Daemon>,
    pub(super) house: Arc<House>,
    _folder: tempfile::TempDir,
}

impl Stage {
    pub(super) async fn new(rules: Rules) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let house = Arc::new(House::for_tests(folder.path(), rules).await);
        let daemon = daemon(folder.path());
        daemon.put(crate::daemon::State::Open(Arc::clone(&house)));
        Self { daemon: Arc::new(daemon), house, _folder: folder }
    }

    /// Ada gets an app and ten recovery codes.
    pub(super) async fn enrol_app(&self) {
        let enrol = Enrol {
            user: ada(),
            address: None,
            app: Some(NewApp { id: String::from("app1"), sealed: String::from("sealed:v1:x"), step: 100 }),
            recovery: Some((1..=10).map(|number| [number; 32]).collect()),
            first: First::Further(Had { email: Some(String::from("ada@example.com")), ..Had::default() }),
            login: None,
            unique: true,
            now: self.house.now(),
        };
        assert_eq!(self.house.store.enrol(enrol).await.unwrap(), Enrolled::Done { before: None });
    }

    /// A login that stands at its first prompt, or is over.
    pub(super) async fn begin(&self, begin: &Begin) -> Login {
        let (ours, theirs) = UnixStream::pair().unwrap();
        tokio::spawn(login::serve(ours, 0, Arc::clone(&self.daemon), None));
        let mut client = Connection::new(theirs);
        client.write(&encode_call(BEGIN, begin, More::No).unwrap()).await.unwrap();
        Login(client)
    }

    /// The lines of the log of changes, without time and user.
    pub(super) async fn changes(&self) -> Vec<String> {
        let ask = ChangeAsk { after: 0, user: None, since_s: i64::MIN };
        let page = self.house.store.changes(ask).await.unwrap();
        page.changes.into_iter().map(|Change { what, detail, .. }| format!("{what}: {detail}")).collect()
    }
}

pub(super) struct Login(Connection);

impl Login {
    pub(super) async fn step(&mut self) -> (Option<Verdict>, String) {
        let frame = self.0.read().await.unwrap().unwrap();
        let reply: StepReply = decode_reply(&frame).unwrap().parameters().unwrap();
        let mut text = reply.step.tell.join("\n");
        text.push_str(&reply.step.ask.map(|ask| ask.text).unwrap_or_default());
        (reply.step.verdict, text)
    }

    pub(super) async fn answer(&mut self, text: &str) -> (Option<Verdict>, String) {
        let text = Secret::new(String::from(text));
        self.0.write(&encode_call(ANSWER, &Typed { text }, More::No).unwrap()).await.unwrap();
        self.step().await
    }
}

fn daemon(folder: &Path) -> Daemon {
    let places =
        Places { config: folder.join("config.toml"), state_dir: folder.to_owned(), runtime_dir: folder.join("run") };
    let (host, since) = (String::from("host"), String::new());
    Daemon::new(places, Arc::new(Known), host, since, LevelHandle::none()).unwrap()
}

/// A daemon that is open and whose house nobody else holds. As root it opens again by these settings; for anybody else, whose file they
/// cannot be, it is sealed then.
pub(in crate::server) async fn alone(settings: &str, change: impl FnOnce(&mut House)) -> (tempfile::TempDir, Daemon) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    std::fs::write(&config, settings).unwrap();
    std::fs::set_permissions(&config, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
    let mut house = House::for_tests(folder.path(), crate::login::world::rules()).await;
    change(&mut house);
    let daemon = daemon(folder.path());
    daemon.put(crate::daemon::State::Open(Arc::new(house)));
    (folder, daemon)
}

/// Whoever has no method is refused, and asked for no invitation.
pub(super) fn uninvited() -> Rules {
    let mut rules = crate::login::world::rules();
    rules.who.enrolment = pam_2fa_settings::Enrolment::Administrator;
    rules
}

pub(super) fn ada() -> UserKey {
    UserKey { uid: 1000, name: String::from("ada") }
}

/// What was answered; a test that wanted something else fails with it.
pub(super) fn done<T>(answer: Result<T, Answer>) -> T {
    answer.unwrap_or_else(|answer| panic!("{}", in_words(answer)))
}

/// Why it was not done.
pub(super) fn refused<T>(answer: Result<T, Answer>) -> String {
    in_words(answer.err().expect("it was done"))
}

fn in_words(answer: Answer) -> String {
    match answer {
        Answer::NotFound(what) => format!("not found: {what}"),
        Answer::Refused(reasons) => reasons.join("\n"),
        Answer::Sealed(reason) => format!("sealed: {reason}"),
        Answer::Connection(error) => format!("connection: {error}"),
        Answer::Parameters => String::from("parameters"),
    }
}
