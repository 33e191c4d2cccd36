//! Who else lets in, and without a code: services without our line, screens that log in by themselves, Cockpit's own ways; and whether
//! it waits long enough for one.

use super::super::files::{Files, Service};
use super::super::finding::Finding;
use super::super::known::{
    AUTOLOGIN, COCKPIT_PASSED_BY, COCKPIT_TIMEOUT, DOOR_DESKTOP, DOOR_OTHER, DOOR_REMOTE, Known,
};
use super::{Case, sudoers};
use std::path::PathBuf;

/// Reached over the network, and a session or files behind it.
const REMOTE: [&str; 14] = [
    "sshd",
    "cockpit",
    "xrdp-sesman",
    "vsftpd",
    "proftpd",
    "pure-ftpd",
    "ftp",
    "remote",
    "rlogin",
    "rexec",
    "rsh",
    "webmin",
    "usermin",
    "gnome-remote-desktop",
];
/// Screens, by the beginnings of their services' names.
const DESKTOP: [&str; 10] =
    ["gdm-", "sddm", "lightdm", "xdm", "lxdm", "kde", "greetd", "plasmalogin", "cosmic-greeter", "ly"];
/// By which somebody becomes root.
const ELEVATES: [&str; 6] = ["sudo", "doas", "su", "su-l", "polkit-1", "systemd-run0"];
/// What begins so and lets nobody in by what he types.
const NOBODYS: [&str; 8] =
    ["-greeter", "launch-environment", "autologin", "-exclusive", "-or-password", "-session", "gdm-pin", "kdesu"];
/// Where units of a host stand (systemd.unit(5)).
const UNITS: [&str; 4] =
    ["/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system"];
const COCKPIT: &str = "/etc/cockpit/cockpit.conf";
/// No password is typed there, and nobody could type a code: such a door is closed, and the one beside it asks.
const CANNOT_ASK: [&str; 2] = ["-fingerprint", "-smartcard"];
/// Cockpit's own is 60 (seconds).
const LONG_ENOUGH: u64 = 180;

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let mut all = Vec::new();
    if case.files.services.iter().any(Service::is_on) {
        all.extend(case.files.services.iter().filter_map(|service| door(case.files, service)));
        all.extend(autologins(case.files));
    }
    if ["sudo", "sudo-i"].iter().any(|name| case.files.is_on(name)) {
        all.extend(sudoers::of_sudo(case.files));
    }
    if case.files.is_on("doas") {
        all.extend(sudoers::of_doas(case.files));
    }
    if case.files.is_on("cockpit") {
        let text = case.files.text(COCKPIT).unwrap_or_default();
        all.extend(cockpit(&text));
        all.extend(cockpit_passed_by(&text, case.files));
    }
    all
}

fn is_desktop(name: &str) -> bool {
    DESKTOP.iter().any(|beginning| name.starts_with(beginning)) && !NOBODYS.iter().any(|part| name.ends_with(part))
}

fn is_login(name: &str) -> bool {
    name == "login" || REMOTE.contains(&name) || is_desktop(name)
}

/// A service that lets in without a code.
fn door(files: &Files, service: &Service) -> Option<Finding> {
    let name = service.name.as_str();
    let on = |is: fn(&str) -> bool| files.services.iter().any(|service| service.is_on() && is(&service.name));
    let is_asked_about = is_login(name) || (ELEVATES.contains(&name) && on(|name| ELEVATES.contains(&name)));
    if service.is_on() || service.is_meant || !is_asked_about || files.lacks(service).is_some() {
        return None;
    }
    let is_open = service.stack.is_ok() && (service.answer.passed_by.is_some() || !service.answer.doors.is_empty());
    if !is_open {
        return None;
    }
    let known: &'static Known = if REMOTE.contains(&name) && on(is_login) {
        &DOOR_REMOTE
    } else if is_desktop(name) && on(is_desktop) {
        &DOOR_DESKTOP
    } else {
        &DOOR_OTHER
    };
    let finding = Finding::of(known, &service.file, name);
    // The distribution's own file is not changed.
    let (copied, file) = if service.file.starts_with("/etc/") {
        ("", service.file.clone())
    } else {
        ("cp OWN /etc/pam.d/ && ", format!("/etc/pam.d/{name}"))
    };
    let mend = if CANNOT_ASK.iter().any(|end| name.ends_with(end)) {
        "sed -i '1i auth requisite pam_deny.so' FILE"
    } else if name == "sshd" {
        "pam-2fa enable SERVICE --sshd"
    } else {
        "pam-2fa enable SERVICE"
    };
    Some(finding.by(&format!("{copied}{mend}")).about(name).mending("OWN", &service.file).mending("FILE", &file))
}

