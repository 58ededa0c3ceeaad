//! Tables of a file copied as they are, also those that the reader has no types for.
//!
//! A flatbuffers table says where its fields lie, but not what they are: [`Kind`]s name the fields
//! that refer to vectors and tables. Every other field is a number, and its bytes are copied. A
//! copy may take padding behind a number with it, which readers do not look at.

use flatbuffers::{FlatBufferBuilder, TableFinishedWIPOffset, UnionWIPOffset, WIPOffset};

use crate::error::{Error, Result};

/// What a field is that is no plain number.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A vector of numbers of so many bytes each.
    Vector(usize),
    Text,
    Table(Fields),
    Tables(Fields),
    /// A table whose fields the number in the field before it chooses; `None` for tables that
    /// cannot be copied.
    Union(fn(u8) -> Option<Fields>),
}

/// The fields of a table that are no plain numbers, by their place.
pub(super) type Fields = &'static [(u16, Kind)];

/// The content of a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    /// 1, 2, 4 or 8 bytes.
    Number(Vec<u8>),
    /// The size of an element, and all bytes.
    Vector(usize, Vec<u8>),
    Text(Vec<u8>),
    Table(RawTable),
    Tables(Vec<RawTable>),
}

/// A table with all of its fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct RawTable {
    fields: Vec<(u16, Content)>,
}

fn outside() -> Error {
    Error::model("the .tflite file is truncated or damaged: a table lies outside of it")
}

fn bytes_at(file: &[u8], at: usize, length: usize) -> Result<&[u8]> {
    let end = at.checked_add(length);
    end.and_then(|end| file.get(at..end)).ok_or_else(outside)
}

fn word(file: &[u8], at: usize) -> Result<usize> {
    let bytes = bytes_at(file, at, 4)?;
    Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
}

fn short(file: &[u8], at: usize) -> Result<usize> {
    let bytes = bytes_at(file, at, 2)?;
    Ok(usize::from(u16::from_le_bytes([bytes[0], bytes[1]])))
}

/// Where the reference at a place leads to.
fn target(file: &[u8], at: usize) -> Result<usize> {
    at.checked_add(word(file, at)?).ok_or_else(outside)
}

impl RawTable {
    /// Reads the table at a place of the file.
    pub(super) fn read(file: &[u8], at: usize, kinds: Fields) -> Result<Self> {
        let back = word(file, at)? as u32 as i32;
        let vtable = i64::try_from(at).unwrap_or(i64::MAX) - i64::from(back);
        let vtable = usize::try_from(vtable).map_err(|_| outside())?;
        let (length, size) = (short(file, vtable)?, short(file, vtable + 2)?);
        let mut places = Vec::new();
        for slot in 0..length.saturating_sub(4) / 2 {
            let offset = short(file, vtable + 4 + 2 * slot)?;
            if offset > 0 {
                places.push((slot as u16, offset));
            }
        }
        let mut table = Self::default();
        for &(slot, offset) in &places {
            let kind = kinds.iter().find(|(s, _)| *s == slot);
            let at = at + offset;
            let content = match kind {
                Some((_, kind)) => table.refer(file, at, slot, *kind)?,
                None => {
                    // Up to the next field or the table's end.
                    let later = places.iter().map(|p| p.1).filter(|o| *o > offset);
                    let end = later.min().unwrap_or(size);
                    let room = end.saturating_sub(offset);
                    let width = [8, 4, 2, 1].into_iter().find(|w| *w <= room);
                    let width = width.ok_or_else(outside)?;
                    Content::Number(bytes_at(file, at, width)?.to_vec())
                }
            };
            table.fields.push((slot, content));
        }
        Ok(table)
    }

    /// The content of the field at a place that refers to it.
    fn refer(&self, file: &[u8], at: usize, slot: u16, kind: Kind) -> Result<Content> {
        let target = target(file, at)?;
        let fields = match kind {
            Kind::Vector(_) | Kind::Text => {
                let size = if let Kind::Vector(size) = kind {
                    size
                } else {
                    1
                };
                let length = word(file, target)?.checked_mul(size).ok_or_else(outside)?;
                let data = bytes_at(file, target + 4, length)?.to_vec();
                return Ok(match kind {
                    Kind::Text => Content::Text(data),
                    _ => Content::Vector(size, data),
                });
            }
            Kind::Tables(fields) => {
                let length = word(file, target)?;
                bytes_at(file, target + 4, length.saturating_mul(4))?;
                let tables = (0..length).map(|i| {
                    let at = self::target(file, target + 4 + 4 * i)?;
                    Self::read(file, at, fields)
                });
                return Ok(Content::Tables(tables.collect::<Result<_>>()?));
            }
            Kind::Table(fields) => fields,
            Kind::Union(choose) => {
                let which = self.number(slot - 1).map_or(0, |n| n as u8);
                choose(which).ok_or_else(|| {
                    Error::model(format!(
                        "it has options of kind {which}, which are not known and cannot be copied"
                    ))
                })?
            }
        };
        Ok(Content::Table(Self::read(file, target, fields)?))
    }

    /// The low 32 bits of a number; `None` if the field has its default.
    pub(super) fn number(&self, slot: u16) -> Option<u32> {
        match self.field(slot)? {
            Content::Number(bytes) => {
                let low = bytes.iter().take(4).rev();
                Some(low.fold(0, |n, b| n << 8 | u32::from(*b)))
            }
            _ => None,
        }
    }

    /// The content of a field, if it is there.
    pub(super) fn field(&self, slot: u16) -> Option<&Content> {
        let found = self.fields.iter().find(|(s, _)| *s == slot);
        found.map(|(_, content)| content)
    }

