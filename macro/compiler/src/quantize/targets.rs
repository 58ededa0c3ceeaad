//! The programs for small cores and for wide registers.

use crate::ir::quant_graph::QuantGraph;
use crate::quantize::prune::Analysis;

impl QuantGraph {
    /// The program for targets without wide SIMD registers, and the one for targets with
    /// them, if that is another one.
    pub(crate) fn for_targets(mut self) -> (Self, Option<Self>) {
        self.fold_frames();
        let analysis = Analysis::new(&self);
        let [scalar, mut vector] = [false, true].map(|wide| self.pruned(&analysis, wide));
        let mut differs = false;
        for step in &mut vector.steps {
            if let Some(kernel) = step.kernel.vectorized() {
                step.kernel = kernel.into();
                differs = true;
            }
        }
        vector.fuse_additions();
        vector.write_parts();
        vector.keep_shifted();
        vector.renew_scratch();
        vector.vectorized = true;
        (scalar, differs.then_some(vector))
    }
}
