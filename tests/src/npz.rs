//! NumPy's `.npz` files: a zip archive of `.npy` arrays, each a header and its elements.

use std::io::{Read, Write};
use std::path::Path;

use flate2::Crc;
use flate2::read::DeflateDecoder;
use ndarray::{ArrayD, ArrayRef, Dimension, IxDyn, ShapeBuilder};

/// Arrays by name, widened: f64 holds every int32.
pub type Record = Vec<(String, ArrayD<f64>)>;

/// Reads the arrays of a `.npz` file in its order; arrays of types that no test uses are left
/// out.
///
/// # Panics
/// If the file is not there or not readable.
pub fn read_npz(path: &Path) -> Record {
    let file = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let members = members(&file).unwrap_or_else(|| panic!("{}: no .npz file", path.display()));
    let arrays = members.into_iter().filter_map(|(name, bytes)| {
        let array = array(&bytes)?;
        Some((name.trim_end_matches(".npy").to_owned(), array))
    });
    arrays.collect()
}

/// Two or four bytes at a position, in little-endian order.
fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + N)?;
    Some(bytes.iter().rev().fold(0, |n, &b| n << 8 | usize::from(b)))
}

/// The files of a zip archive, by its central directory.
fn members(file: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let end = file.windows(4).rposition(|w| w == b"PK\x05\x06")?;
    let count = number::<2>(file, end + 10)?;
    let mut entry = number::<4>(file, end + 16)?;
    let mut members = Vec::new();
    for _ in 0..count {
        let field = |at| number::<2>(file, entry + at);
        let (method, name_length) = (field(10)?, field(28)?);
        let (packed, length) = (
            number::<4>(file, entry + 20)?,
            number::<4>(file, entry + 24)?,
        );
        let name = file.get(entry + 46..entry + 46 + name_length)?;
        // The local header's own name and extra field lie in front of the data.
        let local = number::<4>(file, entry + 42)?;
        let skipped = number::<2>(file, local + 26)? + number::<2>(file, local + 28)?;
        let data = file.get(local + 30 + skipped..)?.get(..packed)?;
        let mut bytes = Vec::with_capacity(length);
        match method {
            0 => bytes.extend_from_slice(data),
            8 => {
                DeflateDecoder::new(data).read_to_end(&mut bytes).ok()?;
            }
            _ => return None,
        }
        members.push((String::from_utf8(name.to_vec()).ok()?, bytes));
        entry += 46 + name_length + field(30)? + field(32)?;
    }
    Some(members)
}

/// The text behind a key of a header's dictionary.
fn value<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    Some(header.split_once(&format!("'{key}':"))?.1.trim_start())
}

/// A `.npy` array of little-endian numbers, widened.
fn array(bytes: &[u8]) -> Option<ArrayD<f64>> {
    let (start, length) = match bytes.get(6)? {
        1 => (10, number::<2>(bytes, 8)?),
        _ => (12, number::<4>(bytes, 8)?),
    };
    let header = std::str::from_utf8(bytes.get(start..start + length)?).ok()?;
    let data = bytes.get(start + length..)?;
    let shape = value(header, "shape")?
        .strip_prefix('(')?
        .split_once(')')?
        .0;
    let sizes = shape.split(',').map(str::trim).filter(|s| !s.is_empty());
    let shape: Vec<usize> = sizes.map(|s| s.parse().ok()).collect::<Option<_>>()?;
    let is_fortran = value(header, "fortran_order")?.starts_with("True");
    macro_rules! widened {
        ($ty:ty) => {
            data.as_chunks()
                .0
                .iter()
                .map(|&x| <$ty>::from_le_bytes(x) as f64)
                .collect()
        };
    }
    let descr = value(header, "descr")?
        .strip_prefix('\'')?
        .split_once('\'')?
        .0;
    let numbers: Vec<f64> = match descr {
        "<f4" => widened!(f32),
        "<f8" => widened!(f64),
        "|i1" => widened!(i8),
        "|u1" | "|b1" => widened!(u8),
        "<i2" => widened!(i16),
        "<i4" => widened!(i32),
        "<u4" => widened!(u32),
        "<i8" => widened!(i64),
        _ => return None,
    };
    ArrayD::from_shape_vec(IxDyn(&shape).set_f(is_fortran), numbers).ok()
}

