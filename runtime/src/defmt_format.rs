//! How inputs, outputs and errors are logged by the crate `defmt`.

use defmt::{Format, Formatter, write};

use crate::arena::Arena;

impl<const BYTES: usize> Format for Arena<BYTES> {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "Arena({=usize} bytes)", BYTES);
    }
}

/// Logs a type of one value, such as an input.
pub fn format_value(name: &'static str, value: &impl Format, f: Formatter<'_>) {
    write!(f, "{=str}({})", name, value);
}

/// Logs the beginning of a struct.
pub fn format_begin(name: &'static str, f: Formatter<'_>) {
    write!(f, "{=str} {{ ", name);
}

/// Logs one field of a struct.
pub fn format_field(name: &'static str, value: &impl Format, f: Formatter<'_>) {
    write!(f, "{=str}: {}, ", name, value);
}

/// Logs the end of a struct.
pub fn format_end(f: Formatter<'_>) {
    write!(f, "}}");
}
