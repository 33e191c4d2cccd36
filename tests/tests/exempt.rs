//! `pam-2fa exempt` over a real sshd: who gets in by key alone, from where, until when, and who does not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

use e2e::host::Stack;
use e2e::mailbox;
use e2e::wait;
use e2e::world::{Person, Plan, World, text_of};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Where the automation comes from, and where it does not.
const INSIDE: &str = "203.0.113.5";
const NETWORK: &str = "203.0.113.5/32";
const OUTSIDE: &str = "203.0.113.6";

/// A host whose sshd wants a key and a code, and takes in what stands beside its main file.
fn world() -> World {
    let plan = Plan::default().stack(Stack::KeyProven).policy("required = \"mandatory\"");
    let plan = plan
        .sshd("PasswordAuthentication yes")
        .sshd("AuthenticationMethods publickey,keyboard-interactive")
        .sshd("PidFile @DIR@/sshd.pid");
    let world = plan.sshd("Include @DIR@/sshd_config.d/*.conf").start();
    fs::create_dir(world.path("sshd_config.d")).unwrap();
    world
}

fn exempt(world: &World, words: &[&str]) -> Output {
    let config = world.path("sshd_config");
    let mut all = vec!["exempt", "--sshd-config", config.to_str().unwrap()];
    all.extend(words);
    world.command(&all)
}

fn done(out: Output) -> String {
    assert!(out.status.success(), "{}: {}", out.status, text_of(&out));
    text_of(&out)
}

/// Refused with status 1; what was said.
fn refused(out: &Output) -> String {
    assert_eq!(out.status.code(), Some(1), "{}", text_of(out));
    text_of(out)
}

