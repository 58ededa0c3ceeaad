//! Times of one inference on one core, beside LiteRT with XNNPACK, alternating.
//!
//! `desktop [model ..]`. Needs Python with the package `ai-edge-litert`;
//! `NIELLO_PYTHON` names the interpreter. What a call of `invoke` costs by itself is
//! measured on a model of one small operator, in each round, and taken off.
//! `peers/mobilenet_v2.py` makes a network at 224x224; `cargo build --release` in
//! `peers/tract` adds tract.
//!
//! `desktop --own [model ..]` measures Niello alone, e.g. in the dev profile;
//! `desktop --operators [model ..]` each operator.

use std::time::Instant;

use ndarray::Axis;
use niello_benches::arguments::{Arguments, pin_to_one_core};
use niello_benches::peer::{FOLDER, Peer};
use niello_tests::{read_npz, sample_i8, shared as shared_folder};

/// How many rounds both programs are measured in, and how long a round lasts.
const ROUNDS: usize = 31;
const ROUND_NS: f64 = 1e7;

/// How many runs are measured operator by operator.
const STEP_RUNS: usize = 3000;

/// The models, each a module, and what runs them.
struct Model {
    name: &'static str,
    path: &'static str,
    macs: u64,
    /// The samples of each input.
    inputs: Vec<Samples>,
    /// Runs the model so many times, on one sample after the other.
    run: fn(&[Samples], usize),
    /// The names of its operators.
    operators: &'static [&'static str],
    /// Runs the model once more, and notes the nanoseconds of each operator.
    step: fn(&[Samples], &mut [Vec<f64>]),
}

/// What one input is given, run after run.
type Samples = Vec<Vec<i8>>;

macro_rules! models {
    ($($name:ident = $path:literal, $($input:ident)*;)*) => {
        #[allow(unreachable_pub, dead_code, reason = "generated models")]
        mod nets {
            $(niello::include_model! { pub fn $name = $path })*
        }

        vec![$(Model {
            name: stringify!($name),
            path: $path,
            macs: nets::$name::MACS,
            inputs: samples(
                stringify!($name),
                &nets::$name::INPUT_NAMES,
                &[$(nets::$name::$input::LEN),*],
            ),
            run: {
                #[allow(non_snake_case, reason = "inputs are called as their types are")]
                fn run(inputs: &[Samples], count: usize) {
                    let mut arena = Box::new(nets::$name::Arena::new());
                    let mut output = Box::new(nets::$name::Output::ZERO);
                    let samples = (0..inputs[0].len()).cycle();
                    for number in samples.take(count) {
                        let mut given = inputs.iter().map(|input| &input[number]);
                        $(let $input = given.next().expect("each input");)*
                        $(let $input = nets::$name::$input::from_slice($input).expect("its length");)*
                        nets::$name::run_into(&mut arena, $($input,)* &mut output);
                        std::hint::black_box(&mut output);
                    }
                }
                run
            },
            operators: &nets::$name::STEP_NAMES,
            step: {
                #[allow(non_snake_case, reason = "inputs are called as their types are")]
                fn step(inputs: &[Samples], times: &mut [Vec<f64>]) {
                    let mut arena = Box::new(nets::$name::Arena::new());
                    let mut output = Box::new(nets::$name::Output::ZERO);
                    let samples = (0..inputs[0].len()).cycle();
                    for number in samples.take(STEP_RUNS) {
                        let mut given = inputs.iter().map(|input| &input[number]);
                        $(let $input = given.next().expect("each input");)*
                        $(let $input = nets::$name::$input::from_slice($input).expect("its length");)*
                        let mut run = nets::$name::begin(&mut arena, $($input,)* &mut output);
                        for times in times.iter_mut() {
                            let begin = Instant::now();
                            run.step();
                            times.push(begin.elapsed().as_nanos() as f64);
                        }
                    }
                }
                step
            },
        }),*]
    };
}

/// Samples of the record beside the repository, or random ones: how fast sparse rows are
/// depends on their inputs.
fn samples(model: &str, inputs: &[&str], lengths: &[usize]) -> Vec<Samples> {
    let record = shared_folder().join(format!("golden/{model}_i8.npz"));
    let record = if record.exists() {
        read_npz(&record)
    } else {
        Vec::new()
    };
    let of_input = |(name, &length): (&&str, &usize)| {
        let key = format!("in:{name}");
        let Some((_, array)) = record.iter().find(|(k, _)| *k == key) else {
            return vec![random(length)];
        };
        let samples = 0..array.len_of(Axis(0));
        samples.map(|i| sample_i8(&record, &key, i)).collect()
    };
    inputs.iter().zip(lengths).map(of_input).collect()
}

