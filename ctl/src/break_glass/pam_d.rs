//! Whether any service of this host asks for break-glass codes, by a look at its lines. Nothing is decided by it.

use std::fs::{read, read_dir};
use std::path::Path;

/// Whether a line of a file in the folder names our module and the option.
pub(super) fn mentions_break_glass(folder: &Path) -> bool {
    let Ok(entries) = read_dir(folder) else { return false };
    // login.bak and login.dpkg-old are no services.
    let is_service = |entry: &std::fs::DirEntry| !entry.file_name().to_string_lossy().contains(['.', '~']);
    entries.flatten().filter(is_service).any(|entry| {
        let text = read(entry.path()).unwrap_or_default();
        String::from_utf8_lossy(&text).lines().any(is_such_a_line)
    })
}

fn is_such_a_line(line: &str) -> bool {
    let line = line.split('#').next().unwrap_or_default();
    line.contains("pam_2fa.so") && line.split_whitespace().any(|word| word == "break-glass")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_and_another_module_are_no_such_line() {
        assert!(is_such_a_line("auth  requisite\tpam_2fa.so break-glass # bad days"));
        assert!(is_such_a_line("auth requisite /usr/lib/security/pam_2fa.so timeout=5 break-glass"));
        for line in [
            "# auth requisite pam_2fa.so break-glass",
            "auth requisite pam_2fa.so",
            "auth requisite pam_x.so break-glass",
        ] {
            assert!(!is_such_a_line(line), "{line}");
        }
    }
}
