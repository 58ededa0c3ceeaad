//! Operators with a memory of earlier steps.

mod lstm_kernel;
pub(crate) mod svdf;
pub(crate) mod unidirectional_sequence_lstm;
