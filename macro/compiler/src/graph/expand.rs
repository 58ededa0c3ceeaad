//! Operators that are read as several others.

use super::read::{Reader, Record, Scope};
use super::{Constant, ElementType, Value, ValueId};
use crate::error::{Error, Result};
use crate::ops::conv_3d::{self, Expansion};

impl<'a> Reader<'a> {
    /// CONV_3D, by CONV_2D.
    pub(super) fn conv_3d(&mut self, record: &Record<'a>, scope: &Scope) -> Result<()> {
        let operand = |i: usize| record.inputs.get(i).and_then(|&id| scope.value(id));
        let output = record.outputs.first().and_then(|&id| scope.value(id));
        let (Some(input), Some(filter), Some(output)) = (operand(0), operand(1), output) else {
            return Err(Error::model("its tensors do not exist"));
        };
        let (shape, weights) = (&self.graph.values[input].shape, &self.graph.values[filter]);
        let Expansion {
            front,
            convolution,
            weights,
            back,
        } = conv_3d::expand(&record.operator, shape, weights)?;
        let name = |values: &[Value], part: &str| format!("{}/{part}", values[output].name);
        let weights = Value {
            name: name(&self.graph.values, "filter"),
            shape: weights.shape().to_vec(),
            element: ElementType::F32,
            quantization: None,
            constant: Some(Constant::F32(weights)),
            unsigned: false,
            channel_zero_points: Vec::new(),
            kept: None,
            trained: false,
        };
        let weights = self.value(weights);
        let mut operands: Vec<Option<ValueId>> = vec![Some(input)];
        for (i, op) in front.into_iter().chain([convolution]).enumerate() {
            if op.name() == "CONV_2D" {
                operands.extend([Some(weights), operand(2)]);
            }
            let between = Value {
                name: name(&self.graph.values, &format!("part_{i}")),
                shape: Vec::new(),
                element: ElementType::F32,
                quantization: None,
                constant: None,
                unsigned: false,
                channel_zero_points: Vec::new(),
                kept: None,
                trained: false,
            };
            let between = self.value(between);
            self.push(record.index, op, operands, vec![between])?;
            operands = vec![Some(between)];
        }
        self.push(record.index, back, operands, vec![output])
    }
}
