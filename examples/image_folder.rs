//! Tells which digit is on each picture of a folder, on all cores of the machine: PNG files in, one
//! line for each out.
//!
//!     cargo run --release --example image_folder -- examples/pictures/digits
//!
//! The model knows handwritten digits of 8x8 pixels (`models/make.py` has trained it). Pictures whose
//! names begin with the right digit, such as `7_03.png`, are counted.

use std::error::Error;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

niello::include_model! {
    /// The digit on a grey picture: ten probabilities.
    fn digit(image: u8) -> { digit: f32 } = "models/digit_f32.tflite",
    // A folder of pictures like those that the program will see.
    dataset = "pictures/calibration",
    // In training, a byte stood for itself divided by 255.
    images(scale = 1/255, offset = 0),
}

/// One picture of the folder and what is on it.
struct Answer {
    file: PathBuf,
    digit: usize,
    probability: f32,
}

fn classify(folder: &Path) -> Result<Vec<Answer>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        files.push(entry?.path());
    }
    files.retain(|file| file.extension().is_some_and(|e| e == "png"));
    files.sort();

    let images = files.iter().map(|f| read_png(f));
    let images = images.collect::<Result<Vec<_>, _>>()?;
    let inputs: Vec<_> = images.iter().map(|image| digit::Inputs { image }).collect();
    let mut outputs = vec![digit::Output::ZERO; inputs.len()];
    digit::run_batch(&inputs, &mut outputs)?;

    let answers = files.into_iter().zip(&outputs).map(|(file, output)| {
        let list = output.digit.iter().copied().enumerate();
        let (digit, probability) = list.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default();
        Answer {
            file,
            digit,
            probability,
        }
    });
    Ok(answers.collect())
}

fn read_png(file: &Path) -> Result<digit::Image, Box<dyn Error>> {
    let mut png = png::Decoder::new(BufReader::new(File::open(file)?)).read_info()?;
    let kind = (png.output_color_type(), png.info().size());
    if kind != ((png::ColorType::Grayscale, png::BitDepth::Eight), (8, 8)) {
        return Err(format!("{}: not a grey picture of 8x8 pixels", file.display()).into());
    }
    let mut image = digit::Image::ZERO;
    png.next_frame(image.as_mut_slice())?;
    Ok(image)
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1);
    let folder = folder.unwrap_or_else(|| "examples/pictures/digits".to_owned());
    let (mut labelled, mut right) = (0, 0);
    for answer in classify(Path::new(&folder))? {
        let name = answer.file.file_name().unwrap_or_default().display();
        let percent = answer.probability * 100.0;
        println!("{name}: {} ({percent:.0} % sure)", answer.digit);
        if let Some(label) = label(&answer.file) {
            labelled += 1;
            right += usize::from(label == answer.digit);
        }
    }
    println!("{right} of {labelled} are right");
    Ok(())
}

/// The digit that a file's name begins with.
fn label(file: &Path) -> Option<usize> {
    let name = file.file_name()?.to_str()?;
    name.split_once('_')?.0.parse().ok()
}

#[test]
fn nearly_all_pictures_are_read_right() {
    let answers = classify(Path::new("pictures/digits")).expect("a folder of pictures");
    let right = |answer: &&Answer| label(&answer.file) == Some(answer.digit);
    assert_eq!(answers.len(), 60);
    assert!(answers.iter().filter(right).count() >= 57);
}
