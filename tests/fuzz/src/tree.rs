//! A flatbuffer as a tree that can be changed and written again.

use crate::schema::{Number, Type, schema};

/// A part of a file.
#[derive(Clone, Debug)]
pub enum Value {
    /// The bits of a number.
    Number(Number, u64),
    /// Text, or a vector of bytes.
    Bytes(Vec<u8>),
    /// A table.
    Table(Table),
    /// A union's type and its table, which may be left out.
    Union(u8, Option<Table>),
    /// A vector of all but bytes.
    Vector(Vec<Value>),
}

/// A table: what is there of its fields.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Its type.
    pub name: String,
    /// Each with its place in the schema's list.
    pub fields: Vec<(usize, Value)>,
}

impl Table {
    /// The field of this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let fields = schema().tables.get(&self.name)?;
        let index = fields.iter().position(|f| f.name == name)?;
        let (_, value) = self.fields.iter().find(|(i, _)| *i == index)?;
        Some(value)
    }

    /// A field, by name, to change.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        let fields = schema().tables.get(&self.name)?;
        let index = fields.iter().position(|f| f.name == name)?;
        let (_, value) = self.fields.iter_mut().find(|(i, _)| *i == index)?;
        Some(value)
    }

    /// The elements of a field that is a vector.
    pub fn list(&self, name: &str) -> &[Value] {
        match self.get(name) {
            Some(Value::Vector(list)) => list,
            _ => &[],
        }
    }

    /// The vector of a field, to change.
    pub fn list_mut(&mut self, name: &str) -> Option<&mut Vec<Value>> {
        match self.get_mut(name) {
            Some(Value::Vector(list)) => Some(list),
            _ => None,
        }
    }
}

