//! What the measurements share: the list of models, and other runtimes.

pub mod arguments;
pub mod peer;

/// The float models of `../shared`.
pub const MODELS: &[&str] = &[
    "digit_pair",
    "photo_locator",
    "tabular_mixture",
    "resnet8",
    "vww",
    "kws",
    "ad",
    "hello_world",
    "iris_landmark",
    "face_detection",
    "hand_landmark",
];
