//! What a device is known by, and each thing that ends trust, on the way of a login.

use super::super::world::{World, ssh};
use super::super::{Effect, Event, Factor, Login, policy};
use super::*;
use crate::clock::HighWater;
use pam_2fa_protocol::admin::{Foreseen, Required, Verify};
use pam_2fa_protocol::login::Verdict;
use proptest::prelude::*;

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

/// What the next login from the device is asked for after something happened; and the one after the same was undone.
fn ends(happens: impl Fn(&mut World), undone: impl Fn(&mut World), why: Option<Ended>) {
    let mut world = world(ALL);
    log_in(&mut world, by_key("192.0.2.7"));
    happens(&mut world);
    let (login, said) = world.begin(by_key("192.0.2.7"), 0);
    assert!(said.prompt().starts_with("Code "), "{said:?}");
    let _gone = world.drive(login, Event::Closed);
    undone(&mut world);
    let (_, said) = world.begin(by_key("192.0.2.7"), 0);
    if why.is_some() {
        assert!(said.prompt().starts_with("Code "), "it came back: {said:?}");
    } else {
        assert_eq!(said.verdict(), Some(Verdict::Allow));
    }
    assert_eq!(world.devices[0].ended, why);
}

#[test]
fn trust_ends_with_its_time_and_does_not_come_back_with_the_clock() {
    ends(|world| world.pass(DAY_S * 1000), |_| {}, Some(Ended::Expired));
    // By the clock that nobody can set, though the wall stands still.
    ends(|world| world.now.boot_ms += DAY_S * 1000, |_| {}, Some(Ended::Expired));
    let year_s = 365 * 86_400;
    ends(|world| world.now.wall_s += year_s, |world| world.now.wall_s -= year_s, Some(Ended::Expired));
    // Given by a clock that ran ahead and was set right since.
    ends(|world| world.now.wall_s -= 3_600, |world| world.now.wall_s += 3_600, Some(Ended::Expired));
    // A wall behind a time that was seen: no trust while it is so, and nothing has ended.
    ends(|world| world.behind_s = 301, |world| world.behind_s = 300, None);
    let mut last_second = world(ALL);
    log_in(&mut last_second, by_key("192.0.2.7"));
    last_second.pass((DAY_S - 1) * 1000);
    assert_eq!(log_in(&mut last_second, by_key("192.0.2.7")), Factor::TrustedDevice);
    last_second.pass(1_000);
    assert_eq!(log_in(&mut last_second, by_key("192.0.2.7")), Factor::Email, "a use does not lengthen it");
}

#[test]
fn trust_ends_with_another_policy_also_where_the_old_one_comes_back() {
    // The house counts each change; the number never comes back.
    ends(|world| world.rules.policy += 1, |world| world.rules.policy += 1, Some(Ended::Policy));
    let mut world = world(ALL);
    log_in(&mut world, by_key("192.0.2.7"));
    world.rules.generation += 1;
    assert_eq!(log_in(&mut world, by_key("192.0.2.7")), Factor::TrustedDevice, "settings of something else");
}

#[test]
fn a_changed_password_ends_all_devices_of_the_user_also_where_the_old_shadow_entry_is_put_back() {
    let mut world = world(ALL);
    let stamped = |begin: Begin, stamp: &str| Begin { password_stamp: Some(String::from(stamp)), ..begin };
    world.add("bob", 1001, Verify::NewDevice, Some("bob@example.com"));
    let bob = Begin { user: String::from("bob"), ..by_key("192.0.2.7") };
    log_in(&mut world, bob.clone());
    log_in(&mut world, by_key("192.0.2.7"));
    log_in(&mut world, console_on("tty1"));
    assert_eq!(log_in(&mut world, stamped(by_key("192.0.2.7"), "new")), Factor::Email);
    assert_eq!(log_in(&mut world, stamped(by_key("192.0.2.7"), "new")), Factor::TrustedDevice);
    assert_eq!(log_in(&mut world, stamped(console_on("tty1"), "stamp")), Factor::Email, "the old entry, put back");
    assert_eq!(log_in(&mut world, bob), Factor::TrustedDevice, "another user's");
}

