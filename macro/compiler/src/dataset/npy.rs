//! `.npy` arrays, versions 1 to 3 of the format: the header first, which is checked
//! against the model before the data is read.

use std::io::{ErrorKind, Read};

use ndarray::{ArrayD, IxDyn, ShapeBuilder};

use super::limits;
use super::npy_header::Header;
use super::values::Values;
use crate::arithmetic::float16;

/// An array whose header is read.
pub(super) struct Array<R> {
    pub shape: Vec<usize>,
    element: Element,
    big_endian: bool,
    /// The first dimension's elements lie side by side.
    fortran_order: bool,
    data: R,
}

/// The kind and the size (in bytes) of an array's element type.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Element {
    Bool,
    Signed(usize),
    Unsigned(usize),
    Float(usize),
}

const SUPPORTED: &str = "supported are bool, float16, float32, float64, \
                         int8, int16, int32, int64, uint8, uint16, uint32 and uint64";

impl<R: Read> Array<R> {
    /// Reads the header of an array.
    pub(super) fn open(mut data: R) -> Result<Self, String> {
        let mut start = [0; 8];
        exactly(&mut data, &mut start)?;
        let [magic @ .., major, _] = start;
        if magic != *b"\x93NUMPY" {
            return Err("it is not a .npy array: it does not begin with \"\\x93NUMPY\"".to_owned());
        }
        let length = match major {
            1 => {
                let mut length = [0; 2];
                exactly(&mut data, &mut length)?;
                usize::from(u16::from_le_bytes(length))
            }
            2 | 3 => {
                let mut length = [0; 4];
                exactly(&mut data, &mut length)?;
                u32::from_le_bytes(length) as usize
            }
            _ => {
                return Err(format!(
                    "it is a .npy array of version {major}; supported are 1 to 3"
                ));
            }
        };
        if length > limits::HEADER_BYTES {
            return Err(format!(
                "its header is damaged: {length} bytes long, where {} are allowed",
                limits::HEADER_BYTES
            ));
        }
        let mut text = vec![0; length];
        exactly(&mut data, &mut text)?;
        let text = String::from_utf8_lossy(&text);
        let header = Header::parse(&text)
            .ok_or_else(|| format!("its header is damaged: {}", limits::quoted(text.trim())))?;
        let (element, big_endian) = element(&header.descr).ok_or_else(|| {
            format!(
                "its element type {} is not supported; {SUPPORTED}",
                limits::quoted(&header.descr)
            )
        })?;
        Ok(Self {
            shape: header.shape,
            element,
            big_endian,
            fortran_order: header.fortran_order,
            data,
        })
    }

    /// True for bool and integers.
    pub(super) fn is_integer(&self) -> bool {
        !matches!(self.element, Element::Float(_))
    }

    /// Elements as the shape says; `None` if there are more than can be counted.
    pub(super) fn len(&self) -> Option<usize> {
        let elements = self
            .shape
            .iter()
            .try_fold(1_usize, |n, &d| n.checked_mul(d))?;
        elements.checked_mul(self.element.size()).map(|_| elements)
    }

    /// Reads the data, a chunk at a time, until there is as much as the shape asks for.
    pub(super) fn read(mut self, values: Values) -> Result<ArrayD<f32>, String> {
        let elements = self
            .len()
            .ok_or("its shape has too many elements to count")?;
        let size = self.element.size();
        let mut chunk = vec![0; limits::CHUNK_BYTES];
        let mut numbers: Vec<f32> = Vec::new();
        while numbers.len() < elements {
            let bytes = limits::CHUNK_BYTES.min((elements - numbers.len()) * size);
            let filled = fill(&mut self.data, &mut chunk[..bytes])?;
            if filled < bytes {
                return Err(format!(
                    "it is truncated: {} of {elements} elements",
                    numbers.len() + filled / size
                ));
            }
            let first = numbers.len();
            for (i, item) in chunk[..bytes].chunks_exact(size).enumerate() {
                let number = self.element.decode(item, self.big_endian);
                values
                    .check(number)
                    .map_err(|e| format!("element {} {e}", first + i))?;
                numbers.push(number as f32);
            }
        }
        if fill(&mut self.data, &mut chunk[..1])? > 0 {
            return Err(format!(
                "it is longer than the {elements} elements of its shape {:?}",
                self.shape
            ));
        }
        if !self.fortran_order {
            return ArrayD::from_shape_vec(IxDyn(&self.shape), numbers).map_err(|e| e.to_string());
        }
        let array = ArrayD::from_shape_vec(IxDyn(&self.shape).f(), numbers);
        let array = array.map_err(|e| e.to_string())?;
        Ok(array.as_standard_layout().into_owned())
    }
}

