//! Fuses neighbouring kernels: PAD into convolutions, ADD into convolutions, CONCATENATION by
//! strided stores, and unsigned bytes between kernels that read them.

use std::sync::Arc;

use crate::ir::kernel::{Fusion, Role};
use crate::ir::quant_graph::{Fused, QuantGraph, QuantTensor, Step, TensorId};
use crate::ops::shared::concat_in_place::ConcatSliceKernel;

impl QuantGraph {
    /// Takes out operators that only pad an image with its zero point, if their only reader is
    /// a convolution, whose own padding then does as much.
    pub(crate) fn fold_padding(mut self) -> Self {
        // From the last one on, so that positions in front stay as they are.
        for position in (0..self.steps.len()).rev() {
            let step = &self.steps[position];
            let Some(frame) = step.kernel.frame() else {
                continue;
            };
            let (from, to) = (step.inputs[0], step.output());
            let zero_point = self.tensors[to].params.map_or(0, |p| p.zero_point);
            if self.is_kept(to) || frame.value != f64::from(zero_point) {
                continue;
            }
            let mut readers = self.steps.iter_mut().filter(|s| s.inputs.contains(&to));
            let (Some(reader), None) = (readers.next(), readers.next()) else {
                continue;
            };
            if reader.inputs[1..].contains(&to) {
                continue;
            }
            if let Some(kernel) = reader.kernel.fused(Fusion::Padding(&frame)) {
                reader.kernel = kernel.into();
                reader.inputs[0] = from;
                self.steps.remove(position);
            }
        }
        self
    }

    /// Lets the operator in front of an addition do it, if nothing else reads its output.
    pub(crate) fn fuse_add(mut self) -> Self {
        // From the last one on, so that positions in front stay as they are.
        for position in (0..self.steps.len()).rev() {
            // The one with more products, where two could do it.
            let mut producers: Vec<(usize, usize)> = (0..2)
                .filter_map(|own| Some((self.producer(position, own)?, own)))
                .collect();
            producers.sort_unstable_by_key(|&(producer, _)| self.steps[producer].kernel.macs());
            let fused = producers.iter().rev().find_map(|&(producer, own)| {
                let Role::Addition { params, elements } = self.steps[position].kernel.role() else {
                    return None;
                };
                let addition = Fusion::Addition {
                    params,
                    elements,
                    own,
                };
                let kernel = self.steps[producer].kernel.fused(addition)?;
                Some((producer, own, kernel))
            });
            let Some((producer, own, kernel)) = fused else {
                continue;
            };
            let other = self.steps[position].inputs[1 - own];
            let mut step = self.steps[producer].clone();
            step.fused = Some(Fused::Add);
            step.inputs.push(other);
            step.outputs = self.steps[position].outputs.clone();
            step.kernel = kernel.into();
            self.steps[position] = step;
            self.steps.remove(producer);
        }
        self
    }

    /// Lets operators write their channels where a concatenation has them, if nothing else reads
    /// their outputs; other operands of the concatenation are copied.
    pub(crate) fn concat_in_place(mut self) -> Self {
        // From the last one on, so that positions in front stay as they are.
        for position in (0..self.steps.len()).rev() {
            let step = &self.steps[position];
            let Some(widths) = step.kernel.parts().map(<[usize]>::to_vec) else {
                continue;
            };
            let (inputs, output) = (step.inputs.clone(), step.output());
            if self.is_kept(output) {
                // It lies with the caller, where nothing is written in parts.
                continue;
            }
            let width: usize = widths.iter().sum();
            let pixels = self.tensors[output].len / width.max(1);
            let mut parts = Vec::new();
            let mut begin = 0;
            for (operand, &channels) in widths.iter().enumerate() {
                let direct = self.producer(position, operand).and_then(|producer| {
                    let stride = Fusion::OutputStride {
                        channels,
                        stride: width,
                    };
                    let kernel = self.steps[producer].kernel.fused(stride)?;
                    Some((producer, Arc::from(kernel)))
                });
                let (made_at, product) = direct.map_or((position, None), |(p, k)| (p, Some(k)));
                let kernel = ConcatSliceKernel {
                    product,
                    begin,
                    channels,
                    output_stride: width,
                    pixels,
                    continues: false,
                    is_xor128: false,
                };
                parts.push((made_at, inputs[operand], kernel));
                begin += channels;
            }
            if parts.iter().all(|(_, _, kernel)| kernel.product.is_none()) {
                continue;
            }
            parts.sort_by_key(|&(made_at, ..)| made_at);
            self.chain(position, parts, output);
        }
        self
    }

