//! Which samples run, and what a model with a state remembers of those before.

use ndarray::{ArrayD, ArrayViewD, CowArray, IxDyn};

use super::RealRange;
use crate::dataset::Dataset;
use crate::error::Result;
use crate::ir::graph::Graph;

/// A sample, and the states that it begins with; without any they are fresh.
pub(crate) type History = (usize, Vec<ArrayD<f32>>);

/// Some samples of a dataset.
#[derive(Clone, Copy)]
pub(crate) struct Samples<'a> {
    pub dataset: &'a Dataset,
    pub numbers: &'a [usize],
    /// All samples of the dataset are consecutive calls of one stream; else each of them
    /// is a stream of its own.
    pub follow: bool,
    /// For each input, the range that its values are clipped to, if any.
    pub cuts: &'a [Option<RealRange>],
}

/// Views of samples, one for each input.
pub(crate) fn views<'a>(inputs: &'a [CowArray<'_, f32, IxDyn>]) -> Vec<ArrayViewD<'a, f32>> {
    inputs.iter().map(|input| input.view()).collect()
}

impl<'a> Samples<'a> {
    /// Samples as the dataset has them.
    pub(crate) fn uncut(dataset: &'a Dataset, numbers: &'a [usize], follow: bool) -> Self {
        Self {
            dataset,
            numbers,
            follow,
            cuts: &[],
        }
    }

    /// One sample: a value per input.
    pub(crate) fn sample(&self, number: usize) -> Vec<CowArray<'a, f32, IxDyn>> {
        let inputs = self.dataset.sample(number).into_iter().enumerate();
        inputs
            .map(|(i, input)| match self.cuts.get(i).copied().flatten() {
                Some(range) => input.mapv(|x| x.max(range.min).min(range.max)).into(),
                None => input.into(),
            })
            .collect()
    }

    /// True if samples depend on those before.
    pub(crate) fn depend(&self, graph: &Graph) -> bool {
        self.follow && !graph.states.is_empty()
    }

    /// The samples with what the float model remembers.
    pub(crate) fn histories(&self, graph: &Graph) -> Result<Vec<History>> {
        if !self.depend(graph) {
            return Ok(self.numbers.iter().map(|&n| (n, Vec::new())).collect());
        }
        self.before_each(|number, states| {
            super::outputs(graph, &views(&self.sample(number)), states).map(|_| ())
        })
    }

    /// Runs all samples up to the last that is asked for, in order, and keeps the states
    /// before those that are.
    pub(crate) fn before_each<T: Clone>(
        &self,
        run: impl Fn(usize, &mut Vec<T>) -> Result<()>,
    ) -> Result<Vec<(usize, Vec<T>)>> {
        let end = self.numbers.iter().max().map_or(0, |last| last + 1);
        let (mut states, mut before) = (Vec::new(), Vec::new());
        for number in 0..end {
            if self.numbers.contains(&number) {
                before.push((number, states.clone()));
            }
            run(number, &mut states)?;
        }
        Ok(before)
    }
}
