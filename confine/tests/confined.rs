//! What a confined process may not, tried by one: a child of the test is confined as the daemon is, tries, and says what came of it. Each
//! is tried by a child that is not confined, too, so that a "no" is ours. As root most of it proves something; as anybody else the kernel
//! refuses some of it anyway, and that is left out.

#![expect(unsafe_code, reason = "the calls that are refused have no safe names")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use nix::errno::Errno;
use nix::libc::{self, c_long};
use nix::sched::CloneFlags;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, socket};
use pam_2fa_confine::{Daemon, confine, own};
use std::io::{ErrorKind, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a child says at its end, in a line.
const CAME: &str = "came of it: ";

const DAEMONS: [(&str, Option<Daemon>); 4] = [
    ("nobody", None),
    ("configd", Some(Daemon::Configd)),
    ("courier", Some(Daemon::Courier)),
    ("courier-local", Some(Daemon::CourierLocal)),
];

/// What came of `attempt` in a child that is confined as `daemon`: `done`, the kernel's word, or the signal that ended it.
fn tried(daemon: &str, attempt: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("state")).unwrap();
    std::fs::write(folder.path().join("outside"), "").unwrap();
    std::fs::write(folder.path().join("attempt"), format!("{daemon} {attempt}")).unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_is_confined_and_tries", "--ignored", "--nocapture"])
        .current_dir(&folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    match (said.split(CAME).nth(1), child.status.signal()) {
        (Some(rest), None) => String::from(rest.lines().next().unwrap()),
        (None, Some(libc::SIGSYS)) => String::from("killed"),
        _ => panic!("{daemon} {attempt}: {:?}: {said}{}", child.status, String::from_utf8_lossy(&child.stderr)),
    }
}

#[test]
#[ignore = "a child of the tests here, not a test"]
fn child_that_is_confined_and_tries() {
    let folder = std::env::current_dir().unwrap();
    let Ok(asked) = std::fs::read_to_string(folder.join("attempt")) else { return };
    let (daemon, attempt) = asked.split_once(' ').unwrap();
    let (_, daemon) = *DAEMONS.iter().find(|(name, _)| *name == daemon).unwrap();
    let state = folder.join("state");
    if let Some(daemon) = daemon {
        let write: &[&Path] = if daemon == Daemon::Configd { &[&state] } else { &[] };
        let missing = confine(daemon, &[], write);
        assert!(missing.is_empty(), "{missing:?}");
    }
    let came = match attempts(attempt, &folder) {
        Ok(()) => String::from("done"),
        Err(errno) => format!("{errno:?}"),
    };
    // Not by the harness, which may start a thread for it.
    let mut out = std::io::stdout();
    writeln!(out, "{CAME}{came}").unwrap();
}

fn call(number: c_long, arguments: [c_long; 4]) -> Result<(), Errno> {
    let [first, second, third, fourth] = arguments;
    // SAFETY: no argument of these calls here is a valid address, so that none of them touches memory of ours.
    Errno::result(unsafe { libc::syscall(number, first, second, third, fourth) }).map(drop)
}

fn io(came: std::io::Result<()>) -> Result<(), Errno> {
    came.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap()))
}

