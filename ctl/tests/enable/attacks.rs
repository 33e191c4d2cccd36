//! What was tried on `enable` and `disable`, and must go on failing.

use crate::common::{self, OtherHost};
use crate::needs_root;
use crate::world::{COMMON_AUTH, LOGIN, MEANT, SSHD, SU, World};
use rustix::fs::{XattrFlags, getxattr, setxattr};
use serde_json::json;
use std::fs::{create_dir, create_dir_all, remove_dir, rename, write};
use std::io::{self, Write};
use std::os::unix::fs::{chown, symlink};
use std::path::Path;

/// Written whole, a substack is as many lines as it was with its head: nothing but their number would be the same.
#[test]
fn who_takes_in_a_file_with_a_substack_is_judged_too() {
    needs_root!();
    let world = World::new();
    world.service("cockpit", "auth substack common-auth\n");
    world.service("outer", "auth sufficient pam_unix.so\nauth include cockpit\n");
    let before = world.files();
    let shown = world.enable(&["cockpit"]);
    assert!(
        shown.contains("outer takes in the file of cockpit, and there a right first factor lets in without a code"),
        "{shown}"
    );
    assert_eq!(world.files(), before);
    world.service("outer", "auth include cockpit\n");
    let shown = world.enable(&["cockpit"]);
    assert!(
        shown.contains("outer takes this file in, and asks for a code, too") && shown.ends_with("=== 0"),
        "{shown}"
    );
}

#[test]
fn who_takes_a_file_in_by_another_name_is_judged_too() {
    needs_root!();
    let world = World::new();
    symlink("su", world.file("alias")).unwrap();
    world.service("su", SU);
    for taken_in in ["alias", "../pam.d/su"] {
        world.service("outer", &format!("auth sufficient pam_unix.so\nauth include {taken_in}\n"));
        let shown = world.enable(&["su"]);
        assert!(shown.contains("outer takes in the file of su, and there a right first factor"), "{taken_in}: {shown}");
        assert_eq!(world.text("su"), SU);
    }
    world.service("outer", "auth required pam_deny.so\n");
    let shown = world.enable(&["su"]);
    assert!(shown.contains("alias takes this file in, and asks for a code, too"), "{shown}");
}

/// A link in an image means a file of the image; followed from here it would be one of this host.
#[test]
fn below_a_folder_no_link_leads_out_of_it() {
    needs_root!();
    let (world, other) = (World::new(), World::new());
    let outside = |path: &str| other.path(path).to_str().unwrap().to_owned();
    for folder in ["etc/pam.d", "etc", "var/lib/pam-2fa"] {
        let before = other.files();
        rename(world.path(folder), world.path("aside")).unwrap();
        symlink(outside(folder), world.path(folder)).unwrap();
        for shown in [world.enable(&["sshd"]), world.run(&["disable", "sshd"])] {
            assert!(shown.contains("is a link, which leads out of the folder") && shown.ends_with("=== 1"), "{shown}");
        }
        assert_eq!(other.files(), before);
        std::fs::remove_file(world.path(folder)).unwrap();
        rename(world.path("aside"), world.path(folder)).unwrap();
    }
    // As authselect's: absolute, and the image has another file there than this host.
    create_dir_all(world.path("opt/keeper")).unwrap();
    write(world.path("opt/keeper/common-auth"), COMMON_AUTH).unwrap();
    std::fs::remove_file(world.file("common-auth")).unwrap();
    symlink("/opt/keeper/common-auth", world.file("common-auth")).unwrap();
    let shown = world.enable(&["sshd"]);
    assert!(shown.ends_with("=== 0"), "{shown}");
    world.run(&["disable", "sshd"]);
    // Whoever else can write there puts another file in our way.
    for folder in ["", "etc", "etc/pam.d"] {
        chown(world.path(folder), Some(65_534), None).unwrap();
        let shown = world.enable(&["sshd"]);
        assert!(shown.contains("belongs to uid 65534 and not to root, so nothing is changed there"), "{shown}");
        chown(world.path(folder), Some(0), None).unwrap();
    }
    assert_eq!(world.text("sshd"), SSHD);
}

