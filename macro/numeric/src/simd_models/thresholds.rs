//! Every method of requantization gives the reference's bytes, at the sums where these
//! change: channels of random scales, biases, zero points and ranges of outputs.
//! `NIELLO_THRESHOLDS` is how many, if that is set.

use crate::arithmetic::fixed_point::Multiplier;
use crate::random::Random;
use crate::simd_models::f32_requant::Truncation;
use crate::simd_models::requant_panel::{Mark, RequantChannel};
use crate::simd_models::requantization::Method;

/// The number of channels that are compared unless the variable says another.
const CHANNELS: usize = 100_000;

/// The number of sums that are compared on each side of a sum where outputs change.
const BESIDE: i64 = 2;

/// A channel and the largest magnitude of its sums.
struct Channel {
    multiplier: Multiplier,
    bound: i64,
}

/// The channels of one layer, which share zero point and range of outputs.
struct Group {
    channels: Vec<Channel>,
    zero_point: i32,
    range: (i32, i32),
}

impl Group {
    fn random(r: &mut Random) -> Self {
        let count = if r.next().is_multiple_of(2) { 16 } else { 64 };
        let zero_point = match r.next() % 4 {
            0 => -128,
            1 => r.between(-10, 10) as i32,
            _ => r.between(-128, 127) as i32,
        };
        let range = match r.next() % 4 {
            0 => (-128, 127),
            // ReLU and ReLU6.
            1 => (zero_point, 127),
            2 => (zero_point, r.between(zero_point.into(), 127) as i32),
            _ => (r.between(-128, 0) as i32, r.between(1, 127) as i32),
        };
        let depth = r.scale(1.0, 8192.0);
        // Of outputs, in sums: networks have a few thousand, files may have anything.
        let layer = match r.next() % 4 {
            0 => r.scale(1e-9, 100.0),
            _ => r.scale(0.01, 4.0) / (depth.sqrt() * 40.0),
        };
        let channels = (0..count)
            .map(|_| Channel::random(r, layer, depth))
            .collect();
        Self {
            channels,
            zero_point,
            range,
        }
    }
}

impl Channel {
    /// One that the few-instruction stages take: see `Accumulation::is_fast`.
    fn random(r: &mut Random, layer: f64, depth: f64) -> Self {
        loop {
            let mut multiplier = Multiplier::new(layer * r.scale(0.05, 4.0));
            multiplier.multiplier = match r.next() % 8 {
                // Between two f32 numbers, or nearly.
                0 | 1 => (multiplier.multiplier & !0x7F) + r.between(63, 65) as i32,
                // A power of two.
                2 if r.next().is_multiple_of(4) => 1 << 30,
                _ => multiplier.multiplier,
            };
            let weights = (depth * r.scale(1.0, 127.0)) as i64;
            let bias = r.scale(1.0, 1e5) as i64;
            let bound = 255 * weights + bias;
            let shift = multiplier.shift;
            let is_fast = (-31..=15).contains(&shift)
                && multiplier.multiplier >= 1 << 30
                && bound << (1 + shift.max(0)) < 1 << 31;
            if is_fast {
                return Self { multiplier, bound };
            }
        }
    }

    /// Sums around those where the reference's outputs change.
    fn sums(&self, zero_point: i32, (min, max): (i32, i32), mut each: impl FnMut(i32)) {
        let bound = self.bound;
        let mut around = |sum: i64| {
            let (low, high) = ((sum - BESIDE).max(-bound), (sum + BESIDE).min(bound));
            (low..=high).for_each(|sum| each(sum as i32));
        };
        for sum in [-bound, -bound / 2, -1 - BESIDE, 0, bound / 2, bound] {
            around(sum);
        }
        let output = |sum: i64| i64::from(self.multiplier.apply(sum as i32));
        for wanted in min - zero_point + 1..=max - zero_point {
            let wanted = i64::from(wanted);
            let mut sum = ((wanted as f64 - 0.5) / self.multiplier.real()) as i64;
            if sum.abs() > bound {
                continue;
            }
            while sum > -bound && output(sum - 1) >= wanted {
                sum -= 1;
            }
            while sum < bound && output(sum) < wanted {
                sum += 1;
            }
            around(sum);
        }
    }
}

/// The counts of what was compared, and the cases that differed.
#[derive(Default)]
struct Result {
    channels: usize,
    marks: [usize; 4],
    outputs: usize,
    differing: Vec<String>,
}

/// All methods that the kernels may take for a channel with such a mark, whatever those of
/// the others are.
fn methods(mark: Mark) -> impl Iterator<Item = Method> {
    let least = |method: &Method| match method {
        Method::Truncated => Mark::TwoMul,
        Method::TruncatedSingle => Mark::OneMul,
        Method::Nearest => Mark::NearestOk,
        _ => Mark::None,
    };
    Method::ALL.into_iter().filter(move |m| least(m) <= mark)
}

fn compare(seed: u64) -> Result {
    let mut result = Result::default();
    let Group {
        channels,
        zero_point,
        range,
    } = Group::random(&mut Random(seed));
    // As `Accumulation::emit_blocks` asks.
    let one_sided = range.0 >= zero_point;
    for channel in &channels {
        let found = Truncation::find(channel.multiplier, channel.bound, one_sided);
        let by = RequantChannel::new(channel.multiplier, found);
        result.channels += 1;
        result.marks[by.mark as usize] += 1;
        channel.sums(zero_point, range, |sum| {
            let exact = channel.multiplier.apply(sum).wrapping_add(zero_point);
            let wanted = exact.max(range.0).min(range.1);
            for method in methods(by.mark) {
                result.outputs += 1;
                let got = method.output(&by, sum, zero_point, range);
                if got != wanted && result.differing.len() < 10 {
                    let what = format!("{by:?} {method:?} {sum}: {got}, not {wanted}");
                    result.differing.push(what);
                }
            }
        });
    }
    result
}

#[test]
fn every_method_is_the_reference_at_every_threshold() {
    let count = std::env::var("NIELLO_THRESHOLDS").ok();
    let count = count.map_or(CHANNELS, |n| n.parse().expect("a number"));
    // Sixteen channels or four times as many.
    let seeds: Vec<u64> = (0..count.div_ceil(400) as u64).collect();
    let mut all = Result::default();
    let mut next = 0;
    while all.channels < count {
        let halves: Vec<&[u64]> = seeds.chunks(seeds.len().div_ceil(2)).collect();
        let results = std::thread::scope(|scope| {
            let run = |half: &&'_ [u64]| {
                let half = half.to_vec();
                scope.spawn(move || {
                    let results = half.iter().map(|seed| compare(next + seed));
                    results.collect::<Vec<Result>>()
                })
            };
            let threads: Vec<_> = halves.iter().map(run).collect();
            let results = threads.into_iter().map(|t| t.join().expect("no panic"));
            results.flatten().collect::<Vec<Result>>()
        });
        for result in results {
            all.channels += result.channels;
            all.outputs += result.outputs;
            for (sum, n) in all.marks.iter_mut().zip(result.marks) {
                *sum += n;
            }
            all.differing.extend(result.differing);
        }
        next += seeds.len() as u64;
    }
    assert!(all.differing.is_empty(), "{}", all.differing.join("\n"));
    println!(
        "{} channels, {} outputs, by mark {:?}",
        all.channels, all.outputs, all.marks
    );
    // Most have numbers.
    assert!(
        4 * all.marks[Mark::None as usize] < all.channels,
        "{:?}",
        all.marks
    );
}
