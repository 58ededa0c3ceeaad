#![deny(deprecated)]

niello::include_model! {
    fn aliases = "../../models/aliases_f32.tflite",
    dataset = "../data/five_constant.npz",
}

niello::include_model! {
    fn allowed = "../../models/aliases_f32.tflite",
    dataset = "../data/five_constant.npz",
    allow(few_samples, constant_input),
}

fn main() {
    let _ = aliases(&aliases::X::default());
    let _ = allowed(&allowed::X::default());
}
