//! What a setting changes in the options of a call, and how that is written.

use proc_macro2::Literal;
use serde::{Deserialize, Serialize};

use crate::calibrate::Method;
use crate::options::Options;

/// Options that differ from those of the call.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Change {
    pub calibration: Option<Method>,
    pub equalize: Option<bool>,
    pub bias_correction: Option<bool>,
    /// Clauses of `tensors` that the call does not have.
    pub tensors: Vec<(String, Method)>,
}

/// Options that differ from those of the call, in the macro's syntax.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// Options with one value.
    pub options: Vec<ChangedOption>,
    /// Clauses to add to `tensors`.
    pub tensors: Vec<TensorClause>,
}

/// An option with another value than that of the call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangedOption {
    /// The option's keyword.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// A clause of `tensors`: a tensor with its method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TensorClause {
    /// The tensor's name.
    pub tensor: String,
    /// The method by which its range is chosen, or `float`.
    pub method: String,
}

impl Change {
    /// The options of the call with this change.
    pub(super) fn options(&self, call: &Options) -> Options {
        let mut options = call.clone();
        options.calibration = self.calibration.unwrap_or(call.calibration);
        options.equalize = self.equalize.unwrap_or(call.equalize);
        options.bias_correction = self.bias_correction.unwrap_or(call.bias_correction);
        options.tensors.extend(self.tensors.iter().cloned());
        options
    }

    /// This change without what the call has already.
    pub(super) fn beside(mut self, call: &Options) -> Self {
        self.calibration = self.calibration.filter(|m| *m != call.calibration);
        self.equalize = self.equalize.filter(|on| *on != call.equalize);
        self.bias_correction = self
            .bias_correction
            .filter(|on| *on != call.bias_correction);
        self
    }

    /// This change with another clause for one tensor.
    pub(super) fn with(&self, tensor: &str, method: Method) -> Self {
        let mut changed = self.clone();
        match changed.tensors.iter_mut().find(|(name, _)| name == tensor) {
            Some((_, other)) => *other = method,
            None => changed.tensors.push((tensor.to_owned(), method)),
        }
        changed
    }

    /// This change with what another one says about a tensor.
    pub(super) fn as_in(&self, tensor: &str, other: &Self) -> Self {
        match other.tensors.iter().find(|(name, _)| name == tensor) {
            Some((_, method)) => self.with(tensor, *method),
            None => {
                let mut changed = self.clone();
                changed.tensors.retain(|(name, _)| name != tensor);
                changed
            }
        }
    }

    /// How many options and clauses it is made of.
    pub(super) fn len(&self) -> usize {
        let options = [
            self.calibration.is_some(),
            self.equalize.is_some(),
            self.bias_correction.is_some(),
        ];
        options.iter().filter(|is| **is).count() + self.tensors.len()
    }

    /// This change without one of its options or clauses, each in turn: the last first.
    pub(super) fn each_without_one(&self) -> Vec<Self> {
        let mut all: Vec<Self> = (0..self.tensors.len())
            .rev()
            .map(|i| {
                let mut changed = self.clone();
                changed.tensors.remove(i);
                changed
            })
            .collect();
        let without = [
            Self {
                bias_correction: None,
                ..self.clone()
            },
            Self {
                equalize: None,
                ..self.clone()
            },
            Self {
                calibration: None,
                ..self.clone()
            },
        ];
        all.extend(without.into_iter().filter(|one| one != self));
        all
    }

    /// The change in the macro's syntax.
    pub(super) fn written(&self) -> Changes {
        let option = |key: &str, value: Option<String>| {
            value.map(|value| ChangedOption {
                key: key.to_owned(),
                value,
            })
        };
        let options = [
            option("calibration", self.calibration.map(method)),
            option("equalization", self.equalize.map(|on| on.to_string())),
            option(
                "bias_correction",
                self.bias_correction.map(|on| on.to_string()),
            ),
        ];
        let clause = |(tensor, chosen): &(String, Method)| TensorClause {
            tensor: tensor.clone(),
            method: method(*chosen),
        };
        Changes {
            options: options.into_iter().flatten().collect(),
            tensors: self.tensors.iter().map(clause).collect(),
        }
    }

    /// One name for equal changes.
    pub(super) fn key(&self) -> String {
        self.written().lines().join(" ")
    }
}

impl ChangedOption {
    /// The option as it is written in a call.
    pub fn text(&self) -> String {
        format!("{} = {}", self.key, self.value)
    }
}

impl TensorClause {
    /// The clause as it is written in `tensors(..)`.
    pub fn text(&self) -> String {
        format!("{}: {}", Literal::string(&self.tensor), self.method)
    }
}

impl Changes {
    /// True if the call stays as it is.
    pub fn is_empty(&self) -> bool {
        self.options.is_empty() && self.tensors.is_empty()
    }

    /// The lines to paste into a call.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.options.iter().map(|o| o.text() + ",").collect();
        match self.tensors.as_slice() {
            [] => {}
            [one] => lines.push(format!("tensors({}),", one.text())),
            several => {
                lines.push("tensors(".to_owned());
                lines.extend(several.iter().map(|one| format!("    {},", one.text())));
                lines.push("),".to_owned());
            }
        }
        lines
    }
}

/// A method in the macro's syntax.
fn method(method: Method) -> String {
    match method {
        Method::MinMax => "minmax".to_owned(),
        Method::Percentile(percent) => format!("percentile({percent})"),
        Method::Mse => "mse".to_owned(),
        Method::Entropy => "entropy".to_owned(),
        Method::Range(min, max) => format!("range({min:?}, {max:?})"),
        Method::Symmetric => "symmetric".to_owned(),
        Method::Float => "float".to_owned(),
        Method::Int16 => "int16".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_written_as_the_macro_reads_them() {
        let change = Change {
            calibration: Some(Method::Percentile(99.99)),
            bias_correction: Some(false),
            tensors: vec![
                ("a\"b".into(), Method::Float),
                ("c".into(), Method::Range(-1.0, 1e-7)),
            ],
            ..Change::default()
        };
        assert_eq!(change.len(), 4);
        assert_eq!(
            change.written().lines(),
            [
                "calibration = percentile(99.99),",
                "bias_correction = false,",
                "tensors(",
                "    \"a\\\"b\": float,",
                "    \"c\": range(-1.0, 1e-7),",
                "),",
            ]
        );
        let fewer = change.each_without_one();
        assert_eq!(fewer.len(), 4);
        assert!(fewer.iter().all(|one| one.len() == 3));
        assert_eq!(fewer[0].tensors, [("a\"b".to_owned(), Method::Float)]);
    }

    #[test]
    fn what_the_call_has_is_no_change() {
        let call = Options::default();
        let change = Change {
            calibration: Some(call.calibration),
            equalize: Some(!call.equalize),
            bias_correction: Some(call.bias_correction),
            ..Change::default()
        };
        let change = change.beside(&call);
        assert_eq!(change.key(), "equalization = false,");
        assert!(!change.options(&call).equalize);
    }
}
