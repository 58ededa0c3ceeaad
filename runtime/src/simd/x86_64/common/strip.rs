//! Strips of blocks, found from any block. Tests: `tests/tests/simd_levels/`.

use crate::simd::shared::gemm_tile::strip_width;

/// The strip that contains a block: its first block, and the number of its blocks.
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
