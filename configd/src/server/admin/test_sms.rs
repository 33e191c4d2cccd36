//! A text message for an administrator to see arrive. It is what a login sends, with a code that opens nothing, so that a provider which
//! takes the code alone is tried too; it counts as any other, and goes where any other may go.

use super::Answer;
use super::system::{number_to_text, text};
use super::tried::{has_ended, say_elsewhere, to_send_by};
use crate::delivery::TextHead;
use crate::house::House;
use crate::random;
use crate::rules::Rules;
use crate::texts::sms::{Says, Short, sms};
use crate::trial::Way;
use crate::wire_io::Connection;
use data_encoding::HEXLOWER;
use pam_2fa_protocol::admin::TestSms;
use pam_2fa_protocol::courier::Outcome;
use pam_2fa_protocol::frame::Frame;

pub(super) async fn test_sms(
    house: &House,
    asked: &TestSms,
    more: bool,
    connection: &mut Connection,
) -> Result<Frame, Answer> {
    let rules = to_send_by(house, asked.settings.as_ref())?;
    let to = number_to_text(&rules, &asked.to)?;
    let by = asked.by.as_deref().map(|name| named(&rules, name)).transpose()?;
    let random = house.random.as_ref();
    let code = random::code(random, rules.codes.digits).map_err(Answer::refused)?;
    let id = HEXLOWER.encode(&random::bytes::<16>(random).map_err(Answer::refused)?);
    let life_ms = rules.codes.lifetime_ms;
    let short = Short {
        code: &code,
        tag: "TEST",
        application: &rules.application,
        host: &house.post.host,
        left_ms: life_ms,
        says: Says::Login { attempt: 1 },
    };
    let words = sms(short, rules.letters(None));
    let head = TextHead { id: &id, attempt: 1, to: &to, text: &words, code: &code, tag: "TEST", life_ms };
    say_elsewhere(house, Way::Sms, &rules, asked.asked_by.as_deref()).await?;
    let carried = text(house, head, (by, &rules), more, connection).await?;
    let Outcome { class, said, .. } = &carried.outcome;
    tracing::info!(to = to.masked(), ?class, said, by = carried.by, "a test message");
    // Whoever names one has asked for no other.
    has_ended(house, (Way::Sms, &rules), carried, more && by.is_none(), connection).await
}

/// The provider of that name, in full: `sms`, or `sms.backup.NAME` for NAME.
fn named<'a>(rules: &'a Rules, name: &str) -> Result<&'a str, Answer> {
    let names = || rules.sms.iter().map(|way| way.name.as_str());
    let backup = format!("sms.backup.{name}");
    names().find(|one| *one == name || *one == backup).ok_or_else(|| {
        let known: Vec<&str> = names().map(|name| name.strip_prefix("sms.backup.").unwrap_or(name)).collect();
        Answer::refused(format!("{name}: there is no such provider in the settings; there are {}", known.join(", ")))
    })
}
