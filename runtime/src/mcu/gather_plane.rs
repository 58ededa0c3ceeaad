//! Copies of single channels, for all small cores.

/// Copies one channel of an image into a plane with rows of `pitch` elements; `step`
/// is the distance of the channel's elements.
#[inline(always)]
pub(crate) fn gather_plane<T: Copy + Into<i16>>(
    image: &[T],
    step: usize,
    [height, width]: [usize; 2],
    plane: &mut [i16],
    pitch: usize,
) {
    let (reach, places) = ((height * width).max(1) - 1, height.max(1) - 1);
    if height * width == 0 || image.len() <= reach * step || plane.len() < places * pitch + width {
        return;
    }
    let (mut x, mut row) = (image.as_ptr(), plane.as_mut_ptr());
    for _ in 0..height {
        let mut y = row;
        let mut left = width;
        // SAFETY: both have `height` rows of `width` elements, as checked above.
        unsafe {
            while left > 0 {
                *y = (*x).into();
                x = x.wrapping_add(step);
                y = y.add(1);
                left -= 1;
            }
        }
        row = row.wrapping_add(pitch);
    }
}
