//! Policy on the way of a login: every end that it has, and that what is explained is what is decided.

use super::policy::tests::{CLASSES, REQUIRED, knowns};
use super::policy::{Grace, Listed, Must, Network, Situation};
use super::world::{World, ssh};
use super::*;
use crate::rules::{PromptStyle, Who};
use crate::store::{Known, Methods, UserKey};
use pam_2fa_protocol::admin::{Foreseen, Required, Verify};
use pam_2fa_protocol::login::Verdict;
use pam_2fa_settings::{Exemption, Policy};

/// A 24 November; the day that `report until` names is over at its end.
const NOW_S: i64 = 1_795_492_188;
const DAY_S: i64 = 86_400;

fn world(policy: &str) -> World {
    let mut world = World::new();
    world.now.wall_s = NOW_S;
    world.rules.who = who(policy);
    world
}

/// What lines of `[policy]` say, but for `required`.
fn who(lines: &str) -> Who {
    let Policy { mode, enrolment, grace, required_groups, required_services, exempt_users, exempt_networks, .. } =
        pam_2fa_settings::parse(&format!("[policy]\n{lines}\n")).unwrap().settings.policy;
    let named = |wanted: bool| {
        let pick = exempt_users.iter().filter_map(move |exemption| match exemption {
            Exemption::User(name) => wanted.then(|| name.clone()),
            Exemption::Group(name) => (!wanted).then(|| name.clone()),
        });
        pick.collect::<Vec<_>>()
    };
    Who {
        mode,
        enrolment,
        required_groups,
        required_services,
        exempt_users: named(true),
        exempt_groups: named(false),
        exempt_networks,
        grace_s: grace.seconds(),
        mandatory_since_s: Some(NOW_S - DAY_S),
    }
}

/// Verdict and reason of a login that ends at once; a prompt is `ask`.
fn end(world: &mut World, begin: Begin) -> (Foreseen, &'static str) {
    let (login, said) = world.begin(begin, 0);
    match said.verdict() {
        Some(verdict) => (explain::of_verdict(verdict), world.logged.last().unwrap().reason),
        None => {
            assert!(["Code ", "Recovery code"].iter().any(|prompt| said.prompt().starts_with(prompt)), "{said:?}");
            let _closed = world.drive(login, Event::Closed);
            (Foreseen::Ask, "ask")
        }
    }
}

fn of_class(class: Class) -> Begin {
    let (service, tty) = match class {
        Class::Ssh => ("sshd", "ssh"),
        Class::Desktop => ("login", "tty1"),
        Class::Web => ("cockpit", "web"),
        Class::Elevate => ("sudo", "pts/1"),
        Class::Other => ("vsftpd", "ftp"),
        Class::Ignored => ("cron", "cron"),
    };
    Begin { service: String::from(service), tty: Some(String::from(tty)), ..ssh("ada", "192.0.2.7") }
}

#[test]
fn an_exempt_user_is_let_by_and_the_host_is_not_even_asked() {
    let mut world = world("exempt_users = [\"ada\", \"@ops\"]\nrequired_groups = [\"wheel\"]");
    assert_eq!(end(&mut world, ssh("ada", "192.0.2.7")), (Foreseen::NotSubject, "exempt-user"));
    assert!(world.asked_host.is_empty());
    world.add("bob", 1001, Verify::Always, Some("bob@example.com"));
    assert_eq!(end(&mut world, ssh("bob", "192.0.2.7")).0, Foreseen::Ask);
    world.host_says = Ok(LookedUp { listed: true, member: false, console: false, here: None });
    assert_eq!(end(&mut world, ssh("bob", "192.0.2.7")), (Foreseen::NotSubject, "exempt-user"));
    assert_eq!(world.asked_host[1].exempt_groups, ["ops"]);
    assert!(world.sent.is_empty() && world.charged == 0);
}

#[test]
fn a_look_up_that_is_late_or_fails_denies_in_report_mode_too() {
    for policy in ["exempt_users = [\"@ops\"]", "mode = \"report until 2026-12-31\"\nexempt_users = [\"@ops\"]"] {
        let mut world = world(policy);
        world.host_says = Err(String::from("the user database did not answer within 1 s"));
        assert_eq!(end(&mut world, ssh("ada", "192.0.2.7")), (Foreseen::Unavailable, "look-up"));
        let detail = world.logged.last().unwrap().detail.clone();
        assert_eq!(detail.as_deref(), Some("the user database did not answer within 1 s"));
    }
}

