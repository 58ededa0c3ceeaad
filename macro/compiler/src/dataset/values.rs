//! Which numbers an input takes.

use crate::ir::graph::{ElementType, Port};

/// The values of an input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Values {
    Real,
    /// Signed integers, such as indices and counts.
    Integer,
    /// Integers without a sign, up to 32 bits.
    Unsigned,
    /// Booleans, as 0 or 1.
    Flag,
}

impl Values {
    /// The values that an input of this element type takes.
    pub(super) fn of(input: &Port) -> Self {
        match input.element {
            ElementType::I32 => Values::Integer,
            ElementType::U32 => Values::Unsigned,
            ElementType::Bool => Values::Flag,
            _ => Values::Real,
        }
    }

    /// The sentence goes on behind the number's place.
    pub(super) fn check(self, number: f64) -> Result<(), String> {
        match self {
            // What is not finite is reported by sample.
            Values::Real => Ok(()),
            Values::Integer | Values::Unsigned if number.fract() != 0.0 => {
                Err(format!("is {number}, but the input takes integers"))
            }
            Values::Integer if number as i32 as f64 != number => {
                Err(format!("is {number}, which is not a 32-bit integer"))
            }
            Values::Unsigned if number as u32 as f64 != number => Err(format!(
                "is {number}, which is not an unsigned 32-bit integer"
            )),
            Values::Flag if number != 0.0 && number != 1.0 => {
                Err(format!("is {number}, but the input takes true and false"))
            }
            _ => Ok(()),
        }
    }
}
