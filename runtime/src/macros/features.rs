//! What emitted types have with the features `defmt` and `ndarray`, so that emitted code need not
//! know them: macros that expand to nothing without.

/// A tuple struct is logged as its name and its value.
#[cfg(feature = "defmt")]
#[doc(hidden)]
#[macro_export]
macro_rules! __niello_log_value {
    ($ty:ident) => {
        impl $crate::__private::defmt::Format for $ty {
            fn format(&self, f: $crate::__private::defmt::Formatter<'_>) {
                $crate::__private::format_value(::core::stringify!($ty), &self.0, f);
            }
        }
    };
}

/// A struct is logged as its name and its fields.
#[cfg(feature = "defmt")]
#[doc(hidden)]
#[macro_export]
macro_rules! __niello_log_fields {
    ($ty:ident { $($field:ident),* }) => {
        impl $crate::__private::defmt::Format for $ty {
            fn format(&self, f: $crate::__private::defmt::Formatter<'_>) {
                $crate::__private::format_begin(::core::stringify!($ty), f);
                $($crate::__private::format_field(::core::stringify!($field), &self.$field, f);)*
                $crate::__private::format_end(f);
            }
        }
    };
}

/// Emits nothing without the feature `defmt`.
#[cfg(not(feature = "defmt"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __niello_log_value {
    ($($ty:tt)*) => {};
}

/// Emits nothing without the feature `defmt`.
#[cfg(not(feature = "defmt"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __niello_log_fields {
    ($($ty:tt)*) => {};
}

/// An input can be borrowed from views of its shape, and seen as one.
#[cfg(feature = "ndarray")]
#[doc(hidden)]
#[macro_export]
macro_rules! __niello_view {
    ($ty:ident: $element:ty, $array:ty) => {
        impl $ty {
            /// Borrows a view of [`Self::SHAPE`] whose elements lie side by side in row-major order.
            pub fn from_view<'a, D: $crate::__private::ndarray::Dimension>(
                view: $crate::__private::ndarray::ArrayView<'a, $element, D>,
            ) -> ::core::result::Result<&'a Self, $crate::ViewError> {
                let slice = $crate::__private::slice_of(&view, &Self::SHAPE)?;
                Self::from_slice(slice).map_err(|_| $crate::ViewError::Layout)
            }
        }

        impl $crate::View for $ty {
            type Element = $element;
            type Dim = <$array as $crate::View>::Dim;

            fn view(&self) -> $crate::__private::ndarray::ArrayView<'_, $element, Self::Dim> {
                $crate::View::view(&self.0)
            }

            fn view_mut(
                &mut self,
            ) -> $crate::__private::ndarray::ArrayViewMut<'_, $element, Self::Dim> {
                $crate::View::view_mut(&mut self.0)
            }
        }
    };
}

/// Emits nothing without the feature `ndarray`.
#[cfg(not(feature = "ndarray"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __niello_view {
    ($($ty:tt)*) => {};
}
