//! Services that policy asks nobody in unless the settings say otherwise: configd's table (configd/src/login/class.rs), for a plan that
//! is made while no configd runs. It decides nothing: configd does.

use pam_2fa_settings::{Class, Services};

/// Nobody is there; tools for one's own entry; protocols that can say nothing but a name and a password.
const IGNORED: &[&str] = &[
    "gdm-launch-environment",
    "gdm-autologin",
    "sddm-greeter",
    "sddm-autologin",
    "plasmalogin-greeter",
    "plasmalogin-autologin",
    "lightdm-greeter",
    "lightdm-autologin",
    "greetd-greeter",
    "ly-autologin",
    "kdm-np",
    "kde-np",
    "nodm",
    "cron",
    "crond",
    "fcron",
    "atd",
    "systemd-user",
    "runuser",
    "runuser-l",
    "passwd",
    "chfn",
    "chsh",
    "fcrontab",
    "chpasswd",
    "chgpasswd",
    "newusers",
    "chage",
    "groupadd",
    "groupdel",
    "groupmod",
    "groupmems",
    "useradd",
    "userdel",
    "usermod",
    "sssd-shadowutils",
    "dovecot",
    "imap",
    "pop",
    "pop3",
    "sieve",
    "lmtp",
    "mupdate",
    "nntp",
    "csync",
    "smtp",
    "smtp.postfix",
    "smtp.sendmail",
    "esmtp",
    "cups",
    "ppp",
    "samba",
];

/// Whether a service asks nobody.
pub(super) fn is_ignored(service: &str, classes: &Services) -> bool {
    match classes.class_of(service) {
        Some(class) => class == Class::Ignore,
        None => IGNORED.contains(&service),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_configds_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../configd/src/login/class.rs");
        let text = std::fs::read_to_string(path).unwrap();
        let mut known = Vec::new();
        for table in ["WITHOUT_A_PERSON", "OWN_ENTRY", "NO_SESSION"] {
            assert!(text.contains(&format!("(Class::Ignored, {table})")), "{table}");
            let (_, rest) = text.split_once(&format!("const {table}: &[&str] = &[")).unwrap();
            let (list, _) = rest.split_once("];").unwrap();
            known.extend(list.lines().filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\",")));
        }
        assert_eq!(text.matches("(Class::Ignored, ").count(), 3);
        assert_eq!(known, IGNORED);
    }

    #[test]
    fn an_administrators_word_comes_first() {
        let classes =
            pam_2fa_settings::parse("[services]\ncron = \"desktop\"\nvpn = \"ignore\"\n").unwrap().settings.services;
        assert!(!is_ignored("cron", &classes) && is_ignored("vpn", &classes));
        assert!(is_ignored("cron", &Services::default()) && !is_ignored("vpn", &Services::default()));
    }
}
