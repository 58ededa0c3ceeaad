//! RFFT2D, COMPLEX_ABS, REAL and IMAG, always in f32. A complex number is two real ones, the last
//! dimension.

use ndarray::ArrayD;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::graph::array;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{Arithmetic, OperatorTraits};
use crate::ops::shared::operands::owned;
use crate::ops::shared::strided::{Strided, StridedKernel};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The longest transform.
const MAX_LENGTH: usize = 1 << 16;

/// The operator RFFT2D, COMPLEX_ABS, REAL and IMAG, always in f32.
pub(crate) struct Rfft2d {
    /// Rows and columns of the transform, powers of two.
    lengths: [usize; 2],
}

impl Rfft2d {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let length = |n: &i32| {
            let n = usize::try_from(*n).unwrap_or(0);
            (n.is_power_of_two() && n <= MAX_LENGTH).then_some(n)
        };
        let stated = node.integers(1, "fft_length")?;
        let lengths: Option<Vec<usize>> = stated.iter().map(length).collect();
        match lengths.as_deref() {
            Some(&[rows, columns]) => Ok(Self {
                lengths: [rows, columns],
            }),
            _ => Err(Error::model(format!(
                "its lengths are {stated:?}; supported are two powers of two up to {MAX_LENGTH}"
            ))),
        }
    }

    fn kernel(&self, input: &[usize]) -> Result<RfftKernel> {
        let &[ref outer @ .., height, width] = input else {
            return Err(Error::model(format!(
                "{input:?} has less than 2 dimensions"
            )));
        };
        Ok(RfftKernel {
            slices: outer.iter().product(),
            input: [height, width],
            lengths: self.lengths,
        })
    }
}

impl Operator for Rfft2d {
    fn name(&self) -> &'static str {
        "RFFT2D"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            operands: Some(1),
            arithmetic: Arithmetic::FloatOnly,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = inputs.first().copied().unwrap_or(&[]);
        self.kernel(input)?;
        let [rows, columns] = self.lengths;
        Ok([&input[..input.len() - 2], &[rows, columns / 2 + 1, 2]].concat())
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let input = owned(inputs, 0)?;
        let kernel = self.kernel(input.shape())?;
        let data = Buffer::F32(input.iter().copied().collect());
        array(shape, kernel.simulate(&[&data]).f32().to_vec())
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower_float(context)
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let kernel = self.kernel(&context.input(0)?.value.shape)?;
        Ok(Lowered::unary(kernel))
    }
}

struct RfftKernel {
    slices: usize,
    input: [usize; 2],
    lengths: [usize; 2],
}

type Complex = [f64; 2];

/// The transform of a power of two of numbers, from its definition by halves.
fn transform(x: &[Complex]) -> Vec<Complex> {
    if x.len() <= 1 {
        return x.to_vec();
    }
    let part = |from: usize| x.iter().skip(from).step_by(2).copied().collect::<Vec<_>>();
    let (even, odd) = (transform(&part(0)), transform(&part(1)));
    let half = even.len();
    let one = |k: usize| {
        let angle = -2.0 * std::f64::consts::PI * k as f64 / x.len() as f64;
        let ([a, b], [c, d]) = (even[k % half], odd[k % half]);
        let (sin, cos) = angle.sin_cos();
        [a + c * cos - d * sin, b + c * sin + d * cos]
    };
    (0..x.len()).map(one).collect()
}

impl Kernel for RfftKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let ([height, width], [rows, columns]) = (self.input, self.lengths);
        let kept = columns / 2 + 1;
        let mut output = Vec::new();
        for slice in 0..self.slices {
            let at = |y: usize, x: usize| {
                let inside = y < height && x < width;
                let at = (slice * height + y) * width + x;
                let real = if inside { inputs[0].f32()[at] } else { 0.0 };
                [f64::from(real), 0.0]
            };
            let mut spectrum = vec![[0.0; 2]; rows * kept];
            for y in 0..rows {
                let row: Vec<Complex> = (0..columns).map(|x| at(y, x)).collect();
                spectrum[y * kept..][..kept].copy_from_slice(&transform(&row)[..kept]);
            }
            for x in 0..kept {
                let column: Vec<Complex> = (0..rows).map(|y| spectrum[y * kept + x]).collect();
                for (y, value) in transform(&column).into_iter().enumerate() {
                    spectrum[y * kept + x] = value;
                }
            }
            output.extend(spectrum.into_iter().flatten().map(|x| x as f32));
        }
        Buffer::F32(output)
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let ([height, width], [rows, columns]) = (self.input, self.lengths);
        let longest = rows.max(columns);
        // exp(-2 pi i k / longest) of half a turn.
        let turns: Vec<f32> = (0..longest / 2)
            .flat_map(|k| {
                let angle = -2.0 * std::f64::consts::PI * k as f64 / longest as f64;
                [angle.cos() as f32, angle.sin() as f32]
            })
            .collect();
        let turns = constants.floats("TURNS", &turns);
        let sizes = literals::fields(&[
            ("height", height),
            ("width", width),
            ("rows", rows),
            ("columns", columns),
        ]);
        Emitted {
            parameters_type: quote!(Rfft2d<'static>),
            parameters: quote!(rt::Rfft2d { #sizes turns: #turns }),
            function: KernelId::new("rfft_2d"),
        }
    }
}

pub(crate) struct ComplexAbs;

impl ComplexAbs {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Operator for ComplexAbs {
    fn name(&self) -> &'static str {
        "COMPLEX_ABS"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            arithmetic: Arithmetic::FloatOnly,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            [[shape @ .., 2]] => Ok(shape.to_vec()),
            _ => Err(Error::model("its input is not complex")),
        }
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let input = owned(inputs, 0)?;
        let data = Buffer::F32(input.iter().copied().collect());
        array(shape, MagnitudeKernel.simulate(&[&data]).f32().to_vec())
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower_float(context)
    }

    fn lower_float(&self, _: &LowerContext<'_>) -> Result<Lowered> {
        Ok(Lowered::unary(MagnitudeKernel))
    }
}

/// REAL or IMAG: one part of complex numbers.
pub(crate) struct Part {
    is_imaginary: bool,
}

pub(crate) struct Real;

impl Real {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Part> {
        Ok(Part {
            is_imaginary: false,
        })
    }
}

pub(crate) struct Imag;

impl Imag {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Part> {
        Ok(Part { is_imaginary: true })
    }
}

impl Operator for Part {
    fn name(&self) -> &'static str {
        if self.is_imaginary { "IMAG" } else { "REAL" }
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            arithmetic: Arithmetic::FloatOnly,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        ComplexAbs.output_shape(inputs)
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let input = owned(inputs, 0)?;
        let parts = input.iter().skip(self.is_imaginary.into()).step_by(2);
        array(shape, parts.copied().collect())
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower_float(context)
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let walk = Strided {
            shape: vec![context.output.len()],
            strides: vec![2],
            offset: self.is_imaginary.into(),
        };
        Ok(Lowered::unary(StridedKernel::new(&walk)?))
    }
}

struct MagnitudeKernel;

impl Kernel for MagnitudeKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let pairs = inputs[0].f32().chunks_exact(2);
        let magnitude = |pair: &[f32]| f64::from(pair[0]).hypot(pair[1].into()) as f32;
        Buffer::F32(pairs.map(magnitude).collect())
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        Emitted {
            parameters_type: quote!(Magnitudes),
            parameters: quote!(rt::Magnitudes),
            function: KernelId::new("complex_abs"),
        }
    }
}
