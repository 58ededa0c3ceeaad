//! How the range of each tensor is chosen, and which tensors stay in float.

use super::Session;
use super::spelling::closest;
use crate::calibrate::Method;
use crate::error::{Blame, Error, Result};
use crate::ir::graph::{Graph, Kept, ValueId};
use crate::options::Options;
use crate::quantize::scales::calibrated_values;

impl Session {
    /// The tensors to calibrate, each with its method.
    pub(crate) fn methods(&self, options: &Options) -> Result<Vec<(ValueId, Method)>> {
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
            if matches!(method, Method::Float | Method::Int16) {
                continue;
            }
            let mut is_named = false;
            let named = methods.iter_mut();
            for (_, chosen) in named.filter(|(v, _)| self.graph.is_called(*v, name)) {
                *chosen = *method;
                is_named = true;
            }
            if !is_named {
                let names: Vec<&str> = values
                    .iter()
                    .map(|v| self.graph.values[*v].name.as_str())
                    .collect();
                return Err(Error::new(Blame::Tensor(i), unknown_tensor(name, &names)));
            }
        }
        Ok(methods)
    }
}

/// Marks the computed tensor of this name.
pub(super) fn keep_in_float(graph: &mut Graph, clause: usize, name: &str) -> Result<(), String> {
    let computed: Vec<ValueId> = graph.nodes.iter().flat_map(|n| n.outputs.clone()).collect();
    let named = computed.iter().copied();
    let named: Vec<ValueId> = named.filter(|&v| graph.is_called(v, name)).collect();
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

/// The message for a name that no calibrated tensor has.
fn unknown_tensor(name: &str, names: &[&str]) -> String {
    format!(
        "no tensor to calibrate is called {name:?}{}",
        closest(name, names)
    )
}
