//! `run_batch` gives what single runs give.
#![forbid(unsafe_code)]

niello::include_model! { fn digit_pair = "models/digit_pair_i8.tflite" }
niello::include_model! { fn in_arena = "models/digit_pair_i8.tflite", inputs = arena }

/// Inputs that differ from each other.
fn samples() -> Vec<(digit_pair::Left, digit_pair::Right)> {
    let sample = |number: usize| {
        let (mut left, mut right) = (digit_pair::Left::ZERO, digit_pair::Right::ZERO);
        let elements = left.as_mut_slice().iter_mut().zip(right.as_mut_slice());
        for (i, (left, right)) in elements.enumerate() {
            (*left, *right) = ((i * number) as i8, (i * i + number) as i8);
        }
        (left, right)
    };
    (0..333).map(sample).collect()
}

#[test]
fn batches_give_what_single_runs_give() {
    let samples = samples();
    let inputs: Vec<_> = samples
        .iter()
        .map(|(left, right)| digit_pair::Inputs { left, right })
        .collect();
    let mut outputs = vec![digit_pair::Output::ZERO; samples.len()];
    assert_eq!(digit_pair::run_batch(&inputs, &mut outputs), Ok(()));
    for ((left, right), output) in samples.iter().zip(&outputs) {
        assert_eq!(*output, digit_pair(left, right));
    }
    assert!(outputs.windows(2).any(|pair| pair[0] != pair[1]));
}

#[test]
fn inputs_in_the_arena_are_copied_there() {
    let left = in_arena::Left([[[3; 1]; 8]; 8]);
    let right = in_arena::Right([[[-9; 1]; 8]; 8]);
    let mut outputs = vec![in_arena::Output::ZERO; 5];
    let inputs = in_arena::Inputs {
        left: &left,
        right: &right,
    };
    assert_eq!(in_arena::run_batch(&[inputs; 5], &mut outputs), Ok(()));
    assert_eq!(outputs, vec![in_arena(&left, &right); 5]);
}

#[test]
fn as_many_outputs_as_inputs() {
    let mut outputs = vec![digit_pair::Output::ZERO; 2];
    let error = digit_pair::run_batch(&[], &mut outputs).expect_err("two outputs, no inputs");
    assert_eq!((error.expected, error.found), (0, 2));
}
