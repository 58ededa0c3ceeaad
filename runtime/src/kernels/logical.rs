//! LOGICAL_AND and LOGICAL_OR of 1 and 0.

use crate::params::broadcast::Broadcast;

/// Computes `output = input1 && input2`, broadcast.
pub fn logical_and(p: &Broadcast, input1: &[i8], input2: &[i8], output: &mut [i8]) {
    p.apply(input1, input2, output, |a, b| a & b);
}

/// Computes `output = input1 || input2`, broadcast.
pub fn logical_or(p: &Broadcast, input1: &[i8], input2: &[i8], output: &mut [i8]) {
    p.apply(input1, input2, output, |a, b| a | b);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_tables() {
        let p = Broadcast {
            dims: [1, 1, 1, 1, 1, 4],
            strides1: [0, 0, 0, 0, 0, 1],
            strides2: [0, 0, 0, 0, 0, 1],
        };
        let mut output = [0; 4];
        logical_and(&p, &[0, 0, 1, 1], &[0, 1, 0, 1], &mut output);
        assert_eq!(output, [0, 0, 0, 1]);
        logical_or(&p, &[0, 0, 1, 1], &[0, 1, 0, 1], &mut output);
        assert_eq!(output, [0, 1, 1, 1]);
    }
}
