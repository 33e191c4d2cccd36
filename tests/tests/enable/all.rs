//! `enable --all` and `disable --all` with the host's own pam-auth-update.

use crate::{PutBack, SOCKET, Sshd, alone, at_the_password};
use e2e::mailbox;
use e2e::ssh::{PASSWORD, Ssh};
use e2e::terminal::Terminal;
use e2e::wait;
use e2e::world::{Person, Plan, text_of};
use std::fs::{create_dir_all, read, read_dir};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// What pam-auth-update reads and writes.
fn common_files() -> Vec<(PathBuf, Vec<u8>)> {
    let folders = ["/etc/pam.d", "/var/lib/pam", "/usr/share/pam-configs"];
    let mut all: Vec<_> =
        folders.iter().flat_map(|folder| read_dir(folder).unwrap()).map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all.into_iter().map(|path| (path.clone(), read(&path).unwrap())).collect()
}

/// Logs in by the code of so many messages.
fn at_the_console(person: &Person, messages: usize) {
    let mut login = at_the_password(&person.host.name);
    login.type_line(PASSWORD);
    login.wait_for_code_prompt();
    login.type_line(&mailbox::wait_for(&person.email, messages).code());
    login.prove_shell();
}

/// login, su and sshd of the host, with the host's own pam-auth-update.
#[test]
#[ignore = "needs tests/ns/enter"]
fn all_services_ask_for_a_code_from_enable_all_to_disable_all_and_every_file_is_then_what_it_was() {
    if !Path::new("/usr/sbin/pam-auth-update").exists() {
        return;
    }
    let _alone = alone();
    let world = Plan::default().policy("required = \"mandatory\"").start();
    create_dir_all("/run/pam-2fa").unwrap();
    symlink(world.path("run/login.sock"), SOCKET).unwrap();
    let _put_back = PutBack(&world);
    let before = common_files();
    let (ada, port) = (world.person("ada"), 20_000 + e2e::ns::next_number());
    let _sshd = Sshd::start(&world, port, "no");
    let config = world.path("own_config");
    let meant = ["--untested", "--without-break-glass", "--sshd-config", config.to_str().unwrap()];
    let enable = |more: &[&str]| world.command(&[&["enable", "--all"], &meant[..], more].concat());

    let out = enable(&[]);
    assert!(text_of(&out).contains("sshd has no way to ask for a code"), "{}", text_of(&out));
    let out = enable(&["--sshd", "--dry-run"]);
    assert!(
        out.status.success() && text_of(&out).contains("+auth    requisite            pam_2fa.so"),
        "{}",
        text_of(&out)
    );
    assert!(common_files() == before);
    let out = enable(&["--sshd"]);
    let said = text_of(&out);
    assert!(out.status.success(), "{said}");
    let asking = said.lines().find_map(|line| line.strip_prefix("these ask for a code then: ")).unwrap();
    for service in ["login", "sshd", "su", "sudo"] {
        assert!(asking.split(", ").any(|asks| asks == service), "{service}: {asking}");
    }

    let mut login = at_the_password(&ada.host.name);
    login.type_line("not the password");
    login.wait_for("Login incorrect");
    assert_eq!(mailbox::count_after_a_while(&ada.email), 0);
    at_the_console(&ada, 1);
    let words = ["--reuid=65534", "--regid=65534", "--clear-groups", "su", &ada.host.name].map(String::from);
    let mut su = Terminal::open("setpriv", &words);
    su.wait_for("Password: ");
    su.type_line(PASSWORD);
    su.wait_for_code_prompt();
    su.type_line(&mailbox::wait_for(&ada.email, 2).code());
    su.prove_shell();
    let mut ssh = Ssh::new(&ada.host.name, port).from("203.0.113.5").open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&mailbox::wait_for(&ada.email, 3).code());
    ssh.prove_shell();

    // What is not to be confirmed is not.
    assert!(text_of(&world.command(&["confirm", "--all"])).contains("no `enable --all` waits to be confirmed"));
    let out = world.command(&["disable", "--all", "--sshd-config", config.to_str().unwrap()]);
    let said = text_of(&out);
    assert!(said.contains("they are as they were before") && said.contains("our lines are out of "), "{said}");
    assert!(common_files() == before);
    let mut login = at_the_password(&ada.host.name);
    login.type_line(PASSWORD);
    login.prove_shell();
    assert_eq!(mailbox::count_after_a_while(&ada.email), 3);
}

