//! `explain --key FILE`: an OpenSSH public key or certificate, as sshd would name it in `SSH_AUTH_INFO_0`. It reads one line of one
//! file, never shows what stands there, and says nothing about whose the key is.

use crate::error::Error;
use data_encoding::BASE64;
use nix::fcntl::OFlag;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use zeroize::Zeroizing;

/// The longest file that is read: a call of the daemon takes no more.
const LONGEST: usize = 16 * 1024;

/// `publickey ssh-ed25519 AAAA…`.
pub(crate) fn auth_info(path: &Path) -> Result<String, Error> {
    let fail = |why| Error::File { what: "cannot read", path: path.to_owned(), why };
    // All of it at once, and wiped: the wrong file is a private key most often.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST.saturating_add(1)));
    let most = u64::try_from(LONGEST).unwrap_or(u64::MAX).saturating_add(1);
    // A name in somebody's home may be a FIFO by now, which would wait for ever, or a device.
    let file = File::options().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path).map_err(fail)?;
    if !file.metadata().map_err(fail)?.is_file() {
        let why = String::from("this is not a plain file; give the *.pub file of the key");
        return Err(Error::Unfit { path: path.to_owned(), why });
    }
    file.take(most).read_to_end(&mut bytes).map_err(fail)?;
    parse(&bytes).map_err(|why| Error::Unfit { path: path.to_owned(), why: why.to_owned() })
}

fn parse(bytes: &[u8]) -> Result<String, &'static str> {
    const NO_KEY: &str = "this is no OpenSSH public key (`ssh-ed25519 AAAA… comment`); give the *.pub file of the key";
    if bytes.len() > LONGEST {
        return Err("this is longer than 16 KiB, and so no public key; give the *.pub file of the key");
    }
    let text = std::str::from_utf8(bytes).map_err(|_| NO_KEY)?.trim();
    let is_pem = text.starts_with("-----BEGIN ") && text.contains("PRIVATE KEY-----");
    if is_pem || text.starts_with("PuTTY-User-Key-File-") {
        return Err("this is a private key, which nobody but its owner needs; give the *.pub file beside it");
    }
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let words: Vec<&str> = first.split_ascii_whitespace().collect();
    let is_pair = |pair: &[&str]| matches!(pair, [name, blob] if is_key(name, blob));
    let at = words.windows(2).position(is_pair).ok_or(NO_KEY)?;
    match words.as_slice() {
        _ if !rest.is_empty() => Err("this has more than one line; give the *.pub file of one key"),
        [name, blob, ..] if at == 0 => Ok(format!("publickey {name} {blob}")),
        _ => Err("this has options before the key, as authorized_keys may; give the *.pub file of the key"),
    }
}

/// Whether the blob is one, of a key of this name: it begins with the name, and its length before it (RFC 4253 §6.6).
fn is_key(name: &str, blob: &str) -> bool {
    let Ok(blob) = BASE64.decode(blob.as_bytes()) else { return false };
    let Some((length, rest)) = blob.split_first_chunk::<4>() else { return false };
    let inside = usize::try_from(u32::from_be_bytes(*length)).ok().and_then(|length| rest.split_at_checked(length));
    inside.is_some_and(|(inside, key)| inside == name.as_bytes() && !key.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE6kNTCDtDUWyEhGl0tmnEhGk/TVcYfcB8v5nP8rTXxO";

    const ECDSA: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPPX6WTptrDdyK/h02/ykDldACjgoHXS8M+s\
        JZwbf/MtKwYsfV5gSnlI4z4MfWoi2wh/cueuMunxafEFOcCz4Hc=";
    /// What `ssh-keygen -s` made of an Ed25519 key.
    const CERTIFICATE: &str = "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIETQVM2S2d5k+g1na5VVK69\
        JDR2FbCz+snw/YSQLrS5yAAAAIJgukdYzq5c2Xx/aDatrqZH47k+FH71yFfEP4LfKIVdRAAAAAAAAAAAAAAABAAAAA2FkYQAAAAcAAAADYWR\
        hAAAAAGsD8MUAAAAAawaTxQAAAAAAAACCAAAAFXBlcm1pdC1YMTEtZm9yd2FyZGluZwAAAAAAAAAXcGVybWl0LWFnZW50LWZvcndhcmRpbmc\
        AAAAAAAAAFnBlcm1pdC1wb3J0LWZvcndhcmRpbmcAAAAAAAAACnBlcm1pdC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJjAAAAAAAAAAAAAAA\
        zAAAAC3NzaC1lZDI1NTE5AAAAIKSi8WYDEVU9rx06Ki3VJlXKdt68d6vQjK9P5/BFc8duAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEDMVKUVQZH\
        p+rP8eOFR+TbTwn3kygJzYACb3yKRzjF3mkc9YZtwT3IE5GwzNFfrqqz+nqT3MMlJl/V8Y1Aoq+4M";

    #[test]
    fn a_public_key_is_named_as_sshd_names_it_whatever_stands_behind_it() {
        for file in [ED25519.to_owned(), format!("{ED25519} ada@host\n"), format!("{ED25519}\tada at\u{e9} host\r\n\n")]
        {
            assert_eq!(parse(file.as_bytes()), Ok(format!("publickey {ED25519}")), "{file}");
        }
        for key in [ECDSA, CERTIFICATE] {
            assert_eq!(parse(format!("{key} ada\n").as_bytes()), Ok(format!("publickey {key}")));
        }
    }

    #[test]
    fn what_is_no_public_key_of_one_line_is_told_what_it_is() {
        let name = "ssh-ed25519";
        let other = ED25519.replace(name, "ssh-rsa");
        let (name_alone, cut) = (BASE64.encode(b"\0\0\0\x0bssh-ed25519"), &ED25519[..ED25519.len() - 5]);
        let rfc4716 = "---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----\n";
        for (file, said) in [
            (String::new(), "this is no OpenSSH public key"),
            (String::from("hello"), "this is no OpenSSH public key"),
            (name.to_owned(), "this is no OpenSSH public key"),
            (format!("{name} {name_alone}"), "this is no OpenSSH public key"),
            (format!("{name} AAAA"), "this is no OpenSSH public key"),
            (other, "this is no OpenSSH public key"),
            (cut.to_owned(), "this is no OpenSSH public key"),
            (rfc4716.to_owned(), "this is no OpenSSH public key"),
            (format!("{ED25519} a\n{ED25519} b\n"), "this has more than one line"),
            (format!("from=\"192.0.2.7\" {ED25519} ada"), "this has options before the key"),
            (format!("restrict,command=\"/bin/echo hi\" {ED25519}"), "this has options before the key"),
            (String::from("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n"), "this is a private key"),
            (String::from("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n"), "this is a private key"),
            (String::from("PuTTY-User-Key-File-3: ssh-ed25519\n"), "this is a private key"),
            ("x".repeat(LONGEST + 1), "this is longer than 16 KiB"),
        ] {
            let why = parse(file.as_bytes()).unwrap_err();
            assert!(why.starts_with(said), "{file}: {why}");
        }
        assert!(parse(b"\xff\xfe").is_err());
    }
}
