//! Writes a part of a file: some operators of one subgraph, with all that they need, as they are.

use std::collections::BTreeMap;

use flatbuffers::{FlatBufferBuilder, WIPOffset};

use super::raw::{Content, RawTable};
use super::raw_kinds as kinds;
use super::schema_generated::tflite as schema;
use super::write::{Buffers, SignatureTable, Tables};
use crate::error::{Error, Result};

/// A part of a model.
pub(crate) struct Part {
    /// The subgraph of the file that its operators are of.
    pub subgraph: usize,
    /// Its operators, in their order.
    pub operators: Vec<usize>,
    /// Its inputs and outputs, with the names that callers use; tensors by their number in the file.
    pub signature: SignatureTable,
}

/// Numbers of the old file by their number in the new one.
#[derive(Default)]
struct Kept {
    list: Vec<usize>,
    places: BTreeMap<usize, usize>,
}

impl Kept {
    /// The new number; what is not there yet comes last.
    fn place(&mut self, old: usize) -> usize {
        let next = self.list.len();
        *self.places.entry(old).or_insert_with(|| {
            self.list.push(old);
            next
        })
    }

    fn of(&self, old: i32) -> i32 {
        let found = usize::try_from(old)
            .ok()
            .and_then(|old| self.places.get(&old));
        found.and_then(|&new| i32::try_from(new).ok()).unwrap_or(-1)
    }
}

/// One subgraph on its way.
struct Subgraph {
    tensors: Vec<RawTable>,
    /// The bytes of constants.
    data: Vec<Option<Vec<u8>>>,
    operators: Vec<RawTable>,
    inputs: Vec<i32>,
    outputs: Vec<i32>,
    name: Option<String>,
}

/// The part of a file that is being read.
struct Reader<'a> {
    bytes: &'a [u8],
    model: &'a schema::Model<'a>,
    codes: Kept,
    /// The subgraphs that operators call, in the order in which they are found.
    subgraphs: Kept,
}

/// The file of a part.
///
/// Constants, scales, names and options are those of the original file, also where the compiler
/// does not know an operator. Only what the part needs is in it.
pub(crate) fn write_part(bytes: &[u8], model: &schema::Model<'_>, part: &Part) -> Result<Vec<u8>> {
    let mut reader = Reader {
        bytes,
        model,
        codes: Kept::default(),
        subgraphs: Kept::default(),
    };
    reader.subgraphs.place(part.subgraph);
    let ports = |ports: &[(String, usize)]| ports.iter().map(|(_, tensor)| *tensor).collect();
    let (inputs, outputs): (Vec<usize>, Vec<usize>) = (
        ports(&part.signature.inputs),
        ports(&part.signature.outputs),
    );
    let mut subgraphs =
        vec![reader.subgraph(part.subgraph, Some(&part.operators), &inputs, &outputs)?];
    let mut next = 1;
    while let Some(&index) = reader.subgraphs.list.get(next) {
        let whole = subgraph_at(model, index)?;
        let ids = |list: Option<flatbuffers::Vector<'_, i32>>| -> Vec<usize> {
            let list = list.into_iter().flatten();
            list.filter_map(|id| usize::try_from(id).ok()).collect()
        };
        let (inputs, outputs) = (ids(whole.inputs()), ids(whole.outputs()));
        subgraphs.push(reader.subgraph(index, None, &inputs, &outputs)?);
        next += 1;
    }
    let codes = reader.operator_codes()?;
    let first = &subgraphs[0];
    let named = |ports: &[(String, usize)], places: &[i32]| {
        let places = places.iter().map(|&p| usize::try_from(p).unwrap_or(0));
        ports
            .iter()
            .map(|(name, _)| name.clone())
            .zip(places)
            .collect()
    };
    let signature = SignatureTable {
        key: part.signature.key.clone(),
        inputs: named(&part.signature.inputs, &first.inputs),
        outputs: named(&part.signature.outputs, &first.outputs),
    };
    Ok(write(&subgraphs, &codes, &signature))
}

fn subgraph_at<'a>(model: &schema::Model<'a>, index: usize) -> Result<schema::SubGraph<'a>> {
    let subgraphs = model.subgraphs().unwrap_or_default();
    if index >= subgraphs.len() {
        return Err(Error::model(format!(
            "an operator refers to subgraph {index}, but the model has {}",
            subgraphs.len()
        )));
    }
    Ok(subgraphs.get(index))
}

