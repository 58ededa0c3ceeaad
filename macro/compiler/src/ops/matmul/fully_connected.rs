//! FULLY_CONNECTED: input [.., depth], weights [units, depth], output [.., units].

use ndarray::ArrayD;
use niello_numeric::products::Walk;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::channelwise::{Channels, IntRange};
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Accumulators, Channelwise, Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::{ChannelRole, Operator, RealOperands};
use crate::ir::operator_traits::OperatorTraits;
use crate::ir::products::{Products, SumLayout};
use crate::limits;
use crate::ops::matmul::batch_matmul::Sizes;
use crate::ops::packing::weights6;
use crate::ops::shared::broadcast::Broadcast;
use crate::ops::shared::gemm_i16::GemmI16;
use crate::ops::shared::gemm_inputs::{Inputs, is_sparse};
use crate::ops::shared::gemm_packed2;
use crate::ops::shared::gemm_packed16::Packed16;
use crate::ops::shared::operands::operand;
use crate::ops::shared::weighted_sum::channels::DenseChannels;
use crate::ops::shared::weighted_sum::{Accumulation, ScaleProduct, evaluate};
use crate::ops::shared::window::Window;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator FULLY_CONNECTED: input [.., depth], weights [units, depth], output [.., units].
pub(crate) struct FullyConnected {
    activation: Activation,
    keep_num_dims: bool,
    /// False if weights are computed, too.
    constant_weights: bool,
}

impl FullyConnected {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node.operator.builtin_options_as_fully_connected_options();
        if options.is_some_and(|o| o.weights_format().0 != 0) {
            return Err(Error::model(
                "its weights are in the order of one old kernel for uint8 (SHUFFLED4x16INT8); convert the \
                 model again, which leaves them in the default order",
            ));
        }
        Ok(Self {
            activation: match options {
                Some(o) => Activation::parse(o.fused_activation_function())?,
                None => Activation::None,
            },
            keep_num_dims: options.is_some_and(|o| o.keep_num_dims()),
            constant_weights: node.input(1)?.constant.is_some(),
        })
    }
}

/// The numbers of rows, products per sum, and units.
fn sizes(input: &[usize], weights: &[usize]) -> Result<(usize, usize, usize)> {
    let &[units, depth] = weights else {
        return Err(Error::model(format!(
            "its weights have shape {weights:?}, expected [units, depth]"
        )));
    };
    let elements: usize = input.iter().product();
    if depth == 0 || !elements.is_multiple_of(depth) {
        return Err(Error::model(format!(
            "its input of shape {input:?} does not divide into rows of {depth}"
        )));
    }
    Ok((elements / depth, depth, units))
}

impl Operator for FullyConnected {
    fn name(&self) -> &'static str {
        "FULLY_CONNECTED"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            writes_f32: self.constant_weights,
            channels: self.constant_weights.then_some(ChannelRole::Mixes),
            clips: Some(self.activation),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let [input, weights, ..] = inputs else {
            return Err(Error::model("it needs an input and weights"));
        };
        let (rows, depth, units) = sizes(input, weights)?;
        if !self.keep_num_dims {
            return Ok(vec![rows, units]);
        }
        let Some((&last, outer)) = input.split_last() else {
            return Err(Error::model("its input is a scalar"));
        };
        if last != depth {
            return Err(Error::model(format!(
                "its input rows have {last} elements, its weights {depth}"
            )));
        }
        Ok([outer, &[units]].concat())
    }

    fn work(&self, inputs: &[&[usize]], _: &[Vec<usize>]) -> u64 {
        let units = inputs.get(1).and_then(|weights| weights.first().copied());
        let input = inputs.first().copied().unwrap_or(&[]);
        limits::product(input.iter().copied().chain(units)) as u64
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let (input, weights) = (operand(inputs, 0)?, operand(inputs, 1)?);
        let bias = inputs.get(2).and_then(Option::as_ref);
        let (rows, depth, _) = sizes(input.shape(), weights.shape())?;
        let walk = Walk::Rows { rows, depth };
        evaluate(&walk, [input, weights], bias, self.activation, shape)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        if context.input(1)?.value.constant.is_none() {
            let shape = |i: usize| Ok::<_, Error>(&context.input(i)?.value.shape);
            let (rows, depth, units) = sizes(shape(0)?, shape(1)?)?;
            let sizes = Sizes {
                broadcast: Broadcast::new(&[], &[])?,
                batches: Vec::new(),
                rows,
                depth,
                columns: units,
                strides_a: [depth, 1],
                strides_b: [1, depth],
            };
            let once = context.rounds_once();
            return crate::ops::matmul::batch_matmul::lower(
                context,
                sizes,
                Some(2),
                self.activation,
                once,
            );
        }
        let (rows, depth, _) = sizes(
            &context.input(0)?.value.shape,
            &context.input(1)?.value.shape,
        )?;
        Ok(Lowered::unary(FullyConnectedKernel {
            rows,
            depth,
            accumulation: Accumulation::new(
                context,
                0,
                self.activation,
                ScaleProduct::SingleIfPerTensor,
            )?,
        }))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }

    fn products(&self) -> Option<&dyn Products> {
        self.constant_weights.then_some(self)
    }

    crate::ir::operator::fused_activation!();
}

