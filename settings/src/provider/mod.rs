//! The format of provider files, `providers/ID.toml`: how one text message is handed to a provider over HTTP, and what its
//! replies mean. Text in, a typed [`Provider`] or a list of findings out; the courier fills it and sends.
//!
//! A file is data and never code: what a value holds can only ever be a value, since templates are filled on the parsed tree.
//! Whatever a file says, it cannot call a message accepted without a word of the reply that proves it.
//!
//! Read [`model`] first. [`template`] is what stands in braces, [`tree`] reads TOML with its places, [`read`], [`auth`],
//! [`way`] and [`reply`] make the model of it, [`lint`] says what fits together and what is too dangerous to be meant, [`secrets`] what is
//! kept from others.

mod auth;
mod lint;
#[cfg(test)]
mod man_test;
pub mod model;
pub mod path;
pub mod pattern;
mod read;
mod reply;
mod secrets;
pub mod template;
mod tree;
mod way;

pub use model::{
    Alphabet, Auth, Body, Cleartext, Every, Exec, Field, Http, Local, Method, Node, Predicate, Provider, Reply,
    Request, Rule, SENDER, Signer, Smpp, StatusRule, Test, Verdict, Way,
};
pub use path::{Path, Step};
pub use pattern::Pattern;
pub use template::{Cast, Empty, Part, Source, Template};

use crate::finding::{Finding, Raw, placed};

/// The longest provider file in bytes; the shipped ones have about two thousand.
pub const MAX_FILE: usize = 64 * 1024;

/// Parses and checks the text of `ID.toml`.
///
/// # Errors
/// Every error there is, in the order of the text. (A text that is not TOML at all is one finding.)
pub fn parse(id: &str, text: &str) -> Result<Provider, Vec<Finding>> {
    if text.len() > MAX_FILE {
        let what = format!("the text is longer than {} KiB; provider files have a few", MAX_FILE / 1024);
        return Err(placed(text, vec![Raw::new(0, "", what)]));
    }
    let document = crate::walk::parse(text).map_err(|raw| placed(text, vec![raw]))?;
    let mut findings = Vec::new();
    let provider = read::provider(id, document.as_table(), &mut findings);
    match provider {
        Some(provider) if findings.is_empty() => Ok(provider),
        _ => Err(placed(text, findings)),
    }
}
