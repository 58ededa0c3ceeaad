//! The command line as users have it: runs the program in the folder of the examples.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// Runs `cargo niello` with these arguments.
fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cargo-niello"))
        .arg("niello")
        .args(arguments)
        .env("COLUMNS", "100")
        .current_dir(examples())
        .output()
        .expect("the program runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// The document that a command prints, which must succeed.
fn json(arguments: &[&str]) -> Value {
    let output = run(&[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).expect("JSON")
}

/// The paths of all fields, each once: the schema as far as a document shows it.
fn fields(value: &Value, path: &str, all: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                fields(value, &format!("{path}.{key}"), all);
            }
        }
        Value::Array(list) => {
            for value in list {
                fields(value, &format!("{path}[]"), all);
            }
        }
        Value::Null => {}
        Value::Bool(_) => all.push(format!("{path}: bool")),
        Value::Number(_) => all.push(format!("{path}: number")),
        Value::String(_) => all.push(format!("{path}: text")),
    }
}

fn schema(document: &Value) -> String {
    let mut all = Vec::new();
    fields(document, "", &mut all);
    all.sort();
    all.dedup();
    all.join("\n")
}

const DIGITS: &str = "models/digit_pair_f32.tflite";
const SAMPLES: [&str; 2] = ["--dataset", "models/digit_pair_calibration.npz"];

#[test]
fn help_names_commands_and_exit_codes() {
    insta::assert_snapshot!(stdout(&run(&["--help"])));
}

