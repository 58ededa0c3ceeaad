//! Single kernels at every level that the CPU has: `cargo bench -p niello-benches`.
//! Shapes are those of the MLPerf Tiny models and of MobileNetV2.

use divan::Bencher;
use divan::counter::ItemsCount;
use niello::__private as rt;

fn main() {
    divan::main();
}

/// All levels of this CPU, as arguments that divan can print.
fn levels() -> Vec<rt::Level> {
    rt::levels().collect()
}

fn bytes(count: usize) -> Vec<i8> {
    (0..count).map(|i| (i * 37 + i / 7) as i8).collect()
}

fn weights(count: usize) -> Vec<u8> {
    bytes(count).into_iter().map(|w| w as u8).collect()
}

fn scales(pack_requant: &[rt::RequantPanel]) -> rt::RequantParams<'_> {
    rt::RequantParams {
        channels: pack_requant,
        output_offset: -128,
        activation_min: -128,
        activation_max: 127,
    }
}

fn pack_requant(blocks: usize) -> Vec<rt::RequantPanel> {
    let (multiplier, shift) = (1_518_500_250, -8);
    let units =
        niello_compiler::testing::truncation(multiplier, shift, 1 << 24, true).map(|u| u as u8);
    vec![rt::pack_requant([[multiplier; 16]], [[shift; 16]], &units.repeat(16))[0]; blocks]
}

/// A matrix product of rows by channels; divan's items are multiply-accumulates.
fn product(bencher: Bencher<'_, '_>, level: rt::Level, rows: usize, depth: usize, channels: usize) {
    let blocks = channels.div_ceil(16);
    let (filter, bias, pack_requant) = (
        weights(blocks * 16 * depth),
        vec![[0; 16]; blocks],
        pack_requant(blocks),
    );
    let p = rt::Packed16 {
        depth,
        channels,
        output_stride: channels,
        zero_point: 0,
        filter: &filter,
        filter_i16: &[],
        bias: &bias,
        output: scales(&pack_requant),
    };
    let input = bytes(rows * depth);
    let (mut output, mut scratch) = (vec![0; rows * channels], vec![0; rows * depth]);
    rt::force(level);
    bencher
        .counter(ItemsCount::new(rows * depth * channels))
        .bench_local(|| rt::fully_connected_packed16(&p, &input, &mut output, &mut scratch));
}

/// A 1x1 convolution of kws: 125 pixels, 64 to 64 channels.
#[divan::bench(args = levels())]
fn pointwise_64_64(bencher: Bencher<'_, '_>, level: rt::Level) {
    product(bencher, level, 125, 64, 64);
}

/// A 1x1 convolution of vww: 2304 pixels, 8 to 16 channels.
#[divan::bench(args = levels())]
fn pointwise_8_16(bencher: Bencher<'_, '_>, level: rt::Level) {
    product(bencher, level, 2304, 8, 16);
}

/// A 1x1 convolution of MobileNetV2: 196 pixels, 96 to 576 channels.
#[divan::bench(args = levels())]
fn pointwise_96_576(bencher: Bencher<'_, '_>, level: rt::Level) {
    product(bencher, level, 196, 96, 576);
}

/// A fully connected layer of ad: one row, 640 to 128 channels.
#[divan::bench(args = levels())]
fn fully_connected_640_128(bencher: Bencher<'_, '_>, level: rt::Level) {
    product(bencher, level, 1, 640, 128);
}

/// A 3x3 window that keeps the size.
fn window(size: [usize; 2]) -> rt::Window {
    rt::Window {
        batches: 1,
        input_height: size[0],
        input_width: size[1],
        output_height: size[0],
        output_width: size[1],
        filter_height: 3,
        filter_width: 3,
        stride_height: 1,
        stride_width: 1,
        dilation_height: 1,
        dilation_width: 1,
        padding_top: 1,
        padding_left: 1,
    }
}

