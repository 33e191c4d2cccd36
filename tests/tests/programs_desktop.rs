//! Display managers and screen lockers: a real greetd, the service files of GDM and LightDM through the real libpam with a greeter
//! that shows one prompt at a time, and a real vlock, with root's rights and with the user's alone.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed step is a failed test")]

use e2e::greetd::Greetd;
use e2e::libpam::{Item, Pam, Reply, Stage, Style, code};
use e2e::programs::{Programs, common_auth};
use e2e::ssh::{PASSWORD, wrong};
use e2e::terminal::Terminal;
use e2e::world::{Person, Plan, World};
use e2e::{mailbox, wait};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

const MANDATORY: &str = "required = \"mandatory\"";

/// What the display managers of Debian 12 install, their auth lines: gdm3 43, lightdm 1.26.
const GREETERS: [(&str, &str); 2] = [
    (
        "gdm-password",
        "auth requisite pam_nologin.so\n\
         auth required pam_succeed_if.so user != root quiet_success\n\
         @include common-auth\n\
         -auth optional pam_gnome_keyring.so\n",
    ),
    (
        "lightdm",
        "auth requisite pam_nologin.so\n\
         @include common-auth\n\
         -auth optional pam_gnome_keyring.so\n\
         -auth optional pam_kwallet.so\n",
    ),
];

/// A folder of services whose common-auth asks the daemon of `world`. Its text stands in place of `@include`, which looks in
/// /etc/pam.d whatever folder the transaction was given.
fn stage(world: &World) -> Stage {
    let stage = Stage::new();
    let module = stage.module().display().to_string();
    let common = common_auth(&world.path("run/login.sock"), &module);
    for (service, text) in GREETERS {
        stage.service(service, &[text.replace("@include common-auth", &common)]);
    }
    stage
}

