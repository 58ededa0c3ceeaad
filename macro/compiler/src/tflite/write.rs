//! Writes a model: its tables as plain values, and from them the bytes of a file.

use std::collections::HashMap;

use flatbuffers::{FlatBufferBuilder, WIPOffset};

use super::schema_generated::tflite as schema;
use super::write_options::{Options, write_options};
use super::{BuiltinOperator, TensorType};
use crate::arithmetic::quant_params::QuantParams;

/// A builder whose memory belongs to it.
pub(super) type Builder = FlatBufferBuilder<'static>;

/// Buffers begin at multiples of this many bytes, so that readers may map them.
const BUFFER_ALIGNMENT: usize = 16;

/// How the numbers of a tensor stand for real ones.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Quantization {
    None,
    /// One scale and zero point.
    Whole(QuantParams),
    /// One scale for each slice along a dimension, all with zero point 0.
    Channels {
        scales: Vec<f32>,
        dimension: usize,
    },
}

/// A tensor of a subgraph.
#[derive(Clone, Debug)]
pub(crate) struct TensorTable {
    pub name: String,
    pub shape: Vec<usize>,
    pub element: TensorType,
    pub quantization: Quantization,
    /// The bytes of a constant.
    pub data: Option<Vec<u8>>,
}

/// A builtin operator, or a custom one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Code<'a> {
    Builtin(BuiltinOperator),
    /// A custom operator's name.
    Custom(&'a str),
}

/// An operator of a subgraph; tensors by their number there.
#[derive(Clone)]
pub(crate) struct OperatorTable<'a> {
    pub code: Code<'a>,
    pub version: i32,
    /// `None` where an optional operand is left out.
    pub inputs: Vec<Option<usize>>,
    pub outputs: Vec<usize>,
    pub options: Options<'a>,
}

/// A subgraph, its operators in order of execution.
#[derive(Clone, Default)]
pub(crate) struct SubgraphTable<'a> {
    pub name: String,
    pub tensors: Vec<TensorTable>,
    pub operators: Vec<OperatorTable<'a>>,
    pub inputs: Vec<usize>,
    pub outputs: Vec<usize>,
}

/// The names of the first subgraph's inputs and outputs.
#[derive(Clone, Default)]
pub(crate) struct SignatureTable {
    pub key: String,
    pub inputs: Vec<(String, usize)>,
    pub outputs: Vec<(String, usize)>,
}

/// A whole model, as its tables.
#[derive(Clone, Default)]
pub(crate) struct ModelTable<'a> {
    pub subgraphs: Vec<SubgraphTable<'a>>,
    pub signature: SignatureTable,
}

fn indices(list: &[usize]) -> Vec<i32> {
    let index = |&i: &usize| i32::try_from(i).unwrap_or(i32::MAX);
    list.iter().map(index).collect()
}

impl ModelTable<'_> {
    /// The bytes of the file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut fbb = FlatBufferBuilder::new();
        // What is written first lies last, and has the alignment that the whole file gets.
        fbb.push(0_u64);
        let mut buffers = Buffers::new(&mut fbb);
        let mut codes = Codes::default();
        let subgraphs: Vec<_> = self
            .subgraphs
            .iter()
            .map(|subgraph| write_subgraph(&mut fbb, subgraph, &mut buffers, &mut codes))
            .collect();
        let tables = Tables {
            codes: &codes.tables,
            subgraphs: &subgraphs,
            buffers: &buffers.tables,
        };
        let description = "int8 program, written by Niello";
        tables.finish(fbb, description, &self.signature)
    }
}

/// The tables of a model that are written.
pub(super) struct Tables<'a> {
    pub codes: &'a [WIPOffset<schema::OperatorCode<'static>>],
    pub subgraphs: &'a [WIPOffset<schema::SubGraph<'static>>],
    pub buffers: &'a [WIPOffset<schema::Buffer<'static>>],
}

