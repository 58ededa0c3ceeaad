//! Transforms as KISS FFT does them, in fixed point or float: of `n` real numbers by a
//! complex transform of `n / 2`, in stages of four parts, the innermost of two where the
//! length asks for that.

/// Parameters of [`signal_fft_auto_scale`]: there are none.
#[derive(Clone, Copy, Debug)]
pub struct FftAutoScale;

/// Shifts left as far as the largest magnitude allows, and says how far.
pub fn signal_fft_auto_scale(
    _: &FftAutoScale,
    input: &[i16],
    output: &mut [i16],
    scale_bits: &mut [i32],
) {
    // int16, too: that of -32768 is itself.
    let mut largest = 0_i16;
    for &x in input {
        if x > largest || -i32::from(x) > i32::from(largest) {
            largest = x.wrapping_abs();
        }
    }
    let unused = 15 - crate::kernels::signal::bits(i32::from(largest) as u32) as i32;
    let shift = unused.max(0);
    for (out, &x) in output.iter_mut().zip(input) {
        *out = x << shift;
    }
    scale_bits.fill(shift);
}

/// Parameters of [`signal_rfft`] and [`signal_irfft`].
#[derive(Clone, Copy, Debug)]
pub struct Fft<'a, T> {
    /// Real numbers of a transform, a power of two.
    pub length: usize,
    /// Elements of an input row.
    pub width: usize,
    /// Cosines and sines of fractions of a turn.
    pub turns: &'a [T],
    /// Rotations that join the spectra of even and odd elements.
    pub super_turns: &'a [T],
}

/// A number type that transforms compute with.
pub trait Sample: Copy + Default {
    /// A sum; of integers its low bits.
    fn plus(self, other: Self) -> Self;
    /// The difference of two numbers.
    fn minus(self, other: Self) -> Self;
    /// The product of complex numbers.
    fn times(a: Complex<Self>, b: Complex<Self>) -> Complex<Self>;
    /// Half of it in fixed point, so that sums of two do not overflow; float as it is.
    fn halved(self) -> Self;
    /// A quarter of it in fixed point; float as it is.
    fn quartered(self) -> Self;
    /// Half of the sum of two numbers.
    fn half_sum(self, other: Self) -> Self;
    /// Half of the difference of two numbers.
    fn half_difference(self, other: Self) -> Self;
    /// A float divided by the length of an inverse transform.
    fn by_length(self, length: usize) -> Self;
}

type Complex<T> = (T, T);

macro_rules! fixed_point {
    ($ty:ident, $product:ident, $wide:ident, $bits:literal) => {
        impl Sample for $ty {
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }

            #[inline(always)]
            fn times(a: Complex<Self>, b: Complex<Self>) -> Complex<Self> {
                let product = |a: $ty, b: $ty| $product::from(a) * $product::from(b);
                let rounded = |x: $product| (x.wrapping_add(1 << ($bits - 1)) >> $bits) as $ty;
                (
                    rounded(product(a.0, b.0).wrapping_sub(product(a.1, b.1))),
                    rounded(product(a.0, b.1).wrapping_add(product(a.1, b.0))),
                )
            }

            #[inline(always)]
            fn halved(self) -> Self {
                let product = $product::from(self) * $product::from($ty::MAX / 2);
                ((product + (1 << ($bits - 1))) >> $bits) as $ty
            }

            #[inline(always)]
            fn quartered(self) -> Self {
                let product = $product::from(self) * $product::from($ty::MAX / 4);
                ((product + (1 << ($bits - 1))) >> $bits) as $ty
            }

            #[inline(always)]
            fn half_sum(self, other: Self) -> Self {
                ($wide::from(self).wrapping_add($wide::from(other)) >> 1) as $ty
            }

            #[inline(always)]
            fn half_difference(self, other: Self) -> Self {
                ($wide::from(self).wrapping_sub($wide::from(other)) >> 1) as $ty
            }

            #[inline(always)]
            fn by_length(self, _: usize) -> Self {
                self
            }
        }
    };
}

