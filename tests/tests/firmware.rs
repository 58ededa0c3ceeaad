//! Firmware gives the recorded bytes on every board (QEMU), and has nothing in it that may
//! panic, allocate or format.

use niello_tests::firmware::{BOARDS, Board, build, measure, outputs, program, twins as checksums};
/// The firmware's generated kernel calls, here for the host.
#[path = "../firmware/src/twins.rs"]
#[allow(unreachable_pub, reason = "a file of another crate")]
mod twins;
use niello_tests::{here, read_npz, sample_i8, samples};

/// Recorded runs per model and board.
const RUNS: usize = 3;

/// A model: its record, its inputs and its outputs, in the firmware's order.
struct Model {
    name: &'static str,
    own: bool,
    inputs: &'static [&'static str],
    outputs: &'static [&'static str],
}

const fn model(
    name: &'static str,
    own: bool,
    inputs: &'static [&'static str],
    outputs: &'static [&'static str],
) -> Model {
    Model {
        name,
        own,
        inputs,
        outputs,
    }
}

const MODELS: &[Model] = &[
    model(
        "digit_pair",
        true,
        &["left", "right"],
        &["sum", "left_greater"],
    ),
    model(
        "photo_locator",
        true,
        &["hint", "image"],
        &["photo", "position", "brightness_map"],
    ),
    model("kws", false, &["input_1"], &["Identity"]),
    model("vww", false, &["input_1_int8"], &["Identity_int8"]),
    model("resnet8", false, &["input_1_int8"], &["Identity_int8"]),
    model("ad", false, &["input_1"], &["Identity"]),
    model("micro_speech", false, &["Reshape_1"], &["labels_softmax"]),
    model("hello_world", false, &["dense_input"], &["dense_2"]),
];

/// Checksums of TensorFlow Lite Micro's outputs, with CMSIS-NN and without, for
/// the firmware's pseudo-random inputs.
const CHECKSUMS: &[(&str, u64)] = &[
    ("kws", 4_038_422_865),
    ("vww", 1_768_032_157),
    ("resnet8", 3_853_670_657),
    ("ad", 533_982_470),
    ("micro_speech", 1_454_198_521),
    ("hello_world", 2_097_907_463),
];

/// Checksums of the outputs of 16x8 models, which the firmware's build makes from float ones: TensorFlow Lite Micro
/// ran what `cargo niello export` wrote.
const CHECKSUMS_I16: &[(&str, u64)] = &[("kws_i16", 2_926_256_539), ("resnet8_i16", 2_543_587_295)];

fn models() -> impl Iterator<Item = &'static Model> {
    MODELS.iter().filter(|m| m.own || cfg!(shared))
}

/// Compares all models; false if the board is left out.
fn same_bytes(board: &Board) -> bool {
    if !board.is_usable() {
        return false;
    }
    let names: Vec<&str> = models().map(|m| m.name).chain(["twins"]).collect();
    build(board, &names).unwrap_or_else(|e| panic!("{e}"));
    // Generated shapes: the board's back end against the host's.
    let mut memory = twins::Memory::new();
    let here_sums: Vec<u32> = (0..twins::GROUPS)
        .map(|group| twins::checksum(group, &mut memory))
        .collect();
    assert_eq!(checksums(board), Ok(here_sums), "kernels on {}", board.name);
    for model in models() {
        let record = if model.own {
            here().join(format!("models/{}_i8.npz", model.name))
        } else {
            niello_tests::shared().join(format!("golden/{}_i8.npz", model.name))
        };
        let record = read_npz(&record);
        let (mut inputs, mut wanted) = (Vec::new(), Vec::new());
        for run in 0..RUNS.min(samples(&record)) {
            let bytes = |key: String| sample_i8(&record, &key, run).into_iter().map(|q| q as u8);
            for name in model.inputs {
                inputs.extend(bytes(format!("in:{name}")));
            }
            for name in model.outputs {
                wanted.extend(bytes(format!("out:{name}")));
            }
        }
        let got = outputs(board, model.name, &inputs).unwrap_or_else(|e| panic!("{e}"));
        assert!(
            got == wanted,
            "{} on {} ({})",
            model.name,
            board.name,
            board.core
        );
        if let Some((_, checksum)) = CHECKSUMS.iter().find(|(name, _)| *name == model.name) {
            let report = measure(board, model.name).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(report.get("checksum"), Some(checksum), "{}", model.name);
        }
    }
    true
}

#[test]
fn cortex_m4() {
    if !same_bytes(&BOARDS[0]) {
        return;
    }
    // What is linked: no panic, no formatting, no allocator.
    for model in models() {
        let file = std::fs::read(program(&BOARDS[0], model.name)).expect("built");
        for symbol in [
            "panic_fmt",
            "panic_bounds_check",
            "core3fmt",
            "__rust_alloc",
        ] {
            let found = file.windows(symbol.len()).any(|w| w == symbol.as_bytes());
            assert!(!found, "{} has {symbol}", model.name);
        }
    }
}

#[test]
fn cortex_m3() {
    if same_bytes(&BOARDS[1]) {
        assert_no_float(&BOARDS[1]);
    }
}

/// For cores without a float unit: float arithmetic would be calls.
fn assert_no_float(board: &Board) {
    for model in models() {
        let file = std::fs::read(program(board, model.name)).expect("built");
        let has = |symbol: &str| file.windows(symbol.len()).any(|w| w == symbol.as_bytes());
        assert!(has("niello"), "{} has no symbols", model.name);
        for symbol in [
            "__aeabi_f",
            "__aeabi_d",
            "__aeabi_i2",
            "__addsf3",
            "__mulsf3",
        ] {
            assert!(!has(symbol), "{} has {symbol}", model.name);
        }
    }
}

#[test]
fn cortex_m7() {
    same_bytes(&BOARDS[2]);
}

#[test]
fn riscv() {
    same_bytes(&BOARDS[3]);
}

#[test]
fn cortex_m0plus() {
    if same_bytes(&BOARDS[4]) {
        assert_no_float(&BOARDS[4]);
    }
}

#[test]
fn cortex_m33() {
    same_bytes(&BOARDS[5]);
}

#[test]
fn cortex_m55() {
    same_bytes(&BOARDS[6]);
}

#[test]
fn int16_models_give_the_bytes_of_tensorflow_lite_micro() {
    let board = &BOARDS[0];
    if !board.is_usable() || !cfg!(shared) {
        return;
    }
    let names: Vec<&str> = CHECKSUMS_I16.iter().map(|(name, _)| *name).collect();
    build(board, &names).unwrap_or_else(|e| panic!("{e}"));
    for (name, checksum) in CHECKSUMS_I16 {
        let report = measure(board, name).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(report.get("checksum"), Some(checksum), "{name}");
    }
}
