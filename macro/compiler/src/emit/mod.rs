//! The program as Rust tokens: one function and one module of the same name.

mod constants;
mod interface;
mod literals;
mod names;
mod run;
mod state;

use std::path::PathBuf;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

pub(crate) use constants::Constants;
pub(crate) use literals::{fields, float, int, multiplier, quant_params, usizes};
pub use names::PortChoice;
pub(crate) use names::Side;
pub(crate) use names::{Port, resolve};

use crate::plan::ArenaPlan;
use crate::quantize::QuantGraph;

/// What the function is called and where the runtime is.
#[derive(Clone, Debug)]
pub struct Item {
    /// Doc comments and other attributes of the function.
    pub attributes: TokenStream,
    /// `pub`, `pub(crate)` or nothing.
    pub visibility: TokenStream,
    /// The function's and the module's name.
    pub name: Ident,
    /// The path of the niello crate.
    pub krate: TokenStream,
}

/// Emits the function and its module; `files` are tracked for rebuilds.
pub(crate) fn emit(
    item: &Item,
    inputs: &[Port],
    outputs: &[Port],
    program: &QuantGraph,
    plan: &ArenaPlan,
    files: &[PathBuf],
) -> TokenStream {
    let Item {
        attributes,
        visibility,
        name,
        krate,
    } = item;
    let mut constants = Constants::default();
    let body = run::body(program, plan, inputs, outputs, &mut constants);
    let input_types = interface::inputs(inputs, program);
    let output_type = interface::output(outputs, program);
    let state_type = state::state(program);
    // Only models that have a state take one.
    let stateful = !program.states.is_empty();
    let outer_state = stateful.then(|| quote!(state: &mut #name::State,));
    let inner_state = stateful.then(|| quote!(state: &mut State,));
    let pass_state = stateful.then(|| quote!(state,));
    let metadata = interface::metadata(inputs, outputs, program, &constants);
    let statics = constants.into_items();
    let parameters: Vec<TokenStream> = inputs
        .iter()
        .map(|p| {
            let (ident, ty) = (&p.ident, &p.type_name);
            quote!(#ident: &#ty)
        })
        .collect();
    let outer: Vec<TokenStream> = inputs
        .iter()
        .map(|p| {
            let (ident, ty) = (&p.ident, &p.type_name);
            quote!(#ident: &#name::#ty)
        })
        .collect();
    let arguments: Vec<&Ident> = inputs.iter().map(|p| &p.ident).collect();
    let tracked = files.iter().filter_map(|f| f.to_str()).map(|path| {
        quote!(
            const _: &[u8] = ::core::include_bytes!(#path);
        )
    });
    let docs = format!("Types, memory and constants of [`{name}`]({name}()).");
    let bytes = literals::usize_literal(plan.bytes);
    quote! {
        #attributes
        #visibility fn #name(#outer_state #(#outer),*) -> #name::Output {
            #name::run_in(&mut #name::Arena::new(), #pass_state #(#arguments),*)
        }

        #[doc = #docs]
        #[allow(clippy::all, clippy::pedantic, dead_code, unreachable_pub, unused_imports, unused_variables, unused_mut)]
        #visibility mod #name {
            use #krate::__private as rt;

            #(#input_types)*
            #output_type
            #state_type
            #metadata

            /// Bytes of working memory that one run needs, beside its output.
            pub const ARENA_BYTES: usize = #bytes;

            /// The working memory of one run; contents do not matter before or after.
            pub type Arena = rt::Arena<ARENA_BYTES>;

            /// Runs the model in memory of your own, e.g. a `static`.
            pub fn run_in(arena: &mut Arena, #inner_state #(#parameters),*) -> Output {
                #body
            }

            #(#statics)*
            #(#tracked)*
        }
    }
}

/// An identifier of the user's hygiene.
pub(crate) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}
