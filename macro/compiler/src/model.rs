//! A model as a value, for tools and tests: run it in float, quantize it, run
//! the int8 program by the specification's plain loops.

use std::path::Path;

use ndarray::{ArrayD, ArrayViewD, IxDyn};

use crate::arithmetic::quant_params::QuantParams;
use crate::calibrate::{self, Samples};
use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::import::shapes::InputShapes;
use crate::ir::buffer::Buffer;
use crate::ir::graph::{ElementType, Graph, Node};
use crate::ir::quant_graph::QuantGraph;
use crate::options::Options;
use crate::pipeline::{Front, Quantization, Request, read_model};
use crate::plan;
use crate::quantize::measure::{Measurement, measure};

/// A model read from its file.
pub struct Model {
    front: Front,
    bytes: Vec<u8>,
}

/// An int8 program.
pub struct Quantized<'a> {
    model: &'a Model,
    program: QuantGraph,
    /// Equalized: what the operators are compared with.
    graph: Graph,
}

/// The targets that one of the two emitted programs is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Without wide SIMD registers.
    Mcu,
    /// With them.
    Simd,
}

/// An input or output.
#[derive(Clone, Debug, PartialEq)]
pub struct PortInfo {
    /// The model's name.
    pub name: String,
    /// With the batch dimension.
    pub shape: Vec<usize>,
    /// What callers pass or get.
    pub element: ElementType,
}

/// How close one output is to the float model's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    /// Signal to quantization noise ratio in dB.
    pub sqnr_db: f64,
    /// Share of samples with the same largest element.
    pub top1: f64,
    /// Largest absolute error.
    pub max_abs_error: f64,
}

/// The data of an int8 run.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Of f32 inputs and outputs.
    F32(Vec<f32>),
    /// Of int8, uint8 (shifted by 128) and bool ones.
    I8(Vec<i8>),
    /// Of int16 ones.
    I16(Vec<i16>),
    /// Of int32 and int64 ones.
    I32(Vec<i32>),
}

impl Model {
    /// Reads a `.tflite` file.
    pub fn read(path: &Path, options: &Options) -> Result<Self> {
        Self::read_for(path, options, None)
    }

    /// Reads a `.tflite` file; the shapes that it leaves open are those of the dataset's
    /// samples.
    pub fn read_for(path: &Path, options: &Options, dataset: Option<&Path>) -> Result<Self> {
        let bytes = read_model(path)?;
        Ok(Self {
            front: Front::new(&bytes, options, dataset)?,
            bytes,
        })
    }

    /// The inputs in the file's order.
    pub fn inputs(&self) -> Vec<PortInfo> {
        infos(&self.front.graph.inputs, &self.front.inputs)
    }

    /// The outputs in the file's order.
    pub fn outputs(&self) -> Vec<PortInfo> {
        infos(&self.front.graph.outputs, &self.front.outputs)
    }

    /// The names of all real tensors that operators compute, as
    /// [`Options::tensors`] takes them.
    pub fn tensors(&self, options: &Options) -> Result<Vec<String>> {
        let shapes = InputShapes {
            chosen: &options.shapes,
            sampled: &|| Ok(Vec::new()),
        };
        let graph = Graph::read(&self.bytes, options.signature.as_deref(), &shapes)?;
        let computed = graph.nodes.iter().flat_map(|n| &n.outputs);
        Ok(computed
            .map(|&v| &graph.values[v])
            .filter(|v| v.element.is_real())
            .map(|v| v.name.clone())
            .collect())
    }

    /// The operators that are left when what is known at compile time has been computed,
    /// each with the element type of what it reads, as the file has it: that of the first
    /// computed operand of real numbers. Without one it is the output's, where an operand
    /// has that type (indices or a mask choose from it), else the first computed operand's.
    pub fn typed_operators(&self, options: &Options) -> Result<Vec<(&'static str, ElementType)>> {
        let shapes = InputShapes {
            chosen: &options.shapes,
            sampled: &|| Ok(Vec::new()),
        };
        let graph = Graph::read(&self.bytes, options.signature.as_deref(), &shapes)?;
        let typed = |node: &Node| Some((node.op.name(), graph.element_read(node)?));
        Ok(graph.nodes.iter().filter_map(typed).collect())
    }

