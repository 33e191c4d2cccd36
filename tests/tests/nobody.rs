//! Programs with nobody in front of them: copies, automation, cron, sshd's own `password` method. Denied soon, nothing is sent and
//! nothing is charged: whoever logs in after them has all tries.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

use e2e::host::{HostUser, Stack, change_users};
use e2e::mailbox;
use e2e::programs::Programs;
use e2e::ssh::{PASSWORD, wrong};
use e2e::world::{Person, Plan, World, text_of};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What ends a program that hangs: longer than any denial takes, with sshd's own delays.
const TOO_LONG_S: &str = "20";

/// Runs a program without a terminal, as cron and a service do.
fn run(words: &[String]) -> Output {
    let out =
        Command::new("setsid").args(["-w", "timeout", TOO_LONG_S]).args(words).stdin(Stdio::null()).output().unwrap();
    assert_ne!(out.status.code(), Some(124), "it hangs: {words:?}");
    assert!(!out.status.success(), "{words:?}");
    out
}

fn words(text: &[&str]) -> Vec<String> {
    text.iter().map(|word| (*word).to_owned()).collect()
}

/// The options of `ssh` for this world without its first words and its last, which is where to.
fn options(world: &World, person: &Person, key: &Path) -> Vec<String> {
    let mut all = world.ssh(person).key(key).arguments();
    all.truncate(all.len() - 1);
    // `-F none -p PORT`: scp and sftp have another letter for the port.
    all.drain(..4);
    all.extend(["-o".to_owned(), format!("Port={}", world.port())]);
    all
}

/// Nothing was sent, and a login by hand has all its tries.
fn nothing_came_of_it(world: &World, person: &Person, key: Option<&PathBuf>) {
    assert_eq!(mailbox::count_after_a_while(&person.email), 0);
    let mut ssh = match key {
        Some(key) => world.ssh(person).key(key).open(),
        None => world.ssh(person).open_with_password(),
    };
    ssh.wait_for_code_prompt();
    let code = mailbox::wait_for(&person.email, 1).code();
    ssh.type_line(&wrong(&code));
    ssh.wait_for("2 tries left");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn copies_and_automation_by_key_are_denied_and_nothing_is_sent_or_charged() {
    let plan = Plan::default().stack(Stack::KeyProven).sshd("AuthenticationMethods publickey,keyboard-interactive");
    let world = plan.start();
    let ada = world.person("ada");
    let key = world.key(&ada);
    let to = format!("{}@127.0.0.1", ada.host.name);
    let file = world.path("copied");
    fs::write(&file, "x").unwrap();
    let with = |program: &str, more: &[&str], after: &[&str]| {
        let mut all = words(&[program]);
        all.extend(words(more));
        all.extend(options(&world, &ada, &key));
        all.extend(words(after));
        all
    };
    let (local, remote) = (file.display().to_string(), format!("{to}:/tmp/copied"));
    // What a backup, a fleet's command and a copy run; the last two are the words of rsync and Ansible, which run ssh for the rest.
    for program in [
        with("scp", &["-B"], &[&local, &remote]),
        with("scp", &[], &[&local, &remote]),
        with("sftp", &["-b", "/dev/null"], &[&to]),
        with("ssh", &["-T", "-o", "BatchMode=yes"], &[&to, "true"]),
        with("ssh", &["-T"], &[&to, "true"]),
        with("ssh", &["-x", "-T"], &[&to, "rsync", "--server", "-logDtpre.iLsfxCIvu", ".", "/tmp/copied"]),
        with(
            "ssh",
            &[
                "-C",
                "-o",
                "KbdInteractiveAuthentication=no",
                "-o",
                "PasswordAuthentication=no",
                "-o",
                "ConnectTimeout=10",
            ],
            &[&to, "/bin/sh -c 'echo ~ && sleep 0'"],
        ),
    ] {
        run(&program);
    }
    // scp and the two of ssh that may ask: they were asked, and nobody was there.
    assert_eq!(world.logs().matches("reason=\"nobody-there\"").count(), 3, "{}", world.logs());
    nothing_came_of_it(&world, &ada, Some(&key));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_bot_that_answers_everything_at_once_is_denied_and_nothing_is_sent_or_charged() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let askpass = world.path("askpass");
    fs::write(&askpass, format!("#!/bin/sh\ncase $1 in *assword*) echo '{PASSWORD}' ;; *) echo ;; esac\n")).unwrap();
    e2e::world::own(&askpass, 0o755, "root:root");
    let mut all = words(&["env", "SSH_ASKPASS_REQUIRE=force"]);
    all.push(format!("SSH_ASKPASS={}", askpass.display()));
    all.extend(words(&["ssh", "-T"]));
    all.extend(world.ssh(&ada).tries(3).command("true").arguments());
    run(&all);
    assert_eq!(world.logs().matches("reason=\"nobody-there\"").count(), 3, "{}", world.logs());
    nothing_came_of_it(&world, &ada, None);
}

/// paramiko and its like answer each one-field prompt with the password.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_bot_that_answers_every_prompt_with_the_password_is_not_charged_whatever_that_looks_like() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let set = |password: &str| {
        change_users(&["sh", "-c", &format!("echo '{}:{password}' | chpasswd", ada.host.name)]);
    };
    // Of the form of a code, and of that of a recovery code.
    for password in ["135790", "7K3M9QXD01234567"] {
        set(password);
        let askpass = world.path("askpass");
        fs::write(&askpass, format!("#!/bin/sh\necho '{password}'\n")).unwrap();
        e2e::world::own(&askpass, 0o755, "root:root");
        let mut all = words(&["env", "SSH_ASKPASS_REQUIRE=force"]);
        all.push(format!("SSH_ASKPASS={}", askpass.display()));
        all.extend(words(&["ssh", "-T"]));
        all.extend(world.ssh(&ada).tries(2).command("true").arguments());
        run(&all);
    }
    let shown = text_of(&world.command(&["user", "show", &ada.host.name]));
    assert!(!shown.contains("wrong"), "{shown}");
    set(PASSWORD);
    nothing_came_of_it(&world, &ada, None);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn sudo_from_cron_is_denied_and_nothing_is_sent_or_charged() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let programs = Programs::of(&world);
    // As cron runs it: no terminal, the password from a file, and nothing behind it.
    let mut sudo = programs
        .open_as(&ada.host, &["sh", "-c", &format!("echo '{PASSWORD}' | setsid -w sudo -S id -u; echo ended-$?")]);
    sudo.wait_for("ended-1");
    let text = sudo.text();
    assert!(!text.contains("try again") && !text.lines().any(|line| line.trim() == "0"), "{text}");
    nothing_came_of_it(&world, &ada, None);
}

