//! `.npz` files: zip archives of `.npy` arrays, stored or deflated.

use std::io::{Error, ErrorKind, Read, Result};

use flate2::Crc;
use flate2::read::DeflateDecoder;

use super::limits;

/// An archive's table of contents.
pub(super) struct Archive<'a> {
    bytes: &'a [u8],
    pub members: Vec<Member>,
}

/// One array of the archive.
pub(super) struct Member {
    /// The array's name, without `.npy`.
    pub key: String,
    method: u16,
    crc: u32,
    packed_bytes: u64,
    /// The position of its own header in the file.
    header: u64,
}

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// Stands for a number that does not fit, in the zip64 record.
const ELSEWHERE: u64 = u32::MAX as u64;

const END: &[u8] = b"PK\x05\x06";
const END_64: &[u8] = b"PK\x06\x06";
const END_64_LOCATOR: &[u8] = b"PK\x06\x07";
const ENTRY: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";

/// A little-endian number of `N` bytes.
fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(N)?)?;
    Some(field.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)))
}

fn record<'a>(bytes: &'a [u8], at: u64, signature: &[u8]) -> Option<&'a [u8]> {
    let record = bytes.get(usize::try_from(at).ok()?..)?;
    record.starts_with(signature).then_some(record)
}

impl<'a> Archive<'a> {
    /// Reads the table of contents; no two arrays have one name.
    pub(super) fn open(bytes: &'a [u8]) -> std::result::Result<Self, String> {
        let damaged = || "it is truncated or not a .npz file".to_owned();
        let (entries, mut at) = directory(bytes).ok_or_else(damaged)?;
        if entries > limits::MEMBERS as u64 {
            return Err(format!(
                "it has {entries} arrays, more than the {} that are read",
                limits::MEMBERS
            ));
        }
        let mut members: Vec<Member> = Vec::new();
        for _ in 0..entries {
            let (name, member, length) = entry(bytes, at).ok_or_else(damaged)?;
            at += length;
            // A folder is an entry, too.
            if name.ends_with('/') {
                continue;
            }
            let member = member.map_err(|e| format!("array {}: {e}", limits::quoted(&name)))?;
            if members.iter().any(|other| other.key == member.key) {
                return Err(format!(
                    "it has two arrays called {}",
                    limits::quoted(&member.key)
                ));
            }
            members.push(member);
        }
        Ok(Self { bytes, members })
    }

    /// The bytes of a member, checked at their end.
    pub(super) fn read(&self, member: &Member) -> Option<Contents<'a>> {
        let local = record(self.bytes, member.header, LOCAL)?;
        let skipped = 30 + number::<2>(local, 26)? + number::<2>(local, 28)?;
        let data = local.get(usize::try_from(skipped).ok()?..)?;
        let data = data.get(..usize::try_from(member.packed_bytes).ok()?)?;
        Some(Contents {
            data: if member.method == STORED {
                Box::new(data)
            } else {
                Box::new(DeflateDecoder::new(data))
            },
            crc: Crc::new(),
            wanted: member.crc,
        })
    }
}

/// The number of entries of the central directory, and its position.
fn directory(bytes: &[u8]) -> Option<(u64, u64)> {
    // A comment of up to 65,535 bytes may follow.
    let last = bytes.len().checked_sub(22)?;
    let first = last.saturating_sub(usize::from(u16::MAX));
    let at = (first..=last)
        .rev()
        .find(|&at| bytes[at..].starts_with(END))?;
    let end = &bytes[at..];
    let (entries, offset) = (number::<2>(end, 10)?, number::<4>(end, 16)?);
    if entries != u64::from(u16::MAX) && offset != ELSEWHERE {
        return Some((entries, offset));
    }
    let locator = record(bytes, at.checked_sub(20)? as u64, END_64_LOCATOR)?;
    let end = record(bytes, number::<8>(locator, 8)?, END_64)?;
    Some((number::<8>(end, 32)?, number::<8>(end, 48)?))
}

type Entry = (String, std::result::Result<Member, String>, u64);

/// One entry of the directory: its name, what it says, its length.
fn entry(bytes: &[u8], at: u64) -> Option<Entry> {
    let entry = record(bytes, at, ENTRY)?;
    let [name, extra, comment] = [28, 30, 32].map(|at| number::<2>(entry, at));
    let (name, extra) = (name? as usize, extra? as usize);
    let length = 46 + name + extra + comment? as usize;
    let text = entry.get(46..46 + name)?;
    let text = String::from_utf8_lossy(text).into_owned();
    let more = entry.get(46 + name..46 + name + extra)?;
    let [flags, method] = [8, 10].map(|at| number::<2>(entry, at));
    let (flags, method) = (flags?, method? as u16);
    let mut sizes = [24, 20, 42].map(|at| number::<4>(entry, at).unwrap_or(ELSEWHERE));
    wide(more, &mut sizes)?;
    let [_, packed_bytes, header] = sizes;
    let member = if flags & 1 != 0 {
        Err("it is encrypted".to_owned())
    } else if method != STORED && method != DEFLATED {
        Err(format!(
            "it is packed by method {method}; write it by `np.savez` or `np.savez_compressed`"
        ))
    } else {
        Ok(Member {
            key: text.strip_suffix(".npy").unwrap_or(&text).to_owned(),
            method,
            crc: number::<4>(entry, 16)? as u32,
            packed_bytes,
            header,
        })
    };
    Some((text, member, length as u64))
}

