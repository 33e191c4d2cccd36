//! Two texts as a unified diff (`diff -u`) of one hunk: a plan changes one place of a file.

/// Lines that are shown around.
const AROUND: usize = 3;

/// The lines of the diff; none where the texts are the same.
pub(super) fn unified(name: &str, old: &[u8], new: &[u8]) -> Vec<String> {
    let (old, new) = (lines(old), lines(new));
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    if same == old.len() && same == new.len() {
        return Vec::new();
    }
    let left = |all: usize| all.saturating_sub(same);
    let ends = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let ends = ends.min(left(old.len())).min(left(new.len()));
    let from = same.saturating_sub(AROUND);
    let after = ends.min(AROUND);
    let to = |all: usize| all.saturating_sub(ends).saturating_add(after);
    let part = |all: usize| {
        let count = to(all).saturating_sub(from);
        // diff(1): an empty part begins at the line before it.
        let begins = if count == 0 { from } else { from.saturating_add(1) };
        if count == 1 { begins.to_string() } else { format!("{begins},{count}") }
    };
    let mut out =
        vec![format!("--- {name}"), format!("+++ {name}"), format!("@@ -{} +{} @@", part(old.len()), part(new.len()))];
    let mut put = |sign: char, lines: &[String], from: usize, to: usize| {
        out.extend(lines.get(from..to).unwrap_or_default().iter().map(|line| format!("{sign}{line}")));
    };
    put(' ', &old, from, same);
    put('-', &old, same, old.len().saturating_sub(ends));
    put('+', &new, same, new.len().saturating_sub(ends));
    put(' ', &old, old.len().saturating_sub(ends), to(old.len()));
    out
}

fn lines(text: &[u8]) -> Vec<String> {
    let mut lines: Vec<String> =
        text.split_inclusive(|byte| *byte == b'\n').map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    for line in &mut lines {
        if line.ends_with('\n') {
            line.pop();
        } else {
            // As diff(1) says it, in the next line.
            line.push_str("\n\\ No newline at end of file");
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::unified;
    use std::process::Command;

    #[test]
    fn it_is_what_diff_says() {
        let folder = tempfile::TempDir::new().unwrap();
        let (old_file, new_file) = (folder.path().join("old"), folder.path().join("new"));
        for (old, new) in [
            ("a\nb\nc\nd\ne\nf\ng\nh\n", "a\nb\nc\nd\nx\ne\nf\ng\nh\n"),
            ("a\n", "a\nx\n"),
            ("a\nb", "a\nb\nx\n"),
            ("a\nb\nc\n", "b\nc\n"),
            ("", "x\n"),
            ("x\n", ""),
            ("a\na\na\n", "a\na\n"),
            ("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\ny\n6\n7\n8\n9\n"),
        ] {
            std::fs::write(&old_file, old).unwrap();
            std::fs::write(&new_file, new).unwrap();
            let said = Command::new("diff")
                .args(["-u", "--label", "n", "--label", "n"])
                .args([&old_file, &new_file])
                .output()
                .unwrap();
            let ours: String =
                unified("n", old.as_bytes(), new.as_bytes()).iter().map(|line| format!("{line}\n")).collect();
            assert_eq!(ours, String::from_utf8(said.stdout).unwrap(), "{old:?} {new:?}");
        }
        assert!(unified("n", b"a\n", b"a\n").is_empty());
    }
}
