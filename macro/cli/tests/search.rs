//! `cargo niello search`: what it finds, that it goes on after a stop, and what it writes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use niello_build::arguments::exchange;
use niello_compiler::analysis::{Analysis, Progress, Quiet, SearchOptions, SearchResult};
use niello_compiler::{Options, Request};
use serde_json::Value;
use tempfile::TempDir;

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/models")
}

fn options(text: &str) -> Options {
    exchange(&Options::default(), text).expect("options").0
}

/// Searches a model with these options in the folder `cache`.
fn search(
    model: &str,
    dataset: PathBuf,
    call: &str,
    wanted: &SearchOptions,
    (cache, progress): (&Path, &dyn Progress),
) -> niello_compiler::Result<SearchResult> {
    let request = Request {
        model: models().join(model),
        dataset: Some(dataset),
        options: options(call),
        cache: Some(cache.to_owned()),
    };
    Analysis::open(request)?.search(wanted, progress)
}

fn wanted(clauses: &str, measure: usize) -> SearchOptions {
    SearchOptions {
        targets: options(&format!("require({clauses})")).require,
        measure,
        time_limit: None,
    }
}

/// A user who stops the search after it has asked for that so many times.
struct Impatient(AtomicUsize);

impl Progress for Impatient {
    fn begin(&self, _: &str, _: u64) {}

    fn advance(&self, _: u64) {}

    fn is_stopped(&self) -> bool {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(1), Ordering::Relaxed);
        left == 0
    }
}

#[test]
fn a_search_that_was_stopped_finds_the_same() {
    // More than any setting reaches: nothing is left untried.
    let wanted = wanted("radius: sqnr_db >= 134, logits: sqnr_db >= 134", 8);
    let run = |cache: &TempDir, progress: &dyn Progress| {
        let dataset = models().join("tabular_mixture_calibration.npz");
        let place = (cache.path(), progress);
        search("tabular_mixture_f32.tflite", dataset, "", &wanted, place)
    };
    let [whole, parts] = [0; 2].map(|_| tempfile::tempdir().expect("a folder"));
    let mut whole = run(&whole, &Quiet).expect("a search");
    assert!(whole.finished && !whole.front.is_empty(), "{whole:?}");
    let mut stops = 0;
    for looks in [0, 1, 2, 5, 9, 30, 60, 90, 120, 150] {
        match run(&parts, &Impatient(AtomicUsize::new(looks))) {
            Ok(part) => {
                assert_eq!(part.as_it_is, whole.as_it_is);
                stops += usize::from(!part.finished);
            }
            Err(error) => assert!(error.message.contains("stopped"), "{error}"),
        }
    }
    assert!(stops > 2, "{stops}");
    let mut again = run(&parts, &Quiet).expect("a search");
    // What was measured to show something after a stop counts, too.
    (whole.tried, again.tried) = (0, 0);
    assert_eq!(again, whole);
}

/// A file of numbers for each sample, as numpy writes it.
fn npy(shape: &str, data: &[f32]) -> Vec<u8> {
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data.iter().flat_map(|x| x.to_le_bytes()));
    bytes
}

#[test]
fn a_gain_that_does_not_survive_is_not_reported() {
    // Every fifth sample is held out; every other of these decides, and the others are far larger.
    const SAMPLES: usize = 40;
    let factor = |sample: usize| match sample % 10 {
        9 => 12.0,
        0 if sample == 0 => 12.0,
        _ => 1.0,
    };
    let mut state = 1_u32;
    let mut data = Vec::new();
    for sample in 0..SAMPLES {
        for _ in 0..64 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            data.push((state >> 8) as f32 / (1 << 24) as f32 * factor(sample));
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("image.npy");
    fs::write(&file, npy(&format!("({SAMPLES}, 8, 8, 1)"), &data)).expect("written");
    let place: (&Path, &dyn Progress) = (folder.path(), &Quiet);
    let call = "calibration = minmax";
    let wanted = wanted("digit: sqnr_db >= 60", SAMPLES / 10);
    let result = search("digit_f32.tflite", file, call, &wanted, place).expect("a search");
    assert!(result.finished);
    assert!(result.unconfirmed > 0, "{result:?}");
    assert!(result.front.is_empty(), "{result:?}");
    assert_eq!(result.chosen, None);
}

/// `cargo niello` with these arguments, in a folder of its own.
fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-niello"));
    command
        .arg("niello")
        .args(arguments)
        .env("NIELLO_CACHE", folder.join("cache"))
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments)
        .output()
        .expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// Waits until a search has written its first figures.
