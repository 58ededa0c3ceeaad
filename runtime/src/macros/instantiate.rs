//! Generic functions that are compiled with this crate's options, for listed types.

/// A generic function with instances for the listed types. An ordinary one would be
/// compiled with the program that names it: slowly running code in its debug builds,
/// however this crate is optimised.
macro_rules! instantiate {
    (@function [$($attribute:tt)*] [$visibility:vis] $name:ident $t:ident $here:ident
     ($($argument:ident: $ty:ty),* $(,)?)) => {
        #[doc = concat!("Element types of [`", stringify!($name), "`].")]
        pub trait $here<$t> {
            #[doc = concat!("See [`", stringify!($name), "`].")]
            fn run($($argument: $ty),*);
        }

        $($attribute)*
        #[inline(always)]
        $visibility fn $name<$t: $here<$t>>($($argument: $ty),*) {
            <$t as $here<$t>>::run($($argument),*);
        }
    };
    (@instance $t:ident $here:ident ($($argument:ident: $ty:ty),* $(,)?) $body:ident $instance:ident) => {
        const _: () = {
            type $t = $instance;
            impl $here<$t> for $t {
                // Small cores count instructions: there, kernels are compiled with the
                // parameters that they are called with.
                #[cfg_attr(not(niello_vector), inline(always))]
                fn run($($argument: $ty),*) {
                    $body($($argument),*);
                }
            }
        };
    };
    ($(
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident<$t:ident: $here:ident>$signature:tt = $body:ident,
            for $($instance:ident)*;
    )*) => {$(
        instantiate!(@function [$(#[$attribute])*] [$visibility] $name $t $here $signature);
        $(instantiate!(@instance $t $here $signature $body $instance);)*
    )*};
}

pub(crate) use instantiate;
