//! `pam-2fa enable` on the host's own files: who is asked for a code after it, and that nobody is after `disable`.
//!
//! The tests change /etc/pam.d, /var/lib/pam, /usr/share and /etc/authselect, which is the namespaces' own, and put it back.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

#[path = "enable/all.rs"]
mod all;
#[path = "enable/authselect.rs"]
mod authselect;
#[path = "enable/rhel.rs"]
mod rhel;

use e2e::mailbox;
use e2e::ssh::{PASSWORD, Ssh, wrong};
use e2e::terminal::Terminal;
use e2e::wait;
use e2e::world::{Person, Plan, World, text_of};
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use std::fs::{File, create_dir_all, read, read_dir, read_to_string, remove_file, write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Child, Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

const LOGIN: &str = "/etc/pam.d/login";
/// Where our line looks for the daemon, since `enable` writes no `socket=`.
const SOCKET: &str = "/run/pam-2fa/login.sock";

/// One test at a time: all of them look at the same folder.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes out what a test that failed has left.
struct PutBack<'a>(&'a World);

impl Drop for PutBack<'_> {
    fn drop(&mut self) {
        drop(self.0.command(&["disable", "login", "sshd"]));
        drop(self.0.command(&["disable", "--all"]));
        drop(remove_file(SOCKET));
    }
}

fn files() -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = read_dir("/etc/pam.d").unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all.into_iter().map(|path| (path.clone(), read(&path).unwrap())).collect()
}