/// Reads as much as there is, up to the buffer's length.
fn fill(data: &mut impl Read, buffer: &mut [u8]) -> Result<usize, String> {
    let mut filled = 0;
    while filled < buffer.len() {
        match data.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(format!("it is damaged: {e}")),
        }
    }
    Ok(filled)
}

fn exactly(data: &mut impl Read, buffer: &mut [u8]) -> Result<(), String> {
    if fill(data, buffer)? == buffer.len() {
        Ok(())
    } else {
        Err("it is truncated: its header is not whole".to_owned())
    }
}

/// The type of `<f4`, `|b1`, .. and whether its bytes have the largest first.
fn element(descr: &str) -> Option<(Element, bool)> {
    let (order, rest) = match descr.as_bytes() {
        [order @ (b'<' | b'>' | b'|' | b'='), rest @ ..] => (*order, rest),
        rest => (b'=', rest),
    };
    let element = match rest {
        b"?" | b"b1" => Element::Bool,
        b"i1" => Element::Signed(1),
        b"i2" => Element::Signed(2),
        b"i4" => Element::Signed(4),
        b"i8" => Element::Signed(8),
        b"u1" => Element::Unsigned(1),
        b"u2" => Element::Unsigned(2),
        b"u4" => Element::Unsigned(4),
        b"u8" => Element::Unsigned(8),
        b"f2" => Element::Float(2),
        b"f4" => Element::Float(4),
        b"f8" => Element::Float(8),
        _ => return None,
    };
    // Without an order it is that of the machine that wrote it: all of them are little-endian.
    (order != b'|' || element.size() == 1).then_some((element, order == b'>'))
}

impl Element {
    fn size(self) -> usize {
        match self {
            Element::Bool => 1,
            Element::Signed(size) | Element::Unsigned(size) | Element::Float(size) => size,
        }
    }

