//! The module in a whole process: what a call leaves behind, what it prints and logs, loading and unloading, and every library
//! call failing in its turn.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed step is a failed test")]

use e2e::fake_daemon::{Act, FakeDaemon, ask, verdict};
use e2e::libpam::Stage;
use e2e::libpam::code::{AUTH_ERR, AUTHINFO_UNAVAIL, IGNORE, MAXTRIES, SUCCESS};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// ENOMEM, EINTR, EAGAIN, EIO of Linux.
const ENOMEM: i32 = 12;
const EINTR: i32 = 4;
const EAGAIN: i32 = 11;
const EIO: i32 = 5;
/// SIGABRT of Linux.
const SIGABRT: i32 = 6;

/// The host and the shim, compiled once for all tests.
fn compiled() -> &'static (PathBuf, PathBuf) {
    static COMPILED: OnceLock<(PathBuf, PathBuf)> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/module");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (host, shim) = (folder.join("module-host"), folder.join("module-fault.so"));
        let cc = |arguments: &[&str], source: &str, to: &Path| {
            let mut command = Command::new("cc");
            command
                .args(["-O1", "-Wall", "-Wextra", "-Werror", "-o"])
                .arg(to)
                .arg(sources.join(source))
                .args(arguments);
            let done = command.output().unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        };
        cc(&["-pthread", "-Wl,--export-dynamic", "-lpam", "-ldl"], "host.c", &host);
        cc(&["-shared", "-fPIC", "-ldl"], "fault.c", &shim);
        (host, shim)
    })
}

struct Run {
    output: Output,
    report: String,
}

impl Run {
    /// Lines of the report that are not the log.
    fn said(&self) -> Vec<&str> {
        self.report.lines().filter(|line| !line.starts_with("log ")).collect()
    }

    fn log(&self) -> Vec<&str> {
        self.report.lines().filter(|line| line.starts_with("log ")).collect()
    }

    fn printed_nothing(&self) {
        assert_eq!(String::from_utf8_lossy(&self.output.stdout), "");
        assert_eq!(String::from_utf8_lossy(&self.output.stderr), "");
    }
}

/// A stage whose service `host` is our module alone.
fn stage(options: &str) -> Stage {
    let stage = Stage::new();
    stage.service("host", &[stage.line("[success=done ignore=ignore default=die]", options)]);
    stage
}

fn command(stage: &Stage, answer: &str, mode: &[&str]) -> Command {
    let mut command = Command::new(&compiled().0);
    command.arg(stage.confdir()).args(["host", "root", answer]).arg(stage.dir().join("report")).args(mode);
    command.env_clear().current_dir("/").stdin(Stdio::null());
    command
}

fn run(stage: &Stage, mut command: Command) -> Run {
    let path = stage.dir().join("report");
    drop(fs::remove_file(&path));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{:?}, signal {:?}", output.status, output.status.signal());
    Run { output, report: String::from_utf8(fs::read(path).unwrap()).unwrap() }
}

#[test]
fn a_call_leaves_the_process_as_it_was_and_prints_nothing() {
    for (name, code) in
        [("allow", SUCCESS), ("deny", AUTH_ERR), ("unavailable", AUTHINFO_UNAVAIL), ("max_tries", MAXTRIES)]
    {
        let stage = stage("");
        let _daemon = FakeDaemon::start(&stage.socket(), &[ask("Code: "), verdict(name)]);
        let run = run(&stage, command(&stage, "123456", &["traces"]));
        assert_eq!(run.said(), [format!("code {code}")]);
        run.printed_nothing();
    }
    let stage = stage("");
    let run = run(&stage, command(&stage, "123456", &["traces"]));
    assert_eq!(run.said(), [format!("code {AUTHINFO_UNAVAIL}")], "without a daemon");
    run.printed_nothing();
}

#[test]
fn loading_and_unloading_a_thousand_times_leaves_nothing_behind() {
    let stage = stage("");
    let _daemon = FakeDaemon::start(&stage.socket(), &[ask("Code: "), verdict("allow")]);
    let run = run(&stage, command(&stage, "123456", &["reload", "1000"]));
    assert_eq!(run.said(), ["done"]);
    run.printed_nothing();
}

#[test]
fn threads_that_load_call_unload_and_end_do_not_harm_the_host() {
    let stage = stage("");
    let daemon = FakeDaemon::start(&stage.socket(), &[ask("Code: "), verdict("allow")]);
    let run = run(&stage, command(&stage, "123456", &["threads", "4", "250"]));
    assert_eq!(run.said(), ["done"]);
    run.printed_nothing();
    assert_eq!(daemon.connections(), 1_003);
}

