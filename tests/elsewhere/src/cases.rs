//! Kernels for wide SIMD registers with parameters from a generator: the same numbers
//! on every target and at every level. Shapes have tails, odd channels, strides and
//! padding; zero points and sums reach their ends; many sums lie where rounding is a
//! close call.

use std::sync::OnceLock;

use niello::__private as rt;

/// The outputs of a case with this number.
pub type Case = fn(u32) -> Vec<i8>;

/// Kinds of cases, and how many there are of each.
pub const KINDS: [(&str, Case); 11] = [
    ("products", products),
    ("sparse rows", sparse_rows),
    ("narrow rows", narrow_rows),
    ("close calls", close_calls),
    ("windows", windows),
    ("tiles", tiles),
    ("additions", additions),
    ("depthwise", depthwise),
    ("means", means),
    ("elementwise", elementwise),
    ("tables", tables),
];
pub const CASES: u32 = 200;

/// The outputs of all cases of a kind in one number (FNV-1a).
pub fn checksum(case: Case) -> u32 {
    let outputs = (0..CASES).flat_map(case);
    outputs.fold(0x811c_9dc5, |sum, byte| {
        (sum ^ u32::from(byte as u8)).wrapping_mul(0x0100_0193)
    })
}

/// What kernels have XORed to their inputs.
const SHIFT: i8 = if cfg!(target_arch = "x86_64") {
    -128
} else {
    0
};

/// Numerical Recipes' generator; the upper bits are the good ones.
pub struct Random(pub u32);

/// No case's sums are larger.
const LARGEST_SUM: i64 = 1 << 23;

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 8
    }

    fn between(&mut self, low: i32, high: i32) -> i32 {
        low + (self.next() % (high - low + 1) as u32) as i32
    }

    fn size(&mut self, low: usize, high: usize) -> usize {
        self.between(low as i32, high as i32) as usize
    }

    fn multiplier(&mut self, low: i32, high: i32) -> rt::Multiplier {
        rt::Multiplier {
            multiplier: 0x4000_0000 + (self.between(0, 0xFF_FFFF) << 6),
            shift: self.between(low, high),
        }
    }

    /// One in eight at an end.
    fn byte(&mut self) -> i8 {
        match self.next() % 16 {
            0 => -128,
            1 => 127,
            _ => self.between(-128, 127) as i8,
        }
    }

    /// Bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<i8> {
        (0..count).map(|_| self.byte()).collect()
    }

    fn weights(&mut self, count: usize) -> Vec<u8> {
        self.bytes(count).into_iter().map(|w| w as u8).collect()
    }

    fn blocks(&mut self, count: usize, low: i32, high: i32) -> Vec<[i32; 16]> {
        let mut block = || std::array::from_fn(|_| self.between(low, high));
        (0..count).map(|_| block()).collect()
    }

    /// Q31 significands and powers of two around a shift.
    fn multipliers(&mut self, count: usize, shift: i32) -> (Vec<[i32; 16]>, Vec<[i32; 16]>) {
        let mut significands = self.blocks(count, 0, 0xFF_FFFF);
        for m in significands.iter_mut().flatten() {
            *m = 0x4000_0000 + (*m << 6) + self.between(0, 63);
        }
        (significands, self.blocks(count, shift - 3, shift))
    }

    /// Of outputs with a zero point, which is often the smallest one.
    fn bounds(&mut self, offset: i32) -> (i32, i32) {
        match self.next() % 3 {
            0 => (-128, 127),
            1 => (offset, self.between(offset, 127)),
            _ => (self.between(-128, 0), self.between(1, 127)),
        }
    }
}

/// Multipliers ready for outputs with a zero point and a smallest value.
fn made_ready(
    (multiplier, shift): (Vec<[i32; 16]>, Vec<[i32; 16]>),
    offset: i32,
    activation_min: i32,
) -> Vec<rt::Ready> {
    let pairs: Vec<_> = multiplier.into_iter().zip(shift).collect();
    let one_sided = activation_min >= offset;
    let strips = pairs.chunks(4).flat_map(|strip| {
        let mut units = Vec::new();
        for (multipliers, shifts) in strip {
            for (&m, &shift) in multipliers.iter().zip(shifts) {
                let found = super::truncation(m, shift, LARGEST_SUM, one_sided);
                units.extend(found.map(|unit| unit as u8));
            }
        }
        let four = [0, 1, 2, 3].map(|i| strip[i.min(strip.len() - 1)]);
        let ready = rt::ready(four.map(|b| b.0), four.map(|b| b.1), offset, &units);
        ready.into_iter().take(strip.len())
    });
    strips.collect()
}

