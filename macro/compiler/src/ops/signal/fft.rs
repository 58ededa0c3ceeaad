//! SignalFftAutoScale, SignalRfft and SignalIrfft: the transforms of KISS FFT, in fixed point
//! or float, of lengths that are powers of two.

use quote::quote;

use super::{Options, Processing, Signal, bits, length, rows};
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::ParseContext;
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Kernel, KernelId};
use crate::ops::signal::fft_sample::{Sample, minus, plus, work};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The longest transform.
const MAX_LENGTH: usize = 1 << 16;

pub(crate) struct FftAutoScale;

impl FftAutoScale {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Processing> {
        Processing::new(Self, 0, 0, node)
    }
}

impl Signal for FftAutoScale {
    fn name(&self) -> &'static str {
        "SignalFftAutoScale"
    }

    fn operands(&self) -> Vec<ElementType> {
        vec![ElementType::I16]
    }

    fn outputs(&self) -> Vec<ElementType> {
        vec![ElementType::I16, ElementType::I32]
    }

    fn shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        Ok(vec![vec![length(inputs, 0)?], Vec::new()])
    }

    fn kernel(&self, inputs: &[&[usize]]) -> Result<Box<dyn Kernel>> {
        self.shapes(inputs)?;
        Ok(Box::new(AutoScaleKernel))
    }
}

struct AutoScaleKernel;

impl Kernel for AutoScaleKernel {
    fn simulate_all(&self, inputs: &[&Buffer]) -> Vec<Buffer> {
        let x = inputs[0].i16();
        // The reference's maximum is int16, too: of -32768 it is that.
        let largest = x.iter().fold(0_i16, |largest, &x| {
            if x > largest {
                x
            } else if -i32::from(x) > largest.into() {
                x.wrapping_neg()
            } else {
                largest
            }
        });
        let unused = 15 - bits(i32::from(largest) as u32) as i32;
        let shift = unused.max(0);
        vec![
            Buffer::I16(x.iter().map(|&x| x << shift).collect()),
            Buffer::I32(vec![shift]),
        ]
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        Emitted {
            parameters_type: quote!(FftAutoScale),
            parameters: quote!(rt::FftAutoScale),
            function: KernelId::new("signal_fft_auto_scale"),
        }
    }
}

/// The length and the element type of a transform.
fn attributes(node: &ParseContext<'_>) -> Result<(usize, ElementType)> {
    let options = Options::new(node)?;
    let element = options.element(&[ElementType::I16, ElementType::I32, ElementType::F32])?;
    let length = options.count("fft_length")?;
    if !length.is_power_of_two() || !(4..=MAX_LENGTH).contains(&length) {
        return Err(Error::model(format!(
            "its length is {length}; supported are powers of two from 4 to {MAX_LENGTH}"
        )));
    }
    Ok((length, element))
}

/// The operator SignalRfft, or its inverse SignalIrfft.
pub(crate) struct Transform<const INVERSE: bool> {
    length: usize,
    element: ElementType,
}

pub(crate) type Rfft = Transform<false>;
pub(crate) type Irfft = Transform<true>;

impl<const INVERSE: bool> Transform<INVERSE> {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Processing> {
        let (length, element) = attributes(node)?;
        Processing::new(Self { length, element }, 0, 0, node)
    }

    /// Compares the width of a row with the length: rows of real numbers may be shorter, and are
    /// filled up with zeros; spectra have one width.
    fn check(&self, width: usize) -> Result<()> {
        let length = self.length;
        if INVERSE && width != length + 2 {
            return Err(Error::model(format!(
                "its rows have {width} elements, expected {} for its length of {length}",
                length + 2
            )));
        }
        if !INVERSE && width > length {
            return Err(Error::model(format!(
                "its rows have {width} elements, but its length is {length}"
            )));
        }
        Ok(())
    }
}

impl<const INVERSE: bool> Signal for Transform<INVERSE> {
    fn name(&self) -> &'static str {
        if INVERSE { "SignalIrfft" } else { "SignalRfft" }
    }

    fn operands(&self) -> Vec<ElementType> {
        vec![self.element]
    }

    fn outputs(&self) -> Vec<ElementType> {
        vec![self.element]
    }

    fn shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        self.check(rows(inputs)?.0)?;
        let mut shape = inputs[0].to_vec();
        shape.pop();
        shape.push(if INVERSE {
            self.length
        } else {
            self.length + 2
        });
        Ok(vec![shape])
    }

    fn kernel(&self, inputs: &[&[usize]]) -> Result<Box<dyn Kernel>> {
        let (width, _) = rows(inputs)?;
        self.check(width)?;
        Ok(Box::new(FftKernel {
            length: self.length,
            width,
            element: self.element,
            inverse: INVERSE,
        }))
    }
}

/// Transforms of real numbers by complex ones of half the length.
struct FftKernel {
    length: usize,
    /// Elements of a row of the input.
    width: usize,
    element: ElementType,
    inverse: bool,
}

impl FftKernel {
    fn half(&self) -> usize {
        self.length / 2
    }

