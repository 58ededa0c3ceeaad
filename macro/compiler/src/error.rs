//! Errors as values: what is to blame, and what to do about it.
//!
//! The compiler knows no spans. It says which of the user's words is to blame,
//! and the macro, which holds the tokens, points there.

use std::fmt;

/// The word of the user that an error is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Blame {
    /// The path of the model.
    Model,
    /// The path of the representative dataset.
    Dataset,
    /// An option, by its keyword.
    Option(&'static str),
    /// A parameter of the written-out input list, by position.
    Input(usize),
    /// A field of the written-out output list, by position.
    Output(usize),
    /// A tensor named in `tensors(...)`, by position.
    Tensor(usize),
    /// A clause of `require(...)`, by position.
    Require(usize),
}

/// Why a model cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Error {
    /// The word of the user that is to blame, where the mistake can be mended.
    pub blame: Blame,
    /// One or more lines of text; says what was found and what was expected.
    pub message: String,
}

/// The result of every stage.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error with any blame.
    pub fn new(blame: Blame, message: impl Into<String>) -> Self {
        Self {
            blame,
            message: message.into(),
        }
    }

    /// An error of the model file's content.
    pub fn model(message: impl Into<String>) -> Self {
        Self::new(Blame::Model, message)
    }

    /// An error of the representative dataset.
    pub fn dataset(message: impl Into<String>) -> Self {
        Self::new(Blame::Dataset, message)
    }

    /// An error of the compiler itself: something that its own reasoning rules out. To go on
    /// would make another program than the model, so the message names the line of code and
    /// asks for a report.
    #[track_caller]
    pub(crate) fn internal(what: impl fmt::Display) -> Self {
        let place = std::panic::Location::caller();
        let file = place.file().rsplit(['/', '\\']).next();
        Self::model(format!(
            "{what}. This is a fault of niello's compiler ({}:{}), not of the model: please report it, with the model",
            file.unwrap_or_default(),
            place.line()
        ))
    }

    /// This error, blamed on an option.
    pub(crate) fn about_option(self, name: &'static str) -> Self {
        Self {
            blame: Blame::Option(name),
            ..self
        }
    }

    /// Puts a place ("operator #3 CONV_2D") in front of the message.
    pub(crate) fn at(mut self, place: impl fmt::Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// A shape as people write it: `[1, 8, 8, 3]`.
pub(crate) fn shape_text(shape: &[usize]) -> String {
    format!("{shape:?}")
}
