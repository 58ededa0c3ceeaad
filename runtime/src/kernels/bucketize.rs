//! BUCKETIZE: the number of the bucket that each element is in.

/// Parameters of the kernel [`bucketize`].
#[derive(Clone, Copy, Debug)]
pub struct Bucketize<'a> {
    /// Boundaries between buckets, in ascending order.
    pub boundaries: &'a [f32],
}

impl Bucketize<'_> {
    #[inline(always)]
    fn bucket(&self, x: f32) -> i32 {
        #[allow(
            clippy::neg_cmp_op_on_partial_ord,
            reason = "NaN is above all boundaries"
        )]
        let below = |&boundary: &f32| !(x < boundary);
        self.boundaries.partition_point(below) as i32
    }
}

/// How many boundaries are not above each value.
pub fn bucketize(p: &Bucketize<'_>, input: &[f32], output: &mut [i32]) {
    for (out, &x) in output.iter_mut().zip(input) {
        *out = p.bucket(x);
    }
}

/// How many boundaries are not above each integer.
pub fn bucketize_i32(p: &Bucketize<'_>, input: &[i32], output: &mut [i32]) {
    for (out, &x) in output.iter_mut().zip(input) {
        *out = p.bucket(x as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_belong_to_the_bucket_above() {
        let p = Bucketize {
            boundaries: &[-1.0, 0.5, 3.0],
        };
        let mut output = [9; 6];
        bucketize(&p, &[-2.0, -1.0, 0.0, 0.5, 7.0, f32::NAN], &mut output);
        assert_eq!(output, [0, 1, 1, 2, 3, 3]);
        let mut output = [9; 2];
        bucketize_i32(&p, &[3, -1], &mut output);
        assert_eq!(output, [3, 1]);
    }
}
