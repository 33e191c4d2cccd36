//! The real gammu: with its own dummy phone, and in front of a modem on a pseudo-terminal.

use super::at_modem::{Answer, AtModem, Taken};
use super::*;
use crate::common::daemon::is_root;
use crate::common::skipped;
use std::os::unix::fs::symlink;
use std::time::Duration;

/// A configuration of gammu's, of which the shipped provider's file is told.
fn config(folder: &Folder, text: &str) -> PathBuf {
    let path = folder.0.join("gammurc");
    put(&path, text, 0o644);
    path
}

fn by_gammu(config: &Path, more: &[(&str, &str)]) -> Text {
    let mut account = vec![("config", config.to_str().unwrap())];
    account.extend(more);
    text("gammu", &account)
}

fn with(modem: &AtModem, folder: &Folder) -> Text {
    let text = format!("[gammu]\nconnection = at\nmodel = at\ndevice = {}\n", modem.device.display());
    by_gammu(&config(folder, &text), &[])
}

fn saying(message: Text, text: &str) -> Text {
    Text { text: Secret::new(text.into()), ..message }
}

#[test]
fn a_modem_gets_every_character_as_it_was_and_its_reference_is_the_id() {
    let folder = stage();
    let daemon = local(&folder, &[]);
    let long = "x".repeat(170);
    for (text, alphabet, parts) in
        [("123456 is your code €{}[] @host", "GSM", 1), ("Код 123456 👍 €{}[]", "UCS-2", 1), (long.as_str(), "GSM", 2)]
    {
        let modem = AtModem::start(Answer::Yes);
        let (steps, outcome) = carry(&daemon, saying(with(&modem, &folder), text));
        assert_is(&outcome, ACCEPTED);
        assert_eq!(outcome.provider_id.as_deref(), Some("42"));
        assert!(steps[0].starts_with("runs /usr/bin/gammu with "), "{steps:?}");
        let taken = modem.taken();
        assert_eq!(taken.iter().map(|part| part.text.as_str()).collect::<String>(), text);
        assert_eq!(taken.len(), parts);
        assert_eq!(taken[0], Taken { to: TO.into(), text: taken[0].text.clone(), alphabet, validity: 11 });
    }
}

#[test]
fn gammus_own_telephone_takes_a_message_and_no_log_has_it() {
    let folder = stage();
    let (phone, log) = (folder.0.join("out/phone"), folder.0.join("out/log"));
    open_folder(&phone, 0o777);
    let daemon = local(&folder, &[]);
    let config = config(
        &folder,
        &format!(
            "[gammu1]\nmodel = dummy\nconnection = none\nport = {}\nlogfile = {}\nlogformat = textall\n",
            phone.display(),
            log.display()
        ),
    );
    let outcome = carry(&daemon, by_gammu(&config, &[("section", "1")])).1;
    assert_is(&outcome, ACCEPTED);
    assert_eq!(outcome.provider_id.as_deref(), Some("255"));
    assert!(phone.join("operations.log").exists(), "it was the dummy");
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "");
}

#[test]
fn what_a_modem_refuses_is_certain_only_where_its_number_leaves_no_doubt() {
    let folder = stage();
    let daemon = local(&folder, &[]);
    for (answer, expected) in [
        (Answer::Refuses(310), (Class::AuthError, Some(Reason::Config))),
        (Answer::Refuses(331), AWAY),
        (Answer::Refuses(38), UNCLEAR),
        (Answer::Says("ERROR\r\n"), UNCLEAR),
        (Answer::Says("+CME ERROR: 10\r\n"), UNCLEAR),
    ] {
        let modem = AtModem::start(answer);
        let outcome = carry(&daemon, with(&modem, &folder)).1;
        assert_is(&outcome, expected);
        assert!(outcome.said.contains("error ") && outcome.said.contains("message reference=-1"), "{outcome:?}");
    }
}