#[test]
fn a_hostile_environment_changes_nothing() {
    let stage = stage("");
    let daemon = FakeDaemon::start(&stage.socket(), &[verdict("deny")]);
    let mut command = command(&stage, "123456", &["traces"]);
    command.envs([("RUST_BACKTRACE", "full"), ("SSH_AUTH_INFO_0", "publickey x"), ("http_proxy", "http://192.0.2.1")]);
    command.env("BAD", <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"\xff\xfe"));
    let run = run(&stage, command);
    assert_eq!(run.said(), [format!("code {AUTH_ERR}")]);
    run.printed_nothing();
    assert!(!daemon.frames()[0].contains("auth_info"), "the PAM environment is not the process's");
}

#[test]
fn a_host_without_standard_streams_never_hands_the_daemon_what_it_prints() {
    let stage = stage("");
    let daemon = FakeDaemon::start(&stage.socket(), &[ask("Code: "), verdict("allow")]);
    // The shell closes what the host would have inherited; the host's own report is far above.
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$@\" <&- >&- 2>&-", "sh"]).arg(&compiled().0);
    shell.arg(stage.confdir()).args(["host", "root", "123456"]).arg(stage.dir().join("report")).arg("prints");
    let run = run(&stage, shell);
    assert_eq!(run.said(), ["not printed: Bad file descriptor".to_owned(), format!("code {SUCCESS}")]);
    assert_eq!(daemon.frames().len(), 2);
}

#[test]
fn a_host_without_a_descriptor_to_spare_is_denied() {
    let stage = stage("");
    let _daemon = FakeDaemon::start(&stage.socket(), &[verdict("allow")]);
    let run = run(&stage, command(&stage, "123456", &["starved"]));
    assert!(run.log()[0].contains("denied: socket: Too many open files"), "{}", run.report);
    // libpam's own audit message finds no descriptor either, and then its code is another denial.
    assert_ne!(run.said(), [format!("code {SUCCESS}")]);
    run.printed_nothing();
}

#[test]
fn a_daemon_that_no_longer_listens_raises_no_signal_in_the_host() {
    let stage = stage("");
    let question = r#"{"parameters":{"step":{"tell":[],"ask":{"text":"Code: ","echo":true}}}}"#;
    let _daemon = FakeDaemon::start(&stage.socket(), &[Act::SayAndGoDeaf(question.into())]);
    let run = run(&stage, command(&stage, "123456", &["once"]));
    assert_eq!(run.said(), [format!("code {AUTHINFO_UNAVAIL}")]);
    assert!(run.log()[0].contains("send"), "{}", run.report);
}

#[test]
fn every_denial_that_is_not_the_daemons_says_why_in_the_log_and_what_to_do() {
    let said = |options: &str, script: &[Act], answer: &str| {
        let stage = stage(options);
        let _daemon = FakeDaemon::start(&stage.socket(), script);
        let run = run(&stage, command(&stage, answer, &["once"]));
        assert_eq!(run.log().len(), 1, "{}", run.report);
        run.log()[0].to_owned()
    };
    for (line, text) in [
        (said("nullok", &[], ""), "unknown option \"nullok\""),
        (said("decoy key-proven", &[], ""), "cannot be on one PAM line"),
        (said("", &[Act::Close], ""), "closed the connection"),
        (said("", &[e2e::fake_daemon::error("io.pam2fa.Login.Sealed")], ""), "sealed"),
        (said("", &[verdict("of_a_later_release")], ""), "verdict that this module does not know"),
        (said("", &[ask("Code: ")], "\x08\x7f"), "control characters"),
    ] {
        assert!(line.contains(text), "{line}");
    }
    let reference = Act::Say(
        r#"{"parameters":{"step":{"tell":[],"verdict":"deny","reference":"K7Q2\u001b[2J\u202eM9XD"}}}"#.into(),
    );
    assert!(said("", &[reference], "").ends_with("(Ref K7Q2?[2J?M9XD)"));
}

#[test]
fn an_answer_is_never_logged() {
    for verdict_name in ["allow", "deny", "unavailable", "of_a_later_release"] {
        let stage = stage("");
        let _daemon = FakeDaemon::start(&stage.socket(), &[ask("Code: "), verdict(verdict_name)]);
        let run = run(&stage, command(&stage, "canary-of-an-answer", &["once"]));
        assert!(!run.report.contains("canary"), "{}", run.report);
    }
    let stage = stage("");
    let _daemon = FakeDaemon::start(&stage.socket(), &[ask("Code: ")]);
    let run = run(&stage, command(&stage, "canary\x07", &["once"]));
    assert!(!run.report.contains("canary"), "{}", run.report);
}

