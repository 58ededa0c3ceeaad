//! A part of a model between named tensors, as a `.tflite` file of its own with a dataset of its
//! own: for experiments with a smaller model.
//!
//! ```text
//! names --names.rs--> tensors --select.rs--> operators --tflite/write_part.rs--> file of the part
//!                             \--samples.rs: runs what lies before them in float --> dataset
//! ```

mod names;
mod samples;
mod select;

use crate::error::{Error, Result};
use crate::import::ports::{self, Entry};
use crate::ir::graph::ElementType;
use crate::ir::port_names;
use crate::options::Request;
use crate::session::read_model;
use crate::tflite::write::SignatureTable;
use crate::tflite::write_part::{Part, write_part};
use crate::tflite::{self, Model, SubGraph, Tensor, TensorType};

/// A part of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// The bytes of its `.tflite` file.
    pub bytes: Vec<u8>,
    /// How many of the model's operators it has, those of branches and loops not counted.
    pub operators: usize,
    /// The names of its inputs, as callers use them.
    pub inputs: Vec<String>,
    /// The names of its outputs.
    pub outputs: Vec<String>,
    /// The values of its inputs in all samples of the request's dataset; empty without one.
    pub dataset: Vec<CutArray>,
}

/// All samples of one input.
#[derive(Clone, Debug, PartialEq)]
pub struct CutArray {
    /// The input's name.
    pub name: String,
    /// The number of samples, then the input's shape.
    pub shape: Vec<usize>,
    /// The type that fits the values: f32, i32, u32 or bool. Quantized tensors have real numbers.
    pub element: ElementType,
    /// The values, in row-major order.
    pub data: Vec<f32>,
}

/// Cuts out the operators that compute the tensors `to` from the tensors `from`.
///
/// Operators, constants, scales and names are copied as the file has them, also where the
/// compiler does not know an operator. The dataset is what the float model computes for `from`
/// on all samples of the request's dataset; for this, what lies before `from` must be
/// supported.
///
/// # Errors
/// A name that is unknown, or that several tensors have; a tensor of `from` that is a constant, or
/// that nothing reads; a tensor of `to` that does not depend on `from`; a tensor that the part needs
/// besides; an operator that keeps a variable.
pub fn cut(request: &Request, from: &[String], to: &[String]) -> Result<Cut> {
    let bytes = read_model(&request.model)?;
    let model = tflite::open(&bytes)?;
    let source = Source::new(&bytes, &model, request.options.signature.as_deref())?;
    let from = source.named("--from", from)?;
    let to = source.named("--to", to)?;
    let operators = select::select(&source, &from, &to)?;
    let part = Part {
        subgraph: source.index,
        signature: SignatureTable {
            key: source.key(request),
            inputs: source.ports(&from, false),
            outputs: source.ports(&to, true),
        },
        operators,
    };
    let written = write_part(&bytes, &model, &part)?;
    check_subgraphs(&tflite::open(&written).map_err(Error::internal)?)?;
    let names =
        |ports: &[(String, usize)]| -> Vec<String> { ports.iter().map(|p| p.0.clone()).collect() };
    let inputs = names(&part.signature.inputs);
    let dataset = match &request.dataset {
        Some(path) => samples::samples(&source, request, path, &from, &inputs)?,
        None => Vec::new(),
    };
    Ok(Cut {
        bytes: written,
        operators: part.operators.len(),
        outputs: names(&part.signature.outputs),
        inputs,
        dataset,
    })
}

/// Refuses variables in branches and loops: what writes them may lie outside of the part.
fn check_subgraphs(part: &Model<'_>) -> Result<()> {
    for subgraph in part.subgraphs().unwrap_or_default().iter().skip(1) {
        let mut tensors = subgraph.tensors().unwrap_or_default().iter();
        if let Some(tensor) = tensors.find(|t| t.type_() == TensorType::RESOURCE) {
            return Err(Error::model(format!(
                "a branch or loop of the part uses the variable {:?}, which other operators of \
                 the model may write: cut the part so that it lies outside",
                tensor.name().unwrap_or("")
            )));
        }
    }
    Ok(())
}

