niello::include_model! {
    fn digit_pair(left, right) -> { sum: f32 } = "../../../examples/models/digit_pair_f32.tflite",
    dataset = "../../../examples/models/digit_pair_calibration.npz"
}

fn main() {
    let _ = digit_pair(&digit_pair::Left::default(), &digit_pair::Right::default());
}
