niello::include_model! {
    fn digit_pair = "../data/truncated.tflite"
}

fn main() {
    
}
