//! Finds the `include_model!` calls of a package in its sources.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cargo_metadata::{MetadataCommand, Package};
use niello_build::arguments::Arguments;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::call_edit::Place;

/// One call of the macro.
pub(crate) struct Call {
    pub arguments: Arguments,
    /// Where it stands in its file.
    pub place: Place,
    /// The file that it stands in.
    pub source: PathBuf,
    /// The folder of the package's manifest.
    pub manifest: PathBuf,
}

/// All calls of the package around the current folder, or of all packages of a workspace that has
/// none of its own there.
pub(crate) fn find(manifest: Option<&Path>) -> Result<Vec<Call>, String> {
    let mut command = MetadataCommand::new();
    command.no_deps();
    if let Some(path) = manifest {
        command.manifest_path(path);
    }
    let metadata = command.exec().map_err(|e| {
        format!("cargo finds no crate here ({e}); give a .tflite file, or go to a crate that calls include_model!")
    })?;
    // Of a workspace, the package that one stands in; all of them in its own folder.
    let nearest = match manifest {
        Some(path) => path.canonicalize().ok(),
        None => nearest_manifest(),
    };
    let packages = metadata.workspace_packages();
    let own = packages.iter().copied().find(|package| {
        let path = package.manifest_path.canonicalize().ok();
        path.is_some() && path == nearest
    });
    let packages: Vec<&Package> = own.map_or(packages, |own| vec![own]);
    let mut calls = Vec::new();
    for package in packages {
        let manifest = package.manifest_path.parent();
        let manifest = manifest.map_or(PathBuf::new(), |folder| folder.as_std_path().to_owned());
        let mut sources = Sources::default();
        for target in &package.targets {
            sources.read(target.src_path.as_std_path(), true)?;
        }
        for (source, tokens, place) in sources.calls {
            let arguments = syn::parse2(tokens)
                .map_err(|e| format!("{}, include_model!: {e}", source.display()))?;
            calls.push(Call {
                arguments,
                place,
                source,
                manifest: manifest.clone(),
            });
        }
    }
    Ok(calls)
}

/// The `Cargo.toml` of the current folder or of the nearest folder around it.
fn nearest_manifest() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?.canonicalize().ok()?;
    let mut manifests = here.ancestors().map(|folder| folder.join("Cargo.toml"));
    manifests.find(|path| path.is_file())
}

/// The source files of targets, followed along their `mod` lines.
#[derive(Default)]
struct Sources {
    seen: BTreeSet<PathBuf>,
    calls: Vec<(PathBuf, TokenStream, Place)>,
}

impl Sources {
    /// Reads a file; `is_root` if its modules lie beside it, as those of `main.rs` and `mod.rs`.
    fn read(&mut self, file: &Path, is_root: bool) -> Result<(), String> {
        if !self.seen.insert(file.to_owned()) {
            return Ok(());
        }
        let text = std::fs::read_to_string(file)
            .map_err(|e| format!("cannot read {}: {e}", file.display()))?;
        let tokens: TokenStream = without_mark(&text)
            .parse()
            .map_err(|e| format!("{}: {e}", file.display()))?;
        let folder = if is_root {
            file.parent().unwrap_or(Path::new("")).to_owned()
        } else {
            file.with_extension("")
        };
        self.walk(file, &text, &folder, tokens)
    }

