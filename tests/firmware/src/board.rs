//! Timer and stack of the boards.

use core::arch::asm;

/// Instructions between two ticks of the Arm boards' timer under
/// `-icount shift=0`: an instruction takes 1 ns and SysTick runs at 25 MHz.
#[cfg(target_arch = "arm")]
pub fn ticks() -> u32 {
    const CONTROL: *mut u32 = 0xE000_E010 as *mut u32;
    const RELOAD: *mut u32 = 0xE000_E014 as *mut u32;
    const CURRENT: *mut u32 = 0xE000_E018 as *mut u32;
    // SAFETY: SysTick's registers, which nothing else uses.
    unsafe {
        if CONTROL.read_volatile() & 1 == 0 {
            RELOAD.write_volatile(0x00FF_FFFF);
            CURRENT.write_volatile(0);
            CONTROL.write_volatile(5);
        }
        CURRENT.read_volatile()
    }
}

/// Ticks that have gone by since `begin`; SysTick counts down in 24 bits.
#[cfg(target_arch = "arm")]
pub fn since(begin: u32) -> u32 {
    begin.wrapping_sub(ticks()) & 0x00FF_FFFF
}

/// The timer's ticks so far.
#[cfg(target_arch = "riscv32")]
pub fn ticks() -> u32 {
    let count: u32;
    // SAFETY: reads a counter.
    unsafe { asm!("csrr {}, minstret", out(reg) count, options(nomem, nostack)) };
    count
}

/// The timer's ticks since `begin`.
#[cfg(target_arch = "riscv32")]
pub fn since(begin: u32) -> u32 {
    ticks().wrapping_sub(begin)
}

/// Exactly this many instructions, two at a time.
pub fn loop_of(instructions: u32) {
    #[cfg(target_arch = "arm")]
    // SAFETY: counts a register down.
    unsafe {
        asm!("2: subs {0}, {0}, #1", "bne 2b", inout(reg) instructions / 2 => _, options(nomem, nostack));
    }
    #[cfg(target_arch = "riscv32")]
    // SAFETY: counts a register down.
    unsafe {
        asm!("2: addi {0}, {0}, -1", "bnez {0}, 2b", inout(reg) instructions / 2 => _, options(nomem, nostack));
    }
}

const PAINT: u32 = 0xC5C5_C5C5;
/// What is painted below the caller.
const DEPTH: usize = 16 * 1024;

fn stack_pointer() -> usize {
    let pointer: usize;
    #[cfg(target_arch = "arm")]
    // SAFETY: reads a register.
    unsafe {
        asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack));
    }
    #[cfg(target_arch = "riscv32")]
    // SAFETY: reads a register.
    unsafe {
        asm!("mv {}, sp", out(reg) pointer, options(nomem, nostack));
    }
    pointer
}

/// Fills the free stack with a pattern.
#[inline(never)]
pub fn paint_stack() {
    let end = stack_pointer() & !3;
    let mut at = end - DEPTH;
    while at < end - 64 {
        // SAFETY: the stack has megabytes, and nothing lives below its pointer.
        unsafe { (at as *mut u32).write_volatile(PAINT) };
        at += 4;
    }
}

/// How deep the marks are gone, from the caller on.
#[inline(never)]
pub fn stack_used() -> usize {
    let end = stack_pointer() & !3;
    let mut at = end - DEPTH + 256;
    // SAFETY: reads what was painted.
    while at < end && unsafe { (at as *const u32).read_volatile() } == PAINT {
        at += 4;
    }
    end - at
}
