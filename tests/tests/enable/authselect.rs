//! `enable --all` where authselect keeps the lines.

use crate::rhel::counted;
use crate::{LOGIN, PutBack, SOCKET, alone, at_the_password, files};
use e2e::mailbox;
use e2e::ssh::PASSWORD;
use e2e::world::{Plan, text_of};
use std::fs::{create_dir_all, read, read_to_string, remove_dir_all, remove_file, set_permissions, write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// No authselect: a program for this test that does what authselect(8) says of `check`, `select` and of a template's lines with
/// `{include if "FEATURE"}`, and nothing else. The real one is in no Debian.
const FAKE_AUTHSELECT: &str = include_str!("fake-authselect.py");

/// The profile of RHEL's, from memory.
const SYSTEM_AUTH: &str = r#"auth        required                                     pam_env.so
auth        required                                     pam_faillock.so preauth silent                         {include if "with-faillock"}
auth        sufficient                                   pam_fprintd.so                                         {include if "with-fingerprint"}
auth        [default=1 ignore=ignore success=ok]         pam_usertype.so isregular
auth        [default=1 ignore=ignore success=ok]         pam_localuser.so
auth        sufficient                                   pam_unix.so nullok
auth        required                                     pam_faillock.so authfail                               {include if "with-faillock"}
auth        required                                     pam_deny.so
account     required                                     pam_faillock.so                                        {include if "with-faillock"}
account     required                                     pam_unix.so
"#;

struct FakeAuthselect(Vec<u8>);

impl FakeAuthselect {
    fn set_up() -> Self {
        let was = read(LOGIN).unwrap();
        create_dir_all("/etc/authselect/custom").unwrap();
        create_dir_all("/usr/share/authselect/default/local").unwrap();
        for name in ["system-auth", "password-auth", "postlogin"] {
            let text = if name == "postlogin" { "session optional pam_permit.so\n" } else { SYSTEM_AUTH };
            write(format!("/usr/share/authselect/default/local/{name}"), text).unwrap();
            symlink(format!("/etc/authselect/{name}"), format!("/etc/pam.d/{name}")).unwrap();
        }
        write("/usr/bin/authselect", FAKE_AUTHSELECT).unwrap();
        set_permissions("/usr/bin/authselect", PermissionsExt::from_mode(0o755)).unwrap();
        let text =
            "auth substack system-auth\nauth include postlogin\naccount include system-auth\n@include common-session\n";
        write(LOGIN, text).unwrap();
        Self::select(&["local", "with-faillock"]);
        Self(was)
    }

    fn select(words: &[&str]) {
        assert!(Command::new("/usr/bin/authselect").arg("select").args(words).status().unwrap().success());
    }
}

impl Drop for FakeAuthselect {
    fn drop(&mut self) {
        drop(write(LOGIN, &self.0));
        for name in ["system-auth", "password-auth", "postlogin"] {
            drop(remove_file(format!("/etc/pam.d/{name}")));
        }
        drop(remove_dir_all("/etc/authselect"));
        drop(remove_file("/usr/bin/authselect"));
    }
}

fn authselects_files() -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = ["authselect.conf", "system-auth", "password-auth", "postlogin"]
        .map(|name| Path::new("/etc/authselect").join(name))
        .into_iter()
        .map(|path| (path.clone(), read(&path).unwrap()))
        .collect();
    all.extend(files());
    all
}

/// A fake authselect, which says that it is one; the logins are the host's own.
#[test]
#[ignore = "needs tests/ns/enter"]
fn where_authselect_keeps_the_lines_a_profile_of_ours_is_selected_and_the_one_before_again() {
    let _alone = alone();
    let world = Plan::default().policy("required = \"mandatory\"").start();
    create_dir_all("/run/pam-2fa").unwrap();
    symlink(world.path("run/login.sock"), SOCKET).unwrap();
    let _fake = FakeAuthselect::set_up();
    let _put_back = PutBack(&world);
    let (before, ada) = (authselects_files(), world.person("ada"));
    let enable =
        |more: &[&str]| world.command(&[&["enable", "--all", "--untested", "--without-break-glass"], more].concat());

    let out = enable(&["--dry-run"]);
    let said = text_of(&out);
    assert!(out.status.success() && said.contains("+auth    requisite    pam_2fa.so break-glass"), "{said}");
    assert!(authselects_files() == before && !Path::new("/etc/authselect/custom/pam-2fa").exists());
    let out = enable(&[]);
    assert!(out.status.success(), "{}", text_of(&out));
    assert_eq!(read_to_string("/etc/authselect/authselect.conf").unwrap(), "custom/pam-2fa\nwith-faillock\n");
    let mut login = at_the_password(&ada.host.name);
    login.type_line("not the password");
    login.wait_for("Login incorrect");
    assert_eq!((counted(&ada.host.name), mailbox::count_after_a_while(&ada.email)), (1, 0));
    let mut login = at_the_password(&ada.host.name);
    login.type_line(PASSWORD);
    login.wait_for_code_prompt();
    login.type_line(&mailbox::wait_for(&ada.email, 1).code());
    login.prove_shell();
    assert_eq!(counted(&ada.host.name), 0);

    let out = world.command(&["disable", "--all"]);
    assert!(text_of(&out).contains("they are as they were before"), "{}", text_of(&out));
    assert!(authselects_files() == before && !Path::new("/etc/authselect/custom/pam-2fa").exists());
    let mut login = at_the_password(&ada.host.name);
    login.type_line(PASSWORD);
    login.prove_shell();

    // Killed while authselect was at it: the files are ours, and its own word is the old one.
    assert!(enable(&[]).status.success());
    write("/etc/authselect/authselect.conf", "local\nwith-faillock\n").unwrap();
    let out = world.command(&["disable", "--all"]);
    assert!(text_of(&out).contains("they are as they were before"), "{}", text_of(&out));
    assert!(authselects_files() == before);

    // Edited: authselect would overwrite it.
    let made = read_to_string("/etc/authselect/system-auth").unwrap();
    write("/etc/authselect/system-auth", format!("{made}# mine\n")).unwrap();
    let out = enable(&[]);
    assert!(text_of(&out).contains("authselect finds its files edited"), "{}", text_of(&out));
    write("/etc/authselect/system-auth", made).unwrap();
    // A feature, and another profile, since.
    assert!(enable(&[]).status.success());
    let profile = "/usr/share/authselect/default/other";
    assert!(
        Command::new("cp").args(["-r", "/usr/share/authselect/default/local", profile]).status().unwrap().success()
    );
    FakeAuthselect::select(&["other"]);
    let out = world.command(&["disable", "--all"]);
    assert!(out.status.success() && text_of(&out).contains("they were changed since"), "{}", text_of(&out));
    assert_eq!(read_to_string("/etc/authselect/authselect.conf").unwrap(), "other\n");
    assert!(!Path::new("/etc/authselect/custom/pam-2fa").exists());
}
