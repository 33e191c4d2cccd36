//! A user without a method gets the first one at a login over a real sshd, and changes it later by `pam-2fa me`.

use e2e::app::{key_on, recovery_codes_on, shows};
use e2e::trust::me;
use e2e::world::{Plan, text_of};
use e2e::{mailbox, varlink};
use std::path::Path;

const AT_LOGIN: &str = "required = \"mandatory\"\nenrolment = \"at-login\"";

#[test]
#[ignore = "needs tests/ns/enter"]
fn in_one_ssh_session_an_address_is_proven_an_app_added_and_recovery_codes_are_shown() {
    let world = Plan::default().policy(AT_LOGIN).start();
    let ada = world.stranger("ada");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for("A second factor is needed here");
    ssh.wait_for("Email address, 'a' for an app: ");
    ssh.type_line(&ada.email);
    ssh.wait_for("Code sent by email to ");
    ssh.wait_for("to resend: ");
    let mail = mailbox::wait_for(&ada.email, 1);
    assert!(mail.text.contains("confirms this address"), "{}", mail.text);
    ssh.type_line(&mail.code());
    ssh.wait_for("Add an authenticator app, too? [y/N] ");
    ssh.type_line("y");
    ssh.wait_for("Code from the app, or Enter to go on without it: ");
    let key = key_on(&ssh.text());
    assert!(ssh.text().contains('█'), "the square is drawn:\n{}", ssh.text());
    let used = shows(&key);
    ssh.type_line(&used);
    ssh.wait_for("Press Enter when you have kept them: ");
    let codes = recovery_codes_on(&ssh.text());
    assert_eq!(codes.len(), 10, "{}", ssh.text());
    ssh.type_line("");
    ssh.prove_shell();

    // From now on there is a choice; the app's code that enrolled it is used, the recovery codes are good once.
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for("1) email ");
    ssh.wait_for("2) app  Choose [1]: ");
    ssh.type_line(&used);
    ssh.wait_for("Wrong code, 2 tries left");
    ssh.type_line(&codes[0].to_lowercase());
    ssh.wait_for("9 recovery codes are left.");
    ssh.prove_shell();
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for("Choose [1]: ");
    ssh.type_line(&codes[0]);
    ssh.wait_for("Wrong code, 2 tries left");
    ssh.type_line("e");
    ssh.wait_for("to resend, 'a' for the app: ");
    ssh.type_line(&mailbox::wait_for_code(&ada.email, 2).code());
    ssh.prove_shell();
    assert!(mailbox::wait_for_notice(&ada.email, 1).text.starts_with("An authenticator app was added."));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn left_half_way_nothing_is_enrolled_and_a_late_code_is_still_good() {
    let world = Plan::default().policy(AT_LOGIN).start();
    let ada = world.stranger("ada");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for("Email address");
    ssh.type_line(&ada.email);
    ssh.wait_for("to resend: ");
    let mail = mailbox::wait_for(&ada.email, 1);
    ssh.interrupt();
    let shown = world.command(&["user", "show", &ada.host.name]);
    assert_eq!(shown.status.code(), Some(1), "no record: {}", text_of(&shown));

    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for("Email address");
    ssh.type_line(&ada.email);
    ssh.wait_for(" ago (");
    ssh.type_line(&mail.code());
    ssh.wait_for("[y/N] ");
    ssh.type_line("n");
    ssh.wait_for("Press Enter");
    ssh.interrupt();
    let shown = world.command(&["user", "show", &ada.host.name]);
    assert_eq!(shown.status.code(), Some(1), "no record: {}", text_of(&shown));
    assert_eq!(mailbox::count_after_a_while(&ada.email), 1);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn who_may_not_enrol_is_told_whom_to_ask() {
    for (enrolment, says) in [("administrator", "Ask your administrator."), ("invited", "for an invitation code.")] {
        let policy = format!("required = \"mandatory\"\nenrolment = \"{enrolment}\"");
        let world = Plan::default().policy(&policy).start();
        let ada = world.stranger("ada");
        let mut ssh = world.ssh(&ada).open_with_password();
        ssh.wait_for(says);
        ssh.wait_for("Press Enter: ");
        ssh.type_line("");
        ssh.wait_for_denial();
        assert_eq!(mailbox::count_after_a_while(&ada.email), 0);
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_user_adds_an_app_and_new_recovery_codes_by_oneself_after_a_fresh_code() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut enrol = me(&world, &ada, &["enrol", "app"]);
    enrol.wait_for("Code sent by email to ");
    enrol.wait_for("to resend:");
    let mail = mailbox::wait_for(&ada.email, 1);
    assert!(mail.text.contains("for a change to how"), "{}", mail.text);
    enrol.type_line(&mail.code());
    enrol.wait_for("Code from the app:");
    let key = key_on(&enrol.text());
    enrol.type_line(&shows(&key));
    enrol.wait_for("Press Enter when you have kept them:");
    let codes = recovery_codes_on(&enrol.text());
    enrol.type_line("");
    enrol.wait_for("Done.");
    assert!(enrol.wait_for_end().success());

    let mut show = me(&world, &ada, &[]);
    show.wait_for("10 left");
    show.wait_for("preferred");
    assert!(show.text().contains(&ada.email) && show.text().contains("since 20"), "{}", show.text());
    assert!(show.wait_for_end().success());

    // New codes end the old ones, and the app stays.
    let mut fresh = me(&world, &ada, &["codes"]);
    fresh.wait_for("Choose [1]:");
    fresh.type_line(&codes[0]);
    fresh.wait_for("Press Enter when you have kept them:");
    let new = recovery_codes_on(fresh.text().rsplit_once("Your recovery codes").unwrap().1);
    assert_eq!(new.len(), 10, "{}", fresh.text());
    fresh.type_line("");
    fresh.wait_for("Done.");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for("2) app  Choose [1]: ");
    ssh.type_line(&codes[1]);
    ssh.wait_for("Wrong code, 2 tries left");
    ssh.type_line(&new[1]);
    ssh.wait_for("9 recovery codes are left.");
    ssh.prove_shell();
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_wrong_code_changes_nothing_of_a_user() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut enrol = me(&world, &ada, &["enrol", "email", "mallory@example.test"]);
    enrol.wait_for("to resend:");
    let code = mailbox::wait_for(&ada.email, 1).code();
    for _ in 0..3 {
        enrol.type_line(&e2e::ssh::wrong(&code));
        enrol.wait_for("rong code");
    }
    assert_eq!(enrol.wait_for_end().code(), Some(1), "{}", enrol.text());
    assert_eq!(mailbox::count_after_a_while("mallory@example.test"), 0);
    assert!(text_of(&world.command(&["user", "show", &ada.host.name])).contains(&ada.email));
}

/// uid × verb × target: what each of three callers may say about each of three users over each socket of configd.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_user_can_never_touch_another() {
    let world = Plan::default().start();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let socket = world.path("run/self.sock").display().to_string();
    let verbs = [
        ("Show", ""),
        ("Devices", ""),
        ("Change", ",\"what\":\"email\",\"value\":\"mallory@example.test\""),
        ("Change", ",\"what\":\"app\""),
        ("Change", ",\"what\":\"codes\""),
        ("Change", ",\"what\":\"revoke\",\"value\":\"ABCDEFGH\""),
    ];
    let names = [("root", 0), (ada.host.name.as_str(), ada.host.uid), (bob.host.name.as_str(), bob.host.uid)];
    for (caller, uid) in names {
        for (target, target_uid) in names.into_iter().chain([("no-such-user", 4_000_000)]) {
            for (verb, more) in verbs {
                let words =
                    [socket.clone(), format!("io.pam2fa.Self.{verb}"), format!("{{\"user\":\"{target}\"{more}}}")];
                let out = world.run_as(uid, Path::new(env!("CARGO_BIN_EXE_varlink_call")), &words);
                let reply = String::from_utf8_lossy(&out.stdout).into_owned();
                let refused = reply.contains("io.pam2fa.Self.NotPermitted");
                assert_eq!(refused, uid != target_uid, "{caller} {verb} {target}: {reply}");
                if refused {
                    assert!(!reply.contains('@') && !reply.contains("step"), "{reply}");
                }
            }
        }
    }
    // ada's and bob's own changes asked for codes of theirs at most, and nobody else got anything.
    assert_eq!(mailbox::count_after_a_while("mallory@example.test"), 0);
    let admin = varlink::call(&world.path("run/self.sock"), "io.pam2fa.Admin.UserList", "{}").unwrap();
    assert!(String::from_utf8_lossy(&admin).contains("InterfaceNotFound"), "{}", String::from_utf8_lossy(&admin));
    let answer = varlink::call(&world.path("run/self.sock"), "io.pam2fa.Self.Answer", "{\"text\":\"123456\"}").unwrap();
    assert!(!String::from_utf8_lossy(&answer).contains("step"), "{}", String::from_utf8_lossy(&answer));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_user_who_changes_the_address_is_told_at_the_old_one_and_codes_go_to_the_new_one() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let new = format!("new-{}", ada.email);
    let mut enrol = me(&world, &ada, &["enrol", "email", &new]);
    enrol.wait_for("to resend:");
    enrol.type_line(&mailbox::wait_for_code(&ada.email, 1).code());
    enrol.wait_for("Code sent by email to n***@example.test");
    enrol.wait_for("to resend:");
    let mail = mailbox::wait_for_code(&new, 1);
    assert!(mail.text.contains("confirms this address"), "{}", mail.text);
    enrol.type_line(&mail.code());
    enrol.wait_for("Press Enter when you have kept them:");
    enrol.type_line("");
    enrol.wait_for("Done.");
    assert!(enrol.wait_for_end().success(), "{}", enrol.text());
    let notice = mailbox::wait_for_notice(&ada.email, 1);
    assert!(notice.text.contains("n***@example.test") && !notice.text.contains(&new), "{}", notice.text);
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for("Code sent by email to n***@example.test");
    ssh.wait_for("to resend: ");
    ssh.type_line(&mailbox::wait_for_code(&new, 2).code());
    ssh.prove_shell();
    assert_eq!(mailbox::codes(&ada.email).len(), 1, "none but the one for the change");
}

/// The number is proven by what arrives at it, behind a fresh code by email.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_user_adds_a_number_by_oneself_after_a_fresh_code_and_may_choose_it_from_then_on() {
    let world = Plan::default().with_texts().settings("[limits]\nsms_countries = [\"US\"]").start();
    let ada = world.person("ada");
    let mut enrol = me(&world, &ada, &["enrol", "sms", "+15550100321"]);
    enrol.wait_for("Code sent by email to ");
    enrol.wait_for("to resend:");
    enrol.type_line(&mailbox::wait_for_code(&ada.email, 1).code());
    enrol.wait_for("Code sent by text message to ");
    enrol.wait_for("to resend:");
    let text = world.gateway().until_taken(1).pop().unwrap();
    assert!(text.to == "+15550100321" && text.text.contains("confirms this number"), "{text:?}");
    enrol.type_line(&text.code());
    enrol.wait_for("Press Enter when you have kept them:");
    enrol.type_line("");
    enrol.wait_for("Done.");
    assert!(enrol.wait_for_end().success(), "{}", enrol.text());
    let mut show = me(&world, &ada, &["show"]);
    assert!(show.wait_for_end().success());
    assert!(show.text().contains("+15550100321") && !show.text().contains("not verified"), "{}", show.text());
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for("2) SMS +1•••0321  Choose [1]: ");
    ssh.type_line("2");
    ssh.wait_for("to resend");
    // The owner was told of the change, too.
    let (notices, codes): (Vec<_>, Vec<_>) =
        world.gateway().until_taken(3).into_iter().partition(|text| text.text.contains("is now +1***0321"));
    assert_eq!(notices.len(), 1, "{notices:?}");
    ssh.type_line(&codes.last().unwrap().code());
    ssh.prove_shell();
}
