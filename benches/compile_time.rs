//! What `include_model!` costs a build.
//!
//!     cargo run --release -p niello-benches --bin compile_time
//!
//! The first tables are builds of a program of two lines with one model, from an empty target
//! folder, by the profiles that the README advises: time by the wall, CPU time of all compilers,
//! and the crates that took most of it (Linux). Then the time after an edit of the program. As
//! with dependencies from a registry, only the program itself is built incrementally.
//!
//! The last table has the time of the expansion alone, for every float model of `../shared`, with
//! the macro's code at opt-level 3. "Cold" calibrates, "warm" finds the calibration in the cache.

use std::error::Error;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use niello_benches::MODELS;
use niello_compiler::{Item, Options, Request, compile};
use quote::{format_ident, quote};

/// The variable that names the file of CPU times; with it, this program stands before rustc.
const TIMES: &str = "NIELLO_COMPILE_TIMES";

/// The profiles that the README advises.
const PROFILES: &str = "
[profile.dev.package]
niello = { opt-level = 3, debug = \"line-tables-only\", debug-assertions = false }
niello-numeric = { opt-level = 3 }
matrixmultiply = { opt-level = 3 }
[profile.release.package]
niello-numeric = { opt-level = 3 }
matrixmultiply = { opt-level = 3 }
";

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(file) = std::env::var_os(TIMES) {
        return wrap(Path::new(&file));
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = here.join("../../shared").canonicalize().unwrap_or_default();
    if !shared.join("models").is_dir() {
        println!("skipped: ../shared is not there");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let user = User::new(folder.path().join("user"), here, &shared)?;
    for (title, arguments, features) in [
        ("dev", &[][..], ""),
        ("release", &["--release"][..], ""),
        (
            "dev, `default-features = false, features = [\"macro\"]`",
            &[][..],
            "default-features = false, features = [\"macro\"]",
        ),
    ] {
        user.manifest(features)?;
        user.source(0)?;
        let _ = std::fs::remove_dir_all(user.target());
        let wall = user.build(arguments)?;
        let crates = user.cpu_times()?;
        let cpu: f64 = crates.iter().map(|(_, seconds)| seconds).sum();
        println!("\n| {title}, from nothing | {wall:.1} s |\n|---|---|");
        println!("| CPU time of {} compilers | {cpu:.1} s |", crates.len());
        for (name, seconds) in crates.iter().take(8) {
            println!("| {name} | {seconds:.1} s |");
        }
        user.source(1)?;
        println!(
            "| after an edit of the program | {:.2} s |",
            user.build(arguments)?
        );
    }
    println!("\n| model | expansion, cold | warm |\n|---|---|---|");
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
    Ok(())
}

/// A program with one model.
struct User {
    folder: PathBuf,
    runtime: PathBuf,
    shared: PathBuf,
}

impl User {
    fn new(folder: PathBuf, here: &Path, shared: &Path) -> Result<Self, Box<dyn Error>> {
        std::fs::create_dir_all(folder.join("src"))?;
        Ok(Self {
            folder,
            runtime: here.join("../runtime").canonicalize()?,
            shared: shared.to_owned(),
        })
    }

    fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    /// Writes the manifest, with further keys of the dependency.
    fn manifest(&self, features: &str) -> Result<(), Box<dyn Error>> {
        let comma = if features.is_empty() { "" } else { ", " };
        let text = format!(
            "[package]\nname = \"user\"\nedition = \"2024\"\n[dependencies]\n\
             niello = {{ path = {:?}{comma}{features} }}\n{PROFILES}[workspace]\n",
            self.runtime
        );
        Ok(std::fs::write(self.folder.join("Cargo.toml"), text)?)
    }

    /// Writes the program; another number is an edit.
    fn source(&self, edit: u32) -> Result<(), Box<dyn Error>> {
        let text = format!(
            "niello::include_model! {{ fn vww = {:?}, dataset = {:?} }}\n\
             fn main() {{ let _ = vww(&vww::Input1::default()); }} // {edit}\n",
            self.shared.join("models/vww_f32.tflite"),
            self.shared.join("data/vww_calibration.npz")
        );
        Ok(std::fs::write(self.folder.join("src/main.rs"), text)?)
    }

    fn times(&self) -> PathBuf {
        self.folder.join("times")
    }

    /// Builds the program; gives seconds by the wall.
    fn build(&self, arguments: &[&str]) -> Result<f64, Box<dyn Error>> {
        let _ = std::fs::remove_file(self.times());
        let start = Instant::now();
        let done = Command::new("cargo")
            .args(["build", "--quiet"])
            .args(arguments)
            .env("CARGO_TARGET_DIR", self.target())
            .env("RUSTC_WRAPPER", std::env::current_exe()?)
            .env(TIMES, self.times())
            .current_dir(&self.folder)
            .status()?;
        if !done.success() {
            return Err("cargo build failed".into());
        }
        Ok(start.elapsed().as_secs_f64())
    }

    /// CPU seconds of each compiler of the last build, the longest first.
    fn cpu_times(&self) -> Result<Vec<(String, f64)>, Box<dyn Error>> {
        let mut all = Vec::new();
        for line in std::fs::read_to_string(self.times())?.lines() {
            let (name, seconds) = line.split_once(' ').ok_or("a line without a space")?;
            all.push((name.to_owned(), seconds.parse()?));
        }
        all.sort_by(|a: &(_, f64), b| b.1.total_cmp(&a.1));
        Ok(all)
    }
}

/// Runs rustc as cargo asked for it, and adds a line with the crate and its CPU seconds to `file`.
fn wrap(file: &Path) -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let rustc = arguments.next().ok_or("no compiler to run")?;
    let mut arguments: Vec<_> = arguments.collect();
    let name = arguments.windows(2).find(|pair| pair[0] == "--crate-name");
    let name = name.map(|pair| pair[1].clone());
    if name.as_ref().is_some_and(|name| name != "user") {
        // Only this measurement has dependencies by path, which cargo builds incrementally.
        let is_incremental = |pair: &[OsString]| {
            pair[0] == "-C" && pair[1].to_string_lossy().starts_with("incremental=")
        };
        if let Some(at) = arguments.windows(2).position(is_incremental) {
            arguments.drain(at..at + 2);
        }
    }
    let done = Command::new(rustc)
        .args(&arguments)
        .env_remove(TIMES)
        .status()?;
    if let Some(name) = name
        && name != "___"
    {
        use std::io::Write;
        let line = format!("{} {}\n", name.to_string_lossy(), cpu_seconds_of_children());
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)?;
        file.write_all(line.as_bytes())?;
    }
    std::process::exit(done.code().unwrap_or(1));
}

/// CPU seconds of processes that this one has waited for; 0 where there is no `/proc`.
fn cpu_seconds_of_children() -> f64 {
    /// Linux counts in hundredths of a second, whatever the kernel's own clock is.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which may contain spaces: fields 16 and 17 of proc(5), of which the first is 1.
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok());
    (ticks(13).unwrap_or(0.0) + ticks(14).unwrap_or(0.0)) / TICKS
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
