//! Stacks of other distributions: auth lines written whole, and who is refused.
//!
//! The files are from memory of those distributions (RHEL 8 and 9 by authselect, Fedora, openSUSE, Arch, Alpine), not from hosts of theirs.

#![expect(clippy::unwrap_used, reason = "a test that cannot run must say so")]

use crate::common;
use crate::needs_root;
use crate::world::World;
use std::fs::remove_file;

/// RHEL 9, `authselect select sssd with-faillock with-fingerprint`.
const RHEL_9: &[(&str, &str)] = &[
    (
        "system-auth",
        "auth        required                                     pam_env.so
auth        required                                     pam_faildelay.so delay=2000000
auth        required                                     pam_faillock.so preauth silent
auth        sufficient                                   pam_fprintd.so
auth        [default=1 ignore=ignore success=ok]         pam_usertype.so isregular
auth        [default=1 ignore=ignore success=ok]         pam_localuser.so
auth        sufficient                                   pam_unix.so nullok
auth        [default=1 ignore=ignore success=ok]         pam_usertype.so isregular
auth        sufficient                                   pam_sss.so forward_pass
auth        required                                     pam_faillock.so authfail
auth        required                                     pam_deny.so
account     required                                     pam_faillock.so
account     required                                     pam_unix.so
",
    ),
    (
        "password-auth",
        "auth        required                                     pam_env.so
auth        required                                     pam_faildelay.so delay=2000000
auth        required                                     pam_faillock.so preauth silent
auth        [default=1 ignore=ignore success=ok]         pam_usertype.so isregular
auth        [default=1 ignore=ignore success=ok]         pam_localuser.so
auth        sufficient                                   pam_unix.so nullok
auth        [default=1 ignore=ignore success=ok]         pam_usertype.so isregular
auth        sufficient                                   pam_sss.so forward_pass
auth        required                                     pam_faillock.so authfail
auth        required                                     pam_deny.so
account     required                                     pam_faillock.so
account     required                                     pam_unix.so
",
    ),
    ("postlogin", "session optional pam_umask.so silent\n"),
    (
        "sshd",
        "#%PAM-1.0
auth       substack     password-auth
auth       include      postlogin
account    required     pam_sepermit.so
account    required     pam_nologin.so
account    include      password-auth
",
    ),
    ("sudo", "#%PAM-1.0\nauth       include      system-auth\naccount    include      system-auth\n"),
    (
        "su",
        "#%PAM-1.0
auth            required        pam_env.so
auth            sufficient      pam_rootok.so
auth            substack        system-auth
auth            include         postlogin
account         sufficient      pam_succeed_if.so uid = 0 use_uid quiet
account         include         system-auth
",
    ),
    (
        "login",
        "#%PAM-1.0
auth       substack     system-auth
auth       include      postlogin
account    required     pam_nologin.so
account    include      system-auth
",
    ),
];
/// RHEL 8, the `minimal` profile with faillock.
const RHEL_8: &[(&str, &str)] = &[
    (
        "system-auth",
        "auth        required                                     pam_env.so
auth        required                                     pam_faillock.so preauth silent deny=4 unlock_time=1200
auth        sufficient                                   pam_unix.so nullok try_first_pass
auth        required                                     pam_faillock.so authfail deny=4 unlock_time=1200
auth        required                                     pam_deny.so
account     required                                     pam_faillock.so
account     required                                     pam_unix.so
",
    ),
    ("sudo", "auth       include      system-auth\naccount    include      system-auth\n"),
];
/// Fedora's sssd profile with a smart card or a password.
const FEDORA: &[(&str, &str)] = &[
    (
        "system-auth",
        "auth        required                                     pam_env.so
auth        [success=done authinfo_unavail=ignore user_unknown=ignore ignore=ignore default=die] pam_sss.so try_cert_auth
auth        [default=1 ignore=ignore success=ok]         pam_usertype.so isregular
auth        [default=1 ignore=ignore success=ok]         pam_localuser.so
auth        [default=2 ignore=ignore success=ok]         pam_usertype.so isregular
auth        [success=done authinfo_unavail=ignore user_unknown=ignore ignore=ignore default=die] pam_sss.so allow_missing_name
auth        sufficient                                   pam_unix.so nullok
auth        required                                     pam_deny.so
",
    ),
    ("sudo", "auth       include      system-auth\naccount    include      system-auth\n"),
];
const OPENSUSE: &[(&str, &str)] = &[
    (
        "common-auth",
        "auth\trequired\tpam_env.so\nauth\toptional\tpam_gnome_keyring.so\nauth\trequired\tpam_unix.so\ttry_first_pass\n",
    ),
    (
        "sshd",
        "auth        requisite   pam_nologin.so\nauth        include     common-auth\naccount     include     common-account\n",
    ),
    ("sudo", "auth     include        common-auth\n"),
];
const ALPINE: &[(&str, &str)] = &[
    (
        "base-auth",
        "auth\t\trequired\tpam_env.so\nauth\t\trequired\tpam_nologin.so\nauth\t\trequired\tpam_unix.so\tnullok\n",
    ),
    ("sshd", "auth\t\tinclude\t\tbase-auth\naccount\t\tinclude\t\tbase-account\n"),
];

