//! Operators that are read as several others.

use crate::error::{Error, Result};
use crate::import::reader::{Reader, Record, Scope};
use crate::ir::graph::{Constant, ElementType, Value, ValueId};
use crate::ops::conv::conv_3d;
use crate::ops::conv::conv_3d::Expansion;
use crate::ops::conv::conv_3d_transpose;
use crate::ops::conv::conv_3d_transpose::Phases;

impl<'a> Reader<'a> {
    /// Reads CONV_3D as a CONV_2D over slices that lie side by side as channels.
    pub(crate) fn conv_3d(&mut self, record: &Record<'a>, scope: &Scope) -> Result<()> {
        let operand = |i: usize| record.inputs.get(i).and_then(|&id| scope.value(id));
        let output = record.outputs.first().and_then(|&id| scope.value(id));
        let (Some(input), Some(filter), Some(output)) = (operand(0), operand(1), output) else {
            return Err(Error::model("its tensors do not exist"));
        };
        let (shape, weights) = (&self.graph.values[input].shape, &self.graph.values[filter]);
        let expansion = conv_3d::expand(&record.operator, shape, weights)?;
        self.expanded(record.index, expansion, [Some(input), operand(2)], output)
    }

    /// Reads CONV_3D_TRANSPOSE as several TRANSPOSE_CONV over slices.
    pub(crate) fn conv_3d_transpose(&mut self, record: &Record<'a>, scope: &Scope) -> Result<()> {
        let operand = |i: usize| record.inputs.get(i).and_then(|&id| scope.value(id));
        let output = record.outputs.first().and_then(|&id| scope.value(id));
        let (Some(sizes), Some(filter), Some(input), Some(output)) =
            (operand(0), operand(1), operand(2), output)
        else {
            return Err(Error::model("its tensors do not exist"));
        };
        let values = &self.graph.values;
        let Some(Constant::I32(sizes)) = &values[sizes].constant else {
            return Err(Error::model(
                "its output shape is computed at run time; only constants are supported",
            ));
        };
        let sizes: Vec<i32> = sizes.iter().copied().collect();
        let (shape, weights) = (&values[input].shape, &values[filter]);
        let Phases { phases, join } =
            conv_3d_transpose::expand(&record.operator, shape, weights, &sizes)?;
        let single = phases.len() == 1;
        let mut parts = Vec::new();
        for expansion in phases {
            let part = if single {
                output
            } else {
                self.between(output, "slices")
            };
            self.expanded(record.index, expansion, [Some(input), operand(3)], part)?;
            parts.push(Some(part));
        }
        let count = join.len();
        for (i, op) in join.into_iter().enumerate() {
            let part = if i + 1 == count {
                output
            } else {
                self.between(output, "joined")
            };
            self.push(record.index, op, parts, vec![part])?;
            parts = vec![Some(part)];
        }
        Ok(())
    }

    /// The operators of one expansion; operands are the input and the bias.
    fn expanded(
        &mut self,
        index: usize,
        expansion: Expansion,
        [input, bias]: [Option<ValueId>; 2],
        output: ValueId,
    ) -> Result<()> {
        let Expansion {
            front,
            convolution,
            weights,
            back,
        } = expansion;
        let filter = self.between(output, "filter");
        self.graph.values[filter].shape = weights.shape().to_vec();
        self.graph.values[filter].constant = Some(Constant::F32(weights));
        let mut operands = vec![input];
        for (i, op) in front.into_iter().enumerate() {
            let moved = self.between(output, &format!("part_{i}"));
            self.push(index, op, operands, vec![moved])?;
            operands = vec![Some(moved)];
        }
        operands.extend([Some(filter), bias]);
        let image = self.between(output, "image");
        self.push(index, convolution, operands, vec![image])?;
        self.push(index, back, vec![Some(image)], vec![output])
    }

    /// A float tensor that the file does not have.
    fn between(&mut self, output: ValueId, part: &str) -> ValueId {
        let name = format!("{}/{part}", self.graph.values[output].name);
        self.value(Value {
            name,
            shape: Vec::new(),
            element: ElementType::F32,
            quantization: None,
            constant: None,
            unsigned: false,
            channel_zero_points: Vec::new(),
            kept: None,
            trained: false,
        })
    }
}
