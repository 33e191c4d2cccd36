//! Stacks of real hosts, sound and broken ones, each with what is to be found about it; and ways through random stacks.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the tests' own helpers; a test that cannot run must say so"
)]

use ctl::enable::stack::{Answer, Code, Dialect, Host, Line, Stack, What, run};
use std::collections::BTreeSet;
use std::fs::{create_dir_all, read_dir, read_to_string, write};
use std::path::Path;
use tempfile::TempDir;

/// A file of tests/fixtures/stacks: `# KEY: VALUE` and findings, then `== PATH` and the file's text, as often as needed.
struct Recorded {
    root: TempDir,
    service: String,
    dialect: Dialect,
    findings: BTreeSet<String>,
}

impl Recorded {
    fn load(path: &Path) -> Self {
        let text = read_to_string(path).unwrap();
        let (head, files) = text.split_at(text.find("== ").unwrap());
        let root = TempDir::new().unwrap();
        for file in files.split("== ").skip(1) {
            let (name, text) = file.split_once('\n').unwrap();
            let path = root.path().join(name);
            create_dir_all(path.parent().unwrap()).unwrap();
            write(path, text).unwrap();
        }
        let said: Vec<&str> = head.lines().skip(1).map(|line| line.strip_prefix("# ").unwrap()).collect();
        let service = said[0].strip_prefix("service: ").unwrap().to_owned();
        let dialect = match said[1] {
            "libpam: debian" => Dialect::Debian,
            "libpam: upstream" => Dialect::Upstream,
            other => panic!("{other}"),
        };
        let findings = said[2..].iter().map(|finding| (*finding).to_owned()).collect();
        Self { root, service, dialect, findings }
    }

    fn stack(&self) -> Result<Stack, String> {
        Stack::read(&Host::new(self.root.path(), self.dialect), &self.service).map_err(|why| why.to_string())
    }
}

/// `FILE:LINE MODULE OPTION…` → `MODULE`.
fn module(named: &str) -> &str {
    named.split(' ').nth(1).unwrap()
}

fn findings(stack: Result<Stack, String>) -> BTreeSet<String> {
    let stack = match stack {
        Ok(stack) => stack,
        Err(why) => {
            return BTreeSet::from([format!(
                "broken: {}",
                why.strip_suffix(", so libpam lets nobody in; mend that first").unwrap()
            )]);
        }
    };
    let answer = Answer::of(&stack);
    let mut found = BTreeSet::new();
    for (is, what) in [
        (answer.ours == 0, "absent"),
        (answer.ours > 0 && answer.refusals().is_empty(), "sound"),
        (answer.unproven.is_some(), "unproven"),
        (answer.passed_by.is_some() && answer.ours > 0, "passed by"),
        (answer.overruled.is_some(), "overruled"),
        (answer.twice.is_some(), "twice"),
        (answer.decoy_let_in.is_some(), "decoy lets in"),
        (answer.decoy_proven.is_some(), "decoy proven"),
        (answer.asks_in_vain.is_some(), "in vain"),
        (!answer.wrong.is_empty(), "wrong options"),
    ] {
        if is {
            found.insert(what.to_owned());
        }
    }
    match (answer.shuts_out_coded, answer.shuts_out_others) {
        (true, true) => drop(found.insert(String::from("shuts out: coded others"))),
        (false, true) => drop(found.insert(String::from("shuts out: others"))),
        (true, false) => drop(found.insert(String::from("shuts out: coded"))),
        (false, false) => {}
    }
    found.extend(answer.doors.iter().map(|door| format!("door: {}", module(door))));
    if !answer.follows.is_empty() {
        let names: Vec<&str> = answer.follows.iter().map(|line| module(line)).collect();
        found.insert(format!("follows: {}", names.join(" ")));
    }
    assert!(!answer.is_cut);
    found
}

#[test]
fn of_each_recorded_stack_is_found_what_is_known_of_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/stacks");
    let (mut count, mut wrong) = (0, Vec::new());
    for entry in read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let recorded = Recorded::load(&path);
        let found = findings(recorded.stack());
        if found != recorded.findings {
            let answer = recorded.stack().map(|stack| Answer::of(&stack));
            wrong.push(format!(
                "{}:\n  known {:?}\n  found {found:?}\n  {answer:#?}",
                path.display(),
                recorded.findings
            ));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 45, "{count}");
}

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

const CONTROLS: [&str; 12] = [
    "required",
    "requisite",
    "sufficient",
    "optional",
    "[success=1 default=ignore]",
    "[success=2 new_authtok_reqd=2 default=ignore]",
    "[success=ok ignore=1 default=bad]",
    "[default=die]",
    "[default=reset]",
    "[success=3 ignore=ignore default=bad]",
    "[success=done auth_err=ok default=die]",
    "[default=ignore]",
];

