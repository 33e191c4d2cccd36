//! A site's worth of users in one file: how long it takes, and that logins go on meanwhile. In a program of its own, since the host's
//! file of users is long while it runs.

#![expect(clippy::expect_used, reason = "a stage that cannot be set fails the test")]

use e2e::mailbox;
use e2e::world::{Plan, World, text_of};
use std::fmt::Write;

const USERS: usize = 100_000;

/// Users of the host who are there for a while.
struct Many;

impl Many {
    fn add() -> Self {
        let mut passwd = std::fs::read_to_string("/etc/passwd").expect("read passwd");
        for number in 0..USERS {
            let uid = number.saturating_add(1_000_000);
            writeln!(passwd, "many{number}:x:{uid}:{uid}::/nonexistent:/bin/false").expect("write to a string");
        }
        std::fs::write("/etc/passwd", passwd).expect("write passwd");
        Self
    }
}

impl Drop for Many {
    fn drop(&mut self) {
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let without: String = passwd.split_inclusive('\n').filter(|line| !line.starts_with("many")).collect();
        let _ = std::fs::write("/etc/passwd", without);
    }
}

fn command(world: &World, words: &[&str]) -> String {
    let out = world.command(words);
    assert!(out.status.success(), "pam-2fa {words:?}: {}\n{}", text_of(&out), world.logs());
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_hundred_thousand_users_are_imported_within_a_minute_and_logins_go_on() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let _many = Many::add();
    let mut rows = String::from("name,verify,email,language\n");
    for number in 0..USERS {
        writeln!(rows, "many{number},new-device,many{number}@example.test,de").expect("write to a string");
    }
    let file = world.path("users.csv");
    std::fs::write(&file, rows).expect("write the file");
    let path = file.to_str().expect("a path").to_owned();
    let begun = e2e::wait::now();
    let imported = std::thread::scope(|scope| {
        let importing = scope.spawn(|| command(&world, &["user", "import", &path, "--trusted"]));
        let mut ssh = world.ssh(&ada).open_with_password();
        ssh.wait_for_code_prompt();
        ssh.type_line(&mailbox::wait_for_code(&ada.email, 1).code());
        ssh.prove_shell();
        importing.join().expect("the import")
    });
    let seconds = begun.elapsed().as_secs();
    assert_eq!(imported, format!("made {USERS}, changed 0, as they are 0\n"));
    assert!(seconds < 60, "{seconds} s");
    let exported = command(&world, &["user", "export"]);
    assert_eq!(exported.lines().count(), USERS.saturating_add(2));
}
