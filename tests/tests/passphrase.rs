//! A passphrase at a real terminal: asked for twice, unseen, and the terminal is afterwards as it was before.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use e2e::daemon::COMMAND;
use e2e::terminal::Terminal;
use e2e::world::{Plan, World};

const PHRASE: &str = "correct horse battery staple";

/// A shell in whose terminal the command runs, so that what is left of that can be looked at.
fn export(world: &World, file: &str) -> Terminal {
    let (run, config) = (world.path("run"), world.config_file());
    let line = format!(
        "before=$(stty -g); {COMMAND} --runtime-dir {} --config {} key export {file}; echo status $?; \
         [ \"$before\" = \"$(stty -g)\" ] && echo as before",
        run.display(),
        config.display()
    );
    Terminal::open("/bin/sh", &[String::from("-c"), line])
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_passphrase_is_typed_twice_unseen_and_the_terminal_is_as_it_was_whatever_is_typed() {
    let world = Plan::default().start();
    let _ = world.person("ada");
    let copy = world.path("copy");
    let file = copy.to_str().unwrap();
    let cases = [
        (&[PHRASE, "another horse battery staple"][..], "the two were not the same", "status 1", false),
        (&["too short"], "at least 15 characters", "status 1", false),
        (&["correct horse \u{3} staple"], "given up", "status 1", false),
        (&[PHRASE, PHRASE], "under the passphrase", "status 0", true),
    ];
    for (typed, says, status, is_there) in cases {
        let mut terminal = export(&world, file);
        for (line, asks) in typed.iter().zip(["Passphrase for the copy of the key:", "The same again:"]) {
            terminal.wait_for(asks);
            terminal.type_line(line);
        }
        terminal.wait_for(says);
        terminal.wait_for(status);
        terminal.wait_for("as before");
        let _ = terminal.wait_for_end();
        let text = terminal.text();
        assert!(!text.contains("horse") && !text.contains("too short"), "{text}");
        assert_eq!(copy.exists(), is_there, "{text}");
    }
}