/// Outputs of any scales, zero point and bounds.
struct Outputs {
    channels: Vec<rt::Ready>,
    offset: i32,
    min: i32,
    max: i32,
}

impl Outputs {
    /// Of so many blocks, whose shifts are around one from `low` to `high`.
    fn random(r: &mut Random, blocks: usize, [low, high]: [i32; 2]) -> Self {
        let shift = r.between(low, high);
        let multipliers = r.multipliers(blocks, shift);
        Self::of(r, multipliers)
    }

    /// The same, as the first operand of an addition.
    fn random_for(
        addition: Option<&Addition>,
        r: &mut Random,
        blocks: usize,
        [low, high]: [i32; 2],
    ) -> Self {
        let Some(addition) = addition else {
            return Self::random(r, blocks, [low, high]);
        };
        let shift = r.between(low, high);
        let multipliers = r.multipliers(blocks, shift);
        Self::around(r, multipliers, -addition.add.input1.offset)
    }

    /// Of significands and shifts.
    fn of(r: &mut Random, multipliers: (Vec<[i32; 16]>, Vec<[i32; 16]>)) -> Self {
        let offset = r.byte().into();
        Self::around(r, multipliers, offset)
    }

    /// The same with this zero point.
    fn around(r: &mut Random, multipliers: (Vec<[i32; 16]>, Vec<[i32; 16]>), offset: i32) -> Self {
        let (min, max) = r.bounds(offset);
        Self {
            channels: made_ready(multipliers, offset, min),
            offset,
            min,
            max,
        }
    }

    fn scales(&self) -> rt::Scales<'_> {
        rt::Scales {
            channels: &self.channels,
            output_offset: self.offset,
            activation_min: self.min,
            activation_max: self.max,
        }
    }
}

/// Weights in strips of blocks, those of runs of `run` inputs in `segments` whose last
/// group is filled up, and biases as the target's kernels take them.
fn weights(
    r: &mut Random,
    blocks: usize,
    run: usize,
    segments: usize,
) -> (Vec<u8>, Vec<[i32; 16]>) {
    let filter = r.weights(blocks * 64 * run.div_ceil(4) * segments);
    with_biases(r, filter, blocks, run, segments)
}

/// The same for these weights.
fn with_biases(
    r: &mut Random,
    mut filter: Vec<u8>,
    blocks: usize,
    run: usize,
    segments: usize,
) -> (Vec<u8>, Vec<[i32; 16]>) {
    let groups = run.div_ceil(4);
    let mut totals = vec![[0; 16]; blocks];
    let mut chunks = filter.chunks_mut(64);
    let mut first = 0;
    while first < blocks {
        let width = match blocks - first {
            4.. => 4,
            2.. => 2,
            _ => 1,
        };
        for group in 0..groups * segments {
            for totals in &mut totals[first..first + width] {
                let chunk = chunks
                    .next()
                    .expect("as many as there are blocks and groups");
                for (i, weight) in chunk.iter_mut().enumerate() {
                    if group % groups * 4 + i % 4 >= run {
                        *weight = 0;
                    }
                    totals[i / 4] += i32::from(*weight as i8);
                }
            }
        }
        first += width;
    }
    let bias = r.blocks(blocks, -200_000, 200_000);
    let both = bias.into_iter().zip(totals);
    (filter, both.map(|(b, t)| rt::folded([b], [t])[0]).collect())
}

/// An addition of outputs and another operand.
struct Addition {
    add: rt::Add,
    /// Numbers in f32, if there are some.
    linear: Option<rt::Linear>,
}

