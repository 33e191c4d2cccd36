//! What a reply means, by the provider's file and by HTTP, in an order in which a yes comes last: refusals that name a status,
//! what HTTP itself says (401, 429, 5xx), other refusals, the proof, other statuses. A 2xx without the proof is no yes.

use super::exchange::Answer;
use super::failure::Failure;
use pam_2fa_protocol::courier::{Class, Reason};
use pam_2fa_settings::provider::{Every, Path, Predicate, Reply, Step, Test, Verdict};
use serde_json::Value;

/// The longest id of a provider that is passed on, in characters.
const MAX_ID: usize = 64;

/// The provider's own id of a message that was, provably, taken.
///
/// # Errors
/// [`Failure`] for every other reply.
pub fn judge(reply: &Reply, answer: Answer) -> Result<(Option<String>, Answer), Failure> {
    let seen = Seen { json: serde_json::from_str(&answer.body).ok(), answer: &answer };
    let refusal = |names_status: bool| {
        let rules = reply.rules.iter().filter(|rule| rule.when.http.is_empty() != names_status);
        rules.into_iter().find(|rule| seen.holds(&rule.when)).map(|rule| rule.verdict)
    };
    let verdict = refusal(true).or_else(|| by_http(answer.status)).or_else(|| refusal(false));
    if let Some(verdict) = verdict {
        return Err(Failure::Refused { verdict, answer });
    }
    let is_proven = reply.accept_http.contains(&answer.status)
        && !reply.accept.is_empty()
        && reply.accept.iter().all(|predicate| seen.holds(predicate));
    if is_proven {
        let id = seen.id(reply);
        return Ok((id, answer));
    }
    match otherwise(answer.status) {
        Some(verdict) => Err(Failure::Refused { verdict, answer }),
        None => Err(Failure::NotProven { answer }),
    }
}

const fn verdict(class: Class, reason: Option<Reason>) -> Option<Verdict> {
    Some(Verdict { class, reason })
}

/// What no rule without a status overrides: a 401 with a body that looks like a bad number is still our credentials.
fn by_http(status: u16) -> Option<Verdict> {
    match status {
        401 => verdict(Class::AuthError, Some(Reason::Credentials)),
        429 => verdict(Class::RateLimited, None),
        // It broke while it was at it, or who it was passed on to did: the message may have left before. Where a provider's 5xx
        // certainly means "not taken", its file says so in a rule that names the status.
        500..=599 => verdict(Class::Temporary, Some(Reason::Unrecognised)),
        _ => None,
    }
}

/// What a status means of which the file says nothing. A redirect is not followed, and may be what is said after a message was
/// taken; so it proves nothing either way.
fn otherwise(status: u16) -> Option<Verdict> {
    match status {
        402 => verdict(Class::AuthError, Some(Reason::Funds)),
        403 => verdict(Class::AuthError, Some(Reason::Credentials)),
        404 | 405 | 407 | 410 => verdict(Class::AuthError, Some(Reason::Config)),
        // Some proxies say so of who is behind them.
        408 => verdict(Class::Temporary, Some(Reason::Unrecognised)),
        425 => verdict(Class::Temporary, None),
        400..=499 => verdict(Class::Rejected, Some(Reason::Request)),
        _ => None,
    }
}

struct Seen<'a> {
    json: Option<Value>,
    answer: &'a Answer,
}

impl Seen<'_> {
    fn holds(&self, predicate: &Predicate) -> bool {
        let Predicate { http, json, text } = predicate;
        (http.is_empty() || http.contains(&self.answer.status))
            && text.as_ref().is_none_or(|pattern| pattern.is_match(&self.answer.body))
            && json.as_ref().is_none_or(|(path, test, every)| self.passes(path, test, *every))
    }

    fn passes(&self, path: &Path, test: &Test, every: Every) -> bool {
        // What is no JSON has nothing in it; that nothing is there is no news then.
        let Some(json) = &self.json else { return false };
        let values = find(json, path);
        if let Test::Exists(false) = test {
            return values.iter().all(Option::is_none);
        }
        let good = |value: &Option<&Value>| value.is_some_and(|value| is_so(value, test));
        match every {
            Every::All => !values.is_empty() && values.iter().all(good),
            Every::Any => values.iter().any(good),
        }
    }

    fn id(&self, reply: &Reply) -> Option<String> {
        let in_json = || {
            let found = find(self.json.as_ref()?, reply.id.as_ref()?);
            found.into_iter().flatten().find_map(scalar)
        };
        let in_text = || reply.id_text.as_ref()?.first_group(&self.answer.body).map(str::to_owned);
        let id: String = in_json().or_else(in_text)?.chars().take(MAX_ID).collect();
        (!id.trim().is_empty()).then_some(id)
    }
}

/// What a path finds: a value or nothing for each branch. No more than the reply has values, whatever the path.
fn find<'a>(json: &'a Value, path: &Path) -> Vec<Option<&'a Value>> {
    let mut found = vec![Some(json)];
    for step in path.steps() {
        let down = |value: Option<&'a Value>| match (step, value) {
            (Step::Member(name), Some(value)) => vec![value.get(name)],
            (Step::Element(index), Some(value)) => vec![value.get(index)],
            (Step::Each, Some(Value::Array(elements))) => elements.iter().map(Some).collect(),
            (Step::Each, _) | (_, None) => vec![None],
        };
        found = found.into_iter().flat_map(down).collect();
    }
    found.into_iter().map(|value| value.filter(|value| !value.is_null())).collect()
}

fn is_so(value: &Value, test: &Test) -> bool {
    match (test, scalar(value)) {
        (Test::Exists(exists), _) => *exists,
        (Test::Is(words), Some(text)) => words.contains(&text),
        (Test::Not(words), Some(text)) => !words.contains(&text),
        (Test::Match(pattern), Some(text)) => pattern.is_match(&text),
        (Test::Is(_) | Test::Not(_) | Test::Match(_), None) => false,
    }
}

/// A text, a number, or a truth value, as text.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(switch) => Some(switch.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests;
