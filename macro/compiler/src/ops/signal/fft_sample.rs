//! The arithmetic of KISS FFT in int16, int32 and f32, and its complex transform.

/// What a transform computes with.
pub(super) trait Sample: Copy + Default {
    /// A cosine or sine in this type.
    fn turn(x: f64) -> Self;
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    /// The product of two complex numbers.
    fn times(a: [Self; 2], b: [Self; 2]) -> [Self; 2];
    /// In fixed point, each stage divides so that none overflows.
    fn divided(self, parts: i32) -> Self;
    fn half_sum(self, other: Self) -> Self;
    fn half_difference(self, other: Self) -> Self;
    /// At the end of an inverse transform.
    fn of_length(self, length: usize) -> Self;
}

macro_rules! fixed_point {
    ($($ty:ident: $product:ident, $bits:literal, $wide:ident;)*) => {
        $(impl Sample for $ty {
            fn turn(x: f64) -> Self {
                (0.5 + f64::from($ty::MAX) * x).floor() as $ty
            }

            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }

            fn times(a: [Self; 2], b: [Self; 2]) -> [Self; 2] {
                let product = |i: usize, j: usize| $product::from(a[i]) * $product::from(b[j]);
                let round = |x: $product| (x.wrapping_add(1 << ($bits - 1)) >> $bits) as $ty;
                [
                    round(product(0, 0).wrapping_sub(product(1, 1))),
                    round(product(0, 1).wrapping_add(product(1, 0))),
                ]
            }

            fn divided(self, parts: i32) -> Self {
                let product = $product::from(self) * $product::from($ty::MAX / parts as $ty);
                ((product + (1 << ($bits - 1))) >> $bits) as $ty
            }

            fn half_sum(self, other: Self) -> Self {
                ($wide::from(self).wrapping_add($wide::from(other)) >> 1) as $ty
            }

            fn half_difference(self, other: Self) -> Self {
                ($wide::from(self).wrapping_sub($wide::from(other)) >> 1) as $ty
            }

            fn of_length(self, _: usize) -> Self {
                self
            }
        })*
    };
}

fixed_point! {
    i16: i32, 15, i32;
    i32: i64, 31, i32;
}

impl Sample for f32 {
    fn turn(x: f64) -> Self {
        x as f32
    }

    fn plus(self, other: Self) -> Self {
        self + other
    }

    fn minus(self, other: Self) -> Self {
        self - other
    }

    fn times(a: [Self; 2], b: [Self; 2]) -> [Self; 2] {
        [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]]
    }

    fn divided(self, _: i32) -> Self {
        self
    }

    fn half_sum(self, other: Self) -> Self {
        (self + other) * 0.5
    }

    fn half_difference(self, other: Self) -> Self {
        (self - other) * 0.5
    }

    fn of_length(self, length: usize) -> Self {
        self / length as f32
    }
}

pub(super) fn plus<T: Sample>(a: [T; 2], b: [T; 2]) -> [T; 2] {
    [a[0].plus(b[0]), a[1].plus(b[1])]
}

pub(super) fn minus<T: Sample>(a: [T; 2], b: [T; 2]) -> [T; 2] {
    [a[0].minus(b[0]), a[1].minus(b[1])]
}

/// The complex transform by those of every fourth element, or of every second where the
/// length is not divided by four.
pub(super) fn work<T: Sample>(x: &[[T; 2]], turns: &[[T; 2]], inverse: bool) -> Vec<[T; 2]> {
    let n = x.len();
    let parts = if n.is_multiple_of(4) { 4 } else { 2 };
    let m = n / parts;
    if n < 2 {
        return x.to_vec();
    }
    let part = |k: usize| {
        let own: Vec<[T; 2]> = x.iter().skip(k).step_by(parts).copied().collect();
        work(&own, turns, inverse)
    };
    let of_parts: Vec<Vec<[T; 2]>> = (0..parts).map(part).collect();
    let step = turns.len() / n;
    let mut output = vec![[T::default(); 2]; n];
    for u in 0..m {
        let scaled = |k: usize| of_parts[k][u].map(|x| x.divided(parts as i32));
        let turned = |k: usize| T::times(scaled(k), turns[k * u * step]);
        if parts == 2 {
            output[u] = plus(scaled(0), turned(1));
            output[u + m] = minus(scaled(0), turned(1));
            continue;
        }
        let [a, b] = [plus(scaled(0), turned(2)), minus(scaled(0), turned(2))];
        let [c, d] = [plus(turned(1), turned(3)), minus(turned(1), turned(3))];
        output[u] = plus(a, c);
        output[u + 2 * m] = minus(a, c);
        // A quarter of a turn.
        let [left, right] = [
            [b[0].minus(d[1]), b[1].plus(d[0])],
            [b[0].plus(d[1]), b[1].minus(d[0])],
        ];
        let (first, last) = if inverse {
            (left, right)
        } else {
            (right, left)
        };
        (output[u + m], output[u + 3 * m]) = (first, last);
    }
    output
}