    /// Cosine and sine of a phase, in the direction of the transform.
    fn turn(&self, phase: f64) -> [f64; 2] {
        let phase = if self.inverse { -phase } else { phase };
        [phase.cos(), phase.sin()]
    }

    fn turns(&self) -> Vec<[f64; 2]> {
        let half = self.half() as f64;
        let one = |k: usize| self.turn(-2.0 * std::f64::consts::PI * k as f64 / half);
        (0..self.half()).map(one).collect()
    }

    /// The factors that join the transforms of both halves.
    fn super_turns(&self) -> Vec<[f64; 2]> {
        let half = self.half() as f64;
        let one = |k: usize| self.turn(-std::f64::consts::PI * ((k + 1) as f64 / half + 0.5));
        (0..self.half() / 2).map(one).collect()
    }

    fn rows<T: Sample>(&self, input: &[T]) -> Vec<T> {
        let table = |turns: Vec<[f64; 2]>| -> Vec<[T; 2]> {
            turns.iter().map(|turn| turn.map(T::turn)).collect()
        };
        let (turns, super_turns) = (table(self.turns()), table(self.super_turns()));
        let half = self.half();
        let mut output = Vec::new();
        for row in input.chunks_exact(self.width) {
            if self.inverse {
                let x: Vec<[T; 2]> = row.chunks_exact(2).map(|c| [c[0], c[1]]).collect();
                let mut spectrum = vec![[T::default(); 2]; half];
                let ends = [x[0][0].plus(x[half][0]), x[0][0].minus(x[half][0])];
                spectrum[0] = ends.map(|x| x.divided(2));
                for k in 1..=half / 2 {
                    let a = x[k].map(|x| x.divided(2));
                    let [re, im] = x[half - k];
                    let b = [re, T::default().minus(im)].map(|x| x.divided(2));
                    let even = plus(a, b);
                    let odd = T::times(minus(a, b), super_turns[k - 1]);
                    spectrum[k] = plus(even, odd);
                    let [re, im] = minus(even, odd);
                    spectrum[half - k] = [re, T::default().minus(im)];
                }
                let time = work(&spectrum, &turns, true).into_iter().flatten();
                output.extend(time.map(|x| x.of_length(self.length)));
                continue;
            }
            let mut filled = row.to_vec();
            filled.resize(self.length, T::default());
            let packed: Vec<[T; 2]> = filled.chunks_exact(2).map(|c| [c[0], c[1]]).collect();
            let packed = work(&packed, &turns, false);
            let mut spectrum = vec![[T::default(); 2]; half + 1];
            let [re, im] = packed[0].map(|x| x.divided(2));
            spectrum[0][0] = re.plus(im);
            spectrum[half][0] = re.minus(im);
            for k in 1..=half / 2 {
                let a = packed[k].map(|x| x.divided(2));
                let [re, im] = packed[half - k];
                let b = [re, T::default().minus(im)].map(|x| x.divided(2));
                let even = plus(a, b);
                let odd = T::times(minus(a, b), super_turns[k - 1]);
                spectrum[k] = [even[0].half_sum(odd[0]), even[1].half_sum(odd[1])];
                spectrum[half - k] = [
                    even[0].half_difference(odd[0]),
                    odd[1].half_difference(even[1]),
                ];
            }
            output.extend(spectrum.into_iter().flatten());
        }
        output
    }
}

impl Kernel for FftKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        match inputs[0] {
            Buffer::I16(x) => Buffer::I16(self.rows(x)),
            Buffer::I32(x) => Buffer::I32(self.rows(x)),
            Buffer::F32(x) => Buffer::F32(self.rows(x)),
            Buffer::I8(_) => Buffer::I8(Vec::new()),
        }
    }

    fn scratch(&self) -> Vec<(ElementType, usize)> {
        // The inverse works in its output.
        let own = (self.element, self.length);
        if self.inverse { Vec::new() } else { vec![own] }
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let mut turns = self.turns();
        // No stage turns further.
        turns.truncate((3 * self.half() / 4).max(1));
        let [turns, super_turns] =
            [("TURNS", turns), ("SUPER_TURNS", self.super_turns())].map(|(name, turns)| {
                let turns = turns.into_iter().flatten();
                match self.element {
                    ElementType::I16 => {
                        constants.int16s(name, &turns.map(i16::turn).collect::<Vec<_>>())
                    }
                    ElementType::I32 => {
                        constants.words(name, &turns.map(i32::turn).collect::<Vec<_>>())
                    }
                    _ => constants.floats(name, &turns.map(f32::turn).collect::<Vec<_>>()),
                }
            });
        let element = literals::ident(self.element.name());
        let sizes = literals::fields(&[("length", self.length), ("width", self.width)]);
        Emitted {
            parameters_type: quote!(Fft<'static, #element>),
            parameters: quote!(rt::Fft { #sizes turns: #turns, super_turns: #super_turns }),
            function: KernelId::new(if self.inverse {
                "signal_irfft"
            } else {
                "signal_rfft"
            }),
        }
    }
}
