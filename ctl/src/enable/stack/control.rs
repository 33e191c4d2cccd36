//! What a module's answer does to the stack: the third field of a pam.d line. It runs nothing.

/// A module's answer by libpam's number of it (`_pam_types.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u8);

impl Code {
    /// `PAM_SUCCESS`.
    pub const SUCCESS: Self = Self(0);
    /// `PAM_PERM_DENIED`: what libpam takes a line for that it cannot read.
    pub const PERM_DENIED: Self = Self(6);
    /// `PAM_AUTH_ERR`.
    pub const AUTH_ERR: Self = Self(7);
    pub(super) const NEW_AUTHTOK_REQD: Self = Self(12);
    /// `PAM_IGNORE`.
    pub const IGNORE: Self = Self(25);
    /// `PAM_MODULE_UNKNOWN`: the module's file is missing, or has no such function.
    pub const MODULE_UNKNOWN: Self = Self(28);
    /// Ends the call to be taken up again later; no module of a login does that.
    const INCOMPLETE: Self = Self(31);

    /// Every answer that a module can end with; first those that people meet.
    pub fn all() -> impl Iterator<Item = Self> {
        const FIRST: [Code; 3] = [Code::SUCCESS, Code::AUTH_ERR, Code::IGNORE];
        let others =
            (0u8..).take(NAMES.len()).map(Self).filter(|code| *code != Self::INCOMPLETE && !FIRST.contains(code));
        FIRST.into_iter().chain(others)
    }

    /// As pam.conf(5) calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().unwrap_or("unknown")
    }

    /// The answer that pam.conf(5) calls so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let place = NAMES.iter().position(|known| *known == name)?;
        u8::try_from(place).ok().map(Self)
    }
}

/// pam.conf(5), in the order of their numbers.
const NAMES: [&str; 32] = [
    "success",
    "open_err",
    "symbol_err",
    "service_err",
    "system_err",
    "buf_err",
    "perm_denied",
    "auth_err",
    "cred_insufficient",
    "authinfo_unavail",
    "user_unknown",
    "maxtries",
    "new_authtok_reqd",
    "acct_expired",
    "session_err",
    "cred_unavail",
    "cred_expired",
    "cred_err",
    "no_module_data",
    "conv_err",
    "authtok_err",
    "authtok_recover_err",
    "authtok_lock_busy",
    "authtok_disable_aging",
    "try_again",
    "ignore",
    "abort",
    "authtok_expired",
    "module_unknown",
    "bad_item",
    "conv_again",
    "incomplete",
];

/// What is done upon an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Ignore,
    Ok,
    Done,
    Bad,
    Die,
    Reset,
    /// So many lines are passed over; at least one.
    Jump(usize),
}

/// By their names, in libpam's order.
const ACTIONS: [(&str, Action); 6] = [
    ("ignore", Action::Ignore),
    ("ok", Action::Ok),
    ("done", Action::Done),
    ("bad", Action::Bad),
    ("die", Action::Die),
    ("reset", Action::Reset),
];

/// What is done upon each answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Control([Option<Action>; NAMES.len()]);

impl Control {
    /// One word of the control field. libpam takes one that it does not understand for "always bad".
    pub(super) fn parse(word: &[u8]) -> Self {
        let (success, ignore, default) = match word.to_ascii_lowercase().as_slice() {
            b"required" => (Action::Ok, Some(Action::Ignore), Action::Bad),
            b"requisite" => (Action::Ok, Some(Action::Ignore), Action::Die),
            b"optional" => (Action::Ok, None, Action::Ignore),
            b"sufficient" => (Action::Done, None, Action::Ignore),
            _ => return Self::values(word).unwrap_or_else(Self::bad),
        };
        let mut control = Self([None; NAMES.len()]);
        control.set(Code::SUCCESS, success);
        control.set(Code::NEW_AUTHTOK_REQD, success);
        if let Some(ignore) = ignore {
            control.set(Code::IGNORE, ignore);
        }
        control.set_rest(default);
        control
    }

    /// Of a line that libpam cannot read further.
    pub(super) fn bad() -> Self {
        Self([Some(Action::Bad); NAMES.len()])
    }