fn at_the_password(user: &str) -> Terminal {
    let mut login = Terminal::open("login", &[user.to_owned()]);
    login.wait_for("Password: ");
    login
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn login_asks_for_a_code_from_enable_to_disable_and_pam_d_is_then_what_it_was() {
    let _alone = alone();
    let world = Plan::default().policy("required = \"mandatory\"").start();
    create_dir_all("/run/pam-2fa").unwrap();
    symlink(world.path("run/login.sock"), SOCKET).unwrap();
    let _put_back = PutBack(&world);
    let before = files();
    let ada = world.person("ada");
    let enable = || world.command(&["enable", "login", "--without-break-glass"]);

    let out = enable();
    assert!(text_of(&out).contains("nothing was sent yet by email"), "{}", text_of(&out));
    assert_eq!((out.status.code(), files() == before), (Some(1), true));
    let mut login = at_the_password(&ada.host.name);
    login.type_line(PASSWORD);
    login.prove_shell();

    assert!(world.command(&["test", "email", "postmaster@example.test"]).status.success());
    let out = enable();
    assert!(out.status.success(), "{}", text_of(&out));
    let mut login = at_the_password(&ada.host.name);
    login.type_line("not the password");
    login.wait_for("Login incorrect");
    assert_eq!(mailbox::count_after_a_while(&ada.email), 0);
    let mut login = at_the_password(&ada.host.name);
    login.type_line(PASSWORD);
    login.wait_for_code_prompt();
    login.type_line(&mailbox::wait_for(&ada.email, 1).code());
    login.prove_shell();

    let out = world.command(&["disable", "login"]);
    assert!(text_of(&out).contains("its file is as it was before"), "{}", text_of(&out));
    assert_eq!(files(), before);
    let mut login = at_the_password(&ada.host.name);
    login.type_line(PASSWORD);
    login.prove_shell();
    assert_eq!(mailbox::count_after_a_while(&ada.email), 1);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn sshd_that_cannot_ask_is_not_enabled() {
    let _alone = alone();
    let world = Plan::default().start();
    let before = files();
    let out = world.command(&["enable", "sshd", "--untested", "--without-users"]);
    assert!(text_of(&out).contains("sshd has no way to ask for a code"), "{}", text_of(&out));
    assert_eq!((out.status.code(), files() == before), (Some(1), true));
}

/// Runs the command as an administrator who came by sudo: their audit session is theirs.
fn as_from(uid: u32, world: &World, words: &[&str]) -> Output {
    let runtime = world.path("run");
    Command::new("/bin/sh")
        .args(["-c", "echo \"$1\" > /proc/self/loginuid || exit 99; shift; exec \"$@\"", "sh", &uid.to_string()])
        .args(["/usr/sbin/pam-2fa", "--runtime-dir", runtime.to_str().unwrap()])
        .args(words)
        .output()
        .unwrap()
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn who_would_be_shut_out_by_the_order_they_give_is_told_so_first() {
    let _alone = alone();
    let world = Plan::default().policy("required = \"mandatory\"\nenrolment = \"administrator\"").start();
    let before = files();
    let (ada, bob) = (world.person("ada"), world.stranger("bob"));
    let enable = |uid| as_from(uid, &world, &["enable", "sudo", "--untested", "--dry-run"]);
    let out = enable(bob.host.uid);
    let would = format!("you, {0}, would be denied at sudo (", bob.host.name);
    assert!(!out.status.success() && text_of(&out).contains(&would), "{}", text_of(&out));
    let out = enable(ada.host.uid);
    assert!(out.status.success(), "{}", text_of(&out));
    // By key alone until now.
    assert!(Command::new("usermod").args(["-p", "!", &ada.host.name]).status().unwrap().success());
    let config = world.path("own_config");
    let _sshd = Sshd::start(&world, 20_000 + e2e::ns::next_number(), "no");
    let words = ["enable", "sshd", "--sshd", "--untested", "--dry-run", "--sshd-config", config.to_str().unwrap()];
    let out = as_from(ada.host.uid, &world, &words);
    let says = format!("{} has no password, and sshd would take no key without one", ada.host.name);
    assert!(!out.status.success() && text_of(&out).contains(&says), "{}", text_of(&out));
    assert!(as_from(ada.host.uid, &world, &[&words[..], &["--key-proven"]].concat()).status.success());
    assert_eq!(files(), before);
}

/// A sshd of the host's own program and service that takes passwords and cannot ask, as Debian's does.
struct Sshd(Child);

impl Sshd {
    fn start(world: &World, port: u16, root: &str) -> Self {
        let key = world.path("own_key");
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status().unwrap();
        assert!(made.success());
        let [folder, pid] = ["own_config.d", "own.pid"].map(|name| world.path(name));
        create_dir_all(&folder).unwrap();
        let text = format!(
            "Port {port}\nHostKey {}\nPidFile {}\nInclude {}/*.conf\nUsePAM yes\nUseDNS no\nPermitRootLogin {root}\n\
             KbdInteractiveAuthentication no\nMatch User bob\n  X11Forwarding no\n",
            key.display(),
            pid.display(),
            folder.display()
        );
        write(world.path("own_config"), text).unwrap();
        let log = File::create(world.path("own.log")).unwrap();
        let mut command = Command::new("/usr/sbin/sshd");
        let child = command.args(["-D", "-e", "-f"]).arg(world.path("own_config")).stderr(log).spawn().unwrap();
        wait::until("sshd to accept", || TcpStream::connect(("127.0.0.1", port)).ok());
        Self(child)
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A key alone, ssh's own `password`, a wrong password, a right one and wrong codes, after one login and one mail.
fn nothing_goes_around(world: &World, ada: &Person, ssh: impl Fn() -> Ssh) {
    let key = world.key(ada);
    for around in
        [ssh().key(&key), ssh().option("PreferredAuthentications=password,gssapi-with-mic,hostbased,publickey")]
    {
        let out =
            Command::new("ssh").args(around.option("BatchMode=yes").command("true").arguments()).output().unwrap();
        assert!(text_of(&out).contains("Permission denied (keyboard-interactive)"), "{}", text_of(&out));
    }
    let mut login = ssh().tries(1).open();
    login.wait_for("Password:");
    login.type_line("not the password");
    login.wait_for_denial();
    assert_eq!(mailbox::count_after_a_while(&ada.email), 1);
    let mut login = ssh().tries(1).open_with_password();
    for number in 0..3 {
        login.wait_for_code_prompt();
        login.type_line(&wrong(&mailbox::wait_for(&ada.email, 2).code()));
        // sshd is left with no method then, and ssh asks by itself for what sshd does not take.
        login.wait_for(if number == 2 { "'s password: " } else { "Wrong code" });
    }
    login.type_line(PASSWORD);
    login.wait_for_denial();
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn sshd_is_told_to_ask_asks_and_is_told_otherwise_again() {
    let _alone = alone();
    let world = Plan::default().policy("required = \"mandatory\"").start();
    create_dir_all("/run/pam-2fa").unwrap();
    symlink(world.path("run/login.sock"), SOCKET).unwrap();
    let _put_back = PutBack(&world);
    let before = files();
    let (ada, port) = (world.person("ada"), 20_000 + e2e::ns::next_number());
    let sshd = Sshd::start(&world, port, "prohibit-password");
    let config = world.path("own_config");
    let of_it = |verb: &str, more: &[&str]| {
        world.command(&[&[verb, "sshd", "--sshd-config", config.to_str().unwrap()], more].concat())
    };
    let drop_in = world.path("own_config.d/00-pam-2fa.conf");

    let out = of_it("enable", &["--sshd", "--untested"]);
    assert!(
        text_of(&out).contains("root gets in by key now and would not any more (PermitRootLogin "),
        "{}",
        text_of(&out)
    );
    assert_eq!((out.status.code(), files() == before, drop_in.exists()), (Some(1), true, false));

    let out = of_it("enable", &["--sshd", "--untested", "--without-root-key"]);
    let said = text_of(&out);
    assert!(out.status.success() && said.contains("+AuthenticationMethods keyboard-interactive"), "{said}");
    assert!(said.contains("sshd was reloaded (SIGHUP to process "), "{said}");
    let ssh = || Ssh::new(&ada.host.name, port).from("203.0.113.5");
    wait::until("sshd to read its files again", || {
        let out = Command::new("ssh").args(ssh().option("BatchMode=yes").command("true").arguments()).output().unwrap();
        text_of(&out).contains("Permission denied (keyboard-interactive)").then_some(())
    });
    let mut login = ssh().open_with_password();
    login.wait_for_code_prompt();
    login.type_line(&mailbox::wait_for(&ada.email, 1).code());
    login.prove_shell();
    nothing_goes_around(&world, &ada, ssh);

    let out = of_it("disable", &[]);
    let said = text_of(&out);
    assert!(said.contains("its file is as it was before") && said.contains("our lines are out of "), "{said}");
    assert_eq!((files() == before, drop_in.exists()), (true, false));
    wait::until("sshd to read its files again", || {
        let out = Command::new("ssh").args(ssh().option("BatchMode=yes").command("true").arguments()).output().unwrap();
        text_of(&out).contains("Permission denied (publickey,password)").then_some(())
    });
    drop(sshd);
}

/// Where an earlier line wins, and for whom a `Match` says otherwise.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_drop_in_that_does_not_count_is_taken_away_and_a_match_that_stays_is_named() {
    let _alone = alone();
    let world = Plan::default().start();
    let _put_back = PutBack(&world);
    let before = files();
    let _sshd = Sshd::start(&world, 20_000 + e2e::ns::next_number(), "no");
    let config = world.path("own_config");
    let enable = || {
        let words =
            ["enable", "sshd", "--sshd", "--untested", "--without-users", "--sshd-config", config.to_str().unwrap()];
        world.command(&words)
    };
    let text = read_to_string(&config).unwrap();
    for (with, says) in [
        (format!("PasswordAuthentication yes\n{text}"), "sshd has `PasswordAuthentication yes` for root all the same"),
        (text.replace("Include", "#Include"), "does not take it in: let it begin with `Include "),
        (format!("Nonsense yes\n{text}"), "sshd refuses "),
    ] {
        write(&config, with).unwrap();
        let out = enable();
        assert!(text_of(&out).contains(says), "{}", text_of(&out));
        let left: Vec<_> = read_dir(world.path("own_config.d")).unwrap().collect();
        assert_eq!((out.status.code(), files() == before, left.len()), (Some(1), true, 0));
    }
    let blocks = "Match User bob\n  PasswordAuthentication yes\nMatch LocalPort 2222\n  AuthenticationMethods publickey\nMatch all\n";
    write(&config, format!("{blocks}{text}")).unwrap();
    let out = enable();
    assert!(
        text_of(&out)
            .contains("`Match LocalPort 2222` of sshd's stays as it is: it has `AuthenticationMethods publickey`"),
        "{}",
        text_of(&out)
    );
    assert!(
        out.status.success()
            && text_of(&out).contains("`Match User bob` of sshd's stays as it is: it has `PasswordAuthentication yes`"),
        "{}",
        text_of(&out)
    );
    // What somebody has added to it stays.
    let drop_in = world.path("own_config.d/00-pam-2fa.conf");
    let edited = [b"# m\xe9ne\n", read(&drop_in).unwrap().as_slice(), b"X11Forwarding no\n"].concat();
    write(&drop_in, edited).unwrap();
    let out = world.command(&["disable", "sshd", "--sshd-config", config.to_str().unwrap()]);
    assert!(out.status.success(), "{}", text_of(&out));
    assert_eq!((files() == before, read(&drop_in).unwrap().as_slice()), (true, &b"# m\xe9ne\nX11Forwarding no\n"[..]));
    // A run that was cut off behind the drop-in.
    assert!(enable().status.code() == Some(1), "it is there already");
    remove_file(&drop_in).unwrap();
    assert!(enable().status.success());
    let kept = read_to_string(&drop_in).unwrap();
    assert!(world.command(&["disable", "sshd", "--sshd-config", config.to_str().unwrap()]).status.success());
    write(&drop_in, kept).unwrap();
    let out = world.command(&["disable", "sshd", "--sshd-config", config.to_str().unwrap()]);
    assert!(out.status.success() && !drop_in.exists(), "{}", text_of(&out));
}

/// System calls by which files and processes come to know of something: rename, unlink, kill and their kin.
const CHANGES: [&str; 6] = if cfg!(target_arch = "x86_64") {
    ["82", "264", "316", "87", "263", "62"]
} else {
    ["38", "276", "38", "35", "35", "129"]
};

/// Runs the command and kills it before that change, counted from 1; whether it came so far. It waits at first for the lock.
fn killed_before(change: usize, world: &World, words: &[&str]) -> bool {
    let gate = File::options().write(true).open("/var/lib/pam-2fa/enable/lock").unwrap();
    gate.lock().unwrap();
    let mut command = world.command_begun(words);
    let pid = Pid::from_raw(i32::try_from(command.id()).unwrap());
    let call = || read_to_string(format!("/proc/{pid}/syscall")).unwrap_or_default();
    // clock_nanosleep(2)
    let waits = if cfg!(target_arch = "x86_64") { "230 " } else { "115 " };
    wait::until("the command to wait for the lock", || call().starts_with(waits).then_some(()));
    ptrace::attach(pid).unwrap();
    waitpid(pid, None).unwrap();
    drop(gate);
    let (mut seen, mut is_entry) = (0, false);
    while seen < change {
        ptrace::syscall(pid, None).unwrap();
        let stop = waitpid(pid, None).unwrap();
        if matches!(stop, WaitStatus::Exited(..)) {
            drop(command.wait());
            return false;
        }
        if stop != WaitStatus::Stopped(pid, Signal::SIGTRAP) {
            // A child has ended.
            continue;
        }
        is_entry = !is_entry;
        let number = call();
        let number = number.split(' ').next().unwrap_or_default();
        seen += usize::from(is_entry && CHANGES.contains(&number));
    }
    command.kill().unwrap();
    drop(command.wait());
    true
}

/// Whichever file has come into its place and whatever sshd knows of it: `disable`, once, and all is as it was.
#[test]
#[ignore = "needs tests/ns/enter"]
fn killed_before_any_change_disable_ends_it_and_sshd_is_as_before() {
    let _alone = alone();
    let world = Plan::default().start();
    let _put_back = PutBack(&world);
    let (ada, port) = (world.person("ada"), 20_000 + e2e::ns::next_number());
    let _sshd = Sshd::start(&world, port, "no");
    let config = world.path("own_config");
    let config = config.to_str().unwrap();
    let enable = ["enable", "sshd", "--sshd", "--untested", "--without-users", "--sshd-config", config];
    let disable = ["disable", "sshd", "--sshd-config", config];
    let before = files();
    // The lock is there from then on.
    assert!(world.command(&enable).status.success() && world.command(&disable).status.success());
    let is_as_before = |when: &str| {
        assert_eq!(files(), before, "{when}");
        let left: Vec<_> = read_dir(world.path("own_config.d")).unwrap().map(Result::unwrap).collect();
        assert!(left.is_empty(), "{when}: {left:?}");
        let ssh = Ssh::new(&ada.host.name, port).from("203.0.113.5").option("BatchMode=yes").command("true");
        wait::until(when, || {
            let out = Command::new("ssh").args(ssh.arguments()).output().unwrap();
            text_of(&out).contains("Permission denied (publickey,password)").then_some(())
        });
    };
    let mut cut_off = [0, 0];
    for (at, verb) in [&enable[..], &disable[..]].into_iter().enumerate() {
        for change in 1.. {
            if at == 1 {
                assert!(world.command(&enable).status.success());
            }
            if !killed_before(change, &world, verb) {
                break;
            }
            cut_off[at] += 1;
            let out = world.command(&disable);
            let said = text_of(&out);
            assert!(out.status.success() || said.contains("there is nothing to take out"), "{change}: {said}");
            is_as_before(&format!("{} killed before change {change}: {said}", verb[0]));
        }
        assert!(world.command(&disable).status.success() || at == 1);
    }
    assert!(cut_off[0] >= 8 && cut_off[1] >= 6, "{cut_off:?}");
    // The timer's run, which nobody is there to end: the next one does.
    let unconfirmed = ["disable", "--unconfirmed"];
    let mut cut_off = 0;
    for change in 1.. {
        let within = [&enable[..], &["--confirm-within", "1s", "--without-timer"]].concat();
        assert!(world.command(&within).status.success());
        // Until its second is over.
        std::thread::sleep(std::time::Duration::from_millis(1_100));
        if !killed_before(change, &world, &unconfirmed) {
            break;
        }
        cut_off += 1;
        let out = world.command(&unconfirmed);
        assert!(out.status.success(), "{change}: {}", text_of(&out));
        is_as_before(&format!("the timer's run killed before change {change}: {}", text_of(&out)));
    }
    assert!(cut_off >= 6, "{cut_off}");
}

/// Its receipt is what the next run goes by, the timer's too: it stays as long as sshd is not told.
#[test]
#[ignore = "needs tests/ns/enter"]
fn where_sshd_cannot_be_told_the_next_run_comes_back_for_it() {
    let _alone = alone();
    let world = Plan::default().start();
    let _put_back = PutBack(&world);
    let _sshd = Sshd::start(&world, 20_000 + e2e::ns::next_number(), "no");
    let (before, config, pid) = (files(), world.path("own_config"), world.path("own.pid"));
    let (config, in_it) = (config.to_str().unwrap(), read_to_string(&pid).unwrap());
    let enable = ["enable", "sshd", "--sshd", "--untested", "--without-users", "--sshd-config", config];
    let left = || read_dir(world.path("own_config.d")).unwrap().count();
    write(&pid, "nobody").unwrap();
    let out = world.command(&[&enable[..], &["--confirm-within", "1s", "--without-timer"]].concat());
    let said = text_of(&out);
    assert!(said.contains("holds no process id") && said.contains("could not be taken back"), "{said}");
    assert_eq!((out.status.code(), files() == before, left()), (Some(1), true, 1), "{said}");
    write(&pid, &in_it).unwrap();
    let said = wait::until("the next run to tell sshd", || {
        let said = text_of(&world.command(&["disable", "--unconfirmed"]));
        (left() == 0).then_some(said)
    });
    assert!(said.contains("sshd was reloaded (SIGHUP to process "), "{said}");
    assert_eq!(files(), before);
}

/// Every service of the host, whatever it is: what is planned for it is sound or is not planned.
#[test]
#[ignore = "needs tests/ns/enter"]
fn of_every_service_of_this_host_a_plan_is_shown_or_why_there_is_none() {
    let _alone = alone();
    let world = Plan::default().start();
    let before = files();
    let mut planned = Vec::new();
    for (path, _) in &before {
        let service = path.file_name().unwrap().to_str().unwrap();
        let out =
            world.command(&["enable", service, "--dry-run", "--untested", "--without-users", "--without-break-glass"]);
        let text = text_of(&out);
        if text.contains("+auth  requisite  pam_2fa.so") {
            planned.push(service.to_owned());
        } else {
            assert!(!out.status.success() && text.lines().count() == 1, "{service}: {text}");
        }
    }
    for service in ["login", "sshd", "su", "sudo"] {
        assert!(planned.iter().any(|planned| planned == service), "{service} is not among {planned:?}");
    }
    assert_eq!(files(), before);
    assert!(PathBuf::from(LOGIN).exists());
}
