//! How many text messages there may be, and what they may cost: pure. They are counted over everybody, since it is one purse, and so
//! whoever has one user's password could use it up for all: a share is kept for known sources.

/// Of each limit on text messages one part in so many is left to known sources alone.
const KEPT_PART: u64 = 5;

/// The text messages of `[limits]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextLimits {
    /// To numbers of one range (all but their last four digits) in any 3,600 s.
    pub per_range_hour: u32,
    /// In any 86,400 s.
    pub per_day: u32,
    /// What they may cost in any 86,400 s, millionths; `None`: any amount.
    pub cost_per_day: Option<u64>,
    /// What the next one may cost, millionths: as much as with the dearest provider, since nobody knows yet who takes it.
    pub price: u64,
}

/// Who draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// A known source, or an administrator: all that there is.
    Whole,
    /// Everybody else, notices too: what is not kept for known sources.
    Rest,
}

impl Share {
    /// How much of `limit` is open to it. Of less than five nothing is kept: somebody must be the first.
    #[must_use]
    pub fn of(self, limit: u64) -> u64 {
        match self {
            Self::Whole => limit,
            Self::Rest => limit.saturating_sub(limit / KEPT_PART),
        }
    }

    /// How much of a cap on cost is open to it where a message costs `price`. Of one for less than five messages nothing is kept,
    /// either: what would be left might never be enough for one.
    #[must_use]
    pub fn of_cost(self, cap: u64, price: u64) -> u64 {
        if cap < price.saturating_mul(KEPT_PART) { cap } else { self.of(cap) }
    }
}

/// Milliseconds until so little of what `spent` is left in its window that `price` more stays within `cap`. Of each message: for how
/// long it still counts, and what it cost.
#[must_use]
pub fn cost_wait_ms(mut spent: Vec<(u64, u64)>, price: u64, cap: u64, window_ms: u64) -> u64 {
    if price > cap {
        return window_ms;
    }
    spent.retain(|(left_ms, _)| *left_ms > 0);
    spent.sort_unstable();
    let mut sum = spent.iter().fold(price, |sum, (_, cost)| sum.saturating_add(*cost));
    let mut wait_ms = 0;
    for (left_ms, cost) in spent {
        if sum <= cap {
            break;
        }
        sum = sum.saturating_sub(cost);
        wait_ms = left_ms;
    }
    wait_ms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_is_kept_for_known_sources_and_nothing_of_less_than_five() {
        for (limit, rest) in [(1, 1), (2, 2), (4, 4), (5, 4), (9, 8), (10, 8), (20, 16), (500, 400)] {
            assert_eq!((Share::Rest.of(limit), Share::Whole.of(limit)), (rest, limit), "{limit}");
        }
    }

    #[test]
    fn of_a_cap_for_less_than_five_messages_nothing_is_kept_and_else_a_fifth() {
        for (cap, price, rest) in [
            (300_000, 250_000, 300_000),
            (1_249_999, 250_000, 1_249_999),
            (1_250_000, 250_000, 1_000_000),
            (25_000_000, 80_000, 20_000_000),
            (4, 0, 4),
            (25_000_000, 0, 20_000_000),
            (1, u64::MAX, 1),
        ] {
            let open = (Share::Rest.of_cost(cap, price), Share::Whole.of_cost(cap, price));
            assert_eq!(open, (rest, cap), "{cap} at {price}");
        }
    }

    #[test]
    fn what_a_message_costs_waits_for_what_others_cost_to_leave_the_window() {
        let spent = vec![(30, 5), (10, 5), (0, 100), (20, 5)];
        assert_eq!(cost_wait_ms(spent.clone(), 5, 20, 99), 0);
        assert_eq!(cost_wait_ms(spent.clone(), 5, 19, 99), 10);
        assert_eq!(cost_wait_ms(spent.clone(), 6, 15, 99), 20, "one that leaves is not enough");
        assert_eq!(cost_wait_ms(spent.clone(), 5, 5, 99), 30);
        assert_eq!(cost_wait_ms(spent, 6, 5, 99), 99, "dearer than all that may be spent");
        assert_eq!(cost_wait_ms(Vec::new(), 0, 0, 99), 0);
    }
}
