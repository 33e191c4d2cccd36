//! Who has not the password learns nothing by the decoy: not that the password was wrong, not who exists, and opens nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

use e2e::host::Stack;
use e2e::mailbox;
use e2e::ssh::{PASSWORD, wrong};
use e2e::world::{Person, Plan, World};

/// A stack with the decoy's line, one prompt for everyone.
fn plan(policy: &str) -> Plan {
    Plan::default().stack(Stack::Decoy).policy(policy).settings("[codes]\nprompt = \"constant\"")
}

/// What stands on the screen once ssh has given up: `password`, then each of `codes` at whatever is asked for, with the name and the
/// tag taken out.
fn transcript(world: &World, person: &Person, password: &str, codes: &[&str]) -> String {
    let mut ssh = world.ssh(person).tries(1).open();
    ssh.wait_for("Password:");
    ssh.type_line(password);
    for code in codes {
        ssh.wait_for_code_prompt();
        ssh.type_line(code);
    }
    ssh.wait_for_denial();
    let screen = ssh.text().replace(&person.host.name, "NAME");
    codes.iter().fold(without_tags(&screen), |screen, code| screen.replace(code, "CODE"))
}

/// Tags are random: each that is another one has a number of its own.
fn without_tags(screen: &str) -> String {
    let mut tags: Vec<&str> = Vec::new();
    let mut parts = screen.split("a code was sent (");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (tag, after) = part.split_once(')').unwrap();
        let number = tags.iter().position(|known| *known == tag).unwrap_or_else(|| {
            tags.push(tag);
            tags.len() - 1
        });
        out.push_str(&format!("a code was sent (TAG {number}){after}"));
    }
    out
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_wrong_password_a_wrong_code_and_both_look_the_same_and_nobody_is_told_who_exists() {
    let world = plan("required = \"mandatory\"").start();
    let ada = world.person("ada");
    let codes = ["000000", "111111", "222222"];
    // A code that is out, of a login that stands at its prompt.
    let mut standing = world.ssh(&ada).open_with_password();
    standing.wait_for_code_prompt();
    let right = mailbox::wait_for(&ada.email, 1).code();
    let wrong_password = transcript(&world, &ada, "not the password", &codes);
    assert_eq!(wrong_password.matches("a code was sent (TAG 0)").count(), 3, "{wrong_password}");
    assert_eq!(transcript(&world, &ada, "not the password", &[&right, &right, &right]), wrong_password);
    let nobody = world.stranger("eve");
    assert_eq!(transcript(&world, &nobody, "not the password", &codes), wrong_password, "who has no record");
    let mut unknown = nobody.clone();
    unknown.host.name = String::from("nobodyhere");
    assert_eq!(transcript(&world, &unknown, "not the password", &codes), wrong_password, "who does not exist");
    assert_eq!(mailbox::count_codes_after_a_while(&ada.email), 1, "a decoy sends nothing");
    // The right password, and wrong codes.
    let (one, two) = (wrong(&right), wrong(&wrong(&right)));
    standing.interrupt();
    assert_eq!(transcript(&world, &ada, PASSWORD, &[&one, &two, &one]), wrong_password);
    // Who waits now, because of those, is not told either that the password was right.
    assert_eq!(transcript(&world, &ada, PASSWORD, &codes), wrong_password, "while a wait runs");
    assert_eq!(transcript(&world, &ada, "not the password", &codes), wrong_password);
}
