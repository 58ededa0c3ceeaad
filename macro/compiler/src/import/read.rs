//! From the bytes of a `.tflite` file to a [`Graph`].

use std::collections::{HashMap, HashSet};

use crate::error::{Error, Result};
use crate::import::reader::Reader;
use crate::import::shapes::InputShapes;
use crate::import::{messages, ports};
use crate::ir::control::WHOLE;
use crate::ir::graph::{Graph, ValueId};
use crate::limits::Budget;
use crate::tflite;

impl Graph {
    /// Reads one signature (or the only subgraph) of a `.tflite` file, for inputs of
    /// `shapes` where it leaves them open.
    pub(crate) fn read(
        bytes: &[u8],
        signature: Option<&str>,
        shapes: &InputShapes<'_>,
    ) -> Result<Graph> {
        let model = tflite::open(bytes)?;
        let entry = ports::entry(&model, signature)?;
        let mut reader = Reader {
            bytes,
            model: &model,
            graph: Graph::default(),
            file_shapes: Vec::new(),
            has_signature: Vec::new(),
            is_static: true,
            variables: Vec::new(),
            complex_pairs: HashSet::new(),
            uint64_pairs: HashSet::new(),
            unsupported: Vec::new(),
            custom: Vec::new(),
            unreadable_constants: HashMap::new(),
            depth: 0,
            budget: Budget::new(bytes.len()),
            place: (0, 0),
            region: WHOLE,
            inlined: 0,
            constants: HashMap::new(),
        };
        let mut scope = reader.scope(&entry.subgraph)?;
        ports::ports(&mut reader.graph, &entry, &scope, false)?;
        reader.input_shapes(shapes)?;
        reader.operators(&entry.subgraph, &mut scope)?;
        ports::ports(&mut reader.graph, &entry, &scope, true)?;
        reader.states()?;
        reader.supported()?;
        check_order(&reader.graph, &reader.unreadable_constants)?;
        Ok(reader.graph)
    }
}

impl Reader<'_> {
    /// The list of all operators that are not supported, if there are any.
    fn supported(&self) -> Result<()> {
        if self.unsupported.is_empty() {
            return Ok(());
        }
        Err(Error::model(messages::operators(
            &self.unsupported,
            &self.custom,
        )))
    }
}

/// The message for an operator that writes to a tensor which has a value already.
pub(super) const WRITTEN_ALREADY: &str =
    "its output is already an input, a constant or another operator's output";

/// Every operand must be an input, a constant or written earlier.
fn check_order(graph: &Graph, unreadable: &HashMap<ValueId, String>) -> Result<()> {
    let mut ready: Vec<bool> = graph.values.iter().map(|v| v.constant.is_some()).collect();
    for port in &graph.inputs {
        ready[port.value] = true;
    }
    for state in &graph.states {
        ready[state.value] = true;
    }
    for node in &graph.nodes {
        if let Some(&value) = node.inputs.iter().flatten().find(|&&v| !ready[v]) {
            let name = &graph.values[value].name;
            let message = match unreadable.get(&value) {
                Some(reason) => format!("its operand {name:?} {reason}"),
                None => format!("reads {name:?} before any operator writes it"),
            };
            return Err(Error::model(message).at(node.place(graph)));
        }
        for &output in &node.outputs {
            if std::mem::replace(&mut ready[output], true) {
                return Err(Error::model(WRITTEN_ALREADY).at(node.place(graph)));
            }
        }
    }
    match graph.outputs.iter().find(|port| !ready[port.value]) {
        Some(port) => Err(Error::model(format!(
            "no operator writes the output {:?}",
            port.name
        ))),
        None if graph.outputs.is_empty() => Err(Error::model("the model has no outputs")),
        None => Ok(()),
    }
}
