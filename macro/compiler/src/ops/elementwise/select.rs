//! SELECT and SELECT_V2: elements of one operand or of the other, by a third.

use ndarray::{ArrayD, IxDyn};
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, QuantRule, constant_source};
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered, Source};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{IntegerOperands, OperatorTraits};
use crate::ops::shared::broadcast;
use crate::ops::shared::operands::operand;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// Dimensions that the kernel loops over.
const MAX_DIMS: usize = 6;

/// The operators SELECT and SELECT_V2: elements of one operand or of the other, by a third.
pub(crate) struct Select {
    name: &'static str,
    /// SELECT's condition may name rows.
    rows: bool,
}

impl Select {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self {
            name: "SELECT",
            rows: true,
        })
    }

    pub(crate) fn broadcasting() -> Self {
        Self {
            name: "SELECT_V2",
            rows: false,
        }
    }

    /// The condition's shape as one that broadcasts.
    fn condition(&self, condition: &[usize], rank: usize) -> Vec<usize> {
        let mut shape = condition.to_vec();
        if self.rows && condition.len() == 1 {
            shape.resize(rank.max(1), 1);
        }
        shape
    }
}

impl Operator for Select {
    fn name(&self) -> &'static str {
        self.name
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::SelectsInputs,
            operands: Some(3),
            integer_operands: IntegerOperands::One(0),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let &[condition, a, b] = inputs else {
            return Err(Error::model("it needs a condition and two operands"));
        };
        let shape = broadcast::shape(a, b)?;
        let shape = broadcast::shape(&self.condition(condition, shape.len()), &shape)?;
        if shape.len() > MAX_DIMS {
            return Err(Error::model(format!(
                "it has more than {MAX_DIMS} dimensions"
            )));
        }
        Ok(shape)
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let (c, a, b) = (
            operand(inputs, 0)?,
            operand(inputs, 1)?,
            operand(inputs, 2)?,
        );
        let condition = self.condition(c.shape(), shape.len());
        let c = c.to_owned().into_shape_with_order(condition);
        let shape = IxDyn(shape);
        let c = c.map_err(Error::internal)?;
        let (Some(c), Some(a), Some(b)) = (
            c.broadcast(shape.clone()),
            a.broadcast(shape.clone()),
            b.broadcast(shape),
        ) else {
            return Err(Error::internal("operands do not broadcast to the output"));
        };
        let mut output = a.to_owned();
        ndarray::Zip::from(&mut output)
            .and(c)
            .and(b)
            .for_each(|o, &c, &b| {
                if c == 0.0 {
                    *o = b;
                }
            });
        Ok(output)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let shape = &context.output.shape;
        let skip = MAX_DIMS - shape.len();
        let mut kernel = SelectKernel {
            dims: [1; MAX_DIMS],
            strides: [[0; MAX_DIMS]; 3],
        };
        kernel.dims[skip..].copy_from_slice(shape);
        for i in 0..3 {
            let mut operand = context.input(i)?.value.shape.clone();
            if i == 0 {
                operand = self.condition(&operand, shape.len());
            }
            let begin = MAX_DIMS - operand.len();
            let mut step = 1;
            for (d, &n) in operand.iter().enumerate().rev() {
                if n != 1 {
                    kernel.strides[i][begin + d] = step;
                }
                step *= n;
            }
        }
        let sources = vec![
            Source::Operand(0),
            constant_source(context, 1)?,
            constant_source(context, 2)?,
        ];
        Ok(Lowered::new(kernel, sources))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }
}

struct SelectKernel {
    dims: [usize; MAX_DIMS],
    /// The strides of the condition and of both operands; 0 repeats.
    strides: [[usize; MAX_DIMS]; 3],
}

impl Kernel for SelectKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let total: usize = self.dims.iter().product();
        let at = |operand: usize, mut i: usize| {
            let mut at = 0;
            for d in (0..MAX_DIMS).rev() {
                at += i % self.dims[d] * self.strides[operand][d];
                i /= self.dims[d];
            }
            at
        };
        let condition = inputs[0].i8();
        let second = inputs[1].len();
        let both = inputs[1].clone().joined(inputs[2]);
        let positions = (0..total).map(|i| {
            Some(if condition[at(0, i)] != 0 {
                at(1, i)
            } else {
                second + at(2, i)
            })
        });
        both.pick(positions, 0.0)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let dims = literals::usizes(&self.dims);
        let [c, a, b] = self.strides.map(|s| literals::usizes(&s));
        Emitted {
            parameters_type: quote!(Select),
            parameters: quote!(rt::Select { dims: [#dims], strides: [[#c], [#a], [#b]] }),
            function: KernelId::new("select"),
        }
    }
}
