//! One connection against an open house: what becomes of the challenge when it ends, and when it is let go.

use super::*;
use crate::house::Places;
use crate::log::LevelHandle;
use crate::login::world::{rules, ssh};
use crate::store::{StoreError, UserKey};
use crate::users::{Directory, FOR_ROOT};
use pam_2fa_protocol::login::{ANSWER, Answer, StepReply};
use pam_2fa_protocol::wire::{More, decode_reply, encode_call};
use std::path::Path;
use tokio::sync::oneshot;

/// Everybody is uid 1000; `slow` never comes.
struct Everybody;

impl Directory for Everybody {
    fn find(&self, name: &str) -> Result<Option<UserKey>, String> {
        if name == "slow" {
            loop {
                std::thread::park();
            }
        }
        Ok(Some(UserKey { uid: 1000, name: String::from(name) }))
    }
}

fn daemon(folder: &Path) -> Arc<Daemon> {
    let places =
        Places { config: folder.join("config.toml"), state_dir: folder.to_owned(), runtime_dir: folder.to_owned() };
    let (host, since) = (String::from("host"), String::new());
    Arc::new(Daemon::new(places, Arc::new(Everybody), host, since, LevelHandle::none()).unwrap())
}

async fn house(folder: &Path) -> Arc<House> {
    Arc::new(House::for_tests(folder, rules()).await)
}

#[tokio::test]
async fn a_login_that_stood_too_long_at_its_prompt_lets_go_of_its_challenge() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, house) = (daemon(folder.path()), house(folder.path()).await);
    let (ours, theirs) = UnixStream::pair().unwrap();
    let (enough, is_enough) = oneshot::channel::<()>();
    let serving = {
        let house = Arc::clone(&house);
        tokio::spawn(async move {
            let enough = async move { is_enough.await.unwrap() };
            open(Connection::new(ours), (0, None), &daemon, house, enough).await
        })
    };
    let mut client = Connection::new(theirs);
    client.write(&encode_call(BEGIN, &ssh("ada", "192.0.2.7"), More::No).unwrap()).await.unwrap();
    let frame = client.read().await.unwrap().unwrap();
    let reply: StepReply = decode_reply(&frame).unwrap().parameters().unwrap();
    assert!(reply.step.ask.is_some(), "{reply:?}");
    enough.send(()).unwrap();
    serving.await.unwrap().unwrap();

    let mut challenges = house.challenges.lock().unwrap();
    assert_eq!(challenges.len(), 1);
    // Held by nobody, so that it is forgotten with its code when its time has come.
    let mut late = house.now();
    late.boot_ms += rules().codes.lifetime_ms;
    challenges.prune(&rules().codes, &late);
    assert!(challenges.is_empty());
}

#[tokio::test]
async fn questions_about_the_interface_do_not_put_off_the_first_frame() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, house) = (daemon(folder.path()), house(folder.path()).await);
    let (ours, theirs) = UnixStream::pair().unwrap();
    let serving =
        tokio::spawn(
            async move { open(Connection::new(ours), (1000, None), &daemon, house, std::future::pending()).await },
        );
    let mut client = Connection::new(theirs);
    let ask = encode_call("org.varlink.service.GetInfo", &Nothing {}, More::No).unwrap();
    let asked = async {
        // Until the other end is gone.
        while client.write(&ask).await.is_ok() && client.read().await.is_ok_and(|frame| frame.is_some()) {}
    };
    tokio::time::timeout(FIRST_FRAME * 5, asked).await.expect("let go");
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn users_who_ask_for_names_that_take_long_keep_nobody_elses_login_out() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, house) = (daemon(folder.path()), house(folder.path()).await);
    let serve = |uid: u32, name: &str| {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (daemon, house) = (Arc::clone(&daemon), Arc::clone(&house));
        tokio::spawn(
            async move { open(Connection::new(ours), (uid, None), &daemon, house, std::future::pending()).await },
        );
        let begin = encode_call(BEGIN, &ssh(name, "192.0.2.7"), More::No).unwrap();
        async move {
            let mut client = Connection::new(theirs);
            client.write(&begin).await.unwrap();
            client
        }
    };
    let mut held = Vec::new();
    for _ in 0..=FOR_ROOT {
        held.push(serve(1000, "slow").await);
    }
    // Theirs are answered, late: so all of them were asked before root's login began.
    for client in &mut held {
        assert!(client.read().await.unwrap().is_some());
    }
    let frame = serve(0, "ada").await.read().await.unwrap().unwrap();
    let reply: StepReply = decode_reply(&frame).unwrap().parameters().unwrap();
    assert!(reply.step.ask.is_some(), "{reply:?}");
}

