//! What an administrator does for a user who cannot log in, or must not: over a real sshd.

#![expect(clippy::expect_used, reason = "a stage that cannot be set fails the test")]

use e2e::mailbox;
use e2e::world::{Person, Plan, World, text_of};

fn command(world: &World, words: &[&str]) -> String {
    let out = world.command(words);
    assert!(out.status.success(), "pam-2fa {words:?}: {}\n{}", text_of(&out), world.logs());
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// Who has no method reads whom to ask, and is denied.
fn refused_without_a_method(world: &World, person: &Person) {
    let mut ssh = world.ssh(person).open_with_password();
    ssh.wait_for("Press Enter: ");
    ssh.type_line("");
    ssh.wait_for_denial();
}

/// The code in what `grant` and `invite` show.
fn code_of(shown: &str) -> String {
    let line = shown.lines().find(|line| line.starts_with("code ")).expect("a line with the code");
    line.split_whitespace().last().expect("a code").to_owned()
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_grant_opens_a_shell_once_and_stands_in_the_log_with_its_reason_and_its_use() {
    let world = Plan::default().policy("required = \"mandatory\"\nenrolment = \"administrator\"").start();
    let ada = world.stranger("ada");
    let name = &ada.host.name;
    refused_without_a_method(&world, &ada);
    let words = ["user", "grant", name, "--for", "1h", "--service", "sshd", "--reason", "telephone lost"];
    let other = command(&world, &["user", "grant", name, "--service", "login", "--reason", "for the console"]);
    let shown = command(&world, &words);
    let code = code_of(&shown);
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    // One that is for another service is a wrong code here.
    ssh.type_line(&code_of(&other));
    ssh.wait_for("Wrong code");
    ssh.wait_for_code_prompt();
    ssh.type_line(&code.to_lowercase().replace('-', " "));
    ssh.prove_shell();
    refused_without_a_method(&world, &ada);
    assert_eq!(mailbox::count_codes_after_a_while(&ada.email), 0);
    let log = command(&world, &["log", "--user", name]);
    let place = |part: &str| log.find(part).unwrap_or_else(|| panic!("{part} is not in the log:\n{log}"));
    let id = shown.lines().find_map(|line| line.strip_prefix("in the log  ")).expect("the id");
    assert!(place("for sshd: telephone lost") < place(&format!("grant-used: {id}")), "{log}");
    assert!(log.lines().any(|line| line.contains("allow") && line.ends_with("grant")), "{log}");
    for form in [code.clone(), code.replace('-', "")] {
        assert!(!log.contains(&form) && !world.logs().contains(&form), "{log}\n{}", world.logs());
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn whoever_is_shut_out_is_refused_though_the_password_is_right_until_unlocked() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let name = &ada.host.name;
    let mut standing = world.ssh(&ada).open_with_password();
    standing.wait_for_code_prompt();
    let code = mailbox::wait_for_code(&ada.email, 1).code();
    let shown = command(&world, &["user", "disable", name]);
    assert!(shown.contains("shut out"), "{shown}");
    standing.type_line(&code);
    standing.wait_for_denial();
    world.ssh(&ada).open_with_password().wait_for_denial();
    let log = command(&world, &["log", "--user", name]);
    assert!(log.lines().any(|line| line.contains("change") && line.ends_with("disabled")), "{log}");
    assert!(log.lines().last().is_some_and(|line| line.ends_with("disabled-user")), "{log}");
    assert_eq!(mailbox::count_codes_after_a_while(&ada.email), 1, "nothing is sent to whom nothing lets in");
    let refused = world.command(&["user", "grant", name, "--reason", "x"]);
    assert_eq!(refused.status.code(), Some(1), "{}", text_of(&refused));
    assert!(command(&world, &["user", "unlock", name]).contains("may log in again"));
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&mailbox::wait_for_code(&ada.email, 2).code());
    ssh.prove_shell();
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn after_a_reset_the_old_address_gets_no_code_and_a_new_one_lets_in() {
    let world = Plan::default().policy("required = \"optional\"\nenrolment = \"administrator\"").start();
    let ada = world.person("ada");
    let name = &ada.host.name;
    let shown = command(&world, &["user", "reset", name]);
    assert!(shown.contains(&format!("gone: email {}", ada.email)), "{shown}");
    refused_without_a_method(&world, &ada);
    assert_eq!(mailbox::count_codes_after_a_while(&ada.email), 0);
    let invited = command(&world, &["user", "invite", name]);
    assert!(invited.contains("the enrolment of a first method"), "{invited}");
    command(&world, &["user", "set", name, "--email", &ada.email, "--trusted"]);
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&mailbox::wait_for_code(&ada.email, 1).code());
    ssh.prove_shell();
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn users_are_imported_and_exported_and_who_was_imported_logs_in() {
    let world = Plan::default().start();
    let (ada, bob) = (world.stranger("ada"), world.stranger("bob"));
    let file = world.path("users.csv");
    let path = file.to_str().expect("a path");
    let whole =
        format!("name,email,verify\n{},{},always\n{},{},always\n", ada.host.name, ada.email, bob.host.name, bob.email);
    std::fs::write(&file, format!("{whole}nobody-{},,\n", ada.host.name)).expect("write the file");
    let refused = world.command(&["user", "import", path, "--trusted"]);
    assert_eq!(refused.status.code(), Some(1), "{}", text_of(&refused));
    assert!(text_of(&refused).contains("users.csv:4: there is no such user on this host"), "{}", text_of(&refused));
    assert!(command(&world, &["user", "list"]).starts_with("no user has a record"));
    let imported = command(&world, &["user", "import", path, "--trusted", "--skip-unknown"]);
    assert!(imported.starts_with("made 2, changed 0, as they are 0\n"), "{imported}");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&mailbox::wait_for_code(&ada.email, 1).code());
    ssh.prove_shell();
    let exported = command(&world, &["user", "export"]);
    assert!(exported.contains(&format!("{},always,{},,\n", bob.host.name, bob.email)), "{exported}");
    std::fs::write(&file, exported).expect("write the file");
    let again = command(&world, &["user", "import", path]);
    assert!(again.starts_with("made 0, changed 0, as they are 2\n"), "{again}");
    let log = command(&world, &["log", "--user", &ada.host.name]);
    assert!(log.contains("imported: new record") && !log.contains(&ada.email), "{log}");
}
