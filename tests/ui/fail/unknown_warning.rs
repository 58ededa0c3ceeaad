niello::include_model! {
    fn aliases = "../../models/aliases_f32.tflite",
    dataset = "../../models/x5.npy",
    allow(few_smaples),
}

fn main() {
    let _ = aliases(&aliases::X::default());
}
