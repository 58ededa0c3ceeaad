//! Warnings of a macro on stable Rust: uses of deprecated constants, whose notes the compiler
//! shows at the span of the use.

use niello_build::arguments::Arguments;
use niello_compiler::{Blame, Warning};
use proc_macro2::{Ident, TokenStream};
use quote::quote_spanned;

/// Items that make rustc warn at the path of the dataset.
pub(crate) fn items(arguments: &Arguments, warnings: &[Warning]) -> TokenStream {
    let span = arguments.span(&Blame::Dataset);
    let item = |warning: &Warning| {
        let (name, text) = (Ident::new(warning.kind.name(), span), warning.text());
        quote_spanned! {span=>
            const _: () = {
                #[deprecated(note = #text)]
                #[allow(non_upper_case_globals)]
                const #name: () = ();
                #name
            };
        }
    };
    warnings.iter().map(item).collect()
}
