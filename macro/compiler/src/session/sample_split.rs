//! Which samples of a dataset calibrate, and which measure accuracy: the one rule for
//! `require`, labels, `selftest` and analysis, which docs/workflow.md has for users.
//!
//! With `require`, every fifth sample is held out: it measures and does not calibrate. Without
//! it, all samples calibrate, or as many as `samples` asks for; then those measure that are left
//! over, as many as calibrate, and only if there are none those that have calibrated. A search
//! for options decides by every other held-out sample, and confirms on those between.

use crate::dataset;
use crate::error::{Blame, Error, Result};
use crate::options::Options;

/// The samples that calibrate and those that measure accuracy, by number.
pub(crate) struct Split {
    pub calibration: Vec<usize>,
    /// Every fifth sample if there is a `require`, never used for calibration.
    pub held_out: Vec<usize>,
}

impl Split {
    /// Splits the dataset's samples as the options ask.
    pub(crate) fn new(available: usize, options: &Options) -> Result<Self> {
        let held = |i: &usize| !options.require.is_empty() && i % 5 == 4;
        let held_out: Vec<usize> = (0..available).filter(held).collect();
        let rest: Vec<usize> = (0..available).filter(|i| !held(i)).collect();
        if !options.require.is_empty() && held_out.is_empty() {
            return Err(Error::new(
                Blame::Require(0),
                format!("`require` holds every fifth sample out; {available} samples are too few"),
            ));
        }
        let wanted = dataset::limit(rest.len(), options.samples)?;
        // Evenly over the dataset, which may be sorted.
        Ok(Self {
            calibration: evenly(&rest, wanted),
            held_out,
        })
    }

    /// The held-out samples in two halves: a search decides by the first, and the second confirms
    /// what it has found. `None` if there are not two of them.
    #[cfg(feature = "analysis")]
    pub(crate) fn halves(&self) -> Option<[Vec<usize>; 2]> {
        let half = |first: usize| {
            self.held_out
                .iter()
                .skip(first)
                .step_by(2)
                .copied()
                .collect()
        };
        let halves: [Vec<usize>; 2] = [half(0), half(1)];
        halves.iter().all(|half| !half.is_empty()).then_some(halves)
    }

    /// The samples that measure, of all that there are.
    pub(crate) fn measured(&self, available: usize) -> Measured {
        if !self.held_out.is_empty() {
            return Measured {
                numbers: self.held_out.clone(),
                unseen: true,
            };
        }
        let mut calibrates = vec![false; available];
        for &number in &self.calibration {
            calibrates[number] = true;
        }
        let rest: Vec<usize> = (0..available).filter(|&i| !calibrates[i]).collect();
        if rest.is_empty() {
            return Measured {
                numbers: self.calibration.clone(),
                unseen: false,
            };
        }
        let wanted = rest.len().min(self.calibration.len());
        Measured {
            numbers: evenly(&rest, wanted),
            unseen: true,
        }
    }
}

/// As many as are wanted of `all`, spread evenly over it.
pub(crate) fn evenly(all: &[usize], wanted: usize) -> Vec<usize> {
    (0..wanted).map(|i| all[i * all.len() / wanted]).collect()
}

/// The samples that measure accuracy, by number.
pub(crate) struct Measured {
    pub numbers: Vec<usize>,
    /// None of them has calibrated.
    #[cfg_attr(
        not(feature = "analysis"),
        expect(dead_code, reason = "analysis shows it")
    )]
    pub unseen: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{Comparison, Metric, Requirement};

    #[test]
    fn held_out_samples_do_not_calibrate() {
        let clause = Requirement {
            output: "y".into(),
            metric: Metric::SqnrDb,
            comparison: Comparison::AtLeast,
            bound: 20.0,
        };
        let options = Options {
            require: vec![clause],
            samples: Some(4),
            ..Options::default()
        };
        let split = Split::new(10, &options).expect("enough");
        assert_eq!(split.held_out, [4, 9]);
        assert_eq!(split.calibration, [0, 2, 5, 7]);
        #[cfg(feature = "analysis")]
        assert_eq!(split.halves(), Some([vec![4], vec![9]]));
        assert!(Split::new(3, &options).is_err());
        assert!(
            Split::new(
                10,
                &Options {
                    samples: Some(11),
                    ..Options::default()
                }
            )
            .is_err()
        );
        assert_eq!(
            Split::new(3, &Options::default()).expect("all").calibration,
            [0, 1, 2]
        );
    }

    #[test]
    fn analysis_measures_on_unseen_samples_where_there_are_any() {
        let options = |samples| Options {
            samples,
            ..Options::default()
        };
        let all = Split::new(4, &options(None)).expect("enough").measured(4);
        assert_eq!((all.numbers, all.unseen), (vec![0, 1, 2, 3], false));
        let some = Split::new(10, &options(Some(2)))
            .expect("enough")
            .measured(10);
        assert_eq!((some.numbers, some.unseen), (vec![1, 6], true));
    }
}
