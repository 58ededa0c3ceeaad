//! `.tflite` files: read, quantized, emitted and run.

use niello_compiler::model::{Model, Profile, Quantized, TensorData};
use niello_compiler::{Activations, ElementType, Options, outline};

use super::{compiled, item, request, timed, write};
use crate::check;
use crate::clock::cpu_seconds;
use crate::inputs::{npy, npz};
use crate::random::Random;

/// Elements of a sample that is made up.
const SAMPLE: usize = 1 << 16;
/// Multiplications, and bytes of memory, of a program that is run.
const WORK: u64 = 1 << 22;
/// Seconds of a run, in which loops count, that is not repeated.
const LONG: f64 = 0.3;
/// Bytes of memory that a program may take without being a finding.
const ARENA: u64 = 1 << 32;

/// A file that may be anything.
pub fn models(bytes: &[u8]) -> bool {
    let path = write("model.tflite", bytes);
    let mut request = request(path, None);
    let mut result = compiled(&request);
    if let Err(message) = &result
        && message.contains("needs a representative dataset")
    {
        let Ok(model) = Model::read(&request.model, &Options::default()) else {
            return false;
        };
        let Some(dataset) = samples(&model) else {
            return false;
        };
        request.dataset = Some(write("samples.npz", &dataset));
        // Every other one in int16; the same file always in the same type.
        if bytes.iter().fold(0, |sum, byte| sum ^ byte) & 1 == 1 {
            request.options.activations = Activations::Int16;
        }
        result = compiled(&request);
    }
    let Ok(tokens) = result else {
        if let Ok(tokens) = timed("outline", || outline(&item(), &request)) {
            check::expansion(&tokens);
        }
        return false;
    };
    check::expansion(&tokens);
    let arena = check::constant(&tokens, "ARENA_BYTES").expect("the size of the arena");
    assert!(arena <= ARENA, "an arena of {arena} bytes");
    let work = check::constant(&tokens, "MACS").expect("multiply-accumulates");
    if arena <= WORK && work <= WORK {
        run(&request);
    }
    true
}

/// Three samples of each input.
fn samples(model: &Model) -> Option<Vec<u8>> {
    let mut random = Random::new(1, 1);
    let mut members = Vec::new();
    for port in model.inputs() {
        let count = port
            .shape
            .iter()
            .try_fold(1, |n: usize, &d| n.checked_mul(d))?;
        if count > SAMPLE {
            return None;
        }
        let mut shape = "(3, ".to_owned();
        for d in &port.shape {
            shape += &format!("{d}, ");
        }
        shape += ")";
        let mut content = Vec::new();
        for _ in 0..3 * count {
            match port.element {
                ElementType::Bool => content.push(random.below(2) as u8),
                ElementType::I32 | ElementType::U32 => {
                    content.extend((random.below(4) as i32).to_le_bytes())
                }
                _ => content.extend((random.below(200) as f32 * 0.01 - 1.0).to_le_bytes()),
            }
        }
        let descr = match port.element {
            ElementType::Bool => "|b1",
            ElementType::I32 | ElementType::U32 => "<i4",
            _ => "<f4",
        };
        members.push((format!("{}.npy", port.name), npy(descr, &shape, &content)));
    }
    Some(npz(&members, false))
}

/// The programs for both kinds of target give what plain loops give, outside of an arena.
fn run(request: &niello_compiler::Request) {
    let Ok(model) = Model::read_for(&request.model, &request.options, request.dataset.as_deref())
    else {
        return;
    };
    let Ok(program) = model.quantize(request) else {
        return;
    };
    // Outputs are not part of the arena.
    let is_large = |shape: &[usize]| shape.iter().product::<usize>() > SAMPLE;
    if model.outputs().iter().any(|port| is_large(&port.shape)) {
        return;
    }
    let mut random = Random::new(2, 2);
    let mut calls = Vec::new();
    for _ in 0..2 {
        let Some(inputs) = inputs(&model, &mut random) else {
            return;
        };
        calls.push(inputs);
    }
    // A loop that is broken off leaves anything, and one that runs long is slow to compare.
    let start = cpu_seconds("self");
    if program.is_endless(&calls[0]) || cpu_seconds("self") - start > LONG {
        return;
    }
    if program.is_endless(&calls[1]) {
        return;
    }
    let first = program.run(&calls[0]);
    let of = |targets, in_arena| Quantized::run_sequence(&program, &calls, targets, in_arena);
    let scalar = of(Profile::Mcu, false);
    agree(&first, &scalar[0], "in the arena");
    let vector = of(Profile::Simd, false);
    let bools = model
        .inputs()
        .iter()
        .any(|p| p.element == ElementType::Bool);
    let written = if bools {
        vec![]
    } else {
        of(Profile::Mcu, true)
    };
    for (call, wanted) in scalar.iter().enumerate() {
        agree(wanted, &vector[call], "for wide registers");
        if let Some(found) = written.get(call) {
            agree(wanted, found, "with inputs in the arena");
        }
    }
}

fn inputs(model: &Model, random: &mut Random) -> Option<Vec<TensorData>> {
    let mut inputs = Vec::new();
    for port in model.inputs() {
        let count: usize = port.shape.iter().product();
        if count > SAMPLE {
            return None;
        }
        let mut integer = |low: i32, high: i32| {
            let range = (high - low) as usize + 1;
            (0..count)
                .map(|_| low + random.below(range) as i32)
                .collect::<Vec<i32>>()
        };
        inputs.push(match port.element {
            ElementType::F32 => {
                let steps = integer(-100, 100).into_iter();
                TensorData::F32(steps.map(|x| x as f32 * 0.02).collect())
            }
            ElementType::I8 | ElementType::U8 => {
                TensorData::I8(integer(-128, 127).into_iter().map(|x| x as i8).collect())
            }
            ElementType::Bool => {
                TensorData::I8(integer(0, 1).into_iter().map(|x| x as i8).collect())
            }
            ElementType::I16 => TensorData::I16(
                integer(-32768, 32767)
                    .into_iter()
                    .map(|x| x as i16)
                    .collect(),
            ),
            ElementType::I32 | ElementType::U32 => TensorData::I32(integer(-3, 8)),
        });
    }
    Some(inputs)
}

fn agree(wanted: &[TensorData], found: &[TensorData], what: &str) {
    for (i, (a, b)) in wanted.iter().zip(found).enumerate() {
        let same = match (a, b) {
            // NaN is NaN.
            (TensorData::F32(a), TensorData::F32(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .zip(b)
                        .all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
            }
            (a, b) => a == b,
        };
        assert!(same, "another result {what}: output {i}");
    }
}
