niello::include_model! {
    fn digit_pair = "../../../examples/models/digit_pair_f32.tflite",
    dataset = "../../../examples/models/digit_pair_calibration.npz",
    calibration = percentil(99.9)
}

fn main() {
    let _ = digit_pair(&digit_pair::Left::default(), &digit_pair::Right::default());
}
