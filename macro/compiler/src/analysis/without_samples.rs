//! The report on a quantized file without samples: what the file itself says.

use super::Analysis;
use super::left_out::left_out;
use super::memory::memory;
use super::operators::{Int16Columns, operators};
use super::progress::Progress;
use super::report::Report;
use super::samples::SampleUse;
use super::tensors::{forms, tensors_of_file};
use super::weights::weights;
use crate::error::Result;

impl Analysis {
    /// True for a quantized file without a dataset: then [`Analysis::report`] has weights, ranges,
    /// operators and memory only.
    pub(super) fn has_no_samples(&self) -> Result<bool> {
        let needs = self.session.needs_dataset(&self.request.options)?;
        Ok(self.request.dataset.is_none() && !needs)
    }

    /// Reports on what needs no samples.
    pub(super) fn report_without_samples(&self, progress: &dyn Progress) -> Result<Report> {
        let options = &self.request.options;
        progress.begin("planning memory", 0);
        let quantized = self.quantize(options)?;
        let (graph, program) = (&quantized.graph, &quantized.program);
        let forms = forms(graph, program);
        let quantization = |value| {
            let (element, params) = forms.get(&value)?;
            Some((*element, (*params)?))
        };
        let mut missing = vec![
            "there is no dataset: distributions of tensors, losses of operators and the accuracy of \
             outputs are left out; ranges are those of the file"
                .to_owned(),
        ];
        missing.extend(left_out(program));
        let (mcu, simd) = program.clone().for_targets();
        let interface = self.session.interface(options.inputs_in_arena)?;
        Ok(Report {
            samples: SampleUse {
                available: 0,
                calibrating: 0,
                measuring: 0,
                unseen: false,
            },
            outputs: Vec::new(),
            requirements: Vec::new(),
            tensors: tensors_of_file(graph, &forms),
            weights: weights(graph, options.per_channel, quantization),
            operators: operators(graph, program, None, &Int16Columns::new()),
            mcu: memory(&mcu, &interface)?,
            simd: simd.map(|p| memory(&p, &interface)).transpose()?,
            int16_samples: 0,
            left_out: missing,
            warnings: quantized.warnings,
        })
    }
}
