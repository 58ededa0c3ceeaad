niello::include_model! {
    fn model = "../../models/ops/conv_i8.tflite",
    tensors("z": float),
}

fn main() {}
