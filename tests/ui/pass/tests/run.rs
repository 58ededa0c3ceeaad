//! The models of the strict crate give the recorded bytes.

use niello_tests::{Record, flat, here, read_npz, sample_of};
use niello_ui_pass::functions::{relu, tanh};
use niello_ui_pass::{elementwise, inside_of_a_function};

fn record(name: &str) -> Record {
    read_npz(&here().join(format!("models/ops/{name}.npz")))
}

#[test]
fn two_inputs_and_two_outputs() {
    let record = record("uint8_elementwise");
    let (x, b) = (sample_of(&record, "in:x", 0), sample_of(&record, "in:b", 0));
    let x = elementwise::X::from_slice(&x).expect("its shape");
    let b = elementwise::B::from_slice(&b).expect("its shape");
    let output = elementwise(x, b);
    assert_eq!(flat(&output.y), sample_of::<u8>(&record, "out:y", 0));
    assert_eq!(flat(&output.y1), sample_of::<u8>(&record, "out:y1", 0));
}

#[test]
fn two_models_in_one_module() {
    let functions = record("relu");
    let x = sample_of(&functions, "in:x", 0);
    let output = relu(relu::X::from_slice(&x).expect("its shape"));
    assert_eq!(flat(&output.y), sample_of::<i8>(&functions, "out:y", 0));

    let functions = record("tanh");
    let mut arena = tanh::Arena::new();
    let x = sample_of(&functions, "in:x", 0);
    arena.x().as_mut_slice().copy_from_slice(&x);
    let output = tanh::run_in(&mut arena);
    assert_eq!(flat(&output.y), sample_of::<i8>(&functions, "out:y", 0));
}

#[test]
fn a_model_inside_of_a_function() {
    let record = record("logistic");
    let wanted: Vec<i8> = sample_of(&record, "out:y", 0);
    let mut output = vec![0; wanted.len()];
    inside_of_a_function(&sample_of(&record, "in:x", 0), &mut output).expect("its shape");
    assert_eq!(output, wanted);
}
