//! An administrator looks at a secret of the settings. Whoever can ask may read key and settings anyway; that it was looked at, by whom
//! and when, stands in the log before the answer is given.

use super::Answer;
use crate::house::House;
use crate::store::Change;
use pam_2fa_protocol::admin::{OpenSecret, OpenSecretReply};
use pam_2fa_settings::text::printable;

pub(super) async fn open(house: &House, asked: &OpenSecret) -> Result<OpenSecretReply, Answer> {
    let OpenSecret { key, sealed, by } = asked;
    if !pam_2fa_settings::may_be_secret(key) {
        let key = printable(key);
        return Err(Answer::refused(format!("{key}: not a setting that may be secret; see config.toml")));
    }
    let open = |sealed: &String| house.keys.open_text(key, sealed);
    let value = sealed.as_ref().map(open).transpose().map_err(Answer::refused)?;
    let by = printable(by);
    house.store.note_change(Change::of_the_host(house.now().wall_s, "secret-shown", format!("{key}, to {by}"))).await?;
    tracing::warn!(key, %by, "a secret was shown to an administrator");
    Ok(OpenSecretReply { value })
}

#[cfg(test)]
mod tests;
