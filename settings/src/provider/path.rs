//! A place in a JSON reply: `messages[*].status.groupName`, `[0].id`.

/// A step down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The member of that name.
    Member(String),
    /// The element of that number.
    Element(usize),
    /// Every element.
    Each,
}

/// A place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<Step>);

/// The longest path; what a reply means is not hidden deeper.
const MAX_STEPS: usize = 12;

impl Path {
    /// Parses a path.
    ///
    /// # Errors
    /// How one is written.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || String::from("a path is written such as data.messages[*].status or [0].id");
        let mut steps = Vec::new();
        for (index, member) in text.split('.').enumerate() {
            let (name, mut rest) = member.find('[').map_or((member, ""), |at| member.split_at(at));
            if name.chars().any(|c| c.is_control() || matches!(c, ']' | '"')) {
                return Err(wrong());
            }
            // Only the first may be brackets alone: the reply is an array.
            match (name.is_empty(), index, rest.is_empty()) {
                (false, ..) => steps.push(Step::Member(name.to_owned())),
                (true, 0, false) => {}
                (true, ..) => return Err(wrong()),
            }
            while !rest.is_empty() {
                let (inside, after) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).ok_or_else(wrong)?;
                let is_number = (1..=4).contains(&inside.len()) && inside.bytes().all(|byte| byte.is_ascii_digit());
                steps.push(match inside {
                    "*" => Step::Each,
                    number if is_number => Step::Element(number.parse().map_err(|_| wrong())?),
                    _ => return Err(wrong()),
                });
                rest = after;
            }
        }
        if steps.len() > MAX_STEPS {
            return Err(format!("a path has {MAX_STEPS} steps at most"));
        }
        Ok(Self(steps))
    }

    /// The steps, from the top.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether it finds several.
    #[must_use]
    pub fn is_of_many(&self) -> bool {
        self.0.contains(&Step::Each)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_members_elements_and_each() {
        let member = |name: &str| Step::Member(name.to_owned());
        for (text, steps) in [
            ("id", vec![member("id")]),
            ("messages[0].message-id", vec![member("messages"), Step::Element(0), member("message-id")]),
            ("[*].status.type", vec![Step::Each, member("status"), member("type")]),
            ("a[0][*]", vec![member("a"), Step::Element(0), Step::Each]),
        ] {
            assert_eq!(Path::parse(text).map(|path| path.0), Ok(steps), "{text}");
        }
        for text in ["", ".", "a.", "a..b", "a[", "a[]", "a[x]", "a[-1]", "a[0", "a]0[", "a[99999]", "a.[0]"] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
        assert!(Path::parse(&"a.".repeat(12)).is_err());
        assert!(Path::parse(&["a"; 13].join(".")).is_err());
    }
}