/// As `date` writes a time so far ahead.
fn ahead(by: &str, form: &str) -> String {
    let out = Command::new("date").args(["-u", "-d", by, form]).output().unwrap();
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

fn add(world: &World, user: &str, until: &str) -> Output {
    exempt(world, &["add", user, "--from", NETWORK, "--until", until, "--reason", "nightly backup"])
}

/// The first word of a line that `add` says.
fn id_of(said: &str) -> String {
    said.split(':').next().unwrap().to_owned()
}

/// A login as scp, rsync and ansible do it: nobody is there to be asked.
fn batch(world: &World, person: &Person, key: &Path, from: &str) -> String {
    let ssh = world.ssh(person).key(key).from(from).option("BatchMode=yes").command("echo in-$((40+2))");
    let out = Command::new("ssh").args(ssh.arguments()).output().unwrap();
    text_of(&out)
}

/// Until a sshd that was told has read its configuration again, it goes on by the old one, and for a moment none listens.
fn until_in(world: &World, person: &Person, key: &Path) {
    wait::until("the exempted user to get in", || batch(world, person, key, INSIDE).contains("in-42").then_some(()));
}

fn until_out(world: &World, person: &Person, key: &Path) {
    wait::until("the key alone to be refused", || {
        batch(world, person, key, INSIDE).contains("Permission denied (keyboard-interactive)").then_some(())
    });
}

/// All that stands beside the main file, but for the lock.
fn folder(world: &World) -> BTreeMap<PathBuf, String> {
    let entries = fs::read_dir(world.path("sshd_config.d")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| !path.ends_with(".pam-2fa-exempt.lock"));
    paths.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn the_exempted_user_gets_in_by_key_alone_from_that_network_and_nobody_else_does() {
    let world = world();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let (key, bobs) = (world.key(&ada), world.key(&bob));
    until_out(&world, &ada, &key);

    let said = done(add(&world, &ada.host.name, &ahead("+30 days", "+%F")));
    assert!(said.contains("sshd was reloaded (SIGHUP to process ") && !said.contains("journal"), "{said}");
    let id = id_of(&said);
    until_in(&world, &ada, &key);

    // From elsewhere, and for another user from there, all is as it was.
    for (person, key, from) in [(&ada, &key, OUTSIDE), (&bob, &bobs, INSIDE), (&bob, &bobs, OUTSIDE)] {
        let said = batch(&world, person, key, from);
        assert!(said.contains("Permission denied (keyboard-interactive)"), "{}: {said}", person.host.name);
    }
    // Another's key, and a password, are worth nothing: sshd does not even ask for one.
    let said = batch(&world, &ada, &bobs, INSIDE);
    assert!(said.contains("Permission denied (publickey)"), "{said}");
    let mut ssh = world.ssh(&ada).from(INSIDE).open();
    ssh.wait_for_denial();
    assert_eq!(ssh.count("assword:"), 0, "{}", ssh.text());
    assert_eq!([&ada, &bob].map(|person| mailbox::count_after_a_while(&person.email)), [0, 0]);
    // And from elsewhere the same user is asked for a code.
    let mut ssh = world.ssh(&ada).key(&key).from(OUTSIDE).open();
    ssh.wait_for_code_prompt();

    let listed = done(exempt(&world, &["list"]));
    assert!(listed.contains("in force") && listed.contains("nightly backup"), "{listed}");
    let log = world.logs();
    let line = log.lines().find(|line| line.contains("a user gets in over ssh by key alone")).unwrap();
    for word in [ada.host.name.as_str(), NETWORK, "nightly backup", "by=root"] {
        assert!(line.contains(word), "{word}: {line}");
    }

    let said = done(exempt(&world, &["remove", &id]));
    assert!(said.contains("is removed") && said.contains("sshd was reloaded"), "{said}");
    until_out(&world, &ada, &key);
    assert!(folder(&world).is_empty(), "{:?}", folder(&world));
    assert!(world.logs().contains("an exemption was removed"), "{}", world.logs());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn what_has_expired_is_taken_out_and_sshd_is_told() {
    let world = world();
    let ada = world.person("ada");
    let key = world.key(&ada);
    done(add(&world, &ada.host.name, &ahead("+8 seconds", "+%FT%TZ")));
    until_in(&world, &ada, &key);
    let said = done(exempt(&world, &["expire"]));
    assert_eq!(said, "nothing has expired\n");
    wait::until("the exemption to end", || {
        let said = done(exempt(&world, &["expire"]));
        said.contains(": the exemption of ").then(|| assert!(said.contains("sshd was reloaded"), "{said}"))
    });
    until_out(&world, &ada, &key);
    assert!(folder(&world).is_empty(), "{:?}", folder(&world));
    assert!(world.logs().contains("an exemption has expired"), "{}", world.logs());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn where_sshd_would_not_go_by_it_nothing_is_changed() {
    let world = world();
    let ada = world.person("ada");
    let key = world.key(&ada);
    let day = ahead("+30 days", "+%F");
    let main = world.path("sshd_config");
    let text = fs::read_to_string(&main).unwrap();
    let beside = world.path("sshd_config.d/00-aaa.conf");

    // Another file wins; sshd reads no such folder; keys are off; sshd cannot read what is there already.
    fs::write(&beside, "Match User *\n\tAuthenticationMethods publickey,keyboard-interactive\n").unwrap();
    let before = folder(&world);
    let said = refused(&add(&world, &ada.host.name, &day));
    assert!(said.contains("a `Match` block that sshd meets earlier") && said.contains("nothing was changed"), "{said}");
    assert_eq!(folder(&world), before);
    fs::remove_file(&beside).unwrap();
    for (mend, what) in [
        (text.replace("Include ", "#Include "), "does not take it in: let it begin with `Include "),
        (format!("{text}\nMatch User *\n\tPubkeyAuthentication no\n"), "has keys switched off"),
        (format!("Nonsense yes\n{text}"), "Bad configuration option: Nonsense"),
    ] {
        fs::write(&main, mend).unwrap();
        let said = refused(&add(&world, &ada.host.name, &day));
        assert!(said.contains(what) && said.lines().count() == 1, "{said}");
        assert!(folder(&world).is_empty(), "{:?}", folder(&world));
    }
    fs::write(&main, &text).unwrap();

    // What is there already stays when another one is refused, and sshd goes on by it.
    let said = done(add(&world, &ada.host.name, &day));
    until_in(&world, &ada, &key);
    let before = folder(&world);
    assert_eq!(before.len(), 1);
    fs::write(&main, text.replace("Include ", "#Include ")).unwrap();
    refused(&add(&world, &world.stranger("eve").host.name, &day));
    assert_eq!(folder(&world), before);
    // It ends whatever is wrong with the rest, and the sshd that could not be told is told by the next run.
    fs::write(&main, format!("Nonsense yes\n{text}")).unwrap();
    let id = id_of(&said);
    let said = refused(&exempt(&world, &["remove", &id]));
    assert!(said.contains("is removed") && said.contains("sshd was not reloaded"), "{said}");
    assert!(batch(&world, &ada, &key, INSIDE).contains("in-42"));
    fs::write(&main, &text).unwrap();
    let said = done(exempt(&world, &["expire"]));
    assert!(said.contains("sshd was reloaded"), "{said}");
    until_out(&world, &ada, &key);
    assert!(folder(&world).is_empty(), "{:?}", folder(&world));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_file_that_somebody_edited_is_added_nothing_and_still_ends() {
    let world = world();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let key = world.key(&bob);
    let day = ahead("+30 days", "+%F");
    let id = id_of(&done(add(&world, &ada.host.name, &day)));
    let file = world.path("sshd_config.d/00-pam-2fa-exempt.conf");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        format!("{text}\tPermitTTY no\nMatch User {}\n\tAuthenticationMethods publickey\n", bob.host.name),
    )
    .unwrap();
    let before = folder(&world);
    let said = refused(&add(&world, &bob.host.name, &day));
    assert!(said.contains("line 10 was not written by pam-2fa: `"), "{said}");
    assert_eq!(folder(&world), before);
    done(exempt(&world, &["remove", &id]));
    let left = fs::read_to_string(&file).unwrap();
    assert!(!left.contains(&format!("Match User {} ", ada.host.name)) && left.contains("exemption"), "{left}");
    assert!(left.contains(&format!("# was in exemption {id}: \tPermitTTY no")), "{left}");
    // What somebody said of bob is theirs to end.
    until_in(&world, &bob, &key);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn eight_at_once_lose_nothing() {
    let world = world();
    let users: Vec<Person> = (0..8).map(|n| world.stranger(&format!("bot{n}u"))).collect();
    let day = ahead("+30 days", "+%F");
    std::thread::scope(|scope| {
        for user in &users {
            scope.spawn(|| done(add(&world, &user.host.name, &day)));
        }
    });
    let listed = done(exempt(&world, &["list"]));
    assert_eq!(listed.lines().filter(|line| line.contains("in force")).count(), users.len(), "{listed}");
    for user in &users {
        let id = listed.lines().find(|line| line.contains(&format!(" {} ", user.host.name))).unwrap();
        done(exempt(&world, &["remove", id.split(' ').next().unwrap()]));
    }
    assert!(folder(&world).is_empty(), "{:?}", folder(&world));
}
