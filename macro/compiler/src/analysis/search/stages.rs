//! What a search tries, in its order: options of the whole model, ranges of single tensors,
//! tensors in int16, operators in float, and at last everything without one of its options.

use super::Search;
use super::changes::Change;
use super::state::Figures;
use super::target::Margin;
use crate::analysis::progress::Progress as _;
use crate::calibrate::Method;
use crate::error::{Error, Result};

/// What an option has to gain on the samples that decide, in dB or percent.
pub(super) const GAIN: f64 = 0.2;

/// Costs up to this multiple are the same: channels that do nothing come and go with ranges.
const SAME_COST: f64 = 1.005;

/// Methods for the whole model, and for single tensors.
pub(super) const METHODS: [Method; 6] = [
    Method::MinMax,
    Method::Percentile(99.9),
    Method::Percentile(99.99),
    Method::Percentile(99.999),
    Method::Mse,
    Method::Entropy,
];

/// Times that all tensors are gone through.
const PASSES: usize = 2;

/// Options that the search tries to do without, at most.
const LEFT_OUT: usize = 24;

/// A setting that was measured.
#[derive(Clone, Debug)]
pub(super) struct Tried {
    pub change: Change,
    pub figures: Figures,
    pub margin: Margin,
}

/// All settings that were measured, and the one that the search would choose.
pub(super) struct Archive {
    pub tried: Vec<Tried>,
    pub best: Tried,
}

impl Search<'_> {
    /// Measures settings until one meets the target with a reserve, or there is nothing left to
    /// try, or the user does not want to wait any more.
    pub(super) fn archive(&self) -> Result<Archive> {
        self.clock.begin("measuring the call's options", 0);
        if self.clock.is_interrupted() {
            return Err(Error::dataset(
                "it was stopped before one setting was measured",
            ));
        }
        let base = self.measured(&Change::default())?;
        let mut archive = Archive {
            tried: vec![base.clone()],
            best: base,
        };
        self.whole_model(&mut archive);
        for _ in 0..PASSES {
            let before = archive.best.margin.lack;
            self.single_tensors(&mut archive)?;
            if archive.best.margin.lack > before - GAIN {
                break;
            }
        }
        self.int16(&mut archive)?;
        self.floats(&mut archive)?;
        self.eliminate(&mut archive);
        Ok(archive)
    }

    /// Measures a setting on the samples that decide, if that was not done already.
    fn measured(&self, change: &Change) -> Result<Tried> {
        let figures = self.state.exact(&change.key(), || {
            let built = self.built(change)?;
            Ok(Figures {
                deciding: self.measure(&built, &self.deciding)?,
                confirming: Vec::new(),
                cost: self.cost(&built)?,
            })
        })?;
        Ok(Tried {
            change: change.clone(),
            margin: Margin::of(self.clauses, &figures.deciding),
            figures,
        })
    }

    /// Measures a setting and notes it; `None` if it cannot be compiled, or if there is no time
    /// left to measure it.
    pub(super) fn try_out(&self, change: Change, archive: &mut Archive) -> Option<Tried> {
        let change = change.beside(self.call);
        if !self.state.has(&change.key()) && self.clock.is_stopped() {
            return None;
        }
        // A setting that cannot be compiled is one that is not there.
        let tried = self.measured(&change).ok()?;
        if !archive.tried.iter().any(|known| known.change == change) {
            archive.tried.push(tried.clone());
        }
        Some(tried)
    }

    /// True if nothing more has to be found.
    pub(super) fn is_enough(&self, archive: &Archive) -> bool {
        archive.best.margin.lack == 0.0
    }

    /// Options of the whole model: every method, and the two best of them with and without
    /// equalization and bias correction.
    fn whole_model(&self, archive: &mut Archive) {
        if self.is_enough(archive) {
            return;
        }
        self.clock.begin("options of the whole model", 12);
        let mut by_method = vec![archive.best.clone()];
        for method in METHODS {
            let change = Change {
                calibration: Some(method),
                ..Change::default()
            };
            by_method.extend(self.try_out(change, archive));
            self.clock.advance(1);
        }
        by_method.sort_by(by_lack);
        by_method.dedup_by(|a, b| a.change == b.change);
        let mut all = by_method.clone();
        for start in by_method.iter().take(2) {
            let switches = [(true, true), (true, false), (false, true), (false, false)];
            for (equalize, bias_correction) in switches {
                let change = Change {
                    equalize: Some(equalize),
                    bias_correction: Some(bias_correction),
                    ..start.change.clone()
                };
                all.extend(self.try_out(change, archive));
            }
            self.clock.advance(3);
        }
        all.sort_by(by_lack);
        if let Some(best) = all.into_iter().next() {
            self.prefer(best, archive);
        }
    }

    /// Takes a setting as the best one if it gains something; true if it does.
    pub(super) fn prefer(&self, tried: Tried, archive: &mut Archive) -> bool {
        let gains = gains(&tried.margin, &archive.best.margin);
        if gains {
            archive.best = tried;
        }
        gains
    }

    /// Other ranges for one tensor after the other: those first whose operators lose most.
    fn single_tensors(&self, archive: &mut Archive) -> Result<()> {
        if self.is_enough(archive) || !self.knows_ranks(archive) && self.clock.is_stopped() {
            return Ok(());
        }
        let tensors = self.tensors(&archive.best.change)?;
        self.clock
            .begin("ranges of single tensors", tensors.len() as u64);
        for tensor in tensors {
            if self.is_enough(archive) {
                break;
            }
            if let Some(method) = self.best_estimate(&archive.best.change, &tensor)? {
                let change = archive.best.change.with(&tensor, method);
                if let Some(tried) = self.try_out(change, archive) {
                    self.prefer(tried, archive);
                }
            }
            self.clock.advance(1);
        }
        Ok(())
    }

    /// Leaves out options that do not pay: without which the target is met as well, or hardly
    /// anything is lost.
    fn eliminate(&self, archive: &mut Archive) {
        let lack = match archive.best.margin.lack {
            0.0 => 0.0,
            lack => lack + GAIN,
        };
        let options = archive.best.change.len();
        self.clock
            .begin("leaving options out", options.min(LEFT_OUT) as u64);
        let mut at = 0;
        for _ in 0..LEFT_OUT {
            let Some(change) = archive.best.change.each_without_one().get(at).cloned() else {
                break;
            };
            let costs = archive.best.figures.cost;
            match self.try_out(change, archive) {
                Some(tried)
                    if tried.margin.lack <= lack
                        && tried.figures.cost.relative(&costs) <= SAME_COST =>
                {
                    archive.best = tried;
                }
                _ => at += 1,
            }
            self.clock.advance(1);
        }
    }
}

/// True if what one margin lacks is worth an option less than what the other does.
pub(super) fn gains(now: &Margin, before: &Margin) -> bool {
    now.lack <= before.lack - GAIN || now.lack == 0.0 && before.lack > 0.0
}

/// That which lacks least first; of equal ones the change of fewer options.
fn by_lack(a: &Tried, b: &Tried) -> std::cmp::Ordering {
    let lack = a.margin.lack.total_cmp(&b.margin.lack);
    lack.then(a.change.len().cmp(&b.change.len()))
}
