niello::include_model! {
    fn digit_pair(left: u16, right) = "../../../examples/models/digit_pair_f32.tflite",
    dataset = "../../../examples/models/digit_pair_calibration.npz"
}

fn main() {
    
}