/// Some additions; their numbers take a while to find.
fn some_additions() -> &'static [Addition] {
    static ALL: OnceLock<Vec<Addition>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut r = Random(0xADD);
        let all = (0..8).map(|_| {
            let add = addition(&mut r, 0);
            let multiplier = |m: rt::Multiplier| [m.multiplier, m.shift];
            let found = super::joined_addition(
                [add.input1.offset, add.input2.offset],
                [add.input1.multiplier, add.input2.multiplier].map(multiplier),
                multiplier(add.output_multiplier),
                add.output_offset,
                (add.activation_min, add.activation_max),
            );
            let linear = found
                .map(|[first, second, constant]| rt::Linear::new(first, second, constant, true));
            Addition { add, linear }
        });
        let all: Vec<Addition> = all.collect();
        // Most have numbers.
        let mut with_numbers = all.iter().filter(|a| a.linear.is_some());
        assert!(cfg!(not(target_arch = "x86_64")) || with_numbers.nth(4).is_some());
        all
    })
}

/// A kernel with an addition.
type Both<P> = fn(&rt::BlocksAdd<P>, &[i8], &[i8], &mut [i8], &mut [i8]);

/// The outputs of a kernel, or the sums with another operand: the same in one call and in
/// two.
fn run<P: Copy + rt::WritesChannels + WithStep>(
    p: P,
    channels: usize,
    addition: Option<&Addition>,
    r: &mut Random,
    [input, output, scratch]: [usize; 3],
    product: fn(&P, &[i8], &mut [i8], &mut [i8]),
    both: Both<P>,
) -> Vec<i8> {
    let input = r.bytes(input);
    let (mut outputs, mut scratch) = (vec![0; output], vec![0; scratch]);
    product(&p, &input, &mut outputs, &mut scratch);
    let Some(&Addition { add, linear }) = addition else {
        assert_eq!(
            among_others(p, channels, r, &input, &outputs, &mut scratch),
            outputs
        );
        return outputs;
    };
    let other = r.bytes(output);
    let add = rt::Add {
        broadcast: flat(output),
        ..add
    };
    let p = rt::BlocksAdd {
        product: p,
        add,
        linear: linear.unwrap_or(rt::Linear::NONE),
    };
    let mut sums = vec![0; output];
    both(&p, &input, &other, &mut sums, &mut scratch);
    rt::add_in_place(&add, &mut outputs, &other);
    assert_eq!(sums, outputs);
    sums
}

/// The outputs once more, written among other channels, which stay.
fn among_others<P: rt::WritesChannels + WithStep>(
    p: P,
    channels: usize,
    r: &mut Random,
    input: &[i8],
    outputs: &[i8],
    scratch: &mut [i8],
) -> Vec<i8> {
    let (begin, behind) = (r.size(0, 40), r.size(0, 40));
    let step = begin + channels + behind;
    let mut all = vec![77; outputs.len() / channels * step];
    let p = rt::Part {
        product: p.with_step(step),
        begin,
    };
    rt::part_in_place(&p, &mut all, scratch, input);
    let is_part = |i: usize| (begin..begin + channels).contains(&(i % step));
    let (parts, others): (Vec<_>, Vec<_>) =
        all.into_iter().enumerate().partition(|(i, _)| is_part(*i));
    assert!(others.iter().all(|(_, x)| *x == 77));
    parts.into_iter().map(|(_, x)| x).collect()
}

/// Sets where a pixel's outputs begin.
trait WithStep {
    fn with_step(self, step: usize) -> Self;
}

impl<S> WithStep for rt::Blocks<'_, S> {
    fn with_step(self, step: usize) -> Self {
        Self { step, ..self }
    }
}

impl<S> WithStep for rt::BlocksConv2d<'_, S> {
    fn with_step(self, step: usize) -> Self {
        let blocks = self.blocks.with_step(step);
        Self { blocks, ..self }
    }
}

/// Rows, windows and tiles, whose outputs are an operand of ADD.
fn additions(seed: u32) -> Vec<i8> {
    let all = some_additions();
    let addition = all.get(seed as usize / 3 % all.len());
    match seed % 3 {
        0 => some_products(seed, addition),
        1 => some_windows(seed, addition),
        _ => some_tiles(seed, addition),
    }
}

/// Rows by channels.
fn products(seed: u32) -> Vec<i8> {
    some_products(seed, None)
}

