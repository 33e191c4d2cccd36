//! Saving from the Setup window: what is refused changes nothing, what is saved counts, with the daemon there and without.

use e2e::mailbox;
use e2e::setup::{BACKSPACE, ENTER, F2, F10, open, to, type_over};
use e2e::trust::command;
use e2e::window::sentences;
use e2e::world::{Plan, World};
use std::fs;
use std::os::unix::fs::MetadataExt;

/// The text, and whose it is.
pub(super) fn file(world: &World) -> (String, [u32; 3]) {
    let metadata = fs::metadata(world.config_file()).unwrap();
    let text = fs::read_to_string(world.config_file()).unwrap();
    (text, [metadata.mode(), metadata.uid(), metadata.gid()])
}

/// What else lies beside it.
pub(super) fn beside(world: &World) -> Vec<String> {
    let names = fs::read_dir(world.path("etc")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // What `pam-2fa` keeps there of the store is no part of the settings.
    names.filter(|name| name != "config.toml" && name != "generation").collect()
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn what_the_daemon_refuses_leaves_the_file_byte_for_byte_and_what_was_typed_is_still_there_to_be_mended() {
    let world = Plan::default().start();
    let _ = command(&world, &["config", "reload"]);
    // It parses, and does not open: only configd can know.
    let foreign = file(&world).0.replace("\"pw123\"", "\"sealed:v1:00112233:AAAA\"");
    fs::write(world.config_file(), format!("# Of ours: ü\n{foreign}")).unwrap();
    let before = file(&world);
    let mut window = open(&world, (100, 30), "C.UTF-8");
    type_over(&mut window, "Application name", "Refused Corp");
    for _ in 0..2 {
        window.press(F2);
        let said =
            window.wait_until("the refusal", |screen| sentences(screen).contains("configd refused the new settings"));
        assert!(sentences(&said).contains("the old file is back"), "{said}");
        assert!(said.contains("Refused Corp") && said.contains("* not saved"), "{said}");
        assert_eq!((file(&world), beside(&world)), (before.clone(), Vec::new()));
        // Home: what was said goes with the next key, and is another's when it comes again.
        window.press(b"\x1b[H");
        let _ = window.wait_until("it to go", |screen| !sentences(screen).contains("configd refused"));
    }
    // What counts is still what was accepted last.
    let shown = command(&world, &["config", "show", "policy.application"]);
    assert!(shown.contains("Example Corp") && !shown.contains("Refused"), "{shown}");
    // With the password typed anew both are saved.
    to(&mut window, "Password");
    window.press(b"pw123");
    let _ = window.wait_for(&"•".repeat("pw123".len()));
    window.press(F2);
    let _ = window.wait_for("+application = \"Refused Corp\"");
    let now = file(&world);
    assert!(
        now.0.starts_with("# Of ours: ü\n") && !now.0.contains("pw123") && !now.0.contains("00112233"),
        "{}",
        now.0
    );
    assert_eq!((now.1, beside(&world)), (before.1, Vec::new()));
    window.press(ENTER);
    window.press(F10);
    assert!(window.wait_for_end().success());
    let ada = world.person("ada");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    assert!(mailbox::wait_for_code(&ada.email, 1).text.contains("Refused Corp"));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn without_the_daemon_no_secret_is_saved_and_once_it_is_back_all_of_it_is() {
    let mut world = Plan::default().start();
    assert!(world.command(&["config", "seal"]).status.success());
    let before = file(&world);
    let mut window = open(&world, (100, 30), "C.UTF-8");
    type_over(&mut window, "Application name", "Patient Corp");
    to(&mut window, "Password");
    window.press(b"hunter2");
    let _ = window.wait_for(&"•".repeat("hunter2".len()));
    let stopped = world.stop_configd();
    assert!(stopped.success(), "{stopped}");
    let _ = window.wait_for("! configd does not answer");
    window.press(F2);
    let _ = window.wait_until("why not", |screen| screen.lines().any(|line| line.starts_with(" ! ")));
    assert!(window.screen().contains("Patient Corp") && window.screen().contains("* not saved"), "{}", window.screen());
    assert_eq!((file(&world), beside(&world)), (before.clone(), Vec::new()));
    world.start_configd();
    let _ = window.wait_for("configd: running");
    window.press(F2);
    let screen = window.wait_for("Encrypted: email.password");
    assert!(screen.contains("+application = \"Patient Corp\"") && !screen.contains("hunter2"), "{screen}");
    window.press(ENTER);
    window.press(F10);
    assert!(window.wait_for_end().success());
    let now = file(&world);
    assert!(now.0.contains("Patient Corp") && !now.0.contains("hunter2") && now.1 == before.1, "{now:?}");
    assert!(command(&world, &["config", "show", "policy.application"]).contains("Patient Corp"));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_setting_without_a_secret_that_is_saved_without_the_daemon_counts_once_it_is_back_and_that_is_said() {
    let mut world = Plan::default().start();
    assert!(world.command(&["config", "seal"]).status.success());
    let mut window = open(&world, (100, 30), "C.UTF-8");
    type_over(&mut window, "Application name", "Later Corp");
    world.kill_configd();
    let _ = window.wait_for("! configd does not answer");
    window.press(F2);
    let screen = window.wait_for("Not yet taken over: ");
    // Nothing may read as if it were in force.
    assert!(!screen.contains("and taken over"), "{screen}");
    window.press(ENTER);
    assert!(file(&world).0.contains("Later Corp"));
    world.start_configd();
    let _ = window.wait_for("configd: running");
    assert!(command(&world, &["config", "show", "policy.application"]).contains("Later Corp"));
    window.press(F10);
    assert!(window.wait_for_end().success());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn the_german_window_of_a_large_terminal_saves_too() {
    let world = Plan::default().start();
    let before = file(&world);
    let mut window = open(&world, (200, 60), "de_DE.UTF-8");
    type_over(&mut window, "Name in Nachrichten", "Müller & Söhne");
    let _ = window.wait_for("* nicht gespeichert");
    // In the other column.
    to(&mut window, "SSH");
    window.press(BACKSPACE);
    window.press(b"8h");
    let _ = window.wait_for("8 Stunden");
    window.press(F2);
    let screen = window.wait_for("+application = \"Müller & Söhne\"");
    assert!(screen.contains(" Gespeichert ") && screen.contains("+ssh = \"8 hours\""), "{screen}");
    assert!(screen.contains("Verschlüsselt: email.password"), "{screen}");
    assert!(screen.contains("Gespeichert und übernommen.") && !screen.contains("nicht gespeichert"), "{screen}");
    window.press(ENTER);
    window.press(F10);
    assert!(window.wait_for_end().success());
    let now = file(&world);
    assert!(now.0.contains("Müller & Söhne") && now.0.contains("ssh = \"8 hours\"") && now.1 == before.1, "{now:?}");
    let ada = world.person("ada");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    assert!(mailbox::wait_for_code(&ada.email, 1).text.contains("Müller & Söhne"));
}
