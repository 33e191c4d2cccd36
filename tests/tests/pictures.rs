//! The pictures of the README: made from the real window and a real login. They are compared with what there is now, so that they cannot
//! go stale; `scripts/pictures` draws them anew.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

use e2e::mailbox;
use e2e::window::Window;
use e2e::world::{Plan, World};
use std::fs::{create_dir_all, read_to_string, write};
use std::path::{Path, PathBuf};

#[expect(clippy::disallowed_methods, reason = "the test's own switch; nothing of the product reads it")]
fn is_update() -> bool {
    std::env::var_os("UPDATE").is_some()
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pictures").join(format!("{name}.svg"))
}

/// Its texts, without what is another each time: numbers of worlds, codes, tags, ports, what a mail server calls a message. All of them are
/// of these characters.
fn settled(picture: &str) -> String {
    let texts = picture.lines().filter_map(|line| line.split_once('>').map(|(_, text)| text));
    let is_kept = |one: &char| !one.is_ascii_digit() && !('A'..='F').contains(one);
    texts.map(|text| text.chars().filter(is_kept).collect::<String>()).collect::<Vec<_>>().join("\n")
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

fn open(world: &World) -> Window {
    let config = world.config_file().display().to_string();
    let run = world.path("run").display().to_string();
    let words = ["--runtime-dir", &run, "--config", &config, "setup"].map(String::from);
    Window::open("/usr/sbin/pam-2fa", &words, (80, 24), "C.UTF-8")
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn the_pictures_show_the_window_as_it_is() {
    let world = Plan::default().with_texts().start();
    assert!(world.command(&["config", "seal"]).status.success());
    for name in ["ada", "bob", "eve"] {
        let _ = world.person(name);
    }
    let mut window = open(&world);
    let _ = window.wait_for("configd: running");
    is_as_drawn("setup", &window.picture("pam-2fa setup: the main page"));
    window.press(b"\x1b[15~");
    let _ = window.wait_for("The address that gets");
    window.press(b"\x15admin@example.test\r");
    let _ = window.wait_for("Accepted for");
    is_as_drawn("setup-test", &window.picture("pam-2fa setup: a test message and the server's own words"));
    window.press(b"\r");
    let _ = window.wait_until("it to be closed", |screen| !screen.contains("Accepted for"));
    window.press(b"\x1b3");
    let _ = window.wait_for("3 of 3");
    is_as_drawn("setup-users", &window.picture("pam-2fa setup: the users"));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn the_picture_of_a_login_shows_one() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let words = world.ssh(&ada).arguments();
    let mut window = Window::open("ssh", &words, (80, 8), "C.UTF-8");
    let _ = window.wait_for("Password: ");
    window.press(format!("{}\r", e2e::ssh::PASSWORD).as_bytes());
    let _ = window.wait_for("to resend: ");
    window.press(format!("{}\r", mailbox::wait_for_code(&ada.email, 1).code()).as_bytes());
    let _ = window.wait_for("$ ");
    is_as_drawn("login", &window.picture("ssh asks for the code that came by email"));
}
