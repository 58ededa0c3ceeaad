//! The crates that can be published are packed as crates.io wants them: with licences and a README,
//! and without files that users do not need.

use std::path::Path;
use std::process::Command;

use niello_tests::here;

/// What cargo prints for some arguments, run in the repository's folder.
fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .current_dir(here().join(".."))
        .args(arguments)
        .output()
        .expect("cargo runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    assert!(!errors.contains("warning: manifest has no"), "{errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The members of the workspace that say nothing of `publish`.
fn publishable() -> Vec<String> {
    let metadata = cargo(&["metadata", "--format-version=1", "--no-deps", "--offline"]);
    let metadata: serde_json::Value = serde_json::from_str(&metadata).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let public = packages.iter().filter(|p| p["publish"].is_null());
    public
        .filter_map(|p| p["name"].as_str())
        .map(str::to_owned)
        .collect()
}

#[test]
fn packages_have_what_users_need_and_no_more() {
    let names = publishable();
    for name in ["niello", "niello-macro", "niello-compiler"] {
        assert!(names.iter().any(|n| n == name), "{name} is missing");
    }
    for name in &names {
        let list = cargo(&[
            "package",
            "--list",
            "--allow-dirty",
            "--offline",
            "-p",
            name,
        ]);
        let files: Vec<&str> = list.lines().collect();
        let needed = ["Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];
        for file in needed {
            assert!(files.contains(&file), "{name} lacks {file}");
        }
        for file in files {
            let path = Path::new(file);
            let is_source = path.starts_with("src")
                && path
                    .extension()
                    .and_then(|e| e.to_str())
                    .is_some_and(|e| ["rs", "fbs", "css", "js"].contains(&e));
            let is_cargos = file.starts_with("Cargo.") || file == ".cargo_vcs_info.json";
            let is_build =
                file == "build.rs" || file.starts_with("build/") && file.ends_with(".rs");
            let is_fine = is_source || is_cargos || needed.contains(&file) || is_build;
            assert!(is_fine, "{name} contains {file}");
        }
    }
}

/// Everything but the build from the packages, which takes minutes. They find each other although
/// none of them has been published.
#[test]
fn packages_are_packed() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().display().to_string();
    let mut arguments = vec!["package", "--no-verify", "--allow-dirty", "--offline"];
    arguments.extend(["--target-dir", &target]);
    let names = publishable();
    names.iter().for_each(|name| arguments.extend(["-p", name]));
    cargo(&arguments);
    for name in names {
        let file = format!("{name}-{}.crate", env!("CARGO_PKG_VERSION"));
        let packed = std::fs::metadata(folder.path().join("package").join(&file));
        // The limit of crates.io is 10 MB.
        assert!(packed.is_ok_and(|f| f.len() < 1_000_000), "{file}");
    }
}