    fn walk(
        &mut self,
        file: &Path,
        text: &str,
        folder: &Path,
        tokens: TokenStream,
    ) -> Result<(), String> {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let is = |at: usize, word: &str| match trees.get(at) {
            Some(TokenTree::Ident(ident)) => *ident == word,
            Some(TokenTree::Punct(punct)) => punct.as_char().to_string() == word,
            _ => false,
        };
        let mut at = 0;
        while at < trees.len() {
            if is(at, "include_model")
                && is(at + 1, "!")
                && let Some(TokenTree::Group(group)) = trees.get(at + 2)
            {
                // In the definition of another macro, arguments have a `$`.
                if !group.stream().to_string().contains('$') {
                    let place = place(text, group);
                    self.calls.push((file.to_owned(), group.stream(), place));
                }
                at += 3;
                continue;
            }
            if is(at, "mod")
                && let Some(TokenTree::Ident(name)) = trees.get(at + 1)
            {
                let name = name.to_string();
                let name = name.trim_start_matches("r#");
                match trees.get(at + 2) {
                    Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                        self.walk(file, text, &folder.join(name), group.stream())?;
                        at += 3;
                        continue;
                    }
                    Some(TokenTree::Punct(punct)) if punct.as_char() == ';' => {
                        let path = stated_path(&trees[..at]);
                        self.module(file, folder, name, path)?;
                    }
                    _ => {}
                }
            }
            if let TokenTree::Group(group) = &trees[at] {
                self.walk(file, text, folder, group.stream())?;
            }
            at += 1;
        }
        Ok(())
    }

    /// Reads the file of `mod name;`. One that is not there is behind a `cfg`.
    fn module(
        &mut self,
        file: &Path,
        folder: &Path,
        name: &str,
        path: Option<String>,
    ) -> Result<(), String> {
        if let Some(path) = path {
            let path = file.with_file_name(path);
            return if path.is_file() {
                self.read(&path, true)
            } else {
                Ok(())
            };
        }
        let beside = folder.join(format!("{name}.rs"));
        if beside.is_file() {
            return self.read(&beside, false);
        }
        let inside = folder.join(name).join("mod.rs");
        if inside.is_file() {
            return self.read(&inside, true);
        }
        Ok(())
    }
}

/// A text without the mark that some editors put at its beginning.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Where the arguments in this group stand in the text.
fn place(text: &str, group: &Group) -> Place {
    let mark = text.len() - without_mark(text).len();
    let start = group.span_open().byte_range().end + mark;
    let end = group.span_close().byte_range().start + mark;
    Place {
        text: text.to_owned(),
        arguments: start..end,
    }
}

/// The path of a `#[path = ".."]` among the attributes that end here.
fn stated_path(before: &[TokenTree]) -> Option<String> {
    let mut rest = before;
    // Visibility stands between.
    while let [.., last] = rest {
        match last {
            TokenTree::Ident(ident) if *ident == "pub" => rest = &rest[..rest.len() - 1],
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                rest = &rest[..rest.len() - 1];
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
                let parsed: syn::Result<syn::MetaNameValue> = syn::parse2(group.stream());
                if let Ok(attribute) = parsed
                    && attribute.path.is_ident("path")
                    && let syn::Expr::Lit(literal) = &attribute.value
                    && let syn::Lit::Str(path) = &literal.lit
                {
                    return Some(path.value());
                }
                rest = &rest[..rest.len().saturating_sub(2)];
            }
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        let mut sources = Sources::default();
        let tokens = text.parse().expect("tokens");
        let walked = sources.walk(Path::new("a.rs"), text, Path::new(""), tokens);
        walked.expect("no other files");
        for (_, tokens, place) in &sources.calls {
            let stands: TokenStream = text[place.arguments.clone()].parse().expect("tokens");
            assert_eq!(stands.to_string(), tokens.to_string());
        }
        sources.calls.len()
    }

    #[test]
    fn calls_are_found_wherever_they_stand() {
        assert_eq!(found("niello::include_model! { fn a = \"a.tflite\" }"), 1);
        assert_eq!(
            found(
                "mod x { fn f() { include_model!(fn a = \"a\"); include_model![fn b = \"b\"] } }"
            ),
            2
        );
        assert_eq!(found("/// include_model!(fn a = \"a\")\nfn f() {}"), 0);
        assert_eq!(
            found("macro_rules! m { ($p:expr) => { include_model!(fn a = $p) } }"),
            0
        );
        assert_eq!(found("use niello::include_model;"), 0);
    }

    #[test]
    fn the_path_of_a_module_is_found_behind_visibility() {
        let path = |text: &str| {
            let tokens: TokenStream = text.parse().expect("tokens");
            stated_path(&tokens.into_iter().collect::<Vec<_>>())
        };
        assert_eq!(path("#[path = \"b.rs\"] pub(crate)"), Some("b.rs".into()));
        assert_eq!(
            path("#[path = \"b.rs\"] #[cfg(test)] pub"),
            Some("b.rs".into())
        );
        assert_eq!(path("#[cfg(test)]"), None);
    }
}
