//! SVDF: a rank-decomposed filter over time, with its activations of the past as
//! state (Nakkiran et al., "Compressing Deep Neural Networks using a
//! Rank-Constrained Topology", 2015).

use ndarray::ArrayD;
use quote::quote;

use crate::arithmetic::fixed_point::Multiplier;
use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, Target};
use crate::ir::graph::array;
use crate::ir::graph::{Constant, ElementType};
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered, Source};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{FloatKernel, OperatorTraits};
use crate::limits;
use crate::ops::shared::operands::owned;
use crate::ops::shared::weights::{bias_values, weights};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator SVDF: a rank-decomposed filter over time, with its activations of the past as state
/// (Nakkiran et al., "Compressing Deep Neural Networks using a Rank-Constrained Topology", 2015).
pub(crate) struct Svdf {
    rank: usize,
    activation: Activation,
}

/// The variable operand.
const STATE: usize = 4;

impl Svdf {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node
            .operator
            .builtin_options_as_svdfoptions()
            .ok_or_else(|| Error::model("it has no SVDFOptions"))?;
        let rank = usize::try_from(options.rank()).unwrap_or(0);
        let filters = node.input(1)?.shape.first().copied().unwrap_or(0);
        if rank == 0 || !filters.is_multiple_of(rank) {
            return Err(Error::model(format!(
                "{filters} filters are not of rank {rank}"
            )));
        }
        node.input(STATE)?;
        Ok(Self {
            rank,
            activation: Activation::parse(options.fused_activation_function())?,
        })
    }

    fn sizes(&self, inputs: &[&[usize]]) -> Result<Sizes> {
        let (&[batches, depth], &[filters, feature], &[time, memory]) =
            (inputs[0], inputs[1], inputs[2])
        else {
            return Err(Error::model("its input and weights are not matrices"));
        };
        if feature != depth || time != filters {
            return Err(Error::model("its input and weights do not fit each other"));
        }
        Ok(Sizes {
            batches,
            depth,
            filters,
            memory,
            rank: self.rank,
        })
    }
}

#[derive(Clone, Copy)]
struct Sizes {
    batches: usize,
    depth: usize,
    filters: usize,
    memory: usize,
    rank: usize,
}

impl Operator for Svdf {
    fn name(&self) -> &'static str {
        "SVDF"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            is_joint: true,
            variables: vec![STATE],
            float_kernel: FloatKernel::Missing,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        if inputs.len() <= STATE {
            return Err(Error::model("it needs five operands"));
        }
        let s = self.sizes(inputs)?;
        if inputs[STATE].iter().product::<usize>() != s.batches * s.filters * s.memory {
            return Err(Error::model("its state does not fit its weights"));
        }
        Ok(vec![s.batches, s.filters / s.rank])
    }

    fn work(&self, inputs: &[&[usize]], _: &[Vec<usize>]) -> u64 {
        self.sizes(inputs).map_or(0, |s| {
            limits::product([s.batches, s.filters, s.depth.saturating_add(s.memory)]) as u64
        })
    }

    fn evaluate_all(
        &self,
        inputs: &RealOperands<'_>,
        shapes: &[&[usize]],
    ) -> Result<Vec<ArrayD<f32>>> {
        let operand = |i: usize| owned(inputs, i);
        let (x, feature, time, state) = (operand(0)?, operand(1)?, operand(2)?, operand(STATE)?);
        let dims: Vec<&[usize]> = vec![x.shape(), feature.shape(), time.shape()];
        let s = self.sizes(&dims)?;
        let flat = |a: &ArrayD<f32>| a.iter().copied().collect::<Vec<f32>>();
        let (x, feature, time, old) = (flat(&x), flat(&feature), flat(&time), flat(&state));
        let mut next = vec![0.0; old.len()];
        let bias = inputs.get(3).and_then(Option::as_ref);
        let bias: Option<Vec<f32>> = bias.map(|b| b.iter().copied().collect());
        let mut output = vec![0.0; s.batches * s.filters / s.rank];
        for row in 0..s.batches * s.filters {
            let (batch, filter) = (row / s.filters, row % s.filters);
            let lane = &mut next[row * s.memory..][..s.memory];
            lane[..s.memory - 1].copy_from_slice(&old[row * s.memory + 1..][..s.memory - 1]);
            let x = &x[batch * s.depth..][..s.depth];
            let w = &feature[filter * s.depth..][..s.depth];
            lane[s.memory - 1] = x.iter().zip(w).map(|(x, w)| x * w).sum();
            let w = &time[filter * s.memory..][..s.memory];
            output[row / s.rank] += lane.iter().zip(w).map(|(x, w)| x * w).sum::<f32>();
        }
        let units = s.filters / s.rank;
        for (i, y) in output.iter_mut().enumerate() {
            let bias = bias.as_ref().map_or(Ok(&0.0), |b| {
                let missing = || Error::internal("the bias is too short");
                b.get(i % units).ok_or_else(missing)
            })?;
            *y = self.activation.apply(*y + bias);
        }
        Ok(vec![array(shapes[0], output)?, array(state.shape(), next)?])
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let operand = |i: usize| Ok::<_, Error>(context.input(i)?.value);
        let shapes = [0, 1, 2].map(|i| operand(i).map_or(&[][..], |v| v.shape.as_slice()));
        let sizes = self.sizes(&shapes)?;
        let (input, state, output) = (
            context.params(0)?,
            context.params(STATE)?,
            context.output_params()?,
        );
        let feature = weights(operand(1)?, 0, false)?;
        // Time weights are as wide as the state.
        let wide = matches!(context.other_targets.first(), Some(Target::I16(_)));
        let (time, time_scale) = match &operand(2)?.constant {
            Some(Constant::I16(data)) => {
                let scale = operand(2)?.params().map_or(1.0, |p| p.scale);
                (data.iter().map(|&w| i32::from(w)).collect(), scale)
            }
            _ => {
                let time = weights(operand(2)?, 0, false)?;
                (
                    time.data.iter().map(|&w| i32::from(w)).collect::<Vec<_>>(),
                    time.scales[0],
                )
            }
        };
        let product = state.scale * time_scale;
        let units = sizes.filters / sizes.rank;
        let bias = match context.inputs.get(3).and_then(Option::as_ref) {
            Some(bias) => bias_values(bias.value, product.into(), units)?,
            None => vec![0; units],
        };
        let feature_factor = input.scale * feature.scale(0) / state.scale;
        let kernel = SvdfKernel {
            sizes,
            input_offset: -input.zero_point,
            feature: feature.data,
            state_zero_point: state.zero_point,
            feature_factor: Multiplier::new(feature_factor.into()),
            time,
            bias,
            output: Multiplier::new((product / output.scale).into()),
            output_offset: output.zero_point,
            activation: self.activation.quantized_bounds(output),
            element: if wide {
                ElementType::I16
            } else {
                ElementType::I8
            },
        };
        Ok(Lowered::new(
            kernel,
            vec![Source::Operand(0), Source::Operand(STATE)],
        ))
    }
}

