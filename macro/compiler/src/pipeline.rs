//! The flow: one line a stage.

use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;

use crate::arithmetic::quant_params::QuantParams;
use crate::bytes;
use crate::cache::{Calibration, Slot};
use crate::calibrate::{
    Method, Ranges, Samples, calibrate, check as check_ways, clip_constants, cut_inputs,
};
use crate::dataset::{self, Dataset};
use crate::emit::{self, Item, Port, Side, Variant, Variants};
use crate::error::{Blame, Error, Result};
use crate::import::shapes::InputShapes;
use crate::ir::graph::{ElementType, Graph, Kept, ValueId};
use crate::ir::quant_graph::{QuantGraph, QuantTensor};
use crate::limits::{self, LIVE_ELEMENTS};
use crate::options::{Comparison, Options};
use crate::plan;
use crate::quantize::equalize;
use crate::quantize::lowering::Elements;
use crate::quantize::measure::measure;
use crate::quantize::scales::{Scales, calibrated_values};
use crate::rewrite;

/// What to compile.
#[derive(Clone, Debug)]
pub struct Request {
    /// The `.tflite` file.
    pub model: PathBuf,
    /// The representative dataset, which only float models need.
    pub dataset: Option<PathBuf>,
    /// Everything else.
    pub options: Options,
    /// The folder for calibration results; `None` keeps nothing.
    pub cache: Option<PathBuf>,
}

/// Compiles a model to a function and its module.
pub fn compile(item: &Item, request: &Request) -> Result<TokenStream> {
    let model = read_model(&request.model)?;
    let front = Front::new(&model, &request.options, request.dataset.as_deref())?;
    let Quantization {
        program, mut files, ..
    } = front.quantize(&model, request)?;
    let interface = front.interface(request.options.inputs_in_arena)?;
    let limit = request.options.arena_limit;
    let (scalar, vector) = program.clone().for_targets();
    let variants = Variants {
        scalar: variant(&interface, &scalar, limit)?,
        vector: vector
            .map(|program| variant(&interface, &program, None))
            .transpose()?,
    };
    files.insert(0, request.model.clone());
    Ok(emit::emit(item, &interface, &program, &variants, &files))
}

/// Plans and emits the program for one kind of target. `limit` is about small
/// cores: others take more memory to be faster.
fn variant(
    interface: &emit::Interface<'_>,
    program: &QuantGraph,
    limit: Option<usize>,
) -> Result<Variant> {
    let plan = plan::plan(program, interface.inputs_in_arena);
    if plan.bytes > limits::ARENA_BYTES {
        return Err(Error::model(format!(
            "the arena needs {} bytes; supported are up to {}; {}",
            plan.bytes,
            limits::ARENA_BYTES,
            plan::peak(program, &plan)
        )));
    }
    if let Some(limit) = limit.filter(|l| plan.bytes > *l) {
        return Err(Error::new(
            Blame::Option("arena_limit"),
            format!(
                "the arena needs {} bytes, {} more than its limit; {}",
                plan.bytes,
                plan.bytes - limit,
                plan::peak(program, &plan)
            ),
        ));
    }
    emit::variant(interface, program, &plan)
}

/// What stands in for a model that does not compile: the same types where they
/// are known, and a function that returns zeros.
pub fn fallback(item: &Item, request: &Request) -> TokenStream {
    // Whatever of the interface is not to blame is kept.
    let plain = Options {
        inputs: None,
        outputs: None,
        ..request.options.clone()
    };
    let front = read_model(&request.model).and_then(|model| {
        let dataset = request.dataset.as_deref();
        Front::new(&model, &request.options, dataset)
            .or_else(|_| Front::new(&model, &plain, dataset))
            .or_else(|_| Front::new(&model, &Options::default(), dataset))
    });
    let (inputs, outputs) = front.map_or((Vec::new(), Vec::new()), |f| (f.inputs, f.outputs));
    let unit = Some(QuantParams {
        scale: 1.0,
        zero_point: 0,
    });
    let mut program = QuantGraph {
        inputs: (0..inputs.len()).collect(),
        input_params: vec![unit; inputs.len()],
        output_params: vec![unit; outputs.len()],
        ..QuantGraph::default()
    };
    for index in 0..inputs.len() {
        let port = inputs.iter().find(|p| p.index == index);
        program.tensors.push(QuantTensor {
            name: String::new(),
            len: port.map_or(0, |p| p.shape.iter().product()),
            element: port.map_or(ElementType::I8, |p| p.element),
            params: None,
            constant: None,
            value: None,
        });
    }
    let interface = emit::Interface {
        inputs: &inputs,
        outputs: &outputs,
        inputs_in_arena: request.options.inputs_in_arena,
    };
    let plan = plan::plan(&program, interface.inputs_in_arena);
    let variants = Variants {
        // Without steps, nothing can be missing.
        scalar: emit::variant(&interface, &program, &plan).unwrap_or_default(),
        vector: None,
    };
    emit::emit(item, &interface, &program, &variants, &[])
}

