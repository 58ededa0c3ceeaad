//! DENSIFY: sparse constants, unpacked by the reader.

use crate::error::{Error, Result};
use crate::ir::context::ParseContext;
use crate::ops::movement::view::{View, Viewing};

/// The operator DENSIFY: sparse constants, unpacked by the reader.
pub(crate) struct Densify;

impl Densify {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Viewing<Self>> {
        match node.input(0)?.constant {
            Some(_) => Ok(Viewing::new(Self)),
            None => Err(Error::model("its input is not a constant")),
        }
    }
}

impl View for Densify {
    const NAME: &'static str = "DENSIFY";

    fn shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        Ok(input.to_vec())
    }
}
