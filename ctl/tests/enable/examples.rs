//! What `enable` makes of a distribution's file is what `etc/pam.d` shows: line for line, in auth.

#![expect(clippy::unwrap_used, reason = "a test that cannot run must say so")]

use crate::common;
use crate::needs_root;
use crate::world::World;
use std::fs::{read_to_string, remove_file};
use std::path::Path;

/// Where Debian takes common-auth in by `@include`, its file is ours without our line; Cockpit's is not.
const DEBIANS: [&str; 9] = ["gdm-password", "lightdm", "login", "polkit-1", "sddm", "sshd", "su", "sudo", "vlock"];
const DEBIANS_COCKPIT: &str = "auth required pam_sepermit.so
auth substack common-auth
auth optional pam_ssh_add.so
auth required pam_listfile.so item=user sense=deny file=/etc/cockpit/disallowed-users onerr=succeed
";

/// The auth lines of RHEL 9's files, as known from its documentation.
const RHELS: [(&str, &str); 7] = [
    ("sshd", "auth substack password-auth\nauth include postlogin\n"),
    ("login", "auth substack system-auth\nauth include postlogin\n"),
    ("sudo", "auth include system-auth\n"),
    (
        "su",
        "auth required pam_env.so\nauth sufficient pam_rootok.so\nauth substack system-auth\nauth include postlogin\n",
    ),
    (
        "gdm-password",
        "auth [success=done ignore=ignore default=bad] pam_selinux_permit.so\nauth substack password-auth\n\
         auth optional pam_gnome_keyring.so\nauth include postlogin\n",
    ),
    (
        "cockpit",
        "-auth [success=done new_authtok_reqd=done user_unknown=die default=ignore] pam_cockpit_cert.so\n\
         auth required pam_sepermit.so\nauth substack password-auth\nauth include postlogin\nauth optional pam_ssh_add.so\n",
    ),
    ("polkit-1", "auth include system-auth\n"),
];
/// authselect's profile sssd without features.
const SYSTEM_AUTH: &str = "auth required pam_env.so
auth required pam_faildelay.so delay=2000000
auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular
auth [default=1 ignore=ignore success=ok] pam_localuser.so
auth sufficient pam_unix.so nullok
auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular
auth sufficient pam_sss.so forward_pass
auth required pam_deny.so
";

fn example(file: &str) -> String {
    read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../etc/pam.d").join(file)).unwrap()
}

/// The words of what is read for auth. A line of one's own in the place of another loses its `-`.
fn auth(text: &str) -> Vec<Vec<&str>> {
    let words = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    words.filter(|words| words.first().is_some_and(|word| ["auth", "-auth", "@include"].contains(word))).collect()
}

fn enabled(world: &World, service: &str, was: &str) -> String {
    world.service(service, was);
    let shown = world.enable(&[service, "--without-break-glass"]);
    assert!(shown.ends_with("=== 0"), "{service}: {shown}");
    world.text(service)
}

#[test]
fn the_examples_are_what_enable_makes_of_debians_files() {
    needs_root!();
    let world = World::new();
    for name in ["common-account", "common-password", "common-session", "common-session-noninteractive"] {
        world.service(name, "");
    }
    for service in DEBIANS {
        let shown = example(service);
        let was: String =
            shown.lines().filter(|line| !line.contains("pam_2fa.so")).map(|line| format!("{line}\n")).collect();
        assert_ne!(was, shown);
        assert_eq!(auth(&enabled(&world, service, &was)), auth(&shown), "{service}");
    }
    assert_eq!(auth(&enabled(&world, "cockpit", DEBIANS_COCKPIT)), auth(&example("cockpit")));
}

#[test]
fn the_examples_for_rhel_are_what_enable_makes_of_its_files() {
    needs_root!();
    let world = World::new();
    remove_file(world.path("etc/debian_version")).unwrap();
    for name in ["system-auth", "password-auth"] {
        world.service(name, SYSTEM_AUTH);
    }
    world.service("postlogin", "session optional pam_umask.so silent\n");
    for (service, was) in RHELS {
        let (made, shown) = (enabled(&world, service, was), example(&format!("rhel/{service}")));
        let mut expected = auth(&made);
        if service == "su" {
            // pam_env stands in su's own lines and in those that they take in; once is enough.
            expected.remove(2);
        }
        assert_eq!(expected, auth(&shown), "{service}");
    }
}
