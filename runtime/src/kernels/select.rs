//! SELECT and SELECT_V2: elements of one of two tensors.

/// Parameters of the kernel [`select`].
#[derive(Clone, Copy, Debug)]
pub struct Select {
    /// Sizes of the output, outermost first.
    pub dims: [usize; 6],
    /// Steps in the condition and the operands; 0 repeats.
    pub strides: [[usize; 6]; 3],
}

/// Operand 1 where the condition is not 0, else operand 2.
pub fn select<T: Copy>(p: &Select, condition: &[i8], input1: &[T], input2: &[T], output: &mut [T]) {
    let mut index = [0_usize; 6];
    for out in output {
        let at =
            |operand: &[usize; 6]| -> usize { index.iter().zip(operand).map(|(i, s)| i * s).sum() };
        let [c, a, b] = &p.strides;
        let chosen = if condition.get(at(c)).is_some_and(|&c| c != 0) {
            input1.get(at(a))
        } else {
            input2.get(at(b))
        };
        debug_assert!(chosen.is_some(), "an operand is too short");
        if let Some(x) = chosen {
            *out = *x;
        }
        // The next index, innermost first.
        for (i, n) in index.iter_mut().zip(p.dims).rev() {
            *i += 1;
            if *i < n {
                break;
            }
            *i = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_of_rows_chooses() {
        let p = Select {
            dims: [1, 1, 1, 1, 2, 2],
            strides: [[0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 2, 1], [0, 0, 0, 0, 0, 0]],
        };
        let mut output = [0; 4];
        select(&p, &[1, 0], &[1, 2, 3, 4], &[7], &mut output);
        assert_eq!(output, [1, 2, 7, 7]);
    }
}
