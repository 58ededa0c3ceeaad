//! Many samples on all cores.

use proc_macro2::TokenStream;
use quote::quote;

use super::Interface;

/// `Inputs` and `run_batch`, which exist with the runtime's feature `rayon`; a model
/// with state has neither: its samples are not independent.
pub(super) fn batch(interface: &Interface<'_>, is_stateful: bool) -> TokenStream {
    if is_stateful || interface.inputs.is_empty() {
        return TokenStream::new();
    }
    let fields = interface.inputs.iter().map(|p| {
        let (ident, ty) = (&p.ident, &p.type_name);
        let docs = format!("The input `{}`.", p.name);
        quote!(#[doc = #docs] pub #ident: &'a #ty,)
    });
    let idents: Vec<_> = interface.inputs.iter().map(|p| &p.ident).collect();
    let run = if interface.inputs_in_arena {
        quote! {
            #(*Arena::#idents(arena) = *inputs.#idents;)*
            run_into(arena, output);
        }
    } else {
        quote!(run_into(arena, #(inputs.#idents,)* output);)
    };
    quote! {
        rt::with_threads! {
            /// The inputs of one sample.
            #[derive(Clone, Copy, Debug)]
            pub struct Inputs<'a> {
                #(#fields)*
            }

            /// Runs the model on many samples, shared out over the machine's cores by
            /// rayon's threads; each has an arena on the heap. One sample stays on one
            /// thread, and its output is that of a single run.
            ///
            /// # Errors
            /// There must be as many outputs as inputs.
            pub fn run_batch(
                inputs: &[Inputs<'_>],
                outputs: &mut [Output],
            ) -> ::core::result::Result<(), rt::LengthError> {
                rt::run_batch(inputs, outputs, |arena: &mut Arena, inputs, output| { #run })
            }
        }
    }
}
