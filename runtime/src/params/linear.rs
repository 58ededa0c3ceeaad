//! ADD, SUB and MUL of int8 in f32 arithmetic: the numbers.

/// The numbers; small cores do not keep them.
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    #[cfg(niello_vector)]
    pub(crate) first: f32,
    #[cfg(niello_vector)]
    pub(crate) second: f32,
    #[cfg(niello_vector)]
    pub(crate) constant: f32,
    /// True if the outputs are also right when computed with fused multiply-add (FMA).
    #[cfg(niello_vector)]
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(dead_code, reason = "only kernels for x86-64 read it")
    )]
    pub(crate) fused: bool,
}

impl Linear {
    /// No numbers give the reference's outputs, or none were found.
    pub const NONE: Self = Self::new(0.0, 0.0, f32::NAN, false);

    /// Numbers that give the reference's outputs; `fused` if they also do so with fused
    /// multiply-add (FMA).
    #[cfg_attr(
        not(niello_vector),
        expect(unused_variables, reason = "only SIMD kernels read it")
    )]
    pub const fn new(first: f32, second: f32, constant: f32, fused: bool) -> Self {
        Self {
            #[cfg(niello_vector)]
            first,
            #[cfg(niello_vector)]
            second,
            #[cfg(niello_vector)]
            constant,
            #[cfg(niello_vector)]
            fused,
        }
    }
}
