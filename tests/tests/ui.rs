//! One mistake a file of `ui/fail`: what the compiler says of it is beside it.
//!
//! `NIELLO_BLESS=1` writes what it says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use niello_tests::here;

/// Lines of rustc that say nothing about the mistake.
const SUMMARY: [&str; 4] = [
    "error: aborting due to",
    "For more information about this error",
    "Some errors have detailed explanations",
    "  = note: this error originates in the macro",
];

/// The library that this test is linked to, beside the test itself: the newest, because cargo
/// has just built what this test needs.
fn niello() -> PathBuf {
    let test = std::env::current_exe().expect("this test");
    let folder = test.parent().expect("a folder");
    let entries = fs::read_dir(folder).expect("the folder of this test");
    let libraries = entries.flatten().filter(|entry| {
        let name = entry.file_name().into_string().unwrap_or_default();
        name.starts_with("libniello-") && name.ends_with(".rlib")
    });
    let time = |entry: &fs::DirEntry| entry.metadata().and_then(|m| m.modified()).ok();
    let newest = libraries.max_by_key(time);
    newest.expect("the library that this test links").path()
}

/// What rustc says about a file, without paths of this machine.
fn errors(file: &Path, niello: &Path, output: &Path) -> String {
    let mut dependencies = std::ffi::OsString::from("dependency=");
    dependencies.push(niello.parent().expect("a folder"));
    let mut library = std::ffi::OsString::from("niello=");
    library.push(niello);
    // As cargo does, in the folder of the manifest, which it has put into the environment.
    let said = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .current_dir(here())
        .args([
            "--edition",
            "2024",
            "--emit",
            "metadata",
            "--color",
            "never",
        ])
        .args(["--crate-name", "mistake", "-A", "warnings", "--out-dir"])
        .arg(output)
        .arg("-L")
        .arg(dependencies)
        .arg("--extern")
        .arg(library)
        .arg(file)
        .output()
        .expect("rustc runs");
    let text = String::from_utf8_lossy(&said.stderr);
    let lines = text
        .lines()
        .filter(|l| !SUMMARY.iter().any(|s| l.starts_with(s)));
    let text = lines.collect::<Vec<_>>().join("\n");
    let folder = here().canonicalize().expect("the folder of this crate");
    let text = text.replace(&folder.display().to_string(), "$DIR");
    assert!(
        said.status.success() == text.is_empty(),
        "{}: {}, but it says\n{text}",
        file.display(),
        said.status
    );
    text.trim_end().to_owned() + "\n"
}

#[test]
fn mistakes() {
    let niello = niello();
    let folder = here().join("ui/fail");
    let mut files: Vec<PathBuf> = (fs::read_dir(&folder).expect("the cases").flatten())
        .map(|entry| Path::new("ui/fail").join(entry.file_name()))
        .filter(|file| file.extension().is_some_and(|e| e == "rs"))
        .collect();
    files.sort();
    assert!(files.len() > 30, "{} cases", files.len());
    let count = files.len();
    let (todo, problems) = (Mutex::new(files), Mutex::new(Vec::new()));
    let work = || {
        let output = tempfile::tempdir().expect("a folder");
        loop {
            let Some(file) = todo.lock().expect("no panics").pop() else {
                return;
            };
            let said = errors(&file, &niello, output.path());
            let wanted = here().join(&file).with_extension("stderr");
            if std::env::var_os("NIELLO_BLESS").is_some() {
                fs::write(&wanted, &said).expect("writable");
            }
            if fs::read_to_string(&wanted).unwrap_or_default() != said {
                let problem = format!("{} says\n{said}", file.display());
                problems.lock().expect("no panics").push(problem);
            }
        }
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let problems = problems.into_inner().expect("no panics");
    let wrong = problems.len();
    assert!(
        wrong == 0,
        "{wrong} of {count} cases:\n{}",
        problems.join("\n")
    );
}
