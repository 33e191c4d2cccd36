//! Who else lets in, and without a code: services without our line, sudo's NOPASSWD, screens that log in by themselves; and whether
//! Cockpit waits long enough for one.

use super::super::files::{Files, Service};
use super::super::finding::Finding;
use super::super::known::{
    AUTOLOGIN, COCKPIT_TIMEOUT, DOOR_DESKTOP, DOOR_OTHER, DOOR_REMOTE, Known, NOPASSWD, NOPASSWD_SOME,
};
use super::Case;
use std::path::{Path, PathBuf};

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
/// Cockpit's own is 60 (seconds).
const LONG_ENOUGH: u64 = 180;

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let mut all = Vec::new();
    if case.files.services.iter().any(Service::is_on) {
        all.extend(case.files.services.iter().filter_map(|service| door(case.files, service)));
        all.extend(autologins(case.files));
    }
    if ["sudo", "sudo-i"].iter().any(|name| case.files.is_on(name)) {
        // openSUSE has its own in /usr/etc, which counts where there is none in /etc.
        let main = ["/etc/sudoers", "/usr/etc/sudoers"].iter().find(|path| case.files.text(path).is_some());
        let mut files: Vec<PathBuf> = main.map(PathBuf::from).into_iter().collect();
        let beside = ["/etc/sudoers.d", "/usr/etc/sudoers.d"].iter().flat_map(|folder| case.files.folder(folder));
        files.extend(beside.filter(|path| is_taken_in(path)));
        all.extend(files.iter().flat_map(|path| sudoers(path, &case.files.text(path).unwrap_or_default())));
    }
    if case.files.is_on("doas") {
        let path = Path::new("/etc/doas.conf");
        all.extend(doas(path, &case.files.text(path).unwrap_or_default()));
    }
    if case.files.is_on("cockpit") {
        all.extend(cockpit(&case.files.text("/etc/cockpit/cockpit.conf").unwrap_or_default()));
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
    let mut finding = Finding::of(known, &service.file, name).about(name);
    if name == "sshd" {
        finding.mend.push_str(" --sshd");
    } else if !service.file.starts_with("/etc/") {
        // The distribution's own is not changed.
        finding.mend = format!("cp {} /etc/pam.d/ && {}", service.file, finding.mend);
    }
    Some(finding)
}

/// sudoers(5): not with a dot or a tilde at its end.
fn is_taken_in(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| !name.contains('.') && !name.ends_with('~'))
}

fn sudoers(path: &Path, text: &str) -> Vec<Finding> {
    let file = path.display().to_string();
    let joined = text.replace("\\\n", " ");
    let mut all = Vec::new();
    for line in joined.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let who = line.split_whitespace().next().unwrap_or_default();
        let known: &'static Known = if who.starts_with("Defaults") && line.contains("!authenticate") {
            &NOPASSWD
        } else if let Some((_, commands)) =
            line.split_once("NOPASSWD:").filter(|_| who != "root" && !who.ends_with("_Alias"))
        {
            let is_all =
                commands.split("PASSWD:").next().unwrap_or_default().split(',').any(|word| word.trim() == "ALL");
            if is_all { &NOPASSWD } else { &NOPASSWD_SOME }
        } else {
            continue;
        };
        all.push(Finding::of(known, &file, line).about("sudo").mending("FILE", &file));
    }
    all
}

fn doas(path: &Path, text: &str) -> Vec<Finding> {
    let file = path.display().to_string();
    let is_open = |line: &&str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.first() == Some(&"permit") && words.contains(&"nopass")
    };
    let say = |line: &str| {
        let known: &'static Known =
            if line.split_whitespace().any(|word| word == "cmd") { &NOPASSWD_SOME } else { &NOPASSWD };
        let mut finding = Finding::of(known, &file, line).about("doas");
        finding.mend = format!("${{EDITOR:-vi}} {file}");
        finding
    };
    text.lines().map(str::trim).filter(is_open).map(say).collect()
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
    for unit in files.folder("/etc/systemd/system").iter().filter_map(|path| path.to_str()) {
        if unit.contains("getty") && unit.ends_with(".service.d") {
            paths.extend(files.folder(unit));
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
        "user" if section == "autologin" || section == "initial_session" => !value.is_empty(),
        "execstart" => value.split_whitespace().any(|word| word == "-a" || word.starts_with("--autologin")),
        _ => false,
    })?;
    Some(format!("{}={}", found.1, found.2))
}

fn cockpit(text: &str) -> Option<Finding> {
    const FILE: &str = "/etc/cockpit/cockpit.conf";
    let own = ini(text).into_iter().find(|(section, key, _)| section == "basic" && key == "response-timeout");
    let seconds = own.as_ref().map_or(Some(60), |(_, _, value)| value.parse::<u64>().ok());
    if seconds.is_some_and(|seconds| seconds >= LONG_ENOUGH) {
        return None;
    }
    let seen = own.map_or_else(
        || String::from("response-timeout 60, as it is without a word"),
        |(_, key, value)| format!("{key} = {value}"),
    );
    let mut finding = Finding::of(&COCKPIT_TIMEOUT, FILE, seen).about("cockpit").mending("FILE", FILE);
    if text.to_ascii_lowercase().contains("response-timeout") {
        finding.mend =
            format!("sed -i 's/^ *response-timeout.*/response-timeout = 300/I' {FILE} && systemctl restart cockpit");
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_needs_no_password_is_told_from_who_needs_one_for_most() {
        let text = "# %a ALL=(ALL) NOPASSWD: ALL\nroot ALL=(ALL) NOPASSWD: ALL\n%wheel ALL=(ALL) NOPASSWD: ALL\nada ALL=(root) \\\n NOPASSWD: /bin/true, \
                    PASSWD: ALL\nDefaults:bob !authenticate\nbob ALL=(ALL:ALL) ALL\n";
        let found: Vec<(&str, String)> =
            sudoers(Path::new("/etc/sudoers"), text).into_iter().map(|finding| (finding.id, finding.seen)).collect();
        let ids: Vec<&str> = found.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, ["nopasswd", "nopasswd-some", "nopasswd"], "{found:?}");
        assert!(found[0].1.starts_with("%wheel ") && found[1].1.starts_with("ada "));
    }

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
