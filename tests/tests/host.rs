//! The stage itself: the servers around the product are real, and what the other tests believe of them is so.

use e2e::host::{self, Sshd, Stack};
use e2e::ns;
use e2e::ssh::{PASSWORD, Ssh};

#[test]
#[ignore = "needs tests/ns/enter"]
fn without_us_a_password_alone_opens_a_shell() {
    ns::require();
    let dir = ns::folder("host");
    let sshd = Sshd::start(&dir, &Stack::WithoutUs.text(""), "");
    let user = host::add_user(&format!("plain{}", sshd.port));
    let mut ssh = Ssh::new(&user.name, sshd.port).from("203.0.113.5").open();
    ssh.wait_for("Password:");
    ssh.type_line(PASSWORD);
    ssh.wait_for("$ ");
    ssh.type_line("echo here-$((40+2)) $SSH_CONNECTION");
    ssh.wait_for("here-42 203.0.113.5 ");
    ssh.type_line("exit");
    assert!(ssh.wait_for_end().success());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_stack_that_names_a_missing_module_denies() {
    ns::require();
    let dir = ns::folder("host");
    let stack = "auth [success=1 default=ignore] pam_unix.so nodelay\nauth requisite pam_deny.so\n\
                 auth requisite /nowhere/pam_2fa.so\nauth required pam_permit.so\naccount required pam_unix.so\n";
    let sshd = Sshd::start(&dir, stack, "");
    let user = host::add_user(&format!("gone{}", sshd.port));
    let mut ssh = Ssh::new(&user.name, sshd.port).option("NumberOfPasswordPrompts=1").open();
    ssh.wait_for("Password:");
    ssh.type_line(PASSWORD);
    ssh.wait_for("Permission denied");
    assert!(!ssh.wait_for_end().success());
}
