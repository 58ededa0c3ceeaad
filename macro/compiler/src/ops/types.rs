//! Which element types the operands and outputs of each operator have, compared with those
//! of the file: a tensor of another type would be read as what it is not.
//!
//! The registry's column `types` has
//! a letter for each operand, then, behind `>`, for each output; the last one of a list is
//! that of all further tensors.
//!
//! - `T`: all that have this letter have one type;
//! - `W`: weights: int8 for int8 and int16, else the type of `T`; a float operator may have
//!   8-bit weights, and int16 ones are multiplied by int16;
//! - `A`: slopes: the type of `T`, or int8 for int16;
//! - `B`: a bias: float32 in float, else int32 or int64;
//! - `S`: a state, what is multiplied by it, or shares: int8 or int16, too, where `T` is quantized;
//! - `f`: float32; `r`: a real number, quantized or not; `i`: int32 or int64; `b`: bool;
//! - `*`: any type; `-`: what the operator compares itself.

use crate::error::{Error, Result};
use crate::ir::graph::ElementType;
use crate::ops::registry;
use crate::ops::support::{SUPPORT_COLUMNS, Support, support};
use crate::tflite::TensorType;

/// What a type of the file is here.
fn kind(ty: TensorType) -> Option<ElementType> {
    Some(match ty {
        TensorType::FLOAT32 | TensorType::FLOAT16 | TensorType::COMPLEX64 => ElementType::F32,
        TensorType::INT8 | TensorType::INT4 | TensorType::INT2 => ElementType::I8,
        TensorType::UINT8 => ElementType::U8,
        TensorType::INT16 => ElementType::I16,
        TensorType::INT32 | TensorType::INT64 => ElementType::I32,
        TensorType::UINT32 => ElementType::U32,
        TensorType::BOOL => ElementType::Bool,
        _ => return None,
    })
}

/// Whether a tensor of `kind` fits a letter, where `T` is `shared`.
fn fits(letter: u8, kind: ElementType, shared: ElementType) -> bool {
    use ElementType::{Bool, F32, I8, I16, I32, U8};
    match letter {
        b'T' => kind == shared,
        b'W' => match shared {
            F32 => [F32, I8, U8].contains(&kind),
            I16 => [I8, I16].contains(&kind),
            _ => kind == shared,
        },
        b'A' => kind == shared || (shared == I16 && kind == I8),
        b'B' => kind == if shared == F32 { F32 } else { I32 },
        b'S' => match shared {
            F32 => [F32, I8, U8].contains(&kind),
            _ => kind == shared || [I8, I16].contains(&kind),
        },
        b'f' => kind == F32,
        b'r' => kind.is_real(),
        b'i' => kind == I32,
        b'b' => kind == Bool,
        _ => true,
    }
}

/// What a letter wants, in words.
fn wanted(letter: u8, shared: &str) -> String {
    match letter {
        b'T' => format!("{shared}, as its other tensors are"),
        b'W' => format!("weights for {shared}"),
        b'A' => format!("slopes for {shared}"),
        b'B' => format!("a bias for {shared} (float32 in float, else int32 or int64)"),
        b'S' => format!("a state for {shared}"),
        b'f' => "float32".to_owned(),
        b'r' => "a real number".to_owned(),
        b'i' => "int32 or int64".to_owned(),
        _ => "bool".to_owned(),
    }
}

/// A type as the documentation of TensorFlow writes it.
fn name(ty: TensorType) -> String {
    ty.variant_name()
        .map_or_else(|| format!("type {}", ty.0), str::to_lowercase)
}

/// A tensor around an operator: the file's name of it and its type.
pub(crate) type Typed = (String, TensorType);

