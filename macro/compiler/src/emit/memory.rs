//! The arena and the functions that run a model in it: at once, or one operator
//! after the other.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Interface;
use super::run::Call;
use crate::ir::quant_graph::QuantGraph;
use crate::plan::diagram::picture;
use crate::plan::{ArenaPlan, Location};
use crate::tokens::literals::{ident, usize_literal};

/// All that the emitted functions of one kind of target are made from.
pub(super) struct Memory<'a> {
    pub interface: &'a Interface<'a>,
    pub is_stateful: bool,
    /// Some steps may not run, or run again.
    pub has_regions: bool,
}

/// A parameter of the emitted functions.
struct Parameter {
    ident: Ident,
    /// The type as code inside of the module writes it.
    ty: TokenStream,
    mutable: bool,
}

impl Memory<'_> {
    /// The parameters of functions beside the arena: the state and the inputs.
    fn parameters(&self, with_inputs: bool) -> Vec<Parameter> {
        let state = self.is_stateful.then(|| Parameter {
            ident: ident("state"),
            ty: quote!(State),
            mutable: true,
        });
        let inputs = self.interface.inputs.iter().filter(|_| with_inputs);
        let inputs = inputs.map(|p| {
            let ty = &p.type_name;
            Parameter {
                ident: p.ident.clone(),
                ty: quote!(#ty),
                mutable: false,
            }
        });
        state.into_iter().chain(inputs).collect()
    }

    /// The parameters that do not lie in the arena.
    fn outside(&self) -> Vec<Parameter> {
        self.parameters(!self.interface.inputs_in_arena)
    }

    /// The function of the model's name.
    pub(super) fn function(&self, name: &Ident) -> TokenStream {
        let parameters = self.parameters(true);
        let declared = parameters.iter().map(|p| {
            let (ident, ty) = (&p.ident, &p.ty);
            if p.mutable {
                quote!(#ident: &mut #name::#ty)
            } else {
                quote!(#ident: &#name::#ty)
            }
        });
        let outside = self.outside();
        let arguments = outside.iter().map(|p| &p.ident);
        let copied = self.interface.inputs.iter();
        let copied = copied.filter(|_| self.interface.inputs_in_arena).map(|p| {
            let ident = &p.ident;
            // No trait's method of this name comes first.
            quote!(*#name::Arena::#ident(&mut arena) = *#ident;)
        });
        quote! {
            fn #name(#(#declared),*) -> #name::Output {
                let mut arena = #name::Arena::new();
                #(#copied)*
                #name::run_in(&mut arena #(, #arguments)*)
            }
        }
    }

    /// Tokens of `ARENA_BYTES`, `ARENA_PICTURE` and `Arena`.
    pub(super) fn arena(&self, program: &QuantGraph, plan: &ArenaPlan) -> TokenStream {
        let bytes = usize_literal(plan.bytes);
        let picture = picture(program, plan);
        let docs = format!(
            "Which tensor lives where in the arena while each operator runs:\n```text\n{picture}```"
        );
        let arena = if self.interface.inputs_in_arena {
            self.arena_with_inputs(program, plan)
        } else {
            quote! {
                /// The working memory of one run; contents do not matter before or after.
                pub type Arena = rt::Arena<ARENA_BYTES>;
            }
        };
        quote! {
            /// Bytes of working memory that one run needs, beside its output.
            pub const ARENA_BYTES: usize = #bytes;

            #[doc = #docs]
            pub const ARENA_PICTURE: &str = #picture;

            #arena
        }
    }

    fn arena_with_inputs(&self, program: &QuantGraph, plan: &ArenaPlan) -> TokenStream {
        let fields = self.interface.inputs.iter().filter_map(|p| {
            let id = *program.inputs.get(p.index)?;
            let Location::Arena { offset } = plan.locations[id] else {
                return None;
            };
            let (ident, ty, offset) = (&p.ident, &p.type_name, usize_literal(offset));
            let docs = format!("The input `{}`, to be written before each run.", p.name);
            Some(quote! {
                #[doc = #docs]
                pub fn #ident(&mut self) -> &mut #ty {
                    // SAFETY: `repr(transparent)` over nested arrays of plain numbers.
                    unsafe { self.0.part_as::<#ty, #offset>() }
                }
            })
        });
        let fields: Vec<TokenStream> = fields.collect();
        quote! {
            /// The working memory of one run, which also holds the inputs: a run reads
            /// them and then uses their memory for something else.
            #[derive(Clone, Debug, Default)]
            #[repr(transparent)]
            pub struct Arena(rt::Arena<ARENA_BYTES>);

            rt::log_value! { Arena }

            // SAFETY: `repr(transparent)` over an arena.
            unsafe impl rt::Zeroable for Arena {}

            impl Arena {
                /// Makes an arena of zeros, also in a `static`.
                #[must_use]
                pub const fn new() -> Self {
                    Self(rt::Arena::new())
                }

                /// The first bytes of an arena that serves several models.
                pub fn within<const BYTES: usize>(arena: &mut rt::Arena<BYTES>) -> &mut Self {
                    // SAFETY: `repr(transparent)` over an arena of as many bytes.
                    unsafe { arena.part_as::<Self, 0>() }
                }

                #(#fields)*
            }
        }
    }

    /// `STEPS`, `run_in`, `run_into`, `begin` and `Run`.
    pub(super) fn runs(&self, steps: &[Call]) -> TokenStream {
        let count = usize_literal(steps.len());
        let names = steps.iter().map(|step| &step.name);
        let arms = steps.iter().enumerate().map(|(number, step)| {
            let (number, Call { docs, code, .. }) = (usize_literal(number), step);
            quote!(#[doc = #docs] #number => { #code })
        });
        let outside = self.outside();
        let declared: Vec<TokenStream> =
            outside.iter().map(|p| declaration(p, &quote!())).collect();
        let borrowed: Vec<TokenStream> = outside
            .iter()
            .map(|p| declaration(p, &quote!('a)))
            .collect();
        let arguments: Vec<&Ident> = outside.iter().map(|p| &p.ident).collect();
        let memory = if self.interface.inputs_in_arena {
            quote!(arena.0.as_mut_slice())
        } else {
            quote!(arena.as_mut_slice())
        };
        let Ways {
            result,
            next,
            loops,
            advance,
            docs,
        } = self.ways(&arguments);
        quote! {
            /// Operators of one run.
            pub const STEPS: usize = #count;

            /// Their names, in the order in which they run.
            pub const STEP_NAMES: [&str; STEPS] = [#(#names),*];

            /// Runs the operator with this number.
            fn step(number: usize, arena: &mut Arena, #(#declared,)* output: &mut Output) #result {
                let arena = #memory;
                match number {
                    #(#arms)*
                    _ => {}
                }
                #next
            }

            /// Runs the model in memory of your own, e.g. a `static`.
            pub fn run_in(arena: &mut Arena, #(#declared),*) -> Output {
                let mut output = Output::ZERO;
                run_into(arena, #(#arguments,)* &mut output);
                output
            }

            /// Runs the model in memory of your own and writes to an output of your own, so that nothing
            /// large is on the stack.
            pub fn run_into(arena: &mut Arena, #(#declared,)* output: &mut Output) {
                #loops
            }

            /// Begins a run of single operators: between calls of [`Run::step`] the program can feed a
            /// watchdog or do something more urgent.
            pub fn begin<'a>(arena: &'a mut Arena, #(#borrowed,)* output: &'a mut Output) -> Run<'a> {
                Run { arena, #(#arguments,)* output, next: 0 }
            }

            /// A run that has begun; the output is whole when it has ended.
            #[derive(Debug)]
            pub struct Run<'a> {
                arena: &'a mut Arena,
                #(#borrowed,)*
                output: &'a mut Output,
                next: usize,
            }

            impl Run<'_> {
                /// Runs the next operator; false if all have run.
                pub fn step(&mut self) -> bool {
                    let left = self.next < STEPS;
                    if left {
                        #advance
                    }
                    left
                }

                #[doc = #docs]
                pub fn position(&self) -> usize {
                    self.next
                }

                /// Runs all operators that have not run yet.
                pub fn finish(mut self) {
                    while self.step() {}
                }
            }
        }
    }

    /// Tokens that lead a run from one operator to the next.
    fn ways(&self, arguments: &[&Ident]) -> Ways {
        if self.has_regions {
            return Ways {
                result: quote!(-> usize),
                next: quote!(number + 1),
                loops: quote! {
                    let mut number = 0;
                    while number < STEPS {
                        number = step(number, arena, #(#arguments,)* output);
                    }
                },
                advance: quote! {
                    self.next = step(self.next, self.arena, #(self.#arguments,)* self.output);
                },
                docs: "The number of the operator that runs next, or [`STEPS`]. Operators of a \
                       branch that is not taken count as run; a loop goes back to its first one.",
            };
        }
        Ways {
            result: TokenStream::new(),
            next: TokenStream::new(),
            loops: quote! {
                for number in 0..STEPS {
                    step(number, arena, #(#arguments,)* output);
                }
            },
            advance: quote! {
                step(self.next, self.arena, #(self.#arguments,)* self.output);
                self.next += 1;
            },
            docs: "How many operators have run, of [`STEPS`].",
        }
    }
}

/// The tokens that [`Memory::ways`] makes.
struct Ways {
    /// The return type of the function that runs one operator: the number of the next operator.
    result: TokenStream,
    next: TokenStream,
    /// Tokens that run all operators.
    loops: TokenStream,
    advance: TokenStream,
    docs: &'static str,
}

fn declaration(parameter: &Parameter, lifetime: &TokenStream) -> TokenStream {
    let Parameter { ident, ty, mutable } = parameter;
    if *mutable {
        quote!(#ident: &#lifetime mut #ty)
    } else {
        quote!(#ident: &#lifetime #ty)
    }
}
