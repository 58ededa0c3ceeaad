//! How close the int8 programs are to their float models, beside other quantizers.
//!
//!     cargo run --release -p niello-benches --bin accuracy -- [--int16] [--with OPTIONS] [model ..]
//!
//! Every float model of `../shared` is quantized with its calibration data and the
//! default options (`--int16`: with `activations = int16`; `--with`: with options as those of
//! `include_model!`), runs on its evaluation data, and is compared with LiteRT's recorded
//! float outputs. The figures of other quantizers are those of `index.json`.
//! `NIELLO_WORST=1` adds each model's operators that lose most.

use std::error::Error;
use std::fs::File;
use std::path::Path;

use ndarray::{ArrayD, Axis};
use niello_benches::MODELS;
use niello_build::arguments::exchange;
use niello_compiler::model::{Model, TensorData};
use niello_compiler::{Activations, Options, Request};
use niello_tests::{Record, read_npz};

const PEERS: &[&str] = &[
    "tflite_calibrator",
    "litert_quantizer",
    "tflite_converter_or_published_int8",
];

fn main() -> Result<(), Box<dyn Error>> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    if !shared.join("models").is_dir() {
        println!("skipped: {} is not there", shared.display());
        return Ok(());
    }
    let index: serde_json::Value = serde_json::from_reader(File::open(shared.join("index.json"))?)?;
    let mut options = Options::default();
    let mut wanted = Vec::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--int16" => options.activations = Activations::Int16,
            "--with" => (options, _) = exchange(&options, &words.next().unwrap_or_default())?,
            flag if flag.starts_with("--") => return Err(format!("no flag {flag:?}").into()),
            model => wanted.push(model.to_owned()),
        }
    }
    println!("| model | output | SQNR, dB | best peer, dB | | top-1 agreement | best peer |");
    println!("|---|---|---|---|---|---|---|");
    for name in MODELS
        .iter()
        .filter(|m| wanted.is_empty() || wanted.iter().any(|w| w == *m))
    {
        model(&shared, name, &options, &index[name]["ptq_sqnr_db"])?;
    }
    Ok(())
}

/// The array of this name, as f32.
fn array(record: &Record, key: &str) -> Result<ArrayD<f32>, Box<dyn Error>> {
    let found = record.iter().find(|(name, _)| name == key);
    let (_, array) = found.ok_or_else(|| format!("no array {key:?}"))?;
    Ok(array.mapv(|x| x as f32))
}

fn model(
    shared: &Path,
    name: &str,
    options: &Options,
    peers: &serde_json::Value,
) -> Result<(), Box<dyn Error>> {
    let path = shared.join(format!("models/{name}_f32.tflite"));
    let model = Model::read(&path, options)?;
    let request = Request {
        model: path,
        dataset: Some(shared.join(format!("data/{name}_calibration.npz"))),
        options: options.clone(),
        cache: None,
    };
    let quantized = model.quantize(&request)?;
    let data = read_npz(&shared.join(format!("data/{name}_evaluation.npz")));
    let golden = read_npz(&shared.join(format!("golden/{name}_f32.npz")));
    let inputs: Vec<ArrayD<f32>> = model
        .inputs()
        .iter()
        .map(|p| array(&data, &p.name))
        .collect::<Result<_, _>>()?;
    let references: Vec<ArrayD<f32>> = model
        .outputs()
        .iter()
        .map(|p| array(&golden, &format!("out:{}", p.name)))
        .collect::<Result<_, _>>()?;
    let samples = references[0].shape()[0];
    let mut sums = vec![(0.0_f64, 0.0_f64, 0_usize); references.len()];
    for i in 0..samples {
        let sample: Vec<TensorData> = inputs
            .iter()
            .map(|x| TensorData::F32(x.index_axis(Axis(0), i).iter().copied().collect()))
            .collect();
        for ((got, reference), sum) in quantized
            .run(&sample)
            .iter()
            .zip(&references)
            .zip(&mut sums)
        {
            let TensorData::F32(got) = got else { continue };
            let want: Vec<f32> = reference.index_axis(Axis(0), i).iter().copied().collect();
            for (w, g) in want.iter().zip(got) {
                sum.0 += f64::from(*w).powi(2);
                sum.1 += (f64::from(*w) - f64::from(*g)).powi(2);
            }
            sum.2 += usize::from(argmax(&want) == argmax(got));
        }
    }
    for ((port, (signal, noise, same)), reference) in
        model.outputs().iter().zip(sums).zip(&references)
    {
        let sqnr = 10.0 * (signal / noise).log10();
        let best = best_peer(peers, &port.name);
        let verdict = match best {
            Some(best) if sqnr >= best => "ahead",
            Some(_) => "BEHIND",
            None => "",
        };
        // The largest of one element is always the same.
        let several = reference.len() / samples > 1;
        let top1 = if several {
            format!("{:.3}", same as f64 / samples as f64)
        } else {
            String::new()
        };
        let best_top1 = best_peer(peers, &format!("top1_agreement:{}", port.name));
        let number =
            |x: Option<f64>, digits: usize| x.map_or("-".to_owned(), |x| format!("{x:.digits$}"));
        println!(
            "| {name} | {} | {sqnr:.2} | {} | {verdict} | {top1} | {} |",
            port.name,
            number(best, 2),
            if several {
                number(best_top1, 3)
            } else {
                String::new()
            }
        );
    }
    if std::env::var_os("NIELLO_WORST").is_some() {
        let evaluation = shared.join(format!("data/{name}_evaluation.npz"));
        let few = Options {
            samples: Some(samples.min(10)),
            ..options.clone()
        };
        println!("\n{}\n", quantized.worst_operators(&evaluation, &few, 8)?);
    }
    Ok(())
}

fn best_peer(peers: &serde_json::Value, key: &str) -> Option<f64> {
    PEERS
        .iter()
        .filter_map(|peer| peers[peer][key].as_f64())
        .reduce(f64::max)
}

fn argmax(list: &[f32]) -> usize {
    list.iter()
        .enumerate()
        .fold(0, |best, (i, x)| if *x > list[best] { i } else { best })
}
