//! Armv7E-M, and Armv8-M Mainline with the DSP extension, whose instructions are the same: two 16-bit
//! numbers are multiplied by two others at once. `helium` has parts of some functions for Armv8.1-M.

/// The first line of all assembly here. Where the extension is optional, rustc's flags for a core reach
/// the assembler, but for functions that are nothing but assembly: LLVM reads these once more, for
/// their names, and knows only the target then. (It has no `.arch_extension` for DSP.)
#[cfg(all(niello_dsp_of_core, not(niello_helium)))]
macro_rules! with_dsp {
    () => {
        ".cpu cortex-m33"
    };
}
/// The first line of all assembly on cores with Helium.
#[cfg(niello_helium)]
macro_rules! with_dsp {
    () => {
        ".cpu cortex-m55"
    };
}
/// The first line of all assembly where all cores of the target have the extension.
#[cfg(all(niello_dsp, not(niello_dsp_of_core)))]
macro_rules! with_dsp {
    () => {
        ""
    };
}

#[cfg(niello_dsp)]
pub(crate) mod dot;
#[cfg(niello_dsp)]
pub(crate) mod dwconv_3x3_plane;
#[cfg(niello_dsp)]
pub(crate) mod dwconv_3x3_plane_i16;
#[cfg(niello_dsp)]
pub(crate) mod expand;
#[cfg(niello_dsp)]
pub(crate) mod frame;
#[cfg(niello_dsp)]
pub(crate) mod gather;
#[cfg(niello_dsp)]
pub(crate) mod gemm_2px_asm;
#[cfg(niello_helium)]
pub(crate) mod helium;
#[cfg(niello_helium)]
pub(crate) mod helium_add;
#[cfg(niello_helium)]
pub(crate) mod helium_copy;
#[cfg(niello_helium)]
pub(crate) mod helium_fours;
#[cfg(niello_helium)]
pub(crate) mod helium_plane;
#[cfg(niello_dsp)]
pub(crate) mod row_asm;
