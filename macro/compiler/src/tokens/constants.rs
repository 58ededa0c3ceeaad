//! The `static`s of a program: weights as byte strings, each stored once.

use niello_numeric::simd_models::f32_requant::Truncation;
use std::collections::HashMap;

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};

use crate::arithmetic::fixed_point::Multiplier;
use crate::tokens::layouts;
use crate::tokens::literals::{float, ident, int};

/// Collects constants while kernels are emitted.
#[derive(Default)]
pub(crate) struct Constants {
    /// The beginning of new constants' names, e.g. `CONV_2D_3`.
    pub prefix: String,
    /// The operator that new constants belong to, for their docs, e.g. `#3 CONV_2D -> y`.
    pub owner: String,
    items: Vec<TokenStream>,
    /// Constants of the operator that is being emitted, whose docs wait for its parameters.
    open: Vec<Open>,
    /// Names by content: operators may share constants.
    known: HashMap<(&'static str, Vec<u8>), String>,
    bytes: usize,
}

/// A constant without its docs.
struct Open {
    owner: String,
    /// The last part of its name.
    hint: String,
    item: TokenStream,
}

impl Constants {
    /// The name of a constant; equal contents of one kind are stored once.
    fn share(
        &mut self,
        kind: &'static str,
        hint: &str,
        content: Vec<u8>,
        item: impl FnOnce(&proc_macro2::Ident) -> TokenStream,
    ) -> proc_macro2::Ident {
        let size = content.len();
        if let Some(name) = self.known.get(&(kind, content.clone())) {
            return ident(name);
        }
        let mut name = format!("{}_{hint}", self.prefix);
        while self.known.values().any(|known| *known == name) {
            name.push('_');
        }
        let ident = ident(&name);
        self.known.insert((kind, content), name);
        self.open.push(Open {
            owner: self.owner.clone(),
            hint: hint.to_owned(),
            item: item(&ident),
        });
        self.bytes += size;
        ident
    }

