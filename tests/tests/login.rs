//! Who gets in over a real sshd, by which factors, and that nobody else does.

use e2e::host::Stack;
use e2e::mailbox;
use e2e::ssh::wrong;
use e2e::world::Plan;

#[test]
#[ignore = "needs tests/ns/enter"]
fn password_then_the_code_from_the_mail_opens_a_shell() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut ssh = world.ssh(&ada).from("203.0.113.5").open_with_password();
    let prompt = ssh.wait_for_code_prompt();
    let mail = mailbox::wait_for(&ada.email, 1);
    assert!(prompt.contains(&mail.tag()), "the tag {} is not in the prompt {prompt:?}", mail.tag());
    assert!(mail.text.contains("Example Corp"), "{}", mail.text);
    assert!(mail.text.contains("203.0.113.5"), "where the login came from is not told: {}", mail.text);
    ssh.type_line(&mail.code());
    ssh.prove_shell();
    assert_eq!(mailbox::count_after_a_while(&ada.email), 1);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn key_then_code_opens_a_shell_without_a_password() {
    let plan = Plan::default().stack(Stack::KeyProven).sshd("AuthenticationMethods publickey,keyboard-interactive");
    let world = plan.start();
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
fn without_a_key_the_key_proven_stack_asks_for_the_password() {
    let world = Plan::default().stack(Stack::KeyProven).start();
    let ada = world.person("ada");
    let mut ssh = world.ssh(&ada).open();
    ssh.wait_for("Password:");
    ssh.type_line("not the password");
    ssh.wait_for_denial();
    assert_eq!(mailbox::count_after_a_while(&ada.email), 0);

    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&mailbox::wait_for(&ada.email, 1).code());
    ssh.prove_shell();
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn key_and_password_and_code_are_all_asked_for() {
    let world = Plan::default().sshd("AuthenticationMethods publickey,keyboard-interactive").start();
    let ada = world.person("ada");
    let key = world.key(&ada);
    let mut ssh = world.ssh(&ada).key(&key).open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&mailbox::wait_for(&ada.email, 1).code());
    ssh.prove_shell();

    let mut keyless = world.ssh(&ada).open();
    keyless.wait_for_denial();
    assert_eq!(mailbox::count_after_a_while(&ada.email), 1);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn sshds_password_method_is_denied_and_nothing_is_sent() {
    let world = Plan::default().sshd("PasswordAuthentication yes").start();
    let ada = world.person("ada");
    let mut ssh = world.ssh(&ada).option("PreferredAuthentications=password").open();
    ssh.wait_for("password:");
    ssh.type_line(e2e::ssh::PASSWORD);
    ssh.wait_for_denial();
    assert_eq!(mailbox::count_after_a_while(&ada.email), 0);

    // Nothing was charged either: the first try of a proper login still has all its tries.
    let mut ssh = world.ssh(&ada).option("PreferredAuthentications=keyboard-interactive").open_with_password();
    ssh.wait_for_code_prompt();
    let code = mailbox::wait_for(&ada.email, 1).code();
    ssh.type_line(&wrong(&code));
    ssh.wait_for("2 tries left");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_wrong_password_is_asked_no_code_and_sends_nothing() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut ssh = world.ssh(&ada).open();
    ssh.wait_for("Password:");
    ssh.type_line("not the password");
    ssh.wait_for_denial();
    assert_eq!(ssh.count("ode"), 0, "{}", ssh.text());
    assert_eq!(mailbox::count_after_a_while(&ada.email), 0);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn under_optional_a_user_without_a_record_needs_the_password_alone() {
    let world = Plan::default().start();
    let bob = world.stranger("bob");
    let mut ssh = world.ssh(&bob).open_with_password();
    ssh.prove_shell();
    assert_eq!(ssh.count("ode"), 0, "{}", ssh.text());

    let mut ssh = world.ssh(&bob).open();
    ssh.wait_for("Password:");
    ssh.type_line("not the password");
    ssh.wait_for_denial();
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn disabled_asks_nobody_and_sends_nothing() {
    let world = Plan::default().policy("required = \"disabled\"").start();
    let ada = world.person("ada");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.prove_shell();
    assert_eq!(mailbox::count_after_a_while(&ada.email), 0);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn ssh_without_a_terminal_is_denied_with_at_most_one_message() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut arguments = vec!["-w".to_owned(), "ssh".to_owned(), "-T".to_owned()];
    arguments.extend(world.ssh(&ada).tries(3).command("true").arguments());
    // No terminal at all: setsid(1) leaves the pty behind, and nobody can be asked.
    let out = std::process::Command::new("setsid")
        .args(&arguments)
        .stdin(std::process::Stdio::null())
        .output()
        .expect("run ssh");
    assert!(!out.status.success());
    assert!(mailbox::count_after_a_while(&ada.email) <= 1);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn two_people_at_once_get_codes_of_their_own() {
    let world = Plan::default().start();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let mut first = world.ssh(&ada).open_with_password();
    let mut second = world.ssh(&bob).open_with_password();
    first.wait_for_code_prompt();
    second.wait_for_code_prompt();
    let (for_ada, for_bob) = (mailbox::wait_for(&ada.email, 1), mailbox::wait_for(&bob.email, 1));
    if for_ada.code() != for_bob.code() {
        first.type_line(&for_bob.code());
        first.wait_for("2 tries left");
    }
    first.type_line(&for_ada.code());
    first.prove_shell();
    second.type_line(&for_bob.code());
    second.prove_shell();
}
