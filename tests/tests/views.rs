//! Inputs from views of the crate `ndarray` and outputs as views, without a copy.
#![forbid(unsafe_code)]

use ndarray::{Array3, Array4, ArrayView1, ArrayView3, Axis};
use niello::{View, ViewError};

niello::include_model! { fn digit_pair = "models/digit_pair_i8.tflite" }

/// Images that differ from each other, as one array.
fn images(seed: usize) -> Array4<i8> {
    Array4::from_shape_fn((5, 8, 8, 1), |(i, y, x, _)| {
        (seed * i + 7 * y + x * x) as i8
    })
}

#[test]
fn samples_of_an_array_are_inputs() {
    let (lefts, rights) = (images(3), images(11));
    for (left, right) in lefts.outer_iter().zip(rights.outer_iter()) {
        let input = digit_pair::Left::from_view(left).expect("the input's shape");
        assert_eq!(input.as_slice().as_ptr(), left.as_ptr(), "a copy");
        let right = digit_pair::Right::from_view(right.into_dyn()).expect("the input's shape");
        let out = digit_pair(input, right);
        let sum: ArrayView1<'_, i8> = out.sum.view();
        assert_eq!(sum.as_ptr(), out.sum.as_ptr(), "a copy");
        assert_eq!(sum.to_vec(), out.sum);
    }
}

#[test]
fn inputs_are_views_too() {
    let mut input = digit_pair::Left::ZERO;
    input.view_mut().index_axis_mut(Axis(0), 2).fill(7);
    assert_eq!(input.0[2], [[7]; 8]);
    let view: ArrayView3<'_, i8> = input.view();
    assert_eq!(view.shape(), digit_pair::Left::SHAPE);
}

#[test]
fn views_that_do_not_fit_are_errors() {
    let flat = Array3::<i8>::zeros((8, 4, 2));
    let error = digit_pair::Left::from_view(flat.view()).expect_err("another shape");
    assert_eq!(
        error,
        ViewError::Shape {
            expected: &[8, 8, 1]
        }
    );
    let image = images(1).remove_axis(Axis(0));
    let error = digit_pair::Left::from_view(image.view().permuted_axes([1, 0, 2]));
    assert_eq!(error, Err(ViewError::Layout));
}
