//! SQUEEZE: drops dimensions of 1.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ops::movement::view::{View, Viewing};

/// The operator SQUEEZE: drops dimensions of 1.
pub(crate) struct Squeeze {
    /// Empty: all dimensions of 1.
    dimensions: Vec<i32>,
}

impl Squeeze {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Viewing<Self>> {
        let options = node.operator.builtin_options_as_squeeze_options();
        Ok(Viewing::new(Self {
            dimensions: options
                .and_then(|o| o.squeeze_dims())
                .map(|d| d.iter().collect())
                .unwrap_or_default(),
        }))
    }
}

impl View for Squeeze {
    const NAME: &'static str = "SQUEEZE";

    fn shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let rank = input.len() as i32;
        let dropped = |i: usize| {
            self.dimensions.is_empty()
                || self
                    .dimensions
                    .iter()
                    .any(|&d| if d < 0 { d + rank } else { d } == i as i32)
        };
        Ok(input
            .iter()
            .enumerate()
            .filter(|&(i, &size)| !(size == 1 && dropped(i)))
            .map(|(_, &size)| size)
            .collect())
    }
}
