//! RESHAPE.

use crate::error::{Error, Result};
use crate::ir::context::ParseContext;
use crate::ir::graph::Constant;
use crate::limits;
use crate::ops::movement::view::{View, Viewing};

/// The operator RESHAPE: the same elements in another shape.
pub(crate) struct Reshape {
    /// At most one -1, which stands for what is left.
    target: Vec<i32>,
}

impl Reshape {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Viewing<Self>> {
        let operand = node.inputs.get(1).copied().flatten();
        let in_file = match node.file_shape {
            [shape @ .., Some(2)] if node.is_complex => shape,
            shape => shape,
        };
        let target = match (operand, operand.map(|v| &v.constant)) {
            (Some(_), Some(Some(Constant::I32(data)))) => data.iter().copied().collect(),
            (None, _) => match node.operator.builtin_options_as_reshape_options() {
                Some(options) => options.new_shape().unwrap_or_default().iter().collect(),
                None => stated(in_file)?,
            },
            // A shape computed at run time still has to give what the file fixes.
            _ => stated(in_file)?,
        };
        Ok(Viewing::new(Self { target }))
    }

    /// To a shape that is known.
    pub(crate) fn to(shape: &[usize]) -> Viewing<Self> {
        let target = shape.iter().map(|&n| n as i32).collect();
        Viewing::new(Self { target })
    }
}

/// The output's shape by the file, if at most one dimension is open.
fn stated(shape: &[Option<usize>]) -> Result<Vec<i32>> {
    if shape.is_empty() || shape.iter().filter(|d| d.is_none()).count() > 1 {
        return Err(Error::model(
            "its shape is computed at run time, and the file leaves more than one dimension open",
        ));
    }
    let dim = |d: &Option<usize>| d.and_then(|d| i32::try_from(d).ok()).unwrap_or(-1);
    Ok(shape.iter().map(dim).collect())
}

impl View for Reshape {
    const NAME: &'static str = "RESHAPE";

    fn shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let elements: usize = input.iter().product();
        let known = self.target.iter().filter(|d| **d >= 0);
        let known = limits::product(known.map(|d| *d as usize));
        let shape: Vec<usize> = self
            .target
            .iter()
            .map(|&d| {
                if d >= 0 {
                    d as usize
                } else {
                    elements / known.max(1)
                }
            })
            .collect();
        if limits::product(shape.iter().copied()) != elements {
            return Err(Error::model(format!(
                "cannot reshape {input:?} to {:?}",
                self.target
            )));
        }
        Ok(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minus_one_takes_what_is_left() {
        let shape = |target: &[i32]| {
            Reshape {
                target: target.to_vec(),
            }
            .shape(&[1, 4, 6])
        };
        assert_eq!(shape(&[-1, 8]).expect("24 = 3 x 8"), [3, 8]);
        assert_eq!(shape(&[24]).expect("24"), [24]);
        assert!(shape(&[5, -1]).is_err());
        assert!(shape(&[7]).is_err());
    }
}
