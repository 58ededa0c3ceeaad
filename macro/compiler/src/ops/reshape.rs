//! RESHAPE.

use super::ParseContext;
use super::view::{View, Viewing};
use crate::error::{Error, Result};
use crate::graph::Constant;

pub(crate) struct Reshape {
    /// At most one -1, which stands for what is left.
    target: Vec<i32>,
}

impl Reshape {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Viewing<Self>> {
        let constant = match node.inputs.get(1).copied().flatten().map(|v| &v.constant) {
            Some(Some(Constant::I32(data))) => Some(data.iter().copied().collect()),
            _ => None,
        };
        let option = node
            .operator
            .builtin_options_as_reshape_options()
            .and_then(|o| o.new_shape())
            .map(|shape| shape.iter().collect());
        // A shape computed at run time still has to give the output's shape.
        let stated = || node.output.shape.iter().map(|&d| d as i32).collect();
        let given: Option<Vec<i32>> = constant.or(option);
        let given = given.map(|mut shape| {
            shape.extend(node.is_complex.then_some(2));
            shape
        });
        let target = given.unwrap_or_else(stated);
        Ok(Viewing(Self { target }))
    }

    /// To a shape that is known.
    pub(super) fn to(shape: &[usize]) -> Viewing<Self> {
        let target = shape.iter().map(|&n| n as i32).collect();
        Viewing(Self { target })
    }
}

impl View for Reshape {
    const NAME: &'static str = "RESHAPE";

    fn shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let elements: usize = input.iter().product();
        let known: usize = self
            .target
            .iter()
            .filter(|d| **d >= 0)
            .map(|d| *d as usize)
            .product();
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
        if shape.iter().product::<usize>() != elements {
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