/// Reads the model's bytes.
pub(crate) fn read_model(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path)
        .map_err(|e| Error::model(format!("cannot read the model {}: {e}", path.display())))
}

/// What quantization makes.
pub(crate) struct Quantization {
    pub program: QuantGraph,
    /// The float graph that the program is made from, channels equalized.
    pub graph: Graph,
    /// The dataset's files.
    pub files: Vec<PathBuf>,
}

/// The float graph with its interface.
pub(crate) struct Front {
    pub graph: Graph,
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
    elements: Elements,
    /// Of which inputs the user or the model says what a byte stands for.
    known_bytes: Vec<bool>,
}

impl Front {
    /// `dataset` decides about shapes that the file leaves open.
    pub(crate) fn new(model: &[u8], options: &Options, dataset: Option<&Path>) -> Result<Self> {
        options.check()?;
        let mut graph = Graph::read(
            model,
            options.signature.as_deref(),
            &InputShapes {
                chosen: &options.shapes,
                sampled: &|| dataset.map_or(Ok(Vec::new()), crate::dataset::shapes::shapes),
            },
        )?;
        let known_bytes = bytes::find(&mut graph, options);
        let inputs = emit::resolve(Side::Inputs, &graph.inputs, options.inputs.as_deref())?;
        let outputs = emit::resolve(Side::Outputs, &graph.outputs, options.outputs.as_deref())?;
        let by_index = |ports: &[Port]| {
            let mut elements: Vec<_> = ports.iter().map(|p| (p.index, p.element)).collect();
            elements.sort_by_key(|(index, _)| *index);
            elements
                .into_iter()
                .map(|(_, element)| element)
                .collect::<Vec<_>>()
        };
        let elements = Elements {
            inputs: by_index(&inputs),
            outputs: by_index(&outputs),
        };
        for (i, (name, method)) in options.tensors.iter().enumerate() {
            if *method == Method::Float {
                keep_in_float(&mut graph, i, name)
                    .map_err(|message| Error::new(Blame::Tensor(i), message))?;
            }
        }
        let f32_inputs: Vec<bool> = elements.inputs.iter().map(|e| e.name() == "f32").collect();
        let f32_outputs: Vec<bool> = elements.outputs.iter().map(|e| e.name() == "f32").collect();
        rewrite::rewrite(&mut graph, &f32_inputs, &f32_outputs);
        Ok(Self {
            graph,
            inputs,
            outputs,
            elements,
            known_bytes,
        })
    }

