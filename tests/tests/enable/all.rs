//! `enable --all` and `disable --all` with the host's own pam-auth-update.

use crate::{PutBack, SOCKET, Sshd, alone, at_the_password};
use e2e::mailbox;
use e2e::ssh::{PASSWORD, Ssh};
use e2e::terminal::Terminal;
use e2e::wait;
use e2e::world::{Person, Plan, World, text_of};
use std::fs::{create_dir_all, read, read_dir, write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What pam-auth-update reads and writes.
fn common_files() -> Vec<(PathBuf, Vec<u8>)> {
    let folders = ["/etc/pam.d", "/var/lib/pam", "/usr/share/pam-configs"];
    let mut all: Vec<_> =
        folders.iter().flat_map(|folder| read_dir(folder).unwrap()).map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all.into_iter().map(|path| (path.clone(), read(&path).unwrap())).collect()
}

/// Whether this host's common lines are pam-auth-update's.
#[expect(clippy::print_stderr, clippy::disallowed_macros, reason = "a test that is skipped says so")]
fn has_tool() -> bool {
    let is_there = Path::new("/usr/sbin/pam-auth-update").exists();
    if !is_there {
        eprintln!("NOT CHECKED: no pam-auth-update on this host");
    }
    is_there
}

/// Whom all are asked by: a world that the host's own socket leads to.
fn world(plan: Plan) -> World {
    let world = plan.start();
    create_dir_all("/run/pam-2fa").unwrap();
    symlink(world.path("run/login.sock"), SOCKET).unwrap();
    world
}

/// Logs in by the code of so many messages.
fn at_the_console(person: &Person, messages: usize) {
    let mut login = at_the_password(&person.host.name);
    login.type_line(PASSWORD);
    login.wait_for_code_prompt();
    login.type_line(&mailbox::wait_for(&person.email, messages).code());
    login.prove_shell();
}

/// login, su and sshd of the host, with the host's own pam-auth-update.
#[test]
#[ignore = "needs tests/ns/enter"]
fn all_services_ask_for_a_code_from_enable_all_to_disable_all_and_every_file_is_then_what_it_was() {
    if !has_tool() {
        return;
    }
    let _alone = alone();
    let world = world(Plan::default().policy("required = \"mandatory\""));
    let _put_back = PutBack(&world);
    let before = common_files();
    let (ada, port) = (world.person("ada"), 20_000 + e2e::ns::next_number());
    let _sshd = Sshd::start(&world, port, "no");
    let config = world.path("own_config");
    let meant = ["--untested", "--without-break-glass", "--sshd-config", config.to_str().unwrap()];
    let enable = |more: &[&str]| world.command(&[&["enable", "--all"], &meant[..], more].concat());

    let out = enable(&[]);
    assert!(text_of(&out).contains("sshd has no way to ask for a code"), "{}", text_of(&out));
    let out = enable(&["--sshd", "--dry-run"]);
    assert!(
        out.status.success() && text_of(&out).contains("+auth    requisite            pam_2fa.so"),
        "{}",
        text_of(&out)
    );
    assert!(common_files() == before);
    let out = enable(&["--sshd"]);
    let said = text_of(&out);
    assert!(out.status.success(), "{said}");
    let asking = said.lines().find_map(|line| line.strip_prefix("these ask for a code then: ")).unwrap();
    for service in ["login", "sshd", "su", "sudo"] {
        assert!(asking.split(", ").any(|asks| asks == service), "{service}: {asking}");
    }

    let mut login = at_the_password(&ada.host.name);
    login.type_line("not the password");
    login.wait_for("Login incorrect");
    assert_eq!(mailbox::count_after_a_while(&ada.email), 0);
    at_the_console(&ada, 1);
    let words = ["--reuid=65534", "--regid=65534", "--clear-groups", "su", &ada.host.name].map(String::from);
    let mut su = Terminal::open("setpriv", &words);
    su.wait_for("Password: ");
    su.type_line(PASSWORD);
    su.wait_for_code_prompt();
    su.type_line(&mailbox::wait_for(&ada.email, 2).code());
    su.prove_shell();
    let mut ssh = Ssh::new(&ada.host.name, port).from("203.0.113.5").open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&mailbox::wait_for(&ada.email, 3).code());
    ssh.prove_shell();

    // What is not to be confirmed is not.
    assert!(text_of(&world.command(&["confirm", "--all"])).contains("no `enable --all` waits to be confirmed"));
    let out = world.command(&["disable", "--all", "--sshd-config", config.to_str().unwrap()]);
    let said = text_of(&out);
    assert!(said.contains("they are as they were before") && said.contains("our lines are out of "), "{said}");
    assert!(common_files() == before);
    let mut login = at_the_password(&ada.host.name);
    login.type_line(PASSWORD);
    login.prove_shell();
    assert_eq!(mailbox::count_after_a_while(&ada.email), 3);
}

