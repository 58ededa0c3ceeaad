//! The program as Rust tokens: one function and one module of the same name.

pub(crate) mod batch;
pub(crate) mod identifiers;
pub(crate) mod interface;
pub(crate) mod memory;
pub(crate) mod names;
pub(crate) mod run;
pub(crate) mod selftest;
pub(crate) mod state;

use std::path::PathBuf;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

pub(crate) use crate::tokens::constants::Constants;
pub use names::PortChoice;
pub(crate) use names::Side;
pub(crate) use names::{RustPort, resolve};
pub(crate) use selftest::SelfTest;

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
pub(crate) struct Variant {
    whole: TokenStream,
    /// Types and signatures, without constants and code.
    outline: TokenStream,
    /// `None` for a program without steps that stands for one that is not known.
    cost: Option<Cost>,
}

impl Variant {
    /// This variant, without saying what a run costs.
    pub(crate) fn without_cost(self) -> Self {
        Self { cost: None, ..self }
    }
}

/// Memory and work of one run.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Cost {
    arena_bytes: usize,
    weight_bytes: usize,
    macs: u64,
}

/// How much of a program is emitted.
pub(crate) enum Detail<'a> {
    /// All of it; `files` are tracked for rebuilds.
    Whole { files: &'a [PathBuf] },
    /// Types and signatures, for editors.
    Outline,
}

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
    let cost = Cost {
        arena_bytes: plan.bytes,
        weight_bytes: constants.size(),
        macs: program.steps.iter().map(|s| s.kernel.macs()).sum(),
    };
    let Cost {
        weight_bytes, macs, ..
    } = cost;
    let part = |steps: &[run::Call], statics: Vec<TokenStream>| {
        let runs = memory.runs(steps);
        quote! {
            #arena
            #runs

            /// Bytes of all constants: weights, biases, multipliers and tables.
            pub const WEIGHT_BYTES: usize = #weight_bytes;
            /// Multiply-accumulates of one run, without those of channels that do nothing.
            pub const MACS: u64 = #macs;

            #(#statics)*
        }
    };
    let empty: Vec<run::Call> = steps.iter().map(run::Call::without_code).collect();
    Ok(Variant {
        outline: part(&empty, Vec::new()),
        whole: part(&steps, constants.into_items()),
        cost: Some(cost),
    })
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

impl Variants {
    /// What a run costs, for the function's documentation.
    fn docs(&self) -> String {
        let cost = |Cost {
                        arena_bytes,
                        weight_bytes,
                        macs,
                    }| {
            format!(
                "{arena_bytes} bytes of arena, {weight_bytes} bytes of constants, \
                 {macs} multiply-accumulates"
            )
        };
        let Some(scalar) = self.scalar.cost else {
            return String::new();
        };
        match self
            .vector
            .as_ref()
            .and_then(|v| v.cost)
            .filter(|v| *v != scalar)
        {
            None => format!("A run costs {}.", cost(scalar)),
            Some(vector) => format!(
                "A run costs {}; with SIMD registers of 128 bits or more {}.",
                cost(scalar),
                cost(vector)
            ),
        }
    }
}

/// Emits the function and its module.
pub(crate) fn emit(
    item: &Item,
    interface: &Interface<'_>,
    program: &QuantGraph,
    variants: &Variants,
    selftest: Option<&SelfTest>,
    detail: &Detail<'_>,
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
    let is_outline = matches!(detail, Detail::Outline);
    let is_stateful = !program.states.is_empty();
    let selftest = selftest.map(|t| selftest::selftest(interface, is_stateful, t, is_outline));
    let function = memory.function(name);
    let part = |variant: &Variant| match detail {
        Detail::Whole { .. } => variant.whole.clone(),
        Detail::Outline => variant.outline.clone(),
    };
    let scalar = part(&variants.scalar);
    let variant = match variants.vector.as_ref().map(part) {
        None => scalar,
        Some(vector) => {
            let check = layout::check();
            quote! {
                rt::by_target! { { #scalar } { #check #vector } }
            }
        }
    };
    let files = match detail {
        Detail::Whole { files } => *files,
        Detail::Outline => &[],
    };
    let tracked = files.iter().filter_map(|f| f.to_str()).map(|path| {
        quote!(
            const _: &[u8] = ::core::include_bytes!(#path);
        )
    });
    let costs = variants.docs();
    let docs = format!("Types, memory and constants of [`{name}`]({name}()).");
    quote! {
        #attributes
        #[doc = ""]
        #[doc = #costs]
        #visibility #function

        #[doc = #docs]
        #[allow(clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction, dead_code, unreachable_pub, unused_doc_comments, unused_imports, unused_variables, unused_mut)]
        #visibility mod #name {
            use #krate::__private as rt;

            #(#input_types)*
            #output_type
            #state_type
            #metadata
            #variant
            #batch
            #selftest
            #(#tracked)*
        }
    }
}
