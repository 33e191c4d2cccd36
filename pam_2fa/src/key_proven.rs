//! `key-proven`: whether sshd has checked a public key in this login, so that the password may be left out.
//!
//! It asks nobody and shows nothing. It believes only what sshd alone can have said: a process of root, the class ssh, and
//! sshd's own list of methods that succeeded (`SSH_AUTH_INFO_0`, sshd_config(5) "ExposeAuthInfo"; one `method key` a line, empty
//! where none has succeeded yet).

use crate::verdict::Outcome;

/// What `key-proven` looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evidence<'a> {
    /// The effective uid of the host process.
    pub(crate) euid: u32,
    /// `PAM_SERVICE`.
    pub(crate) service: &'a str,
    /// `PAM_TTY`.
    pub(crate) tty: Option<&'a str>,
    /// `SSH_AUTH_INFO_0` of the PAM environment.
    pub(crate) auth_info: Option<&'a str>,
}

/// What the evidence amounts to.
pub(crate) fn judge(evidence: Evidence<'_>) -> Outcome {
    let key = evidence.auth_info.is_some_and(|info| info.lines().any(|line| line.starts_with("publickey ")));
    if evidence.euid == 0 && is_ssh(evidence) && key { Outcome::KeyProven } else { Outcome::Denied }
}

/// Class ssh: by its service's name, or by the tty "ssh", which sshd sets under any name and nobody else does.
fn is_ssh(evidence: Evidence<'_>) -> bool {
    let service = evidence.service;
    service == "sshd" || service.starts_with("sshd-") || service.ends_with("-sshd") || evidence.tty == Some("ssh")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROOF: Evidence<'_> =
        Evidence { euid: 0, service: "sshd", tty: Some("ssh"), auth_info: Some("publickey ssh-ed25519 AAAA\n") };

    #[test]
    fn a_key_that_sshd_has_checked_is_the_first_factor() {
        assert_eq!(judge(PROOF), Outcome::KeyProven);
        assert_eq!(judge(Evidence { service: "sshd-sftp", tty: None, ..PROOF }), Outcome::KeyProven);
        assert_eq!(judge(Evidence { service: "p2fa-sshd", tty: None, ..PROOF }), Outcome::KeyProven);
        assert_eq!(judge(Evidence { service: "other", ..PROOF }), Outcome::KeyProven);
        let second = Some("password\npublickey ssh-ed25519 AAAA");
        assert_eq!(judge(Evidence { auth_info: second, ..PROOF }), Outcome::KeyProven);
    }

    #[test]
    fn anything_less_is_not() {
        let not_enough = [
            Evidence { euid: 1000, ..PROOF },
            Evidence { service: "login", tty: Some("tty1"), ..PROOF },
            Evidence { service: "sshdx", tty: None, ..PROOF },
            Evidence { service: "sudo", tty: None, ..PROOF },
            Evidence { auth_info: None, ..PROOF },
            Evidence { auth_info: Some(""), ..PROOF },
            Evidence { auth_info: Some("publickey"), ..PROOF },
            Evidence { auth_info: Some("password publickey ssh-ed25519 AAAA"), ..PROOF },
            Evidence { auth_info: Some("keyboard-interactive/pam\n"), ..PROOF },
            Evidence { auth_info: Some(" publickey ssh-ed25519 AAAA"), ..PROOF },
            Evidence { auth_info: Some("hostbased ssh-ed25519 AAAA"), ..PROOF },
        ];
        for evidence in not_enough {
            assert_eq!(judge(evidence), Outcome::Denied, "{evidence:?}");
        }
    }
}