/// The subgraph that is cut.
struct Source<'a> {
    bytes: &'a [u8],
    model: &'a Model<'a>,
    entry: Entry<'a>,
    /// Its number in the file.
    index: usize,
    tensors: Vec<Tensor<'a>>,
    operators: Vec<tflite::Operator<'a>>,
    inputs: Vec<usize>,
    outputs: Vec<usize>,
}

impl<'a> Source<'a> {
    fn new(bytes: &'a [u8], model: &'a Model<'a>, signature: Option<&str>) -> Result<Self> {
        let entry = ports::entry(model, signature)?;
        let mut subgraphs = model.subgraphs().unwrap_or_default().iter();
        let is_it = |s: SubGraph<'_>| s._tab.loc() == entry.subgraph._tab.loc();
        let index = subgraphs.position(is_it).unwrap_or(0);
        let source = Self {
            bytes,
            model,
            index,
            tensors: entry
                .subgraph
                .tensors()
                .unwrap_or_default()
                .iter()
                .collect(),
            operators: entry
                .subgraph
                .operators()
                .unwrap_or_default()
                .iter()
                .collect(),
            inputs: ids(entry.subgraph.inputs()),
            outputs: ids(entry.subgraph.outputs()),
            entry,
        };
        let lists = |o: &tflite::Operator<'_>| [ids(o.inputs()), ids(o.outputs())].concat();
        let mut used = source
            .operators
            .iter()
            .flat_map(lists)
            .chain(source.inputs.iter().chain(&source.outputs).copied());
        match used.find(|&id| id >= source.tensors.len()) {
            Some(id) => Err(Error::model(format!(
                "an operator refers to tensor {id}, but the model has {}",
                source.tensors.len()
            ))),
            None => Ok(source),
        }
    }

    /// The name of a tensor.
    fn name(&self, id: usize) -> String {
        crate::import::tensor::name(&self.tensors[id], id)
    }

    fn is_constant(&self, id: usize) -> Result<bool> {
        Ok(tflite::buffer(self.bytes, self.model, &self.tensors[id])?.is_some())
    }

    /// How messages name an operator.
    fn place(&self, operator: usize) -> String {
        let name = match tflite::builtin_code(self.model, &self.operators[operator]) {
            Ok(tflite::BuiltinOperator::CUSTOM) => {
                tflite::custom_code(self.model, &self.operators[operator]).to_owned()
            }
            Ok(code) => tflite::operator_name(code),
            Err(_) => "of an unknown code".to_owned(),
        };
        format!("operator #{operator} {name}")
    }

    /// The key of the signature.
    fn key(&self, request: &Request) -> String {
        let chosen = request.options.signature.clone();
        chosen.unwrap_or_else(|| "serving_default".to_owned())
    }

    /// Names for the part's inputs or outputs: those of the model's interface where they are part
    /// of it, each name once.
    fn ports(&self, tensors: &[usize], output: bool) -> Vec<(String, usize)> {
        let known = [&self.entry.inputs, &self.entry.outputs];
        let named: Vec<(Option<&str>, String)> = tensors
            .iter()
            .map(|&id| {
                let mut signature = known.into_iter().flatten().filter(|(i, _)| *i == id);
                let signature = signature.next().map(|(_, name)| *name);
                (signature.filter(|name| !name.is_empty()), self.name(id))
            })
            .collect();
        let mut ports: Vec<(String, usize)> = Vec::new();
        for (name, &id) in port_names::names(&named, output).into_iter().zip(tensors) {
            let taken = |n: &str| ports.iter().any(|(other, _)| other == n);
            let numbered = (1..).map(|k| format!("{name}_{k}"));
            let free = std::iter::once(name.clone())
                .chain(numbered)
                .find(|n| !taken(n));
            ports.push((free.unwrap_or(name), id));
        }
        ports
    }
}

/// The tensors of a list; -1 stands for an operand that is left out.
fn ids(list: Option<flatbuffers::Vector<'_, i32>>) -> Vec<usize> {
    let list = list.into_iter().flatten();
    list.filter_map(|id| usize::try_from(id).ok()).collect()
}
