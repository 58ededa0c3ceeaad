//! Files of the calibration cache.

use std::path::PathBuf;
use std::sync::OnceLock;

use niello_compiler::Request;

use super::{compiled, put, request, scratch};
use crate::inputs::folder;

/// What a model compiles to, and the entry that this leaves.
struct Good {
    request: Request,
    program: String,
    file: PathBuf,
    entry: Vec<u8>,
}

fn good() -> &'static Good {
    static GOOD: OnceLock<Good> = OnceLock::new();
    GOOD.get_or_init(|| {
        let model = folder().join("batch_f32.tflite");
        let mut request = request(model, Some(folder().join("x12")));
        let cache = scratch().join("cache");
        // Of an earlier process with this number.
        let _ = std::fs::remove_dir_all(&cache);
        request.cache = Some(cache.clone());
        let program = compiled(&request).expect("a fixture compiles").to_string();
        let files = cache.read_dir().expect("a cache").flatten();
        let mut files = files.map(|file| file.path());
        // Beside it is the outline for editors, which no compilation reads.
        let is_calibration = |f: &PathBuf| f.extension().is_some_and(|e| e == "json");
        let file = files.find(is_calibration).expect("an entry");
        let entry = std::fs::read(&file).expect("an entry");
        Good {
            request,
            program,
            file,
            entry,
        }
    })
}

/// An entry as the compiler writes it.
pub fn good_entry() -> &'static [u8] {
    &good().entry
}

/// What lies where an entry should be: the program is the right one, and so is the entry
/// afterwards.
pub fn cache(bytes: &[u8]) -> bool {
    let good = good();
    put(&good.file, bytes);
    let program = compiled(&good.request).expect("a damaged entry is no error");
    assert!(program.to_string() == good.program, "another program");
    let after = std::fs::read(&good.file).expect("an entry");
    let taken = after == bytes;
    if after != good.entry {
        let again = compiled(&good.request).expect("a damaged entry is no error");
        assert!(again.to_string() == good.program, "another program");
    }
    taken
}
