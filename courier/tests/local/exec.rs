//! An administrator's program: what it gets, what its end means, and what it cannot do to us.

use super::*;
use crate::common::daemon::{error, is_root};
use crate::common::skipped;
use nix::sys::signal::Signal;
use std::os::unix::fs::symlink;
use std::time::Duration;

fn mine() -> Text {
    text("mine", &[])
}

#[test]
fn a_program_gets_the_number_the_text_as_its_input_and_nothing_else_of_ours() {
    for socket in [Socket::Made, Socket::HandedOver] {
        if socket == Socket::HandedOver && !is_root() {
            skipped("where systemd hands the socket over, only --peer may call");
            continue;
        }
        let folder = stage();
        program(
            &folder,
            "for word in \"$@\"; do echo \"$word\"; done > $out/arguments\n\
             tr '\\0' '\\n' < /proc/$$/environ > $out/environment\n\
             ls -l /proc/$$/fd > $out/descriptors\n\
             { pwd; umask; id -u; cut -d ' ' -f 5 /proc/$$/stat; echo $$; grep NoNewPrivs: /proc/self/status; } > $out/self\n\
             cat > $out/text\n\
             echo >> $out/text\n\
             echo 'id=seven of 7'; echo 'all well' >&2",
        );
        let daemon = start(&folder, Which::Local("nobody"), "root", &[], socket);
        let (steps, outcome) = carry(&daemon, mine());
        assert_is(&outcome, ACCEPTED);
        assert_eq!(outcome.provider_id.as_deref(), Some("seven of 7"));
        assert_eq!(outcome.said, "ended with status 0: id=seven of 7; all well");
        assert_eq!(steps[0], format!("runs {}, as mine.toml says", folder.0.join("program").display()));
        assert_eq!(steps[1], "it ended with status 0: id=seven of 7; all well");
        assert_eq!(written(&folder, "arguments"), format!("{TO}\n"), "without a sender there is no word for it");
        assert_eq!(written(&folder, "text"), format!("{CODE} is your Example Corp login code (7F) for host.\n"));
        let environment = written(&folder, "environment");
        let mut names: Vec<&str> = environment.lines().filter_map(|line| line.split('=').next()).collect();
        names.sort_unstable();
        assert_eq!(names, ["LANG", "PATH"]);
        assert!(environment.contains("LANG=C.UTF-8") && !environment.contains("LISTEN_FDS"), "{environment}");
        // A shell keeps its own from 10 on.
        let descriptors = written(&folder, "descriptors");
        let ours = |line: &&str| (3..10).any(|number| line.contains(&format!(" {number} -> ")));
        assert_eq!(descriptors.lines().find(ours), None, "{descriptors}");
        assert!(!descriptors.contains("socket:") && !descriptors.contains("anon_inode"), "{descriptors}");
        let about = written(&folder, "self");
        let about: Vec<&str> = about.lines().collect();
        let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap().uid;
        let own = if is_root() { nobody } else { nix::unistd::geteuid() };
        assert_eq!((about[0], about[1], about[2]), ("/", "0077", own.to_string().as_str()));
        assert_eq!(about[3], about[4], "the head of a process group of its own");
        assert_eq!(about[5], "NoNewPrivs:\t1");
    }
}

#[test]
fn an_exit_status_says_what_became_of_the_message_and_an_unknown_one_proves_nothing() {
    let folder = stage();
    program(&folder, "cat > /dev/null; exec 2>&1; echo line is busy; read status < $out/status; exit $status");
    let daemon = local(&folder, &[]);
    for (status, expected) in [
        (0, ACCEPTED),
        (64, (Class::Rejected, Some(Reason::Request))),
        (67, (Class::Rejected, Some(Reason::BadNumber))),
        (69, AWAY),
        (75, (Class::Temporary, None)),
        (77, (Class::AuthError, Some(Reason::Credentials))),
        (78, CONFIG),
        (1, UNCLEAR),
        (2, UNCLEAR),
        (70, UNCLEAR),
        (126, UNCLEAR),
        (255, UNCLEAR),
    ] {
        std::fs::write(folder.0.join("out/status"), format!("{status}\n")).unwrap();
        let outcome = carry(&daemon, mine()).1;
        assert_is(&outcome, expected);
        assert!(outcome.said.contains("line is busy"), "{outcome:?}");
        assert_eq!(outcome.said.contains("may have been taken"), expected == UNCLEAR, "{outcome:?}");
    }
    program(&folder, "kill -9 $$");
    let outcome = carry(&daemon, mine()).1;
    assert_is(&outcome, UNCLEAR);
    assert!(outcome.said.contains("was ended by signal 9"), "{outcome:?}");
}

#[test]
fn what_a_program_repeats_is_struck_out_and_no_terminal_obeys_it() {
    let folder = stage();
    program(&folder, &format!("cat; cat >&2; printf '\\033[2J {CODE} for {TO}\\r\\n'; echo id={CODE}"));
    let daemon = local(&folder, &[]);
    let (_, outcome) = carry(&daemon, mine());
    assert_is(&outcome, ACCEPTED);
    assert_eq!(outcome.provider_id.as_deref(), Some("…"));
    assert!(outcome.said.contains("[2J … for"), "{outcome:?}");
}

