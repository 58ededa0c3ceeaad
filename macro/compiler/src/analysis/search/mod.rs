//! Looks for options that meet a target at the least cost.
//!
//! ```text
//! stages --change--> program --figures--> state     what was measured is kept, and known next time
//!        \--all that was tried--> front             what survives on samples that it never saw
//! ```
//!
//! A setting is a change of the call's options. The search decides by one half of the held-out
//! samples, and where these are few by some that calibrate, too; the other half confirms, and
//! decides nothing but what is reported.

mod bases;
mod changes;
mod clock;
mod cost;
mod estimate;
mod floats;
mod front;
mod int16;
mod noise;
mod program;
mod rank;
mod stages;
mod state;
mod target;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use changes::{ChangedOption, Changes, TensorClause};
pub use cost::Cost;
pub use front::Found;
pub use target::Target;

use super::progress::Progress;
use super::samples::SampleUse;
use super::{Analysis, SCHEMA};
use crate::cache::Slot;
use crate::calibrate::Samples;
use crate::dataset::{self, Dataset};
use crate::error::{Blame, Error, Result};
use crate::options::{Options, Requirement};
use crate::session::sample_split::{Split, evenly};
use bases::Bases;
use clock::Clock;
use program::Part;
use state::State;

/// What a search is to reach, and how long it may take.
#[derive(Clone, Debug)]
pub struct SearchOptions {
    /// What is to be reached; if empty, what the call's `require` says.
    pub targets: Vec<Requirement>,
    /// How many samples a setting is measured on at most while the search goes on.
    pub measure: usize,
    /// After this time no further setting is tried.
    pub time_limit: Option<Duration>,
}

/// What a search has found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchResult {
    /// Which samples were used for what.
    pub samples: SampleUse,
    /// Samples that the search decides by: half of the held-out ones, and where these are few, some
    /// that calibrate.
    pub deciding: usize,
    /// Samples that decide nothing but what is reported.
    pub confirming: usize,
    /// What is to be reached.
    pub targets: Vec<Target>,
    /// Settings that were measured, in all searches of this model, dataset and call.
    pub tried: usize,
    /// False if the time limit or the user ended the search: the same command goes on.
    pub finished: bool,
    /// The options of the call.
    pub as_it_is: Found,
    /// Settings that are better than the call's, on the samples that confirm, too: each costs more
    /// than the one before it and has a larger margin.
    pub front: Vec<Found>,
    /// The setting of `front` that meets the target at the least cost; `None` if none does, or if
    /// the options of the call do.
    pub chosen: Option<usize>,
    /// Settings that were better on the samples that decide alone, which are left out.
    pub unconfirmed: usize,
}

/// A search while it goes on.
struct Search<'a> {
    analysis: &'a Analysis,
    data: &'a Dataset,
    /// The options of the call, with the targets in place of its `require`.
    call: &'a Options,
    clauses: &'a [Requirement],
    /// For each clause, the place of its output in the model.
    places: Vec<usize>,
    /// Samples that calibrate while the search goes on, and those of the build.
    calibrating: Vec<usize>,
    all_calibrating: Vec<usize>,
    /// Samples that decide, and those of them that estimates are made on.
    deciding: Part,
    estimating: Part,
    confirming: Vec<usize>,
    bases: Bases,
    built: program::Latest,
    state: State,
    clock: Clock<'a>,
}

/// Samples that calibrate at most while the search goes on.
const CALIBRATING: usize = 128;

/// Samples that estimates are made on at most.
const ESTIMATING: usize = 12;

/// The samples that decide: as many of the held-out ones as are wanted; if these are too few, some
/// that calibrate, too. In ascending order.
fn deciding(held_out: &[usize], calibration: &[usize], wanted: usize) -> Vec<usize> {
    let mut all = evenly(held_out, held_out.len().min(wanted));
    let more = (wanted - all.len()).min(calibration.len());
    all.extend(evenly(calibration, more));
    all.sort_unstable();
    all
}

impl Analysis {
    /// Looks for options that meet the targets at the least cost. Figures are kept in the cache's
    /// folder: after a stop, the same call goes on.
    pub fn search(&self, wanted: &SearchOptions, progress: &dyn Progress) -> Result<SearchResult> {
        let mut call = self.request.options.clone();
        if !wanted.targets.is_empty() {
            call.require.clone_from(&wanted.targets);
        }
        if call.require.is_empty() {
            return Err(Error::new(
                Blame::Require(0),
                "what is to be reached? The call has no `require`: add --target, such as \
                 --target 'scores: sqnr_db >= 30'",
            ));
        }
        if !self.session.needs_dataset(&call)? {
            return Err(Error::model(
                "the file has all ranges itself: there is nothing to search",
            ));
        }
        let places = self.session.check_require(&call)?;
        if let Some(i) = call.require.iter().position(|c| c.metric.needs_labels()) {
            return Err(Error::new(
                Blame::Require(i),
                format!(
                    "a search compares with the float model: `{}` compares with labels; use                      `sqnr_db`, `top1` or `max_abs_error`",
                    call.require[i].metric.name()
                ),
            ));
        }
        let data = self.data()?;
        self.session.check_memory()?;
        let split = Split::new(data.len(), &call)?;
        let [held_out, confirming] = split.halves().ok_or_else(|| {
            Error::dataset(format!(
                "a search holds every fifth sample out and needs two of them: {} samples are too few",
                data.len()
            ))
        })?;
        progress.begin("running the float model", 0);
        let deciding = deciding(&held_out, &split.calibration, wanted.measure.max(1));
        let estimating = evenly(&deciding, deciding.len().min(ESTIMATING));
        let part = |numbers: &[usize]| {
            let samples = Samples::uncut(&data, numbers, call.samples_follow);
            Part::of(&self.session.graph, &samples)
        };
        let (deciding, estimating) = (part(&deciding)?, part(&estimating)?);
        let calibrating = evenly(&split.calibration, split.calibration.len().min(CALIBRATING));
        let search = Search {
            analysis: self,
            data: &data,
            call: &call,
            clauses: &call.require,
            places,
            calibrating,
            estimating,
            bases: Bases::default(),
            built: program::Latest::default(),
            state: State::read(self.slot(&call, deciding.numbers.len())?),
            deciding,
            clock: Clock::new(progress, wanted.time_limit),
            all_calibrating: split.calibration.clone(),
            confirming,
        };
        let found = search.found();
        search.state.write();
        let found = found?;
        Ok(SearchResult {
            samples: SampleUse {
                available: data.len(),
                calibrating: split.calibration.len(),
                measuring: split.held_out.len(),
                unseen: true,
            },
            deciding: search.deciding.numbers.len(),
            confirming: search.confirming.len(),
            targets: call.require.iter().map(Target::from).collect(),
            tried: search.state.measured(),
            finished: !search.clock.has_stopped(),
            as_it_is: found.as_it_is,
            front: found.front,
            chosen: found.chosen,
            unconfirmed: found.unconfirmed,
        })
    }

    /// Where the figures of a search are kept: by all that they depend on.
    fn slot(&self, call: &Options, measuring: usize) -> Result<Slot> {
        let files = match &self.request.dataset {
            Some(path) => dataset::files(path)?,
            None => Vec::new(),
        };
        let mut request = self.request.clone();
        request.options.clone_from(call);
        let in_arena = call.inputs_in_arena;
        let besides = format!("search {SCHEMA} {measuring} {in_arena}");
        let slot = Slot::of_request_and(&self.bytes, &files, &request, besides.as_bytes())?;
        Ok(slot.with_extension("search"))
    }
}
