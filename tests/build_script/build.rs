//! Compiles the models that `src/lib.rs` includes.

fn main() -> Result<(), niello_build::Error> {
    niello_build::compile("../models/ops/relu_i8.tflite").emit()?;
    niello_build::compile("../../examples/models/tabular_mixture_f32.tflite")
        .dataset("../../examples/models/tabular_mixture_calibration.npz")
        .function("pub fn tabular_mixture")
        .options("samples = 40, calibration = minmax")
        .emit()
}
