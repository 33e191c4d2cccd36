//! What a device is known by, and that it is trusted then and not otherwise.

mod asked;
mod caller;
mod ends;

use super::super::world::{World, ssh};
use super::super::{Event, Factor, policy};
use super::*;
use crate::store::{Authenticator, UserKey};
use pam_2fa_protocol::admin::{Foreseen, Required, Verify};
use pam_2fa_protocol::login::Verdict;

const ED25519: &str = "publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDTb1fO2cQzYjicvOXgKZreduE+xyKyHA9mtTzBLcdm5";
const OTHER: &str = "publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBBL+3K0b0+r9vpY1wlok5dCOIQpv29+9QUjCOKDoNv2";
const DAY_S: u64 = 86_400;

fn trust(lines: &str) -> Trust {
    pam_2fa_settings::parse(&format!("[trust]\n{lines}\n")).unwrap().settings.trust
}

fn boot() -> BootId {
    BootId(String::from("boot"))
}

fn known(begin: &Begin, class: Class, lines: &str) -> Option<Identity> {
    identity(begin, class, &trust(lines), &boot())
}

fn by_key(from: &str) -> Begin {
    Begin { auth_info: Some(String::from(ED25519)), password_stamp: Some(String::from("stamp")), ..ssh("ada", from) }
}

fn console_on(tty: &str) -> Begin {
    let (service, tty) = (String::from("login"), Some(String::from(tty)));
    Begin { service, tty, remote_host: None, password_stamp: Some(String::from("stamp")), ..ssh("ada", "") }
}

fn browser(from: &str) -> Begin {
    Begin {
        service: String::from("cockpit"),
        tty: None,
        password_stamp: Some(String::from("stamp")),
        ..ssh("ada", from)
    }
}

fn sudo(session: i64) -> Begin {
    Begin {
        service: String::from("sudo"),
        session: Some(session),
        real_uid: Some(0),
        remote_user: Some(String::from("ada")),
        remote_host: None,
        ..console_on("/dev/pts/1")
    }
}

/// All classes remember for a day.
const ALL: &str =
    "desktop = \"1 day\"\nweb = \"1 day\"\nssh = \"1 day\"\nelevate = \"1 day\"\nweb_identity = \"address\"";

fn world(lines: &str) -> World {
    let mut world = World::new();
    world.rules.trust = trust(lines);
    world
}

/// One login: the code is given where it is asked for. What stood for it.
fn log_in(world: &mut World, begin: Begin) -> Factor {
    let (login, said) = world.begin(begin, 0);
    if said.verdict() == Some(Verdict::Allow) {
        assert_eq!(world.logged.last().unwrap().factor, Some(Factor::TrustedDevice));
        return Factor::TrustedDevice;
    }
    let code = world.code(&login);
    let (login, said) = world.answer(login, &code);
    assert_eq!(said.verdict(), Some(Verdict::Allow), "{said:?}");
    assert!(login.is_over());
    Factor::Email
}

#[test]
fn an_address_that_is_none_is_never_an_identity() {
    let nobodys = [
        "::ffff:192.0.2.7",
        "fe80::1%eth0",
        "fe80::1",
        "",
        "0.0.0.0",
        "::",
        "localhost",
        "host.example.com",
        "UNKNOWN",
        "127.0.0.1",
        "127.1.2.3",
        "::1",
        "169.254.1.1",
        "224.0.0.1",
        "255.255.255.255",
        "ff02::1",
        " 192.0.2.7",
        "192.0.2.7/32",
        "192.0.2.7:22",
        "192.0.2.07",
        // In which those of many are wrapped up: NAT64, Teredo, IPv4 as IPv6.
        "64:ff9b::192.0.2.7",
        "64:ff9b:1::c000:207",
        "2001:0:53aa:64c:0:7eff:3fff:fdf8",
        "::192.0.2.7",
    ];
    for identity in ["ssh_identity = \"key\"", "ssh_identity = \"address\""] {
        for from in nobodys {
            assert_eq!(known(&by_key(from), Class::Ssh, identity), None, "{from}");
        }
        assert!(known(&by_key("192.0.2.7"), Class::Ssh, identity).is_some());
    }
    for from in nobodys {
        assert_eq!(known(&browser(from), Class::Web, "web_identity = \"address\""), None, "{from}");
    }
    assert!(known(&browser("192.0.2.7"), Class::Web, "web_identity = \"address\"").is_some());
    assert_eq!(known(&browser("192.0.2.7"), Class::Web, ""), None);
    assert_eq!(known(&Begin { remote_host: None, ..browser("") }, Class::Web, "web_identity = \"address\""), None);
}

