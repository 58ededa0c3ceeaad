//! From the float graph and its ranges to the int8 program.

pub(crate) mod correct;
pub(crate) mod equalize;
pub(crate) mod float_output;
pub(crate) mod fuse_kernels;
pub(crate) mod loss_table;
pub(crate) mod lowering;
pub(crate) mod measure;
pub(crate) mod ports;
pub(crate) mod prune;
pub(crate) mod regions;
pub(crate) mod scales;
pub(crate) mod table_f32;
pub(crate) mod targets;
