//! Functions of an int8 tensor whose result stays in f32: tables of 256 numbers.

use quote::quote;

use super::builder::Lowering;
use crate::arithmetic::quant_params::QuantParams;
use crate::error::Result;
use crate::ir::buffer::Buffer;
use crate::ir::float_functions::RealFunction;
use crate::ir::graph::{ElementType, Kept};
use crate::ir::kernel::{Emitted, Kernel, KernelId};
use crate::tokens::constants::Constants;

impl Lowering<'_> {
    /// Lowers a function of one int8 tensor with an f32 output; false if it is none.
    pub(super) fn table_f32(&mut self, position: usize) -> Result<bool> {
        let node = &self.graph.nodes[position];
        if self.graph.values[node.output()].kept != Some(Kept::Exact) {
            return Ok(false);
        }
        let Some((input, function)) = crate::rewrite::unary_chain::function(self.graph, position)
        else {
            return Ok(false);
        };
        let Some(&id) = self.tensors.get(&input) else {
            return Ok(false);
        };
        let tensor = &self.program.tensors[id];
        let (ElementType::I8, Some(params)) = (tensor.element, tensor.params) else {
            return Ok(false);
        };
        let kernel = TableF32Kernel::new(params, &function);
        let output = self.tensor(node.output(), ElementType::F32, None);
        self.f32_tensors.insert(node.output(), output);
        self.push_step(
            Some(node.index),
            node.op.name(),
            vec![id],
            vec![output],
            Box::new(kernel),
        );
        Ok(true)
    }
}

/// A table of f32 numbers: `output[i] = table[input[i] + 128]`.
struct TableF32Kernel {
    table: Vec<f32>,
}

impl TableF32Kernel {
    fn new(params: QuantParams, function: &RealFunction) -> Self {
        let table = (-128..=127)
            .map(|q| function(params.dequantize(q)))
            .collect();
        Self { table }
    }
}

impl Kernel for TableF32Kernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let lookup = |&q: &i8| self.table[usize::from(q.cast_unsigned() ^ 0x80)];
        Buffer::F32(inputs[0].i8().iter().map(lookup).collect())
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let table = constants.floats("TABLE", &self.table);
        Emitted {
            parameters_type: quote!(TableF32<'static>),
            parameters: quote!(rt::TableF32 { table: #table }),
            function: KernelId::new("table_f32"),
        }
    }
}
