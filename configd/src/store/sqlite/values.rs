//! How our types stand in columns. What is read back and is none of them is damage, never a default.

use super::failed::Failed;
use crate::store::{Authenticator, Bucket, PassKind, SourceText};
use pam_2fa_protocol::admin::{Method, Verify};
use rusqlite::Row;
use rusqlite::types::Value;

pub(super) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(super) fn text_if_any(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| Value::Text(text.to_owned()))
}

/// SQLite's integers are signed; what is beyond (292 million years of milliseconds) stays at the end.
pub(super) fn number(number: u64) -> Value {
    Value::Integer(signed(number))
}

pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn of_authenticator(authenticator: Authenticator) -> &'static str {
    match authenticator {
        Authenticator::Email => "email",
        Authenticator::Sms => "sms",
        Authenticator::App => "app",
        Authenticator::Recovery => "recovery",
    }
}

pub(super) fn to_authenticator(text: &str) -> Result<Authenticator, Failed> {
    match text {
        "email" => Ok(Authenticator::Email),
        "sms" => Ok(Authenticator::Sms),
        "app" => Ok(Authenticator::App),
        "recovery" => Ok(Authenticator::Recovery),
        other => Err(Failed::Damaged(format!("no authenticator is called {other:?}"))),
    }
}

/// The columns `bucket` and `source` of a count of tries.
pub(super) fn of_bucket(bucket: &Bucket) -> (&'static str, &str) {
    match bucket {
        Bucket::Stranger => ("stranger", ""),
        Bucket::Known(source) => ("known", &source.0),
        Bucket::Own => ("own", ""),
    }
}

pub(super) fn to_bucket(bucket: &str, source: String) -> Result<Bucket, Failed> {
    match bucket {
        "stranger" => Ok(Bucket::Stranger),
        "known" => Ok(Bucket::Known(SourceText(source))),
        "own" => Ok(Bucket::Own),
        other => Err(Failed::Damaged(format!("no bucket is called {other:?}"))),
    }
}

pub(super) fn of_verify(verify: Verify) -> &'static str {
    match verify {
        Verify::Never => "never",
        Verify::NewDevice => "new_device",
        Verify::Always => "always",
    }
}

pub(super) fn to_verify(text: &str) -> Result<Verify, Failed> {
    match text {
        "never" => Ok(Verify::Never),
        "new_device" => Ok(Verify::NewDevice),
        "always" => Ok(Verify::Always),
        other => Err(Failed::Damaged(format!("nobody is asked {other:?}"))),
    }
}

pub(super) fn of_method(method: Method) -> &'static str {
    match method {
        Method::Email => "email",
        Method::Sms => "sms",
        Method::App => "app",
    }
}

pub(super) fn to_method(text: &str) -> Result<Method, Failed> {
    match text {
        "email" => Ok(Method::Email),
        "sms" => Ok(Method::Sms),
        "app" => Ok(Method::App),
        other => Err(Failed::Damaged(format!("nobody prefers {other:?}"))),
    }
}

pub(super) fn to_pass_kind(text: &str) -> Result<PassKind, Failed> {
    match text {
        "invitation" => Ok(PassKind::Invitation),
        "grant" => Ok(PassKind::Grant),
        other => Err(Failed::Damaged(format!("no code of an administrator is called {other:?}"))),
    }
}

/// A column that [`number`] wrote.
pub(super) fn unsigned(row: &Row<'_>, column: usize) -> Result<u64, Failed> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| Failed::Damaged(format!("{number} where no number below 0 can be")))
}