    /// What callers see.
    fn interface(&self, inputs_in_arena: bool) -> Result<emit::Interface<'_>> {
        let mut inputs = self.inputs.iter();
        if let (true, Some(port)) = (
            inputs_in_arena,
            inputs.find(|p| matches!(p.element, ElementType::Bool | ElementType::U32)),
        ) {
            return Err(Error::new(
                Blame::Option("inputs"),
                format!(
                    "the input `{}` is `{}`, which cannot live in the arena",
                    port.name,
                    port.element.name()
                ),
            ));
        }
        Ok(emit::Interface {
            inputs: &self.inputs,
            outputs: &self.outputs,
            inputs_in_arena,
        })
    }

    /// The int8 program: from the cache, else by calibration.
    pub(crate) fn quantize(&self, model: &[u8], request: &Request) -> Result<Quantization> {
        let options = &request.options;
        let methods = self.methods(options)?;
        let files = match &request.dataset {
            Some(path) => dataset::files(path)?,
            None if methods.is_empty() => Vec::new(),
            None => {
                let first = &self.graph.values[methods[0].0].name;
                return Err(Error::model(format!(
                    "tensor {first:?} has no scale: a float model needs a representative dataset; \
                     add `dataset = \"samples.npz\"`, or a folder of .npy or image files"
                )));
            }
        };
        if !dataset::is_of_images(&files) {
            bytes::check(&self.inputs, &self.known_bytes)?;
        }
        if options.samples_follow && self.graph.states.is_empty() {
            return Err(Error::new(
                Blame::Option("samples_follow"),
                "the model has no state: each of its runs stands alone",
            ));
        }
        if request.dataset.is_none() || (methods.is_empty() && options.require.is_empty()) {
            if !options.require.is_empty() {
                return Err(Error::new(
                    Blame::Require(0),
                    "`require` needs a dataset to measure on",
                ));
            }
            let program = lower(&self.graph, &Ranges::default(), &self.elements, options)?;
            return Ok(Quantization {
                program,
                graph: self.graph.clone(),
                files,
            });
        }
        if let (live @ LIVE_ELEMENTS.., position) = self.graph.live() {
            return Err(Error::model(format!(
                "a run holds {live} elements at once here; with a dataset, supported are less \
                 than {LIVE_ELEMENTS}: compile for a smaller input"
            ))
            .at(self.graph.nodes[position].place(&self.graph)));
        }
        let slot = cache_slot(model, &files, request)?;
        if let Some((program, graph)) = self.cached(&slot, options) {
            return Ok(Quantization {
                program,
                graph,
                files,
            });
        }
        let path = request.dataset.as_deref();
        let path = path.ok_or_else(|| Error::internal("a dataset that is not there"))?;
        let data = Dataset::read(path, &self.graph.inputs, &options.images)?;
        let split = Split::new(data.len(), options)?;
        let whole = Samples {
            dataset: &data,
            numbers: &split.calibration,
            follow: options.samples_follow,
            cuts: &[],
        };
        check_ways(&self.graph, &whole, &methods)?;
        let cuts = cut_inputs(&self.graph, &whole, &methods);
        let samples = Samples {
            cuts: &cuts,
            ..whole
        };
        let mut graph = self.graph.clone();
        let mut found = Calibration::default();
        if options.equalize && !methods.is_empty() {
            found.factors = equalize::factors(&graph, &samples)?;
            equalize::equalize(&mut graph, &found.factors);
        }
        found.ranges = calibrate(&graph, &samples, &methods)?;
        clip_constants(&mut graph, &found.ranges);
        let mut program = lower(&graph, &found.ranges, &self.elements, options)?;
        if options.bias_correction && !methods.is_empty() {
            found.corrections =
                crate::quantize::correct::correct_biases(&graph, &mut program, &samples)?;
        }
        crate::quantize::regions::check(&program, &whole)?;
        let held_out = Samples {
            numbers: &split.held_out,
            ..whole
        };
        found.measured = self.require(&graph, &program, &held_out, options)?;
        slot.store(&found);
        Ok(Quantization {
            program,
            graph,
            files,
        })
    }

    /// The program of an earlier run that met its requirements; what does not fit is as if
    /// it were not there.
    fn cached(&self, slot: &Slot, options: &Options) -> Option<(QuantGraph, Graph)> {
        let found = slot.load()?;
        let mut graph = self.graph.clone();
        equalize::equalize(&mut graph, &found.factors);
        clip_constants(&mut graph, &found.ranges);
        let mut program = lower(&graph, &found.ranges, &self.elements, options).ok()?;
        let fits = found.corrections.is_empty()
            || crate::quantize::correct::apply(&mut program, &found.corrections);
        let met = found.measured.len() == options.require.len()
            && options
                .require
                .iter()
                .zip(&found.measured)
                .all(|(r, m)| r.holds(*m));
        (fits && met).then_some((program, graph))
    }

    /// The tensors to calibrate, each with its method.
    fn methods(&self, options: &Options) -> Result<Vec<(ValueId, Method)>> {
        let values = calibrated_values(&self.graph);
        let mut methods: Vec<(ValueId, Method)> =
            values.iter().map(|v| (*v, options.calibration)).collect();
        // All bytes are possible: these are their own steps.
        for port in &self.inputs {
            let value = self.graph.inputs[port.index].value;
            let (Some(bytes), Some(method)) =
                (port.bytes, methods.iter_mut().find(|(v, _)| *v == value))
            else {
                continue;
            };
            let (min, max) = bytes.range();
            method.1 = Method::Range(min, max);
        }
        for (i, (name, method)) in options.tensors.iter().enumerate() {
            if *method == Method::Float {
                continue;
            }
            let named = |v: &ValueId| {
                let port = self.graph.inputs.iter().chain(&self.graph.outputs);
                self.graph.values[*v].name == *name
                    || port.clone().any(|p| p.value == *v && p.is_called(name))
            };
            let mut found = false;
            for (_, chosen) in methods.iter_mut().filter(|(v, _)| named(v)) {
                *chosen = *method;
                found = true;
            }
            if !found {
                let names: Vec<&str> = values
                    .iter()
                    .map(|v| self.graph.values[*v].name.as_str())
                    .collect();
                return Err(Error::new(Blame::Tensor(i), unknown_tensor(name, &names)));
            }
        }
        Ok(methods)
    }

    /// Measures what `require` asks for, against the model as it is in the file.
    fn require(
        &self,
        equalized: &Graph,
        program: &QuantGraph,
        held_out: &Samples<'_>,
        options: &Options,
    ) -> Result<Vec<f64>> {
        if options.require.is_empty() {
            return Ok(Vec::new());
        }
        let measurement = measure(&self.graph, program, held_out, false)?;
        let mut measured = Vec::new();
        for (i, clause) in options.require.iter().enumerate() {
            let port = self
                .outputs
                .iter()
                .find(|p| {
                    let ident = p.ident.to_string();
                    ident.trim_start_matches("r#") == clause.output
                        || self.graph.outputs[p.index].is_called(&clause.output)
                })
                .ok_or_else(|| {
                    let names: Vec<String> =
                        self.outputs.iter().map(|p| p.ident.to_string()).collect();
                    let message =
                        format!("no output `{}`; the outputs are {names:?}", clause.output);
                    Error::new(Blame::Require(i), message)
                })?;
            let value = clause.metric.of(&measurement.outputs[port.index]);
            if !clause.holds(value) {
                let sign = if clause.comparison == Comparison::AtLeast {
                    ">="
                } else {
                    "<="
                };
                return Err(Error::new(
                    Blame::Require(i),
                    format!(
                        "`{}`: {} is {value:.4} on {} held-out samples, required {sign} {}\n{}",
                        clause.output,
                        clause.metric.name(),
                        held_out.numbers.len(),
                        clause.bound,
                        crate::model::table(
                            program,
                            &measure(equalized, program, held_out, true)?,
                            12
                        ),
                    ),
                ));
            }
            measured.push(value.min(f64::MAX));
        }
        Ok(measured)
    }
}

