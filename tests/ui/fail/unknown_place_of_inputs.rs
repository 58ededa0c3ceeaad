niello::include_model! {
    fn digit_pair = "../../models/digit_pair_i8.tflite",
    inputs = arenas,
}

fn main() {}