#[tokio::test]
async fn what_is_being_written_when_the_connection_ends_is_waited_for_logged_and_said_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, house) = (daemon(folder.path()), house(folder.path()).await);
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut connection = Connection::new(ours);
    let login = Login::new(0, String::from("K7Q2M9XD"));
    let mut drive = Drive::new(&daemon, 0, Arc::clone(&house), login, Wire::Login);
    drive.step(Event::Begin(Box::new(ssh("ada", "192.0.2.7"))), &mut connection).await.unwrap();
    let mut answered = false;
    while !matches!(drive.machine.as_ref().unwrap().state, crate::login::State::Consuming(..)) {
        let code = house.challenges.lock().unwrap().codes().pop();
        let event = match code.filter(|_| !answered) {
            Some(code) => Event::Answer(pam_2fa_protocol::Secret::new(code)),
            None => drive.queue.recv().await.unwrap(),
        };
        answered |= matches!(event, Event::Answer(_));
        drive.step(event, &mut connection).await.unwrap();
    }
    drive.close(&mut connection).await.unwrap();
    assert!(drive.machine.as_ref().unwrap().is_over());
    house.keep_log().await;
    let ask = crate::store::LogAsk { after: 0, user: None, since_s: i64::MIN };
    let page = house.store.decisions(ask).await.unwrap();
    let logged: Vec<&str> = page.decisions.iter().map(|decision| decision.reason.as_str()).collect();
    assert_eq!(logged, ["left-before-the-end"]);
    drop(connection);
    let mut client = Connection::new(theirs);
    let frame = client.read().await.unwrap().unwrap();
    let prompt: StepReply = decode_reply(&frame).unwrap().parameters().unwrap();
    assert!(prompt.step.ask.is_some());
    assert!(client.read().await.unwrap().is_none(), "nothing is said after it");
}

#[tokio::test]
async fn the_oldest_of_too_many_logins_of_one_user_from_elsewhere_ends_and_neither_one_at_home_nor_another_users() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, house) = (daemon(folder.path()), house(folder.path()).await);
    let stands_by = async |begin: Begin| {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (daemon, house) = (Arc::clone(&daemon), Arc::clone(&house));
        tokio::spawn(
            async move { open(Connection::new(ours), (0, None), &daemon, house, std::future::pending()).await },
        );
        let mut client = Connection::new(theirs);
        client.write(&encode_call(BEGIN, &begin, More::No).unwrap()).await.unwrap();
        let frame = client.read().await.unwrap().unwrap();
        let reply: StepReply = decode_reply(&frame).unwrap().parameters().unwrap();
        assert!(reply.step.ask.is_some(), "{reply:?}");
        client
    };
    let stands = async |name: &str, from: &str| stands_by(ssh(name, from)).await;
    // From here ada has logged in with a code before.
    let mut first = stands("ada", "192.0.2.7").await;
    let code = house.challenges.lock().unwrap().codes().pop().unwrap();
    let answer = Answer { text: pam_2fa_protocol::Secret::new(code) };
    first.write(&encode_call(ANSWER, &answer, More::No).unwrap()).await.unwrap();
    let reply: StepReply = decode_reply(&first.read().await.unwrap().unwrap()).unwrap().parameters().unwrap();
    assert_eq!(reply.step.verdict, Some(Verdict::Allow));
    let mut at_home = stands("ada", "192.0.2.7").await;
    let console = Begin { service: String::from("login"), tty: Some(String::from("tty1")), ..ssh("ada", "") };
    let mut at_the_console = stands_by(Begin { remote_host: None, ..console }).await;
    let mut elsewhere = Vec::new();
    for number in 0..standing::most(rules().codes.prompt) + 2 {
        elsewhere.push(stands("ada", &format!("2001:db8:{number:x}::1")).await);
    }
    for client in &mut elsewhere[..2] {
        assert!(client.read().await.unwrap().is_none(), "the two oldest are hung up on");
    }
    for client in elsewhere[2..].iter_mut().chain([&mut at_home, &mut at_the_console]) {
        let read = tokio::time::timeout(Duration::ZERO, client.read()).await;
        assert!(read.is_err(), "{read:?}");
    }
}

