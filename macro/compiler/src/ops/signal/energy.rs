//! SignalEnergy: squared magnitudes of a range of a spectrum.

use quote::quote;

use super::{Options, Processing, Signal, held, length};
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::ParseContext;
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Kernel, KernelId};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

#[derive(Clone)]
pub(crate) struct Energy {
    start: usize,
    end: usize,
}

impl Energy {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Processing> {
        let options = Options::new(node)?;
        let index = |key: &str| options.integer(key, 0, super::MAX_COUNT);
        let energy = Self {
            start: index("start_index")? as usize,
            end: index("end_index")? as usize,
        };
        Processing::new(energy, 0, 0, node)
    }
}

impl Signal for Energy {
    fn name(&self) -> &'static str {
        "SignalEnergy"
    }

    fn operands(&self) -> Vec<ElementType> {
        vec![ElementType::I16]
    }

    fn outputs(&self) -> Vec<ElementType> {
        vec![ElementType::U32]
    }

    fn shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        let bins = length(inputs, 0)? / 2;
        if self.end > bins {
            return Err(Error::model(format!(
                "its end index is {}, but its input has {bins} complex numbers",
                self.end
            )));
        }
        Ok(vec![vec![bins]])
    }

    fn kernel(&self, inputs: &[&[usize]]) -> Result<Box<dyn Kernel>> {
        self.shapes(inputs)?;
        Ok(Box::new(self.clone()))
    }
}

impl Kernel for Energy {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let square = |x: i16| (i64::from(x) * i64::from(x)) as u32;
        let pairs = inputs[0].i16().chunks_exact(2).enumerate();
        held(pairs.map(|(i, pair)| {
            if (self.start..self.end).contains(&i) {
                square(pair[0]).wrapping_add(square(pair[1]))
            } else {
                0
            }
        }))
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let fields = literals::fields(&[("start", self.start), ("end", self.end)]);
        Emitted {
            parameters_type: quote!(SignalEnergy),
            parameters: quote!(rt::SignalEnergy { #fields }),
            function: KernelId::new("signal_energy"),
        }
    }
}
