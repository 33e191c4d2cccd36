//! As much of an ssh client as it takes to begin keyboard-interactive rounds and walk away from them in one connection (RFC 4253,
//! 4252, 4256): curve25519-sha256 and aes128-gcm@openssh.com. It checks no host key: it is the attacker.

#![expect(clippy::indexing_slicing, reason = "a reply of another shape than sshd's fails the test")]

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SERVICE_REQUEST: u8 = 5;
const SERVICE_ACCEPT: u8 = 6;
const KEXINIT: u8 = 20;
const NEWKEYS: u8 = 21;
const ECDH_INIT: u8 = 30;
const ECDH_REPLY: u8 = 31;
const USERAUTH_REQUEST: u8 = 50;
const INFO_REQUEST: u8 = 60;
const INFO_RESPONSE: u8 = 61;
/// IGNORE, DEBUG, EXT_INFO, BANNER.
const CHATTER: [u8; 4] = [2, 4, 7, 53];
const VERSION: &str = "SSH-2.0-abandons";

/// One direction's cipher (RFC 5647: four bytes that stay, eight that count).
struct Lane {
    key: LessSafeKey,
    iv: [u8; 12],
}

impl Lane {
    fn new(key: &[u8], iv: &[u8]) -> Result<Self> {
        let key = UnboundKey::new(&AES_128_GCM, &key[..16]).map_err(|_| "a key")?;
        Ok(Self { key: LessSafeKey::new(key), iv: iv[..12].try_into()? })
    }

    fn nonce(&mut self) -> Result<Nonce> {
        let nonce = Nonce::assume_unique_for_key(self.iv);
        let counter = u64::from_be_bytes(self.iv[4..].try_into()?).wrapping_add(1);
        self.iv[4..].copy_from_slice(&counter.to_be_bytes());
        Ok(nonce)
    }
}

/// A connection whose keys are agreed.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    out: Option<Lane>,
    inward: Option<Lane>,
}

fn string(bytes: &[u8]) -> Vec<u8> {
    let mut framed = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    framed.extend(bytes);
    framed
}

/// A positive number, as RFC 4251 section 5 writes it.
fn mpint(bytes: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    let sign = if digits.first().is_some_and(|byte| byte & 0x80 != 0) { vec![0] } else { Vec::new() };
    string(&[sign, digits].concat())
}

/// Takes a string off the front.
fn take<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8]> {
    let (length, rest) = bytes.split_at_checked(4).ok_or("a short packet")?;
    let length = usize::try_from(u32::from_be_bytes(length.try_into()?))?;
    let (text, rest) = rest.split_at_checked(length).ok_or("a short packet")?;
    *bytes = rest;
    Ok(text)
}

impl Client {
    /// Connects and agrees on keys, ready for authentication.
    pub(crate) fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let mut client = Self { stream: BufReader::new(stream), out: None, inward: None };
        client.stream.get_mut().write_all(format!("{VERSION}\r\n").as_bytes())?;
        let mut server_version = String::new();
        client.stream.read_line(&mut server_version)?;

