//! Exported int8 files against the recorded outputs of LiteRT's reference kernels and TensorFlow
//! Lite Micro (`tests/models/export.py`): every byte.

use std::collections::BTreeMap;
use std::path::PathBuf;

use flate2::Crc;
use niello_compiler::export::{Runtime, quantized_interface};
use niello_compiler::model::{Model, Profile};
use niello_tests::cases::request;
use niello_tests::exports::{self, Case};
use niello_tests::here;

/// The runtimes that give other bytes than the emitted code, by model.
const EXCEPTIONS: &[(&[&str], &[&str])] = &[
    // LiteRT's reference kernel of SUM is wrong for int8; its default one is right.
    (
        &["litert"],
        &[
            "cases/tokens_int64",
            "keras_layers/additive_attention",
            "keras_layers/attention_concat",
            "keras_layers/dot_cosine",
            "keras_layers/embedding_masked",
            "keras_layers/unit_normalization",
            "keras_layers/unit_normalization_last",
            "ops/sum_all",
            "ops/sum_first",
            "ops/sum_keep",
            "ops/sum_last",
            "ops/sum_mixed",
        ],
    ),
    // Random bytes make a divisor 0, or a logarithm infinite: notes of the exported files say so.
    (
        &["tflm", "litert"],
        &["ops/div", "ops/div_column", "ops/div_row", "ops/log_4d"],
    ),
];

/// What a model becomes in two files.
struct Result {
    /// The file for TensorFlow Lite Micro, and the one for LiteRT.
    files: [Vec<u8>; 2],
    inputs: Vec<u8>,
    outputs: Vec<u8>,
}

fn exported(case: &Case) -> std::result::Result<Result, String> {
    let text = |e: niello_compiler::Error| e.to_string();
    let request = request(&case.model, Some(&case.dataset));
    let request = quantized_interface(&request).map_err(text)?;
    let model =
        Model::read_for(&case.model, &request.options, Some(&case.dataset)).map_err(text)?;
    let quantized = model.quantize(&request).map_err(text)?;
    let file = |runtime| quantized.export(runtime).map(|file| file.bytes);
    let calls = exports::inputs(&model, &quantized, &case.dataset);
    // The emitted program, pruned and inside of its arena; what the model keeps goes from one
    // call to the next.
    let outputs = quantized.run_sequence(&calls, Profile::Mcu, false);
    let outputs = outputs.iter().map(|outputs| exports::bytes(outputs));
    Ok(Result {
        files: [
            file(Runtime::TfliteMicro).map_err(text)?,
            file(Runtime::LiteRt).map_err(text)?,
        ],
        inputs: calls.iter().flat_map(|call| exports::bytes(call)).collect(),
        outputs: outputs.flatten().collect(),
    })
}

fn checksum(bytes: &[u8]) -> String {
    let mut crc = Crc::new();
    crc.update(bytes);
    format!("{:08x}", crc.sum())
}

/// For each model of the record, the words of its line.
fn record() -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(here().join("models/exported.txt")).expect("a record");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let words = lines.map(|line| line.split(' ').map(str::to_owned).collect::<Vec<_>>());
    words.map(|words| (words[0].clone(), words)).collect()
}

/// Compares one model with its line; the complaints.
fn compare(case: &Case, words: &[String]) -> Vec<String> {
    let name = &case.name;
    let result = match exported(case) {
        Ok(result) => result,
        Err(error) if words[1] == "refused:" => {
            let known = words[2..].join(" ");
            return match error.lines().next() == Some(known.as_str()) {
                true => Vec::new(),
                false => vec![format!("{name}: {error}; recorded: {known}")],
            };
        }
        Err(error) => return vec![format!("{name}: {error}")],
    };
    let own = checksum(&result.outputs);
    let mut wrong = Vec::new();
    let [_, inputs, rest @ ..] = words else {
        return vec![format!("{name}: a line without checksums")];
    };
    if *inputs != checksum(&result.inputs) {
        wrong.push(format!("{name}: other inputs than recorded: run export.py"));
    }
    // A file that is the same for both runtimes is recorded once.
    for (file, recorded) in result.files.iter().zip(rest.chunks(3).cycle()) {
        let [checksum_of_file, micro, litert] = recorded else {
            return vec![format!("{name}: a line of {} words", words.len())];
        };
        if *checksum_of_file != checksum(file) {
            wrong.push(format!("{name}: another file than recorded: run export.py"));
            continue;
        }
        let is_for_litert = *file == result.files[1];
        for (runtime, outputs, is_asked) in
            [("tflm", micro, true), ("litert", litert, is_for_litert)]
        {
            let is_known = EXCEPTIONS.iter().any(|(runtimes, names)| {
                runtimes.contains(&runtime) && names.contains(&name.as_str())
            });
            let is_run = !outputs.starts_with("no:");
            if is_asked && is_run && (*outputs == own) == is_known {
                wrong.push(format!("{name}: {runtime} gives {outputs}, we {own}"));
            }
        }
    }
    wrong
}

#[test]
fn exported_files_give_the_emitted_codes_bytes() {
    let record = record();
    let folder = tempfile::tempdir().expect("a folder");
    let mut wrong = Vec::new();
    let cases = exports::all(folder.path());
    for case in &cases {
        match record.get(&case.name) {
            Some(words) => wrong.extend(compare(case, words)),
            None => wrong.push(format!("{} is not recorded: run export.py", case.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Writes the files that `tests/models/export.py` runs.
#[test]
#[ignore = "writes files into the folder NIELLO_EXPORT, for tests/models/export.py"]
fn write() {
    let target = PathBuf::from(std::env::var("NIELLO_EXPORT").expect("a folder"));
    let folder = tempfile::tempdir().expect("a folder");
    let only = std::env::var("NIELLO_ONLY").unwrap_or_default();
    for case in exports::all(folder.path()) {
        if !case.name.contains(&only) {
            continue;
        }
        let name = case.name.replace('/', ".");
        let write = |ending: &str, bytes: &[u8]| {
            std::fs::write(target.join(format!("{name}.{ending}")), bytes).expect("written");
        };
        let _ = std::fs::remove_file(target.join(format!("{name}.refused")));
        match exported(&case) {
            Ok(result) => {
                write("0.tflite", &result.files[0]);
                write("1.tflite", &result.files[1]);
                write("inputs", &result.inputs);
                write("outputs", &result.outputs);
            }
            Err(error) => write("refused", error.as_bytes()),
        }
    }
}
