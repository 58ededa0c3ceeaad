//! Models that a build script compiles, and one of them by the macro.

/// Models that `build.rs` has compiled.
pub mod scripted {
    include!(concat!(env!("OUT_DIR"), "/relu_i8.rs"));
    include!(concat!(env!("OUT_DIR"), "/tabular_mixture.rs"));

    /// RELU, whose function has the name of its file and is private to its module.
    pub fn relu(x: &[i8]) -> Option<Vec<i8>> {
        let output = relu_i8(relu_i8::X::from_slice(x).ok()?);
        Some(output.y.to_vec())
    }
}

/// Models that the macro compiles here.
pub mod expanded {
    niello::include_model! {
        pub fn tabular_mixture = "../../examples/models/tabular_mixture_f32.tflite",
        dataset = "../../examples/models/tabular_mixture_calibration.npz",
        samples = 40,
        calibration = minmax,
    }
}
