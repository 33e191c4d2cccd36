//! `[sms]` from checked keys to typed settings. What a provider is, its file says, which the courier reads: here it is a name.

use crate::build::named;
use crate::edit::below;
use crate::finding::Raw;
use crate::money::Money;
use crate::settings::{PasswordSetting, Sms, SmsBackup};
use crate::walk::{Found, Group};

/// `[sms]` with its backups.
pub(crate) fn sms(found: &mut Found, findings: &mut Vec<Raw>, notes: &mut Vec<Raw>) -> Option<Sms> {
    let backups = named(found.backups.remove("sms").unwrap_or_default(), findings);
    let mut sms = provider(&mut found.sections.remove("sms")?, findings, notes);
    for (name, mut group) in backups {
        if let (Some(sms), Some(backup)) = (&mut sms, provider(&mut group, findings, notes)) {
            sms.backups.push(SmsBackup { name, sms: backup });
        }
    }
    sms
}

/// `[sms]` or a backup.
fn provider(group: &mut Group, findings: &mut Vec<Raw>, notes: &mut Vec<Raw>) -> Option<Sms> {
    if !group.has("provider") {
        let text = "is missing; add provider = \"…\", the name of a file in providers/ without its .toml";
        findings.push(Raw::new(group.at, format!("{}.provider", group.name), text));
    }
    let at = group.at("account");
    let account = group.account();
    for (field, value) in &account {
        if matches!(value, PasswordSetting::Plain(_)) {
            let text = "this is in plain text: run `pam-2fa config seal`";
            notes.push(Raw::new(at, below(&format!("{}.account", group.name), field), text));
        }
    }
    Some(Sms {
        provider: group.text("provider")?,
        sender: group.text("sender"),
        account,
        price: group.text("price").as_deref().and_then(Money::parse),
        proxy: group.text("proxy").filter(|proxy| !proxy.is_empty()),
        ca_file: group.text("ca_file"),
        backups: Vec::new(),
    })
}

/// A cap on what messages cost counts nothing where nobody says what they cost.
pub(crate) fn check_prices(sms: Option<&Sms>, cap: Money, at: usize, findings: &mut Vec<Raw>) {
    if cap == Money::ZERO {
        return;
    }
    let Some(sms) = sms else { return };
    let backups = sms.backups.iter().map(|backup| (format!("[[sms.backup]] \"{}\"", backup.name), &backup.sms));
    for (name, way) in std::iter::once((String::from("[sms]"), sms)).chain(backups) {
        if way.price.is_none() {
            let text =
                format!("{name} does not say what a message costs; add price = \"…\" there, in the same currency");
            findings.push(Raw::new(at, "limits.sms_cost_per_day", text));
        }
    }
}