fn some_products(seed: u32, addition: Option<&Addition>) -> Vec<i8> {
    let mut r = Random(seed);
    let (rows, depth, channels) = (r.size(1, 30), r.size(1, 80), r.size(1, 150));
    let (groups, blocks) = (depth.div_ceil(4), channels.div_ceil(16));
    let (filter, bias) = weights(&mut r, blocks, depth, 1);
    let outputs = Outputs::random_for(addition, &mut r, blocks, [-12, 1]);
    let p = rt::Blocks {
        depth,
        channels,
        step: channels,
        zero_point: 0,
        filter: &filter,
        bias: &bias,
        output: outputs.scales(),
    };
    let sizes = [rows * depth, rows * channels, rows * groups * 4];
    let both = rt::fully_connected_blocks_add;
    run(
        p,
        channels,
        addition,
        &mut r,
        sizes,
        rt::fully_connected_blocks,
        both,
    )
}

/// A row with many zeros, or none, or nothing else.
fn sparse_rows(seed: u32) -> Vec<i8> {
    let mut r = Random(seed ^ 0x0FF0);
    let (depth, channels) = (4 * r.size(1, 64), 64 * r.size(1, 5));
    let blocks = channels / 16;
    let (filter, bias) = weights(&mut r, blocks, depth, 1);
    let rows = super::rows_of_weights(&ohwi(&filter, depth), depth);
    let rows: Vec<u8> = rows.into_iter().map(|w| w as u8).collect();
    let mut input = r.bytes(depth);
    let zeros = r.between(0, 8);
    for x in &mut input {
        if r.between(0, 7) < zeros {
            *x = -128;
        }
    }
    if zeros == 0 {
        // One zero in front of whole registers without any.
        input.iter_mut().for_each(|x| *x = (*x).max(-127));
        input[0] = -128;
    }
    let outputs = Outputs::random(&mut r, blocks, [-12, 1]);
    let p = rt::SparseRow {
        blocks: rt::Blocks {
            depth,
            channels,
            step: channels,
            zero_point: -128,
            filter: &filter,
            bias: &bias,
            output: outputs.scales(),
        },
        rows: &rows,
    };
    let mut output = vec![0; channels];
    rt::fully_connected_sparse(&p, &input, &mut output, &mut []);
    // All weights give the same.
    let mut dense = vec![0; channels];
    rt::fully_connected_blocks(&p.blocks, &input, &mut dense, &mut []);
    assert_eq!(output, dense);
    output
}

/// A row by weights the first of which need 6 bits only, those of some blocks or of all.
fn narrow_rows(seed: u32) -> Vec<i8> {
    let mut r = Random(seed ^ 0x6666);
    let (depth, blocks) = (16 * r.size(1, 20), r.size(4, 14));
    let mut filter = r.weights(blocks * 16 * depth);
    let narrow = 2 * r.size(1, blocks / 2);
    let offset = r.between(-95, 45) as i8;
    for (i, weight) in filter[..narrow * 16 * depth].iter_mut().enumerate() {
        let of_channel = offset + 3 * (i / 4 % 16) as i8;
        *weight = ((*weight as i8 >> 2) + of_channel) as u8;
    }
    let (filter, bias) = with_biases(&mut r, filter, blocks, depth, 1);
    let narrow = super::narrowed(&ohwi(&filter, depth), depth);
    let narrow: Vec<u8> = narrow.into_iter().map(|w| w as u8).collect();
    let channels = blocks * 16 - r.size(0, 15);
    let input = r.bytes(depth);
    let outputs = Outputs::random(&mut r, blocks, [-12, 1]);
    let p = rt::NarrowRow {
        blocks: rt::Blocks {
            depth,
            channels,
            step: channels,
            zero_point: 0,
            filter: &filter,
            bias: &bias,
            output: outputs.scales(),
        },
        narrow: &narrow,
    };
    let mut output = vec![0; channels];
    rt::fully_connected_narrow(&p, &input, &mut output, &mut vec![0; depth]);
    // All weights give the same.
    let mut dense = vec![0; channels];
    rt::fully_connected_blocks(&p.blocks, &input, &mut dense, &mut []);
    assert_eq!(output, dense);
    output
}

