//! Generated shapes: the runtime's kernels against naive ones, written from the
//! definitions with wide integers and one index at a time.

use niello::__private as rt;
use proptest::prelude::*;

/// TFLite's requantization, from its definition: round to Q0, then shift with
/// ties away from zero.
fn requantize(acc: i64, multiplier: i32, shift: i32) -> i64 {
    let x = i128::from(acc << shift.max(0)) * i128::from(multiplier) * 2;
    let high = (x + if x >= 0 { 1 << 31 } else { 1 - (1 << 31) }) / (1_i128 << 32);
    let divisor = 1_i128 << (-shift).max(0);
    let magnitude = (high.abs() * 2 + divisor) / (2 * divisor);
    (if high < 0 { -magnitude } else { magnitude }) as i64
}

#[derive(Clone, Debug)]
struct Case {
    window: rt::Window,
    depth: usize,
    channels: usize,
    offset: i32,
    output_offset: i32,
    clamp: (i32, i32),
    input: Vec<i8>,
    filter: Vec<i8>,
    bias: Vec<i32>,
    multiplier: Vec<i32>,
    shift: Vec<i8>,
}

impl Case {
    fn requantize(&self) -> rt::Requantize<'_> {
        rt::Requantize {
            multiplier: &self.multiplier,
            shift: &self.shift,
            output_offset: self.output_offset,
            activation_min: self.clamp.0,
            activation_max: self.clamp.1,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        self.filter.iter().map(|w| *w as u8).collect()
    }

    fn finish(&self, acc: i64, channel: usize) -> i8 {
        let q = requantize(acc, self.multiplier[channel], self.shift[channel].into());
        (q + i64::from(self.output_offset)).clamp(self.clamp.0.into(), self.clamp.1.into()) as i8
    }

    /// The input at a row and column that may lie in the padding.
    fn at(&self, n: usize, y: usize, x: usize, c: usize) -> i64 {
        let w = &self.window;
        let (y, x) = (
            y as i64 - w.padding_top as i64,
            x as i64 - w.padding_left as i64,
        );
        if y < 0 || x < 0 || y >= w.input_height as i64 || x >= w.input_width as i64 {
            return 0;
        }
        let pixel = (n * w.input_height + y as usize) * w.input_width + x as usize;
        i64::from(self.input[pixel * self.depth + c]) + i64::from(self.offset)
    }

    /// `f(output pixel coordinates, channel)` for every output element.
    fn each(&self, f: impl Fn(usize, usize, usize, usize) -> i8) -> Vec<i8> {
        let w = &self.window;
        let mut out = Vec::new();
        for n in 0..w.batches {
            for y in 0..w.output_height {
                for x in 0..w.output_width {
                    out.extend((0..self.channels).map(|c| f(n, y, x, c)));
                }
            }
        }
        out
    }

    /// The row and column, counted with padding, of a tap.
    fn tap(&self, y: usize, x: usize, filter_y: usize, filter_x: usize) -> (usize, usize) {
        let w = &self.window;
        (
            y * w.stride_height + filter_y * w.dilation_height,
            x * w.stride_width + filter_x * w.dilation_width,
        )
    }
}

prop_compose! {
    fn window()(
        batches in 1..3_usize,
        size in (1..9_usize, 1..9_usize),
        filter in (1..5_usize, 1..5_usize),
        stride in (1..4_usize, 1..4_usize),
        dilation in (1..3_usize, 1..3_usize),
        same in any::<bool>(),
    ) -> rt::Window {
        let one = |input: usize, filter: usize, stride: usize, dilation: usize| {
            let extent = (filter - 1) * dilation + 1;
            if same || extent > input {
                let output = input.div_ceil(stride);
                (output, ((output - 1) * stride + extent).saturating_sub(input) / 2)
            } else {
                ((input - extent) / stride + 1, 0)
            }
        };
        let (output_height, padding_top) = one(size.0, filter.0, stride.0, dilation.0);
        let (output_width, padding_left) = one(size.1, filter.1, stride.1, dilation.1);
        rt::Window {
            batches, input_height: size.0, input_width: size.1, output_height, output_width,
            filter_height: filter.0, filter_width: filter.1, stride_height: stride.0, stride_width: stride.1,
            dilation_height: dilation.0, dilation_width: dilation.1, padding_top, padding_left,
        }
    }
}

