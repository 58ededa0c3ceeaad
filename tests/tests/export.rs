//! Exported int8 files against the recorded outputs of LiteRT and TensorFlow Lite Micro.

use std::path::{Path, PathBuf};

use niello_compiler::export::quantized_interface;
use niello_compiler::model::Model;
use niello_tests::cases::request;
use niello_tests::exports::{self, Case};

/// One model as a file, with inputs and our outputs.
fn exported(case: &Case) -> Result<[Vec<u8>; 3], String> {
    let text = |e: niello_compiler::Error| e.to_string();
    let request = request(&case.model, Some(&case.dataset));
    let request = quantized_interface(&request).map_err(text)?;
    let model =
        Model::read_for(&case.model, &request.options, Some(&case.dataset)).map_err(text)?;
    let quantized = model.quantize(&request).map_err(text)?;
    let file = quantized.export().map_err(text)?;
    let calls = exports::inputs(&model, &quantized, &case.dataset);
    let inputs = calls.iter().flat_map(|call| exports::bytes(call)).collect();
    let outputs = calls
        .iter()
        .flat_map(|call| exports::bytes(&quantized.run(call)))
        .collect();
    Ok([file.bytes, inputs, outputs])
}

/// Writes all files for `tests/models/export.py`, which runs them.
#[test]
#[ignore = "writes files: see tests/models/export.py"]
fn write() {
    let folder = PathBuf::from(std::env::var("NIELLO_EXPORT").expect("a folder"));
    let temporary = tempfile::tempdir().expect("a folder");
    let only = std::env::var("NIELLO_ONLY").unwrap_or_default();
    for case in exports::all(temporary.path()) {
        if !case.name.contains(&only) {
            continue;
        }
        let path = |ending: &str| folder.join(format!("{}{ending}", case.name.replace('/', ".")));
        for ending in [".tflite", ".in", ".out", ".err"] {
            let _ = std::fs::remove_file(path(ending));
        }
        match exported(&case) {
            Ok(parts) => {
                for (part, ending) in parts.iter().zip([".tflite", ".in", ".out"]) {
                    std::fs::write(path(ending), part).expect("written");
                }
            }
            Err(error) => {
                println!("{}: {error}", case.name);
                std::fs::write(path(".err"), error).expect("written");
            }
        }
    }
}

#[allow(dead_code, reason = "for later")]
fn unused(_: &Path) {}