impl Tables<'_> {
    /// Writes the model around the tables; gives the bytes of the file.
    pub(super) fn finish(
        &self,
        mut fbb: Builder,
        description: &str,
        signature: &SignatureTable,
    ) -> Vec<u8> {
        let signature = write_signature(&mut fbb, signature);
        let args = schema::ModelArgs {
            version: 3,
            operator_codes: Some(fbb.create_vector(self.codes)),
            subgraphs: Some(fbb.create_vector(self.subgraphs)),
            description: Some(fbb.create_string(description)),
            buffers: Some(fbb.create_vector(self.buffers)),
            signature_defs: Some(fbb.create_vector(&[signature])),
            ..Default::default()
        };
        let model = schema::Model::create(&mut fbb, &args);
        // The file's head has eight bytes more.
        while !(fbb.unfinished_data().len() + 8).is_multiple_of(BUFFER_ALIGNMENT) {
            fbb.push(0_u8);
        }
        fbb.finish(model, Some("TFL3"));
        fbb.finished_data().to_vec()
    }
}

/// Writes the names of inputs and outputs.
fn write_signature(
    fbb: &mut Builder,
    signature: &SignatureTable,
) -> WIPOffset<schema::SignatureDef<'static>> {
    let mut map = |ports: &[(String, usize)]| {
        let maps: Vec<_> = ports
            .iter()
            .map(|(name, tensor)| {
                let args = schema::TensorMapArgs {
                    name: Some(fbb.create_string(name)),
                    tensor_index: u32::try_from(*tensor).unwrap_or(u32::MAX),
                };
                schema::TensorMap::create(fbb, &args)
            })
            .collect();
        fbb.create_vector(&maps)
    };
    let (inputs, outputs) = (map(&signature.inputs), map(&signature.outputs));
    let args = schema::SignatureDefArgs {
        inputs: Some(inputs),
        outputs: Some(outputs),
        signature_key: Some(fbb.create_string(&signature.key)),
        ..Default::default()
    };
    schema::SignatureDef::create(fbb, &args)
}

/// The buffers of constants, shared by content.
pub(super) struct Buffers {
    pub tables: Vec<WIPOffset<schema::Buffer<'static>>>,
    known: HashMap<Vec<u8>, u32>,
}

impl Buffers {
    /// Buffer 0 is that of all tensors without data.
    pub(super) fn new(fbb: &mut Builder) -> Self {
        let none = schema::Buffer::create(fbb, &schema::BufferArgs::default());
        Self {
            tables: vec![none],
            known: HashMap::new(),
        }
    }

    /// The number of the buffer with these bytes.
    pub(super) fn write(&mut self, fbb: &mut Builder, data: &[u8]) -> u32 {
        if let Some(&known) = self.known.get(data) {
            return known;
        }
        // The data ends up so many bytes in front of the file's end.
        while !(fbb.unfinished_data().len() + data.len()).is_multiple_of(BUFFER_ALIGNMENT) {
            fbb.push(0_u8);
        }
        let args = schema::BufferArgs {
            data: Some(fbb.create_vector(data)),
            ..Default::default()
        };
        let number = u32::try_from(self.tables.len()).unwrap_or(u32::MAX);
        self.tables.push(schema::Buffer::create(fbb, &args));
        self.known.insert(data.to_vec(), number);
        number
    }
}

/// The operators' codes and versions, each one once.
#[derive(Default)]
struct Codes<'a> {
    tables: Vec<WIPOffset<schema::OperatorCode<'static>>>,
    known: HashMap<(Code<'a>, i32), u32>,
}

impl<'a> Codes<'a> {
    fn write(&mut self, fbb: &mut Builder, code: Code<'a>, version: i32) -> u32 {
        if let Some(&known) = self.known.get(&(code, version)) {
            return known;
        }
        let (builtin, custom) = match code {
            Code::Builtin(builtin) => (builtin, None),
            Code::Custom(name) => (BuiltinOperator::CUSTOM, Some(fbb.create_string(name))),
        };
        let old = builtin
            .0
            .min(BuiltinOperator::PLACEHOLDER_FOR_GREATER_OP_CODES.0);
        let args = schema::OperatorCodeArgs {
            deprecated_builtin_code: i8::try_from(old).unwrap_or(i8::MAX),
            custom_code: custom,
            version,
            builtin_code: builtin,
        };
        let number = u32::try_from(self.tables.len()).unwrap_or(u32::MAX);
        self.tables.push(schema::OperatorCode::create(fbb, &args));
        self.known.insert((code, version), number);
        number
    }
}

