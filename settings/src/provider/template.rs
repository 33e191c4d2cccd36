//! What stands in braces: `{to}`, `App {acct.api_key}`, `{ttl|int}`, `{sender?}`, `{enc:TEXT|UNICODE}`. A template is parsed
//! once into its parts; whoever fills it puts values between them and parses nothing again.

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `{to}`: the number, E.164.
    To,
    /// `{to.digits}`: without its plus sign.
    ToDigits,
    /// `{to.national}`: without its plus sign and its country code.
    ToNational,
    /// `{sender}`.
    Sender,
    /// `{sender.digits}`: without a plus sign.
    SenderDigits,
    /// `{text}`: the message.
    Text,
    /// `{code}`: the code alone.
    Code,
    /// `{ttl}`: seconds that the code lives yet.
    Ttl,
    /// `{ttl_ms}`.
    TtlMs,
    /// `{ttl_min}`: minutes, rounded up.
    TtlMin,
    /// `{expiry.rfc3339}`: when the code is worth nothing any more.
    Expiry,
    /// `{expiry.unix}`: the same in seconds since 1970.
    ExpiryUnix,
    /// `{begun.rfc1123}`: a time before the first try, the same for every try of one message.
    Begun,
    /// `{uuid}`: the same for every try of one message.
    Uuid,
    /// `{u31}`: a number of 31 bits, the same for every try of one message.
    U31,
    /// `{acct.KEY}`: a field of the account.
    Account(String),
    /// `{enc:A|B}`: A where the text is of GSM 7-bit characters (3GPP TS 23.038), else B.
    Encoding(String, String),
    /// `{snd:A|B}`: A where the sender is a name, B where it is a number; `{snd?:A|B}`: nothing where there is none.
    SenderKind(String, String),
}

/// What an empty value does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// It stays, as nothing.
    Stays,
    /// `{x?}`: the key is left out.
    Drops,
}

/// What the value is in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cast {
    /// A text.
    Text,
    /// `{x|int}`: a whole number.
    Integer,
    /// `{x|bool}`: `true` or `false`.
    Switch,
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// As it stands.
    Literal(String),
    /// A value.
    Value(Source),
}

/// A template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
    empty: Empty,
    cast: Cast,
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (mut parts, mut empty, mut cast) = (Vec::new(), Empty::Stays, Cast::Text);
        let mut rest = text;
        while !rest.is_empty() {
            let Some(at) = rest.find(['{', '}']) else {
                parts.push(Part::Literal(rest.to_owned()));
                break;
            };
            let (before, from) = rest.split_at(at);
            if !before.is_empty() {
                parts.push(Part::Literal(before.to_owned()));
            }
            let (inside, after) = from.strip_prefix('{').and_then(|from| from.split_once('}')).ok_or(
                "a brace without its other one; a value is written {NAME}, and braces themselves cannot be sent",
            )?;
            let whole = at == 0 && after.is_empty() && parts.is_empty();
            let (source, found_empty, found_cast) = placeholder(inside)?;
            if (found_empty, found_cast) != (Empty::Stays, Cast::Text) && !whole {
                return Err(format!("{{{inside}}}: ? and | are for a value that stands alone in its text"));
            }
            (empty, cast) = (found_empty, found_cast);
            parts.push(Part::Value(source));
            rest = after;
        }
        Ok(Self { parts, empty, cast })
    }

    /// Its parts, in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// What it does when it comes out empty.
    #[must_use]
    pub fn empty(&self) -> Empty {
        self.empty
    }

    /// What it is in JSON.
    #[must_use]
    pub fn cast(&self) -> Cast {
        self.cast
    }

    /// The values in it.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.parts.iter().filter_map(|part| match part {
            Part::Value(source) => Some(source),
            Part::Literal(_) => None,
        })
    }

    /// What stands in it as it is.
    pub fn literals(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(text) => Some(text.as_str()),
            Part::Value(_) => None,
        })
    }
}

fn placeholder(inside: &str) -> Result<(Source, Empty, Cast), String> {
    if let Some((kind, choice)) = inside.split_once(':') {
        let (first, second) = choice
            .split_once('|')
            .ok_or_else(|| format!("{{{inside}}}: write {{{kind}:A|B}}, one of which is sent"))?;
        let both = (first.to_owned(), second.to_owned());
        let (kind, empty) = kind.strip_suffix('?').map_or((kind, Empty::Stays), |kind| (kind, Empty::Drops));
        let source = match kind {
            "enc" if empty == Empty::Stays => Source::Encoding(both.0, both.1),
            "snd" => Source::SenderKind(both.0, both.1),
            _ => return Err(unknown(inside)),
        };
        return Ok((source, empty, Cast::Text));
    }
    let (name, cast) = match inside.split_once('|') {
        None => (inside, Cast::Text),
        Some((name, "int")) => (name, Cast::Integer),
        Some((name, "bool")) => (name, Cast::Switch),
        Some(_) => return Err(format!("{{{inside}}}: after | comes int or bool")),
    };
    let (name, empty) = name.strip_suffix('?').map_or((name, Empty::Stays), |name| (name, Empty::Drops));
    let source = match name {
        "to" => Source::To,
        "to.digits" => Source::ToDigits,
        "to.national" => Source::ToNational,
        "sender" => Source::Sender,
        "sender.digits" => Source::SenderDigits,
        "text" => Source::Text,
        "code" => Source::Code,
        "ttl" => Source::Ttl,
        "ttl_ms" => Source::TtlMs,
        "ttl_min" => Source::TtlMin,
        "expiry.rfc3339" => Source::Expiry,
        "expiry.unix" => Source::ExpiryUnix,
        "begun.rfc1123" => Source::Begun,
        "uuid" => Source::Uuid,
        "u31" => Source::U31,
        other => match other.strip_prefix("acct.") {
            Some(key) if !key.is_empty() => Source::Account(key.to_owned()),
            _ => return Err(unknown(inside)),
        },
    };
    Ok((source, empty, cast))
}

fn unknown(inside: &str) -> String {
    let known = "to, to.digits, to.national, sender, sender.digits, text, code, ttl, ttl_ms, ttl_min, expiry.rfc3339, \
                 expiry.unix, begun.rfc1123, uuid, u31, acct.KEY, enc:A|B, snd:A|B";
    format!("{{{inside}}}: there is no such value; there are {known}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_literals_and_values() {
        let template = Template::parse("https://{acct.host}/v1?x={to.digits}").unwrap();
        let literal = |text: &str| Part::Literal(text.to_owned());
        assert_eq!(
            template.parts(),
            [
                literal("https://"),
                Part::Value(Source::Account("host".into())),
                literal("/v1?x="),
                Part::Value(Source::ToDigits)
            ]
        );
        let alone = Template::parse("{ttl?|int}").unwrap();
        assert_eq!((alone.empty(), alone.cast()), (Empty::Drops, Cast::Integer));
        let both = Template::parse("{enc:GSM|Unicode}").unwrap();
        assert_eq!(both.parts(), [Part::Value(Source::Encoding("GSM".into(), "Unicode".into()))]);
        assert!(Template::parse("").unwrap().parts().is_empty());
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for text in [
            "{",
            "}",
            "{to",
            "to}",
            "{}",
            "{To}",
            "{ to }",
            "{acct.}",
            "{acct}",
            "{to|text}",
            "{to|int|int}",
            "{x:A|B}",
            "{enc?:A|B}",
            "{snd?:A|B}c",
            "{enc:A}",
            "a{to?}",
            "{to?}b",
            "{ttl|int}s",
            "{to?}{to?}",
            "{{to}}",
        ] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }
}