#[test]
fn inspect_lists_what_a_call_compiles() {
    let output = run(&["inspect", "photo_locator"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    let kept = text.lines().take_while(|line| *line != "memory");
    insta::assert_snapshot!(kept.collect::<Vec<_>>().join("\n"));
    assert!(text.contains("small cores"), "{text}");
}

#[test]
fn inspect_needs_no_dataset() {
    let document = json(&["inspect", DIGITS]);
    insta::assert_snapshot!(schema(&document));
    let result = &document["models"][0]["result"];
    assert_eq!(result["estimated"], true);
    assert_eq!(result["needs_dataset"], true);
    // Sizes are about those that the dataset's ranges give: noise leaves out other channels.
    let real = json(&[&["inspect", DIGITS][..], &SAMPLES].concat());
    let size = |document: &Value, what: &str| {
        let memory = &document["models"][0]["result"]["mcu"];
        memory[what].as_f64().expect("a number")
    };
    assert_eq!(size(&document, "arena_bytes"), size(&real, "arena_bytes"));
    let (about, exact) = (size(&document, "weight_bytes"), size(&real, "weight_bytes"));
    assert!((about / exact - 1.0).abs() < 0.05, "{about} {exact}");
}

#[test]
fn a_report_has_tensors_operators_outputs_and_memory() {
    let document = json(&["report", "photo_locator"]);
    insta::assert_snapshot!(schema(&document));
    let model = &document["models"][0];
    assert_eq!(model["function"], "photo_locator");
    let result = &model["result"];
    assert_eq!(result["samples"]["calibrating"], 80);
    assert_eq!(result["samples"]["measuring"], 20);
    assert_eq!(result["samples"]["unseen"], true);
    let clauses = result["requirements"].as_array().expect("a list");
    assert!(clauses.iter().all(|clause| clause["met"] == true));
    for tensor in result["tensors"].as_array().expect("a list") {
        let number = |field: &str| tensor[field].as_f64().expect("a number");
        assert!(number("min") <= number("mean") && number("mean") <= number("max"));
        let counts = tensor["histogram"]["counts"].as_array().expect("a list");
        let sum: u64 = counts.iter().filter_map(Value::as_u64).sum();
        assert_eq!(Some(sum), tensor["count"].as_u64());
        let percentiles = tensor["percentiles"].as_array().expect("a list");
        let values: Vec<f64> = percentiles
            .iter()
            .filter_map(|p| p["value"].as_f64())
            .collect();
        assert!(values.is_sorted(), "{tensor}");
    }
}

#[test]
fn clauses_of_require_name_outputs_as_in_the_macro() {
    let clause = r#"require("StatefulPartitionedCall:1": sqnr_db >= 1)"#;
    let document = json(&["report", "photo_locator", "--with", clause]);
    let all = document["models"][0]["result"]["requirements"].as_array();
    let all = all.expect("a list");
    // Behind those of the call: the file's name of a tensor, which is the output `photo`.
    let last = all.last().expect("a clause");
    assert_eq!(last["output"], "StatefulPartitionedCall:1");
    let photo = all.iter().find(|r| r["output"] == "photo");
    assert_eq!(last["measured"], photo.expect("a clause")["measured"]);
}

#[test]
fn the_text_of_a_report_has_its_sections() {
    let output = run(&[&["report", DIGITS][..], &SAMPLES].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    for part in [
        "outputs, int8",
        "operators that lose",
        "tensors with",
        "memory",
    ] {
        assert!(text.contains(part), "{text}");
    }
    // Neither colours nor progress where there is no terminal.
    assert!(!text.contains('\x1b'), "{text}");
    assert_eq!(stderr(&output), "");
}

#[test]
fn accuracy_is_shown_where_there_are_labels() {
    let labelled = [
        DIGITS,
        "--dataset",
        "models/digit_pair_evaluation.npz",
        "--with",
        "samples = 20, require(left_greater: mean_abs_error <= 0.3)",
    ];
    let document = json(&[&["report"][..], &labelled].concat());
    let result = &document["models"][0]["result"];
    let outputs = result["outputs"].as_array().expect("a list");
    let labels = |name: &str| {
        let output = outputs.iter().find(|o| o["name"] == name);
        &output.expect("an output")["labels"]
    };
    for accuracy in ["accuracy", "float_accuracy"] {
        let share = labels("sum")[accuracy].as_f64().expect("a share");
        assert!(share > 0.5 && share < 1.0, "{share}");
    }
    assert!(labels("sum")["mean_abs_error"].is_null());
    let error = &labels("left_greater")["mean_abs_error"];
    assert_eq!(result["requirements"][0]["measured"], *error);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("niello.toml").display().to_string();
    let check = ["--summary", file.as_str(), "--write"];
    for (command, more, shown) in [
        ("report", &[][..], "accuracy float"),
        (
            "compare",
            &["--setting", "calibration = minmax"][..],
            "error to labels",
        ),
        ("check", &check[..], "sum: accuracy int8"),
    ] {
        let output = run(&[&[command][..], &labelled, more].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(stdout(&output).contains(shown), "{}", stdout(&output));
    }
    let written = std::fs::read_to_string(&file).expect("written");
    assert!(
        written.contains(".outputs.sum.labels]\naccuracy = 0."),
        "{written}"
    );
    // Labels from another file, which has others than the dataset has samples.
    let other = [
        &["report", DIGITS][..],
        &SAMPLES,
        &["--labels", labelled[2]],
    ]
    .concat();
    let text = stdout(&run(&other));
    assert!(text.contains("labels of sum are not used"), "{text}");
}

#[test]
fn settings_are_compared_with_those_of_the_call() {
    let arguments = [
        &["compare", DIGITS][..],
        &SAMPLES,
        &[
            "--with",
            "samples = 20",
            "--setting",
            "calibration = minmax",
        ],
    ];
    let document = json(&arguments.concat());
    insta::assert_snapshot!(schema(&document));
    let result = &document["models"][0]["result"];
    assert_eq!(result["samples"]["calibrating"], 20);
    let names: Vec<&Value> = result["settings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|setting| &setting["name"])
        .collect();
    assert_eq!(names, ["as it is", "calibration = minmax"]);
}

#[test]
fn one_operator_at_a_time_is_exchanged() {
    let arguments = [&["sensitivity", DIGITS][..], &SAMPLES, &["--measure", "40"]];
    let document = json(&arguments.concat());
    insta::assert_snapshot!(schema(&document));
    let result = &document["models"][0]["result"];
    assert_eq!(result["measured"], 40);
    let base = result["all_int8"][0]["sqnr_db"].as_f64().expect("a loss");
    let operators = result["operators"].as_array().expect("a list");
    // One operator in int8 loses less than all of them do.
    let only = |o: &Value| o["outputs"][0]["only_this_int8"]["sqnr_db"].as_f64();
    assert!(operators.iter().filter_map(only).all(|db| db > base - 1.0));
    let gain = |o: &Value| o["outputs"][0]["gain_db"].as_f64();
    assert!(operators.iter().filter_map(gain).any(|db| db > 0.0));
}

#[test]
fn a_search_has_settings_with_costs_and_margins() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let arguments = [
        "search",
        "models/tabular_mixture_f32.tflite",
        "--dataset",
        "models/tabular_mixture_calibration.npz",
        "--with",
        "calibration = percentile(60)",
        "--target",
        "radius: sqnr_db >= 30, logits: sqnr_db >= 30",
        "--json",
    ];
    let output = Command::new(env!("CARGO_BIN_EXE_cargo-niello"))
        .args(arguments)
        .env("NIELLO_CACHE", folder.path())
        .current_dir(examples())
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{}", stderr(&output));
    let document: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    insta::assert_snapshot!(schema(&document));
    let result = &document["models"][0]["result"];
    assert_eq!(result["as_it_is"]["relative_cost"], 1.0);
    let front = result["front"].as_array().expect("a list");
    let chosen = result["chosen"].as_u64().expect("a setting") as usize;
    assert_eq!(front[chosen]["meets"], true);
}

#[test]
fn mistakes_have_messages_and_exit_codes() {
    for (arguments, code, message) in [
        (
            &["inspect", "nowhere.tflite"][..],
            1,
            "cannot read the model nowhere.tflite",
        ),
        (&["report", DIGITS], 1, "this needs samples"),
        (
            &["inspect", "no_function"],
            1,
            "no include_model! call of that name",
        ),
        (
            &["inspect", DIGITS, "--with", "smaples = 3"],
            1,
            "unknown option `smaples`",
        ),
        (&["inspect", "--nothing"], 2, "unexpected argument"),
        (&["inspect", "lib.rs.tflite"], 1, "cannot read"),
        (
            &["inspect", DIGITS, "--with", "tensors(\"x\": minmax)"],
            1,
            "no tensor to calibrate is called",
        ),
    ] {
        let output = run(arguments);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        assert!(text.contains(message), "{arguments:?}: {text}");
    }
}

#[test]
fn a_model_that_fails_does_not_hide_others() {
    // Of the calls of the examples, none fits this option.
    let output = run(&["inspect", "--with", "signature = \"none\"", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let document: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let models = document["models"].as_array().expect("a list");
    assert!(models.len() >= 2, "{document}");
    assert!(models.iter().all(|model| model["error"].is_string()));
}

#[test]
fn a_page_that_cannot_be_written_is_an_error() {
    let arguments = [&["report", DIGITS][..], &SAMPLES, &["--html", "models"]];
    let output = run(&arguments.concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("cannot write models"));
}

#[test]
fn an_exported_file_is_a_model() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("int8.tflite").display().to_string();
    for runtime in ["micro", "litert"] {
        let document = json(&["export", "photo_locator", "-o", &file, "--for", runtime]);
        let written = &document["models"][0]["result"];
        let bytes = std::fs::metadata(&file).expect("a file").len();
        assert_eq!(written["bytes"].as_u64(), Some(bytes));
        // It is int8 already: it needs no dataset.
        let inspected = json(&["inspect", &file]);
        assert!(inspected["models"][0]["error"].is_null(), "{inspected}");
    }
    let all = run(&["export", "--output", &file]);
    assert!(!all.status.success() && stderr(&all).contains("--output is for one model"));
}

#[test]
fn commands_of_the_page_run() {
    let page = examples().join("../docs/workflow.md");
    let text = std::fs::read_to_string(page).expect("a text");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let html = folder.path().join("report.html");
    let mut commands = 0;
    for block in text.split("```sh\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        for line in block
            .lines()
            .filter(|line| line.starts_with("cargo niello "))
        {
            let mut words: Vec<String> = Vec::new();
            for (i, part) in line["cargo niello ".len()..].split('\'').enumerate() {
                // Every second part was in quotes.
                match i % 2 {
                    1 => words.push(part.to_owned()),
                    _ => words.extend(part.split_whitespace().map(str::to_owned)),
                }
            }
            let is_written = |word: &&mut String| {
                let written = [
                    "report.html",
                    "photo_locator_int8.tflite",
                    "map.tflite",
                    "map.npz",
                ];
                written.contains(&word.as_str())
            };
            for word in words.iter_mut().filter(is_written) {
                *word = folder.path().join(&*word).display().to_string();
            }
            // It ends by Ctrl-C only.
            if words.first().is_some_and(|word| word == "watch") {
                continue;
            }
            let output = run(&words.iter().map(String::as_str).collect::<Vec<_>>());
            // Another processor's floats may be worse than those that wrote the file, and a slower
            // one does not get as far within a time limit.
            let may_differ = ["check", "search"].map(|command| words[0] == command);
            let differs = may_differ.contains(&true) && output.status.code() == Some(3);
            let is_right = output.status.success() || differs;
            assert!(is_right, "{line}: {}", stderr(&output));
            commands += 1;
        }
    }
    let exported = folder.path().join("photo_locator_int8.tflite");
    assert!(commands > 5 && html.is_file() && exported.is_file());
}

#[test]
fn check_fails_when_something_became_worse() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("niello.toml");
    let file = path.to_str().expect("UTF-8");
    let arguments = [&["check", DIGITS][..], &SAMPLES, &["--summary", file]].concat();
    // Unknown yet.
    assert_eq!(run(&arguments).status.code(), Some(3));
    let write = [&arguments[..], &["--write"]].concat();
    assert_eq!(run(&write).status.code(), Some(0));
    let document = json(&arguments);
    insta::assert_snapshot!(schema(&document));
    assert_eq!(document["models"][0]["result"]["passed"], true);
    // A smaller arena than it needs: as if it had grown.
    let text = std::fs::read_to_string(&path).expect("written");
    let smaller: Vec<String> = text
        .lines()
        .map(|line| match line.strip_prefix("arena_bytes = ") {
            Some(_) => "arena_bytes = 1".to_owned(),
            None => line.to_owned(),
        })
        .collect();
    std::fs::write(&path, smaller.join("\n")).expect("writable");
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(
        stdout(&output).contains("- arena_bytes: 1 -> "),
        "{}",
        stdout(&output)
    );
    // A bound that is not met fails, too, also if it was written so.
    let strict = [&write[..], &["--with", "require(sum: sqnr_db >= 99.0)"]].concat();
    let output = run(&strict);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(
        stdout(&output).contains("is not met"),
        "{}",
        stdout(&output)
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_shows_what_was_computed() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cargo-niello"))
        .args(["niello", "compare", "photo_locator", "--json"])
        .env("NIELLO_CACHE", "off")
        .current_dir(examples())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program runs");
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let process = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &process]).status();
    if !sent.is_ok_and(|status| status.success()) {
        // It was faster than the signal.
        child.wait().expect("it ends");
        return;
    }
    let output = child.wait_with_output().expect("it ends");
    // How far it came depends on the machine.
    assert!(matches!(output.status.code(), Some(0 | 130)), "{output:?}");
    if output.status.success() {
        let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert!(document["models"][0]["result"]["settings"].is_array());
    }
}
