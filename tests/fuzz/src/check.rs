//! What can be said of emitted code without a compiler: it parses, and no name is
//! defined twice.

use proc_macro2::{TokenStream, TokenTree};
use syn::{File, ImplItem, Item};

/// Panics if rustc would refuse the expansion for what can be seen without types.
pub(crate) fn expansion(tokens: &TokenStream) -> File {
    let file = match syn::parse2::<File>(tokens.clone()) {
        Ok(file) => file,
        Err(error) => panic!("the expansion does not parse: {error}"),
    };
    words(tokens.clone());
    names(&file.items, "");
    file
}

/// Asserts that no number was written as `NaN` or `inf`, which are no literals.
fn words(tokens: TokenStream) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => words(group.stream()),
            TokenTree::Ident(ident) => {
                let ident = ident.to_string();
                let bad = ident == "NaN" || ident == "inf";
                assert!(!bad, "the expansion has the word {ident} for a number");
            }
            _ => {}
        }
    }
}

/// Names of types, and of functions and constants.
#[derive(Default)]
struct Names {
    types: Vec<String>,
    values: Vec<String>,
}

fn add(list: &mut Vec<String>, name: String, place: &str) {
    // Unnamed constants are not names.
    if name == "_" {
        return;
    }
    assert!(!list.contains(&name), "{place}::{name} is defined twice");
    list.push(name);
}

fn names(items: &[Item], place: &str) {
    let mut names = Names::default();
    let mut methods: Vec<(String, Vec<String>)> = Vec::new();
    let mut bound = Vec::new();
    for item in items {
        let ident = |i: &proc_macro2::Ident| i.to_string();
        match item {
            Item::Struct(s) => {
                add(&mut names.types, ident(&s.ident), place);
                let mut fields = Vec::new();
                for field in &s.fields {
                    if let Some(name) = &field.ident {
                        add(&mut fields, ident(name), &ident(&s.ident));
                    }
                }
                if s.fields.iter().all(|f| f.ident.is_none()) {
                    add(&mut names.values, ident(&s.ident), place);
                }
            }
            Item::Type(t) => add(&mut names.types, ident(&t.ident), place),
            Item::Mod(m) => {
                add(&mut names.types, ident(&m.ident), place);
                let inner = m.content.as_ref().map_or(&[][..], |(_, items)| items);
                self::names(inner, &ident(&m.ident));
            }
            Item::Use(_) => {}
            Item::Const(c) => add(&mut names.values, ident(&c.ident), place),
            Item::Static(s) => add(&mut names.values, ident(&s.ident), place),
            Item::Fn(f) => {
                add(&mut names.values, ident(&f.sig.ident), place);
                bound.extend(parameters(&f.sig, place));
            }
            Item::Impl(block) if block.trait_.is_none() => {
                let ty = &block.self_ty;
                let ty = quote::quote!(#ty).to_string();
                let at = methods.iter().position(|(t, _)| *t == ty);
                let at = at.unwrap_or_else(|| {
                    methods.push((ty.clone(), Vec::new()));
                    methods.len() - 1
                });
                for item in &block.items {
                    match item {
                        ImplItem::Fn(f) => {
                            add(&mut methods[at].1, ident(&f.sig.ident), &ty);
                            bound.extend(parameters(&f.sig, &ty));
                        }
                        ImplItem::Const(c) => add(&mut methods[at].1, ident(&c.ident), &ty),
                        _ => {}
                    }
                }
            }
            Item::Macro(call) => {
                // `by_target!` and `with_threads!` have items in them.
                for token in call.mac.tokens.clone() {
                    if let TokenTree::Group(group) = token
                        && let Ok(inner) = syn::parse2::<File>(group.stream())
                    {
                        let all = [items_of(items), inner.items].concat();
                        self::names(&all, place);
                    }
                }
                if let Ok(inner) = syn::parse2::<File>(call.mac.tokens.clone()) {
                    let all = [items_of(items), inner.items].concat();
                    self::names(&all, place);
                }
            }
            _ => {}
        }
    }
    // A parameter that is called as a constant is a pattern. Functions may be hidden, but
    // these two are called where parameters are in scope.
    let functions = items.iter().filter_map(|item| match item {
        Item::Fn(f) => Some(f.sig.ident.to_string()),
        _ => None,
    });
    let free: Vec<String> = functions
        .filter(|f| f != "step" && f != "run_into")
        .collect();
    for name in bound {
        let hides = names.values.contains(&name) && !free.contains(&name);
        assert!(!hides, "the parameter {name} hides {place}::{name}");
    }
}

/// Items that are there for every target.
fn items_of(items: &[Item]) -> Vec<Item> {
    let plain = items.iter().filter(|i| !matches!(i, Item::Macro(_)));
    plain.cloned().collect()
}

/// The names of a function's parameters, each of them once.
fn parameters(signature: &syn::Signature, place: &str) -> Vec<String> {
    let mut names = Vec::new();
    for argument in &signature.inputs {
        if let syn::FnArg::Typed(typed) = argument
            && let syn::Pat::Ident(name) = &*typed.pat
        {
            add(&mut names, name.ident.to_string(), place);
        }
    }
    names
}

/// The value of a constant, wherever it is; the largest if there are several.
pub(crate) fn constant(tokens: &TokenStream, name: &str) -> Option<u64> {
    let mut largest = None;
    let mut before = [String::new(), String::new(), String::new(), String::new()];
    for token in tokens.clone() {
        if let TokenTree::Group(group) = &token {
            largest = largest.max(constant(&group.stream(), name));
        }
        let text = token.to_string();
        // `NAME : usize = 7`
        if before[0] == name && before[3] == "=" {
            let digits = text.trim_end_matches("usize").trim_end_matches("u64");
            largest = largest.max(digits.parse().ok());
        }
        before.rotate_left(1);
        before[3] = text;
    }
    largest
}