fixed_point!(i16, i32, i32, 15);
fixed_point!(i32, i64, i32, 31);

impl Sample for f32 {
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self + other
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        self - other
    }

    #[inline(always)]
    fn times(a: Complex<Self>, b: Complex<Self>) -> Complex<Self> {
        (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
    }

    #[inline(always)]
    fn halved(self) -> Self {
        self
    }

    #[inline(always)]
    fn quartered(self) -> Self {
        self
    }

    #[inline(always)]
    fn half_sum(self, other: Self) -> Self {
        (self + other) * 0.5
    }

    #[inline(always)]
    fn half_difference(self, other: Self) -> Self {
        (self - other) * 0.5
    }

    #[inline(always)]
    fn by_length(self, length: usize) -> Self {
        self / length as f32
    }
}

#[inline(always)]
fn get<T: Sample>(data: &[T], k: usize) -> Complex<T> {
    match data.get(2 * k..2 * k + 2) {
        Some(&[re, im]) => (re, im),
        _ => (T::default(), T::default()),
    }
}

#[inline(always)]
fn set<T: Sample>(data: &mut [T], k: usize, value: Complex<T>) {
    if let Some([re, im]) = data.get_mut(2 * k..2 * k + 2) {
        (*re, *im) = value;
    }
}

#[inline(always)]
fn plus<T: Sample>(a: Complex<T>, b: Complex<T>) -> Complex<T> {
    (a.0.plus(b.0), a.1.plus(b.1))
}

#[inline(always)]
fn minus<T: Sample>(a: Complex<T>, b: Complex<T>) -> Complex<T> {
    (a.0.minus(b.0), a.1.minus(b.1))
}

#[inline(always)]
fn halved<T: Sample>((re, im): Complex<T>) -> Complex<T> {
    (re.halved(), im.halved())
}

#[inline(always)]
fn quartered<T: Sample>((re, im): Complex<T>) -> Complex<T> {
    (re.quartered(), im.quartered())
}

#[inline(always)]
fn conjugate<T: Sample>((re, im): Complex<T>) -> Complex<T> {
    (re, T::default().minus(im))
}

/// Where element `k` of `n` begins: its digits, of base 4 and one of base 2 at last,
/// reversed.
#[inline(always)]
fn place(mut k: usize, n: usize) -> usize {
    let (mut place, mut size) = (0, n);
    while size > 1 {
        let base = if size.is_multiple_of(4) { 4 } else { 2 };
        size /= base;
        place += k % base * size;
        k /= base;
    }
    place
}

/// The butterflies of `n` complex numbers that are in place.
fn stages<T: Sample>(data: &mut [T], n: usize, turns: &[T], inverse: bool) {
    // The innermost stage has two parts where n is not a power of four.
    let mut m = 1;
    if !n.trailing_zeros().is_multiple_of(2) {
        for first in (0..n).step_by(2) {
            let (a, b) = (halved(get(data, first)), halved(get(data, first + 1)));
            let b = T::times(b, get(turns, 0));
            set(data, first, plus(a, b));
            set(data, first + 1, minus(a, b));
        }
        m = 2;
    }
    while m < n {
        let step = n / (4 * m);
        for begin in (0..n).step_by(4 * m) {
            for u in 0..m {
                let at = |k: usize| begin + u + k * m;
                let turned = |data: &[T], k: usize| {
                    T::times(quartered(get(data, at(k))), get(turns, k * u * step))
                };
                let first = quartered(get(data, at(0)));
                let [x, y, z] = [1, 2, 3].map(|k| turned(data, k));
                let (a, b) = (plus(first, y), minus(first, y));
                let (c, d) = (plus(x, z), minus(x, z));
                set(data, at(0), plus(a, c));
                set(data, at(2), minus(a, c));
                // A quarter of a turn.
                let left = (b.0.minus(d.1), b.1.plus(d.0));
                let right = (b.0.plus(d.1), b.1.minus(d.0));
                set(data, at(1), if inverse { left } else { right });
                set(data, at(3), if inverse { right } else { left });
            }
        }
        m *= 4;
    }
}

