//! DEPTH_TO_SPACE: channels of an NHWC image become blocks.

use crate::error::{Error, Result};
use crate::ir::context::ParseContext;
use crate::ops::shared::strided::{Movement, Moving, Strided};

/// The operator DEPTH_TO_SPACE: channels of an NHWC image become blocks.
pub(crate) struct DepthToSpace {
    block: usize,
}

impl DepthToSpace {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Moving> {
        let options = node.operator.builtin_options_as_depth_to_space_options();
        let block = options.map_or(0, |o| o.block_size()).max(0) as usize;
        Ok(Moving::new(Self { block }))
    }
}

impl Movement for DepthToSpace {
    fn name(&self) -> &'static str {
        "DEPTH_TO_SPACE"
    }

    fn shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let b = self.block;
        match *input {
            [n, h, w, c] if b > 0 && c % (b * b) == 0 => Ok(vec![n, h * b, w * b, c / (b * b)]),
            _ => Err(Error::model(format!(
                "blocks of {b} do not divide {input:?}"
            ))),
        }
    }

    fn walk(&self, input: &[usize]) -> Result<Strided> {
        let out = self.shape(input)?;
        let b = self.block;
        let split = [input[0], input[1], input[2], b, b, out[3]];
        Ok(Strided::whole(&split).permuted(&[0, 1, 3, 2, 4, 5]))
    }
}
