//! What `include_model!` costs a build.
//!
//!     cargo run --release -p niello-benches --bin compile_time
//!
//! The first table has the time of the expansion alone, for every float model of
//! `../shared`, with the macro's code at opt-level 3 as the documented profile has it.
//! "Cold" calibrates, "warm" finds the calibration in the cache. The last line is a whole
//! `cargo check` of a program with one model, by the documented dev profile.

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use niello_benches::MODELS;
use niello_compiler::{Item, Options, Request, compile};
use quote::{format_ident, quote};

fn main() -> Result<(), Box<dyn Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = here.join("../../shared").canonicalize().unwrap_or_default();
    if !shared.join("models").is_dir() {
        println!("skipped: ../shared is not there");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    println!("| model | expansion, cold | warm |\n|---|---|---|");
    for name in MODELS {
        let cold = expand(&shared, folder.path(), name)?;
        let warm = (0..5)
            .map(|_| expand(&shared, folder.path(), name))
            .collect::<Result<Vec<_>, _>>()?;
        let warm = warm.into_iter().min().unwrap_or_default();
        println!(
            "| {name} | {:.2} s | {:.3} s |",
            cold.as_secs_f64(),
            warm.as_secs_f64()
        );
    }
    let user = folder.path().join("user");
    std::fs::create_dir_all(user.join("src"))?;
    std::fs::write(
        user.join("Cargo.toml"),
        format!(
            "[package]\nname = \"user\"\nedition = \"2024\"\n[dependencies]\nniello = {{ path = {:?} }}\n\
             [profile.dev.build-override]\nopt-level = 3\n[workspace]\n",
            here.join("../runtime").canonicalize()?
        ),
    )?;
    println!("\n| `cargo check` of a program with vww_f32 | |\n|---|---|");
    let source = |i: u32| {
        format!(
            "niello::include_model! {{ fn vww = {:?}, dataset = {:?} }}\nfn main() {{ let _ = vww(&vww::Input1::default()); }} // {i}\n",
            shared.join("models/vww_f32.tflite"),
            shared.join("data/vww_calibration.npz")
        )
    };
    std::fs::write(user.join("src/main.rs"), "fn main() {}\n")?;
    println!(
        "| the dependencies, once | {:.1} s |",
        check(&user)?.as_secs_f64()
    );
    std::fs::write(user.join("src/main.rs"), source(0))?;
    println!(
        "| cold, 60 samples | {:.2} s |",
        check(&user)?.as_secs_f64()
    );
    std::fs::write(user.join("src/main.rs"), source(1))?;
    println!(
        "| warm, after an edit of the program | {:.2} s |",
        check(&user)?.as_secs_f64()
    );
    std::fs::write(user.join("src/main.rs"), "fn main() {} // 2\n")?;
    println!(
        "| without the model, for comparison | {:.2} s |",
        check(&user)?.as_secs_f64()
    );
    Ok(())
}

fn expand(shared: &Path, cache: &Path, name: &str) -> Result<Duration, Box<dyn Error>> {
    let item = Item {
        attributes: quote!(),
        visibility: quote!(),
        name: format_ident!("{name}"),
        krate: quote!(::niello),
    };
    let request = Request {
        model: shared.join(format!("models/{name}_f32.tflite")),
        dataset: Some(shared.join(format!("data/{name}_calibration.npz"))),
        options: Options::default(),
        cache: Some(cache.to_owned()),
    };
    let start = Instant::now();
    compile(&item, &request)?;
    Ok(start.elapsed())
}

fn check(user: &Path) -> Result<Duration, Box<dyn Error>> {
    let start = Instant::now();
    let done = Command::new("cargo")
        .args(["check", "--quiet"])
        .env("CARGO_TARGET_DIR", user.join("target"))
        .current_dir(user)
        .status()?;
    if !done.success() {
        return Err("cargo check failed".into());
    }
    Ok(start.elapsed())
}
