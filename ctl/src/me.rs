//! `pam-2fa me`: a user about oneself, over `self.sock`. What is asked and what is said is the daemon's; here it is shown and typed.

use crate::args::{EnrolVerb, MeVerb};
use crate::client::Client;
use crate::device::table;
use crate::error::Error;
use crate::screen::{Form, Screen};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{Device, DeviceReply};
use pam_2fa_protocol::login::Answer;
use pam_2fa_protocol::own::{ANSWER, CHANGE, Change, DEVICES, Mine, MineReply, SHOW, Step, StepReply, What, Who};
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct Devices {
    devices: Vec<Device>,
}

/// How a change ended, for who reads JSON.
#[derive(Serialize)]
struct Changed {
    done: bool,
}

pub(crate) fn me(runtime_dir: &Path, verb: Option<MeVerb>, screen: &mut Screen<'_>) -> Result<(), Error> {
    let user = own_name()?;
    let mut client = Client::connect_to(runtime_dir, "self.sock")?;
    let what = match verb.unwrap_or(MeVerb::Show) {
        MeVerb::Show => return show(&mut client, user, screen),
        MeVerb::Devices => return devices(&mut client, user, screen),
        MeVerb::Enrol(EnrolVerb::Email { address }) => (What::Email, Some(address.as_str().to_owned())),
        MeVerb::Enrol(EnrolVerb::Sms { number }) => (What::Sms, Some(number.as_str().to_owned())),
        MeVerb::Enrol(EnrolVerb::App) => (What::App, None),
        MeVerb::Codes => (What::Codes, None),
        MeVerb::Revoke { id } => (What::Revoke, Some(id)),
    };
    change(&mut client, Change { user, what: what.0, value: what.1 }, screen)
}

/// The caller's name, which the daemon compares with the uid that the kernel tells it.
fn own_name() -> Result<String, Error> {
    let uid = nix::unistd::getuid();
    match nix::unistd::User::from_uid(uid) {
        Ok(Some(user)) => Ok(user.name),
        Ok(None) | Err(_) => Err(Error::Refused(vec![format!("uid {uid} has no name on this host")])),
    }
}

fn show(client: &mut Client, user: String, screen: &mut Screen<'_>) -> Result<(), Error> {
    let MineReply { mine } = client.call(SHOW, &Who { user })?;
    screen.json(&mine)?;
    screen.table(&rows(&mine))?;
    let has_method = mine.email_verified || mine.phone_verified || mine.app_since.is_some();
    if !has_method && mine.invited {
        screen.hint(
            "next: you are invited; run `pam-2fa me enrol email ADDRESS` (or sms, app) and type the invitation code",
        )?;
    }
    Ok(())
}

fn rows(mine: &Mine) -> Vec<Vec<String>> {
    let contact = |address: Option<&String>, verified: bool| match address {
        None => String::from("-"),
        Some(address) if verified => address.clone(),
        Some(address) => format!("{address} (not verified)"),
    };
    let prefers = mine.prefers.and_then(|method| serde_json::to_value(method).ok()?.as_str().map(str::to_owned));
    let login = mine.last_login.as_ref().map(|last| match &last.from {
        Some(from) => format!("{} {} from {from}", last.at, last.service),
        None => format!("{} {}", last.at, last.service),
    });
    let none = || String::from("-");
    [
        ("name", mine.name.clone()),
        ("email", contact(mine.email.as_ref(), mine.email_verified)),
        ("phone", contact(mine.phone.as_ref(), mine.phone_verified)),
        ("app", mine.app_since.as_ref().map_or_else(none, |since| format!("since {since}"))),
        ("recovery codes", format!("{} left", mine.recovery_left)),
        ("preferred", prefers.unwrap_or_else(none)),
        ("language", mine.language.clone().unwrap_or_else(none)),
        ("last login", login.unwrap_or_else(none)),
    ]
    .into_iter()
    .map(|(name, value)| vec![name.to_owned(), value])
    .collect()
}

fn devices(client: &mut Client, user: String, screen: &mut Screen<'_>) -> Result<(), Error> {
    let mut devices = Vec::new();
    client.call_long(DEVICES, &Who { user }, |reply: DeviceReply| {
        devices.extend(reply.device);
        Ok(())
    })?;
    if screen.form() == Form::Json {
        return screen.json(&Devices { devices });
    }
    if devices.is_empty() {
        return screen.line("no device of yours is remembered");
    }
    table(&devices, screen)
}

/// Shows each step and hands back what is typed, until it is done.
fn change(client: &mut Client, change: Change, screen: &mut Screen<'_>) -> Result<(), Error> {
    let mut reply: StepReply = client.call(CHANGE, &change)?;
    loop {
        let Step { tell, ask, done } = reply.step;
        match (ask, done) {
            (Some(question), None) => {
                for line in tell {
                    screen.said(&line)?;
                }
                let text = screen.ask(question.text.trim_end())?.unwrap_or_else(|| Secret::new(String::new()));
                reply = client.call(ANSWER, &Answer { text })?;
            }
            (None, Some(true)) => {
                for line in tell {
                    screen.line(&line)?;
                }
                return screen.json(&Changed { done: true });
            }
            (None, _) | (Some(_), Some(_)) => {
                screen.json(&Changed { done: false })?;
                return Err(Error::Refused(tell));
            }
        }
    }
}