fn lower(
    graph: &Graph,
    ranges: &Ranges,
    elements: &Elements,
    options: &Options,
) -> Result<QuantGraph> {
    crate::quantize::lowering::lower(
        graph,
        &Scales::new(graph, ranges),
        elements,
        options.per_channel,
    )
}

/// Marks the computed tensor of this name.
fn keep_in_float(graph: &mut Graph, clause: usize, name: &str) -> std::result::Result<(), String> {
    let computed: Vec<ValueId> = graph.nodes.iter().flat_map(|n| n.outputs.clone()).collect();
    let ports = graph.outputs.iter().filter(|p| p.is_called(name));
    let named: Vec<ValueId> = ports
        .map(|p| p.value)
        .chain(0..graph.values.len())
        .filter(|v| computed.contains(v))
        .filter(|&v| {
            graph.values[v].name == name
                || graph
                    .outputs
                    .iter()
                    .any(|p| p.value == v && p.is_called(name))
        })
        .collect();
    if named.is_empty() {
        let names: Vec<&str> = computed
            .iter()
            .map(|&v| graph.values[v].name.as_str())
            .chain(graph.outputs.iter().map(|p| p.name.as_str()))
            .collect();
        return Err(format!(
            "no operator computes a tensor called {name:?}{}",
            closest(name, &names)
        ));
    }
    // Called subgraphs may have tensors of one name: all of them are meant.
    let is_real = |v: &ValueId| graph.values[*v].element.is_real();
    let real: Vec<ValueId> = named.into_iter().filter(is_real).collect();
    if real.is_empty() {
        return Err(format!("the tensor {name:?} holds no real numbers"));
    }
    for value in real {
        graph.values[value].kept = Some(Kept::Clause(clause));
    }
    Ok(())
}

