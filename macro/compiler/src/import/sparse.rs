//! Sparse constants: unpacked when they are read.
//!
//! Format: the comments of `SparsityParameters` in the TensorFlow Lite schema.

use ndarray::ArrayD;

use crate::error::{Error, Result};
use crate::import::constant;
use crate::ir::graph::Constant;
use crate::limits;
use crate::tflite::{DimensionMetadata, DimensionType, Tensor};

/// The dense form of a sparse tensor's data.
pub(crate) fn constant(
    tensor: &Tensor<'_>,
    shape: &[usize],
    data: &[u8],
) -> Result<Option<Constant>> {
    let layout = Layout::read(tensor, shape)?;
    // Each level lists at least one position for each element that is stored below it.
    let most = limits::sum([layout.listed(), limits::product([data.len(), 4])]);
    let stored = layout.stored(most)?;
    let packed = constant::constant(tensor.type_(), &[stored.len()], stored.len(), data, false)?;
    let Some(packed) = packed else {
        return Ok(None);
    };
    Ok(Some(match packed {
        Constant::F32(values) => Constant::F32(scatter(shape, &stored, values)?),
        Constant::I8(values) => Constant::I8(scatter(shape, &stored, values)?),
        Constant::I16(values) => Constant::I16(scatter(shape, &stored, values)?),
        Constant::I32(values) => Constant::I32(scatter(shape, &stored, values)?),
        Constant::I64(values) => Constant::I64(scatter(shape, &stored, values)?),
    }))
}

/// One level of the traversal: dense, or a list of the positions that are stored.
enum Level {
    Dense(usize),
    /// A list of positions for each parent: `indices[segments[p]..segments[p + 1]]`.
    Sparse {
        segments: Vec<usize>,
        indices: Vec<usize>,
    },
}

/// The traversal: outer dimensions in some order, then those inside of a block.
struct Layout {
    levels: Vec<Level>,
    /// The dense dimension that each level walks, and the size of its steps.
    steps: Vec<(usize, usize)>,
}

/// The segments or the indices of a sparse level, which the file has in 32, 16 or 8 bits.
fn numbers(d: &DimensionMetadata<'_>, segments: bool) -> Result<Vec<usize>> {
    let missing = || Error::model("its sparse dimension has no indices");
    macro_rules! list {
        ($as32:ident, $as16:ident, $as8:ident) => {
            if let Some(v) = d.$as32() {
                let values = v.values().ok_or_else(missing)?;
                values
                    .iter()
                    .map(|x| usize::try_from(x).map_err(|_| missing()))
                    .collect::<Result<Vec<_>>>()?
            } else if let Some(v) = d.$as16() {
                v.values()
                    .ok_or_else(missing)?
                    .iter()
                    .map(usize::from)
                    .collect()
            } else if let Some(v) = d.$as8() {
                v.values()
                    .ok_or_else(missing)?
                    .iter()
                    .map(usize::from)
                    .collect()
            } else {
                return Err(missing());
            }
        };
    }
    Ok(if segments {
        list!(
            array_segments_as_int_32_vector,
            array_segments_as_uint_16_vector,
            array_segments_as_uint_8_vector
        )
    } else {
        list!(
            array_indices_as_int_32_vector,
            array_indices_as_uint_16_vector,
            array_indices_as_uint_8_vector
        )
    })
}

