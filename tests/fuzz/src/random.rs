//! A small generator, so that a seed gives the same inputs on every machine.

/// The generator SplitMix64 (G. Steele and others, 2014).
pub struct Random(u64);

impl Random {
    /// The generator of one input of a run.
    pub fn new(seed: u64, number: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number);
        random.bits();
        random
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 if there is none.
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() >> 16) as usize % n.max(1)
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of a list that is not empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// Integers at which something may change.
const INTEGERS: &[i64] = &[
    0,
    1,
    -1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    16,
    31,
    32,
    64,
    100,
    127,
    128,
    -128,
    255,
    256,
    1000,
    32767,
    -32768,
    65535,
    65536,
    1 << 24,
    1 << 30,
    i32::MAX as i64,
    i32::MIN as i64,
    u32::MAX as i64,
    1 << 40,
    i64::MAX,
    i64::MIN,
];

/// Floats at which something may change.
const FLOATS: &[f32] = &[
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    2.0,
    f32::NAN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::MIN_POSITIVE,
    1e-45,
    f32::MAX,
    f32::MIN,
    1e-10,
    1e10,
    1e-30,
    1e30,
    1.0 / 256.0,
    1.0 / 32768.0,
];

impl Random {
    /// Another integer than `old`, perhaps near it.
    pub fn integer(&mut self, old: i64) -> i64 {
        match self.below(10) {
            0 => old.wrapping_add(1),
            1 => old.wrapping_sub(1),
            2 => old.wrapping_mul(2),
            3 => old / 2,
            4 => old.wrapping_neg(),
            5 | 6 => self.below(10) as i64,
            _ => *self.pick(INTEGERS),
        }
    }

    /// Another float than `old`, perhaps near it.
    pub fn float(&mut self, old: f32) -> f32 {
        match self.below(6) {
            0 => old * 2.0,
            1 => old * 0.5,
            2 => -old,
            3 => f32::from_bits(self.bits() as u32),
            _ => *self.pick(FLOATS),
        }
    }

    /// Bytes with a few changes: other values, cuts, copies.
    pub fn damage(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            if bytes.is_empty() {
                return;
            }
            let at = self.below(bytes.len());
            match self.below(12) {
                0 => bytes[at] = 0,
                1 => bytes[at] = 255,
                2 => bytes[at] = bytes[at].wrapping_add(1),
                3 => bytes[at] ^= 1 << self.below(8),
                4 if self.one_in(3) => bytes.truncate(at),
                5 => {
                    let end = bytes.len().min(at + 1 + self.below(16));
                    let piece = bytes[at..end].to_vec();
                    let to = self.below(bytes.len());
                    bytes.splice(to..to, piece);
                }
                6 => {
                    let end = bytes.len().min(at + 1 + self.below(16));
                    bytes.drain(at..end);
                }
                7 | 8 if bytes.len() >= 4 => {
                    let at = at.min(bytes.len() - 4);
                    let word: [u8; 4] = std::array::from_fn(|i| bytes[at + i]);
                    let word = self.integer(i32::from_le_bytes(word).into()) as i32;
                    bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
                }
                _ => bytes[at] = self.bits() as u8,
            }
        }
    }
}
