//! What pam_faillock makes of a login once a code is asked for, in a line for the administrator. It changes no order: the plan keeps it.

use super::stack::line;
use super::stack::{Dialect, Host, Stack, What, is_ours};

/// Files in files.
const DEEPEST: usize = 16;

/// What there is to say; none where the service has no pam_faillock in its auth lines.
pub(super) fn said(host: &Host, service: &str) -> Option<String> {
    let stack = Stack::read(host, service).ok()?;
    let at = |wanted: &dyn Fn(&[String]) -> bool, name: &str| {
        stack.lines.iter().position(|line| match &line.what {
            What::Module { path, options } => is_named(path, name) && wanted(options),
            What::Substack(_) | What::Fails(_) => false,
        })
    };
    let faillock = |mode: &str| at(&|options| options.iter().any(|option| option == mode), "pam_faillock");
    let modes = ["preauth", "authfail", "authsucc"].map(faillock);
    if modes.iter().all(Option::is_none) {
        return None;
    }
    let is_full = |options: &[String]| !options.iter().any(|option| option == "decoy" || option == "key-proven");
    let ours = stack.lines.iter().position(is_ours).and(at(&is_full, "pam_2fa"))?;
    let side = |at: usize| if at < ours { "before" } else { "behind" };
    let [preauth, authfail, authsucc] = modes;
    let orders = [("preauth", preauth), ("authfail", authfail), ("authsucc", authsucc)];
    let orders: Vec<String> =
        orders.iter().filter_map(|(mode, at)| at.map(|at| format!("{mode} {} ours", side(at)))).collect();
    let cleared = match authsucc {
        Some(at) if at < ours => "a right password clears the count, whatever code follows",
        Some(_) => "only a right code clears the count",
        None if has_account(host, service, 0) => "only a right code clears the count (in its account lines)",
        None => "nothing clears the count but time",
    };
    Some(format!(
        "pam_faillock: {}; wrong codes do not count in it (configd counts them); {cleared}",
        orders.join(", ")
    ))
}

/// Whether account lines call it.
fn has_account(host: &Host, file: &str, depth: usize) -> bool {
    let text = if depth == 0 { host.text_of_service(file) } else { host.text_of(file) };
    let Ok(Some(text)) = text else { return false };
    let (lines, _) = line::lines(&text);
    lines.iter().any(|whole| {
        let words: Vec<String> = whole.words();
        let word = |at: usize| words.get(at).map(|word| word.trim_start_matches('-').to_ascii_lowercase());
        let inner = |name: Option<&String>| {
            depth < DEEPEST && name.is_some_and(|name| has_account(host, name, depth.saturating_add(1)))
        };
        match (word(0).as_deref(), word(1).as_deref()) {
            (Some("@include"), _) if host.dialect() == Dialect::Debian => inner(words.get(1)),
            (Some("account"), Some("include" | "substack")) => inner(words.get(2)),
            (Some("account"), Some(_)) => words.get(2).is_some_and(|path| is_named(path, "pam_faillock")),
            _ => false,
        }
    })
}

fn is_named(path: &str, name: &str) -> bool {
    path.rsplit('/').next().is_some_and(|file| file.trim_end_matches(".so") == name)
}
