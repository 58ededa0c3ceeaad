//! What the user is told about a model that compiles.

use serde::{Deserialize, Serialize};

/// Something that compiles, and is probably not what the user wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Warning {
    /// The kind, by which it can be switched off.
    pub kind: WarningKind,
    /// The tensor that it is about, as the model names it; `None` if it is about all of them.
    pub tensor: Option<String>,
    /// What was found and what to do, in one line.
    pub message: String,
}

impl Warning {
    /// The message, and how to switch the warning off.
    pub fn text(&self) -> String {
        let Self { kind, message, .. } = self;
        format!(
            "{message} (`allow({})` switches this warning off)",
            kind.name()
        )
    }
}

/// A kind of warning, by which it can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WarningKind {
    /// Fewer than 10 samples calibrate.
    FewSamples,
    /// An input is the same in all samples.
    ConstantInput,
    /// Some elements of an input stay within a tenth of the range of others.
    MixedUnits,
    /// An output hardly changes over the samples.
    FlatOutput,
    /// Ranges of tensors that one operator joins differ by more than 16 times.
    UnevenJoin,
    /// More than 1 % of a tensor's values lie outside of its range.
    Clipped,
}

impl WarningKind {
    /// All kinds.
    pub const ALL: [WarningKind; 6] = [
        WarningKind::FewSamples,
        WarningKind::ConstantInput,
        WarningKind::MixedUnits,
        WarningKind::FlatOutput,
        WarningKind::UnevenJoin,
        WarningKind::Clipped,
    ];

    /// The keyword by which `allow(..)` switches it off.
    pub fn name(self) -> &'static str {
        match self {
            WarningKind::FewSamples => "few_samples",
            WarningKind::ConstantInput => "constant_input",
            WarningKind::MixedUnits => "mixed_units",
            WarningKind::FlatOutput => "flat_output",
            WarningKind::UnevenJoin => "uneven_join",
            WarningKind::Clipped => "clipped",
        }
    }
}
