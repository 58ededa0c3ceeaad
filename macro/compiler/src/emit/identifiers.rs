//! Rust identifiers from a model's names: distinct, and neither keywords nor names that the
//! emitted module uses itself.

use heck::ToSnakeCase;
use proc_macro2::Ident;

use crate::tokens::literals::ident;

/// Names that the module defines itself, or that its code takes from Rust's prelude: a
/// tuple struct is a function, too.
pub(super) const RESERVED_TYPES: &[&str] = &[
    "Output", "Arena", "Run", "State", "Inputs", "Self", "STEPS", "MACS", "BYTES", "Some", "None",
];
const RESERVED_IDENTS: &[&str] = &[
    "arena",
    "inputs",
    "output",
    "rt",
    "state",
    "next",
    "number",
    "step",
    "new",
    "within",
    "run_into", // Methods that would be found before an arena's own.
    "clone",
    "clone_into",
    "to_owned",
    "into",
    "try_into",
    "borrow",
];
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Why the user cannot choose a name.
pub(super) fn unfit(name: &str, is_input: bool) -> Option<&'static str> {
    let mut characters = name.chars();
    let first = characters.next().unwrap_or(' ');
    let is_word = (first.is_alphabetic() || first == '_')
        && characters.all(|c| c.is_alphanumeric() || c == '_');
    if !is_word || matches!(name, "_" | "self" | "Self" | "super" | "crate") {
        return Some("is not a name");
    }
    if !is_input {
        return None;
    }
    if RESERVED_IDENTS.contains(&name) {
        return Some("is a name of the generated code");
    }
    // A parameter cannot have the name of a type or a constant.
    first
        .is_uppercase()
        .then_some("begins like a type or a constant of the generated code")
}

/// The identifier of a name, which may be a keyword.
pub(super) fn port_ident(name: &str) -> Ident {
    let raw = KEYWORDS.contains(&name) && !matches!(name, "self" | "super" | "crate");
    if raw {
        Ident::new_raw(name, proc_macro2::Span::call_site())
    } else {
        ident(name)
    }
}

/// A tensor name as a snake-case identifier.
pub(super) fn snake(name: &str) -> String {
    let ascii: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    let snake = ascii.to_snake_case();
    match snake.chars().next() {
        None => "tensor".to_owned(),
        Some(c) if c.is_ascii_digit() => format!("_{snake}"),
        Some(_) => snake,
    }
}

/// True for keywords and names of the module's own.
pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED_IDENTS.contains(&name) || KEYWORDS.contains(&name)
}

/// Makes names distinct, and neither keywords nor names of the module's own.
pub(super) fn unique(names: Vec<String>, is_input: bool) -> Vec<String> {
    let names = names.into_iter().map(|name| {
        let reserved = is_input && RESERVED_IDENTS.contains(&name.as_str());
        if reserved || KEYWORDS.contains(&name.as_str()) {
            format!("{name}_")
        } else {
            name
        }
    });
    distinct(names.collect())
}

/// Makes names distinct by numbers behind them.
pub(super) fn distinct(names: Vec<String>) -> Vec<String> {
    let mut taken: Vec<String> = Vec::new();
    for name in names {
        let mut candidate = name.clone();
        let mut n = 2;
        while taken.contains(&candidate) {
            candidate = format!("{name}_{n}");
            n += 1;
        }
        taken.push(candidate);
    }
    taken
}
