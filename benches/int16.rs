//! Times of one inference of 16x8 models on one core, beside LiteRT, alternating: `int16 [model ..]`.
//! `int16 --own [model ..]` measures each level of Niello alone, `int16 --operators [model ..]` each
//! operator.
//!
//! Needs what `desktop` does. The models are exported by the command line:
//!
//! ```sh
//! cargo niello export ../shared/models/kws_f32.tflite --dataset ../shared/data/kws_calibration.npz \
//!     --with 'activations = int16' -o benches/peers/kws_i16.tflite     # and resnet8
//! ```

use std::time::Instant;

use niello::__private as rt;
use niello_benches::arguments::{Arguments, pin_to_one_core};
use niello_benches::peer::{FOLDER, Peer};

/// How many rounds both programs are measured in, and how many runs a round has.
const ROUNDS: usize = 31;
const RUNS: usize = 20;

/// A model with one input and one output.
struct Model {
    name: &'static str,
    path: &'static str,
    /// Runs the model so many times.
    run: fn(usize),
    /// The names of its operators.
    operators: &'static [&'static str],
    /// Runs the model once, and notes the nanoseconds of each operator.
    step: fn(&mut [Vec<f64>]),
}

#[cfg(int16)]
macro_rules! models {
    ($($name:ident = $path:literal, $input:ident;)*) => {
        #[allow(unreachable_pub, dead_code, reason = "generated models")]
        mod nets {
            $(niello::include_model! { pub fn $name = $path })*
        }

        vec![$(Model {
            name: stringify!($name),
            path: $path,
            run: |count| {
                let mut arena = Box::new(nets::$name::Arena::new());
                let mut output = Box::new(nets::$name::Output::ZERO);
                let input = random(nets::$name::$input::LEN);
                let input = nets::$name::$input::from_slice(&input).expect("its length");
                for _ in 0..count {
                    nets::$name::run_into(&mut arena, input, &mut output);
                    std::hint::black_box(&mut output);
                }
            },
            operators: &nets::$name::STEP_NAMES,
            step: |times| {
                let mut arena = Box::new(nets::$name::Arena::new());
                let mut output = Box::new(nets::$name::Output::ZERO);
                let input = random(nets::$name::$input::LEN);
                let input = nets::$name::$input::from_slice(&input).expect("its length");
                let mut run = nets::$name::begin(&mut arena, input, &mut output);
                for times in times.iter_mut() {
                    let begin = Instant::now();
                    run.step();
                    times.push(begin.elapsed().as_nanos() as f64);
                }
            },
        }),*]
    };
}

#[cfg(int16)]
fn models() -> Vec<Model> {
    models! {
        kws = "peers/kws_i16.tflite", Input1;
        resnet8 = "peers/resnet8_i16.tflite", Input1;
    }
}

#[cfg(not(int16))]
fn models() -> Vec<Model> {
    Vec::new()
}

/// An input of all values.
#[cfg(int16)]
fn random(count: usize) -> Vec<i16> {
    let mut state = 1_u32;
    let next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as u16 as i16
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// Measures the nanoseconds of one run.
fn time(model: &Model, count: usize) -> f64 {
    let begin = Instant::now();
    (model.run)(count);
    begin.elapsed().as_nanos() as f64 / count as f64
}

fn median(mut list: Vec<f64>) -> f64 {
    list.sort_by(f64::total_cmp);
    list[list.len() / 2]
}

fn main() -> Result<(), String> {
    let mut arguments = Arguments::read();
    let (alone, by_operator) = (arguments.flag("--own"), arguments.flag("--operators"));
    // One core for both programs.
    pin_to_one_core();
    let mut models = models();
    models.retain(|m| arguments.wants(m.name));
    if models.is_empty() {
        return Err("there are no exported models: see benches/int16.rs".to_owned());
    }
    if by_operator {
        for model in &models {
            let mut times = vec![Vec::new(); model.operators.len()];
            (0..1000).for_each(|_| (model.step)(&mut times));
            println!("{}, ns by operator", model.name);
            for (name, times) in model.operators.iter().zip(times) {
                println!("{:9.0}  {name}", median(times));
            }
        }
        return Ok(());
    }
    if alone {
        for level in rt::levels() {
            rt::force(level);
            for model in &models {
                let ns: Vec<f64> = (0..ROUNDS).map(|_| time(model, RUNS)).collect();
                println!("{level:?} {} {:.2} us", model.name, median(ns) / 1e3);
            }
        }
        return Ok(());
    }
    let paths: Vec<String> = (models.iter())
        .map(|model| format!("{FOLDER}/{}", model.path))
        .collect();
    let mut peer = Peer::litert(&paths)?;
    println!("| model | Niello, us | LiteRT, us | faster |\n|---|---|---|---|");
    for (i, model) in models.iter().enumerate() {
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (own, other) = (time(model, RUNS), peer.time(i, 3)?);
            ours.push(own);
            theirs.push(other);
            ratios.push(other / own);
        }
        let [own, other, ratio] = [ours, theirs, ratios].map(median);
        let (own, other) = (own / 1e3, other / 1e3);
        println!("| {} | {own:.1} | {other:.1} | {ratio:.2} |", model.name);
    }
    Ok(())
}
