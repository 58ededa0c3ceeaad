//! Kernels with parameters from a generator: the same numbers on every target, so
//! that the bytes of one back end can be compared with those of another. Shapes have
//! tails, odd channels and padding; zero points and sums reach their ends.

use core::array::from_fn;

use niello::__private as rt;

/// The cases of one checksum.
pub const GROUP: u32 = 50;
/// Checksums.
pub const GROUPS: u32 = 40;

/// Numerical Recipes' generator; the upper bits are the good ones.
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 8
    }

    /// From `low` to `high`, both included.
    fn between(&mut self, low: i32, high: i32) -> i32 {
        low + (self.next() % (high - low + 1) as u32) as i32
    }

    fn size(&mut self, low: i32, high: i32) -> usize {
        self.between(low, high) as usize
    }

    fn word(&mut self) -> i16 {
        match self.next() % 16 {
            0 => -32768,
            1 => 32767,
            _ => self.between(-32768, 32767) as i16,
        }
    }

    fn byte(&mut self) -> i8 {
        // One in eight at an end.
        match self.next() % 16 {
            0 => -128,
            1 => 127,
            _ => (self.next() & 0xFF) as u8 as i8,
        }
    }
}

/// Channels at most.
const CHANNELS: usize = 12;
/// Inputs, outputs and weights at most.
const SIZE: usize = 4096;

/// What a case works with.
pub struct Memory {
    input: rt::Aligned<[i8; SIZE]>,
    output: rt::Aligned<[i8; SIZE]>,
    filter: rt::Aligned<[u8; SIZE]>,
    columns: rt::Aligned<[i16; 1024]>,
    pixel: rt::Aligned<[i8; 512]>,
    narrow: [i16; CHANNELS],
    wide: [i32; CHANNELS],
    multiplier: [u32; CHANNELS],
    shift: [i8; CHANNELS],
    input_i16: rt::Aligned<[i16; SIZE]>,
    output_i16: rt::Aligned<[i16; SIZE]>,
    factor: [i32; CHANNELS],
}

impl Memory {
    /// Memory full of zeros for all calls.
    pub const fn new() -> Self {
        Self {
            input: rt::Aligned([0; SIZE]),
            output: rt::Aligned([0; SIZE]),
            filter: rt::Aligned([0; SIZE]),
            columns: rt::Aligned([0; 1024]),
            pixel: rt::Aligned([0; 512]),
            narrow: [0; CHANNELS],
            wide: [0; CHANNELS],
            multiplier: [0; CHANNELS],
            shift: [0; CHANNELS],
            input_i16: rt::Aligned([0; SIZE]),
            output_i16: rt::Aligned([0; SIZE]),
            factor: [0; CHANNELS],
        }
    }

