//! From the file's tables to a [`crate::ir::graph::Graph`]: tensors, operators, ports, control flow and state.

pub(crate) mod blockwise;
pub(crate) mod constant;
pub(crate) mod control;
pub(crate) mod conv_3d;
pub(crate) mod messages;
pub(crate) mod operators;
pub(crate) mod ports;
pub(crate) mod push;
pub(crate) mod quantization;
pub(crate) mod read;
pub(crate) mod reader;
pub(crate) mod regions;
pub(crate) mod shapes;
pub(crate) mod sparse;
pub(crate) mod state;
pub(crate) mod tensor;
pub(crate) mod unpack_weights;
