//! Logins through the host's own programs, each over its example of `etc/pam.d` as it stands there (our lines alone say which socket), beside
//! Debian's own common-auth.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use e2e::cockpit::{Answer, Cockpit};
use e2e::host::{Stack, example};
use e2e::libpam::{Item, Pam, Reply, Stage, Style, code};
use e2e::mailbox;
use e2e::programs::Programs;
use e2e::ssh::PASSWORD;
use e2e::terminal::Terminal;
use e2e::world::{Person, Plan};

/// Password, one code, and it is open.
fn gives_both(terminal: &mut Terminal, prompt: &str, (whose, messages): (&Person, usize)) {
    terminal.wait_for(prompt);
    terminal.type_line_when_read(PASSWORD);
    terminal.wait_for_code_prompt();
    terminal.type_line_when_read(&mailbox::wait_for(&whose.email, messages).code());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn by_the_examples_sshd_asks_for_password_or_key_and_then_for_one_code() {
    for file in ["sshd", "sshd-password", "debian-common"] {
        let world = Plan::default().stack(Stack::Example(file)).start();
        let ada = world.person("ada");
        let mut ssh = world.ssh(&ada).open();
        ssh.wait_for("Password:");
        ssh.type_line("not the password");
        ssh.wait_for_denial();
        assert_eq!(mailbox::count_after_a_while(&ada.email), 0, "{file}");
        let mut ssh = world.ssh(&ada).open_with_password();
        ssh.wait_for_code_prompt();
        ssh.type_line(&mailbox::wait_for(&ada.email, 1).code());
        ssh.prove_shell();
        assert_eq!(mailbox::count_after_a_while(&ada.email), 1, "{file}");
    }
    let plan = Plan::default().stack(Stack::Example("sshd-key-proven"));
    let world = plan.sshd("AuthenticationMethods publickey,keyboard-interactive").start();
    let ada = world.person("ada");
    let key = world.key(&ada);
    let mut ssh = world.ssh(&ada).key(&key).open();
    ssh.wait_for_code_prompt();
    ssh.type_line(&mailbox::wait_for(&ada.email, 1).code());
    ssh.prove_shell();
    assert_eq!(ssh.count("Password:"), 0, "{}", ssh.text());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn by_the_examples_login_sudo_su_and_vlock_ask_for_the_password_and_one_code() {
    let world = Plan::default().start();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let programs = Programs::by_examples(&world, &["login", "sudo", "su", "vlock"]);

    let mut login = programs.open(&["login", &ada.host.name]);
    gives_both(&mut login, "Password: ", (&ada, 1));
    login.prove_shell();

    let mut sudo = programs.open_as(&ada.host, &["sudo", "sh", "-c", "echo uid-$(id -u)"]);
    gives_both(&mut sudo, "[sudo] password for ", (&ada, 2));
    sudo.wait_for("uid-0");

    for (number, words) in [vec!["su", &bob.host.name], vec!["su", "-", &bob.host.name]].into_iter().enumerate() {
        let mut su = programs.open_as(&ada.host, &words);
        gives_both(&mut su, "Password: ", (&bob, number.saturating_add(1)));
        su.wait_for("$ ");
        su.type_line("echo i-am-$(id -un)");
        su.wait_for(&format!("i-am-{}", bob.host.name));
    }
    let mut root = programs.open(&["su", "-c", "echo i-am-$(id -un)", &bob.host.name]);
    root.wait_for(&format!("i-am-{}", bob.host.name));
    assert_eq!(root.count("ode"), 0, "{}", root.text());

    let mut vlock = programs.open_as(&ada.host, &["/usr/sbin/vlock-main"]);
    vlock.press(b"\n");
    gives_both(&mut vlock, "'s Password: ", (&ada, 3));
    assert!(vlock.wait_for_end().success(), "{}", vlock.text());
    assert_eq!(mailbox::count_after_a_while(&bob.email), 2);
}

/// What the example of su says of it.
#[test]
#[ignore = "needs tests/ns/enter"]
fn by_the_example_su_takes_the_password_of_whom_one_becomes_and_the_code_of_who_calls() {
    let caller = "{ class = \"elevate\", factor = \"caller\" }";
    let world = Plan::default().settings(&format!("[services]\n\"su\" = {caller}\n\"su-l\" = {caller}")).start();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let programs = Programs::by_examples(&world, &["su"]);
    let mut su = programs.open_as(&ada.host, &["su", "-", &bob.host.name]);
    gives_both(&mut su, "Password: ", (&ada, 1));
    su.wait_for("$ ");
    su.type_line("echo i-am-$(id -un)");
    su.wait_for(&format!("i-am-{}", bob.host.name));
    assert_eq!(mailbox::count_after_a_while(&bob.email), 0);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn by_the_example_cockpit_asks_the_browser_for_the_code_behind_a_right_password_alone() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let cockpit = Cockpit::start(&Programs::by_examples(&world, &["cockpit"]));
    let refused = cockpit.log_in(&ada.host.name, "not the password");
    assert!(matches!(&refused, Answer::Refused(status) if status.contains(" 401 ")), "{refused:?}");
    assert_eq!(mailbox::count_after_a_while(&ada.email), 0);
    let asked = cockpit.log_in(&ada.host.name, PASSWORD);
    let Answer::Asked { id, .. } = &asked else { unreachable!("{asked:?}") };
    let answer = cockpit.reply(id, &mailbox::wait_for(&ada.email, 1).code());
    assert!(matches!(&answer, Answer::In(cookie) if cockpit.knows(cookie)), "{answer:?}");
}

/// As SDDM's daemon answers: the one thing that was typed, to every prompt.
#[test]
#[ignore = "needs tests/ns/enter"]
fn who_gives_the_password_to_every_prompt_as_sddm_does_is_denied_and_nothing_is_sent_nor_charged() {
    let world = Plan::default().start();
    let (ada, bob) = (world.person("ada"), world.stranger("bob"));
    let stage = Stage::new();
    let text = example("sddm", &format!("socket={}", world.path("run/login.sock").display()));
    stage.service("sddm", &[text.replace(" pam_2fa.so", &format!(" {}", stage.module().display()))]);
    let log_in = |user: &str| {
        let mut pam = Pam::start(&stage, "sddm", Some(user), &[]);
        pam.set(Item::Tty, ":0");
        pam.answered_by(|_, _| Reply::from(PASSWORD));
        let code = pam.authenticate(0);
        (code, pam.shown().iter().filter(|(style, _)| *style == Style::Echo).count())
    };
    // More often than there are tries.
    for _ in 0..5 {
        let (status, prompts) = log_in(&ada.host.name);
        assert!(status != code::SUCCESS && prompts == 1, "{status} {prompts}");
    }
    assert_eq!(mailbox::count_after_a_while(&ada.email), 0);
    // Who is not subject comes in, and who could not by SDDM still has all tries elsewhere.
    assert_eq!(log_in(&bob.host.name), (code::SUCCESS, 0));
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&mailbox::wait_for(&ada.email, 1).code());
    ssh.prove_shell();
}
