//! Logins through the host's own agetty, login, su, sudo and chsh, over Debian's stacks: who gets in, what the mail says of the place, and
//! what stands on the terminal when the answer is no.

use e2e::mailbox;
use e2e::programs::Programs;
use e2e::ssh::{PASSWORD, wrong};
use e2e::terminal::Terminal;
use e2e::world::{Plan, World};

const MANDATORY: &str = "required = \"mandatory\"";

/// In a session of whoever runs the tests a second sudo would be trusted.
const NO_TRUST: &str = "[trust]\nelevate = \"0 minutes\"";

/// Waits for the password prompt that ends in `prompt`, and answers it.
fn give_password(terminal: &mut Terminal, prompt: &str) {
    terminal.wait_for(prompt);
    terminal.type_line(PASSWORD);
}

/// Gives three wrong codes in one login, and checks that the refusal and its reference can be read at the terminal.
fn three_wrong_codes_are_refused_readably(terminal: &mut Terminal, code: &str, world: &World) {
    for left in ["2 tries left", "1 try left"] {
        terminal.type_line(&wrong(code));
        terminal.wait_for(left);
        terminal.wait_for(": ");
    }
    terminal.type_line(&wrong(code));
    let (_, before) = terminal.wait_for_any(&["Too many wrong codes. Try again in "]);
    assert!(!before.contains("$ ") && !before.contains("# "), "{}\n{}", terminal.text(), world.logs());
    terminal.wait_for("Ref ");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn login_asks_for_the_code_and_opens_a_shell() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut login = Programs::of(&world).open(&["login", &ada.host.name]);
    give_password(&mut login, "Password: ");
    let prompt = login.wait_for_code_prompt();
    let mail = mailbox::wait_for(&ada.email, 1);
    assert!(prompt.contains(&mail.tag()), "the tag {} is not in the prompt {prompt:?}", mail.tag());
    assert!(mail.text.contains(&format!(" login on {}. ", login.name())), "{}", mail.text);
    login.type_line(&mail.code());
    login.prove_shell();
    assert_eq!(mailbox::count_after_a_while(&ada.email), 1);
}

/// A console as it stands there: agetty asks who, then becomes login.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_console_asks_name_password_and_code_and_opens_a_shell() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut console = Programs::of(&world).open(&["agetty", "--noclear", "-", "dumb"]);
    console.wait_for("login: ");
    console.type_line_when_read(&ada.host.name);
    give_password(&mut console, "Password: ");
    console.wait_for_code_prompt();
    let mail = mailbox::wait_for(&ada.email, 1);
    assert!(mail.text.contains(&format!(" login on {}. ", console.name())), "{}", mail.text);
    console.type_line(&mail.code());
    console.prove_shell();
}

