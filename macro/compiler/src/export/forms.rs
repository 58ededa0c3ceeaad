//! The form in which an operator computes the bytes of the program's kernel.

use crate::error::{Error, Result};
use crate::ir::graph::{ElementType, Node};
use crate::ir::quant_graph::{Step, TensorId};
use crate::ops::registry::{self, Micro};
use crate::ops::shared::broadcast;
use crate::rewrite::unary_chain;

use super::operands::int8_context;
use super::same_kernel::is_same;
use super::writer::Writer;

/// How an operator of the program is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// On the program's own tensors, which are quantized or integers.
    Quantized,
    /// In float, from and to float32.
    Real,
    /// In float, with DEQUANTIZE in front and QUANTIZE behind.
    Island,
}

impl Writer<'_> {
    /// Chooses the form that computes the step's own bytes.
    pub(super) fn form(&self, position: usize, step: &Step) -> Result<Form> {
        let node = &self.graph.nodes[position];
        let is_real = |id: &TensorId| self.program.tensors[*id].element == ElementType::F32;
        let reads_reals = step
            .inputs
            .iter()
            .filter(|&&id| self.program.tensors[id].constant.is_none())
            .any(is_real);
        if is_real(&step.output()) && step.kernel.weights().is_some() {
            return Err(Error::model(
                "its f32 output comes from int32 sums, for which the format has no operator; with \
                 an i8 output, the model can be exported",
            ));
        }
        if reads_reals || is_real(&step.output()) {
            return Ok(Form::Real);
        }
        if !node.record.parts.is_empty() {
            return Ok(Form::Island);
        }
        let real_operands = self.graph.real_operands(node).count() > 0;
        let writes_reals = self.graph.values[node.output()].element.is_real();
        if step.kernel.weights().is_some() || !node.in_float || !(real_operands || writes_reals) {
            return Ok(Form::Quantized);
        }
        let is_preferred = is_computed_in_int8(node, self.is_rescaled(step))
            && !self.compares_large_steps(node, step)?;
        let has_float_kernel = node.op.has_float_kernel();
        if (is_preferred || !has_float_kernel) && self.is_int8_kernel(position, step)? {
            return Ok(Form::Quantized);
        }
        if has_float_kernel {
            return Ok(Form::Island);
        }
        Err(Error::model(
            "no operator of the format computes the bytes that its kernel computes",
        ))
    }

    /// True if a step's first operand has another scale than its output.
    fn is_rescaled(&self, step: &Step) -> bool {
        let params = |id: &TensorId| self.program.tensors[*id].params;
        step.inputs.first().map(params) != step.outputs.first().map(params)
    }

    /// True for a comparison with a scale of 1 or more, which ends the process in LiteRT.
    fn compares_large_steps(&self, node: &Node, step: &Step) -> Result<bool> {
        if self.graph.values[node.output()].element != ElementType::Bool {
            return Ok(false);
        }
        let context = int8_context(self, node, step)?;
        let operands = 0..node.inputs.len().min(2);
        let scales = operands.filter_map(|i| broadcast::operand(&context, i).ok());
        Ok(scales.into_iter().any(|(params, _)| params.scale >= 1.0))
    }

    /// True if the operator of an int8 file would have the step's kernel.
    fn is_int8_kernel(&self, position: usize, step: &Step) -> Result<bool> {
        let node = &self.graph.nodes[position];
        let context = int8_context(self, node, step)?;
        let Ok(lowered) = node.op.lower(&context) else {
            return Ok(false);
        };
        let is_function = unary_chain::is_function(self.graph, position);
        Ok(is_same(
            self.program,
            step,
            lowered.kernel.as_ref(),
            is_function,
        ))
    }
}

/// True if both runtimes have a kernel of int8 tensors for the operator, which computes the same
/// in both. CAST takes steps for plain integers, and TensorFlow Lite Micro's RELU6 does not
/// change the scale.
fn is_computed_in_int8(node: &Node, is_rescaled: bool) -> bool {
    let name = node.op.name();
    let Some(row) = registry::row(name) else {
        return false;
    };
    row.micro == Micro::Int8
        && row.support.chars().nth(1) == Some('y')
        && name != "CAST"
        && !(name == "RELU6" && is_rescaled)
}
