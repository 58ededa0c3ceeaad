//! What is reported: settings that are better than the call's on samples that the search never
//! saw, none of which costs more and has a smaller margin than another.

use serde::{Deserialize, Serialize};

use super::Search;
use super::changes::{Change, Changes};
use super::cost::Cost;
use super::program::Part;
use super::stages::{Archive, GAIN, Tried};
use super::state::Figures;
use super::target::Margin;
use crate::analysis::progress::Progress as _;
use crate::error::Result;

/// A setting with its figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// What differs from the call.
    pub changes: Changes,
    /// What the program costs.
    pub cost: Cost,
    /// The mean of flash, memory and work, each as a multiple of that of the call.
    pub relative_cost: f64,
    /// What each target's metric is on the samples that decide.
    pub deciding: Vec<f64>,
    /// What each target's metric is on the samples that confirm.
    pub confirming: Vec<f64>,
    /// The smallest margin to a target on the samples that decide, in dB or percent.
    pub margin: f64,
    /// The smallest margin on the samples that confirm.
    pub confirmed_margin: f64,
    /// True if all targets are met on both.
    pub meets: bool,
}

/// What a search reports, in the order of cost.
pub(super) struct Front {
    pub as_it_is: Found,
    pub front: Vec<Found>,
    pub chosen: Option<usize>,
    pub unconfirmed: usize,
}

/// Settings that are measured for the report, at most.
const FINALISTS: usize = 6;

/// Settings that are measured after Ctrl-C.
const FINALISTS_AT_ONCE: usize = 1;

/// A setting of at most this cost, as a multiple of that of the call, is a cheaper one: a little
/// less comes and goes with the channels that do nothing.
const CHEAPER: f64 = 0.99;

impl Search<'_> {
    /// Searches, and measures the best settings again as a build has them, on all held-out
    /// samples.
    pub(super) fn found(&self) -> Result<Front> {
        let archive = self.archive()?;
        let mut finalists = finalists(&archive);
        if self.clock.is_interrupted() {
            finalists.truncate(FINALISTS_AT_ONCE);
        }
        let steps = 1 + finalists.len();
        self.clock
            .begin("confirming on unseen samples", steps as u64);
        let samples = self.samples(&self.confirming);
        let confirming = Part::of(&self.analysis.session.graph, &samples)?;
        let base = self.whole(&Change::default(), &confirming)?;
        self.clock.advance(1);
        let as_it_is = self.shown(&Change::default(), &base, &base.cost);
        let mut better = Vec::new();
        let mut unconfirmed = 0;
        for tried in finalists {
            let figures = self.whole(&tried.change, &confirming)?;
            let found = self.shown(&tried.change, &figures, &base.cost);
            if is_better(&found, &as_it_is) {
                better.push(found);
            } else {
                unconfirmed += 1;
            }
            self.clock.advance(1);
        }
        let front = undominated(better);
        let chosen = front.iter().position(|found| found.meets);
        Ok(Front {
            chosen: chosen.filter(|&at| !as_it_is.meets || front[at].relative_cost <= CHEAPER),
            as_it_is,
            front,
            unconfirmed,
        })
    }

    /// Measures a setting as a build has it, calibrated on all samples that calibrate.
    fn whole(&self, change: &Change, confirming: &Part) -> Result<Figures> {
        self.state.exact(&format!("whole {}", change.key()), || {
            let built = self.build(change, &self.all_calibrating)?;
            Ok(Figures {
                deciding: self.measure(&built, &self.deciding)?,
                confirming: self.measure(&built, confirming)?,
                cost: self.cost(&built)?,
            })
        })
    }

    fn shown(&self, change: &Change, figures: &Figures, base: &Cost) -> Found {
        let least = |values: &[f32]| Margin::of(self.clauses, values).least;
        let (margin, confirmed) = (least(&figures.deciding), least(&figures.confirming));
        let shown = |values: &[f32]| values.iter().copied().map(f64::from).collect();
        Found {
            changes: change.written(),
            cost: figures.cost,
            relative_cost: figures.cost.relative(base),
            deciding: shown(&figures.deciding),
            confirming: shown(&figures.confirming),
            margin,
            confirmed_margin: confirmed,
            meets: margin >= 0.0 && confirmed >= 0.0,
        }
    }
}

