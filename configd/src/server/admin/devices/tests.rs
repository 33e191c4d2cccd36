//! Devices as an administrator asks for them, over a real connection and out of a real store.

use super::*;
use crate::clock::BootId;
use crate::daemon::{Daemon, State};
use crate::house::Places;
use crate::log::LevelHandle;
use crate::login::world::rules;
use crate::server::admin;
use crate::store::{
    Authenticator, Bucket, ChallengeId, Consume, Consumed, DeviceKey, Proof, Remember, SourceText, UserKey,
};
use crate::users::Directory;
use pam_2fa_protocol::admin::{
    DEVICE_LIST, DEVICE_REVOKE, LastLogin, NOT_FOUND, NotFound, REFUSED, Refused, USER_SHOW, UserReply, UserShow,
};
use pam_2fa_protocol::wire::{More, decode_reply, encode_call};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::net::UnixStream;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Everybody is uid 1000; nothing here looks a user up.
struct Everybody;

impl Directory for Everybody {
    fn find(&self, name: &str) -> Result<Option<UserKey>, String> {
        Ok(Some(UserKey { uid: 1000, name: String::from(name) }))
    }
}

struct Admin {
    daemon: Arc<Daemon>,
    house: Arc<House>,
    /// One moment for all codes: the list is ordered by it before it is by id.
    began: Moment,
    _folder: tempfile::TempDir,
}

impl Admin {
    /// ada has a record, and no device yet.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let house = Arc::new(House::for_tests(folder.path(), rules()).await);
        let path: &Path = folder.path();
        let places =
            Places { config: path.join("config.toml"), state_dir: path.to_owned(), runtime_dir: path.to_owned() };
        let (host, since) = (String::from("host"), String::new());
        let daemon = Daemon::new(places, Arc::new(Everybody), host, since, LevelHandle::none()).unwrap();
        daemon.put(State::Open(Arc::clone(&house)));
        let began = house.now();
        Self { daemon: Arc::new(daemon), house, began, _folder: folder }
    }

    /// All replies to a call, or the error's last word and what it says.
    async fn ask<R: DeserializeOwned>(
        &self,
        method: &str,
        asked: &impl Serialize,
        more: More,
    ) -> Result<Vec<R>, String> {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let serving = tokio::spawn(admin::serve(ours, 0, Arc::clone(&self.daemon)));
        let mut client = Connection::new(theirs);
        client.write(&encode_call(method, asked, more).unwrap()).await.unwrap();
        let mut replies = Vec::new();
        loop {
            let frame = client.read().await.unwrap().expect("an answer");
            let reply = decode_reply(&frame).unwrap();
            match reply.error.as_deref() {
                None => replies.push(reply.parameters().unwrap()),
                Some(NOT_FOUND) => return Err(format!("NotFound: {}", reply.parameters::<NotFound>().unwrap().what)),
                Some(REFUSED) => {
                    return Err(format!("Refused: {}", reply.parameters::<Refused>().unwrap().reasons.join("; ")));
                }
                Some(other) => panic!("{other}"),
            }
            if !reply.continues {
                break;
            }
        }
        drop(client);
        serving.await.unwrap();
        Ok(replies)
    }

    async fn list(&self, user: Option<&str>) -> Vec<Device> {
        let asked = DeviceList { user: user.map(String::from) };
        let replies: Vec<DeviceReply> = self.ask(DEVICE_LIST, &asked, More::Yes).await.unwrap();
        replies.into_iter().filter_map(|reply| reply.device).collect()
    }

    async fn ids(&self) -> Vec<String> {
        self.list(None).await.into_iter().map(|device| device.id).collect()
    }

    async fn revoke(&self, ids: &[&str], user: Option<&str>, more: More) -> Result<Vec<String>, String> {
        let asked = DeviceRevoke { ids: ids.iter().map(ToString::to_string).collect(), user: user.map(String::from) };
        let replies: Vec<DeviceRevokeReply> = self.ask(DEVICE_REVOKE, &asked, more).await?;
        Ok(replies.into_iter().flat_map(|reply| reply.devices).map(|device| device.id).collect())
    }

    /// ada gives a code from a device.
    async fn remembers(&self, id: &str, change: impl FnOnce(&mut Consume, &mut Remember)) {
        let now = self.began.clone();
        let mut remember = device(id);
        let mut consume = Consume {
            user: UserKey { uid: 1000, name: String::from("ada") },
            proof: Proof::Message { of: Authenticator::Email, address: String::from("ada@example.com") },
            source: SourceText(String::from("192.0.2.7/32")),
            bucket: Bucket::Stranger,
            challenge: ChallengeId(format!("{id:0>32}")),
            login: Some(LastLogin { at: now.rfc3339(), service: String::from("sshd"), from: None, device: None }),
            remember: None,
            stamp: None,
            limits: self.house.rules().tries,
            now,
        };
        change(&mut consume, &mut remember);
        consume.remember = Some(remember);
        assert_eq!(self.house.store.consume_code(consume).await.unwrap(), Consumed::Done);
    }
}

