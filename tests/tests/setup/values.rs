//! Values as they are typed in the Setup window: what is in range counts.

use e2e::setup::{BACKSPACE, ENTER, F2, F10, open, to};
use e2e::trust::{HERE, asked, by_key, command, key_login, not_asked, person};

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
    let mut window = open(&world, (80, 24), "C");
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