    /// Runs the float model on one sample: a flat slice per input.
    pub fn run(&self, inputs: &[&[f32]]) -> Result<Vec<ArrayD<f32>>> {
        Ok(self.run_sequence(&[inputs.to_vec()])?.remove(0))
    }

    /// The same for consecutive calls.
    pub fn run_sequence(&self, calls: &[Vec<&[f32]>]) -> Result<Vec<Vec<ArrayD<f32>>>> {
        let mut states = Vec::new();
        calls
            .iter()
            .map(|inputs| self.call(inputs, &mut states))
            .collect()
    }

    fn call(&self, inputs: &[&[f32]], states: &mut Vec<ArrayD<f32>>) -> Result<Vec<ArrayD<f32>>> {
        let mut views = Vec::new();
        for (port, data) in self.front.graph.inputs.iter().zip(inputs) {
            let view = ArrayViewD::from_shape(IxDyn(&port.shape), data)
                .map_err(|e| Error::dataset(format!("input {:?}: {e}", port.name)))?;
            views.push(view);
        }
        calibrate::outputs(&self.front.graph, &views, states)
    }

    /// Quantizes as the macro does.
    pub fn quantize(&self, request: &Request) -> Result<Quantized<'_>> {
        let Quantization { program, graph, .. } = self.front.quantize(&self.bytes, request)?;
        Ok(Quantized {
            model: self,
            program,
            graph,
        })
    }
}

/// The names of all operators of a model's subgraphs.
pub fn operators(model: &[u8]) -> Result<Vec<String>> {
    let model = crate::tflite::open(model)?;
    let mut names = Vec::new();
    for subgraph in model.subgraphs().unwrap_or_default() {
        for operator in subgraph.operators().unwrap_or_default() {
            let code = crate::tflite::builtin_code(&model, &operator)?;
            names.push(match code {
                crate::tflite::BuiltinOperator::CUSTOM => {
                    crate::tflite::custom_code(&model, &operator).to_owned()
                }
                code => crate::tflite::operator_name(code),
            });
        }
    }
    Ok(names)
}

fn infos(ports: &[crate::ir::graph::Port], resolved: &[crate::emit::Port]) -> Vec<PortInfo> {
    ports
        .iter()
        .enumerate()
        .map(|(i, port)| PortInfo {
            name: port.name.clone(),
            shape: port.shape.clone(),
            element: resolved
                .iter()
                .find(|r| r.index == i)
                .map_or(port.element, |r| r.element),
        })
        .collect()
}

