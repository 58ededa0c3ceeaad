//! Analysis of a model and of the int8 program that the macro makes of it: what `cargo niello`
//! shows.
//!
//! [`Analysis`] opens a [`Request`], which is what a call of the macro asks for, and answers with
//! results that serialize to JSON. Everything comes from the session that the macro uses, and
//! from the same cache, so that it is about the program that a build has.
//!
//! ```text
//! Analysis::open(request) --inspect--> Inspection      no dataset needed
//!                         --report--> Report           tensors, operators, outputs, memory
//!                         --compare--> Comparison      several settings side by side
//!                         --sensitivity--> Sensitivity one operator at a time
//!                         --search--> SearchResult     options that meet a target
//!                         --summary--> Summary         a few numbers to keep
//! ```
//!
//! Samples are run one after the other and only sums are kept, so that memory does not grow with
//! the dataset.

mod compare;
mod evaluate;
mod exchange;
mod file;
mod inspect;
mod labels;
mod left_out;
mod memory;
mod metrics;
mod operators;
mod outputs;
mod progress;
mod report;
mod rerun;
mod samples;
mod search;
mod sensitivity;
mod statistics;
mod suffix;
mod summary;
mod tensors;
mod value_counts;
mod weights;
mod without_samples;

pub use compare::{Comparison, Setting, SettingResult};
pub use evaluate::{OutputArray, Outputs};
pub use file::{FileFacts, FileKind, FileOperator};
pub use inspect::{GraphOperator, Inspection, PortFacts, PrunedChannels};
pub use labels::LabelReport;
pub use memory::{ArenaStep, ArenaTensor, MemoryReport, StepCost};
pub use metrics::{OutputMetrics, Spread};
pub use operators::OperatorReport;
pub use outputs::{OutputReport, SampleMetric};
pub use progress::{Progress, Quiet};
pub use report::{Report, RequirementReport};
pub use samples::SampleUse;
pub use search::{
    ChangedOption, Changes, Cost, Found, SearchOptions, SearchResult, Target, TensorClause,
};
pub use sensitivity::{OperatorSensitivity, OutputSensitivity, Sensitivity};
pub use statistics::{HistogramReport, Percentile};
pub use summary::{OutputSummary, Summary};
pub use tensors::{ChosenRange, TensorReport};
pub use weights::{ChannelReport, WeightReport};

use crate::calibrate::{RealRange, Samples, cut_inputs};
use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::options::{Options, Request};
use crate::session::sample_split::Split;
use crate::session::{QuantizedModel, Session, read_model};

/// The version of the results' schema. It grows when a field changes or goes away; new fields may
/// come without.
pub const SCHEMA: u32 = 1;

/// A model that is open for analysis, with the options of one call of the macro.
pub struct Analysis {
    session: Session,
    bytes: Vec<u8>,
    request: Request,
}

impl Analysis {
    /// Reads the model; the shapes that it leaves open are those of the dataset's samples.
    pub fn open(request: Request) -> Result<Self> {
        let bytes = read_model(&request.model)?;
        let session = Session::new(&bytes, &request.options, request.dataset.as_deref())?;
        Ok(Self {
            session,
            bytes,
            request,
        })
    }

    /// What the call asks for.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The program of these options. What `require` asks for is not insisted on: analysis is
    /// for models that do not meet it, too.
    fn quantize(&self, options: &Options) -> Result<QuantizedModel> {
        let request = Request {
            options: options.clone(),
            ..self.request.clone()
        };
        if *options == self.request.options {
            return self.session.quantize(&self.bytes, &request);
        }
        // What stays in float, and what is int16, is part of the session's graph.
        let session = Session::new(&self.bytes, options, request.dataset.as_deref())?;
        session.quantize(&self.bytes, &request)
    }

    /// The dataset with its labels, which commands other than `inspect` need.
    fn data(&self) -> Result<Dataset> {
        let path = self.request.dataset.as_deref().ok_or_else(|| {
            Error::dataset("this needs samples: give a dataset, as for the macro, or a model whose call has one")
        })?;
        let options = &self.request.options;
        let mut data = Dataset::read(path, &self.session.graph.inputs, &options.images)?;
        let labels = self.session.all_labels(path, data.len(), options)?;
        data.set_labels(labels);
        Ok(data)
    }

    /// Which samples calibrate, which measure, and what inputs are cut to.
    fn split(&self, data: &Dataset, options: &Options) -> Result<Sampled> {
        let split = Split::new(data.len(), options)?;
        let methods = self.session.methods(options)?;
        let calibrating = Samples::uncut(data, &split.calibration, options.samples_follow);
        let cuts = cut_inputs(&self.session.graph, &calibrating, &methods);
        let measured = split.measured(data.len());
        Ok(Sampled {
            calibration: split.calibration,
            measured: measured.numbers,
            unseen: measured.unseen,
            available: data.len(),
            cuts,
        })
    }
}

impl Sampled {
    /// The samples that measure, as they are.
    fn measuring<'a>(&'a self, data: &'a Dataset, options: &Options) -> Samples<'a> {
        Samples::uncut(data, &self.measured, options.samples_follow)
    }
}

/// The samples that an analysis uses.
struct Sampled {
    calibration: Vec<usize>,
    measured: Vec<usize>,
    unseen: bool,
    available: usize,
    cuts: Vec<Option<RealRange>>,
}
