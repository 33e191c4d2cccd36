//! Addresses that an administrator has verified by a code (`pam-2fa user verify`). In memory: a restart, and one begins anew.

use crate::clock::Moment;
use crate::login::challenge::CodeMac;
use crate::random::{self, NoRandomness, Random};
use crate::rules::Codes;
use crate::store::{Authenticator, ChallengeId, UserKey};
use data_encoding::HEXLOWER;
use pam_2fa_protocol::Secret;
use std::collections::HashMap;
use subtle::ConstantTimeEq;

#[derive(Debug)]
struct Pending {
    id: ChallengeId,
    mac: [u8; 32],
    of: Authenticator,
    address: String,
    tries: u32,
    made: Moment,
}

/// Why a code was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotVerified {
    /// Nothing is open for this user.
    #[error("no code is open for this address; send one with pam-2fa user verify")]
    None,
    /// It has run out.
    #[error("the code has expired; send another with pam-2fa user verify")]
    Expired,
    /// It is another.
    #[error("wrong code, {0} tries left")]
    Wrong(u32),
    /// It was another too often.
    #[error("too many wrong codes; send another with pam-2fa user verify")]
    Spent,
}

/// What is sent.
#[derive(Debug)]
pub struct Fresh {
    /// Its id.
    pub id: ChallengeId,
    /// The code.
    pub code: Secret,
    /// The tag in the message.
    pub tag: String,
}

/// All that are open, one a user.
#[derive(Debug, Default)]
pub struct Verifications {
    open: HashMap<UserKey, Pending>,
}

impl Verifications {
    /// A fresh code for `address`; an earlier one of the user ends.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn begin(
        &mut self,
        user: &UserKey,
        (of, address): (Authenticator, &str),
        codes: &Codes,
        now: &Moment,
        random: &dyn Random,
        keys: &dyn CodeMac,
    ) -> Result<Fresh, NoRandomness> {
        self.open.retain(|_, pending| left_ms(pending, codes, now) > 0);
        let id = ChallengeId(HEXLOWER.encode(&random::bytes::<16>(random)?));
        let code = random::code(random, codes.digits)?;
        let tag = random::tag(random)?;
        let mac = keys.code_mac(&id, code.expose());
        let pending = Pending { id: id.clone(), mac, of, address: String::from(address), tries: 0, made: now.clone() };
        self.open.insert(user.clone(), pending);
        Ok(Fresh { id, code, tag })
    }

    /// What is open for a user ends: the address is another one, or the user is shut out.
    pub fn end(&mut self, user: &UserKey) {
        self.open.remove(user);
    }

    /// The address of that kind that `code` proves; it is used then.
    ///
    /// # Errors
    /// [`NotVerified`].
    pub fn finish(
        &mut self,
        user: &UserKey,
        of: Authenticator,
        code: &Secret,
        codes: &Codes,
        now: &Moment,
        keys: &dyn CodeMac,
    ) -> Result<String, NotVerified> {
        let pending = self.open.get_mut(user).filter(|pending| pending.of == of).ok_or(NotVerified::None)?;
        if left_ms(pending, codes, now) == 0 {
            self.open.remove(user);
            return Err(NotVerified::Expired);
        }
        pending.tries = pending.tries.saturating_add(1);
        let digits: Secret = Secret::new(code.expose().chars().filter(char::is_ascii_digit).collect());
        if bool::from(keys.code_mac(&pending.id, digits.expose()).ct_eq(&pending.mac)) {
            let address = std::mem::take(&mut pending.address);
            self.open.remove(user);
            return Ok(address);
        }
        match codes.attempts.saturating_sub(pending.tries) {
            0 => {
                self.open.remove(user);
                Err(NotVerified::Spent)
            }
            left => Err(NotVerified::Wrong(left)),
        }
    }
}

fn left_ms(pending: &Pending, codes: &Codes, now: &Moment) -> u64 {
    if pending.made.boot != now.boot {
        return 0;
    }
    codes.lifetime_ms.saturating_sub(now.boot_ms.saturating_sub(pending.made.boot_ms))
}