#[tokio::test]
async fn without_a_place_a_login_is_told_so_and_a_decoy_is_answered_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, house) = (daemon(folder.path()), house(folder.path()).await);
    let slots = Arc::new(crate::server::slots::Slots::for_logins());
    let _all: Vec<_> = std::iter::from_fn(|| slots.take(0)).collect();
    let begin = |decoy| Begin { decoy, ..ssh("ada", "192.0.2.7") };
    for (decoy, is_answered) in [(false, false), (true, true)] {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (daemon, house, entry) = (Arc::clone(&daemon), Arc::clone(&house), slots.admit(0).await);
        tokio::spawn(
            async move { open(Connection::new(ours), (0, entry), &daemon, house, std::future::pending()).await },
        );
        let mut client = Connection::new(theirs);
        client.write(&encode_call(BEGIN, &begin(decoy), More::No).unwrap()).await.unwrap();
        // Nobody is told to be gone: a module could take it for that.
        let said = String::from_utf8(client.read().await.unwrap().unwrap().to_vec()).unwrap();
        assert_eq!(!said.contains(BUSY), is_answered, "decoy: {decoy}: {said}");
    }
}

/// What a login that is over for this reason is told; `no_space`: the store had none for it.
async fn ended(verdict: Verdict, wire: Wire, no_space: bool) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, house) = (daemon(folder.path()), house(folder.path()).await);
    let (ours, theirs) = UnixStream::pair().unwrap();
    let login = Login::new(0, String::from("K7Q2M9XD"));
    let mut drive = Drive { no_space, ..Drive::new(&daemon, 0, house, login, wire) };
    let step = Step { verdict: Some(verdict), ..Step::default() };
    let going = drive.apply(Effect::End(step), "REF", &mut Connection::new(ours)).await.unwrap();
    assert_eq!(going, Going::Over);
    let frame = Connection::new(theirs).read().await.unwrap().unwrap();
    String::from_utf8(frame.to_vec()).unwrap()
}

#[tokio::test]
async fn a_login_that_cannot_be_decided_for_want_of_space_is_told_that_it_is_sealed_and_no_other_is() {
    assert!(ended(Verdict::Unavailable, Wire::Login, true).await.contains(SEALED));
    for (verdict, wire, no_space) in [
        (Verdict::Unavailable, Wire::Login, false),
        (Verdict::Deny, Wire::Login, true),
        (Verdict::MaxTries, Wire::Login, true),
        (Verdict::Unavailable, Wire::Own, true),
    ] {
        let said = ended(verdict, wire, no_space).await;
        assert!(!said.contains("Sealed"), "{verdict:?} {no_space}: {said}");
    }
    let full = || StoreError::NoSpace { what: "charge an attempt" };
    assert_eq!(lacks_space(&Event::Charged(Err(full()), None)), Some(true));
    assert_eq!(lacks_space(&Event::Used(Err(full()))), Some(true));
    assert_eq!(lacks_space(&Event::Used(Ok(true))), Some(false));
    let other = StoreError::Engine { what: "charge an attempt", why: String::from("EIO") };
    assert_eq!(lacks_space(&Event::Charged(Err(other), None)), None);
    assert_eq!(lacks_space(&Event::Facts(Err(full()))), None, "nothing was to be written");
}
