//! RESIZE_NEAREST_NEIGHBOR of an NHWC image.

use crate::error::{Error, Result};
use crate::ir::context::ParseContext;
use crate::limits;
use crate::ops::shared::index_map::{Choice, Choosing, Chosen};

/// The operator RESIZE_NEAREST_NEIGHBOR of an NHWC image.
pub(crate) struct ResizeNearestNeighbor {
    size: [usize; 2],
    align_corners: bool,
    half_pixel_centers: bool,
}

/// The new height and width of a resizing operator.
pub(crate) fn new_size(node: &ParseContext<'_>) -> Result<[usize; 2]> {
    let size = node.integers(1, "size")?;
    match *size.as_slice() {
        [h, w] if h > 0 && w > 0 => {
            let size = [h as usize, w as usize];
            size.into_iter().try_for_each(limits::table)?;
            Ok(size)
        }
        _ => Err(Error::model(format!(
            "its size {size:?} is not a height and a width"
        ))),
    }
}

impl ResizeNearestNeighbor {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Chosen<Self>> {
        let options = node
            .operator
            .builtin_options_as_resize_nearest_neighbor_options();
        Ok(Chosen(Self {
            size: new_size(node)?,
            align_corners: options.is_some_and(|o| o.align_corners()),
            half_pixel_centers: options.is_some_and(|o| o.half_pixel_centers()),
        }))
    }

    /// The reference's nearest neighbours, in single precision as it computes them.
    fn nearest(&self, input: usize, output: usize) -> Vec<usize> {
        let scale = if self.align_corners && output > 1 {
            (input - 1) as f32 / (output - 1) as f32
        } else {
            input as f32 / output as f32
        };
        let offset = if self.half_pixel_centers { 0.5 } else { 0.0 };
        let place = |i: usize| {
            let at = (i as f32 + offset) * scale;
            let at = if self.align_corners {
                at.round()
            } else {
                at.floor()
            };
            (at.max(0.0) as usize).min(input - 1)
        };
        (0..output).map(place).collect()
    }
}

impl Choosing for ResizeNearestNeighbor {
    const NAME: &'static str = "RESIZE_NEAREST_NEIGHBOR";

    fn choice(&self, input: &[usize]) -> Result<Choice> {
        let &[_, h, w, _] = input else {
            return Err(Error::model(format!(
                "its input has shape {input:?}, expected NHWC"
            )));
        };
        let rows = self.nearest(h, self.size[0]);
        let columns = self.nearest(w, self.size[1]);
        Ok(Choice {
            dims: vec![None, Some(rows), Some(columns), None],
        })
    }
}
