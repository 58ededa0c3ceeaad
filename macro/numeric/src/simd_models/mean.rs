//! A model of MEAN and AVERAGE_POOL_2D over whole images: the runtime's
//! `simd/x86_64/avx512/mean_hw.rs`.

/// The mean `sum / count` of at most 65535 int8 numbers, rounded half away from zero: a
/// quotient of f32 numbers (integers below 2^24, which are exact), truncated.
pub(super) fn mean(sum: i32, count: i32) -> i32 {
    let half = count / 2;
    let away = if sum > 0 { sum + half } else { sum - half };
    crate::arithmetic::float::truncated(away as f32 / count as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_the_references_at_every_step() {
        // All counts that images often have, and every 7th.
        let counts = (1..=4096).chain((4097..=65535).step_by(7)).chain([65535]);
        for count in counts {
            for q in -128_i32..=127 {
                let middle = q * count - (q.signum() * count / 2);
                for sum in middle - 2..=middle + 2 {
                    let away = if sum > 0 {
                        sum + count / 2
                    } else {
                        sum - count / 2
                    };
                    assert_eq!(mean(sum, count), away / count, "{sum} {count}");
                }
            }
        }
    }
}