/// `[section] key=value` of an ini file: keys in small letters, blanks and quotes taken off; comments left out.
fn ini(text: &str) -> Vec<(String, String, String)> {
    let (mut section, mut all) = (String::new(), Vec::new());
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name.to_ascii_lowercase();
        } else if let Some((key, value)) = line.split_once('=') {
            let value = value.trim().trim_matches('"').to_owned();
            all.push((section.clone(), key.trim().to_ascii_lowercase(), value));
        }
    }
    all
}

fn autologins(files: &Files) -> Vec<Finding> {
    let mut paths: Vec<PathBuf> = [
        "/etc/gdm3/daemon.conf",
        "/etc/gdm3/custom.conf",
        "/etc/gdm/custom.conf",
        "/etc/lightdm/lightdm.conf",
        "/etc/sddm.conf",
        "/etc/greetd/config.toml",
        "/etc/lxdm/lxdm.conf",
    ]
    .map(PathBuf::from)
    .into();
    for folder in [
        "/etc/lightdm/lightdm.conf.d",
        "/usr/share/lightdm/lightdm.conf.d",
        "/etc/sddm.conf.d",
        "/usr/lib/sddm/sddm.conf.d",
    ] {
        paths.extend(files.folder(folder));
    }
    for folder in UNITS {
        for unit in files.folder(folder).iter().filter_map(|path| path.to_str()) {
            let name = unit.rsplit('/').next().unwrap_or_default();
            if !name.contains("getty") && !name.starts_with("autovt@") {
                continue;
            }
            if unit.ends_with(".service.d") {
                paths.extend(files.folder(unit));
            } else if unit.ends_with(".service") {
                paths.push(PathBuf::from(unit));
            }
        }
    }
    let say = |path: &PathBuf| {
        let seen = logs_in_by_itself(&files.text(path)?)?;
        let file = path.display().to_string();
        Some(Finding::of(&AUTOLOGIN, &file, seen).mending("FILE", &file))
    };
    paths.iter().filter_map(say).collect()
}

fn logs_in_by_itself(text: &str) -> Option<String> {
    let is_true = |value: &str| ["true", "yes", "1"].contains(&value.to_ascii_lowercase().as_str());
    let found = ini(text).into_iter().find(|(section, key, value)| match key.as_str() {
        "automaticloginenable" | "timedloginenable" => is_true(value),
        "autologin-user" => !value.is_empty(),
        "autologin" if section == "base" => !value.is_empty(),
        "user" if section == "autologin" || section == "initial_session" => !value.is_empty(),
        "execstart" => value.split_whitespace().any(|word| {
            // Its name and the option may be one word.
            word.starts_with("-a") || word.starts_with("--autologin")
        }),
        _ => false,
    })?;
    Some(format!("{}={}", found.1, found.2))
}

