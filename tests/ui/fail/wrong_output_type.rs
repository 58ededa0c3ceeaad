niello::include_model! {
    fn digit_pair = "../../../examples/models/digit_pair_f32.tflite",
    dataset = "../../../examples/models/digit_pair_calibration.npz"
}

fn main() {
    let _: [i8; 19] = digit_pair(&digit_pair::Left::default(), &digit_pair::Right::default()).sum;
}
