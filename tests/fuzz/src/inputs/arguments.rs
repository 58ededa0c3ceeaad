//! Calls of the macro: right ones, with tokens changed, left out and put in.

use crate::random::Random;

/// Calls that compile, one for each kind of option.
const CALLS: &[&str] = &[
    r#"pub fn f = "batch_f32.tflite", dataset = "x12""#,
    r#"fn f ( x : f32 ) -> { y : f32 } = "batch_f32.tflite" , dataset = "x12" , samples = 3"#,
    r#"fn f ( "x" as image : i8 ) = "batch_f32.tflite" , dataset = "x12" , calibration = minmax"#,
    r#"fn f = "batch_f32.tflite" , dataset = "x12" , calibration = percentile ( 99.99 ) , weights = per_tensor"#,
    r#"fn f = "batch_f32.tflite" , dataset = "x12" , tensors ( "x" : range ( -1.0 , 1.0 ) ) , equalization = false"#,
    r#"fn f = "batch_f32.tflite" , dataset = "x12" , tensors ( "x" : symmetric ) , bias_correction = false"#,
    r#"fn f ( x : u8 ) = "batch_f32.tflite" , dataset = "x12" , images ( resize = true , scale = 1 / 255 , offset = -0.5 )"#,
    r#"fn f = "batch_f32.tflite" , dataset = "x12" , require ( y : sqnr_db >= 10 , y : max_abs_error <= 1e3 )"#,
    r#"fn f ( x : i16 ) -> { y : i16 } = "batch_f32.tflite" , dataset = "x12" , activations = int16"#,
    r#"fn f = "batch_f32.tflite" , dataset = "x12" , tensors ( "x" : int16 ) , weight_rounding = true"#,
    r#"fn f = "batch_f32.tflite" , dataset = "x12" , selftest = 2 , allow ( few_samples , clipped ) , inputs = arena"#,
    r#"fn f = "batch_f32.tflite" , dataset = "x12" , labels = "x12" , require ( y : top1 >= 0 )"#,
    r#"fn f = "batch_f32.tflite" , dataset = "x12" , inputs = arena , arena_limit = 64 * 1024 , crate = :: niello"#,
    r#"fn f = "batch_f32.tflite" , dataset = "x12" , shapes ( "x" : [ 1 , 12 ] ) , signature = "serving_default""#,
    r#"pub ( crate ) fn f ( x : i8 , b : i8 ) = "ops/add_i8.tflite" , inputs = arena"#,
    r#"fn f ( "x" as first , "b" as second ) -> { y } = "ops/add_i8.tflite""#,
    r#"fn f ( x : i8 ) -> { y : i8 } = "ops/stream_i8.tflite" , samples_follow = true"#,
    r#"fn f = "ops/conv_i8.tflite" , inputs = arguments"#,
];

/// What tokens become: words of the macro, names of the generated code, numbers.
const WORDS: &[&str] = &[
    "fn",
    "pub",
    "crate",
    "self",
    "Self",
    "super",
    "type",
    "r#type",
    "_",
    "x",
    "y",
    "a",
    "b",
    "as",
    "f32",
    "i8",
    "u8",
    "i16",
    "i32",
    "bool",
    "dataset",
    "samples",
    "samples_follow",
    "calibration",
    "tensors",
    "weights",
    "equalization",
    "bias_correction",
    "weight_rounding",
    "activations",
    "int16",
    "int8",
    "signature",
    "shapes",
    "images",
    "require",
    "inputs",
    "arena_limit",
    "labels",
    "selftest",
    "allow",
    "minmax",
    "percentile",
    "mse",
    "entropy",
    "range",
    "symmetric",
    "float",
    "per_channel",
    "per_tensor",
    "arena",
    "arguments",
    "resize",
    "scale",
    "offset",
    "sqnr_db",
    "top1",
    "max_abs_error",
    "accuracy",
    "accuracy_drop",
    "mean_abs_error",
    "few_samples",
    "mixed_units",
    "true",
    "false",
    "clone",
    "CONV_2D_0",
    "as_mut_slice",
    "as_slice",
    "from_slice",
    "part",
    "rt",
    "run",
    "run_in",
    "run_into",
    "begin",
    "step",
    "state",
    "State",
    "Output",
    "Arena",
    "Inputs",
    "output",
    "new",
    "next",
    "len",
    "get",
    "MACS",
    "STEPS",
    "WEIGHT_BYTES",
    "ARENA_BYTES",
    "SCALE",
    "core",
    "std",
    "Default",
    "default",
    "input",
    "inputs",
    "number",
    "within",
    "quantize",
    "dequantize",
    "f",
    "r#fn",
    "r#as",
    "X",
    "größe",
    "0",
    "1",
    "-1",
    "255",
    "0.0",
    "1e-46",
    "1e-45",
    "1e38",
    "1e39",
    "1e400",
    "1e-400",
    "340282350000000000000000000000000000000000",
    "18446744073709551616",
    "4294967296",
    "0x10",
    "1u8",
    "1.0f32",
    "0b1",
    "'a'",
    "b\"x\"",
    "c\"x\"",
    "\"\"",
    "\"x\"",
    "\"y\"",
    "\"a\"",
    "\"\\0\"",
    "\"no such\"",
    "\"batch_f32.tflite\"",
    "\"ops/add_i8.tflite\"",
    "\"x12\"",
    "/",
    "*",
    "-",
    "->",
    ">=",
    "<=",
    "=",
    ":",
    "::",
    ",",
    ";",
    "#",
    "( )",
    "{ }",
    "[ ]",
    "( x )",
    "#[inline]",
    "/// docs\n",
    "$",
    "'static",
];

pub(super) fn generate(random: &mut Random) -> (String, Vec<u8>) {
    let call = *random.pick(CALLS);
    let mut tokens: Vec<String> = call.split(' ').map(str::to_owned).collect();
    let mut what = String::new();
    for _ in 0..random.below(4) {
        let at = random.below(tokens.len());
        let kind = random.below(8);
        match kind {
            0 => {
                tokens.remove(at);
            }
            1 => {
                let copy = tokens[at].clone();
                tokens.insert(at, copy);
            }
            2 => {
                let other = random.below(tokens.len());
                tokens.swap(at, other);
            }
            3 => tokens.insert(at, (*random.pick(WORDS)).to_owned()),
            4 => {
                // A quotient where there was a number.
                let numbers: Vec<usize> = (0..tokens.len())
                    .filter(|&i| tokens[i].starts_with(|c: char| c.is_ascii_digit() || c == '-'))
                    .collect();
                if let Some(&at) = numbers.get(random.below(numbers.len())) {
                    let one = *random.pick(&["0", "1", "-1", "1e-46", "1e30", "1e308", "255"]);
                    let other = *random.pick(&["0", "1", "-0", "1e-46", "1e-308", "255"]);
                    tokens[at] = if random.one_in(3) {
                        one.to_owned()
                    } else {
                        format!("{one} / {other}")
                    };
                }
            }
            _ => {
                // A word where there was one, a string where there was one.
                let quoted = tokens[at].starts_with('"');
                let word = *random.pick(WORDS);
                if word.starts_with('"') == quoted || random.one_in(5) {
                    tokens[at] = word.to_owned();
                }
            }
        }
        if tokens.is_empty() {
            break;
        }
        what += &format!("{kind} at {at}, ");
    }
    (what, tokens.join(" ").into_bytes())
}