    /// Replaces a concatenation by a chain of parts, each of which continues the tensor that the
    /// part before it has begun.
    fn chain(
        &mut self,
        position: usize,
        parts: Vec<(usize, TensorId, ConcatSliceKernel)>,
        all: TensorId,
    ) {
        let concatenation = self.steps.remove(position);
        let (count, mut others) = (parts.len(), None);
        let mut behind = Vec::new();
        for (number, (made_at, operand, mut kernel)) in parts.into_iter().enumerate() {
            kernel.continues = others.is_some();
            let tensor = if number + 1 == count {
                all
            } else {
                let value = None;
                let part = self.tensors[all].clone();
                self.tensors.push(QuantTensor { value, ..part });
                self.tensors.len() - 1
            };
            let is_direct = kernel.product.is_some();
            let mut step = if is_direct {
                self.steps[made_at].clone()
            } else {
                Step {
                    inputs: vec![operand],
                    ..concatenation.clone()
                }
            };
            step.inputs.extend(others.replace(tensor));
            step.outputs = vec![tensor];
            step.kernel = Arc::new(kernel);
            if is_direct {
                step.fused = Some(Fused::Concatenation);
                self.steps[made_at] = step;
            } else {
                behind.push(step);
            }
        }
        self.steps.splice(position..position, behind);
    }

    /// The position of the step that computes an operand, if only this step reads it, if it has
    /// one operand itself, and if it runs whenever this step does.
    fn producer(&self, position: usize, operand: usize) -> Option<usize> {
        let step = &self.steps[position];
        let &tensor = step.inputs.get(operand)?;
        let reads = self.steps.iter().flat_map(|s| &s.inputs);
        let is_only = reads.filter(|&&input| input == tensor).count() == 1;
        let producer = self.steps.iter().position(|s| s.outputs[0] == tensor)?;
        let maker = &self.steps[producer];
        let fits = maker.inputs.len() == 1 && maker.results == 1 && maker.region == step.region;
        (is_only && fits && !self.is_kept(tensor)).then_some(producer)
    }

    /// Lets a kernel write its outputs as unsigned bytes (`x ^ 0x80`) where all readers take
    /// them so.
    pub(crate) fn keep_u8_layout(mut self) -> Self {
        for position in 0..self.steps.len() {
            let tensor = self.steps[position].output();
            let Some(writing) = self.steps[position].kernel.fused(Fusion::OutputXor128) else {
                continue;
            };
            let readers: Vec<usize> = (0..self.steps.len())
                .filter(|&s| self.steps[s].inputs.contains(&tensor))
                .collect();
            let reading = readers.iter().map(|&reader| {
                let step = &self.steps[reader];
                let is_first_only = !step.inputs[1..].contains(&tensor);
                step.kernel
                    .fused(Fusion::InputXor128)
                    .filter(|_| is_first_only)
            });
            if let (false, Some(reading)) =
                (self.is_kept(tensor), reading.collect::<Option<Vec<_>>>())
            {
                self.steps[position].kernel = writing.into();
                for (reader, kernel) in readers.into_iter().zip(reading) {
                    self.steps[reader].kernel = kernel.into();
                }
            }
        }
        self
    }
}
