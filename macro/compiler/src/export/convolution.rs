//! FULLY_CONNECTED as a 1x1 convolution: LiteRT rounds the former in another way than TensorFlow
//! Lite Micro, the latter as both do.

use crate::error::Result;
use crate::ir::graph::Node;
use crate::ir::quant_graph::Step;
use crate::tflite::BuiltinOperator;
use crate::tflite::write::{Code, TensorTable};
use crate::tflite::write_options::Options;

use super::original::fused_activation;
use super::writer::{Index, Writer};

impl Writer<'_> {
    /// Writes a FULLY_CONNECTED with constant weights as CONV_2D.
    pub(super) fn pointwise(&mut self, node: &Node, step: &Step, output: Index) -> Result<()> {
        let mut operands = self.quantized_operands(node, step)?;
        let filter = operands.get(1).copied().flatten();
        let filter = filter.ok_or_else(|| crate::error::Error::internal("it has no weights"))?;
        let weights = &mut self.subgraph.tensors[filter];
        let (units, depth) = (weights.shape[0], weights.shape[1]);
        weights.shape = vec![units, 1, 1, depth];
        let elements: usize = self.subgraph.tensors[output].shape.iter().product();
        let rows = elements / units.max(1);
        if let Some(input) = operands[0] {
            operands[0] = Some(self.reshaped(input, &[rows, 1, 1, depth]));
        }
        let result = self.subgraph.tensors[output].clone();
        let name = format!("{}_pixels", result.name);
        let shape = vec![rows, 1, 1, units];
        let pixels = self.add_tensor(TensorTable {
            name,
            shape,
            ..result
        });
        let options = Options::Pointwise(fused_activation(node)?);
        let code = Code::Builtin(BuiltinOperator::CONV_2D);
        self.add_operator(code, operands, vec![pixels], options);
        self.reshape_to(pixels, output);
        Ok(())
    }
}