    /// A table that a field refers to.
    pub(super) fn table_mut(&mut self, slot: u16) -> Option<&mut Self> {
        let found = self.fields.iter_mut().find(|(s, _)| *s == slot);
        match found {
            Some((_, Content::Table(table))) => Some(table),
            _ => None,
        }
    }

    /// Exchanges the content of a field; `None` takes it out.
    pub(super) fn set(&mut self, slot: u16, content: Option<Content>) {
        self.fields.retain(|(s, _)| *s != slot);
        self.fields.extend(content.map(|content| (slot, content)));
    }

    /// Exchanges a number of 32 bits.
    pub(super) fn set_number(&mut self, slot: u16, number: u32) {
        self.set(slot, Some(Content::Number(number.to_le_bytes().to_vec())));
    }

    /// Changes each number of a vector of int32.
    pub(super) fn map_integers(&mut self, slot: u16, f: impl Fn(i32) -> i32) {
        for (_, content) in self.fields.iter_mut().filter(|(s, _)| *s == slot) {
            if let Content::Vector(4, data) = content {
                for bytes in data.chunks_exact_mut(4) {
                    let old = i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
                    bytes.copy_from_slice(&f(old).to_le_bytes());
                }
            }
        }
    }

    /// Writes the table and all that it refers to.
    pub(super) fn write(
        &self,
        fbb: &mut FlatBufferBuilder<'_>,
    ) -> WIPOffset<TableFinishedWIPOffset> {
        enum Written<'a> {
            Number(&'a [u8]),
            Reference(WIPOffset<UnionWIPOffset>),
        }
        let reference = |at: u32| Written::Reference(WIPOffset::new(at));
        let mut written = Vec::new();
        for (slot, content) in &self.fields {
            let field = match content {
                Content::Number(bytes) => Written::Number(bytes),
                Content::Text(text) => reference(text_vector(fbb, text)),
                Content::Vector(size, data) => reference(number_vector(fbb, *size, data)),
                Content::Table(table) => reference(table.write(fbb).value()),
                Content::Tables(tables) => {
                    let all: Vec<_> = tables.iter().map(|table| table.write(fbb)).collect();
                    reference(fbb.create_vector(&all).value())
                }
            };
            written.push((*slot, field));
        }
        let start = fbb.start_table();
        for (slot, field) in written {
            let slot = 4 + 2 * slot;
            match field {
                Written::Reference(at) => fbb.push_slot_always(slot, at),
                Written::Number(&[a]) => fbb.push_slot_always(slot, a),
                Written::Number(&[a, b]) => {
                    fbb.push_slot_always(slot, u16::from_le_bytes([a, b]));
                }
                Written::Number(&[a, b, c, d]) => {
                    fbb.push_slot_always(slot, u32::from_le_bytes([a, b, c, d]));
                }
                Written::Number(bytes) => {
                    let number = bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b));
                    fbb.push_slot_always(slot, number);
                }
            }
        }
        fbb.end_table(start)
    }
}

/// Writes text with the zero behind it that readers in C expect.
fn text_vector(fbb: &mut FlatBufferBuilder<'_>, text: &[u8]) -> u32 {
    match std::str::from_utf8(text) {
        Ok(text) => fbb.create_string(text).value(),
        Err(_) => fbb.create_byte_string(text).value(),
    }
}

fn number_vector(fbb: &mut FlatBufferBuilder<'_>, size: usize, data: &[u8]) -> u32 {
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b));
    let numbers = data.chunks_exact(size).map(number);
    match size {
        1 => fbb.create_vector(data).value(),
        2 => {
            let all: Vec<u16> = numbers.map(|n| n as u16).collect();
            fbb.create_vector(&all).value()
        }
        4 => {
            let all: Vec<u32> = numbers.map(|n| n as u32).collect();
            fbb.create_vector(&all).value()
        }
        _ => {
            let all: Vec<u64> = numbers.collect();
            fbb.create_vector(&all).value()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: Fields = &[(1, Kind::Vector(2))];
    const OUTER: Fields = &[
        (0, Kind::Text),
        (2, Kind::Table(INNER)),
        (4, Kind::Tables(INNER)),
        (6, Kind::Vector(8)),
    ];

    #[test]
    fn tables_come_back_as_they_were() {
        let inner = |byte| RawTable {
            fields: vec![
                (0, Content::Number(vec![byte])),
                (1, Content::Vector(2, vec![1, 2, 3, byte])),
            ],
        };
        let outer = RawTable {
            fields: vec![
                (0, Content::Text(b"name".to_vec())),
                (2, Content::Table(inner(7))),
                (4, Content::Tables(vec![inner(8), inner(9)])),
                (5, Content::Number(vec![1, 2, 3, 4, 5, 6, 7, 8])),
                (6, Content::Vector(8, (0..16).collect())),
            ],
        };
        let mut fbb = FlatBufferBuilder::new();
        let root = outer.write(&mut fbb);
        fbb.finish(root, None);
        let bytes = fbb.finished_data();
        let at = target(bytes, 0).expect("a root");
        let read = RawTable::read(bytes, at, OUTER).expect("a table");
        assert_eq!(read.field(0), outer.field(0));
        assert_eq!(read.field(5), outer.field(5));
        assert_eq!(read.field(6), outer.field(6));
        let Some(Content::Tables(tables)) = read.field(4) else {
            panic!("tables");
        };
        let low_bytes: Vec<u32> = tables
            .iter()
            .filter_map(|t| t.number(0))
            .map(|n| n & 255)
            .collect();
        assert_eq!(low_bytes, [8, 9]);
        assert_eq!(tables[1].field(1), inner(9).field(1));
        for length in 0..bytes.len() {
            // No panic, whatever is missing.
            let _ = RawTable::read(&bytes[..length], at, OUTER);
        }
    }
}
