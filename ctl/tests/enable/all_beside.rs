//! `enable --all` beside what others do on the host: packages that bring modules, and what hangs on its files.

#![expect(clippy::unwrap_used, reason = "a test that cannot run must say so")]

use crate::all::{CONSTANT, all, auth_lines, debian, has_tool, same};
use crate::common;
use crate::needs_root;
use crate::world::World;
use rustix::fs::{XattrFlags, getxattr, setxattr};
use rustix::io::Errno;
use std::fs::{rename, write};
use std::os::unix::fs::symlink;
use std::process::Command;

/// As the package of a module does when it is installed.
fn pam_auth_update(world: &World) {
    pam_auth_update_with(world, "");
}

fn pam_auth_update_with(world: &World, words: &str) {
    let debconf = tempfile::tempdir().unwrap();
    let of = |name: &str| debconf.path().join(name).display().to_string();
    let databases = ["config", "templates"]
        .map(|name| format!("Name: {name}\nDriver: File\nMode: 600\nFilename: {}\n", of(&format!("{name}.dat"))));
    let text = format!("Config: config\nTemplates: templates\n\n{}\n{}", databases[0], databases[1]);
    write(of("debconf.conf"), text).unwrap();
    let mounts = format!(
        "mount --bind \"$1\" /etc/pam.d; mount --bind \"$2\" /var/lib/pam; mount --bind \"$3\" /usr/share/pam-configs; exec \
         /usr/sbin/pam-auth-update --package {words}"
    );
    let folders = ["etc/pam.d", "var/lib/pam", "usr/share/pam-configs"].map(|below| world.path(below));
    let status = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "--", "sh", "-euc", &mounts, "sh"])
        .args(folders)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("DEBCONF_SYSTEMRC", of("debconf.conf"))
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn a_module_that_is_installed_while_all_ask_gets_its_lines_beside_ours_and_keeps_them() {
    needs_root!();
    if !has_tool() {
        return;
    }
    let world = debian();
    world.daemon.write_config(CONSTANT);
    all(&world, &["--decoy"]);
    // libpam-sss's, without its other types.
    let sss = "Name: SSS authentication\nDefault: yes\nPriority: 128\nAuth-Type: Primary\nAuth:\n\t[success=end default=ignore]\t\
               pam_sss.so use_first_pass\nAuth-Initial:\n\t[success=end default=ignore]\tpam_sss.so forward_pass\n";
    write(world.path("usr/share/pam-configs/sss"), sss).unwrap();
    pam_auth_update(&world);
    let lines = auth_lines(&world);
    assert_eq!(
        lines[..6],
        [
            "auth\t[success=3 default=ignore]\tpam_unix.so nullok",
            "auth\t[success=2 default=ignore]\tpam_sss.so use_first_pass",
            "auth\toptional\t\t\tpam_2fa.so decoy",
            "auth\trequisite\t\t\tpam_deny.so",
            "auth\trequired\t\t\tpam_permit.so",
            "auth\trequisite\t\t\tpam_2fa.so break-glass",
        ]
    );
    let shown = world.run(&["disable", "--all"]);
    assert!(shown.contains("so ours alone were taken out") && shown.ends_with("=== 0"), "{shown}");
    assert_eq!(
        auth_lines(&world)[..4],
        [
            "auth\t[success=2 default=ignore]\tpam_unix.so nullok",
            "auth\t[success=1 default=ignore]\tpam_sss.so use_first_pass",
            "auth\trequisite\t\t\tpam_deny.so",
            "auth\trequired\t\t\tpam_permit.so",
        ]
    );
    // It goes on as if nothing had been.
    let before = world.files();
    pam_auth_update(&world);
    same(&world, &before, "a later run");
}