/// A login of any service proves what was changed for all; sshd's own settings are proved by sshd alone.
#[test]
#[ignore = "needs tests/ns/enter"]
fn what_enable_all_has_changed_stays_by_a_login_with_a_code_and_goes_again_without_one() {
    if !has_tool() {
        return;
    }
    let _alone = alone();
    let world = world(Plan::default().policy("required = \"mandatory\""));
    let _put_back = PutBack(&world);
    let before = common_files();
    let (ada, port) = (world.person("ada"), 20_000 + e2e::ns::next_number());
    let _sshd = Sshd::start(&world, port, "no");
    let config = world.path("own_config");
    let run = |words: &[&str], ends: i32| {
        let out = world.command(words);
        assert_eq!(out.status.code(), Some(ends), "{words:?}: {}", text_of(&out));
        text_of(&out)
    };
    let enable = |within: &str, more: &[&str]| {
        let meant = ["--confirm-within", within, "--untested", "--without-break-glass", "--without-timer"];
        let which = ["--sshd-config", config.to_str().unwrap()];
        run(&[&["enable", "--all", "--sshd"], &which[..], &meant[..], more].concat(), 0)
    };
    let said = enable("10m", &["--dry-run", "--json"]);
    assert!(said.contains("\"confirm_until\": \"2"), "{said}");
    assert!(common_files() == before);
    let said = enable("10m", &[]);
    assert!(said.contains("it goes again in 10 min, at ") && said.contains("unless `pam-2fa confirm` comes"), "{said}");
    let enabled = common_files();
    assert!(enabled != before);
    at_the_console(&ada, 1);
    for words in [&["confirm"][..], &["confirm", "--all"]] {
        let said = run(words, 1);
        assert!(said.contains("--all: nobody has got in to sshd by a code") && said.contains("min"), "{said}");
    }
    assert!(run(&["confirm", "login"], 1).contains("login does not wait to be confirmed"));
    let mut ssh = Ssh::new(&ada.host.name, port).from("203.0.113.5").open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&mailbox::wait_for(&ada.email, 2).code());
    ssh.prove_shell();
    let said = run(&["confirm"], 0);
    let stays = format!("--all stays as it is: {} got in to sshd by a code (email) at ", ada.host.name);
    assert!(said.contains(&stays), "{said}");
    assert_eq!(run(&["disable", "--unconfirmed"], 0), "");
    assert!(common_files() == enabled);
    run(&["disable", "--all", "--sshd-config", config.to_str().unwrap()], 0);
    assert!(common_files() == before);

    let drop_in = format!("{}.d/00-pam-2fa.conf", config.display());
    enable("2s", &["--without-users"]);
    assert!(Path::new(&drop_in).exists());
    let is_over = || Some(run(&["disable", "--unconfirmed"], 0)).filter(|said| !said.is_empty());
    let said = wait::until("the time to be over", is_over);
    assert!(said.contains("the common lines ask for no code any more: nobody has confirmed it within 2 s"), "{said}");
    assert!(said.contains("they are as they were before"), "{said}");
    assert!(common_files() == before && !Path::new(&drop_in).exists());
    assert!(run(&["confirm"], 1).contains("nothing waits to be confirmed"));
    // While it waits, the receipt knows which sshd it was.
    enable("10m", &[]);
    run(&["disable", "--all"], 0);
    assert!(common_files() == before && !Path::new(&drop_in).exists());
}

