//! The memory of each board, where the linker finds it.

use std::path::PathBuf;
use std::{env, fs};

/// MPS2 boards: code memory at 0, data memory at 0x2000_0000.
const MPS2: &str =
    "MEMORY { FLASH : ORIGIN = 0x00000000, LENGTH = 4M  RAM : ORIGIN = 0x20000000, LENGTH = 4M }\n";

/// The MPS2 board of the Cortex-M33, as secure code sees its memory.
const MPS2_SECURE: &str =
    "MEMORY { FLASH : ORIGIN = 0x10000000, LENGTH = 4M  RAM : ORIGIN = 0x38000000, LENGTH = 4M }\n";

/// The MPS3 board of the Cortex-M55: the memories next to the processor.
const MPS3: &str =
    "MEMORY { FLASH : ORIGIN = 0x00000000, LENGTH = 512K  RAM : ORIGIN = 0x20000000, LENGTH = 512K }\n";

/// QEMU's RISC-V `virt` board: one memory for both.
const VIRT: &str =
    "MEMORY { FLASH : ORIGIN = 0x80000000, LENGTH = 8M  RAM : ORIGIN = 0x80800000, LENGTH = 8M }
REGION_ALIAS(\"REGION_TEXT\", FLASH);
REGION_ALIAS(\"REGION_RODATA\", FLASH);
REGION_ALIAS(\"REGION_DATA\", RAM);
REGION_ALIAS(\"REGION_BSS\", RAM);
REGION_ALIAS(\"REGION_HEAP\", RAM);
REGION_ALIAS(\"REGION_STACK\", RAM);
";

fn main() {
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    let target = env::var("TARGET").expect("set by cargo");
    let riscv = target.starts_with("riscv32");
    let memory = match target.as_str() {
        "thumbv8m.main-none-eabi" => MPS2_SECURE,
        "thumbv8m.main-none-eabihf" => MPS3,
        _ if riscv => VIRT,
        _ => MPS2,
    };
    fs::write(folder.join("memory.x"), memory).expect("writable");
    println!("cargo:rustc-link-search={}", folder.display());
    if riscv {
        println!("cargo:rustc-link-arg=-Tmemory.x");
    }
    println!("cargo:rustc-link-arg=-Tlink.x");
    println!("cargo:rerun-if-changed=build.rs");
}
