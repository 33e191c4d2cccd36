//! The public keys that sshd accepted, from `SSH_AUTH_INFO_0`: lines `publickey ALGORITHM BASE64` among those of other methods.
//! A key is known by SHA-256 over its blob, as `ssh-keygen -l` has it: of a certificate the blob of the key inside, so that a new
//! certificate for the same key is the same device.
//!
//! The blob is a few fields with their lengths before them (RFC 4251 §5, OpenSSH's PROTOCOL.certkeys); no number of it is looked
//! at, and what is not of that form is no key. A crate that knows keys as numbers would bring ten others for it.

use data_encoding::BASE64;
use sha2::{Digest, Sha256};

/// More keys than `AuthenticationMethods` of anybody asks for.
const MOST: usize = 8;

/// Certificates, the plain key that they are for, and of how many fields its blob is behind the algorithm's name.
const CERTIFICATES: [(&str, &str, usize); 7] = [
    ("ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", 1),
    ("ssh-rsa-cert-v01@openssh.com", "ssh-rsa", 2),
    ("ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp256", 2),
    ("ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp384", 2),
    ("ecdsa-sha2-nistp521-cert-v01@openssh.com", "ecdsa-sha2-nistp521", 2),
    ("sk-ssh-ed25519-cert-v01@openssh.com", "sk-ssh-ed25519@openssh.com", 2),
    ("sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", 3),
];

/// The fingerprints of all keys, sorted; none where there is no key, or where one of them cannot be read.
pub(super) fn fingerprints(auth_info: &str) -> Option<Vec<[u8; 32]>> {
    let mut keys = Vec::new();
    for line in auth_info.lines() {
        let mut words = line.split(' ');
        if words.next() != Some("publickey") {
            continue;
        }
        let (algorithm, blob) = (words.next()?, BASE64.decode(words.next()?.as_bytes()).ok()?);
        if words.next().is_some() || keys.len() == MOST {
            return None;
        }
        keys.push(fingerprint(algorithm, &blob)?);
    }
    keys.sort_unstable();
    keys.dedup();
    (!keys.is_empty()).then_some(keys)
}

fn fingerprint(algorithm: &str, blob: &[u8]) -> Option<[u8; 32]> {
    let (name, rest) = field(blob)?;
    let certificate = CERTIFICATES.iter().find(|(certificate, ..)| certificate.as_bytes() == name);
    if let Some((_, plain, fields)) = certificate {
        let (_nonce, mut rest) = field(rest)?;
        let mut key = Vec::new();
        put(&mut key, plain.as_bytes())?;
        for _ in 0..*fields {
            let (value, after) = field(rest)?;
            put(&mut key, value)?;
            rest = after;
        }
        return Some(Sha256::digest(&key).into());
    }
    // A certificate that is not known would be another device with each renewal; the name outside may be that of a signature
    // (rsa-sha2-512) and says nothing.
    let unknown = [algorithm.as_bytes(), name].iter().any(|name| name.windows(6).any(|part| part == b"-cert-"));
    (!unknown && !rest.is_empty()).then(|| Sha256::digest(blob).into())
}

/// The first field and what comes after it.
fn field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

fn put(key: &mut Vec<u8>, value: &[u8]) -> Option<()> {
    key.extend(u32::try_from(value.len()).ok()?.to_be_bytes());
    key.extend(value);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64_NOPAD;

    /// Fingerprint, algorithm, blob.
    fn made_by_ssh_keygen() -> Vec<[&'static str; 3]> {
        let lines = include_str!("ssh_key/keys.txt").lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| line.split(' ').collect::<Vec<_>>().try_into().unwrap()).collect()
    }

    #[test]
    fn every_kind_of_key_and_certificate_has_the_fingerprint_that_ssh_keygen_says() {
        let keys = made_by_ssh_keygen();
        assert_eq!(keys.len(), 15);
        for [said, algorithm, blob] in keys {
            let found = fingerprints(&format!("publickey {algorithm} {blob}\n")).unwrap();
            assert_eq!(format!("SHA256:{}", BASE64_NOPAD.encode(&found[0])), said, "{algorithm}");
        }
    }

    #[test]
    fn all_keys_count_in_any_order_and_other_methods_do_not() {
        let keys = made_by_ssh_keygen();
        let line = |at: usize| format!("publickey {} {}\n", keys[at][1], keys[at][2]);
        let both = fingerprints(&format!("{}{}", line(0), line(2))).unwrap();
        assert_eq!(both.len(), 2);
        assert_eq!(fingerprints(&format!("password\n{}keyboard-interactive/pam\n{}", line(2), line(0))), Some(both));
        assert_eq!(fingerprints(&format!("{}{}", line(0), line(1))).unwrap().len(), 1, "a certificate and its key");
        assert_eq!(fingerprints("password\n"), None);
        assert_eq!(fingerprints(""), None);
        assert_eq!(fingerprints(&format!("hostbased {} {}\n", keys[0][1], keys[0][2])), None);
        let nine: String = (0..9).map(|_| line(0)).collect();
        assert_eq!(fingerprints(&nine), None);
    }

    #[test]
    fn what_is_no_key_is_none_and_a_cut_one_is_not_another() {
        for text in [
            "publickey",
            "publickey ssh-ed25519",
            "publickey ssh-ed25519 ",
            "publickey ssh-ed25519 not-base64",
            "publickey ssh-ed25519 AAAA",
            "publickey  ssh-ed25519 AAAA",
            "publickey ssh-ed25519 /////w==",
            "publickey ssh-future-cert-v01@example.com AAAAC3NzaC1lZDI1NTE5AAAAAQE=",
            "publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAQE= more",
        ] {
            assert_eq!(fingerprints(text), None, "{text}");
        }
        let keys = made_by_ssh_keygen();
        let [_, algorithm, blob] = keys.iter().find(|[_, name, _]| name.contains("ed25519-cert")).unwrap();
        let whole = BASE64.decode(blob.as_bytes()).unwrap();
        let known = fingerprint(algorithm, &whole).unwrap();
        for length in 0..whole.len() {
            let cut = fingerprint(algorithm, &whole[..length]);
            assert!(cut.is_none_or(|cut| cut == known), "{length}");
        }
    }
}