/// A key that is trusted for thirty days.
fn device(id: &str) -> Remember {
    let mut identity = [0; 32];
    identity[..id.len()].copy_from_slice(id.as_bytes());
    Remember {
        id: DeviceId(String::from(id)),
        key: DeviceKey { class: String::from("ssh"), identity },
        label: format!("key SHA256:{id} from 192.0.2.7/32"),
        from: String::from("192.0.2.7"),
        lifetime_s: 30 * 86_400,
        stamp: Some(String::from("stamp")),
        policy: 1,
    }
}

#[tokio::test]
async fn a_device_is_listed_with_what_it_is_known_by_its_first_and_last_use_and_its_end() {
    let admin = Admin::new().await;
    assert_eq!(admin.list(None).await, []);
    assert_eq!(admin.list(Some("ada")).await, []);
    let now_s = admin.began.wall_s;
    admin.remembers("22222222", |consume, _| consume.now.wall_s = now_s - 7_200).await;
    admin
        .remembers("33333333", |consume, remember| {
            // The same device, remembered anew: another id, and known for as long as before.
            remember.key = device("22222222").key;
            consume.now.wall_s = now_s - 3_600;
        })
        .await;
    let listed = admin.list(Some("ada")).await;
    let expected = Device {
        id: String::from("33333333"),
        user: String::from("ada"),
        uid: 1000,
        class: String::from("ssh"),
        name: String::from("key SHA256:33333333 from 192.0.2.7/32"),
        first_used: rfc3339(now_s - 7_200),
        last_used: rfc3339(now_s - 3_600),
        last_from: String::from("192.0.2.7"),
        until: rfc3339(now_s - 3_600 + 30 * 86_400),
        ended: None,
    };
    assert_eq!(listed, [expected]);
    assert_eq!(admin.list(None).await, listed);
}

#[tokio::test]
async fn what_has_ended_stays_in_the_list_and_says_why() {
    let admin = Admin::new().await;
    let now_s = admin.began.wall_s;
    admin.remembers("GGGGGGGG", |_, _| ()).await;
    admin.remembers("EXPXRED2", |consume, _| consume.now.wall_s = now_s - 31 * 86_400).await;
    admin.remembers("AHEAD222", |consume, _| consume.now.wall_s = now_s + 86_000).await;
    admin.remembers("PZ222222", |_, remember| remember.policy = 7).await;
    admin.remembers("HALF2222", |consume, remember| (remember.stamp, consume.now.wall_s) = (None, now_s - 3_600)).await;
    admin
        .remembers("DAY22222", |consume, remember| (remember.stamp, consume.now.wall_s) = (None, now_s - 86_400))
        .await;
    admin.remembers("MUCHMUCH", |_, remember| remember.lifetime_s = u64::MAX >> 1).await;
    // The last one: ended elevations go at the next code.
    admin
        .remembers("B2222222", |consume, remember| {
            remember.key.class = String::from("elevate");
            consume.now.boot = BootId(String::from("another"));
        })
        .await;
    let listed = admin.list(None).await;
    let ended = |id: &str| listed.iter().find(|device| device.id == id).unwrap().ended.clone();
    let words =
        ["GGGGGGGG", "EXPXRED2", "AHEAD222", "PZ222222", "B2222222", "HALF2222", "DAY22222", "MUCHMUCH"].map(ended);
    let words: Vec<&str> = words.iter().map(|word| word.as_deref().unwrap_or("-")).collect();
    assert_eq!(words, ["-", "expired", "expired", "settings changed", "rebooted", "-", "expired", "-"]);
    let until = |id: &str| listed.iter().find(|device| device.id == id).unwrap().until.clone();
    // No password was seen: twelve hours at most, and that is what is shown.
    assert_eq!(until("HALF2222"), rfc3339(now_s - 3_600 + 12 * 3_600));
    assert_eq!(until("MUCHMUCH"), "9999-12-30T22:00:00Z");
}

#[tokio::test]
async fn a_user_without_a_record_is_not_found_in_the_words_of_user_show() {
    let admin = Admin::new().await;
    let name = || String::from("eve\u{1b}");
    let shown = admin.ask::<UserReply>(USER_SHOW, &UserShow { name: name() }, More::No).await.unwrap_err();
    assert!(shown.starts_with("NotFound: eve has no record"), "{shown}");
    let listed = admin.ask::<DeviceReply>(DEVICE_LIST, &DeviceList { user: Some(name()) }, More::Yes).await;
    assert_eq!(listed.unwrap_err(), shown);
    assert_eq!(admin.revoke(&[], Some(&name()), More::Yes).await.unwrap_err(), shown);
}

#[tokio::test]
async fn what_is_revoked_is_gone_and_nothing_else_is() {
    let admin = Admin::new().await;
    for id in ["K7Q2M9XD", "22222222", "33333333", "44444444"] {
        admin.remembers(id, |_, _| ()).await;
    }
    // As it is read out over the telephone.
    assert_eq!(admin.revoke(&[" k7q2m9xd "], None, More::No).await.unwrap(), ["K7Q2M9XD"]);
    assert_eq!(admin.ids().await, ["22222222", "33333333", "44444444"]);
    assert_eq!(
        admin.revoke(&["44444444", "22222222", "44444444"], None, More::Yes).await.unwrap(),
        ["44444444", "22222222"]
    );
    assert_eq!(admin.ids().await, ["33333333"]);
    assert_eq!(admin.revoke(&[], Some("ada"), More::No).await.unwrap(), ["33333333"]);
    assert_eq!(admin.revoke(&[], Some("ada"), More::No).await.unwrap(), Vec::<String>::new());
    assert_eq!(admin.ids().await, Vec::<String>::new());
}

