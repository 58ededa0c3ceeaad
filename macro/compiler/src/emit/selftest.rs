//! The functions by which emitted code tests itself where it runs.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use serde::{Deserialize, Serialize};

use super::Interface;
use super::interface::flat;
use super::names::RustPort;
use crate::tokens::literals::{ident, usize_literal, usizes};

/// Samples, and what a model must compute of them, in the element types of callers and in little
/// endian.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SelfTest {
    /// The samples' numbers in the dataset.
    pub numbers: Vec<usize>,
    /// By input of the graph: the bytes of all samples.
    pub inputs: Vec<Vec<u8>>,
    /// By output of the graph: the bytes of all samples.
    pub outputs: Vec<Vec<u8>>,
}

/// `selftest` and `selftest_in`; for an outline without samples and code.
pub(super) fn selftest(
    interface: &Interface<'_>,
    is_stateful: bool,
    test: &SelfTest,
    outline: bool,
) -> TokenStream {
    let fresh = if is_stateful {
        " Each sample begins with a fresh state."
    } else {
        ""
    };
    let docs = format!(
        " Runs samples of the dataset that did not calibrate, where there are such, and compares all outputs with \
         those that the compiler has computed by the reference's plain loops: integers exactly, f32 to 1e-5 of the \
         output's largest absolute value.{fresh} Keeps its working memory on the stack."
    );
    let body = if outline {
        quote!(::core::result::Result::Ok(()))
    } else {
        body(interface, is_stateful, test)
    };
    quote! {
        #[doc = #docs]
        ///
        /// # Errors
        /// The first element of an output that is another one.
        pub fn selftest() -> ::core::result::Result<(), rt::SelfTestError> {
            let mut arena = Arena::new();
            let mut output = Output::ZERO;
            selftest_in(&mut arena, &mut output)
        }

        /// As [`selftest`], in memory of your own.
        ///
        /// # Errors
        /// The first element of an output that is another one.
        pub fn selftest_in(arena: &mut Arena, output: &mut Output) -> ::core::result::Result<(), rt::SelfTestError> {
            #body
        }
    }
}

fn body(interface: &Interface<'_>, is_stateful: bool, test: &SelfTest) -> TokenStream {
    let Interface {
        inputs,
        outputs,
        inputs_in_arena,
    } = interface;
    let n = usize_literal(test.numbers.len());
    let numbers = usizes(&test.numbers);
    let mut statics = quote!(static NUMBERS: [usize; #n] = [#numbers];);
    let mut rows = quote!(NUMBERS.iter());
    let mut names = quote!(number);
    let mut table = |port: &RustPort, what: &str, bytes: &[u8]| {
        let name = format_ident!("{what}_{}", port.index);
        let upper = format_ident!("{}_{}", what.to_uppercase(), port.index);
        let len = usize_literal(port.shape.iter().product());
        let (element, literal) = (port.element.name(), Literal::byte_string(bytes));
        let from_bytes = format_ident!("rows_of_{element}");
        let element = ident(element);
        statics.extend(quote!(static #upper: [[#element; #len]; #n] = rt::#from_bytes(#literal);));
        rows.extend(quote!(.zip(&#upper)));
        names = quote!((#names, #name));
        name
    };
    let mut arguments: Vec<TokenStream> = Vec::new();
    for port in *inputs {
        let name = table(port, "input", &test.inputs[port.index]);
        let (ty, len) = (&port.type_name, usize_literal(port.shape.iter().product()));
        arguments.push(quote! {
            // SAFETY: `repr(transparent)` over nested arrays of just these elements.
            unsafe { rt::cast_ref::<_, #ty, #len>(#name) }
        });
    }
    let mut comparisons: Vec<TokenStream> = Vec::new();
    for port in *outputs {
        let wanted = table(port, "output", &test.outputs[port.index]);
        let (ident, name) = (&port.ident, port.plain_name());
        let found = flat(quote!(output.#ident), &port.shape, false);
        comparisons.push(quote!(rt::compare_output(*number, #name, #found, #wanted)?;));
    }
    let state = is_stateful.then(|| quote!(&mut State::new(),));
    let run = if *inputs_in_arena {
        let idents = inputs.iter().map(|p| &p.ident);
        quote! {
            #(*Arena::#idents(arena) = *#arguments;)*
            run_into(arena, #state output);
        }
    } else {
        quote!(run_into(arena, #state #(#arguments,)* output);)
    };
    quote! {
        #statics
        for #names in #rows {
            #run
            #(#comparisons)*
        }
        ::core::result::Result::Ok(())
    }
}
