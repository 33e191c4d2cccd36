//! The pictures of the README: made from the real window and a real login. They are compared with what there is now, so that they cannot
//! go stale; `scripts/pictures` draws them anew.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

use e2e::mailbox;
use e2e::window::Window;
use e2e::world::{Plan, World};
use std::fs::{Permissions, create_dir_all, metadata, read_to_string, set_permissions, write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

#[expect(clippy::disallowed_methods, reason = "the test's own switch; nothing of the product reads it")]
fn is_update() -> bool {
    std::env::var_os("UPDATE").is_some()
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pictures").join(format!("{name}.svg"))
}

/// Each of its parts with its colours and letters, and without what is another each time: numbers of worlds, codes, tags, what a mail server
/// calls a message, and the places that move with them.
fn settled(picture: &str) -> String {
    let settled = |line: &str| {
        let Some((head, text)) = line.strip_suffix("</text>").and_then(|line| line.split_once('>')) else {
            return String::new();
        };
        let look: Vec<&str> = head
            .split(' ')
            .filter(|part| ["fill", "font", "text-d", "opac"].iter().any(|one| part.starts_with(one)))
            .collect();
        let words: Vec<String> = text.split_whitespace().map(word).collect();
        format!("{} {}", look.join(" "), words.join(" "))
    };
    picture.lines().map(settled).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// A word, or what it is where it is another each time.
fn word(word: &str) -> String {
    let is_all = |of: fn(&char) -> bool| word.chars().all(|one| of(&one));
    for name in ["ada", "bob", "eve", "zoe"] {
        if let Some(rest) = word.trim_start_matches('(').strip_prefix(name) {
            return format!("{name} {}", rest.trim_start_matches(|one: char| one.is_ascii_digit()));
        }
    }
    let is_id = word.len() > 5 && is_all(|one| one.is_ascii_digit() || ('A'..='F').contains(one));
    let is_tag = word.len() == 5 && word.starts_with('(') && word.ends_with("),");
    match (is_id || is_tag, word.len() == 8 && word.contains(':')) {
        (true, _) => String::from("ID"),
        (_, true) => String::from("TIME"),
        _ => word.to_owned(),
    }
}

fn is_as_drawn(name: &str, picture: &str) {
    if is_update() {
        create_dir_all(path(name).parent().unwrap()).unwrap();
        write(path(name), picture).unwrap();
        return;
    }
    let drawn = read_to_string(path(name)).unwrap_or_default();
    assert_eq!(settled(&drawn), settled(picture), "{name}: scripts/pictures draws it anew");
}

fn open(world: &World, config: &Path) -> Window {
    let run = world.path("run").display().to_string();
    let words = ["--runtime-dir", &run, "--config", &config.display().to_string(), "setup"].map(String::from);
    Window::open("/usr/sbin/pam-2fa", &words, (80, 24), "C.UTF-8")
}

/// As a company has them. They are looked at, and not saved.
const SHOWN: &str = "[policy]\nrequired = \"mandatory\"\napplication = \"Example Corp\"\n\n\
                     [email]\nserver = \"smtp.example.com\"\nfrom = \"Example Corp <security@example.com>\"\npassword = \"sealed:v1:00112233:AAAA\"\n\n\
                     [sms]\nprovider = \"twilio\"\nsender = \"+15550100\"\n\
                     account = { account_sid = \"sealed:v1:00112233:AAAA\", auth_token = \"sealed:v1:00112233:AAAA\" }\n\n\
                     [trust]\nssh = \"8 hours\"\ndesktop = \"12 hours\"\n";

#[test]
#[ignore = "needs tests/ns/enter"]
fn the_pictures_show_the_window_as_it_is() {
    let world = Plan::default().with_texts().start();
    assert!(world.command(&["config", "seal"]).status.success());
    let shown = world.path("etc").join("shown.toml");
    write(&shown, SHOWN).unwrap();
    // As the settings: what the command keeps beside them is for the same group.
    let group = metadata(world.config_file()).unwrap().gid();
    chown(&shown, Some(0), Some(group)).unwrap();
    set_permissions(&shown, Permissions::from_mode(0o640)).unwrap();
    let mut window = open(&world, &shown);
    let _ = window.wait_for("configd: running");
    is_as_drawn("setup", &window.picture("pam-2fa setup: the main page"));
    window.press(b"\x1b[21~");
    assert!(window.wait_for_end().success());
    let mut window = open(&world, &world.config_file());
    let _ = window.wait_for("configd: running");
    window.press(b"\x1b[15~");
    let _ = window.wait_for("The address that gets");
    // So long that the last line is in two, and the box as wide as it can be, whatever the server calls the message.
    window.press(b"\x15administrator.on.duty@example.test\r");
    let _ = window.wait_for("Accepted for");
    is_as_drawn("setup-test", &window.picture("pam-2fa setup: a test message and the server's own words"));
    window.press(b"\r");
    let _ = window.wait_until("it to be closed", |screen| !screen.contains("Accepted for"));
    for (name, words) in [
        ("ada", &["--verify", "new-device"][..]),
        ("bob", &["--verify", "always", "--phone", "+12125550177"]),
        ("eve", &["--verify", "new-device"]),
        ("zoe", &["--verify", "always"]),
    ] {
        let person = world.person(name);
        let mut all = vec!["user", "set", &person.host.name];
        all.extend(words);
        assert!(world.command(&all).status.success());
        if name == "eve" {
            assert!(world.command(&["user", "disable", &person.host.name]).status.success());
        }
    }
    window.press(b"\x1b3");
    let _ = window.wait_for("4 of 4");
    is_as_drawn("setup-users", &window.picture("pam-2fa setup: the users"));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn the_picture_of_a_login_shows_one() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let words = world.ssh(&ada).arguments();
    // So wide that no line is broken, however many digits the user has.
    let mut window = Window::open("ssh", &words, (112, 6), "C.UTF-8");
    let _ = window.wait_for("Password: ");
    window.press(format!("{}\r", e2e::ssh::PASSWORD).as_bytes());
    let _ = window.wait_for("to resend: ");
    window.press(format!("{}\r", mailbox::wait_for_code(&ada.email, 1).code()).as_bytes());
    let _ = window.wait_for("$ ");
    is_as_drawn("login", &window.picture("ssh asks for the code that came by email"));
}
