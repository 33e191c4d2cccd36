//! What kind of service a login is for: INTERFACE's `[services]` over the built-in table.

use pam_2fa_settings::{Services, ignored};

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

    /// Whether the program behind `service` makes sense of `PAM_MAXTRIES`, which `max_tries` becomes: sshd asks for nothing more in
    /// that connection, and GDM says so in words of its own. Others take it for a fault: Cockpit answers HTTP 500, su and login
    /// print libpam's words for it, and login ends where it would ask for a name again. They are told `deny`.
    #[must_use]
    pub fn understands_max_tries(self, service: &str) -> bool {
        self == Self::Ssh || (self == Self::Desktop && service.starts_with("gdm"))
    }
}

/// Consoles and display managers: somebody who sits at this machine and begins a session. `remote` is login called by telnetd.
///
/// Remote desktops (`xrdp-sesman`, VNC) are not among them: what trust of a desktop knows again is the machine and its seat.
const GREETERS: &[&str] = &[
    "login",
    "remote",
    "gdm",
    "gdm3",
    "gdm-password",
    "gdm-fingerprint",
    "gdm-pin",
    // Debian's alternatives behind gdm-smartcard.
    "gdm-smartcard",
    "gdm-smartcard-pkcs11-exclusive",
    "gdm-smartcard-sssd-exclusive",
    "gdm-smartcard-sssd-or-password",
    "gdm-switchable-auth",
    "sddm",
    "plasmalogin",
    "kdm",
    "lightdm",
    "xdm",
    "wdm",
    "lxdm",
    "slim",
    "greetd",
    "cosmic-greeter",
    "ly",
    "lemurs",
    "emptty",
];

/// Screen lockers: the same person at the same seat. Those without root's rights are known by their uid, whatever they call
/// themselves; these names are for the others (vlock, xscreensaver, those with a helper).
const LOCKERS: &[&str] = &[
    "vlock",
    "physlock",
    "xlock",
    "xscreensaver",
    "xsecurelock",
    "i3lock",
    "swaylock",
    "gtklock",
    "hyprlock",
    "waylock",
    // KDE's kscreenlocker asks all three at once.
    "kde",
    "kde-fingerprint",
    "kde-smartcard",
    "kscreensaver",
    "gnome-screensaver",
    "cinnamon-screensaver",
    "mate-screensaver",
    "xfce4-screensaver",
    "budgie-screensaver",
    "unity",
];

/// Somebody who is logged in becomes somebody else.
const ELEVATION: &[&str] = &["sudo", "sudo-i", "su", "su-l", "doas", "polkit-1"];

/// The built-in table, by name. What stands nowhere is [`Class::Other`].
const BUILT_IN: &[(Class, &[&str])] = &[
    (Class::Ssh, &["sshd"]),
    (Class::Desktop, GREETERS),
    (Class::Desktop, LOCKERS),
    (Class::Web, &["cockpit"]),
    (Class::Elevate, ELEVATION),
    (Class::Ignored, ignored::WITHOUT_A_PERSON),
    (Class::Ignored, ignored::OWN_ENTRY),
    (Class::Ignored, ignored::NO_SESSION),
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
            ("gdm-smartcard-sssd-or-password", Class::Desktop),
            ("cosmic-greeter", Class::Desktop),
            ("hyprlock", Class::Desktop),
            ("kde-fingerprint", Class::Desktop),
            ("gdm-launch-environment", Class::Ignored),
            ("gdm-autologin", Class::Ignored),
            ("greetd", Class::Desktop),
            ("greetd-greeter", Class::Ignored),
            ("cockpit", Class::Web),
            ("sudo", Class::Elevate),
            ("su-l", Class::Elevate),
            ("polkit-1", Class::Elevate),
            ("cron", Class::Ignored),
            ("fcron", Class::Ignored),
            ("systemd-user", Class::Ignored),
            ("smtp.postfix", Class::Ignored),
            ("sssd-shadowutils", Class::Ignored),
        ] {
            assert_eq!(classify(service, None, &Services::default()), class, "{service}");
        }
        // What gives files or a session by a password is asked, whether or not its protocol can ask.
        for service in ["vsftpd", "proftpd", "xrdp-sesman", "vmtoolsd", "openvpn", "rexec", "other", "common-auth", ""]
        {
            assert_eq!(classify(service, None, &Services::default()), Class::Other, "{service}");
        }
        assert_eq!(classify("bastion", Some("ssh"), &Services::default()), Class::Ssh);
        assert_eq!(classify("sudo", Some("ssh"), &Services::default()), Class::Elevate);
    }

    #[test]
    fn sshd_and_gdm_understand_max_tries_and_nobody_else() {
        let understands = |service: &str| classify(service, None, &Services::default()).understands_max_tries(service);
        for service in ["sshd", "bastion-sshd", "gdm-password", "gdm-fingerprint", "gdm3"] {
            assert!(understands(service), "{service}");
        }
        for service in
            ["login", "su", "sudo", "cockpit", "lightdm", "greetd", "vlock", "polkit-1", "vsftpd", "gdm-of-ours"]
        {
            assert!(!understands(service), "{service}");
        }
    }

    #[test]
    fn every_service_stands_in_the_table_once() {
        let mut names: Vec<&str> = BUILT_IN.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        // Letters of another case are another name, as they are to libpam.
        assert_eq!(classify("Cron", None, &Services::default()), Class::Other);
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