fn attempts(attempt: &str, folder: &Path) -> Result<(), Errno> {
    let (what, argument) = attempt.split_once(' ').unwrap_or((attempt, ""));
    let socket_of = |family| socket(family, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None).map(drop);
    match what {
        "read" => io(std::fs::File::open(argument).map(drop)),
        "list" => io(std::fs::read_dir(argument).map(drop)),
        "write-state" => io(write_state(&folder.join("state"))),
        "write-outside" => io(std::fs::write(folder.join("new"), "")),
        "write-there" => io(std::fs::OpenOptions::new().append(true).open(folder.join("outside")).map(drop)),
        "remove" => io(std::fs::remove_file(folder.join("outside"))),
        "make-fifo" => nix::unistd::mkfifo(&folder.join("state/fifo"), nix::sys::stat::Mode::S_IRWXU),
        "execute" => io(Command::new("/bin/true").status().map(drop)),
        // None that is there: whoever is not confined is to come back from it.
        "execve" => nix::unistd::execv(c"/no-such-program-here", &[c"program"]).map(drop),
        "fork" => fork(),
        "thread" => io(std::thread::Builder::new().spawn(|| ()).map(|thread| thread.join().unwrap())),
        "inet" => socket_of(AddressFamily::Inet),
        "inet6" => socket_of(AddressFamily::Inet6),
        "unix" => socket_of(AddressFamily::Unix),
        "netlink" => call(libc::SYS_socket, [libc::AF_NETLINK.into(), libc::SOCK_RAW.into(), 0, 0]),
        "packet" => socket_of(AddressFamily::Packet),
        "vsock" => call(libc::SYS_socket, [libc::AF_VSOCK.into(), libc::SOCK_STREAM.into(), 0, 0]),
        "sctp" => {
            call(libc::SYS_socket, [libc::AF_INET.into(), libc::SOCK_STREAM.into(), libc::IPPROTO_SCTP.into(), 0])
        }
        "icmp" => call(libc::SYS_socket, [libc::AF_INET.into(), libc::SOCK_DGRAM.into(), libc::IPPROTO_ICMP.into(), 0]),
        "connect" => tcp(|descriptor| connect(descriptor, &SockaddrIn::new(127, 0, 0, 1, argument.parse().unwrap()))),
        "bind" => tcp(|descriptor| bind(descriptor, &SockaddrIn::new(127, 0, 0, 1, 0))),
        "writable-code" => match region::alloc(4096, region::Protection::READ_WRITE_EXECUTE) {
            Ok(_memory) => Ok(()),
            Err(region::Error::SystemCall(error)) => Err(Errno::from_raw(error)),
            Err(error) => panic!("{error}"),
        },
        "make-code" => {
            let page = region::alloc(4096, region::Protection::READ_WRITE).unwrap();
            let address = page.as_ptr::<u8>() as c_long;
            call(libc::SYS_mprotect, [address, 4096, (libc::PROT_READ | libc::PROT_EXEC).into(), 0])
        }
        // Nobody traces process 1: that is said to whoever may ask.
        "ptrace" => call(libc::SYS_ptrace, [libc::PTRACE_PEEKDATA.into(), 1, 0, 0]),
        "read-memory" => call(libc::SYS_process_vm_readv, [1, 0, 0, 0]),
        "unshare" => nix::sched::unshare(CloneFlags::CLONE_NEWNS),
        "mount" => nix::mount::mount(Some("none"), "/mnt", Some("tmpfs"), nix::mount::MsFlags::empty(), None::<&str>),
        "io_uring" => call(libc::SYS_io_uring_setup, [0, 0, 0, 0]),
        "keyctl" => call(libc::SYS_keyctl, [0, -4, 0, 0]),
        "userfaultfd" => call(libc::SYS_userfaultfd, [libc::O_CLOEXEC.into(), 0, 0, 0]),
        "bpf" => call(libc::SYS_bpf, [-1, 0, 0, 0]),
        "setuid" => call(libc::SYS_setuid, [nix::unistd::getuid().as_raw().into(), 0, 0, 0]),
        "chroot" => nix::unistd::chroot("/"),
        "clock" => call(libc::SYS_clock_settime, [libc::CLOCK_REALTIME.into(), 0, 0, 0]),
        "sethostname" => call(libc::SYS_sethostname, [0, -1, 0, 0]),
        "x32" => call(0x4000_0000 | libc::SYS_socket, [libc::AF_INET.into(), libc::SOCK_DGRAM.into(), 0, 0]),
        "type-for-others" => call(libc::SYS_ioctl, [0, libc::TIOCSTI.cast_signed(), 0, 0]),
        "signal" => nix::sys::signal::kill(nix::unistd::Pid::from_raw(argument.parse().unwrap()), None),
        "module-of-nss" => {
            assert!(matches!(nix::unistd::User::from_name("no-such-user-here"), Ok(None)));
            let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
            if maps.contains("libnss_systemd") { Ok(()) } else { Err(Errno::ELIBACC) }
        }
        _ => panic!("{attempt}"),
    }
}

