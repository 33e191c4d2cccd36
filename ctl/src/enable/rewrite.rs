//! A service's auth lines written into its own file, from all files that it takes in: for stacks whose files leave no place for ours
//! (RHEL's `sufficient`, openSUSE's `required pam_unix.so`). Taken only where, for each answer of each module, who was let in before
//! is let in by a right code, and nobody else. It writes nothing.

use super::file::Found;
use super::plan::Draft;
use super::stack::flat::{self, Ours, Strictness};
use super::stack::line::{self, Whole};
use super::stack::{Answer, Dialect, Host, Stack, What, difference};
use super::whole::Modes;

/// One for each place of ours and each way to write the others, the least changed first.
pub(super) fn drafts(
    host: &Host,
    service: &str,
    found: &Found,
    modes: Modes,
    full: &str,
) -> Vec<Result<Draft, String>> {
    let Ok(stack) = Stack::read(host, service) else { return Vec::new() };
    let (lines, _) = line::lines(&found.text);
    let doomed = match auth_lines(host, &lines) {
        Ok(doomed) => doomed,
        Err(why) => return vec![Err(why)],
    };
    let modules = stack.lines.iter().filter(|line| matches!(line.what, What::Module { .. })).count();
    let ours = Ours { full, decoy: modes.decoy, key_proven: modes.key_proven };
    let ways = [Strictness::AsItIs, Strictness::DenyEnds, Strictness::ProofEnds];
    let all = ways.into_iter().flat_map(|strictness| (1..=modules).map(move |place| (strictness, place)));
    all.map(|(strictness, place)| {
        let put_in = flat::lines(&stack.lines, place, ours, strictness)?;
        let draft = instead(&found.text, &doomed, put_in);
        let new = Stack::read(&host.with(&found.path, &draft.text), service).map_err(|why| why.to_string())?;
        let why = Answer::of(&new).refusals().into_iter().next();
        why.or_else(|| difference(&stack.lines, &new.lines)).map_or(Ok(draft), Err)
    })
    .collect()
}

/// The lines of the file that auth lines come from.
fn auth_lines<'a>(host: &Host, lines: &'a [Whole]) -> Result<Vec<&'a Whole>, String> {
    let mut all = Vec::new();
    for whole in lines {
        let words = whole.words();
        let kind = words.first().map(|word| word.trim_start_matches('-').to_ascii_lowercase()).unwrap_or_default();
        match kind.as_str() {
            "auth" => all.push(whole),
            "account" | "session" | "password" => {}
            "@include" if host.dialect() == Dialect::Debian => {
                let name = words.get(1).cloned().unwrap_or_default();
                let text = host.text_of(&name).map_err(|why| why.to_string())?.unwrap_or_default();
                let kinds: Vec<String> = line::lines(&text)
                    .0
                    .iter()
                    .filter_map(|whole| Some(whole.words().first()?.trim_start_matches('-').to_ascii_lowercase()))
                    .collect();
                let is_other = |kind: &String| ["account", "session", "password"].contains(&kind.as_str());
                match (kinds.iter().all(|kind| kind == "auth"), kinds.iter().all(is_other)) {
                    (_, true) => {}
                    (true, false) => all.push(whole),
                    (false, false) => return Err(format!("{name} has lines of several types")),
                }
            }
            _ => return Err(format!("its line {} is not understood", whole.number)),
        }
    }
    Ok(all)
}

