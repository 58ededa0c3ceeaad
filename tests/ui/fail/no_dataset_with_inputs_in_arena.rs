niello::include_model! {
    fn digit_pair = "../../../examples/models/digit_pair_f32.tflite",
    inputs = arena,
}

fn main() {
    // The types are there, so that the missing dataset is the only error.
    let mut arena = digit_pair::Arena::new();
    arena.left().as_mut_slice().fill(0.5);
    let output = digit_pair::run_in(&mut arena);
    let _ = output.sum;
}
