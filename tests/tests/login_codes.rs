//! What a code is good for: once, for a while, for the login it was made for, and for three tries, however often one connects.

use e2e::mailbox;
use e2e::ssh::wrong;
use e2e::world::Plan;
use std::time::Duration;

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_wrong_code_is_asked_again_and_the_right_one_still_opens_a_shell() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    let code = mailbox::wait_for(&ada.email, 1).code();
    ssh.type_line(&wrong(&code));
    ssh.wait_for("Wrong code, 2 tries left");
    ssh.type_line(&wrong(&code));
    ssh.wait_for("Wrong code, 1 try left");
    ssh.type_line(&code);
    ssh.prove_shell();
    assert_eq!(ssh.count("Password:"), 1, "{}", ssh.text());
    assert_eq!(mailbox::count_after_a_while(&ada.email), 1);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn three_wrong_codes_in_one_login_are_refused_and_end_the_code() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    let code = mailbox::wait_for(&ada.email, 1).code();
    for left in ["2 tries left", "1 try left"] {
        ssh.type_line(&wrong(&code));
        ssh.wait_for(left);
        // Typed ahead of the prompt it would be lost: ssh empties the keyboard's queue when it asks.
        ssh.wait_for(": ");
    }
    ssh.type_line(&wrong(&code));
    ssh.wait_for_denial();
    assert_eq!(mailbox::count_after_a_while(&ada.email), 1);

    // The right code comes too late: that challenge is over, and one waits before there is another.
    let mut ssh = world.ssh(&ada).open_with_password();
    let (denied, before) = ssh.wait_for_any(&["ode: ", "Permission denied"]);
    if denied == 0 {
        ssh.type_line(&code);
        ssh.wait_for_denial();
    }
    assert_eq!(ssh.count("$ "), 0, "{before}{}", ssh.text());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn three_tries_over_many_connections_are_the_same_three_and_one_mail() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut code = String::new();
    for left in ["2 tries left", "1 try left"] {
        let mut ssh = world.ssh(&ada).open_with_password();
        ssh.wait_for_code_prompt();
        code = mailbox::wait_for(&ada.email, 1).code();
        ssh.type_line(&wrong(&code));
        ssh.wait_for(left);
        let _ = ssh.interrupt();
    }
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&wrong(&code));
    ssh.wait_for_denial();
    assert_eq!(mailbox::count_after_a_while(&ada.email), 1, "one challenge, one mail");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_used_code_is_refused() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut first = world.ssh(&ada).open_with_password();
    first.wait_for_code_prompt();
    let used = mailbox::wait_for(&ada.email, 1).code();
    first.type_line(&used);
    first.prove_shell();

    let mut second = world.ssh(&ada).open_with_password();
    second.wait_for_code_prompt();
    let fresh = mailbox::wait_for(&ada.email, 2).code();
    if fresh != used {
        second.type_line(&used);
        second.wait_for("Wrong code, 2 tries left");
    }
    second.type_line(&fresh);
    second.prove_shell();
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn ctrl_c_at_the_prompt_and_the_next_login_takes_the_same_code() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut first = world.ssh(&ada).open_with_password();
    first.wait_for_code_prompt();
    let mail = mailbox::wait_for(&ada.email, 1);
    let _ = first.interrupt();

    let mut second = world.ssh(&ada).open_with_password();
    let prompt = second.wait_for_code_prompt();
    assert!(prompt.contains(&mail.tag()), "another tag than {}: {prompt:?}", mail.tag());
    second.type_line(&mail.code());
    second.prove_shell();
    assert_eq!(mailbox::count_after_a_while(&ada.email), 1);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn two_logins_at_once_have_codes_of_their_own() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut first = world.ssh(&ada).open_with_password();
    let first_prompt = first.wait_for_code_prompt();
    let first_mail = mailbox::wait_for(&ada.email, 1);
    let mut second = world.ssh(&ada).open_with_password();
    let second_prompt = second.wait_for_code_prompt();
    let second_mail = mailbox::wait_for(&ada.email, 2);
    assert!(first_prompt.contains(&first_mail.tag()), "{first_prompt:?}");
    assert!(second_prompt.contains(&second_mail.tag()), "{second_prompt:?}");
    second.type_line(&second_mail.code());
    second.prove_shell();
    first.type_line(&first_mail.code());
    first.prove_shell();
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn an_answer_that_is_no_code_is_not_charged() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    for nonsense in ["", "letters", &"7".repeat(900), "12\x1534"] {
        let mut ssh = world.ssh(&ada).open_with_password();
        ssh.wait_for_code_prompt();
        ssh.type_line(nonsense);
        let _ = ssh.wait_for_any(&["ode", "Permission denied"]);
        let _ = ssh.interrupt();
    }
    // All three tries are still there, and the same code with them.
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    let code = mailbox::wait_for(&ada.email, 1).code();
    ssh.type_line(&wrong(&code));
    ssh.wait_for("2 tries left");
    ssh.type_line(&code);
    ssh.prove_shell();
    assert_eq!(mailbox::count_after_a_while(&ada.email), 1);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_late_code_is_refused() {
    let world = Plan::default().settings("[codes]\nlifetime = \"2 seconds\"").start();
    let ada = world.person("ada");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    let late = mailbox::wait_for(&ada.email, 1).code();
    // Real time must pass, and nothing happens when it has: the daemon's clock cannot be handed in from here.
    std::thread::sleep(Duration::from_secs(3));
    ssh.type_line(&late);
    let _ = ssh.wait_for_any(&["ode", "Permission denied"]);
    ssh.type_line("exit");
    let _ = ssh.interrupt();
    assert_eq!(ssh.count("$ "), 0, "{}", ssh.text());

    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    let _ = mailbox::wait_for(&ada.email, 2);
}
