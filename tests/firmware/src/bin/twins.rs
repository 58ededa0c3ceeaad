#![no_std]
#![no_main]
//! Prints the checksums of generated kernel calls.

use niello_firmware::{Owned, host, twins};

static MEMORY: Owned<twins::Memory> = Owned::new(twins::Memory::new());

#[niello_firmware::entry]
fn main() -> ! {
    // SAFETY: the only call, at the start of the only thread.
    let memory = unsafe { MEMORY.take() };
    for group in 0..twins::GROUPS {
        host::value("group", twins::checksum(group, memory));
    }
    host::exit()
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    host::print("panic\n");
    host::exit()
}
