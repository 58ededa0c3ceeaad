//! SignalWindow: every frame by a window function.

use quote::quote;

use super::{Options, Processing, Signal, rows, table};
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::ParseContext;
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Kernel, KernelId};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

#[derive(Clone)]
pub(crate) struct Window {
    weights: Vec<i16>,
    shift: i32,
}

impl Window {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Processing> {
        let window = Self {
            weights: table(node, 1, "weights")?,
            shift: Options::new(node)?.integer("shift", 0, 31)?,
        };
        Processing::new(window, 0, 1, node)
    }
}

impl Signal for Window {
    fn name(&self) -> &'static str {
        "SignalWindow"
    }

    fn operands(&self) -> Vec<ElementType> {
        vec![ElementType::I16]
    }

    fn outputs(&self) -> Vec<ElementType> {
        vec![ElementType::I16]
    }

    fn shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        if rows(inputs)?.0 != self.weights.len() {
            return Err(Error::model(format!(
                "its {} weights do not fit {:?}",
                self.weights.len(),
                inputs[0]
            )));
        }
        Ok(vec![inputs[0].to_vec()])
    }

    fn kernel(&self, inputs: &[&[usize]]) -> Result<Box<dyn Kernel>> {
        self.shapes(inputs)?;
        Ok(Box::new(self.clone()))
    }
}

impl Kernel for Window {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let x = inputs[0].i16().iter();
        let pairs = x.zip(self.weights.iter().cycle());
        Buffer::saturated(
            ElementType::I16,
            pairs.map(|(&x, &w)| (i32::from(x) * i32::from(w)) >> self.shift),
        )
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let weights = constants.int16s("WEIGHTS", &self.weights);
        let shift = literals::int(self.shift);
        Emitted {
            parameters_type: quote!(SignalWindow<'static>),
            parameters: quote!(rt::SignalWindow { weights: #weights, shift: #shift }),
            function: KernelId::new("signal_window"),
        }
    }
}
