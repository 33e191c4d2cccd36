//! The module as a file: what it exports, what it needs, how large it is, what it cannot even call; and what its source writes
//! in one place only.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed step is a failed test")]

use e2e::libpam::module;
use std::fs;
use std::path::Path;
use std::process::Command;

/// DESIGN's limit for the stripped module.
const LARGEST_MODULE: u64 = 384 * 1024;

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).arg(module()).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Names in the dynamic symbol table, without versions.
fn symbols(which: &str) -> Vec<String> {
    let mut names: Vec<_> = output("nm", &["-D", which])
        .lines()
        .map(|line| line.split_whitespace().last().unwrap().split('@').next().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn the_module_exports_its_two_functions_and_nothing_else() {
    assert_eq!(symbols("--defined-only"), ["pam_sm_authenticate", "pam_sm_setcred"]);
}

#[test]
fn the_module_needs_libpam_libc_and_the_loader_only() {
    let needed: Vec<_> = output("readelf", &["-dW"])
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .map(|line| line.split(['[', ']']).nth(1).unwrap().to_owned())
        .filter(|name| !name.starts_with("ld-linux"))
        .collect();
    assert_eq!(needed, ["libpam.so.0", "libc.so.6"]);
}

#[test]
fn the_module_stays_loaded_and_is_bound_at_once() {
    let dynamic = output("readelf", &["-dW"]);
    let flags = dynamic.lines().find(|line| line.contains("(FLAGS_1)")).unwrap();
    assert!(flags.contains("NODELETE") && flags.contains("NOW"), "{flags}");
    let segments = output("readelf", &["-lW"]);
    assert!(segments.contains("GNU_RELRO"), "{segments}");
    let stack = segments.lines().find(|line| line.contains("GNU_STACK")).unwrap();
    assert!(stack.contains(" RW "), "no executable stack: {stack}");
}

#[test]
fn the_module_is_stripped_and_small() {
    assert!(!output("readelf", &["-SW"]).contains(".symtab"));
    let size = fs::metadata(module()).unwrap().len();
    assert!(size <= LARGEST_MODULE, "{size} bytes");
}

/// The newest glibc that a file of the release asks for, and whether it asks for what has no number.
fn glibc(file: &Path) -> ((u32, u32), bool) {
    let output = Command::new("readelf").arg("-VW").arg(file).output().unwrap();
    assert!(output.status.success(), "readelf: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers = text.split("Name: GLIBC_2.").skip(1).filter_map(|rest| {
        rest.split(|character: char| !character.is_ascii_digit()).next().and_then(|minor| minor.parse().ok())
    });
    ((2, numbers.max().unwrap()), text.contains("GLIBC_ABI_"))
}

#[test]
fn all_of_the_release_runs_where_glibc_is_2_34() {
    let release = module();
    let release = release.parent().unwrap();
    for name in ["libpam_2fa.so", "configd", "courier", "courier-local", "pam-2fa"] {
        let (newest, has_other) = glibc(&release.join(name));
        assert!(newest <= (2, 34) && !has_other, "{name} needs glibc {newest:?}: EL 9 has 2.34");
    }
}

#[test]
fn the_table_by_which_a_panic_comes_to_the_fence_has_the_form_that_is_read() {
    // `pam_2fa/src/ffi/unwind.rs`: FORM, and functions given by four bytes from their place.
    let table = output("readelf", &["-x", ".eh_frame_hdr"]);
    let first = table.lines().find_map(|line| line.trim().strip_prefix("0x")).unwrap();
    assert_eq!(first.split_whitespace().nth(1), Some("011b033b"), "{table}");
    let frames = output("readelf", &["--debug-dump=frames", "-W"]);
    // How functions are given is the last byte of what all descriptions of a kind have in common, with a personality and without.
    let common: Vec<&str> =
        frames.split("\n\n").filter(|part| part.lines().any(|line| line.ends_with(" CIE"))).collect();
    assert!(!common.is_empty(), "{frames}");
    for kind in common {
        let data = kind.lines().find_map(|line| line.trim().strip_prefix("Augmentation data:"));
        assert!(data.is_some_and(|data| data.trim_end().ends_with(" 1b")), "{kind}");
    }
    assert!(!symbols("--undefined-only").iter().any(|name| name == "_dl_find_object"));
}

#[test]
fn the_module_cannot_call_what_it_must_never_do() {
    let called = symbols("--undefined-only");
    let never = [
        // processes, threads, signals, exit handlers
        "fork",
        "vfork",
        "execve",
        "posix_spawn",
        "system",
        "pthread_create",
        "pthread_atfork",
        "sigaction",
        "signal",
        "sigprocmask",
        "pthread_sigmask",
        "alarm",
        "setitimer",
        "atexit",
        "__cxa_thread_atexit_impl",
        "exit",
        "_exit",
        // names and networks
        "getaddrinfo",
        "gethostbyname",
        "gethostbyname_r",
        "res_init",
        "getpwnam",
        "getspnam",
        "getrandom",
        // the process's own state
        "setenv",
        "unsetenv",
        "putenv",
        "environ",
        "chdir",
        "umask",
        "setuid",
        "seteuid",
        "setrlimit",
        "dlopen",
        // who logs in, and what other modules are told
        "pam_get_user",
        "pam_set_item",
        "pam_set_data",
        "pam_putenv",
        "pam_get_authtok",
    ];
    for name in never {
        assert!(!called.iter().any(|called| called == name), "{name} is called");
    }
}

/// The module's source without comments, by file.
fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else {
                let text = fs::read_to_string(&path).unwrap();
                let code =
                    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
                found.push((path.display().to_string(), code));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../pam_2fa/src"), &mut found);
    found
}

#[test]
fn success_and_ignore_are_each_written_in_one_place() {
    let sources = sources();
    assert!(sources.len() > 10, "the source is where it was");
    for code in ["PAM_SUCCESS", "PAM_IGNORE"] {
        let places: Vec<_> = sources.iter().flat_map(|(file, text)| text.matches(code).map(move |_| file)).collect();
        assert_eq!(places.len(), 1, "{code}: {places:?}");
        assert!(places[0].ends_with("pam_2fa/src/verdict.rs"), "{places:?}");
    }
}

#[test]
fn unsafe_is_in_ffi_only() {
    for (file, text) in sources() {
        let has = text.contains("unsafe {") || text.contains("unsafe fn") || text.contains("unsafe extern");
        assert!(!has || file.contains("/src/ffi/"), "{file}");
    }
}
