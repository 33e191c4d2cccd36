//! Which country a number is of, and which countries text messages may go to (`limits.sms_countries`). It goes by first digits
//! alone, and for what is dear by the plans of the countries: that somebody has the number it must never claim to know.

mod dear;
mod table;

use crate::phone::E164;
use dear::DEAR;
use regex_lite::Regex;
use std::collections::BTreeSet;
use std::fmt;
use table::{AREAS, CODES, CROWN, NOWHERE, SHARED};

/// A country (ISO 3166-1 alpha-2, as `DE`; `XK` for Kosovo), or what is none, by its first digits (`+881`: satellites; `+1900`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);

impl Region {
    /// What `limits.sms_countries` may name: a country that has numbers, or `+` and digits of what is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let country = SHARED.iter().find(|(name, _)| *name == text).map_or(text, |(_, with)| with);
        if is_country(country) {
            return Some(Self(String::from(country)));
        }
        // A number of it, made up, says whether it is none.
        let digits = text.strip_prefix('+').filter(|digits| (3..=4).contains(&digits.len()))?;
        let number = E164::parse(&format!("+{digits}0000000")).ok()?;
        Some(number.region()).filter(|region| region.as_str() == text)
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a country.
    #[must_use]
    pub fn is_country(&self) -> bool {
        !self.0.starts_with('+')
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_country(text: &str) -> bool {
    let by_areas = AREAS.iter().chain(CROWN).any(|(country, _)| *country == text);
    by_areas
        || ["US", "RU", "KZ", "GB", "CW", "BQ"].contains(&text)
        || CODES.iter().any(|(_, country)| *country == text)
}

/// Of whom `digits` is in a table, else `other`.
fn among(table: &'static [(&str, &[&str])], digits: &str, other: &'static str) -> &'static str {
    table.iter().find(|(_, beginnings)| beginnings.contains(&digits)).map_or(other, |(country, _)| country)
}

impl E164 {
    /// What it is of.
    #[must_use]
    pub fn region(&self) -> Region {
        let code = self.country_code();
        // `+`, the code, and what decides behind it.
        let decides = self.decides_region();
        let behind = decides.get(code.len().saturating_add(1)..).unwrap_or_default();
        let country = match code {
            // No area begins so: whoever drops the 1 as a prefix sends it to another country.
            "1" if behind.starts_with(['0', '1']) || NOWHERE.contains(&behind) => None,
            "1" => Some(among(AREAS, behind, "US")),
            "7" if behind.starts_with(['6', '7']) => Some("KZ"),
            "7" => Some("RU"),
            "44" => Some(among(CROWN, behind, "GB")),
            "599" if behind.starts_with(['6', '9']) => Some("CW"),
            "599" => Some("BQ"),
            _ => CODES.iter().find(|(of, _)| *of == code).map(|(_, country)| *country),
        };
        Region(String::from(country.unwrap_or(decides)))
    }

    /// Whether a message to it would cost a premium, or be paid by both sides, or reach no telephone: numbers that no user's telephone
    /// has. Also with the prefix in it that is dialled within its country, since providers drop that.
    #[must_use]
    pub fn is_dear(&self) -> bool {
        let code = self.country_code();
        let behind = self.as_str().get(code.len().saturating_add(1)..).unwrap_or_default();
        let Some((_, pattern)) = DEAR.iter().find(|(of, _)| *of == code) else { return false };
        // Each compiles, as the tests have seen. One that did not would make all of its numbers dear.
        Regex::new(&format!("^(?:{pattern})$")).map_or(true, |pattern| pattern.is_match(behind))
    }

    /// The beginning that decides its region: every number that begins so is of the same.
    #[must_use]
    pub fn decides_region(&self) -> &str {
        let code = self.country_code();
        let behind = match code {
            "1" => 3,
            "7" | "599" => 1,
            "44" => 4,
            _ => 0,
        };
        // 7 digits at least, and 6 of them here at most.
        self.as_str().get(..code.len().saturating_add(behind).saturating_add(1)).unwrap_or_default()
    }
}

/// `limits.sms_countries`: where text messages may go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Countries(BTreeSet<Region>);

impl Countries {
    /// Those that are named; none: the countries of the numbers that are on file.
    #[must_use]
    pub fn named(names: impl IntoIterator<Item = Region>) -> Self {
        Self(names.into_iter().collect())
    }

    /// What is named; empty: nothing is.
    #[must_use]
    pub fn names(&self) -> &BTreeSet<Region> {
        &self.0
    }

    /// Whether a number that is on file gets messages. Where nothing is named its country is by that one of those on file; what is
    /// no country's is dear, and only for who names it. What is dear within a country never does.
    #[must_use]
    pub fn reach(&self, number: &E164) -> bool {
        let region = number.region();
        if region.is_country() {
            return (self.0.is_empty() || self.0.contains(&region)) && !number.is_dear();
        }
        self.0.contains(&region)
    }