/// By the call itself: `fork` of glibc's is the same.
fn fork() -> Result<(), Errno> {
    // SAFETY: with these flags it takes no address; the child ends at once, and has run nothing.
    let child = Errno::result(unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) })?;
    if child == 0 {
        // SAFETY: it ends the process, and runs nothing before.
        unsafe { libc::_exit(0) };
    }
    Ok(())
}

fn tcp(then: impl FnOnce(i32) -> Result<(), Errno>) -> Result<(), Errno> {
    let socket = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    then(socket.as_raw_fd())
}

/// As the store and the key do.
fn write_state(state: &Path) -> std::io::Result<()> {
    let (draft, file) = (state.join("draft"), state.join("file"));
    let mut made = std::fs::File::create(&draft)?;
    made.write_all(b"text")?;
    made.sync_all()?;
    made.set_len(2)?;
    std::fs::hard_link(&draft, state.join("linked"))?;
    std::fs::rename(&draft, &file)?;
    std::fs::File::open(state)?.sync_all()?;
    std::fs::create_dir(state.join("folder"))?;
    std::fs::rename(&file, state.join("folder/file"))?;
    std::fs::remove_file(state.join("folder/file"))?;
    std::fs::remove_dir(state.join("folder"))
}

/// That it is the confinement that says no: whoever is not confined is not told the same.
fn refused(daemons: &[&str], attempt: &str, expected: &str) {
    let free = tried("nobody", attempt);
    assert_ne!(free, expected, "{attempt}: refused to whoever tries, here; what is ours cannot be told");
    for daemon in daemons {
        assert_eq!(tried(daemon, attempt), expected, "{daemon}: {attempt}");
    }
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

#[test]
fn configd_reads_what_it_needs_and_no_homes_logs_spools_or_temporary_files_even_as_root() {
    let others = tempfile::NamedTempFile::new().unwrap();
    let temporary = others.path().display().to_string();
    for daemon in ["configd", "courier"] {
        for place in ["list /", "list /var/log", "list /var/spool", "list /tmp", "list /home", "list /dev", "list /sys"]
        {
            refused(&[daemon], place, "EACCES");
        }
        if is_root() {
            refused(&[daemon], "list /root", "EACCES");
        }
        refused(&[daemon], &format!("read {temporary}"), "EACCES");
        for place in ["read /etc/passwd", "read /proc/self/status", "list /run", "list /usr/lib", "read /dev/null"] {
            assert_eq!(tried(daemon, place), "done", "{daemon}: {place}");
        }
    }
}

#[test]
fn configd_writes_its_state_folder_alone_and_the_courier_nothing() {
    assert_eq!(tried("configd", "write-state"), "done");
    refused(&["configd"], "make-fifo", "EPERM");
    for attempt in ["write-outside", "write-there", "remove"] {
        refused(&["configd", "courier"], attempt, "EACCES");
        assert_eq!(tried("courier-local", attempt), "done", "its files are its unit's matter");
    }
    refused(&["courier"], "write-state", "EACCES");
}

#[test]
fn no_program_is_run_by_configd_and_the_courier_and_whoever_tries_ends() {
    refused(&["configd", "courier"], "execve", "killed");
    refused(&["configd", "courier"], "execute", "EPERM");
    refused(&["configd", "courier"], "fork", "EPERM");
    for daemon in ["configd", "courier", "courier-local"] {
        assert_eq!(tried(daemon, "thread"), "done", "{daemon}");
    }
    assert_eq!(tried("courier-local", "execute"), "done", "it is there for it");
}

#[test]
fn configd_has_no_network_and_the_courier_tcp_and_udp_alone() {
    for family in ["inet", "inet6", "netlink"] {
        refused(&["configd"], family, "EAFNOSUPPORT");
    }
    for other in ["netlink", "packet", "vsock"] {
        // A kernel without vsock says the same by itself.
        if tried("nobody", other) == "done" {
            refused(&["configd", "courier"], other, "EAFNOSUPPORT");
        }
    }
    refused(&["courier"], "sctp", "EAFNOSUPPORT");
    refused(&["courier"], "icmp", "EAFNOSUPPORT");
    for (daemon, family) in [("configd", "unix"), ("courier", "unix"), ("courier", "inet"), ("courier", "inet6")] {
        assert_eq!(tried(daemon, family), "done", "{daemon}: {family}");
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let connect = format!("connect {}", listener.local_addr().unwrap().port());
    assert_eq!(tried("courier", &connect), "done");
    refused(&["courier"], "bind", "EPERM");
}

#[test]
fn memory_is_never_code_and_writable_at_once_and_nobody_looks_into_other_processes() {
    refused(&["configd", "courier"], "writable-code", "EPERM");
    refused(&["configd", "courier"], "make-code", "EPERM");
    for attempt in ["ptrace", "read-memory", "userfaultfd", "bpf"] {
        assert_eq!(tried("configd", attempt), "killed", "{attempt}");
        assert_eq!(tried("courier", attempt), "killed", "{attempt}");
        assert_eq!(tried("courier-local", attempt), "EPERM", "{attempt}");
    }
    assert_eq!(tried("nobody", "ptrace"), "ESRCH");
}

#[test]
fn no_mounts_namespaces_keys_rings_or_clocks() {
    for attempt in ["io_uring", "clock", "sethostname", "type-for-others"] {
        refused(&["configd", "courier", "courier-local"], attempt, "EPERM");
    }
    for attempt in ["keyctl", "setuid"] {
        refused(&["configd", "courier"], attempt, "EPERM");
    }
    if is_root() {
        for attempt in ["unshare", "mount", "chroot"] {
            refused(&["configd", "courier", "courier-local"], attempt, "EPERM");
        }
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn the_numbers_of_x32_are_no_way_round() {
    refused(&["configd", "courier"], "x32", "killed");
}

#[test]
fn no_process_outside_is_signalled() {
    let mut other = Command::new("sleep").arg("60").spawn().unwrap();
    let signal = format!("signal {}", other.id());
    let (free, confined) = (tried("nobody", &signal), ["configd", "courier"].map(|daemon| tried(daemon, &signal)));
    other.kill().unwrap();
    other.wait().unwrap();
    assert_eq!((free.as_str(), confined.each_ref().map(String::as_str)), ("done", ["EPERM", "EPERM"]));
}

/// Debian's libnss-systemd (scripts/requirements).
#[test]
fn a_module_of_nss_that_was_not_loaded_yet_is_loaded_and_asked() {
    let switch = std::fs::read_to_string("/etc/nsswitch.conf").unwrap();
    let asks = switch.lines().any(|line| line.starts_with("passwd:") && line.contains("systemd"));
    assert!(asks, "/etc/nsswitch.conf asks no module: run scripts/requirements");
    assert_eq!(tried("configd", "module-of-nss"), "done");
    assert_eq!(tried("courier", "module-of-nss"), "done");
}

#[test]
fn nothing_is_said_to_be_in_force_before_it_is() {
    assert_eq!((own().filters, own().landlock), (0, None));
}

#[test]
fn what_is_not_there_is_another_error_than_what_is_refused() {
    assert_eq!(std::fs::File::open("/run/no-such-file-here").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(tried("configd", "read /run/no-such-file-here"), "ENOENT");
}