/// A login of any service proves what was changed for all; sshd's own settings are proved by sshd alone.
#[test]
#[ignore = "needs tests/ns/enter"]
fn what_enable_all_has_changed_stays_by_a_login_with_a_code_and_goes_again_without_one() {
    if !Path::new("/usr/sbin/pam-auth-update").exists() {
        return;
    }
    let _alone = alone();
    let world = Plan::default().policy("required = \"mandatory\"").start();
    create_dir_all("/run/pam-2fa").unwrap();
    symlink(world.path("run/login.sock"), SOCKET).unwrap();
    let _put_back = PutBack(&world);
    let before = common_files();
    let (ada, port) = (world.person("ada"), 20_000 + e2e::ns::next_number());
    let _sshd = Sshd::start(&world, port, "no");
    let config = world.path("own_config");
    let run = |words: &[&str], ends: i32| {
        let out = world.command(words);
        assert_eq!(out.status.code(), Some(ends), "{words:?}: {}", text_of(&out));
        text_of(&out)
    };
    let enable = |within: &str, more: &[&str]| {
        let meant = ["--confirm-within", within, "--untested", "--without-break-glass", "--without-timer"];
        let which = ["--sshd-config", config.to_str().unwrap()];
        run(&[&["enable", "--all", "--sshd"], &which[..], &meant[..], more].concat(), 0)
    };
    let said = enable("10m", &["--dry-run", "--json"]);
    assert!(said.contains("\"confirm_until\": \"2"), "{said}");
    assert!(common_files() == before);
    let said = enable("10m", &[]);
    assert!(said.contains("it goes again in 10 min, at ") && said.contains("unless `pam-2fa confirm` comes"), "{said}");
    let enabled = common_files();
    assert!(enabled != before);
    at_the_console(&ada, 1);
    for words in [&["confirm"][..], &["confirm", "--all"]] {
        let said = run(words, 1);
        assert!(said.contains("--all: nobody has got in to sshd by a code") && said.contains("min"), "{said}");
    }
    assert!(run(&["confirm", "login"], 1).contains("login does not wait to be confirmed"));
    let mut ssh = Ssh::new(&ada.host.name, port).from("203.0.113.5").open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&mailbox::wait_for(&ada.email, 2).code());
    ssh.prove_shell();
    let said = run(&["confirm"], 0);
    let stays = format!("--all stays as it is: {} got in to sshd by a code (email) at ", ada.host.name);
    assert!(said.contains(&stays), "{said}");
    assert_eq!(run(&["disable", "--unconfirmed"], 0), "");
    assert!(common_files() == enabled);
    run(&["disable", "--all", "--sshd-config", config.to_str().unwrap()], 0);
    assert!(common_files() == before);

    let drop_in = format!("{}.d/00-pam-2fa.conf", config.display());
    enable("2s", &["--without-users"]);
    assert!(Path::new(&drop_in).exists());
    let is_over = || Some(run(&["disable", "--unconfirmed"], 0)).filter(|said| !said.is_empty());
    let said = wait::until("the time to be over", is_over);
    assert!(said.contains("the common lines ask for no code any more: nobody has confirmed it within 2 s"), "{said}");
    assert!(said.contains("they are as they were before"), "{said}");
    assert!(common_files() == before && !Path::new(&drop_in).exists());
    assert!(run(&["confirm"], 1).contains("nothing waits to be confirmed"));
    // While it waits, the receipt knows which sshd it was.
    enable("10m", &[]);
    run(&["disable", "--all"], 0);
    assert!(common_files() == before && !Path::new(&drop_in).exists());
}
