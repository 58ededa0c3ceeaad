//! The generator.

use niello::__private as rt;

/// Numerical Recipes' generator; the upper bits are the good ones.
pub struct Random(pub u32);

impl Random {
    pub(super) fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 8
    }

    pub fn between(&mut self, low: i32, high: i32) -> i32 {
        low + (self.next() % (high - low + 1) as u32) as i32
    }

    pub fn size(&mut self, low: usize, high: usize) -> usize {
        self.between(low as i32, high as i32) as usize
    }

    pub fn multiplier(&mut self, low: i32, high: i32) -> rt::Multiplier {
        rt::Multiplier {
            multiplier: 0x4000_0000 + (self.between(0, 0xFF_FFFF) << 6),
            shift: self.between(low, high),
        }
    }

    /// One in eight at an end.
    pub fn byte(&mut self) -> i8 {
        match self.next() % 16 {
            0 => -128,
            1 => 127,
            _ => self.between(-128, 127) as i8,
        }
    }

    /// So many random bytes, one in eight of them at an end.
    pub fn bytes(&mut self, count: usize) -> Vec<i8> {
        (0..count).map(|_| self.byte()).collect()
    }

    pub fn weights(&mut self, count: usize) -> Vec<u8> {
        self.bytes(count).into_iter().map(|w| w as u8).collect()
    }

    pub fn blocks(&mut self, count: usize, low: i32, high: i32) -> Vec<[i32; 16]> {
        let mut block = || std::array::from_fn(|_| self.between(low, high));
        (0..count).map(|_| block()).collect()
    }

    /// Q31 significands and powers of two around a shift.
    pub fn multipliers(&mut self, count: usize, shift: i32) -> (Vec<[i32; 16]>, Vec<[i32; 16]>) {
        let mut significands = self.blocks(count, 0, 0xFF_FFFF);
        for m in significands.iter_mut().flatten() {
            *m = 0x4000_0000 + (*m << 6) + self.between(0, 63);
            // One in four halfway between two f32 numbers.
            if self.next().is_multiple_of(4) {
                *m = *m & !0x7F | 0x40;
            }
        }
        let mut shifts = self.blocks(count, shift - 3, shift);
        // Often one channel that f32 has no numbers for, among others that it has.
        if self.next().is_multiple_of(3) {
            let one = self.size(0, 16 * count - 1);
            shifts[one / 16][one % 16] = 0;
        }
        (significands, shifts)
    }

    /// The bounds of outputs with this zero point, which is often the smallest one.
    pub fn bounds(&mut self, offset: i32) -> (i32, i32) {
        match self.next() % 3 {
            0 => (-128, 127),
            1 => (offset, self.between(offset, 127)),
            _ => (self.between(-128, 0), self.between(1, 127)),
        }
    }
}