    /// Whether a number that somebody names for oneself gets messages, where numbers of `on_file` are there.
    #[must_use]
    pub fn may_enrol(&self, number: &E164, on_file: &BTreeSet<Region>) -> bool {
        self.reach(number) && (!self.0.is_empty() || on_file.contains(&number.region()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> E164 {
        E164::parse(text).unwrap()
    }

    fn region(text: &str) -> String {
        number(text).region().to_string()
    }

    #[test]
    fn a_number_is_of_the_country_that_its_first_digits_are() {
        for (text, country) in [
            ("+4915112345678", "DE"),
            ("+33612345678", "FR"),
            ("+35361234567", "IE"),
            ("+390669812345", "IT"),
            ("+15550100", "US"),
            ("+12125550100", "US"),
            ("+14165550100", "CA"),
            ("+18762101234", "JM"),
            ("+18092345678", "DO"),
            ("+79161234567", "RU"),
            ("+77012345678", "KZ"),
            ("+447911123456", "GB"),
            ("+447624123456", "IM"),
            ("+447781123456", "GG"),
            ("+447797123456", "JE"),
            ("+59991234567", "CW"),
            ("+5993181234", "BQ"),
            ("+262639123456", "RE"),
            ("+38344123456", "XK"),
        ] {
            assert_eq!(region(text), country, "{text}");
        }
    }

    /// By the examples of the same source, and one by one.
    #[test]
    fn a_number_that_no_users_telephone_has_is_dear_and_a_mobile_one_is_not() {
        assert!(dear::EXAMPLES.len() > 150 && dear::MOBILE.len() > 200);
        for text in dear::EXAMPLES.iter().filter(|text| E164::parse(text).is_ok()) {
            assert!(number(text).is_dear(), "{text}");
            assert!(!Countries::default().reach(&number(text)), "{text}");
        }
        for text in dear::MOBILE.iter().chain(&["+4915112345678", "+12125550100", "+15550100"]) {
            assert!(!number(text).is_dear(), "{text}");
        }
        for text in [
            "+449098790000",
            "+33899123456",
            "+499001234567",
            "+19005550100",
            "+447012345678",
            "+4409098790000",
            "+330899123456",
            "+4490987900001",
        ] {
            assert!(number(text).is_dear(), "{text}");
        }
        for text in ["+118762101234", "+119005550100", "+102125550100"] {
            assert!(!Countries::default().reach(&number(text)) && !number(text).region().is_country(), "{text}");
        }
        assert!(DEAR.iter().all(|(_, pattern)| Regex::new(pattern).is_ok()));
        let named = Countries::named([Region::parse("FR").unwrap(), Region::parse("+1900").unwrap()]);
        assert!(named.reach(&number("+33612345678")) && !named.reach(&number("+33899123456")));
        assert!(named.reach(&number("+19005550100")), "who names the range itself means it");
    }

    #[test]
    fn what_is_no_countrys_is_itself() {
        for (text, itself) in [
            ("+881612345678", "+881"),
            ("+882161234567", "+882"),
            ("+8835100012345", "+883"),
            ("+870773123456", "+870"),
            ("+97912345678", "+979"),
            ("+19005550100", "+1900"),
            ("+18005550100", "+1800"),
            ("+15005550100", "+1500"),
            ("+99912345678", "+999"),
            ("+21012345678", "+210"),
        ] {
            assert_eq!(region(text), itself, "{text}");
            assert!(!number(text).region().is_country(), "{text}");
            assert_eq!(Region::parse(itself), Some(number(text).region()), "{itself}");
        }
    }

    #[test]
    fn a_setting_names_countries_that_have_numbers_and_nothing_else() {
        for (text, country) in [
            ("DE", "DE"),
            ("US", "US"),
            ("CA", "CA"),
            ("KZ", "KZ"),
            ("IM", "IM"),
            ("BQ", "BQ"),
            ("YT", "RE"),
            ("VA", "IT"),
        ] {
            assert_eq!(Region::parse(text).map(|region| region.to_string()).as_deref(), Some(country), "{text}");
        }
        for text in ["", "de", "UK", "EU", "ZZ", "+49", "+1", "+1212", "+44", "49", "+8811", "+88", "+", "+x81", "DEU"]
        {
            assert_eq!(Region::parse(text), None, "{text:?}");
        }
    }

    /// The store looks for the next number behind all that begin so.
    #[test]
    fn all_numbers_that_begin_as_what_decides_are_of_one_region() {
        for text in [
            "+15550100",
            "+4915112345678",
            "+447624123456",
            "+79161234567",
            "+59991234567",
            "+881612345678",
            "+1900555",
        ] {
            let number = number(text);
            let decides = number.decides_region();
            assert!(text.starts_with(decides) && decides.len() < text.len());
            for tail in ["0000000", "9999999", "5555555"] {
                assert_eq!(region(&format!("{decides}{tail}")), number.region().to_string(), "{text}");
            }
        }
    }

    #[test]
    fn the_tables_name_no_beginning_twice() {
        let codes: BTreeSet<&str> = CODES.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes.len(), CODES.len());
        let areas: Vec<&str> =
            AREAS.iter().flat_map(|(_, areas)| areas.iter().copied()).chain(NOWHERE.iter().copied()).collect();
        assert_eq!(areas.iter().collect::<BTreeSet<_>>().len(), areas.len());
        for (code, country) in CODES {
            assert_eq!(number(&format!("+{code}00000000").replace("+0", "+")).region().as_str(), *country, "+{code}");
        }
    }

    #[test]
    fn where_none_is_named_numbers_go_where_numbers_are_and_never_to_what_is_no_countrys() {
        let none = Countries::default();
        let on_file = BTreeSet::from([number("+4915112345678").region(), number("+881612345678").region()]);
        assert!(none.reach(&number("+33612345678")), "on file already");
        assert!(!none.reach(&number("+881612345678")));
        assert!(none.may_enrol(&number("+4917000000"), &on_file));
        assert!(!none.may_enrol(&number("+33612345678"), &on_file));
        assert!(!none.may_enrol(&number("+881612345678"), &on_file));
        assert!(!none.may_enrol(&number("+4917000000"), &BTreeSet::new()));
        let named = Countries::named(["FR", "+881"].into_iter().filter_map(Region::parse));
        assert!(named.reach(&number("+33612345678")) && named.may_enrol(&number("+33612345678"), &BTreeSet::new()));
        assert!(named.reach(&number("+881612345678")));
        assert!(!named.reach(&number("+4917000000")) && !named.may_enrol(&number("+4917000000"), &on_file));
    }
}
