//! RFFT2D and COMPLEX_ABS in f32; a complex number is two real ones.

use crate::arithmetic::fixed_point::sqrt;

/// Parameters of the kernel [`rfft_2d`].
#[derive(Clone, Copy, Debug)]
pub struct Rfft2d<'a> {
    /// Number of rows of the input.
    pub height: usize,
    /// Number of columns of the input.
    pub width: usize,
    /// Rows of the transform, a power of two; what the input lacks is 0.
    pub rows: usize,
    /// Its columns, a power of two.
    pub columns: usize,
    /// exp(-2 pi i k / n) for k up to n / 2, where n is the larger of the two.
    pub turns: &'a [f32],
}

type Complex = (f32, f32);

/// Complex numbers some steps apart.
struct Strided<'a> {
    data: &'a mut [f32],
    begin: usize,
    step: usize,
    len: usize,
    /// exp(-2 pi i k / n) for k up to n / 2.
    turns: &'a [f32],
}

impl Strided<'_> {
    #[inline(always)]
    fn get(&self, i: usize) -> Complex {
        let at = 2 * (self.begin + i * self.step);
        match self.data.get(at..at + 2) {
            Some(&[re, im]) => (re, im),
            _ => (0.0, 0.0),
        }
    }

    #[inline(always)]
    fn set(&mut self, i: usize, (re, im): Complex) {
        let at = 2 * (self.begin + i * self.step);
        if let Some(pair) = self.data.get_mut(at..at + 2) {
            pair.copy_from_slice(&[re, im]);
        }
    }

    /// exp(-2 pi i k / of), for less than half a turn.
    #[inline(always)]
    fn turn(&self, k: usize, of: usize) -> Complex {
        let at = 2 * (k * (self.turns.len() / of.max(1)));
        match self.turns.get(at..at + 2) {
            Some(&[re, im]) => (re, im),
            _ => (1.0, 0.0),
        }
    }

    /// In place, radix 2: elements in the order of their reversed bits, then butterflies.
    fn transform(&mut self) {
        let bits = self.len.trailing_zeros();
        if bits == 0 {
            return;
        }
        for i in 0..self.len {
            let j = i.reverse_bits() >> (usize::BITS - bits);
            if i < j {
                let (a, b) = (self.get(i), self.get(j));
                self.set(i, b);
                self.set(j, a);
            }
        }
        let mut half = 1;
        while half < self.len {
            for begin in (0..self.len).step_by(2 * half) {
                for k in 0..half {
                    let (a, b) = (self.get(begin + k), self.get(begin + k + half));
                    let b = times(b, self.turn(k, 2 * half));
                    self.set(begin + k, (a.0 + b.0, a.1 + b.1));
                    self.set(begin + k + half, (a.0 - b.0, a.1 - b.1));
                }
            }
            half *= 2;
        }
    }

    /// The transform of twice as many real numbers: each complex number holds two of them.
    /// The result has one element more.
    fn transform_real(&mut self) {
        self.transform();
        let half = self.len;
        let (re, im) = self.get(0);
        for k in 1..half / 2 + 1 {
            let (a, b) = (self.get(k), self.get(half - k));
            // The spectra of the even and the odd numbers.
            let even = ((a.0 + b.0) * 0.5, (a.1 - b.1) * 0.5);
            let odd = ((a.1 + b.1) * 0.5, (b.0 - a.0) * 0.5);
            let turned = times(odd, self.turn(k, 2 * half));
            self.set(k, (even.0 + turned.0, even.1 + turned.1));
            self.set(half - k, (even.0 - turned.0, turned.1 - even.1));
        }
        self.set(0, (re + im, 0.0));
        self.set(half, (re - im, 0.0));
    }
}

#[inline(always)]
fn times(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

/// The first half of the spectrum of every slice.
pub fn rfft_2d(p: &Rfft2d<'_>, input: &[f32], output: &mut [f32]) {
    let kept = p.columns / 2 + 1;
    let slices = output.chunks_exact_mut((2 * p.rows * kept).max(1));
    for (slice, data) in slices.enumerate() {
        for (y, row) in data.chunks_exact_mut(2 * kept).enumerate() {
            row.fill(0.0);
            let at = (slice * p.height + y) * p.width;
            let given = input.get(at..at + p.width.min(p.columns));
            for (out, &x) in row
                .iter_mut()
                .zip(given.filter(|_| y < p.height).unwrap_or(&[]))
            {
                *out = x;
            }
            if p.columns > 1 {
                let mut row = Strided {
                    data: row,
                    begin: 0,
                    step: 1,
                    len: p.columns / 2,
                    turns: p.turns,
                };
                row.transform_real();
            }
        }
        if p.rows > 1 {
            for x in 0..kept {
                let mut column = Strided {
                    data,
                    begin: x,
                    step: kept,
                    len: p.rows,
                    turns: p.turns,
                };
                column.transform();
            }
        }
    }
}

/// Parameters of [`complex_abs`]: there are none.
#[derive(Clone, Copy, Debug)]
pub struct Magnitudes;

/// Computes magnitudes of complex numbers.
pub fn complex_abs(_: &Magnitudes, input: &[f32], output: &mut [f32]) {
    for (out, pair) in output.iter_mut().zip(input.chunks_exact(2)) {
        if let &[re, im] = pair {
            *out = sqrt(re * re + im * im);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spectra_follow_their_definition() {
        // Eight columns: exp(-2 pi i k / 8).
        let r = core::f32::consts::FRAC_1_SQRT_2;
        let turns = [1.0, 0.0, r, -r, 0.0, -1.0, -r, -r];
        let p = Rfft2d {
            height: 1,
            width: 7,
            rows: 1,
            columns: 8,
            turns: &turns,
        };
        let mut output = [9.0; 10];
        rfft_2d(&p, &[1.0, 2.0, 3.0, 4.0, 0.0, -1.0, 0.5], &mut output);
        let expected = [
            9.5, 0.0, 0.292_893, -7.449_747, -2.5, 3.0, 1.707_107, -2.449_747, -0.5, 0.0,
        ];
        for (a, b) in output.iter().zip(expected) {
            assert!((a - b).abs() < 1e-5, "{output:?}");
        }
        let p = Rfft2d {
            height: 2,
            width: 2,
            rows: 2,
            columns: 2,
            turns: &turns[..2],
        };
        let mut output = [9.0; 8];
        rfft_2d(&p, &[1.0, 2.0, 3.0, 5.0], &mut output);
        assert_eq!(output, [11.0, 0.0, -3.0, 0.0, -5.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn magnitudes_are_lengths() {
        let mut output = [0.0; 3];
        complex_abs(&Magnitudes, &[3.0, -4.0, 0.0, 0.0, 0.0, 0.25], &mut output);
        for (a, b) in output.iter().zip([5.0, 0.0, 0.25]) {
            assert!((a - b).abs() <= 1e-6, "{output:?}");
        }
    }
}
