//! FLOOR_MOD: what a division rounded down leaves; it has the divisor's sign.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ir::kernel::KernelId;
use crate::ops::elementwise::binary_f32::{Integers, OfReals, Real};
use crate::ops::elementwise::int32;

/// The operator FLOOR_MOD: what a division rounded down leaves; it has the divisor's sign.
#[derive(Clone)]
pub(crate) struct FloorMod;

impl FloorMod {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<OfReals<Self>> {
        Ok(OfReals(Self))
    }
}

impl Real for FloorMod {
    const NAME: &'static str = "FLOOR_MOD";
    const FLOAT: KernelId = KernelId::new("float_floor_mod");
    const RUNTIME: &'static str = "floor_mod";

    fn real(&self, a: f32, b: f32) -> f32 {
        let rest = a % b;
        if rest != 0.0 && (rest < 0.0) != (b < 0.0) {
            rest + b
        } else {
            rest
        }
    }

    fn integers(&self) -> Option<Integers> {
        Some(("floor_mod_i32", int32::floor_mod))
    }
}
