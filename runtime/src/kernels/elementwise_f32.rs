//! Elementwise operators of two int8 operands in f32 arithmetic, which LLVM vectorizes:
//! `a * first + (b * second + constant)` or `(a + offset) * (b + offset) * first +
//! constant`, each step rounded. The compiler has compared the outputs of all 65536
//! pairs with the reference's, by its models of these kernels (`niello-numeric`, `linear.rs`):
//! `Linear::sum`, `Linear::product`.

#[cfg(niello_vector)]
pub(super) use on_vectors::{Between, product, product_in_place, sum, sum_in_place};

#[cfg(niello_vector)]
mod on_vectors {
    use crate::macros::multiversion::multiversion;
    #[cfg(target_arch = "x86_64")]
    use crate::params::add::AddF32;
    use crate::params::broadcast::Broadcast;
    use crate::params::linear::Linear;
    #[cfg(target_arch = "x86_64")]
    use crate::simd::dispatch;

    /// Adding this rounds to an integer, the low bits of the result, if there are no
    /// more than 22 of them.
    const ROUND: f32 = 12_582_912.0;

    impl Linear {
        /// True if there are numbers.
        #[inline(always)]
        pub(crate) fn is_there(&self) -> bool {
            !self.constant.is_nan()
        }

        /// The numbers of fused steps, between any outputs.
        #[cfg(target_arch = "x86_64")]
        #[inline(always)]
        pub(crate) fn fused(&self) -> Option<AddF32> {
            let sum = AddF32 {
                first: self.first,
                second: self.second,
                constant: self.constant,
                min: i32::MIN,
                max: i32::MAX,
            };
            self.fused.then_some(sum)
        }

        /// For operands of one shape, if fused steps give the outputs.
        #[cfg(target_arch = "x86_64")]
        #[inline(always)]
        fn vector(&self, broadcast: &Broadcast, to: &Between) -> Option<AddF32> {
            let (min, max) = (to.0, to.1);
            let sum = AddF32 {
                min,
                max,
                ..self.fused()?
            };
            broadcast.is_flat().then_some(sum)
        }
    }

    /// Smallest and largest output, as int8 numbers.
    pub(crate) struct Between(pub(crate) i32, pub(crate) i32);

    impl Between {
        /// Computes one weighted sum: `a * first + (b * second + constant)`.
        #[inline(always)]
        fn sum(&self, p: &Linear, a: i8, b: i8) -> i8 {
            self.rounded(f32::from(a) * p.first + (f32::from(b) * p.second + p.constant))
        }

        #[inline(always)]
        fn rounded(&self, y: f32) -> i8 {
            let bits = (y + ROUND).to_bits() as i32;
            let zero = ROUND.to_bits() as i32;
            bits.max(zero + self.0).min(zero + self.1) as i8
        }
    }

    /// Computes `a * first + (b * second + constant)` of all elements.
    pub(crate) fn sum(
        p: &Linear,
        broadcast: &Broadcast,
        to: Between,
        a: &[i8],
        b: &[i8],
        output: &mut [i8],
    ) {
        #[cfg(target_arch = "x86_64")]
        if let Some(sum) = p.vector(broadcast, &to) {
            let done = dispatch::add_f32(sum, a, b, output);
            let rest = a.iter().zip(b).zip(output).skip(done);
            rest.for_each(|((&a, &b), output)| *output = to.sum(p, a, b));
            return;
        }
        any_sum(p, broadcast, to, a, b, output);
    }

    /// Computes the result in place of the first operand.
    pub(crate) fn sum_in_place(
        p: &Linear,
        broadcast: &Broadcast,
        to: Between,
        in_out: &mut [i8],
        b: &[i8],
    ) {
        #[cfg(target_arch = "x86_64")]
        if let Some(sum) = p.vector(broadcast, &to) {
            let done = dispatch::add_f32_in_place(sum, in_out, b);
            let rest = in_out.iter_mut().zip(b).skip(done);
            rest.for_each(|(a, &b)| *a = to.sum(p, *a, b));
            return;
        }
        any_sum_in_place(p, broadcast, to, in_out, b);
    }

    multiversion! {
    fn any_sum(p: &Linear, broadcast: &Broadcast, to: Between, a: &[i8], b: &[i8], output: &mut [i8]) {
        broadcast.apply(a, b, output, |a, b| to.sum(p, a, b));
    }

    fn any_sum_in_place(p: &Linear, broadcast: &Broadcast, to: Between, in_out: &mut [i8], b: &[i8]) {
        broadcast.apply_in_place(in_out, b, |a, b| to.sum(p, a, b));
    }

    /// The product of operands and their offsets.
    pub(crate) fn product(p: &Linear, broadcast: &Broadcast, offsets: [i32; 2], to: Between, a: &[i8], b: &[i8], output: &mut [i8]) {
        let [first, second] = offsets.map(|offset| offset as f32);
        broadcast.apply(a, b, output, |a, b| {
            to.rounded((f32::from(a) + first) * (f32::from(b) + second) * p.first + p.constant)
        });
    }

    /// Computes the result in place of the first operand.
    pub(crate) fn product_in_place(p: &Linear, broadcast: &Broadcast, offsets: [i32; 2], to: Between, in_out: &mut [i8], b: &[i8]) {
        let [first, second] = offsets.map(|offset| offset as f32);
        broadcast.apply_in_place(in_out, b, |a, b| {
            to.rounded((f32::from(a) + first) * (f32::from(b) + second) * p.first + p.constant)
        });
    }
    }
}