/// True if a setting is better than the call's on samples that did not choose it: by its margin,
/// or, with the target still met, by its cost.
fn is_better(found: &Found, base: &Found) -> bool {
    let gains = |now: f64, before: f64| now >= before + GAIN;
    let gain =
        gains(found.margin, base.margin) && gains(found.confirmed_margin, base.confirmed_margin);
    gain || found.meets && found.relative_cost <= CHEAPER
}

/// The settings of which none costs more than another with as large a margin, as far as the
/// samples that decide say; the one that the search would choose comes first.
fn finalists(archive: &Archive) -> Vec<Tried> {
    let Some(base) = archive.tried.first() else {
        return Vec::new();
    };
    let cost = |tried: &Tried| tried.figures.cost.relative(&base.figures.cost);
    let mut all: Vec<&Tried> = archive
        .tried
        .iter()
        .filter(|t| t.change.len() > 0)
        .collect();
    all.sort_by(|a, b| {
        cost(a)
            .total_cmp(&cost(b))
            .then(b.margin.least.total_cmp(&a.margin.least))
            .then(a.change.len().cmp(&b.change.len()))
    });
    let mut least = base.margin.least;
    all.retain(|tried| {
        let gains = tried.margin.least >= least + GAIN;
        if gains {
            least = tried.margin.least;
        }
        gains || cost(tried) <= CHEAPER && tried.margin.least >= 0.0
    });
    let mut finalists: Vec<Tried> = Vec::new();
    if archive.best.change.len() > 0 {
        finalists.push(archive.best.clone());
    }
    // Of many, some from the cheapest to the best.
    let all: Vec<&Tried> = all
        .into_iter()
        .filter(|tried| finalists.iter().all(|known| known.change != tried.change))
        .collect();
    let wanted = all.len().min(FINALISTS - finalists.len());
    let last = all.len().saturating_sub(1);
    let spread = (0..wanted).map(|i| all[i * last / (wanted - 1).max(1)].clone());
    finalists.extend(spread);
    finalists
}

/// The settings by cost, without those that another one is as good as, on the samples that chose
/// them.
fn undominated(mut all: Vec<Found>) -> Vec<Found> {
    let options = |found: &Found| found.changes.options.len() + found.changes.tensors.len();
    // A smaller difference than a percent is none.
    let cost = |found: &Found| (found.relative_cost * 100.0).round();
    all.sort_by(|a, b| {
        cost(a)
            .total_cmp(&cost(b))
            .then(b.margin.total_cmp(&a.margin))
            .then(options(a).cmp(&options(b)))
    });
    let mut least = f64::MIN;
    all.retain(|found| {
        let is_larger = found.margin > least;
        least = least.max(found.margin);
        is_larger
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(relative_cost: f64, margin: f64, confirmed_margin: f64) -> Found {
        Found {
            changes: Changes::default(),
            cost: Cost::default(),
            relative_cost,
            deciding: Vec::new(),
            confirming: Vec::new(),
            margin,
            confirmed_margin,
            meets: margin >= 0.0 && confirmed_margin >= 0.0,
        }
    }

    #[test]
    fn a_gain_has_to_survive() {
        let base = found(1.0, -2.0, -1.0);
        assert!(is_better(&found(1.0, 0.5, -0.5), &base));
        assert!(!is_better(&found(1.0, 0.5, -1.0), &base));
        assert!(!is_better(&found(1.0, 0.5, -1.5), &base));
        assert!(!is_better(&found(1.1, 0.5, -0.95), &base));
        // Cheaper, and good enough.
        assert!(is_better(&found(0.9, 0.1, 0.1), &found(1.0, 1.0, 1.0)));
        assert!(!is_better(&found(0.9, 0.1, -0.1), &found(1.0, 1.0, 1.0)));
    }

    #[test]
    fn each_of_a_front_costs_more_and_is_better() {
        let front = undominated(vec![
            found(1.2, 3.0, 0.0),
            found(1.0, 1.0, 0.0),
            found(1.1, 0.5, 9.0),
            found(1.0, 0.7, 2.0),
        ]);
        let costs: Vec<f64> = front.iter().map(|f| f.relative_cost).collect();
        assert_eq!(costs, [1.0, 1.2]);
    }
}
