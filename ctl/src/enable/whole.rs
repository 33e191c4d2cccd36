//! A service's auth lines written whole: those of the file that it took in, with a line of ours before them that takes a key that sshd
//! has checked for the password, and one before their `pam_deny` that looks like the real one. It writes nothing; whether what comes
//! out is sound, the walk says.

use super::stack::line::{self, Whole};

/// Which modes of ours the stack gets beside the full one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Modes {
    pub(super) decoy: bool,
    pub(super) key_proven: bool,
}

impl Modes {
    /// Whether one line behind an include is enough.
    pub(super) fn is_plain(self) -> bool {
        !self.decoy && !self.key_proven
    }

    /// How many lines of ours there are.
    pub(super) fn count(self) -> usize {
        [true, self.decoy, self.key_proven].into_iter().filter(|has| *has).count()
    }
}

/// One auth line.
struct Auth {
    kind: String,
    control: String,
    module: Vec<String>,
}

impl Auth {
    fn text(&self) -> String {
        format!("{}\t{}\t{}", self.kind, self.control, self.module.join(" "))
    }

    fn is_deny(&self) -> bool {
        let name = self.module.first().and_then(|path| path.rsplit('/').next());
        self.control.eq_ignore_ascii_case("requisite") && name == Some("pam_deny.so")
    }

    /// Its control, where a line is put in before the one with that number and this has `own`.
    fn jumps_over(&self, own: usize, new: usize) -> String {
        let Some(inside) = self.control.strip_prefix('[').and_then(|control| control.strip_suffix(']')) else {
            return self.control.clone();
        };
        let longer = |value: &str| {
            let (code, action) = value.split_once('=')?;
            let jump: usize = action.parse().ok()?;
            let lands = own.saturating_add(1).saturating_add(jump);
            (own < new && lands > new).then(|| format!("{code}={}", jump.saturating_add(1)))
        };
        let values = inside.split_whitespace().map(|value| longer(value).unwrap_or_else(|| value.to_owned()));
        format!("[{}]", values.collect::<Vec<_>>().join(" "))
    }
}

/// The lines that stand in the place of one that takes in a file with that text, or why there are none.
pub(super) fn lines(text: &[u8], modes: Modes, full: &str) -> Result<Vec<String>, String> {
    let (wholes, broken) = line::lines(text);
    if broken.is_some() {
        return Err(String::from("it cannot be read to its end"));
    }
    let mut auth = Vec::new();
    for whole in &wholes {
        auth.extend(read(whole)?);
    }
    let deny = auth.iter().position(Auth::is_deny);
    if deny.is_none() && !modes.is_plain() {
        return Err(String::from("it has no `auth requisite pam_deny.so` to stand before"));
    }
    let deny = deny.unwrap_or(auth.len());
    let mut all: Vec<String> = Vec::new();
    if modes.key_proven {
        // Over all that asks for a password, to the line behind pam_deny.
        let over = deny.saturating_add(1).saturating_add(usize::from(modes.decoy));
        all.push(format!("auth\t[success={over} default=ignore]\tpam_2fa.so key-proven"));
    }
    for (own, line) in auth.iter_mut().enumerate() {
        if modes.decoy {
            line.control = line.jumps_over(own, deny);
            if own == deny {
                all.push(String::from("auth\toptional\tpam_2fa.so decoy"));
            }
        }
        all.push(line.text());
    }
    all.push(full.to_owned());
    Ok(all)
}

/// A line of the file; none where it is of another type.
fn read(whole: &Whole) -> Result<Option<Auth>, String> {
    let words = whole.words();
    let (kind, control, module) = match words.as_slice() {
        [kind, control, module @ ..] if !module.is_empty() => (kind, control, module),
        _ => return Err(format!("its line {} takes in another file, or is not whole", whole.number)),
    };
    match kind.trim_start_matches('-').to_ascii_lowercase().as_str() {
        "auth" => {}
        "account" | "session" | "password" => return Ok(None),
        _ => return Err(format!("its line {} is not understood", whole.number)),
    }
    if ["include", "substack"].iter().any(|word| control.eq_ignore_ascii_case(word)) {
        return Err(format!("its line {} takes in another file", whole.number));
    }
    let is_word =
        ["required", "requisite", "sufficient", "optional"].iter().any(|word| control.eq_ignore_ascii_case(word));
    let control = if is_word { control.clone() } else { format!("[{control}]") };
    let bracketed = |option: &String| {
        let is_plain = !option.is_empty() && !option.contains([' ', '\t', '[', ']', '#', '\\']);
        if is_plain { Some(option.clone()) } else { None }
    };
    let module: Option<Vec<String>> = module.iter().map(bracketed).collect();
    let module = module.ok_or_else(|| format!("its line {} has an option in brackets", whole.number))?;
    Ok(Some(Auth { kind: kind.clone(), control, module }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = "auth\trequisite\tpam_2fa.so";

    fn written(text: &str, decoy: bool, key_proven: bool) -> String {
        lines(text.as_bytes(), Modes { decoy, key_proven }, FULL).unwrap().join("\n").replace('\t', " ")
    }

    #[test]
    fn jumps_land_where_they_did_and_a_proven_key_lands_behind_the_denial() {
        let debian = "# text\nauth [success=2 default=ignore] pam_unix.so nullok\nauth [success=1 default=ignore] pam_sss.so \\\n \
                      use_first_pass\nauth requisite pam_deny.so\nauth required pam_permit.so\nauth optional pam_cap.so\n";
        assert_eq!(
            written(debian, true, true),
            "auth [success=4 default=ignore] pam_2fa.so key-proven\n\
             auth [success=3 default=ignore] pam_unix.so nullok\n\
             auth [success=2 default=ignore] pam_sss.so use_first_pass\n\
             auth optional pam_2fa.so decoy\n\
             auth requisite pam_deny.so\n\
             auth required pam_permit.so\n\
             auth optional pam_cap.so\n\
             auth requisite pam_2fa.so"
        );
        let faillock = "auth [success=2 default=ignore] pam_unix.so\nauth [default=1] pam_faillock.so authfail\nauth optional pam_env.so\n\
                        auth requisite pam_deny.so\nauth [success=1 default=ignore] pam_permit.so\nauth required pam_permit.so\n";
        assert_eq!(
            written(faillock, true, false),
            "auth [success=2 default=ignore] pam_unix.so\n\
             auth [default=1] pam_faillock.so authfail\n\
             auth optional pam_env.so\n\
             auth optional pam_2fa.so decoy\n\
             auth requisite pam_deny.so\n\
             auth [success=1 default=ignore] pam_permit.so\n\
             auth required pam_permit.so\n\
             auth requisite pam_2fa.so"
        );
        assert!(written(debian, false, true).starts_with("auth [success=3 default=ignore] pam_2fa.so key-proven\n"));
    }

    #[test]
    fn what_cannot_be_written_whole_is_not() {
        let modes = Modes { decoy: true, key_proven: false };
        for text in [
            "auth required pam_unix.so\n",
            "@include other\nauth requisite pam_deny.so\n",
            "auth include other\nauth requisite pam_deny.so\n",
            "auth required pam_unix.so [a b]\nauth requisite pam_deny.so\n",
            "autf required pam_unix.so\nauth requisite pam_deny.so\n",
            "auth requisite pam_deny.so \\\n",
        ] {
            assert!(lines(text.as_bytes(), modes, FULL).is_err(), "{text}");
        }
    }
}
