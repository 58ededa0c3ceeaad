//! RANGE: evenly spaced numbers, known at compile time.

use crate::error::{Error, Result};
use crate::ir::context::ParseContext;
use crate::ir::graph::ElementType;
use crate::ops::constant::known_output::Known;

/// Elements that it may have.
const MAX_LEN: f64 = 16_777_216.0;

/// The operator RANGE: evenly spaced numbers, known at compile time.
pub(crate) struct Range;

impl Range {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Known> {
        let number = |i: usize| {
            let real = node.input(i)?.real();
            real.and_then(|v| v.first().copied()).ok_or_else(|| {
                Error::model(
                    "its start, limit or delta is computed at run time, and so is the number of \
                     its elements; only those that are known at compile time are supported",
                )
            })
        };
        let (start, limit, delta) = (number(0)?, number(1)?, number(2)?);
        let [from, to, step] = [start, limit, delta].map(f64::from);
        if !(to - from).is_finite() || step == 0.0 || (to - from) / step < 0.0 {
            return Err(Error::model(format!(
                "from {start} to {limit} by steps of {delta}: it never ends"
            )));
        }
        let len = match node.output {
            // As the reference counts, in single precision.
            ElementType::F32 => f64::from(((limit - start) / delta).abs().ceil()),
            _ => ((to - from) / step).ceil(),
        };
        if len > MAX_LEN || from.abs().max(to.abs()) > MAX_LEN && node.output == ElementType::I32 {
            return Err(Error::model(format!(
                "from {start} to {limit} by steps of {delta}: supported are integers and lengths \
                 up to {MAX_LEN}"
            )));
        }
        // The reference adds up.
        let steps = std::iter::successors(Some(start), |x| Some(x + delta));
        let data: Vec<f32> = steps.take(len as usize).collect();
        Ok(Known {
            name: "RANGE",
            shape: vec![data.len()],
            data,
        })
    }
}
