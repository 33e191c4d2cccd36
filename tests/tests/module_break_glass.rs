//! Break-glass in the module, through a real libpam: after which ends of a daemon it is asked for, by whom, where, and what a code and a
//! file must be. Real logins are in `break_glass.rs`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed step is a failed test")]

use e2e::break_glass::{Code, FILE, Glass};
use e2e::fake_daemon::{Act, FakeDaemon, ask, error, step, verdict};
use e2e::libpam::code::{AUTH_ERR, AUTHINFO_UNAVAIL, SUCCESS};
use e2e::libpam::{Item, Pam, Reply, Stage, Style, called_by};
use e2e::ns::LogMark;
use e2e::wait;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;
use std::sync::{Arc, Barrier};

const PROMPT: &str = "No code can be checked now. Break-glass code: ";

/// A stage whose service `glass` is our line alone, and that has no daemon.
fn stage(options: &str) -> Stage {
    let stage = Stage::new();
    stage.service("glass", &[stage.line("[success=done ignore=ignore default=die]", options)]);
    stage
}

/// A call at a console, with these answers; its code and the prompts.
fn call(stage: &Stage, user: &str, answers: &[&str], set: impl FnOnce(&mut Pam)) -> (i32, Vec<String>) {
    let answers: Vec<Reply> = answers.iter().map(|answer| Reply::from(*answer)).collect();
    let mut pam = Pam::start(stage, "glass", Some(user), &answers);
    pam.set(Item::Tty, "/dev/tty1");
    set(&mut pam);
    let code = pam.authenticate(0);
    let prompts = pam.shown().into_iter().filter(|(style, _)| *style == Style::Echo).map(|(_, text)| text);
    (code, prompts.collect())
}

