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

/// No authselect: a program for this test that does what authselect's source does for `check`, `select`, `opt-out` and a template's
/// conditions, and nothing else. The real one is in no Debian.
const FAKE_AUTHSELECT: &str = include_str!("fake-authselect.py");
const FAKES_PROFILE: &str = "/usr/share/authselect/default/local";
/// With it, the fake is of a newer release, which writes over what was edited.
const OVERWRITES: &str = "/etc/authselect/fake-newer";

/// After authselect's profile `local`; what a feature gives in its auth lines alone is named nowhere else.
const SYSTEM_AUTH: &str = r#"{imply "with-smartcard" if "with-smartcard-required"}
auth        required                                     pam_env.so
auth        required                                     pam_faillock.so preauth silent                         {include if "with-faillock"}
auth        sufficient                                   pam_fprintd.so                                         {include if "with-fingerprint"}
auth        sufficient                                   pam_unix.so nullok
auth        required                                     pam_faillock.so authfail                               {include if "with-faillock"}
auth        optional                                     pam_warn.so                                            {include if "with-pam-gnome-keyring"}
auth        required                                     pam_deny.so

account     required                                     pam_faillock.so                                        {include if "with-faillock"}
account     required                                     pam_unix.so
"#;
/// Which newer releases have.
const SWITCHABLE_AUTH: &str = r#"auth required pam_debug.so auth=authinfo_unavail {exclude if "with-switchable-auth"}
{continue if "with-switchable-auth"}
auth        required                                     pam_env.so
auth        sufficient                                   pam_unix.so nullok
auth        required                                     pam_deny.so

account     include                                      system-auth
"#;
const REQUIREMENTS: &str =
    "- with-pam-gnome-keyring is selected, make sure it is there {include if \"with-pam-gnome-keyring\"}\n";

/// As gdm's own service.
const SWITCHABLE: &str = "/etc/pam.d/gdm-switchable-auth";
const MADE: [&str; 4] = ["system-auth", "password-auth", "switchable-auth", "postlogin"];

struct FakeAuthselect(Vec<u8>);

impl FakeAuthselect {
    fn set_up() -> Self {
        let was = read(LOGIN).unwrap();
        create_dir_all("/etc/authselect/custom").unwrap();
        create_dir_all(FAKES_PROFILE).unwrap();
        for (name, text) in [
            ("README", "Local users\n"),
            ("REQUIREMENTS", REQUIREMENTS),
            ("system-auth", SYSTEM_AUTH),
            ("password-auth", SYSTEM_AUTH),
            ("switchable-auth", SWITCHABLE_AUTH),
            ("postlogin", "session optional pam_permit.so\n"),
        ] {
            write(format!("{FAKES_PROFILE}/{name}"), text).unwrap();
        }
        write("/usr/bin/authselect", FAKE_AUTHSELECT).unwrap();
        set_permissions("/usr/bin/authselect", PermissionsExt::from_mode(0o755)).unwrap();
        let text =
            "auth substack system-auth\nauth include postlogin\naccount include system-auth\n@include common-session\n";
        write(LOGIN, text).unwrap();
        write(SWITCHABLE, "auth substack switchable-auth\naccount include switchable-auth\n").unwrap();
        Self::select(&["local", "with-faillock"]);
        Self(was)
    }

    fn select(words: &[&str]) {
        Self::run(&[&["select"], words].concat());
    }

    fn run(words: &[&str]) {
        assert!(Command::new("/usr/bin/authselect").args(words).status().unwrap().success(), "{words:?}");
    }
}

impl Drop for FakeAuthselect {
    fn drop(&mut self) {
        drop(write(LOGIN, &self.0));
        for name in MADE.into_iter().chain(["fingerprint-auth", "smartcard-auth", "gdm-switchable-auth"]) {
            drop(remove_file(format!("/etc/pam.d/{name}")));
        }
        drop(remove_dir_all("/etc/authselect"));
        drop(remove_dir_all("/var/lib/authselect"));
        drop(remove_file("/usr/bin/authselect"));
    }
}

