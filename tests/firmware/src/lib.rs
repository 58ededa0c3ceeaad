//! What all firmware shares: a model in static memory, the host's files, a timer
//! and the stack's high-water mark.
//!
//! Without arguments the model runs once on pseudo-random bytes, and the firmware
//! prints what that cost. With two, it reads inputs from the first file until its
//! end and writes outputs to the second.
#![no_std]

pub mod board;
pub mod host;
pub mod twins;

use core::cell::UnsafeCell;

#[cfg(target_arch = "arm")]
pub use cortex_m_rt::entry;
#[cfg(target_arch = "riscv32")]
pub use riscv_rt::entry;

/// A static that the one thread of the firmware owns.
pub struct Owned<T>(UnsafeCell<T>);

// SAFETY: there is one thread, and no interrupt handler touches a model.
unsafe impl<T> Sync for Owned<T> {}

impl<T> Owned<T> {
    /// A value to keep in static memory.
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// The value.
    ///
    /// # Safety
    /// Called once, from the one thread.
    #[allow(
        clippy::mut_from_ref,
        reason = "called once, which the safety section demands"
    )]
    pub unsafe fn take(&self) -> &mut T {
        // SAFETY: the caller's promise: no other reference exists.
        unsafe { &mut *self.0.get() }
    }
}

/// A model, its memory and its arguments.
pub trait Program {
    /// Bytes of the arena.
    const ARENA: usize;
    /// Bytes of weights and other constants.
    const CONSTANTS: usize;
    /// Multiply-accumulates of one run.
    const MACS: u64;

    /// Calls a function with each input, which it fills.
    fn inputs(&mut self, f: impl FnMut(&mut [i8]));

    /// Runs one inference on the inputs.
    fn run(&mut self);

    /// Calls a function with each output.
    fn outputs(&self, f: impl FnMut(&[i8]));

    /// One inference, operator by operator, with what each costs in ticks.
    #[cfg(feature = "operators")]
    fn operators(&mut self, f: impl FnMut(&'static str, u32));
}

/// Runs the firmware to its end.
pub fn run(program: &mut impl Program) -> ! {
    match host::arguments() {
        Some((from, to)) => files(program, from, to),
        #[cfg(not(feature = "operators"))]
        None => measure(program),
        #[cfg(feature = "operators")]
        None => program.operators(host::value),
    }
    host::exit()
}

fn files(program: &mut impl Program, from: &host::Path, to: &host::Path) {
    let (Some(from), Some(to)) = (host::File::open(from, false), host::File::open(to, true)) else {
        host::print("error cannot open the files\n");
        return;
    };
    loop {
        let mut whole = true;
        program.inputs(|input| whole &= from.read(input));
        if !whole {
            break;
        }
        program.run();
        program.outputs(|output| to.write(output));
    }
    from.close();
    to.close();
}

#[cfg(not(feature = "operators"))]
fn measure<P: Program>(program: &mut P) {
    // The generator and the checksum of the recorded baselines.
    let mut state = 12345_u32;
    program.inputs(|input| {
        for x in input {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *x = (state >> 24) as i8;
        }
    });
    board::paint_stack();
    let begin = board::ticks();
    program.run();
    let ticks = board::since(begin);
    let stack = board::stack_used();
    let mut checksum = 2_166_136_261_u32;
    program.outputs(|output| {
        for &q in output {
            checksum = (checksum ^ u32::from(q as u8)).wrapping_mul(16_777_619);
        }
    });
    let mut io = 0;
    program.outputs(|output| io += output.len());
    let begin = board::ticks();
    board::loop_of(2_000_000);
    let calibration = board::since(begin);
    host::value("ticks", ticks);
    host::value("calibration", calibration);
    host::value("checksum", checksum);
    host::value("stack", stack as u32);
    host::value("arena", P::ARENA as u32);
    host::value("outputs", io as u32);
    host::value("constants", P::CONSTANTS as u32);
    host::value("macs", P::MACS as u32);
}

/// Firmware of one model: its path, or the whole call of `include_model!`; its inputs and its output
/// fields.
#[macro_export]
macro_rules! firmware {
    ($path:literal, [$($input:ident),*], [$($output:ident),*]) => {
        $crate::firmware!({ fn model = $path, inputs = arena }, [$($input),*], [$($output),*]);
    };
    ({ $($call:tt)* }, [$($input:ident),*], [$($output:ident),*]) => {
        ::niello::include_model! { $($call)* }

        struct Memory {
            arena: model::Arena,
            output: model::Output,
        }

        static MEMORY: $crate::Owned<Memory> = $crate::Owned::new(Memory {
            arena: model::Arena::new(),
            output: model::Output::ZERO,
        });

        impl $crate::Program for &mut Memory {
            const ARENA: usize = model::ARENA_BYTES;
            const CONSTANTS: usize = model::WEIGHT_BYTES;
            const MACS: u64 = model::MACS;

            fn inputs(&mut self, mut f: impl FnMut(&mut [i8])) {
                $(f($crate::bytes_mut(self.arena.$input().as_mut_slice()));)*
            }

            fn run(&mut self) {
                model::run_into(&mut self.arena, &mut self.output);
            }

            fn outputs(&self, mut f: impl FnMut(&[i8])) {
                $(f($crate::flat(&self.output.$output));)*
            }

            #[cfg(feature = "operators")]
            fn operators(&mut self, mut f: impl FnMut(&'static str, u32)) {
                let mut run = model::begin(&mut self.arena, &mut self.output);
                for name in model::STEP_NAMES {
                    let begin = $crate::board::ticks();
                    run.step();
                    f(name, $crate::board::since(begin));
                }
            }
        }

        #[$crate::entry]
        fn main() -> ! {
            // SAFETY: the only call, at the start of the only thread.
            let mut memory = unsafe { MEMORY.take() };
            $crate::run(&mut memory)
        }

        #[panic_handler]
        fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
            loop {
                core::hint::spin_loop();
            }
        }
    };
}

/// An output as a flat slice.
pub fn flat<T>(nested: &T) -> &[i8] {
    // SAFETY: int8 outputs are nested arrays of i8, without padding.
    unsafe { core::slice::from_raw_parts(core::ptr::from_ref(nested).cast(), size_of::<T>()) }
}

/// The bytes of an input of int8 or int16.
pub fn bytes_mut<T>(slice: &mut [T]) -> &mut [i8] {
    // SAFETY: as long, in bytes, as the integers, which are of any value.
    unsafe { core::slice::from_raw_parts_mut(slice.as_mut_ptr().cast(), size_of_val(slice)) }
}