fn unknown_tensor(name: &str, names: &[&str]) -> String {
    format!(
        "no tensor to calibrate is called {name:?}{}",
        closest(name, names)
    )
}

/// A hint at the name that was perhaps meant.
fn closest(name: &str, names: &[&str]) -> String {
    let close = names
        .iter()
        .map(|n| (strsim::jaro_winkler(n, name), n))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    close.map_or(String::new(), |(_, n)| format!("; the closest is {n:?}"))
}

fn cache_slot(model: &[u8], files: &[PathBuf], request: &Request) -> Result<Slot> {
    // Memory has nothing to do with what is kept.
    let options = Options {
        inputs_in_arena: false,
        arena_limit: None,
        ..request.options.clone()
    };
    let mut content = vec![model.to_vec(), format!("{options:?}").into_bytes()];
    for file in files {
        content.push(
            file.file_name()
                .map(|n| n.as_encoded_bytes().to_vec())
                .unwrap_or_default(),
        );
        content.push(
            std::fs::read(file)
                .map_err(|e| Error::dataset(format!("cannot read {}: {e}", file.display())))?,
        );
    }
    let parts: Vec<&[u8]> = content.iter().map(Vec::as_slice).collect();
    Ok(Slot::new(request.cache.as_deref(), &parts))
}

/// Which samples do what.
pub(crate) struct Split {
    pub calibration: Vec<usize>,
    /// For `require`: every fifth sample, never used for calibration.
    pub held_out: Vec<usize>,
}

impl Split {
    pub(crate) fn new(available: usize, options: &Options) -> Result<Self> {
        let held = |i: &usize| !options.require.is_empty() && i % 5 == 4;
        let held_out: Vec<usize> = (0..available).filter(held).collect();
        let rest: Vec<usize> = (0..available).filter(|i| !held(i)).collect();
        if !options.require.is_empty() && held_out.is_empty() {
            return Err(Error::new(
                Blame::Require(0),
                format!("`require` holds every fifth sample out; {available} samples are too few"),
            ));
        }
        let wanted = dataset::limit(rest.len(), options.samples)?;
        // Evenly over the dataset, which may be sorted.
        let calibration = (0..wanted).map(|i| rest[i * rest.len() / wanted]).collect();
        Ok(Self {
            calibration,
            held_out,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{Metric, Requirement};

    #[test]
    fn held_out_samples_do_not_calibrate() {
        let clause = Requirement {
            output: "y".into(),
            metric: Metric::SqnrDb,
            comparison: Comparison::AtLeast,
            bound: 20.0,
        };
        let options = Options {
            require: vec![clause],
            samples: Some(4),
            ..Options::default()
        };
        let split = Split::new(10, &options).expect("enough");
        assert_eq!(split.held_out, [4, 9]);
        assert_eq!(split.calibration, [0, 2, 5, 7]);
        assert!(Split::new(3, &options).is_err());
        assert!(
            Split::new(
                10,
                &Options {
                    samples: Some(11),
                    ..Options::default()
                }
            )
            .is_err()
        );
        assert_eq!(
            Split::new(3, &Options::default()).expect("all").calibration,
            [0, 1, 2]
        );
    }
}
