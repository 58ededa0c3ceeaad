//! What a byte of an image stands for.

use ndarray::{ArrayD, IxDyn};

use crate::ir::graph::{Graph, ValueId};
use crate::ops::shared::broadcast;
use crate::rewrite;

/// `real = byte * scale + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ByteScale {
    pub scale: f32,
    pub offset: f32,
}

impl ByteScale {
    /// Images without anything else said: 0 to 1.
    pub(crate) const UNIT: Self = Self {
        scale: 1.0 / 255.0,
        offset: 0.0,
    };

    /// The bytes themselves.
    pub(crate) const PLAIN: Self = Self {
        scale: 1.0,
        offset: 0.0,
    };

    pub(crate) fn real(self, byte: u8) -> f32 {
        f32::from(byte) * self.scale + self.offset
    }

    /// The nearest byte.
    pub(crate) fn byte(self, real: f32) -> u8 {
        let steps = (f64::from(real) - f64::from(self.offset)) / f64::from(self.scale);
        steps.round() as u8
    }

    /// The smallest and the largest real value.
    pub(crate) fn range(self) -> (f32, f32) {
        let ends = [self.real(0), self.real(255)];
        (ends[0].min(ends[1]), ends[0].max(ends[1]))
    }
}

/// Factors that make something of a byte: 255 of it become 1/4 to 32, as Rescaling and
/// Normalization layers for images do.
const FACTORS: std::ops::RangeInclusive<f32> = 1.0 / 1024.0..=0.125;

/// True if all that reads an input scales bytes first, so that the model takes them as
/// they are.
pub(crate) fn scales_bytes(graph: &Graph, input: ValueId) -> bool {
    let mut readers = graph
        .nodes
        .iter()
        .filter(|node| node.inputs.contains(&Some(input)))
        .peekable();
    readers.peek().is_some()
        && !graph.is_output(input)
        && readers.all(|node| {
            // In the shape of the constants, which may be far smaller than the input.
            let shape = graph.values[input].shape.as_slice();
            let mut factor = ArrayD::<f32>::ones(IxDyn(&[]));
            let (mut node, mut value) = (node, input);
            while let Some([next, _]) = rewrite::affine(graph, node, value) {
                let joint = broadcast::shape(factor.shape(), next.shape());
                let joint = joint.ok().filter(|_| next.broadcast(shape).is_some());
                let Some([next, before]) =
                    joint.and_then(|joint| rewrite::in_shape([&next, &factor], &joint))
                else {
                    break;
                };
                factor = before * next;
                value = node.output();
                let mut more = graph
                    .nodes
                    .iter()
                    .filter(|node| node.inputs.contains(&Some(value)));
                match (more.next(), more.next()) {
                    (Some(only), None) if !graph.is_output(value) => node = only,
                    _ => break,
                }
            }
            !factor.is_empty() && factor.iter().all(|f| FACTORS.contains(&f.abs()))
        })
}

#[cfg(test)]
mod tests {
    use crate::ir::byte_scale::*;

    #[test]
    fn bytes_and_reals_are_exact_opposites() {
        for (scale, offset) in [(1.0 / 255.0, 0.0), (1.0 / 127.5, -1.0), (-0.5, 3.0)] {
            let bytes = ByteScale { scale, offset };
            for byte in 0..=255 {
                assert_eq!(bytes.byte(bytes.real(byte)), byte);
            }
            assert_eq!(bytes.byte(f32::NAN), 0);
            assert!(bytes.range().0 < bytes.range().1);
        }
    }
}
