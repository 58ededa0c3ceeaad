//! Strips of blocks, counted from any block.

use crate::simd::shared::gemm_tile::strip_width;

/// The strip that a block is in: its first block, and how many there are.
#[inline(always)]
pub(crate) fn strip_containing(block: usize, blocks: usize) -> (usize, usize) {
    let mut begin = block / 4 * 4;
    loop {
        let width = strip_width(blocks - begin);
        if block < begin + width {
            return (begin, width);
        }
        begin += width;
    }
}