#[test]
fn where_a_change_of_password_cannot_be_seen_trust_lives_for_twelve_hours_at_most() {
    let blind = |begin: Begin| Begin { password_stamp: None, ..begin };
    for (first, then) in [
        (blind(by_key("192.0.2.7")), blind(by_key("192.0.2.7"))),
        (blind(by_key("192.0.2.7")), by_key("192.0.2.7")),
        (by_key("192.0.2.7"), blind(by_key("192.0.2.7"))),
    ] {
        let mut world = world(ALL);
        log_in(&mut world, first);
        world.pass((12 * 3_600 - 1) * 1000);
        assert_eq!(log_in(&mut world, then.clone()), Factor::TrustedDevice);
        world.pass(1_000);
        assert_eq!(log_in(&mut world, then), Factor::Email);
    }
    let mut world = world("ssh = \"1 day\"\nwithout_stamp = \"0 minutes\"");
    log_in(&mut world, blind(by_key("192.0.2.7")));
    assert_eq!(log_in(&mut world, blind(by_key("192.0.2.7"))), Factor::Email);
}

#[test]
fn an_elevation_ends_with_the_boot_though_session_numbers_begin_again() {
    let mut world = world(ALL);
    log_in(&mut world, sudo(5));
    assert_eq!(log_in(&mut world, sudo(5)), Factor::TrustedDevice);
    world.now.boot = BootId(String::from("next"));
    world.now.boot_ms = 0;
    assert_eq!(log_in(&mut world, sudo(5)), Factor::Email);
    // Were its key the same, the boot would still say no.
    let kept = KeptDevice { given: Moment { boot: boot(), ..world.now.clone() }, ..world.devices[0].clone() };
    assert_eq!(over(&kept, 1, &world.now), Some(Ended::Reboot));
}

#[test]
fn a_device_that_is_revoked_between_look_and_use_is_asked() {
    let mut world = world(ALL);
    log_in(&mut world, by_key("192.0.2.7"));
    world.revoked_meanwhile = true;
    let (_, said) = world.begin(by_key("192.0.2.7"), 0);
    assert!(said.prompt().starts_with("Code "), "{said:?}");
}

#[test]
fn a_trusted_login_whose_use_cannot_be_kept_is_denied() {
    let mut world = world(ALL);
    log_in(&mut world, by_key("192.0.2.7"));
    let used = Event::Used(Err(crate::store::StoreError::Closed));
    let (login, effects) = {
        let begin = Event::Begin(Box::new(by_key("192.0.2.7")));
        let (mut login, mut effects) = world.step(Login::new(0, String::from("K7Q2M9XD")), begin);
        while !matches!(effects.last(), Some(Effect::UseDevice(_))) {
            let event = effects.into_iter().find_map(|effect| world.store_answer(effect)).unwrap();
            (login, effects) = world.step(login, event);
        }
        world.step(login, used)
    };
    assert!(login.is_over());
    let verdict = effects.iter().find_map(|effect| if let Effect::End(step) = effect { step.verdict } else { None });
    assert_eq!(verdict, Some(Verdict::Unavailable));
}

#[test]
fn with_ask_the_user_is_asked_and_only_a_yes_remembers() {
    for (said, remembered) in
        [("y", true), (" YES ", true), ("n", false), ("", false), ("yy", false), ("\u{8}\n\r\u{7f}INCORRECT", false)]
    {
        let mut world = world("ssh = \"8 hours\"\nask = true");
        let (login, _) = world.begin(by_key("192.0.2.7"), 0);
        let code = world.code(&login);
        let (login, question) = world.answer(login, &code);
        assert_eq!(question.prompt(), "Trust this device for 8 hours? [y/N] ");
        assert!(question.step.as_ref().is_some_and(|step| step.ask.as_ref().is_some_and(|ask| ask.echo)));
        assert_eq!(world.used.len(), 1, "the code is used before anybody is asked about anything else");
        let (_, end) = world.answer(login, said);
        assert_eq!(end.verdict(), Some(Verdict::Allow));
        assert_eq!(world.devices.len(), usize::from(remembered), "{said:?}");
        assert_eq!(world.logged.last().unwrap().device.is_some(), remembered);
    }
    // Nothing to remember: no question.
    let mut world = world("ask = true");
    assert_eq!(log_in(&mut world, by_key("192.0.2.7")), Factor::Email);
}

#[test]
fn a_login_that_ends_at_the_question_opens_nothing_and_its_right_code_is_no_wrong_one() {
    let mut world = world("ssh = \"8 hours\"\nask = true");
    for _ in 0..4 {
        let (login, _) = world.begin(by_key("192.0.2.7"), 0);
        let code = world.code(&login);
        let (login, question) = world.answer(login, &code);
        assert!(question.prompt().starts_with("Trust "), "{question:?}");
        let (_, said) = world.drive(login, Event::Closed);
        assert!(said.step.is_none() && world.devices.is_empty());
    }
    let (login, _) = world.begin(by_key("192.0.2.7"), 0);
    let code = world.code(&login);
    let (login, _) = world.answer(login, &code);
    let (_, said) = world.answer(login, "n");
    assert_eq!(said.verdict(), Some(Verdict::Allow));
}

