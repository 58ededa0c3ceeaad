//! How functions that are nothing but assembly begin and end, if they use the registers q4 to q7 where
//! there are any: callers want these back (AAPCS32, 6.1.2.1).

/// Pushes these registers and lr; r0 to r3 are free for the function's arguments.
#[cfg(niello_helium)]
macro_rules! begin {
    ($registers:literal) => {
        concat!("vpush {{d8-d15}}\npush {{", $registers, ", lr}}\n")
    };
}
/// Pushes these registers and lr, on cores without vectors.
#[cfg(not(niello_helium))]
macro_rules! begin {
    ($registers:literal) => {
        concat!("push {{", $registers, ", lr}}\n")
    };
}

/// Pops the same registers and returns.
#[cfg(niello_helium)]
macro_rules! end {
    ($registers:literal) => {
        concat!("pop {{", $registers, ", lr}}\nvpop {{d8-d15}}\nbx lr\n")
    };
}
/// Pops the same registers and returns, on cores without vectors.
#[cfg(not(niello_helium))]
macro_rules! end {
    ($registers:literal) => {
        concat!("pop {{", $registers, ", pc}}\n")
    };
}

/// The place of the first argument that is not in a register, behind r4 to r11 and lr.
#[cfg(niello_helium)]
macro_rules! stacked {
    () => {
        "[sp, #100]"
    };
}
/// The place of the first argument that is not in a register, on cores without vectors.
#[cfg(not(niello_helium))]
macro_rules! stacked {
    () => {
        "[sp, #36]"
    };
}

pub(crate) use {begin, end, stacked};
