//! Whether anybody could get in once a code is asked for. What is not so is refused until the administrator says that it is asked.

use super::plan::CONSOLES;
use super::sshd::{no_challenge, other_service};
use crate::args::EnableArgs;
use crate::break_glass;
use crate::client::Client;
use crate::error::Error;
use crate::exempt::Sshd;
use crate::invoker::invoker;
use pam_2fa_protocol::admin::{
    EXPLAIN, Explain, ExplainReply, Foreseen, STATUS, State, Status, StatusReply, USER_LIST, User, UserReply,
};
use pam_2fa_protocol::wire::Nothing;
use pam_2fa_settings::Prompt;
use std::path::Path;

/// Where a distribution has its modules.
const SECURITY: [&str; 4] = ["lib/security", "lib64/security", "usr/lib/security", "usr/lib64/security"];

/// Why not yet, one line each.
pub(super) fn refusals((runtime_dir, config): (&Path, &Path), asked: &EnableArgs) -> Result<Vec<String>, Error> {
    let (services, root) = (&asked.services, asked.root.as_path());
    let has_console = services.iter().any(|service| CONSOLES.contains(&service.as_str()));
    let mut all = Vec::new();
    if !has_module(root) {
        all.push(String::from(
            "there is no pam_2fa.so in the folder of PAM's modules, so nobody would get in; install pam-2fa first",
        ));
    }
    if asked.decoy && !is_constant(config) {
        all.push(format!(
            "a decoy needs one text for everybody, else it tells a right password from a wrong one; let {} say `prompt = \"constant\"` under \
             [codes], and `pam-2fa config reload`",
            config.display()
        ));
    }
    if asked.key_proven && services.iter().any(|service| service != "sshd") {
        all.push(String::from(
            "only sshd checks keys, so --key-proven is for sshd alone; enable the others without it",
        ));
    }
    if !asked.sshd && root == Path::new("/") && services.iter().any(|service| service == "sshd") {
        all.extend(silent_sshd(asked));
    }
    if !(asked.without_users && asked.untested) {
        let mut client = Client::connect(runtime_dir)?;
        let reply: StatusReply = client.call(STATUS, &Nothing {})?;
        all.extend(unhealthy(&reply.status));
        if !asked.untested {
            all.extend(untested(&reply.status));
        }
        if !asked.without_users {
            all.extend(nobody_to_answer(&mut client, &reply.status, asked)?);
            all.extend(shut_out(asked));
            all.extend(denied(&mut client, asked)?);
        }
    }
    if has_console && !asked.without_break_glass && !break_glass::codes(config)?.has_good() {
        all.push(String::from(
            "no break-glass code is good, so nobody gets in at the console while no code can be checked; `pam-2fa break-glass create` \
             first, or say --without-break-glass",
        ));
    }
    Ok(all)
}

/// Whether the settings have the one prompt that decoys show (docs/decoy.md).
fn is_constant(config: &Path) -> bool {
    let text = std::fs::read_to_string(config).unwrap_or_default();
    pam_2fa_settings::parse(&text).is_ok_and(|accepted| accepted.settings.codes.prompt == Prompt::Constant)
}

fn has_module(root: &Path) -> bool {
    let multiarch = std::fs::read_dir(root.join("usr/lib")).into_iter().flatten().flatten();
    let multiarch = multiarch.map(|entry| entry.path().join("security"));
    let folders = SECURITY.iter().map(|folder| root.join(folder)).chain(multiarch);
    folders.into_iter().any(|folder| folder.join("pam_2fa.so").is_file())
}

/// Why no login of sshd would be asked, or none could answer: its `password` method asks nothing but a password, and one by key
/// alone never comes to the stack.
fn silent_sshd(asked: &EnableArgs) -> Option<String> {
    let (config, shown) = (asked.sshd_config.as_path(), asked.sshd_config.display());
    let settings = match Sshd::find(None, config).map(|sshd| sshd.settings()) {
        Ok(Ok(settings)) => settings,
        // There is no sshd that could be asked.
        Err(Error::NotFound(_)) => return None,
        Err(why) | Ok(Err(why)) => {
            return Some(format!("whether sshd has a way to ask for a code is not known: {why}"));
        }
    };
    let is_on = |name| settings.get(name) == Some("yes");
    if !is_on("usepam") || !is_on("kbdinteractiveauthentication") || no_challenge(&settings) {
        return Some(format!(
            "sshd has no way to ask for a code: let {shown} say `UsePAM yes`, `KbdInteractiveAuthentication yes` and \
             `PasswordAuthentication no`, and reload it"
        ));
    }
    if let Some(why) = other_service(&settings) {
        return Some(why);
    }
    let methods = settings.get("authenticationmethods").unwrap_or_default();
    (asked.key_proven && !methods.contains("publickey,keyboard-interactive")).then(|| {
        format!(
            "sshd does not ask for anything behind a key (AuthenticationMethods {methods}), so --key-proven would do nothing; let \
             {shown} say `AuthenticationMethods publickey,keyboard-interactive`, and reload it"
        )
    })
}

