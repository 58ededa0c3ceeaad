//! What the workspace's tests and benchmarks call to prepare inputs of single kernels.
//! It is no part of the crate's interface.

pub use crate::ops::elementwise::mul::linear_product;
pub use crate::ops::packing::packed16::{rows_of_weights, widened};
pub use crate::ops::packing::saturating_pairs::long_pairs;
pub use crate::ops::packing::weights6::narrowed;
pub use crate::ops::packing::winograd_f4x3::transformed;
pub use crate::ops::shared::addition::AdditionNumbers;
pub use crate::simd_models::f32_requant::truncation;
pub use crate::simd_models::requant_panel::requant_panel_numbers;
