niello::include_model! {
    fn digit_pair = "../../../examples/models/digit_pair_f32.tflite",
    dataset = "../data/label_shape.npz",
    require(sum: accuracy >= 0.5)
}

fn main() {
    let _ = digit_pair(&digit_pair::Left::default(), &digit_pair::Right::default());
}