/// Whose calls fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The module's alone.
    TheModules,
    /// Also those of libpam and of libc's name service, which bear the failure of an allocation badly.
    Anybodys,
}

/// How each n-th failure of one function ended: `code N` or `signal N`; and the code without one.
fn failures(stage: &Stage, whose: Whose, function: &str, errno: i32) -> (Vec<String>, i32) {
    let mut command = command(stage, "123456", &["faults", function, &errno.to_string()]);
    command.env("LD_PRELOAD", &compiled().1);
    if whose == Whose::TheModules {
        command.env("FAULT_IN", "pam_2fa.so");
    }
    let run = run(stage, command);
    run.printed_nothing();
    let said = run.said();
    let (last, failed) = said.split_last().unwrap();
    let ends = failed.iter().map(|line| line.splitn(3, ' ').nth(2).unwrap().to_owned()).collect();
    let undisturbed = last.rsplit_once(" none ").unwrap().1.parse().unwrap();
    (ends, undisturbed)
}

const ALLOCATIONS: [&str; 3] = ["malloc", "calloc", "realloc"];
/// What a login cannot do without.
const NEEDED: [&str; 8] = ["socket", "setsockopt", "getsockopt", "connect", "send", "recv", "poll", "clock_gettime"];
/// What a login may call.
const OTHERS: [&str; 6] = ["open", "read", "pread", "fcntl", "getspnam_r", "getrandom"];

/// Whether an end keeps the login out. Of all crashes only the abort of a failed allocation is allowed, and it denies.
fn keeps_out(function: &str, end: &str) -> bool {
    let aborted = ALLOCATIONS.contains(&function) && end == format!("signal {SIGABRT}");
    let code = end.strip_prefix("code ").and_then(|code| code.parse::<i32>().ok());
    aborted || code.is_some_and(|code| code != SUCCESS && code != IGNORE)
}

#[test]
fn no_failing_call_turns_a_denial_into_anything_else() {
    for (options, script) in [
        ("", vec![ask("Code: "), verdict("deny")]),
        ("", vec![verdict("not_subject")]), // under a control that denies what is ignored
        ("decoy", vec![ask("Code: "), verdict("allow")]),
        ("key-proven", vec![]),
        ("", vec![Act::Close]),
    ] {
        let stage = stage(options);
        let _daemon = FakeDaemon::start(&stage.socket(), &script);
        let anybodys = NEEDED.iter().chain(&OTHERS).map(|function| (Whose::Anybodys, *function));
        let modules = ALLOCATIONS.iter().map(|function| (Whose::TheModules, *function));
        for (whose, function) in anybodys.chain(modules) {
            let (ends, undisturbed) = failures(&stage, whose, function, ENOMEM);
            assert!(undisturbed != SUCCESS && undisturbed != IGNORE);
            for end in ends {
                assert!(keeps_out(function, &end), "{options} {function}: {end}");
            }
        }
    }
}

#[test]
fn no_call_that_a_login_needs_can_fail_and_let_it_in() {
    let stage = stage("");
    let _daemon = FakeDaemon::start(&stage.socket(), &[ask("Code: "), verdict("allow")]);
    for function in NEEDED.iter().chain(&ALLOCATIONS) {
        let (ends, undisturbed) = failures(&stage, Whose::TheModules, function, EIO);
        assert_eq!(undisturbed, SUCCESS);
        // realloc is never called: what grows is moved, so that the old place can be wiped.
        assert_eq!(ends.is_empty(), *function == "realloc", "{function}");
        for end in ends {
            assert!(keeps_out(function, &end), "{function}: {end}");
        }
    }
}

#[test]
fn what_only_adds_to_a_login_may_fail_and_the_daemon_is_asked_without_it() {
    for (function, member) in [("open", None), ("pread", None), ("getspnam_r", Some("password_stamp"))] {
        let stage = stage("");
        let daemon = FakeDaemon::start(&stage.socket(), &[ask("Code: "), verdict("allow")]);
        let (ends, _) = failures(&stage, Whose::TheModules, function, EIO);
        assert_eq!(ends, [format!("code {SUCCESS}")], "{function}");
        if let Some(member) = member {
            let begins: Vec<_> = daemon.frames().into_iter().filter(|frame| frame.contains("Login.Begin")).collect();
            assert_eq!(begins.iter().map(|frame| frame.contains(member)).collect::<Vec<_>>(), [false, true]);
        }
    }
}