    /// Int8 data as one byte string (number tokens take seconds to compile).
    pub(crate) fn bytes(&mut self, hint: &str, data: &[i8]) -> TokenStream {
        let bytes: Vec<u8> = data.iter().map(|&q| q as u8).collect();
        let n = bytes.len();
        let literal = Literal::byte_string(&bytes);
        let name = self.share(
            "bytes",
            hint,
            bytes,
            |name| quote!(static #name: rt::Aligned<[u8; #n]> = rt::Aligned(*#literal);),
        );
        quote!(&#name.0)
    }

    /// A static of float weights, as groups of four bytes in little endian.
    pub(crate) fn float_bytes(&mut self, hint: &str, data: &[f32]) -> TokenStream {
        self.groups(hint, little_endian(data, f32::to_le_bytes))
    }

    /// A static of weights of 9 bits, as pairs of bytes in little endian.
    pub(crate) fn int16_bytes(&mut self, hint: &str, data: &[i16]) -> TokenStream {
        self.groups(hint, little_endian(data, i16::to_le_bytes))
    }

    /// A static of bytes, borrowed as groups whose length the reader's type says.
    fn groups(&mut self, hint: &str, bytes: Vec<u8>) -> TokenStream {
        let bytes: Vec<i8> = bytes.into_iter().map(|b| b as i8).collect();
        let bytes = self.bytes(hint, &bytes);
        quote!((#bytes).as_chunks().0)
    }

    /// A static of int8 data that kernels read as numbers: operands and shifts.
    pub(crate) fn int8s(&mut self, hint: &str, data: &[i8]) -> TokenStream {
        let content = little_endian(data, i8::to_le_bytes);
        self.array("int8s", hint, quote!(i8), content, data.len(), || {
            list(data, |q| int(q.into()))
        })
    }

    /// A static of int16 data.
    pub(crate) fn int16s(&mut self, hint: &str, data: &[i16]) -> TokenStream {
        let content = little_endian(data, i16::to_le_bytes);
        self.array("int16s", hint, quote!(i16), content, data.len(), || {
            list(data, |x| int(x.into()))
        })
    }

    /// A static of int32 data.
    pub(crate) fn words(&mut self, hint: &str, data: &[i32]) -> TokenStream {
        let content = little_endian(data, i32::to_le_bytes);
        self.array("words", hint, quote!(i32), content, data.len(), || {
            list(data, int)
        })
    }

    /// A static of uint32 data.
    pub(crate) fn unsigned_words(&mut self, hint: &str, data: &[u32]) -> TokenStream {
        let content = little_endian(data, u32::to_le_bytes);
        self.array(
            "unsigned words",
            hint,
            quote!(u32),
            content,
            data.len(),
            || list(data, Literal::u32_unsuffixed),
        )
    }

    /// A static of int64 data.
    pub(crate) fn long_words(&mut self, hint: &str, data: &[i64]) -> TokenStream {
        let content = little_endian(data, i64::to_le_bytes);
        self.array("long words", hint, quote!(i64), content, data.len(), || {
            list(data, Literal::i64_unsuffixed)
        })
    }

    /// A static of f32 data.
    pub(crate) fn floats(&mut self, hint: &str, data: &[f32]) -> TokenStream {
        let bits: Vec<u32> = data.iter().map(|x| x.to_bits()).collect();
        let content = little_endian(data, f32::to_le_bytes);
        self.array("floats", hint, quote!(f32), content, data.len(), || {
            list(&bits, |x| float(f32::from_bits(x)))
        })
    }

    /// A static array of `n` elements, borrowed.
    fn array(
        &mut self,
        kind: &'static str,
        hint: &str,
        element: TokenStream,
        content: Vec<u8>,
        n: usize,
        list: impl FnOnce() -> TokenStream,
    ) -> TokenStream {
        let name = self.share(kind, hint, content, |name| {
            let list = list();
            quote!(static #name: [#element; #n] = #list;)
        });
        quote!(&#name)
    }

    /// A static of the runtime's `RequantPanel`s: multipliers in blocks of sixteen channels, which
    /// the runtime packs (`pack_requant`), and what a truncation in f32 needs to give their
    /// outputs, if anything does.
    pub(crate) fn requant_panels(
        &mut self,
        channels: &[(Multiplier, Option<Truncation>)],
    ) -> TokenStream {
        let n = channels.len().div_ceil(16);
        let multipliers: Vec<i32> = channels.iter().map(|(m, _)| m.multiplier).collect();
        let shifts: Vec<i32> = channels.iter().map(|(m, _)| m.shift).collect();
        let units: Vec<u8> = channels
            .iter()
            .flat_map(|(_, t)| Truncation::bytes(*t))
            .map(|q| q as u8)
            .collect();
        let (first, second) = (in_blocks(&multipliers), in_blocks(&shifts));
        let all = multipliers.iter().chain(&shifts);
        let content = all.flat_map(|x| x.to_le_bytes()).chain(units.clone());
        let units = Literal::byte_string(&units);
        let name = self.share(
            "ready",
            "MULTIPLIER",
            content.collect(),
            |name| quote!(static #name: [rt::RequantPanel; #n] = rt::pack_requant(#first, #second, #units);),
        );
        quote!(&#name)
    }

    /// A static of biases in blocks of sixteen channels (`[[i32; 16]; n]`), from which the runtime
    /// subtracts 128 times the total of each channel's weights where inputs are `x ^ 0x80`.
    pub(crate) fn folded(&mut self, bias: &[i32], totals: &[i32]) -> TokenStream {
        let n = bias.len().div_ceil(16);
        let (first, second) = (in_blocks(bias), in_blocks(totals));
        let both = bias.iter().chain(totals);
        let bytes = both.flat_map(|x| x.to_le_bytes()).collect();
        let name = self.share("folded", "BIAS", bytes, |name| {
            quote! {
                static #name: rt::Aligned<[[i32; 16]; #n]> =
                    rt::Aligned(rt::folded(#first, #second));
            }
        });
        quote!(&#name.0)
    }

    /// A static of the parameters of one kernel.
    pub(crate) fn parameters(
        &mut self,
        docs: &str,
        ty: TokenStream,
        value: TokenStream,
    ) -> TokenStream {
        let name = ident(&self.prefix);
        self.close(&ty.to_string());
        self.items.push(quote! {
            #[doc = #docs]
            static #name: rt::#ty = #value;
        });
        quote!(&#name)
    }

    /// Gives the constants of an operator their docs.
    fn close(&mut self, parameters_type: &str) {
        for Open { owner, hint, item } in std::mem::take(&mut self.open) {
            let what = layouts::describe(parameters_type, &hint);
            let docs = format!("{owner}: {what}");
            self.items.push(quote!(#[doc = #docs] #item));
        }
    }

    /// The size of all constants, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.bytes
    }

    /// All statics, with their docs.
    pub(crate) fn into_items(mut self) -> Vec<TokenStream> {
        self.close("");
        self.items
    }
}

/// The bytes of all elements, each in little endian.
fn little_endian<T: Copy, const N: usize>(data: &[T], bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    data.iter().flat_map(|&x| bytes(x)).collect()
}

/// The length up to which an array literal is written in full though all elements are the same.
const SHORT: usize = 1024;

/// The literal of an array: `[1, 2, ..]`, or `[0; 4096]`.
fn list<T: Copy + PartialEq, U: ToTokens>(data: &[T], token: impl Fn(T) -> U) -> TokenStream {
    match data {
        [first, rest @ ..] if rest.len() >= SHORT && rest.iter().all(|x| x == first) => {
            let (first, n) = (token(*first), data.len());
            quote!([#first; #n])
        }
        _ => {
            let tokens = data.iter().map(|&x| token(x));
            quote!([#(#tokens),*])
        }
    }
}

/// The numbers in groups, one group a line: `[[1, 2, ..], ..]`.
fn in_blocks(data: &[i32]) -> TokenStream {
    let blocks = data.chunks(16).map(|block| {
        let filled = block.iter().copied().chain(std::iter::repeat(0));
        let numbers = filled.take(16).map(int);
        quote!([#(#numbers),*])
    });
    quote!([#(#blocks),*])
}
