//! UNIDIRECTIONAL_SEQUENCE_LSTM as the Keras layer has it (no peephole, no
//! projection, no layer normalization): 8-bit activations and weights, 16-bit
//! gates and cell state. Hidden and cell state outlive the run.

use ndarray::ArrayD;

use crate::arithmetic::fixed_point::Multiplier;
use crate::arithmetic::quant_params::QuantParams;
use crate::arithmetic::sigmoid_lut_i16::Steps;
use crate::error::{Error, Result};
use crate::ir::context::{LowerContext, ParseContext, Target};
use crate::ir::graph::array;
use crate::ir::kernel::{Lowered, Source};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{FloatKernel, OperatorTraits};
use crate::limits;
use crate::ops::recurrent::lstm_kernel::{Gate, LstmKernel, Sizes};
use crate::ops::shared::operands::operand;
use crate::ops::shared::weights::{bias_values, weights};

/// The operands of the input, forget, cell and output gate.
const INPUT_WEIGHTS: [usize; 4] = [1, 2, 3, 4];
const RECURRENT_WEIGHTS: [usize; 4] = [5, 6, 7, 8];
const BIASES: [usize; 4] = [12, 13, 14, 15];
const HIDDEN: usize = 18;
const CELL: usize = 19;

/// The operator UNIDIRECTIONAL_SEQUENCE_LSTM as the Keras layer has it (no peephole, no projection,
/// no layer normalization): 8-bit activations and weights, 16-bit gates and cell state.
pub(crate) struct UnidirectionalSequenceLstm {
    cell_clip: f32,
    time_major: bool,
}

impl UnidirectionalSequenceLstm {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node
            .operator
            .builtin_options_as_unidirectional_sequence_lstmoptions()
            .ok_or_else(|| Error::model("it has no UnidirectionalSequenceLSTMOptions"))?;
        if options.fused_activation_function().0 != 4 {
            return Err(Error::model("its activation is not TANH"));
        }
        for (operands, what) in [
            (9..12, "peephole weights"),
            (16..18, "a projection"),
            (20..24, "layer normalization"),
        ] {
            if operands.into_iter().any(|i| node.input(i).is_ok()) {
                return Err(Error::model(format!("{what} are not supported")));
            }
        }
        for i in INPUT_WEIGHTS
            .into_iter()
            .chain(RECURRENT_WEIGHTS)
            .chain([HIDDEN, CELL])
        {
            node.input(i)?;
        }
        Ok(Self {
            cell_clip: options.cell_clip(),
            time_major: options.time_major(),
        })
    }

    fn sizes(&self, inputs: &[&[usize]]) -> Result<Sizes> {
        let (&[first, second, depth], Some(&[cells, _])) =
            (inputs[0], inputs[INPUT_WEIGHTS[0]].first_chunk::<2>())
        else {
            return Err(Error::model("its input is not [batch, time, depth]"));
        };
        let (batches, steps) = if self.time_major {
            (second, first)
        } else {
            (first, second)
        };
        let fits = INPUT_WEIGHTS.iter().all(|&i| inputs[i] == [cells, depth])
            && RECURRENT_WEIGHTS
                .iter()
                .all(|&i| inputs[i] == [cells, cells])
            && [HIDDEN, CELL]
                .iter()
                .all(|&i| inputs[i].iter().product::<usize>() == batches * cells);
        if !fits {
            return Err(Error::model("its weights and states do not fit its input"));
        }
        Ok(Sizes {
            batches,
            steps,
            depth,
            cells,
            time_major: self.time_major,
        })
    }
}

