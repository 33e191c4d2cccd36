//! Many clients, slow ones and silent ones: root's callers log in meanwhile.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed step is a failed test")]

use e2e::libpam::{become_uid, many_descriptors};
use e2e::mailbox;
use e2e::varlink;
use e2e::wait;
use e2e::world::{Person, Plan, World};
use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Uids that are nobody's here.
const UIDS: u32 = 50;

/// Connections of each.
const EACH: usize = 200;

/// How long root's callers may wait, 99 of 100 of them.
const WITHIN: Duration = Duration::from_millis(200);

fn begin(person: &Person) -> String {
    serde_json::json!({
        "version": pam_2fa_protocol::login::VERSION, "user": person.host.name, "service": "sshd", "tty": "ssh",
        "remote_host": "203.0.113.5",
    })
    .to_string()
}

/// How long root waits from the connection to the question, `count` times, sorted.
fn logins(world: &World, person: &Person, count: usize) -> Vec<Duration> {
    let (socket, begin) = (world.path("run/login.sock"), begin(person));
    let mut times = Vec::new();
    for _ in 0..count {
        let since = now();
        let reply = varlink::call(&socket, "io.pam2fa.Login.Begin", &begin).unwrap();
        times.push(since.elapsed());
        assert!(String::from_utf8(reply).unwrap().contains("\"ask\""));
        std::thread::sleep(Duration::from_millis(10));
    }
    times.sort();
    times
}

fn connect(socket: &Path) -> Option<UnixStream> {
    UnixStream::connect(socket).ok()
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn ten_thousand_silent_clients_of_fifty_users_hold_no_login_of_roots_up() {
    many_descriptors(20_000);
    let world = Plan::default().start();
    let ada = world.person("ada");
    let socket = world.path("run/login.sock");
    let (made, stop, all_there) = (AtomicUsize::new(0), AtomicBool::new(false), Barrier::new(UIDS as usize + 1));
    std::thread::scope(|scope| {
        for number in 0..UIDS {
            let (socket, made, stop, all_there) = (&socket, &made, &stop, &all_there);
            scope.spawn(move || {
                become_uid(40_000 + number);
                let mut held = Vec::new();
                for _ in 0..EACH {
                    held.extend(connect(socket));
                    made.fetch_add(1, Ordering::Relaxed);
                }
                all_there.wait();
                // What was dropped comes again, a few times a second.
                while !stop.load(Ordering::Relaxed) {
                    held.remove(0);
                    held.extend(connect(socket));
                    std::thread::sleep(Duration::from_millis(100));
                }
            });
        }
        let while_they_come = logins(&world, &ada, 100);
        all_there.wait();
        assert_eq!(made.load(Ordering::Relaxed), 10_000);
        let while_they_stay = logins(&world, &ada, 200);
        stop.store(true, Ordering::Relaxed);
        for (what, times) in [("while they come", while_they_come), ("while they stay", while_they_stay)] {
            let at = times[times.len() * 99 / 100 - 1];
            assert!(at < WITHIN, "{what}: {at:?}");
        }
    });
}

/// How long it takes until the other side has hung up. What it says meanwhile is read and forgotten.
fn until_hung_up(mut stream: UnixStream, since: Instant) -> Duration {
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut bytes = [0; 4096];
    loop {
        match wait::read_again(&mut stream, &mut bytes) {
            Ok(0) => return since.elapsed(),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return since.elapsed(),
            Err(error) => panic!("not hung up after {:?}: {error}", since.elapsed()),
        }
    }
}

/// What a client may do to a frame of `person`: too long, cut, no JSON, all of it and no more.
fn hostile_frames(person: &Person) -> Vec<Vec<u8>> {
    let call = format!("{{\"method\":\"io.pam2fa.Login.Begin\",\"parameters\":{}}}", begin(person)).into_bytes();
    let (half, _) = call.split_at(call.len() / 2);
    vec![vec![b'x'; 1024 * 1024], [half, b"\0"].concat(), half.to_vec(), vec![0; 4096], vec![0xff; 20_000]]
}

fn resident_kib(world: &World) -> u64 {
    let sizes = world.pids().into_iter().filter_map(|pid| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok())
    });
    sizes.sum()
}

