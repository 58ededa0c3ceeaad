//! Folders of PNG and JPEG files as samples.

use std::path::PathBuf;

use ndarray::{ArrayD, IxDyn};

use super::picture::{Picture, fail};
use crate::error::{Error, Result};
use crate::ir::graph::Port;

/// Reads `files` as samples of an NHWC (or HWC) shape with 1 or 3 channels.
pub(super) fn read(files: &[PathBuf], input: &Port, resize: bool) -> Result<ArrayD<f32>> {
    let without_batch = input.without_batch();
    let &[height, width, channels @ (1 | 3)] = without_batch else {
        return Err(Error::dataset(format!(
            "images are for inputs of shape [height, width, 1 or 3]; this input has {without_batch:?}"
        )));
    };
    let mut data = Vec::with_capacity(files.len() * height * width * channels);
    for file in files {
        let mut picture = Picture::open(file)?;
        let [found_width, found_height] = picture.size();
        if [found_width, found_height] != [width, height] {
            if !resize {
                return Err(fail(
                    file,
                    &format!(
                        "it is {found_width}x{found_height}, the input {width}x{height}; allow resizing with `images(resize = true)`"
                    ),
                ));
            }
            let resized = picture.resized([width, height]);
            picture = resized.map_err(|e| fail(file, &e))?;
        }
        let bytes = picture.bytes(channels);
        data.extend(bytes.iter().map(|&b| input.bytes.real(b)));
    }
    let full = [&[files.len()], &input.shape[..]].concat();
    ArrayD::from_shape_vec(IxDyn(&full), data).map_err(|e| Error::dataset(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_resized_and_scaled() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("a.png");
        let mut encoder = png::Encoder::new(std::fs::File::create(&file).expect("writable"), 4, 2);
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header().expect("writable");
        writer
            .write_image_data(&[255, 0, 51].repeat(8))
            .expect("writable");
        writer.finish().expect("writable");
        let mut input = crate::dataset::tests::port("x", &[1, 1, 2, 3]);
        input.bytes.offset = -1.0;
        let data = read(std::slice::from_ref(&file), &input, true).expect("a picture");
        assert_eq!(data.shape(), [1, 1, 1, 2, 3]);
        let first: Vec<f32> = data.iter().take(3).copied().collect();
        assert_eq!(first, [0.0, -1.0, 51.0 * (1.0 / 255.0) - 1.0]);
        let error = read(&[file], &input, false).expect_err("another size");
        assert!(
            error.message.contains("it is 4x2, the input 2x1"),
            "{error}"
        );
    }
}