/// Sums next to those where a rounding changes: `x * m * 2^shift` near `k + 1/2`.
fn close_calls(seed: u32) -> Vec<i8> {
    let mut r = Random(seed ^ 0x5555);
    let (rows, blocks) = (6, r.size(1, 6));
    let shift = r.between(-13, 0);
    let (significands, shifts) = r.multipliers(blocks, shift);
    let mut bias = r.blocks(blocks, -256, 255);
    let factors = significands.iter().flatten().zip(shifts.iter().flatten());
    for (bias, (&m, &shift)) in bias.iter_mut().flatten().zip(factors) {
        let factor = f64::from(m) * f64::from_bits(((1023 + shift - 31) as u64) << 52);
        let x = (f64::from(*bias) + 0.5) / factor;
        *bias = (x.round() as i32).clamp(1 - (1 << 23), (1 << 23) - 1) + r.between(-1, 1);
    }
    let filter = vec![0; blocks * 64];
    let outputs = Outputs::of(&mut r, (significands, shifts));
    let p = rt::Blocks {
        depth: 4,
        channels: blocks * 16,
        step: blocks * 16,
        zero_point: 0,
        filter: &filter,
        bias: &bias,
        output: outputs.scales(),
    };
    let input = r.bytes(rows * 4);
    let mut output = vec![0; rows * blocks * 16];
    rt::fully_connected_blocks(&p, &input, &mut output, &mut vec![0; rows * 4]);
    output
}

/// Sizes, strides and padding, and the padded image's size.
fn window(r: &mut Random) -> (rt::Window, [usize; 2]) {
    // Most often 3x3.
    let filter = match r.next() % 8 {
        0 => [1, 1],
        _ => [0, 1].map(|_| [3, r.size(1, 4)][r.size(0, 1)]),
    };
    let stride = [r.size(1, 2), r.size(1, 2)];
    let dilation = [r.size(1, 2), r.size(1, 2)];
    let output = [r.size(1, 5), r.size(1, 40)];
    let padded = [0, 1].map(|d| (output[d] - 1) * stride[d] + (filter[d] - 1) * dilation[d] + 1);
    let padding = [0, 1].map(|d| r.size(0, (padded[d] - 1).min(filter[d] / 2)));
    let input = [0, 1].map(|d| (padded[d] - padding[d]).max(1));
    let window = rt::Window {
        batches: 1,
        input_height: input[0],
        input_width: input[1],
        output_height: output[0],
        output_width: output[1],
        filter_height: filter[0],
        filter_width: filter[1],
        stride_height: stride[0],
        stride_width: stride[1],
        padding_top: padding[0],
        padding_left: padding[1],
        dilation_height: dilation[0],
        dilation_width: dilation[1],
    };
    (window, padded)
}

/// CONV_2D.
fn windows(seed: u32) -> Vec<i8> {
    some_windows(seed, None)
}

fn some_windows(seed: u32, addition: Option<&Addition>) -> Vec<i8> {
    let mut r = Random(seed ^ 0xAAAA);
    let (window, padded) = window(&mut r);
    let input_depth = match r.next() % 3 {
        0 => r.size(1, 9),
        1 => 4 * r.size(1, 4),
        _ => [1, 3][r.size(0, 1)],
    };
    let channels = [8, 16 * r.size(1, 4), r.size(1, 100)][r.size(0, 2)];
    let rows = 0..window.filter_height;
    let (mut segments, length) = (Vec::new(), window.filter_width * input_depth);
    for y in rows {
        segments.push((y * window.dilation_height * padded[1] * input_depth) as u32);
    }
    let blocks = channels.div_ceil(16);
    let (filter, bias) = weights(&mut r, blocks, length, segments.len());
    let outputs = Outputs::random_for(addition, &mut r, blocks, [-12, 1]);
    let p = rt::BlocksConv2d {
        window,
        input_depth,
        padded,
        segments: &segments,
        run: length,
        blocks: rt::Blocks {
            depth: length * segments.len(),
            channels,
            step: channels,
            zero_point: r.byte(),
            filter: &filter,
            bias: &bias,
            output: outputs.scales(),
        },
        transformed: &[],
    };
    let sizes = [
        window.input_height * window.input_width * input_depth,
        window.output_height * window.output_width * channels,
        padded[0] * padded[1] * input_depth + 64,
    ];
    let both = rt::conv_2d_blocks_add;
    run(
        p,
        channels,
        addition,
        &mut r,
        sizes,
        rt::conv_2d_blocks,
        both,
    )
}

/// CONV_2D of 3x3 pixels with weights for transformed inputs, too.
fn tiles(seed: u32) -> Vec<i8> {
    some_tiles(seed, None)
}

