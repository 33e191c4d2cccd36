//! `[trust]`: for how long a device is remembered after a code, and what a device is known by.

use crate::finding::Raw;
use crate::lifetime::Lifetime;
use crate::service::Class;
use crate::walk::Group;
use crate::who::Profile;

/// `[trust]`. A lifetime of zero: nothing of that class is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// login, display managers.
    pub desktop: Lifetime,
    /// Cockpit and its like.
    pub web: Lifetime,
    /// sshd.
    pub ssh: Lifetime,
    /// sudo, su, polkit: from the first one answered with a code, in the same session.
    pub elevate: Lifetime,
    /// What an ssh client is known by.
    pub ssh_identity: SshIdentity,
    /// What a browser is known by.
    pub web_identity: WebIdentity,
    /// So many bits of an IPv4 address count, 1 to 32.
    pub prefix_v4: u8,
    /// So many bits of an IPv6 address count, 1 to 128.
    pub prefix_v6: u8,
    /// The longest trust of users whose change of password cannot be seen; 12 hours at most.
    pub without_stamp: Lifetime,
    /// The user is asked whether to remember the device.
    pub ask: bool,
}

/// `trust.ssh_identity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SshIdentity {
    /// The public key and the address prefix.
    Key,
    /// The address prefix alone: weaker, for logins by password.
    Address,
}

/// `trust.web_identity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebIdentity {
    /// Nothing: no browser is remembered.
    None,
    /// The address prefix.
    Address,
}

/// The longest trust where a change of password goes unseen.
pub(crate) const LONGEST_WITHOUT_STAMP_S: u32 = 12 * 3_600;

impl Default for Trust {
    fn default() -> Self {
        Self {
            desktop: Lifetime::ZERO,
            web: Lifetime::ZERO,
            ssh: Lifetime::ZERO,
            elevate: Lifetime::of_seconds(15 * 60),
            ssh_identity: SshIdentity::Key,
            web_identity: WebIdentity::None,
            prefix_v4: 32,
            prefix_v6: 64,
            without_stamp: Lifetime::of_seconds(LONGEST_WITHOUT_STAMP_S),
            ask: false,
        }
    }
}

impl Trust {
    /// For how long a device of that class is remembered.
    #[must_use]
    pub fn lifetime(&self, class: Class) -> Lifetime {
        match class {
            Class::Desktop => self.desktop,
            Class::Web => self.web,
            Class::Ssh => self.ssh,
            Class::Elevate => self.elevate,
            Class::Ignore => Lifetime::ZERO,
        }
    }
}

/// Why a standard forbids remembered devices; none: it does not.
fn forbidden_by(profile: Profile) -> Option<&'static str> {
    match profile {
        Profile::Standard => None,
        Profile::NistAal2 => {
            Some("\"nist-aal2\" (SP 800-63B-4 §5.1: a remembered device does not replace authentication)")
        }
        Profile::PciDss => Some("\"pci-dss\" (PCI DSS 8.5.1: all factors must succeed before access is granted)"),
    }
}