#[test]
fn a_program_that_does_not_read_its_input_is_judged_by_its_end() {
    let folder = stage();
    program(&folder, "exec 0< /dev/null; exit 75");
    let daemon = local(&folder, &[]);
    let long = Text { text: Secret::new(format!("{CODE} {}", "x".repeat(12_000))), ..mine() };
    assert_is(&carry(&daemon, long).1, (Class::Temporary, None));
}

#[test]
fn a_program_that_prints_ten_megabytes_ends_and_is_not_remembered() {
    let folder = stage();
    program(
        &folder,
        "cat > /dev/null; echo id=1; head -c 10000000 /dev/zero | tr '\\0' x; echo; echo $? > $out/printed",
    );
    let daemon = local(&folder, &[]);
    let outcome = carry(&daemon, mine()).1;
    assert_is(&outcome, ACCEPTED);
    assert_eq!(written(&folder, "printed"), "0\n", "all of it was read");
    assert!(outcome.said.chars().count() < 600, "{}", outcome.said.len());
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim().split(' ').next().unwrap();
    assert!(peak.parse::<u64>().unwrap() < 64 * 1024, "peak of {peak} KiB");
}

#[test]
fn what_a_program_leaves_behind_ends_with_it_and_holds_up_nothing() {
    let folder = stage();
    program(&folder, "cat > /dev/null; sleep 600 & echo $! > $out/left; echo id=1");
    let daemon = local(&folder, &[]);
    let begun = wait::now();
    let outcome = carry(&daemon, mine()).1;
    assert_is(&outcome, ACCEPTED);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    until_gone(pid(&folder, "left"));
}