impl Reader<'_> {
    /// Reads a subgraph, or some of its operators.
    fn subgraph(
        &mut self,
        index: usize,
        wanted: Option<&[usize]>,
        inputs: &[usize],
        outputs: &[usize],
    ) -> Result<Subgraph> {
        let source = subgraph_at(self.model, index)?;
        let operators = source.operators().unwrap_or_default();
        let all: Vec<usize> = (0..operators.len()).collect();
        let mut tensors = Kept::default();
        for &id in inputs {
            tensors.place(id);
        }
        let mut raw_operators = Vec::new();
        for &number in wanted.unwrap_or(&all) {
            let operator = operators.get(number);
            let lists = [
                operator.inputs(),
                operator.outputs(),
                operator.intermediates(),
            ];
            for id in lists.into_iter().flatten().flatten() {
                if let Ok(id) = usize::try_from(id) {
                    tensors.place(id);
                }
            }
            let raw = self.operator(&operator);
            raw_operators.push(raw.map_err(|e| e.at(format!("operator #{number}")))?);
        }
        for &id in outputs {
            tensors.place(id);
        }
        for operator in &mut raw_operators {
            let lists = [
                kinds::OPERATOR_INPUTS,
                kinds::OPERATOR_OUTPUTS,
                kinds::OPERATOR_INTERMEDIATES,
            ];
            for list in lists {
                operator.map_integers(list, |id| tensors.of(id));
            }
        }
        let (mut raw_tensors, mut data) = (Vec::new(), Vec::new());
        // Scales of blocks are tensors of their own: the list grows.
        let mut next = 0;
        while let Some(&id) = tensors.list.get(next) {
            let (tensor, content) = self.tensor(&source, id, &mut tensors)?;
            raw_tensors.push(tensor);
            data.push(content);
            next += 1;
        }
        let places = |ids: &[usize]| {
            let ids = ids.iter().map(|&id| i32::try_from(id).unwrap_or(-1));
            ids.map(|id| tensors.of(id)).collect()
        };
        Ok(Subgraph {
            tensors: raw_tensors,
            data,
            operators: raw_operators,
            inputs: places(inputs),
            outputs: places(outputs),
            name: source.name().map(str::to_owned),
        })
    }

    fn operator(&mut self, operator: &schema::Operator<'_>) -> Result<RawTable> {
        let mut raw = RawTable::read(self.bytes, operator._tab.loc(), kinds::OPERATOR)?;
        let code = self.codes.place(operator.opcode_index() as usize);
        raw.set_number(kinds::OPERATOR_CODE_INDEX, code as u32);
        let unions = [
            (
                kinds::OPERATOR_OPTIONS,
                kinds::subgraph_fields as fn(u32) -> _,
            ),
            (kinds::OPERATOR_OPTIONS_2, kinds::subgraph_fields_2),
        ];
        for (slot, fields) in unions {
            let which = raw.number(slot - 1).unwrap_or(0) & 0xff;
            if let Some(options) = raw.table_mut(slot) {
                for &field in fields(which) {
                    let old = options.number(field).unwrap_or(0) as usize;
                    options.set_number(field, self.subgraphs.place(old) as u32);
                }
            }
        }
        self.large_options(&mut raw)?;
        // It refers to metadata, which are left out.
        raw.set(kinds::OPERATOR_DEBUG, None);
        Ok(raw)
    }

    /// Brings options that lie behind the flatbuffer into it.
    fn large_options(&self, raw: &mut RawTable) -> Result<()> {
        let [offset, size] = kinds::OPERATOR_LARGE.map(|slot| match raw.field(slot) {
            Some(Content::Number(bytes)) => bytes
                .iter()
                .rev()
                .fold(0_usize, |n, b| n << 8 | usize::from(*b)),
            _ => 0,
        });
        for slot in kinds::OPERATOR_LARGE {
            raw.set(slot, None);
        }
        if offset > 1 {
            let end = offset.checked_add(size);
            let options = end.and_then(|end| self.bytes.get(offset..end));
            let options = options
                .ok_or_else(|| Error::model("its options lie outside of the file: truncated?"))?;
            let content = Content::Vector(1, options.to_vec());
            raw.set(kinds::OPERATOR_CUSTOM, Some(content));
        }
        Ok(())
    }

    /// A tensor and the bytes of a constant.
    fn tensor(
        &self,
        source: &schema::SubGraph<'_>,
        id: usize,
        tensors: &mut Kept,
    ) -> Result<(RawTable, Option<Vec<u8>>)> {
        let all = source.tensors().unwrap_or_default();
        if id >= all.len() {
            return Err(Error::model(format!(
                "an operator refers to tensor {id}, but its subgraph has {}",
                all.len()
            )));
        }
        let tensor = all.get(id);
        let place = format!("tensor #{id} ({:?})", tensor.name().unwrap_or(""));
        let data = super::buffer(self.bytes, self.model, &tensor).map_err(|e| e.at(&place))?;
        let raw = RawTable::read(self.bytes, tensor._tab.loc(), kinds::TENSOR);
        let mut raw = raw.map_err(|e| e.at(&place))?;
        if raw.number(kinds::TENSOR_EXTERNAL).unwrap_or(0) > 0 {
            return Err(
                Error::model("its data lies in a file of its own, which cannot be copied")
                    .at(&place),
            );
        }
        if let Some(quantization) = raw.table_mut(kinds::TENSOR_QUANTIZATION) {
            let which = quantization.number(kinds::QUANTIZATION_DETAILS - 1);
            if which.map(|which| which & 0xff) == Some(kinds::BLOCKWISE)
                && let Some(details) = quantization.table_mut(kinds::QUANTIZATION_DETAILS)
            {
                for field in 0..2 {
                    if let Some(old) = details.number(field) {
                        // A negative one stands for none.
                        let old = i32::from_le_bytes(old.to_le_bytes());
                        let new = usize::try_from(old).map_or(-1, |old| tensors.place(old) as i32);
                        details.set_number(field, u32::from_le_bytes(new.to_le_bytes()));
                    }
                }
            }
        }
        Ok((raw, data.map(<[u8]>::to_vec)))
    }

    fn operator_codes(&self) -> Result<Vec<RawTable>> {
        let codes = self.model.operator_codes().unwrap_or_default();
        let list = self.codes.list.iter();
        list.map(|&index| {
            if index >= codes.len() {
                return Err(Error::model(format!(
                    "refers to operator code {index}, but the model has {}",
                    codes.len()
                )));
            }
            let at = codes.get(index)._tab.loc();
            RawTable::read(self.bytes, at, kinds::OPERATOR_CODE)
        })
        .collect()
    }
}