fn cockpit(text: &str) -> Option<Finding> {
    let own = ini(text).into_iter().find(|(section, key, _)| section == "basic" && key == "response-timeout");
    let seconds = own.as_ref().map_or(Some(60), |(_, _, value)| value.parse::<u64>().ok());
    if seconds.is_some_and(|seconds| seconds >= LONG_ENOUGH) {
        return None;
    }
    let seen = own.map_or_else(
        || String::from("response-timeout 60, as it is without a word"),
        |(_, key, value)| format!("{key} = {value}"),
    );
    let is_written = ini(text).iter().any(|(section, key, _)| section == "basic" && key == "response-timeout");
    let finding = Finding::of(&COCKPIT_TIMEOUT, COCKPIT, seen).about("cockpit");
    let finding = if is_written {
        finding.by("sed -i 's/^ *response-timeout.*/response-timeout = 300/I' FILE && systemctl restart cockpit")
    } else {
        finding
    };
    Some(finding.mending("FILE", COCKPIT))
}

/// Kerberos' tickets and certificates of browsers, by which cockpit-session opens a session and asks no auth line.
fn cockpit_passed_by(text: &str, files: &Files) -> Vec<Finding> {
    let all = ini(text);
    let value = |of: &str, name: &str| {
        let found = all.iter().find(|(section, key, _)| section == of && key == name);
        found.map(|(_, _, value)| value.to_ascii_lowercase())
    };
    let mut found = Vec::new();
    // A key of its own, or one of the host's for a web service: without any no ticket is taken.
    let has_key = files.text("/etc/cockpit/krb5.keytab").is_some()
        || files.text("/etc/krb5.keytab").is_some_and(|keys| keys.contains("HTTP"));
    if has_key && value("negotiate", "action").as_deref() != Some("none") {
        found.push(Finding::of(&COCKPIT_PASSED_BY, COCKPIT, "a Kerberos ticket is enough"));
    }
    let takes = value("webservice", "clientcertauthentication");
    if takes.is_some_and(|value| ["true", "yes", "1"].contains(&value.as_str())) {
        let mend = "sed -i 's/^ *ClientCertAuthentication.*/ClientCertAuthentication = no/I' FILE && systemctl restart cockpit";
        found.push(Finding::of(&COCKPIT_PASSED_BY, COCKPIT, "a certificate of the browser is enough").by(mend));
    }
    found.into_iter().map(|finding| finding.about("cockpit").mending("FILE", COCKPIT)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_that_logs_in_by_itself_is_told_from_one_that_could() {
        for (text, is) in [
            ("[daemon]\nAutomaticLoginEnable = true\nAutomaticLogin = ada\n", true),
            ("[daemon]\n# AutomaticLoginEnable = true\n", false),
            ("[daemon]\nAutomaticLoginEnable=false\n", false),
            ("[Seat:*]\nautologin-user=ada\n", true),
            ("[Seat:*]\n#autologin-user=\nautologin-user-timeout=0\n", false),
            ("[Autologin]\nUser=ada\n", true),
            ("[Autologin]\nUser=\n[Users]\nUser=x\n", false),
            ("[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin root --noclear %I\n", true),
            ("[Service]\nExecStart=-/sbin/agetty -o '-p -- \\\\u' --noclear %I\n", false),
            ("[initial_session]\ncommand = \"sway\"\nuser = \"ada\"\n", true),
            ("[default_session]\nuser = \"greeter\"\n", false),
            ("[base]\nautologin=ada\n", true),
            ("[base]\n# autologin=ada\n", false),
        ] {
            assert_eq!(logs_in_by_itself(text).is_some(), is, "{text}");
        }
    }

    #[test]
    fn cockpit_waits_long_enough_only_where_it_is_told_to() {
        for (text, is) in [
            ("", true),
            ("[basic]\nresponse-timeout = 300\n", false),
            ("[Basic]\nResponse-Timeout=300\n", false),
            ("[basic]\nresponse-timeout = 30\n", true),
            ("[WebService]\nresponse-timeout = 300\n", true),
        ] {
            assert_eq!(cockpit(text).is_some(), is, "{text}");
        }
    }
}
