//! Tensors in int16: cheaper than operators in float, since weights stay int8. Those first whose
//! operators lose most for what int16 there costs.

use super::Search;
use super::changes::Change;
use super::cost::{Cost, INT16_FACTOR};
use super::floats::power;
use super::rank::{NOTHING, Rank};
use super::stages::{Archive, Tried, gains};
use crate::analysis::progress::Progress as _;
use crate::calibrate::Method;
use crate::error::Result;

/// How many tensors are tried together.
const LENGTHS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];

/// Groups of tensors that are taken at most.
const ROUNDS: usize = 3;

impl Search<'_> {
    /// Holds tensors in int16, group after group, until that is enough or gains nothing.
    pub(super) fn int16(&self, archive: &mut Archive) -> Result<()> {
        if self.is_enough(archive) || !self.knows_ranks(archive) && self.clock.is_stopped() {
            return Ok(());
        }
        let steps = ROUNDS * LENGTHS.len();
        self.clock.begin("tensors in int16", steps as u64);
        for _ in 0..ROUNDS {
            if self.is_enough(archive) {
                break;
            }
            let before = archive.best.clone();
            let Some(ranks) = self.ranks(&before.change)? else {
                return Ok(());
            };
            let order = order(&ranks, &before, &|name| self.is_said(name));
            let mut tried = Vec::new();
            for length in lengths(order.len()) {
                let change = widened(&before.change, &order[..length]);
                tried.extend(self.try_out(change, archive));
                self.clock.advance(1);
            }
            tried.retain(|tried| gains(&tried.margin, &before.margin));
            let Some(best) = cheapest(tried, &before) else {
                break;
            };
            archive.best = best;
        }
        Ok(())
    }
}

/// The change with these tensors in int16, too.
fn widened(change: &Change, tensors: &[&Rank]) -> Change {
    tensors.iter().fold(change.clone(), |change, rank| {
        change.with(&rank.tensor, Method::Int16)
    })
}

/// How many of so many tensors are tried together.
fn lengths(all: usize) -> Vec<usize> {
    let fewer = LENGTHS.into_iter().filter(|length| *length < all);
    let last = LENGTHS.last().copied().unwrap_or_default().min(all);
    let mut lengths: Vec<usize> = fewer.chain([last]).filter(|length| *length > 0).collect();
    lengths.dedup();
    lengths
}

/// The cheapest of those that meet the targets; if none does, the one that gains most for what it
/// costs.
fn cheapest(tried: Vec<Tried>, before: &Tried) -> Option<Tried> {
    let cost = |tried: &Tried| tried.figures.cost.relative(&before.figures.cost);
    let is_enough = tried.iter().any(|tried| tried.margin.lack == 0.0);
    let worth = |tried: &Tried| match (is_enough, tried.margin.lack) {
        (true, 0.0) => -cost(tried),
        (true, _) => f64::MIN,
        (false, lack) => (before.margin.lack - lack) / (cost(tried) - 1.0).max(0.01),
    };
    let best = tried.into_iter();
    best.reduce(|a, b| if worth(&b) > worth(&a) { b } else { a })
}

/// The tensors that may be int16 and are not yet: those first that lose most for what they cost.
fn order<'a>(ranks: &'a [Rank], best: &Tried, is_said: &dyn Fn(&str) -> bool) -> Vec<&'a Rank> {
    let clauses = &best.change.tensors;
    let is_free = |rank: &&Rank| {
        let is_chosen = |(name, method): &(String, Method)| {
            *name == rank.tensor && matches!(method, Method::Float | Method::Int16)
        };
        rank.only < NOTHING && !clauses.iter().any(is_chosen) && !is_said(&rank.tensor)
    };
    let mut order: Vec<&Rank> = ranks.iter().filter(is_free).collect();
    let worth = |rank: &Rank| power(rank) / price(rank, &best.figures.cost).max(0.001);
    order.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
    let mut seen = std::collections::HashSet::new();
    order.retain(|rank| !rank.tensor.is_empty() && seen.insert(rank.tensor.as_str()));
    order
}

/// By how much a tensor in int16 raises the cost, about.
fn price(rank: &Rank, cost: &Cost) -> f64 {
    let more = rank.read_by * (INT16_FACTOR - 1);
    let arena = rank.elements as f64 / cost.arena_bytes.max(1) as f64;
    (more as f64 / cost.cycles.max(1) as f64 + arena) / 3.0
}

#[cfg(test)]
mod tests {
    use super::super::state::Figures;
    use super::super::target::Margin;
    use super::*;

    fn rank(tensor: &str, only: f32, read_by: u64) -> Rank {
        Rank {
            tensor: tensor.to_owned(),
            operator: "CONV_2D".to_owned(),
            only,
            weight_bytes: 10,
            macs: 100,
            read_by,
            elements: 10,
        }
    }

    #[test]
    fn cheap_tensors_that_lose_much_come_first() {
        let ranks = [
            rank("dear", 0.0, 1000),
            rank("cheap", 3.0, 0),
            rank("good", 40.0, 0),
            rank("exact", NOTHING, 0),
            rank("said", 0.0, 0),
            rank("float", 0.0, 0),
        ];
        let best = Tried {
            change: Change::default().with("float", Method::Float),
            figures: Figures {
                deciding: Vec::new(),
                confirming: Vec::new(),
                cost: Cost {
                    weight_bytes: 100,
                    arena_bytes: 1000,
                    cycles: 1000,
                },
            },
            margin: Margin::of(&[], &[]),
        };
        let order = order(&ranks, &best, &|name| name == "said");
        let names: Vec<&str> = order.iter().map(|rank| rank.tensor.as_str()).collect();
        assert_eq!(names, ["cheap", "dear", "good"]);
        let change = widened(&best.change, &order[..2]);
        assert_eq!(
            change.written().lines()[1..4],
            [
                "    \"float\": float,",
                "    \"cheap\": int16,",
                "    \"dear\": int16,"
            ]
        );
    }

    #[test]
    fn groups_double_up_to_all() {
        assert_eq!(lengths(0), [0; 0]);
        assert_eq!(lengths(1), [1]);
        assert_eq!(lengths(5), [1, 2, 4, 5]);
        assert_eq!(lengths(100), LENGTHS);
    }
}
