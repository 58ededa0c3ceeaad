niello::include_model! {
    fn digit_pair = "../../models/digit_pair_i8.tflite",
    arena_limit = 1024,
}

fn main() {
    let _ = digit_pair(&digit_pair::Left::default(), &digit_pair::Right::default());
}
