//! SignalFilterBankLog: natural logarithms in fixed point.

use quote::quote;

use super::{Options, Processing, Signal, bits, length, unsigned};
use crate::error::Result;
use crate::ir::buffer::Buffer;
use crate::ir::context::ParseContext;
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Kernel, KernelId};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

#[derive(Clone)]
pub(crate) struct FilterBankLog {
    output_scale: u32,
    correction_bits: u32,
}

impl FilterBankLog {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Processing> {
        let options = Options::new(node)?;
        let log = Self {
            output_scale: options.integer("output_scale", i32::MIN, i32::MAX)? as u32,
            correction_bits: options.integer("input_correction_bits", 0, 31)? as u32,
        };
        Processing::new(log, 0, 0, node)
    }
}

/// `log2(1 + x) - x` with 16 bits of fraction, in 128 steps.
fn table() -> Vec<i16> {
    let entry = |i: u32| {
        let x = f64::from(i) / 128.0;
        (((1.0 + x).log2() - x) * 65536.0).round() as i16
    };
    (0..=128).map(entry).collect()
}

/// The logarithm of `x`, 2 at least, times `scale`.
fn log(x: u32, scale: u32, table: &[i16]) -> u32 {
    let whole = bits(x) - 1;
    // What is behind the highest bit, in 16 bits.
    let rest = u64::from(x) - (1 << whole);
    let fraction = ((rest << 16) >> whole) as i32;
    let segment = (fraction >> 9) as usize;
    let [low, high] = [0, 1].map(|i| i32::from(table[segment + i]));
    let within = fraction - ((segment as i32) << 9);
    let log2 = (whole << 16) as i32 + fraction + low + (((high - low) * within) >> 16);
    let ln = ((45426 * u64::from(log2 as u32) + 32768) >> 16) as u32;
    scale.wrapping_mul(ln).wrapping_add(32768) >> 16
}

impl Signal for FilterBankLog {
    fn name(&self) -> &'static str {
        "SignalFilterBankLog"
    }

    fn operands(&self) -> Vec<ElementType> {
        vec![ElementType::U32]
    }

    fn outputs(&self) -> Vec<ElementType> {
        vec![ElementType::I16]
    }

    fn shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        Ok(vec![vec![length(inputs, 0)?]])
    }

    fn kernel(&self, inputs: &[&[usize]]) -> Result<Box<dyn Kernel>> {
        self.shapes(inputs)?;
        Ok(Box::new(self.clone()))
    }
}

impl Kernel for FilterBankLog {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let table = table();
        let one = |x: u32| match x << self.correction_bits {
            0 | 1 => 0,
            x => log(x, self.output_scale, &table).min(32767) as i16,
        };
        Buffer::I16(unsigned(inputs[0]).into_iter().map(one).collect())
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let table = constants.int16s("TABLE", &table());
        let scale = proc_macro2::Literal::u32_unsuffixed(self.output_scale);
        let fields = literals::fields(&[("correction_bits", self.correction_bits as usize)]);
        Emitted {
            parameters_type: quote!(FilterBankLog<'static>),
            parameters: quote!(rt::FilterBankLog { table: #table, output_scale: #scale, #fields }),
            function: KernelId::new("signal_filter_bank_log"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_near() {
        let table = table();
        assert_eq!(table[..4], [0, 224, 442, 654]);
        assert_eq!(table[125..], [421, 282, 142, 0]);
        for x in [2, 3, 17, 1000, 65535, 65536, 123_456_789, u32::MAX] {
            let want = f64::from(x).ln() * 64.0;
            assert!((f64::from(log(x, 64, &table)) - want).abs() < 1.0, "{x}");
        }
    }
}