#[test]
fn a_modem_may_take_longer_than_a_server_and_one_that_never_answers_may_have_sent() {
    let folder = stage();
    let daemon = local(&folder, &[]);
    let begun = wait::now();
    let slow = AtModem::start(Answer::Late(Duration::from_secs(6)));
    let outcome = carry(&daemon, with(&slow, &folder)).1;
    assert!(begun.elapsed() > Duration::from_secs(8), "{:?}", begun.elapsed());
    assert_is(&outcome, ACCEPTED);

    let silent = AtModem::start(Answer::Nothing);
    let mut caller = daemon.call();
    caller.send(&Send { deadline_ms: 8_000, ..send(with(&silent, &folder)) }, More::No);
    silent.until_taken(1);
    let (_, outcome) = caller.outcome();
    assert_is(&outcome, UNCLEAR);
    assert!(outcome.said.contains("may have been taken all the same"), "{outcome:?}");
}

#[test]
fn one_message_at_a_time_goes_to_a_modem_and_who_waits_in_vain_has_sent_nothing() {
    let folder = stage();
    let daemon = local(&folder, &[]);
    let (first, second) = (AtModem::start(Answer::Yes), AtModem::start(Answer::Yes));
    // Whoever opens the device later finds the other modem there.
    let device = folder.0.join("device");
    symlink(&first.device, &device).unwrap();
    let config = config(&folder, &format!("[gammu]\nconnection = at\nmodel = at\ndevice = {}\n", device.display()));
    let (mut one, mut other, mut hurried) = (daemon.call(), daemon.call(), daemon.call());
    one.send(&send(by_gammu(&config, &[])), More::No);
    wait::until("gammu at the modem", || (!first.commands().is_empty()).then_some(()));
    std::fs::remove_file(&device).unwrap();
    symlink(&second.device, &device).unwrap();
    other.send(&send(saying(by_gammu(&config, &[]), "the second")), More::No);
    hurried.send(&Send { deadline_ms: 1_500, ..send(saying(by_gammu(&config, &[]), "the third")) }, More::No);
    let outcome = hurried.outcome().1;
    assert_is(&outcome, AWAY);
    assert!(outcome.said.contains("busy with other messages"), "{outcome:?}");
    wait::until("gammu at the modem again", || (!second.commands().is_empty()).then_some(()));
    assert_eq!(first.taken().len(), 1, "the first was through before");
    assert_is(&one.outcome().1, ACCEPTED);
    assert_is(&other.outcome().1, ACCEPTED);
    assert_eq!(second.taken()[0].text, "the second");
}

#[test]
fn a_configuration_that_is_not_the_administrators_or_has_no_such_section_is_not_used() {
    let folder = stage();
    let daemon = local(&folder, &[]);
    let path = config(&folder, "[gammu]\nconnection = at\ndevice = /dev/null\n[gammu2]\n");
    let refused = |account: &[(&str, &str)], expected: &str| {
        let outcome = carry(&daemon, by_gammu(&path, account)).1;
        assert_is(&outcome, CONFIG);
        assert!(outcome.said.contains(expected), "{expected}: {outcome:?}");
    };
    refused(&[("section", "1")], "has no section [gammu1]");
    refused(&[("section", "x")], "sms.account.section");
    std::fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    refused(&[], "lets others write it");
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    if is_root() {
        refused(&[], "cannot be read (Permission denied");
    } else {
        skipped("it takes root to have a file that courier-local cannot read");
    }
    std::fs::remove_file(&path).unwrap();
    refused(&[], "cannot be looked at (No such file");
}

#[test]
fn a_modem_that_is_not_there_has_certainly_sent_nothing() {
    let folder = stage();
    let daemon = local(&folder, &[]);
    let message = |text: &str| by_gammu(&config(&folder, text), &[]);
    let outcome = carry(&daemon, message("[gammu]\nconnection = at\ndevice = /dev/ttyGone\n")).1;
    assert_is(&outcome, AWAY);
    assert!(outcome.said.contains("ended with status 104") && outcome.said.contains("doesn't exist"), "{outcome:?}");
    let dead = AtModem::start(Answer::Dead);
    let outcome = carry_within(&daemon, with(&dead, &folder), 2_000).1;
    assert_is(&outcome, AWAY);
    assert_eq!(dead.taken().len(), 0);
    assert!(!dead.commands().is_empty());
    let outcome = carry(&daemon, message("[gammu]\nconnection = zigzag\ndevice = /dev/null\n")).1;
    assert_is(&outcome, (Class::AuthError, Some(Reason::Config)));
}
