//! What a `.tflite` file says of itself, also one that cannot be compiled.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::ops::{refusals, registry};
use crate::tflite::{self, BuiltinOperator, TensorType};

/// How the numbers of a file are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FileKind {
    /// Float32 weights and activations.
    Float32,
    /// Float16 weights, float32 activations.
    Float16Weights,
    /// Int8 weights, float32 activations ("dynamic range").
    Hybrid,
    /// Float activations that training has rounded to int8 (QUANTIZE, FAKE_QUANT).
    QuantizationAware,
    /// Int8 activations.
    Int8,
    /// Uint8 activations of old converters.
    Uint8,
    /// Int16 activations, int8 weights.
    Int16,
}

/// What a file contains, as far as its tables say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Bytes of the file.
    pub bytes: usize,
    /// How its numbers are stored.
    pub kind: FileKind,
    /// Names of the signatures, if there are any.
    pub signatures: Vec<String>,
    /// Subgraphs: more than one if there are branches, loops or several signatures.
    pub subgraphs: usize,
    /// Operators of all subgraphs by name.
    pub operators: Vec<FileOperator>,
    /// Real tensors that operators compute and whose range the file has.
    pub ranges_in_file: usize,
    /// Real tensors that operators compute.
    pub computed_tensors: usize,
}

/// One kind of operator of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileOperator {
    /// The name, with that of a custom operator.
    pub name: String,
    /// How often it occurs.
    pub count: usize,
    /// True if niello compiles it.
    pub supported: bool,
    /// Why not, and what to do, where it is known.
    pub reason: Option<String>,
}

impl FileFacts {
    /// Reads the facts of a file's bytes.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let model = tflite::open(bytes)?;
        let signatures = model.signature_defs().unwrap_or_default();
        let signatures = signatures.iter().filter_map(|s| s.signature_key());
        let subgraphs = model.subgraphs().unwrap_or_default();
        let mut operators: BTreeMap<String, FileOperator> = BTreeMap::new();
        let mut seen = Tensors::default();
        for subgraph in subgraphs {
            let tensors = subgraph.tensors().unwrap_or_default();
            for operator in subgraph.operators().unwrap_or_default() {
                let code = tflite::builtin_code(&model, &operator)?;
                let custom = tflite::custom_code(&model, &operator);
                let described = describe(code, custom);
                seen.rounding |= matches!(
                    code,
                    BuiltinOperator::FAKE_QUANT | BuiltinOperator::QUANTIZE
                );
                let entry = operators.entry(described.name.clone()).or_insert(described);
                entry.count += 1;
                for id in operator.outputs().unwrap_or_default() {
                    let Some(index) = usize::try_from(id).ok().filter(|&i| i < tensors.len())
                    else {
                        continue;
                    };
                    let tensor = tensors.get(index);
                    let scales = tensor.quantization().and_then(|q| q.scale());
                    let is_quantized = scales.is_some_and(|scales| !scales.is_empty());
                    seen.computed(tensor.type_(), is_quantized);
                }
            }
            for tensor in tensors {
                let buffer = tflite::buffer(bytes, &model, &tensor);
                let is_constant = buffer.is_ok_and(|b| b.is_some_and(|b| !b.is_empty()));
                if is_constant {
                    let shape = tensor.shape().map_or(0, |s| s.len());
                    seen.constant(tensor.type_(), shape);
                }
            }
        }
        Ok(Self {
            bytes: bytes.len(),
            kind: seen.kind(),
            signatures: signatures.map(str::to_owned).collect(),
            subgraphs: subgraphs.len(),
            operators: operators.into_values().collect(),
            ranges_in_file: seen.ranges,
            computed_tensors: seen.all,
        })
    }
}

/// The row of an operator that occurs nowhere yet.
fn describe(code: BuiltinOperator, custom: &str) -> FileOperator {
    let is_custom = code == BuiltinOperator::CUSTOM;
    let plain = if is_custom {
        custom.to_owned()
    } else {
        tflite::operator_name(code)
    };
    // What the reader resolves by itself has no row.
    let is_structural = matches!(
        code,
        BuiltinOperator::IF
            | BuiltinOperator::WHILE
            | BuiltinOperator::CALL_ONCE
            | BuiltinOperator::VAR_HANDLE
            | BuiltinOperator::READ_VARIABLE
            | BuiltinOperator::ASSIGN_VARIABLE
            | BuiltinOperator::STABLEHLO_COMPOSITE
    );
    let supported = is_structural
        || registry::is_supported(code)
        || registry::is_supported_custom(code, custom);
    FileOperator {
        count: 0,
        supported,
        reason: (!supported)
            .then(|| refusals::reason(&plain))
            .flatten()
            .map(str::to_owned),
        name: if is_custom {
            format!("CUSTOM ({plain})")
        } else {
            plain
        },
    }
}

/// What the types of a file's tensors say.
#[derive(Default)]
struct Tensors {
    float: usize,
    int8: usize,
    uint8: usize,
    int16: usize,
    /// Real tensors that operators compute, and those with a range.
    all: usize,
    ranges: usize,
    /// An operator rounds as int8 does.
    rounding: bool,
    /// Constants with several dimensions.
    float16_weights: bool,
    narrow_weights: bool,
}

impl Tensors {
    fn computed(&mut self, element: TensorType, is_quantized: bool) {
        match element {
            TensorType::FLOAT32 => self.float += 1,
            TensorType::INT8 => self.int8 += 1,
            TensorType::UINT8 => self.uint8 += 1,
            TensorType::INT16 => self.int16 += 1,
            _ => return,
        }
        self.all += 1;
        self.ranges += usize::from(is_quantized);
    }

    fn constant(&mut self, element: TensorType, dimensions: usize) {
        let is_narrow = matches!(
            element,
            TensorType::INT8 | TensorType::INT4 | TensorType::UINT8
        );
        self.float16_weights |= element == TensorType::FLOAT16;
        self.narrow_weights |= is_narrow && dimensions > 1;
    }

    fn kind(&self) -> FileKind {
        let most = self.float.max(self.int8).max(self.uint8).max(self.int16);
        if self.float < most {
            if self.int16 == most {
                FileKind::Int16
            } else if self.int8 >= self.uint8 {
                FileKind::Int8
            } else {
                FileKind::Uint8
            }
        } else if self.rounding {
            FileKind::QuantizationAware
        } else if self.float16_weights {
            FileKind::Float16Weights
        } else if self.narrow_weights {
            FileKind::Hybrid
        } else {
            FileKind::Float32
        }
    }
}
