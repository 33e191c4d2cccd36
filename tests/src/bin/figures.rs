//! `make bench`: what a login costs, printed. Figures, not promises: no test reads them, and only those of one run compare.
//! Started through `tests/ns/enter`; the argument is the folder with `pambench`.

use e2e::varlink::call;
use e2e::wait::now;
use e2e::world::{Person, Plan, World};
use e2e::{mailbox, ns};
use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

/// RFC 4226's test key, in base32 for google-authenticator and in hex for pambench.
const KEY_BASE32: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const KEY_HEX: &str = "3132333435363738393031323334353637383930";

fn main() -> ExitCode {
    let Some(tools) = std::env::args().nth(1) else { return ExitCode::from(2) };
    match measure(Path::new(&tools)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "figures: {error}");
            ExitCode::FAILURE
        }
    }
}

fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn measure(tools: &Path) -> Result<(), Box<dyn Error>> {
    ns::require();
    // All of it comes from one address, which is more than a stranger's share.
    let world = Plan::default().settings("[limits]\nsends_per_source_hour = 1000").start();
    let ada = world.person("ada");
    module(tools, &world)?;
    begin_to_question(&world)?;
    password_to_prompt(&world);
    send_to_accepted(&world, &ada)?;
    memory(&world)
}

/// Whole PAM transactions, in turns: nothing, google-authenticator with a code, and ours for a user whom policy leaves alone
/// (the module, the daemon's answer, nothing written).
fn module(tools: &Path, world: &World) -> Result<(), Box<dyn Error>> {
    let dir = ns::folder("pambench");
    let service =
        |name: &str, auth: &str| fs::write(dir.join(name), format!("{auth}\naccount required pam_permit.so\n"));
    let secret = dir.join("secret");
    fs::write(&secret, format!("{KEY_BASE32}\n\" TOTP_AUTH\n"))?;
    e2e::world::own(&secret, 0o600, "root:root");
    let socket = world.path("run/login.sock");
    service("pam_permit", "auth required pam_permit.so")?;
    service(
        "google-auth",
        &format!("auth required pam_google_authenticator.so secret={} user=root", secret.display()),
    )?;
    service("pam_2fa", &format!("auth requisite pam_2fa.so socket={}\nauth required pam_permit.so", socket.display()))?;
    for mode in ["loop", "fork", "exec"] {
        say(&format!("\nOne login's PAM transaction, microseconds, mode {mode} (fork: as sshd; exec: as su and sudo)"));
        let out = Command::new(tools.join("pambench"))
            .args(["-n", "300", "-m", mode])
            .arg(&dir)
            .args(["pam_permit".to_owned(), format!("google-auth=@totp:{KEY_HEX}"), "pam_2fa".to_owned()])
            .output()?;
        say(String::from_utf8_lossy(&out.stdout).trim_end());
    }
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The daemon's part of a prompt: from `Begin` to the question. Each person once: a second login would adopt a code.
fn begin_to_question(world: &World) -> Result<(), Box<dyn Error>> {
    let mut times = Vec::new();
    for n in 0..20 {
        let person = world.person(&format!("b{n}x"));
        let parameters = format!(r#"{{"version":1,"user":"{}","service":"sshd"}}"#, person.host.name);
        let begun = now();
        let reply = call(&world.path("run/login.sock"), "io.pam2fa.Login.Begin", &parameters)?;
        times.push(begun.elapsed());
        let reply = String::from_utf8_lossy(&reply).into_owned();
        if !reply.contains("\"ask\"") {
            return Err(format!("no question came: {reply}").into());
        }
    }
    say(&format!("\nFrom Begin to the question, new code, median of 20: {:.2?}", median(times)));
    Ok(())
}

/// What someone at ssh waits for, pam_unix with its SHA-512 crypt included.
fn password_to_prompt(world: &World) {
    let mut times = Vec::new();
    for n in 0..10 {
        let person = world.person(&format!("p{n}x"));
        let mut ssh = world.ssh(&person).open();
        ssh.wait_for("Password:");
        ssh.type_line(e2e::ssh::PASSWORD);
        let typed = now();
        ssh.wait_for_code_prompt();
        times.push(typed.elapsed());
        ssh.interrupt();
    }
    say(&format!("From the password's Enter to the code's prompt, over ssh, median of 10: {:.2?}", median(times)));
}

/// `Admin.TestEmail`: configd, courier, and the real Postfix's 250.
fn send_to_accepted(world: &World, ada: &Person) -> Result<(), Box<dyn Error>> {
    let mut times = Vec::new();
    for n in 1..=21 {
        let begun = now();
        let parameters = format!(r#"{{"to":"{}"}}"#, ada.email);
        let reply = call(&world.path("run/admin.sock"), "io.pam2fa.Admin.TestEmail", &parameters)?;
        times.push(begun.elapsed());
        let reply = String::from_utf8_lossy(&reply).into_owned();
        if !reply.contains("accepted") {
            return Err(format!("mail {n} was not accepted: {reply}").into());
        }
    }
    let _ = mailbox::wait_for(&ada.email, times.len());
    let fresh = times.remove(0);
    say(&format!("From the order to Postfix's 250: fresh {fresh:.2?}, pooled (median of 20) {:.2?}", median(times)));
    Ok(())
}

fn memory(world: &World) -> Result<(), Box<dyn Error>> {
    for (name, pid) in ["configd", "courier"].iter().zip(world.pids()) {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = |key: &str| status.lines().find(|line| line.starts_with(key)).unwrap_or_default().replace('\t', " ");
        say(&format!("Memory of {name}: {}, {}", line("VmRSS:"), line("RssAnon:")));
    }
    Ok(())
}