prop_compose! {
    /// `taps` gives the filter's size for a window, depth and channels.
    fn case(depthwise: bool)(
        window in window(),
        depth in 1..20_usize,
        more in 1..20_usize,
    )(
        input in prop::collection::vec(any::<i8>(), window.batches * window.input_height * window.input_width * depth),
        filter in prop::collection::vec(
            any::<i8>(),
            window.filter_height * window.filter_width * depth * if depthwise { 1 + more % 3 } else { more },
        ),
        bias in prop::collection::vec(-100_000..100_000_i32, if depthwise { depth * (1 + more % 3) } else { more }),
        multiplier in prop::collection::vec((1 << 30)..=i32::MAX, if depthwise { depth * (1 + more % 3) } else { more }),
        shift in prop::collection::vec(-20..3_i8, if depthwise { depth * (1 + more % 3) } else { more }),
        offset in -127..=128_i32,
        output_offset in -128..=127_i32,
        clamp in (-128..0_i32, 0..=127_i32),
        window in Just(window),
        depth in Just(depth),
    ) -> Case {
        Case { channels: bias.len(), window, depth, offset, output_offset, clamp, input, filter, bias, multiplier, shift }
    }
}

/// Runs a kernel, which must not panic but, in debug builds, by its own assertion.
fn survives(run: impl FnOnce()) {
    let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) else {
        return;
    };
    let text = panic.downcast_ref::<&str>().copied();
    let is_assertion = text.is_some_and(|text| text.contains("too short"));
    assert!(cfg!(debug_assertions) && is_assertion, "a panic: {text:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn conv_2d(case in case(false)) {
        let (w, bytes) = (case.window, case.bytes());
        let expected = case.each(|n, y, x, c| {
            let mut acc = i64::from(case.bias[c]);
            for filter_y in 0..w.filter_height {
                for filter_x in 0..w.filter_width {
                    let (row, column) = case.tap(y, x, filter_y, filter_x);
                    for d in 0..case.depth {
                        let at = ((c * w.filter_height + filter_y) * w.filter_width + filter_x) * case.depth + d;
                        acc += case.at(n, row, column, d) * i64::from(case.filter[at]);
                    }
                }
            }
            case.finish(acc, c)
        });
        let parameters = rt::Conv2d {
            window: w, input_depth: case.depth, input_offset: case.offset, filter: &bytes, bias: &case.bias,
            output: case.requantize(),
        };
        let mut output = vec![0; expected.len()];
        rt::conv_2d(&parameters, &case.input, &mut output);
        prop_assert_eq!(output, expected);
    }

    #[test]
    fn depthwise_conv_2d(case in case(true)) {
        let (w, bytes, multiplier) = (case.window, case.bytes(), case.channels / case.depth);
        let expected = case.each(|n, y, x, c| {
            let mut acc = i64::from(case.bias[c]);
            for filter_y in 0..w.filter_height {
                for filter_x in 0..w.filter_width {
                    let (row, column) = case.tap(y, x, filter_y, filter_x);
                    let at = (filter_y * w.filter_width + filter_x) * case.channels + c;
                    acc += case.at(n, row, column, c / multiplier) * i64::from(case.filter[at]);
                }
            }
            case.finish(acc, c)
        });
        let parameters = rt::DepthwiseConv2d {
            window: w, input_depth: case.depth, depth_multiplier: multiplier, input_offset: case.offset,
            filter: &bytes, bias: &case.bias, output: case.requantize(),
        };
        let mut output = vec![0; expected.len()];
        rt::depthwise_conv_2d(&parameters, &case.input, &mut output);
        prop_assert_eq!(output, expected);
    }

    #[test]
    fn fully_connected(case in case(false)) {
        // The same case, its filter read as rows.
        let depth = case.filter.len() / case.channels;
        let rows = case.input.len() / depth;
        let input = &case.input[..rows * depth];
        let mut expected = Vec::new();
        for row in 0..rows {
            for c in 0..case.channels {
                let products = (0..depth).map(|d| {
                    (i64::from(input[row * depth + d]) + i64::from(case.offset)) * i64::from(case.filter[c * depth + d])
                });
                expected.push(case.finish(i64::from(case.bias[c]) + products.sum::<i64>(), c));
            }
        }
        let bytes = case.bytes();
        let parameters = rt::FullyConnected {
            depth, input_offset: case.offset, filter: &bytes, bias: &case.bias, output: case.requantize(),
        };
        let mut output = vec![0; expected.len()];
        rt::fully_connected(&parameters, input, &mut output);
        prop_assert_eq!(output, expected);
    }

    /// Kernels survive operands of any length; debug builds say which are too short.
    #[test]
    fn short_slices_are_no_panic(case in case(false), input in 0..50_usize, output in 0..50_usize) {
        let bytes = case.bytes();
        let parameters = rt::Conv2d {
            window: case.window, input_depth: case.depth, input_offset: case.offset, filter: &bytes,
            bias: &case.bias, output: case.requantize(),
        };
        let mut out = vec![0; output];
        let input = &case.input[..input.min(case.input.len())];
        survives(|| rt::conv_2d(&parameters, input, &mut out));
        let pool = rt::Pool2d { window: case.window, channels: case.depth, activation_min: -128, activation_max: 127 };
        survives(|| rt::average_pool_2d(&pool, input, &mut out));
        survives(|| rt::max_pool_2d(&pool, input, &mut out));
    }
}