fn write_subgraph<'a>(
    fbb: &mut Builder,
    subgraph: &SubgraphTable<'a>,
    buffers: &mut Buffers,
    codes: &mut Codes<'a>,
) -> WIPOffset<schema::SubGraph<'static>> {
    let tensors: Vec<_> = subgraph
        .tensors
        .iter()
        .map(|tensor| write_tensor(fbb, tensor, buffers))
        .collect();
    let operators: Vec<_> = subgraph
        .operators
        .iter()
        .map(|operator| write_operator(fbb, operator, codes))
        .collect();
    let args = schema::SubGraphArgs {
        tensors: Some(fbb.create_vector(&tensors)),
        inputs: Some(fbb.create_vector(&indices(&subgraph.inputs))),
        outputs: Some(fbb.create_vector(&indices(&subgraph.outputs))),
        operators: Some(fbb.create_vector(&operators)),
        name: Some(fbb.create_string(&subgraph.name)),
    };
    schema::SubGraph::create(fbb, &args)
}

fn write_tensor(
    fbb: &mut Builder,
    tensor: &TensorTable,
    buffers: &mut Buffers,
) -> WIPOffset<schema::Tensor<'static>> {
    let (scales, zero_points, dimension) = match &tensor.quantization {
        Quantization::None => (Vec::new(), Vec::new(), 0),
        Quantization::Whole(params) => (vec![params.scale], vec![params.zero_point.into()], 0),
        Quantization::Channels { scales, dimension } => {
            (scales.clone(), vec![0_i64; scales.len()], *dimension)
        }
    };
    let quantization = (!scales.is_empty()).then(|| {
        let args = schema::QuantizationParametersArgs {
            scale: Some(fbb.create_vector(&scales)),
            zero_point: Some(fbb.create_vector(&zero_points)),
            quantized_dimension: i32::try_from(dimension).unwrap_or(0),
            ..Default::default()
        };
        schema::QuantizationParameters::create(fbb, &args)
    });
    let buffer = (tensor.data.as_ref()).map_or(0, |data| buffers.write(fbb, data));
    let args = schema::TensorArgs {
        shape: Some(fbb.create_vector(&indices(&tensor.shape))),
        type_: tensor.element,
        buffer,
        name: Some(fbb.create_string(&tensor.name)),
        quantization,
        ..Default::default()
    };
    schema::Tensor::create(fbb, &args)
}

fn write_operator<'a>(
    fbb: &mut Builder,
    operator: &OperatorTable<'a>,
    codes: &mut Codes<'a>,
) -> WIPOffset<schema::Operator<'static>> {
    let opcode_index = codes.write(fbb, operator.code, operator.version);
    let index = |i: &Option<usize>| i.map_or(-1, |i| i32::try_from(i).unwrap_or(i32::MAX));
    let inputs: Vec<i32> = operator.inputs.iter().map(index).collect();
    let (builtin_options_type, builtin_options) = write_options(fbb, &operator.options);
    let custom_options = match operator.options {
        Options::Custom(bytes) => Some(fbb.create_vector(bytes)),
        _ => None,
    };
    let args = schema::OperatorArgs {
        opcode_index,
        inputs: Some(fbb.create_vector(&inputs)),
        outputs: Some(fbb.create_vector(&indices(&operator.outputs))),
        builtin_options_type,
        builtin_options,
        custom_options,
        ..Default::default()
    };
    schema::Operator::create(fbb, &args)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constant(data: &[u8]) -> TensorTable {
        TensorTable {
            name: "constant".to_owned(),
            shape: vec![data.len()],
            element: TensorType::INT8,
            quantization: Quantization::None,
            data: Some(data.to_vec()),
        }
    }

    #[test]
    fn constants_are_shared_and_aligned() {
        let contents: [&[u8]; 4] = [&[1; 5], &[2; 16], &[1; 5], &[3; 33]];
        let model = ModelTable {
            subgraphs: vec![SubgraphTable {
                tensors: contents.into_iter().map(constant).collect(),
                ..SubgraphTable::default()
            }],
            ..ModelTable::default()
        };
        let bytes = model.bytes();
        let read = crate::tflite::open(&bytes).expect("a model");
        let buffers = read.buffers().expect("some");
        assert_eq!(buffers.len(), 4, "one of them for tensors without data");
        let tensors = read.subgraphs().expect("one").get(0).tensors();
        for (tensor, content) in tensors.expect("some").iter().zip(contents) {
            let data = buffers.get(tensor.buffer() as usize).data().expect("data");
            assert_eq!(data.bytes(), content);
            let at = data.bytes().as_ptr() as usize - bytes.as_ptr() as usize;
            assert!(at.is_multiple_of(BUFFER_ALIGNMENT), "{at}");
        }
    }
}
