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
