//! What an operator with weights walks: inputs and weights of any types, added up in any type.

/// An operator whose outputs are sums of products with constant weights.
pub(crate) trait Weighted {
    /// All sums, biases included, channels last.
    fn sums<X: Copy, W: Copy, A: Accumulate<X, W>>(&self, terms: &Factors<'_, X, W, A>) -> Vec<A>;
}

/// The numbers that are multiplied and added up.
pub(crate) struct Factors<'a, X, W, A> {
    pub input: &'a [X],
    pub offset: i32,
    pub filter: &'a [W],
    pub bias: &'a [A],
}

impl<X: Copy, W: Copy, A: Accumulate<X, W>> Factors<'_, X, W, A> {
    /// The biases of `pixels` outputs: where every sum begins.
    pub(crate) fn begin(&self, pixels: usize) -> Vec<A> {
        let all = pixels * self.bias.len();
        self.bias.iter().copied().cycle().take(all).collect()
    }

    /// `acc` and the products of input and weights from these positions on.
    pub(crate) fn dot(&self, acc: A, input: usize, filter: usize, depth: usize) -> A {
        let x = &self.input[input..][..depth];
        let w = &self.filter[filter..][..depth];
        let pairs = x.iter().zip(w);
        pairs.fold(acc, |acc, (&x, &w)| acc.add_product(x, w, self.offset))
    }
}

/// What inputs (`X`) and weights (`W`) are added up in.
pub(crate) trait Accumulate<X, W>: Copy {
    /// `self + (x + offset) * w`.
    fn add_product(self, x: X, w: W, offset: i32) -> Self;
}

impl Accumulate<i8, i8> for i32 {
    fn add_product(self, x: i8, w: i8, offset: i32) -> Self {
        self.wrapping_add((i32::from(x) + offset) * i32::from(w))
    }
}

impl Accumulate<i8, i16> for i32 {
    fn add_product(self, x: i8, w: i16, offset: i32) -> Self {
        self.wrapping_add((i32::from(x) + offset) * i32::from(w))
    }
}

impl Accumulate<i16, i8> for i32 {
    fn add_product(self, x: i16, w: i8, offset: i32) -> Self {
        self.wrapping_add((i32::from(x) + offset) * i32::from(w))
    }
}

impl Accumulate<i16, i8> for i64 {
    fn add_product(self, x: i16, w: i8, offset: i32) -> Self {
        self.wrapping_add(((i32::from(x) + offset) * i32::from(w)).into())
    }
}

impl Accumulate<f32, f32> for f32 {
    fn add_product(self, x: f32, w: f32, _: i32) -> Self {
        self + x * w
    }
}

/// Integer sums as real numbers.
pub(crate) trait Real {
    fn real(self) -> f32;
}

impl Real for i32 {
    fn real(self) -> f32 {
        self as f32
    }
}

impl Real for i64 {
    fn real(self) -> f32 {
        self as f32
    }
}
