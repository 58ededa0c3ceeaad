//! What `include_model!` writes for three small models, and the program after each pass of the
//! quantization of one, as reviewed snapshots: see
//! `CONTRIBUTING.md` for how to accept a change.

use std::path::Path;

use niello_compiler::testing::item;
use niello_compiler::{Item, Options, Request, compile};
use niello_tests::here;
use proc_macro2::{Delimiter, Group, Ident, Literal, Span, TokenStream, TokenTree};
use quote::quote;

/// Longer constants are shown as their length and a hash.
const LONGEST: usize = 16;

/// The formatted expansion of a model of `models/ops`.
fn expansion(name: &str, options: Options) -> String {
    let item = Item {
        visibility: quote!(pub),
        ..item("model")
    };
    let request = Request {
        model: here().join("models/ops").join(name),
        dataset: None,
        options,
        cache: None,
    };
    let tokens = compile(&item, &request).unwrap_or_else(|e| panic!("{name}: {e}"));
    let file = syn::parse2(shortened(by_target(tokens))).expect("items");
    prettyplease::unparse(&file)
}

/// Tokens with the two programs of `rt::by_target! { {..} {..} }` as two modules, because the
/// content of a macro is not formatted.
fn by_target(tokens: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is_macro = |end: &[TokenTree]| match end {
        [.., TokenTree::Ident(name), TokenTree::Punct(punct)] => {
            name == "by_target" && punct.as_char() == '!'
        }
        _ => false,
    };
    let mut out: Vec<TokenTree> = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) if is_macro(&out) => {
                // `rt :: by_target !`
                out.truncate(out.len() - 5);
                for (name, part) in ["small_cores", "wide_registers"].iter().zip(group.stream()) {
                    let name = Ident::new(name, Span::call_site());
                    out.extend(quote!(mod #name #part));
                }
            }
            TokenTree::Group(group) => {
                let inside = by_target(group.stream());
                out.push(TokenTree::Group(Group::new(group.delimiter(), inside)));
            }
            other => out.push(other),
        }
    }
    out.into_iter().collect()
}

/// Tokens with long constants and paths of this machine replaced.
fn shortened(tokens: TokenStream) -> TokenStream {
    let short = |token| match token {
        TokenTree::Literal(literal) => TokenTree::Literal(short_literal(literal)),
        TokenTree::Group(group) => {
            let delimiter = group.delimiter();
            let is_list = delimiter == Delimiter::Bracket;
            let inside = match is_list.then(|| numbers(group.stream())).flatten() {
                Some(numbers) if numbers.len() > LONGEST => {
                    let text = summary("numbers", numbers.len(), &numbers.join(" "));
                    quote!(#text)
                }
                _ => shortened(group.stream()),
            };
            TokenTree::Group(Group::new(delimiter, inside))
        }
        other => other,
    };
    tokens.into_iter().map(short).collect()
}

/// A byte string by its length and hash, a path without the folder of this crate.
fn short_literal(literal: Literal) -> Literal {
    let text = literal.to_string();
    match syn::parse_str(&text) {
        Ok(syn::Lit::ByteStr(bytes)) if bytes.value().len() > LONGEST => {
            let length = bytes.value().len();
            Literal::byte_string(summary("bytes", length, &text).as_bytes())
        }
        Ok(syn::Lit::Str(string)) => {
            let folder = format!("{}/", here().display());
            Literal::string(&string.value().replace(&folder, ""))
        }
        _ => literal,
    }
}

/// The elements of a list of nothing but numbers.
fn numbers(list: TokenStream) -> Option<Vec<String>> {
    let mut numbers = Vec::new();
    let mut is_negative = false;
    for token in list {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => {}
            TokenTree::Punct(punct) if punct.as_char() == '-' => is_negative = true,
            TokenTree::Literal(number) => {
                let sign = if is_negative { "-" } else { "" };
                numbers.push(format!("{sign}{number}"));
                is_negative = false;
            }
            _ => return None,
        }
    }
    Some(numbers)
}

/// How many elements a constant has, and their hash (FNV-1a).
fn summary(what: &str, length: usize, text: &str) -> String {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |sum, byte| {
        (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    format!("{length} {what}, hash {hash:08x}")
}

/// Compares an expansion with its snapshot; every constant and operator has its docs.
fn check(name: &str, expansion: &str) {
    let lines: Vec<&str> = expansion.lines().map(str::trim).collect();
    for (line, next) in lines.iter().zip(&lines[1..]) {
        let is_documented = line.starts_with("///");
        assert!(
            is_documented || !next.starts_with("static "),
            "{name}: {next} has no docs"
        );
    }
    compare(name, expansion);
}

/// Compares a text with its snapshot.
fn compare(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn two_inputs_and_two_outputs() {
    let expansion = expansion("uint8_elementwise_u8.tflite", Options::default());
    check("two_inputs_and_two_outputs", &expansion);
}

#[test]
fn a_state() {
    let expansion = expansion("stream_i8.tflite", Options::default());
    check("a_state", &expansion);
}

#[test]
fn inputs_in_the_arena() {
    let options = Options {
        inputs_in_arena: true,
        ..Options::default()
    };
    check("inputs_in_the_arena", &expansion("conv_i8.tflite", options));
}

/// Each listing is shown if its pass changed the program.
#[test]
fn passes() {
    let model = here().join("models/ops/idle_residual_i8.tflite");
    let passes = niello_compiler::testing::passes(&model, None).expect("a program");
    let mut text = String::new();
    // The last listing of the passes that all targets share, and of the target's own.
    let (mut shared, mut own, mut target) = ("", "", "");
    for (name, listing) in &passes {
        let (prefix, _) = name.split_once(": ").unwrap_or_default();
        let before = if prefix == target { own } else { shared };
        let is_changed = before != listing;
        let shown = if is_changed {
            listing
        } else {
            "nothing changed\n"
        };
        text += &format!("== {name}\n{shown}\n");
        (own, target) = (listing, prefix);
        if prefix.is_empty() {
            shared = listing;
        }
    }
    compare("passes", &text);
}
