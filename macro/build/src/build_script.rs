//! Models compiled by a build script, into a file of `OUT_DIR`.

use std::fmt;
use std::path::{Path, PathBuf};

use niello_compiler::{Blame, compile_with_warnings};
use syn::LitStr;

use crate::arguments::Arguments;
use crate::cache_folder::cache_folder;

/// Begins to compile the model at `path`, which is relative to the crate's folder.
///
/// Without further calls the function is called as the file is, takes all inputs and returns all
/// outputs.
pub fn compile(path: impl Into<String>) -> Compile {
    Compile {
        model: path.into(),
        dataset: None,
        function: None,
        options: String::new(),
    }
}

/// A model to compile, with what `include_model!` would be told about it.
#[derive(Clone, Debug)]
#[must_use = "nothing is compiled before `emit` is called"]
pub struct Compile {
    model: String,
    dataset: Option<String>,
    function: Option<String>,
    options: String,
}

/// Why a build script could not compile a model; `Debug` prints the message, too, since that is
/// what a `main` that returns an error shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl Compile {
    /// Sets the representative dataset, relative to the crate's folder.
    pub fn dataset(mut self, path: impl Into<String>) -> Self {
        self.dataset = Some(path.into());
        self
    }

    /// Sets the function as `include_model!` has it before the `=`: attributes, visibility,
    /// name, and the lists of inputs and outputs if they are to be written out. The file that
    /// [`Compile::emit`] writes has the function's name.
    pub fn function(mut self, declaration: impl Into<String>) -> Self {
        self.function = Some(declaration.into());
        self
    }

    /// Adds options as `include_model!` has them behind the path, separated by commas.
    pub fn options(mut self, options: &str) -> Self {
        let options = options.trim().trim_end_matches(',');
        if !options.is_empty() {
            self.options += ", ";
            self.options += options;
        }
        self
    }

    /// Compiles the model and writes `<function's name>.rs` into `OUT_DIR`; tells cargo which
    /// files the result depends on.
    ///
    /// # Errors
    /// What `include_model!` would refuse, with the option or path that is to blame, or a folder
    /// that cannot be written to.
    pub fn emit(&self) -> Result<(), Error> {
        let folder = |name: &str| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .ok_or_else(|| Error(format!("{name} is not set: call this in a build script")))
        };
        let (manifest, out) = (folder("CARGO_MANIFEST_DIR")?, folder("OUT_DIR")?);
        println!("cargo::rerun-if-env-changed=NIELLO_CACHE");
        self.emit_from(&manifest, &out, cache_folder(&manifest))
    }

    /// As [`Compile::emit`], with the folders that cargo would name.
    fn emit_from(&self, manifest: &Path, out: &Path, cache: Option<PathBuf>) -> Result<(), Error> {
        let arguments = self.arguments()?;
        let path = |path: &LitStr| manifest.join(path.value());
        let request = arguments.request(path, cache);
        // Also if the model is refused: a mended file is read again.
        let files = std::iter::once(&request.model).chain(&request.dataset);
        for path in files.chain(&request.options.labels) {
            println!("cargo::rerun-if-changed={}", path.display());
        }
        let (tokens, warnings) = compile_with_warnings(&arguments.item(), &request)
            .map_err(|error| Error(format!("{}{}", place(&error.blame, self), error.message)))?;
        for warning in warnings {
            println!("cargo::warning={}: {}", self.model, warning.text());
        }
        let file = out.join(format!("{}.rs", name_of_file(&arguments)));
        // What is the same is not touched, so that nothing is compiled again.
        let text = tokens.to_string();
        if std::fs::read_to_string(&file).is_ok_and(|old| old == text) {
            return Ok(());
        }
        std::fs::write(&file, text)
            .map_err(|e| Error(format!("cannot write {}: {e}", file.display())))
    }

    /// The macro's arguments that say the same.
    fn arguments(&self) -> Result<Arguments, Error> {
        let function = match &self.function {
            Some(function) => function.clone(),
            None => format!("fn {}", self.name_of_model()?),
        };
        let parsed = |what: &str, text: String| {
            syn::parse_str::<Arguments>(&text)
                .map_err(|e| Error(format!("niello_build, {what}: {e}")))
        };
        // The function alone first, so that an error can say which of both it is about.
        parsed("function(..)", format!("{function} = \"\""))?;
        let dataset = self.dataset.as_ref();
        let dataset = dataset.map_or(String::new(), |d| format!(", dataset = {d:?}"));
        let whole = format!("{function} = {:?}{dataset}{}", self.model, self.options);
        parsed("options(..)", whole)
    }

    /// The file's name as the function's.
    fn name_of_model(&self) -> Result<String, Error> {
        let stem = Path::new(&self.model).file_stem().unwrap_or_default();
        let name = stem
            .to_string_lossy()
            .to_lowercase()
            .replace(['-', '.', ' '], "_");
        match syn::parse_str::<syn::Ident>(&name) {
            Ok(_) => Ok(name),
            Err(_) => Err(Error(format!(
                "niello_build: {name:?} cannot be a function's name; say one by `.function(\"fn name\")`"
            ))),
        }
    }
}

/// The call that an error is about, to stand before its message.
fn place(blame: &Blame, call: &Compile) -> String {
    let part = match blame {
        Blame::Dataset => "dataset".to_owned(),
        Blame::Option(name) => format!("option `{name}`"),
        Blame::Input(i) => format!("input {i} of function(..)"),
        Blame::Output(i) => format!("output {i} of function(..)"),
        Blame::Tensor(i) => format!("clause {i} of tensors(..)"),
        Blame::Require(i) => format!("clause {i} of require(..)"),
        _ => return format!("{}: ", call.model),
    };
    format!("{}, {part}: ", call.model)
}

fn name_of_file(arguments: &Arguments) -> String {
    let name = arguments.name.to_string();
    name.trim_start_matches("r#").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_call_that_is_to_blame() {
        let error = |call: Compile| call.arguments().err().expect("an error").to_string();
        let wrong = error(compile("a.tflite").function("fn a(b: f65)"));
        assert!(
            wrong.starts_with("niello_build, function(..): element type `f65`"),
            "{wrong}"
        );
        let wrong = error(compile("a.tflite").options("smaples = 3"));
        assert!(
            wrong.contains("options(..): unknown option `smaples`"),
            "{wrong}"
        );
        let wrong = error(compile("1.tflite"));
        assert!(wrong.contains("cannot be a function's name"), "{wrong}");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let missing = compile("none.tflite").emit_from(folder.path(), folder.path(), None);
        let missing = missing.expect_err("no such file").to_string();
        assert!(
            missing.starts_with("none.tflite: cannot read the model"),
            "{missing}"
        );
    }

    #[test]
    fn arguments_are_those_of_the_macro() {
        let call = compile("models/Two words.tflite")
            .dataset("a \"b\".npz")
            .options("samples = 3,")
            .options("weights = per_tensor");
        let arguments = call.arguments().expect("valid");
        assert_eq!(arguments.name, "two_words");
        assert_eq!(arguments.model.value(), "models/Two words.tflite");
        assert_eq!(
            arguments.dataset.as_ref().expect("given").value(),
            "a \"b\".npz"
        );
        assert_eq!(arguments.options.samples, Some(3));
        assert!(!arguments.options.per_channel);
    }
}
