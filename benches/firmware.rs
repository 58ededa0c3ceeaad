//! Instructions, memory and flash on emulated boards, beside TensorFlow Lite Micro
//! with CMSIS-NN on the same core.
//!
//! `firmware`: a table of all models on the Cortex-M4F. `firmware --board Cortex-M33`: on
//! another core. `firmware --cores`: all cores beside their peers. `firmware --operators
//! kws`: the instructions of each operator.
//!
//! Instructions are QEMU's (`-icount shift=0`): the timer is read before and after
//! one inference, and a loop of 2,000,000 instructions calibrates it.

mod firmware_peers;

use firmware_peers::{CONSTANTS, PEERS, Peer, Peers};
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
        ["--cores"] => cores(),
        ["--operators", model] => by_operator(&BOARDS[0], model),
        ["--operators", model, "--board", name] => by_operator(board(name)?, model),
        _ => Err("usage: firmware [--cores | [--operators <model>] [--board <core>]]".to_owned()),
    }
}

/// The board of a processor; by QEMU's name, the first of its processors.
fn board(name: &str) -> Result<&'static Board, String> {
    BOARDS
        .iter()
        .find(|b| b.core == name || b.name == name)
        .ok_or_else(|| format!("the boards are {:?}", BOARDS.map(|b| (b.core, b.name))))
}

/// An error that says what has to be installed.
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

/// What one inference costs.
struct Cost {
    model: &'static str,
    instructions: f64,
    arena: f64,
    outputs: f64,
    stack: f64,
    constants: f64,
    macs: f64,
    flash: f64,
    /// The timer's error, of one.
    error: f64,
    peer: Option<&'static Peer>,
}

impl Cost {
    fn ram(&self) -> f64 {
        self.arena + self.outputs + self.stack
    }

    /// Instructions, RAM and flash, each with the peer's.
    fn beside(&self) -> [(f64, Option<u32>); 3] {
        [
            (self.instructions, self.peer.map(|p| p.instructions)),
            (self.ram(), self.peer.map(Peer::ram)),
            (self.flash, self.peer.and_then(|p| p.flash)),
        ]
    }
}

/// Builds and runs models on a board.
fn costs(board: &Board, models: &[&'static str]) -> Result<Vec<Cost>, String> {
    is_ready(board)?;
    build(board, models)?;
    let peers = PEERS.iter().find(|p| p.core == board.core);
    let cost = |&model: &&'static str| {
        let report = measure(board, model)?;
        let value = |key: &str| report.get(key).copied().unwrap_or(0) as f64;
        Ok(Cost {
            model,
            instructions: value("ticks") * board.tick,
            arena: value("arena"),
            outputs: value("outputs"),
            stack: value("stack"),
            constants: value("constants"),
            macs: value("macs"),
            flash: flash(board, model)?,
            error: (value("calibration") * board.tick / LOOP - 1.0).abs(),
            peer: peers.and_then(|p| p.models.iter().find(|p| p.model == model)),
        })
    };
    models.iter().map(cost).collect()
}

/// The geometric means of the ratios of instructions, RAM and flash, if all peers were measured.
fn means(costs: &[Cost]) -> Option<[f64; 3]> {
    let mut products = [1.0_f64; 3];
    for model in MLPERF_TINY {
        let cost = costs.iter().find(|cost| cost.model == model)?;
        for (product, (ours, theirs)) in products.iter_mut().zip(cost.beside()) {
            *product *= ours / f64::from(theirs?);
        }
    }
    Some(products.map(|p| p.powf(1.0 / MLPERF_TINY.len() as f64)))
}

/// The cells of a figure, the peer's and the ratio.
fn cells((ours, theirs): (f64, Option<u32>)) -> String {
    let theirs = theirs.map_or(" | ".to_owned(), |t| {
        format!("{t} | {:.2}", ours / f64::from(t))
    });
    format!("{ours:.0} | {theirs}")
}

fn table(board: &Board) -> Result<(), String> {
    let costs = costs(board, &models())?;
    let peers = PEERS.iter().find(|p| p.core == board.core);
    println!(
        "{} ({}); peer: {}\n",
        board.name,
        board.core,
        peers.map_or("none was measured", |p| p.name)
    );
    println!(
        "| model | instructions | peer | ratio | per MAC | arena, B | outputs, B | stack, B | RAM, B | peer | ratio | code, B | constants, B | flash, B | peer | ratio | constants to the model's |"
    );
    println!("|{}", "---|".repeat(17));
    for cost in &costs {
        let constants = CONSTANTS.iter().find(|(name, _)| *name == cost.model);
        let [instructions, ram, flash] = cost.beside().map(cells);
        println!(
            "| {} | {instructions} | {:.2} | {} | {} | {} | {ram} | {} | {} | {flash} | {} |",
            cost.model,
            cost.instructions / cost.macs,
            cost.arena,
            cost.outputs,
            cost.stack,
            cost.flash - cost.constants,
            cost.constants,
            constants.map_or(String::new(), |(_, bytes)| format!(
                "{:.3}",
                cost.constants / f64::from(*bytes)
            )),
        );
    }
    if let Some([instructions, ram, flash]) = means(&costs) {
        println!(
            "\nGeometric means over {}: instructions {instructions:.3}, RAM {ram:.3}, flash {flash:.3}",
            MLPERF_TINY.join(", ")
        );
    }
    println!(
        "Calibration: {LOOP} instructions were measured with an error of {:.4} %; one tick is {} instructions",
        100.0 * costs.iter().map(|cost| cost.error).fold(0.0, f64::max),
        board.tick
    );
    Ok(())
}

/// All cores beside their peers, the models that were measured on all of them.
fn cores() -> Result<(), String> {
    println!(
        "| core | model | instructions | peer | ratio | RAM, B | peer | ratio | flash, B | peer | ratio |"
    );
    println!("|{}", "---|".repeat(11));
    for Peers { core, models, .. } in PEERS {
        let models: Vec<&str> = models
            .iter()
            .map(|p| p.model)
            .filter(|model| {
                PEERS
                    .iter()
                    .all(|p| p.models.iter().any(|m| m.model == *model))
            })
            .collect();
        let costs = costs(board(core)?, &models)?;
        for cost in &costs {
            let beside = cost.beside().map(cells).join(" | ");
            println!("| {core} | {} | {beside} |", cost.model);
        }
        if let Some(means) = means(&costs) {
            let means = means.map(|mean| format!(" | | {mean:.2} |")).concat();
            println!("| {core} | geometric mean of four |{means}");
        }
    }
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