    pub(crate) fn upon(&self, code: Code) -> Action {
        self.0.get(usize::from(code.0)).copied().flatten().unwrap_or(Action::Bad)
    }

    /// `value=action` one behind the other. Names are taken by their beginnings, as libpam does: `okay` is `ok` and then rubbish.
    fn values(word: &[u8]) -> Option<Self> {
        let mut control = Self([None; NAMES.len()]);
        let mut rest = trim(word);
        while !rest.is_empty() {
            let code = (0u8..).zip(NAMES).find_map(|(number, name)| Some((Code(number), after(rest, name)?)));
            let (code, behind) = match code {
                Some((code, behind)) => (Some(code), behind),
                None => (None, after(rest, "default")?),
            };
            let behind = trim(trim(behind).strip_prefix(b"=")?);
            let action = ACTIONS.into_iter().find_map(|(name, action)| Some((action, after(behind, name)?)));
            let (action, behind) = action.or_else(|| jump(behind))?;
            match code {
                Some(code) => control.set(code, action),
                None => control.set_rest(action),
            }
            rest = trim(behind);
        }
        control.set_rest(Action::Bad);
        Some(control)
    }

    fn set(&mut self, code: Code, action: Action) {
        if let Some(slot) = self.0.get_mut(usize::from(code.0)) {
            *slot = Some(action);
        }
    }

    fn set_rest(&mut self, action: Action) {
        for slot in &mut self.0 {
            slot.get_or_insert(action);
        }
    }
}

fn after<'a>(text: &'a [u8], name: &str) -> Option<&'a [u8]> {
    text.strip_prefix(name.as_bytes())
}

/// A number, which is none where it is 0. One that no list is as long as is as good as any other such.
fn jump(text: &[u8]) -> Option<(Action, &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    let add = |sum: usize, digit: &u8| sum.saturating_mul(10).saturating_add(usize::from(digit.saturating_sub(b'0')));
    let lines = digits.iter().fold(0, add);
    (lines > 0).then_some((Action::Jump(lines), rest))
}

/// Without the blanks before it: isspace(3), which knows more of them than the words of a line.
fn trim(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == 0x0b).count();
    text.get(blanks..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upon(control: &str, code: &str) -> Action {
        Control::parse(control.as_bytes()).upon(Code::named(code).unwrap())
    }

    #[test]
    fn the_four_words_are_what_pam_conf_says_they_are() {
        for (word, success, ignore, auth_err) in [
            ("required", Action::Ok, Action::Ignore, Action::Bad),
            ("REQUISITE", Action::Ok, Action::Ignore, Action::Die),
            ("sufficient", Action::Done, Action::Ignore, Action::Ignore),
            ("Optional", Action::Ok, Action::Ignore, Action::Ignore),
        ] {
            assert_eq!(
                ["success", "new_authtok_reqd", "ignore", "auth_err"].map(|code| upon(word, code)),
                [success, success, ignore, auth_err],
                "{word}"
            );
        }
    }

    #[test]
    fn values_are_taken_in_any_order_and_what_is_not_said_is_bad() {
        let control = "default=die success=2 \t new_authtok_reqd = ok ignore=reset";
        for (code, action) in [
            ("success", Action::Jump(2)),
            ("new_authtok_reqd", Action::Ok),
            ("ignore", Action::Reset),
            ("abort", Action::Die),
        ] {
            assert_eq!(upon(control, code), action);
        }
        assert_eq!(upon("success=okdefault=ignore", "auth_err"), Action::Ignore);
        assert_eq!(upon("success=ok", "auth_err"), Action::Bad);
        assert_eq!(upon("", "success"), Action::Bad);
    }

    #[test]
    fn what_is_not_understood_is_bad_upon_every_answer() {
        for control in
            ["success=0", "success", "success=", "success=okay", "sucess=ok", "ok", "success=-1", "success=ok x"]
        {
            assert_eq!(upon(control, "success"), Action::Bad, "{control}");
            assert_eq!(upon(control, "ignore"), Action::Bad, "{control}");
        }
    }
}
