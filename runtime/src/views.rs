//! Inputs and outputs as views of the crate `ndarray`, without a copy.

use core::fmt;

use ndarray::{ArrayView, ArrayViewMut, Dimension, Ix0, Ix1, Ix2, Ix3, Ix4, Ix5, Ix6};

/// Inputs and the fields of outputs as views of the crate `ndarray`, without a copy.
///
/// Outputs are nested arrays, for which this trait is implemented with up to six dimensions;
/// inputs have it, too, and a function `from_view` for the other way.
///
/// ```
/// use niello::View;
///
/// let output = [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6_f32]];
/// assert_eq!(output.view().column(1).to_vec(), [0.2, 0.5]);
/// ```
pub trait View {
    /// The type of the elements.
    type Element;
    /// The type of the dimensions: `Ix3` for three.
    type Dim: Dimension;

    /// Shows all elements, to be read.
    fn view(&self) -> ArrayView<'_, Self::Element, Self::Dim>;

    /// Shows all elements, to be written.
    fn view_mut(&mut self) -> ArrayViewMut<'_, Self::Element, Self::Dim>;
}

/// What a tensor holds: numbers, not arrays.
#[doc(hidden)]
pub trait Element {}

macro_rules! elements {
    ($($element:ty),*) => {
        $(impl Element for $element {})*
    };
}
elements!(i8, u8, i16, i32, u32, f32, bool);

macro_rules! views {
    ($($dim:ty: $array:ty, [$($n:ident),*];)*) => {
        $(impl<E: Element $(, const $n: usize)*> View for $array {
            type Element = E;
            type Dim = $dim;

            #[allow(unsafe_code, reason = "a view of nested arrays")]
            fn view(&self) -> ArrayView<'_, E, $dim> {
                // SAFETY: nested arrays of these sizes lie in row-major order, without gaps, and
                // are borrowed for as long as the view lives.
                unsafe { ArrayView::from_shape_ptr([$($n),*], core::ptr::from_ref(self).cast()) }
            }

            #[allow(unsafe_code, reason = "a view of nested arrays")]
            fn view_mut(&mut self) -> ArrayViewMut<'_, E, $dim> {
                // SAFETY: as above; nothing else reads or writes them meanwhile.
                unsafe { ArrayViewMut::from_shape_ptr([$($n),*], core::ptr::from_mut(self).cast()) }
            }
        })*
    };
}
views! {
    Ix0: E, [];
    Ix1: [E; M], [M];
    Ix2: [[E; N]; M], [M, N];
    Ix3: [[[E; O]; N]; M], [M, N, O];
    Ix4: [[[[E; P]; O]; N]; M], [M, N, O, P];
    Ix5: [[[[[E; Q]; P]; O]; N]; M], [M, N, O, P, Q];
    Ix6: [[[[[[E; R]; Q]; P]; O]; N]; M], [M, N, O, P, Q, R];
}

/// A view that cannot be borrowed as an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ViewError {
    /// The view has other sizes than the input.
    Shape {
        /// The sizes of the input.
        expected: &'static [usize],
    },
    /// Its elements do not lie side by side in row-major order: copy it into a new array, for
    /// example by `as_standard_layout`.
    Layout,
}

impl fmt::Display for ViewError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape { expected } => {
                write!(f, "the input has the shape {expected:?}, the view another")
            }
            Self::Layout => f.write_str(
                "the view's elements do not lie side by side in row-major order: \
                 `as_standard_layout` copies them",
            ),
        }
    }
}

impl core::error::Error for ViewError {}

/// The elements of a view of just this shape.
pub fn slice_of<'a, E, D: Dimension>(
    view: &ArrayView<'a, E, D>,
    expected: &'static [usize],
) -> Result<&'a [E], ViewError> {
    if view.shape() != expected {
        return Err(ViewError::Shape { expected });
    }
    view.to_slice().ok_or(ViewError::Layout)
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn shape_and_layout_are_checked() {
        let array = Array2::from_shape_fn((2, 3), |(y, x)| (3 * y + x) as i8);
        assert_eq!(
            slice_of(&array.view(), &[2, 3]),
            Ok(&[0, 1, 2, 3, 4, 5][..])
        );
        assert_eq!(
            slice_of(&array.view(), &[6]),
            Err(ViewError::Shape { expected: &[6] })
        );
        assert_eq!(slice_of(&array.t(), &[3, 2]), Err(ViewError::Layout));
    }

    #[test]
    fn nested_arrays_are_seen_in_their_order() {
        let mut nested = [[[1, 2], [3, 4], [5, 6_i8]]; 2];
        assert_eq!(nested.view().shape(), [2, 3, 2]);
        nested.view_mut()[[1, 2, 0]] = 9;
        assert_eq!(nested[1][2], [9, 6]);
        assert_eq!(nested.view()[[1, 2, 0]], 9);
        assert_eq!(0.5_f32.view()[[]], 0.5);
    }
}
