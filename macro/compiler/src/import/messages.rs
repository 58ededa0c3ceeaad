//! Words for what is not supported.

use crate::tflite::Tensor;

/// The accelerators that a file with a custom operator may have been compiled for.
const ACCELERATORS: &[(&str, &str)] = &[
    ("edgetpu", "Edge TPU"),
    ("ethos", "Arm Ethos-U"),
    ("samsung", "Samsung's NPU"),
    ("neuron", "MediaTek's NPU"),
    ("mtk", "MediaTek's NPU"),
    ("qnn", "Qualcomm's NPU"),
    ("hexagon", "Qualcomm's NPU"),
    ("neutron", "NXP's NPU"),
    ("vsi-npu", "VeriSilicon's NPU"),
    ("dispatch_op", "an NPU"),
];

/// The accelerator that the file was compiled for, if this custom operator shows it.
fn accelerator(custom: &str) -> Option<&'static str> {
    let custom = custom.to_ascii_lowercase();
    let mut known = ACCELERATORS.iter();
    known
        .find(|(part, _)| custom.contains(part))
        .map(|(_, name)| *name)
}

/// The error of a file with operators that no row of the table knows: their places, and
/// the names of custom ones.
pub(crate) fn operators(places: &[String], custom: &[String]) -> String {
    let what = if places.len() == 1 {
        "1 operator is"
    } else {
        "these operators are"
    };
    let list = places.join("\n  ");
    let advice = match custom.iter().find_map(|name| accelerator(name)) {
        Some(name) => format!(
            "The file was compiled for {name}, and only that can run it: take the file before that step."
        ),
        None => "docs/operators.md of niello lists what is.".to_owned(),
    };
    format!("{what} not supported:\n  {list}\n{advice}")
}

/// Why the data of a constant cannot be read, if that is so.
pub(crate) fn constant(tensor: &Tensor<'_>, read: bool) -> Option<String> {
    (!read).then(|| {
        let element = tensor.type_().variant_name();
        let element = element.map_or_else(|| format!("{}", tensor.type_().0), str::to_owned);
        format!("is a constant of the type {element}, which is not supported")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_accelerators_are_recognized() {
        for (custom, name) in [
            ("edgetpu-custom-op", Some("Edge TPU")),
            ("ethos-u", Some("Arm Ethos-U")),
            ("Samsung_ENN", Some("Samsung's NPU")),
            ("NEURON", Some("MediaTek's NPU")),
            ("TFLite_Detection_PostProcess", None),
        ] {
            assert_eq!(accelerator(custom), name, "{custom}");
        }
        let text = operators(&["#0 CUSTOM".into()], &["edgetpu-custom-op".into()]);
        assert!(text.contains("take the file before that step"), "{text}");
        let text = operators(&["#0 ATAN2".into(), "#1 X".into()], &[]);
        assert!(text.contains("docs/operators.md"), "{text}");
    }
}
