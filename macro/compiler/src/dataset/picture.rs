//! PNG and JPEG files as rows of pixels with three bytes each: red, green, blue.

use std::io::Cursor;
use std::path::Path;

use resize::px::RGB;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::limits;
use crate::error::{Error, Result};

/// A decoded image, as bytes.
pub(super) struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<RGB<u8>>,
}

/// The error of a file that cannot be taken.
pub(super) fn fail(file: &Path, why: &dyn std::fmt::Display) -> Error {
    Error::dataset(format!("{}: {why}", file.display()))
}

/// Width and height of a PNG or JPEG file, from its header alone.
pub(super) fn dimensions(file: &Path) -> Result<[usize; 2]> {
    size_in_header(&super::bytes(file)?).map_err(|e| fail(file, &e))
}

fn size_in_header(bytes: &[u8]) -> std::result::Result<[usize; 2], String> {
    if is_png(bytes) {
        let reader = png::Decoder::new(Cursor::new(bytes)).read_info();
        let reader = reader.map_err(|e| e.to_string())?;
        let info = reader.info();
        return Ok([info.width as usize, info.height as usize]);
    }
    let mut decoder = JpegDecoder::new(Cursor::new(bytes));
    decoder.decode_headers().map_err(|e| e.to_string())?;
    let (width, height) = decoder.dimensions().ok_or("it has no size")?;
    Ok([width, height])
}

/// PNG's signature (W3C, "PNG Specification", section 5.2); what does not begin so is read as JPEG.
fn is_png(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG\r\n\x1a\n")
}

impl Picture {
    /// Reads a file. Its content decides which format it has, not its name.
    pub(super) fn open(file: &Path) -> Result<Self> {
        let bytes = super::bytes(file)?;
        let [width, height] = size_in_header(&bytes).map_err(|e| fail(file, &e))?;
        let pixels = width.saturating_mul(height);
        if pixels > limits::PIXELS {
            return Err(fail(
                file,
                &format!(
                    "it is {width}x{height}, more than the {} pixels that an image may have",
                    limits::PIXELS
                ),
            ));
        }
        let pixels = if is_png(&bytes) {
            png_pixels(&bytes)
        } else {
            jpeg_pixels(&bytes)
        };
        let pixels = pixels.map_err(|e| fail(file, &e))?;
        if pixels.len() != width * height {
            return Err(fail(file, &"its pixels are not as many as its header says"));
        }
        Ok(Self {
            width,
            height,
            pixels,
        })
    }

    /// The width and the height, in pixels.
    pub(super) fn size(&self) -> [usize; 2] {
        [self.width, self.height]
    }

    /// Another width and height, by linear interpolation; where the picture shrinks, each
    /// new pixel is a weighted mean of all that it covers.
    pub(super) fn resized(&self, [width, height]: [usize; 2]) -> resize::Result<Self> {
        let mut pixels = vec![RGB::new(0, 0, 0); width * height];
        let kind = resize::Type::Triangle;
        let format = resize::Pixel::RGB8;
        resize::new(self.width, self.height, width, height, format, kind)?
            .resize(&self.pixels, &mut pixels)?;
        Ok(Self {
            width,
            height,
            pixels,
        })
    }

    /// Red, green and blue of each pixel, or its brightness alone (ITU-R BT.709).
    pub(super) fn bytes(&self, channels: usize) -> Vec<u8> {
        if channels == 3 {
            return self.pixels.iter().flat_map(|p| [p.r, p.g, p.b]).collect();
        }
        let brightness = |p: &RGB<u8>| {
            let [r, g, b] = [p.r, p.g, p.b].map(u32::from);
            ((2126 * r + 7152 * g + 722 * b) / 10_000) as u8
        };
        self.pixels.iter().map(brightness).collect()
    }
}

/// Pixels of a PNG of any colour type and depth; transparency is dropped.
fn png_pixels(bytes: &[u8]) -> std::result::Result<Vec<RGB<u8>>, String> {
    let limits = png::Limits {
        bytes: 16 * limits::PIXELS,
    };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(|e| e.to_string())?;
    let size = reader
        .output_buffer_size()
        .ok_or("it is too large for this machine")?;
    let mut data = vec![0; size];
    let frame = reader.next_frame(&mut data).map_err(|e| e.to_string())?;
    data.truncate(frame.buffer_size());
    if frame.bit_depth == png::BitDepth::Sixteen {
        // 65535 becomes 255: a division by 257, rounded.
        let byte = |b: &[u8]| ((u32::from(b[0]) << 8 | u32::from(b[1])) + 128) / 257;
        data = data.chunks_exact(2).map(|b| byte(b) as u8).collect();
    }
    let gray = |p: &[u8]| RGB::new(p[0], p[0], p[0]);
    let colour = |p: &[u8]| RGB::new(p[0], p[1], p[2]);
    Ok(match frame.color_type {
        png::ColorType::Grayscale => data.chunks_exact(1).map(gray).collect(),
        png::ColorType::GrayscaleAlpha => data.chunks_exact(2).map(gray).collect(),
        png::ColorType::Rgb => data.chunks_exact(3).map(colour).collect(),
        png::ColorType::Rgba => data.chunks_exact(4).map(colour).collect(),
        png::ColorType::Indexed => return Err("its palette is missing".into()),
    })
}

