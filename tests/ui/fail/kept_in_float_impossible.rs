niello::include_model! {
    fn model = "../../models/ops/add_n_i8.tflite",
    tensors("y": float),
}

fn main() {}