fn host(files: &[(&str, &str)]) -> World {
    let world = World::new();
    for left in ["etc/debian_version", "etc/pam.d/common-auth", "etc/pam.d/sshd"] {
        remove_file(world.path(left)).unwrap();
    }
    for (name, text) in files {
        world.service(name, text);
    }
    world
}

fn auth_lines(world: &World, service: &str) -> String {
    let squeezed = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = world.text(service);
    text.lines().filter(|line| line.starts_with("auth")).map(squeezed).collect::<Vec<_>>().join("\n")
}

const RHEL_9_SSHD: &str = "auth required pam_env.so
auth required pam_faildelay.so delay=2000000
auth requisite pam_faillock.so preauth silent
auth [success=ok ignore=ignore default=1] pam_usertype.so isregular
auth [success=ok ignore=ignore default=1] pam_localuser.so
auth [success=4 default=ignore] pam_unix.so nullok
auth [success=ok ignore=ignore default=1] pam_usertype.so isregular
auth [success=2 new_authtok_reqd=die default=ignore] pam_sss.so forward_pass
auth required pam_faillock.so authfail
auth requisite pam_deny.so
auth requisite pam_2fa.so
auth required pam_permit.so";
const RHEL_9_SU: &str = "auth required pam_env.so
auth sufficient pam_rootok.so
auth required pam_env.so
auth required pam_faildelay.so delay=2000000
auth requisite pam_faillock.so preauth silent
auth [success=8 new_authtok_reqd=die default=ignore] pam_fprintd.so
auth [success=ok ignore=ignore default=1] pam_usertype.so isregular
auth [success=ok ignore=ignore default=1] pam_localuser.so
auth [success=5 default=ignore] pam_unix.so nullok
auth [success=ok ignore=ignore default=1] pam_usertype.so isregular
auth [success=3 new_authtok_reqd=die default=ignore] pam_sss.so forward_pass
auth required pam_faillock.so authfail
auth optional pam_2fa.so decoy
auth requisite pam_deny.so
auth requisite pam_2fa.so
auth required pam_permit.so";

#[test]
fn where_an_included_file_leaves_no_place_the_auth_lines_are_written_whole_and_come_back() {
    needs_root!();
    let world = host(RHEL_9);
    world.daemon.write_config(
        "[policy]\nrequired = \"mandatory\"\napplication = \"Example\"\n[codes]\nprompt = \"constant\"\n",
    );
    let before = world.files();
    let shown = world.enable(&["sshd", "sudo", "login", "--without-break-glass"]);
    assert!(shown.ends_with("=== 0"), "{shown}");
    assert_eq!(auth_lines(&world, "sshd"), RHEL_9_SSHD);
    assert!(world.text("sshd").ends_with("account    include      password-auth\n"));
    assert!(
        shown.contains(
            "sshd: pam_faillock: preauth before ours, authfail before ours; wrong codes do not count in it (configd counts them); only a right \
             code clears the count (in its account lines)\n"
        ),
        "{shown}"
    );
    // A finger is a first factor.
    assert!(
        auth_lines(&world, "sudo").contains("auth [success=7 new_authtok_reqd=die default=ignore] pam_fprintd.so\n")
    );
    assert!(
        auth_lines(&world, "login").ends_with("auth requisite pam_2fa.so break-glass\nauth required pam_permit.so")
    );
    assert!(world.enable(&["su", "--decoy"]).ends_with("=== 0"));
    assert_eq!(auth_lines(&world, "su"), RHEL_9_SU);
    assert!(world.run(&["disable", "sshd", "sudo", "login", "su"]).ends_with("=== 0"));
    assert_eq!(world.files(), before);
    // A key that sshd has checked stands for the password, and behind what does not ask for one.
    assert!(world.enable(&["sshd", "--key-proven"]).ends_with("=== 0"));
    assert!(
        auth_lines(&world, "sshd").contains(
            "preauth silent\nauth [success=7 default=ignore] pam_2fa.so key-proven\nauth [success=ok ignore=ignore default=1] pam_usertype.so"
        ),
        "{}",
        auth_lines(&world, "sshd")
    );
}

