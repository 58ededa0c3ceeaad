// Calls of the function and uses of its types are no further errors.
niello::include_model!(pub fn model = "ui/data/nowhere.tflite");

static mut ARENA: model::Arena = model::Arena::new();

fn best(output: &model::Output) -> usize {
    let scores = output.scores.iter().enumerate();
    scores.max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(i, _)| i)
}

fn main() {
    let mut state = model::State::default();
    let output = model(&mut state, &model::Image([[0.0; 3]; 3]), 7);
    println!("{} {:?}", best(&output), output.scores[0]);
    #[expect(static_mut_refs)]
    let again = model::run_in(unsafe { &mut ARENA }, &model::Image::ZERO);
    let model::Output { scores, .. } = again;
}
