//! Operators in float: runs of neighbours, since an operator between int8 tensors still reads and
//! writes rounded numbers. First from the call's program on, then back from one that is all in
//! float.

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
const ROUNDS: usize = 3;

/// Parts that a program in float is cut into; those that have to stay are halved.
const PARTS: usize = 8;

/// How often they are halved.
const HALVINGS: usize = 2;

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
        if !self.is_enough(archive) {
            self.back_to_int8(ranks, archive);
        }
        Ok(())
    }

    /// Takes all operators in float, and puts part after part back where the targets are met all
    /// the same: those first that cost most and lose least.
    fn back_to_int8(&self, mut ranks: Vec<Rank>, archive: &mut Archive) {
        let steps = PARTS * (1 + HALVINGS);
        self.clock.begin("back from float to int8", steps as u64);
        let int8 = archive.best.change.clone();
        let Some(mut now) = self.all_in_float(&mut ranks, archive) else {
            return;
        };
        if now.margin.lack > 0.0 {
            self.prefer(now, archive);
            return;
        }
        let length = ranks.len().div_ceil(PARTS);
        let mut parts: Vec<&[Rank]> = ranks.chunks(length.max(1)).collect();
        let base = archive.best.figures.cost;
        for _ in 0..=HALVINGS {
            let order = |part: &&[Rank]| {
                let sum = part.iter().map(|rank| (power(rank), price(rank, &base)));
                let sum = sum.fold((0.001, 0.0), |all, one| (all.0 + one.0, all.1 + one.1));
                sum.1 / sum.0
            };
            parts.sort_by(|a, b| order(b).total_cmp(&order(a)));
            let mut stay: Vec<&[Rank]> = Vec::new();
            for part in parts {
                let change = part.iter().fold(now.change.clone(), |change, rank| {
                    change.as_in(&rank.tensor, &int8)
                });
                match self.try_out(change, archive) {
                    Some(tried) if tried.margin.lack == 0.0 => now = tried,
                    _ => stay.push(part),
                }
                self.clock.advance(1);
            }
            let halves = stay.into_iter().filter(|part| part.len() > 1);
            parts = halves
                .flat_map(|part| part.chunks(part.len().div_ceil(2)))
                .collect();
        }
        archive.best = now;
    }

    /// The program with all operators in float that have a float kernel, which are left in `ranks`.
    fn all_in_float(&self, ranks: &mut Vec<Rank>, archive: &mut Archive) -> Option<Tried> {
        loop {
            let change = ranks
                .iter()
                .fold(archive.best.change.clone(), |change, rank| {
                    change.with(&rank.tensor, Method::Float)
                });
            let tried = self.try_out(change.clone(), archive);
            if tried.is_some() {
                return tried;
            }
            // The message names the operator.
            let message = self.state.error(&change.beside(self.call).key())?;
            let before = ranks.len();
            ranks.retain(|rank| {
                !message.contains(&format!("{} cannot be kept in float", rank.operator))
            });
            if ranks.len() == before {
                return None;
            }
        }
    }
}

/// The noise of an operator at the outputs, in no unit.
pub(super) fn power(rank: &Rank) -> f64 {
    10.0_f64.powf(f64::from(-rank.only) / 10.0)
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
            operator: "CONV_2D".to_owned(),
            only,
            weight_bytes: 10,
            macs: 100,
            read_by: 100,
            elements: 10,
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
        assert_eq!(names(&best), ["1", "12", "123"]);
    }
}
