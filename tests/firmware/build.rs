//! The memory of each board, where the linker finds it.

use std::path::PathBuf;
use std::{env, fs};

/// MPS2 boards: code memory at 0, data memory at 0x2000_0000.
const MPS2: &str =
    "MEMORY { FLASH : ORIGIN = 0x00000000, LENGTH = 4M  RAM : ORIGIN = 0x20000000, LENGTH = 4M }\n";

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
    let riscv = env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "riscv32");
    let memory = if riscv { VIRT } else { MPS2 };
    fs::write(folder.join("memory.x"), memory).expect("writable");
    println!("cargo:rustc-link-search={}", folder.display());
    if riscv {
        println!("cargo:rustc-link-arg=-Tmemory.x");
    }
    println!("cargo:rustc-link-arg=-Tlink.x");
    println!("cargo:rerun-if-changed=build.rs");
}
