//! Results that cannot say everything say what they leave out.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/models")
}

/// The result of a command on one model, and what it prints as text.
fn result(arguments: &[&str]) -> (Value, String) {
    let run = |more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_cargo-niello"))
            .arg("niello")
            .args(arguments)
            .args(more)
            .current_dir(tests())
            .output()
            .expect("the program runs");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let document: Value = serde_json::from_str(&run(&["--json"])).expect("JSON");
    (document["models"][0]["result"].clone(), run(&[]))
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().expect("a list")
}

#[test]
fn a_quantized_file_has_a_report_without_samples() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let page = folder.path().join("page.html");
    let html = page.display().to_string();
    for (model, element) in [
        ("photo_locator_i8.tflite", "i8"),
        ("ops/conv_16x8_i16.tflite", "i16"),
    ] {
        let (report, text) = result(&["report", model, "--html", &html]);
        assert!(text.contains("left out: there is no dataset"), "{text}");
        assert!(text.contains("tensors with the largest steps"), "{text}");
        assert!(list(&report, "outputs").is_empty());
        let tensors = list(&report, "tensors");
        let has_range = |t: &&Value| t["element"] == element && t["range"]["scale"].is_number();
        assert!(tensors.iter().filter(has_range).count() >= 2, "{report}");
        assert!(tensors.iter().all(|t| t["count"] == 0));
        let channels = |w: &Value| !list(w, "channels").is_empty();
        assert!(list(&report, "weights").iter().any(channels), "{report}");
        let costs = |o: &Value| o["measured"] == false && o["macs"].as_u64() > Some(0);
        assert!(list(&report, "operators").iter().any(costs));
        assert!(report["mcu"]["weight_bytes"].as_u64() > Some(0));
        let page = std::fs::read_to_string(&page).expect("written");
        assert!(page.contains("Left out: there is no dataset"));
        assert!(!page.contains("Outputs, int8 against float"));
    }
}

#[test]
fn branches_and_loops_are_left_out_by_name() {
    let model = [
        "control/lengths_f32.tflite",
        "--dataset",
        "control/lengths_samples.npz",
    ];
    for command in ["report", "sensitivity"] {
        let (result, text) = result(&[&[command][..], &model].concat());
        let left_out = list(&result, "left_out");
        let reason = left_out[0].as_str().expect("a text");
        assert!(reason.contains("inside of branches and loops"), "{reason}");
        assert!(text.contains("left out: "), "{text}");
    }
    let (sensitivity, _) = result(&[&["sensitivity"][..], &model].concat());
    let operators = list(&sensitivity, "operators");
    assert!(!operators.is_empty());
    // Something is lost, and it is measured how much.
    let measured = |o: &Value| o["outputs"][0]["only_this_int8"]["sqnr_db"].is_number();
    assert!(operators.iter().any(measured), "{sensitivity}");
}