#[test]
fn with_no_list_in_the_settings_the_host_is_asked_nothing() {
    let mut world = world("");
    assert_eq!(end(&mut world, ssh("ada", "192.0.2.7")).0, Foreseen::Ask);
    world.rules.who = who("required_groups = [\"wheel\"]");
    world.rules.required = Required::Mandatory;
    assert_eq!(end(&mut world, ssh("ada", "192.0.2.7")).0, Foreseen::Ask);
    assert!(world.asked_host.is_empty(), "under mandatory no group is needed");
}

#[test]
fn an_exempt_network_is_one_over_ssh_and_never_this_host() {
    let mut world = world("exempt_networks = [\"192.0.2.0/24\", \"2001:db8::7/128\", \"0.0.0.0/0\", \"::/0\"]");
    let from = |address: &str| ssh("ada", address);
    let says = |here| Ok(LookedUp { listed: false, member: false, console: false, here });
    for (here, decision) in [(Some(false), Foreseen::NotSubject), (Some(true), Foreseen::Ask), (None, Foreseen::Ask)] {
        world.host_says = says(here);
        for address in ["192.0.2.7", "::ffff:192.0.2.7", "2001:db8::7"] {
            assert_eq!(end(&mut world, from(address)).0, decision, "{address} {here:?}");
        }
    }
    let asked: Vec<String> = world.asked_host.iter().map(|ask| ask.from.unwrap().to_string()).collect();
    assert_eq!(asked[..3], ["192.0.2.7", "192.0.2.7", "2001:db8::7"], "the whole address, not its /64");
    world.host_says = says(Some(false));
    for address in
        ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::", "UNKNOWN", "host.example.com", "fe80::1%eth0", ""]
    {
        assert_eq!(end(&mut world, from(address)).0, Foreseen::Ask, "{address}");
    }
    for class in [Class::Desktop, Class::Web, Class::Elevate, Class::Other] {
        assert_eq!(end(&mut world, of_class(class)).0, Foreseen::Ask, "{class:?}");
    }
    let (_, said) = world.begin(ssh("ada", "192.0.2.7"), 1000);
    assert!(said.prompt().starts_with("Code "), "nothing that a user's own process claims is believed: {said:?}");
}

#[test]
fn what_is_required_under_optional_is_asked_and_nothing_else() {
    let mut world = world("required_services = [\"su*\", \"login\"]\nrequired_groups = [\"wheel\"]");
    world.rules.required = Required::Optional;
    world.add("ada", 1000, Verify::Never, Some("ada@example.com"));
    assert_eq!(end(&mut world, ssh("ada", "192.0.2.7")), (Foreseen::NotSubject, "never"));
    assert_eq!(end(&mut world, of_class(Class::Elevate)).0, Foreseen::Ask);
    assert_eq!(end(&mut world, of_class(Class::Desktop)).0, Foreseen::Ask);
    world.host_says = Ok(LookedUp { listed: false, member: true, console: false, here: None });
    assert_eq!(end(&mut world, ssh("ada", "192.0.2.7")).0, Foreseen::Ask);
    assert_eq!(world.asked_host.len(), 2, "what a service requires needs no group");
    // A member without a record is not let by for that.
    let bob = UserKey { uid: 1001, name: String::from("bob") };
    world.users.insert(String::from("bob"), bob);
    assert_eq!(end(&mut world, ssh("bob", "192.0.2.7")), (Foreseen::Deny, "no-method"));
    // A locker of ada's own says which service it is; that may make it stricter.
    let locker = Begin { service: String::from("login"), ..ssh("ada", "") };
    assert!(world.begin(locker, 1000).1.prompt().starts_with("Code "));
}

