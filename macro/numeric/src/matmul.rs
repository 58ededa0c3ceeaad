//! Products of matrices that are both computed at run time.

/// Two stacks of matrices, and which of them are multiplied.
#[derive(Clone, Copy, Debug)]
pub struct Stacks<'a> {
    /// For each product, the numbers of the matrices in both stacks.
    pub pairs: &'a [(usize, usize)],
    /// The rows of the first matrices.
    pub rows: usize,
    /// The length of a sum.
    pub depth: usize,
    /// The columns of the second matrices.
    pub columns: usize,
    /// How far a row and an element of a sum are apart in the first matrices.
    pub strides_a: [usize; 2],
    /// How far an element of a sum and a column are apart in the second matrices.
    pub strides_b: [usize; 2],
}

impl Stacks<'_> {
    /// All sums: by pair, row and column. `start` gives what the sum of a column begins with.
    fn sums<T: Copy, A>(
        &self,
        [a, b]: [&[T]; 2],
        start: impl Fn(usize) -> A,
        add: impl Fn(A, T, T) -> A,
    ) -> Vec<A> {
        let mut sums = Vec::with_capacity(self.pairs.len() * self.rows * self.columns);
        for &(i, j) in self.pairs {
            let (i, j) = (i * self.rows * self.depth, j * self.depth * self.columns);
            for row in 0..self.rows {
                let a = &a[i + row * self.strides_a[0]..];
                for column in 0..self.columns {
                    let b = &b[j + column * self.strides_b[1]..];
                    let pairs = (0..self.depth)
                        .map(|k| (a[k * self.strides_a[1]], b[k * self.strides_b[0]]));
                    sums.push(pairs.fold(start(column), |sum, (x, y)| add(sum, x, y)));
                }
            }
        }
        sums
    }

    /// Sums of real numbers; without biases, they begin with 0.
    pub fn f32(&self, operands: [&[f32]; 2], bias: &[f32]) -> Vec<f32> {
        let start = |column: usize| bias.get(column).copied().unwrap_or(0.0);
        self.sums(operands, start, |sum, x, y| sum + x * y)
    }

    /// Sums of int8 values, each with an offset added.
    pub fn i8(&self, operands: [&[i8]; 2], offsets: [i32; 2], bias: &[i32]) -> Vec<i32> {
        self.sums(
            operands,
            |column| bias[column],
            |sum, x, y| sum.wrapping_add((i32::from(x) + offsets[0]) * (i32::from(y) + offsets[1])),
        )
    }

    /// Sums of int16 values, each with an offset added.
    pub fn i16(&self, operands: [&[i16]; 2], offsets: [i32; 2], bias: &[i32]) -> Vec<i64> {
        let offsets = offsets.map(i64::from);
        self.sums(
            operands,
            |column| i64::from(bias[column]),
            |sum, x, y| sum.wrapping_add((i64::from(x) + offsets[0]) * (i64::from(y) + offsets[1])),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_are_multiplied_and_turned() {
        // [[1, 2], [3, 4]] by [[5, 6], [7, 8]], the second one as it is and turned.
        let stacks = |strides_b| Stacks {
            pairs: &[(0, 0)],
            rows: 2,
            depth: 2,
            columns: 2,
            strides_a: [2, 1],
            strides_b,
        };
        let operands: [&[f32]; 2] = [&[1.0, 2.0, 3.0, 4.0], &[5.0, 6.0, 7.0, 8.0]];
        assert_eq!(stacks([2, 1]).f32(operands, &[]), [19.0, 22.0, 43.0, 50.0]);
        assert_eq!(
            stacks([1, 2]).f32(operands, &[0.5, 0.0]),
            [17.5, 23.0, 39.5, 53.0]
        );
        let operands: [&[i8]; 2] = [&[1, 2, 3, 4], &[5, 6, 7, 8]];
        assert_eq!(
            stacks([2, 1]).i8(operands, [0, 1], &[0, 100]),
            [22, 125, 50, 157]
        );
    }
}