fn some_tiles(seed: u32, addition: Option<&Addition>) -> Vec<i8> {
    let mut r = Random(seed ^ 0x7117);
    let (depth, channels) = (16 * r.size(1, 4), 16 * r.size(1, 5));
    let blocks = channels / 16;
    let (output, padding) = ([r.size(1, 9), r.size(1, 18)], r.size(0, 1));
    let input = output.map(|n| n + 2 - padding - r.size(0, padding));
    let padded = output.map(|n| n.next_multiple_of(4) + 2);
    let segments = [0, 1, 2].map(|y| (y * padded[1] * depth) as u32);
    let (filter, bias) = weights(&mut r, blocks, 3 * depth, 3);
    let (transformed, work) = super::transformed(&ohwi(&filter, 9 * depth), depth, channels);
    let transformed: Vec<u8> = transformed.into_iter().map(|w| w as u8).collect();
    let outputs = Outputs::random_for(addition, &mut r, blocks, [-14, -8]);
    let p = rt::BlocksConv2d {
        window: rt::Window {
            batches: 1,
            input_height: input[0],
            input_width: input[1],
            output_height: output[0],
            output_width: output[1],
            filter_height: 3,
            filter_width: 3,
            stride_height: 1,
            stride_width: 1,
            padding_top: padding,
            padding_left: padding,
            dilation_height: 1,
            dilation_width: 1,
        },
        input_depth: depth,
        padded,
        segments: &segments,
        run: 3 * depth,
        blocks: rt::Blocks {
            depth: 9 * depth,
            channels,
            step: channels,
            zero_point: r.byte(),
            filter: &filter,
            bias: &bias,
            output: outputs.scales(),
        },
        transformed: &transformed,
    };
    let sizes = [
        input[0] * input[1] * depth,
        output[0] * output[1] * channels,
        padded[0] * padded[1] * depth + 64 + work,
    ];
    let both = rt::conv_2d_blocks_add;
    run(
        p,
        channels,
        addition,
        &mut r,
        sizes,
        rt::conv_2d_blocks,
        both,
    )
}

/// Whole blocks' weights, channel by channel.
fn ohwi(blocked: &[u8], depth: usize) -> Vec<i8> {
    let channels = blocked.len() / depth;
    let blocks = channels / 16;
    let at = |channel: usize, k: usize| {
        let (block, lane) = (channel / 16, channel % 16);
        // Strips of four blocks, then what is left by twos and ones.
        let (strip, width) = match blocks - block / 4 * 4 {
            4.. => (block / 4 * 4, 4),
            left if block % 4 / 2 * 2 + 2 <= left => (block / 2 * 2, 2),
            _ => (block, 1),
        };
        let chunk = strip * (depth / 4) + k / 4 * width + block - strip;
        blocked[chunk * 64 + lane * 4 + k % 4] as i8
    };
    let channels = (0..channels).flat_map(|channel| (0..depth).map(move |k| (channel, k)));
    channels.map(|(channel, k)| at(channel, k)).collect()
}

/// DEPTHWISE_CONV_2D.
fn depthwise(seed: u32) -> Vec<i8> {
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
    let groups: Vec<[u32; 4]> = taps
        .chunks(if window.filter_width == 3 { 3 } else { 4 })
        .map(|group| std::array::from_fn(|i| group[i.min(group.len() - 1)]))
        .collect();
    let blocks = r.size(1, 3);
    let filter = r.weights(blocks * groups.len() * 256);
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
    let p = rt::BlocksDepthwise {
        window,
        channels,
        zero_point: r.byte(),
        padded,
        taps: &groups,
        filter: &filter,
        bias: &bias,
        output: outputs.scales(),
        shifts_output: false,
    };
    let input = r.bytes(window.input_height * window.input_width * channels);
    let mut output = vec![0; window.output_height * window.output_width * channels];
    let mut scratch = vec![0; padded[0] * padded[1] * channels + 64];
    rt::depthwise_blocks(&p, &input, &mut output, &mut scratch);
    let mut shifted = vec![0; output.len()];
    let shifting = rt::BlocksDepthwise {
        shifts_output: true,
        ..p
    };
    rt::depthwise_blocks(&shifting, &input, &mut shifted, &mut scratch);
    let back: Vec<i8> = shifted.iter().map(|x| x ^ SHIFT).collect();
    assert_eq!(back, output);
    output
}

