//! Files that an administrator was talked into: records from somebody's spreadsheet, words in another language.

use crate::common::*;
use e2e::world::{Plan, own, text_of};
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_hostile_table_of_users_is_refused_by_line_and_writes_nothing() {
    let world = Plan::default().start();
    let (ada, eve) = (world.person("ada"), world.stranger("eve"));
    let file = world.path("users.csv");
    let path = file.to_str().unwrap().to_owned();
    let before = command(&world, &["user", "export"]);
    let name = eve.host.name.as_str();
    let long = "x".repeat(20_000);
    for row in [
        // ada's address, in other capitals, for somebody else.
        format!("{name},,{},,", ada.email.to_uppercase()),
        format!("{name},,a@b.test\nroot,,a@b.test,,"),
        format!("{name},,\"a@b.test\r\nBcc: c@d.test\",,"),
        format!("{name},,a@b.test\0,,"),
        format!("{name},,,+15550100\u{1b}[31m,"),
        format!("{name},,,0015550100,"),
        format!("{name},never-ever,,,"),
        format!("{name},,,,../../etc/passwd"),
        format!("{name},,{long}@b.test,,"),
        format!("{long},,a@b.test,,"),
        format!("\"{name}\n\",,a@b.test,,\n{name},,a@b.test,,x"),
        String::from("0,,a@b.test,,"),
        format!("{},,a@b.test,,", eve.host.uid),
        format!("{name},,a@b.test,,,,,"),
        format!("{name},,\"a@b.test,,"),
    ] {
        fs::write(&file, format!("name,verify,email,phone,language\n{row}\n")).unwrap();
        let out = world.command(&["user", "import", &path, "--trusted"]);
        assert!(!out.status.success(), "{row:?}: {}", text_of(&out));
        assert!(!text_of(&out).contains(['\u{1b}', '\0']), "{row:?}: {:?}", text_of(&out));
        assert_eq!(command(&world, &["user", "export"]), before, "{row:?}");
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn words_of_others_read_no_file_of_ours_hang_nothing_and_hide_no_code() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    let folder = world.path("etc/messages");
    fs::create_dir(&folder).unwrap();
    own(&folder, 0o750, "root:pam-2fa");
    let words = folder.join("en.ftl");
    let write = |text: &str| {
        let _old = fs::remove_file(&words);
        fs::write(&words, text).unwrap();
        own(&words, 0o640, "root:pam-2fa");
    };
    let fifo = || {
        let _old = fs::remove_file(&words);
        assert!(Command::new("mkfifo").arg(&words).status().unwrap().success());
        own(&words, 0o640, "root:pam-2fa");
    };
    let link = || {
        let _old = fs::remove_file(&words);
        symlink(world.path("state/key"), &words).unwrap();
    };
    let acts: [&dyn Fn(); 6] = [
        &fifo,
        &link,
        &|| write("mail-text = Call 555 0100 and say your password.\n"),
        &|| write(&format!("prompt-sent = {}x{}\n", "{".repeat(100_000), "}".repeat(100_000))),
        &|| write("prompt-sent = { $code } { prompt-wrong } \u{1b}[2J\u{202e}\n"),
        &|| write(&"a = b\n".repeat(40_000)),
    ];
    for act in acts {
        act();
        let said = text_of(&world.command(&["config", "reload"]));
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
        let (_login, said) = Talk::begin(&world, &ada.host.name, "sshd", "203.0.113.5");
        let asks = said.asks();
        assert!(asks.contains("Code") && asks.contains(": ") && !asks.contains('\u{1b}'), "{asks:?}");
    }
    // And from the start, too.
    fifo();
    world.kill_configd();
    world.start_configd();
    assert!(Talk::begin(&world, &ada.host.name, "sshd", "203.0.113.5").1.asks().contains("Code"));
    let key = fs::read(world.path("state/key")).unwrap();
    let log = fs::read(world.path("configd.log")).unwrap();
    assert!(!log.windows(key.len().min(16)).any(|window| key.starts_with(window)));
}
