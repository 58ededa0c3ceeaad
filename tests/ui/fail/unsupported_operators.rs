niello::include_model! {
    fn model = "../../models/unsupported_f32.tflite",
    dataset = "../../models/x5.npy"
}

fn main() {
    
}
