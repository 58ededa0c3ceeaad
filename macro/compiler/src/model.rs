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
use crate::options::{Options, Request};
use crate::plan;
use crate::quantize::loss_table::{loss_table, worst};
use crate::quantize::measure::{Measurement, Noise, measure};
use crate::session::{QuantizedModel, Session, read_model};

/// A model read from its file.
pub struct Model {
    session: Session,
    bytes: Vec<u8>,
    #[cfg(feature = "export")]
    signature: Option<String>,
}

/// An int8 program, quantized from a [`Model`].
pub struct Quantized<'a> {
    model: &'a Model,
    program: QuantGraph,
    /// Equalized: what the operators are compared with.
    graph: Graph,
}

/// The targets that one of the two emitted programs is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Microcontrollers and other targets without wide SIMD registers.
    Mcu,
    /// Targets with wide SIMD registers: x86-64, AArch64, WebAssembly with `simd128`.
    Simd,
}

/// An input or output of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct PortInfo {
    /// The name that the model gives it.
    pub name: String,
    /// The shape, with the batch dimension.
    pub shape: Vec<usize>,
    /// The element type that callers pass or get.
    pub element: ElementType,
}

/// How close one output of the int8 program is to the float model's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    /// Signal to quantization noise ratio in dB.
    pub sqnr_db: f64,
    /// Share of samples with the same largest element.
    pub top1: f64,
    /// The largest absolute error of any element.
    pub max_abs_error: f64,
}

/// The data of an int8 run.
#[derive(Clone, Debug, PartialEq)]
pub enum TensorData {
    /// The values of an f32 input or output.
    F32(Vec<f32>),
    /// The values of an int8, uint8 (as `x - 128`) or bool input or output.
    I8(Vec<i8>),
    /// The values of an int16 input or output.
    I16(Vec<i16>),
    /// The values of an int32, uint32 or int64 input or output, in 32 bits.
    I32(Vec<i32>),
}

impl Model {
    /// Reads a `.tflite` file whose input shapes are known from the file or the options.
    pub fn read(path: &Path, options: &Options) -> Result<Self> {
        Self::read_for(path, options, None)
    }

    /// Reads a `.tflite` file; the shapes that it leaves open are those of the dataset's
    /// samples.
    pub fn read_for(path: &Path, options: &Options, dataset: Option<&Path>) -> Result<Self> {
        let bytes = read_model(path)?;
        Ok(Self {
            session: Session::new(&bytes, options, dataset)?,
            bytes,
            #[cfg(feature = "export")]
            signature: options.signature.clone(),
        })
    }

    /// The inputs in the file's order.
    pub fn inputs(&self) -> Vec<PortInfo> {
        infos(&self.session.graph.inputs, &self.session.inputs)
    }

