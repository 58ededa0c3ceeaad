//! Writes arrays as NumPy's `.npz`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use niello_compiler::ElementType;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// One array; its elements are real numbers, or integers that f32 holds exactly.
pub(crate) struct Array<'a> {
    pub key: String,
    pub shape: Vec<usize>,
    pub element: ElementType,
    pub data: &'a [f32],
}

/// Writes a file with these arrays, without compression.
pub(crate) fn write(path: &Path, arrays: &[Array<'_>]) -> Result<(), String> {
    write_to(path, arrays).map_err(|e| format!("cannot write {}: {e}", path.display()))
}

fn write_to(path: &Path, arrays: &[Array<'_>]) -> io::Result<()> {
    let mut zip = ZipWriter::new(BufWriter::new(File::create(path)?));
    for array in arrays {
        let is_large = array.data.len() > 1 << 29;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(is_large);
        zip.start_file(format!("{}.npy", array.key), options)?;
        write_npy(&mut zip, array)?;
    }
    zip.finish()?.flush()
}

/// Version 1 of the format: magic, length of the header, header, elements in little endian.
fn write_npy(to: &mut impl Write, array: &Array<'_>) -> io::Result<()> {
    let kind = match array.element {
        ElementType::I32 => "<i4",
        ElementType::U32 => "<u4",
        ElementType::Bool => "|b1",
        _ => "<f4",
    };
    let sizes: String = array.shape.iter().map(|n| format!("{n}, ")).collect();
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({sizes}), }}");
    // Elements begin at a multiple of 64 bytes.
    let length = (10 + header.len() + 1).next_multiple_of(64) - 10;
    let short = u16::try_from(length).map_err(io::Error::other)?;
    to.write_all(b"\x93NUMPY\x01\x00")?;
    to.write_all(&short.to_le_bytes())?;
    to.write_all(format!("{header:<width$}\n", width = length - 1).as_bytes())?;
    let mut bytes = Vec::with_capacity(array.data.len() * 4);
    for &x in array.data {
        match array.element {
            ElementType::I32 => bytes.extend((x as i32).to_le_bytes()),
            ElementType::U32 => bytes.extend((x as u32).to_le_bytes()),
            ElementType::Bool => bytes.push(u8::from(x != 0.0)),
            _ => bytes.extend(x.to_le_bytes()),
        }
    }
    to.write_all(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_has_numpys_header_and_its_elements_in_order() {
        let array = Array {
            key: "x".to_owned(),
            shape: vec![3],
            element: ElementType::I32,
            data: &[1.0, -2.0, 3.0],
        };
        let mut bytes = Vec::new();
        write_npy(&mut bytes, &array).expect("memory");
        assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
        let length = usize::from(bytes[8]) + 256 * usize::from(bytes[9]);
        assert!((10 + length).is_multiple_of(64));
        let header = std::str::from_utf8(&bytes[10..10 + length]).expect("text");
        assert!(header.ends_with('\n'));
        let expected = "{'descr': '<i4', 'fortran_order': False, 'shape': (3, ), }";
        assert_eq!(header.trim_end(), expected);
        let numbers = [1_i32, -2, 3].map(i32::to_le_bytes).concat();
        assert_eq!(&bytes[10 + length..], numbers);
    }
}