fn write(subgraphs: &[Subgraph], codes: &[RawTable], signature: &SignatureTable) -> Vec<u8> {
    let mut fbb = FlatBufferBuilder::new();
    // What is written first lies last, and has the alignment that the whole file gets.
    fbb.push(0_u64);
    let mut buffers = Buffers::new(&mut fbb);
    let written: Vec<_> = subgraphs
        .iter()
        .map(|subgraph| {
            let tensors: Vec<WIPOffset<schema::Tensor<'_>>> = subgraph
                .tensors
                .iter()
                .zip(&subgraph.data)
                .map(|(tensor, data)| {
                    let buffer = data
                        .as_ref()
                        .map_or(0, |data| buffers.write(&mut fbb, data));
                    let mut tensor = tensor.clone();
                    tensor.set_number(kinds::TENSOR_BUFFER, buffer);
                    WIPOffset::new(tensor.write(&mut fbb).value())
                })
                .collect();
            let operators: Vec<WIPOffset<schema::Operator<'_>>> = subgraph
                .operators
                .iter()
                .map(|operator| WIPOffset::new(operator.write(&mut fbb).value()))
                .collect();
            let args = schema::SubGraphArgs {
                tensors: Some(fbb.create_vector(&tensors)),
                inputs: Some(fbb.create_vector(&subgraph.inputs)),
                outputs: Some(fbb.create_vector(&subgraph.outputs)),
                operators: Some(fbb.create_vector(&operators)),
                name: subgraph.name.as_ref().map(|name| fbb.create_string(name)),
            };
            schema::SubGraph::create(&mut fbb, &args)
        })
        .collect();
    let codes: Vec<WIPOffset<schema::OperatorCode<'static>>> = codes
        .iter()
        .map(|code| WIPOffset::new(code.write(&mut fbb).value()))
        .collect();
    let tables = Tables {
        codes: &codes,
        subgraphs: &written,
        buffers: &buffers.tables,
    };
    tables.finish(fbb, "a part of a model, cut by Niello", signature)
}
