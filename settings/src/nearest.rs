//! The nearest known key to one that is not known. It only ever suggests; nothing is accepted by likeness.

/// Of a longer name only so many characters are compared: the work for a name is bounded, whatever stands in the text.
const COMPARED: usize = 48;

/// The candidate with the smallest distance from `name`; the first of several.
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates.min_by_key(|candidate| distance(name, candidate))
}

/// The distance of two names: insertions, deletions, exchanges and swaps of neighbours (optimal string alignment).
pub(crate) fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().take(COMPARED).collect();
    let other: Vec<char> = other.chars().take(COMPARED).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, a) in one.iter().enumerate() {
        let mut this = vec![row.saturating_add(1)];
        for (column, b) in other.iter().enumerate() {
            let exchange = cell(&last, column).saturating_add(usize::from(a != b));
            let delete = cell(&last, column.saturating_add(1)).saturating_add(1);
            let insert = cell(&this, column).saturating_add(1);
            let mut best = exchange.min(delete).min(insert);
            let swapped = row > 0
                && column > 0
                && one.get(row.saturating_sub(1)) == Some(b)
                && other.get(column.saturating_sub(1)) == Some(a);
            if swapped {
                best = best.min(cell(&before, column.saturating_sub(1)).saturating_add(1));
            }
            this.push(best);
        }
        before = std::mem::replace(&mut last, this);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

fn cell(row: &[usize], column: usize) -> usize {
    row.get(column).copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swap_a_slip_and_a_missing_letter_are_one_step_each() {
        assert_eq!(distance("emial", "email"), 1);
        assert_eq!(distance("emaol", "email"), 1);
        assert_eq!(distance("emil", "email"), 1);
        assert_eq!(distance("", "email"), 5);
        assert_eq!(distance("email", "email"), 0);
        assert_eq!(distance("ca", "abc"), 3);
    }
}