/// An input of all values.
fn random(count: usize) -> Vec<i8> {
    let mut state = 1_u32;
    let next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as i8
    };
    std::iter::repeat_with(next).take(count).collect()
}

fn own() -> Vec<Model> {
    models! {
        digit_pair = "../tests/models/digit_pair_i8.tflite", Left Right;
        photo_locator = "../tests/models/photo_locator_i8.tflite", Hint Image;
    }
}

#[cfg(shared)]
fn shared() -> Vec<Model> {
    models! {
        kws = "../../shared/models/kws_i8.tflite", Input1;
        vww = "../../shared/models/vww_i8.tflite", Input1Int8;
        resnet8 = "../../shared/models/resnet8_i8.tflite", Input1Int8;
        ad = "../../shared/models/ad_i8.tflite", Input1;
        streaming_wakeword = "../../shared/models/streaming_wakeword_i8.tflite", Input1;
        micro_speech = "../../shared/models/micro_speech_i8.tflite", Reshape1;
    }
}

#[cfg(not(shared))]
fn shared() -> Vec<Model> {
    Vec::new()
}

#[cfg(mobilenet)]
fn large() -> Vec<Model> {
    models! {
        mobilenet_v2 = "peers/mobilenet_v2_i8.tflite", Input;
    }
}

#[cfg(not(mobilenet))]
fn large() -> Vec<Model> {
    Vec::new()
}

/// A model of one small operator, for the cost of a call.
const EMPTY: &str = "../tests/models/ops/abs_3d_i8.tflite";

/// The models whose geometric mean counts.
const MLPERF_TINY: [&str; 4] = ["kws", "vww", "resnet8", "ad"];

/// Measures the nanoseconds of one run.
fn time(model: &Model, count: usize) -> f64 {
    let begin = Instant::now();
    (model.run)(&model.inputs, count);
    begin.elapsed().as_nanos() as f64 / count as f64
}

/// The quantile of a sorted list, from 0 (the first element) to 1.
fn quantile(sorted: &[f64], part: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * part).round() as usize]
}

fn sorted(mut list: Vec<f64>) -> Vec<f64> {
    list.sort_by(f64::total_cmp);
    list
}