/// A greeter's transaction at seat0, answered by `person` for each prompt.
fn greeter(stage: &Stage, service: &str, user: &str, person: impl FnMut(Style, &str) -> Reply + 'static) -> Pam {
    let mut pam = Pam::start(stage, service, Some(user), &[]);
    pam.set(Item::Tty, ":0");
    pam.put_env("XDG_SEAT=seat0");
    pam.answered_by(person);
    pam
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_greeter_asks_one_thing_after_another_and_lets_in() {
    let world = Plan::default().start();
    let stage = stage(&world);
    for (service, _) in GREETERS {
        let ada = world.person(service.split('-').next().unwrap());
        let email = ada.email.clone();
        let mut pam = greeter(&stage, service, &ada.host.name, move |style, text| match style {
            Style::Hidden => Reply::from(PASSWORD),
            Style::Echo | Style::Error | Style::Info => {
                let mail = mailbox::wait_for(&email, 1);
                assert!(text.contains(&mail.tag()), "{text}");
                Reply::from(&*mail.code())
            }
        });
        assert_eq!(pam.authenticate(0), code::SUCCESS, "{service}: {:?}", pam.shown());
        assert_eq!(pam.set_credentials(), code::SUCCESS);
        let shown = pam.shown();
        let styles: Vec<Style> = shown.iter().map(|(style, _)| *style).collect();
        assert_eq!(styles, [Style::Hidden, Style::Echo], "{service}: {shown:?}");
        let mail = mailbox::wait_for(&ada.email, 1);
        assert!(mail.text.contains(&format!(" {service} on :0. ")), "{}", mail.text);
    }
}

/// One login at a greeter with this terminal and remote host; how often a code was asked for.
fn codes_asked(
    stage: &Stage,
    service: &str,
    person: &Person,
    (tty, host): (&str, Option<&str>),
    mails: usize,
) -> usize {
    let email = person.email.clone();
    let mut pam = greeter(stage, service, &person.host.name, move |style, _| match style {
        Style::Hidden => Reply::from(PASSWORD),
        Style::Echo | Style::Error | Style::Info => Reply::from(&*mailbox::wait_for_code(&email, mails).code()),
    });
    pam.set(Item::Tty, tty);
    // LightDM states its seat only after it has authenticated.
    pam.put_env(if service == "lightdm" { "XDG_SEAT" } else { "XDG_SEAT=seat0" });
    if let Some(host) = host {
        pam.set(Item::RemoteHost, host);
    }
    assert_eq!(pam.authenticate(0), code::SUCCESS, "{service}: {:?}", pam.shown());
    pam.shown().iter().filter(|(style, _)| *style == Style::Echo).count()
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_greeter_is_remembered_by_its_seat_and_a_remote_display_never() {
    let world = Plan::default().settings("[trust]\ndesktop = \"1 day\"").start();
    let stage = stage(&world);
    let ada = world.person("ada");
    assert!(world.command(&["user", "set", &ada.host.name, "--verify", "new-device"]).status.success());
    let [(gdm, _), (lightdm, _)] = GREETERS;
    let ask = |service, at, mails| codes_asked(&stage, service, &ada, at, mails);
    assert_eq!(ask(gdm, ("/dev/tty2", None), 1), 1);
    assert_eq!(ask(gdm, ("/dev/tty3", None), 2), 0);
    assert_eq!(ask(gdm, (":0", None), 2), 0, "the same seat");
    // A VNC client of LightDM is stated as no more than this.
    assert_eq!(ask(lightdm, (":0", None), 2), 1);
    assert_eq!(ask(lightdm, (":1", None), 3), 1);
    // GDM states this for every remote display (XDMCP).
    for (number, host) in ["0.0.0.0", "192.0.2.7", "localhost"].into_iter().enumerate() {
        let mails = number.saturating_mul(2).saturating_add(4);
        assert_eq!(ask(gdm, (":0", Some(host)), mails), 1, "{host}");
        assert_eq!(ask(gdm, (":0", Some(host)), mails.saturating_add(1)), 1, "{host}");
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_greeter_shows_why_wrong_codes_were_refused() {
    let world = Plan::default().start();
    let stage = stage(&world);
    for (service, _) in GREETERS {
        let ada = world.person(service.split('-').next().unwrap());
        let email = ada.email.clone();
        let mut pam = greeter(&stage, service, &ada.host.name, move |style, _| match style {
            Style::Hidden => Reply::from(PASSWORD),
            Style::Echo | Style::Error | Style::Info => Reply::from(&*wrong(&mailbox::wait_for(&email, 1).code())),
        });
        // GDM has a text of its own for PAM_MAXTRIES; to LightDM it would be one error among others.
        let wanted = if service.starts_with("gdm") { code::MAXTRIES } else { code::AUTH_ERR };
        assert_eq!(pam.authenticate(0), wanted, "{service}: {:?}", pam.shown());
        let shown = pam.shown();
        assert_eq!(shown.iter().filter(|(style, _)| *style == Style::Echo).count(), 3, "{service}: {shown:?}");
        let (style, text) = shown.last().unwrap();
        assert!(matches!(style, Style::Error | Style::Info) && text.contains("Too many wrong codes"), "{shown:?}");
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_greeter_asks_no_code_after_a_wrong_password() {
    let world = Plan::default().start();
    let stage = stage(&world);
    let ada = world.person("ada");
    for (service, _) in GREETERS {
        let mut pam = greeter(&stage, service, &ada.host.name, |_, _| Reply::from("not the password"));
        assert_eq!(pam.authenticate(0), code::AUTH_ERR, "{service}: {:?}", pam.shown());
        assert_eq!(pam.shown().len(), 1, "{service}: {:?}", pam.shown());
    }
    assert_eq!(mailbox::count_after_a_while(&ada.email), 0);
}

/// polkit's helper runs as root for somebody at a desktop's dialogue, and states no terminal.
#[test]
#[ignore = "needs tests/ns/enter"]
fn polkits_dialogue_asks_for_the_code_and_the_mail_names_it() {
    let world = Plan::default().start();
    let stage = stage(&world);
    stage.service("polkit-1", &[common_auth(&world.path("run/login.sock"), &stage.module().display().to_string())]);
    let ada = world.person("ada");
    let email = ada.email.clone();
    let mut pam = Pam::start(&stage, "polkit-1", Some(&ada.host.name), &[]);
    pam.answered_by(move |style, _| match style {
        Style::Hidden => Reply::from(PASSWORD),
        Style::Echo | Style::Error | Style::Info => Reply::from(&*mailbox::wait_for(&email, 1).code()),
    });
    assert_eq!(pam.authenticate(0), code::SUCCESS, "{:?}", pam.shown());
    let mail = mailbox::wait_for(&ada.email, 1);
    assert!(mail.text.contains(" polkit-1. "), "{}", mail.text);
}

/// Greeters' own sessions, automatic logins, cron, a user's systemd: nobody is there to be asked.
#[test]
#[ignore = "needs tests/ns/enter"]
fn under_mandatory_services_without_a_person_are_not_asked() {
    let world = Plan::default().policy(MANDATORY).start();
    let stage = stage(&world);
    let (ada, bob) = (world.person("ada"), world.stranger("bob"));
    let line = format!("auth requisite {} socket={}", stage.module().display(), world.path("run/login.sock").display());
    let services = [
        "gdm-launch-environment",
        "gdm-autologin",
        "sddm-greeter",
        "sddm-autologin",
        "lightdm-greeter",
        "lightdm-autologin",
        "greetd-greeter",
        "cron",
        "crond",
        "fcron",
        "atd",
        "systemd-user",
        "runuser",
        "chfn",
    ];
    let mut outcomes = Vec::new();
    for service in services.into_iter().chain(["vsftpd"]) {
        stage.service(service, &[line.clone(), "auth required pam_permit.so".to_owned()]);
        for user in [&ada, &bob] {
            let mut pam = Pam::start(&stage, service, Some(&user.host.name), &[]);
            pam.set(Item::Tty, "cron");
            outcomes.push((service, pam.authenticate(0) == code::SUCCESS, pam.shown().len()));
        }
    }
    let wanted = services.into_iter().flat_map(|service| [(service, true, 0); 2]);
    // The same line under a name that is not in the table asks ada, and tells bob what is missing.
    let wanted: Vec<_> = wanted.chain([("vsftpd", false, 1); 2]).collect();
    assert_eq!(outcomes, wanted);
    assert_eq!(mailbox::count_after_a_while(&bob.email), 0);
}

/// The greeter's first steps: who, and the password.
fn greet(greetd: &mut Greetd, person: &Person) -> Value {
    let asked = greetd.call(&json!({ "type": "create_session", "username": person.host.name }));
    assert_eq!(asked["auth_message_type"], "secret", "{asked}");
    greetd.answer(Some(PASSWORD))
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn greetd_asks_for_the_code_and_starts_the_session() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut greetd = Greetd::start(&world, &Programs::of(&world));
    let asked = greet(&mut greetd, &ada);
    assert_eq!(asked["auth_message_type"], "visible", "{asked}");
    let mail = mailbox::wait_for(&ada.email, 1);
    assert!(asked["auth_message"].as_str().unwrap().contains(&mail.tag()), "{asked}");
    assert!(mail.text.contains(" greetd"), "{}", mail.text);
    let ended = greetd.answer(Some(&mail.code()));
    assert_eq!(ended["type"], "success", "{ended}");
    let proof = Path::new("/home").join(&ada.host.name).join("proof");
    let command = format!("id -un > {}", proof.display());
    let started = greetd.call(&json!({ "type": "start_session", "cmd": [command] }));
    assert_eq!(started["type"], "success", "{started}");
    greetd.leave();
    let who =
        wait::until("the session to run", || fs::read_to_string(&proof).ok()?.strip_suffix('\n').map(str::to_owned));
    assert_eq!(who, ada.host.name);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn greetd_refuses_wrong_codes_says_why_and_starts_nothing() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut greetd = Greetd::start(&world, &Programs::of(&world));
    greet(&mut greetd, &ada);
    let code = mailbox::wait_for(&ada.email, 1).code();
    for left in ["2 tries left", "1 try left"] {
        let asked = greetd.answer(Some(&wrong(&code)));
        assert_eq!(asked["auth_message_type"], "visible", "{asked}");
        assert!(asked["auth_message"].as_str().unwrap().contains(left), "{asked}");
    }
    let said = greetd.answer(Some(&wrong(&code)));
    assert!(said["auth_message"].as_str().unwrap_or_default().contains("Too many wrong codes"), "{said}");
    let ended = greetd.answer(None);
    assert_eq!((&ended["type"], &ended["error_type"]), (&json!("error"), &json!("auth_error")), "{ended}");
    let started = greetd.call(&json!({ "type": "start_session", "cmd": ["true"] }));
    assert_eq!(started["type"], "error", "{started}");
}

/// vlock as Debian ships it: with root's rights.
#[test]
#[ignore = "needs tests/ns/enter"]
fn vlock_unlocks_with_password_and_code_and_stays_locked_without() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut vlock = Programs::of(&world).open_as(&ada.host, &["/usr/sbin/vlock-main"]);
    vlock.press(b"\n");
    vlock.wait_for(&format!("{}'s Password: ", ada.host.name));
    vlock.type_line_when_read(PASSWORD);
    vlock.wait_for_code_prompt();
    let mail = mailbox::wait_for(&ada.email, 1);
    assert!(mail.text.contains(&format!(" vlock on {}. ", vlock.name())), "{}", mail.text);
    vlock.type_line_when_read(&wrong(&mail.code()));
    vlock.wait_for("2 tries left");
    vlock.wait_for(": ");
    vlock.type_line_when_read(&mail.code());
    assert!(vlock.wait_for_end().success(), "{}", vlock.text());
}

/// A locker without any rights of its own, as i3lock and swaylock are: the daemon sees the user's uid and believes nothing else.
fn rightless_vlock(world: &World) -> String {
    let copy = world.path("vlock-main");
    fs::copy("/usr/sbin/vlock-main", &copy).unwrap();
    e2e::world::own(&copy, 0o755, "root:root");
    copy.display().to_string()
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_locker_that_runs_as_the_user_unlocks_with_password_and_code() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut vlock = Programs::of(&world).open_as(&ada.host, &[&rightless_vlock(&world)]);
    vlock.press(b"\n");
    vlock.wait_for(&format!("{}'s Password: ", ada.host.name));
    vlock.type_line_when_read(PASSWORD);
    vlock.wait_for_code_prompt();
    let mail = mailbox::wait_for(&ada.email, 1);
    // Nothing that it claims is believed, so the mail does not repeat it.
    let named = mail.text.contains(". A program of yours on this host. ");
    assert!(named && !mail.text.contains("vlock"), "{}", mail.text);
    vlock.type_line_when_read(&mail.code());
    assert!(vlock.wait_for_end().success(), "{}", vlock.text());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_locker_that_runs_as_the_user_stays_locked_after_wrong_codes_and_says_why() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut vlock = Programs::of(&world).open_as(&ada.host, &[&rightless_vlock(&world)]);
    vlock.press(b"\n");
    vlock.wait_for("'s Password: ");
    vlock.type_line_when_read(PASSWORD);
    vlock.wait_for_code_prompt();
    let code = mailbox::wait_for(&ada.email, 1).code();
    for left in ["2 tries left", "1 try left"] {
        vlock.type_line_when_read(&wrong(&code));
        vlock.wait_for(left);
        vlock.wait_for(": ");
    }
    vlock.type_line_when_read(&wrong(&code));
    vlock.wait_for("Too many wrong codes. Try again in ");
    // vlock now offers root's password: it is locked still.
    vlock.wait_for("root's Password: ");
}

/// Gives vlock, whose stack asks `person` for a code alone, three wrong ones.
fn spend_all_tries(vlock: &mut Terminal, person: &Person) {
    vlock.press(b"\n");
    vlock.wait_for_code_prompt();
    let code = mailbox::wait_for(&person.email, 1).code();
    for _ in 0..2 {
        vlock.type_line_when_read(&wrong(&code));
        vlock.wait_for("Wrong code");
        vlock.wait_for(": ");
    }
    vlock.type_line_when_read(&wrong(&code));
    vlock.wait_for("Too many wrong codes");
    vlock.wait_for("vlock: ");
}

/// vlock offers to let root in when the user is refused. With a stack whose first factor takes anything, what is left is what the
/// daemon says to uid N asking for root.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_locker_that_runs_as_the_user_cannot_ask_for_root() {
    let world = Plan::default().start();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let inbox = format!("root-of-{}", ada.email);
    let out = world.command(&["user", "set", "root", "--email", &inbox, "--verify", "always", "--trusted"]);
    assert!(out.status.success(), "{out:?}");
    let line = format!("auth requisite pam_2fa.so socket={}", world.path("run/login.sock").display());
    let programs = Programs::of(&world).service("vlock", &format!("auth required pam_permit.so\n{line}\n"));
    let mut vlock = programs.open_as(&ada.host, &[&rightless_vlock(&world)]);
    spend_all_tries(&mut vlock, &ada);
    // Root is refused at once, and it begins again, locked.
    let (_, between) = vlock.wait_for_any(&["vlock: "]);
    assert!(!between.contains("Code"), "root was asked: {}", vlock.text());
    assert_eq!(mailbox::count_after_a_while(&inbox), 0);

    // With root's rights the same program does ask root: it was the uid.
    let mut vlock = programs.open_as(&bob.host, &["/usr/sbin/vlock-main"]);
    spend_all_tries(&mut vlock, &bob);
    vlock.wait_for_code_prompt();
    let _ = mailbox::wait_for(&inbox, 1);
}
