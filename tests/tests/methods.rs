//! The ways of answering over a real sshd: a text message through a gateway, a choice, and the next way where one cannot be delivered.

use e2e::app::{key_on, recovery_codes_on, shows};
use e2e::mailbox;
use e2e::sms_gateway::Play;
use e2e::terminal::Terminal;
use e2e::world::{Person, Plan, World, text_of};

const NUMBER: &str = "+15550100";

/// Gives `person` a verified number.
fn phone(world: &World, person: &Person) {
    let out = world.command(&["user", "set", &person.host.name, "--phone", NUMBER, "--trusted"]);
    assert!(out.status.success(), "{}", text_of(&out));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_code_by_text_message_opens_a_shell_and_is_one_segment() {
    let world = Plan::default().with_texts().start();
    let ada = world.person("ada");
    phone(&world, &ada);
    let out = world.command(&["user", "set", &ada.host.name, "--prefer", "sms"]);
    assert!(out.status.success(), "{}", text_of(&out));
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for("Code sent by text message to +1•••0100 (");
    ssh.wait_for("Code, 'r' to resend, 'e' for email: ");
    let text = world.gateway().until_taken(1).pop().expect("a message");
    assert_eq!(text.to, NUMBER);
    assert!(
        text.text.ends_with("It expires in 10 minutes. Never share it.") && text.text.len() <= 160,
        "{}",
        text.text
    );
    ssh.type_line(&text.code());
    ssh.prove_shell();
    assert_eq!((world.texts().len(), mailbox::count_codes_after_a_while(&ada.email)), (1, 0));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn with_several_ways_one_chooses_and_may_turn_to_another() {
    let world = Plan::default().with_texts().start();
    let ada = world.person("ada");
    phone(&world, &ada);
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for("1) email a***@example.test  2) SMS +1•••0100  Choose [1]: ");
    ssh.type_line("2");
    ssh.wait_for("'e' for email: ");
    let _sent = world.gateway().until_taken(1);
    ssh.type_line("e");
    ssh.wait_for("'s' for SMS: ");
    ssh.type_line(&mailbox::wait_for_code(&ada.email, 1).code());
    ssh.prove_shell();
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_mail_server_that_is_not_there_leads_to_the_next_way_and_the_prompt_says_so() {
    let plan = Plan::default().with_texts().mail_server("server = \"localhost\"\nport = 9\ntls = \"implicit\"");
    let world = plan.start();
    let ada = world.person("ada");
    phone(&world, &ada);
    let out = world.command(&["user", "set", &ada.host.name, "--prefer", "email"]);
    assert!(out.status.success(), "{}", text_of(&out));
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for("Code sent by email to ");
    ssh.wait_for("'s' for SMS: ");
    e2e::wait::until("the mail to be put off", || {
        world.logs().contains("the code was not taken; again in").then_some(())
    });
    ssh.type_line("");
    ssh.wait_for("The code could not be sent by email to a***@example.test. Code sent by text message to +1•••0100 (");
    ssh.wait_for("'e' for email: ");
    ssh.type_line(&world.gateway().until_taken(1).pop().expect("a message").code());
    ssh.prove_shell();
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_provider_that_refuses_leads_to_the_mail() {
    let world = Plan::default().with_texts().start();
    world.gateway().play([Play::say(401, "no"), Play::say(401, "no"), Play::say(401, "no")]);
    let ada = world.person("ada");
    phone(&world, &ada);
    let out = world.command(&["user", "set", &ada.host.name, "--prefer", "sms"]);
    assert!(out.status.success(), "{}", text_of(&out));
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for("'e' for email: ");
    e2e::wait::until("the text message to be refused", || {
        world.logs().contains("the code could not be sent").then_some(())
    });
    ssh.type_line("r");
    ssh.wait_for("The code could not be sent by text message to +1•••0100. Code sent by email to ");
    ssh.wait_for("'s' for SMS: ");
    ssh.type_line(&mailbox::wait_for_code(&ada.email, 1).code());
    ssh.prove_shell();
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn by_an_invitation_a_user_enrols_with_a_number_and_the_invitation_is_used_up() {
    // No user has a number yet, so no country goes by itself.
    let plan = Plan::default().with_texts().policy("required = \"mandatory\"");
    let world = plan.settings("[limits]\nsms_countries = [\"US\"]").start();
    let ada = world.stranger("ada");
    let out = world.command(&["user", "invite", &ada.host.name, "--json"]);
    assert!(out.status.success(), "{}", text_of(&out));
    let code = recovery_codes_on(&text_of(&out).replace(['"', ','], " ")).pop().expect("a code");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for("Invitation code from your administrator: ");
    ssh.type_line(&code);
    ssh.wait_for("Email address, or phone number as +15550100, 'a' for an app: ");
    ssh.type_line("+1 (555) 010-0999");
    ssh.wait_for("Code sent by text message to +1•••0999 (");
    ssh.wait_for("to resend: ");
    let text = world.gateway().until_taken(1).pop().expect("a message");
    assert!(text.to == "+15550100999" && text.text.contains("confirms this number"), "{} {}", text.to, text.text);
    ssh.type_line(&text.code());
    ssh.wait_for("[y/N] ");
    ssh.type_line("y");
    ssh.wait_for("to go on without it: ");
    let key = key_on(&ssh.text());
    ssh.type_line(&shows(&key));
    ssh.wait_for("Press Enter");
    ssh.type_line("");
    ssh.prove_shell();
    let shown = text_of(&world.command(&["user", "show", &ada.host.name]));
    assert!(shown.contains("+15550100999") && shown.contains("10"), "{shown}");
    let again = text_of(&world.command(&["log", "--user", &ada.host.name]));
    assert!(again.contains("by invitation") && !again.contains(&code), "{again}");
    let other = world.command(&["user", "invite", &ada.host.name]);
    assert_eq!(other.status.code(), Some(1), "who has a method needs none: {}", text_of(&other));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn an_administrator_verifies_a_number_by_a_code_that_its_owner_reads_out() {
    let world = Plan::default().with_texts().start();
    let ada = world.person("ada");
    let out = world.command(&["user", "set", &ada.host.name, "--phone", NUMBER]);
    assert!(text_of(&out).contains("not verified"), "{}", text_of(&out));
    let run = world.path("run").display().to_string();
    let words = ["--runtime-dir", &run, "user", "verify", &ada.host.name, "sms"].map(str::to_owned);
    let mut verify = Terminal::open("/usr/sbin/pam-2fa", &words);
    verify.wait_for("Code from the message with the tag ");
    let text = world.gateway().until_taken(1).pop().expect("a message");
    assert!(text.text.contains("Give it to your administrator") && text.text.len() <= 160, "{}", text.text);
    verify.type_line(&text.code());
    assert!(verify.wait_for_end().success(), "{}", verify.text());
    let shown = text_of(&world.command(&["user", "show", &ada.host.name]));
    assert!(shown.contains(NUMBER) && !shown.contains("not verified"), "{shown}");
}
