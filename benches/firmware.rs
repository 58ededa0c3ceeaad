//! Instructions, memory and flash on emulated boards, beside TensorFlow Lite Micro
//! with CMSIS-NN.
//!
//! `firmware`: a table of all models on the Cortex-M4F. `firmware --board virt`: on
//! another board. `firmware --operators kws`: the instructions of each operator.
//!
//! Instructions are QEMU's (`-icount shift=0`): the timer is read before and after
//! one inference, and a loop of 2,000,000 instructions calibrates it.

use niello_tests::firmware::{
    BOARDS, Board, build, build_with, measure, missing, operators, program,
};
use object::{Object, ObjectSection, SectionFlags, SectionKind};

/// Instructions of the loop that calibrates the timer.
const LOOP: f64 = 2_000_000.0;

/// TensorFlow Lite Micro with CMSIS-NN, -O3, on the Cortex-M4F.
struct Peer {
    model: &'static str,
    instructions: f64,
    /// Bytes of the arena and of the stack.
    ram: f64,
    /// Bytes of constants in the `.tflite` file, if they were counted.
    constants: Option<f64>,
}

const PEERS: &[Peer] = &[
    peer("kws", 7.85e6, 22_820 + 1_148, Some(24_376.0)),
    peer("vww", 24.72e6, 100_708 + 1_148, Some(219_072.0)),
    peer("resnet8", 29.87e6, 54_996 + 1_148, Some(78_752.0)),
    peer("ad", 0.582e6, 2_580 + 828, Some(270_880.0)),
    peer("micro_speech", 1.495e6, 6_836 + 1_316, None),
    peer("hello_world", 3.5e3, 772 + 828, None),
    // With int16 activations. CMSIS-NN has no FULLY_CONNECTED of int16 with a scale for each
    // channel: that layer was run by the reference kernel.
    peer("kws_i16", 15.92e6, 41_236 + 1_100, None),
    peer("resnet8_i16", 33.71e6, 106_292 + 1_100, None),
];

/// The models whose geometric mean counts.
const MLPERF_TINY: [&str; 4] = ["kws", "vww", "resnet8", "ad"];

/// Models of this repository; the peers' lie beside it.
const OWN: [&str; 2] = ["digit_pair", "photo_locator"];

const fn peer(model: &'static str, instructions: f64, ram: u32, constants: Option<f64>) -> Peer {
    Peer {
        model,
        instructions,
        ram: ram as f64,
        constants,
    }
}

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => table(&BOARDS[0]),
        ["--board", name] => table(board(name)?),
        ["--operators", model] => by_operator(&BOARDS[0], model),
        ["--operators", model, "--board", name] => by_operator(board(name)?, model),
        _ => Err("usage: firmware [--operators <model>] [--board <board>]".to_owned()),
    }
}

/// The board of a processor; by QEMU's name, the first of its processors.
fn board(name: &str) -> Result<&'static Board, String> {
    BOARDS
        .iter()
        .find(|b| b.core == name || b.name == name)
        .ok_or_else(|| format!("the boards are {:?}", BOARDS.map(|b| (b.core, b.name))))
}

fn is_ready(board: &Board) -> Result<(), String> {
    missing(board).map_or(Ok(()), |commands| {
        Err(format!("this needs more than is installed:\n{commands}"))
    })
}

fn models() -> Vec<&'static str> {
    let beside = PEERS
        .iter()
        .map(|p| p.model)
        .filter(|_| niello_tests::shared().join("models").is_dir());
    beside.chain(OWN).collect()
}

fn table(board: &Board) -> Result<(), String> {
    is_ready(board)?;
    let models = models();
    build(board, &models)?;
    println!(
        "{} ({}); ratios to TensorFlow Lite Micro with CMSIS-NN on a Cortex-M4F\n",
        board.name, board.core
    );
    println!(
        "| model | instructions | ratio | per MAC | arena | outputs | stack | RAM | ratio | code | constants | to the model's own |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    let (mut product, mut count, mut error) = (1.0_f64, 0, 0.0_f64);
    for model in models {
        let report = measure(board, model)?;
        let value = |key: &str| report.get(key).copied().unwrap_or(0) as f64;
        let instructions = value("ticks") * board.tick;
        error = error.max((value("calibration") * board.tick / LOOP - 1.0).abs());
        let ram = value("arena") + value("outputs") + value("stack");
        let code = flash(board, model)? - value("constants");
        let peer = PEERS.iter().find(|p| p.model == model);
        let ratio = |ours: f64, theirs: Option<f64>, digits: usize| {
            theirs.map_or(String::new(), |t| format!("{:.digits$}", ours / t))
        };
        if let (Some(peer), true) = (peer, MLPERF_TINY.contains(&model)) {
            product *= instructions / peer.instructions;
            count += 1;
        }
        println!(
            "| {model} | {instructions} | {} | {:.2} | {} | {} | {} | {ram} | {} | {code} | {} | {} |",
            ratio(instructions, peer.map(|p| p.instructions), 2),
            instructions / value("macs"),
            value("arena"),
            value("outputs"),
            value("stack"),
            ratio(ram, peer.map(|p| p.ram), 2),
            value("constants"),
            ratio(value("constants"), peer.and_then(|p| p.constants), 3),
        );
    }
    if count > 0 {
        let mean = product.powf(1.0 / f64::from(count));
        println!(
            "\nInstructions, geometric mean over {}: {mean:.3}",
            MLPERF_TINY.join(", ")
        );
    }
    println!(
        "Calibration: {LOOP} instructions were measured with an error of {:.4} %; one tick is {} instructions",
        100.0 * error,
        board.tick
    );
    Ok(())
}

/// Bytes of flash that a program takes: all that is loaded.
fn flash(board: &Board, model: &str) -> Result<f64, String> {
    let path = program(board, model);
    let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let file = object::File::parse(&*bytes).map_err(|e| e.to_string())?;
    let loaded = file.sections().filter(|s| {
        let SectionFlags::Elf { sh_flags } = s.flags() else {
            return false;
        };
        sh_flags & u64::from(object::elf::SHF_ALLOC) != 0
            && !matches!(
                s.kind(),
                SectionKind::UninitializedData | SectionKind::Metadata
            )
    });
    Ok(loaded.map(|s| s.size()).sum::<u64>() as f64)
}

fn by_operator(board: &Board, model: &str) -> Result<(), String> {
    if !models().contains(&model) {
        return Err(format!("the models are {:?}", models()));
    }
    is_ready(board)?;
    build_with(board, &[model], &["operators"])?;
    let operators = operators(board, model)?;
    let total: u64 = operators.iter().map(|(_, ticks)| ticks).sum();
    println!(
        "{model} on {} ({}), to {} instructions\n",
        board.name, board.core, board.tick
    );
    println!("| step | operator | instructions | share |\n|---|---|---|---|");
    for (number, (name, ticks)) in operators.iter().enumerate() {
        let share = 100.0 * *ticks as f64 / total.max(1) as f64;
        println!(
            "| {number} | {name} | {} | {share:.1} % |",
            *ticks as f64 * board.tick
        );
    }
    println!("| | all | {} | |", total as f64 * board.tick);
    Ok(())
}
