//! IF: the result of the branch that has run.

use crate::kernels::strided::copy_row;

/// Parameters of the kernel [`merge`].
#[derive(Clone, Copy, Debug)]
pub struct Merge;

/// Operand 1 if the condition is not 0, else operand 2.
pub fn merge<T: Copy>(_: &Merge, condition: &[i8], input1: &[T], input2: &[T], output: &mut [T]) {
    copy_row(if holds(condition) { input1 } else { input2 }, output);
}

/// [`merge`] where the output is operand 1 already.
pub fn merge_into_first<T: Copy>(_: &Merge, in_out: &mut [T], condition: &[i8], input2: &[T]) {
    if !holds(condition) {
        copy_row(input2, in_out);
    }
}

/// [`merge`] where the output is operand 2 already.
pub fn merge_into_second<T: Copy>(_: &Merge, in_out: &mut [T], condition: &[i8], input1: &[T]) {
    if holds(condition) {
        copy_row(input1, in_out);
    }
}

/// True if a tensor of one boolean is.
#[inline(always)]
pub fn holds(condition: &[i8]) -> bool {
    condition.first().is_some_and(|&c| c != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_two_is_chosen() {
        let mut output = [0; 2];
        merge(&Merge, &[1], &[1, 2], &[3, 4], &mut output);
        assert_eq!(output, [1, 2]);
        merge_into_first(&Merge, &mut output, &[0], &[3, 4]);
        assert_eq!(output, [3, 4]);
        merge_into_second(&Merge, &mut output, &[0], &[5, 6]);
        assert_eq!(output, [3, 4]);
        merge(&Merge, &[], &[1, 2], &[7], &mut output);
        assert_eq!(output, [7, 4]);
    }
}