#[test]
fn other_distributions_get_a_place_behind_the_first_factor_and_in_front_of_nothing_that_proves_one() {
    needs_root!();
    for (files, service, lines) in [
        (
            RHEL_8,
            "sudo",
            "auth required pam_env.so
auth requisite pam_faillock.so preauth silent deny=4 unlock_time=1200
auth [success=2 default=ignore] pam_unix.so nullok try_first_pass
auth required pam_faillock.so authfail deny=4 unlock_time=1200
auth requisite pam_deny.so
auth requisite pam_2fa.so
auth required pam_permit.so",
        ),
        (
            FEDORA,
            "sudo",
            "auth required pam_env.so
auth [success=6 ignore=ignore authinfo_unavail=ignore user_unknown=ignore default=die] pam_sss.so try_cert_auth
auth [success=ok ignore=ignore default=1] pam_usertype.so isregular
auth [success=ok ignore=ignore default=1] pam_localuser.so
auth [success=ok ignore=ignore default=2] pam_usertype.so isregular
auth [success=2 ignore=ignore authinfo_unavail=ignore user_unknown=ignore default=die] pam_sss.so allow_missing_name
auth [success=1 default=ignore] pam_unix.so nullok
auth requisite pam_deny.so
auth requisite pam_2fa.so
auth required pam_permit.so",
        ),
        (
            OPENSUSE,
            "sshd",
            "auth requisite pam_nologin.so
auth required pam_env.so
auth optional pam_gnome_keyring.so
auth requisite pam_unix.so try_first_pass
auth requisite pam_2fa.so
auth required pam_permit.so",
        ),
        (
            ALPINE,
            "sshd",
            "auth required pam_env.so
auth required pam_nologin.so
auth requisite pam_unix.so nullok
auth requisite pam_2fa.so
auth required pam_permit.so",
        ),
    ] {
        let world = host(files);
        let before = world.files();
        let shown = world.enable(&[service]);
        assert!(shown.ends_with("=== 0"), "{shown}");
        assert_eq!(auth_lines(&world, service), lines);
        assert!(world.run(&["disable", service]).ends_with("=== 0"));
        assert_eq!(world.files(), before);
    }
}

/// Each of these would let somebody in who is kept out, keep somebody out who is let in, or count another time.
#[test]
fn what_cannot_be_written_whole_without_changing_who_gets_in_is_refused() {
    needs_root!();
    for text in [
        // It lets in without a first factor, from within.
        "auth sufficient pam_succeed_if.so user ingroup trusted\nauth required pam_deny.so\n",
        "auth [default=reset] pam_unix.so\nauth required pam_deny.so\n",
        "auth required pam_permit.so\n",
        "auth sufficient pam_unix.so\nauth sufficient pam_mystery.so\nauth required pam_deny.so\n",
        "auth sufficient pam_unix.so [a\\b]\nauth required pam_deny.so\n",
        "auth [success=9] pam_unix.so\nauth required pam_deny.so\n",
        // A right password that another line denies would count as a wrong one.
        "auth required pam_unix.so\nauth required pam_faillock.so authfail\n",
    ] {
        let world = host(&[("inner", text), ("sshd", "auth substack inner\n")]);
        let before = world.files();
        let shown = world.enable(&["sshd"]);
        assert!(shown.ends_with("=== 1") && shown.lines().count() == 3, "{text}: {shown}");
        assert_eq!(world.files(), before, "{text}");
    }
}
