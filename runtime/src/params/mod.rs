//! Parameter structs that emitted code fills.

pub(crate) mod add;
pub(crate) mod broadcast;
#[cfg(niello_vector)]
pub(crate) mod gemm_i16;
#[cfg(niello_vector)]
pub(crate) mod gemm_packed16;
#[cfg(niello_vector)]
pub(crate) mod layout;
pub(crate) mod linear;
#[cfg(niello_vector)]
pub(crate) mod requant;
pub(crate) mod requantize_fast;
pub(crate) mod requantize_i16;
pub(crate) mod window;

#[cfg(target_arch = "x86_64")]
pub use add::Addend;
pub use add::{Add, AddOperand};
pub use broadcast::Broadcast;
#[cfg(niello_vector)]
pub use gemm_i16::{Conv2dI16, DepthwiseI16, GemmI16};
#[cfg(niello_vector)]
pub use gemm_packed16::{Packed16, Packed16Conv2d, Packed16Stage, Weights6Row, ZeroSkipRow};
#[cfg(niello_vector)]
pub use layout::PackedLayout;
pub use linear::Linear;
#[cfg(niello_vector)]
pub use requant::{RequantPanel, RequantParams, pack_requant};
pub use requantize_fast::{Bias, FastChannel, PairSums, RequantizeFast};
pub use requantize_i16::RequantizeI16Fast;
pub use window::Window;
