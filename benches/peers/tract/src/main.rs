//! Runs models on request, as `litert.py` does.

use std::io::BufRead;
use std::time::Instant;

use tract_tflite::prelude::*;

fn main() {
    let models: Vec<_> = std::env::args().skip(1).map(|path| load(&path)).collect();
    println!("pack_requant");
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let mut numbers = line.split(' ').filter_map(|n| n.parse::<usize>().ok());
        let (Some(index), Some(count)) = (numbers.next(), numbers.next()) else {
            break;
        };
        let Some(Ok((model, inputs))) = models.get(index) else {
            println!("-");
            continue;
        };
        let begin = Instant::now();
        let done = (0..count).all(|_| model.run(inputs.clone()).is_ok());
        let elapsed = begin.elapsed().as_nanos();
        println!(
            "{}",
            if done {
                elapsed.to_string()
            } else {
                "-".to_owned()
            }
        );
    }
}

type Loaded = (TypedRunnableModel<TypedModel>, TVec<TValue>);

fn load(path: &str) -> TractResult<Loaded> {
    let model = tract_tflite::tflite()
        .model_for_path(path)?
        .into_optimized()?;
    let mut inputs = tvec!();
    for input in model.input_outlets()? {
        let fact = model.outlet_fact(*input)?;
        let shape = fact.shape.as_concrete().unwrap_or(&[]).to_vec();
        let mut tensor = Tensor::zero_dt(fact.datum_type, &shape)?;
        for (i, byte) in tensor.as_bytes_mut().iter_mut().enumerate() {
            *byte = (i * 37) as u8;
        }
        inputs.push(tensor.into_tvalue());
    }
    Ok((model.into_runnable()?, inputs))
}
