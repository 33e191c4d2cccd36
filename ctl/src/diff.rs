//! Two texts as a unified diff (`diff -u`): a plan of `enable`, and what the Setup window has saved. It hides nothing: what must not be seen
//! is masked before.

/// Lines that are shown around.
const AROUND: usize = 3;
/// Beyond so many pairs of lines that may be alike, what lies between the first and the last change is shown as one.
const MOST_PAIRS: usize = 4_000_000;

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Same,
    Gone,
    New,
}

/// A line of either text.
type Marked<'a> = (Sign, &'a str);

/// The lines of the diff; none where the texts are the same.
pub(crate) fn unified(name: &str, old: &[u8], new: &[u8]) -> Vec<String> {
    let (old, new) = (lines(old), lines(new));
    let all = marked(&old, &new);
    let places = places(&all);
    if places.is_empty() {
        return Vec::new();
    }
    let mut out = vec![format!("--- {name}"), format!("+++ {name}")];
    for (first, last) in places {
        let (from, to) = (first.saturating_sub(AROUND), last.saturating_add(AROUND).saturating_add(1).min(all.len()));
        let (before, hunk) = (all.get(..from).unwrap_or_default(), all.get(from..to).unwrap_or_default());
        out.push(format!("@@ -{} +{} @@", part(before, hunk, Sign::New), part(before, hunk, Sign::Gone)));
        put(hunk, &mut out);
    }
    out
}

/// Every line of both.
fn marked<'a>(old: &'a [String], new: &'a [String]) -> Vec<Marked<'a>> {
    let same = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let left = |all: usize| all.saturating_sub(same);
    let ends = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let ends = ends.min(left(old.len())).min(left(new.len()));
    let inner = |all: &'a [String]| all.get(same..all.len().saturating_sub(ends)).unwrap_or_default();
    let alike = |lines: &'a [String]| lines.iter().map(|line| (Sign::Same, line.as_str()));
    let mut out: Vec<Marked<'_>> = alike(old.get(..same).unwrap_or_default()).collect();
    out.extend(between(inner(old), inner(new)));
    out.extend(alike(old.get(old.len().saturating_sub(ends)..).unwrap_or_default()));
    out
}

/// What lies between the first and the last change: as many lines as can be stay.
fn between<'a>(old: &'a [String], new: &'a [String]) -> Vec<Marked<'a>> {
    let width = new.len().saturating_add(1);
    let mut common = Vec::new();
    if old.len().saturating_mul(new.len()) <= MOST_PAIRS {
        common.resize(width.saturating_mul(old.len().saturating_add(1)), 0_u32);
    }
    // How many lines of old from `i` on and of new from `j` on stay.
    let place = |i: usize, j: usize| i.saturating_mul(width).saturating_add(j);
    let staying = |common: &[u32], i: usize, j: usize| common.get(place(i, j)).copied().unwrap_or_default();
    for (i, gone) in old.iter().enumerate().rev() {
        for (j, came) in new.iter().enumerate().rev() {
            let most = if gone == came {
                staying(&common, i.saturating_add(1), j.saturating_add(1)).saturating_add(1)
            } else {
                staying(&common, i.saturating_add(1), j).max(staying(&common, i, j.saturating_add(1)))
            };
            match common.get_mut(place(i, j)) {
                Some(cell) => *cell = most,
                None => return apart(old, new),
            }
        }
    }
    let (mut i, mut j) = (0_usize, 0_usize);
    let mut out = Vec::new();
    loop {
        let (gone, came) = (old.get(i), new.get(j));
        let goes = || staying(&common, i.saturating_add(1), j) >= staying(&common, i, j.saturating_add(1));
        let (sign, line) = match (gone, came) {
            (Some(gone), Some(came)) if gone == came => (Sign::Same, gone),
            (Some(gone), None) => (Sign::Gone, gone),
            (Some(gone), Some(_)) if goes() => (Sign::Gone, gone),
            (_, Some(came)) => (Sign::New, came),
            (None, None) => return out,
        };
        i = i.saturating_add(usize::from(sign != Sign::New));
        j = j.saturating_add(usize::from(sign != Sign::Gone));
        out.push((sign, line.as_str()));
    }
}

/// All of the one for all of the other.
fn apart<'a>(old: &'a [String], new: &'a [String]) -> Vec<Marked<'a>> {
    let with = |sign: Sign, lines: &'a [String]| lines.iter().map(move |line| (sign, line.as_str()));
    with(Sign::Gone, old).chain(with(Sign::New, new)).collect()
}

/// The first and the last change of each hunk.
fn places(all: &[Marked<'_>]) -> Vec<(usize, usize)> {
    let mut places: Vec<(usize, usize)> = Vec::new();
    for (at, (sign, _)) in all.iter().enumerate() {
        if *sign == Sign::Same {
            continue;
        }
        match places.last_mut() {
            // What is shown around would touch.
            Some((_, last)) if at.saturating_sub(*last) <= AROUND.saturating_mul(2).saturating_add(1) => *last = at,
            _ => places.push((at, at)),
        }
    }
    places
}

/// `4,7`: where a hunk begins in one of the texts, and how long it is there.
fn part(before: &[Marked<'_>], hunk: &[Marked<'_>], not: Sign) -> String {
    let count = |lines: &[Marked<'_>]| lines.iter().filter(|(sign, _)| *sign != not).count();
    let (before, count) = (count(before), count(hunk));
    // diff(1): an empty part begins at the line before it.
    let begins = if count == 0 { before } else { before.saturating_add(1) };
    if count == 1 { begins.to_string() } else { format!("{begins},{count}") }
}

/// What goes stands before what comes.
fn put(hunk: &[Marked<'_>], out: &mut Vec<String>) {
    let mut coming = Vec::new();
    for (sign, line) in hunk {
        match sign {
            Sign::Gone => out.push(format!("-{line}")),
            Sign::New => coming.push(format!("+{line}")),
            Sign::Same => {
                out.append(&mut coming);
                out.push(format!(" {line}"));
            }
        }
    }
    out.append(&mut coming);
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
            // Two places: apart, and so near that they are shown as one.
            ("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "x\n2\n3\n4\n5\n6\n7\n8\ny\n"),
            ("1\n2\n3\n4\n5\n6\n7\n8\n", "x\n2\n3\n4\n5\n6\n7\ny\n"),
            ("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "2\n3\n4\n5\n6\n7\n8\n9\nx"),
            ("1\n2\n3\n4\n", "x\n2\ny\nz\n4\n5\n"),
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

    #[test]
    fn of_two_very_long_texts_the_part_that_differs_is_one_place() {
        let text = |word: &str| (0..2_100).fold(String::new(), |text, line| format!("{text}{word}{line}\nsame\n"));
        let shown = unified("n", text("a").as_bytes(), text("b").as_bytes());
        assert_eq!(shown.iter().filter(|line| line.starts_with("@@")).count(), 1);
        assert_eq!(shown.iter().filter(|line| line.starts_with("-same")).count(), 2_099, "the last one stays");
    }
}
