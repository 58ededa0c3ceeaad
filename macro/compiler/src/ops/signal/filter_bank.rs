//! SignalFilterBank and SignalFilterBankSquareRoot: energies of frequencies become those of
//! channels that overlap by half, and their roots.

use quote::quote;

use super::{Options, Processing, Signal, held, length, table, unsigned};
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::ParseContext;
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Kernel, KernelId};
use crate::tokens::constants::Constants;

#[derive(Clone)]
pub(crate) struct FilterBank {
    /// What a frequency adds to its channel and to the next one.
    weights: Vec<i16>,
    unweights: Vec<i16>,
    /// By channel, and one before the first: its first frequency, its first weight, and how
    /// many there are.
    channels: Vec<[usize; 3]>,
}

impl FilterBank {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Processing> {
        let count = Options::new(node)?.count("num_channels")? + 1;
        let (weights, unweights) = (table(node, 1, "weights")?, table(node, 2, "unweights")?);
        let frequencies = table(node, 3, "channel frequency starts")?;
        let starts = table(node, 4, "channel weight starts")?;
        let widths = table(node, 5, "channel widths")?;
        if [&frequencies, &starts, &widths]
            .iter()
            .any(|t| t.len() != count)
        {
            return Err(Error::model(format!(
                "its channels' starts and widths are {}, {} and {}, expected {count}",
                frequencies.len(),
                starts.len(),
                widths.len()
            )));
        }
        let mut channels = Vec::new();
        for ((&frequency, &start), &width) in frequencies.iter().zip(&starts).zip(&widths) {
            let width = usize::try_from(width).unwrap_or(0);
            let fits = frequency >= 0 && start >= 0;
            let end = start as usize + width;
            if width > 0 && (!fits || end > weights.len().min(unweights.len())) {
                return Err(Error::model("a channel's weights are not there"));
            }
            channels.push([frequency.max(0) as usize, start.max(0) as usize, width]);
        }
        let bank = Self {
            weights,
            unweights,
            channels,
        };
        Processing::new(bank, 0, 5, node)
    }
}

impl Signal for FilterBank {
    fn name(&self) -> &'static str {
        "SignalFilterBank"
    }

    fn operands(&self) -> Vec<ElementType> {
        vec![ElementType::U32]
    }

    fn outputs(&self) -> Vec<ElementType> {
        vec![ElementType::U32]
    }

    fn shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        let bins = length(inputs, 0)?;
        if self.channels.iter().any(|[f, _, n]| *n > 0 && f + n > bins) {
            return Err(Error::model(format!(
                "a channel's frequencies are outside of {bins}"
            )));
        }
        Ok(vec![vec![self.channels.len() - 1, 2]])
    }

    fn kernel(&self, inputs: &[&[usize]]) -> Result<Box<dyn Kernel>> {
        self.shapes(inputs)?;
        Ok(Box::new(self.clone()))
    }
}

impl Kernel for FilterBank {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let x = unsigned(inputs[0]);
        let sum = |weights: &[i16], [frequency, start, width]: [usize; 3]| {
            (0..width).fold(0_u64, |sum, i| {
                let weight = i64::from(weights[start + i]) as u64;
                sum.wrapping_add(weight.wrapping_mul(x[frequency + i].into()))
            })
        };
        let sums = self
            .channels
            .windows(2)
            .map(|pair| sum(&self.unweights, pair[0]).wrapping_add(sum(&self.weights, pair[1])));
        held(sums.flat_map(|sum| [sum as u32, (sum >> 32) as u32]))
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let weights = constants.int16s("WEIGHTS", &self.weights);
        let unweights = constants.int16s("UNWEIGHTS", &self.unweights);
        let columns = [("FREQUENCIES", 0), ("STARTS", 1), ("WIDTHS", 2)];
        let [frequencies, starts, widths] = columns.map(|(name, i)| {
            let all: Vec<i16> = self.channels.iter().map(|c| c[i] as i16).collect();
            constants.int16s(name, &all)
        });
        Emitted {
            parameters_type: quote!(SignalFilterBank<'static>),
            parameters: quote!(rt::SignalFilterBank {
                weights: #weights,
                unweights: #unweights,
                channel_frequency_starts: #frequencies,
                channel_weight_starts: #starts,
                channel_widths: #widths,
            }),
            function: KernelId::new("signal_filter_bank"),
        }
    }
}

#[derive(Clone)]
pub(crate) struct FilterBankSquareRoot;

impl FilterBankSquareRoot {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Processing> {
        Processing::new(Self, 0, 0, node)
    }
}

impl Signal for FilterBankSquareRoot {
    fn name(&self) -> &'static str {
        "SignalFilterBankSquareRoot"
    }

    fn operands(&self) -> Vec<ElementType> {
        vec![ElementType::U32, ElementType::I32]
    }

    fn outputs(&self) -> Vec<ElementType> {
        vec![ElementType::U32]
    }

    fn shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        match *inputs {
            [&[channels, 2], scale] if scale.iter().product::<usize>() == 1 => {
                Ok(vec![vec![channels]])
            }
            _ => Err(Error::model(format!(
                "its inputs have the shapes {inputs:?}, expected a row of uint64 and one number"
            ))),
        }
    }

    fn kernel(&self, inputs: &[&[usize]]) -> Result<Box<dyn Kernel>> {
        self.shapes(inputs)?;
        Ok(Box::new(self.clone()))
    }
}

/// The root by the reference's digits: of numbers of up to 32 bits it has 16 bits at most,
/// so that the last ones are not rounded up.
fn root(x: u64) -> u32 {
    let largest = if x >> 32 == 0 {
        0xffff
    } else {
        u32::MAX.into()
    };
    let floor = x.isqrt();
    let rounded = if x - floor * floor > floor {
        floor + 1
    } else {
        floor
    };
    rounded.min(largest) as u32
}

impl Kernel for FilterBankSquareRoot {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let words = unsigned(inputs[0]);
        let shift = inputs[1].integer(0) as u32;
        let long = words
            .chunks_exact(2)
            .map(|pair| u64::from(pair[0]) | (u64::from(pair[1]) << 32));
        held(long.map(|x| root(x).wrapping_shr(shift)))
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        Emitted {
            parameters_type: quote!(SignalSquareRoot),
            parameters: quote!(rt::SignalSquareRoot),
            function: KernelId::new("signal_filter_bank_square_root"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::bits;
    use super::*;

    /// The reference's algorithm: one digit after the other.
    fn digits(mut x: u64) -> u32 {
        if x == 0 {
            return 0;
        }
        let wide = x >> 32 != 0;
        let top = if wide {
            64 - x.leading_zeros()
        } else {
            bits(x as u32)
        };
        let mut bit = 1_u64 << ((top - 1) & !1);
        let mut root = 0;
        while bit != 0 {
            if x >= root + bit {
                x -= root + bit;
                root = (root >> 1) + bit;
            } else {
                root >>= 1;
            }
            bit >>= 2;
        }
        let largest = if wide { 0xffff_ffff } else { 0xffff };
        if x > root && root != largest {
            root += 1;
        }
        root as u32
    }

    #[test]
    fn roots_are_rounded() {
        let mut x = 1_u64;
        for i in 0..20_000 {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(i);
            let x = x >> (i % 64);
            assert_eq!(root(x), digits(x), "{x}");
        }
        for x in [0, 1, 2, 3, u32::MAX.into(), 1 << 32, u64::MAX, 0xffff_0001] {
            assert_eq!(root(x), digits(x), "{x}");
        }
    }
}