fn unhealthy(status: &Status) -> Option<String> {
    (status.state == State::Sealed).then(|| {
        let why = status.problems.first().map_or("see `pam-2fa status`", String::as_str);
        format!("configd is sealed and would deny every login: {why}")
    })
}

/// An app needs no channel; where there is one, it has to have worked.
fn untested(status: &Status) -> Option<String> {
    let configured: Vec<_> = status.channels.iter().filter(|channel| channel.configured).collect();
    let has_worked = configured.iter().any(|channel| channel.last_success.is_some());
    (!configured.is_empty() && !has_worked).then(|| {
        let names: Vec<&str> = configured.iter().map(|channel| channel.name.as_str()).collect();
        format!(
            "nothing was sent yet by {}, so nobody knows whether codes arrive; `pam-2fa test email ADDRESS` or `test sms NUMBER` first, \
             or say --untested",
            names.join(", ")
        )
    })
}

/// Why nobody could give a code, or come so far as to be asked for one.
fn nobody_to_answer(client: &mut Client, status: &Status, asked: &EnableArgs) -> Result<Option<String>, Error> {
    // Where there is neither mail nor text messages, the app alone is left.
    let sends = status.channels.is_empty() || status.channels.iter().any(|channel| channel.configured);
    let (mut can, mut can_come_so_far) = (false, false);
    client.call_long(USER_LIST, &Nothing {}, |reply: UserReply| {
        if let Some(user) = reply.user.filter(|user| can_verify(user, sends)) {
            can = true;
            can_come_so_far |= asked.key_proven || has_password(&asked.root, &user.name);
        }
        Ok(())
    })?;
    let why = match (can, can_come_so_far) {
        (true, true) => return Ok(None),
        (true, false) => {
            "no user whom codes count for has a password, so nobody comes to be asked for one; `passwd USER` first, or enable sshd with \
             --key-proven, or say --without-users"
        }
        (false, _) => {
            "no user has an address, a number or an app that codes count for, so nobody could answer; `pam-2fa user set` and `user verify` \
             first, or say --without-users"
        }
    };
    Ok(Some(String::from(why)))
}

/// Whether there is a password to be proven before the code. Who is not in the file has one elsewhere.
fn has_password(root: &Path, name: &str) -> bool {
    let text = std::fs::read(root.join("etc/shadow")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let entry = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let hash = entry.map(|entry| entry.split(':').next().unwrap_or_default());
    hash.is_none_or(|hash| !hash.is_empty() && !hash.starts_with(['!', '*']))
}

/// Who gives this order and gets in by key alone now, with no password to be asked for then.
fn shut_out(asked: &EnableArgs) -> Option<String> {
    let user = invoker();
    let is_shut_out = asked.sshd && !asked.key_proven && user != "root" && !has_password(&asked.root, &user);
    is_shut_out.then(|| {
        format!(
            "{user} has no password, and sshd would take no key without one; `passwd {user}` first, or say --key-proven, or --without-users"
        )
    })
}

/// Whether who gives this order would be denied from now on, as configd would decide it. In su the code is another's.
fn denied(client: &mut Client, asked: &EnableArgs) -> Result<Option<String>, Error> {
    let user = invoker();
    if user == "root" || asked.root != Path::new("/") {
        return Ok(None);
    }
    for service in asked.services.iter().filter(|service| !["su", "su-l"].contains(&service.as_str())) {
        let login = Explain { user: user.clone(), service: service.clone(), from: None, tty: None, auth_info: None };
        let foreseen: ExplainReply = client.call(EXPLAIN, &login)?;
        if !matches!(foreseen.decision, Foreseen::NotSubject | Foreseen::Ask | Foreseen::Trusted) {
            return Ok(Some(format!(
                "you, {user}, would be denied at {service} ({}); `pam-2fa explain {user} --service {service}` says why, and `pam-2fa user set \
                 {user}` gives a way, or say --without-users",
                foreseen.reason
            )));
        }
    }
    Ok(None)
}

fn can_verify(user: &User, sends: bool) -> bool {
    let has_way = (sends && user.email.is_some() && user.email_verified)
        || (sends && user.phone.is_some() && user.phone_verified)
        || user.app_since.is_some();
    has_way && user.disabled_since.is_none()
}
