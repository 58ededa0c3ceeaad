//! Finds tensors by the names that users give.

use super::{Source, ids};
use crate::error::{Error, Result};

/// How many names a message lists.
const SHOWN: usize = 6;

impl Source<'_> {
    /// The tensors of these names: as the file has them, a part of a name `a;b;c`, or the name of
    /// an input or output of the model. `option` is the user's word for the list.
    pub(super) fn named(&self, option: &str, names: &[String]) -> Result<Vec<usize>> {
        let mut found = Vec::new();
        for name in names {
            let id = self
                .one(name)
                .map_err(|e| e.at(format!("{option} {name:?}")))?;
            if found.contains(&id) {
                return Err(Error::model(format!(
                    "{option} {name:?}: it is named twice"
                )));
            }
            found.push(id);
        }
        if found.is_empty() {
            return Err(Error::model(format!("{option} needs the name of a tensor")));
        }
        Ok(found)
    }

    fn one(&self, name: &str) -> Result<usize> {
        let is_port = |id: usize| {
            let ports = self.entry.inputs.iter().chain(&self.entry.outputs);
            ports.into_iter().any(|(i, n)| *i == id && *n == name)
        };
        let all = || 0..self.tensors.len();
        let ways: [&dyn Fn(usize) -> bool; 3] = [&|id| self.name(id) == name, &is_port, &|id| {
            self.name(id).split(';').any(|part| part == name)
        }];
        for way in ways {
            let found: Vec<usize> = all().filter(|&id| way(id)).collect();
            let mut computed = Vec::new();
            for &id in &found {
                if !self.is_constant(id)? {
                    computed.push(id);
                }
            }
            // Of several, the one that callers know.
            let known = |id: &usize| self.inputs.contains(id) || self.outputs.contains(id);
            if computed.len() > 1 && computed.iter().filter(|id| known(id)).count() == 1 {
                computed.retain(known);
            }
            match (computed[..].first(), found.first()) {
                (Some(&id), _) if computed.len() == 1 => return Ok(id),
                (Some(_), _) => {
                    return Err(Error::model(format!(
                        "{} tensors have this name; cut at another one",
                        computed.len()
                    )));
                }
                (None, Some(_)) => {
                    return Err(Error::model(
                        "it is a constant of the file: a part has constants of its own, and \
                         begins and ends at tensors that are computed",
                    ));
                }
                (None, None) => {}
            }
        }
        Err(Error::model(format!(
            "no tensor has this name; the closest are {}",
            self.closest(name).join(", ")
        )))
    }

    /// The names that are most like this one, of tensors that are computed.
    fn closest(&self, name: &str) -> Vec<String> {
        let written = self.operators.iter().flat_map(|o| ids(o.outputs()));
        let computed = self.inputs.iter().copied().chain(written);
        let mut names: Vec<(f64, String)> = computed
            .map(|id| self.name(id))
            .map(|n| {
                let parts = n.split(';').map(|part| strsim::jaro_winkler(part, name));
                (parts.fold(0.0, f64::max), n)
            })
            .collect();
        names.sort_by(|a, b| b.0.total_cmp(&a.0));
        names.dedup();
        let names = names.into_iter().take(SHOWN);
        names.map(|(_, n)| format!("{n:?}")).collect()
    }
}