impl Layout {
    /// Reads and checks the layout of a sparse tensor.
    fn read(tensor: &Tensor<'_>, shape: &[usize]) -> Result<Self> {
        let bad = |what: &str| Error::model(format!("its sparse layout is damaged: {what}"));
        let sparsity = tensor.sparsity().ok_or_else(|| bad("none"))?;
        let index = |n: i32| usize::try_from(n).unwrap_or(usize::MAX);
        let order: Vec<usize> = sparsity
            .traversal_order()
            .map(|o| o.iter().map(index).collect())
            .unwrap_or_default();
        let block_map: Vec<usize> = sparsity
            .block_map()
            .map(|m| m.iter().map(index).collect())
            .unwrap_or_default();
        let metadata = sparsity.dim_metadata().unwrap_or_default();
        let rank = shape.len();
        if order.len() != rank + block_map.len() || metadata.len() != order.len() {
            return Err(bad("the lists differ in length"));
        }
        let mut levels = Vec::new();
        for i in 0..metadata.len() {
            let d = metadata.get(i);
            levels.push(if d.format() == DimensionType::DENSE {
                Level::Dense(index(d.dense_size()))
            } else {
                Level::Sparse {
                    segments: numbers(&d, true)?,
                    indices: numbers(&d, false)?,
                }
            });
        }
        // A block's size along the dense dimension that it divides.
        let mut blocks = vec![1_usize; rank];
        for (&dimension, level) in order.iter().zip(&levels) {
            if dimension >= rank {
                let of = block_map.get(dimension - rank).copied();
                let block = of
                    .and_then(|d| blocks.get_mut(d))
                    .ok_or_else(|| bad("block map"))?;
                match level {
                    Level::Dense(size) => *block = *size,
                    Level::Sparse { .. } => return Err(bad("a block is sparse inside")),
                }
            }
        }
        let steps = order
            .iter()
            .map(|&d| match d.checked_sub(rank) {
                None => Some((d, blocks[d])),
                Some(block) => block_map.get(block).filter(|&&d| d < rank).map(|&d| (d, 1)),
            })
            .collect::<Option<_>>()
            .ok_or_else(|| bad("traversal order"))?;
        Ok(Self { levels, steps })
    }

    /// Elements of all lists of the layout.
    fn listed(&self) -> usize {
        let listed = self.levels.iter().map(|level| match level {
            Level::Dense(_) => 0,
            Level::Sparse { segments, indices } => segments.len() + indices.len(),
        });
        limits::sum(listed)
    }

    /// The dense coordinates of everything that is stored, in order.
    ///
    /// No level has more than `most` of them: the file has not as many.
    fn stored(&self, most: usize) -> Result<Vec<Vec<usize>>> {
        let rank = self.steps.iter().map(|s| s.0 + 1).max().unwrap_or(0);
        let mut places = vec![vec![0_usize; rank]];
        for (level, &(dimension, step)) in self.levels.iter().zip(&self.steps) {
            let mut next = Vec::new();
            for (parent, place) in places.iter().enumerate() {
                let too_large = || Error::model("its sparse layout is too large");
                let positions: Vec<usize> = match level {
                    Level::Dense(size) if *size > most => return Err(too_large()),
                    Level::Dense(size) => (0..*size).collect(),
                    Level::Sparse { segments, indices } => {
                        let range = segments.get(parent).zip(segments.get(parent + 1));
                        range
                            .and_then(|(&a, &b)| indices.get(a..b))
                            .ok_or_else(|| Error::model("its sparse layout is damaged: segments"))?
                            .to_vec()
                    }
                };
                if next.len() + positions.len() > most {
                    return Err(too_large());
                }
                for position in positions {
                    let mut place = place.clone();
                    place[dimension] =
                        place[dimension].saturating_add(position.saturating_mul(step));
                    next.push(place);
                }
            }
            places = next;
        }
        Ok(places)
    }
}

/// The dense array of what is stored; all else is 0.
fn scatter<T: Clone + Default>(
    shape: &[usize],
    stored: &[Vec<usize>],
    values: ArrayD<T>,
) -> Result<ArrayD<T>> {
    let mut dense = ArrayD::from_elem(shape, T::default());
    for (place, value) in stored.iter().zip(values) {
        let outside = || {
            Error::model(format!(
                "its sparse layout is damaged: an element at {place:?} of {shape:?}"
            ))
        };
        *dense.get_mut(place.as_slice()).ok_or_else(outside)? = value;
    }
    Ok(dense)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_inside_of_compressed_rows() {
        // 4x4 of 2x2 blocks: rows of blocks dense, columns compressed.
        let layout = Layout {
            levels: vec![
                Level::Dense(2),
                Level::Sparse {
                    segments: vec![0, 1, 2],
                    indices: vec![1, 0],
                },
                Level::Dense(2),
                Level::Dense(2),
            ],
            steps: vec![(0, 2), (1, 2), (0, 1), (1, 1)],
        };
        let stored = layout.stored(16).expect("well formed");
        let values = ndarray::Array1::from_iter(1..=8).into_dyn();
        let dense = scatter(&[4, 4], &stored, values).expect("all inside");
        assert_eq!(
            dense.into_iter().collect::<Vec<_>>(),
            [0, 0, 1, 2, 0, 0, 3, 4, 5, 6, 0, 0, 7, 8, 0, 0]
        );
    }
}
