//! Settings and secrets changed by the command, with real daemons: what is taken over, what is not, what the log has of it, and what an
//! administrator sees at a terminal.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use e2e::daemon::COMMAND;
use e2e::mailbox;
use e2e::terminal::Terminal;
use e2e::world::{Plan, World, text_of};
use std::fs;

fn done(world: &World, words: &[&str]) -> String {
    let out = world.command(words);
    assert!(out.status.success(), "pam-2fa {words:?}: {}", text_of(&out));
    text_of(&out)
}

fn refused(world: &World, words: &[&str]) -> String {
    let out = world.command(words);
    assert_eq!(out.status.code(), Some(1), "pam-2fa {words:?}: {}", text_of(&out));
    text_of(&out)
}

/// The command at a terminal.
fn at_a_terminal(world: &World, line: &str) -> Terminal {
    at_a_terminal_with(world, "", line)
}

/// The same with words before it.
fn at_a_terminal_with(world: &World, before: &str, line: &str) -> Terminal {
    let (run, config) = (world.path("run"), world.config_file());
    let (run, config) = (run.display(), config.display());
    let line = format!("{before} {COMMAND} --runtime-dir {run} --config {config} {line}; echo status $?");
    Terminal::open("/bin/sh", &[String::from("-c"), line])
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_setting_is_taken_over_at_once_and_one_that_configd_refuses_is_taken_back() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let said = done(&world, &["config", "set", "codes.digits", "8"]);
    assert!(said.starts_with("codes.digits: 6 (default) -> 8\nthe settings are taken over, generation "), "{said}");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    let mail = mailbox::wait_for_code(&ada.email, 1);
    assert_eq!(mail.code().len(), 8, "{}", mail.code());
    ssh.type_line(&mail.code());
    ssh.prove_shell();
    let good = fs::read_to_string(world.config_file()).unwrap();
    done(&world, &["config", "check"]);
    fs::write(world.config_file(), good.replace("digits = 8", "digits = 80")).unwrap();
    let said = refused(&world, &["config", "check"]);
    assert!(said.contains("codes.digits"), "{said}");
    // It parses, and does not open: only configd can know.
    let foreign = good.replace("\"pw123\"", "\"sealed:v1:00112233:AAAA\"");
    fs::write(world.config_file(), &foreign).unwrap();
    let said = refused(&world, &["config", "set", "codes.digits", "7"]);
    assert!(said.contains("configd refused the new settings; the old file is back"), "{said}");
    assert_eq!(fs::read_to_string(world.config_file()).unwrap(), foreign);
    let shown = done(&world, &["config", "show", "codes.digits"]);
    assert_eq!(shown.split_whitespace().collect::<Vec<_>>(), ["codes.digits", "8"]);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_secret_is_typed_unseen_sealed_used_and_shown_to_whom_the_log_names() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut terminal = at_a_terminal(&world, "secret set email.password");
    terminal.wait_for("email.password:");
    terminal.type_line("pw123");
    terminal.wait_for("sealed, in the place of the one that was there");
    terminal.wait_for("status 0");
    assert!(!terminal.text().contains("pw123"), "{}", terminal.text());
    let text = fs::read_to_string(world.config_file()).unwrap();
    assert!(!text.contains("pw123") && text.contains("password = \"sealed:v1:"), "{text}");
    // It is the one that the mail server takes.
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&mailbox::wait_for_code(&ada.email, 1).code());
    ssh.prove_shell();

    let piped = refused(&world, &["secret", "show", "email.password"]);
    assert!(piped.contains("at a terminal and nowhere else") && !piped.contains("pw123"), "{piped}");
    assert!(!done(&world, &["log"]).contains("secret-shown"));
    let mut terminal = at_a_terminal(&world, "secret show email.password");
    terminal.wait_for("pw123");
    terminal.wait_for("the log has that");
    terminal.wait_for("status 0");
    let log = done(&world, &["log"]);
    assert!(log.contains("secret-shown: email.password, to "), "{log}");
    assert!(world.logs().contains("a secret was shown to an administrator"), "{}", world.logs());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn an_edit_at_a_terminal_goes_on_until_it_is_right_and_an_interrupted_editor_is_the_editors_business() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let good = fs::read_to_string(world.config_file()).unwrap();
    fs::write(world.path("1"), format!("{good}[codes]\ndigits = 5\n")).unwrap();
    fs::write(world.path("2"), format!("{good}[codes]\ndigits = 8\n")).unwrap();
    let at = world.path("");
    let script = "cd \"$(dirname \"$0\")\"\ntrap 'echo not ended' INT\necho \"editing $1\"\nread word\n\
                  cat \"$word\" > \"$1\"\n";
    fs::write(world.path("editor"), script).unwrap();
    // The shell around it would end by itself.
    let editor = format!("trap : INT; env -u VISUAL -u SUDO_EDITOR EDITOR='sh {}/editor'", at.display());
    let mut terminal = at_a_terminal_with(&world, &editor, "config edit");
    terminal.wait_for("/etc/.pam-2fa-edit.config.toml");
    // Ctrl-C goes to everybody at the terminal.
    terminal.press(&[3]);
    terminal.type_line("1");
    terminal.wait_for("not ended");
    terminal.wait_for("codes.digits: 5 is not between 6 and 8");
    terminal.wait_for("(Q)uit and keep the text beside:");
    assert_eq!(fs::read_to_string(world.config_file()).unwrap(), good);
    terminal.type_line("e");
    terminal.wait_for("editing ");
    terminal.type_line("2");
    terminal.wait_for("sealed email.password");
    terminal.wait_for("the settings are taken over, generation ");
    terminal.wait_for("status 0");
    let text = fs::read_to_string(world.config_file()).unwrap();
    assert!(!text.contains("pw123") && text.ends_with("[codes]\ndigits = 8\n"), "{text}");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    let mail = mailbox::wait_for_code(&ada.email, 1);
    assert_eq!(mail.code().len(), 8);
    ssh.type_line(&mail.code());
    ssh.prove_shell();
    let names = fs::read_dir(world.path("etc")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let left: Vec<String> = names.filter(|name| name.contains("edit") || name.contains("draft")).collect();
    assert!(left.is_empty(), "{left:?}");
}