#[test]
fn what_left_its_process_group_with_the_output_open_holds_up_nothing_either() {
    let folder = stage();
    program(
        &folder,
        "cat > /dev/null; setsid sh -c \"echo \\$\\$ > $out/left; exec sleep 600\" & until [ -s $out/left ]; do sleep 0.01; done",
    );
    let daemon = local(&folder, &[]);
    let begun = wait::now();
    let outcome = carry(&daemon, mine()).1;
    let took = begun.elapsed();
    let left = pid(&folder, "left");
    // It may go on: systemd ends it with the unit. Here we do.
    let is_there = kill(left, None);
    kill(left, Signal::SIGKILL).unwrap();
    assert_eq!(is_there, Ok(()));
    assert_is(&outcome, ACCEPTED);
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_program_has_eight_seconds_or_what_the_deadline_leaves_and_may_ignore_no_end() {
    let folder = stage();
    program(&folder, "trap '' TERM; echo $$ > $out/pid; cat > /dev/null; echo waiting; while :; do sleep 1; done");
    let daemon = local(&folder, &[]);
    let begun = wait::now();
    let (_, outcome) = carry_within(&daemon, mine(), 2_000);
    // On time with half a second to spare; a busy machine may need more.
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_is(&outcome, UNCLEAR);
    assert!(outcome.said.contains("did not end in time and was stopped: waiting"), "{outcome:?}");
    until_gone(pid(&folder, "pid"));

    program(&folder, "echo $$ > $out/pid; cat > /dev/null; exec sleep 600");
    let begun = wait::now();
    let outcome = carry(&daemon, mine()).1;
    let took = begun.elapsed();
    assert!((7..11).contains(&took.as_secs()), "{took:?}");
    assert_is(&outcome, UNCLEAR);
    until_gone(pid(&folder, "pid"));
}

#[test]
fn with_no_time_left_nothing_is_run_and_it_is_certain() {
    let folder = stage();
    program(&folder, "echo > $out/ran");
    let daemon = local(&folder, &[]);
    let outcome = carry_within(&daemon, mine(), 600).1;
    assert_is(&outcome, (Class::Temporary, None));
    assert!(outcome.said.contains("was not run"), "{outcome:?}");
    assert!(!folder.0.join("out/ran").exists());
}

#[test]
fn a_program_that_others_may_have_put_there_is_not_run() {
    let folder = stage();
    let path = program(&folder, "echo > $out/ran");
    let daemon = local(&folder, &[]);
    let refused = |expected: &str| {
        let outcome = carry(&daemon, mine()).1;
        assert_is(&outcome, CONFIG);
        assert!(outcome.said.contains(expected), "{expected}: {outcome:?}");
        assert!(!folder.0.join("out/ran").exists());
    };
    for mode in [0o757, 0o775, 0o777] {
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        refused("lets others write it");
    }
    std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    refused("cannot be run (Permission denied");
    put(&path, "#!/no/such/interpreter\n", 0o755);
    refused("cannot be run (No such file");
    for (below, mode) in [("open", 0o777), ("shared", 0o770)] {
        put(&folder.0.join(below).join("program"), "#!/bin/sh\n", 0o755);
        open_folder(&folder.0.join(below), mode);
        file_for(&folder, &format!("[\"{}\", \"{{to}}\"]", folder.0.join(below).join("program").display()));
        refused("lets others write it");
    }
    symlink("/bin/true", folder.0.join("link")).unwrap();
    symlink("out", folder.0.join("way")).unwrap();
    for (below, expected) in [
        ("link", "is a symbolic link"),
        ("way/program", "is a symbolic link"),
        ("out/../program", "without .."),
        ("gone", "cannot be looked at (No such file"),
        ("ours", "is not a plain file"),
    ] {
        file_for(&folder, &format!("[\"{}\", \"{{to}}\"]", folder.0.join(below).display()));
        refused(expected);
    }
    if is_root() {
        put(&folder.0.join("theirs"), "#!/bin/sh\n", 0o755);
        let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
        nix::unistd::chown(&folder.0.join("theirs"), Some(nobody.uid), None).unwrap();
        file_for(&folder, &format!("[\"{}\", \"{{to}}\"]", folder.0.join("theirs").display()));
        refused("its owner is uid");
    } else {
        skipped("it takes root to have two users");
    }
}

#[test]
fn no_value_is_taken_for_an_option_or_for_more_than_one_argument() {
    let folder = stage();
    program(&folder, "for word in \"$@\"; do echo \"[$word]\"; done > $out/arguments; cat > /dev/null");
    let daemon = local(&folder, &[]);
    let hostile = "$(id); `id` 'x' \"y\" | * &";
    assert_is(&carry(&daemon, Text { sender: Some(hostile.into()), ..mine() }).1, ACCEPTED);
    assert_eq!(written(&folder, "arguments"), format!("[{TO}]\n[{hostile}]\n"));
    let outcome = carry(&daemon, Text { sender: Some("--help".into()), ..mine() }).1;
    assert_is(&outcome, CONFIG);
    assert!(outcome.said.contains("taken for an option"), "{outcome:?}");
    let outcome = carry(&daemon, Text { sender: Some("a\0b".into()), ..mine() }).1;
    assert_is(&outcome, (Class::Rejected, Some(Reason::Request)));
    let mut caller = daemon.call();
    caller.send(&send(Text { to: "-15550100".into(), ..mine() }), More::No);
    assert_is(&caller.outcome().1, (Class::Rejected, Some(Reason::Request)));
}

#[test]
fn whoever_hangs_up_ends_the_program() {
    let folder = stage();
    program(&folder, "echo $$ > $out/pid; cat > /dev/null; exec sleep 600");
    let daemon = local(&folder, &[]);
    let mut caller = daemon.call();
    caller.send(&send(mine()), More::No);
    let pid = pid(&folder, "pid");
    drop(caller);
    until_gone(pid);
}

#[test]
fn a_daemon_that_is_stopped_ends_its_programs() {
    let folder = stage();
    program(&folder, "trap '' TERM; echo $$ > $out/pid; cat > /dev/null; while :; do sleep 1; done");
    let mut daemon = local(&folder, &[]);
    let mut caller = daemon.call();
    caller.send(&send(mine()), More::No);
    let pid = pid(&folder, "pid");
    daemon.terminate();
    assert!(daemon.wait().success());
    until_gone(pid);
}

#[test]
fn what_is_not_for_it_is_refused() {
    let folder = stage();
    let daemon = local(&folder, &[]);
    for (provider, account) in
        [("http", [("url", "http://127.0.0.1:9/")].as_slice()), ("kannel", &[("username", "u"), ("password", "p")])]
    {
        let outcome = carry(&daemon, text(provider, account)).1;
        assert_is(&outcome, CONFIG);
        assert!(outcome.said.contains("is for the courier itself"), "{outcome:?}");
    }
    let mut caller = daemon.call();
    caller.say(&format!(
        r#"{{"method":"io.pam2fa.Courier.Send","parameters":{{"id":"1","attempt":1,"deadline_ms":1000,"expires_at":"2099-01-01T00:00:00Z",
        "mail":{{"server":"127.0.0.1","port":9,"tls":"none","from":"a@example.com","to":"b@example.com","subject":"s","text":"{CODE}"}}}}}}"#
    ).replace('\n', ""));
    let (_, outcome) = caller.outcome();
    assert_is(&outcome, (Class::Rejected, Some(Reason::Request)));
    assert_eq!(outcome.said, "mails are not carried here");
}

#[test]
fn nobody_but_the_courier_is_answered() {
    if !is_root() {
        skipped("it takes root to have two users");
        return;
    }
    let folder = stage();
    program(&folder, "echo > $out/ran");
    let daemon = start(&folder, Which::Local("nobody"), "daemon", &[], Socket::Made);
    let mut caller = daemon.call();
    // Root is not the courier either, and may have been left before this is written.
    let frame = pam_2fa_protocol::wire::encode_call(pam_2fa_protocol::courier::SEND, &send(mine()), More::No).unwrap();
    let _ = caller.write(&pam_2fa_protocol::frame::terminated(&frame).unwrap());
    assert_eq!(error(caller.hear()), "io.pam2fa.Courier.NotPermitted");
    assert_eq!(caller.hear(), None);
    assert!(!folder.0.join("out/ran").exists());
}
