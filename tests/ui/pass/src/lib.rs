//! A crate with strict lints that knows the runtime as `engine`: what the macro writes
//! compiles here without a warning. `tests/run.rs` runs it.
#![no_std]
#![deny(missing_docs, warnings)]
#![forbid(unsafe_code)]

engine::include_model! {
    /// Two inputs and two outputs, all of them `u8`.
    pub fn elementwise = "../../models/ops/uint8_elementwise_u8.tflite",
    crate = ::engine,
}

/// Two models in one module.
pub mod functions {
    engine::include_model! {
        /// RELU of int8 numbers that are passed.
        pub fn relu = "../../models/ops/relu_i8.tflite",
        crate = ::engine,
    }

    engine::include_model! {
        /// TANH of int8 numbers that lie in the arena.
        pub fn tanh = "../../models/ops/tanh_i8.tflite",
        crate = ::engine,
        inputs = arena,
    }
}

/// Runs a model that is known inside of this function alone. `input` and `output` are as long
/// as the model's.
#[must_use]
pub fn inside_of_a_function(input: &[i8], output: &mut [i8]) -> Option<()> {
    engine::include_model! {
        fn model = "../../models/ops/logistic_i8.tflite",
        crate = ::engine,
    }
    let result = model(model::X::from_slice(input).ok()?);
    for (to, from) in output.iter_mut().zip(&result.y) {
        *to = *from;
    }
    Some(())
}