        let ours = Self::kexinit();
        client.send(&ours)?;
        let theirs = client.receive(KEXINIT)?;
        let private = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new())?;
        let public = private.compute_public_key()?;
        client.send(&[&[ECDH_INIT][..], &string(public.as_ref())].concat())?;
        let reply = client.receive(ECDH_REPLY)?;
        let mut rest = &reply[1..];
        let (host_key, their_public) = (take(&mut rest)?, take(&mut rest)?);
        let peer = UnparsedPublicKey::new(&X25519, their_public);
        let secret = agree_ephemeral(private, peer, "no shared secret", |secret| Ok(mpint(secret)))?;

        let parts = [
            VERSION.as_bytes(),
            server_version.trim_end().as_bytes(),
            &ours,
            &theirs,
            host_key,
            public.as_ref(),
            their_public,
        ];
        let hash = digest(&SHA256, &[parts.map(string).concat(), secret.clone()].concat());
        let derive = |letter: u8| digest(&SHA256, &[&secret, hash.as_ref(), &[letter], hash.as_ref()].concat());
        client.send(&[NEWKEYS])?;
        client.receive(NEWKEYS)?;
        client.out = Some(Lane::new(derive(b'C').as_ref(), derive(b'A').as_ref())?);
        client.inward = Some(Lane::new(derive(b'D').as_ref(), derive(b'B').as_ref())?);

        client.send(&[&[SERVICE_REQUEST][..], &string(b"ssh-userauth")].concat())?;
        client.receive(SERVICE_ACCEPT)?;
        Ok(client)
    }

    fn kexinit() -> Vec<u8> {
        let mut packet = vec![KEXINIT];
        packet.extend([0; 16]);
        let cipher = "aes128-gcm@openssh.com";
        let lists = [
            "curve25519-sha256",
            "ssh-ed25519",
            cipher,
            cipher,
            "hmac-sha2-256",
            "hmac-sha2-256",
            "none",
            "none",
            "",
            "",
        ];
        packet.extend(lists.iter().flat_map(|list| string(list.as_bytes())));
        packet.extend([0; 5]);
        packet
    }

    /// Begins a keyboard-interactive round, whether or not one stands; the first prompt.
    pub(crate) fn begin_round(&mut self, user: &str) -> Result<String> {
        let fields = [user, "ssh-connection", "keyboard-interactive", "", ""];
        let body: Vec<u8> = fields.iter().flat_map(|field| string(field.as_bytes())).collect();
        self.send(&[&[USERAUTH_REQUEST][..], &body].concat())?;
        self.prompt()
    }

    /// Answers the prompt that stands; the next one.
    pub(crate) fn answer(&mut self, text: &str) -> Result<String> {
        self.send(&[&[INFO_RESPONSE, 0, 0, 0, 1][..], &string(text.as_bytes())].concat())?;
        self.prompt()
    }

    fn prompt(&mut self) -> Result<String> {
        let packet = self.receive(INFO_REQUEST)?;
        let mut rest = &packet[1..];
        for _ in ["name", "instruction", "language"] {
            take(&mut rest)?;
        }
        rest = rest.get(4..).ok_or("a short packet")?;
        Ok(String::from_utf8_lossy(take(&mut rest)?).into_owned())
    }

    fn send(&mut self, payload: &[u8]) -> Result<()> {
        // Without a cipher the length field counts for the padding, with GCM it does not (RFC 5647, section 7.3).
        let (block, counted) = if self.out.is_some() { (16, 1) } else { (8, 5) };
        let used = payload.len().saturating_add(counted);
        let padding = used.saturating_add(4).next_multiple_of(block).saturating_sub(used);
        let mut body = vec![u8::try_from(padding)?];
        body.extend(payload);
        body.resize(body.len().saturating_add(padding), 0);
        let length = u32::try_from(body.len())?.to_be_bytes();
        if let Some(lane) = &mut self.out {
            let nonce = lane.nonce()?;
            lane.key.seal_in_place_append_tag(nonce, Aad::from(length), &mut body).map_err(|_| "cannot seal")?;
        }
        Ok(self.stream.get_mut().write_all(&[&length[..], &body].concat())?)
    }

    /// The next packet that is no chatter, which must be of this kind.
    fn receive(&mut self, wanted: u8) -> Result<Vec<u8>> {
        loop {
            let mut length = [0; 4];
            self.stream.read_exact(&mut length)?;
            let tag = if self.inward.is_some() { 16 } else { 0 };
            let mut body = vec![0; usize::try_from(u32::from_be_bytes(length))?.saturating_add(tag)];
            self.stream.read_exact(&mut body)?;
            if let Some(lane) = &mut self.inward {
                let nonce = lane.nonce()?;
                let plain =
                    lane.key.open_in_place(nonce, Aad::from(length), &mut body).map_err(|_| "cannot open")?.len();
                body.truncate(plain);
            }
            let padding = usize::from(*body.first().ok_or("an empty packet")?);
            let payload = body.get(1..body.len().saturating_sub(padding)).ok_or("a short packet")?;
            match payload.first() {
                Some(kind) if CHATTER.contains(kind) => {}
                Some(kind) if *kind == wanted => return Ok(payload.to_vec()),
                kind => return Err(format!("message {kind:?} instead of {wanted}").into()),
            }
        }
    }
}
