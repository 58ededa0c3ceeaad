//! SPACE_TO_BATCH_ND behind a PAD of its own: TensorFlow Lite Micro pads int8 with the byte 0,
//! not with the zero point.

use crate::error::{Error, Result};
use crate::ir::graph::{Constant, Node};
use crate::ir::quant_graph::Step;
use crate::tflite::BuiltinOperator;

use super::writer::{Index, Writer};

impl<'a> Writer<'a> {
    /// Writes SPACE_TO_BATCH_ND of a quantized tensor.
    pub(super) fn space_to_batch(
        &mut self,
        node: &'a Node,
        step: &Step,
        output: Index,
    ) -> Result<()> {
        let mut operands = self.quantized_operands(node, step)?;
        let [Some(input), _, Some(_)] = operands[..] else {
            return Err(Error::model("an operand is missing"));
        };
        let parameter = node.record.parameters.get(1).copied().flatten();
        let paddings = parameter.and_then(|id| self.graph.values[id].constant.as_ref());
        let Some(Constant::I32(paddings)) = paddings else {
            return Err(Error::model("its paddings are computed at run time"));
        };
        let paddings: Vec<i32> = paddings.iter().copied().collect();
        if paddings.iter().all(|&p| p == 0) {
            return self.write(node, operands, vec![output]);
        }
        let mut padded = self.subgraph.tensors[input].clone();
        let mut around = vec![0; 2];
        around.extend(&paddings);
        around.resize(2 * padded.shape.len(), 0);
        for (size, both) in padded.shape.iter_mut().zip(around.chunks(2)) {
            let more: i32 = both.iter().sum();
            *size += usize::try_from(more).unwrap_or(0);
        }
        padded.name = format!("{}_padded", padded.name);
        let name = padded.name.clone();
        let rank = padded.shape.len();
        let padded = self.add_tensor(padded);
        let amounts = self.integers(format!("{name}_by"), vec![rank, 2], &around);
        self.add_plain(BuiltinOperator::PAD, &[input, amounts], padded);
        let none = vec![0; paddings.len()];
        let none = self.integers(format!("{name}_rest"), vec![none.len() / 2, 2], &none);
        operands[0] = Some(padded);
        operands[2] = Some(none);
        self.write(node, operands, vec![output])
    }
}
