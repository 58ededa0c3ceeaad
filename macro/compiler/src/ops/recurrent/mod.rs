//! Operators with a memory of earlier steps.

pub(crate) mod svdf;
pub(crate) mod unidirectional_sequence_lstm;