impl Quantized<'_> {
    /// Runs the int8 program by plain loops.
    pub fn run(&self, inputs: &[Data]) -> Vec<Data> {
        let tensors = self.program.simulate(&buffers(inputs), &[]);
        self.program
            .outputs
            .iter()
            .map(|&id| data(tensors[id].clone()))
            .collect()
    }

    /// True if a loop of the int8 program does not end by itself: [`Self::run`] breaks it off.
    pub fn is_endless(&self, inputs: &[Data]) -> bool {
        self.program.is_endless(&buffers(inputs), &[])
    }

    /// The same as it is emitted, inside of the planned arena: differs if tensors
    /// overlap that must not, or if channels were taken out that matter.
    pub fn run_in_arena(&self, inputs: &[Data]) -> Vec<Data> {
        self.run_sequence(&[inputs.to_vec()], Profile::Mcu, false)
            .remove(0)
    }

    /// The same for consecutive calls: what the model keeps goes from one to the
    /// next.
    pub fn run_sequence(
        &self,
        calls: &[Vec<Data>],
        targets: Profile,
        inputs_in_arena: bool,
    ) -> Vec<Vec<Data>> {
        let program = self.emitted(targets);
        let plan = plan::plan(&program, inputs_in_arena);
        let mut states = Vec::new();
        calls
            .iter()
            .map(|inputs| {
                let inputs = buffers(inputs);
                let outputs = plan::simulate_in_arena(&program, &plan, &inputs, &mut states);
                outputs.into_iter().map(data).collect()
            })
            .collect()
    }

    /// Bytes of the arena on targets without wide SIMD registers.
    pub fn arena_bytes(&self) -> usize {
        plan::plan(&self.emitted(Profile::Mcu), false).bytes
    }

    /// How many output channels each operator computes of how many, where channels that do
    /// nothing were taken out around it.
    pub fn pruned_channels(&self, targets: Profile) -> Vec<(&'static str, [usize; 2])> {
        let program = self.emitted(targets);
        let steps = program.steps.iter();
        steps
            .filter_map(|step| Some((step.operator, step.channels?)))
            .collect()
    }

    /// The program of one kind of target.
    fn emitted(&self, targets: Profile) -> QuantGraph {
        let (scalar, vector) = self.program.clone().for_targets();
        match targets {
            Profile::Mcu => scalar,
            Profile::Simd => vector.unwrap_or(scalar),
        }
    }

    /// The quantization of each output that is int8 inside.
    pub fn output_params(&self) -> Vec<Option<QuantParams>> {
        self.program.output_params.clone()
    }

    /// Compares with the float model on every sample of a dataset.
    pub fn accuracy(&self, dataset: &Path, options: &Options) -> Result<Vec<Accuracy>> {
        Ok(accuracies(&self.measure(
            &self.model.front.graph,
            dataset,
            options,
            false,
        )?))
    }

    /// The operators that lose most, as a table, worst first.
    pub fn worst_operators(
        &self,
        dataset: &Path,
        options: &Options,
        rows: usize,
    ) -> Result<String> {
        let measurement = self.measure(&self.graph, dataset, options, true)?;
        Ok(table(&self.program, &measurement, rows))
    }

    fn measure(
        &self,
        graph: &Graph,
        dataset: &Path,
        options: &Options,
        steps: bool,
    ) -> Result<Measurement> {
        let data = Dataset::read(dataset, &graph.inputs, &options.images)?;
        let numbers: Vec<usize> =
            (0..crate::dataset::limit(data.len(), options.samples)?).collect();
        let samples = Samples {
            dataset: &data,
            numbers: &numbers,
            follow: options.samples_follow,
            cuts: &[],
        };
        measure(graph, &self.program, &samples, steps)
    }
}

fn accuracies(measurement: &Measurement) -> Vec<Accuracy> {
    let accuracy = |noise: &crate::quantize::measure::Noise| Accuracy {
        sqnr_db: noise.sqnr_db(),
        top1: noise.top1(),
        max_abs_error: noise.max_abs_error(),
    };
    measurement.outputs.iter().map(accuracy).collect()
}

fn buffers(inputs: &[Data]) -> Vec<Buffer> {
    inputs
        .iter()
        .map(|data| match data {
            Data::F32(data) => Buffer::F32(data.clone()),
            Data::I8(data) => Buffer::I8(data.clone()),
            Data::I16(data) => Buffer::I16(data.clone()),
            Data::I32(data) => Buffer::I32(data.clone()),
        })
        .collect()
}

fn data(buffer: Buffer) -> Data {
    match buffer {
        Buffer::F32(data) => Data::F32(data),
        Buffer::I8(data) => Data::I8(data),
        Buffer::I16(data) => Data::I16(data),
        Buffer::I32(data) => Data::I32(data),
    }
}

/// The per-operator table of error messages and tools.
pub(crate) fn table(program: &QuantGraph, measurement: &Measurement, rows: usize) -> String {
    let mut steps: Vec<_> = program.steps.iter().zip(&measurement.steps).collect();
    steps.sort_by(|a, b| a.1[1].sqnr_db().total_cmp(&b.1[1].sqnr_db()));
    let mut text = String::from(
        "operators that lose most (SQNR in dB: alone, and at its output with all before it):",
    );
    for (step, [total, alone]) in steps.into_iter().take(rows) {
        let index = step
            .index
            .map_or_else(|| "-".to_owned(), |index| format!("#{index}"));
        text += &format!(
            "\n  {index:>5} {:<22} {:>6.1} {:>6.1}  {}",
            step.label(),
            alone.sqnr_db(),
            total.sqnr_db(),
            // Names of fused operators are long lists.
            program.tensors[step.output()]
                .name
                .split(';')
                .next()
                .unwrap_or("")
        );
    }
    text
}
