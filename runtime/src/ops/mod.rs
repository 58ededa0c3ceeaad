//! The kernels, one file each: portable, safe, without panics.
//!
//! A kernel is a function of a parameter struct, whose fields carry TFLite's
//! names, its operands and its output, all flat. A slice that is too short makes
//! a kernel do less, never panic. Target-specific twins belong into `arch/`;
//! these here are the definition that they are compared with.

mod accumulate;
mod add;
mod broadcast;
mod concatenation;
mod conv_2d;
mod depthwise_conv_2d;
mod fully_connected;
mod mean;
mod mul;
mod pad;
mod pool_2d;
mod prelu;
mod quantize;
mod softmax;
mod table;
mod tail;
mod window;

pub use accumulate::{OutputStage, Requantize, Rescale};
pub use add::{Add, AddOperand, add, add_in_place, sub, sub_in_place};
pub use broadcast::Broadcast;
pub use concatenation::{Concatenation, concatenation};
pub use conv_2d::{Conv2d, conv_2d};
pub use depthwise_conv_2d::{DepthwiseConv2d, depthwise_conv_2d};
pub use fully_connected::{FullyConnected, fully_connected};
pub use mean::{Mean, mean};
pub use mul::{Mul, mul, mul_in_place};
pub use pad::{Pad, pad};
pub use pool_2d::{Pool2d, average_pool_2d, max_pool_2d};
pub use prelu::{Prelu, prelu, prelu_in_place};
pub use quantize::{QuantizeElementwise, dequantize, quantize, quantize_elementwise};
pub use softmax::{Softmax, softmax};
pub use table::{Table, table, table_in_place};
pub use tail::{Tail, tail_in_place};
pub use window::Window;