impl Products for FullyConnected {
    fn layout(&self, input: &[usize], weights: &[usize]) -> Result<SumLayout> {
        let (rows, depth, channels) = sizes(input, weights)?;
        Ok(SumLayout {
            rows,
            groups: 1,
            depth,
            channels,
            channels_last: false,
        })
    }

    fn read(&self, _: [&[usize]; 2], input: &[f32], number: usize, row: &mut [f32]) -> Result<()> {
        let depth = row.len();
        row.copy_from_slice(&input[number * depth..][..depth]);
        Ok(())
    }
}

#[derive(Clone)]
struct FullyConnectedKernel {
    rows: usize,
    depth: usize,
    accumulation: Accumulation,
}

impl Kernel for FullyConnectedKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        self.accumulation.simulate(&self.walk(), inputs[0])
    }

    fn channelwise(&self) -> Option<&dyn Channelwise> {
        self.accumulation.int8().map(|_| self as _)
    }

    fn vectorized(&self) -> Option<Box<dyn Kernel>> {
        let rows = Window::pixels_of_a_column(self.rows);
        if let Some(kernel) = GemmI16::boxed(self, &self.accumulation, rows, self.depth) {
            return Some(kernel);
        }
        self.accumulation.int8()?;
        Packed16 {
            depth: self.depth,
            accumulation: self.accumulation.clone(),
            inputs: Inputs::rows(self.rows, self.depth, &self.accumulation),
            winograd: None,
            output_stride: None,
            addition: None,
            reference: self.clone(),
        }
        .that_fits()
    }

    fn scratch(&self) -> Vec<(ElementType, usize)> {
        if self.accumulation.int16().is_some() {
            return vec![gemm_packed2::columns(self.depth)];
        }
        if self.rows > 1 && self.accumulation.int8().is_some() {
            vec![gemm_packed2::columns(self.depth)]
        } else {
            Vec::new()
        }
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let rows = Window::pixels_of_a_column(self.rows);
        let int16 = gemm_packed2::emit_i16(&self.accumulation, &rows, self.depth, constants);
        if let Some(emitted) = int16 {
            return emitted;
        }
        let packed = gemm_packed2::emit(&self.accumulation, self.depth, self.rows, constants);
        if let Some((packed, stage)) = packed {
            return Emitted {
                parameters_type: quote!(Packed2<'static, #stage>),
                parameters: packed,
                function: KernelId::new(if self.rows > 1 {
                    "fully_connected_packed2_rows"
                } else {
                    "fully_connected_packed2_row"
                }),
            };
        }
        let (accumulation, stage) = self.accumulation.emit(constants);
        let depth = literals::fields(&[("depth", self.depth)]);
        Emitted {
            parameters_type: quote!(FullyConnected<'static, #stage>),
            parameters: quote!(rt::FullyConnected { #depth #accumulation }),
            function: KernelId::new("fully_connected"),
        }
    }

    fn macs(&self) -> u64 {
        (self.rows * self.accumulation.weights()) as u64
    }

    #[cfg(feature = "export")]
    fn weights(&self) -> Option<crate::ir::kernel::StoredWeights<'_>> {
        self.accumulation.stored()
    }

    fn accumulators(&mut self) -> Option<Accumulators<'_>> {
        self.accumulation.accumulators()
    }
}

impl FullyConnectedKernel {
    fn walk(&self) -> Walk {
        Walk::Rows {
            rows: self.rows,
            depth: self.depth,
        }
    }

    fn dense_channels(&self) -> DenseChannels<'_> {
        DenseChannels {
            accumulation: &self.accumulation,
            depth: self.depth,
            is_padded: false,
        }
    }
}

impl Channelwise for FullyConnectedKernel {
    fn depth(&self) -> Option<usize> {
        Some(self.depth)
    }

    // Of an image made flat, every pixel has all channels.
    fn ranges(&self, operands: &[&[IntRange]]) -> Option<Vec<IntRange>> {
        self.dense_channels().ranges(operands.first()?)
    }

    fn needs(&self, input: &[IntRange], output: &[bool]) -> Option<Vec<bool>> {
        Some(self.dense_channels().needs(input, output))
    }

    fn better_order(&self, kept: &[usize], vectorized: bool) -> Option<Vec<usize>> {
        let is_one = vectorized && self.rows == 1;
        if !is_one || is_sparse(self.depth, &self.accumulation) {
            return None;
        }
        let (filter, ..) = self.accumulation.int8()?;
        weights6::order(filter, self.depth, kept)
    }

    fn unit(&self, vectorized: bool) -> usize {
        // One row comes by 64 channels.
        match (vectorized, self.rows) {
            (true, 1) => 64,
            (true, _) => 16,
            (false, _) => 4,
        }
    }

    fn with(&self, input: &Channels, output: &Channels) -> Box<dyn Kernel> {
        Box::new(Self {
            rows: self.rows,
            depth: input.of(self.depth),
            accumulation: self.dense_channels().with(input, output),
        })
    }
}
