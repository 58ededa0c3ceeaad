//! Operators that are refused by name: what they are, and what to do instead.

use crate::ops::registry::SUPPORTED;

/// Names, or the first letters of names where a star ends them, and why.
const REASONS: &[(&str, &str)] = &[
    ("BIDIRECTIONAL_*", RECURRENT),
    (
        "BITCAST",
        "it reads the bits of one type as another one's, which quantization changes",
    ),
    ("CALL", "TFLite itself has no kernel for it"),
    ("CONCAT_EMBEDDINGS", "TFLite itself has no kernel for it"),
    ("DILATE", "not written yet"),
    ("EMBEDDING_LOOKUP_SPARSE", TEXT),
    ("HASHTABLE*", TABLE),
    (
        "LOCAL_RESPONSE_NORMALIZATION",
        "a layer of old networks, not written yet",
    ),
    ("LSH_PROJECTION", TEXT),
    ("LSTM", RECURRENT),
    (
        "MATRIX_*",
        "not written yet: a multiplication by a constant identity matrix does the same",
    ),
    ("MULTINOMIAL", RANDOM),
    ("RANDOM_*", RANDOM),
    (
        "REDUCE_WINDOW",
        "not written yet: pools do the same on images",
    ),
    ("RNN", RECURRENT),
    ("SKIP_GRAM", TEXT),
    (
        "SPARSE_TO_DENSE",
        "not written yet: SCATTER_ND does the same",
    ),
    ("STABLEHLO_RNG_BIT_GENERATOR", RANDOM),
    (
        "STABLEHLO_*",
        "an operator of StableHLO, of which TFLite itself runs few: convert the model to TFLite's own \
         operators",
    ),
    ("UNIDIRECTIONAL_SEQUENCE_RNN", RECURRENT),
    (
        "UNIQUE",
        "the size of its output depends on the data: do this step in the program",
    ),
    ("AudioSpectrogram", AUDIO),
    (
        "CIRCULAR_BUFFER",
        "it keeps a state and ends a run early: convert the model with its state in variables, which are \
         supported",
    ),
    (
        "Flex*",
        "an operator of TensorFlow itself (SELECT_TF_OPS): convert the model with TFLITE_BUILTINS alone, \
         or leave this step to the program",
    ),
    ("Landmarks2TransformMatrix", MEDIAPIPE),
    ("Mfcc", AUDIO),
    (
        "NumericVerify",
        "it compares a debugging model with itself: convert the model without it",
    ),
    (
        "PosenetDecoderOp",
        "Coral's decoder of poses: end the model in front of it, and find the poses in its inputs (heat \
         maps, offsets, displacements) in the program",
    ),
    (
        "TFLM_DECODE",
        "it unpacks weights of TensorFlow Lite Micro's own compressed files: take the file from before \
         the compression",
    ),
    ("TransformLandmarks", MEDIAPIPE),
    ("TransformTensorBilinear", MEDIAPIPE),
    (
        "ethos-u",
        "a program for one NPU: take the file from before Vela",
    ),
];

const RECURRENT: &str = "an old recurrent layer: UNIDIRECTIONAL_SEQUENCE_LSTM is supported, and what the converter makes of Keras' \
     RNN, LSTM, GRU and Bidirectional";
const RANDOM: &str =
    "it draws random numbers, which differ from run to run: pass them to the model as an input";
const TABLE: &str = "it looks keys up in a table, mostly of text: do that in the program, and pass numbers to the model";
const TEXT: &str = "of text models: look words up in the program, and pass numbers to the model";
const AUDIO: &str = "of TensorFlow's speech example: compute features in the program, or by the signal library of TensorFlow \
     Lite Micro, which is supported";
const MEDIAPIPE: &str = "MediaPipe's, which cuts out a part of an image by landmarks: end the model in front of it, and do this \
     step in the program";

/// Why the operator `name` is refused, if that is known, and what to do.
pub(crate) fn reason(name: &str) -> Option<&'static str> {
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    };
    // Of a family some may be supported.
    let mut known = REASONS.iter().filter(|_| !SUPPORTED.contains(&name));
    known
        .find(|(pattern, _)| fits(pattern))
        .map(|(_, why)| *why)
}

/// Custom operators among them, with their reasons.
pub(crate) fn custom() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    let is_builtin = |name: &str| {
        let mut letters = name.trim_end_matches('*').chars();
        letters.all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    let also = ["CIRCULAR_BUFFER", "TFLM_DECODE"];
    REASONS
        .iter()
        .filter(move |(name, _)| also.contains(name) || !is_builtin(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_reasons() {
        for name in [
            "FlexErf",
            "HASHTABLE_FIND",
            "RANDOM_UNIFORM",
            "UNIQUE",
            "Mfcc",
        ] {
            assert!(reason(name).is_some(), "{name}");
        }
        assert_eq!(reason("STABLEHLO_RNG_BIT_GENERATOR"), Some(RANDOM));
        assert_eq!(reason("Mystery"), None);
        assert!(custom().any(|(name, _)| *name == "Flex*"));
        assert!(custom().all(|(name, _)| *name != "UNIQUE"));
    }

    #[test]
    fn what_is_supported_has_none() {
        for (name, _) in REASONS {
            assert!(!SUPPORTED.contains(name), "{name}");
        }
        assert_eq!(reason("STABLEHLO_COMPOSITE"), None);
    }
}