/// Compares the tensors of the operator `operator` with its rule; operands that are left out
/// are `None`.
pub(crate) fn check(operator: &str, inputs: &[Option<Typed>], outputs: &[Typed]) -> Result<()> {
    let row = registry::row(operator);
    let Some((reads, writes)) = row.and_then(|row| row.types.split_once('>')) else {
        return Ok(());
    };
    fn letters<'a>(rule: &'a str) -> impl Iterator<Item = u8> + 'a {
        rule.bytes().chain(rule.bytes().last().into_iter().cycle())
    }
    let inputs = inputs.iter().zip(letters(reads)).enumerate();
    let inputs = inputs.filter_map(|(i, (t, l))| Some((format!("operand {i}"), t.as_ref()?, l)));
    let outputs = outputs.iter().zip(letters(writes)).enumerate();
    let outputs = outputs.map(|(i, (t, l))| (format!("output {i}"), t, l));
    let all: Vec<(String, &Typed, u8)> = inputs.chain(outputs).collect();
    let shared = all.iter().find(|(.., letter)| *letter == b'T');
    let shared = shared.map_or(TensorType::FLOAT32, |(_, (_, ty), _)| *ty);
    for (what, (tensor, ty), letter) in &all {
        // Less than 8 bits: weights are unpacked when they are read.
        let packed = [TensorType::INT4, TensorType::INT2].contains(ty);
        if packed && what.starts_with("output") {
            return Err(Error::model(format!(
                "its {what} {tensor:?} is {}, which only constants may be",
                name(*ty)
            )));
        }
        if *letter == b'-' {
            continue;
        }
        let Some(kind) = kind(*ty) else {
            return Err(Error::model(format!(
                "its {what} {tensor:?} is {}, which is not supported",
                name(*ty)
            )));
        };
        // The first of its type is the one that the others are compared with.
        let shared_kind = self::kind(shared).unwrap_or(kind);
        if !fits(*letter, kind, shared_kind) {
            return Err(Error::model(format!(
                "its {what} {tensor:?} is {}, expected {}",
                name(*ty),
                wanted(*letter, &name(shared))
            )));
        }
    }
    Ok(())
}

/// Refuses an operator that reads tensors of a type that it has no kernel for.
pub(crate) fn check_support(operator: &str, element: ElementType) -> Result<()> {
    if support(operator, element) != Support::No {
        return Ok(());
    }
    let column = |e: ElementType| SUPPORT_COLUMNS.iter().find(|c| c.0 == e);
    let supported = SUPPORT_COLUMNS.iter().map(|c| c.0);
    let supported = supported.filter(|e| support(operator, *e) != Support::No);
    let supported: Vec<&str> = supported.filter_map(column).map(|c| c.1).collect();
    if supported.is_empty() {
        return Ok(());
    }
    Err(Error::model(format!(
        "it reads {}; supported are {}",
        column(element).map_or("?", |c| c.1),
        supported.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_letters_of_operands_and_outputs() {
        for row in registry::ROWS.into_iter().flatten() {
            let sides: Vec<&str> = row.types.split('>').collect();
            let known =
                |side: &&str| !side.is_empty() && side.chars().all(|l| "TWABSfrib*-".contains(l));
            let is_rule = sides.len() == 2 && sides.iter().all(known);
            assert!(is_rule || row.types.is_empty(), "{}", row.name);
        }
    }

    #[test]
    fn types_are_compared() {
        let typed = |ty| (String::from("x"), ty);
        let check = |operator: &str, inputs: &[TensorType], output| {
            let inputs: Vec<_> = inputs.iter().map(|&ty| Some(typed(ty))).collect();
            check(operator, &inputs, &[typed(output)])
        };
        use TensorType as Type;
        for (operator, inputs, output, is_right) in [
            ("ADD", &[Type::INT8, Type::INT8][..], Type::INT8, true),
            ("ADD", &[Type::INT8, Type::INT32], Type::INT8, false),
            ("ADD", &[Type::INT8, Type::INT8], Type::INT16, false),
            (
                "CONV_2D",
                &[Type::INT16, Type::INT8, Type::INT64],
                Type::INT16,
                true,
            ),
            (
                "CONV_2D",
                &[Type::FLOAT32, Type::INT8, Type::FLOAT32],
                Type::FLOAT32,
                true,
            ),
            (
                "CONV_2D",
                &[Type::INT8, Type::INT8, Type::FLOAT32],
                Type::INT8,
                false,
            ),
            (
                "CONCATENATION",
                &[Type::BOOL, Type::BOOL, Type::INT8],
                Type::BOOL,
                false,
            ),
            ("LESS", &[Type::INT64, Type::INT32], Type::BOOL, true),
            ("GATHER", &[Type::STRING, Type::INT32], Type::STRING, false),
        ] {
            let found = check(operator, inputs, output);
            assert_eq!(found.is_ok(), is_right, "{operator} {inputs:?} {found:?}");
        }
        let error = check("ADD", &[Type::INT8, Type::INT32], Type::INT8).expect_err("two types");
        let text = "its operand 1 \"x\" is int32, expected int8, as its other tensors are";
        assert_eq!(error.message, text);
    }
}