#[test]
fn an_interrupted_call_is_tried_again() {
    let stage = stage("");
    for (function, errno) in
        [("connect", EINTR), ("send", EINTR), ("recv", EINTR), ("poll", EINTR), ("send", EAGAIN), ("recv", EAGAIN)]
    {
        let _daemon = FakeDaemon::start(&stage.socket(), &[ask("Code: "), verdict("allow")]);
        let (ends, _) = failures(&stage, Whose::TheModules, function, errno);
        assert!(!ends.is_empty());
        for end in ends {
            assert_eq!(end, format!("code {SUCCESS}"), "{function} with errno {errno}");
        }
    }
}

/// What break-glass calls when no code can be checked, and cannot do without.
const GLASS: [&str; 10] = [
    "open",
    "pread",
    "pwrite",
    "fdatasync",
    "flock",
    "fstat",
    "lstat",
    "clock_gettime",
    "pam_modutil_getpwnam",
    "malloc",
];

/// A right code, with each call failing in its turn: it lets nobody in that is not marked as used, and where marking fails nobody.
#[test]
#[ignore = "needs tests/ns/enter"]
fn no_call_that_break_glass_needs_can_fail_and_let_in_by_a_code_that_stays_good() {
    let glass = e2e::break_glass::Glass::take();
    let code = glass.make("root", 1).remove(0);
    let stage = stage("break-glass");
    for function in GLASS {
        let mut command = command(&stage, &code.code, &["faults", function, &EIO.to_string()]);
        command.env("LD_PRELOAD", &compiled().1).env("FAULT_IN", "pam_2fa.so");
        command.env("HOST_TTY", "tty1").env("HOST_FILE", e2e::break_glass::FILE);
        let run = run(&stage, command);
        run.printed_nothing();
        let said = run.said();
        let (last, failed) = said.split_last().unwrap();
        assert!(last.ends_with(&format!("none {SUCCESS}")), "{function}: {}", run.report);
        assert!(!run.report.contains("as it was"), "{function}: {}", run.report);
        // A lock or a look at the path that fails once is tried again.
        let again = ["flock", "lstat"].contains(&function);
        assert!(!failed.is_empty(), "{function} is called");
        for line in failed {
            let end = line.splitn(3, ' ').nth(2).unwrap();
            // /proc/self/sessionid, which a login does without, is the first that is opened and read.
            let spare = ["open 1 ", "pread 1 "].iter().any(|first| line.starts_with(first));
            assert!(keeps_out(function, end) || ((again || spare) && end == format!("code {SUCCESS}")), "{line}");
        }
    }
}

/// A command puts another file in the place of the one that was opened, in the moment before it is locked: what is marked is what stands
/// there.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_break_glass_file_that_is_replaced_in_the_moment_before_its_lock_is_marked_where_it_is_read_next() {
    let glass = e2e::break_glass::Glass::take();
    let code = glass.make("root", 1).remove(0);
    let file = e2e::break_glass::FILE;
    let next = format!("{file}.next");
    assert!(Command::new("cp").args(["-p", file, &next]).status().unwrap().success());
    let stage = stage("break-glass");
    let mut command = command(&stage, &code.code, &["once"]);
    command.env("LD_PRELOAD", &compiled().1).env("HOST_TTY", "tty1");
    command.env("SWAP_FROM", &next).env("SWAP_TO", file);
    let run = run(&stage, command);
    assert_eq!(run.said(), [format!("code {SUCCESS}")]);
    assert!(!Path::new(&next).exists(), "it took the place of the other");
    assert_eq!(fs::read(file).unwrap()[512], b'u');
}

/// A prompt that stands is no way in for whoever comes by later: a code that is typed late opens nothing, and stays good.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_break_glass_code_that_is_typed_after_three_minutes_opens_nothing_and_stays_good() {
    let glass = e2e::break_glass::Glass::take();
    let code = glass.make("root", 1).remove(0);
    let stage = stage("break-glass");
    // Seconds that go by at each prompt, what is typed at each, and how it ends; slips take of the three minutes too.
    for (thinks, typed, end) in [
        ("181", code.code.as_str(), AUTHINFO_UNAVAIL),
        ("91", "a slip", AUTHINFO_UNAVAIL),
        ("30", "a slip", AUTH_ERR),
        ("179", &code.code, SUCCESS),
    ] {
        let mut command = command(&stage, typed, &["once"]);
        command.env("LD_PRELOAD", &compiled().1).env("HOST_TTY", "tty1").env("HOST_THINKS_S", thinks);
        assert_eq!(run(&stage, command).said(), [format!("code {end}")], "{thinks} s, {typed:?}");
    }
}