/// Pixels of a JPEG, converted to RGB.
fn jpeg_pixels(bytes: &[u8]) -> std::result::Result<Vec<RGB<u8>>, String> {
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(bytes), options);
    let data = decoder.decode().map_err(|e| e.to_string())?;
    let colour = |p: &[u8]| RGB::new(p[0], p[1], p[2]);
    Ok(data.chunks_exact(3).map(colour).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PNG of one row.
    fn png_file(colour: png::ColorType, depth: png::BitDepth, row: &[u8], width: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, 1);
        encoder.set_color(colour);
        encoder.set_depth(depth);
        if colour == png::ColorType::Indexed {
            encoder.set_palette(&[1, 2, 3, 4, 5, 6][..]);
        }
        let mut writer = encoder.write_header().expect("a header");
        writer.write_image_data(row).expect("a row");
        writer.finish().expect("an end");
        bytes
    }

    #[test]
    fn every_kind_of_png_becomes_rgb() {
        use png::{BitDepth, ColorType};
        let read = |colour, depth, row: &[u8], width| {
            let pixels = png_pixels(&png_file(colour, depth, row, width)).expect("a picture");
            pixels.iter().map(|p| [p.r, p.g, p.b]).collect::<Vec<_>>()
        };
        let eight = BitDepth::Eight;
        assert_eq!(
            read(ColorType::Grayscale, eight, &[7, 9], 2),
            [[7; 3], [9; 3]]
        );
        assert_eq!(
            read(ColorType::Grayscale, BitDepth::One, &[0b1000_0000], 2),
            [[255; 3], [0; 3]]
        );
        assert_eq!(read(ColorType::GrayscaleAlpha, eight, &[7, 0], 1), [[7; 3]]);
        assert_eq!(read(ColorType::Rgb, eight, &[1, 2, 3], 1), [[1, 2, 3]]);
        assert_eq!(read(ColorType::Rgba, eight, &[1, 2, 3, 0], 1), [[1, 2, 3]]);
        assert_eq!(
            read(ColorType::Indexed, eight, &[1, 0], 2),
            [[4, 5, 6], [1, 2, 3]]
        );
        let sixteen = [255, 255, 0, 127, 0, 129];
        assert_eq!(
            read(ColorType::Rgb, BitDepth::Sixteen, &sixteen, 1),
            [[255, 0, 1]]
        );
    }

    /// Pictures of one colour, 16x8 and 8x8.
    const COLOUR_JPEG: &[u8] = include_bytes!("colour.jpg");
    const GRAY_JPEG: &[u8] = include_bytes!("gray.jpg");

    #[test]
    fn jpegs_of_colour_and_of_gray_become_rgb() {
        let colour = jpeg_pixels(COLOUR_JPEG).expect("a picture");
        assert_eq!(colour.len(), 16 * 8);
        let near = |a: u8, b: u8| a.abs_diff(b) <= 2;
        assert!(
            colour
                .iter()
                .all(|p| near(p.r, 200) && near(p.g, 40) && near(p.b, 90)),
            "{:?}",
            colour[0]
        );
        let gray = jpeg_pixels(GRAY_JPEG).expect("a picture");
        assert_eq!(gray.len(), 8 * 8);
        assert!(
            gray.iter()
                .all(|p| p.r == p.g && p.g == p.b && near(p.r, 77))
        );
        for end in 0..COLOUR_JPEG.len() {
            // Some of a picture or an error, never a panic.
            let _ = jpeg_pixels(&COLOUR_JPEG[..end]);
        }
    }

    #[test]
    fn brightness_and_size_are_weighted_means() {
        let pixels = [[10, 0, 0], [30, 0, 0], [0, 255, 0], [0, 255, 0]];
        let picture = Picture {
            width: 4,
            height: 1,
            pixels: pixels.map(|[r, g, b]| RGB::new(r, g, b)).to_vec(),
        };
        assert_eq!(picture.bytes(1), [2, 6, 182, 182]);
        let half = picture.resized([2, 1]).expect("sizes that fit");
        assert_eq!(half.size(), [2, 1]);
        let [left, .., right] = half.bytes(3)[..] else {
            panic!("two pixels")
        };
        assert!((15..25).contains(&left) && right == 0, "{left} {right}");
    }
}