#[test]
fn an_ssh_client_is_its_key_and_its_network_and_never_a_password_from_somewhere() {
    let of = |begin: &Begin| known(begin, Class::Ssh, "");
    let ada = of(&by_key("192.0.2.7")).unwrap();
    assert!(ada.label.starts_with("key SHA256:") && ada.label.ends_with(" from 192.0.2.7/32"), "{}", ada.label);
    assert_ne!(of(&by_key("192.0.2.8")).as_ref(), Some(&ada));
    assert_ne!(of(&Begin { auth_info: Some(String::from(OTHER)), ..by_key("192.0.2.7") }).as_ref(), Some(&ada));
    assert_eq!(of(&ssh("ada", "192.0.2.7")), None);
    assert_eq!(of(&Begin { auth_info: Some(String::from("password")), ..ssh("ada", "192.0.2.7") }), None);
    let wide = "prefix_v4 = 24\nprefix_v6 = 56";
    let near = |from: &str| known(&by_key(from), Class::Ssh, wide);
    assert_eq!(near("192.0.2.7"), near("192.0.2.200"));
    assert_ne!(near("192.0.2.7"), near("192.0.3.7"));
    assert_eq!(near("2001:db8:0:aa00::1"), near("2001:db8:0:aaff:1:2:3:4"));
    assert_ne!(near("2001:db8:0:aa00::1"), near("2001:db8:0:ab00::1"));
    let privacy = |from: &str| known(&by_key(from), Class::Ssh, "");
    assert_eq!(privacy("2001:db8:1:2:3:4:5:6"), privacy("2001:db8:1:2:aaaa::1"), "RFC 8981");
    assert_ne!(privacy("2001:db8:1:2::1"), privacy("2001:db8:1:3::1"));
    let address = known(&ssh("ada", "192.0.2.7"), Class::Ssh, "ssh_identity = \"address\"").unwrap();
    assert_eq!(address.label, "address 192.0.2.7/32");
    assert_ne!(address.key.identity, ada.key.identity);
}

#[test]
fn a_console_is_a_seat_of_this_machine() {
    let of = |begin: &Begin| known(begin, Class::Desktop, "").map(|identity| identity.label);
    for tty in ["tty1", "/dev/tty1", "tty63"] {
        assert_eq!(of(&console_on(tty)).as_deref(), Some("console seat0"), "{tty}");
    }
    assert_eq!(of(&console_on("/dev/ttyS0")).as_deref(), Some("console ttyS0"));
    assert_ne!(of(&console_on("ttyS0")), of(&console_on("ttyS1")));
    for tty in [
        "pts/1",
        "/dev/pts/1",
        "",
        "tty",
        "ttyX",
        "console",
        "host:0",
        "localhost:10.0",
        ":0",
        ":1",
        "tty1234",
        ":",
        "tty1 ",
    ] {
        assert_eq!(of(&console_on(tty)), None, "{tty}");
    }
    let on_seat = |seat: &str, tty: &str| of(&Begin { seat: Some(String::from(seat)), ..console_on(tty) });
    assert_eq!(on_seat("seat1", "").as_deref(), Some("console seat1"));
    assert_eq!(on_seat("seat0", "tty2").as_deref(), Some("console seat0"));
    assert_eq!(on_seat("seat0", ":0").as_deref(), Some("console seat0"));
    assert_eq!(on_seat("seat1", ":1").as_deref(), Some("console seat1"));
    assert_eq!(on_seat("seat0", "pts/1"), None);
    for seat in ["sea", "seat", "seat/0", "seat\n", "Seat0"] {
        assert_eq!(on_seat(seat, "tty1"), None, "{seat:?}");
    }
    for from in ["192.0.2.7", "0.0.0.0", "localhost", "host:0"] {
        assert_eq!(of(&Begin { remote_host: Some(String::from(from)), ..console_on("tty1") }), None, "{from}");
    }
}

