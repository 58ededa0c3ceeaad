//! What is done with an input. Each target panics on a finding, and else says whether
//! the compiler took the input.

mod arguments;
mod cache;
mod datasets;
mod models;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use niello_compiler::{Item, Options, Request, compile};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

pub use arguments::{arguments, expansion};
pub use cache::{cache, good_entry};
pub use datasets::{Kind, datasets};
pub use models::models;

use crate::clock::cpu_seconds;

/// Whether errors are shown.
pub static SAY: AtomicBool = AtomicBool::new(false);

/// Seconds of CPU time that the compiler may take for any input. A development build does not
/// optimize it and takes about three times as long.
const SECONDS: f64 = if cfg!(debug_assertions) { 6.0 } else { 2.0 };

/// A folder for this process alone.
fn scratch() -> PathBuf {
    let given = std::env::var_os("NIELLO_FUZZ_SCRATCH").map(PathBuf::from);
    let folder = given.unwrap_or_else(|| crate::scratch("own"));
    std::fs::create_dir_all(&folder).expect("a folder for temporary files");
    folder
}

fn write(name: &str, content: &[u8]) -> PathBuf {
    let path = scratch().join(name);
    put(&path, content);
    path
}

/// Writes a new file: one that is cut and filled anew is written to the disk at once by some
/// file systems, which takes long.
fn put(path: &Path, content: &[u8]) {
    let _ = std::fs::remove_file(path);
    std::fs::write(path, content).expect("a temporary file");
}

fn item() -> Item {
    Item {
        attributes: TokenStream::new(),
        visibility: quote!(pub),
        name: Ident::new("model", Span::call_site()),
        krate: quote!(::niello),
    }
}

fn request(model: PathBuf, dataset: Option<PathBuf>) -> Request {
    Request {
        model,
        dataset,
        options: Options::default(),
        cache: None,
    }
}

/// Runs a part of the compiler, which may not take long.
fn timed<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let start = cpu_seconds("self");
    let result = run();
    let seconds = cpu_seconds("self") - start;
    assert!(seconds <= SECONDS, "slow: {what} took {seconds:.1} s");
    result
}

/// What the macro would do; errors are as welcome as programs.
fn compiled(request: &Request) -> Result<TokenStream, String> {
    let result = timed("compile", || compile(&item(), request));
    if let Err(error) = &result {
        let length = error.message.len();
        assert!(length < 20_000, "long: an error of {length} bytes");
        assert!(
            !error.message.trim().is_empty(),
            "an error without a message"
        );
        if SAY.load(Ordering::Relaxed) {
            eprintln!("{error}");
        }
    }
    result.map_err(|e| e.message)
}
