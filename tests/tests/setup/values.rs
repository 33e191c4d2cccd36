//! Values as they are typed in the Setup window: what is out of range is said beside it and not saved, what is in range counts, what is
//! cleared has its default.

use super::save::{beside, file};
use e2e::setup::{BACKSPACE, CLEAR, ENTER, ESCAPE, F2, F10, LIMITS, open, to, type_over};
use e2e::trust::{HERE, asked, by_key, command, key_login, not_asked, person};
use e2e::world::Plan;
use std::fs;

/// The line of a field, with what stands beside its value.
fn line(screen: &str, label: &str) -> String {
    screen.lines().find(|line| line.contains(label)).unwrap_or_default().to_owned()
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_duration_in_range_is_saved_and_a_device_is_remembered_for_so_long() {
    let world = by_key("");
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 1);
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 2);
    let mut window = open(&world, (80, 24), "C.UTF-8");
    to(&mut window, "SSH");
    window.press(BACKSPACE);
    window.press(b"8h");
    let _ = window.wait_until("8 hours", |screen| line(screen, "SSH").contains(" 8 hours"));
    window.press(F2);
    let _ = window.wait_for("+ssh = \"8 hours\"");
    window.press(ENTER);
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 3);
    not_asked(key_login(&world, &ada, &key, HERE).open());
    let devices = command(&world, &["device", "list", &ada.host.name, "--json"]);
    let device: serde_json::Value = serde_json::from_str(&devices).unwrap();
    let device = device.pointer("/devices/0").or_else(|| device.get(0)).unwrap_or(&device).clone();
    let at = |name: &str| {
        let at = device.get(name).and_then(serde_json::Value::as_str).unwrap_or_else(|| panic!("no {name}: {devices}"));
        let part = |range: std::ops::Range<usize>| at.get(range).and_then(|part| part.parse::<i64>().ok()).unwrap();
        (part(8..10), part(11..13) * 3_600 + part(14..16) * 60 + part(17..19))
    };
    let ((first_day, first), (until_day, until)) = (at("first_used"), at("until"));
    let length = until - first + if first_day == until_day { 0 } else { 86_400 };
    assert_eq!(length, 8 * 3_600, "{devices}");
    // And taken back, nothing is remembered any more.
    to(&mut window, "SSH");
    window.press(BACKSPACE);
    window.press(b"0");
    window.press(F2);
    let _ = window.wait_for("-ssh = \"8 hours\"");
    window.press(ENTER);
    window.press(F10);
    assert!(window.wait_for_end().success());
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 4);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_duration_out_of_range_is_said_beside_it_as_it_is_typed_and_is_not_saved() {
    let world = Plan::default().start();
    let before = file(&world);
    let mut window = open(&world, (100, 30), "C.UTF-8");
    to(&mut window, "SSH");
    window.press(b"d");
    window.press(b"9999");
    let is_fit = |screen: &str| line(screen, "SSH").contains("9999 days") && !line(screen, "SSH").contains('!');
    let _ = window.wait_until("9999 days to be fit", is_fit);
    window.press(b"99");
    let _ = window.wait_until("the error", |screen| line(screen, "SSH").contains("999999 days  ! "));
    assert!(window.sentences().contains("longer than \"99999 days\"; write less"), "{}", window.screen());
    // Not from another page either: it is gone to.
    window.press(LIMITS);
    let _ = window.wait_for("First method");
    window.press(F2);
    let _ = window.wait_until("the field", |screen| {
        line(screen, "SSH").contains("> *SSH") || line(screen, "SSH").contains(">*SSH")
    });
    assert!(line(&window.screen(), "SSH").contains("999999 days  ! "), "{}", window.screen());
    assert_eq!((file(&world), beside(&world)), (before.clone(), Vec::new()));
    // Exit asks, and what is discarded is gone.
    window.press(F10);
    let _ = window.wait_for("Not saved");
    window.press(ESCAPE);
    let _ = window.wait_until("the question to go", |screen| !screen.contains("discard"));

    // Another one on the other page: 10 minutes at most.
    to(&mut window, "SSH");
    window.press(BACKSPACE);
    window.press(BACKSPACE);
    let _ = window.wait_until("it to be fit again", is_fit);
    window.press(LIMITS);
    to(&mut window, "Good for");
    window.press(BACKSPACE);
    window.press(BACKSPACE);
    window.press(b"11");
    let _ = window.wait_until("the error", |screen| line(screen, "Good for").contains("11 minutes  ! "));
    window.press(F2);
    window.press(F10);
    let _ = window.wait_for("Not saved");
    assert_eq!(file(&world), before);
    window.press(b"d");
    assert!(window.wait_for_end().success());
    assert_eq!((file(&world), beside(&world)), (before, Vec::new()));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_duration_that_is_cleared_has_its_default_again_however_it_was_cleared() {
    let world = Plan::default().settings("[trust]\nssh = \"999 days\"").start();
    let before = file(&world).0;
    for (name, keys) in [("Backspace", [BACKSPACE, BACKSPACE, BACKSPACE].concat()), ("Ctrl-U", CLEAR.to_vec())] {
        let mut window = open(&world, (100, 30), "C.UTF-8");
        to(&mut window, "SSH");
        let _ = window.wait_until("its value", |screen| line(screen, "SSH").contains("999 days"));
        window.press(&keys);
        let _ = window.wait_until(name, |screen| {
            let shown = line(screen, "SSH");
            shown.contains('*') && !shown.contains('9') && !shown.contains('!')
        });
        window.press(F2);
        let _ = window.wait_until(&format!("{name}: the default"), |screen| screen.contains("-ssh = \"999 days\""));
        let now = file(&world).0;
        assert!(!now.contains("ssh = \""), "{name}: {now}");
        fs::write(world.config_file(), &before).unwrap();
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_value_that_is_cleared_and_typed_anew_keeps_its_place_and_the_comment_behind_it() {
    let world = Plan::default().start();
    assert!(world.command(&["config", "seal"]).status.success());
    let text = file(&world).0.replace("port = 2465\n", "port = 2465 # by the firewall's leave\n");
    fs::write(world.config_file(), &text).unwrap();
    let mut window = open(&world, (100, 30), "C.UTF-8");
    type_over(&mut window, "Port", "2466");
    type_over(&mut window, "Send from", "New <new@example.test>");
    window.press(F2);
    let _ = window.wait_for("+port = 2466");
    let expected =
        text.replace("2465", "2466").replace("Example Corp Security <security@example.test>", "New <new@example.test>");
    assert_eq!(file(&world).0, expected);
}
