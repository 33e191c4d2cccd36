//! The courier in front of courier-local, as configd meets it.

use super::*;
use crate::common::daemon::is_root;
use crate::common::skipped;
use nix::sys::signal::Signal;
use std::os::unix::net::UnixListener;

fn courier(folder: &Arc<Folder>) -> Daemon {
    start(folder, Which::Courier, "root", &[], Socket::Made)
}

fn behind(folder: &Arc<Folder>) -> Daemon {
    start(folder, Which::Local("daemon"), "nobody", &[], Socket::Made)
}

#[test]
fn a_message_goes_from_the_courier_by_courier_local_to_the_program_and_its_words_come_back() {
    let folder = stage();
    program(
        &folder,
        "cat > $out/text; echo >> $out/text; id -un > $out/user; echo \"$1\" > $out/to; echo id=42; read status < $out/status; exit $status",
    );
    let (courier, local) = (courier(&folder), behind(&folder));
    for (status, expected) in
        [(0, ACCEPTED), (67, (Class::Rejected, Some(Reason::BadNumber))), (75, (Class::Temporary, None)), (1, UNCLEAR)]
    {
        std::fs::write(folder.0.join("out/status"), format!("{status}\n")).unwrap();
        let (steps, outcome) = carry(&courier, text("mine", &[]));
        assert_is(&outcome, expected);
        assert!(outcome.said.contains(&format!("ended with status {status}: id=42")), "{outcome:?}");
        assert_eq!(steps.len(), 2, "{steps:?}");
        assert!(steps[0].starts_with("runs /"), "{steps:?}");
        assert_eq!(outcome.provider_id.as_deref(), (expected == ACCEPTED).then_some("42"));
        assert_discreet(&local, &steps, &outcome);
    }
    assert_eq!(written(&folder, "text"), format!("{CODE} is your Example Corp login code (7F) for host.\n"));
    assert_eq!(written(&folder, "to"), format!("{TO}\n"));
    if is_root() {
        assert_eq!(written(&folder, "user"), "daemon\n", "not the courier's user");
    }
}

#[test]
fn the_answer_is_there_in_time_also_through_both() {
    let folder = stage();
    program(&folder, "cat > /dev/null; exec sleep 600");
    let (courier, _local) = (courier(&folder), behind(&folder));
    let begun = wait::now();
    let (_, outcome) = carry_within(&courier, text("mine", &[]), 3_000);
    assert!(begun.elapsed().as_secs() < 4, "{:?}", begun.elapsed());
    assert_is(&outcome, UNCLEAR);
    assert!(outcome.said.contains("was stopped"), "courier-local itself has said so: {outcome:?}");
}

#[test]
fn without_courier_local_it_is_said_what_to_do() {
    let folder = stage();
    program(&folder, "echo > $out/ran");
    let courier = courier(&folder);
    let expected =
        "sms.provider: pam-2fa-courier-local is not running: systemctl enable --now pam-2fa-courier-local.socket";
    let outcome = carry(&courier, text("mine", &[])).1;
    assert_is(&outcome, CONFIG);
    assert!(outcome.said.starts_with(expected), "{outcome:?}");
    // One that has ended has left its socket.
    drop(behind(&folder));
    let outcome = carry(&courier, text("mine", &[])).1;
    assert_is(&outcome, CONFIG);
    assert!(outcome.said.starts_with(expected), "{outcome:?}");
    assert!(!folder.0.join("out/ran").exists());
}

#[test]
fn a_courier_local_that_is_killed_may_have_sent_the_message() {
    let folder = stage();
    program(&folder, "echo $$ > $out/pid; cat > /dev/null; exec sleep 600");
    let (courier, local) = (courier(&folder), behind(&folder));
    let mut caller = courier.call();
    caller.send(&send(text("mine", &[])), More::Yes);
    let left = pid(&folder, "pid");
    kill(Pid::from_raw(local.pid().try_into().unwrap()), Signal::SIGKILL).unwrap();
    let (_, outcome) = caller.outcome();
    // What it has started is systemd's to end. Here it is ours.
    kill(left, Signal::SIGKILL).unwrap();
    assert_is(&outcome, UNCLEAR);
    assert!(outcome.said.contains("may have been taken all the same"), "{outcome:?}");
}

#[test]
fn configd_that_hangs_up_ends_the_program() {
    let folder = stage();
    program(&folder, "echo $$ > $out/pid; cat > /dev/null; exec sleep 600");
    let (courier, _local) = (courier(&folder), behind(&folder));
    let mut caller = courier.call();
    caller.send(&send(text("mine", &[])), More::Yes);
    let pid = pid(&folder, "pid");
    drop(caller);
    until_gone(pid);
}

#[test]
fn a_courier_local_that_is_not_ours_or_takes_us_for_another_gets_and_sends_nothing() {
    if !is_root() {
        skipped("it takes root to have two users");
        return;
    }
    let folder = stage();
    program(&folder, "echo > $out/ran");
    let courier = courier(&folder);
    {
        let _other = start(&folder, Which::Local("daemon"), "root", &[], Socket::Made);
        let socket = folder.0.join("courier-local.sock");
        std::fs::set_permissions(&socket, Permissions::from_mode(0o666)).unwrap();
        let outcome = carry(&courier, text("mine", &[])).1;
        assert_is(&outcome, CONFIG);
        assert!(outcome.said.contains("does not take the courier's calls"), "{outcome:?}");
        std::fs::remove_file(socket).unwrap();
    }
    // A socket of root's, and the one that listens there is not root: whose it is, is who has called listen().
    let socket = folder.0.join("courier-local.sock");
    let listener = listen_as("daemon", &socket);
    let outcome = carry(&courier, text("mine", &[])).1;
    assert_is(&outcome, CONFIG);
    assert!(outcome.said.contains("not root; it is not used"), "{outcome:?}");
    drop(listener);
    assert!(!folder.0.join("out/ran").exists());
}

/// A process of another user's that listens there, until this is dropped.
struct Listening(std::process::Child);

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn listen_as(user: &str, socket: &Path) -> Listening {
    use std::os::fd::OwnedFd;
    use std::os::unix::process::CommandExt;
    let user = nix::unistd::User::from_name(user).unwrap().unwrap();
    let listener = UnixListener::bind(socket).unwrap();
    std::fs::set_permissions(socket, Permissions::from_mode(0o666)).unwrap();
    // listen() called again: from then on it is theirs.
    let script = "import socket, sys; s = socket.socket(fileno=0); s.listen(); print('listening', flush=True); s.accept()[0].recv(1)";
    let mut child = std::process::Command::new("/usr/bin/python3")
        .args(["-c", script])
        .uid(user.uid.as_raw())
        .stdin(OwnedFd::from(listener))
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    assert_eq!(line, "listening\n");
    Listening(child)
}

#[test]
fn the_couriers_program_holds_no_code_for_the_message_bus() {
    let holds = |program: &str| {
        let bytes = std::fs::read(program).unwrap();
        let words = b"org.freedesktop.ModemManager1.Modem.Messaging";
        bytes.windows(words.len()).any(|window| window == words)
    };
    assert!(holds(env!("CARGO_BIN_EXE_courier-local")));
    assert!(!holds(env!("CARGO_BIN_EXE_courier")));
}
