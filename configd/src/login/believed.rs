//! What is believed of a first message, by who sent it (rule 7), and what of it matters to policy. Looks nobody up.

use super::challenge::Caller;
use super::class::{Class, classify};
use super::device;
use super::place::Place;
use super::policy::{Must, Network};
use super::source::Source;
use super::ways::remote;
use super::{Asked, Effects, Purpose};
use crate::console::is_terminal;
use pam_2fa_protocol::login::Begin;
use pam_2fa_settings::Factor;
use pam_2fa_settings::text::printable;
use std::net::IpAddr;

/// A service, terminal or address is shown and logged up to so many characters.
const LONGEST_SHOWN: usize = 64;

/// What is believed of a first message: of a caller that is not root its user's name alone, and that is compared later.
pub(super) fn believed(begin: &Begin, peer_uid: u32, purpose: &Purpose, fx: &Effects<'_>) -> Asked {
    let user = shown(&begin.user);
    // Of a user's own process too: a service that it claims can only make it stricter.
    let must = fx.rules.who.required_services.fit(&begin.service).then_some(Must::Service);
    // Root about itself is a user like any other.
    if peer_uid != 0 || matches!(purpose, Purpose::Own(_)) {
        return own(user, must);
    }
    let class = classify(&begin.service, begin.tty.as_deref(), &fx.rules.services);
    let source = Source::stated(class, begin.remote_host.as_deref());
    let service = shown(&begin.service);
    // People know the protocol by its name, not the daemon's.
    let name = if class == Class::Ssh { String::from("ssh") } else { service.clone() };
    let place = match (source, begin.remote_host.as_deref(), begin.tty.as_deref()) {
        (Source::Address(_) | Source::Unknown, Some(from), _) => Place::Remote { service: name, from: shown(from) },
        (_, _, Some(tty)) if class != Class::Ssh => {
            Place::Tty { service: name, tty: shown(tty.strip_prefix("/dev/").unwrap_or(tty)) }
        }
        _ => Place::Here { service: name },
    };
    let from_network = exempt_address(class, begin.remote_host.as_deref(), fx);
    let (network, listed) = (Network::Outside, None);
    let device = device::identity(begin, class, &fx.rules.trust, &fx.now.boot);
    let by_caller = asks_caller(begin, class, fx);
    // Whose code it is, his password it is that must not have changed.
    let stamp = if by_caller { begin.caller_stamp.clone() } else { begin.password_stamp.clone() };
    // sudo may have made its own 0, and says the name of who called; nobody else with 0 is believed to name another.
    let names_caller = ["sudo", "sudo-i"].contains(&begin.service.as_str());
    let caller_uid = begin.real_uid.filter(|uid| by_caller && (*uid != 0 || !names_caller));
    let becomes = by_caller.then(|| shown(&begin.user));
    let place = match &becomes {
        Some(user) => Place::As { place: Box::new(place), user: user.clone() },
        None => place,
    };
    let caller = Caller::Root;
    Asked {
        user,
        service,
        class,
        source,
        caller,
        place,
        remote: remote(begin.remote_host.as_deref()),
        from_network,
        network,
        listed,
        must,
        device,
        stamp,
        caller_uid,
        becomes,
        at_console: at_console(begin, class),
        distrust: false,
        junk_may_come: class == Class::Ssh && !begin.password,
    }
}

/// Of a process of the user itself: nothing that it claims, but what can only make it stricter.
fn own(user: String, must: Option<Must>) -> Asked {
    Asked {
        user,
        service: String::from("own"),
        class: Class::Other,
        source: Source::Local,
        caller: Caller::Own,
        remote: None,
        place: Place::Own,
        from_network: None,
        network: Network::Outside,
        listed: None,
        must,
        device: None,
        stamp: None,
        caller_uid: None,
        becomes: None,
        at_console: false,
        distrust: false,
        junk_may_come: false,
    }
}

/// Whether somebody sits at this machine: a console or a seat of it, and nothing remote said of it.
fn at_console(begin: &Begin, class: Class) -> bool {
    let tty = begin.tty.as_deref().map(|tty| tty.strip_prefix("/dev/").unwrap_or(tty)).unwrap_or_default();
    let has_seat = begin.seat.as_deref().is_some_and(|seat| !seat.is_empty());
    let is_local = begin.remote_host.as_deref().is_none_or(str::is_empty);
    class == Class::Desktop && is_local && begin.service != "remote" && (is_terminal(tty) || has_seat)
}

/// Whether `[services]` asks the caller of a program, and not whom it names.
pub(super) fn asks_caller(begin: &Begin, class: Class, fx: &Effects<'_>) -> bool {
    class == Class::Elevate && fx.rules.services.factor_of(&begin.service) == Factor::Caller
}

/// Whose second factor is asked for, by name; none: the program must say who called it, and does not.
pub(super) fn whose(begin: &Begin, asked: &Asked, fx: &Effects<'_>) -> Option<String> {
    if asked.caller == Caller::Root && asks_caller(begin, asked.class, fx) {
        begin.remote_user.clone()
    } else {
        Some(begin.user.clone())
    }
}

/// The whole address of an ssh login from a network of `policy.exempt_networks`, loopback aside. A name, a zone and their like
/// are none ([`Source::stated`] says the same).
fn exempt_address(class: Class, remote_host: Option<&str>, fx: &Effects<'_>) -> Option<IpAddr> {
    let address = remote_host.filter(|_| class == Class::Ssh)?.parse::<IpAddr>().ok()?.to_canonical();
    let remote = !address.is_loopback() && !address.is_unspecified();
    (remote && fx.rules.who.exempt_networks.iter().any(|network| network.contains(address))).then_some(address)
}

/// Text from outside, fit to be shown and logged (rule 13).
pub(super) fn shown(text: &str) -> String {
    printable(text).chars().take(LONGEST_SHOWN).collect()
}