#[test]
fn an_elevation_is_a_session_of_this_boot_who_called_and_who_is_named() {
    let of = |begin: &Begin| known(begin, Class::Elevate, "");
    let ada = of(&sudo(5)).unwrap();
    assert_eq!(ada.label, "session 5, ada as ada");
    let su = Begin { real_uid: Some(1000), user: String::from("root"), ..sudo(5) };
    let others = [
        sudo(6),
        Begin { remote_user: Some(String::from("bob")), ..sudo(5) },
        Begin { user: String::from("root"), ..sudo(5) },
        su.clone(),
        Begin { real_uid: Some(1001), ..su.clone() },
        Begin { remote_user: None, ..su },
    ];
    let mut all: Vec<_> =
        others.iter().map(|begin| of(begin).unwrap().key.identity).chain([ada.key.identity]).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 7, "each is another device");
    assert_ne!(identity(&sudo(5), Class::Elevate, &trust(""), &BootId(String::from("next"))), Some(ada));
    for nobody in [
        Begin { session: None, ..sudo(5) },
        Begin { session: Some(-1), ..sudo(5) },
        Begin { session: Some(0), ..sudo(5) },
        Begin { real_uid: None, ..sudo(5) },
        Begin { remote_user: None, ..sudo(5) },
    ] {
        assert_eq!(of(&nobody), None, "{nobody:?}");
    }
}

#[test]
fn a_service_in_no_class_is_never_trusted() {
    for class in [Class::Other, Class::Ignored] {
        assert_eq!(known(&by_key("192.0.2.7"), class, ALL), None);
        assert_eq!(lifetime_s(class, &trust(ALL)), 0);
    }
}

#[test]
fn a_device_is_remembered_with_a_code_in_each_class_and_only_where_the_settings_say_so() {
    for begin in [by_key("192.0.2.7"), console_on("tty1"), browser("192.0.2.7"), sudo(5)] {
        let mut on = world(ALL);
        assert_eq!(log_in(&mut on, begin.clone()), Factor::Email);
        assert_eq!(log_in(&mut on, begin.clone()), Factor::TrustedDevice, "{begin:?}");
        let logged = on.logged.last().unwrap();
        assert_eq!((logged.verdict, logged.reason), (Verdict::Allow, "trusted-device"));
        assert_eq!(logged.device.as_ref(), Some(&on.devices[0].id));
        assert_eq!(on.charged, 1, "nothing is charged for a trusted login");
        let mut off = world("elevate = \"0 minutes\"");
        assert_eq!(log_in(&mut off, begin.clone()), Factor::Email);
        assert_eq!(log_in(&mut off, begin), Factor::Email);
        assert!(off.devices.is_empty());
    }
    let mut default = world("");
    assert_eq!(log_in(&mut default, sudo(5)), Factor::Email);
    assert_eq!(log_in(&mut default, sudo(5)), Factor::TrustedDevice, "15 minutes, without a setting");
    assert_eq!(log_in(&mut default, by_key("192.0.2.7")), Factor::Email);
    assert_eq!(log_in(&mut default, by_key("192.0.2.7")), Factor::Email);
}

#[test]
fn trust_is_of_one_user_one_class_and_one_device() {
    let mut world = world(ALL);
    world.add("bob", 1001, Verify::NewDevice, Some("bob@example.com"));
    log_in(&mut world, by_key("192.0.2.7"));
    for other in [
        Begin { user: String::from("bob"), ..by_key("192.0.2.7") },
        by_key("192.0.2.8"),
        Begin { auth_info: Some(String::from(OTHER)), ..by_key("192.0.2.7") },
        ssh("ada", "192.0.2.7"),
        console_on("tty1"),
        browser("192.0.2.7"),
        sudo(5),
    ] {
        assert_eq!(log_in(&mut world, other.clone()), Factor::Email, "{other:?}");
    }
    assert_eq!(log_in(&mut world, by_key("192.0.2.7")), Factor::TrustedDevice);
    // What a user's own process claims to be is believed of root alone.
    let (_, said) = world.begin(by_key("192.0.2.7"), 1000);
    assert!(said.prompt().starts_with("Code "), "{said:?}");
}

#[test]
fn always_is_never_trusted_and_never_counts_as_new_device_under_mandatory() {
    let mut world = world(ALL);
    world.add("bob", 1001, Verify::Always, Some("bob@example.com"));
    world.add("cyd", 1002, Verify::Never, Some("cyd@example.com"));
    let of = |user: &str| Begin { user: String::from(user), ..by_key("192.0.2.7") };
    for _ in 0..2 {
        assert_eq!(log_in(&mut world, of("bob")), Factor::Email);
    }
    assert!(world.devices.is_empty(), "nothing is kept of it either");
    assert_eq!(log_in(&mut world, of("cyd")), Factor::Email);
    assert_eq!(log_in(&mut world, of("cyd")), Factor::TrustedDevice);
    // Trust from before the record said so.
    world.add("cyd", 1002, Verify::Always, Some("cyd@example.com"));
    assert_eq!(log_in(&mut world, of("cyd")), Factor::Email);
}