/// Instructions that multiply and add, and the billions of multiply-accumulates per second of a
/// loop of nothing else.
#[cfg(target_arch = "x86_64")]
fn peak() -> Option<(&'static str, f64)> {
    use std::arch::asm;
    use std::arch::x86_64::*;

    /// # Safety
    /// The CPU has AVX-512 F and VNNI.
    #[target_feature(enable = "avx512f,avx512vnni")]
    fn vnni(count: usize) -> i32 {
        let x = _mm512_set1_epi8(std::hint::black_box(3));
        let mut sums = [_mm512_setzero_si512(); 16];
        for _ in 0..count {
            for sum in &mut sums {
                *sum = _mm512_dpbusd_epi32(*sum, x, x);
            }
        }
        let all = sums
            .into_iter()
            .fold(_mm512_setzero_si512(), |a, b| _mm512_add_epi32(a, b));
        _mm512_reduce_add_epi32(all)
    }

    /// # Safety
    /// The CPU has AVX2.
    #[target_feature(enable = "avx2")]
    fn avx2(count: usize) -> i32 {
        let x = _mm256_set1_epi16(std::hint::black_box(3));
        let mut sums = [_mm256_setzero_si256(); 8];
        for _ in 0..count {
            for sum in &mut sums {
                let product: __m256i;
                // SAFETY: it reads registers. LLVM would multiply once.
                unsafe {
                    asm!(
                        "vpmaddwd {product}, {x}, {x}",
                        product = out(ymm_reg) product,
                        x = in(ymm_reg) x,
                        options(nomem, nostack),
                    );
                }
                *sum = _mm256_add_epi32(*sum, product);
            }
        }
        let all = sums
            .into_iter()
            .fold(_mm256_setzero_si256(), |a, b| _mm256_add_epi32(a, b));
        _mm256_extract_epi32::<0>(all)
    }

    const COUNT: usize = 200_000;
    let rate = |rounds: unsafe fn(usize) -> i32, products: usize| {
        let best = (0..10).map(|_| {
            let begin = Instant::now();
            // SAFETY: the CPU has it, as checked below.
            std::hint::black_box(unsafe { rounds(COUNT) });
            begin.elapsed().as_nanos() as f64
        });
        (COUNT * products) as f64 / best.fold(f64::MAX, f64::min)
    };
    if is_x86_feature_detected!("avx512vnni") {
        Some(("VPDPBUSD, 512 bits", rate(vnni, 16 * 64)))
    } else if is_x86_feature_detected!("avx2") {
        Some(("VPMADDWD and VPADDD, 256 bits", rate(avx2, 8 * 16)))
    } else {
        None
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn peak() -> Option<(&'static str, f64)> {
    None
}

/// Prints the time of each operator, without that of reading the clock.
fn operators(model: &Model) {
    let clock = (0..STEP_RUNS).map(|_| Instant::now().elapsed().as_nanos() as f64);
    let clock = quantile(&sorted(clock.collect()), 0.5);
    let mut times = vec![Vec::new(); model.operators.len()];
    (model.step)(&model.inputs, &mut times);
    println!("{}, ns by operator", model.name);
    for (name, times) in model.operators.iter().zip(times) {
        println!("{:9.0}  {name}", quantile(&sorted(times), 0.5) - clock);
    }
}

fn main() -> Result<(), String> {
    let mut arguments = Arguments::read();
    let (alone, by_operator) = (arguments.flag("--own"), arguments.flag("--operators"));
    // One core for both programs.
    pin_to_one_core();
    let mut models: Vec<Model> = shared().into_iter().chain(own()).chain(large()).collect();
    models.retain(|m| arguments.wants(m.name));
    if alone {
        for model in &models {
            let ns: Vec<f64> = (0..ROUNDS).map(|_| time(model, 20)).collect();
            println!("{} {:.2} us", model.name, quantile(&sorted(ns), 0.5) / 1e3);
        }
        return Ok(());
    }
    if by_operator {
        models.iter().for_each(operators);
        return Ok(());
    }
    let paths = models.iter().map(|m| m.path).chain([EMPTY]);
    let paths: Vec<String> = paths.map(|path| format!("{FOLDER}/{path}")).collect();
    let mut peer = Peer::litert(&paths)?;
    let mut tract = Peer::tract(&paths);
    let empty = models.len();
    let peak = peak();
    if let Some((name, peak)) = peak {
        println!("peak of {name}: {peak:.0} GMAC/s");
    }
    println!(
        "\n| model | Niello, us | LiteRT, us | faster | 10 % to 90 % of rounds | GMAC/s | of the peak | tract, us |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let (mut product, mut counted) = (1.0_f64, 0);
    let mut calls = Vec::new();
    for (i, model) in models.iter().enumerate() {
        let count = |ns: f64| ((ROUND_NS / ns) as usize).clamp(3, 5000);
        let own_count = count(time(model, 3));
        let peer_count = count(peer.time(i, 3)?);
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let own = time(model, own_count);
            let call = peer.time(empty, 1000)?;
            let other = peer.time(i, peer_count)? - call;
            calls.push(call);
            ours.push(own);
            theirs.push(other);
            ratios.push(other / own);
        }
        // It runs some of the models only, and takes long.
        let tract = tract.as_mut().and_then(|tract| {
            tract.time(i, 2).ok()?;
            let times = (0..5).map(|_| tract.time(i, 3));
            times.collect::<Result<Vec<f64>, _>>().ok()
        });
        let (ours, theirs, ratios) = (sorted(ours), sorted(theirs), sorted(ratios));
        let (own, ratio) = (quantile(&ours, 0.5), quantile(&ratios, 0.5));
        let rate = model.macs as f64 / own;
        if MLPERF_TINY.contains(&model.name) {
            product *= ratio;
            counted += 1;
        }
        println!(
            "| {} | {:.2} | {:.2} | {ratio:.2} | {:.2} to {:.2} | {rate:.0} | {} | {} |",
            model.name,
            own / 1e3,
            quantile(&theirs, 0.5) / 1e3,
            quantile(&ratios, 0.1),
            quantile(&ratios, 0.9),
            peak.map_or(String::new(), |(_, p)| format!("{:.0} %", 100.0 * rate / p)),
            tract.map_or(String::new(), |t| {
                format!("{:.0}", quantile(&sorted(t), 0.5) / 1e3)
            }),
        );
    }
    println!(
        "\nLiteRT's call, taken off: {:.2} us",
        quantile(&sorted(calls), 0.5) / 1e3
    );
    if counted == MLPERF_TINY.len() {
        println!(
            "Faster than LiteRT, geometric mean over {}: {:.2}",
            MLPERF_TINY.join(", "),
            product.powf(0.25)
        );
    }
    Ok(())
}
