//! Sums beside those where the reference's outputs change, by the kernels that requantize
//! in different ways: all give the reference's outputs.

use niello::__private as rt;

use super::outputs::Outputs;
use super::random::Random;

/// Channels that networks have, few of them a multiple of what kernels take at once.
const CHANNELS: [usize; 10] = [3, 8, 24, 32, 40, 96, 144, 160, 320, 1280];

/// Sets of sums of each case.
const SETS: usize = 6;

/// Pixels of a row: whole tiles, with a rest.
const WIDTH: usize = 21;

/// No sums are larger.
const LARGEST_SUM: f64 = 8_388_607.0;

/// Matrix products and windows whose weights are zeros: sums are biases.
pub(super) fn thresholds(seed: u32) -> Vec<i8> {
    let mut r = Random(seed ^ 0x7E57);
    // These are long: few times each number of channels.
    if seed as usize >= 6 * CHANNELS.len() {
        return Vec::new();
    }
    let channels = CHANNELS[seed as usize % CHANNELS.len()];
    let blocks = channels.div_ceil(16);
    let shift = r.between(-13, -1);
    let (significands, shifts) = r.multipliers(blocks, shift);
    let outputs = Outputs::of(&mut r, (significands.clone(), shifts.clone()));
    let [low, high] = outputs.range();
    let mut all = Vec::new();
    for _ in 0..SETS {
        let mut bias = vec![[0; 16]; blocks];
        let factors = significands.iter().flatten().zip(shifts.iter().flatten());
        for (bias, (&m, &shift)) in bias.iter_mut().flatten().zip(factors) {
            let factor = f64::from(m) * f64::from_bits(((1023 + shift - 31) as u64) << 52);
            let sum = (f64::from(r.between(low, high)) - 0.5) / factor;
            let near = sum.clamp(-LARGEST_SUM, LARGEST_SUM) as i32;
            *bias = (near + r.between(-2, 2)).clamp(-LARGEST_SUM as i32, LARGEST_SUM as i32);
        }
        let multipliers = significands.iter().flatten().zip(shifts.iter().flatten());
        let wanted = bias.iter().flatten().zip(multipliers);
        let wanted = wanted.map(|(&sum, (&m, &shift))| outputs.reference(m, shift, sum));
        let wanted: Vec<i8> = wanted.take(channels).collect();
        for rows in [1, WIDTH] {
            let got = products(&mut r, &outputs, &bias, [rows, channels]);
            assert!(
                got.chunks(channels).all(|row| row == wanted),
                "rows: {rows}"
            );
        }
        let got = windows(&mut r, &outputs, &bias, channels);
        assert!(got.chunks(channels).all(|pixel| pixel == wanted), "windows");
        all.extend(wanted);
    }
    all
}

fn products(
    r: &mut Random,
    outputs: &Outputs,
    bias: &[[i32; 16]],
    [rows, channels]: [usize; 2],
) -> Vec<i8> {
    let filter = vec![0; bias.len() * 64];
    let p = outputs.blocks([4, channels], 0, &filter, bias);
    let mut output = vec![0; rows * channels];
    rt::fully_connected_packed16(&p, &r.bytes(rows * 4), &mut output, &mut vec![0; rows * 4]);
    output
}

/// 3x3 pixels of three channels, as first layers have them.
fn windows(r: &mut Random, outputs: &Outputs, bias: &[[i32; 16]], channels: usize) -> Vec<i8> {
    let (height, width, depth) = (2, WIDTH, 3);
    let padded = [height + 2, width + 2];
    let segments = [0, 1, 2].map(|y| (y * padded[1] * depth) as u32);
    let filter = vec![0; bias.len() * 64 * 3 * 3];
    let p = rt::Packed16Conv2d {
        window: rt::Window {
            batches: 1,
            input_height: height,
            input_width: width,
            output_height: height,
            output_width: width,
            filter_height: 3,
            filter_width: 3,
            stride_height: 1,
            stride_width: 1,
            padding_top: 1,
            padding_left: 1,
            dilation_height: 1,
            dilation_width: 1,
        },
        input_depth: depth,
        padded,
        segments: &segments,
        run: 3 * depth,
        gemm: outputs.blocks([9 * depth, channels], r.byte(), &filter, bias),
        winograd_filter: &[],
    };
    let mut output = vec![0; height * width * channels];
    let mut scratch = vec![0; padded[0] * padded[1] * depth + 64];
    rt::conv_2d_packed16(
        &p,
        &r.bytes(height * width * depth),
        &mut output,
        &mut scratch,
    );
    output
}