const MODULES: [&str; 9] = [
    "pam_unix.so",
    "pam_sss.so",
    "pam_unheard_of.so",
    "pam_env.so",
    "pam_deny.so",
    "pam_permit.so",
    "pam_2fa.so",
    "pam_2fa.so decoy",
    "pam_2fa.so key-proven",
];

fn file(dice: &mut Dice, taken_in: &[&str]) -> String {
    let lines = 1 + dice.below(5);
    let line = |dice: &mut Dice| match dice.below(6) {
        0 if !taken_in.is_empty() => {
            format!("auth {} {}\n", dice.one_of(&["include", "substack"]), dice.one_of(taken_in))
        }
        _ => format!("auth {} {}\n", dice.one_of(&CONTROLS), dice.one_of(&MODULES)),
    };
    (0..lines).map(|_| line(dice)).collect()
}

/// A login whose modules answer by dice: whether it was let in, and what happened.
#[derive(Debug, Default)]
struct Login {
    proven: bool,
    full: Vec<Code>,
    decoys: usize,
    unproven: bool,
    proven_decoy: bool,
    in_after_denial: bool,
}

impl Login {
    fn answer(&mut self, dice: &mut Dice, line: &Line) -> Code {
        let What::Module { path, options } = &line.what else { return Code::PERM_DENIED };
        let common = [Code::SUCCESS, Code::AUTH_ERR, Code::IGNORE, Code::MODULE_UNKNOWN];
        let code = common[dice.below(4)];
        match (path.as_str(), options.first().map(String::as_str)) {
            ("pam_deny.so", _) => Code::AUTH_ERR,
            ("pam_permit.so", _) => Code::SUCCESS,
            ("pam_2fa.so", None) => {
                self.unproven |= !self.proven;
                self.full.push(code);
                code
            }
            ("pam_2fa.so", Some("decoy")) => {
                self.proven_decoy |= self.proven;
                self.decoys += 1;
                Code::AUTH_ERR
            }
            ("pam_env.so", _) => code,
            ("pam_unix.so", _) if code == Code::IGNORE => Code::AUTH_ERR,
            ("pam_unheard_of.so", _) => {
                self.proven |= code == Code::SUCCESS && dice.below(2) == 0;
                code
            }
            _ => {
                self.proven |= code == Code::SUCCESS;
                code
            }
        }
    }
}

#[test]
fn what_happens_in_any_login_through_any_stack_was_foreseen() {
    let mut dice = Dice(20_261_129);
    let root = TempDir::new().unwrap();
    create_dir_all(root.path().join("etc/pam.d")).unwrap();
    let mut seen = [0; 6];
    for number in 0..1_500 {
        let (inner, outer) = (file(&mut dice, &[]), file(&mut dice, &["inner"]));
        write(root.path().join("etc/pam.d/inner"), &inner).unwrap();
        let mut own = file(&mut dice, &["inner", "outer"]);
        own.push_str(
            "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth requisite pam_2fa.so\n",
        );
        write(root.path().join("etc/pam.d/outer"), &outer).unwrap();
        write(root.path().join("etc/pam.d/own"), &own).unwrap();
        let stack = Stack::read(&Host::new(root.path(), Dialect::Upstream), "own").unwrap();
        let answer = Answer::of(&stack);
        for _ in 0..60 {
            let mut login = Login::default();
            let lets_in = run(&stack.lines, |_, line| login.answer(&mut dice, line));
            login.in_after_denial =
                lets_in && login.full.last().is_some_and(|code| ![Code::SUCCESS, Code::IGNORE].contains(code));
            let foreseen = [
                (login.unproven, answer.unproven.is_some()),
                (lets_in && login.proven && login.full.is_empty(), answer.passed_by.is_some()),
                (login.in_after_denial, answer.overruled.is_some()),
                (login.full.len() > 1, answer.twice.is_some()),
                (lets_in && login.decoys > 0, answer.decoy_let_in.is_some()),
                (lets_in && !login.proven && login.full.is_empty(), !answer.doors.is_empty()),
            ];
            for (at, (happened, found)) in foreseen.into_iter().enumerate() {
                assert!(
                    found || !happened,
                    "{number}, {at}: {login:?}\n{own}\nouter:\n{outer}\ninner:\n{inner}\n{answer:#?}"
                );
                seen[at] += usize::from(happened);
            }
            if lets_in && login.full.last() == Some(&Code::SUCCESS) {
                assert!(!answer.shuts_out_coded, "{number}: {own}");
            }
        }
    }
    assert!(seen.iter().all(|times| *times > 100), "each of them happens: {seen:?}");
}
