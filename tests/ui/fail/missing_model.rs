niello::include_model! {
    fn digit_pair = "no_such_model.tflite",
    dataset = "../../../examples/models/digit_pair_calibration.npz"
}

fn main() {
    
}
