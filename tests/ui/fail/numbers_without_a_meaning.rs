niello::include_model! {
    fn quotient = "../../models/batch_f32.tflite",
    dataset = "../../models/x12",
    tensors("x": range(0/0, 1.0))
}

niello::include_model! {
    fn narrow = "../../models/batch_f32.tflite",
    dataset = "../../models/x12",
    tensors("x": range(1e-46, 1e-45))
}

niello::include_model! {
    fn images = "../../models/batch_f32.tflite",
    dataset = "../../models/x12",
    images(scale = 1/0)
}

niello::include_model! {
    fn bound = "../../models/batch_f32.tflite",
    dataset = "../../models/x12",
    require(y: sqnr_db >= 0/0)
}

niello::include_model! {
    fn name("x" as CONV_2D_0: f32) = "../../models/batch_f32.tflite",
    dataset = "../../models/x12"
}

fn main() {}