/// Spectra of rows of real numbers, which are filled up with zeros: one complex number
/// more than half of the length each.
pub fn signal_rfft<T: Sample>(p: &Fft<'_, T>, input: &[T], output: &mut [T], scratch: &mut [T]) {
    let half = p.length / 2;
    let rows = input.chunks_exact(p.width.max(1));
    for (row, out) in rows.zip(output.chunks_exact_mut(p.length + 2)) {
        for k in 0..half {
            let at = |i: usize| row.get(i).copied().unwrap_or_default();
            set(scratch, place(k, half), (at(2 * k), at(2 * k + 1)));
        }
        stages(scratch, half, p.turns, false);
        let (re, im) = halved(get(scratch, 0));
        set(out, 0, (re.plus(im), T::default()));
        set(out, half, (re.minus(im), T::default()));
        for k in 1..half / 2 + 1 {
            let a = halved(get(scratch, k));
            let b = halved(conjugate(get(scratch, half - k)));
            let (even, odd) = (plus(a, b), minus(a, b));
            let odd = T::times(odd, get(p.super_turns, k - 1));
            set(out, k, (even.0.half_sum(odd.0), even.1.half_sum(odd.1)));
            let mirrored = (even.0.half_difference(odd.0), odd.1.half_difference(even.1));
            set(out, half - k, mirrored);
        }
    }
}

/// Rows of real numbers from their spectra.
pub fn signal_irfft<T: Sample>(p: &Fft<'_, T>, input: &[T], output: &mut [T]) {
    let half = p.length / 2;
    let rows = input.chunks_exact(p.width.max(1));
    for (row, out) in rows.zip(output.chunks_exact_mut(p.length.max(1))) {
        let (first, last) = (get(row, 0).0, get(row, half).0);
        set(out, 0, halved((first.plus(last), first.minus(last))));
        for k in 1..half / 2 + 1 {
            let a = halved(get(row, k));
            let b = halved(conjugate(get(row, half - k)));
            let (even, odd) = (plus(a, b), minus(a, b));
            let odd = T::times(odd, get(p.super_turns, k - 1));
            set(out, place(k, half), plus(even, odd));
            set(out, place(half - k, half), conjugate(minus(even, odd)));
        }
        stages(out, half, p.turns, true);
        for x in out.iter_mut() {
            *x = x.by_length(p.length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_reverse_digits() {
        let places: [usize; 8] = core::array::from_fn(|k| place(k, 8));
        assert_eq!(places, [0, 2, 4, 6, 1, 3, 5, 7]);
    }

    #[test]
    fn spectra_and_back() {
        let turns: [f32; 2] = [1.0, 0.0];
        let p = Fft {
            length: 4,
            width: 4,
            turns: &turns,
            super_turns: &[-1.0, 0.0],
        };
        let (mut spectrum, mut scratch) = ([9.0; 6], [0.0; 4]);
        signal_rfft(&p, &[1.0, 2.0, 3.0, 5.0], &mut spectrum, &mut scratch);
        assert_eq!(spectrum, [11.0, 0.0, -2.0, 3.0, -3.0, 0.0]);
        let p = Fft { width: 6, ..p };
        let mut signal = [9.0; 4];
        signal_irfft(&p, &spectrum, &mut signal);
        assert_eq!(signal, [1.0, 2.0, 3.0, 5.0]);
    }

    #[test]
    fn the_largest_magnitude_sets_the_scale() {
        let (mut output, mut bits) = ([9; 3], [9]);
        signal_fft_auto_scale(&FftAutoScale, &[3, -500, 1], &mut output, &mut bits);
        assert_eq!((output, bits), ([192, -32000, 64], [6]));
        signal_fft_auto_scale(&FftAutoScale, &[0; 3], &mut output, &mut bits);
        assert_eq!((output, bits), ([0; 3], [0]));
    }
}
