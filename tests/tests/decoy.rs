//! Who has not the password learns nothing by the decoy: not that the password was wrong, not who exists, and opens nothing.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed step is a failed test")]

use e2e::host::Stack;
use e2e::libpam::code::{CONV_ERR, SUCCESS};
use e2e::libpam::{Item, Pam, Reply, Stage, Style, many_descriptors, step_back};
use e2e::mailbox;
use e2e::ssh::{PASSWORD, wrong};
use e2e::terminal::Terminal;
use e2e::wait;
use e2e::world::{Person, Plan, World, text_of};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::cell::RefCell;
use std::fs;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A stack with the decoy's line, one prompt for everyone.
fn plan(policy: &str) -> Plan {
    Plan::default().stack(Stack::Decoy).policy(policy).settings("[codes]\nprompt = \"constant\"")
}

/// What stands on the screen once ssh has given up: `password`, then each of `codes` at whatever is asked for, with the name taken
/// out. The tag is left: it is one user's, from one place.
fn transcript(world: &World, person: &Person, password: &str, codes: &[&str]) -> String {
    let mut ssh = world.ssh(person).tries(1).open();
    ssh.wait_for("Password:");
    ssh.type_line(password);
    for code in codes {
        ssh.wait_for_code_prompt();
        ssh.type_line(code);
    }
    ssh.wait_for_denial();
    let screen = ssh.text().replace(&person.host.name, "NAME");
    codes.iter().fold(screen, |screen, code| screen.replace(code, "CODE"))
}

/// Of another user there is another tag: each that is another one has a number of its own.
fn without_tags(screen: &str) -> String {
    let mut tags: Vec<&str> = Vec::new();
    let mut parts = screen.split("a code was sent (");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (tag, after) = part.split_once(')').unwrap();
        let number = tags.iter().position(|known| *known == tag).unwrap_or_else(|| {
            tags.push(tag);
            tags.len() - 1
        });
        out.push_str(&format!("a code was sent (TAG {number}){after}"));
    }
    out
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_wrong_password_a_wrong_code_and_both_look_the_same_and_nobody_is_told_who_exists() {
    let world = plan("required = \"mandatory\"").start();
    let ada = world.person("ada");
    let codes = ["000000", "111111", "222222"];
    // A code that is out, of a login that stands at its prompt.
    let mut standing = world.ssh(&ada).open_with_password();
    standing.wait_for_code_prompt();
    let right = mailbox::wait_for(&ada.email, 1).code();
    let wrong_password = transcript(&world, &ada, "not the password", &codes);
    let untagged = without_tags(&wrong_password);
    assert_eq!(untagged.matches("a code was sent (TAG 0)").count(), 3, "{wrong_password}");
    assert_eq!(transcript(&world, &ada, "not the password", &[&right, &right, &right]), wrong_password);
    let nobody = world.stranger("eve");
    let of_nobody = transcript(&world, &nobody, "not the password", &codes);
    assert_eq!(without_tags(&of_nobody), untagged, "who has no record");
    let mut unknown = nobody.clone();
    unknown.host.name = String::from("nobodyhere");
    let of_unknown = transcript(&world, &unknown, "not the password", &codes);
    assert_eq!(without_tags(&of_unknown), untagged, "who does not exist");
    assert_eq!(mailbox::count_codes_after_a_while(&ada.email), 1, "a decoy sends nothing");
    // The right password, and wrong codes.
    let one = wrong(&right);
    // `one` ends in 0 or 1; the wrong one of that may be the right one.
    let two = format!("{}{}", &right[..5], if right.ends_with('2') { '3' } else { '2' });
    standing.interrupt();
    assert_eq!(transcript(&world, &ada, PASSWORD, &[&one, &two, &one]), wrong_password);
    // Who waits now, because of those, is not told either that the password was right.
    assert_eq!(transcript(&world, &ada, PASSWORD, &codes), wrong_password, "while a wait runs");
    assert_eq!(transcript(&world, &ada, "not the password", &codes), wrong_password);
}

