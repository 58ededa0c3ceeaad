//! Many samples on all cores.

use std::boxed::Box;

use rayon::prelude::*;

use crate::arena::{Zeroable, zeroed};
use crate::error::LengthError;

/// `run(arena, input, output)` for every sample, on rayon's threads.
///
/// # Errors
/// There must be as many outputs as inputs.
pub fn run_batch<A: Zeroable + Send, I: Sync, O: Send>(
    inputs: &[I],
    outputs: &mut [O],
    run: impl Fn(&mut A, &I, &mut O) + Sync,
) -> Result<(), LengthError> {
    if inputs.len() != outputs.len() {
        return Err(LengthError {
            expected: inputs.len(),
            found: outputs.len(),
        });
    }
    let pairs = inputs.par_iter().zip(outputs.par_iter_mut());
    pairs.for_each_init(zeroed::<A>, |arena: &mut Box<A>, (input, output)| {
        run(arena, input, output);
    });
    Ok(())
}
