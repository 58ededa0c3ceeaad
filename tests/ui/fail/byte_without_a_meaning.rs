niello::include_model! {
    fn model(x: u8) = "../../models/picture_f32.tflite",
    dataset = "../../models/x12"
}

fn main() {}