/// `libpam-runtime/override` is what pam-auth-update asks before it writes over what somebody has edited; an installer may have answered.
#[test]
#[ignore = "needs tests/ns/enter"]
fn what_was_edited_between_the_marks_stays_also_where_debconf_was_told_to_write_over_it() {
    if !has_tool() {
        return;
    }
    let _alone = alone();
    let world = Plan::default().policy("required = \"mandatory\"").start();
    let _put_back = PutBack(&world);
    let before = common_files();
    let override_is = |what: &str| {
        let line = format!("echo libpam-runtime libpam-runtime/override boolean {what} | debconf-set-selections");
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
    };
    let meant = ["--untested", "--without-users", "--without-break-glass"];
    let out = world.command(&[&["enable", "--all"], &meant[..]].concat());
    // sshd cannot ask, and that is another test's.
    assert!(out.status.success() || text_of(&out).contains("sshd has no way"), "{}", text_of(&out));
    let config = world.path("own_config");
    let _sshd = (!out.status.success()).then(|| {
        let sshd = Sshd::start(&world, 20_000 + e2e::ns::next_number(), "no");
        let words = [&["enable", "--all", "--sshd", "--sshd-config", config.to_str().unwrap()], &meant[..]].concat();
        let out = world.command(&words);
        assert!(out.status.success(), "{}", text_of(&out));
        sshd
    });
    let made = read("/etc/pam.d/common-auth").unwrap();
    let edited = String::from_utf8(made.clone()).unwrap().replace("# here's", "auth optional pam_warn.so\n# here's");
    write("/etc/pam.d/common-auth", &edited).unwrap();
    override_is("true");
    let said = text_of(&world.command(&["disable", "--all"]));
    assert!(said.contains("take the lines with pam_2fa.so out by hand"), "{said}");
    assert_eq!(read("/etc/pam.d/common-auth").unwrap(), edited.into_bytes());
    override_is("false");
    write("/etc/pam.d/common-auth", made).unwrap();
    let said = text_of(&world.command(&["disable", "--all", "--sshd-config", config.to_str().unwrap()]));
    assert!(said.contains("they are as they were before"), "{said}");
    assert!(common_files() == before);
}

/// sshd of the host, with the lines that pam-auth-update makes of both profiles.
#[test]
#[ignore = "needs tests/ns/enter"]
fn with_a_decoy_for_all_who_has_no_method_and_who_has_the_wrong_password_see_the_prompt_of_who_gets_in() {
    if !has_tool() {
        return;
    }
    let _alone = alone();
    let plan = Plan::default().policy("required = \"mandatory\"\nenrolment = \"administrator\"");
    let world = world(plan.settings("[codes]\nprompt = \"constant\""));
    let _put_back = PutBack(&world);
    let before = common_files();
    let (ada, bob, port) = (world.person("ada"), world.stranger("bob"), 20_000 + e2e::ns::next_number());
    let _sshd = Sshd::start(&world, port, "no");
    let config = world.path("own_config");
    let of_it = |words: &[&str]| world.command(&[words, &["--sshd-config", config.to_str().unwrap()]].concat());
    let out = of_it(&["enable", "--all", "--decoy", "--sshd", "--untested", "--without-break-glass"]);
    assert!(out.status.success(), "{}", text_of(&out));

    let ssh = |user: &str| Ssh::new(user, port).from("203.0.113.5").tries(1);
    // What stands on the screen at the first prompt for a code, without the tag.
    let prompted = |user: &str, password: &str| {
        let mut ssh = ssh(user).open();
        ssh.wait_for("Password:");
        ssh.type_line(password);
        ssh.wait_for_code_prompt();
        let screen = ssh.text().replace(user, "NAME");
        let (_, prompt) = screen.split_once("If the password was right, a code was sent (").unwrap();
        let said = prompt.split_once(')').unwrap().1.to_owned();
        (ssh, said)
    };
    let (mut login, shown) = prompted(&ada.host.name, PASSWORD);
    for (user, password) in [
        (&ada.host.name, "not the password"),
        (&bob.host.name, "not the password"),
        (&bob.host.name, PASSWORD),
        (&String::from("nobodyhere"), "not the password"),
    ] {
        let (mut other, said) = prompted(user, password);
        assert_eq!(said, shown, "{user}");
        for attempt in 0..3 {
            other.type_line("000000");
            if attempt < 2 {
                other.wait_for_code_prompt();
            }
        }
        other.wait_for_denial();
    }
    let mails = mailbox::wait_for(&ada.email, 1);
    assert_eq!(mailbox::count_codes_after_a_while(&ada.email), 1, "a decoy sends nothing");
    login.type_line(&mails.code());
    login.prove_shell();

    let said = text_of(&of_it(&["disable", "--all"]));
    assert!(said.contains("they are as they were before"), "{said}");
    assert!(common_files() == before);
}
