//! How far a program is from what it is to reach.

use serde::{Deserialize, Serialize};

use crate::options::{Comparison, Metric, Requirement};

/// The largest margin that counts, in either direction.
const MOST: f64 = 100.0;

/// One clause that a search is to meet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// The output, as the clause names it.
    pub output: String,
    /// The metric's keyword.
    pub metric: String,
    /// The bound, in the metric's unit.
    pub bound: f64,
}

impl From<&Requirement> for Target {
    fn from(clause: &Requirement) -> Self {
        Self {
            output: clause.output.clone(),
            metric: clause.metric.name().to_owned(),
            bound: clause.bound,
        }
    }
}

/// How far a value lies on the right side of the clause's bound, in dB: of an SQNR the
/// difference, of an error `20 log10(bound / value)`; of a share the difference in percent.
/// At most 100.
pub(super) fn margin(clause: &Requirement, value: f64) -> f64 {
    let margin = match (clause.metric, clause.comparison) {
        (Metric::SqnrDb, _) => value - clause.bound,
        (_, Comparison::AtLeast) => 100.0 * (value - clause.bound),
        (_, Comparison::AtMost) if value <= 0.0 => MOST,
        (_, Comparison::AtMost) => 20.0 * (clause.bound.max(0.0) / value).log10(),
    };
    // A value that is no number is never right.
    if margin.is_nan() {
        return -MOST;
    }
    margin.clamp(-MOST, MOST)
}

/// How far a setting is from its targets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Margin {
    /// The smallest margin of a clause.
    pub least: f64,
    /// What the clauses lack to [`RESERVE`], as the root of the sum of squares: 0 is enough, and
    /// what lacks most counts most.
    pub lack: f64,
}

/// By how much the samples that decide are to meet the targets: others are a little worse.
const RESERVE: f64 = 1.0;

impl Margin {
    /// The margin of measured values, one for each clause.
    pub(super) fn of(clauses: &[Requirement], values: &[f32]) -> Self {
        let margins = clauses.iter().zip(values);
        let margins: Vec<f64> = margins.map(|(c, v)| margin(c, f64::from(*v))).collect();
        let lack = margins.iter().map(|m| (RESERVE - m).max(0.0).powi(2));
        Self {
            least: margins.iter().copied().fold(MOST, f64::min),
            lack: lack.sum::<f64>().sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn margins_have_one_unit() {
        let clause = |metric, comparison, bound| Requirement {
            output: "y".into(),
            metric,
            comparison,
            bound,
        };
        let sqnr = clause(Metric::SqnrDb, Comparison::AtLeast, 30.0);
        assert_eq!(margin(&sqnr, 33.0), 3.0);
        assert_eq!(margin(&sqnr, f64::INFINITY), 100.0);
        assert_eq!(margin(&sqnr, f64::NAN), -100.0);
        let top1 = clause(Metric::Top1, Comparison::AtLeast, 0.9);
        assert!((margin(&top1, 0.95) - 5.0).abs() < 1e-9);
        let error = clause(Metric::MaxAbsError, Comparison::AtMost, 0.1);
        assert!((margin(&error, 0.05) - 6.02).abs() < 0.01);
        assert_eq!(margin(&error, 0.0), 100.0);
        let none = clause(Metric::MaxAbsError, Comparison::AtMost, 0.0);
        assert_eq!(margin(&none, 0.5), -100.0);
        let both = [sqnr, error];
        let far = Margin::of(&both, &[27.0, 0.2]);
        assert!((far.least + 6.02).abs() < 0.01);
        assert!((far.lack - (16.0 + (1.0 - far.least).powi(2)).sqrt()).abs() < 1e-5);
        assert_eq!(Margin::of(&both, &[31.5, 0.05]).lack, 0.0);
    }
}
