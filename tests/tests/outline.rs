//! The outline that editors get has the types and signatures of the whole expansion.

use std::path::Path;

use niello_compiler::{Item, Options, PortChoice, Request, compile, outline};
use niello_tests::here;
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};

fn item(name: &str) -> Item {
    Item {
        attributes: quote!(#[doc = " Words of the user's."]),
        visibility: quote!(pub),
        name: format_ident!("{name}"),
        krate: quote!(::niello),
    }
}

fn request(cache: &Path, outputs: Option<Vec<PortChoice>>) -> Request {
    let models = here().join("../examples/models");
    Request {
        model: models.join("photo_locator_f32.tflite"),
        dataset: Some(models.join("photo_locator_calibration.npz")),
        options: Options {
            samples: Some(4),
            outputs,
            ..Options::default()
        },
        cache: Some(cache.to_owned()),
    }
}

/// The public items of a file as text, without bodies, and without values of constants if they
/// are not `known`.
fn signatures(tokens: TokenStream, known: bool) -> Vec<String> {
    fn of(items: Vec<syn::Item>, known: bool, all: &mut Vec<String>) {
        for item in items {
            match item {
                syn::Item::Fn(f) => all.push(f.sig.to_token_stream().to_string()),
                syn::Item::Mod(m) => of(m.content.expect("inline").1, known, all),
                syn::Item::Impl(i) => {
                    let owner = i.self_ty.to_token_stream();
                    for part in i.items {
                        match part {
                            syn::ImplItem::Fn(f) => {
                                all.push(format!("{owner} {}", f.sig.to_token_stream()));
                            }
                            syn::ImplItem::Const(c) if known => {
                                all.push(format!("{owner} {}", c.to_token_stream()));
                            }
                            syn::ImplItem::Const(c) => {
                                all.push(format!("{owner} {}", c.ident));
                            }
                            other => all.push(other.to_token_stream().to_string()),
                        }
                    }
                }
                syn::Item::Const(c) if c.ident == "_" => {}
                syn::Item::Const(c) if known => all.push(c.to_token_stream().to_string()),
                syn::Item::Const(c) => all.push(c.ident.to_string()),
                syn::Item::Struct(s) => all.push(s.to_token_stream().to_string()),
                // Functions and constants of both kinds of target, and the check of layouts.
                syn::Item::Macro(m) => of_targets(m.mac.tokens, known, all),
                syn::Item::Static(_) => {}
                other => all.push(other.to_token_stream().to_string()),
            }
        }
    }
    fn of_targets(tokens: TokenStream, known: bool, all: &mut Vec<String>) {
        for tree in tokens {
            if let proc_macro2::TokenTree::Group(group) = tree {
                match syn::parse2::<syn::File>(group.stream()) {
                    Ok(file) => of(file.items, known, all),
                    Err(_) => of_targets(group.stream(), known, all),
                }
            }
        }
    }
    let mut all = Vec::new();
    let file: syn::File = syn::parse2(tokens).expect("a file");
    of(file.items, known, &mut all);
    all
}

#[test]
fn a_compiled_model_has_its_outline_in_the_cache() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let request = request(folder.path(), None);
    let item = item("locate");
    let whole = compile(&item, &request).expect("compiles");
    let outline = outline(&item, &request).expect("is kept");
    assert!(outline.to_string().len() * 5 < whole.to_string().len());
    assert!(outline.to_string().contains("A run costs"));
    let signatures = |tokens| signatures(tokens, true);
    assert_eq!(signatures(outline), signatures(whole));
}

#[test]
fn a_model_that_nobody_has_compiled_has_its_types() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let request = request(folder.path(), None);
    let item = item("locate");
    let outline = outline(&item, &request).expect("the interface is known");
    assert!(!outline.to_string().contains("A run costs"));
    let whole = compile(&item, &request).expect("compiles");
    let mut outline = signatures(outline, false);
    let mut whole = signatures(whole, false);
    // Of both kinds of target there, of one here.
    outline.sort();
    outline.dedup();
    whole.sort();
    whole.dedup();
    assert_eq!(outline, whole);
}

#[test]
fn an_outline_is_that_of_its_files_and_options() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let choice = |name: &str| PortChoice {
        name: name.to_owned(),
        ..PortChoice::default()
    };
    let first = outline(&item("locate"), &request(folder.path(), None)).expect("known");
    // An output's list that is wrong is not an editor's concern.
    let wrong = Some(vec![choice("nothing")]);
    let second = outline(&item("locate"), &request(folder.path(), wrong)).expect("known");
    assert_eq!(signatures(first, true), signatures(second, true));
    let other = outline(&item("other"), &request(folder.path(), None)).expect("known");
    assert!(other.to_string().contains("fn other"));
}
