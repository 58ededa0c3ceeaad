//! Operators in float: runs of neighbours, since an operator between int8 tensors still reads and
//! writes rounded numbers.

use std::collections::HashSet;

use super::Search;
use super::cost::{Cost, FLOAT_FACTOR};
use super::rank::Rank;
use super::stages::{Archive, Tried, gains};
use crate::analysis::progress::Progress as _;
use crate::calibrate::Method;
use crate::error::Result;

/// Lengths of runs that are tried.
const LENGTHS: [usize; 6] = [1, 2, 4, 8, 16, 32];

/// Runs that are taken at most.
const ROUNDS: usize = 6;

impl Search<'_> {
    /// Keeps runs of operators in float that lose much for what they cost, one after the other,
    /// until that is enough or gains nothing.
    pub(super) fn floats(&self, archive: &mut Archive) -> Result<()> {
        if self.is_enough(archive) || !self.knows_ranks(archive) && self.clock.is_stopped() {
            return Ok(());
        }
        let Some(ranks) = self.ranks(&archive.best.change)? else {
            return Ok(());
        };
        let steps = ROUNDS * LENGTHS.len();
        self.clock.begin("operators in float", steps as u64);
        for _ in 0..ROUNDS {
            if self.is_enough(archive) {
                break;
            }
            let before = archive.best.clone();
            let mut tried = Vec::new();
            for run in runs(&ranks, &before) {
                let change = run.iter().fold(before.change.clone(), |change, rank| {
                    change.with(&rank.tensor, Method::Float)
                });
                tried.extend(self.try_out(change, archive));
                self.clock.advance(1);
            }
            tried.retain(|tried| gains(&tried.margin, &before.margin));
            let worth = |tried: &Tried| {
                let gain = before.margin.lack - tried.margin.lack;
                let cost = tried.figures.cost.relative(&before.figures.cost);
                gain / (cost - 1.0).max(0.01)
            };
            let best = tried.into_iter();
            let best = best.reduce(|a, b| if worth(&b) > worth(&a) { b } else { a });
            let Some(best) = best else { break };
            archive.best = best;
        }
        Ok(())
    }
}

/// For each length, the run of neighbours that loses most for what it costs in float: of those
/// that are not in float yet.
fn runs<'a>(ranks: &'a [Rank], best: &Tried) -> Vec<Vec<&'a Rank>> {
    let clauses = best.change.tensors.iter();
    let floats: HashSet<&str> = clauses
        .filter(|(_, method)| *method == Method::Float)
        .map(|(name, _)| name.as_str())
        .collect();
    let cost = &best.figures.cost;
    // Power and price of an operator.
    let worth = |rank: &Rank| match floats.contains(rank.tensor.as_str()) {
        true => (0.0, 0.0),
        false => (
            10.0_f64.powf(f64::from(-rank.only) / 10.0),
            price(rank, cost),
        ),
    };
    let worth: Vec<(f64, f64)> = ranks.iter().map(worth).collect();
    let mut runs: Vec<Vec<&Rank>> = Vec::new();
    for length in LENGTHS {
        let value = |start: &usize| {
            let run = worth[*start..start + length].iter();
            let (power, price) = run.fold((0.0, 0.001), |all, one| (all.0 + one.0, all.1 + one.1));
            power / price
        };
        let starts = 0..(ranks.len() + 1).saturating_sub(length);
        let best = starts
            .map(|start| (value(&start), start))
            .reduce(|a, b| if b.0 > a.0 { b } else { a });
        let Some((_, start)) = best.filter(|(value, _)| *value > 0.0) else {
            continue;
        };
        let run: Vec<&Rank> = ranks[start..start + length]
            .iter()
            .filter(|rank| !floats.contains(rank.tensor.as_str()))
            .collect();
        if !runs.contains(&run) {
            runs.push(run);
        }
    }
    runs
}

/// By how much an operator in float raises the cost, about.
fn price(rank: &Rank, cost: &Cost) -> f64 {
    let flash = rank.weight_bytes as f64 * 3.0 / cost.weight_bytes.max(1) as f64;
    let more = rank.macs * (FLOAT_FACTOR - 1);
    (flash + more as f64 / cost.cycles.max(1) as f64) / 3.0
}

#[cfg(test)]
mod tests {
    use super::super::changes::Change;
    use super::super::state::Figures;
    use super::super::target::Margin;
    use super::*;

    #[test]
    fn runs_are_where_most_is_lost() {
        let rank = |tensor: usize, only: f32| Rank {
            tensor: tensor.to_string(),
            only,
            weight_bytes: 10,
            macs: 100,
        };
        let only = [20.0, 3.0, 4.0, 20.0, 0.0, 20.0];
        let ranks: Vec<Rank> = only
            .into_iter()
            .enumerate()
            .map(|(i, x)| rank(i, x))
            .collect();
        let mut best = Tried {
            change: Change::default(),
            figures: Figures {
                deciding: Vec::new(),
                confirming: Vec::new(),
                cost: Cost {
                    weight_bytes: 100,
                    arena_bytes: 100,
                    cycles: 1000,
                },
            },
            margin: Margin::of(&[], &[]),
        };
        let names = |best: &Tried| -> Vec<String> {
            let joined = |run: Vec<&Rank>| run.iter().map(|r| r.tensor.clone()).collect::<String>();
            runs(&ranks, best).into_iter().map(joined).collect()
        };
        assert_eq!(names(&best), ["4", "34", "1234"]);
        best.change = best.change.with("4", Method::Float);
        assert_eq!(names(&best), ["1", "12", "0123"]);
    }
}
