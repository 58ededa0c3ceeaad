//! POW by a constant (or of one): a function of one value.

use super::ParseContext;
use super::binary::{Binary, Elementwise, Integer};
use super::table::TableKernel;
use super::{LowerContext, Lowered, Operator, Source};
use crate::error::{Error, Result};

#[derive(Clone)]
pub(crate) struct Pow;

impl Pow {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Tabled<Self>> {
        Ok(Tabled(Elementwise(Self)))
    }
}

impl Binary for Pow {
    const NAME: &'static str = "POW";

    fn real(&self, a: f32, b: f32) -> f32 {
        a.powf(b)
    }

    fn integer(&self, _: &LowerContext<'_>) -> Result<(Box<dyn Integer>, [Source; 2])> {
        Err(Error::model(
            "one of its operands must be one constant number",
        ))
    }
}

/// A binary operator that prefers a table where one operand is one number.
pub(crate) struct Tabled<B>(pub Elementwise<B>);

impl<B: Binary> Operator for Tabled<B> {
    fn name(&self) -> &'static str {
        B::NAME
    }

    fn operands(&self) -> usize {
        2
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        self.0.output_shape(inputs)
    }

    fn evaluate(
        &self,
        inputs: &[Option<ndarray::ArrayViewD<'_, f32>>],
        shape: &[usize],
    ) -> ndarray::ArrayD<f32> {
        self.0.evaluate(inputs, shape)
    }

    fn function(&self, constants: &[Option<f32>]) -> Option<super::function::Function> {
        self.0.function(constants)
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        match numbers(context)?[..] {
            [None, Some(exponent)] => {
                super::float::unary(B::NAME, 0, exponent, move |x| x.powf(exponent))
            }
            _ => super::float::lower(B::NAME),
        }
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let constants = numbers(context)?;
        let variable = usize::from(constants[0].is_some());
        match self.0.function(&constants) {
            Some(f) => {
                let (input, output) = (context.params(variable)?, context.output_params()?);
                let table = TableKernel::island(input, output, |x| f(x));
                Ok(Lowered::new(table, vec![Source::Operand(variable)]))
            }
            None => self.0.lower(context),
        }
    }
}

/// The operands that are one constant number.
fn numbers(context: &LowerContext<'_>) -> Result<Vec<Option<f32>>> {
    (0..2)
        .map(|i| {
            let value = context.input(i)?.value;
            let single = value.real().filter(|c| c.len() == 1);
            Ok(single.and_then(|c| c.first().copied()))
        })
        .collect()
}
