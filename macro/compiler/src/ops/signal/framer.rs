//! SignalFramer, SignalStacker and SignalDelay: what came before is kept for later runs.

use quote::quote;

use super::{Options, Processing, Signal, length, rows};
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::ParseContext;
use crate::ir::graph::{Constant, ElementType, array};
use crate::ir::kernel::{Emitted, Kernel, KernelId};
use crate::ir::operator::OwnState;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The state that holds samples for the next run.
fn samples(shape: &[usize]) -> OwnState {
    OwnState {
        name: "samples",
        element: ElementType::I16,
        shape: shape.to_vec(),
        initial: None,
    }
}

/// Numbers that say how far it is.
fn counts(initial: &[usize]) -> Result<OwnState> {
    let counts = initial.iter().map(|&n| n as i32).collect();
    Ok(OwnState {
        name: "counts",
        element: ElementType::I32,
        shape: vec![initial.len()],
        initial: Some(Constant::I32(array(&[initial.len()], counts)?)),
    })
}

/// Frames that overlap, as far as there are samples.
#[derive(Clone)]
pub(crate) struct Framer {
    size: usize,
    step: usize,
    prefill: bool,
}

impl Framer {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Processing> {
        let options = Options::new(node)?;
        let framer = Self {
            size: options.count("frame_size")?,
            step: options.count("frame_step")?,
            prefill: options.flag("prefill"),
        };
        if framer.step > framer.size {
            return Err(Error::model(format!(
                "its step of {} is larger than its frames of {}",
                framer.step, framer.size
            )));
        }
        Processing::new(framer, 2, 0, node)
    }

    /// Samples that it has at most, of one stream.
    fn capacity(&self) -> usize {
        self.size.next_multiple_of(self.step)
    }
}

impl Signal for Framer {
    fn name(&self) -> &'static str {
        "SignalFramer"
    }

    fn operands(&self) -> Vec<ElementType> {
        vec![ElementType::I16]
    }

    fn outputs(&self) -> Vec<ElementType> {
        vec![ElementType::I16, ElementType::Bool]
    }

    fn shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        let (width, _) = rows(inputs)?;
        if width == 0 || !width.is_multiple_of(self.step) {
            return Err(Error::model(format!(
                "rows of {width} samples are not a multiple of its step of {}",
                self.step
            )));
        }
        let mut shape = inputs[0].to_vec();
        shape.pop();
        shape.extend([width / self.step, self.size]);
        Ok(vec![shape, Vec::new()])
    }

    fn states(&self, inputs: &[&[usize]]) -> Result<Vec<OwnState>> {
        let (_, streams) = rows(inputs)?;
        let filled = if self.prefill {
            self.size - self.step
        } else {
            0
        };
        Ok(vec![
            samples(&[streams, self.capacity()]),
            counts(&[filled])?,
        ])
    }

    fn kernel(&self, inputs: &[&[usize]]) -> Result<Box<dyn Kernel>> {
        self.shapes(inputs)?;
        Ok(Box::new(FramerKernel {
            framer: self.clone(),
            width: rows(inputs)?.0,
        }))
    }
}

struct FramerKernel {
    framer: Framer,
    width: usize,
}

impl Kernel for FramerKernel {
    fn simulate_all(&self, inputs: &[&Buffer]) -> Vec<Buffer> {
        let Framer { size, step, .. } = self.framer;
        let capacity = self.framer.capacity();
        let before = inputs[2].integer(0) as usize;
        let (mut frames, mut samples) = (Vec::new(), Vec::new());
        let (mut valid, mut after) = (true, before);
        let streams = inputs[0].i16().chunks_exact(self.width);
        for (stream, old) in streams.zip(inputs[1].i16().chunks_exact(capacity)) {
            let mut kept = old[..before].to_vec();
            for new in stream.chunks_exact(step) {
                kept.extend_from_slice(new);
                if kept.len() < size {
                    frames.resize(frames.len() + size, 0);
                    valid = false;
                } else {
                    frames.extend_from_slice(&kept[..size]);
                    kept.drain(..step);
                }
            }
            after = kept.len();
            kept.resize(capacity, 0);
            samples.extend(kept);
        }
        vec![
            Buffer::I16(frames),
            Buffer::I8(vec![valid.into()]),
            Buffer::I16(samples),
            Buffer::I32(vec![after as i32]),
        ]
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let fields = literals::fields(&[
            ("frame_size", self.framer.size),
            ("frame_step", self.framer.step),
            ("capacity", self.framer.capacity()),
            ("width", self.width),
        ]);
        Emitted {
            parameters_type: quote!(Framer),
            parameters: quote!(rt::Framer { #fields }),
            function: KernelId::new("signal_framer"),
        }
    }
}

/// Rows of features before and behind one, side by side.
#[derive(Clone)]
pub(crate) struct Stacker {
    channels: usize,
    left: usize,
    right: usize,
    step: usize,
}

impl Stacker {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Processing> {
        let options = Options::new(node)?;
        let context = |key: &str| Ok::<_, Error>(options.integer(key, 0, 1 << 10)? as usize);
        let stacker = Self {
            channels: options.count("num_channels")?,
            left: context("stacker_left_context")?,
            right: context("stacker_right_context")?,
            step: options.count("stacker_step")?,
        };
        if stacker.step > stacker.rows() {
            return Err(Error::model(format!(
                "its step of {} is larger than its {} rows",
                stacker.step,
                stacker.rows()
            )));
        }
        Processing::new(stacker, 2, 0, node)
    }

    fn rows(&self) -> usize {
        self.left + 1 + self.right
    }

    fn len(&self) -> usize {
        self.channels * self.rows()
    }
}

impl Signal for Stacker {
    fn name(&self) -> &'static str {
        "SignalStacker"
    }

    fn operands(&self) -> Vec<ElementType> {
        vec![ElementType::I16]
    }

    fn outputs(&self) -> Vec<ElementType> {
        vec![ElementType::I16, ElementType::Bool]
    }

    fn shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        if length(inputs, 0)? != self.channels {
            return Err(Error::model(format!(
                "its input has the shape {:?}, but it has {} channels",
                inputs[0], self.channels
            )));
        }
        Ok(vec![vec![self.len()], Vec::new()])
    }