    fn decode(self, item: &[u8], big_endian: bool) -> f64 {
        let mut word = [0; 8];
        let at = word.len().min(item.len());
        word[..at].copy_from_slice(&item[..at]);
        if big_endian {
            word[..at].reverse();
        }
        let unsigned = u64::from_le_bytes(word);
        // The sign bit of a shorter number moves to the top and back again.
        let above = 64 - 8 * at as u32;
        match self {
            Element::Bool => f64::from(u8::from(unsigned != 0)),
            Element::Unsigned(_) => unsigned as f64,
            Element::Signed(_) => (((unsigned << above) as i64) >> above) as f64,
            Element::Float(2) => float16::from_bits(unsigned as u16).into(),
            Element::Float(4) => f32::from_bits(unsigned as u32).into(),
            Element::Float(_) => f64::from_bits(unsigned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An array of any header text and data.
    fn file(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY".to_vec();
        bytes.extend([version, 0]);
        let length = header.len() as u32;
        let width = if version == 1 { 2 } else { 4 };
        bytes.extend(&length.to_le_bytes()[..width]);
        bytes.extend(header.bytes());
        bytes.extend(data);
        bytes
    }

    fn array(descr: &str, fortran: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header =
            format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}  \n");
        file(1, &header, data)
    }

    fn read(bytes: &[u8], values: Values) -> Result<ArrayD<f32>, String> {
        Array::open(bytes)?.read(values)
    }

    #[test]
    fn every_type_and_byte_order() {
        let minus_two = [
            ("<f2", &[0, 0xc0][..]),
            (">f2", &[0xc0, 0]),
            ("<f4", &[0, 0, 0, 0xc0]),
            (">f4", &[0xc0, 0, 0, 0]),
            ("=f8", &[0, 0, 0, 0, 0, 0, 0, 0xc0]),
            ("|i1", &[0xfe]),
            ("<i2", &[0xfe, 0xff]),
            (">i4", &[0xff, 0xff, 0xff, 0xfe]),
            ("<i8", &[0xfe, 255, 255, 255, 255, 255, 255, 255]),
        ];
        for (descr, data) in minus_two {
            let got = read(&array(descr, "False", "(1,)", data), Values::Real);
            assert_eq!(got.expect(descr)[0], -2.0, "{descr}");
        }
        let two = [
            ("|u1", &[2][..]),
            (">u2", &[0, 2]),
            ("<u4", &[2, 0, 0, 0]),
            ("<u8", &[2, 0, 0, 0, 0, 0, 0, 0]),
        ];
        for (descr, data) in two {
            let got = read(&array(descr, "False", "(1,)", data), Values::Integer);
            assert_eq!(got.expect(descr)[0], 2.0, "{descr}");
        }
        let flags = read(&array("|b1", "False", "(3,)", &[1, 0, 1]), Values::Flag);
        assert_eq!(flags.expect("flags").as_slice(), Some(&[1.0, 0.0, 1.0][..]));
    }

    #[test]
    fn fortran_order_is_turned_around() {
        let data: Vec<u8> = (0..6).collect();
        let got = read(&array("|u1", "True", "(2, 3)", &data), Values::Real).expect("an array");
        assert_eq!(got.as_slice(), Some(&[0.0, 2.0, 4.0, 1.0, 3.0, 5.0][..]));
    }

    #[test]
    fn all_versions_and_spellings_of_the_header() {
        for header in [
            "{'descr': '<f4', 'fortran_order': False, 'shape': (), }",
            "{\"shape\":(),\"descr\":\"<f4\",\"fortran_order\":False}\n",
            "{'shape': (1L,), 'fortran_order': False, 'descr': '<f4'}",
        ] {
            for version in 1..=3 {
                let got = read(&file(version, header, &[0, 0, 128, 63]), Values::Real);
                assert_eq!(got.expect(header).first(), Some(&1.0));
            }
        }
    }

    #[test]
    fn damaged_arrays_are_errors() {
        let good = array("<f4", "False", "(2,)", &[0; 8]);
        for length in 0..good.len() {
            read(&good[..length], Values::Real).expect_err("truncated");
        }
        let mut long = file(2, "{}", &[]);
        long[8..12].copy_from_slice(&[255; 4]);
        let huge = "(1099511627776, 1099511627776)";
        let deep = format!("({})", "1,".repeat(100));
        for (bytes, text) in [
            (long, "4294967295 bytes long"),
            (array("<f4", "False", huge, &[]), "too many"),
            (array("<f4", "False", "(1099511627776,)", &[0; 40]), "10 of"),
            (array("<f4", "False", &deep, &[0; 4]), "damaged"),
            (array("<f4", "False", "(-1,)", &[0; 4]), "damaged"),
            (array("<f4", "Maybe", "(1,)", &[0; 4]), "damaged"),
            (array("<f4", "False", "(1,)", &[0; 5]), "longer than"),
            (array("<c8", "False", "(1,)", &[0; 8]), "<c8"),
            (array("|f4", "False", "(1,)", &[0; 4]), "|f4"),
            (
                file(
                    1,
                    "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
                    &[],
                ),
                "'<f4')]",
            ),
            (
                file(
                    1,
                    "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}",
                    &[],
                ),
                "damaged",
            ),
            (file(9, "{}", &[]), "version 9"),
            (b"PK\x03\x04........".to_vec(), "not a .npy"),
        ] {
            let error = read(&bytes, Values::Real).expect_err(text);
            assert!(error.contains(text) && error.len() < 300, "{error}");
        }
        let noise = "\u{1}".repeat(9000);
        let error = read(&file(1, &noise, &[]), Values::Real).expect_err("noise");
        assert!(error.len() < 600, "{}", error.len());
    }

    #[test]
    fn numbers_fit_what_the_model_takes() {
        let ids = |x: i64| array("<i8", "False", "(1,)", &x.to_le_bytes());
        let number = read(&ids(i64::from(i32::MAX)), Values::Integer);
        assert_eq!(number.expect("fits")[0], i32::MAX as f32);
        let error = read(&ids(1 << 31), Values::Integer).expect_err("too large");
        assert!(error.contains("element 0 is 2147483648"), "{error}");
        let half = array("<f4", "False", "(1,)", &0.5_f32.to_le_bytes());
        read(&half, Values::Integer).expect_err("no integer");
        read(&half, Values::Flag).expect_err("no flag");
    }
}
