//! The demo: a login over ssh with a code by email, on a host that exists only while it runs. Started by `make demo` through
//! `tests/ns/enter`, never by hand. Ends with an error when anything does not go as told: nothing here is acted.

mod narrator;
mod stage;

use e2e::mailbox;
use e2e::ssh::{self, PASSWORD};
use narrator::Narrator;
use stage::{ADDRESS, HOST, Stage, USER};
use std::error::Error;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn main() -> ExitCode {
    let interactive = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--interactive") => true,
        Some(_) => return ExitCode::from(2),
    };
    let mut narrator = Narrator::new();
    match play(&mut narrator, interactive) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            narrator.say(&format!("The demo did not go as told: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn play(narrator: &mut Narrator, interactive: bool) -> Result<(), Box<dyn Error>> {
    narrator.title("A host of its own");
    narrator.say("Private namespaces: its users, its /etc, its network and its mail server end with the demo.");
    let stage = Stage::set(narrator)?;
    if interactive {
        return hand_over(narrator, &stage);
    }
    right_code(narrator)?;
    wrong_code(narrator)?;
    narrator.title("Done");
    narrator.say("A right password and a right code opened a shell; a right password and wrong codes did not.");
    narrator.say("To log in yourself: make demo INTERACTIVE=1");
    Ok(())
}

fn right_code(narrator: &mut Narrator) -> Result<(), Box<dyn Error>> {
    narrator.title("Password, then the code from the mail");
    let before = mailbox::all(ADDRESS).len();
    let mut shown = narrator.open(&["ssh", &format!("{USER}@{HOST}")]);
    shown.wait_for(narrator, "Password:")?;
    shown.type_secret(narrator, PASSWORD)?;
    shown.wait_for(narrator, "Code")?;
    shown.wait_for(narrator, ": ")?;
    let mail = narrator.mail(before)?;
    shown.type_line(&mail.code())?;
    shown.wait_for(narrator, "$ ")?;
    shown.type_line("id -un")?;
    shown.wait_for(narrator, &format!("{USER}\r\n"))?;
    shown.wait_for(narrator, "$ ")?;
    shown.type_line("exit")?;
    let status = shown.wait_for_end(narrator)?;
    narrator.expect(status.success(), "the shell ended well", &format!("ssh ended with {status}"))
}

fn wrong_code(narrator: &mut Narrator) -> Result<(), Box<dyn Error>> {
    narrator.title("The same password, with wrong codes");
    let before = mailbox::all(ADDRESS).len();
    let mut shown = narrator.open(&["ssh", "-o", "NumberOfPasswordPrompts=1", &format!("{USER}@{HOST}")]);
    shown.wait_for(narrator, "Password:")?;
    shown.type_secret(narrator, PASSWORD)?;
    shown.wait_for(narrator, "Code")?;
    shown.wait_for(narrator, ": ")?;
    let wrong = ssh::wrong(&narrator.mail(before)?.code());
    shown.type_line(&wrong)?;
    shown.wait_for(narrator, "2 tries left")?;
    shown.wait_for(narrator, ": ")?;
    shown.type_line(&wrong)?;
    shown.wait_for(narrator, "1 try left")?;
    shown.wait_for(narrator, ": ")?;
    shown.type_line(&wrong)?;
    shown.wait_for(narrator, "Permission denied")?;
    let status = shown.wait_for_end(narrator)?;
    narrator.expect(!status.success(), "refused", "ssh ended with success after wrong codes")?;
    narrator.expect(
        mailbox::all(ADDRESS).len() == before.saturating_add(1),
        "one mail in all",
        "more than one mail came",
    )
}

/// The reader's turn: a shell, and each mail printed as it arrives.
fn hand_over(narrator: &mut Narrator, stage: &Stage) -> Result<(), Box<dyn Error>> {
    static OVER: AtomicBool = AtomicBool::new(false);
    narrator.title("Your turn");
    narrator.say(&format!("Type: ssh {USER}@{HOST}      the password is: {PASSWORD}"));
    narrator.say("The mail is shown as it arrives; the cursor still waits at ssh's prompt. `exit` leaves the demo.");
    let before = mailbox::all(ADDRESS).len();
    std::thread::spawn(move || {
        let mut shown = before;
        let mut narrator = Narrator::new();
        while !OVER.load(Ordering::Relaxed) {
            for mail in mailbox::all(ADDRESS).iter().skip(shown) {
                shown = shown.saturating_add(1);
                narrator.show_mail(mail);
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    let status =
        Command::new("bash").args(["--norc", "--noprofile"]).env("PS1", "demo# ").env("HISTFILE", "").status()?;
    OVER.store(true, Ordering::Relaxed);
    narrator.say(&format!("The shell ended ({status}). What the daemons wrote:\n{}", stage.logs()));
    Ok(())
}
