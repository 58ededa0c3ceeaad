//! Numbers as tokens.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};

use crate::arithmetic::fixed_point::Multiplier;
use crate::arithmetic::quant_params::QuantParams;

/// A number without a suffix.
pub(crate) fn usize_literal(n: usize) -> Literal {
    Literal::usize_unsuffixed(n)
}

/// The fields `name: n,` of a struct literal.
pub(crate) fn fields(list: &[(&str, usize)]) -> TokenStream {
    let fields = list.iter().map(|(name, n)| {
        let (name, n) = (format_ident!("{name}"), usize_literal(*n));
        quote!(#name: #n,)
    });
    quote!(#(#fields)*)
}

/// An integer without a suffix; a minus is a token of its own.
pub(crate) fn int(n: i32) -> TokenStream {
    let literal = Literal::i64_unsuffixed(i64::from(n).abs());
    if n < 0 {
        quote!(-#literal)
    } else {
        quote!(#literal)
    }
}

/// Numbers with commas between them.
pub(crate) fn usizes(list: &[usize]) -> TokenStream {
    let list = list.iter().map(|n| usize_literal(*n));
    quote!(#(#list),*)
}

/// An f32 by its exact value; infinities by name.
pub(crate) fn float(x: f32) -> TokenStream {
    if x.is_finite() {
        let literal = Literal::f32_unsuffixed(x.abs());
        if x.is_sign_negative() {
            quote!(-#literal)
        } else {
            quote!(#literal)
        }
    } else if x > 0.0 {
        quote!(f32::INFINITY)
    } else {
        quote!(f32::NEG_INFINITY)
    }
}

/// The literal of the runtime's `Multiplier`.
pub(crate) fn multiplier(m: Multiplier) -> TokenStream {
    let (multiplier, shift) = (int(m.multiplier), int(m.shift));
    quote!(rt::Multiplier { multiplier: #multiplier, shift: #shift })
}

/// The literal of the runtime's `Quantization`.
pub(crate) fn quant_params(params: QuantParams) -> TokenStream {
    let (scale, zero_point) = (float(params.scale), int(params.zero_point));
    quote!(rt::Quantization { scale: #scale, zero_point: #zero_point })
}

/// An identifier of the user's hygiene.
pub(crate) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}
