//! The command's idea of a stack against the host's libpam: what is read of files, which lines run, who is let in.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed step is a failed test")]

use ctl::enable::stack::{Code, Dialect, Host, Line, Stack, Unreadable, What, run};
use e2e::libpam::{Pam, Stage, code};
use std::fmt::Write as _;

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

const CODES: [&str; 10] = [
    "success",
    "success",
    "auth_err",
    "ignore",
    "user_unknown",
    "new_authtok_reqd",
    "authinfo_unavail",
    "perm_denied",
    "abort",
    "conv_again",
];

/// Words, values, what is not quite right, and what is wrong.
const CONTROLS: [&str; 33] = [
    "required",
    "requisite",
    "sufficient",
    "optional",
    "REQUIRED",
    "[success=1 default=ignore]",
    "[success=2 default=ignore]",
    "[success=ok new_authtok_reqd=ok ignore=ignore default=bad]",
    "[success=done new_authtok_reqd=done default=ignore]",
    "[ default = die success = 3 ]",
    "[default=reset]",
    "[success=ok default=reset]",
    "[auth_err=ok success=ok default=ignore]",
    "[success=okdefault=ignore]",
    "[success=okay default=ignore]",
    "[success=0]",
    "[success=9 default=ok]",
    "[success=die]",
    "[success=ok ignore=2 auth_err=1 default=done]",
    "[default=1]",
    "[]",
    "nonsense",
    "[success=1 default=ignore",
    "SUFFICIENT",
    "[SUCCESS=ok]",
    "[success=1x default=ignore]",
    "[success=01 default=ignore]",
    "[default=ok success=ignore]",
    "[success=ok\u{b}default=ignore]",
    "[success=ok\\] default=bad]",
    "[success=ok,default=ignore]",
    "[\tsuccess=done\t]",
    "[default=reset success=die ignore=ok]",
];

struct Files<'a> {
    stage: &'a Stage,
    dice: &'a mut Dice,
}

impl Files<'_> {
    /// A file of a few lines, which takes in those files; its text.
    fn write(&mut self, name: &str, taken_in: &[&str]) -> String {
        let mut text = String::new();
        for _ in 0..=self.dice.below(6) {
            match self.dice.below(20) {
                0 => text.push_str("# a comment \\\n"),
                1 => text.push_str("\n \t\n"),
                2 => text.push_str("account required pam_deny.so\nsession optional pam_permit.so\n"),
                3 => text.push_str("auth\n"),
                4 => text.push_str("auth required\n"),
                5 => text.push_str("auth sufficient pam_2fa_that_is_nowhere.so\n"),
                6 => text.push_str("autf optional pam_debug.so auth=success\n"),
                7..10 if !taken_in.is_empty() => {
                    let file = self.dice.one_of(taken_in);
                    let path = self.stage.confdir().join(file);
                    let how = self.dice.one_of(&[
                        "auth include",
                        "auth substack",
                        "-AUTH substack",
                        "@include",
                        "auth SUBSTACK",
                        "auth [include]",
                        "--auth include",
                        "account include",
                        "\tauth\tsubstack\t",
                    ]);
                    let _ = writeln!(text, "{how} {}", path.display());
                }
                _ => {
                    let (control, answer) = (self.dice.one_of(&CONTROLS), self.dice.one_of(&CODES));
                    let filling = "x".repeat(self.dice.below(900));
                    let line = match self.dice.below(12) {
                        0 => format!("auth\t{control} \\\n  pam_debug.so \\\n auth={answer}"),
                        1 => format!("-Auth {control}\tpam_debug.so [auth={answer}] # said"),
                        2 => format!("  auth {control} pam_debug.so other=x auth={answer} auth=die \\ #"),
                        3 => format!("auth {control}pam_debug.so auth={answer}"),
                        4 => format!("auth\u{c}{control} pam_debug.so auth={answer}"),
                        5 => format!("auth {control} pam_debug.so {filling} auth={answer}"),
                        6 => format!("auth {control} pam_debug.so auth={answer} \\\t "),
                        7 => format!("auth {control} pam_debug.so [auth={answer}\\] ] [auth={answer}"),
                        8 => format!("\\\nauth {control} [pam_debug.so] auth={answer}\r"),
                        9 => format!("auth {control} pam_debug.so\r\nauth {control} pam_debug.so auth={answer}#\\"),
                        _ => format!("auth {control} pam_debug.so auth={answer}"),
                    };
                    let _ = writeln!(text, "{line}");
                }
            }
        }
        if self.dice.below(60) == 0 {
            text.push_str("auth required pam_debug.so \\\n");
        }
        if self.dice.below(8) == 0 {
            // No end of the last line.
            text.pop();
        }
        if self.dice.below(40) == 0 {
            text = text.replace('\n', "\r\n");
        }
        std::fs::write(self.stage.confdir().join(name), &text).unwrap();
        format!("{name}:\n{text}\n")
    }
}

/// What libpam does: whether it lets in, and what the modules said that it ran.
fn by_libpam(stage: &Stage) -> (bool, Vec<String>) {
    let Ok(mut pam) = Pam::try_start(stage, "own", Some("root"), &[]) else { return (false, Vec::new()) };
    let lets_in = pam.authenticate(0) == code::SUCCESS;
    (lets_in, pam.shown().into_iter().map(|(_, text)| text).collect())
}

fn by_walk(lines: &[Line]) -> (bool, Vec<String>) {
    let mut said = Vec::new();
    let lets_in = run(lines, |_, line| match &line.what {
        What::Module { path, options } if path == "pam_debug.so" => {
            let answer = options.iter().find(|option| option.starts_with("auth=")).cloned();
            // pam_debug says yes where it is not told otherwise, and then shows nothing.
            let code = answer.as_deref().and_then(|answer| Code::named(answer.strip_prefix("auth=")?));
            said.extend(code.and(answer));
            code.unwrap_or(Code::SUCCESS)
        }
        What::Module { .. } => Code::MODULE_UNKNOWN,
        What::Substack(_) | What::Fails(_) => Code::PERM_DENIED,
    });
    (lets_in, said)
}

#[test]
fn libpam_reads_and_runs_any_stack_as_the_command_foresees_it() {
    let stage = Stage::new();
    let mut dice = Dice(20_261_129);
    let (mut let_in, mut broken, mut ran) = (0, 0, 0);
    for number in 0..4_000 {
        let mut files = Files { stage: &stage, dice: &mut dice };
        let mut text = files.write("inmost", &[]);
        text.push_str(&files.write("inner", &["inmost", "nowhere"]));
        text.push_str(&files.write("own", &["inner", "inmost", "inner"]));
        let own = stage.confdir().join("own");
        let foreseen = match Stack::read(&Host::new("/".as_ref(), Dialect::Debian), own.to_str().unwrap()) {
            // Not one auth line: libpam takes `other`, here the stage's.
            Ok(stack) if stack.is_other => (false, Vec::new()),
            Ok(stack) => by_walk(&stack.lines),
            // Chance decides there, or the release.
            Err(Unreadable::Undefined { .. }) => continue,
            Err(_) => {
                broken += 1;
                (false, Vec::new())
            }
        };
        assert_eq!(by_libpam(&stage), foreseen, "{number}\n{text}");
        let_in += usize::from(foreseen.0);
        ran += foreseen.1.len();
    }
    assert!(let_in > 150 && broken > 50 && ran > 4_000, "{let_in} {broken} {ran}");
}
