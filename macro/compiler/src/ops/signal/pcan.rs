//! SignalPCAN: automatic gain control by the noise of each channel.

use quote::quote;

use super::{Options, Processing, Signal, bits, held, length, table, unsigned};
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::ParseContext;
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Kernel, KernelId};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// Entries of the table that noise of 32 bits reaches.
const ENTRIES: usize = 125;

#[derive(Clone)]
pub(crate) struct Pcan {
    /// Up to noise of 2 the gain itself; above, three coefficients of a polynomial for each
    /// power of two, four entries apart.
    gains: Vec<i16>,
    snr_shift: i32,
}

impl Pcan {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Processing> {
        let pcan = Self {
            gains: table(node, 2, "gains")?,
            snr_shift: Options::new(node)?.integer("snr_shift", 0, 63)?,
        };
        if pcan.gains.len() < ENTRIES {
            return Err(Error::model(format!(
                "its table of gains has {} entries, expected {ENTRIES}",
                pcan.gains.len()
            )));
        }
        Processing::new(pcan, 0, 1, node)
    }

    /// The polynomial of the noise's highest bits.
    fn gain(&self, noise: u32) -> u32 {
        if noise <= 2 {
            return i32::from(self.gains[noise as usize]) as u32;
        }
        let top = bits(noise);
        let [c0, c1, c2] = [0, 1, 2].map(|i| i32::from(self.gains[4 * top as usize - 6 + i]));
        let ten_bits = if top < 11 {
            noise << (11 - top)
        } else {
            noise >> (top - 11)
        };
        let x = (ten_bits & 0x3ff) as i32;
        let slope = ((c2 * x) >> 5).wrapping_add(c1 << 5);
        let rounded = slope.wrapping_mul(x).wrapping_add(1 << 14) >> 15;
        i32::from(rounded.wrapping_add(c0) as i16) as u32
    }
}

/// `x^2 / 4` below 2, `x - 1` above; `x` has 12 bits of fraction, the result 6.
fn shrink(x: u32) -> u32 {
    if x < 2 << 12 {
        (x * x) >> 20
    } else {
        (x >> 6) - (1 << 6)
    }
}

impl Signal for Pcan {
    fn name(&self) -> &'static str {
        "SignalPCAN"
    }

    fn operands(&self) -> Vec<ElementType> {
        vec![ElementType::U32, ElementType::U32]
    }

    fn outputs(&self) -> Vec<ElementType> {
        vec![ElementType::U32]
    }

    fn shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        let channels = length(inputs, 0)?;
        if length(inputs, 1)? != channels {
            return Err(Error::model(format!(
                "its inputs have the shapes {inputs:?}, expected the same"
            )));
        }
        Ok(vec![vec![channels]])
    }

    fn kernel(&self, inputs: &[&[usize]]) -> Result<Box<dyn Kernel>> {
        self.shapes(inputs)?;
        Ok(Box::new(self.clone()))
    }
}

impl Kernel for Pcan {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let (signal, noise) = (unsigned(inputs[0]), unsigned(inputs[1]));
        held(signal.iter().zip(&noise).map(|(&x, &noise)| {
            let snr = (u64::from(x) * u64::from(self.gain(noise))) >> self.snr_shift;
            shrink(snr as u32)
        }))
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let gains = constants.int16s("GAINS", &self.gains);
        let shift = literals::int(self.snr_shift);
        Emitted {
            parameters_type: quote!(Pcan<'static>),
            parameters: quote!(rt::Pcan { gains: #gains, snr_shift: #shift }),
            function: KernelId::new("signal_pcan"),
        }
    }
}
