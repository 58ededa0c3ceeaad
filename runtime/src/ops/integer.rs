//! ADD, SUB and MUL of int32 tensors, which wrap.

use super::broadcast::Broadcast;

/// `input1 + input2`.
pub fn add_i32(p: &Broadcast, input1: &[i32], input2: &[i32], output: &mut [i32]) {
    p.apply(input1, input2, output, i32::wrapping_add);
}

/// `input1 - input2`.
pub fn sub_i32(p: &Broadcast, input1: &[i32], input2: &[i32], output: &mut [i32]) {
    p.apply(input1, input2, output, i32::wrapping_sub);
}

/// `input1 * input2`.
pub fn mul_i32(p: &Broadcast, input1: &[i32], input2: &[i32], output: &mut [i32]) {
    p.apply(input1, input2, output, i32::wrapping_mul);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_meets_every_element() {
        let p = Broadcast {
            dims: [1, 1, 1, 1, 1, 3],
            strides1: [0, 0, 0, 0, 0, 1],
            strides2: [0; 6],
        };
        let mut output = [0; 3];
        sub_i32(&p, &[7, i32::MIN, 0], &[2], &mut output);
        assert_eq!(output, [5, i32::MAX - 1, -2]);
    }
}
