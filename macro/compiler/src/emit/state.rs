//! The type that holds what a model keeps from one run to the next.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::identifiers::{distinct, snake};
use crate::ir::buffer::Buffer;
use crate::ir::quant_graph::QuantGraph;
use crate::tokens::literals::{float, ident, int, usize_literal};

/// The name of the field of state `index`.
pub(super) fn field(program: &QuantGraph, index: usize) -> Ident {
    let names = program.states.iter().map(|s| snake(&s.name));
    // No Rust keyword ends with `_`.
    ident(&format!("{}_", distinct(names.collect())[index]))
}

/// `[i8; 12]` and a literal of its content.
fn array(data: &Buffer) -> (TokenStream, TokenStream) {
    let n = usize_literal(data.len());
    /// A literal of elements, once if all are the same.
    fn content<T: Copy>(
        data: &[T],
        n: &Literal,
        bits: impl Fn(T) -> u32,
        token: impl Fn(T) -> TokenStream,
    ) -> TokenStream {
        // Tokens of single elements are slow to make: states are nearly always zeros.
        let first = data.first().copied();
        match first.filter(|&first| data.iter().all(|&x| bits(x) == bits(first))) {
            Some(value) => {
                let value = token(value);
                quote!([#value; #n])
            }
            None => {
                let list = data.iter().map(|&x| token(x));
                quote!([#(#list),*])
            }
        }
    }
    let (ty, content) = match data {
        Buffer::I8(data) => ("i8", content(data, &n, |x| x as u32, |x| int(x.into()))),
        Buffer::I16(data) => ("i16", content(data, &n, |x| x as u32, |x| int(x.into()))),
        Buffer::I32(data) => ("i32", content(data, &n, |x| x as u32, int)),
        Buffer::F32(data) => ("f32", content(data, &n, f32::to_bits, float)),
    };
    let ty = ident(ty);
    (quote!([#ty; #n]), content)
}

/// The `State` struct, if the model has one.
pub(super) fn state(program: &QuantGraph) -> TokenStream {
    if program.states.is_empty() {
        return quote!();
    }
    let mut fields = Vec::new();
    let mut initial = Vec::new();
    let mut names = Vec::new();
    let mut bytes = 0;
    for (i, state) in program.states.iter().enumerate() {
        let (name, (ty, content)) = (field(program, i), array(&state.initial));
        bytes += state.initial.to_bytes().len();
        let docs = format!("`{}`", state.name);
        fields.push(quote!(#[doc = #docs] #name: #ty));
        initial.push(quote!(#name: #content));
        names.push(name);
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

        rt::log_fields! { State { #(#names),* } }

        /// Bytes of one [`State`].
        pub const STATE_BYTES: usize = #bytes;
    }
}
