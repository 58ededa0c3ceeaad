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

/// A folder with samples of the one input `x`, as NumPy writes them.
fn samples(shape: &[usize]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sizes: String = shape.iter().map(|n| format!("{n}, ")).collect();
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({sizes})}}\n");
    let length = u16::try_from(header.len()).expect("short").to_le_bytes();
    let mut bytes = [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes()].concat();
    for i in 0..shape.iter().product() {
        // From small to large ones: all branches are taken.
        let sample = i * shape[0] / shape.iter().product::<usize>();
        let x = (i as f32 * 0.7).sin() * sample as f32 * 0.1;
        bytes.extend(x.to_le_bytes());
    }
    std::fs::write(folder.path().join("x.npy"), bytes).expect("writable");
    folder
}

#[test]
fn branches_and_loops_are_left_out_by_name() {
    for (model, shape, inside, outside, output) in [
        (
            "ops/if_early_exit_f32.tflite",
            &[40, 8, 8, 2][..],
            "BATCH_MATMUL",
            "CONV_2D",
            0,
        ),
        (
            "ops/while_behind_f32.tflite",
            &[40, 8],
            "SCATTER_ND",
            "TANH",
            1,
        ),
    ] {
        let folder = samples(shape);
        let dataset = folder.path().display().to_string();
        let run = |command: &str| result(&[command, model, "--dataset", &dataset]);
        for command in ["report", "sensitivity"] {
            let (result, text) = run(command);
            let reason = list(&result, "left_out")[0].as_str().expect("a text");
            assert!(reason.contains(inside), "{reason}");
            assert!(text.contains("left out: "), "{text}");
        }
        let (sensitivity, _) = run("sensitivity");
        let operators = list(&sensitivity, "operators");
        let name = |o: &Value| o["operator"].as_str().expect("a text").to_owned();
        let names: Vec<String> = operators.iter().map(name).collect();
        assert!(names.iter().any(|n| n == outside), "{names:?}");
        assert!(
            !names
                .iter()
                .any(|n| ["IF", "WHILE", inside].contains(&n.as_str())),
            "{names:?}"
        );
        // One operator alone in int8 loses something, and its exemption changes something.
        let only = |o: &Value| o["outputs"][output]["only_this_int8"]["sqnr_db"].is_number();
        assert!(operators.iter().any(only), "{sensitivity}");
        let gain = |o: &Value| o["outputs"][output]["gain_db"].as_f64();
        assert!(
            operators.iter().filter_map(gain).any(|db| db != 0.0),
            "{sensitivity}"
        );
    }
}