/// Giant, malformed, cut and half-closed frames end their connection at once; one that comes a byte at a time, with its two seconds.
#[test]
#[ignore = "needs tests/ns/enter"]
fn giant_slow_malformed_and_half_closed_frames_end_their_connection_and_hold_no_login_up() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let socket = world.path("run/login.sock");
    let before = resident_kib(&world);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for frame in hostile_frames(&ada) {
            let (socket, stop) = (&socket, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let Some(mut stream) = connect(socket) else { continue };
                    let since = now();
                    // It may hang up before all is written.
                    let _ = stream.write_all(&frame);
                    let _ = stream.shutdown(Shutdown::Write);
                    let time = until_hung_up(stream, since);
                    assert!(time < Duration::from_secs(1), "{} bytes: {time:?}", frame.len());
                }
            });
        }
        for _ in 0..20 {
            let (socket, stop, ada) = (&socket, &stop, &ada);
            scope.spawn(move || {
                let frame = begin(ada).into_bytes();
                while !stop.load(Ordering::Relaxed) {
                    let (mut stream, since) = (connect(socket).unwrap(), now());
                    for byte in &frame {
                        if stream.write_all(&[*byte]).is_err() {
                            break;
                        }
                        std::thread::sleep(Duration::from_millis(50));
                    }
                    let time = until_hung_up(stream, since);
                    assert!((Duration::from_secs(1)..Duration::from_secs(4)).contains(&time), "byte by byte: {time:?}");
                }
            });
        }
        let times = logins(&world, &ada, 300);
        stop.store(true, Ordering::Relaxed);
        let at = times[times.len() * 99 / 100 - 1];
        assert!(at < WITHIN, "{at:?}");
    });
    let after = resident_kib(&world);
    assert!(after < before + 32 * 1024, "{before} KiB before, {after} after");
    assert_eq!(mailbox::count_after_a_while(&ada.email), 0, "no prompt has stood");
}

/// Who says all of a first message and then hangs up one way is gone: nobody is there to read the prompt, and nothing is sent.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_login_whose_caller_closes_its_half_is_over_and_nothing_is_sent_for_it() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut stream = connect(&world.path("run/login.sock")).unwrap();
    let call = format!("{{\"method\":\"io.pam2fa.Login.Begin\",\"parameters\":{}}}\0", begin(&ada));
    stream.write_all(call.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert!(until_hung_up(stream, now()) < Duration::from_secs(1));
    assert_eq!(mailbox::count_after_a_while(&ada.email), 0);
}

/// sshd may let in more than there are places (`MaxStartups`): who has one password, and asks from wherever, holds a few of them.
#[test]
#[ignore = "needs tests/ns/enter"]
fn whoever_has_one_password_holds_a_few_places_and_everybody_else_logs_in_the_owner_at_home_too() {
    let world = Plan::default().start();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let login = |person: &Person, from: &str, code: &dyn Fn() -> String| {
        let mut ssh = world.ssh(person).from(from).open_with_password();
        ssh.wait_for_code_prompt();
        ssh.type_line(&code());
        ssh.prove_shell();
    };
    login(&ada, "203.0.113.5", &|| mailbox::wait_for_code(&ada.email, 1).code());
    // The owner stands at the prompt when they come.
    let mut at_home = world.ssh(&ada).from("203.0.113.5").open_with_password();
    at_home.wait_for_code_prompt();
    let code = mailbox::wait_for_code(&ada.email, 2).code();
    let socket = world.path("run/login.sock");
    let mut standing: Vec<UnixStream> = (0..300)
        .map(|number| {
            let mut stream = connect(&socket).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let begin = begin(&ada).replace("203.0.113.5", &format!("2001:db8:{number:x}::1"));
            write!(stream, "{{\"method\":\"io.pam2fa.Login.Begin\",\"parameters\":{begin}}}\0").unwrap();
            let (mut reply, mut byte) = (Vec::new(), [0]);
            while stream.read_exact(&mut byte).is_ok() && byte != [0] {
                reply.extend(byte);
            }
            let reply = String::from_utf8(reply).unwrap();
            assert!(reply.contains("\"ask\""), "the {number}th: {reply:?}");
            stream
        })
        .collect();
    login(&bob, "203.0.113.6", &|| mailbox::wait_for_code(&bob.email, 1).code());
    at_home.type_line(&code);
    at_home.prove_shell();
    // The oldest were hung up on, and the log has one line of it.
    for stream in &mut standing[..268] {
        assert_eq!(wait::read_again(stream, &mut [0]).unwrap(), 0);
    }
    let logs = world.logs();
    assert_eq!(logs.matches("logins of one user stand at prompts").count(), 1, "{logs}");
}