/// `user:65534:r--` beside owner, group, mask and others (acl(5), linux/posix_acl_xattr.h).
fn access_list() -> Vec<u8> {
    let entry = |tag: u16, permissions: u16, id: u32| {
        [&tag.to_le_bytes()[..], &permissions.to_le_bytes()[..], &id.to_le_bytes()[..]].concat()
    };
    let none = u32::MAX;
    let entries =
        [entry(1, 6, none), entry(2, 4, 65_534), entry(4, 4, none), entry(0x10, 4, none), entry(0x20, 0, none)];
    [2_u32.to_le_bytes().to_vec(), entries.concat()].concat()
}

fn attribute(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut value = vec![0; 256];
    let length = getxattr(path, name, value.as_mut_slice()).ok()?;
    value.truncate(length);
    Some(value)
}

#[test]
fn a_files_label_and_access_list_stay_with_it() {
    needs_root!();
    let world = World::new();
    let file = world.file("sshd");
    let label = b"system_u:object_r:etc_t:s0\0".to_vec();
    let kept = [("security.selinux", label), ("system.posix_acl_access", access_list()), ("user.note", b"x".to_vec())];
    let kept: Vec<_> =
        kept.iter().filter(|(name, value)| setxattr(&file, *name, value, XattrFlags::empty()).is_ok()).collect();
    assert!(!kept.is_empty(), "this filesystem keeps none");
    for words in [["enable", "sshd"], ["disable", "sshd"]] {
        let shown = world.run(&[&words[..], if words[0] == "enable" { &MEANT[..] } else { &[] }].concat());
        assert!(shown.ends_with("=== 0"), "{shown}");
        for (name, value) in &kept {
            assert_eq!(attribute(&file, name).as_ref(), Some(value), "{words:?} {name}");
        }
    }
    // What the folder gives to new files is not taken over.
    world.service("su", SU);
    let folder = world.path("etc/pam.d");
    if setxattr(&folder, "system.posix_acl_default", &access_list(), XattrFlags::empty()).is_ok() {
        assert!(world.enable(&["su"]).ends_with("=== 0"));
        assert_eq!(attribute(&world.file("su"), "system.posix_acl_access"), None);
    }
}

/// Nobody reads any more.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn who_stops_to_read_the_answer_stops_nothing() {
    needs_root!();
    let world = World::new();
    world.service("su", SU);
    let before = world.files();
    world.enable(&["sshd", "su"]);
    let root = world.root.path().to_str().unwrap();
    let args = ["pam-2fa", "disable", "--root", root, "sshd", "su"].map(std::ffi::OsString::from);
    let (mut input, mut err) = (&b""[..], Vec::new());
    let terminal = ctl::Terminal {
        input: &mut input,
        out: &mut Closed,
        err: &mut err,
        is_watched: false,
        is_typed: false,
        is_seen: false,
        columns: None,
        colours: false,
        locale: String::new(),
        is_utf8: true,
        is_dumb: false,
    };
    assert_eq!(ctl::run_in(args, terminal, &OtherHost), 1);
    assert_eq!(world.files(), before);
}

#[test]
fn where_one_of_several_services_cannot_be_changed_none_is() {
    needs_root!();
    let world = World::new();
    world.service("su", SU);
    world.service("login", LOGIN);
    let before = world.files();
    // A folder where the new file is to be written first.
    create_dir(world.path("etc/pam.d/.pam-2fa.su")).unwrap();
    let shown = world.enable(&["sshd", "su", "login", "--without-break-glass"]);
    assert!(
        shown.contains("cannot remove /etc/pam.d/.pam-2fa.su: Is a directory (os error 21); nothing was changed\n"),
        "{shown}"
    );
    remove_dir(world.path("etc/pam.d/.pam-2fa.su")).unwrap();
    assert_eq!(world.files(), before, "{shown}");
}