/// The first prompts of two logins in a row with this password, each left at once.
fn in_a_row(world: &World, person: &Person, password: &str) -> [String; 2] {
    [(); 2].map(|()| {
        let mut ssh = world.ssh(person).tries(1).open();
        ssh.wait_for("Password:");
        ssh.type_line(password);
        ssh.wait_for_code_prompt();
        ssh.interrupt();
        let screen = ssh.text();
        let (_, prompt) = screen.split_once("If the password was right, a code was sent (").unwrap();
        prompt.split(')').next().unwrap().to_owned()
    })
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn two_logins_in_a_row_with_the_password_look_as_two_without_it_do() {
    let world = plan("required = \"mandatory\"").start();
    let ada = world.person("ada");
    let without = in_a_row(&world, &ada, "not the password");
    assert_eq!(in_a_row(&world, &ada, PASSWORD), without);
    assert_eq!(in_a_row(&world, &ada, "not the password"), without);
    // And the message has the tag of the screen.
    let mut ssh = world.ssh(&ada).tries(1).open_with_password();
    ssh.wait_for_code_prompt();
    let mail = mailbox::wait_for(&ada.email, 1);
    assert!(mail.text.contains(&format!("({})", without[0])), "{mail:?}");
}

/// The stack of the world under this process's own libpam, so that nothing but it is timed.
fn stage(world: &World) -> Stage {
    let stage = Stage::new();
    std::os::unix::fs::symlink(world.path("run/login.sock"), stage.socket()).unwrap();
    stage.service(
        "sshd",
        &[
            "auth [success=2 default=ignore] pam_unix.so nodelay".into(),
            stage.line("optional", "decoy"),
            "auth requisite pam_deny.so".into(),
            stage.line("requisite", ""),
            "auth required pam_permit.so".into(),
        ],
    );
    stage
}

#[expect(clippy::disallowed_methods, reason = "how long a prompt takes is what is looked at")]
fn now() -> Instant {
    Instant::now()
}

/// The times from the password to the first prompt, and from an answer of no code's form to the second.
fn times(stage: &Stage, person: &Person, password: &'static str) -> [Duration; 2] {
    let seen: Rc<RefCell<(Vec<Duration>, Option<Instant>)>> = Rc::default();
    let mut pam = Pam::start(stage, "sshd", Some(&person.host.name), &[]);
    pam.set(Item::RemoteHost, "192.0.2.7");
    pam.set(Item::Tty, "ssh");
    let notes = Rc::clone(&seen);
    pam.answered_by(move |style, text| {
        let mut notes = notes.borrow_mut();
        if let Some(since) = notes.1.take() {
            assert!(text.starts_with("If the password was right"), "{text}");
            notes.0.push(since.elapsed());
        }
        let reply = match (style, notes.0.len()) {
            (Style::Hidden, 0) => Reply::from(password),
            (_, 1) => Reply::from("no code"),
            // Whoever goes is charged nothing, so that the next one is asked as this one was.
            _ => Reply::Fail(CONV_ERR),
        };
        notes.1 = Some(now());
        reply
    });
    assert_ne!(pam.authenticate(0), SUCCESS);
    let seen = seen.borrow();
    [seen.0[0], seen.0[1]]
}

/// The two-sided p of Mann and Whitney that two samples are of one distribution, by the normal approximation (both over 20).
fn mann_whitney(a: &[Duration], b: &[Duration]) -> f64 {
    let mut all: Vec<(Duration, bool)> =
        a.iter().map(|at| (*at, true)).chain(b.iter().map(|at| (*at, false))).collect();
    all.sort();
    let ranks: f64 = all.iter().zip(1_u32..).filter(|((_, is_a), _)| *is_a).map(|(_, rank)| f64::from(rank)).sum();
    let count = |sample: &[Duration]| f64::from(u32::try_from(sample.len()).unwrap());
    let (n, m) = (count(a), count(b));
    let u = ranks - n * (n + 1.0) / 2.0;
    let z = (u - n * m / 2.0).abs() / (n * m * (n + m + 1.0) / 12.0).sqrt();
    erfc(z / std::f64::consts::SQRT_2)
}

/// Abramowitz and Stegun 7.1.26: within 1.5e-7.
fn erfc(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let series = [1.061_405_429, -1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592];
    series.iter().fold(0.0, |sum, term| (sum + term) * t) * (-x * x).exp()
}

#[test]
fn two_samples_of_one_kind_are_told_from_two_of_two() {
    let sample =
        |from: u64, step: u64| (0..200).map(|at| Duration::from_micros(from + (at * step) % 977)).collect::<Vec<_>>();
    assert!(mann_whitney(&sample(0, 331), &sample(0, 577)) > 0.5);
    assert!(mann_whitney(&sample(0, 331), &sample(150, 577)) < 0.001);
    assert!((erfc(1.0) - 0.157_299_2).abs() < 1e-6);
}

/// A round of so many logins of each kind, one after the other so that what the machine does besides meets both.
fn round(count: usize, mut right: impl FnMut() -> [Duration; 2], mut wrong: impl FnMut() -> [Duration; 2]) -> [f64; 2] {
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..count {
        with.push(right());
        without.push(wrong());
    }
    [0, 1].map(|at| {
        let of = |sample: &[[Duration; 2]]| sample.iter().map(|times| times[at]).collect::<Vec<_>>();
        mann_whitney(&of(&with), &of(&without))
    })
}

/// One round in a hundred is below 0.01 though there is nothing to see; three in a row are one in a million.
fn are_not_told_apart(mut round: impl FnMut() -> [f64; 2]) {
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let p = round();
        if p.iter().all(|p| *p > 0.01) {
            return;
        }
        seen.push(p);
    }
    panic!("the times differ: {seen:?}");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn how_long_a_prompt_takes_tells_no_right_password_from_a_wrong_one() {
    let world = plan("required = \"mandatory\"").start();
    let ada = world.person("ada");
    let stage = stage(&world);
    let wrong = || times(&stage, &ada, "not the password");
    are_not_told_apart(|| round(150, || times(&stage, &ada, PASSWORD), wrong));
}

/// The times from a code to the second prompt, and from the third code to the end; all of them wrong.
fn times_of_codes(stage: &Stage, person: &Person, password: &'static str) -> [Duration; 2] {
    let seen: Rc<RefCell<Vec<[Instant; 2]>>> = Rc::default();
    let mut pam = Pam::start(stage, "sshd", Some(&person.host.name), &[]);
    pam.set(Item::RemoteHost, "192.0.2.7");
    pam.set(Item::Tty, "ssh");
    let notes = Rc::clone(&seen);
    pam.answered_by(move |style, _| {
        let reply = if style == Style::Hidden { password } else { "000000" };
        notes.borrow_mut().push([now(), now()]);
        Reply::from(reply)
    });
    assert_ne!(pam.authenticate(0), SUCCESS);
    let end = now();
    let seen = seen.borrow();
    assert_eq!(seen.len(), 4, "the password and three prompts");
    [seen[2][0] - seen[1][1], end - seen[3][1]]
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn how_long_a_charged_answer_and_the_end_take_tells_no_right_password_from_a_wrong_one() {
    let world = plan("required = \"mandatory\"").start();
    let ada = world.person("ada");
    let stage = stage(&world);
    let right = || {
        // Three wrong codes make wait: the next ones are to be charged too.
        let out = world.command(&["user", "unlock", &ada.host.name]);
        assert!(out.status.success(), "{}", text_of(&out));
        times_of_codes(&stage, &ada, PASSWORD)
    };
    are_not_told_apart(|| round(60, right, || times_of_codes(&stage, &ada, "not the password")));
    assert!(world.logs().matches("reason=\"wrong-code\"").count() >= 60, "they were charged");
    assert_eq!(mailbox::count_after_a_while(&ada.email), 0);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn no_policy_mode_or_trust_lets_a_wrong_password_in() {
    let mut world = plan("required = \"mandatory\"").start();
    let ada = e2e::trust::person(&world, "ada");
    let name = ada.host.name.clone();
    let settings = fs::read_to_string(world.config_file()).unwrap();
    let policy = |lines: &str| settings.replacen("required = \"mandatory\"", lines, 1);
    for text in [
        policy("required = \"disabled\""),
        policy("required = \"optional\"\nmode = \"report until 2999-01-01\""),
        policy(&format!("required = \"mandatory\"\nexempt_users = [\"{name}\"]")),
        policy("required = \"mandatory\"\nexempt_networks = [\"127.0.0.0/8\", \"0.0.0.0/0\"]"),
        policy("required = \"mandatory\"\ngrace = \"99 days\"\nenrolment = \"at-login\""),
        format!("{}\n[services]\nsshd = \"ignore\"\n", policy("required = \"mandatory\"")),
        format!("{}\n[trust]\nssh = \"1 day\"\nssh_identity = \"address\"\n", policy("required = \"mandatory\"")),
    ] {
        world.kill_configd();
        fs::write(world.config_file(), &text).unwrap();
        world.start_configd();
        let mut ssh = world.ssh(&ada).tries(1).open();
        ssh.wait_for("Password:");
        ssh.type_line("not the password");
        while ssh.wait_for_any(&["Code: ", "Permission denied"]).0 == 0 {
            ssh.type_line("000000");
        }
        assert!(!ssh.wait_for_end().success(), "{text}\n{}", ssh.text());
    }
    assert_eq!(mailbox::count_codes_after_a_while(&ada.email), 0);
    // Nor does a device that is trusted: it is one with the right password alone.
    let mut ssh = world.ssh(&ada).from(e2e::trust::HERE).open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&mailbox::wait_for_code(&ada.email, 1).code());
    ssh.prove_shell();
    world.ssh(&ada).from(e2e::trust::HERE).open_with_password().prove_shell();
    let mut ssh = world.ssh(&ada).from(e2e::trust::HERE).tries(1).open();
    ssh.wait_for("Password:");
    ssh.type_line("not the password");
    for _ in 0..3 {
        ssh.wait_for_code_prompt();
        ssh.type_line("000000");
    }
    ssh.wait_for_denial();
}

/// The resident memory of configd, KiB.
fn memory_kib(world: &World) -> u64 {
    let pid = world.pids()[0];
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Guesses that are on their way in at one moment.
const AT_ONCE: usize = 10_000;

/// What the module does for one guess: a connection, one frame, one answer, the end. Whether that was the prompt.
fn guess(socket: &Path, number: usize) -> bool {
    let begin = serde_json::json!({ "method": "io.pam2fa.Login.Begin", "parameters": {
        "version": pam_2fa_protocol::login::VERSION, "user": format!("guess{number}"), "service": "sshd", "tty": "ssh",
        "remote_host": "192.0.2.66", "decoy": true,
    }});
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.write_all(format!("{begin}\0").as_bytes()).unwrap();
    let (mut reply, mut bytes) = (Vec::new(), [0; 1024]);
    while let Ok(count @ 1..) = wait::read_again(&mut stream, &mut bytes) {
        reply.extend_from_slice(&bytes[..count]);
    }
    String::from_utf8(reply).unwrap().contains("If the password was right")
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn ten_thousand_decoys_at_once_cost_the_daemon_nothing_and_keep_nobody_out() {
    many_descriptors(20_000);
    let world = plan("required = \"mandatory\"").start();
    let (ada, socket) = (world.person("ada"), world.path("run/login.sock"));
    assert!((0..500).all(|number| guess(&socket, number)));
    let before = memory_kib(&world);
    // Their prompts stand in their own processes, and hold nothing here; ten of them are real ones.
    let stage = stage(&world);
    let mut standing: Vec<Terminal> = (0..10).map(|_| world.ssh(&ada).tries(1).open()).collect();
    for ssh in &mut standing {
        ssh.wait_for("Password:");
        ssh.type_line("not the password");
        ssh.wait_for_code_prompt();
    }
    // Somebody with the right password stands at the prompt, too.
    let mut login = world.ssh(&ada).open_with_password();
    login.wait_for_code_prompt();
    let code = mailbox::wait_for_code(&ada.email, 1).code();
    let configd = Pid::from_raw(world.pids()[0].try_into().unwrap());
    let (here, answered) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        // None is answered before all are there.
        kill(configd, Signal::SIGSTOP).unwrap();
        for number in 0..AT_ONCE {
            let (socket, here, answered) = (&socket, &here, &answered);
            let guessing = move || {
                // What is looked at is the daemon, not how a machine fares with ten thousand threads.
                step_back();
                here.fetch_add(1, Ordering::Relaxed);
                assert!(guess(socket, 1_000 + number), "the {number}th was not answered");
                answered.fetch_add(1, Ordering::Relaxed);
            };
            std::thread::Builder::new().stack_size(64 * 1024).spawn_scoped(scope, guessing).unwrap();
        }
        wait::until("all to be there", || (here.load(Ordering::Relaxed) == AT_ONCE).then_some(()));
        let early = answered.load(Ordering::Relaxed);
        kill(configd, Signal::SIGCONT).unwrap();
        assert_eq!(early, 0);
        // Meanwhile one comes for a prompt, and the other is let in.
        let times = times(&stage, &ada, PASSWORD);
        // The module gives up after two seconds without an answer.
        assert!(times[0] < Duration::from_secs(2), "{times:?}");
        login.type_line(&code);
        login.prove_shell();
    });
    assert_eq!(answered.load(Ordering::Relaxed), AT_ONCE);
    let after = memory_kib(&world);
    assert!(after < before + 4_096, "{before} KiB, then {after}");
    let sockets = fs::read_dir(format!("/proc/{configd}/fd")).unwrap().count();
    assert!(sockets < 40, "{sockets} descriptors stay open");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&mailbox::wait_for_code(&ada.email, 2).code());
    ssh.prove_shell();
    // They are counted, not listed.
    let log = text_of(&world.command(&["log"]));
    assert!(!log.contains("guess"), "{log}");
}
