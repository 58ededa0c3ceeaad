//! An image and a vector in, three answers out: which photo the image was cut
//! from, where, and a map of its brightness. Prints one map and the accuracy on
//! 200 images, int8 and float.
//!
//!     cargo run --release --example photo_locator

use std::error::Error;
use std::path::Path;

use niello_compiler::model::Model;
use niello_examples::{Samples, argmax, sample};

niello::include_model! {
    /// The authors' order, image first; the file has the hint first. The
    /// position is read as int8 to show both kinds.
    fn photo_locator(image: f32, hint: f32) -> { photo: f32, position: i8, brightness_map: f32 }
        = "models/photo_locator_f32.tflite",
    dataset = "models/photo_locator_calibration.npz",
    require(photo: sqnr_db >= 20.0, photo: top1 >= 0.9, brightness_map: max_abs_error <= 0.2),
    // One element of the hint is small beside the others; the model does well all the same.
    allow(mixed_units),
}

fn main() -> Result<(), Box<dyn Error>> {
    let file = Samples::open("photo_locator_evaluation.npz");
    let (images, hints) = (file.array("image")?, file.array("hint")?);
    let (photos, positions) = (file.array("label:photo")?, file.array("label:position")?);
    let maps = file.array("label:brightness_map")?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/photo_locator_f32.tflite");
    let float = Model::read(&path, &Default::default())?;
    let outputs = float.outputs();
    let place = |name: &str| outputs.iter().position(|o| o.name == name).unwrap_or(0);

    let n = photos.len();
    let spread = |i: usize| {
        let map = sample(&maps, i);
        map.iter().fold(0.0, |m: f32, x| m.max(*x)) - map.iter().fold(1.0, |m: f32, x| m.min(*x))
    };
    let most_varied = (0..n)
        .max_by(|a, b| spread(*a).total_cmp(&spread(*b)))
        .unwrap_or(0);
    // Right photos, position errors and map errors: int8 and float.
    let (mut photo, mut position, mut map) = ([0; 2], [0.0; 2], [0.0; 2]);
    let mean_error = |a: &[f32], b: &[f32]| {
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len() as f32
    };
    for i in 0..n {
        let (image, hint) = (sample(&images, i), sample(&hints, i));
        let out = photo_locator(
            photo_locator::Image::from_slice(&image)?,
            photo_locator::Hint::from_slice(&hint)?,
        );
        // The file's own order.
        let float_out = float.run(&[&hint, &image])?;
        let flat = |name: &str| float_out[place(name)].iter().copied().collect::<Vec<f32>>();
        let (label, where_, bright) = (
            photos[[i]] as usize,
            sample(&positions, i),
            sample(&maps, i),
        );
        photo[0] += usize::from(argmax(&out.photo) == label);
        photo[1] += usize::from(argmax(&flat("photo")) == label);
        position[0] += mean_error(&out.position_dequantized(), &where_);
        position[1] += mean_error(&flat("position"), &where_);
        let brightness = out.brightness_map.as_flattened().as_flattened();
        map[0] += mean_error(brightness, &bright);
        map[1] += mean_error(&flat("brightness_map"), &bright);
        if i == most_varied {
            println!("brightness of image {i}: int8, float, label");
            let float_map = flat("brightness_map");
            for row in 0..8 {
                let line = |map: &[f32]| -> String {
                    map[row * 8..][..8]
                        .iter()
                        .map(|x| [' ', '.', ':', '+', '#'][(x * 4.99) as usize % 5])
                        .flat_map(|c| [c, c])
                        .collect()
                };
                println!(
                    "  {}   {}   {}",
                    line(brightness),
                    line(&float_map),
                    line(&bright)
                );
            }
        }
    }
    println!("\n{n} images                  int8   float");
    println!(
        "right photo           {:6.1} % {:5.1} %",
        photo[0] as f32 * 100.0 / n as f32,
        photo[1] as f32 * 100.0 / n as f32
    );
    println!(
        "mean position error   {:8.3} {:7.3}",
        position[0] / n as f32,
        position[1] / n as f32
    );
    println!(
        "mean brightness error {:8.4} {:7.4}",
        map[0] / n as f32,
        map[1] / n as f32
    );
    println!(
        "\n{} MACs, {} bytes of constants, {} bytes of arena",
        photo_locator::MACS,
        photo_locator::WEIGHT_BYTES,
        photo_locator::ARENA_BYTES
    );
    Ok(())
}
