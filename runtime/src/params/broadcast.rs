//! Two operands that repeat along dimensions in which they have size 1.

/// How two flat operands meet in a flat output; outermost dimension first, a
/// stride of 0 repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broadcast {
    /// Sizes of the output, outermost first.
    pub dims: [usize; 6],
    /// Strides of operand 1, 0 where it is repeated.
    pub strides1: [usize; 6],
    /// Strides of operand 2, 0 where it is repeated.
    pub strides2: [usize; 6],
}

impl Broadcast {
    /// True if nothing repeats: both operands are read in the order of memory.
    #[cfg(all(niello_vector, target_arch = "x86_64"))]
    #[inline(always)]
    pub(crate) fn is_flat(&self) -> bool {
        let [rows @ .., _] = self.dims;
        let [.., step1] = self.strides1;
        let [.., step2] = self.strides2;
        rows.iter().all(|&n| n == 1) && step1 == 1 && step2 == 1
    }

    /// Calls `f(row, begin1, begin2)` for each innermost row: its number and
    /// where it begins in the operands.
    #[inline(always)]
    pub(crate) fn rows(&self, mut f: impl FnMut(usize, usize, usize)) {
        let [d0, d1, d2, d3, d4, _] = self.dims;
        let [a0, a1, a2, a3, a4, _] = self.strides1;
        let [b0, b1, b2, b3, b4, _] = self.strides2;
        let mut row = 0;
        for i0 in 0..d0 {
            for i1 in 0..d1 {
                for i2 in 0..d2 {
                    for i3 in 0..d3 {
                        for i4 in 0..d4 {
                            let at1 = i0 * a0 + i1 * a1 + i2 * a2 + i3 * a3 + i4 * a4;
                            let at2 = i0 * b0 + i1 * b1 + i2 * b2 + i3 * b3 + i4 * b4;
                            f(row, at1, at2);
                            row += 1;
                        }
                    }
                }
            }
        }
    }

    /// Calls `f` with the positions in both operands, in the output's order.
    #[inline(always)]
    pub(crate) fn each(&self, mut f: impl FnMut(usize, usize)) {
        let [.., size] = self.dims;
        let [.., step1] = self.strides1;
        let [.., step2] = self.strides2;
        self.rows(|_, at1, at2| {
            for i in 0..size {
                f(at1 + i * step1, at2 + i * step2);
            }
        });
    }

    /// `output = f(operand 1, operand 2)`.
    #[inline(always)]
    pub(crate) fn apply<A: Copy, B: Copy, T>(
        &self,
        input1: &[A],
        input2: &[B],
        output: &mut [T],
        f: impl Fn(A, B) -> T,
    ) {
        let [.., size] = self.dims;
        let [.., step1] = self.strides1;
        let [.., step2] = self.strides2;
        self.rows(|row, at1, at2| {
            let out = output
                .get_mut(row * size..(row + 1) * size)
                .unwrap_or(&mut []);
            let rows = input1.get(at1..at1 + size).zip(input2.get(at2..at2 + size));
            if let (1, 1, Some((a, b))) = (step1, step2, rows) {
                for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
                    *out = f(a, b);
                }
                return;
            }
            for (i, out) in out.iter_mut().enumerate() {
                if let (Some(&a), Some(&b)) =
                    (input1.get(at1 + i * step1), input2.get(at2 + i * step2))
                {
                    *out = f(a, b);
                } else {
                    debug_assert!(false, "an operand is too short");
                }
            }
        });
    }

    /// Applies a function where the output overwrites operand 1, which has its size.
    #[inline(always)]
    pub(crate) fn apply_in_place<T: Copy>(
        &self,
        in_out: &mut [T],
        input2: &[T],
        f: impl Fn(T, T) -> T,
    ) {
        let [.., size] = self.dims;
        let [.., step2] = self.strides2;
        self.rows(|row, _, at2| {
            let out = in_out
                .get_mut(row * size..(row + 1) * size)
                .unwrap_or(&mut []);
            if let (1, Some(b)) = (step2, input2.get(at2..at2 + size)) {
                for (out, &b) in out.iter_mut().zip(b) {
                    *out = f(*out, b);
                }
                return;
            }
            for (i, out) in out.iter_mut().enumerate() {
                if let Some(&b) = input2.get(at2 + i * step2) {
                    *out = f(*out, b);
                } else {
                    debug_assert!(false, "an operand is too short");
                }
            }
        });
    }
}
