//! SignalFilterBankSpectralSubtraction: an estimate of the noise is subtracted, and kept.

use quote::quote;

use super::{Options, Processing, Signal, held, length, unsigned};
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::ParseContext;
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Kernel, KernelId};
use crate::ir::operator::OwnState;
use crate::tokens::constants::Constants;

#[derive(Clone)]
pub(crate) struct SpectralSubtraction {
    channels: usize,
    /// How much a new value and the estimate so far count, in even channels and in odd ones.
    smoothing: [[u32; 2]; 2],
    min_signal_remaining: u32,
    smoothing_bits: u32,
    bits: u32,
    clamping: bool,
}

impl SpectralSubtraction {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Processing> {
        let options = Options::new(node)?;
        let word = |key: &str| Ok::<_, Error>(options.integer(key, i32::MIN, i32::MAX)? as u32);
        let subtraction = Self {
            channels: options.count("num_channels")?,
            smoothing: [
                [word("smoothing")?, word("one_minus_smoothing")?],
                [
                    word("alternate_smoothing")?,
                    word("alternate_one_minus_smoothing")?,
                ],
            ],
            min_signal_remaining: word("min_signal_remaining")?,
            smoothing_bits: options.integer("smoothing_bits", 0, 31)? as u32,
            bits: options.integer("spectral_subtraction_bits", 0, 63)? as u32,
            clamping: options.flag("clamping"),
        };
        Processing::new(subtraction, 1, 0, node)
    }
}

impl Signal for SpectralSubtraction {
    fn name(&self) -> &'static str {
        "SignalFilterBankSpectralSubtraction"
    }

    fn operands(&self) -> Vec<ElementType> {
        vec![ElementType::U32]
    }

    fn outputs(&self) -> Vec<ElementType> {
        vec![ElementType::U32, ElementType::U32]
    }

    fn shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        if length(inputs, 0)? != self.channels {
            return Err(Error::model(format!(
                "its input has the shape {:?}, but it has {} channels",
                inputs[0], self.channels
            )));
        }
        Ok(vec![vec![self.channels]; 2])
    }

    fn states(&self, _: &[&[usize]]) -> Result<Vec<OwnState>> {
        Ok(vec![OwnState {
            name: "noise",
            element: ElementType::U32,
            shape: vec![self.channels],
            initial: None,
        }])
    }

    fn kernel(&self, inputs: &[&[usize]]) -> Result<Box<dyn Kernel>> {
        self.shapes(inputs)?;
        Ok(Box::new(self.clone()))
    }
}

impl Kernel for SpectralSubtraction {
    fn simulate_all(&self, inputs: &[&Buffer]) -> Vec<Buffer> {
        let (signal, old) = (unsigned(inputs[0]), unsigned(inputs[1]));
        let mut output = Vec::new();
        let mut noise = Vec::new();
        for (i, (&x, &old)) in signal.iter().zip(&old).enumerate() {
            let scaled = x << self.smoothing_bits;
            let [new, rest] = self.smoothing[i % 2].map(u64::from);
            let sum = (u64::from(scaled) * new).wrapping_add(u64::from(old) * rest);
            let estimate = (sum >> self.bits) as u32;
            let subtracted = estimate.min(scaled);
            noise.push(if self.clamping { subtracted } else { estimate });
            let floor = ((u64::from(x) * u64::from(self.min_signal_remaining)) >> self.bits) as u32;
            output.push(((scaled - subtracted) >> self.smoothing_bits).max(floor));
        }
        let noise = held(noise.into_iter());
        vec![held(output.into_iter()), noise.clone(), noise]
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let word = |x: u32| proc_macro2::Literal::u32_unsuffixed(x);
        let smoothing = self.smoothing.map(|pair| {
            let [new, rest] = pair.map(word);
            quote!([#new, #rest])
        });
        let [remaining, smoothing_bits, bits] =
            [self.min_signal_remaining, self.smoothing_bits, self.bits].map(word);
        let clamping = self.clamping;
        Emitted {
            parameters_type: quote!(SpectralSubtraction),
            parameters: quote!(rt::SpectralSubtraction {
                smoothing: [#(#smoothing),*],
                min_signal_remaining: #remaining,
                smoothing_bits: #smoothing_bits,
                spectral_subtraction_bits: #bits,
                clamping: #clamping,
            }),
            function: KernelId::new("signal_spectral_subtraction"),
        }
    }
}
