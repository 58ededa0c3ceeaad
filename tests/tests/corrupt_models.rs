//! Damaged models are errors, never panics.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use niello_compiler::model::{Model, Profile};
use niello_compiler::{Options, Request};
use niello_tests::here;

/// A small generator: the mutations are the same on every machine.
struct Lcg(u64);

impl Lcg {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }
}

fn read_and_quantize(path: &Path) -> bool {
    let options = Options::default();
    let Ok(model) = Model::read(path, &options) else {
        return false;
    };
    let request = Request {
        model: PathBuf::new(),
        dataset: None,
        options,
        cache: None,
    };
    let Ok(quantized) = model.quantize(&request) else {
        return false;
    };
    // The programs that would be emitted.
    for targets in [Profile::Mcu, Profile::Simd] {
        let _ = quantized.pruned_channels(targets);
    }
    true
}

#[test]
fn damaged_models_do_not_panic() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("damaged.tflite");
    let mut random = Lcg(1);
    let mut panics = Vec::new();
    let (mut read, mut refused) = (0, 0);
    let rounds = std::env::var("NIELLO_ROUNDS")
        .map_or(Ok(40), |n| n.parse())
        .expect("a number");
    let others = ["aliases", "signatures", "fake_quant", "half"]
        .map(|n| here().join(format!("models/{n}_f32.tflite")));
    let cases = niello_tests::cases::all().into_iter();
    for model in cases.map(|case| case.quantized).chain(others) {
        let whole = std::fs::read(&model).expect("a fixture");
        for _ in 0..rounds {
            let mut bytes = whole.clone();
            for _ in 0..=random.next(3) {
                let at = random.next(bytes.len());
                bytes[at] = match random.next(4) {
                    0 => 0,
                    1 => 255,
                    2 => bytes[at].wrapping_add(1),
                    _ => random.next(256) as u8,
                };
            }
            if random.next(8) == 0 {
                bytes.truncate(random.next(bytes.len()));
            }
            std::fs::write(&path, &bytes).expect("writable");
            match catch_unwind(AssertUnwindSafe(|| read_and_quantize(&path))) {
                Ok(true) => read += 1,
                Ok(false) => refused += 1,
                Err(_) => {
                    let kept = std::env::temp_dir().join("niello-panics-on-this.tflite");
                    std::fs::write(&kept, &bytes).expect("writable");
                    panics.push(format!(
                        "{}; the last one is kept as {}",
                        model.display(),
                        kept.display()
                    ));
                }
            }
        }
    }
    panics.dedup();
    assert!(
        panics.is_empty(),
        "damaged, a panic:\n{}",
        panics.join("\n")
    );
    // Both happen: some bytes matter, some do not.
    assert!(
        read > 100 && refused > 100,
        "{read} read, {refused} refused"
    );
}
