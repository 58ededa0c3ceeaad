//! What kernels know of single channels, so that the compiler can take out those that
//! do nothing (`quantize/prune.rs`).

/// The least and the greatest int8 value that a channel can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IntRange {
    pub min: i32,
    pub max: i32,
}

impl IntRange {
    /// The range of any int8 value.
    pub(crate) const FULL: Self = Self {
        min: -128,
        max: 127,
    };

    pub(crate) fn constant(self) -> Option<i32> {
        (self.min == self.max).then_some(self.min)
    }

    /// What a window sees of it: the zero point, too, where taps lie outside of the image.
    pub(crate) fn seen(self, zero_point: i32, is_padded: bool) -> Self {
        if !is_padded {
            return self;
        }
        Self {
            min: self.min.min(zero_point),
            max: self.max.max(zero_point),
        }
    }
}

/// What becomes of the channels of a tensor, its last dimension.
#[derive(Clone)]
pub(crate) struct Channels {
    pub ranges: Vec<IntRange>,
    /// The numbers of the channels that are kept, in their new order.
    pub order: Vec<usize>,
}

impl Channels {
    /// How many channels there were.
    pub(crate) fn all(&self) -> usize {
        self.ranges.len()
    }

    /// True if not all are kept where they are.
    pub(crate) fn differ(&self) -> bool {
        !self.order.iter().copied().eq(0..self.all())
    }

    /// How many are kept of so many elements.
    pub(crate) fn of(&self, elements: usize) -> usize {
        if self.differ() {
            elements / self.all() * self.order.len()
        } else {
            elements
        }
    }

    /// The elements of kept channels.
    pub(crate) fn keep<T: Copy>(&self, elements: &[T]) -> Vec<T> {
        if !self.differ() {
            return elements.to_vec();
        }
        let pixels = elements.chunks_exact(self.all());
        pixels
            .flat_map(|pixel| self.order.iter().map(|&c| pixel[c]))
            .collect()
    }
}
