//! Every instruction set that the CPU has gives the bytes of the plain one: whole
//! models, and kernels of generated shapes.
#![cfg(target_arch = "x86_64")]

use std::sync::Mutex;

use niello::__private as rt;
use proptest::prelude::*;
use rt::Level;

/// The level is the whole process's.
static LEVEL: Mutex<()> = Mutex::new(());

/// The results of all levels, from the plain one on.
fn on_all_levels<T>(mut run: impl FnMut() -> T) -> Vec<(Level, T)> {
    let _guard = LEVEL.lock();
    let all = [Level::Plain, Level::Avx2, Level::AvxVnni, Level::Avx512];
    let there = all.into_iter().filter(|&level| rt::force(level) == level);
    let results = there.map(|level| {
        rt::force(level);
        (level, run())
    });
    let results = results.collect();
    rt::force(rt::available());
    results
}

/// Pseudo-random bytes; one in eight at an end.
fn bytes(count: usize, seed: u32) -> Vec<i8> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 16
    };
    let byte = |r: u32| match r % 16 {
        0 => -128,
        1 => 127,
        _ => (r >> 4) as i8,
    };
    (0..count).map(|_| byte(next())).collect()
}

macro_rules! model {
    ($name:ident = $path:literal, $($input:ident)*) => {
        mod $name {
            niello::include_model! { fn model = $path, inputs = arena }

            #[test]
            fn has_the_same_bytes_on_all_levels() {
                for seed in 0..4 {
                    let results = super::on_all_levels(|| {
                        let mut arena = Box::new(model::Arena::new());
                        $({
                            let input = arena.$input().as_mut_slice();
                            input.copy_from_slice(&super::bytes(input.len(), seed));
                        })*
                        model::run_in(&mut arena)
                    });
                    for (level, result) in &results {
                        assert_eq!(*result, results[0].1, "{level:?}");
                    }
                }
            }
        }
    };
}

model!(digit_pair = "models/digit_pair_i8.tflite", left right);
model!(photo_locator = "models/photo_locator_i8.tflite", hint image);
#[cfg(shared)]
model!(kws = "../../shared/models/kws_i8.tflite", input_1);
#[cfg(shared)]
model!(vww = "../../shared/models/vww_i8.tflite", input_1_int8);
#[cfg(shared)]
model!(
    resnet8 = "../../shared/models/resnet8_i8.tflite",
    input_1_int8
);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn products_have_the_same_bytes(
        seed: u32,
        rows in 1_usize..30,
        groups in 1_usize..20,
        channels in 1_usize..90,
        shift in -14_i32..2,
        bounds in prop_oneof![Just((-128, 127)), (-128_i32..0, 1_i32..127)],
    ) {
        let (depth, blocks) = (4 * groups, channels.div_ceil(16));
        let filter: Vec<u8> = bytes(blocks * 16 * depth, seed).iter().map(|&w| w as u8).collect();
        let input = bytes(rows * depth, seed ^ 1);
        let words = |salt: u32| -> Vec<[i32; 16]> {
            let parts = bytes(blocks * 64, seed ^ salt);
            let word = |i: usize| i32::from_le_bytes([0, 1, 2, 3].map(|k| parts[4 * i + k] as u8));
            (0..blocks).map(|b| std::array::from_fn(|i| word(16 * b + i))).collect()
        };
        let map = |list: Vec<[i32; 16]>, f: &dyn Fn(i32) -> i32| -> Vec<[i32; 16]> {
            list.into_iter().map(|block| block.map(f)).collect()
        };
        let bias = map(words(2), &|w| w >> 12);
        let multiplier = map(words(3), &|w| (w & 0x3FFF_FFFF) | 0x4000_0000);
        let shift = map(words(4), &|w| shift + (w & 3) - 3);
        let pairs = multiplier.into_iter().zip(shift);
        let ready: Vec<rt::Ready> = pairs.map(|(m, s)| rt::ready([m], [s])[0]).collect();
        let p = rt::Blocks {
            depth,
            channels,
            zero_point: 0,
            filter: &filter,
            bias: &bias,
            output: rt::Scales {
                channels: &ready,
                output_offset: i32::from(input[0]),
                activation_min: bounds.0,
                activation_max: bounds.1,
            },
        };
        let results = on_all_levels(|| {
            let mut output = vec![0; rows * channels];
            rt::fully_connected_blocks(&p, &input, &mut output, &mut vec![0; input.len()]);
            output
        });
        for (level, result) in &results {
            prop_assert_eq!(result, &results[0].1, "{:?}", level);
        }
    }
}