fn at_console(stage: &Stage, answers: &[&str]) -> (i32, Vec<String>) {
    call(stage, "root", answers, |_| ())
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn with_nobody_to_ask_a_code_lets_in_once_and_says_so_loudly() {
    let glass = Glass::take();
    let log = LogMark::now();
    let codes = glass.make("root", 2);
    let stage = stage("break-glass");
    let (code, prompts) = at_console(&stage, &[&codes[0].code]);
    assert_eq!((code, prompts.as_slice()), (SUCCESS, [PROMPT.to_owned()].as_slice()));
    log.wait_for(&format!(
        "BREAK-GLASS: code {} lets root (uid 0) at /dev/tty1 (glass) in, since no other can be checked: connect: ",
        codes[0].id
    ));
    // The same one again, then another one as somebody types it.
    let typed = codes[1].code.to_lowercase().replace('-', " ");
    let (code, prompts) = at_console(&stage, &[&codes[0].code, &typed]);
    assert_eq!(code, SUCCESS);
    assert_eq!(prompts[1], "That one is not good here. Break-glass code: ");
    // None is left: nobody is asked.
    assert_eq!(at_console(&stage, &[&codes[1].code]), (AUTHINFO_UNAVAIL, vec![]));
    log.wait_for("no code is good for this user now");
    let all = fs::read(FILE).unwrap();
    for code in &codes {
        assert!(!String::from_utf8_lossy(&all).contains(&code.code.replace('-', "")), "the file has hashes alone");
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn it_is_asked_for_where_there_is_no_daemon_and_not_after_any_answer_of_one() {
    let glass = Glass::take();
    let codes = glass.make("root", 8);
    let stage = stage("break-glass");
    let mut left = codes.iter();
    for script in [vec![Act::Hang], vec![Act::Close], vec![error("io.pam2fa.Login.Sealed")]] {
        let _daemon = FakeDaemon::start(&stage.socket(), &script);
        let (code, prompts) = at_console(&stage, &[&left.next().unwrap().code]);
        assert_eq!((code, prompts.len()), (SUCCESS, 1), "{script:?}");
    }
    {
        // A store without space for what was typed.
        let _daemon = FakeDaemon::start(&stage.socket(), &[ask("Code: "), error("io.pam2fa.Login.Sealed")]);
        let (code, prompts) = at_console(&stage, &["123456", &left.next().unwrap().code]);
        assert_eq!((code, prompts), (SUCCESS, vec!["Code: ".to_owned(), PROMPT.to_owned()]));
    }
    let unused = &left.next().unwrap().code;
    for (script, ends, asks) in [
        (vec![verdict("deny")], AUTH_ERR, 0),
        (vec![verdict("unavailable")], AUTHINFO_UNAVAIL, 0),
        (vec![verdict("max_tries")], 11, 0),
        (vec![verdict("of_a_later_release")], AUTH_ERR, 0),
        (vec![step(r#""reference":"K7Q2M9XD""#)], AUTHINFO_UNAVAIL, 0),
        (vec![Act::Raw(b"nonsense\0".to_vec())], AUTHINFO_UNAVAIL, 0),
        (vec![Act::Raw(vec![b'x'; 20_000])], AUTHINFO_UNAVAIL, 0),
        (vec![error("io.pam2fa.Login.NotPermitted")], AUTHINFO_UNAVAIL, 0),
        (vec![error("io.pam2fa.Login.Busy")], AUTHINFO_UNAVAIL, 0),
        (vec![error("io.pam2fa.Login.VersionNotSupported")], AUTHINFO_UNAVAIL, 0),
        (vec![error("org.varlink.service.MethodNotFound")], AUTHINFO_UNAVAIL, 0),
        // One that was there and goes: its question is all that is asked.
        (vec![ask("Code: "), Act::Close], AUTHINFO_UNAVAIL, 1),
    ] {
        let _daemon = FakeDaemon::start(&stage.socket(), &script);
        let (code, prompts) = at_console(&stage, &[unused, unused]);
        assert_eq!((code, prompts.len()), (ends, asks), "{script:?}");
        assert!(!prompts.iter().any(|prompt| prompt.contains("glass")), "{script:?}: {prompts:?}");
    }
    // Who listens there is another user, and gets nothing.
    let daemon = FakeDaemon::start_as(&stage.socket(), 1000, &[verdict("allow")]);
    assert_eq!(at_console(&stage, &[unused]), (AUTHINFO_UNAVAIL, vec![]));
    assert_eq!(daemon.frames(), Vec::<String>::new());
    drop(daemon);
    assert_eq!(at_console(&stage, &[unused]).0, SUCCESS);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn it_is_asked_for_at_a_console_of_this_machine_alone() {
    let glass = Glass::take();
    let log = LogMark::now();
    let codes = glass.make("root", 11);
    let stage = stage("break-glass");
    let consoles =
        ["tty1", "/dev/tty63", "ttyS0", "/dev/ttyAMA0", "hvc0", "ttyUSB0", "ttymxc1", "ttyPS0", "xvc0", "console"];
    for (tty, code) in consoles.iter().zip(&codes) {
        assert_eq!(call(&stage, "root", &[&code.code], |pam| pam.set(Item::Tty, tty)).0, SUCCESS, "{tty}");
    }
    let unused = codes[10].code.as_str();
    let refused = |set: &dyn Fn(&mut Pam)| {
        let (code, prompts) = call(&stage, "root", &[unused], set);
        assert_eq!((code, prompts.len()), (AUTHINFO_UNAVAIL, 0));
    };
    for tty in [
        "",
        "pts/3",
        "/dev/pts/3",
        "ssh",
        ":0",
        "tty",
        "ttyS",
        "tty1x",
        "ttyp0",
        "tty1234",
        "../tty1",
        "/dev/dev/tty1",
        "ttyS1 ",
        "ttyx1",
        "ttyp01",
    ] {
        refused(&|pam| pam.set(Item::Tty, tty));
    }
    refused(&|pam| pam.set(Item::RemoteHost, "192.0.2.7"));
    refused(&|pam| pam.set(Item::RemoteHost, "localhost"));
    refused(&|pam| pam.set(Item::RemoteUser, "ada"));
    refused(&|pam| pam.put_env("SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA"));
    log.wait_for("log people in at a console of this machine");
    // Nor without the option, nor by a process that is not root's.
    let without = self::stage("");
    assert_eq!(at_console(&without, &[unused]), (AUTHINFO_UNAVAIL, vec![]));
    // Nor for somebody whom a setuid program of root's is called by, though it could read the file.
    let (code, prompts) = called_by(1000, || at_console(&stage, &[unused]));
    assert_eq!((code, prompts.len()), (AUTHINFO_UNAVAIL, 0));
    assert_eq!(at_console(&stage, &[unused]).0, SUCCESS, "none of that has used it up");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_code_is_its_users_and_nobody_elses() {
    let glass = Glass::take();
    let (ada, bob) = (e2e::host::add_user("glassada"), e2e::host::add_user("glassbob"));
    let (root, adas) = (glass.make("root", 2), glass.make(&ada.name, 2));
    let stage = stage("break-glass");
    let one = |user: &str, code: &Code| call(&stage, user, &[&code.code], |_| ()).0;
    // bob has none, so he is not asked; ada's does not open root, nor root's ada.
    assert_eq!(call(&stage, &bob.name, &[&adas[0].code], |_| ()), (AUTHINFO_UNAVAIL, vec![]));
    assert_ne!(one("root", &adas[0]), SUCCESS);
    assert_ne!(one(&ada.name, &root[0]), SUCCESS);
    assert_eq!(one(&ada.name, &adas[0]), SUCCESS);
    assert_eq!(one("root", &root[0]), SUCCESS);
    // Another name of uid 0 is uid 0; another user of ada's uid is not ada; who is no user of this host is nobody.
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let more = format!("{passwd}glasstoor:x:0:0::/root:/bin/sh\nglasseve:x:{}:{}::/:/bin/sh\n", ada.uid, ada.uid);
    fs::write("/etc/passwd", more).unwrap();
    assert_eq!(one("glasstoor", &root[1]), SUCCESS);
    assert_ne!(one("glasseve", &adas[1]), SUCCESS);
    assert_ne!(one("glassnobody", &adas[1]), SUCCESS);
    // Renamed, or made anew under another uid: not who it was made for.
    fs::write("/etc/passwd", passwd.replace(&format!("{}:x:{}:", ada.name, ada.uid), &format!("{}:x:4711:", ada.name)))
        .unwrap();
    assert_ne!(one(&ada.name, &adas[1]), SUCCESS);
    fs::write("/etc/passwd", passwd).unwrap();
    assert_eq!(one(&ada.name, &adas[1]), SUCCESS);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_slip_is_said_nothing_typed_ends_and_five_answers_are_the_most() {
    let glass = Glass::take();
    let log = LogMark::now();
    let codes = glass.make("root", 1);
    let stage = stage("break-glass");
    let slip = codes[0].code.replacen(|letter: char| letter.is_ascii_digit(), "Z", 1);
    let (code, prompts) = at_console(&stage, &["123456", &slip, ""]);
    assert_eq!(code, AUTHINFO_UNAVAIL);
    assert_eq!(
        prompts[1..],
        ["It has 28 letters and digits. Break-glass code: ", "It is mistyped somewhere. Break-glass code: "]
    );
    let (code, prompts) = at_console(&stage, &["x"; 20]);
    assert_eq!((code, prompts.len()), (AUTH_ERR, 5));
    // Nobody answers, or a program does.
    for reply in [Reply::Null, Reply::Fail(19), Reply::from("\x08\x7fINCORRECT")] {
        let mut pam = Pam::start(&stage, "glass", Some("root"), &[reply]);
        pam.set(Item::Tty, "tty1");
        assert_eq!(pam.authenticate(0), AUTH_ERR);
        assert!(pam.fail_delay().is_some());
    }
    assert!(log.lines(&codes[0].code).is_empty() && log.lines(&slip).is_empty(), "nothing typed is logged");
    wait::until("each is in the log with why", || (log.lines("is asked for a code").len() == 5).then_some(()));
    assert_eq!(at_console(&stage, &[&codes[0].code]).0, SUCCESS);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn sixty_four_logins_with_one_code_let_one_in() {
    let glass = Glass::take();
    for _ in 0..5 {
        let codes = glass.make("root", 1);
        let stage = stage("break-glass");
        let barrier = Arc::new(Barrier::new(64));
        let one = || {
            let mut pam = Pam::start(&stage, "glass", Some("root"), &[Reply::from(codes[0].code.as_str())]);
            pam.set(Item::Tty, "tty1");
            let barrier = Arc::clone(&barrier);
            pam.at_prompt(move |number| {
                if number == 0 {
                    barrier.wait();
                }
            });
            pam.authenticate(0) == SUCCESS
        };
        let let_in = std::thread::scope(|scope| {
            let all: Vec<_> = (0..64).map(|_| scope.spawn(one)).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).filter(|is_in| *is_in).count()
        });
        assert_eq!(let_in, 1);
        fs::remove_file(FILE).unwrap();
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_file_that_is_not_roots_alone_or_is_none_of_ours_is_not_asked_for() {
    let glass = Glass::take();
    let log = LogMark::now();
    let codes = glass.make("root", 1);
    let stage = stage("break-glass");
    let whole = fs::read(FILE).unwrap();
    let refused = |what: &str| {
        let (code, prompts) = at_console(&stage, &[&codes[0].code]);
        assert_eq!((code, prompts.len()), (AUTHINFO_UNAVAIL, 0), "{what}");
    };
    let put = |bytes: &[u8]| {
        let _ = fs::remove_file(FILE);
        fs::write(FILE, bytes).unwrap();
        fs::set_permissions(FILE, fs::Permissions::from_mode(0o600)).unwrap();
    };
    for mode in [0o640, 0o604, 0o620, 0o602, 0o666] {
        fs::set_permissions(FILE, fs::Permissions::from_mode(mode)).unwrap();
        refused(&format!("mode {mode:o}"));
    }
    log.wait_for("not root's alone");
    put(&whole);
    std::os::unix::fs::chown(FILE, Some(1000), None).unwrap();
    refused("another's");
    put(&whole);
    fs::hard_link(FILE, "/etc/pam-2fa/other-name").unwrap();
    refused("two names");
    fs::remove_file(FILE).unwrap();
    symlink("/etc/pam-2fa/other-name", FILE).unwrap();
    refused("a link");
    fs::remove_file(FILE).unwrap();
    fs::remove_file("/etc/pam-2fa/other-name").unwrap();
    refused("none");
    assert!(Command::new("mkfifo").args(["-m", "0600", FILE]).status().unwrap().success());
    refused("a pipe");
    fs::remove_file(FILE).unwrap();
    fs::create_dir(FILE).unwrap();
    refused("a folder");
    fs::remove_dir(FILE).unwrap();
    for (what, bytes) in [
        ("empty", &b""[..]),
        ("garbage", &[0x55; 4096]),
        ("no heading", &whole[512..]),
        ("half a record", &whole[..700]),
        ("cut by one byte", &whole[..whole.len() - 1]),
        ("longer than any", &[&whole[..], &[b' '; 40_000]].concat()),
    ] {
        put(bytes);
        refused(what);
    }
    let mut later = whole.clone();
    later[21] = b'2';
    put(&later);
    refused("of a later release");
    // Whoever changes a record has no good code: its date, its user, anything.
    for at in (514..1024).step_by(7) {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        put(&changed);
        assert_ne!(at_console(&stage, &[&codes[0].code]).0, SUCCESS, "byte {at}");
    }
    put(&whole);
    assert_eq!(at_console(&stage, &[&codes[0].code]).0, SUCCESS);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn where_a_use_cannot_be_marked_nobody_is_asked_and_a_lock_is_not_waited_for_without_end() {
    let glass = Glass::take();
    let log = LogMark::now();
    let codes = glass.make("root", 1);
    let stage = stage("break-glass");
    let mount = |words: &[&str]| assert!(Command::new("mount").args(words).status().unwrap().success());
    mount(&["--bind", "/etc/pam-2fa", "/etc/pam-2fa"]);
    mount(&["-o", "remount,bind,ro", "/etc/pam-2fa"]);
    let on_read_only = at_console(&stage, &[&codes[0].code]);
    let listed = glass.command(&["list"]);
    assert!(Command::new("umount").arg("/etc/pam-2fa").status().unwrap().success());
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.status.success() && text.contains(" good "), "on such a disk one can look: {listed:?}");
    assert_eq!(on_read_only, (AUTHINFO_UNAVAIL, vec![]));
    log.wait_for("Read-only file system");
    // Somebody holds it for ever.
    let held = fs::File::options().read(true).write(true).open(FILE).unwrap();
    held.lock().unwrap();
    let begun = wait::now();
    assert_eq!(at_console(&stage, &[&codes[0].code]).0, AUTHINFO_UNAVAIL);
    assert!(begun.elapsed().as_secs() < 10);
    drop(held);
    // Another file was put in its place while the code was typed: nothing of the old one counts.
    let mut pam = Pam::start(&stage, "glass", Some("root"), &[Reply::from(codes[0].code.as_str())]);
    pam.set(Item::Tty, "tty1");
    pam.at_prompt(|_| fs::rename(FILE, "/etc/pam-2fa/break-glass.old").unwrap());
    assert_eq!(pam.authenticate(0), AUTHINFO_UNAVAIL);
    fs::rename("/etc/pam-2fa/break-glass.old", FILE).unwrap();
    assert_eq!(at_console(&stage, &[&codes[0].code]).0, SUCCESS);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn after_its_date_a_code_is_good_for_nothing_and_a_clock_that_is_behind_the_file_does_not_bring_it_back() {
    let glass = Glass::take();
    let codes = glass.make("root", 1);
    let stage = stage("break-glass");
    // The file was written in a time after the codes' end: so it is that late, whatever the clock says.
    let touch = |when: &str| assert!(Command::new("touch").args(["-d", when, FILE]).status().unwrap().success());
    touch("+91 days");
    assert_eq!(at_console(&stage, &[&codes[0].code]), (AUTHINFO_UNAVAIL, vec![]));
    touch("+89 days");
    // The date is looked at when it is marked, and not only when it was asked for.
    let mut pam = Pam::start(&stage, "glass", Some("root"), &[Reply::from(codes[0].code.as_str()), Reply::from("")]);
    pam.set(Item::Tty, "tty1");
    pam.at_prompt(move |_| touch("+91 days"));
    assert_eq!(pam.authenticate(0), AUTHINFO_UNAVAIL);
    touch("+89 days");
    assert_eq!(at_console(&stage, &[&codes[0].code]).0, SUCCESS);
}