impl Operator for UnidirectionalSequenceLstm {
    fn name(&self) -> &'static str {
        "UNIDIRECTIONAL_SEQUENCE_LSTM"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            is_joint: true,
            variables: vec![HIDDEN, CELL],
            state_rules: {
                let cell = QuantParams {
                    scale: 1.0 / 2048.0,
                    zero_point: 0,
                };
                vec![
                    (HIDDEN, crate::ir::context::StateRule::SameAsOutput),
                    (CELL, crate::ir::context::StateRule::Int16(cell)),
                ]
            },
            float_kernel: FloatKernel::Missing,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        if inputs.len() <= CELL {
            return Err(Error::model("it needs 20 operands"));
        }
        let sizes = self.sizes(inputs)?;
        let mut shape = inputs[0].to_vec();
        shape[2] = sizes.cells;
        Ok(shape)
    }

    fn work(&self, inputs: &[&[usize]], _: &[Vec<usize>]) -> u64 {
        self.sizes(inputs).map_or(0, |s| {
            let weights = s.depth.saturating_add(s.cells).saturating_mul(s.cells);
            limits::product([4, s.batches, s.steps, weights]) as u64
        })
    }

    fn evaluate_all(
        &self,
        inputs: &RealOperands<'_>,
        shapes: &[&[usize]],
    ) -> Result<Vec<ArrayD<f32>>> {
        let empty: &[usize] = &[];
        let dims: Vec<&[usize]> = inputs
            .iter()
            .map(|v| v.as_ref().map_or(empty, |v| v.shape()))
            .collect();
        let s = self.sizes(&dims)?;
        let flat = |i: usize| Ok(operand(inputs, i)?.iter().copied().collect::<Vec<f32>>());
        let all = |places: [usize; 4]| places.into_iter().map(flat).collect::<Result<Vec<_>>>();
        let bias = |i: usize| match inputs.get(i) {
            Some(Some(bias)) if bias.len() == s.cells => Ok(bias.iter().copied().collect()),
            Some(Some(_)) => Err(Error::model(format!(
                "its operand {i} is not a bias of {} cells",
                s.cells
            ))),
            _ => Ok(vec![0.0; s.cells]),
        };
        let x = flat(0)?;
        let (w, r) = (all(INPUT_WEIGHTS)?, all(RECURRENT_WEIGHTS)?);
        let b = BIASES.into_iter().map(bias).collect::<Result<Vec<_>>>()?;
        let (mut hidden, mut cell) = (flat(HIDDEN)?, flat(CELL)?);
        let mut output = vec![0.0; s.batches * s.steps * s.cells];
        let sigmoid = |x: f32| 1.0 / (1.0 + (-x).exp());
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        for batch in 0..s.batches {
            for step in 0..s.steps {
                let row = s.row(batch, step);
                let x = &x[row * s.depth..][..s.depth];
                let old = hidden[batch * s.cells..][..s.cells].to_vec();
                for n in 0..s.cells {
                    let gate = |g: usize| {
                        dot(x, &w[g][n * s.depth..][..s.depth])
                            + dot(&old, &r[g][n * s.cells..][..s.cells])
                            + b[g][n]
                    };
                    let c = &mut cell[batch * s.cells + n];
                    *c = sigmoid(gate(1)) * *c + sigmoid(gate(0)) * gate(2).tanh();
                    if self.cell_clip > 0.0 {
                        *c = c.clamp(-self.cell_clip, self.cell_clip);
                    }
                    let h = sigmoid(gate(3)) * c.tanh();
                    hidden[batch * s.cells + n] = h;
                    output[row * s.cells + n] = h;
                }
            }
        }
        let state = |i: usize, data| array(dims[i], data);
        Ok(vec![
            array(shapes[0], output)?,
            state(HIDDEN, hidden)?,
            state(CELL, cell)?,
        ])
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let empty: &[usize] = &[];
        let shapes: Vec<&[usize]> = context
            .inputs
            .iter()
            .map(|o| o.as_ref().map_or(empty, |o| o.value.shape.as_slice()))
            .collect();
        let sizes = self.sizes(&shapes)?;
        let (input, hidden, cell) = (
            context.params(0)?,
            context.params(HIDDEN)?,
            context.params(CELL)?,
        );
        context.output_params()?;
        if !matches!(
            context.other_targets.as_slice(),
            [Target::I8(_), Target::I16(_)]
        ) {
            return Err(Error::model(
                "its states are not an int8 and an int16 tensor",
            ));
        }
        let power = f64::from(cell.scale).log2();
        if (power - power.round()).abs() > 1e-4 {
            return Err(Error::model(format!(
                "its cell state has scale {}, expected a power of two",
                cell.scale
            )));
        }
        // Gates are Q3.12 before, Q0.15 behind their functions.
        let (before, behind) = (2f64.powi(-12), 2f64.powi(-15));
        let gate = |g: usize| -> Result<Gate> {
            let value = |i: usize| Ok::<_, Error>(context.input(i)?.value);
            let w = weights(value(INPUT_WEIGHTS[g])?, 0, false)?;
            let r = weights(value(RECURRENT_WEIGHTS[g])?, 0, false)?;
            // The reference multiplies the scales in single precision.
            let product = f64::from(input.scale * w.scale(0));
            let recurrent = f64::from(hidden.scale * r.scale(0));
            let bias = match context.inputs.get(BIASES[g]).and_then(Option::as_ref) {
                Some(bias) => bias_values(bias.value, product, sizes.cells)?,
                None => vec![0; sizes.cells],
            };
            Ok(Gate {
                input: w.data,
                recurrent: r.data,
                bias,
                factors: [
                    Multiplier::new(product / before),
                    Multiplier::new(recurrent / before),
                ],
            })
        };
        let scale = f64::from(cell.scale);
        let clip = (f64::from(self.cell_clip) / scale).clamp(-32768.0, 32767.0) as i16;
        let kernel = LstmKernel {
            sizes,
            offsets: [-input.zero_point, -hidden.zero_point],
            gates: [gate(0)?, gate(1)?, gate(2)?, gate(3)?],
            forget: Multiplier::new(behind * scale / scale),
            update: Multiplier::new(behind * behind / scale),
            output: Multiplier::new(behind * behind / f64::from(hidden.scale)),
            output_offset: hidden.zero_point,
            cell_clip: clip,
            cell_steps: Steps::of_power(15 + power.round() as i32 - 3),
        };
        let sources = [0, HIDDEN, CELL].map(Source::Operand).into();
        Ok(Lowered::new(kernel, sources))
    }
}
