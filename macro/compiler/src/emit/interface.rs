//! The types that callers see: one struct per input, one for all outputs, and
//! the constants that describe them.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::names::RustPort;
use crate::arithmetic::quant_params::QuantParams;
use crate::error::shape_text;
use crate::ir::graph::ElementType;
use crate::ir::quant_graph::QuantGraph;
use crate::tokens::literals::{float, ident, int, usize_literal, usizes};

/// Nested arrays: `[[f32; 3]; 8]`.
fn array_type(element: ElementType, shape: &[usize]) -> TokenStream {
    let name = ident(element.name());
    shape.iter().rev().fold(quote!(#name), |inner, n| {
        let n = usize_literal(*n);
        quote!([#inner; #n])
    })
}

/// Tokens of an array of zeros, of the type [`array_type`].
pub(super) fn zeros(element: ElementType, shape: &[usize]) -> TokenStream {
    let zero = match element {
        ElementType::F32 => quote!(0.0),
        ElementType::Bool => quote!(false),
        _ => quote!(0),
    };
    shape.iter().rev().fold(zero, |inner, n| {
        let n = usize_literal(*n);
        quote!([#inner; #n])
    })
}

/// `place` as a slice, for a place of [`array_type`].
pub(super) fn flat(place: TokenStream, shape: &[usize], mutable: bool) -> TokenStream {
    if shape.is_empty() {
        return if mutable {
            quote!(::core::slice::from_mut(&mut #place))
        } else {
            quote!(::core::slice::from_ref(&#place))
        };
    }
    let method = if mutable {
        quote!(as_flattened_mut)
    } else {
        quote!(as_flattened)
    };
    let end = if mutable {
        quote!(as_mut_slice)
    } else {
        quote!(as_slice)
    };
    let calls = (1..shape.len()).map(|_| quote!(.#method()));
    if shape.len() == 1 {
        quote!(#place.#end())
    } else {
        quote!(#place #(#calls)*)
    }
}

/// One argument type per input.
pub(super) fn inputs(ports: &[RustPort], program: &QuantGraph) -> Vec<TokenStream> {
    ports
        .iter()
        .map(|port| input(port, program.input_params[port.index]))
        .collect()
}

fn input(port: &RustPort, params: Option<QuantParams>) -> TokenStream {
    let (ty, element) = (&port.type_name, ident(port.element.name()));
    let array = array_type(port.element, &port.shape);
    let zeros = zeros(port.element, &port.shape);
    let (name, shape) = (&port.name, usizes(&port.shape));
    let (rank, len) = (port.shape.len(), port.shape.iter().product::<usize>());
    let slice = flat(quote!(self.0), &port.shape, false);
    let slice_mut = flat(quote!(self.0), &port.shape, true);
    let docs = docs("input", port, params);
    let quantization = match (port.element, params) {
        (ElementType::I8 | ElementType::I16, Some(params)) => {
            let (scale, zero_point) = (float(params.scale), int(params.zero_point));
            let real = array_type(ElementType::F32, &port.shape);
            let real_zeros = super::interface::zeros(ElementType::F32, &port.shape);
            let from = flat(quote!(real), &port.shape, false);
            let to = flat(quote!(real), &port.shape, true);
            quote! {
                impl #ty {
                    /// Real value of one step: `real = SCALE * (q - ZERO_POINT)`.
                    pub const SCALE: f32 = #scale;
                    /// The quantized value of 0.0.
                    pub const ZERO_POINT: i32 = #zero_point;

                    /// Quantizes: `q = round(real / SCALE) + ZERO_POINT`, clamped to what the type holds.
                    pub fn quantize(real: &#real) -> Self {
                        let mut quantized = Self::default();
                        let params = rt::Quantization { scale: Self::SCALE, zero_point: Self::ZERO_POINT };
                        rt::quantize(&params, #from, quantized.as_mut_slice());
                        quantized
                    }

                    /// Dequantizes: `real = SCALE * (q - ZERO_POINT)`.
                    pub fn dequantize(&self) -> #real {
                        let mut real: #real = #real_zeros;
                        let params = rt::Quantization { scale: Self::SCALE, zero_point: Self::ZERO_POINT };
                        rt::dequantize(&params, self.as_slice(), #to);
                        real
                    }
                }
            }
        }
        (ElementType::U8, Some(params)) => {
            let (scale, zero_point) = (float(params.scale), int(zero_point(port.element, params)));
            quote! {
                impl #ty {
                    /// Real value of one step: `real = SCALE * (q - ZERO_POINT)`.
                    pub const SCALE: f32 = #scale;
                    /// The quantized value of 0.0.
                    pub const ZERO_POINT: i32 = #zero_point;
                }
            }
        }
        _ => quote!(),
    };
    let quantization = match port.bytes {
        None => quantization,
        Some(bytes) => {
            let (scale, offset) = (float(bytes.scale), float(bytes.offset));
            quote! {
                impl #ty {
                    /// `real = SCALE * byte + OFFSET`.
                    pub const SCALE: f32 = #scale;
                    /// What the byte 0 stands for.
                    pub const OFFSET: f32 = #offset;
                }
            }
        }
    };
    // The crate ndarray has fixed numbers of dimensions up to this one.
    let view = (rank <= 6).then(|| quote!(rt::view! { #ty: #element, #array }));
    quote! {
        #[doc = #docs]
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[repr(transparent)]
        pub struct #ty(pub #array);

        impl #ty {
            /// The model's name for it.
            pub const NAME: &'static str = #name;
            /// Sizes from the outermost dimension to the innermost.
            pub const SHAPE: [usize; #rank] = [#shape];
            /// Number of elements.
            pub const LEN: usize = #len;

            /// Borrows a slice of exactly [`Self::LEN`] elements.
            pub fn from_slice(slice: &[#element]) -> ::core::result::Result<&Self, rt::LengthError> {
                let array: &[#element; #len] = rt::exact(slice)?;
                // SAFETY: `Self` is `repr(transparent)` over nested arrays of just these elements.
                ::core::result::Result::Ok(unsafe { rt::cast_ref(array) })
            }

            /// All elements, the last dimension's side by side.
            pub fn as_slice(&self) -> &[#element] {
                #slice
            }

            /// An input of zeros, for example for a `static`.
            pub const ZERO: Self = Self(#zeros);

            /// All elements in row-major order, to be written.
            pub fn as_mut_slice(&mut self) -> &mut [#element] {
                #slice_mut
            }
        }

        impl ::core::default::Default for #ty {
            fn default() -> Self {
                Self::ZERO
            }
        }

        #quantization

        rt::log_value! { #ty }
        #view
    }
}

/// What editors show of an input or output: type, shape and what its numbers stand for.
fn docs(side: &str, port: &RustPort, params: Option<QuantParams>) -> String {
    let (element, shape) = (port.element.name(), shape_text(&port.shape));
    let quantized = port.element.is_real() && port.element != ElementType::F32;
    let real = match (port.bytes, params.filter(|_| quantized)) {
        (Some(bytes), _) => format!("; real = {:?} * byte + {:?}", bytes.scale, bytes.offset),
        (None, Some(params)) => {
            let zero_point = zero_point(port.element, params);
            let sign = if zero_point < 0 { '+' } else { '-' };
            let q = match zero_point.unsigned_abs() {
                0 => "q".to_owned(),
                zero_point => format!("(q {sign} {zero_point})"),
            };
            format!("; real = {:?} * {q}", params.scale)
        }
        (None, None) => String::new(),
    };
    format!("The {side} `{}`: {element} {shape}{real}.", port.name)
}

/// The zero point in the port's own type.
fn zero_point(element: ElementType, params: QuantParams) -> i32 {
    match element {
        ElementType::U8 => params.zero_point + 128,
        _ => params.zero_point,
    }
}

/// The struct of all outputs.
pub(super) fn output(ports: &[RustPort], program: &QuantGraph) -> TokenStream {
    let fields = ports.iter().map(|port| {
        let ident = &port.ident;
        let array = array_type(port.element, &port.shape);
        let docs = docs("output", port, program.output_params[port.index]);
        quote!(#[doc = #docs] pub #ident: #array,)
    });
    let idents = ports.iter().map(|port| &port.ident);
    let zeros: Vec<TokenStream> = ports
        .iter()
        .map(|port| {
            let (ident, zeros) = (&port.ident, zeros(port.element, &port.shape));
            quote!(#ident: #zeros,)
        })
        .collect();
    let quantization = ports.iter().filter_map(|port| {
        let quantized = port.element.is_real() && port.element != ElementType::F32;
        let params = program.output_params[port.index].filter(|_| quantized)?;
        let (scale, zero_point) = (float(params.scale), int(zero_point(port.element, params)));
        let upper = port.plain_name().to_uppercase();
        let scale_name = format_ident!("{upper}_SCALE");
        let zero_point_name = format_ident!("{upper}_ZERO_POINT");
        if port.element == ElementType::U8 {
            return Some(quote! {
                /// Real value of one step.
                pub const #scale_name: f32 = #scale;
                /// The quantized value of 0.0.
                pub const #zero_point_name: i32 = #zero_point;
            });
        }
        let dequantized = format_ident!("{}_dequantized", port.ident);
        let real = array_type(ElementType::F32, &port.shape);
        let real_zeros = super::interface::zeros(ElementType::F32, &port.shape);
        let ident = &port.ident;
        let from = flat(quote!(self.#ident), &port.shape, false);
        let to = flat(quote!(real), &port.shape, true);
        let docs = format!("Real value of one step of `{ident}`.");
        let zero_docs = format!("The quantized value of 0.0 in `{ident}`.");
        let real_docs = format!("The real values of `{ident}`.");
        Some(quote! {
            #[doc = #docs]
            pub const #scale_name: f32 = #scale;
            #[doc = #zero_docs]
            pub const #zero_point_name: i32 = #zero_point;
            #[doc = #real_docs]
            pub fn #dequantized(&self) -> #real {
                let mut real: #real = #real_zeros;
                let params = rt::Quantization { scale: Self::#scale_name, zero_point: Self::#zero_point_name };
                rt::dequantize(&params, #from, #to);
                real
            }
        })
    });
    quote! {
        /// All outputs of one run.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct Output {
            #(#fields)*
        }

        impl Output {
            /// An output of zeros, for example for a `static`.
            pub const ZERO: Self = Self { #(#zeros)* };
            #(#quantization)*
        }

        impl ::core::default::Default for Output {
            /// Makes an output of zeros.
            fn default() -> Self {
                Self::ZERO
            }
        }

        rt::log_fields! { Output { #(#idents),* } }
    }
}

/// The constants with names and shapes of inputs and outputs.
pub(super) fn metadata(inputs: &[RustPort], outputs: &[RustPort]) -> TokenStream {
    let names = |ports: &[RustPort]| {
        let names = ports.iter().map(|p| &p.name);
        quote!(&[#(#names),*])
    };
    let shapes = |ports: &[RustPort]| {
        let shapes = ports.iter().map(|p| {
            let shape = usizes(&p.shape);
            quote!(&[#shape])
        });
        quote!(&[#(#shapes),*])
    };
    let (input_names, output_names) = (names(inputs), names(outputs));
    let (input_shapes, output_shapes) = (shapes(inputs), shapes(outputs));
    quote! {
        /// The model's names of the inputs, in the function's order.
        pub const INPUT_NAMES: &[&str] = #input_names;
        /// Their shapes, without a batch dimension of 1.
        pub const INPUT_SHAPES: &[&[usize]] = #input_shapes;
        /// The model's names of the outputs, in the struct's order.
        pub const OUTPUT_NAMES: &[&str] = #output_names;
        /// Their shapes, without a batch dimension of 1.
        pub const OUTPUT_SHAPES: &[&[usize]] = #output_shapes;
    }
}
