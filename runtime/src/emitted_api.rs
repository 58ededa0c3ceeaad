//! All that emitted code names. Not an interface: it changes with every release,
//! together with the macro, which depends on this very version.

pub use crate::arena::{Aligned, Arena, Zeroable, cast_mut, slots};
pub use crate::arithmetic::fixed_point::{Multiplier, Quantization};
pub use crate::arithmetic::sigmoid_lut_i16::Steps;
#[cfg(feature = "rayon")]
pub use crate::batch::run_batch;
#[cfg(feature = "defmt")]
pub use crate::defmt_format::{format_begin, format_end, format_field, format_value};
pub use crate::error::LengthError;
pub use crate::kernels::*;
pub use crate::params::*;
pub use crate::selftest::{
    SelfTestError, compare_output, rows_of_bool, rows_of_f32, rows_of_i8, rows_of_i16, rows_of_i32,
    rows_of_u8, rows_of_u32,
};
#[cfg(niello_vector)]
pub use crate::simd::{Level, all_levels, available, force, levels};

#[cfg(feature = "ndarray")]
pub use crate::views::{Element, slice_of};
#[cfg(feature = "defmt")]
pub use defmt;
#[cfg(feature = "ndarray")]
pub use ndarray;

#[doc(hidden)]
pub use crate::{
    __niello_log_fields as log_fields, __niello_log_value as log_value, __niello_view as view,
};

#[doc(hidden)]
pub use crate::__niello_by_target as by_target;

/// The code for small cores, or that for wide SIMD registers: only the runtime
/// knows its target.
#[cfg(not(niello_vector))]
#[doc(hidden)]
#[macro_export]
macro_rules! __niello_by_target {
    ({ $($scalar:tt)* } { $($vector:tt)* }) => { $($scalar)* };
}

/// The code for small cores, or that for wide SIMD registers: only the runtime
/// knows its target.
#[cfg(niello_vector)]
#[doc(hidden)]
#[macro_export]
macro_rules! __niello_by_target {
    ({ $($scalar:tt)* } { $($vector:tt)* }) => { $($vector)* };
}

#[doc(hidden)]
pub use crate::__niello_with_threads as with_threads;

/// Emits code that only exists with the feature `rayon`.
#[cfg(feature = "rayon")]
#[doc(hidden)]
#[macro_export]
macro_rules! __niello_with_threads {
    ($($item:tt)*) => { $($item)* };
}

/// Emits nothing without the feature `rayon`.
#[cfg(not(feature = "rayon"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __niello_with_threads {
    ($($item:tt)*) => {};
}

/// A slice as an array of exactly `N` elements.
pub fn exact<T, const N: usize>(slice: &[T]) -> Result<&[T; N], LengthError> {
    slice.try_into().map_err(|_| LengthError {
        expected: N,
        found: slice.len(),
    })
}

/// A flat array seen as a type of the same elements.
///
/// # Safety
/// `To` must be a `repr(transparent)` wrapper of nested arrays of `T` that hold
/// `N` elements in all.
#[allow(unsafe_code, reason = "a cast between arrays of one layout")]
pub unsafe fn cast_ref<T, To, const N: usize>(array: &[T; N]) -> &To {
    const {
        assert!(size_of::<To>() == size_of::<[T; N]>());
        assert!(align_of::<To>() == align_of::<[T; N]>());
    }
    // SAFETY: size and alignment are the same, and so, by the caller's promise,
    // is the layout; the lifetime is the array's.
    unsafe { &*core::ptr::from_ref(array).cast::<To>() }
}
