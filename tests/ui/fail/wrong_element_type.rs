niello::include_model! {
    fn digit_pair = "../../../examples/models/digit_pair_f32.tflite",
    dataset = "../../../examples/models/digit_pair_calibration.npz"
}

fn main() {
    let _ = digit_pair(&digit_pair::Left([[[0_i8; 1]; 8]; 8]), &digit_pair::Right::default());
}
