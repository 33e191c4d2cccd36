//! What attackers tried and must go on failing at: local users at the sockets, somebody who knows the password, names and
//! frames that nobody honest sends, the daemons killed at the worst moment. Each of these was tried by hand first.

#![expect(clippy::unwrap_used, reason = "a stage that cannot be set fails the test")]

use e2e::mailbox;
use e2e::ns;
use e2e::ssh::wrong;
use e2e::varlink::call;
use e2e::world::{Person, Plan, World, text_of};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

const BEGIN: &str = "io.pam2fa.Login.Begin";

fn begin(user: &str, service: &str, from: &str) -> String {
    format!(r#"{{"version":1,"user":"{user}","service":"{service}","remote_host":"{from}"}}"#)
}

/// A host program's connection to login.sock.
struct Login(UnixStream);

impl Login {
    fn open(world: &World) -> Self {
        let stream = UnixStream::connect(world.path("run/login.sock")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self(stream)
    }

    /// One connection that stands at its prompt.
    fn at_prompt(world: &World, parameters: &str) -> Self {
        let mut login = Self::open(world);
        let reply = login.call(BEGIN, parameters);
        assert!(reply.contains("\"ask\""), "{reply}");
        login
    }

    fn send(&mut self, bytes: &[u8]) {
        // Whoever is hung up on cannot write any more; what was said before that is the answer.
        let _ = self.0.write_all(bytes);
    }

    /// The next reply, or what came before the daemon hung up.
    fn reply(&mut self) -> String {
        let (mut text, mut byte) = (Vec::new(), [0]);
        while self.0.read_exact(&mut byte).is_ok() && byte != [0] {
            text.extend(byte);
        }
        String::from_utf8(text).unwrap()
    }

    fn call(&mut self, method: &str, parameters: &str) -> String {
        self.send(format!("{{\"method\":\"{method}\",\"parameters\":{parameters}}}\0").as_bytes());
        self.reply()
    }

    fn answer(&mut self, text: &str) -> String {
        self.call("io.pam2fa.Login.Answer", &format!("{{\"text\":\"{text}\"}}"))
    }
}

/// Both daemons are the ones that were started, and a login with a code works.
fn all_is_well(world: &World, person: &Person, pids: &[u32], source: &str) {
    assert_eq!(world.pids(), pids);
    for pid in pids {
        assert!(Path::new(&format!("/proc/{pid}/fd")).exists(), "a daemon has died");
    }
    let before = mailbox::all(&person.email).len();
    let mut login = Login::at_prompt(world, &begin(&person.host.name, "sshd", source));
    let code = mailbox::wait_for(&person.email, before + 1).code();
    let reply = login.answer(&code);
    assert!(reply.contains("\"allow\""), "{reply}");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn sixty_four_connections_that_share_one_code_let_one_login_in() {
    // The one message an hour is out, so every further login is offered the code that is already sent.
    let world = Plan::default().settings("[limits]\nsends_per_user_hour = 1").start();
    let ada = world.person("ada");
    let first = Login::at_prompt(&world, &begin(&ada.host.name, "sshd", "203.0.113.5"));
    let code = mailbox::wait_for(&ada.email, 1).code();
    let others = (0..63).map(|_| Login::at_prompt(&world, &begin(&ada.host.name, "sshd", "203.0.113.5")));
    let logins: Vec<Login> = std::iter::once(first).chain(others).collect();
    let barrier = Barrier::new(logins.len());
    let replies: Vec<String> = thread::scope(|scope| {
        let answering: Vec<_> = logins
            .into_iter()
            .map(|mut login| {
                let (barrier, code) = (&barrier, &code);
                scope.spawn(move || {
                    barrier.wait();
                    login.answer(code)
                })
            })
            .collect();
        answering.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let allowed = replies.iter().filter(|reply| reply.contains("\"allow\"")).count();
    assert_eq!(allowed, 1, "{replies:#?}");
    // Of one user 32 stand at once; the oldest were hung up on when the next came.
    assert_eq!(replies.iter().filter(|reply| reply.is_empty()).count(), 32, "{replies:#?}");
    // It was everyone's code: nobody was told that it is wrong.
    assert!(!replies.iter().any(|reply| reply.contains("Wrong code")), "{replies:#?}");
    assert!(!replies.iter().any(|reply| reply.contains("not_subject")), "{replies:#?}");
    assert_eq!(mailbox::count_after_a_while(&ada.email), 1);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_code_opens_no_login_of_another_user_source_class_or_caller() {
    let world = Plan::default().start();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let mut right = Login::at_prompt(&world, &begin(&ada.host.name, "sshd", "203.0.113.5"));
    let code = mailbox::wait_for(&ada.email, 1).code();
    for (user, service, from) in [
        (&bob.host.name, "sshd", "203.0.113.5"),
        (&ada.host.name, "sshd", "203.0.113.6"),
        (&ada.host.name, "login", "203.0.113.5"),
    ] {
        let mut other = Login::at_prompt(&world, &begin(user, service, from));
        let reply = other.answer(&code);
        // One in a million that the other login has the same code.
        assert!(reply.contains("Wrong code"), "{user} {service} {from}: {reply}");
    }
    let reply = right.answer(&code);
    assert!(reply.contains("\"allow\""), "{reply}");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn no_service_terminal_or_remote_host_that_a_client_can_bring_about_lets_a_login_past() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    for (service, tty, from) in [
        ("sshd", "ssh", "cron"),
        ("sshd", "cron", "203.0.113.5"),
        ("sshd", "ssh", "127.0.0.1"),
        ("sshd", "ssh", "::1"),
        ("sshd", "ssh", "localhost"),
        ("sshd", "ssh", "ignore"),
        ("cron\\u0000", "ssh", "203.0.113.5"),
        ("CRON", "ssh", "203.0.113.5"),
        ("", "", ""),
        ("login", "cron", "0.0.0.0"),
    ] {
        let parameters = format!(
            r#"{{"version":1,"user":"{}","service":"{service}","tty":"{tty}","remote_host":"{from}"}}"#,
            ada.host.name
        );
        let reply = Login::open(&world).call(BEGIN, &parameters);
        assert!(reply.contains("\"ask\""), "{parameters}: {reply}");
    }
    for name in ["ADA", "ada ", " ada", "ada\\u0000", "root\\u0000", "0", "+ada", "ada\\n", "\\uff41da", "ada\\u202e"] {
        let name = name.replace("ada", &ada.host.name).replace("ADA", &ada.host.name.to_uppercase());
        let reply = Login::open(&world).call(BEGIN, &begin(&name, "sshd", "203.0.113.5"));
        assert!(reply.contains("\"deny\""), "{name:?}: {reply}");
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn frames_that_nobody_honest_sends_end_their_connection_and_nothing_else() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let pids = world.pids();
    let whole = |parameters: &str| format!("{{\"method\":\"{BEGIN}\",\"parameters\":{parameters}}}\0").into_bytes();
    let name = &ada.host.name;
    let frames: Vec<Vec<u8>> = vec![
        vec![b'['; 128 * 1024],
        [b"{\"method\":".as_slice(), &[b'['; 16_000], b"\0"].concat(),
        whole(&format!("{{\"x\":{}{}}}", "[".repeat(7_900), "]".repeat(7_900))),
        whole(&format!(r#"{{"version":1,"user":"nobody","user":"{name}","service":"sshd"}}"#)),
        whole(&format!(r#"{{"version":1e400,"user":"{name}","service":"sshd"}}"#)),
        whole(&format!(r#"{{"version":NaN,"user":"{name}","service":"sshd"}}"#)),
        whole(&format!(r#"{{"version":1,"user":"{name}","service":"sshd","anchor":99999999999999999999}}"#)),
        whole(r#"{"version":1,"user":"\ud800","service":"sshd"}"#),
        b"{\"method\":\"\xff\xfe\"}\0".to_vec(),
        vec![0; 8_192],
        b"{}\0null\0[]\0".to_vec(),
        format!("{{\"method\":\"{BEGIN}\",\"oneway\":true,\"parameters\":{}}}\0", begin(name, "sshd", "")).into_bytes(),
        format!("{{\"method\":\"{BEGIN}\",\"more\":true,\"parameters\":{}}}\0", begin(name, "sshd", "")).into_bytes(),
        b"{\"method\":\"io.pam2fa.Login.Answer\",\"parameters\":{\"text\":\"123456\"}}\0".to_vec(),
    ];
    for frame in frames {
        let mut login = Login::open(&world);
        login.send(&frame);
        let reply = login.reply();
        let head = String::from_utf8_lossy(frame.get(..60).unwrap_or(&frame)).into_owned();
        assert!(!reply.contains("\"step\""), "{head}: {reply}");
    }
    // Twenty answers that do not wait for their prompt.
    let mut login = Login::open(&world);
    let mut all = whole(&begin(name, "sshd", "203.0.113.5"));
    for code in 0..20 {
        let parameters = format!("{{\"text\":\"{code:06}\"}}");
        all.extend(format!("{{\"method\":\"io.pam2fa.Login.Answer\",\"parameters\":{parameters}}}\0").into_bytes());
    }
    login.send(&all);
    let reply = login.reply();
    assert!(!reply.contains("Wrong code") && !reply.contains("verdict"), "{reply}");
    all_is_well(&world, &ada, &pids, "203.0.113.5");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn nothing_that_a_client_brings_gets_into_the_headers_of_a_mail() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let parameters = format!(
        r#"{{"version":1,"user":"{}","service":"x\r\nSubject: other","tty":"t\r\n.\r\n",
            "remote_host":"evil\r\nBcc: eve@example.test\r\n\r\n.\r\nRCPT TO:<eve@example.test>\u001b[31m\u202e"}}"#,
        ada.host.name
    );
    let _standing = Login::at_prompt(&world, &parameters);
    let mail = mailbox::wait_for(&ada.email, 1);
    let (headers, _) = mail.raw.split_once("\n\n").unwrap();
    for word in ["evil", "other", "Bcc", "eve@"] {
        assert!(!headers.contains(word), "{word} in\n{headers}");
    }
    assert!(!mail.text.contains(['\u{1b}', '\u{202e}']), "{:?}", mail.text);
    assert_eq!(mail.text.trim_end().lines().count(), 1, "{:?}", mail.text);
    assert_eq!(mailbox::count_after_a_while("eve@example.test"), 0);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn wrong_codes_are_charged_even_where_the_daemon_is_killed_as_it_answers() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    let parameters = begin(&ada.host.name, "sshd", "203.0.113.5");
    let mut code = String::new();
    for round in 0..3 {
        let mut login = Login::at_prompt(&world, &parameters);
        if round == 0 {
            code = mailbox::wait_for(&ada.email, 1).code();
        }
        let reply = login.answer(&wrong(&code));
        assert!(reply.contains("Wrong code") || reply.contains("max_tries"), "{round}: {reply}");
        world.kill_configd();
        world.start_configd();
    }
    let reply = Login::open(&world).call(BEGIN, &parameters);
    assert!(reply.contains("max_tries"), "the three tries are used up: {reply}");
    let shown = text_of(&world.command(&["user", "show", &ada.host.name]));
    assert!(shown.contains("locked"), "{shown}");
}

/// A process of `person` that does nothing but connect, say `frame`, and hang up.
struct Flood(Child);

impl Flood {
    fn start(world: &World, person: &Person, frame: &str) -> Self {
        let program = world.program(Path::new(env!("CARGO_BIN_EXE_flood")));
        let uid = person.host.uid;
        let mut child = Command::new("setpriv")
            .args([format!("--reuid={uid}"), format!("--regid={uid}"), "--clear-groups".to_owned()])
            .arg(program)
            .arg(world.path("run/login.sock"))
            .arg(frame)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let _ = BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "begun\n");
        Self(child)
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_user_who_floods_the_socket_denies_nobody_and_does_not_fill_the_log() {
    let world = Plan::default().start();
    let (ada, eve) = (world.person("ada"), world.stranger("eve"));
    let pids = world.pids();
    let logged = |text: &str| {
        let log = fs::read_to_string(world.path("configd.log")).unwrap();
        log.lines().filter(|line| line.contains(text)).count()
    };
    let for_another = format!("{{\"method\":\"{BEGIN}\",\"parameters\":{}}}", begin(&ada.host.name, "sshd", ""));
    let for_nobody = format!("{{\"method\":\"{BEGIN}\",\"parameters\":{}}}", begin("no-such-user", "sshd", ""));
    let floods = [Flood::start(&world, &eve, &for_another), Flood::start(&world, &eve, &for_nobody)];
    for _ in 0..100 {
        let reply = Login::open(&world).call(BEGIN, &begin(&ada.host.name, "sshd", "203.0.113.5"));
        assert!(reply.contains("\"ask\""), "{reply}");
    }
    drop(floods);
    // Eve's minute may have been followed by another: ten lines each, the last of which says so.
    let lines = logged(&format!("peer_uid={} ", eve.host.uid));
    assert!((1..=40).contains(&lines), "{lines} lines of eve in the log");
    assert!(logged("left out here") >= 1);
    all_is_well(&world, &ada, &pids, "203.0.113.5");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn no_code_and_no_password_stands_in_a_log_a_status_or_a_process_even_at_trace_level() {
    let world = Plan::default().settings("[log]\nlevel = \"trace\"").start();
    let ada = world.person("ada");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    let code = mailbox::wait_for(&ada.email, 1).code();
    ssh.type_line(&wrong(&code));
    ssh.wait_for("2 tries left");
    ssh.type_line(&code);
    ssh.prove_shell();
    // Frames with a secret that do not parse.
    let _hung_up = call(&world.path("run/login.sock"), "io.pam2fa.Login.Answer", r#"{"text":{"canary-of-ours":1}}"#);
    let mut places: Vec<(String, Vec<u8>)> = Vec::new();
    for words in [&["status"][..], &["status", "--json"], &["config", "check"], &["user", "show", &ada.host.name]] {
        places.push((format!("{words:?}"), text_of(&world.command(words)).into_bytes()));
    }
    let mut files = vec![world.path("configd.log"), world.path("courier.log"), PathBuf::from(ns::SYSLOG)];
    for entry in fs::read_dir(world.path("state")).unwrap() {
        files.push(entry.unwrap().path());
    }
    for pid in world.pids() {
        files.extend(["cmdline", "environ"].map(|file| PathBuf::from(format!("/proc/{pid}/{file}"))));
    }
    for file in files {
        places.push((file.display().to_string(), fs::read(&file).unwrap()));
    }
    assert!(places.iter().any(|(name, text)| name.ends_with("configd.log") && holds(text, "code-by-email")));
    for (name, text) in &places {
        for secret in [code.as_str(), "pw123", "correct horse battery", "canary-of-ours"] {
            assert!(!holds(text, secret), "{secret} stands in {name}");
        }
    }
}

fn holds(text: &[u8], part: &str) -> bool {
    text.windows(part.len()).any(|window| window == part.as_bytes())
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_daemon_in_other_hands_reads_and_replaces_nothing_of_the_other() {
    let world = Plan::default().start();
    // Its sockets accept before the key is made; a command has been answered after that.
    let _ada = world.person("ada");
    let shell = |user: &str, script: &str| {
        let mut command = Command::new("setpriv");
        command.args([format!("--reuid={user}"), format!("--regid={user}"), "--init-groups".to_owned()]);
        let out = command.args(["sh", "-c", script]).current_dir(world.path("")).output().unwrap();
        text_of(&out)
    };
    // So that a script that cannot run is not taken for one that is refused.
    assert_eq!(shell("pam-2fa", "test -r etc/config.toml && test -r state/key && echo reads"), "reads\n");
    let [configd, courier] = world.pids().try_into().unwrap();
    let tries = |files: &str| {
        format!(
            "for f in {files}; do test -r $f && echo reads $f; test -w $f && echo writes $f; done; \
             for f in run etc .; do test -w $f && echo makes files in $f; done; \
             for p in {configd} {courier}; do \
             for f in mem environ maps; do cat /proc/$p/$f 2>/dev/null && echo sees $p; done; done; \
             rm -f run/login.sock run/admin.sock run/courier.sock etc/config.toml 2>/dev/null; true"
        )
    };
    assert_eq!(shell("pam-2fa-courier", &tries("etc/config.toml state state/key state/state.db run/admin.sock")), "");
    assert_eq!(shell("pam-2fa", &tries("run/admin.sock /dev/null/nothing")), "");
    for socket in ["login.sock", "admin.sock", "courier.sock"] {
        assert!(world.path("run").join(socket).exists(), "{socket}");
    }
}