/// A 3x3 convolution with stride 1; divan's items are multiply-accumulates.
fn convolution(bencher: Bencher<'_, '_>, level: rt::Level, size: usize, depth: usize) {
    let columns = size + 2;
    let segments = [0, 1, 2].map(|y| (y * columns * depth) as u32);
    let blocks = depth.div_ceil(16);
    let (filter, bias) = (weights(blocks * 16 * 9 * depth), vec![[0; 16]; blocks]);
    // As the compiler does: inputs of whole blocks of channels are worth to be transformed.
    let (transformed, work) = match depth {
        16.. => niello_compiler::testing::transformed(&bytes(9 * depth * depth), depth, depth),
        _ => (Vec::new(), 0),
    };
    let transformed: Vec<u8> = transformed.into_iter().map(|w| w as u8).collect();
    let pack_requant = pack_requant(blocks);
    let p = rt::Packed16Conv2d {
        window: window([size, size]),
        input_depth: depth,
        padded: [columns, columns],
        segments: &segments,
        run: 3 * depth,
        gemm: rt::Packed16 {
            depth: 9 * depth,
            channels: depth,
            output_stride: depth,
            zero_point: 0,
            filter: &filter,
            filter_i16: &[],
            bias: &bias,
            output: scales(&pack_requant),
        },
        winograd_filter: &transformed,
    };
    let input = bytes(size * size * depth);
    let mut output = vec![0; size * size * depth];
    let mut scratch = vec![0; columns * columns * depth + 64 + work];
    rt::force(level);
    bencher
        .counter(ItemsCount::new(size * size * 9 * depth * depth))
        .bench_local(|| rt::conv_2d_packed16(&p, &input, &mut output, &mut scratch));
}

/// The convolutions of resnet8's first block.
#[divan::bench(args = levels())]
fn convolution_32x32x16(bencher: Bencher<'_, '_>, level: rt::Level) {
    convolution(bencher, level, 32, 16);
}

/// The convolutions of resnet8's last block.
#[divan::bench(args = levels())]
fn convolution_8x8x64(bencher: Bencher<'_, '_>, level: rt::Level) {
    convolution(bencher, level, 8, 64);
}

/// The 3x3 depthwise convolution of kws over 25x5x64; divan's items are
/// multiply-accumulates.
#[divan::bench(args = levels())]
fn depthwise_25x5x64(bencher: Bencher<'_, '_>, level: rt::Level) {
    let (height, width, channels) = (25, 5, 64);
    let columns = width + 2;
    let tap = |i: usize| {
        if i < 9 {
            (i / 3 * columns + i % 3) * channels
        } else {
            0
        }
    };
    let taps: [[u32; 4]; 3] =
        std::array::from_fn(|g| std::array::from_fn(|i| tap(4 * g + i) as u32));
    let (filter, bias, pack_requant) = (weights(3 * 256), vec![[0; 16]; 4], pack_requant(4));
    let p = rt::Packed16Depthwise {
        window: window([height, width]),
        channels,
        zero_point: 0,
        padded: [height + 2, columns],
        taps: &taps,
        filter: &filter,
        bias: &bias,
        output: scales(&pack_requant),
        writes_xor128: false,
    };
    let input = bytes(height * width * channels);
    let mut output = vec![0; input.len()];
    let mut scratch = vec![0; (height + 2) * columns * channels + 64];
    rt::force(level);
    bencher
        .counter(ItemsCount::new(9 * input.len()))
        .bench_local(|| rt::depthwise_packed16(&p, &input, &mut output, &mut scratch));
}

/// The first residual addition of resnet8, 32x32x16; divan's items are elements.
#[divan::bench(args = levels())]
fn add_16384(bencher: Bencher<'_, '_>, level: rt::Level) {
    let count = 16384;
    let multiplier = |shift| rt::Multiplier {
        multiplier: 1_518_500_250,
        shift,
    };
    let operand = rt::AddOperand {
        offset: 128,
        multiplier: multiplier(-1),
    };
    let p = rt::Add {
        broadcast: rt::Broadcast {
            dims: [1, 1, 1, 1, 1, count],
            strides1: [count, count, count, count, count, 1],
            strides2: [count, count, count, count, count, 1],
        },
        input1: operand,
        input2: operand,
        output_multiplier: multiplier(-19),
        output_offset: -128,
        activation_min: -128,
        activation_max: 127,
        // Only the time counts.
        linear: rt::Linear::new(0.25, 0.25, 0.0, true),
    };
    let (a, b, mut output) = (bytes(count), bytes(count), vec![0; count]);
    rt::force(level);
    bencher
        .counter(ItemsCount::new(count))
        .bench_local(|| rt::add(&p, &a, &b, &mut output));
}