/// The text with new lines in the place of the first of those.
fn instead(text: &[u8], doomed: &[&Whole], put_in: Vec<String>) -> Draft {
    let first = doomed.first().map_or(1, |whole| whole.number);
    let is_doomed = |number: usize| doomed.iter().any(|whole| (whole.number..=whole.last).contains(&number));
    let mut new = Vec::with_capacity(text.len().saturating_add(1024));
    let mut replaced = Vec::new();
    for (number, line) in (1..).zip(text.split_inclusive(|byte| *byte == b'\n')) {
        if number == first {
            new.extend(put_in.iter().flat_map(|line| line.bytes().chain(*b"\n")));
        }
        if is_doomed(number) {
            replaced.push(String::from_utf8_lossy(line).trim_end_matches('\n').to_owned());
        } else {
            new.extend_from_slice(line);
        }
    }
    Draft { text: new, put_in, replaced }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enable::stack::{Code, Line, is_ours, run};

    /// A line of random numbers that is the same in every run (xorshift64*, Vigna 2016).
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, sides: usize) -> usize {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            let sides = u64::try_from(sides).unwrap();
            usize::try_from((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) % sides).unwrap()
        }

        fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
            all[self.below(all.len())]
        }
    }

    const CONTROLS: [&str; 9] = [
        "required",
        "requisite",
        "sufficient",
        "optional",
        "[default=1 ignore=ignore success=ok]",
        "[success=1 default=ignore]",
        "[success=2 default=ignore]",
        "[default=die]",
        "[success=ok default=bad]",
    ];
    const MODULES: [&str; 8] = [
        "pam_env.so",
        "pam_faillock.so preauth",
        "pam_unix.so",
        "pam_sss.so",
        "pam_succeed_if.so uid >= 1000",
        "pam_faillock.so authfail",
        "pam_deny.so",
        "pam_permit.so",
    ];
    const CODES: [&str; 6] = ["success", "auth_err", "ignore", "user_unknown", "new_authtok_reqd", "authinfo_unavail"];

    fn file(dice: &mut Dice, inner: &str) -> String {
        let mut text = String::new();
        for _ in 0..dice.below(6) + 1 {
            let line = match dice.below(12) {
                0 => format!("auth include {inner}"),
                1 | 2 => format!("auth substack {inner}"),
                3..6 => String::from("auth sufficient pam_unix.so"),
                _ => format!("auth {} {}", dice.one_of(&CONTROLS), dice.one_of(&MODULES)),
            };
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    /// What a module says, by what it is and the how manieth of its like: in both stacks the same.
    fn lets_in(lines: &[Line], said: &[Code]) -> bool {
        let mut order = Vec::new();
        let mut is_behind_ours = false;
        for line in lines {
            let is_permit = std::mem::replace(&mut is_behind_ours, is_ours(line));
            let counts = matches!(line.what, What::Module { .. }) && !is_ours(line) && !is_permit;
            order.push(if counts { order.iter().flatten().count().into() } else { None::<usize> });
        }
        run(lines, |number, line| match &line.what {
            What::Module { path, .. } if path == "pam_deny.so" => Code::AUTH_ERR,
            What::Module { path, .. } if path == "pam_permit.so" || path == "pam_2fa.so" => Code::SUCCESS,
            What::Module { path, .. } => match order[number].and_then(|at| said.get(at)) {
                // It leaves that to its account lines.
                Some(code) if path == "pam_unix.so" && code.name() != "success" => Code::AUTH_ERR,
                Some(code) => *code,
                None => Code::PERM_DENIED,
            },
            What::Substack(_) | What::Fails(_) => Code::PERM_DENIED,
        })
    }

    #[test]
    fn whatever_stack_is_written_whole_lets_in_whom_the_old_one_did_and_nobody_else() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut dice = Dice(20_261_129);
        let (mut written, mut let_in) = (0, 0);
        for _ in 0..600 {
            let (inner, inmost) = (
                file(&mut dice, "inmost"),
                file(&mut dice, "nowhere").replace("substack nowhere", "required pam_deny.so"),
            );
            let own = file(&mut dice, "inner");
            let host = |name: &str| folder.path().join("etc/pam.d").join(name);
            let host = Host::new(folder.path(), Dialect::Upstream)
                .with(&host("inmost"), inmost.replace("include nowhere", "required pam_env.so").as_bytes())
                .with(&host("inner"), inner.as_bytes())
                .with(&host("own"), own.as_bytes());
            let Ok(old) = Stack::read(&host, "own") else { continue };
            if old.lines.len() > 30 {
                continue;
            }
            let found = Found::new(folder.path().join("etc/pam.d/own"), own.clone().into(), (0, 0, 0o644));
            let modes = Modes { decoy: false, key_proven: false };
            for draft in drafts(&host, "own", &found, modes, "auth requisite pam_2fa.so").into_iter().flatten() {
                let new = Stack::read(&host.with(&found.path, &draft.text), "own").unwrap();
                written += 1;
                for _ in 0..40 {
                    let said: Vec<Code> = (0..24).map(|_| Code::named(dice.one_of(&CODES)).unwrap()).collect();
                    let was = lets_in(&old.lines, &said);
                    let text = String::from_utf8_lossy(&draft.text).into_owned();
                    assert_eq!(lets_in(&new.lines, &said), was, "{own}\n{inner}\n{inmost}\n->\n{text}\n{said:?}");
                    let_in += usize::from(was);
                }
            }
        }
        assert!(written > 60 && let_in > 200, "{written} {let_in}");
    }
}