/// Numbers of more than 32 bits, which the zip64 record has in this order.
fn wide(mut extra: &[u8], sizes: &mut [u64]) -> Option<()> {
    let mut missing = sizes.iter_mut().filter(|n| **n == ELSEWHERE).peekable();
    while missing.peek().is_some() {
        let (id, length) = (number::<2>(extra, 0)?, number::<2>(extra, 2)? as usize);
        let record = extra.get(4..4 + length)?;
        if id == 1 {
            for (i, size) in missing.by_ref().enumerate() {
                *size = number::<8>(record, 8 * i)?;
            }
        }
        extra = &extra[4 + length..];
    }
    Some(())
}

/// The unpacked bytes of a member.
pub(super) struct Contents<'a> {
    data: Box<dyn Read + 'a>,
    crc: Crc,
    wanted: u32,
}

impl Read for Contents<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let n = self.data.read(buffer)?;
        self.crc.update(&buffer[..n]);
        if n == 0 && !buffer.is_empty() && self.crc.sum() != self.wanted {
            return Err(Error::new(
                ErrorKind::InvalidData,
                "its checksum is another one",
            ));
        }
        Ok(n)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use super::*;

    /// A zip archive of these members.
    pub(in super::super) fn zip(members: &[(&str, &[u8])], deflated: bool) -> Vec<u8> {
        let (mut bytes, mut directory) = (Vec::new(), Vec::new());
        for (name, content) in members {
            let mut crc = Crc::new();
            crc.update(content);
            let mut packed = content.to_vec();
            if deflated {
                let level = flate2::Compression::default();
                let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), level);
                encoder.write_all(content).expect("memory");
                packed = encoder.finish().expect("memory");
            }
            let mut fields = vec![20, 0, 0, 0];
            fields.extend([if deflated { 8_u8 } else { 0 }, 0, 0, 0, 0, 0]);
            for number in [crc.sum(), packed.len() as u32, content.len() as u32] {
                fields.extend(number.to_le_bytes());
            }
            fields.extend((name.len() as u16).to_le_bytes());
            fields.extend([0, 0]);
            directory.extend(b"PK\x01\x02\x14\0");
            directory.extend(&fields);
            directory.extend([0; 10]);
            directory.extend((bytes.len() as u32).to_le_bytes());
            directory.extend(name.bytes());
            bytes.extend(b"PK\x03\x04");
            bytes.extend(&fields);
            bytes.extend(name.bytes());
            bytes.extend(packed);
        }
        let start = bytes.len() as u32;
        bytes.extend(&directory);
        bytes.extend(b"PK\x05\x06\0\0\0\0");
        let count = (members.len() as u16).to_le_bytes();
        bytes.extend([count, count].concat());
        bytes.extend((directory.len() as u32).to_le_bytes());
        bytes.extend(start.to_le_bytes());
        bytes.extend([0, 0]);
        bytes
    }

    fn contents(bytes: &[u8], i: usize) -> std::result::Result<Vec<u8>, String> {
        let archive = Archive::open(bytes)?;
        let member = archive.members.get(i).ok_or("no member")?;
        let mut content = Vec::new();
        let mut reader = archive.read(member).ok_or("outside")?;
        reader
            .read_to_end(&mut content)
            .map_err(|e| e.to_string())?;
        Ok(content)
    }

    #[test]
    fn members_come_back() {
        let long = vec![7; 100_000];
        for deflated in [false, true] {
            let bytes = zip(&[("a.npy", b"first"), ("b/c.npy", &long)], deflated);
            let keys: Vec<String> = Archive::open(&bytes)
                .expect("an archive")
                .members
                .into_iter()
                .map(|m| m.key)
                .collect();
            assert_eq!(keys, ["a", "b/c"]);
            assert_eq!(contents(&bytes, 0).as_deref(), Ok(&b"first"[..]));
            assert_eq!(contents(&bytes, 1), Ok(long.clone()));
            // A comment behind the end.
            let commented = [bytes, vec![b'x'; 100]].concat();
            assert_eq!(contents(&commented, 0).as_deref(), Ok(&b"first"[..]));
        }
    }

    #[test]
    fn damage_is_an_error_wherever_it_is() {
        let bytes = zip(&[("a.npy", &[3; 300])], true);
        for length in 0..bytes.len() {
            contents(&bytes[..length], 0).expect_err("truncated");
        }
        for at in 0..bytes.len() {
            for change in [1, 0x80, 0xff] {
                let mut other = bytes.clone();
                other[at] ^= change;
                if let Ok(content) = contents(&other, 0) {
                    assert_eq!(content, [3; 300], "byte {at}");
                }
            }
        }
        let error = contents(&zip(&[("a.npy", b"1"), ("a.npy", b"2")], false), 0);
        assert!(error.expect_err("twice").contains("two arrays"));
    }

    #[test]
    fn long_numbers_are_in_the_zip64_record() {
        let mut sizes = [5, ELSEWHERE, ELSEWHERE];
        let mut extra = b"\x99\x99\x02\0--\x01\0\x10\0".to_vec();
        extra.extend([7_u64.to_le_bytes(), 9_u64.to_le_bytes()].concat());
        assert_eq!(wide(&extra, &mut sizes), Some(()));
        assert_eq!(sizes, [5, 7, 9]);
        assert_eq!(wide(&extra[..20], &mut [ELSEWHERE; 3]), None);
    }
}