/// Without the time in a first line.
fn authselects_files() -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<_> =
        MADE.into_iter().chain(["authselect.conf"]).map(|name| Path::new("/etc/authselect").join(name)).collect();
    all.extend(files().into_iter().map(|(path, _)| path));
    let text = |path: &Path| read_to_string(path).unwrap();
    let untimed = |text: String| match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("# Generated by authselect on ") => rest.to_owned(),
        _ => text,
    };
    all.into_iter().map(|path| (path.clone(), untimed(text(&path)).into_bytes())).collect()
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
    let out = enable(&[]);
    assert!(out.status.success(), "{}", text_of(&out));
    write("/etc/authselect/authselect.conf", "local\nwith-faillock\n").unwrap();
    let out = world.command(&["disable", "--all"]);
    assert!(text_of(&out).contains("they are as they were before"), "{}", text_of(&out));
    assert!(authselects_files() == before);

    // Edited: authselect would overwrite it.
    FakeAuthselect::select(&["local", "with-faillock"]);
    let made = read_to_string("/etc/authselect/system-auth").unwrap();
    write("/etc/authselect/system-auth", format!("{made}# mine\n")).unwrap();
    let out = enable(&[]);
    assert!(text_of(&out).contains("authselect finds its files edited"), "{}", text_of(&out));
    write("/etc/authselect/system-auth", made).unwrap();
    // A feature, and another profile, since.
    let out = enable(&[]);
    assert!(out.status.success(), "{}", text_of(&out));
    let profile = "/usr/share/authselect/default/other";
    assert!(
        Command::new("cp").args(["-r", "/usr/share/authselect/default/local", profile]).status().unwrap().success()
    );
    FakeAuthselect::select(&["other"]);
    let out = world.command(&["disable", "--all"]);
    assert!(out.status.success() && text_of(&out).contains("they were changed since"), "{}", text_of(&out));
    assert_eq!(read_to_string("/etc/authselect/authselect.conf").unwrap().trim(), "other");
    assert!(!Path::new("/etc/authselect/custom/pam-2fa").exists());
}

/// What newer releases of authselect do otherwise: they write over what was edited without a word, and have a file more.
#[test]
#[ignore = "needs tests/ns/enter"]
fn what_was_edited_in_authselects_files_is_backed_up_and_every_file_that_takes_a_password_asks() {
    let _alone = alone();
    let world = Plan::default().policy("required = \"mandatory\"").start();
    let _fake = FakeAuthselect::set_up();
    let _put_back = PutBack(&world);
    let enable = || {
        let out = world.command(&["enable", "--all", "--untested", "--without-users", "--without-break-glass"]);
        assert!(out.status.success(), "{}", text_of(&out));
        text_of(&out)
    };
    let disable = || text_of(&world.command(&["disable", "--all"]));
    let made = |name: &str| read_to_string(format!("/etc/authselect/{name}")).unwrap();

    // A feature that auth lines alone name, and a file that is switched off.
    FakeAuthselect::select(&["local", "with-pam-gnome-keyring"]);
    let before = authselects_files();
    enable();
    assert!(made("system-auth").contains("pam_2fa.so") && !made("switchable-auth").contains("pam_2fa.so"));
    assert!(disable().contains("they are as they were before"));
    assert_eq!(authselects_files(), before);

    // Nor does a feature open it that is selected while ours is.
    enable();
    FakeAuthselect::select(&["custom/pam-2fa", "with-switchable-auth"]);
    assert!(!made("switchable-auth").contains("pam_unix.so"), "{}", made("switchable-auth"));
    assert!(made("system-auth").contains("pam_2fa.so"));
    disable();
    assert!(made("switchable-auth").contains("pam_unix.so"), "{}", made("switchable-auth"));

    // Switched on, it takes a password.
    FakeAuthselect::select(&["local", "with-switchable-auth"]);
    let said = enable();
    assert!(said.contains("gdm-switchable-auth"), "{said}");
    assert!(made("switchable-auth").contains("auth\trequisite\tpam_2fa.so break-glass"), "{}", made("switchable-auth"));

    write(OVERWRITES, "").unwrap();
    let edited = format!("{}# mine\n", made("system-auth"));
    write("/etc/authselect/system-auth", &edited).unwrap();
    let said = disable();
    let (_, name) = said.split_once("`authselect backup-list` has its files as ").unwrap_or_else(|| panic!("{said}"));
    let backup = format!("/var/lib/authselect/backups/{}/system-auth", name.lines().next().unwrap());
    assert_eq!(read_to_string(backup).unwrap(), edited);
    assert!(!made("system-auth").contains("pam_2fa.so"));

    // authselect does no more.
    enable();
    FakeAuthselect::run(&["opt-out"]);
    let said = disable();
    assert!(said.contains("`authselect opt-out`?") && said.contains("/etc/pam.d/system-auth:"), "{said}");
    for name in MADE {
        let path = format!("/etc/pam.d/{name}");
        let text = read_to_string(&path).unwrap();
        let lines = text.lines().filter(|line| !line.contains("pam_2fa.so"));
        write(&path, lines.map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    }
    let said = disable();
    assert!(said.contains("authselect keeps no file of this host any more"), "{said}");
    assert!(!Path::new("/etc/authselect/custom/pam-2fa").exists());
    assert!(!Path::new("/var/lib/pam-2fa/enable/all.services.json").exists());
}
