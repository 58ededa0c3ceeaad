//! Weights that are not rounded to the nearest step.

use serde::{Deserialize, Serialize};

/// How the weights of one constant are rounded, instead of each to its nearest step: with scales
/// of its own, and for each weight the number of steps beside the nearest one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rounding {
    /// One scale for all weights, or one for each output channel.
    pub scales: Vec<f32>,
    /// In the order of the file's weights, one letter each: '@' is the nearest step, and the
    /// letters beside it in ASCII are the steps beside it.
    letters: String,
}

impl Rounding {
    /// The largest number of steps beside the nearest one.
    pub(crate) const MOST: i32 = niello_numeric::feedback::MOST_BESIDE;

    /// A rounding with these scales, and with steps beside the nearest one, of which each is at
    /// most [`Self::MOST`].
    pub(crate) fn new(scales: Vec<f32>, beside: &[i32]) -> Self {
        let letter = |steps: &i32| {
            let steps = steps.clamp(&-Self::MOST, &Self::MOST);
            char::from(b'@'.wrapping_add_signed(*steps as i8))
        };
        Self {
            scales,
            letters: beside.iter().map(letter).collect(),
        }
    }

    /// True if it is made for so many weights and scales.
    pub(crate) fn fits(&self, weights: usize, scales: usize) -> bool {
        self.letters.len() == weights && self.scales.len() == scales
    }

    /// How many steps a weight lies beside the nearest one.
    pub(crate) fn beside(&self, weight: usize) -> i32 {
        let letter = self.letters.as_bytes().get(weight);
        letter.map_or(0, |letter| i32::from(*letter) - i32::from(b'@'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_come_back() {
        let steps: Vec<i32> = (-31..=31).collect();
        let rounding = Rounding::new(vec![0.1], &steps);
        assert!(rounding.fits(63, 1) && !rounding.fits(62, 1) && !rounding.fits(63, 2));
        let text = serde_json::to_string(&rounding).expect("plain text");
        let read: Rounding = serde_json::from_str(&text).expect("written by serde_json");
        assert_eq!(read, rounding);
        for (i, steps) in steps.iter().enumerate() {
            assert_eq!(read.beside(i), *steps);
        }
    }
}
