//! Instructions, memory and flash on emulated boards, beside TensorFlow Lite Micro
//! with CMSIS-NN on the same core.
//!
//! `firmware`: a table of all models on the Cortex-M4F. `firmware --board Cortex-M33`: on
//! another core. `firmware --operators kws`: the instructions of each operator.
//!
//! Instructions are QEMU's (`-icount shift=0`): the timer is read before and after
//! one inference, and a loop of 2,000,000 instructions calibrates it.

mod firmware_peers;

use firmware_peers::{CONSTANTS, PEERS, Peer};
use niello_tests::firmware::{
    BOARDS, Board, build, build_with, measure, missing, operators, program,
};
use object::{Object, ObjectSection, SectionFlags, SectionKind};

/// Instructions of the loop that calibrates the timer.
const LOOP: f64 = 2_000_000.0;

/// The models whose geometric mean counts.
const MLPERF_TINY: [&str; 4] = ["kws", "vww", "resnet8", "ad"];

/// Models of this repository; the peers' lie beside it.
const OWN: [&str; 2] = ["digit_pair", "photo_locator"];

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
    let beside = PEERS[0]
        .models
        .iter()
        .map(|p| p.model)
        .filter(|_| niello_tests::shared().join("models").is_dir());
    beside.chain(OWN).collect()
}

fn table(board: &Board) -> Result<(), String> {
    is_ready(board)?;
    let models = models();
    build(board, &models)?;
    let peers = PEERS.iter().find(|p| p.core == board.core);
    println!(
        "{} ({}); peer: {}\n",
        board.name,
        board.core,
        peers.map_or("none was measured", |p| p.name)
    );
    println!(
        "| model | instructions | peer | ratio | per MAC | arena | outputs | stack | RAM | peer | ratio | code | constants | flash | peer | ratio | constants to the model's own |"
    );
    println!("|{}", "---|".repeat(17));
    let (mut products, mut count, mut error) = ([1.0_f64; 3], 0, 0.0_f64);
    for model in models {
        let report = measure(board, model)?;
        let value = |key: &str| report.get(key).copied().unwrap_or(0) as f64;
        let instructions = value("ticks") * board.tick;
        error = error.max((value("calibration") * board.tick / LOOP - 1.0).abs());
        let ram = value("arena") + value("outputs") + value("stack");
        let flash = flash(board, model)?;
        let peer = peers.and_then(|p| p.models.iter().find(|p| p.model == model));
        if let (Some(peer), true) = (peer, MLPERF_TINY.contains(&model)) {
            let theirs = [Some(peer.instructions), Some(peer.ram()), peer.flash];
            for ((product, ours), theirs) in products
                .iter_mut()
                .zip([instructions, ram, flash])
                .zip(theirs)
            {
                *product *= theirs.map_or(f64::NAN, |t| ours / f64::from(t));
            }
            count += 1;
        }
        let beside = |ours: f64, theirs: Option<u32>| {
            theirs.map_or(" | ".to_owned(), |t| {
                format!("{t} | {:.2}", ours / f64::from(t))
            })
        };
        let constants = CONSTANTS.iter().find(|(name, _)| *name == model);
        println!(
            "| {model} | {instructions:.0} | {} | {:.2} | {} | {} | {} | {ram} | {} | {} | {} | {flash} | {} | {} |",
            beside(instructions, peer.map(|p| p.instructions)),
            instructions / value("macs"),
            value("arena"),
            value("outputs"),
            value("stack"),
            beside(ram, peer.map(Peer::ram)),
            flash - value("constants"),
            value("constants"),
            beside(flash, peer.and_then(|p| p.flash)),
            constants.map_or(String::new(), |(_, bytes)| format!(
                "{:.3}",
                value("constants") / f64::from(*bytes)
            )),
        );
    }
    if count > 0 {
        let [instructions, ram, flash] = products.map(|p| p.powf(1.0 / f64::from(count)));
        println!(
            "\nGeometric means over {}: instructions {instructions:.3}, RAM {ram:.3}, flash {flash:.3}",
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
            "| {number} | {name} | {:.0} | {share:.1} % |",
            *ticks as f64 * board.tick
        );
    }
    println!("| | all | {:.0} | |", total as f64 * board.tick);
    Ok(())
}