/// pam-auth-update writes a new file, which has neither.
#[test]
fn an_access_list_and_what_else_hangs_on_a_file_come_back_with_its_bytes() {
    needs_root!();
    if !has_tool() {
        return;
    }
    let world = debian();
    let path = world.file("common-auth");
    // user::rw-, user:65534:r--, group::r--, mask::r--, other::r--
    let mut list = vec![2, 0, 0, 0];
    for (tag, bits, id) in
        [(1_u16, 6_u16, u32::MAX), (2, 4, 65534), (4, 4, u32::MAX), (16, 4, u32::MAX), (32, 4, u32::MAX)]
    {
        list.extend(tag.to_le_bytes().into_iter().chain(bits.to_le_bytes()).chain(id.to_le_bytes()));
    }
    let attributes = [("system.posix_acl_access", list.as_slice()), ("user.who", b"ada")];
    let hung = attributes.map(|(name, value)| setxattr(&path, name, value, XattrFlags::empty()));
    if hung.contains(&Err(Errno::OPNOTSUPP)) {
        return;
    }
    let has = |name: &str| {
        let mut value = vec![0; 100];
        getxattr(&path, name, &mut value).map(|length| value[..length].to_vec())
    };
    all(&world, &[]);
    assert_eq!(has("user.who"), Err(Errno::NODATA), "the tool keeps it itself");
    assert!(world.run(&["disable", "--all"]).contains("they are as they were before"));
    for (name, value) in attributes {
        assert_eq!(has(name).as_deref(), Ok(value), "{name}");
    }
    // Also where the file is gone meanwhile, which is not as it was made.
    let before = world.text("common-auth");
    all(&world, &[]);
    write(&path, &before).unwrap();
    assert!(world.run(&["disable", "--all"]).contains("they are as they were before"));
    assert_eq!(has("user.who").as_deref(), Ok(&b"ada"[..]));
}

/// An administrator keeps them elsewhere (stow, a configuration system).
#[test]
fn a_profile_that_is_a_link_is_a_profile() {
    needs_root!();
    if !has_tool() {
        return;
    }
    let world = debian();
    let (unix, kept) = (world.path("usr/share/pam-configs/unix"), world.path("unix"));
    rename(&unix, &kept).unwrap();
    symlink(&kept, &unix).unwrap();
    let shown = all(&world, &[]);
    assert!(shown.ends_with("=== 0"), "{shown}");
    assert!(world.text("common-auth").contains("pam_unix.so"));
}

/// The package of pam-2fa brings both profiles, switched off.
#[test]
fn profiles_that_a_package_has_brought_are_used_as_they_are_and_stay() {
    needs_root!();
    if !has_tool() {
        return;
    }
    let world = debian();
    world.daemon.write_config(CONSTANT);
    for (name, text) in [
        ("pam-2fa", include_str!("../../../packaging/pam-configs/pam-2fa")),
        ("pam-2fa-decoy", include_str!("../../../packaging/pam-configs/pam-2fa-decoy")),
    ] {
        write(world.path("usr/share/pam-configs").join(name), text).unwrap();
    }
    pam_auth_update(&world);
    let before = world.files();
    assert!(!world.text("common-auth").contains("pam_2fa.so"));
    assert!(world.run(&["disable", "--all"]).contains("no common line of this host is ours"));
    same(&world, &before, "nothing to take out");

    for words in [&["--decoy"][..], &[]] {
        assert!(all(&world, words).ends_with("=== 0"));
        assert!(world.text("common-auth").contains("pam_2fa.so break-glass"));
        assert!(world.run(&["disable", "--all"]).contains("they are as they were before"));
        same(&world, &before, "undone");
    }
    // Edited since.
    all(&world, &[]);
    world.service("common-auth", &world.text("common-auth").replace("nullok", "nullok nodelay"));
    assert!(world.run(&["disable", "--all"]).contains("so ours alone were taken out"));
    assert!(world.path("usr/share/pam-configs/pam-2fa").exists());
    world.service("common-auth", &world.text("common-auth").replace("nullok nodelay", "nullok"));

    // Switched on by pam-auth-update itself: `enable --all` has left no receipt.
    pam_auth_update_with(&world, "--enable pam-2fa pam-2fa-decoy");
    assert!(world.text("common-auth").contains("pam_2fa.so decoy"));
    assert!(all(&world, &[]).contains("some ask for a code already"));
    let shown = world.run(&["disable", "--all"]);
    assert!(shown.contains("has left no receipt") && shown.ends_with("=== 0"), "{shown}");
    // As the tool comes to see them again.
    pam_auth_update(&world);
    same(&world, &before, "switched off");
}