/// sshd runs the stack for root by key and then refuses: it hands on junk, whatever is typed. Where it does not refuse, a letter
/// brings the code.
#[test]
#[ignore = "needs tests/ns/enter"]
fn root_by_key_is_sent_nothing_where_sshd_refuses_it_and_a_code_where_it_does_not() {
    for permit in ["prohibit-password", "yes"] {
        let world = Plan::default()
            .stack(Stack::KeyProven)
            .sshd("AuthenticationMethods publickey,keyboard-interactive")
            .sshd(&format!("PermitRootLogin {permit}"))
            .start();
        let host = HostUser { name: String::from("root"), uid: 0 };
        let root = Person { email: world.stranger("root").email, host };
        let out = world.command(&["user", "set", "root", "--email", &root.email, "--verify", "always", "--trusted"]);
        assert!(out.status.success(), "{}", text_of(&out));
        let mut ssh = world.ssh(&root).key(&world.key(&root)).open();
        ssh.wait_for("Type 'e' for a code by email to r***@example.test: ");
        assert_eq!(mailbox::count_after_a_while(&root.email), 0);
        ssh.type_line("e");
        if permit == "yes" {
            ssh.wait_for_code_prompt();
            let code = mailbox::wait_for(&root.email, 1).code();
            ssh.type_line(&code);
            ssh.wait_for("# ");
            ssh.type_line("echo shell-$((40 + 2))");
            ssh.wait_for("shell-42");
        } else {
            ssh.wait_for_denial();
            assert_eq!(mailbox::count_after_a_while(&root.email), 0);
            let shown = text_of(&world.command(&["user", "show", "root"]));
            assert!(!shown.contains("wrong"), "{shown}");
            assert!(
                e2e::ns::syslog_lines("pam_2fa").join("\n").contains("as sshd makes it for a user who may not log in"),
                "{}",
                world.logs()
            );
        }
    }
}

/// Of Enter sshd's junk is nothing: it chooses no way.
#[test]
#[ignore = "needs tests/ns/enter"]
fn root_by_key_with_several_ways_is_sent_nothing_by_enter_where_sshd_refuses_it() {
    let world = Plan::default()
        .with_texts()
        .stack(Stack::KeyProven)
        .sshd("AuthenticationMethods publickey,keyboard-interactive")
        .sshd("PermitRootLogin prohibit-password")
        .start();
    let host = HostUser { name: String::from("root"), uid: 0 };
    let root = Person { email: world.stranger("root").email, host };
    let out = world.command(&[
        "user",
        "set",
        "root",
        "--email",
        &root.email,
        "--phone",
        "+15550100",
        "--verify",
        "always",
        "--trusted",
    ]);
    assert!(out.status.success(), "{}", text_of(&out));
    let mut ssh = world.ssh(&root).key(&world.key(&root)).open();
    for _ in 0..2 {
        ssh.wait_for("Choose by number: ");
        assert_eq!(mailbox::count_codes_after_a_while(&root.email), 0);
        ssh.type_line("");
    }
    ssh.wait_for("Choose by number: ");
    ssh.type_line("1");
    ssh.wait_for_denial();
    assert_eq!((world.texts().len(), mailbox::count_codes_after_a_while(&root.email)), (0, 0));
}