fn wait_for_figures(folder: &Path, child: &mut Child) {
    let is_there = || {
        let files = fs::read_dir(folder.join("cache")).into_iter().flatten();
        let mut files = files.flatten().map(|file| file.path());
        files.any(|file| file.extension().is_some_and(|e| e == "search"))
    };
    while !is_there() {
        let ended = child.try_wait().expect("a process");
        assert!(ended.is_none() || is_there(), "it ended without figures");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A crate that calls the macro with this model, and the text of its only file.
fn a_crate(folder: &Path, model: &str, options: &str) -> (PathBuf, String) {
    let manifest = "[package]\nname = \"a\"\nversion = \"0.0.0\"\nedition = \"2024\"\n";
    fs::write(folder.join("Cargo.toml"), manifest).expect("written");
    fs::create_dir(folder.join("src")).expect("a folder");
    let models = models().canonicalize().expect("a folder");
    let models = models.display();
    let source = format!(
        "//! Ü: a file  with odd formatting.\r\n\r\n   niello::include_model!  {{\r\n\t/// It // sums.\r\n\
         \tpub  fn model = \"{models}/{model}_f32.tflite\" , // the model, /* really\r\n\
         \tdataset=\"{models}/{model}_calibration.npz\",{options} /* last */ // one\r\n   }}\r\n\
         fn other( ) {{ }}"
    );
    let file = folder.join("src/lib.rs");
    fs::write(&file, &source).expect("written");
    (file, source)
}

const BAD: &str = "calibration  =  percentile(60), ";
const TARGET: [&str; 2] = ["--target", "logits: sqnr_db >= 20, radius: sqnr_db >= 20"];

#[test]
fn options_are_written_into_the_call_and_nowhere_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (file, before) = a_crate(folder, "tabular_mixture", BAD);
    let search = [&["search", "model"][..], &TARGET].concat();
    let output = run(folder, &[&search[..], &["--json"]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(fs::read_to_string(&file).expect("a file"), before);
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let result = &document["models"][0]["result"];
    assert_eq!(result["as_it_is"]["meets"], false);
    let chosen = result["chosen"].as_u64().expect("a setting") as usize;
    let changed = &result["front"][chosen]["changes"]["options"][0];
    assert_eq!(changed["key"], "calibration", "{changed}");
    let output = run(folder, &[&search[..], &["--write"]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let after = fs::read_to_string(&file).expect("a file");
    let value = changed["value"].as_str().expect("a text");
    let expected = before.replace("percentile(60), ", &format!("{value}, "));
    // Further options, if there are any, stand on lines of their own behind the last one.
    let added: Vec<&str> = after.lines().filter(|l| !expected.contains(l)).collect();
    let left: String = after
        .split_inclusive('\n')
        .filter(|line| !added.contains(&line.trim_end()))
        .collect();
    assert_eq!(left, expected);
    assert_ne!(after, before);
    // The call says what was searched for, and a second search leaves it alone.
    let output = run(folder, &[&search[..], &["--write"]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("the call meets the target as it is"));
    assert_eq!(fs::read_to_string(&file).expect("a file"), after);
}

#[test]
fn nothing_is_written_where_that_is_not_safe() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (file, before) = a_crate(folder, "photo_locator", BAD);
    let path = models().join("tabular_mixture_f32.tflite");
    let path = path.to_str().expect("UTF-8");
    let search = |model, more: &[&str]| {
        let arguments = [&["search", model, "--write"][..], &TARGET, more].concat();
        let output = run(folder, &arguments);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
        text(&output.stderr)
    };
    assert!(search(path, &[]).contains("--write changes an include_model! call"));
    assert!(search("model", &["--with", "samples = 50"]).contains("a search of the call as it is"));
    // A file that changes during the search.
    let arguments = [
        "search",
        "model",
        "--write",
        "--target",
        "photo: sqnr_db >= 25",
    ];
    let mut child = command(folder, &arguments).spawn().expect("a process");
    wait_for_figures(folder, &mut child);
    let other = before + "\n// new\n";
    fs::write(&file, &other).expect("written");
    let output = child.wait_with_output().expect("a process");
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(
        message.contains("has changed during the search"),
        "{message}"
    );
    assert_eq!(fs::read_to_string(&file).expect("a file"), other);
}

#[test]
#[cfg(unix)]
fn ctrl_c_shows_what_was_found_and_the_next_search_goes_on() {
    let [first, second] = [0; 2].map(|_| tempfile::tempdir().expect("a folder"));
    let model = models().join("photo_locator_f32.tflite");
    let dataset = models().join("photo_locator_calibration.npz");
    let [model, dataset] = [&model, &dataset].map(|path| path.to_str().expect("UTF-8"));
    // With few samples, and more than any setting reaches.
    let search = [
        "search",
        model,
        "--dataset",
        dataset,
        "--with",
        "samples = 8",
        "--measure",
        "4",
        "--target",
        "photo: sqnr_db >= 190, position: sqnr_db >= 190",
        "--json",
    ];
    let document = |output: &Output| -> Value {
        assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let whole = document(&run(first.path(), &search));
    let mut child = command(second.path(), &search).spawn().expect("a process");
    wait_for_figures(second.path(), &mut child);
    let pid = child.id().to_string();
    let killed = Command::new("kill").args(["-INT", &pid]).status();
    assert!(killed.expect("kill runs").success());
    let stopped = document(&child.wait_with_output().expect("a process"));
    let result = |document: &Value| document["models"][0]["result"].clone();
    assert_eq!(result(&stopped)["finished"], false);
    assert_eq!(result(&stopped)["as_it_is"], result(&whole)["as_it_is"]);
    let again = document(&run(second.path(), &search));
    let [mut whole, mut again] = [&whole, &again].map(result);
    for result in [&mut whole, &mut again] {
        assert_eq!(result["finished"], true);
        result["tried"] = Value::Null;
    }
    assert_eq!(again, whole);
}

#[test]
fn a_search_needs_a_target() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = models().join("tabular_mixture_f32.tflite");
    let dataset = models().join("tabular_mixture_calibration.npz");
    let [model, dataset] = [&model, &dataset].map(|path| path.to_str().expect("UTF-8"));
    let search = |more: &[&str]| {
        let arguments = [&["search", model, "--dataset", dataset][..], more].concat();
        let output = run(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
        text(&output.stderr)
    };
    assert!(search(&[]).contains("what is to be reached?"));
    assert!(search(&["--target", "radius: sqnr >= 3"]).contains("unknown metric `sqnr`"));
    assert!(search(&["--target", "none: sqnr_db >= 3"]).contains("no output `none`"));
}
