niello::include_model! {
    fn digit_pair = "../data/picture.tflite"
}

fn main() {
    
}