#[test]
fn a_file_that_libpam_does_not_read_to_its_end_costs_no_receipt() {
    needs_root!();
    let world = World::new();
    world.enable(&["sshd"]);
    let receipts = world.path("var/lib/pam-2fa/enable/sshd.json");
    for before in ["auth required pam_env.so \\\n# mine\n", "auth required pam_env.so \0\n"] {
        let edited = format!("{before}{}", world.text("sshd"));
        write(world.file("sshd"), &edited).unwrap();
        let shown = world.run(&["disable", "sshd"]);
        assert!(shown.contains("take them out by hand") && shown.ends_with("=== 1"), "{shown}");
        assert!(receipts.exists());
        assert_eq!(world.text("sshd"), edited);
        write(world.file("sshd"), edited.replace(before, "")).unwrap();
    }
    assert!(world.run(&["disable", "sshd"]).contains("its file is as it was before"));
}

/// libpam 1.5 goes on behind the comment, libpam 1.7 ends the line there.
#[test]
fn what_one_libpam_reads_otherwise_than_the_next_is_not_judged_by_either() {
    needs_root!();
    let world = World::new();
    let text = "auth [success=1 default=ignore] \\\n# by its password\n pam_unix.so\nauth requisite pam_deny.so\n";
    world.service("sshd", text);
    let shown = world.enable(&["sshd"]);
    assert!(
        shown.contains("/etc/pam.d/sshd:2: a comment or an empty line stands in a line that is continued")
            && shown.ends_with("=== 1"),
        "{shown}"
    );
    assert_eq!(world.text("sshd"), text);
    for number in 0..20 {
        world.service(&format!("deep{number}"), &format!("auth include deep{}\n", number + 1));
    }
    let shown = world.enable(&["deep0"]);
    assert!(shown.contains("files take in each other without an end, or too deep"), "{shown}");
}

#[test]
fn a_second_door_of_the_same_program_is_named_until_it_asks_too() {
    needs_root!();
    let world = World::new();
    for service in ["sudo", "sudo-i"] {
        world.service(service, "@include common-auth\n");
    }
    let named = "sudo-i, another door of sudo's, asks for no code: enable it, too";
    assert!(world.enable(&["sudo", "--dry-run"]).contains(named));
    let shown = world.enable(&["sudo", "sudo-i"]);
    assert!(!shown.contains("another door") && shown.ends_with("=== 0"), "{shown}");
    world.run(&["disable", "sudo"]);
    assert!(!world.enable(&["sudo"]).contains("another door"));
}

#[test]
fn where_nobody_who_could_answer_has_a_password_nobody_is_asked_to_prove_one() {
    needs_root!();
    let ada =
        json!({"name": "ada", "uid": 1000, "verify": "new_device", "email": "ada@example.com", "email_verified": true});
    for (shadow, is_fit) in [
        ("ada:!:19000:0:99999:7:::\n", false),
        ("adam:$y$x:19000::::::\nada:*:19000:0:99999:7:::\n", false),
        ("ada::19000:0:99999:7:::\n", false),
        ("ada:$y$j9T$x$y:19000:0:99999:7:::\n", true),
        ("root:*:19000:0:99999:7:::\n", true),
    ] {
        let ada = ada.clone();
        let world = World::with(crate::answering(ada, json!([]), "running"));
        write(world.path("etc/shadow"), shadow).unwrap();
        let shown = world.run(&["enable", "sshd"]);
        assert_eq!(shown.contains("no user whom codes count for has a password"), !is_fit, "{shadow}: {shown}");
        assert_eq!(world.text("sshd").contains("pam_2fa.so"), is_fit, "{shadow}: {shown}");
    }
}
