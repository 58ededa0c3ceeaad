//! Numbers that look random, the same ones in every build.

use crate::ir::buffer::Buffer;
use crate::ir::graph::ElementType;
use crate::ir::quant_graph::QuantTensor;

/// A small generator (SplitMix64): its numbers are no secret and need no other quality.
pub(super) struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Elements over the whole range of int8 and int16; truth values; a few integers, which
    /// may be indices; real numbers around 0.
    pub(super) fn elements(&mut self, tensor: &QuantTensor) -> Buffer {
        let numbers = (0..tensor.len).map(|_| self.next());
        let is_truth = tensor.element == ElementType::Bool
            || tensor.element == ElementType::I8 && tensor.params.is_none();
        match tensor.element.storage_type() {
            ElementType::I8 if is_truth => Buffer::I8(numbers.map(|n| (n & 1) as i8).collect()),
            ElementType::I8 => Buffer::I8(numbers.map(|n| n as i8).collect()),
            ElementType::I16 => Buffer::I16(numbers.map(|n| n as i16).collect()),
            ElementType::I32 => Buffer::I32(numbers.map(|n| (n & 1) as i32).collect()),
            _ => Buffer::F32(numbers.map(|n| (n as i16) as f32 / 8192.0).collect()),
        }
    }
}
