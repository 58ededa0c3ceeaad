//! The model behind `index.html`: the page writes an image into this module's memory and asks for the
//! probabilities of the ten digits. Addresses are all that crosses the border, so nothing but the
//! compiler is needed:
//!
//!     rustup target add wasm32-unknown-unknown
//!     cargo build --release
//!     cp target/wasm32-unknown-unknown/release/niello_web.wasm .
//!     python3 -m http.server    # and open http://localhost:8000

use std::sync::Mutex;

niello::include_model! {
    /// The digit on an image of 8x8 pixels: 0 is paper, 255 is ink.
    fn digit(image: u8) -> { digit: f32 } = "../models/digit_f32.tflite",
    dataset = "../models/digit_calibration.npz",
    images(scale = 1/255, offset = 0),
}

static IMAGE: Mutex<digit::Image> = Mutex::new(digit::Image::ZERO);
static OUTPUT: Mutex<digit::Output> = Mutex::new(digit::Output::ZERO);

/// Where the page writes the 64 bytes of the image.
#[unsafe(no_mangle)]
pub extern "C" fn image() -> *mut u8 {
    IMAGE.lock().unwrap().as_mut_slice().as_mut_ptr()
}

/// Reads the image; the result is where the ten probabilities are.
#[unsafe(no_mangle)]
pub extern "C" fn classify() -> *const f32 {
    let mut output = OUTPUT.lock().unwrap();
    *output = digit(&IMAGE.lock().unwrap());
    output.digit.as_ptr()
}
