//! What is in force is read as such, and nothing else is.

use super::*;

const STATUS: &str = "Name:\tconfigd\nUid:\t996\t996\t996\t996\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n\
    CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n\
    Seccomp_filters:\t13\nVmLck:\t      32 kB\n";
const MOUNTS: &str = "1 0 8:1 / / ro,relatime shared:1 - ext4 /dev/sda1 rw\n\
    2 1 0:21 / /dev rw,nosuid - tmpfs tmpfs rw\n\
    3 1 0:22 /systemd/inaccessible/dir /home ro,nosuid - tmpfs tmpfs rw\n\
    4 1 0:22 /systemd/inaccessible/dir /root ro,nosuid - tmpfs tmpfs rw\n\
    5 1 8:1 /var/lib/pam-2fa /var/lib/pam-2fa rw,relatime - ext4 /dev/sda1 rw\n";
const LIMITS: &str = "Limit                     Soft Limit           Hard Limit           Units     \n\
    Max core file size        0                    0                    bytes     \n";

fn all() -> Seen<'static> {
    Seen {
        status: STATUS,
        mountinfo: MOUNTS,
        limits: LIMITS,
        absent: &[],
        no_network: Some(true),
        own_filters: 4,
        landlock: Some((true, "ABI 7")),
        not_dumpable: true,
        keys: Some(Some(32_768)),
    }
}

/// The measures that are not in force.
fn off(seen: Seen<'_>) -> Vec<String> {
    Sandbox::of("configd", seen)
        .measures
        .into_iter()
        .filter(|measure| !measure.on)
        .map(|measure| measure.name)
        .collect()
}

#[test]
fn what_is_in_force_is_said_and_what_is_not_too() {
    assert_eq!(off(all()), <[&str; 0]>::default());
    for (from, to, named) in [
        ("Uid:\t996\t996\t996\t996", "Uid:\t996\t0\t996\t996", "not_root"),
        ("NoNewPrivs:\t1", "NoNewPrivs:\t0", "no_new_privileges"),
        ("CapBnd:\t0000000000000000", "CapBnd:\t0000000000000400", "no_capabilities"),
        ("CapAmb:\t0000000000000000\n", "", "no_capabilities"),
        ("Seccomp_filters:\t13", "Seccomp_filters:\t4", "system_calls_filtered"),
        ("VmLck:\t      32 kB", "VmLck:\t      28 kB", "key_locked"),
        ("VmLck:\t      32 kB\n", "", "key_locked"),
    ] {
        assert_eq!(off(Seen { status: &STATUS.replace(from, to), ..all() }), [named], "{to}");
    }
    for (from, to, named) in [
        ("/ / ro,relatime", "/ / rw,relatime", "files_read_only"),
        ("5 1 8:1 /var/lib/pam-2fa /var/lib/pam-2fa rw", "5 1 8:1 /etc /etc rw", "files_read_only"),
        ("/dev rw,nosuid - tmpfs", "/dev rw,nosuid - devtmpfs", "devices_hidden"),
        ("/home ro,nosuid - tmpfs", "/home ro,nosuid - ext4", "homes_hidden"),
        ("dir /root ", "dir /srv ", "homes_hidden"),
    ] {
        assert_eq!(off(Seen { mountinfo: &MOUNTS.replace(from, to), ..all() }), [named], "{to}");
    }
    assert_eq!(off(Seen { limits: &LIMITS.replace("0     ", "unlimited"), ..all() }), ["no_core_files"]);
    assert_eq!(off(Seen { no_network: Some(false), ..all() }), ["no_network"]);
    let without_homes = MOUNTS.replace(" /home ", " /srv ").replace(" /root ", " /opt ");
    assert_eq!(off(Seen { mountinfo: &without_homes, absent: &["/root"], ..all() }), ["homes_hidden"]);
    assert_eq!(
        off(Seen { mountinfo: &without_homes, absent: &HOMES, ..all() }),
        [""; 0],
        "what is not there is hidden"
    );
    let filters = ["system_calls_filtered", "own_filter"];
    assert_eq!(off(Seen { status: &STATUS.replace("Seccomp:\t2", "Seccomp:\t0"), ..all() }), filters);
    assert_eq!(off(Seen { status: &STATUS.replace("filters:\t13", "filters:\t3"), ..all() }), filters);
    assert_eq!(off(Seen { own_filters: 0, ..all() }), ["own_filter"]);
    // Before Linux 5.9 nobody counts them.
    assert_eq!(off(Seen { status: &STATUS.replace("Seccomp_filters:\t13\n", ""), ..all() }), [""; 0]);
    assert_eq!(off(Seen { landlock: Some((false, "this kernel has none")), ..all() }), ["landlock"]);
    assert_eq!(off(Seen { not_dumpable: false, ..all() }), ["not_dumpable"]);
    assert_eq!(off(Seen { keys: Some(None), ..all() }), ["key_locked"], "one of the keys could not be locked");
}

#[test]
fn what_landlock_is_of_stands_beside_it_and_a_measure_without_a_note_is_one_of_a_release_before() {
    let sandbox = Sandbox::of("configd", all());
    let landlock = sandbox.measures.iter().find(|measure| measure.name == "landlock").unwrap();
    assert_eq!((landlock.on, landlock.note.as_deref()), (true, Some("ABI 7")));
    let before: Sandbox =
        serde_json::from_str(r#"{"process":"courier","measures":[{"name":"not_root","on":true}]}"#).unwrap();
    assert_eq!(before.measures, [Measure { name: String::from("not_root"), on: true, note: None }]);
}

#[test]
fn what_cannot_be_read_is_not_in_force() {
    let sandbox = Sandbox::of("courier", Seen::default());
    assert!(sandbox.measures.len() > 7 && sandbox.measures.iter().all(|measure| !measure.on), "{sandbox:?}");
    for name in ["no_network", "key_locked", "landlock"] {
        assert!(sandbox.measures.iter().all(|measure| measure.name != name), "{name} is not asked of every daemon");
    }
}
