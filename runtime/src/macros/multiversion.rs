//! Functions whose loops LLVM vectorizes, compiled for several sets of CPU features. Tests:
//! `tests/tests/simd_levels/`.

/// Compiles a function's body as it is, for AVX2 and for AVX-512, and calls the one that the row
/// `LOOPS` of the table `simd/x86_64/dispatch.rs` names for the CPU's level. On other targets it is
/// the function as it is. Functions that the body calls must be inlined.
#[cfg(all(niello_vector, target_arch = "x86_64"))]
macro_rules! multiversion {
    ($(
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident $(<$($generic:ident: $bound:path),*>)? ($($argument:ident: $ty:ty),* $(,)?) $body:block
    )*) => {$(
        $(#[$attribute])*
        #[allow(unsafe_code, reason = "calls of functions with target features")]
        $visibility fn $name $(<$($generic: $bound),*>)? ($($argument: $ty),*) {
            #[inline(always)]
            fn body $(<$($generic: $bound),*>)? ($($argument: $ty),*) $body

            /// # Safety
            /// *Enabled*, where the caller is not such a function.
            #[target_feature(enable = "avx2")]
            fn avx2 $(<$($generic: $bound),*>)? ($($argument: $ty),*) {
                body($($argument),*);
            }

            /// # Safety
            /// *Enabled*, where the caller is not such a function.
            #[cfg(feature = "avx512")]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
            fn avx512 $(<$($generic: $bound),*>)? ($($argument: $ty),*) {
                body($($argument),*);
            }

            use $crate::simd::dispatch::{Loops, loops};
            match loops() {
                Loops::Baseline => body($($argument),*),
                // SAFETY: *Enabled*: the CPU has the level's features (see `simd`).
                Loops::Avx2 => unsafe { avx2($($argument),*) },
                // SAFETY: *Enabled*: the CPU has the level's features (see `simd`).
                #[cfg(feature = "avx512")]
                Loops::Avx512 => unsafe { avx512($($argument),*) },
            }
        }
    )*};
}

#[cfg(not(all(niello_vector, target_arch = "x86_64")))]
macro_rules! multiversion {
    ($($function:item)*) => { $($function)* };
}

pub(crate) use multiversion;
