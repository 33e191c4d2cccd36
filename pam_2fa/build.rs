//! How the module is linked. It must never depend on the machine that builds it beyond its linker and compiler.

#![expect(clippy::disallowed_macros, reason = "a build script speaks to cargo on its standard output")]
#![expect(clippy::disallowed_methods, reason = "cargo hands OUT_DIR to a build script in the environment")]

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");

    // Loading libgcc_s.so.1 costs 90 µs at each login. std asks for it by `-lgcc_s`; a linker script of that name, found
    // first, answers with the static halves of the same library.
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or(std::io::ErrorKind::NotFound)?);
    std::fs::write(out.join("libgcc_s.so"), "INPUT ( -lgcc_eh -lgcc )\n")?;
    println!("cargo:rustc-link-search=native={}", out.display());

    // nodelete: libpam unloads modules at pam_end, and destructors of std's thread-locals in a thread that ends later would
    // then run in unmapped memory. now: no symbol is looked up in the middle of a login. No pack-relative-relocs: what is linked
    // so needs glibc 2.36, and EL 9 has 2.34.
    for option in ["nodelete", "now"] {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,{option}");
    }

    // The profile's `strip = "symbols"` reaches only the executables: cargo strips debug information alone from a package
    // whose profile it overrides.
    let is = |name, value: &str| std::env::var_os(name).is_some_and(|found| found == value);
    if is("PROFILE", "release") && is("DEBUG", "false") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,--strip-all");
    }
    Ok(())
}
