//! ModemManager's interfaces as courier-local uses them, before a mock of it (python-dbusmock) on a message bus of the test's own.
//! No modem and no ModemManager has seen any of this.

use super::bus::Bus;
use super::*;

const ONE: &str = r#"{"modems": [{"imei": "490154203237518", "messaging": true}]"#;

/// A message to one modem, whatever it is.
fn any() -> Text {
    text("modemmanager", &[])
}

fn with(more: &str) -> String {
    format!("{ONE}{more}}}")
}

fn stage_with_bus() -> (Arc<Folder>, Bus, Daemon) {
    let folder = stage();
    let bus = Bus::start(&folder);
    let daemon = local(&folder, &["--bus", &bus.address]);
    (folder, bus, daemon)
}

#[test]
fn a_message_is_made_sent_and_deleted_again() {
    let (_folder, mut bus, daemon) = stage_with_bus();
    bus.with_modem_manager(&with(""));
    let (steps, outcome) = carry(&daemon, any());
    assert_is(&outcome, ACCEPTED);
    assert_eq!((outcome.provider_id.as_deref(), outcome.said.as_str()), (Some("77"), "sent, message reference 77"));
    assert_eq!(steps[0], "asks ModemManager for /org/freedesktop/ModemManager1/Modem/0, as modemmanager.toml says");
    bus.until_logged("gone /org/freedesktop/ModemManager1/SMS/0");
    let log = bus.log();
    let create = log.lines().find(|line| line.contains(" Create ")).unwrap();
    assert!(create.contains(&format!("\"number\": \"{TO}\"")), "{create}");
    assert!(
        create.contains(&format!("\"text\": \"{CODE} is your Example Corp login code (7F) for host.\"")),
        "{create}"
    );
    // What is left of the code's life in minutes, a day at most.
    assert!(log.contains("validity UInt32 1 UInt32 1440"), "{log}");
    assert_eq!(log.matches(" Send\n").count(), 1, "{log}");
}

#[test]
fn the_modem_that_the_account_names_is_asked_or_none() {
    let (_folder, mut bus, daemon) = stage_with_bus();
    bus.with_modem_manager(
        r#"{"modems": [{"imei": "490154203237510", "messaging": false}, {"imei": "490154203237518", "messaging": true},
            {"imei": "490154203237526", "messaging": true}]}"#,
    );
    for (account, path) in [(vec![], "Modem/1"), (vec![("modem", "490154203237526")], "Modem/2")] {
        let (steps, outcome) = carry(&daemon, text("modemmanager", &account));
        assert_is(&outcome, ACCEPTED);
        assert!(steps[0].contains(path), "{steps:?}");
    }
    for imei in ["490154203237510", "490154203237599"] {
        let outcome = carry(&daemon, text("modemmanager", &[("modem", imei)])).1;
        assert_is(&outcome, AWAY);
        assert!(outcome.said.contains("it has no modem of the identifier"), "{outcome:?}");
    }
    let outcome = carry(&daemon, text("modemmanager", &[("modem", "first")])).1;
    assert_is(&outcome, CONFIG);
    assert_eq!(bus.log().matches(" Create ").count(), 2);
}

