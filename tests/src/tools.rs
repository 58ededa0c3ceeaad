//! What tests need beside Rust itself, and what is left out where it is not installed.

use std::path::Path;
use std::process::{Command, Stdio};

/// A target of Rust or a program that some tests need.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    /// The target, or the program's names: one of them is enough.
    pub names: &'static [&'static str],
    /// The package of Debian that has it; none for a target, which rustup installs.
    package: Option<&'static str>,
    /// What is not tested without it.
    pub tests: &'static str,
}

const fn target(name: &'static [&'static str], tests: &'static str) -> Tool {
    Tool {
        names: name,
        package: None,
        tests,
    }
}

const fn program(
    names: &'static [&'static str],
    package: &'static str,
    tests: &'static str,
) -> Tool {
    Tool {
        names,
        package: Some(package),
        tests,
    }
}

/// All tools that tests ask for.
pub const TOOLS: &[Tool] = &[
    target(
        &["thumbv7em-none-eabihf"],
        "firmware for Cortex-M4F and M7, the embedded guide, an example",
    ),
    target(&["thumbv7m-none-eabi"], "firmware for Cortex-M3"),
    target(&["thumbv6m-none-eabi"], "firmware for Cortex-M0+"),
    target(&["thumbv8m.main-none-eabi"], "firmware for Cortex-M33"),
    target(&["thumbv8m.main-none-eabihf"], "firmware for Cortex-M55"),
    target(&["riscv32imac-unknown-none-elf"], "firmware for RISC-V"),
    target(&["aarch64-unknown-linux-musl"], "kernels on AArch64"),
    target(&["wasm32-wasip1"], "kernels in WebAssembly"),
    target(&["wasm32-unknown-unknown"], "the web page of the examples"),
    program(
        &["qemu-system-arm"],
        "qemu-system-arm",
        "firmware on emulated Arm boards",
    ),
    program(
        &["qemu-system-riscv32"],
        "qemu-system-misc",
        "firmware on an emulated RISC-V board",
    ),
    program(&["qemu-aarch64"], "qemu-user", "kernels on AArch64"),
    program(&["node"], "nodejs", "kernels in WebAssembly"),
    program(
        &["chromium", "chromium-browser", "google-chrome"],
        "chromium",
        "the web page of the examples",
    ),
];

impl Tool {
    /// The installed one of its names.
    pub fn found(&self) -> Option<&'static str> {
        let is_there = |name: &&&str| match self.package {
            None => is_target(name),
            Some(_) => is_program(name),
        };
        self.names.iter().find(is_there).copied()
    }

    /// The command that installs it.
    pub fn install(&self) -> String {
        match self.package {
            None => format!("rustup target add {}", self.names[0]),
            Some(package) => format!("apt-get install --no-install-recommends {package}"),
        }
    }
}

fn is_target(name: &str) -> bool {
    let folder = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", name])
        .output();
    folder.is_ok_and(|out| Path::new(String::from_utf8_lossy(&out.stdout).trim()).is_dir())
}

fn is_program(name: &str) -> bool {
    let status = Command::new(name)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok()
}

/// Whether tests fail, and are not left out, where a tool is missing: the environment variable
/// `NIELLO_REQUIRE_ALL` says so.
pub fn are_required() -> bool {
    std::env::var_os("NIELLO_REQUIRE_ALL").is_some_and(|value| value != "0")
}

/// What is missing of these tools, as the commands that install it.
///
/// # Panics
/// If a tool is not in [`TOOLS`].
pub fn missing(names: &[&str]) -> Vec<String> {
    let mut commands = Vec::new();
    for name in names {
        let tool = TOOLS.iter().find(|tool| tool.names.contains(name));
        let tool = tool.unwrap_or_else(|| panic!("{name} is not in the list of tools"));
        if tool.found().is_none() {
            commands.push(tool.install());
        }
    }
    commands.sort();
    commands.dedup();
    commands
}

/// True if all of these tools are there. If not, the test is to be left out: `tests/tools.rs`
/// prints what is.
///
/// # Panics
/// If a tool is missing and [`are_required`].
pub fn have(names: &[&str]) -> bool {
    let commands = missing(names);
    assert!(
        commands.is_empty() || !are_required(),
        "this test needs more than is installed:\n{}",
        commands.join("\n")
    );
    commands.is_empty()
}
