//! Damaged models are errors, never panics.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use niello_compiler::evaluate::Model;
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
    model.quantize(&request).is_ok()
}

#[test]
fn damaged_models_do_not_panic() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("damaged.tflite");
    let mut random = Lcg(1);
    let (mut read, mut refused) = (0, 0);
    let names = [
        "ops/conv_i8",
        "ops/residual_i8",
        "ops/concat_inner_i8",
        "ops/softmax_flat_i8",
        "ops/mean_mixed_i8",
        "ops/depthwise_i8",
        "ops/dense_rows_i8",
        "ops/squeeze_i8",
        "ops/pad_conv_i8",
        "ops/elu_i8",
        "ops/prelu_i8",
        "aliases_f32",
        "signatures_f32",
        "fake_quant_f32",
        "half_f32",
    ];
    for name in names {
        let whole = std::fs::read(here().join(format!("models/{name}.tflite"))).expect("a fixture");
        for _ in 0..400 {
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
                    panic!("{name} damaged: a panic; kept as {}", kept.display());
                }
            }
        }
    }
    // Both happen: some bytes matter, some do not.
    assert!(
        read > 100 && refused > 100,
        "{read} read, {refused} refused"
    );
}