/// As telnetd and its like call login.
#[test]
#[ignore = "needs tests/ns/enter"]
fn the_mail_of_a_remote_login_names_the_address_it_comes_from() {
    let world = Plan::default().start();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let mut login = Programs::of(&world).open(&["login", "-h", "203.0.113.5", &ada.host.name]);
    give_password(&mut login, "Password: ");
    login.wait_for_code_prompt();
    let mail = mailbox::wait_for(&ada.email, 1);
    assert!(mail.text.contains(" login from 203.0.113.5. "), "{}", mail.text);
    login.type_line(&mail.code());
    login.prove_shell();

    let mut ssh = world.ssh(&bob).from("203.0.113.5").open_with_password();
    ssh.wait_for_code_prompt();
    let mail = mailbox::wait_for(&bob.email, 1);
    assert!(mail.text.contains(" ssh from 203.0.113.5. "), "{}", mail.text);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn login_refuses_wrong_codes_and_the_reason_can_be_read() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut login = Programs::of(&world).open(&["login", &ada.host.name]);
    give_password(&mut login, "Password: ");
    login.wait_for_code_prompt();
    let code = mailbox::wait_for(&ada.email, 1).code();
    three_wrong_codes_are_refused_readably(&mut login, &code, &world);
    // login asks for a name again, and the wait stands: the right password is told so.
    login.wait_for("Login incorrect");
    login.wait_for("login: ");
    login.type_line(&ada.host.name);
    give_password(&mut login, "Password: ");
    login.wait_for("Too many wrong codes. Try again in ");
    login.wait_for("Login incorrect");
    assert_eq!((login.count("$ "), login.count("Maximum")), (0, 0), "{}", login.text());
    assert_eq!(mailbox::count_after_a_while(&ada.email), 1);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn login_asks_no_code_after_a_wrong_password() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut login = Programs::of(&world).open(&["login", &ada.host.name]);
    login.wait_for("Password: ");
    login.type_line("not the password");
    login.wait_for("Login incorrect");
    assert_eq!(login.count("ode"), 0, "{}", login.text());
    assert_eq!(mailbox::count_after_a_while(&ada.email), 0);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn under_mandatory_login_tells_a_user_without_an_address_what_is_missing() {
    let world = Plan::default().policy(MANDATORY).start();
    let bob = world.stranger("bob");
    let mut login = Programs::of(&world).open(&["login", &bob.host.name]);
    give_password(&mut login, "Password: ");
    login.wait_for("A second factor is needed here, and you have none. Ask your administrator for an invitation code.");
    login.wait_for("Ref ");
    login.wait_for("Login incorrect");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn sudo_asks_for_the_code_of_whoever_types_it_and_runs_the_command() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut sudo = Programs::of(&world).open_as(&ada.host, &["sudo", "sh", "-c", "echo uid-$(id -u)"]);
    give_password(&mut sudo, &format!("[sudo] password for {}: ", ada.host.name));
    let prompt = sudo.wait_for_code_prompt();
    let mail = mailbox::wait_for(&ada.email, 1);
    assert!(prompt.contains(&mail.tag()), "the tag {} is not in the prompt {prompt:?}", mail.tag());
    assert!(mail.text.contains(&format!(" sudo on {}. ", sudo.name())), "{}", mail.text);
    assert_eq!(sudo.count("uid-0"), 0, "{}", sudo.text());
    sudo.type_line(&mail.code());
    sudo.wait_for("uid-0");
    assert!(sudo.wait_for_end().success());
}

/// sudo puts its own prompt in place of a hidden "Password:", and of nothing else.
#[test]
#[ignore = "needs tests/ns/enter"]
fn sudo_and_su_show_the_whole_prompt_of_a_hidden_code() {
    let world = Plan::default().settings("[codes]\necho = false").start();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let programs = Programs::of(&world);
    let whoami = ["sh", "-c", "echo i-am-$(id -un)"];
    for (words, person, who) in [
        ([&["sudo"], &whoami[..]].concat(), &ada, "root"),
        (vec!["su", &bob.host.name, "-c", "echo i-am-$(id -un)"], &bob, &*bob.host.name),
    ] {
        let mut terminal = programs.open_as(&ada.host, &words);
        terminal.wait_for_any(&["Password: ", "[sudo] password for"]);
        if words.first() == Some(&"sudo") {
            terminal.wait_for(": ");
        }
        terminal.type_line(PASSWORD);
        terminal.wait_for("Code sent by email to ");
        terminal.wait_for("to resend: ");
        let code = mailbox::wait_for(&person.email, 1).code();
        terminal.type_line(&code);
        terminal.wait_for(&format!("i-am-{who}"));
        assert_eq!(terminal.count(&code), 0, "the code was shown: {}", terminal.text());
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn sudo_for_a_login_shell_or_another_user_asks_for_the_code_of_whoever_types_it() {
    let world = Plan::default().settings(NO_TRUST).start();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let programs = Programs::of(&world);
    let mut root = programs.open_as(&ada.host, &["sudo", "-k", "-i", "echo", "home-$HOME"]);
    give_password(&mut root, "[sudo] password for ");
    root.wait_for_code_prompt();
    let mail = mailbox::wait_for(&ada.email, 1);
    assert!(mail.text.contains(&format!(" sudo-i on {}. ", root.name())), "{}", mail.text);
    root.type_line(&mail.code());
    assert!(root.wait_for_end().success(), "{}", root.text());

    let mut other = programs.open_as(&ada.host, &["sudo", "-k", "-u", &bob.host.name, "id", "-un"]);
    give_password(&mut other, "[sudo] password for ");
    other.wait_for_code_prompt();
    other.type_line(&mailbox::wait_for(&ada.email, 2).code());
    other.wait_for(&bob.host.name);
    assert!(other.wait_for_end().success(), "{}", other.text());
    assert_eq!(mailbox::count_after_a_while(&bob.email), 0, "whom one becomes is not asked");
}

/// sudo calls PAM_SILENT (before 1.9.16 always, since then unless `!pam_silent`): what is in a prompt shows, the last word does not.
#[test]
#[ignore = "needs tests/ns/enter"]
fn sudo_refuses_wrong_codes_and_shows_prompts_alone() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut sudo = Programs::of(&world).open_as(&ada.host, &["sudo", "sh", "-c", "echo uid-$(id -u)"]);
    give_password(&mut sudo, "[sudo] password for ");
    sudo.wait_for_code_prompt();
    let code = mailbox::wait_for(&ada.email, 1).code();
    for left in ["2 tries left", "1 try left"] {
        sudo.type_line(&wrong(&code));
        sudo.wait_for(left);
        sudo.wait_for(": ");
    }
    sudo.type_line(&wrong(&code));
    // sudo begins again with the password (its passwd_tries), and the wait stands: the right code has no prompt to go to.
    sudo.wait_for("Sorry, try again.");
    give_password(&mut sudo, "[sudo] password for ");
    sudo.wait_for("Sorry, try again.");
    sudo.wait_for("[sudo] password for ");
    assert!(!sudo.interrupt().success(), "{}", sudo.text());
    assert_eq!((sudo.count("uid-0"), sudo.count("Too many")), (0, 0), "{}", sudo.text());
    assert_eq!(mailbox::count_after_a_while(&ada.email), 1);
}

/// sudo's own timestamp skips its auth stack, and us with it: what an administrator must know, held here so that it is true.
#[test]
#[ignore = "needs tests/ns/enter"]
fn sudo_asks_once_until_its_own_timestamp_is_forgotten() {
    let world = Plan::default().settings(NO_TRUST).start();
    let ada = world.person("ada");
    let mut shell = Programs::of(&world).open_as(&ada.host, &["sh"]);
    let sudo = "sudo sh -c 'echo uid-$(id -u)'";
    shell.wait_for("$ ");
    shell.type_line(sudo);
    give_password(&mut shell, "[sudo] password for ");
    shell.wait_for_code_prompt();
    shell.type_line(&mailbox::wait_for(&ada.email, 1).code());
    shell.wait_for("uid-0");
    shell.wait_for("$ ");
    shell.type_line(sudo);
    shell.wait_for("uid-0");
    assert_eq!(shell.count("[sudo] password for "), 1, "{}", shell.text());
    shell.wait_for("$ ");
    shell.type_line(&format!("sudo -k; {sudo}"));
    give_password(&mut shell, "[sudo] password for ");
    shell.wait_for_code_prompt();
    shell.type_line(&mailbox::wait_for(&ada.email, 2).code());
    shell.wait_for("uid-0");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn sudo_without_a_terminal_is_denied_and_nothing_is_sent() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    // As a script does it: the password on stdin, and nobody at a terminal. The code would be read from there too.
    let script = format!("printf '%s\\n' '{PASSWORD}' | setsid -w sudo -S sh -c 'echo uid-$(id -u)'; echo ended-$?");
    let programs = Programs::of(&world);
    let mut shell = programs.open_as(&ada.host, &["sh", "-c", &script]);
    shell.wait_for("ended-1");
    assert_eq!(shell.count("uid-0"), 0, "{}", shell.text());
    assert_eq!(mailbox::count_after_a_while(&ada.email), 0);

    // It was the code that was missing: of somebody who is not asked for one, sudo takes the same.
    let bob = world.stranger("bob");
    let mut shell = programs.open_as(&bob.host, &["sh", "-c", &script]);
    shell.wait_for("uid-0");
    shell.wait_for("ended-0");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn su_asks_for_the_code_of_the_user_one_becomes() {
    let world = Plan::default().start();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    for (number, (words, service)) in
        [(vec!["su", &bob.host.name], "su"), (vec!["su", "-", &bob.host.name], "su-l")].into_iter().enumerate()
    {
        let mut su = Programs::of(&world).open_as(&ada.host, &words);
        give_password(&mut su, "Password: ");
        let prompt = su.wait_for_code_prompt();
        let mail = mailbox::wait_for(&bob.email, number.saturating_add(1));
        assert!(prompt.contains(&mail.tag()), "the tag {} is not in the prompt {prompt:?}", mail.tag());
        assert!(mail.text.contains(&format!(" {service} on {}. ", su.name())), "{}", mail.text);
        su.type_line(&mail.code());
        su.wait_for("$ ");
        su.type_line("echo i-am-$(id -un)");
        su.wait_for(&format!("i-am-{}", bob.host.name));
    }
    assert_eq!(mailbox::count_after_a_while(&ada.email), 0, "whoever calls su is not asked");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn su_refuses_wrong_codes_and_the_reason_can_be_read() {
    let world = Plan::default().start();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let mut su = Programs::of(&world).open_as(&ada.host, &["su", &bob.host.name]);
    give_password(&mut su, "Password: ");
    su.wait_for_code_prompt();
    let code = mailbox::wait_for(&bob.email, 1).code();
    three_wrong_codes_are_refused_readably(&mut su, &code, &world);
    su.wait_for("su: Authentication failure");
    assert!(!su.wait_for_end().success());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn root_becomes_anybody_without_a_code() {
    let world = Plan::default().policy(MANDATORY).start();
    let bob = world.person("bob");
    let programs = Programs::of(&world);
    for words in
        [["su", "-c", "echo i-am-$(id -un)", &bob.host.name], ["runuser", "-c", "echo i-am-$(id -un)", &bob.host.name]]
    {
        let mut terminal = programs.open(&words);
        terminal.wait_for(&format!("i-am-{}", bob.host.name));
        assert!(terminal.wait_for_end().success());
        assert_eq!(terminal.count("ode"), 0, "{}", terminal.text());
    }
    assert_eq!(mailbox::count_after_a_while(&bob.email), 0);
}

/// chsh includes common-auth, so our line is reached: its service is one that nobody meant.
#[test]
#[ignore = "needs tests/ns/enter"]
fn under_mandatory_an_ignored_program_asks_for_the_password_alone() {
    let world = Plan::default().policy(MANDATORY).start();
    let ada = world.person("ada");
    let programs = Programs::of(&world);
    let mut chsh = programs.open_as(&ada.host, &["chsh", "-s", "/bin/bash"]);
    chsh.wait_for("Password: ");
    chsh.type_line("not the password");
    chsh.wait_for("chsh: PAM: Authentication failure");
    assert!(!chsh.wait_for_end().success());

    let mut chsh = programs.open_as(&ada.host, &["chsh", "-s", "/bin/bash"]);
    give_password(&mut chsh, "Password: ");
    assert!(chsh.wait_for_end().success(), "{}", chsh.text());
    assert_eq!(chsh.count("ode"), 0, "{}", chsh.text());
    assert_eq!(mailbox::count_after_a_while(&ada.email), 0);

    // The line was reached: where an administrator means this service, it asks.
    let world = Plan::default().policy(MANDATORY).settings("[services]\nchsh = \"elevate\"").start();
    let ada = world.person("ada");
    let mut chsh = Programs::of(&world).open_as(&ada.host, &["chsh", "-s", "/bin/bash"]);
    give_password(&mut chsh, "Password: ");
    chsh.wait_for_code_prompt();
    chsh.type_line(&mailbox::wait_for(&ada.email, 1).code());
    assert!(chsh.wait_for_end().success(), "{}", chsh.text());
}

/// Several programs of one host at once: one person's codes do not open another's login, nor another class of service.
#[test]
#[ignore = "needs tests/ns/enter"]
fn the_code_of_a_sudo_is_worth_nothing_at_a_login() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let programs = Programs::of(&world);
    let mut sudo = programs.open_as(&ada.host, &["sudo", "sh", "-c", "echo uid-$(id -u)"]);
    give_password(&mut sudo, "[sudo] password for ");
    sudo.wait_for_code_prompt();
    let for_sudo = mailbox::wait_for(&ada.email, 1).code();
    let mut login = programs.open(&["login", &ada.host.name]);
    give_password(&mut login, "Password: ");
    login.wait_for_code_prompt();
    let for_login = mailbox::wait_for(&ada.email, 2).code();
    if for_sudo != for_login {
        login.type_line(&for_sudo);
        login.wait_for("2 tries left");
        login.wait_for(": ");
    }
    login.type_line(&for_login);
    login.prove_shell();
    sudo.type_line(&for_sudo);
    sudo.wait_for("uid-0");
}
