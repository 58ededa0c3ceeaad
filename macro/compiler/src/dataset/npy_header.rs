//! The header of a `.npy` array: a Python dictionary as text.

use super::limits;

/// The three entries of the header.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    pub descr: String,
    pub fortran_order: bool,
    pub shape: Vec<usize>,
}

impl Header {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut rest = Literal(text);
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        rest.sign('{')?;
        while rest.sign('}').is_none() {
            let key = rest.string()?;
            rest.sign(':')?;
            // Each entry once.
            let free = match key {
                "descr" => descr.replace(rest.type_name()?.to_owned()).is_none(),
                "fortran_order" => fortran_order.replace(rest.flag()?).is_none(),
                "shape" => shape.replace(rest.tuple()?).is_none(),
                _ => false,
            };
            let more = rest.sign(',').is_some();
            if !free || (!more && !rest.0.trim_start().starts_with('}')) {
                return None;
            }
        }
        rest.0.trim().is_empty().then_some(())?;
        Some(Self {
            descr: descr?,
            fortran_order: fortran_order?,
            shape: shape?,
        })
    }
}

/// The rest of a Python literal that is being parsed.
struct Literal<'a>(&'a str);

impl<'a> Literal<'a> {
    fn sign(&mut self, sign: char) -> Option<()> {
        self.0 = self.0.trim_start().strip_prefix(sign)?;
        Some(())
    }

    fn string(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (string, rest) = text[1..].split_once(quote)?;
        self.0 = rest;
        Some(string)
    }

    /// A string, or the list of a structured type as it stands.
    fn type_name(&mut self) -> Option<&'a str> {
        if let Some(string) = self.string() {
            return Some(string);
        }
        let text = self.0.trim_start();
        let end = text.starts_with('[').then(|| text.find(']')).flatten()?;
        self.0 = &text[end + 1..];
        Some(&text[..=end])
    }

    fn flag(&mut self) -> Option<bool> {
        let text = self.0.trim_start();
        let (value, rest) = match text.strip_prefix("True") {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix("False")?),
        };
        self.0 = rest;
        Some(value)
    }

    fn tuple(&mut self) -> Option<Vec<usize>> {
        self.sign('(')?;
        let mut shape = Vec::new();
        while self.sign(')').is_none() {
            let text = self.0.trim_start();
            let end = text.find(|c: char| !c.is_ascii_digit())?;
            shape.push(text[..end].parse().ok()?);
            // Python 2 marked long numbers.
            let rest = &text[end..];
            self.0 = rest.strip_prefix('L').unwrap_or(rest);
            let more = self.sign(',').is_some();
            if shape.len() > limits::DIMENSIONS || (!more && !self.0.trim_start().starts_with(')'))
            {
                return None;
            }
        }
        Some(shape)
    }
}
