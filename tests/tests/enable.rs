//! `pam-2fa enable` on the host's own files: who is asked for a code after it, and that nobody is after `disable`.
//!
//! The tests change /etc/pam.d, which is the namespaces' own, and put it back.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

use e2e::mailbox;
use e2e::ssh::PASSWORD;
use e2e::terminal::Terminal;
use e2e::world::{Plan, World, text_of};
use std::fs::{create_dir_all, read, read_dir, remove_file};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
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
