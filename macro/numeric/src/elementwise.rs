//! Functions of one or two numbers over whole arrays, and what they have in common.

use crate::positions;

/// Changes every number by a function of it.
pub fn map(data: &mut [f32], function: &dyn Fn(f32) -> f32) {
    for x in data {
        *x = function(*x);
    }
}

/// Changes every number of `a` by a function of it and the number of `b` in the same place.
pub fn zip(a: &mut [f32], b: &[f32], function: &dyn Fn(f32, f32) -> f32) {
    for (a, &b) in a.iter_mut().zip(b) {
        *a = function(*a, b);
    }
}

/// The elements of an array of shape `from`, repeated to shape `to` by NumPy's rule of broadcasting;
/// `None` if it does not broadcast to that shape.
pub fn repeat(data: &[f32], from: &[usize], to: &[usize]) -> Option<Vec<f32>> {
    if from == to {
        return Some(data.to_vec());
    }
    let added = to.len().checked_sub(from.len())?;
    let mut strides = vec![0; to.len()];
    let mut next = 1_usize;
    for (d, &size) in from.iter().enumerate().rev() {
        if size != 1 {
            if size != to[d + added] {
                return None;
            }
            strides[d + added] = next.cast_signed();
        }
        next *= size;
    }
    if data.len() != next {
        return None;
    }
    let positions = positions::strided(to, &strides, 0);
    Some(positions.into_iter().map(|at| data[at]).collect())
}

/// In rows of `depth` numbers, lifts those that are more than `below` under the largest of their
/// row to that distance.
pub fn lift_rows(data: &mut [f32], depth: usize, below: f32) {
    for row in data.chunks_mut(depth.max(1)) {
        let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let least = if max.is_finite() {
            max - below
        } else {
            f32::MIN
        };
        row.iter_mut().for_each(|x| *x = x.max(least));
    }
}

/// The least and the largest number; `f32::MAX` and `f32::MIN` of an empty array.
pub fn extremes(data: &[f32]) -> (f32, f32) {
    data.iter().fold((f32::MAX, f32::MIN), |(min, max), &x| {
        (min.min(x), max.max(x))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_repeat_as_in_numpy() {
        let data = [1.0, 2.0, 3.0];
        let columns = repeat(&data, &[3, 1], &[2, 3, 2]).expect("broadcasts");
        let once = [1.0, 1.0, 2.0, 2.0, 3.0, 3.0];
        assert_eq!(columns, [once, once].concat());
        assert_eq!(
            repeat(&data, &[3], &[2, 3]).expect("broadcasts"),
            [data, data].concat()
        );
        assert_eq!(
            repeat(&data[..1], &[], &[1, 2]).expect("broadcasts"),
            [1.0, 1.0]
        );
        assert_eq!(repeat(&[], &[0], &[2, 0]).expect("broadcasts"), []);
        assert!(repeat(&data, &[3], &[3, 2]).is_none());
        assert!(repeat(&data, &[1, 3], &[3]).is_none());
    }

    #[test]
    fn rows_are_lifted_to_below_their_largest() {
        let mut data = [0.0, -100.0, 5.0, -1e9, f32::NEG_INFINITY, f32::NEG_INFINITY];
        lift_rows(&mut data, 2, 20.0);
        assert_eq!(data, [0.0, -20.0, 5.0, -15.0, f32::MIN, f32::MIN]);
    }
}
