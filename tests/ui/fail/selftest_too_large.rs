niello::include_model! {
    fn aliases = "../../models/aliases_f32.tflite",
    dataset = "../../models/x5.npy",
    require(same: top1 >= 0.5),
    selftest = 100,
}

fn main() {
    let _ = aliases(&aliases::X::default());
}