#[test]
fn a_refusal_is_certain_only_where_its_name_leaves_no_doubt_and_the_message_is_deleted_all_the_same() {
    let (_folder, mut bus, daemon) = stage_with_bus();
    for (error, expected) in [
        ("Core.Unauthorized", CONFIG),
        ("Message.SimPin", (Class::AuthError, Some(Reason::Config))),
        ("MobileEquipment.SimNotInserted", (Class::AuthError, Some(Reason::Config))),
        ("Message.SmscAddressUnknown", (Class::AuthError, Some(Reason::Config))),
        ("Message.NoNetwork", AWAY),
        ("Message.InvalidPduParameter", (Class::Rejected, Some(Reason::Request))),
        ("Message.NetworkTimeout", UNCLEAR),
        ("Message.Unknown", UNCLEAR),
        ("Core.Failed", UNCLEAR),
        ("Core.Aborted", UNCLEAR),
        ("Serial.ResponseTimeout", UNCLEAR),
    ] {
        bus.with_modem_manager(&with(&format!(", \"send\": \"org.freedesktop.ModemManager1.Error.{error}\"")));
        let outcome = carry(&daemon, any()).1;
        assert_is(&outcome, expected);
        assert!(outcome.said.contains(error) && outcome.said.contains("in these words"), "{outcome:?}");
        assert_eq!(outcome.said.contains("polkit needs a rule"), error == "Core.Unauthorized", "{outcome:?}");
        bus.until_logged("gone /org/freedesktop/ModemManager1/SMS/0");
    }
    bus.with_modem_manager(&with(", \"send\": \"unsent\""));
    let outcome = carry(&daemon, any()).1;
    assert_is(&outcome, UNCLEAR);
    assert!(outcome.said.contains("state is Some(1), not sent"), "{outcome:?}");
    bus.until_logged("gone /org/freedesktop/ModemManager1/SMS/0");
}

#[test]
fn what_is_refused_before_it_is_sent_is_certainly_not_sent() {
    let (_folder, mut bus, daemon) = stage_with_bus();
    let outcome = carry(&daemon, any()).1;
    assert_is(&outcome, AWAY);
    assert!(outcome.said.contains("systemctl enable --now ModemManager"), "{outcome:?}");
    bus.with_modem_manager("{\"modems\": []}");
    assert_is(&carry(&daemon, any()).1, AWAY);
    bus.with_modem_manager(&with(", \"create\": \"org.freedesktop.ModemManager1.Error.Core.Unauthorized\""));
    let outcome = carry(&daemon, any()).1;
    assert_is(&outcome, CONFIG);
    assert!(outcome.said.contains("60-pam-2fa.rules"), "{outcome:?}");
    bus.with_modem_manager(&with(", \"create\": \"org.freedesktop.ModemManager1.Error.Core.Failed\""));
    assert_is(&carry(&daemon, any()).1, (Class::Temporary, None));
    drop(bus);
    let outcome = carry(&daemon, any()).1;
    assert_is(&outcome, AWAY);
    assert!(outcome.said.contains("the message bus at unix:path="), "{outcome:?}");
}

#[test]
fn a_message_that_nobody_waits_for_any_more_is_deleted() {
    let (_folder, mut bus, daemon) = stage_with_bus();
    bus.with_modem_manager(&with(", \"send\": \"slow\""));
    let outcome = carry_within(&daemon, any(), 2_000).1;
    assert_is(&outcome, UNCLEAR);
    assert!(outcome.said.contains("may have been taken all the same"), "{outcome:?}");
    bus.until_logged("gone /org/freedesktop/ModemManager1/SMS/0");

    let mut caller = daemon.call();
    caller.send(&send(any()), More::No);
    wait::until("a second message", || (bus.log().matches(" Send\n").count() == 2).then_some(()));
    drop(caller);
    wait::until("both to be deleted", || (bus.log().matches("gone /").count() == 2).then_some(()));
}

#[test]
fn the_environment_names_no_bus() {
    let folder = stage();
    let mut bus = Bus::start(&folder);
    bus.with_modem_manager(&with(""));
    let args = arguments(&folder, "root", &["--bus", "unix:path=/nowhere/bus"]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let daemon = Daemon::start_with_more(Arc::clone(&folder), Which::Local("nobody"), &args, Socket::Made, |command| {
        command.env("DBUS_SYSTEM_BUS_ADDRESS", &bus.address).env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    });
    let outcome = carry(&daemon, any()).1;
    assert_is(&outcome, AWAY);
    assert!(outcome.said.contains("unix:path=/nowhere/bus"), "{outcome:?}");
    assert!(!bus.log().contains("GetManagedObjects") && !bus.log().contains(" Create "), "{}", bus.log());
}