#[test]
fn report_mode_lets_in_sends_nothing_charges_nothing_and_logs_what_would_have_been() {
    let mut world = world("mode = \"report until 2026-11-24\"");
    assert_eq!(end(&mut world, ssh("ada", "192.0.2.7")), (Foreseen::NotSubject, "report:ask"));
    assert!(world.challenges.is_empty() && world.sent.is_empty() && world.charged == 0);
    world.add("bob", 1001, Verify::Always, None);
    assert_eq!(end(&mut world, ssh("bob", "192.0.2.7")), (Foreseen::NotSubject, "report:no-method"));
    world.rules.email.clear();
    assert_eq!(end(&mut world, ssh("ada", "192.0.2.7")), (Foreseen::NotSubject, "report:no-channel"));
    assert_eq!(end(&mut world, ssh("eve", "192.0.2.7")), (Foreseen::Deny, "unknown-user"));
    world.known = Some(Known::NameOfAnother { uid: 7 });
    assert_eq!(end(&mut world, ssh("ada", "192.0.2.7")), (Foreseen::NotSubject, "report:re-bind"));
}

#[test]
fn report_mode_tells_of_a_user_who_would_have_to_wait() {
    let mut world = world("");
    let (mut login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let code = world.code(&login);
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..3 {
        login = world.answer(login, wrong).0;
    }
    world.rules.who = who("mode = \"report until 2026-12-31\"");
    assert_eq!(end(&mut world, ssh("ada", "192.0.2.7")), (Foreseen::NotSubject, "report:waiting"));
    world.rules.who = who("");
    assert_eq!(end(&mut world, ssh("ada", "192.0.2.7")), (Foreseen::MaxTries, "waiting"));
    let explained = world.explain(ssh("ada", "192.0.2.7"));
    assert_eq!((explained.decision, explained.reason), (Foreseen::MaxTries, "waiting"));
    assert_eq!(explained.tries.as_deref(), Some("none for 30 s from a source that is not known"));
}

#[test]
fn report_mode_ends_with_its_day() {
    let mut world = world("mode = \"report until 2026-11-24\"");
    world.now.wall_s = 1_795_564_799;
    assert_eq!(end(&mut world, ssh("ada", "192.0.2.7")), (Foreseen::NotSubject, "report:ask"));
    world.now.wall_s += 1;
    assert_eq!(end(&mut world, ssh("ada", "192.0.2.7")).0, Foreseen::Ask);
}

#[test]
fn a_decoy_prompts_as_often_as_the_real_one_would_so_not_in_report_mode() {
    let mut world = world("mode = \"report until 2026-12-31\"");
    world.rules.codes.prompt = PromptStyle::Constant;
    let decoy = || Begin { decoy: true, ..ssh("ada", "192.0.2.7") };
    let (_, said) = world.begin(decoy(), 0);
    assert_eq!((said.verdict(), said.prompt()), (Some(Verdict::Deny), ""));
    world.rules.who = who("");
    let (_, said) = world.begin(decoy(), 0);
    assert!(said.prompt().starts_with("If the password was right"), "{said:?}");
}

#[test]
fn grace_lets_in_whoever_has_no_method_tells_them_and_ends() {
    let mut world = world("grace = \"14 days\"");
    world.add("bob", 1001, Verify::NewDevice, None);
    let (_, said) = world.begin(ssh("bob", "192.0.2.7"), 0);
    assert_eq!(said.verdict(), Some(Verdict::NotSubject));
    assert_eq!(
        said.told(),
        "From 2026-12-07 on a code is needed here; ask your administrator to register an address for you."
    );
    assert_eq!(world.logged.last().unwrap().reason, "grace");
    assert_eq!(end(&mut world, ssh("ada", "192.0.2.7")).0, Foreseen::Ask, "never for a user with a method");
    world.now.wall_s = NOW_S + 13 * DAY_S - 1;
    assert_eq!(end(&mut world, ssh("bob", "192.0.2.7")), (Foreseen::NotSubject, "grace"));
    world.now.wall_s += 1;
    assert_eq!(end(&mut world, ssh("bob", "192.0.2.7")), (Foreseen::Deny, "no-method"));
    // Under optional, what requires a code has no grace; and mandatory that is not on has no beginning.
    world.now.wall_s = NOW_S;
    world.rules.required = Required::Optional;
    assert_eq!(end(&mut world, ssh("bob", "192.0.2.7")), (Foreseen::Deny, "no-method"));
    world.rules.required = Required::Mandatory;
    world.rules.who.mandatory_since_s = None;
    assert_eq!(end(&mut world, ssh("bob", "192.0.2.7")), (Foreseen::Deny, "no-method"));
}

/// Ten wrong codes for ada, from as many sources as it takes; the last one at the moment this returns.
fn ten_wrong_codes(world: &mut World, net: &str) {
    let before = world.charged;
    for source in 0..40 {
        let (mut login, said) = world.begin(ssh("ada", &format!("{net}.{source}")), 0);
        assert_eq!(said.verdict(), None, "after {} of ten", world.charged - before);
        let code = world.code(&login);
        while !login.is_over() {
            login = world.answer(login, if code == "000000" { "000001" } else { "000000" }).0;
        }
        if world.charged == before + 10 {
            return;
        }
        world.pass(2_000);
    }
    panic!("{} wrong codes and no lock", world.charged - before);
}

#[test]
fn pci_dss_locks_after_ten_wrong_codes_from_anywhere_for_thirty_minutes_whatever_the_clock_does() {
    let settings =
        "[policy]\nprofile = \"pci-dss\"\n[limits]\nfirst_wait = \"1 second\"\nlongest_wait = \"1 second\"\n";
    let limits = pam_2fa_settings::parse(settings).unwrap().settings.limits;
    let mut world = world("");
    let lock = limits.lock.map(|lock| crate::limits::Lock { after: lock.after, length_s: lock.length.seconds() });
    let (first_wait_s, longest_wait_s) = (limits.first_wait.seconds(), limits.longest_wait.seconds());
    let before_disabled = limits.tries_before_disabled;
    world.rules.tries = crate::limits::TryLimits { attempts: 3, before_disabled, first_wait_s, longest_wait_s, lock };
    // ada has logged in from here: a known source.
    let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let code = world.code(&login);
    assert_eq!(world.answer(login, &code).1.verdict(), Some(Verdict::Allow));

    let refused = (Foreseen::MaxTries, "waiting");
    for (round, moved_s) in [10 * 365 * 86_400, -3 * 86_400, 0].into_iter().enumerate() {
        ten_wrong_codes(&mut world, &format!("198.51.{}", 100 + round));
        world.now.wall_s += moved_s;
        assert_eq!(end(&mut world, ssh("ada", "192.0.2.7")), refused, "a known source waits as well");
        world.pass(1_799_000);
        assert_eq!(end(&mut world, ssh("ada", "192.0.2.7")), refused, "29:59");
        assert_eq!(end(&mut world, ssh("ada", "203.0.113.9")), refused, "29:59");
        world.pass(2_000);
        assert_eq!(end(&mut world, ssh("ada", "192.0.2.7")), (Foreseen::Ask, "ask"), "30:01");
    }
    // A reboot ends none: what is left runs from the boot on.
    ten_wrong_codes(&mut world, "198.51.200");
    world.pass(600_000);
    world.now.boot = crate::clock::BootId(String::from("another"));
    world.now.boot_ms = 1_799_000;
    assert_eq!(end(&mut world, ssh("ada", "192.0.2.7")), refused);
    world.pass(2_000);
    let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let code = world.code(&login);
    assert_eq!(world.answer(login, &code).1.verdict(), Some(Verdict::Allow));
}

#[test]
fn explain_changes_nothing_and_says_what_would_be_sent() {
    let mut world = world("");
    let begin = || ssh("ada", "192.0.2.7");
    let says = |world: &mut World| world.explain(begin()).message.unwrap();
    assert_eq!(says(&mut world), "a code to a***@example.com, once the prompt has stood");
    assert!(world.challenges.is_empty() && world.logged.is_empty() && world.sent.is_empty());
    let (login, _) = world.begin(begin(), 0);
    let login = world.stand(login);
    assert_eq!(
        says(&mut world),
        "a code to a***@example.com, once the prompt has stood",
        "somebody stands at the first"
    );
    let _closed = world.drive(login, Event::Closed);
    world.pass(40_000);
    let said = says(&mut world);
    assert!(said.starts_with("none: the code of 40 s ago, tag "), "{said}");
    let (_, prompted) = world.begin(begin(), 0);
    assert!(prompted.prompt().contains("40 s ago"), "{prompted:?}");
    world.send_wait_s = 720;
    world.challenges = Challenges::default();
    assert_eq!(says(&mut world), "none: limits withhold messages for 720 s; an earlier code is taken");
    assert_eq!((world.sent.len(), world.charged), (1, 0));
}

/// What a round of the table has in common: the settings, what the host says, and what the pure function is told of them.
struct Round {
    lines: String,
    listed: Option<Listed>,
    network: (Network, Option<bool>),
    must: Option<Must>,
    grace: Grace,
    mail: bool,
    reports: bool,
}

fn rounds() -> Vec<Round> {
    let mut rounds = Vec::new();
    for (mode, reports) in [("enforce", false), ("report until 2026-12-31", true)] {
        for (listed, exempt) in [(None, ""), (Some(Listed::Name), "\"ada\""), (Some(Listed::Group), "\"@ops\"")] {
            for (network, here, nets) in [
                (Network::Outside, None, ""),
                (Network::Here, Some(true), "\"192.0.2.0/24\""),
                (Network::Unseen, None, "\"192.0.2.0/24\""),
                (Network::Exempt, Some(false), "\"192.0.2.0/24\""),
            ] {
                for (must, required) in [
                    (None, ""),
                    (Some(Must::Service), "required_services = [\"*\"]\n"),
                    (Some(Must::Group), "required_groups = [\"wheel\"]\n"),
                ] {
                    for (grace, days) in [(Grace::Runs, 2), (Grace::Over, 0)] {
                        for mail in [true, false] {
                            let lines = format!(
                                "mode = \"{mode}\"\nexempt_users = [{exempt}]\nexempt_networks = [{nets}]\n\
                                 {required}grace = \"{days} days\""
                            );
                            let network = (network, here);
                            rounds.push(Round { lines, listed, network, must, grace, mail, reports });
                        }
                    }
                }
            }
        }
    }
    rounds
}

/// Every combination that the decision table has, twice on the machine: as a login and as a question. Both must be what the pure
/// function says.
#[test]
fn what_is_explained_is_what_is_decided_for_the_whole_table() {
    let mut world = world("");
    let (with_mail, mut without_mail) = (world.rules.email.len(), Vec::new());
    let mut count = 0_u32;
    for round in rounds() {
        if round.mail == world.rules.email.is_empty() {
            std::mem::swap(&mut world.rules.email, &mut without_mail);
        }
        assert_eq!(world.rules.email.len(), if round.mail { with_mail } else { 0 });
        world.rules.who = who(&round.lines);
        let (listed, member) = (round.listed == Some(Listed::Group), round.must == Some(Must::Group));
        world.host_says = Ok(LookedUp { listed, member, console: false, here: round.network.1 });
        for (required, class) in REQUIRED.iter().flat_map(|required| CLASSES.map(|class| (*required, class))) {
            world.rules.required = required;
            for (name, known, methods) in knowns() {
                world.known = Some(known.clone());
                world.methods.insert(UserKey { uid: 1000, name: String::from("ada") }, methods.clone());
                world.challenges = Challenges::default();
                let at = format!("{required:?} {class:?} {name}");
                one_of_the_table(&mut world, &round, required, class, (&known, &methods), &at);
                count += 1;
            }
        }
    }
    assert_eq!(count, 3 * 6 * 3 * 4 * 3 * 15 * 2 * 2 * 2);
    assert!(world.sent.is_empty() && world.charged == 0);
}

fn one_of_the_table(
    world: &mut World,
    round: &Round,
    required: Required,
    class: Class,
    (known, methods): (&Known, &Methods),
    at: &str,
) {
    let expected = policy::decide(&Situation {
        required,
        class,
        listed: round.listed,
        network: if class == Class::Ssh { round.network.0 } else { Network::Outside },
        must: round.must,
        known,
        grace: round.grace,
        trust: device::Standing::New,
        methods,
        grant: false,
        may_enrol: false,
        askable: round.mail || methods.app.is_some() || !methods.recovery.is_empty(),
    });
    let at = format!("{}\nmail {} {at}", round.lines, round.mail);
    let login = end(world, of_class(class));
    let explained = world.explain(of_class(class));
    assert_eq!((explained.decision, explained.reason), login, "{at}");
    let exempt = matches!(expected, policy::Decision::NotSubject(_));
    assert_eq!(login.0 == Foreseen::NotSubject, exempt || round.reports, "{at}");
    assert_eq!(login.1.starts_with("report:"), round.reports && !exempt, "{at}");
    let asks = matches!(expected, policy::Decision::Ask);
    assert_eq!(login.1.trim_start_matches("report:") == "ask", asks, "{at}");
    let decides = explained.rules.iter().filter(|rule| rule.decides && rule.rule != "mode").count();
    assert_eq!(decides, 1, "one rule decides, and it is the last that was asked: {at}");
}
