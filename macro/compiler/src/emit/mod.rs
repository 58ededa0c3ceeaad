//! The program as Rust tokens: one function and one module of the same name.

pub(crate) mod batch;
pub(crate) mod identifiers;
pub(crate) mod interface;
pub(crate) mod memory;
pub(crate) mod names;
pub(crate) mod run;
pub(crate) mod state;

use std::path::PathBuf;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

pub(crate) use crate::tokens::constants::Constants;
pub use names::PortChoice;
pub(crate) use names::Side;
pub(crate) use names::{RustPort, resolve};

use crate::error::Result;
use crate::ir::quant_graph::QuantGraph;
use crate::ops::packing::layout;
use crate::plan::ArenaPlan;

/// The name and attributes of the emitted function, and the path of the runtime.
#[derive(Clone, Debug)]
pub struct Item {
    /// Doc comments and other attributes of the function.
    pub attributes: TokenStream,
    /// The visibility: `pub`, `pub(crate)` or nothing.
    pub visibility: TokenStream,
    /// The function's and the module's name.
    pub name: Ident,
    /// The path of the niello crate.
    pub krate: TokenStream,
}

/// The inputs and outputs of a model, as callers see them.
pub(crate) struct Interface<'a> {
    pub inputs: &'a [RustPort],
    pub outputs: &'a [RustPort],
    /// Inputs are fields of the arena, not arguments.
    pub inputs_in_arena: bool,
}

/// The part of the module that depends on the target: memory, code and constants.
#[derive(Default)]
pub(crate) struct Variant(TokenStream);

/// Emits a program for one kind of target.
pub(crate) fn variant(
    interface: &Interface<'_>,
    program: &QuantGraph,
    plan: &ArenaPlan,
) -> Result<Variant> {
    let mut constants = Constants::default();
    let Interface {
        inputs, outputs, ..
    } = interface;
    let steps = run::steps(program, plan, inputs, outputs, &mut constants)?;
    let memory = memory::Memory {
        interface,
        is_stateful: !program.states.is_empty(),
        has_regions: !program.regions.is_empty(),
    };
    let arena = memory.arena(program, plan);
    let runs = memory.runs(&steps);
    let bytes = constants.size();
    let macs: u64 = program.steps.iter().map(|s| s.kernel.macs()).sum();
    let statics = constants.into_items();
    Ok(Variant(quote! {
        #arena
        #runs

        /// Bytes of all constants: weights, biases, multipliers and tables.
        pub const WEIGHT_BYTES: usize = #bytes;
        /// Multiply-accumulates of one run, without those of channels that do nothing.
        pub const MACS: u64 = #macs;

        #(#statics)*
    }))
}

/// Bytes of all constants of a program, as [`variant`] emits them.
#[cfg(feature = "analysis")]
pub(crate) fn constant_bytes(
    interface: &Interface<'_>,
    program: &QuantGraph,
    plan: &ArenaPlan,
) -> Result<usize> {
    let mut constants = Constants::default();
    run::steps(
        program,
        plan,
        interface.inputs,
        interface.outputs,
        &mut constants,
    )?;
    Ok(constants.size())
}

/// The variants of a program.
pub(crate) struct Variants {
    /// The program for small cores.
    pub scalar: Variant,
    /// The program for wide SIMD registers, if it is another one.
    pub vector: Option<Variant>,
}

/// Emits the function and its module; `files` are tracked for rebuilds.
pub(crate) fn emit(
    item: &Item,
    interface: &Interface<'_>,
    program: &QuantGraph,
    variants: &Variants,
    files: &[PathBuf],
) -> TokenStream {
    let Item {
        attributes,
        visibility,
        name,
        krate,
    } = item;
    let Interface {
        inputs, outputs, ..
    } = interface;
    let input_types = interface::inputs(inputs, program);
    let output_type = interface::output(outputs, program);
    let state_type = state::state(program);
    let metadata = interface::metadata(inputs, outputs);
    let memory = memory::Memory {
        interface,
        is_stateful: !program.states.is_empty(),
        has_regions: !program.regions.is_empty(),
    };
    let batch = batch::batch(interface, !program.states.is_empty());
    let function = memory.function(name);
    let Variant(scalar) = &variants.scalar;
    let variant = match &variants.vector {
        None => quote!(#scalar),
        Some(Variant(vector)) => {
            let check = layout::check();
            quote! {
                rt::by_target! { { #scalar } { #check #vector } }
            }
        }
    };
    let tracked = files.iter().filter_map(|f| f.to_str()).map(|path| {
        quote!(
            const _: &[u8] = ::core::include_bytes!(#path);
        )
    });
    let docs = format!("Types, memory and constants of [`{name}`]({name}()).");
    quote! {
        #attributes
        #visibility #function

        #[doc = #docs]
        #[allow(clippy::all, clippy::pedantic, dead_code, unreachable_pub, unused_doc_comments, unused_imports, unused_variables, unused_mut)]
        #visibility mod #name {
            use #krate::__private as rt;

            #(#input_types)*
            #output_type
            #state_type
            #metadata
            #variant
            #batch
            #(#tracked)*
        }
    }
}
