//! Two images of digits in, two answers out: their sum, and whether the left
//! one is greater. Prints a few pairs and the accuracy on 1000, int8 and float.
//!
//!     cargo run --release --example digit_pair

use std::error::Error;
use std::path::Path;

use niello_compiler::model::Model;
use niello_examples::{Samples, argmax, sample};

niello::include_model! {
    /// Which digits sum to what, and whether the left one is greater.
    fn digit_pair = "models/digit_pair_f32.tflite",
    dataset = "models/digit_pair_calibration.npz",
}

fn main() -> Result<(), Box<dyn Error>> {
    let file = Samples::open("digit_pair_evaluation.npz");
    let (left, right) = (file.array("left")?, file.array("right")?);
    let (sums, greaters) = (file.array("label:sum")?, file.array("label:left_greater")?);
    // The float model, for comparison; a program would not need it.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/digit_pair_f32.tflite");
    let float = Model::read(&path, &Default::default())?;

    let n = sums.len();
    let mut right_answers = [[0; 2]; 2];
    for i in 0..n {
        let (l, r) = (sample(&left, i), sample(&right, i));
        let out = digit_pair(
            digit_pair::Left::from_slice(&l)?,
            digit_pair::Right::from_slice(&r)?,
        );
        let float_out = float.run(&[&l, &r])?;
        let outputs = float.outputs();
        let float_of = |name: &str| {
            let i = outputs.iter().position(|o| o.name == name).unwrap_or(0);
            float_out[i].iter().copied().collect::<Vec<f32>>()
        };
        let label = sums[[i]] as usize;
        let is_greater = greaters[[i]] > 0.5;
        right_answers[0][0] += usize::from(argmax(&out.sum) == label);
        right_answers[0][1] += usize::from(argmax(&float_of("sum")) == label);
        right_answers[1][0] += usize::from((out.left_greater[0] > 0.5) == is_greater);
        right_answers[1][1] += usize::from((float_of("left_greater")[0] > 0.5) == is_greater);
        if i < 3 {
            show(&l, &r);
            let relation = if out.left_greater[0] > 0.5 { ">" } else { "<=" };
            let best = argmax(&out.sum);
            println!(
                "sum {best} ({:.0} % sure, label {label}), left {relation} right\n",
                out.sum[best] * 100.0
            );
        }
    }
    let percent = |k: usize| k as f32 * 100.0 / n as f32;
    println!("{n} pairs           int8   float");
    println!(
        "sum           {:6.1} % {:5.1} %",
        percent(right_answers[0][0]),
        percent(right_answers[0][1])
    );
    println!(
        "left greater  {:6.1} % {:5.1} %",
        percent(right_answers[1][0]),
        percent(right_answers[1][1])
    );
    println!(
        "\n{} MACs, {} bytes of constants, {} bytes of arena",
        digit_pair::MACS,
        digit_pair::WEIGHT_BYTES,
        digit_pair::ARENA_BYTES
    );
    Ok(())
}

/// Prints both images as characters.
fn show(left: &[f32], right: &[f32]) {
    let row = |pixels: &[f32]| -> String {
        pixels
            .iter()
            .map(|p| [' ', '.', '+', '#'][(p * 3.99) as usize % 4])
            .flat_map(|c| [c, c])
            .collect()
    };
    for (l, r) in left.chunks(8).zip(right.chunks(8)) {
        println!("  {}   {}", row(l), row(r));
    }
}
