//! Every operator alone: the bytes of the reference's recorded runs from emitted
//! code, at every level that the CPU has, and float outputs of the evaluator.
//!
//! Inputs, outputs, states and the arena lie beside guard pages (on Linux), with one end and
//! with the other. An operator that reads or writes out of bounds ends the process, which says
//! which one it was, and at which level. That this works was tried with a kernel that read one
//! byte too many on purpose.

use niello_compiler::Options;
use niello_compiler::model::Model;
use niello_tests::guard::{self, Guarded, SIDES};
use niello_tests::levels::at_every_level;
use niello_tests::{Recorded, cases, flat, here, read_npz, sample, sample_of};

/// Compares the emitted function with the record.
macro_rules! operators {
    ($($name:ident $path:literal $($state:ident)? [$($ty:ident $input:ident $in_type:ident),*] [$($output:ident $out_type:ident),*])*) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        $(mod $name {
            use super::*;

            niello::include_model! { fn model = $path }

            #[test]
            fn every_byte() {
                let record = read_npz(&here().join(concat!("models/ops/", stringify!($name), ".npz")));
                at_every_level(|level| for &side in SIDES {
                    guard::announce(stringify!($name), level, side);
                    let mut arena = Guarded::new(model::Arena::new(), side);
                    $(let mut $state = Guarded::new(model::State::default(), side);)?
                    let mut differing = 0;
                    for run in 0..6 {
                        let mut out = Guarded::new(model::Output::ZERO, side);
                        model::run_into(&mut arena, $(&mut $state,)? $(
                            &Guarded::new(*model::$ty::from_slice(&sample_of::<$in_type>(&record, concat!("in:", stringify!($input)), run)).expect("its shape"), side),
                        )* &mut out);
                        $(
                            let got: Vec<$out_type> = flat(&out.$output);
                            let want: Vec<$out_type> = sample_of(&record, concat!("out:", stringify!($output)), run);
                            assert_eq!(got.len(), want.len(), "run {run}, output {}", stringify!($output));
                            differing += got.iter().zip(&want).filter(|(a, b)| !a.agrees(**b)).count();
                        )*
                    }
                    assert_eq!(differing, cases::known_differences(stringify!($name)), "{level:?}");
                });
            }
        })*
    };
}

include!("cases.rs");

#[test]
fn the_list_is_the_folder() {
    let mut listed: Vec<&str> = NAMES.to_vec();
    listed.sort_unstable();
    let found: Vec<String> = cases::all().into_iter().map(|c| c.name).collect();
    assert_eq!(found, listed);
}

#[test]
fn float_evaluator_agrees_with_the_reference() {
    let mut wrong = Vec::new();
    for case in cases::all() {
        let Some(float) = &case.float else { continue };
        let model = match Model::read(float, &Options::default()) {
            Ok(model) => model,
            Err(error) => {
                wrong.push(format!("{}: {error}", case.name));
                continue;
            }
        };
        let calls: Vec<Vec<Vec<f32>>> = (0..60)
            .map(|run| {
                let ports = model.inputs();
                let one = |name: &str| sample(&case.record, &format!("float:{name}"), run);
                ports.iter().map(|port| one(&port.name)).collect()
            })
            .collect();
        let slices: Vec<Vec<&[f32]>> = calls
            .iter()
            .map(|call| call.iter().map(Vec::as_slice).collect())
            .collect();
        let runs = model.run_sequence(&slices).expect("its shape");
        for (run, got) in runs.into_iter().enumerate() {
            for (port, got) in model.outputs().iter().zip(got) {
                let want = sample(&case.record, &format!("float:{}", port.name), run);
                let error = relative_error(got.iter(), &want);
                if error >= 1e-5 {
                    wrong.push(format!("{} run {run} {}: {error}", case.name, port.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The largest difference by the largest value.
fn relative_error<'a>(got: impl Iterator<Item = &'a f32>, want: &[f32]) -> f32 {
    let scale = want.iter().fold(1e-6_f32, |m, x| m.max(x.abs()));
    got.zip(want)
        .fold(0.0_f32, |m, (a, b)| m.max((a - b).abs()))
        / scale
}
