//! The attributes of custom operators: a flexbuffer map.

/// A map of attributes; `None` for an attribute that is missing or damaged.
pub(crate) struct Attributes<'a> {
    bytes: &'a [u8],
    root: Value,
}

/// A value's place, type and width.
#[derive(Clone, Copy)]
struct Value {
    at: usize,
    kind: u8,
    /// Bytes of the number or offset that lies there.
    parent: usize,
    /// Bytes of what an offset leads to.
    width: usize,
}

const INT: u8 = 1;
const UINT: u8 = 2;
const FLOAT: u8 = 3;
const STRING: u8 = 5;
const INDIRECT_INT: u8 = 6;
const INDIRECT_UINT: u8 = 7;
const INDIRECT_FLOAT: u8 = 8;
const MAP: u8 = 9;
const VECTOR_INT: u8 = 11;
const VECTOR_UINT: u8 = 12;
/// Two, three or four numbers of one type.
const FIXED: std::ops::RangeInclusive<u8> = 16..=24;
const BOOL: u8 = 26;

impl<'a> Attributes<'a> {
    /// The map that `bytes` hold.
    pub(crate) fn new(bytes: &'a [u8]) -> Option<Self> {
        let [.., packed, parent] = *bytes else {
            return None;
        };
        let parent = usize::from(parent);
        let root = Value {
            at: bytes.len().checked_sub(2 + parent)?,
            kind: packed >> 2,
            parent,
            width: 1 << (packed & 3),
        };
        (root.kind == MAP).then_some(Self { bytes, root })
    }

    /// The number under a key.
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        self.scalar(self.find(key)?)
    }

    /// The text under a key.
    pub(crate) fn text(&self, key: &str) -> Option<&'a str> {
        let value = self.find(key).filter(|v| v.kind == STRING)?;
        let at = self.target(value)?;
        let len = self.unsigned(at.checked_sub(value.width)?, value.width)? as usize;
        let text = self.bytes.get(at..at.checked_add(len)?)?;
        std::str::from_utf8(text).ok()
    }

    /// The list of integers under a key.
    pub(crate) fn integers(&self, key: &str) -> Option<Vec<i64>> {
        let value = self.find(key)?;
        let at = self.target(value)?;
        let (kind, len) = match value.kind {
            VECTOR_INT | VECTOR_UINT => {
                let len = self.unsigned(at.checked_sub(value.width)?, value.width)?;
                (value.kind - VECTOR_INT + INT, len as usize)
            }
            kind if FIXED.contains(&kind) => {
                let number = kind - FIXED.start();
                (number % 3 + INT, usize::from(number / 3) + 2)
            }
            _ => return None,
        };
        if len > self.bytes.len() {
            return None;
        }
        (0..len)
            .map(|i| {
                let at = at.checked_add(i.checked_mul(value.width)?)?;
                match kind {
                    INT => self.signed(at, value.width),
                    UINT => Some(self.unsigned(at, value.width)? as i64),
                    _ => None,
                }
            })
            .collect()
    }

    /// The value of a key.
    fn find(&self, key: &str) -> Option<Value> {
        let at = self.target(self.root)?;
        let width = self.root.width;
        let len = self.unsigned(at.checked_sub(width)?, width)? as usize;
        // In front of the length: where the keys are, and how wide their offsets.
        let keys_at = at.checked_sub(3 * width)?;
        let keys = keys_at.checked_sub(self.unsigned(keys_at, width)? as usize)?;
        let key_width = self.unsigned(at.checked_sub(2 * width)?, width)? as usize;
        if len > self.bytes.len() || !matches!(key_width, 1 | 2 | 4 | 8) {
            return None;
        }
        for i in 0..len {
            let name_at = keys.checked_add(i * key_width)?;
            let name = name_at.checked_sub(self.unsigned(name_at, key_width)? as usize)?;
            let end = name.checked_add(key.len())?;
            let same = self.bytes.get(name..end) == Some(key.as_bytes());
            if same && self.bytes.get(end) == Some(&0) {
                let packed = *self.bytes.get(at.checked_add(len * width + i)?)?;
                return Some(Value {
                    at: at + i * width,
                    kind: packed >> 2,
                    parent: width,
                    width: 1 << (packed & 3),
                });
            }
        }
        None
    }

    /// The position that an offset leads to.
    fn target(&self, value: Value) -> Option<usize> {
        let offset = self.unsigned(value.at, value.parent)?;
        value.at.checked_sub(usize::try_from(offset).ok()?)
    }

    fn scalar(&self, value: Value) -> Option<f64> {
        let (at, width) = match value.kind {
            INDIRECT_INT | INDIRECT_UINT | INDIRECT_FLOAT => (self.target(value)?, value.width),
            _ => (value.at, value.parent),
        };
        Some(match value.kind {
            INT | INDIRECT_INT => self.signed(at, width)? as f64,
            UINT | INDIRECT_UINT | BOOL => self.unsigned(at, width)? as f64,
            FLOAT | INDIRECT_FLOAT => {
                let bytes = self.bytes.get(at..at.checked_add(width)?)?;
                match width {
                    4 => f32::from_le_bytes(bytes.try_into().ok()?).into(),
                    8 => f64::from_le_bytes(bytes.try_into().ok()?),
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    fn unsigned(&self, at: usize, width: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..at.checked_add(width)?)?;
        let number = bytes.iter().rev();
        (width <= 8).then(|| number.fold(0, |n, &b| n << 8 | u64::from(b)))
    }

    fn signed(&self, at: usize, width: usize) -> Option<i64> {
        let unused = 64_usize.checked_sub(8 * width)?;
        Some((self.unsigned(at, width)? as i64) << unused >> unused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// {"a": -3, "f": 0.5, "k": [1, 2, 2, 1], "p": "SAME"}, as the format's own builder
    /// writes it.
    const MAP: &[u8] = &[
        97, 0, 102, 0, 107, 0, 4, 1, 2, 2, 1, 112, 0, 4, 83, 65, 77, 69, 0, 4, 20, 19, 18, 12, 4,
        0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 253, 255, 255, 255, 0, 0, 0, 63, 37, 0, 0, 0, 34, 0, 0, 0,
        6, 14, 44, 20, 20, 38, 1,
    ];

    #[test]
    fn attributes_have_their_types() {
        let map = Attributes::new(MAP).expect("a map");
        assert_eq!((map.number("a"), map.number("f")), (Some(-3.0), Some(0.5)));
        assert_eq!(map.integers("k"), Some(vec![1, 2, 2, 1]));
        assert_eq!(
            (map.text("p"), map.text("a"), map.number("q")),
            (Some("SAME"), None, None)
        );
    }

    #[test]
    fn damaged_maps_are_no_panic() {
        for end in 0..MAP.len() {
            if let Some(map) = Attributes::new(&MAP[..end]) {
                let _ = (map.number("a"), map.integers("k"), map.text("p"));
            }
        }
    }
}
