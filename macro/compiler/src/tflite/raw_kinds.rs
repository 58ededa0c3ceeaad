//! The fields of the format's tables that refer to others, and the places of those that a part of
//! a model changes.

use super::raw::{Fields, Kind};
use Kind::{Table, Tables, Text, Union, Vector};

/// Fields of `OperatorCode`.
pub(super) const OPERATOR_CODE: Fields = &[(1, Text)];

/// Fields of `Tensor`.
pub(super) const TENSOR: Fields = &[
    (0, Vector(4)),
    (3, Text),
    (TENSOR_QUANTIZATION, Table(QUANTIZATION)),
    (6, Table(SPARSITY)),
    (7, Vector(4)),
    (9, Tables(VARIANT_SUBTYPE)),
];
pub(super) const TENSOR_BUFFER: u16 = 2;
pub(super) const TENSOR_QUANTIZATION: u16 = 4;
/// A constant in a file of its own.
pub(super) const TENSOR_EXTERNAL: u16 = 10;

const QUANTIZATION: Fields = &[
    (0, Vector(4)),
    (1, Vector(4)),
    (2, Vector(4)),
    (3, Vector(8)),
    (QUANTIZATION_DETAILS, Union(quantization_details)),
];
/// The kind of details lies one place before.
pub(super) const QUANTIZATION_DETAILS: u16 = 5;
/// `BlockwiseQuantization`, whose first two fields are the numbers of tensors.
pub(super) const BLOCKWISE: u32 = 2;

fn quantization_details(which: u8) -> Option<Fields> {
    match which {
        1 => Some(&[(0, Vector(1))]),
        2 => Some(&[]),
        _ => None,
    }
}

const SPARSITY: Fields = &[
    (0, Vector(4)),
    (1, Vector(4)),
    (2, Tables(&[(3, Union(indices)), (5, Union(indices))])),
];

/// Fields of the tables of `SparseIndexVector`.
fn indices(which: u8) -> Option<Fields> {
    match which {
        1 => Some(&[(0, Vector(4))]),
        2 => Some(&[(0, Vector(2))]),
        3 => Some(&[(0, Vector(1))]),
        _ => None,
    }
}

const VARIANT_SUBTYPE: Fields = &[(0, Vector(4))];

/// Fields of `Operator`.
pub(super) const OPERATOR: Fields = &[
    (OPERATOR_INPUTS, Vector(4)),
    (OPERATOR_OUTPUTS, Vector(4)),
    (OPERATOR_OPTIONS, Union(options)),
    (OPERATOR_CUSTOM, Vector(1)),
    (7, Vector(1)),
    (OPERATOR_INTERMEDIATES, Vector(4)),
    (OPERATOR_OPTIONS_2, Union(options_2)),
];
pub(super) const OPERATOR_CODE_INDEX: u16 = 0;
pub(super) const OPERATOR_INPUTS: u16 = 1;
pub(super) const OPERATOR_OUTPUTS: u16 = 2;
/// The kind of options lies one place before.
pub(super) const OPERATOR_OPTIONS: u16 = 4;
pub(super) const OPERATOR_CUSTOM: u16 = 5;
pub(super) const OPERATOR_INTERMEDIATES: u16 = 8;
/// Where options of more than 2 GB lie behind the flatbuffer, and their size.
pub(super) const OPERATOR_LARGE: [u16; 2] = [9, 10];
pub(super) const OPERATOR_OPTIONS_2: u16 = 12;
pub(super) const OPERATOR_DEBUG: u16 = 13;

/// `BuiltinOptions`: nearly all of them have numbers only.
fn options(which: u8) -> Option<Fields> {
    match which {
        // ConcatEmbeddings.
        3 => Some(&[(1, Vector(4)), (2, Vector(4))]),
        // Reshape, Squeeze, Bucketize.
        17 | 30 | 115 => Some(&[(0, Vector(4))]),
        // VarHandle.
        111 => Some(&[(0, Text), (1, Text)]),
        0..=126 => Some(&[]),
        _ => None,
    }
}

/// `BuiltinOptions2`, of the operators of StableHLO.
fn options_2(which: u8) -> Option<Fields> {
    (which == COMPOSITE as u8).then_some(&[(0, Text), (2, Vector(1))])
}

const COMPOSITE: u32 = 21;

/// The fields of an operator's options that are numbers of subgraphs.
pub(super) fn subgraph_fields(options: u32) -> &'static [u16] {
    match options {
        // IF, WHILE.
        92 | 93 => &[0, 1],
        // CALL, CALL_ONCE.
        16 | 103 => &[0],
        _ => &[],
    }
}

/// The fields of options of the second union that are numbers of subgraphs.
pub(super) fn subgraph_fields_2(options: u32) -> &'static [u16] {
    if options == COMPOSITE { &[1] } else { &[] }
}
