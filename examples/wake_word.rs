//! Listens for a wake word, 20 ms at a time, and says when it was heard. The sound comes from a
//! recording here; a microphone would give the same frames.
//!
//!     cargo run --release --example wake_word -- examples/wake_word.wav
//!
//! The wake word is a whistle: a low tone, then a higher one (`models/make.py` has trained the model
//! and made the recording). What the model has heard in the last half second is in `State`.

use std::error::Error;
use std::path::Path;

use hound::{SampleFormat, WavReader};

niello::include_model! {
    /// How sure the model is that the last half second was the wake word.
    fn wake_word = "models/wake_word_f32.tflite",
    // Frames of a recording. They follow each other, so that the state takes part in calibration.
    dataset = "models/wake_word_calibration.npz",
    samples_follow = true,
}

/// Samples per second that the model was trained with.
const RATE: u32 = 8000;

/// The seconds at which the wake word was heard.
fn listen(file: &Path) -> Result<Vec<f32>, Box<dyn Error>> {
    let wav = WavReader::open(file)?;
    let spec = wav.spec();
    let kind = (spec.sample_rate, spec.channels, spec.bits_per_sample);
    if kind != (RATE, 1, 16) || spec.sample_format != SampleFormat::Int {
        return Err("expected 8000 samples of 16 bits per second, one channel".into());
    }
    let samples = wav.into_samples::<i16>();
    let samples = samples.map(|s| s.map(|s| f32::from(s) / 32768.0));
    let samples = samples.collect::<Result<Vec<f32>, _>>()?;

    let mut state = wake_word::State::default(); // one for each stream of sound
    let (mut heard, mut was_heard) = (Vec::new(), false);
    for (number, frame) in samples.chunks_exact(wake_word::Frame::LEN).enumerate() {
        let output = wake_word(&mut state, wake_word::Frame::from_slice(frame)?);
        let is_heard = output.score[0] > 0.5;
        if is_heard && !was_heard {
            heard.push(((number + 1) * wake_word::Frame::LEN) as f32 / RATE as f32);
        }
        was_heard = is_heard;
    }
    Ok(heard)
}

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1);
    let file = file.unwrap_or_else(|| "examples/wake_word.wav".to_owned());
    for seconds in listen(Path::new(&file))? {
        println!("heard after {seconds:.2} s");
    }
    Ok(())
}

#[test]
fn both_whistles_are_heard() {
    let heard = listen(Path::new("wake_word.wav")).expect("a recording");
    assert_eq!(heard.len(), 2, "{heard:?}");
    // Where they end, and at most 200 ms later.
    for (heard, end) in heard.iter().zip([1.10, 3.10]) {
        assert!((end..end + 0.2).contains(heard), "{heard}");
    }
}
