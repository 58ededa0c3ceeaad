//! MIRROR_PAD: the border's reflection, with the border or without.

use crate::error::{Error, Result};
use crate::ir::context::ParseContext;
use crate::limits;
use crate::ops::shared::index_map::{Choice, Choosing, Chosen};
use crate::tflite::MirrorPadMode;

/// The operator MIRROR_PAD: the border's reflection, with the border or without.
pub(crate) struct MirrorPad {
    /// Before and after, by dimension.
    paddings: Vec<[usize; 2]>,
    /// 1 if the border itself is not repeated (REFLECT).
    skip: usize,
}

impl MirrorPad {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Chosen<Self>> {
        let options = node.operator.builtin_options_as_mirror_pad_options();
        let mode = options.map_or(MirrorPadMode::REFLECT, |o| o.mode());
        Ok(Chosen(Self {
            paddings: crate::ops::movement::pad::paddings(node)?,
            skip: usize::from(mode == MirrorPadMode::REFLECT),
        }))
    }
}

impl Choosing for MirrorPad {
    const NAME: &'static str = "MIRROR_PAD";

    fn choice(&self, input: &[usize]) -> Result<Choice> {
        let dims = self.paddings.iter().zip(input).map(|(&[before, after], &n)| {
            if before == 0 && after == 0 {
                return Ok(None);
            }
            if before.max(after) + self.skip > n {
                return Err(Error::model(format!(
                    "{before} and {after} elements of padding mirror more than the {n} there are"
                )));
            }
            limits::table(limits::sum([before, n, after]))?;
            let before = (0..before).rev().map(|i| i + self.skip);
            let after = (0..after).map(|i| n - 1 - self.skip - i);
            Ok(Some(before.chain(0..n).chain(after).collect()))
        });
        Ok(Choice {
            dims: dims.collect::<Result<_>>()?,
        })
    }
}
