//! What kind of service a login is for: INTERFACE's `[services]` over the built-in table.

use pam_2fa_settings::Services;

/// A class of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// sshd.
    Ssh,
    /// A console or display manager.
    Desktop,
    /// Cockpit and its like.
    Web,
    /// sudo and its like: somebody who is logged in becomes somebody else.
    Elevate,
    /// In no class: asked as policy says, never trusted.
    Other,
    /// Nobody meant it: never asked.
    Ignored,
}

impl Class {
    /// The word in settings, logs and the store.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ssh => "ssh",
            Self::Desktop => "desktop",
            Self::Web => "web",
            Self::Elevate => "elevate",
            Self::Other => "other",
            Self::Ignored => "ignore",
        }
    }

    /// The class of a word; the inverse of [`Class::word`].
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Ssh, Self::Desktop, Self::Web, Self::Elevate, Self::Other, Self::Ignored]
            .into_iter()
            .find(|class| class.word() == word)
    }
}

/// The built-in table, by name.
const BUILT_IN: &[(Class, &[&str])] = &[
    (Class::Ssh, &["sshd"]),
    (
        Class::Desktop,
        &[
            "login",
            "remote",
            "gdm",
            "gdm3",
            "gdm-password",
            "gdm-fingerprint",
            "gdm-smartcard",
            "sddm",
            "lightdm",
            "xdm",
            "lxdm",
            "greetd",
            "kde",
            "vlock",
            "xscreensaver",
            "i3lock",
            "swaylock",
        ],
    ),
    (Class::Web, &["cockpit"]),
    (Class::Elevate, &["sudo", "sudo-i", "su", "su-l", "doas", "polkit-1"]),
    (
        Class::Ignored,
        &[
            "gdm-launch-environment",
            "gdm-autologin",
            "sddm-greeter",
            "sddm-autologin",
            "lightdm-greeter",
            "lightdm-autologin",
            "runuser",
            "runuser-l",
            "systemd-user",
            "cron",
            "crond",
            "atd",
            "cups",
            "dovecot",
            "imap",
            "pop3",
            "smtp",
            "ppp",
            "samba",
            "chfn",
            "chsh",
            "chpasswd",
            "newusers",
            "passwd",
        ],
    ),
];

/// The class of `service`: the administrator's table, then the built-in one. Another name for sshd is `sshd-…` or `…-sshd`, or a
/// service that nobody knows on the terminal `ssh`: nothing else sets that (sshd's `sshpam_init`).
#[must_use]
pub fn classify(service: &str, tty: Option<&str>, administrators: &Services) -> Class {
    if let Some(class) = administrators.class_of(service) {
        return match class {
            pam_2fa_settings::Class::Desktop => Class::Desktop,
            pam_2fa_settings::Class::Web => Class::Web,
            pam_2fa_settings::Class::Ssh => Class::Ssh,
            pam_2fa_settings::Class::Elevate => Class::Elevate,
            pam_2fa_settings::Class::Ignore => Class::Ignored,
        };
    }
    match BUILT_IN.iter().find(|(_, names)| names.contains(&service)) {
        Some((class, _)) => *class,
        None if service.starts_with("sshd-") || service.ends_with("-sshd") || tty == Some("ssh") => Class::Ssh,
        None => Class::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_classed_as_the_table_says() {
        for (service, class) in [
            ("sshd", Class::Ssh),
            ("login", Class::Desktop),
            ("gdm-password", Class::Desktop),
            ("gdm-launch-environment", Class::Ignored),
            ("gdm-autologin", Class::Ignored),
            ("cockpit", Class::Web),
            ("sudo", Class::Elevate),
            ("su-l", Class::Elevate),
            ("polkit-1", Class::Elevate),
            ("cron", Class::Ignored),
            ("systemd-user", Class::Ignored),
            ("vsftpd", Class::Other),
        ] {
            assert_eq!(classify(service, None, &Services::default()), class, "{service}");
        }
        assert_eq!(classify("bastion", Some("ssh"), &Services::default()), Class::Ssh);
        assert_eq!(classify("sudo", Some("ssh"), &Services::default()), Class::Elevate);
    }

    #[test]
    fn the_administrators_table_comes_first() {
        let text = "[services]\n\"su*\" = \"ignore\"\n\"vpn-?\" = \"web\"\n";
        let table = pam_2fa_settings::parse(text).unwrap().settings.services;
        assert_eq!(classify("sudo", None, &table), Class::Ignored);
        assert_eq!(classify("vpn-1", None, &table), Class::Web);
        assert_eq!(classify("vpn-12", None, &table), Class::Other);
    }
}