/// Types of numbers that [`NpzWriter`] writes.
pub trait Element: Copy {
    /// NumPy's name of the type.
    const DESCR: &'static str;

    /// Appends the number in little-endian order.
    fn append_to(self, bytes: &mut Vec<u8>);
}

macro_rules! elements {
    ($($ty:ty: $descr:literal, $bytes:expr;)*) => {
        $(impl Element for $ty {
            const DESCR: &'static str = $descr;

            fn append_to(self, bytes: &mut Vec<u8>) {
                let bytes_of: fn($ty) -> _ = $bytes;
                bytes.extend(bytes_of(self));
            }
        })*
    };
}

elements! {
    f32: "<f4", f32::to_le_bytes;
    f64: "<f8", f64::to_le_bytes;
    i32: "<i4", i32::to_le_bytes;
    bool: "|b1", |x| [u8::from(x)];
}

/// Collects the arrays of a `.npz` file, which is not compressed.
#[derive(Default)]
pub struct NpzWriter {
    /// The local headers and the data behind each.
    files: Vec<u8>,
    /// The central directory.
    directory: Vec<u8>,
    /// How many files there are.
    count: u16,
}

impl NpzWriter {
    /// Adds an array, in C order.
    pub fn add<T: Element, D: Dimension>(&mut self, name: &str, array: &ArrayRef<T, D>) {
        let sizes: String = array.shape().iter().map(|n| format!("{n}, ")).collect();
        let descr = T::DESCR;
        let header =
            format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sizes}), }}\n");
        let mut data = b"\x93NUMPY\x01\0".to_vec();
        data.extend((header.len() as u16).to_le_bytes());
        data.extend(header.bytes());
        array.iter().for_each(|x| x.append_to(&mut data));
        self.add_file(&format!("{name}.npy"), &data);
    }

    fn add_file(&mut self, name: &str, data: &[u8]) {
        let mut crc = Crc::new();
        crc.update(data);
        let (at, length) = (self.files.len() as u32, (data.len() as u32).to_le_bytes());
        // Version, flags, method, time and date; checksum and both lengths; the name's length
        // and that of the extra field.
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        common.extend(crc.sum().to_le_bytes());
        common.extend([length, length].concat());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0; 2]);
        self.files.extend(b"PK\x03\x04");
        self.files.extend(&common);
        self.files.extend(name.bytes());
        self.files.extend(data);
        self.directory.extend(b"PK\x01\x02\x14\0");
        self.directory.extend(&common);
        self.directory.extend([0; 10]);
        self.directory.extend(at.to_le_bytes());
        self.directory.extend(name.bytes());
        self.count += 1;
    }

    /// Writes the file.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(self, path: &Path) {
        let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
        end.extend([self.count.to_le_bytes(); 2].concat());
        end.extend((self.directory.len() as u32).to_le_bytes());
        end.extend((self.files.len() as u32).to_le_bytes());
        end.extend([0; 2]);
        let mut file = std::fs::File::create(path).expect("a file");
        for part in [self.files, self.directory, end] {
            file.write_all(&part).expect("writable");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.npz");
        let matrix = ndarray::array![[1.5_f32, -2.0, 3.0], [4.0, 5.0, f32::MAX]];
        let mut file = NpzWriter::default();
        file.add("matrix", &matrix);
        file.add("transposed", &matrix.t());
        file.add("number", &ndarray::arr0(-7));
        file.add("flags", &ndarray::arr1(&[true, false]));
        file.write(&path);
        let read = read_npz(&path);
        let names: Vec<&str> = read.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["matrix", "transposed", "number", "flags"]);
        assert_eq!(read[0].1, matrix.mapv(f64::from).into_dyn());
        assert_eq!(read[1].1, matrix.t().mapv(f64::from).into_dyn());
        assert_eq!(read[2].1, ndarray::arr0(-7.0).into_dyn());
        assert_eq!(read[3].1, ndarray::arr1(&[1.0, 0.0]).into_dyn());
    }

    #[test]
    fn columns_first() {
        let header = "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 2), }";
        let mut bytes = b"\x93NUMPY\x01\0".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.bytes());
        bytes.extend([1, 0, 2, 0, 3, 0, 255, 255]);
        let wanted = ndarray::array![[1.0, 3.0], [2.0, -1.0]].into_dyn();
        assert_eq!(array(&bytes), Some(wanted));
    }
}