impl Value {
    /// A table inside of a vector.
    pub fn table(&self) -> Option<&Table> {
        match self {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// A table inside of a vector, to change.
    pub fn table_mut(&mut self) -> Option<&mut Table> {
        match self {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// A number as an integer.
    pub fn integer(&self) -> Option<i64> {
        let Value::Number(number, bits) = self else {
            return None;
        };
        let above = 64 - 8 * number.bytes as u32;
        Some(((bits << above) as i64) >> above)
    }

    /// Sets an integer; what does not fit is cut off.
    pub fn set(&mut self, integer: i64) {
        if let Value::Number(_, bits) = self {
            *bits = integer as u64;
        }
    }
}

/// Reads a file that is whole.
pub fn decode(bytes: &[u8]) -> Option<Table> {
    let root = number(bytes, 0, 4)? as usize;
    table(bytes, root, "Model")
}

fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(length)?)?;
    Some(field.iter().rev().fold(0, |n, &b| (n << 8) | u64::from(b)))
}

/// Where an offset leads to.
fn target(bytes: &[u8], at: usize) -> Option<usize> {
    at.checked_add(number(bytes, at, 4)? as usize)
}

fn table(bytes: &[u8], at: usize, name: &str) -> Option<Table> {
    let back = number(bytes, at, 4)? as u32 as i32;
    let list = usize::try_from(at as i64 - i64::from(back)).ok()?;
    let length = number(bytes, list, 2)? as usize;
    let place = |slot: usize| {
        let entry = 4 + 2 * slot;
        if entry + 2 > length {
            return Some(0);
        }
        Some(number(bytes, list + entry, 2)? as usize)
    };
    let mut fields = Vec::new();
    for (index, field) in schema().tables.get(name)?.iter().enumerate() {
        let offset = place(field.slot)?;
        let value = match &field.ty {
            Type::Union(union) => {
                let kind = place(field.slot - 1)?;
                if kind == 0 {
                    continue;
                }
                let kind = number(bytes, at + kind, 1)? as u8;
                let tables = schema().unions.get(union)?;
                let known = tables.iter().find(|(k, _)| *k == kind);
                let inner = match known {
                    Some((_, name)) if offset != 0 => {
                        Some(table(bytes, target(bytes, at + offset)?, name)?)
                    }
                    _ => None,
                };
                Value::Union(kind, inner)
            }
            _ if offset == 0 => continue,
            ty => value(bytes, at + offset, ty)?,
        };
        fields.push((index, value));
    }
    Some(Table {
        name: name.to_owned(),
        fields,
    })
}

fn value(bytes: &[u8], at: usize, ty: &Type) -> Option<Value> {
    Some(match ty {
        Type::Number(n) => Value::Number(n.clone(), number(bytes, at, n.bytes)?),
        Type::Text => Value::Bytes(raw(bytes, at)?.to_vec()),
        Type::Table(name) => Value::Table(table(bytes, target(bytes, at)?, name)?),
        Type::Union(_) => return None,
        Type::Vector(element) => {
            if matches!(&**element, Type::Number(n) if n.bytes == 1) {
                return Some(Value::Bytes(raw(bytes, at)?.to_vec()));
            }
            let start = target(bytes, at)?;
            let length = number(bytes, start, 4)? as usize;
            let size = match &**element {
                Type::Number(n) => n.bytes,
                _ => 4,
            };
            let mut list = Vec::new();
            for i in 0..length {
                list.push(value(bytes, start + 4 + i * size, element)?);
            }
            Value::Vector(list)
        }
    })
}

fn raw(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let start = target(bytes, at)?;
    let length = number(bytes, start, 4)? as usize;
    bytes.get(start + 4..start + 4 + length)
}

/// Writes a model as a flatbuffer.
pub fn encode(model: &Table) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    bytes.extend(b"TFL3");
    let root = write_table(&mut bytes, model);
    bytes[..4].copy_from_slice(&(root as u32).to_le_bytes());
    bytes
}

/// Fills up until `add` more bytes end at a multiple of `unit`.
fn align(bytes: &mut Vec<u8>, add: usize, unit: usize) {
    while !(bytes.len() + add).is_multiple_of(unit) {
        bytes.push(0);
    }
}

/// What a field takes of its table's own bytes.
enum Inline<'a> {
    Bits(u64),
    Offset(&'a Value),
    Inner(&'a Table),
}

fn write_table(bytes: &mut Vec<u8>, table: &Table) -> usize {
    let fields = schema().tables.get(&table.name).map_or(&[][..], |f| f);
    let mut parts: Vec<(usize, usize, Inline<'_>)> = Vec::new();
    for (index, value) in &table.fields {
        let Some(field) = fields.get(*index) else {
            continue;
        };
        match value {
            Value::Number(n, bits) => parts.push((field.slot, n.bytes, Inline::Bits(*bits))),
            Value::Union(kind, inner) => {
                parts.push((field.slot - 1, 1, Inline::Bits(u64::from(*kind))));
                if let Some(inner) = inner {
                    parts.push((field.slot, 4, Inline::Inner(inner)));
                }
            }
            _ => parts.push((field.slot, 4, Inline::Offset(value))),
        }
    }
    // Wide numbers first: all of them lie at multiples of their size then.
    parts.sort_by_key(|(_, size, _)| std::cmp::Reverse(*size));
    let slots = parts.iter().map(|(slot, ..)| slot + 1).max().unwrap_or(0);
    let length = 4 + 2 * slots;
    align(bytes, length + 4, 8);
    let list = bytes.len();
    let size = 4 + parts.iter().map(|(_, size, _)| size).sum::<usize>();
    bytes.extend((length as u16).to_le_bytes());
    bytes.extend((size as u16).to_le_bytes());
    bytes.resize(list + length, 0);
    let start = bytes.len();
    bytes.extend((length as u32).to_le_bytes());
    let mut later = Vec::new();
    for (slot, size, part) in parts {
        let at = bytes.len();
        let entry = list + 4 + 2 * slot;
        bytes[entry..entry + 2].copy_from_slice(&((at - start) as u16).to_le_bytes());
        match part {
            Inline::Bits(bits) => bytes.extend(&bits.to_le_bytes()[..size]),
            other => {
                bytes.extend([0; 4]);
                later.push((at, other));
            }
        }
    }
    for (at, part) in later {
        let place = match part {
            Inline::Inner(table) => write_table(bytes, table),
            Inline::Offset(value) => write_value(bytes, value),
            Inline::Bits(_) => continue,
        };
        let offset = (place - at) as u32;
        bytes[at..at + 4].copy_from_slice(&offset.to_le_bytes());
    }
    start
}

fn write_value(bytes: &mut Vec<u8>, value: &Value) -> usize {
    match value {
        Value::Table(table) => write_table(bytes, table),
        Value::Bytes(content) => {
            align(bytes, 4, 16);
            let start = bytes.len();
            bytes.extend((content.len() as u32).to_le_bytes());
            bytes.extend(content);
            bytes.push(0);
            start
        }
        Value::Vector(list) => {
            let size = match list.first() {
                Some(Value::Number(n, _)) => n.bytes,
                _ => 4,
            };
            align(bytes, 4, size.max(4));
            let start = bytes.len();
            bytes.extend((list.len() as u32).to_le_bytes());
            let first = bytes.len();
            bytes.resize(first + size * list.len(), 0);
            for (i, element) in list.iter().enumerate() {
                let at = first + i * size;
                if let Value::Number(_, bits) = element {
                    bytes[at..at + size].copy_from_slice(&bits.to_le_bytes()[..size]);
                } else {
                    let offset = (write_value(bytes, element) - at) as u32;
                    bytes[at..at + 4].copy_from_slice(&offset.to_le_bytes());
                }
            }
            start
        }
        // Only fields are numbers and unions.
        Value::Number(..) | Value::Union(..) => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixtures_come_back() {
        for file in crate::inputs::fixtures() {
            let tree = decode(&file.bytes).expect("a fixture is whole");
            let again = decode(&encode(&tree)).expect("what is written can be read");
            assert_eq!(format!("{tree:?}"), format!("{again:?}"), "{}", file.name);
        }
    }
}
