//! DEPTHWISE_CONV_2D.

use niello::__private as rt;

use super::outputs::Outputs;
use super::random::Random;
use super::windows::window;

/// What kernels have XORed to their inputs.
const XOR128: i8 = if cfg!(target_arch = "x86_64") {
    -128
} else {
    0
};

/// A random DEPTHWISE_CONV_2D with packed weights.
pub(super) fn depthwise(seed: u32) -> Vec<i8> {
    let mut r = Random(seed ^ 0x1234);
    let (window, padded) = window(&mut r);
    let channels = r.size(1, 40);
    let mut taps = Vec::new();
    for y in 0..window.filter_height {
        for x in 0..window.filter_width {
            let column = x * window.dilation_width;
            let place = match window.stride_width {
                1 => column,
                _ => column % 2 * padded[1].div_ceil(2) + column / 2,
            };
            taps.push(((y * window.dilation_height * padded[1] + place) * channels) as u32);
        }
    }
    // Rows of three are groups.
    let taps = taps.chunks(if window.filter_width == 3 { 3 } else { 4 });
    let groups: Vec<[u32; 4]> = (taps.clone())
        .map(|group| std::array::from_fn(|i| group[i.min(group.len() - 1)]))
        .collect();
    let blocks = r.size(1, 3);
    let mut filter = r.weights(blocks * groups.len() * 256);
    // What fills groups up has weights of zero.
    for (weights, taps) in filter.chunks_mut(256).zip(taps.cycle()) {
        for four in weights.chunks_mut(4) {
            four[taps.len()..].fill(0);
        }
    }
    let mut bias = r.blocks(4 * blocks, -100_000, 100_000);
    for (i, bias) in bias.iter_mut().enumerate() {
        let total = |lane: usize| {
            let block = filter.chunks(groups.len() * 256).nth(i / 4).unwrap_or(&[]);
            let of_group = |weights: &[u8]| -> i32 {
                let four = &weights[64 * (i % 4) + 4 * lane..][..4];
                four.iter().map(|&w| i32::from(w as i8)).sum()
            };
            block.chunks(256).map(of_group).sum()
        };
        *bias = rt::folded([*bias], [std::array::from_fn(total)])[0];
    }
    let outputs = Outputs::random(&mut r, 4 * blocks, [-10, 1]);
    let p = rt::Packed16Depthwise {
        window,
        channels,
        zero_point: r.byte(),
        padded,
        taps: &groups,
        filter: &filter,
        bias: &bias,
        output: outputs.scales(),
        writes_xor128: false,
    };
    let input = r.bytes(window.input_height * window.input_width * channels);
    let mut output = vec![0; window.output_height * window.output_width * channels];
    let mut scratch = vec![0; padded[0] * padded[1] * channels + 64];
    rt::depthwise_packed16(&p, &input, &mut output, &mut scratch);
    let mut outputs_xor128 = vec![0; output.len()];
    let with_xor128 = rt::Packed16Depthwise {
        writes_xor128: true,
        ..p
    };
    rt::depthwise_packed16(&with_xor128, &input, &mut outputs_xor128, &mut scratch);
    let back: Vec<i8> = outputs_xor128.iter().map(|x| x ^ XOR128).collect();
    assert_eq!(back, output);
    output
}
