//! `[services]`: which class a PAM service is in, by an administrator's word. The built-in table under it is policy's, but for
//! [`ignored`].

pub mod ignored;

/// A class of services: how a device is known, and for how long it is trusted, differs between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// login, display managers.
    Desktop,
    /// Cockpit and its like.
    Web,
    /// sshd.
    Ssh,
    /// sudo, su, polkit.
    Elevate,
    /// Nobody is asked.
    Ignore,
}

impl Class {
    /// The class of that name in the file.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "desktop" => Self::Desktop,
            "web" => Self::Web,
            "ssh" => Self::Ssh,
            "elevate" => Self::Elevate,
            "ignore" => Self::Ignore,
            _ => return None,
        })
    }

    /// Its name in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Web => "web",
            Self::Ssh => "ssh",
            Self::Elevate => "elevate",
            Self::Ignore => "ignore",
        }
    }
}

/// Whose second factor an elevation asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Factor {
    /// The user whom the program names: who one becomes (su), or the user himself (sudo).
    #[default]
    Target,
    /// The user who called the program.
    Caller,
}

/// A line of the file's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) pattern: String,
    pub(crate) class: Class,
    pub(crate) factor: Factor,
}

/// The file's table of services.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Services {
    /// The most telling pattern first.
    rules: Vec<Rule>,
}

impl Services {
    /// Rules in the order in which they are asked: names before patterns, then by how much of a pattern is no wildcard, then by
    /// the alphabet. The order of the file decides nothing (in TOML it means nothing).
    pub(crate) fn new(mut rules: Vec<Rule>) -> Self {
        let wildcards = |pattern: &str| pattern.bytes().filter(|byte| matches!(byte, b'*' | b'?')).count();
        rules.sort_by_cached_key(|Rule { pattern, .. }| {
            let wild = wildcards(pattern);
            let literal = pattern.len().saturating_sub(wild);
            (wild > 0, std::cmp::Reverse(literal), pattern.clone())
        });
        Self { rules }
    }

    /// The class that the file gives to a service; none: the built-in table's.
    #[must_use]
    pub fn class_of(&self, service: &str) -> Option<Class> {
        self.rule_of(service).map(|rule| rule.class)
    }

    /// Whether nobody is asked in a service: the file's word, then the built-in table's.
    #[must_use]
    pub fn is_ignored(&self, service: &str) -> bool {
        let built_in = [ignored::WITHOUT_A_PERSON, ignored::OWN_ENTRY, ignored::NO_SESSION];
        self.class_of(service)
            .map_or_else(|| built_in.iter().any(|names| names.contains(&service)), |class| class == Class::Ignore)
    }

    /// Whose second factor a service asks for.
    #[must_use]
    pub fn factor_of(&self, service: &str) -> Factor {
        self.rule_of(service).map_or(Factor::Target, |rule| rule.factor)
    }

    fn rule_of(&self, service: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| is_match(&rule.pattern, service))
    }

    /// Pattern and class, in the order in which they are asked.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Class)> {
        self.rules.iter().map(|rule| (rule.pattern.as_str(), rule.class))
    }
}

/// Whether a text is a pattern for service names: what a file in `/etc/pam.d` may be called, `*` and `?`.
pub(crate) fn is_pattern(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+@:*?".contains(&byte))
}

/// Whether a name fits a pattern: `*` stands for any number of characters, `?` for one. Linear but for the last `*`, which is
/// the only one worth going back to.
pub(crate) fn is_match(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0_usize, 0_usize);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = name.get(n) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p = p.saturating_add(1);
            }
            Some(wanted) if wanted == byte || *wanted == b'?' => {
                p = p.saturating_add(1);
                n = n.saturating_add(1);
            }
            _ => {
                let Some((star_p, star_n)) = star else { return false };
                p = star_p.saturating_add(1);
                n = star_n.saturating_add(1);
                star = Some((star_p, n));
            }
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_ignored_says_the_file_and_then_the_built_in_table() {
        let text = "[services]\ncron = \"desktop\"\nvpn = \"ignore\"\n";
        let services = crate::parse(text).unwrap().settings.services;
        assert!(!services.is_ignored("cron") && services.is_ignored("vpn") && services.is_ignored("dovecot"));
        let built_in = Services::default();
        assert!(built_in.is_ignored("cron") && !built_in.is_ignored("vpn") && !built_in.is_ignored("sshd"));
    }

    #[test]
    fn a_name_beats_a_pattern_and_a_longer_pattern_a_shorter_one() {
        let rules = [
            ("*", Class::Web),
            ("gdm-*", Class::Desktop),
            ("gdm-launch-*", Class::Ignore),
            ("gdm-password", Class::Ssh),
        ];
        let rule = |(pattern, class)| Rule { pattern: String::from(pattern), class, factor: Factor::Target };
        let services = Services::new(rules.map(rule).to_vec());
        assert_eq!(services.class_of("gdm-password"), Some(Class::Ssh));
        assert_eq!(services.class_of("gdm-launch-environment"), Some(Class::Ignore));
        assert_eq!(services.class_of("gdm-fingerprint"), Some(Class::Desktop));
        assert_eq!(services.class_of("sshd"), Some(Class::Web));
        assert_eq!(Services::default().class_of("sshd"), None);
    }

    #[test]
    fn a_pattern_fits_the_whole_name() {
        for (pattern, name, fits) in [
            ("sshd", "sshd", true),
            ("sshd", "sshd2", false),
            ("sshd", "xsshd", false),
            ("ssh?", "sshd", true),
            ("ssh?", "ssh", false),
            ("*d", "sshd", true),
            ("s*h*d", "sshd", true),
            ("s*x*d", "sshd", false),
            ("*", "", true),
            ("", "", true),
            ("a*b", "aXbYb", true),
        ] {
            assert_eq!(is_match(pattern, name), fits, "{pattern} {name}");
        }
    }
}
