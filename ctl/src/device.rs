//! `pam-2fa device …`: remembered devices, as the daemon has them. Which are trusted it does not decide.

use crate::args::Doomed;
use crate::client::Client;
use crate::error::Error;
use crate::screen::{Form, Screen, Tone};
use pam_2fa_protocol::admin::{
    DEVICE_LIST, DEVICE_REVOKE, Device, DeviceList, DeviceReply, DeviceRevoke, DeviceRevokeReply,
};
use serde::Serialize;

#[derive(Serialize)]
struct Devices {
    devices: Vec<Device>,
}

/// `pam-2fa device list [U]`.
pub(crate) fn list(client: &mut Client, user: Option<String>, screen: &mut Screen<'_>) -> Result<(), Error> {
    let asked = DeviceList { user };
    let mut devices = Vec::new();
    client.call_long(DEVICE_LIST, &asked, |reply: DeviceReply| {
        devices.extend(reply.device);
        Ok(())
    })?;
    if screen.form() == Form::Json {
        return screen.json(&Devices { devices });
    }
    if devices.is_empty() {
        return match &asked.user {
            Some(name) => screen.line(&format!("no device of {name} is remembered")),
            None => screen.line("no device is remembered"),
        };
    }
    table(&devices, screen)
}

/// A list by user.
pub(crate) fn table(devices: &[Device], screen: &mut Screen<'_>) -> Result<(), Error> {
    let mut rows = vec![["ID", "CLASS", "FIRST", "LAST (UTC)", "FROM", "UNTIL (UTC)"].map(str::to_owned).to_vec()];
    rows.extend(devices.iter().map(row));
    // What a device is known by is as wide as a terminal: it gets the line below, and the user the one above the first.
    let mut lines = screen.laid_out(&rows).into_iter().map(|lines| lines.join("\n"));
    screen.heads(&lines.next().unwrap_or_default())?;
    let mut shown = None;
    for (device, line) in devices.iter().zip(lines) {
        let whose = (&device.user, device.uid);
        if shown.replace(whose) != Some(whose) {
            screen.line(&format!("{} (uid {})", device.user, device.uid))?;
        }
        for line in line.lines() {
            screen.line(line)?;
        }
        screen.paragraph(Tone::Plain, &format!("  {}", device.name), 2)?;
    }
    Ok(())
}

fn row(device: &Device) -> Vec<String> {
    let until = device.ended.clone().unwrap_or_else(|| minute(&device.until));
    vec![
        device.id.clone(),
        device.class.clone(),
        device.first_used.get(..10).unwrap_or(&device.first_used).to_owned(),
        minute(&device.last_used),
        device.last_from.clone(),
        until,
    ]
}

/// `2026-11-24 03:49` of `2026-11-24T03:49:48Z`.
fn minute(at: &str) -> String {
    match (at.get(..10), at.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} {time}"),
        _ => at.to_owned(),
    }
}

/// `pam-2fa device revoke ID… | --user U`.
pub(crate) fn revoke(client: &mut Client, doomed: Doomed, screen: &mut Screen<'_>) -> Result<(), Error> {
    let asked = DeviceRevoke { ids: doomed.ids, user: doomed.user };
    let mut devices = Vec::new();
    client.call_long(DEVICE_REVOKE, &asked, |reply: DeviceRevokeReply| {
        for device in reply.devices {
            let Device { id, user, class, name, .. } = &device;
            screen.line(&format!("revoked {id} of {user}: {class}, {name}"))?;
            devices.push(device);
        }
        Ok(())
    })?;
    if let (true, Some(name)) = (devices.is_empty(), &asked.user) {
        screen.line(&format!("no device of {name} was remembered, so none was revoked"))?;
    }
    screen.json(&Devices { devices })
}
