//! SignalOverlapAdd: frames that overlap become a signal again.

use quote::quote;

use super::{Options, Processing, Signal};
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::ParseContext;
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Kernel, KernelId};
use crate::ir::operator::OwnState;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

pub(crate) struct OverlapAdd {
    step: usize,
    element: ElementType,
}

impl OverlapAdd {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Processing> {
        let options = Options::new(node)?;
        let operator = Self {
            step: options.count("frame_step")?,
            element: options.element(&[ElementType::I16, ElementType::F32])?,
        };
        Processing::new(operator, 1, 0, node)
    }

    /// Streams, frames of each and the size of one.
    fn sizes(&self, inputs: &[&[usize]]) -> Result<[usize; 3]> {
        match inputs.first() {
            Some(&&[ref outer @ .., frames, size]) if self.step <= size => {
                Ok([outer.iter().product(), frames, size])
            }
            shape => Err(Error::model(format!(
                "its step of {} does not fit frames of the shape {shape:?}",
                self.step
            ))),
        }
    }
}

impl Signal for OverlapAdd {
    fn name(&self) -> &'static str {
        "SignalOverlapAdd"
    }

    fn operands(&self) -> Vec<ElementType> {
        vec![self.element]
    }

    fn outputs(&self) -> Vec<ElementType> {
        vec![self.element]
    }

    fn shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        let [_, frames, _] = self.sizes(inputs)?;
        let mut shape = inputs[0][..inputs[0].len() - 2].to_vec();
        shape.push(frames * self.step);
        Ok(vec![shape])
    }

    fn states(&self, inputs: &[&[usize]]) -> Result<Vec<OwnState>> {
        let [streams, _, size] = self.sizes(inputs)?;
        Ok(vec![OwnState {
            name: "sums",
            element: self.element,
            shape: vec![streams, size],
            initial: None,
        }])
    }

    fn kernel(&self, inputs: &[&[usize]]) -> Result<Box<dyn Kernel>> {
        let [_, frames, size] = self.sizes(inputs)?;
        Ok(Box::new(OverlapAddKernel {
            frames,
            size,
            step: self.step,
            element: self.element,
        }))
    }
}

struct OverlapAddKernel {
    frames: usize,
    size: usize,
    step: usize,
    element: ElementType,
}

impl OverlapAddKernel {
    fn streams<T: Copy + Default>(
        &self,
        input: &[T],
        state: &[T],
        add: fn(T, T) -> T,
    ) -> [Vec<T>; 2] {
        let (mut output, mut next) = (Vec::new(), Vec::new());
        let streams = input.chunks_exact((self.frames * self.size).max(1));
        for (stream, old) in streams.zip(state.chunks_exact(self.size)) {
            let mut sums = old.to_vec();
            for frame in stream.chunks_exact(self.size) {
                for (sum, &x) in sums.iter_mut().zip(frame) {
                    *sum = add(*sum, x);
                }
                output.extend(sums.drain(..self.step));
                sums.resize(self.size, T::default());
            }
            next.extend(sums);
        }
        [output, next]
    }
}

impl Kernel for OverlapAddKernel {
    fn simulate_all(&self, inputs: &[&Buffer]) -> Vec<Buffer> {
        let [input, state] = [inputs[0], inputs[1]];
        match self.element {
            ElementType::I16 => self
                .streams(input.i16(), state.i16(), i16::saturating_add)
                .map(Buffer::I16)
                .into(),
            _ => self
                .streams(input.f32(), state.f32(), |a, b| a + b)
                .map(Buffer::F32)
                .into(),
        }
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let fields = literals::fields(&[
            ("frames", self.frames),
            ("frame_size", self.size),
            ("frame_step", self.step),
        ]);
        Emitted {
            parameters_type: quote!(OverlapAdd),
            parameters: quote!(rt::OverlapAdd { #fields }),
            function: KernelId::new("signal_overlap_add"),
        }
    }
}