/// AVERAGE_POOL_2D of a whole image; some are of one value, where sums are largest.
fn means(seed: u32) -> Vec<i8> {
    let mut r = Random(seed ^ 0x7777);
    let (height, width, channels) = (r.size(1, 20), r.size(1, 20), r.size(1, 200));
    let (activation_min, activation_max) = r.bounds(0);
    let p = rt::Pool2d {
        window: rt::Window {
            batches: 1,
            input_height: height,
            input_width: width,
            output_height: 1,
            output_width: 1,
            filter_height: height,
            filter_width: width,
            stride_height: 1,
            stride_width: 1,
            dilation_height: 1,
            dilation_width: 1,
            padding_top: 0,
            padding_left: 0,
        },
        channels,
        activation_min,
        activation_max,
    };
    let mut input = r.bytes(height * width * channels);
    if seed.is_multiple_of(4) {
        let one = r.byte();
        input.fill(one);
    }
    let mut output = vec![0; channels];
    rt::average_pool_2d(&p, &input, &mut output);
    output
}

/// ADD, SUB and MUL, also in place.
fn elementwise(seed: u32) -> Vec<i8> {
    let mut r = Random(seed ^ 0x4321);
    let count = r.size(1, 400);
    let (a, b) = (r.bytes(count), r.bytes(count));
    let add = addition(&mut r, count);
    let mul = rt::Mul {
        broadcast: add.broadcast,
        input1_offset: add.input1.offset,
        input2_offset: add.input2.offset,
        output_multiplier: r.multiplier(-9, -5),
        output_offset: add.output_offset,
        activation_min: add.activation_min,
        activation_max: add.activation_max,
        linear: rt::Linear::NONE,
    };
    let mut outputs = vec![0; 3 * count];
    let (first, rest) = outputs.split_at_mut(count);
    let (second, third) = rest.split_at_mut(count);
    rt::add(&add, &a, &b, first);
    rt::sub(&add, &a, &b, second);
    rt::mul(&mul, &a, &b, third);
    let mut in_place = [a.clone(), a.clone(), a];
    rt::add_in_place(&add, &mut in_place[0], &b);
    rt::sub_in_place(&add, &mut in_place[1], &b);
    rt::mul_in_place(&mul, &mut in_place[2], &b);
    outputs.extend(in_place.concat());
    outputs
}

/// Two operands of one shape.
fn flat(count: usize) -> rt::Broadcast {
    rt::Broadcast {
        dims: [1, 1, 1, 1, 1, count],
        strides1: [count, count, count, count, count, 1],
        strides2: [count, count, count, count, count, 1],
    }
}

/// ADD of so many elements, without numbers in f32.
fn addition(r: &mut Random, count: usize) -> rt::Add {
    let mut operand = || rt::AddOperand {
        offset: -i32::from(r.byte()),
        multiplier: r.multiplier(-4, 0),
    };
    let (input1, input2) = (operand(), operand());
    let output_offset = r.byte().into();
    let (activation_min, activation_max) = r.bounds(output_offset);
    rt::Add {
        broadcast: flat(count),
        input1,
        input2,
        output_multiplier: r.multiplier(-20, -17),
        output_offset,
        activation_min,
        activation_max,
        linear: rt::Linear::NONE,
    }
}

/// Functions of one value, also in place, and QUANTIZE.
fn tables(seed: u32) -> Vec<i8> {
    let mut r = Random(seed ^ 0x7777);
    let count = r.size(1, 300);
    let values = r.weights(256);
    let p = rt::Table {
        table: values.as_slice().try_into().expect("256 values"),
    };
    let input = r.bytes(count);
    let mut output = vec![0; count];
    rt::table(&p, &input, &mut output);
    let mut in_place = input.clone();
    rt::table_in_place(&p, &mut in_place);
    let quantization = rt::Quantization {
        scale: 0.25,
        zero_point: r.byte().into(),
    };
    let reals: Vec<f32> = input.iter().map(|&q| f32::from(q) * 0.3125).collect();
    let mut quantized = vec![0_i8; count];
    rt::quantize(&quantization, &reals, &mut quantized);
    [output, in_place, quantized].concat()
}
