//! What EQUAL, NOT_EQUAL, GREATER, GREATER_EQUAL, LESS and LESS_EQUAL share.

use std::marker::PhantomData;

use proc_macro2::TokenStream;
use quote::quote;

use crate::arithmetic::fixed_point::Multiplier;
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::LowerContext;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered, Source};
use crate::ops::elementwise::binary::{Binary, Integer};
use crate::ops::shared::broadcast;
use crate::ops::shared::broadcast::Broadcast;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// What sets one comparison apart from another.
pub(crate) trait Compare: Clone + Send + Sync + 'static {
    const NAME: &'static str;
    /// The runtime's function of integers.
    const FUNCTION: &'static str;
    /// The runtime's function of f32 operands.
    const FUNCTION_OF_REALS: &'static str;

    fn holds<T: PartialOrd>(a: T, b: T) -> bool;
}

/// Makes a [`Compare`] a [`Binary`].
#[derive(Clone)]
pub(crate) struct Comparing<C>(pub C);

impl<C: Compare> Binary for Comparing<C> {
    const NAME: &'static str = C::NAME;

    fn real(&self, a: f32, b: f32) -> f32 {
        f32::from(u8::from(C::holds(a, b)))
    }

    fn reads_reals(&self) -> bool {
        true
    }

    fn lower_reals(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let shape = |i: usize| Ok::<_, Error>(&context.input(i)?.value.shape);
        let kernel = RealComparison::<C> {
            broadcast: Broadcast::new(shape(0)?, shape(1)?)?,
            compare: PhantomData,
        };
        let sources = vec![Source::Operand(0), Source::Operand(1)];
        Ok(Lowered::new(kernel, sources))
    }

    fn integer(&self, context: &LowerContext<'_>) -> Result<(Box<dyn Integer>, [Source; 2])> {
        let element = |i: usize| Ok::<_, crate::error::Error>(context.input(i)?.value.element);
        if !element(0)?.is_real() {
            let sources = [Source::Operand(0), Source::Operand(1)];
            return Ok((Box::new(IntegerComparison::<C>(PhantomData)), sources));
        }
        let (a, source_a) = broadcast::operand(context, 0)?;
        let (b, source_b) = broadcast::operand(context, 1)?;
        // Both are compared in real steps; the reference asks for scales below 1.
        let larger = a.scale.max(b.scale);
        let unit = if larger < 1.0 {
            1.0
        } else {
            2.0 * f64::from(larger)
        };
        let multiplier = |scale: f32| Multiplier::new(f64::from(scale) / unit);
        let function = ScaledComparison::<C> {
            offsets: [-a.zero_point, -b.zero_point],
            multipliers: [multiplier(a.scale), multiplier(b.scale)],
            // Real numbers are compared as exactly as 32 bits allow.
            left_shift: if context.in_float { 20 } else { 8 },
            compare: PhantomData,
        };
        Ok((Box::new(function), [source_a, source_b]))
    }
}

/// A comparison of f32 operands.
struct RealComparison<C> {
    broadcast: Broadcast,
    compare: PhantomData<C>,
}

impl<C: Compare> Kernel for RealComparison<C> {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let (a, b) = (inputs[0].f32(), inputs[1].f32());
        let one = |(i, j): (usize, usize)| i8::from(C::holds(a[i], b[j]));
        Buffer::I8(self.broadcast.positions().into_iter().map(one).collect())
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let broadcast = self.broadcast.emit();
        Emitted {
            parameters_type: quote!(RealComparison),
            parameters: quote!(rt::RealComparison { broadcast: #broadcast }),
            function: KernelId::new(C::FUNCTION_OF_REALS),
        }
    }
}

struct IntegerComparison<C>(PhantomData<C>);

impl<C: Compare> Integer for IntegerComparison<C> {
    fn apply(&self, a: i32, b: i32) -> i32 {
        C::holds(a, b).into()
    }

    fn emit(&self, broadcast: TokenStream) -> Emitted {
        let none = quote!(rt::CompareOperand {
            offset: 0,
            multiplier: rt::Multiplier {
                multiplier: 1 << 30,
                shift: 1
            }
        });
        Emitted {
            parameters_type: quote!(Comparison),
            parameters: quote!(rt::Comparison {
                broadcast: #broadcast,
                left_shift: 0,
                input1: #none,
                input2: #none,
            }),
            function: KernelId::new(C::FUNCTION),
        }
    }
}

struct ScaledComparison<C> {
    offsets: [i32; 2],
    multipliers: [Multiplier; 2],
    left_shift: u32,
    compare: PhantomData<C>,
}

impl<C: Compare> Integer for ScaledComparison<C> {
    fn apply(&self, a: i32, b: i32) -> i32 {
        let scaled =
            |i: usize, q: i32| self.multipliers[i].apply((q + self.offsets[i]) << self.left_shift);
        C::holds(scaled(0, a), scaled(1, b)).into()
    }

    fn emit(&self, broadcast: TokenStream) -> Emitted {
        let left_shift = self.left_shift;
        let [input1, input2] = [0, 1].map(|i| {
            let offset = literals::int(self.offsets[i]);
            let multiplier = literals::multiplier(self.multipliers[i]);
            quote!(rt::CompareOperand { offset: #offset, multiplier: #multiplier })
        });
        Emitted {
            parameters_type: quote!(Comparison),
            parameters: quote!(rt::Comparison {
                broadcast: #broadcast,
                left_shift: #left_shift,
                input1: #input1,
                input2: #input2,
            }),
            function: KernelId::new(C::FUNCTION),
        }
    }
}