#[test]
fn who_says_yes_is_let_in_also_where_the_device_cannot_be_remembered() {
    let mut world = world("ssh = \"8 hours\"\nask = true");
    let (login, _) = world.begin(by_key("192.0.2.7"), 0);
    let code = world.code(&login);
    let (login, _) = world.answer(login, &code);
    world.broken = true;
    let (_, said) = world.answer(login, "y");
    assert_eq!(said.verdict(), Some(Verdict::Allow));
    assert!(world.devices.is_empty() && world.logged.last().unwrap().device.is_none());
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
    for (required, (name, known)) in policy::tests::REQUIRED
        .iter()
        .flat_map(|required| policy::tests::knowns().into_iter().map(move |known| (*required, known)))
    {
        for begin in &begins {
            let mut world = world(ALL);
            world.add("ada", 1000, Verify::NewDevice, Some("ada@example.com"));
            log_in(&mut world, begin.clone());
            world.rules.required = required;
            world.known = Some(known.clone());
            let (_, said) = world.begin(begin.clone(), 0);
            let records = ["never verified", "new-device verified"];
            let trusted = match required {
                Required::Disabled => false,
                Required::Optional => name == "new-device verified",
                Required::Mandatory => records.contains(&name),
            };
            assert_eq!(said.verdict() == Some(Verdict::Allow), trusted, "{required:?} {name} {}", begin.service);
            count += 1;
        }
    }
    assert_eq!(count, 3 * 12 * 4);
}

/// What may happen to a clock and a device.
#[derive(Debug, Clone)]
enum Act {
    Pass { s: u64 },
    Wall { by_s: i64 },
    Reboot { off_s: u64 },
    LogIn,
    Look,
}

