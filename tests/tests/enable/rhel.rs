//! RHEL's lines, written whole, through the host's own libpam and modules.

use crate::{LOGIN, PutBack, SOCKET, alone, at_the_password, files};
use e2e::mailbox;
use e2e::ssh::PASSWORD;
use e2e::terminal::Terminal;
use e2e::world::{Plan, text_of};
use std::fs::{create_dir_all, read, read_to_string, remove_file, write};
use std::os::unix::fs::symlink;
use std::process::Command;

/// RHEL's system-auth with faillock (without pam_sss, which not every Debian has).
const RHEL: &str = "auth        required                                     pam_env.so
auth        required                                     pam_faillock.so preauth silent deny=3
auth        [default=1 ignore=ignore success=ok]         pam_usertype.so isregular
auth        [default=1 ignore=ignore success=ok]         pam_localuser.so
auth        sufficient                                   pam_unix.so nullok
auth        required                                     pam_faillock.so authfail deny=3
auth        required                                     pam_deny.so
";

/// login's file, with RHEL's lines in the place of Debian's; put back at the end.
struct LikeRhel(Vec<u8>);

impl LikeRhel {
    fn set_up() -> Self {
        let was = read(LOGIN).unwrap();
        let text = String::from_utf8(was.clone()).unwrap();
        let auth: Vec<&str> = text.lines().filter(|line| line.starts_with("auth")).collect();
        let mut text = text.replace("@include common-auth", "auth substack rhel-auth\nauth include rhel-postlogin");
        for line in auth {
            text = text.replace(line, "");
        }
        write("/etc/pam.d/rhel-auth", RHEL).unwrap();
        write("/etc/pam.d/rhel-postlogin", "session optional pam_permit.so\n").unwrap();
        write(LOGIN, format!("{text}\naccount required pam_faillock.so\n")).unwrap();
        Self(was)
    }
}

impl Drop for LikeRhel {
    fn drop(&mut self) {
        drop(write(LOGIN, &self.0));
        drop(remove_file("/etc/pam.d/rhel-auth"));
        drop(remove_file("/etc/pam.d/rhel-postlogin"));
    }
}

/// How many wrong passwords pam_faillock holds of a user: lines that end in V.
pub(crate) fn counted(user: &str) -> usize {
    let out = Command::new("faillock").args(["--user", user]).output().unwrap();
    String::from_utf8_lossy(&out.stdout).lines().filter(|line| line.trim_end().ends_with('V')).count()
}

/// The host's own libpam and modules, through lines that `enable` has written whole.
#[test]
#[ignore = "needs tests/ns/enter"]
fn rhels_lines_written_whole_ask_once_after_a_right_password_and_faillock_counts_passwords_alone() {
    let _alone = alone();
    let world = Plan::default().policy("required = \"mandatory\"").start();
    create_dir_all("/run/pam-2fa").unwrap();
    symlink(world.path("run/login.sock"), SOCKET).unwrap();
    let rhel = LikeRhel::set_up();
    let _put_back = PutBack(&world);
    let (before, ada) = (files(), world.person("ada"));
    let fails = |what: &str| {
        let mut login = at_the_password(&ada.host.name);
        login.type_line(what);
        login.wait_for("Login incorrect");
    };
    let out = world.command(&["enable", "login", "--untested", "--without-break-glass"]);
    let said = text_of(&out);
    assert!(
        out.status.success() && said.contains("only a right code clears the count (in its account lines)"),
        "{said}"
    );
    let text = read_to_string(LOGIN).unwrap();
    assert!(text.contains("[success=2 default=ignore]\tpam_unix.so") && !text.contains("substack"), "{text}");

    fails("not the password");
    assert_eq!((counted(&ada.host.name), mailbox::count_after_a_while(&ada.email)), (1, 0));
    let mut login = at_the_password(&ada.host.name);
    login.type_line(PASSWORD);
    login.wait_for_code_prompt();
    assert_eq!(counted(&ada.host.name), 1, "the password alone clears nothing");
    login.type_line("000000");
    login.wait_for("Wrong code, 2 tries left. Code: ");
    assert_eq!(counted(&ada.host.name), 1, "a wrong code counts nothing");
    login.type_line(&mailbox::wait_for(&ada.email, 1).code());
    login.prove_shell();
    assert_eq!(counted(&ada.host.name), 0, "the login clears it");

    for _ in 0..3 {
        fails("not the password");
    }
    let sent = mailbox::count_after_a_while(&ada.email);
    let mut login = Terminal::open("login", std::slice::from_ref(&ada.host.name));
    // Whatever is typed: nobody is asked for a code.
    login.wait_for("Login incorrect");
    assert_eq!(mailbox::count_after_a_while(&ada.email), sent);
    assert!(Command::new("faillock").args(["--user", &ada.host.name, "--reset"]).status().unwrap().success());
    assert!(world.command(&["disable", "login"]).status.success());
    assert_eq!(files(), before);
    let mut login = at_the_password(&ada.host.name);
    login.type_line(PASSWORD);
    login.prove_shell();
    drop(rhel);
}
