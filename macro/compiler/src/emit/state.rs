//! The type that holds what a model keeps from one run to the next.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::literals::{float, int, usize_literal};
use super::names::{distinct, snake};
use crate::ops::Buffer;
use crate::quantize::QuantGraph;

/// The name of the field of state `index`.
pub(super) fn field(program: &QuantGraph, index: usize) -> Ident {
    let names = program.states.iter().map(|s| snake(&s.name));
    // No keyword ends so.
    super::ident(&format!("{}_", distinct(names.collect())[index]))
}

/// `[i8; 12]` and a literal of its content.
fn array(data: &Buffer) -> (TokenStream, TokenStream) {
    let n = usize_literal(data.len());
    let all = |ty: &str, list: Vec<TokenStream>| {
        let ty = super::ident(ty);
        let same = list
            .first()
            .filter(|first| list.iter().all(|x| x.to_string() == first.to_string()));
        let content = match same {
            Some(value) => quote!([#value; #n]),
            None => quote!([#(#list),*]),
        };
        (quote!([#ty; #n]), content)
    };
    match data {
        Buffer::I8(data) => all("i8", data.iter().map(|&x| int(x.into())).collect()),
        Buffer::I16(data) => all("i16", data.iter().map(|&x| int(x.into())).collect()),
        Buffer::I32(data) => all("i32", data.iter().map(|&x| int(x)).collect()),
        Buffer::F32(data) => all("f32", data.iter().map(|&x| float(x)).collect()),
    }
}

/// The `State` struct, if the model has one.
pub(super) fn state(program: &QuantGraph) -> TokenStream {
    if program.states.is_empty() {
        return quote!();
    }
    let mut fields = Vec::new();
    let mut initial = Vec::new();
    let mut bytes = 0;
    for (i, state) in program.states.iter().enumerate() {
        let (name, (ty, content)) = (field(program, i), array(&state.initial));
        bytes += state.initial.to_bytes().len();
        let docs = format!("`{}`", state.name);
        fields.push(quote!(#[doc = #docs] #name: #ty));
        initial.push(quote!(#name: #content));
    }
    let bytes = usize_literal(bytes);
    quote! {
        /// What the model keeps from one run to the next. Each stream of data needs
        /// one of its own; [`Default`] is a fresh one, to begin a stream anew.
        #[derive(Clone, Debug, PartialEq)]
        pub struct State {
            #(#fields),*
        }

        impl State {
            /// As before the first run.
            pub const fn new() -> Self {
                Self { #(#initial),* }
            }
        }

        impl ::core::default::Default for State {
            fn default() -> Self {
                Self::new()
            }
        }

        /// Bytes of one [`State`].
        pub const STATE_BYTES: usize = #bytes;
    }
}
