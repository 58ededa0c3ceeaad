//! Inputs and outputs may be called as anything that the expansion has a name for.
#![forbid(unsafe_code)]

use std::collections::BTreeSet;

use niello_fuzz::targets::{arguments, expansion};
use proc_macro2::{TokenStream, TokenTree};

/// All names of an expansion.
fn words(tokens: TokenStream, all: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => words(group.stream(), all),
            TokenTree::Ident(ident) => {
                all.insert(ident.to_string().trim_start_matches("r#").to_owned());
            }
            _ => {}
        }
    }
}

/// In front of a name that may be a keyword.
fn raw(name: &str) -> String {
    let plain = syn::parse_str::<syn::Ident>(name).is_ok();
    format!("{}{name}", if plain { "" } else { "r#" })
}

#[test]
fn no_name_collides() {
    const CALLS: [(&str, &str, &str); 3] = [
        ("\"x\"", ", b: i8", "\"ops/add_i8.tflite\""),
        ("\"x\"", ", b: i8", "\"ops/add_i8.tflite\", inputs = arena"),
        ("\"x\"", "", "\"ops/stream_i8.tflite\""),
    ];
    let mut all = BTreeSet::new();
    for (_, _, model) in CALLS {
        words(expansion(&format!("pub fn f = {model}")), &mut all);
    }
    let conv = "pub fn f(x: u8) = \"picture_f32.tflite\", dataset = \"pictures\"";
    words(expansion(conv), &mut all);
    all.extend(["clone", "CONV_2D_0", "as_mut_slice", "part"].map(str::to_owned));
    assert!(all.len() > 100, "{}", all.len());
    let mut taken = 0;
    for name in &all {
        if ["self", "Self", "super", "crate", "_"].contains(&name.as_str()) {
            continue;
        }
        let name = raw(name);
        for (input, others, model) in CALLS {
            // Refused with an error, or without a collision: see `check`.
            let call = format!("pub fn f({input} as {name}: i8{others}) = {model}");
            taken += usize::from(arguments(call.as_bytes()));
        }
        let call = format!("pub fn f -> {{ \"y\" as {name} }} = \"ops/add_i8.tflite\"");
        arguments(call.as_bytes());
    }
    assert!(taken > all.len(), "{taken} of {}", all.len());
    println!("{} names, {taken} calls taken", all.len());
}
