niello::include_model! {
    fn model(b: i8, x: i32) = "../../models/ops/add_i8.tflite",
}

fn main() {}
