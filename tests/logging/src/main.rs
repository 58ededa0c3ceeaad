//! Logs a model's input, output, arena and an error, as plain bytes.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use cortex_m_semihosting::{debug, hio};
use panic_halt as _;

niello::include_model! {
    fn digit_pair = "../models/digit_pair_i8.tflite", inputs = arena
}

/// Writes what defmt encodes to the host's terminal.
#[defmt::global_logger]
struct Terminal;

// SAFETY: one thread logs, and no interrupt handler does.
unsafe impl defmt::Logger for Terminal {
    fn acquire() {}

    unsafe fn flush() {}

    unsafe fn release() {}

    unsafe fn write(bytes: &[u8]) {
        let written = hio::hstdout().and_then(|mut terminal| terminal.write_all(bytes));
        if written.is_err() {
            debug::exit(debug::EXIT_FAILURE);
        }
    }
}

#[entry]
fn main() -> ! {
    let mut arena = digit_pair::Arena::new();
    arena.left().as_mut_slice().fill(40);
    arena.right().as_mut_slice().fill(-128);
    defmt::println!("{}", arena.left());
    defmt::println!("{}", arena);
    let output = digit_pair::run_in(&mut arena);
    defmt::println!("{}", output);
    if let Err(error) = digit_pair::Left::from_slice(&[0; 3]) {
        defmt::println!("{}", error);
    }
    debug::exit(debug::EXIT_SUCCESS);
    loop {}
}
