//! A program without a dataset, whose sizes are about those of the real one: ranges come from
//! noise.

use ndarray::{ArrayD, IxDyn};

use super::Session;
use super::quantize::{QuantizedModel, lower};
use crate::cache::Calibration;
use crate::calibrate::{Samples, Statistics, check as check_ways, clip_constants, counted};
use crate::dataset::Dataset;
use crate::error::Result;
use crate::ir::graph::Port;
use crate::options::Options;
use crate::quantize::endless_loops;
use crate::quantize::round_weights::Roundings;

/// Samples of noise: more would not make the ranges more right.
const SAMPLES: usize = 2;

impl Session {
    /// True if tensors need ranges that neither the file nor operators give.
    pub(crate) fn needs_dataset(&self, options: &Options) -> Result<bool> {
        Ok(!self.methods(options)?.is_empty())
    }

    /// The program with ranges from noise: only its memory, constants and operators say
    /// something about the model.
    pub(crate) fn estimate(&self, options: &Options) -> Result<QuantizedModel> {
        self.check_memory()?;
        let methods = self.methods(options)?;
        let arrays = self.graph.inputs.iter().map(|port| Some(noise(port)));
        let data = Dataset::new(&self.graph.inputs, arrays.collect())?;
        let numbers: Vec<usize> = (0..SAMPLES).collect();
        let samples = Samples::uncut(&data, &numbers, false);
        check_ways(&self.graph, &samples, &methods)?;
        let mut graph = self.graph.clone();
        let statistics = Statistics::of(&graph, &samples, &counted(&methods))?;
        let ranges = statistics.ranges(&graph, samples.cuts, &methods);
        clip_constants(&mut graph, &ranges);
        let program = lower(&graph, &ranges, &Roundings::new(), &self.elements, options)?;
        endless_loops::check(&program, &samples)?;
        Ok(QuantizedModel {
            program,
            graph,
            files: Vec::new(),
            warnings: Vec::new(),
            measured: Vec::new(),
            calibration: Calibration {
                ranges,
                ..Calibration::default()
            },
        })
    }
}

/// Noise for an input: bytes where it takes bytes, zeros where it takes indices, else numbers
/// from -1 to 1.
fn noise(port: &Port) -> ArrayD<f32> {
    let (low, high) = match (port.element.is_real(), port.bytes.range()) {
        (false, _) => (0.0, 0.0),
        (true, (0.0, high)) if high > 1.0 => (0.0, high),
        (true, _) => (-1.0, 1.0),
    };
    let shape = [&[SAMPLES], &port.shape[..]].concat();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    ArrayD::from_shape_simple_fn(IxDyn(&shape), || {
        // Marsaglia's xorshift.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        low + (high - low) * ((state >> 40) as f32 / (1_u32 << 24) as f32)
    })
}