struct SvdfKernel {
    sizes: Sizes,
    input_offset: i32,
    feature: Vec<i8>,
    state_zero_point: i32,
    feature_factor: Multiplier,
    time: Vec<i32>,
    bias: Vec<i32>,
    output: Multiplier,
    output_offset: i32,
    activation: (i32, i32),
    /// The element type of the state.
    element: ElementType,
}

impl Kernel for SvdfKernel {
    fn simulate_all(&self, inputs: &[&Buffer]) -> Vec<Buffer> {
        let (s, x) = (self.sizes, inputs[0].i8());
        let old: Vec<i32> = match inputs[1] {
            Buffer::I16(data) => data.iter().map(|&q| q.into()).collect(),
            other => other.i8().iter().map(|&q| q.into()).collect(),
        };
        let (low, high) = if self.element == ElementType::I16 {
            (-32768, 32767)
        } else {
            (-128, 127)
        };
        let mut next = vec![0; old.len()];
        let mut sums: Vec<i32> = self
            .bias
            .iter()
            .copied()
            .cycle()
            .take(s.batches * self.bias.len())
            .collect();
        for row in 0..s.batches * s.filters {
            let (batch, filter) = (row / s.filters, row % s.filters);
            let lane = &mut next[row * s.memory..][..s.memory];
            lane[..s.memory - 1].copy_from_slice(&old[row * s.memory + 1..][..s.memory - 1]);
            let dot = crate::ops::shared::weights::weights_dot(
                &x[batch * s.depth..][..s.depth],
                &self.feature[filter * s.depth..][..s.depth],
                self.input_offset,
            );
            let new = self.feature_factor.apply(dot).clamp(low, high);
            let new = new.wrapping_add(self.state_zero_point);
            lane[s.memory - 1] = if low == -128 {
                i32::from(new as i8)
            } else {
                i32::from(new as i16)
            };
            for (&q, &w) in lane.iter().zip(&self.time[filter * s.memory..]) {
                sums[row / s.rank] =
                    sums[row / s.rank].wrapping_add((q - self.state_zero_point) * w);
            }
        }
        let finish = |sum| {
            let q = self.output.apply(sum).wrapping_add(self.output_offset);
            q.clamp(self.activation.0, self.activation.1) as i8
        };
        vec![
            Buffer::I8(sums.into_iter().map(finish).collect()),
            if low == -128 {
                Buffer::I8(next.into_iter().map(|q| q as i8).collect())
            } else {
                Buffer::I16(next.into_iter().map(|q| q as i16).collect())
            },
        ]
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let s = self.sizes;
        let sizes = literals::fields(&[
            ("depth", s.depth),
            ("filters", s.filters),
            ("memory", s.memory),
            ("rank", s.rank),
        ]);
        let element = literals::ident(self.element.name());
        let feature = constants.bytes("FEATURE", &self.feature);
        let time = if self.element == ElementType::I16 {
            constants.int16s(
                "TIME",
                &self.time.iter().map(|&w| w as i16).collect::<Vec<_>>(),
            )
        } else {
            constants.int8s(
                "TIME",
                &self.time.iter().map(|&w| w as i8).collect::<Vec<_>>(),
            )
        };
        let bias = constants.words("BIAS", &self.bias);
        let (factor, output) = (
            literals::multiplier(self.feature_factor),
            literals::multiplier(self.output),
        );
        let [offset, zero, output_offset] =
            [self.input_offset, self.state_zero_point, self.output_offset].map(literals::int);
        let (min, max) = (
            literals::int(self.activation.0),
            literals::int(self.activation.1),
        );
        Emitted {
            parameters_type: quote!(Svdf<'static, #element>),
            parameters: quote!(rt::Svdf {
                #sizes
                input_offset: #offset,
                feature: #feature,
                feature_multiplier: #factor,
                state_zero_point: #zero,
                time: #time,
                bias: #bias,
                output_multiplier: #output,
                output_offset: #output_offset,
                activation_min: #min,
                activation_max: #max,
            }),
            function: KernelId::new("svdf"),
        }
    }

    fn macs(&self) -> u64 {
        let s = self.sizes;
        (s.batches * s.filters * (s.depth + s.memory)) as u64
    }
}
