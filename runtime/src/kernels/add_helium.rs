//! ADD of int8 for Helium, where rows of both operands lie side by side.

use crate::arithmetic::fixed_point::Integer;
use crate::mcu::AddBytes;
use crate::params::add::Add;

/// `a + b`; false if it has to be computed otherwise.
#[inline(always)]
pub(super) fn try_add<T: Integer>(p: &Add, a: &[T], b: &[T], output: &mut [T]) -> bool {
    let (Some(a), Some(b), Some(output)) = (T::int8(a), T::int8(b), T::int8_mut(output)) else {
        return false;
    };
    let Some(by) = bytes(p) else {
        return false;
    };
    let [.., size] = p.broadcast.dims;
    p.broadcast.rows(|row, at1, at2| {
        let out = output.get_mut(row * size..(row + 1) * size);
        let rows = a.get(at1..at1 + size).zip(b.get(at2..at2 + size)).zip(out);
        debug_assert!(rows.is_some(), "an operand is too short");
        if let Some(((a, b), out)) = rows {
            by.row(a, b, out);
        }
    });
    true
}

/// `in_out + b`, in place; false if it has to be computed otherwise.
#[inline(always)]
pub(super) fn try_add_in_place<T: Integer>(p: &Add, in_out: &mut [T], b: &[T]) -> bool {
    let (Some(in_out), Some(b)) = (T::int8_mut(in_out), T::int8(b)) else {
        return false;
    };
    let Some(by) = bytes(p) else {
        return false;
    };
    let [.., size] = p.broadcast.dims;
    p.broadcast.rows(|row, _, at2| {
        let out = in_out.get_mut(row * size..(row + 1) * size);
        let rows = b.get(at2..at2 + size).zip(out);
        debug_assert!(rows.is_some(), "an operand is too short");
        if let Some((b, out)) = rows {
            by.row_in_place(out, b);
        }
    });
    true
}

/// What the routine needs, if elements of both operands lie side by side.
#[inline(always)]
fn bytes(p: &Add) -> Option<AddBytes> {
    let ([.., step1], [.., step2]) = (p.broadcast.strides1, p.broadcast.strides2);
    AddBytes::new(p).filter(|_| step1 == 1 && step2 == 1)
}