    fn fill(&mut self, random: &mut Random) {
        self.input.0 = from_fn(|_| random.byte());
        self.filter.0 = from_fn(|_| random.byte() as u8);
        self.output.0 = [0; SIZE];
        self.narrow = from_fn(|_| random.between(-32768, 32767) as i16);
        self.wide = from_fn(|_| random.between(-200_000, 200_000));
        self.multiplier = from_fn(|_| random.next() << 8 | random.next() & 0xFF);
        let low = random.between(-12, 0);
        self.shift = from_fn(|_| random.between(low, low + 3) as i8);
        self.input_i16 = rt::Aligned(from_fn(|_| random.word()));
        self.output_i16 = rt::Aligned([0; SIZE]);
        self.factor = from_fn(|_| random.between(0x4000, 0x7FFF) << random.between(0, 16));
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

/// The checksum of one group of cases.
pub fn checksum(group: u32, memory: &mut Memory) -> u32 {
    let mut sum = 2_166_136_261_u32;
    for case in group * GROUP..(group + 1) * GROUP {
        let mut random = Random(case.wrapping_mul(2_654_435_761));
        memory.fill(&mut random);
        run(&mut random, memory);
        run_i16(&mut random, memory);
        add(&mut random, memory);
        let wide = memory.output_i16.0.iter().flat_map(|q| q.to_le_bytes());
        for byte in memory.output.0.iter().map(|&q| q as u8).chain(wide) {
            sum = (sum ^ u32::from(byte)).wrapping_mul(16_777_619);
        }
    }
    sum
}

fn run(random: &mut Random, memory: &mut Memory) {
    let channels = random.size(1, CHANNELS as i32);
    let kind = random.next() % 4;
    let shares = random.next().is_multiple_of(2);
    let is_row = kind == 0;
    let Memory {
        input,
        output,
        filter,
        columns,
        pixel,
        narrow,
        wide,
        multiplier,
        shift,
        ..
    } = memory;
    let (min, max) = if random.next().is_multiple_of(2) {
        (-128, 127)
    } else {
        (random.between(-128, 0), random.between(1, 127))
    };
    let multipliers = if shares && is_row { 1 } else { channels };
    let shifts = if shares { 1 } else { channels };
    let (multiplier, shift) = (&multiplier[..multipliers], &shift[..shifts]);
    let stage = rt::RequantizeFast {
        multiplier,
        shift,
        shifts_right: shift.iter().all(|s| *s < 0),
        output_offset: random.between(-128, 127),
        activation_min: min,
        activation_max: max,
    };
    let bias = if random.next().is_multiple_of(2) {
        rt::Bias::Narrow(&narrow[..channels])
    } else {
        rt::Bias::Wide(&wide[..channels])
    };
    let zero_point = random.byte();
    let packed = |depth: usize| rt::Packed2 {
        depth,
        zero_point,
        filter: &filter.0[..channels * depth.div_ceil(4) * 4],
        bias,
        output: stage,
    };
    match kind {
        0 => {
            let depth = random.size(1, 70);
            rt::fully_connected_packed2_row(&packed(depth), &input.0, &mut output.0[..channels]);
        }
        1 => {
            let (depth, rows) = (random.size(1, 40), random.size(1, 9));
            let columns = &mut columns.0[..depth.div_ceil(4) * 8];
            let input = &input.0[..rows * depth];
            rt::fully_connected_packed2_rows(
                &packed(depth),
                input,
                &mut output.0[..rows * channels],
                columns,
            );
        }
        2 => {
            let window = window(random, false);
            let depth = random.size(1, 6);
            let taps = window.filter_height * window.filter_width * depth;
            let p = rt::Packed2Conv2d {
                window,
                input_depth: depth,
                packed: packed(taps),
            };
            let columns = &mut columns.0[..taps.div_ceil(4) * 8];
            let size = window.output_height * window.output_width * channels;
            let input_size = window.input_height * window.input_width * depth;
            if shares {
                let pixel = &mut pixel.0[..taps];
                rt::conv_2d_packed2(
                    &p,
                    &input.0[..input_size],
                    &mut output.0[..size],
                    columns,
                    pixel,
                );
            } else {
                // The input lies behind the output, in the same memory.
                let memory = &mut output.0[..size + input_size];
                memory[size..].copy_from_slice(&input.0[..input_size]);
                let range = size..size + input_size;
                rt::conv_2d_packed2_overlapping(&p, memory, columns, &mut pixel.0[..taps], range);
            }
        }
        _ => {
            let window = window(random, true);
            let pitch = if window.stride_width == 1 {
                window.output_width.next_multiple_of(2) + 2
            } else {
                2 * (window.output_width + 1)
            };
            let reach = window.input_width + window.padding_left;
            let pitch = pitch.max(reach).next_multiple_of(2);
            let rows = (window.output_height - 1) * window.stride_height + 3;
            let rows = rows.max(window.input_height + window.padding_top);
            let p = rt::Planar {
                window,
                zero_point,
                pitch,
                filter: &filter.0.as_chunks().0[..channels],
                bias,
                output: stage,
            };
            let plane = &mut columns.0[..rows * pitch];
            let input = &mut input.0[..window.input_height * window.input_width * channels];
            let size = window.output_height * window.output_width * channels;
            let same = window.stride_width == 1 && size == input.len();
            if same && shares {
                rt::depthwise_planar_in_place(&p, input, plane);
                output.0[..size].copy_from_slice(input);
            } else {
                rt::depthwise_planar(&p, input, &mut output.0[..size], plane);
            }
        }
    }
}

/// ADD of rows, the second operand once for each or for all, to the end of the outputs.
fn add(random: &mut Random, memory: &mut Memory) {
    let (rows, size) = (random.size(1, 4), random.size(1, 40));
    let strides1 = [0, 0, 0, 0, size, 1];
    let mut strides2 = strides1;
    match random.next() % 4 {
        0 => strides2[4] = 0,
        1 => strides2 = [0; 6],
        _ => {}
    }
    let mut multiplier = |shift| rt::Multiplier {
        multiplier: random.between(1 << 30, i32::MAX),
        shift,
    };
    // The larger operand is halved, as the compiler has it.
    let half = rt::Multiplier {
        multiplier: 1 << 30,
        shift: 0,
    };
    let other = multiplier(-1 - (size % 4) as i32);
    let output_multiplier = multiplier(-18 + (size % 3) as i32);
    let multipliers = if rows % 2 == 0 {
        [half, other]
    } else {
        [other, half]
    };
    let [input1, input2] = multipliers.map(|multiplier| rt::AddOperand {
        offset: -i32::from(random.byte()),
        multiplier,
    });
    let is_open = random.next().is_multiple_of(2);
    let p = rt::Add {
        broadcast: rt::Broadcast {
            dims: [1, 1, 1, 1, rows, size],
            strides1,
            strides2,
        },
        input1,
        input2,
        output_multiplier,
        output_offset: random.between(-128, 127),
        activation_min: if is_open { -128 } else { -50 },
        activation_max: if is_open { 127 } else { 60 },
        linear: rt::Linear::NONE,
    };
    let (a, b) = memory.input.0.split_at_mut(SIZE / 2);
    let (a, b) = (&mut a[..rows * size], &b[..rows * size]);
    let output = &mut memory.output.0[SIZE - rows * size..];
    if random.next().is_multiple_of(2) {
        rt::add(&p, a, b, output);
    } else {
        rt::add_in_place(&p, a, b);
        output.copy_from_slice(a);
    }
}

/// int16 inputs and int8 weights.
fn run_i16(random: &mut Random, memory: &mut Memory) {
    let channels = random.size(1, CHANNELS as i32);
    let (min, max) = if random.next().is_multiple_of(2) {
        (-32768, 32767)
    } else {
        (random.between(-32768, 0), random.between(1, 32767))
    };
    let stage = rt::RequantizeI16Fast {
        factor: &memory.factor[..channels],
        left: random.size(0, 2) as u32,
        right: 0,
        activation_min: min,
        activation_max: max,
    };
    let bias = rt::Bias::Wide(&memory.wide[..channels]);
    let is_planar = random.next().is_multiple_of(2);
    let window = window(random, is_planar);
    let pixels = window.output_height * window.output_width;
    let output = &mut memory.output_i16.0[..pixels * channels];
    let inputs = window.input_height * window.input_width;
    if is_planar {
        let pitch = 2 * (window.output_width + 2);
        let pitch = pitch.max(window.input_width + window.padding_left);
        let pitch = pitch.next_multiple_of(2);
        let rows = (window.output_height - 1) * window.stride_height + 3;
        let rows = rows.max(window.input_height + window.padding_top);
        let p = rt::PlanarI16 {
            window,
            pitch,
            filter: &memory.filter.0.as_chunks().0[..channels],
            bias,
            output: stage,
        };
        let plane = &mut memory.columns.0[..rows * pitch];
        let input = &mut memory.input_i16.0[..inputs * channels];
        if window.stride_width == 1 && input.len() == output.len() {
            rt::depthwise_planar_i16_in_place(&p, input, plane);
            output.copy_from_slice(input);
        } else {
            rt::depthwise_planar_i16(&p, input, output, plane);
        }
        return;
    }
    // The compiler fills groups of four up with weights of zero; these are random.
    let (area, depth) = (
        window.filter_height * window.filter_width,
        random.size(1, 6),
    );
    let depth = if (area * depth).is_multiple_of(4) {
        depth
    } else {
        4
    };
    let taps = area * depth;
    let p = rt::Packed2Conv2d {
        window,
        input_depth: depth,
        packed: rt::Packed2 {
            depth: taps,
            zero_point: 0,
            filter: &memory.filter.0[..channels * taps.div_ceil(4) * 4],
            bias,
            output: stage,
        },
    };
    let input = &memory.input_i16.0[..inputs * depth];
    let columns = &mut memory.columns.0[..taps.div_ceil(4) * 8];
    rt::conv_2d_packed2_i16(&p, input, output, columns);
}

/// A window of one image; 3x3 without dilation if `planar`.
fn window(random: &mut Random, planar: bool) -> rt::Window {
    let sizes: [usize; 2] = from_fn(|_| random.size(1, 8));
    let filter: [usize; 2] = from_fn(|_| if planar { 3 } else { random.size(1, 4) });
    let stride = random.size(1, 2);
    let dilation = if planar {
        1
    } else {
        [1, 1, 2][random.size(0, 2)]
    };
    let same = random.next().is_multiple_of(2);
    let along = |d: usize| {
        let reach = (filter[d] - 1) * dilation + 1;
        let input = sizes[d].max(if same { 1 } else { reach });
        let output = if same {
            input.div_ceil(stride)
        } else {
            (input - reach) / stride + 1
        };
        let padding = ((output - 1) * stride + reach).saturating_sub(input) / 2;
        (input, output, if same { padding } else { 0 })
    };
    let (rows, columns) = (along(0), along(1));
    rt::Window {
        batches: 1,
        input_height: rows.0,
        input_width: columns.0,
        output_height: rows.1,
        output_width: columns.1,
        filter_height: filter[0],
        filter_width: filter[1],
        stride_height: stride,
        stride_width: stride,
        dilation_height: dilation,
        dilation_width: dilation,
        padding_top: rows.2,
        padding_left: columns.2,
    }
}