    /// The outputs in the file's order.
    pub fn outputs(&self) -> Vec<PortInfo> {
        infos(&self.session.graph.outputs, &self.session.outputs)
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

    /// Runs the float model on consecutive samples; what the model keeps goes from one call to
    /// the next.
    pub fn run_sequence(&self, calls: &[Vec<&[f32]>]) -> Result<Vec<Vec<ArrayD<f32>>>> {
        let mut states = Vec::new();
        calls
            .iter()
            .map(|inputs| self.call(inputs, &mut states))
            .collect()
    }

    fn call(&self, inputs: &[&[f32]], states: &mut Vec<ArrayD<f32>>) -> Result<Vec<ArrayD<f32>>> {
        let mut views = Vec::new();
        for (port, data) in self.session.graph.inputs.iter().zip(inputs) {
            let view = ArrayViewD::from_shape(IxDyn(&port.shape), data)
                .map_err(|e| Error::dataset(format!("input {:?}: {e}", port.name)))?;
            views.push(view);
        }
        calibrate::outputs(&self.session.graph, &views, states)
    }

    /// Quantizes as the macro does.
    pub fn quantize(&self, request: &Request) -> Result<Quantized<'_>> {
        let QuantizedModel { program, graph, .. } =
            self.session.quantize_as_required(&self.bytes, request)?;
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

fn infos(ports: &[crate::ir::graph::Port], resolved: &[crate::emit::RustPort]) -> Vec<PortInfo> {
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
    pub fn run(&self, inputs: &[TensorData]) -> Vec<TensorData> {
        let tensors = self.program.simulate(&buffers(inputs), &[]);
        self.program
            .outputs
            .iter()
            .map(|&id| data(tensors[id].clone()))
            .collect()
    }

    /// True if a loop of the int8 program does not end by itself: [`Self::run`] breaks it off.
    pub fn is_endless(&self, inputs: &[TensorData]) -> bool {
        self.program.is_endless(&buffers(inputs), &[])
    }

    /// Runs the program for small cores inside of the planned arena. The result differs from
    /// [`Self::run`] if tensors overlap that must not, or if channels were removed that matter.
    pub fn run_in_arena(&self, inputs: &[TensorData]) -> Vec<TensorData> {
        self.run_sequence(&[inputs.to_vec()], Profile::Mcu, false)
            .remove(0)
    }

    /// Runs the program for one kind of target inside of the planned arena, on consecutive
    /// samples; what the model keeps goes from one call to the next.
    pub fn run_sequence(
        &self,
        calls: &[Vec<TensorData>],
        targets: Profile,
        inputs_in_arena: bool,
    ) -> Vec<Vec<TensorData>> {
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

    /// For each operator around which channels that do nothing were removed: its name, how many
    /// output channels it computes, and how many there were.
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

    /// The quantization of each input that is int8 inside.
    pub fn input_params(&self) -> Vec<Option<QuantParams>> {
        self.program.input_params.clone()
    }

    /// The quantization of each output that is int8 inside.
    pub fn output_params(&self) -> Vec<Option<QuantParams>> {
        self.program.output_params.clone()
    }

    /// Writes the program as a `.tflite` file, as [`crate::export::export`] does. Inputs and
    /// outputs have the element types of this program.
    #[cfg(feature = "export")]
    pub fn export(&self, runtime: crate::export::Runtime) -> Result<crate::export::Exported> {
        crate::export::written(
            &self.model.bytes,
            &self.graph,
            &self.program,
            self.model.signature.as_deref(),
            runtime,
        )
    }

    /// Compares with the float model on every sample of a dataset.
    pub fn accuracy(&self, dataset: &Path, options: &Options) -> Result<Vec<Accuracy>> {
        Ok(accuracies(&self.measure(
            &self.model.session.graph,
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
        let positions = worst(&measurement, rows);
        Ok(loss_table(&self.program, &measurement, &positions, None))
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
        let samples = Samples::uncut(&data, &numbers, options.samples_follow);
        measure(graph, &self.program, &samples, steps)
    }
}

fn accuracies(measurement: &Measurement) -> Vec<Accuracy> {
    let accuracy = |noise: &Noise| Accuracy {
        sqnr_db: noise.sqnr_db(),
        top1: noise.top1(),
        max_abs_error: noise.max_abs_error(),
    };
    measurement.outputs.iter().map(accuracy).collect()
}

fn buffers(inputs: &[TensorData]) -> Vec<Buffer> {
    inputs
        .iter()
        .map(|data| match data {
            TensorData::F32(data) => Buffer::F32(data.clone()),
            TensorData::I8(data) => Buffer::I8(data.clone()),
            TensorData::I16(data) => Buffer::I16(data.clone()),
            TensorData::I32(data) => Buffer::I32(data.clone()),
        })
        .collect()
}

fn data(buffer: Buffer) -> TensorData {
    match buffer {
        Buffer::F32(data) => TensorData::F32(data),
        Buffer::I8(data) => TensorData::I8(data),
        Buffer::I16(data) => TensorData::I16(data),
        Buffer::I32(data) => TensorData::I32(data),
    }
}