#[test]
fn where_only_is_reported_nothing_is_remembered_and_trust_is_written_down() {
    let mut world = world(ALL);
    log_in(&mut world, by_key("192.0.2.7"));
    world.rules.who.mode =
        pam_2fa_settings::parse("[policy]\nmode = \"report until 2999-01-01\"\n").unwrap().settings.policy.mode;
    let (_, said) = world.begin(by_key("192.0.2.7"), 0);
    assert_eq!(
        (said.verdict(), world.logged.last().unwrap().reason),
        (Some(Verdict::NotSubject), "report:trusted-device")
    );
    let (_, said) = world.begin(by_key("192.0.2.8"), 0);
    assert_eq!(said.verdict(), Some(Verdict::NotSubject));
    assert_eq!(world.devices.len(), 1);
}

#[test]
fn what_is_explained_of_a_device_is_what_is_decided_and_ends_nothing() {
    let mut world = world(ALL);
    let explained = |world: &mut World, begin: Begin| {
        let told = world.explain(begin);
        let why = told.rules.iter().find(|rule| rule.rule == "trust").map(|rule| rule.why.clone());
        (told.decision, why.unwrap_or_default())
    };
    let (decision, why) = explained(&mut world, by_key("192.0.2.7"));
    assert_eq!(decision, Foreseen::Ask);
    assert!(why.ends_with(" from 192.0.2.7/32 is not remembered"), "{why}");
    log_in(&mut world, by_key("192.0.2.7"));
    let (decision, why) = explained(&mut world, by_key("192.0.2.7"));
    assert_eq!(decision, Foreseen::Trusted);
    assert!(why.ends_with("is remembered for 1 day more, unless the password was changed since"), "{why}");
    // As `pam-2fa explain` asks, which cannot see the password either.
    world.pass(13 * 3_600 * 1000);
    let unseen = Begin { password_stamp: None, ..by_key("192.0.2.7") };
    let (decision, why) = explained(&mut world, unseen);
    assert_eq!(decision, Foreseen::Trusted);
    assert!(why.ends_with("is remembered for 11 hours more, unless the password was changed since"), "{why}");
    let blind = Begin { auth_info: None, ..by_key("192.0.2.7") };
    assert_eq!(explained(&mut world, blind).1, "the device is known by nothing that could be remembered");
    world.pass(2 * DAY_S * 1000);
    let (decision, why) = explained(&mut world, by_key("192.0.2.7"));
    assert_eq!(decision, Foreseen::Ask);
    assert!(why.ends_with("was remembered, and that has ended: expired"), "{why}");
    assert_eq!(world.devices[0].ended, None, "a look ends nothing");
    world.rules.trust = trust("");
    assert_eq!(explained(&mut world, by_key("192.0.2.7")).1, "[trust] remembers nothing of class ssh");
    let unstated = Begin { session: None, ..sudo(5) };
    assert_eq!(explained(&mut world, unstated).1, "an elevation is known by its session, and none was stated");
}

#[test]
fn policy_trusts_exactly_what_the_table_says_whatever_is_remembered() {
    let begins = [by_key("192.0.2.7"), console_on("tty1"), browser("192.0.2.7"), sudo(5)];
    let mut count = 0;
    for (required, (name, known, methods)) in policy::tests::REQUIRED
        .iter()
        .flat_map(|required| policy::tests::knowns().into_iter().map(move |known| (*required, known)))
    {
        for begin in &begins {
            let mut world = world(ALL);
            world.add("ada", 1000, Verify::NewDevice, Some("ada@example.com"));
            log_in(&mut world, begin.clone());
            world.rules.required = required;
            world.known = Some(known.clone());
            world.methods.insert(UserKey { uid: 1000, name: String::from("ada") }, methods.clone());
            let (_, said) = world.begin(begin.clone(), 0);
            let asked = ["new-device verified", "new-device app alone", "new-device recovery codes alone"];
            let trusted = match required {
                Required::Disabled => false,
                Required::Optional => asked.contains(&name),
                Required::Mandatory => name == "never verified" || asked.contains(&name),
            };
            assert_eq!(said.verdict() == Some(Verdict::Allow), trusted, "{required:?} {name} {}", begin.service);
            count += 1;
        }
    }
    assert_eq!(count, 3 * 15 * 4);
}