impl Group {
    /// `[trust]`. What the profile forbids is an error where it is written, and nothing where it is not.
    pub(crate) fn trust(&mut self, profile: Profile, findings: &mut Vec<Raw>, notes: &mut Vec<Raw>) -> Trust {
        let mut lifetimes = Trust::default();
        let forbidden = forbidden_by(profile);
        if forbidden.is_some() {
            lifetimes.elevate = Lifetime::ZERO;
        }
        for (name, of) in [
            ("desktop", &mut lifetimes.desktop),
            ("web", &mut lifetimes.web),
            ("ssh", &mut lifetimes.ssh),
            ("elevate", &mut lifetimes.elevate),
        ] {
            let at = self.at(name);
            *of = self.lifetime(name, *of);
            if let Some(by) = forbidden
                && *of != Lifetime::ZERO
            {
                let text =
                    format!("remembers devices, and policy.profile is {by}; write \"0 minutes\", or remove the line");
                findings.push(Raw::new(at, format!("trust.{name}"), text));
            }
        }
        let web_at = self.at("web");
        let trust = Trust {
            ssh_identity: match self.text("ssh_identity").as_deref() {
                Some("address") => SshIdentity::Address,
                _ => SshIdentity::Key,
            },
            web_identity: match self.text("web_identity").as_deref() {
                Some("address") => WebIdentity::Address,
                _ => WebIdentity::None,
            },
            prefix_v4: self.number("prefix_v4", lifetimes.prefix_v4),
            prefix_v6: self.number("prefix_v6", lifetimes.prefix_v6),
            without_stamp: self.lifetime("without_stamp", lifetimes.without_stamp),
            ask: self.switch("ask", lifetimes.ask),
            ..lifetimes
        };
        if trust.web != Lifetime::ZERO && trust.web_identity == WebIdentity::None {
            let text = "remembers no browser while trust.web_identity is \"none\"; write web_identity = \"address\" to \
                        know one by its address, or remove the line";
            notes.push(Raw::new(web_at, "trust.web", text));
        }
        for (name, bits, least) in [("prefix_v4", trust.prefix_v4, 16), ("prefix_v6", trust.prefix_v6, 32)] {
            if bits < least {
                let text =
                    format!("{bits} bits are the addresses of many; {least} or more tell one network from another");
                notes.push(Raw::new(self.at(name), format!("trust.{name}"), text));
            }
        }
        trust
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    fn errors(text: &str) -> Vec<String> {
        parse(text).err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_class_has_a_duration_of_its_own_and_zero_is_never() {
        let text = "[trust]\ndesktop = \"30 days\"\nweb = \"1 day\"\nssh = \"99999 days\"\nelevate = \"0 minutes\"\n\
                    web_identity = \"address\"\nssh_identity = \"address\"\nprefix_v4 = 24\nprefix_v6 = 56\n\
                    without_stamp = \"1 hour\"\nask = true\n";
        let accepted = parse(text).unwrap();
        let trust = accepted.settings.trust;
        let seconds = [Class::Desktop, Class::Web, Class::Ssh, Class::Elevate, Class::Ignore]
            .map(|class| trust.lifetime(class).seconds());
        assert_eq!(seconds, [2_592_000, 86_400, 99_999 * 86_400, 0, 0]);
        assert_eq!((trust.ssh_identity, trust.web_identity), (SshIdentity::Address, WebIdentity::Address));
        assert_eq!((trust.prefix_v4, trust.prefix_v6, trust.without_stamp.seconds()), (24, 56, 3_600));
        assert!(trust.ask && accepted.notes.is_empty());
        assert_eq!(parse("").unwrap().settings.trust, Trust::default());
    }

    #[test]
    fn what_a_standard_forbids_is_an_error_where_it_is_written_and_nothing_where_it_is_not() {
        for profile in ["nist-aal2", "pci-dss"] {
            let policy = format!("[policy]\nprofile = \"{profile}\"\n");
            let silent = parse(&policy).unwrap().settings.trust;
            assert_eq!(silent.elevate, Lifetime::ZERO, "{profile}");
            assert!(parse(&format!("{policy}[trust]\nelevate = \"0 minutes\"\n")).is_ok());
            for class in ["desktop", "web", "ssh", "elevate"] {
                let found = errors(&format!("{policy}[trust]\n{class} = \"15 minutes\"\n"));
                assert!(
                    found.iter().any(|line| line.contains(&format!("trust.{class}: remembers devices"))),
                    "{found:?}"
                );
            }
        }
    }

    #[test]
    fn an_unseen_change_of_password_is_believed_for_twelve_hours_at_most() {
        assert!(parse("[trust]\nwithout_stamp = \"12 hours\"\n").is_ok());
        let found = errors("[trust]\nwithout_stamp = \"13 hours\"\n");
        assert!(found.first().is_some_and(|line| line.contains("trust.without_stamp")), "{found:?}");
    }

    #[test]
    fn a_duration_for_browsers_that_are_known_by_nothing_is_noted() {
        let accepted = parse("[trust]\nweb = \"1 day\"\n").unwrap();
        assert!(accepted.notes.first().is_some_and(|note| note.to_string().contains("web_identity")));
    }
}