#[tokio::test]
async fn where_one_id_is_not_there_none_is_revoked() {
    let admin = Admin::new().await;
    for id in ["22222222", "33333333"] {
        admin.remembers(id, |_, _| ()).await;
    }
    for (wrong, said) in [
        ("44444444", "44444444"),
        ("2222222", "2222222"),
        ("222222222", "222222222"),
        ("2222\u{1b}[2J", "2222[2J"),
        ("' OR '1'", "' OR '1'"),
        ("größe222", "größe222"),
        ("", ""),
    ] {
        let why = admin.revoke(&["22222222", wrong, "33333333"], None, More::Yes).await.unwrap_err();
        let expected = format!("NotFound: no device has the id {said}, and none was revoked; see pam-2fa device list");
        assert_eq!(why, expected);
    }
    // What a frame holds of one is not sent back whole.
    let why = admin.revoke(&[&"\u{7}x".repeat(2_000)], None, More::Yes).await.unwrap_err();
    assert!(why.len() < 120, "{why}");
    assert_eq!(admin.ids().await, ["22222222", "33333333"]);
}

#[tokio::test]
async fn a_revocation_without_ids_or_a_user_or_with_both_revokes_nothing() {
    let admin = Admin::new().await;
    admin.remembers("22222222", |_, _| ()).await;
    let both = admin.revoke(&["22222222"], Some("ada"), More::Yes).await.unwrap_err();
    assert_eq!(both, "Refused: ids and a user do not go together; leave one out");
    let neither = admin.revoke(&[], None, More::Yes).await.unwrap_err();
    assert_eq!(neither, "Refused: nothing is named; give ids, or a user");
    assert_eq!(admin.ids().await, ["22222222"]);
}

#[tokio::test]
async fn as_many_devices_as_are_kept_of_a_user_are_listed_and_revoked_though_no_frame_holds_them() {
    let admin = Admin::new().await;
    let all: Vec<String> = (100..200).map(|number| format!("{number:A>8}")).collect();
    for id in &all {
        admin.remembers(id, |_, remember| remember.label = "k".repeat(500)).await;
    }
    let asked = DeviceList::default();
    let why = admin.ask::<DeviceReply>(DEVICE_LIST, &asked, More::No).await.unwrap_err();
    assert_eq!(why, "Refused: a list of several devices wants a call with `more`");
    assert_eq!(admin.ids().await, all);
    let why = admin.revoke(&[], Some("ada"), More::No).await.unwrap_err();
    assert_eq!(why, "Refused: revoking several devices wants a call with `more`; none was revoked");
    let two = [all[0].as_str(), all[1].as_str()];
    assert_eq!(admin.revoke(&two, None, More::No).await.unwrap_err(), why);
    assert_eq!(admin.ids().await, all);
    assert_eq!(admin.revoke(&[], Some("ada"), More::Yes).await.unwrap(), all);
    assert_eq!(admin.ids().await, Vec::<String>::new());
}

/// The fields of each event with a device in it.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

#[derive(Default)]
struct Fields(Vec<String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.push(format!("{field}={value:?}"));
    }
}

impl<S: tracing::Subscriber> Layer<S> for Seen {
    fn on_event(&self, event: &tracing::Event<'_>, _context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if event.fields().any(|field| field.name() == "device") {
            let mut lines = self.0.lock().unwrap();
            lines.push(format!("{} {}", event.metadata().level(), fields.0.join(" ")));
        }
    }
}

#[tokio::test]
async fn each_revoked_device_is_a_line_in_the_journal_with_its_fields() {
    let admin = Admin::new().await;
    for id in ["22222222", "33333333"] {
        admin.remembers(id, |_, _| ()).await;
    }
    let seen = Seen::default();
    // With a single dispatcher tracing asks that of the thread which comes first to an event, and another test's has none.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let journal = tracing::subscriber::set_default(tracing_subscriber::registry().with(seen.clone()));
    admin.revoke(&["22222222", "44444444"], None, More::Yes).await.unwrap_err();
    assert_eq!(*seen.0.lock().unwrap(), Vec::<String>::new(), "nothing was revoked");
    admin.revoke(&[], Some("ada"), More::Yes).await.unwrap();
    drop(journal);
    insta::assert_snapshot!(seen.0.lock().unwrap().join("\n"), @r#"
    INFO message=a remembered device was revoked by an administrator device="22222222" user="ada" uid=1000 class="ssh" known_by="key SHA256:22222222 from 192.0.2.7/32"
    INFO message=a remembered device was revoked by an administrator device="33333333" user="ada" uid=1000 class="ssh" known_by="key SHA256:33333333 from 192.0.2.7/32"
    "#);
}
