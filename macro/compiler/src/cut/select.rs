//! Which operators lie between tensors.

use std::collections::BTreeSet;

use super::{Source, ids};
use crate::error::{Error, Result};
use crate::tflite::TensorType;

/// The operators that compute `to` from `from`, in the file's order.
pub(super) fn select(source: &Source<'_>, from: &[usize], to: &[usize]) -> Result<Vec<usize>> {
    let producers = source.producers();
    let depends = source.dependent(from);
    let fixed = source.fixed()?;
    for &id in to {
        let name = source.name(id);
        let at = |message: &str| Err(Error::model(format!("--to {name:?}: {message}")));
        if from.contains(&id) {
            return at("it is one of --from, too");
        }
        if !depends[id] {
            let names: Vec<String> = from.iter().map(|&id| source.name(id)).collect();
            return at(&format!("it does not depend on --from {names:?}"));
        }
    }
    // From the end to the beginning.
    let mut operators = BTreeSet::new();
    let (mut outside, mut read) = (BTreeSet::new(), BTreeSet::new());
    let mut wanted: Vec<usize> = to.to_vec();
    while let Some(id) = wanted.pop() {
        let Some(operator) = producers[id] else {
            continue;
        };
        if !operators.insert(operator) {
            continue;
        }
        source.check_copied(operator, from)?;
        for input in ids(source.operators[operator].inputs()) {
            if from.contains(&input) {
                read.insert(input);
            } else if depends[input] || fixed[input] {
                wanted.push(input);
            } else {
                outside.insert(input);
            }
        }
    }
    if !outside.is_empty() {
        let names: Vec<String> = outside.iter().map(|&id| source.name(id)).collect();
        return Err(Error::model(format!(
            "the part needs tensors that it does not compute, {names:?}: add them to --from"
        )));
    }
    if let Some(&unread) = from.iter().find(|id| !read.contains(id)) {
        return Err(Error::model(format!(
            "--from {:?}: nothing between it and --to reads it; leave it out",
            source.name(unread)
        )));
    }
    Ok(operators.into_iter().collect())
}

impl Source<'_> {
    /// For each tensor, the operator that computes it.
    pub(super) fn producers(&self) -> Vec<Option<usize>> {
        let mut producers = vec![None; self.tensors.len()];
        for (number, operator) in self.operators.iter().enumerate() {
            for id in ids(operator.outputs()) {
                producers[id] = Some(number);
            }
        }
        producers
    }

    /// For each tensor, whether it is computed from one of `from`, or one of them.
    fn dependent(&self, from: &[usize]) -> Vec<bool> {
        let mut depends = vec![false; self.tensors.len()];
        from.iter().for_each(|&id| depends[id] = true);
        for operator in &self.operators {
            if ids(operator.inputs()).iter().any(|&id| depends[id]) {
                ids(operator.outputs())
                    .iter()
                    .for_each(|&id| depends[id] = true);
            }
        }
        depends
    }

    /// For each tensor, whether it is the same in every run: a constant, what an operator keeps for
    /// itself, or computed from such tensors alone.
    fn fixed(&self) -> Result<Vec<bool>> {
        let mut fixed = Vec::new();
        for (id, tensor) in self.tensors.iter().enumerate() {
            let empty = tensor.shape().unwrap_or_default().iter().any(|n| n == 0);
            fixed.push(tensor.is_variable() || empty || self.is_constant(id)?);
        }
        for &id in &self.inputs {
            fixed[id] = false;
        }
        for operator in &self.operators {
            if ids(operator.inputs()).iter().all(|&id| fixed[id]) {
                ids(operator.outputs())
                    .iter()
                    .for_each(|&id| fixed[id] = true);
            }
        }
        Ok(fixed)
    }

    /// True if an operator reads or makes a variable that the model keeps.
    pub(super) fn keeps_variable(&self, operator: usize) -> bool {
        let operator = &self.operators[operator];
        let tensors = [ids(operator.inputs()), ids(operator.outputs())].concat();
        tensors.iter().any(|&id| {
            let element = self.tensors[id].type_();
            element == TensorType::RESOURCE || element == TensorType::VARIANT
        })
    }

    /// Refuses operators that cannot stand in a part.
    fn check_copied(&self, operator: usize, from: &[usize]) -> Result<()> {
        if self.keeps_variable(operator) {
            return Err(Error::model(
                "it uses a variable, whose content other operators of the model may write: \
                 cut the part so that it lies outside",
            )
            .at(self.place(operator)));
        }
        let outputs = ids(self.operators[operator].outputs());
        if let Some(&both) = from.iter().find(|id| outputs.contains(id)) {
            return Err(Error::model(format!(
                "the part needs another output of it than {:?}, which is one of --from: name all \
                 of them there",
                self.name(both)
            ))
            .at(self.place(operator)));
        }
        Ok(())
    }
}
