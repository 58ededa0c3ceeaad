//! The weights of one layer, rounded channel by channel.

use niello_numeric::channels::largest;
use niello_numeric::feedback::{Feedback, error, nearest};

use crate::ir::products::SumLayout;
use crate::ir::rounding::Rounding;
use crate::ops::shared::weights::symmetric_scale;
use crate::parallel;

/// Scales that are tried for each channel, as shares of the one that its largest weight asks for:
/// a smaller scale rounds all weights more finely and clips the largest ones, by two and a half
/// steps at most. Clipping by more costs more than it gains in 8 bits.
const SHARES: [f32; 6] = [1.0, 0.996, 0.992, 0.988, 0.984, 0.98];

/// The weights of a layer with the scales of rounding to the nearest step.
pub(super) struct Channels {
    layout: SumLayout,
    weights: Vec<f32>,
    per_channel: bool,
    /// For each channel.
    scales: Vec<f32>,
}

/// The weights of a channel in steps of a scale.
struct Chosen {
    scale: f32,
    steps: Vec<i32>,
}

impl Channels {
    pub(super) fn new(layout: SumLayout, weights: Vec<f32>, per_channel: bool) -> Self {
        let inside = if layout.channels_last {
            1
        } else {
            layout.depth
        };
        let mut largest = largest(&weights, layout.channels, inside);
        if !per_channel {
            let all = largest.iter().fold(0.0, |all: f32, one| all.max(*one));
            largest.fill(all);
        }
        Self {
            layout,
            weights,
            per_channel,
            scales: largest.iter().map(|max| symmetric_scale(*max)).collect(),
        }
    }

    /// Rounds all weights; `seconds` gives the second moments of a group's inputs, on the samples
    /// that rounding sees and on those that are held back. `None` if no channel wins by it.
    pub(super) fn round(
        &self,
        seconds: impl Fn(usize) -> [Vec<f64>; 2] + Sync,
    ) -> Option<Rounding> {
        let groups: Vec<usize> = (0..self.layout.groups).collect();
        let prepared = parallel::map(&groups, |&group| {
            let [seen, held_back] = seconds(group);
            Some((Feedback::new(&seen, &self.nothing(group))?, held_back))
        });
        let numbers: Vec<usize> = (0..self.layout.channels).collect();
        let chosen = parallel::map(&numbers, |&channel| {
            let (feedback, held_back) = prepared[self.layout.group(channel)].as_ref()?;
            self.channel(channel, feedback, held_back)
        });
        if chosen.iter().all(Option::is_none) {
            return None;
        }
        let mut beside = vec![0; self.weights.len()];
        let mut scales = self.scales.clone();
        for (channel, chosen) in chosen.iter().enumerate() {
            let Some(Chosen { scale, steps }) = chosen else {
                continue;
            };
            scales[channel] = *scale;
            for (i, steps) in steps.iter().enumerate() {
                let at = self.layout.weight(channel, i);
                beside[at] = steps - nearest(self.weights[at], *scale);
            }
        }
        if !self.per_channel {
            scales.truncate(1);
        }
        Some(Rounding::new(scales, &beside))
    }

    /// The inputs of a group whose weights are nothing in all channels: they may be left out of
    /// the program, and that must stay so.
    fn nothing(&self, group: usize) -> Vec<bool> {
        let of_group = self.layout.channels / self.layout.groups.max(1);
        let is_nothing = |i: usize| {
            let mut channels = group * of_group..(group + 1) * of_group;
            channels.all(|c| nearest(self.weights[self.layout.weight(c, i)], self.scales[c]) == 0)
        };
        (0..self.layout.depth).map(is_nothing).collect()
    }

    /// Rounds the weights of a channel; `None` if rounding to the nearest step is better on the
    /// samples that are held back.
    fn channel(&self, channel: usize, feedback: &Feedback, held_back: &[f64]) -> Option<Chosen> {
        let places = (0..self.layout.depth).map(|i| self.layout.weight(channel, i));
        let weights: Vec<f32> = places.map(|at| self.weights[at]).collect();
        let plain = self.scales[channel];
        let shares = if self.per_channel {
            &SHARES[..]
        } else {
            &SHARES[..1]
        };
        let tried = shares.iter().map(|share| {
            let scale = plain * share;
            (scale, feedback.round(&weights, scale))
        });
        let (scale, rounded) = tried.min_by(|a, b| a.1.error.total_cmp(&b.1.error))?;
        let steps = rounded.steps;
        let plain_steps: Vec<i32> = weights.iter().map(|w| nearest(*w, plain)).collect();
        let errors = |steps: &[i32], scale: f32| -> Vec<f64> {
            let step = |s: &i32| f64::from(*s) * f64::from(scale);
            let pairs = weights.iter().zip(steps);
            pairs.map(|(w, s)| f64::from(*w) - step(s)).collect()
        };
        let is_better = error(held_back, &errors(&steps, scale))
            < error(held_back, &errors(&plain_steps, plain));
        is_better.then_some(Chosen { scale, steps })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUT: SumLayout = SumLayout {
        rows: 1,
        groups: 1,
        depth: 16,
        channels: 3,
        channels_last: false,
    };

    fn weights() -> Vec<f32> {
        (0..48).map(|i| (i as f32 * 1.7).sin()).collect()
    }

    /// Second moments of inputs that go together the more, the closer they are.
    fn second(base: f64) -> Vec<f64> {
        let moment = |i: usize, j: usize| base.powi(i.abs_diff(j) as i32);
        (0..256).map(|at| moment(at / 16, at % 16)).collect()
    }

    #[test]
    fn what_does_not_win_where_it_was_not_fitted_is_left() {
        let channels = Channels::new(LAYOUT, weights(), true);
        let rounding = channels.round(|_| [second(0.95), second(0.95)]);
        let rounding = rounding.expect("inputs go together");
        assert!(rounding.fits(48, 3));
        assert!((0..48).any(|i| rounding.beside(i) != 0));
        // On the samples held back, inputs have nothing to do with each other.
        let alone = second(0.0);
        let single = Channels::new(LAYOUT, weights(), false);
        assert!(single.round(|_| [second(0.95), alone.clone()]).is_none());
    }

    #[test]
    fn one_scale_for_all_stays_as_it_is() {
        let channels = Channels::new(LAYOUT, weights(), false);
        let rounding = channels.round(|_| [second(0.95), second(0.95)]);
        let rounding = rounding.expect("inputs go together");
        assert_eq!(rounding.scales, [channels.scales[0]]);
    }
}