/// As SSSD is where its server is away: users of the host's own file are found, and every other name waits.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_directory_that_does_not_answer_denies_after_a_second_and_holds_up_nobody_of_this_host() {
    // Policy asks about groups and networks, too: what exempts stands in the host's own files.
    let policy =
        "required = \"mandatory\"\nexempt_users = [\"@two-fa-exempt\"]\nexempt_networks = [\"198.51.100.0/24\"]";
    let mut world = Plan::default().policy(policy).start();
    let ada = world.person("ada");
    let listed = world.person("bob");
    let group = fs::read_to_string("/etc/group").unwrap();
    let groups = world.path("group");
    fs::write(&groups, format!("two-fa-exempt:x:60000:{}\n{group}", listed.host.name)).unwrap();
    // A service of systemd-userdb that takes connections and says nothing, and a host that asks it after its own file.
    let (service, switch) = (world.path("hung"), world.path("nsswitch.conf"));
    let hung = UnixListener::bind(&service).unwrap();
    fs::set_permissions(&service, Permissions::from_mode(0o666)).unwrap();
    fs::write(&switch, "passwd: files systemd\ngroup: files\nhosts: files\n").unwrap();
    // It sees this host's addresses as the shipped unit lets it.
    let mounts = [
        (service, "/run/systemd/userdb/io.systemd.Hung"),
        (switch, "/etc/nsswitch.conf"),
        (groups, "/etc/group"),
        ("/proc/1/net/fib_trie".into(), "/run/pam-2fa-host/fib_trie"),
    ]
    .map(|(from, to)| (from, to.into()));
    world.restart_configd_apart(&mounts);
    let nobody = {
        let mut nobody = ada.clone();
        nobody.host.name = "of-the-directory".to_owned();
        nobody
    };
    let socket = world.path("run/login.sock");
    let ask_from = |from: &str, person: &Person| {
        let (since, begin) = (now(), begin(person).replace("203.0.113.5", from));
        let reply = varlink::call(&socket, "io.pam2fa.Login.Begin", &begin).unwrap();
        (String::from_utf8(reply).unwrap(), since.elapsed())
    };
    let ask = |person: &Person| ask_from("203.0.113.5", person);
    let (reply, time) = ask(&nobody);
    assert!(reply.contains("\"unavailable\""), "{reply}\n{}", world.logs());
    assert!((Duration::from_millis(900)..Duration::from_secs(2)).contains(&time), "{time:?}");
    // A hundred of them, and somebody of this host.
    std::thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                let (reply, time) = ask(&nobody);
                assert!(reply.contains("\"unavailable\"") && time < Duration::from_secs(3), "{time:?} {reply}");
            });
        }
        std::thread::sleep(Duration::from_millis(300));
        for _ in 0..10 {
            for (from, person, word) in [
                ("203.0.113.5", &ada, "\"ask\""),
                ("198.51.100.7", &ada, "\"not_subject\""),
                ("203.0.113.5", &listed, "\"not_subject\""),
            ] {
                let (reply, time) = ask_from(from, person);
                assert!(reply.contains(word) && time < Duration::from_millis(500), "{time:?} {reply}");
            }
        }
    });
    let (reply, time) = ask(&ada);
    assert!(reply.contains("\"ask\"") && time < WITHIN, "{time:?} {reply}");
    drop(hung);
}

#[expect(clippy::disallowed_methods, reason = "how long a login takes is the promise")]
fn now() -> Instant {
    Instant::now()
}