fn act() -> impl Strategy<Value = Act> {
    let some_s = prop_oneof![0_u64..100, 0_u64..10_000, 0_u64..200_000];
    prop_oneof![
        4 => some_s.clone().prop_map(|s| Act::Pass { s }),
        3 => prop_oneof![-4_000_i64..4_000, -400_000_000_i64..400_000_000].prop_map(|by_s| Act::Wall { by_s }),
        1 => some_s.prop_map(|off_s| Act::Reboot { off_s }),
        4 => Just(Act::LogIn),
        4 => Just(Act::Look),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]
    #[test]
    fn however_the_clock_walks_trust_is_never_longer_than_it_was_given_for_and_never_comes_back(
        acts in proptest::collection::vec(act(), 1..60),
    ) {
        let mut world = world(ALL);
        // What nobody can set: seconds that have truly passed; and the wall as somebody sets it, behind its mark.
        let (mut truly_s, mut wall_s, mut boots) = (0_u64, world.now.wall_s, 0);
        let mut mark = HighWater::new(0);
        let mut given: Option<(u64, i64)> = None;
        let mut ended = true;
        for act in acts {
            match act {
                Act::Pass { s } => {
                    truly_s += s;
                    wall_s += i64::try_from(s).unwrap();
                    world.now.boot_ms += s * 1000;
                }
                Act::Wall { by_s } => wall_s += by_s,
                Act::Reboot { off_s } => {
                    truly_s += off_s;
                    wall_s += i64::try_from(off_s).unwrap();
                    boots += 1;
                    (world.now.boot, world.now.boot_ms) = (BootId(format!("boot {boots}")), 0);
                    mark = HighWater::new(mark.mark_s());
                }
                Act::LogIn | Act::Look => {
                    world.now.wall_s = mark.pass(wall_s, world.now.boot_ms);
                    world.behind_s = mark.behind_s(wall_s);
                    let (login, said) = world.begin(by_key("192.0.2.7"), 0);
                    if said.verdict() == Some(Verdict::Allow) {
                        let (given_s, given_boot) = given.unwrap();
                        prop_assert!(!ended, "trust that had ended came back");
                        // Over a reboot only the wall tells; it was at the mark, or a reboot lies between.
                        prop_assert!(i64::from(boots) != given_boot || truly_s - given_s < DAY_S);
                        prop_assert!(world.behind_s <= BEHIND_S);
                    } else {
                        // Asked though it stands: where the clock is behind. Everything else has ended it for good.
                        ended |= world.behind_s <= BEHIND_S;
                        if matches!(act, Act::LogIn) {
                            let code = world.code(&login);
                            let (_, said) = world.answer(login, &code);
                            if said.verdict() == Some(Verdict::Allow) {
                                (given, ended) = (Some((truly_s, i64::from(boots))), false);
                            }
                        } else {
                            let _gone = world.drive(login, Event::Closed);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn the_question_says_how_long_it_is_and_a_no_takes_back_what_was_remembered_before() {
    let mut world = world("ssh = \"30 days\"\nask = true");
    let unseen = Begin { password_stamp: None, ..by_key("192.0.2.7") };
    let asked = |world: &mut World, begin: Begin| {
        let (login, _) = world.begin(begin, 0);
        let code = world.code(&login);
        world.answer(login, &code)
    };
    let (login, question) = asked(&mut world, unseen.clone());
    assert_eq!(
        question.prompt(),
        "Trust this device for 12 hours? [y/N] ",
        "a change of the password could not be seen"
    );
    let _in = world.answer(login, "y");
    world.pass(13 * 3_600 * 1000);
    let (login, _) = asked(&mut world, unseen);
    let (_, said) = world.answer(login, "n");
    assert_eq!(said.verdict(), Some(Verdict::Allow));
    assert_eq!(world.devices[0].ended, Some(Ended::Declined));
}

/// `su bob`, called by ada, where `[services]` asks the caller.
fn su_of_caller() -> (World, Begin) {
    let mut world = world(ALL);
    let caller = |service: &str| format!("{service} = {{ class = \"elevate\", factor = \"caller\" }}\n");
    let services = format!("[services]\n{}{}", caller("su"), caller("sudo"));
    world.rules.services = pam_2fa_settings::parse(&services).unwrap().settings.services;
    world.add("bob", 1001, Verify::NewDevice, Some("bob@example.com"));
    let caller_stamp = Some(String::from("hers"));
    let (service, user) = (String::from("su"), String::from("bob"));
    (world, Begin { service, user, real_uid: Some(1000), caller_stamp, ..sudo(5) })
}

#[test]
fn where_the_caller_is_asked_log_and_mail_say_who_and_whom_he_becomes() {
    let (mut world, su) = su_of_caller();
    let (login, _) = world.begin(su.clone(), 0);
    let login = world.stand(login);
    assert_eq!(world.sent[0].email, "ada@example.com");
    assert_eq!(world.sent[0].place, "su on pts/1, to become bob");
    let code = world.code(&login);
    let _in = world.answer(login, &code);
    let logged = world.logged.last().unwrap();
    assert_eq!((logged.user.as_str(), logged.uid, logged.detail.as_deref()), ("ada", Some(1000), Some("as bob")));
    assert_eq!(world.devices[0].stamp.as_deref(), Some("hers"), "bob's is not what counts");
    assert_eq!(
        log_in(&mut world, Begin { password_stamp: Some(String::from("another")), ..su.clone() }),
        Factor::TrustedDevice
    );
    let changed = Begin { caller_stamp: Some(String::from("another")), ..su.clone() };
    assert_eq!(log_in(&mut world, changed), Factor::Email);
    assert_eq!(log_in(&mut world, Begin { real_uid: Some(0), service: String::from("sudo"), ..su }), Factor::Email);
}

#[test]
fn a_caller_who_is_not_named_or_is_not_who_the_kernel_says_is_nobody() {
    let (mut world, su) = su_of_caller();
    for (nobody, verdict, reason) in [
        (Begin { remote_user: None, ..su.clone() }, Verdict::Unavailable, "no-caller"),
        (Begin { remote_user: Some(String::from("bob")), ..su.clone() }, Verdict::Deny, "caller"),
        // A program that is root by now and is no sudo: whom it names proves nothing.
        (Begin { real_uid: Some(0), ..su.clone() }, Verdict::Deny, "caller"),
        (Begin { remote_user: Some(String::from("eve")), ..su.clone() }, Verdict::Deny, "unknown-user"),
    ] {
        let (_, said) = world.begin(nobody, 0);
        assert_eq!((said.verdict(), world.logged.last().unwrap().reason), (Some(verdict), reason));
    }
    assert!(world.sent.is_empty());
}

#[test]
fn a_device_that_goes_again_and_again_is_looked_at_once() {
    let mut world = world(ALL);
    log_in(&mut world, by_key("192.0.2.7"));
    // A store whose reads lag behind its writes goes on showing it.
    world.uses_refused = true;
    let (_, said) = world.begin(by_key("192.0.2.7"), 0);
    assert!(said.prompt().starts_with("Code "), "{said:?}");
}