    /// Samples, how many there are, and whether there has been any.
    fn states(&self, _: &[&[usize]]) -> Result<Vec<OwnState>> {
        Ok(vec![samples(&[self.len()]), counts(&[0, 0])?])
    }

    fn kernel(&self, inputs: &[&[usize]]) -> Result<Box<dyn Kernel>> {
        self.shapes(inputs)?;
        Ok(Box::new(self.clone()))
    }
}

impl Kernel for Stacker {
    fn simulate_all(&self, inputs: &[&Buffer]) -> Vec<Buffer> {
        let (row, counts) = (inputs[0].i16(), inputs[2].i32());
        let mut kept = inputs[1].i16()[..counts[0] as usize].to_vec();
        // The first row also stands for those before it.
        let copies = if counts[1] == 0 { self.left + 1 } else { 1 };
        for _ in 0..copies {
            kept.extend_from_slice(row);
        }
        let valid = kept.len() >= self.len();
        let mut output = vec![0; self.len()];
        if valid {
            output.copy_from_slice(&kept[..self.len()]);
            kept.drain(..self.channels * self.step);
        }
        let filled = kept.len() as i32;
        kept.resize(self.len(), 0);
        vec![
            Buffer::I16(output),
            Buffer::I8(vec![valid.into()]),
            Buffer::I16(kept),
            Buffer::I32(vec![filled, 1]),
        ]
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let fields = literals::fields(&[
            ("channels", self.channels),
            ("left_context", self.left),
            ("step", self.step),
        ]);
        Emitted {
            parameters_type: quote!(Stacker),
            parameters: quote!(rt::Stacker { #fields }),
            function: KernelId::new("signal_stacker"),
        }
    }
}

/// The kernel of SignalDelay: samples some places later.
#[derive(Clone)]
pub(crate) struct Delay {
    delay: usize,
}

impl Delay {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Processing> {
        let delay = Self {
            delay: Options::new(node)?.count("delay_length")?,
        };
        Processing::new(delay, 1, 0, node)
    }
}

impl Signal for Delay {
    fn name(&self) -> &'static str {
        "SignalDelay"
    }

    fn operands(&self) -> Vec<ElementType> {
        vec![ElementType::I16]
    }

    fn outputs(&self) -> Vec<ElementType> {
        vec![ElementType::I16]
    }

    fn shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        rows(inputs)?;
        Ok(vec![inputs[0].to_vec()])
    }

    fn states(&self, inputs: &[&[usize]]) -> Result<Vec<OwnState>> {
        Ok(vec![samples(&[rows(inputs)?.1, self.delay])])
    }

    fn kernel(&self, inputs: &[&[usize]]) -> Result<Box<dyn Kernel>> {
        Ok(Box::new(DelayKernel {
            delay: self.delay,
            width: rows(inputs)?.0,
        }))
    }
}

struct DelayKernel {
    delay: usize,
    width: usize,
}

impl Kernel for DelayKernel {
    fn simulate_all(&self, inputs: &[&Buffer]) -> Vec<Buffer> {
        let streams = inputs[0].i16().chunks_exact(self.width.max(1));
        let kept = inputs[1].i16().chunks_exact(self.delay);
        let (mut output, mut next) = (Vec::new(), Vec::new());
        for (new, old) in streams.zip(kept) {
            let all = [old, new].concat();
            let (now, later) = all.split_at(self.width);
            output.extend_from_slice(now);
            next.extend_from_slice(later);
        }
        vec![Buffer::I16(output), Buffer::I16(next)]
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let fields = literals::fields(&[("delay", self.delay), ("width", self.width)]);
        Emitted {
            parameters_type: quote!(Delay),
            parameters: quote!(rt::Delay { #fields }),
            function: KernelId::new("signal_delay"),
        }
    }
}
