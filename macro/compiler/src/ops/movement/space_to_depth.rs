//! SPACE_TO_DEPTH: blocks of an NHWC image become channels.

use crate::error::{Error, Result};
use crate::ir::context::ParseContext;
use crate::ops::shared::strided::{Movement, Moving, Strided};

/// The operator SPACE_TO_DEPTH: blocks of an NHWC image become channels.
pub(crate) struct SpaceToDepth {
    block: usize,
}

impl SpaceToDepth {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Moving> {
        let options = node.operator.builtin_options_as_space_to_depth_options();
        let block = options.map_or(0, |o| o.block_size()).max(0) as usize;
        Ok(Moving::new(Self { block }))
    }
}

impl Movement for SpaceToDepth {
    fn name(&self) -> &'static str {
        "SPACE_TO_DEPTH"
    }

    fn shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let b = self.block;
        match *input {
            [n, h, w, c] if b > 0 && h % b == 0 && w % b == 0 => {
                Ok(vec![n, h / b, w / b, c * b * b])
            }
            _ => Err(Error::model(format!(
                "blocks of {b} do not divide {input:?}"
            ))),
        }
    }

    fn walk(&self, input: &[usize]) -> Result<Strided> {
        let out = self.shape(input)?;
        let b = self.block;
        let split = [input[0], out[1], b, out[2], b, input[3]];
        Ok(Strided::whole(&split).permuted(&[0, 1, 3, 2, 4, 5]))
    }
}
