//! Kernels without weights.

use std::sync::OnceLock;

use niello::__private as rt;

use super::random::Random;
use crate::{AdditionNumbers, linear_product};

/// AVERAGE_POOL_2D of a whole image; some are of one value, where sums are largest.
pub(super) fn means(seed: u32) -> Vec<i8> {
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

/// As the compiler has it.
pub(super) fn numbers(add: &rt::Add) -> AdditionNumbers {
    AdditionNumbers {
        offsets: [add.input1.offset, add.input2.offset],
        multipliers: [add.input1.multiplier, add.input2.multiplier].map(pair),
        output: pair(add.output_multiplier),
        output_offset: add.output_offset,
        activation: (add.activation_min, add.activation_max),
    }
}

fn pair(m: rt::Multiplier) -> [i32; 2] {
    [m.multiplier, m.shift]
}

/// Numbers in f32 of ADD, SUB and MUL; they take a while to find.
type Linears = [rt::Linear; 3];

/// Some additions and multiplications with their numbers in f32.
fn with_linears() -> &'static [(rt::Add, rt::Mul, Linears)] {
    static ALL: OnceLock<Vec<(rt::Add, rt::Mul, Linears)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut r = Random(0x11EA);
        let all = (0..16).map(|_| {
            let add = addition(&mut r, 0);
            let mul = multiplication(&mut r, &add);
            let of_sum = |subtract: bool| {
                let found = numbers(&add).linear(subtract);
                found.map_or(rt::Linear::NONE, |([a, b, c], fused)| {
                    rt::Linear::new(a, b, c, fused)
                })
            };
            let product = linear_product(
                [mul.input1_offset, mul.input2_offset],
                pair(mul.output_multiplier),
                mul.output_offset,
                (mul.activation_min, mul.activation_max),
            );
            let product = product.map_or(rt::Linear::NONE, |[a, b, c]| {
                rt::Linear::new(a, b, c, false)
            });
            (add, mul, [of_sum(false), of_sum(true), product])
        });
        all.collect()
    })
}

/// ADD, SUB and MUL of all pairs of operands: f32 gives what integers do.
pub(super) fn linear(seed: u32) -> Vec<i8> {
    let all = with_linears();
    let (add, mul, linears) = all[seed as usize % all.len()];
    // A sixteenth of all pairs, and not whole registers.
    let count = 256 * 16 - seed as usize % 40;
    let part = (seed as usize / all.len() % 16 * 16) as u32;
    let pairs = (0..count as u32).map(|i| [(part + i / 256) as u8 as i8, i as u8 as i8]);
    let (a, b): (Vec<i8>, Vec<i8>) = pairs.map(|[a, b]| (a, b)).unzip();
    let broadcast = flat(count);
    let add = rt::Add { broadcast, ..add };
    let mul = rt::Mul { broadcast, ..mul };
    let mut outputs = vec![0; 3 * count];
    let mut exact = outputs.clone();
    for (outputs, [of_add, of_sub, of_mul]) in
        [(&mut exact, [rt::Linear::NONE; 3]), (&mut outputs, linears)]
    {
        let (first, rest) = outputs.split_at_mut(count);
        let (second, third) = rest.split_at_mut(count);
        rt::add(
            &rt::Add {
                linear: of_add,
                ..add
            },
            &a,
            &b,
            first,
        );
        rt::sub(
            &rt::Add {
                linear: of_sub,
                ..add
            },
            &a,
            &b,
            second,
        );
        rt::mul(
            &rt::Mul {
                linear: of_mul,
                ..mul
            },
            &a,
            &b,
            third,
        );
    }
    assert_eq!(outputs, exact);
    outputs
}

/// MUL of the operands of an addition, without numbers in f32.
fn multiplication(r: &mut Random, add: &rt::Add) -> rt::Mul {
    rt::Mul {
        broadcast: add.broadcast,
        input1_offset: add.input1.offset,
        input2_offset: add.input2.offset,
        output_multiplier: r.multiplier(-9, -5),
        output_offset: add.output_offset,
        activation_min: add.activation_min,
        activation_max: add.activation_max,
        linear: rt::Linear::NONE,
    }
}

/// ADD, SUB and MUL, also in place.
pub(super) fn elementwise(seed: u32) -> Vec<i8> {
    let mut r = Random(seed ^ 0x4321);
    let count = r.size(1, 400);
    let (a, b) = (r.bytes(count), r.bytes(count));
    let add = addition(&mut r, count);
    let mul = multiplication(&mut r, &add);
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
pub(super) fn flat(count: usize) -> rt::Broadcast {
    rt::Broadcast {
        dims: [1, 1, 1, 1, 1, count],
        strides1: [count, count, count, count, count, 1],
        strides2: [count, count, count, count, count, 1],
    }
}

/// ADD of so many elements, without numbers in f32.
pub(super) fn addition(r: &mut Random, count: usize) -> rt::Add {
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
pub(super) fn tables(seed: u32) -> Vec<i8> {
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
