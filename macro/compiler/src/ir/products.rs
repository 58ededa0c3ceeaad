//! What operators with constant weights multiply and add up.

use crate::error::Result;

/// The shape of an operator's sums: every output is a sum of `depth` products of inputs and
/// weights. All outputs at one position of the input take their inputs from one row; a row
/// consists of groups of `depth` inputs, and an output channel reads one group of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SumLayout {
    /// The rows of one run: the output's pixels.
    pub rows: usize,
    /// Groups in a row.
    pub groups: usize,
    /// Products in a sum.
    pub depth: usize,
    /// Output channels: as many for each group.
    pub channels: usize,
    /// The channels are the last dimension of the weights, else the first.
    pub channels_last: bool,
}

impl SumLayout {
    /// The group that a channel reads.
    pub(crate) fn group(&self, channel: usize) -> usize {
        channel * self.groups / self.channels.max(1)
    }

    /// The place among the weights of factor `i` of a channel's sums.
    pub(crate) fn weight(&self, channel: usize, i: usize) -> usize {
        if self.channels_last {
            i * self.channels + channel
        } else {
            channel * self.depth + i
        }
    }

    /// How many inputs a row has, over all groups.
    pub(crate) fn row(&self) -> usize {
        self.groups * self.depth
    }
}

/// An operator of an input, constant weights and a bias, operands 0, 1 and 2, whose outputs are
/// sums of products.
pub(crate) trait Products: Sync {
    /// The shape of the sums, for an input and weights of these shapes.
    fn layout(&self, input: &[usize], weights: &[usize]) -> Result<SumLayout>;

    /// Writes a row of inputs to `row`, which is zero before; `shapes` are those of input and
    /// weights.
    fn read(
        &self,
        shapes: [&[usize]; 2],
        input: &[f32],
        number: usize,
        row: &mut [f32],
    ) -> Result<()>;
}
