//! Tells the benches which models are there.

use std::path::Path;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(shared, mobilenet, int16)");
    for (name, path) in [
        ("shared", "../../shared/models"),
        ("mobilenet", "peers/mobilenet_v2_i8.tflite"),
        ("int16", "peers/resnet8_i16.tflite"),
    ] {
        println!("cargo::rerun-if-changed={path}");
        if Path::new(path).exists() {
            println!("cargo::rustc-cfg={name}");
        }
    }
}
