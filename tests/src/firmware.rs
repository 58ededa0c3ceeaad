//! Building the firmware of `tests/firmware` and running it on QEMU's boards.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{here, tools};

/// A board that QEMU has.
#[derive(Clone, Copy, Debug)]
pub struct Board {
    /// QEMU's name of it.
    pub name: &'static str,
    /// The processor's name in tables.
    pub core: &'static str,
    /// The target that Rust compiles for.
    pub target: &'static str,
    /// The processor that Rust compiles for, where the target's own is a lesser one.
    pub cpu: Option<&'static str>,
    /// The emulator's program.
    pub emulator: &'static str,
    /// Arguments that the emulator needs for this board.
    pub arguments: &'static [&'static str],
    /// Instructions from one tick of the firmware's timer to the next.
    pub tick: f64,
}

/// All boards that the tests use; the first is the one that is measured.
pub const BOARDS: [Board; 7] = [
    Board {
        name: "mps2-an386",
        core: "Cortex-M4F",
        target: "thumbv7em-none-eabihf",
        cpu: None,
        emulator: "qemu-system-arm",
        arguments: &["-cpu", "cortex-m4"],
        tick: 40.0,
    },
    Board {
        name: "mps2-an385",
        core: "Cortex-M3",
        target: "thumbv7m-none-eabi",
        cpu: None,
        emulator: "qemu-system-arm",
        arguments: &["-cpu", "cortex-m3"],
        tick: 40.0,
    },
    Board {
        name: "mps2-an500",
        core: "Cortex-M7",
        target: "thumbv7em-none-eabihf",
        cpu: None,
        emulator: "qemu-system-arm",
        arguments: &["-cpu", "cortex-m7"],
        tick: 40.0,
    },
    Board {
        name: "virt",
        core: "RV32IMAC",
        target: "riscv32imac-unknown-none-elf",
        cpu: None,
        emulator: "qemu-system-riscv32",
        arguments: &["-bios", "none"],
        tick: 1.0,
    },
    // No emulated Cortex-M0 has the memory: the Cortex-M3 executes the same instructions.
    Board {
        name: "mps2-an385",
        core: "Cortex-M0+",
        target: "thumbv6m-none-eabi",
        cpu: None,
        emulator: "qemu-system-arm",
        arguments: &["-cpu", "cortex-m3"],
        tick: 40.0,
    },
    Board {
        name: "mps2-an505",
        core: "Cortex-M33",
        target: "thumbv8m.main-none-eabi",
        cpu: Some("cortex-m33"),
        emulator: "qemu-system-arm",
        arguments: &["-cpu", "cortex-m33"],
        tick: 50.0,
    },
    Board {
        name: "mps3-an547",
        core: "Cortex-M55",
        target: "thumbv8m.main-none-eabihf",
        cpu: Some("cortex-m55"),
        emulator: "qemu-system-arm",
        arguments: &["-cpu", "cortex-m55"],
        tick: 31.25,
    },
];

impl Board {
    /// Whether its firmware can be built and run here.
    pub fn is_usable(&self) -> bool {
        tools::have(&[self.target, self.emulator])
    }
}

/// What has to be installed before a board's firmware can be built and run, as commands.
pub fn missing(board: &Board) -> Option<String> {
    let commands = tools::missing(&[board.target, board.emulator]);
    (!commands.is_empty()).then(|| commands.join("\n"))
}

/// The target folder of all programs for other processors, which share what runs at build time:
/// the macro and the compiler, optimised as in release builds.
pub fn target_folder() -> PathBuf {
    here().join("../target/firmware")
}

/// The file of a program that has been built for a board.
pub fn program(board: &Board, name: &str) -> PathBuf {
    target_folder()
        .join(board.target)
        .join("release")
        .join(name)
}

/// Builds programs for a board.
///
/// # Errors
/// What cargo says if it fails.
pub fn build(board: &Board, names: &[&str]) -> Result<(), String> {
    build_with(board, names, &[])
}

/// Builds programs for a board with features of the firmware crate.
///
/// # Errors
/// What cargo says if it fails.
pub fn build_with(board: &Board, names: &[&str], features: &[&str]) -> Result<(), String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(here().join("firmware"))
        .args(["build", "--release", "--quiet", "--locked"])
        .args(["--target", board.target, "--target-dir"])
        .arg(target_folder());
    if let Some(cpu) = board.cpu {
        cargo.env("CARGO_ENCODED_RUSTFLAGS", format!("-Ctarget-cpu={cpu}"));
    }
    for name in names {
        cargo.args(["--bin", name]);
    }
    for feature in features {
        cargo.args(["--features", feature]);
    }
    let output = cargo.output().map_err(|e| e.to_string())?;
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// Runs a program to its end; `arguments` are its own.
fn emulate(board: &Board, name: &str, arguments: &[&Path]) -> Result<String, String> {
    let mut semihosting = String::from("enable=on,target=native");
    if !arguments.is_empty() {
        semihosting += ",arg=firmware";
    }
    for argument in arguments {
        semihosting += &format!(",arg={}", argument.display());
    }
    let output = Command::new(board.emulator)
        .args(["-M", board.name])
        .args(board.arguments)
        .args(["-nographic", "-icount", "shift=0"])
        .args(["-semihosting-config", &semihosting, "-kernel"])
        .arg(program(board, name))
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("{}: {e}", board.emulator))?;
    // Semihosting prints to either.
    Ok(String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr))
}

/// Runs a model on the inputs of one file, one after the other, and gives all
/// outputs.
///
/// # Errors
/// If the emulator or the firmware fails.
pub fn outputs(board: &Board, name: &str, inputs: &[u8]) -> Result<Vec<u8>, String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let (from, to) = (folder.path().join("inputs"), folder.path().join("outputs"));
    std::fs::write(&from, inputs).map_err(|e| e.to_string())?;
    let said = emulate(board, name, &[&from, &to])?;
    std::fs::read(&to).map_err(|e| format!("{e}: {said}"))
}

/// Runs the firmware's generated kernel calls and gives their checksums.
///
/// # Errors
/// If the emulator fails or the firmware panics.
pub fn twins(board: &Board) -> Result<Vec<u32>, String> {
    let said = emulate(board, "twins", &[])?;
    said.lines()
        .map(|line| {
            line.strip_prefix("group ")
                .and_then(|n| n.trim().parse().ok())
        })
        .collect::<Option<Vec<u32>>>()
        .ok_or_else(|| said.clone())
}

/// Runs a model once and gives what the firmware reports about its costs.
///
/// # Errors
/// If the emulator fails or the report is not whole.
pub fn measure(board: &Board, name: &str) -> Result<BTreeMap<String, u64>, String> {
    let said = emulate(board, name, &[])?;
    let report: BTreeMap<String, u64> = values(&said).collect();
    if report.contains_key("macs") {
        Ok(report)
    } else {
        Err(format!("{name} on {}: {said}", board.name))
    }
}

/// The ticks of each operator, from firmware with the feature `operators`.
///
/// # Errors
/// If the emulator fails.
pub fn operators(board: &Board, name: &str) -> Result<Vec<(String, u64)>, String> {
    Ok(values(&emulate(board, name, &[])?).collect())
}

/// Reads lines of a name and a number.
fn values(said: &str) -> impl Iterator<Item = (String, u64)> {
    said.lines()
        .filter_map(|line| line.rsplit_once(' '))
        .filter_map(|(key, value)| Some((key.to_owned(), value.trim().parse().ok()?)))
}
